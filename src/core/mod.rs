//! What the app knows and decides, without a browser: time and randomness are arguments, and what is to be done comes back as effects.

pub mod app;
pub mod chat;
pub mod config;
pub mod fault;
mod foreign;
pub mod history;
mod random;
pub mod session;
pub mod sign;
pub mod sign_in;
pub mod words;
