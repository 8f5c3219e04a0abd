//! Every sentence that the running app says. What is said before it runs stands in index.html and boot.js; which step of a protocol went wrong, beside
//! the steps: that is for whoever mends it.

mod answers;
#[allow(missing_docs)] // Each says itself.
pub mod config;
mod faults;
mod forms;
#[allow(missing_docs)] // Each says itself.
pub mod gate;
pub mod history;
#[allow(missing_docs)] // Each says itself.
pub mod page;
#[allow(missing_docs)]
pub mod setup;

pub use answers::{READ_ON, STOPPED, WAITING, answering, complete, ending, facts, still_answering, unknown, use_case};
pub use faults::notice;
pub use forms::screen;

use faults::{capitalised, service};

/// Of a new password; the page says it too.
pub const BROKEN_RULE: &str = "This password does not follow every rule in the list below it.";
