//! The app's state and decisions, without a browser: time and randomness are arguments, and each step returns effects to carry out.

pub mod app;
pub mod chat;
pub mod config;
pub mod conversation;
pub mod env;
pub mod fault;
pub mod foreign;
pub mod history;
pub mod question;
pub mod random;
pub mod record;
pub mod session;
pub mod sign;
pub mod sign_in;
pub mod words;
