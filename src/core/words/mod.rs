//! Every sentence of the running app, made from the core's typed facts. The texts shown before it runs are in index.html and start.js; protocol errors
//! for developers are beside the protocols.

mod answers;
pub mod config;
mod faults;
mod forms;
pub mod history;
pub mod markdown;
#[allow(missing_docs)] // The texts explain themselves.
pub mod page;
mod qr;
#[allow(missing_docs)]
pub mod setup;
#[allow(missing_docs)] // The texts explain themselves.
pub mod sign_in;

pub use answers::{READ_ON, STOPPED, WAITING, answering, complete, ending, facts, still_answering, unknown, use_case};
pub use faults::notice;
pub use forms::screen;
pub use history::kept_notice;

use faults::{capitalised, refusal, service};

/// The error of a new password that breaks a rule; the page shows it too.
pub const BROKEN_RULE: &str = "This password does not follow every rule in the list below it.";
