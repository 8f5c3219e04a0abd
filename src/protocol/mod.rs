//! The messages between page and worker: an [`Intent`] goes from the page to the worker, [`View`]s from the worker to the page.
//!
//! On the wire they are postcard (<https://postcard.jamesmunns.com/wire-format>). Page and worker come from one build, so the format has no version.
//!
//! What a person types into a form travels beside its intent as JavaScript strings, so that no password or code is in the page's Wasm
//! memory. No secret type can be serialised, so none can be part of a view.

mod form;
mod intent;
mod turn;

#[cfg(test)]
mod tests;

pub use form::{Button, Check, Field, FieldKind, Form, FormError, FormId, Rule};
pub use intent::{Intent, PasskeyOutcome, TabHalf};
pub use turn::{AnswerId, AnswerUpdate, End, Notice, TurnId, TurnUpdate};

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use signet_cognito::{IdToken, Keys, Secret, hosted_ui::OauthTokens};

/// A text for the screen, usually one of the constants in `core::words`.
pub type Text = Cow<'static, str>;

/// One change of what the page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum View {
    /// The configuration cannot be used. No other view follows.
    Misconfigured {
        /// What is wrong, with the field's name and what was expected.
        problem: String,
    },
    /// Who is signed in.
    Session(SessionView),
    /// Something to do instead of something to show.
    Errand(Errand),
    /// Clear the whole conversation and history: the person signed out, or somebody else signed in.
    Forget {
        /// Whether the draft of the next question is cleared too.
        draft: bool,
    },
    /// Show another conversation. Its turns follow, as if they were new.
    Conversation {
        /// Its id; empty for a new conversation without a question.
        id: String,
        /// Its title, possibly empty.
        title: String,
        /// How many of the turns that follow are old, with all their answers ended. Updates of later turns in the same message are new.
        turns: u32,
    },
    /// The shown conversation has got its id and title, or a new title.
    Title {
        /// Its id.
        id: String,
        /// Its title.
        title: String,
    },
    /// A change of one turn.
    Turn {
        /// Which.
        id: TurnId,
        /// The change.
        update: TurnUpdate,
    },
    /// The conversations that are stored in this browser.
    History(HistoryView),
    /// A sentence shown beside the conversation until the next one; an empty one clears it.
    Remark(Text),
    /// For a screen reader, announced politely: the state of an answer, never its words.
    Status(Text),
    /// For a screen reader, announced politely: a whole answer as plain text, one paragraph per line.
    Spoken(String),
}

/// What only a page can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Errand {
    /// Leave the page for this address.
    Leave {
        /// Absolute, `https` (or this machine).
        url: String,
    },
    /// Ask the browser for a passkey, for the form that is shown.
    Passkey {
        /// Which form.
        form: FormId,
        /// `CREDENTIAL_REQUEST_OPTIONS`: the JSON that `PublicKeyCredential.parseRequestOptionsFromJSON` takes.
        options: String,
        /// Whether only the username's autofill offers it.
        autofill: bool,
    },
    /// The text that [`Intent::Copy`] asked for.
    Copy(String),
    /// A file to save.
    File {
        /// Its name.
        name: String,
        /// Its media type.
        media_type: Text,
        /// Its content.
        text: String,
    },
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionView {
    /// Nobody: show this form. The conversation is hidden, and its draft is kept.
    Asked(Form),
    /// The request from a sent form is under way.
    Busy {
        /// Such as `Signing in…`.
        text: Text,
    },
    /// Somebody: show the conversation.
    SignedIn(Person),
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The username in the user pool.
    pub username: String,
    /// The name of the IAM role of the person's group, if the ID token names one.
    pub role: Option<String>,
    /// The label of the button that ends the session: `Sign out`, or `Sign in` for a guest.
    pub sign_out: Text,
}

/// The stored conversations, or a search's matches, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HistoryView {
    /// The conversations.
    pub entries: Vec<Entry>,
    /// The words searched for; empty if these are all.
    pub query: String,
    /// Whether the history stays when the person signs out.
    pub keep: bool,
    /// A sentence about the store, for example if the browser refuses it; possibly empty.
    pub notice: Text,
}

/// A conversation in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id, which can be part of an address: letters, digits, `-` and `_`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The day of its latest question, formatted in the reader's language.
    pub date: String,
}

// No view and no intent can carry one of these, in any build.
static_assertions::assert_not_impl_any!(Secret: Serialize, DeserializeOwned);
static_assertions::assert_not_impl_any!(Keys: Serialize, DeserializeOwned);
static_assertions::assert_not_impl_any!(IdToken: Serialize, DeserializeOwned);
static_assertions::assert_not_impl_any!(OauthTokens: Serialize, DeserializeOwned);

/// Why a message cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// postcard refuses it. A received message then comes from another build.
    #[error("not a message of this build: {0}")]
    Postcard(#[from] postcard::Error),
    /// Bytes follow the message.
    #[error("{0} bytes after the message")]
    TooLong(usize),
}

/// A message's bytes: one [`Intent`], or a list of [`View`]s.
pub fn encode<T: Serialize + ?Sized>(message: &T) -> Result<Vec<u8>, ProtocolError> {
    Ok(postcard::to_allocvec(message)?)
}

/// The message that [`encode`] wrote.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ProtocolError> {
    let (message, rest) = postcard::take_from_bytes(bytes)?;
    if rest.is_empty() { Ok(message) } else { Err(ProtocolError::TooLong(rest.len())) }
}
