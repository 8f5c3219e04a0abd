//! What the worker says to the conversation's part of the page.

use super::Text;
use signet_markdown::Step;
use signet_stream::stock::UseCase;

/// What the conversation shows from now on. Each is one thing that changes alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum DeskView {
    /// Who is signed in; nobody: then the conversation is out of sight, and what was being typed is kept.
    Person(Option<Person>),
    /// Somebody else is signed in, or nobody wants to be any more: nothing of what was shown stays.
    Forget {
        /// Whether also what is being typed goes.
        draft: bool,
    },
    /// A conversation takes the place of the one that is shown. Its turns follow, as if they came now.
    Conversation {
        /// Its id; empty for a new one in which nothing was asked yet.
        id: String,
        /// Its title, possibly empty.
        title: String,
        /// How many turns it has already, all of their answers ended. What the same message says of a later turn happens now.
        turns: u32,
    },
    /// The conversation that is shown has this id and this title from now on: it was new, or was renamed.
    Title {
        /// Its id.
        id: String,
        /// Its title.
        title: String,
    },
    /// Something of one turn.
    Turn {
        /// Which.
        id: TurnId,
        /// What is new of it.
        update: TurnUpdate,
    },
    /// The conversations that are kept in this browser.
    History(HistoryView),
    /// A sentence to be shown in place, until another one or an empty one.
    Remark(Text),
    /// For a screen reader, politely: where an answer stands. Never its words.
    Status(Text),
    /// For a screen reader, politely: a whole answer as plain text, a paragraph a line.
    Spoken(String),
    /// A text for the clipboard: what [`super::Intent::Copy`] asked for.
    Copy(String),
    /// A file to be saved.
    File {
        /// Its name.
        name: String,
        /// Its media type.
        media_type: Text,
        /// What is in it.
        text: String,
    },
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Person {
    /// How the user pool calls them.
    pub username: String,
    /// The name of the role that their group gives them, where the ID token names one.
    pub role: Option<String>,
    /// The label of the button that ends the session: `Sign out`, or for a guest `Sign in`.
    pub sign_out: Text,
}

/// The conversations that are kept, newest first, or what a search found of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct HistoryView {
    /// Them.
    pub entries: Vec<Entry>,
    /// What was searched for; empty if these are all.
    pub query: String,
    /// Whether they stay when the person signs out.
    pub keep: bool,
    /// What there is to say of the store, such as that the browser refuses it; possibly empty.
    pub notice: Text,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Entry {
    /// Its id, which is good for an address: letters, digits, `-` and `_`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The day on which something was last asked in it, as the reader's language writes it.
    pub date: String,
}

/// A turn's number within its conversation, counted from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct TurnId(pub u32);

/// An answer's number within its turn, counted from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct AnswerId(pub u32);

/// What is new of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum TurnUpdate {
    /// It is there: this was asked.
    Asked {
        /// As typed.
        prompt: String,
    },
    /// Something of one of its answers. A turn has one, and one more each time it is asked again.
    Answer {
        /// Which.
        id: AnswerId,
        /// What is new of it.
        update: AnswerUpdate,
    },
}

/// What is new of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum AnswerUpdate {
    /// It was asked for, for the first time or again; nothing has come yet, and what was shown of it goes.
    Begun {
        /// What the model is chosen by.
        use_case: UseCase,
        /// How many earlier turns went along.
        context: u32,
    },
    /// Which model answers.
    Model(String),
    /// How the document grows.
    Steps(Vec<Step>),
    /// Text to add at the end of what the model says of its reasoning.
    Reasoning(String),
    /// Nothing more will come. In a conversation that is opened again the text comes after it.
    Ended {
        /// How it ended.
        end: End,
        /// What there is to say of an end that was not good.
        notice: Option<Notice>,
        /// What is known of it: times, tokens, cost, a sentence or a few words each.
        facts: Vec<String>,
        /// Seconds until it makes sense to ask again, counted down; zero if there is nothing to wait for.
        wait: u32,
    },
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum End {
    /// With its end marker.
    Done,
    /// The person stopped it.
    Stopped,
    /// The connection ended without the end marker.
    CutOff,
    /// It failed, before or after text came.
    Failed,
}

/// What a person reads of a failure: what happened and what to do next; and the request id for whoever looks into it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Notice {
    /// One or two words.
    pub title: String,
    /// The sentences.
    pub text: String,
    /// AWS's id of the request, if one is known.
    pub request_id: Option<String>,
}
