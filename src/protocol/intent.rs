//! What the page asks of the worker, on a person's behalf.

use serde::{Deserialize, Serialize};

use super::{AnswerId, FormId, TurnId};
use signet_stream::stock::UseCase;

/// What a person wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Intent {
    /// The page has started. Strings beside it: the page's address without query and hash; the query with which a provider redirected back
    /// (RFC 6749 §4.1.2), possibly empty.
    Start {
        /// Half of the key that encrypts the session record. Without it no session survives a reload.
        tab: Option<TabHalf>,
    },
    /// Send a form. Strings beside it: the values of its fields, in order.
    Submit {
        /// Which form. Zero is the form of index.html before the worker numbered it; its fields are username and password.
        form: FormId,
    },
    /// Press a form's button other than the one that sends it. Strings beside it: the values of its fields, in order, with passwords and codes empty.
    Press {
        /// Which form.
        form: FormId,
        /// Index into [`Form::buttons`](super::Form::buttons).
        button: u8,
    },
    /// The answer to [`Errand::Passkey`](super::Errand::Passkey). String beside it, if done: the credential as JSON (`PublicKeyCredential.toJSON`).
    Passkey {
        /// The form that was shown.
        form: FormId,
        /// How it ended.
        outcome: PasskeyOutcome,
    },
    /// The back button shows the page again after the browser left it for a provider's page.
    ShownAgain,
    /// Sign out.
    SignOut,
    /// Ask a question in a new turn of the shown conversation.
    Ask {
        /// As typed.
        prompt: String,
        /// Chooses the model.
        use_case: UseCase,
    },
    /// Ask a turn's question again, for another answer beside the others.
    Again {
        /// Which turn.
        turn: TurnId,
        /// Chooses the model.
        use_case: UseCase,
    },
    /// Repeat the request for a turn's newest answer, which failed or was stopped. Its partial text stays until new text arrives.
    Retry {
        /// Which turn.
        turn: TurnId,
    },
    /// Change a turn's question. That turn and those after it stay in the history; the conversation continues in a copy of the turns before it.
    Edit {
        /// Which turn.
        turn: TurnId,
        /// As typed.
        prompt: String,
        /// Chooses the model.
        use_case: UseCase,
    },
    /// Stop the answer under way.
    Stop,
    /// Ask for the Markdown of an answer, which comes as an [`Errand::Copy`](super::Errand::Copy).
    Copy {
        /// Which turn.
        turn: TurnId,
        /// Which of its answers.
        answer: AnswerId,
    },
    /// Show a new conversation.
    New,
    /// Show a conversation of the history.
    Open {
        /// Its id.
        id: String,
    },
    /// Give a conversation a title.
    Rename {
        /// Its id.
        id: String,
        /// The new title.
        title: String,
    },
    /// Delete a conversation.
    Delete {
        /// Its id.
        id: String,
    },
    /// List the conversations that contain these words, or all if there are none.
    Search {
        /// As typed.
        query: String,
    },
    /// Set whether to keep the history after sign-out.
    Keep {
        /// Whether to keep it.
        keep: bool,
    },
    /// Export a conversation, or all, as a file.
    Export {
        /// Its id; `None` for all.
        id: Option<String>,
        /// Markdown, for reading; otherwise JSON, which can be imported.
        markdown: bool,
    },
    /// Import conversations. String beside it: the content of an exported JSON file.
    Import,
}

/// The outcome of asking the browser for a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasskeyOutcome {
    /// The person agreed.
    Done,
    /// The person declined, or has no passkey here. Browsers do not say which.
    Refused,
    /// This browser does not support passkeys.
    Unsupported,
}

/// 32 random bytes that live as long as the tab: its half of the session record's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TabHalf(pub [u8; 32]);

impl TabHalf {
    /// Reads 64 hexadecimal digits, as `public/start.js` writes them; `None` for anything else.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let mut half = [0; 32];
        if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, at) in half.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(half))
    }
}

impl std::fmt::Debug for TabHalf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TabHalf(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::TabHalf;

    #[test]
    fn a_tab_half_is_sixty_four_digits() {
        let half = TabHalf::from_hex(&"0aFf".repeat(16)).expect("64 digits");
        assert_eq!(half.0, [[0x0a, 0xff]; 16].concat()[..]);
        for wrong in ["", "0a", &"0a".repeat(33), &"0g".repeat(32), &"+1".repeat(32), &"é".repeat(32)] {
            assert_eq!(TabHalf::from_hex(wrong), None, "{wrong}");
        }
    }
}
