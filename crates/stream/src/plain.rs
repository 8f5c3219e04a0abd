//! Plain text.

use crate::answer::Answer;
use crate::event::Event;

/// Passes text on as it arrives.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    /// The first bytes of a character whose last bytes have not arrived.
    held: Vec<u8>,
}

impl Plain {
    /// Takes the next bytes. What is not UTF-8 becomes U+FFFD.
    pub fn push(&mut self, bytes: &[u8], answer: &mut Answer) {
        self.held.extend_from_slice(bytes);
        let (mut text, mut read) = (String::new(), 0);
        for chunk in self.held.utf8_chunks() {
            text.push_str(chunk.valid());
            read += chunk.valid().len() + chunk.invalid().len();
            if read == self.held.len() && std::str::from_utf8(chunk.invalid()).is_err_and(|e| e.error_len().is_none()) {
                read -= chunk.invalid().len();
            } else if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.held.drain(..read);
        if !text.is_empty() {
            answer.emit(Event::Text(text));
        }
    }

    /// Whether the last character is complete.
    pub fn is_complete(&self) -> bool {
        self.held.is_empty()
    }
}
