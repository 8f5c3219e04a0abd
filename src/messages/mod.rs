//! Every sentence that the running app says. What index.html says before the app runs stands there.

mod answers;
mod faults;
mod forms;
pub mod history;
#[allow(missing_docs)] // Each says itself.
pub mod page;

pub use answers::{READ_ON, STOPPED, WAITING, answering, complete, ending, facts, still_answering, unknown, use_case};
pub use faults::notice;
pub use forms::{person, screen};

use faults::{capitalised, service};

/// Of a new password; the page says it too.
pub const BROKEN_RULE: &str = "This password does not follow every rule in the list below it.";
