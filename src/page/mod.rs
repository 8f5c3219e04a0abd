//! What only a page can do: the link to the worker, and the tab's own storage.

mod keep;
mod link;

pub use keep::{note_signed_in, tab_half, take_prompt};
pub use link::{abort_passkey, leave, listen, passkey, send, send_form, send_passkey, start, tick};
