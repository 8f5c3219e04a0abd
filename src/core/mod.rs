//! What the app knows and decides, without a browser: time and randomness are arguments, and what is to be done comes back as effects.

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
