//! Signet as a person meets it: the app as built for release, in a real browser, against the local AWS; what that cannot do, against a scripted
//! Cognito.
//!
//! Run with `cargo test --workspace --test suite -- --test-threads=1`: the tests share one local AWS, and some make it fail.

// What fails here is a test that fails, with its line. JSON made for one call is given away.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod accounts;
mod answers;
mod choices;
mod configs;
mod conversation;
mod conversation_screens;
mod custom;
mod devices;
mod drafts;
mod failures;
mod flow;
mod history;
mod hosted_ui;
mod hostile;
mod identity;
mod keyboard;
mod markdown;
mod passkeys;
mod reading;
mod refusals;
mod screens;
mod scripted;
mod second_factors;
mod secrets;
mod sign_in;
mod start;
