//! Text that must stay hidden: passwords, tokens, keys.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret text. Its memory is overwritten when it is dropped, `Debug` shows none of it, and it cannot be serialised, so it cannot get into a message or a
/// log.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes ownership of the text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Takes ownership of UTF-8 bytes. Bytes that are not UTF-8 yield an empty secret.
    pub fn from_utf8(bytes: Vec<u8>) -> Self {
        Self(String::from_utf8(bytes).unwrap_or_default())
    }

    /// The text itself. Whoever calls this is responsible for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
