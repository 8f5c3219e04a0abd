//! Text that must not be seen: passwords, tokens, keys.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret. Its memory is overwritten when it is dropped, `Debug` shows nothing of it, and it cannot be serialised, so that it fits neither
/// into a message to the page nor into a log.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Takes over bytes that are UTF-8; nothing of what is not.
    pub fn from_utf8(bytes: Vec<u8>) -> Self {
        Self(String::from_utf8(bytes).unwrap_or_default())
    }

    /// The text itself. Who calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
