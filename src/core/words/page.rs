//! The labels and sentences of the conversation's page. The sentences that the worker makes are in the files beside this one.

pub const TITLE: &str = "Signet";
/// In the browser's tab, after a conversation's title or the title of a sign-in step.
pub const IN_TITLE: &str = " · Signet";
pub const CONVERSATION: &str = "Conversation";
pub const ROLE: &str = "The role that your group gives you";

pub const EMPTY: &str = "What would you like to know?";
pub const EMPTY_HINT: &str = "Your use case picks the model, and each answer says which one it was.";

pub const PROMPT: &str = "Prompt";
pub const PLACEHOLDER: &str = "Ask anything";
pub const USE_CASE: &str = "Use case";
pub const SEND: &str = "Send";
pub const STOP: &str = "Stop";
pub const LATEST: &str = "Jump to latest";

pub const ASKED: &str = "You asked";
pub const ANSWER: &str = "The answer";
/// `Answer 1 of 2`
pub const ANSWER_NUMBER: &str = "Answer ";
pub const OF: &str = " of ";
pub const QUESTION: &str = "Question";
pub const EDIT: &str = "Edit";
pub const EDITED: &str = "New wording of the question";
pub const CANCEL: &str = "Cancel";
pub const SAVE: &str = "Save";
pub const COPY: &str = "Copy";
pub const COPIED: &str = "Copied";
pub const NOT_COPIED: &str = "Not copied";
pub const COPY_QUESTION: &str = "Copy question";
pub const COPY_ANSWER: &str = "Copy answer";
pub const COPY_CODE: &str = "Copy code";
pub const AGAIN: &str = "Again";
pub const AGAIN_AS: &str = "Ask again with use case";
pub const PREVIOUS: &str = "Previous answer";
pub const NEXT: &str = "Next answer";
pub const COMPARE: &str = "Compare";
pub const REASONING: &str = "Reasoning";
pub const WAITING: &str = "waiting for the first word…";
pub const ANSWERING: &str = "answering…";
pub const RETRY: &str = "Retry";
/// `Retry in 8 s`
pub const RETRY_IN: &str = "Retry in ";
pub const SECONDS: &str = " s";
pub const REQUEST: &str = "Request ";
/// `with 2 earlier turns`
pub const WITH: &str = "with ";
pub const EARLIER_TURN: &str = " earlier turn";
pub const EARLIER_TURNS: &str = " earlier turns";

pub const CODE: &str = "Code";
pub const TABLE: &str = "Table";
pub const IMAGE: &str = "Image: ";
pub const DONE: &str = "Done: ";
pub const NOT_DONE: &str = "Not done: ";

pub const HISTORY: &str = "History";
pub const NEW: &str = "New conversation";
pub const SEARCH: &str = "Search";
pub const CLOSE: &str = "Close";
pub const NONE_KEPT: &str = "Your conversations are kept here.";
pub const NONE_FOUND: &str = "No matches";
pub const MORE: &str = "More";
pub const MORE_ENTRIES: &str = "Show more";
/// `More for Why is the sky blue?`
pub const FOR: &str = " for ";
pub const RENAME: &str = "Rename";
pub const NEW_TITLE: &str = "New title";
pub const DELETE: &str = "Delete";
pub const DELETE_ASK: &str = "Delete for good?";
pub const SAVE_MARKDOWN: &str = "Save as Markdown";
pub const SAVE_JSON: &str = "Save as JSON";
pub const SAVE_ALL: &str = "Save all as JSON";
pub const IMPORT: &str = "Import…";
pub const KEEP: &str = "Keep conversations on this device when I sign out";
pub const UNTITLED: &str = "Untitled";

pub const KEYS: &str = "Keyboard and reading";
/// The label of the button that opens it.
pub const HELP: &str = "Help";
pub const START_IN_VIEW: &str = "Keep the start of an answer in view";
pub const START_IN_VIEW_HINT: &str =
    "Your question goes to the top, and the page does not move while the answer arrives.";
/// What each key does. Keys that type something go by their character, so that they are the same on every keyboard.
pub const SHORTCUTS: [(&str, &str); 6] = [
    ("Enter", "Send the prompt"),
    ("Shift+Enter", "Start a new line"),
    ("Esc", "Stop the answer, or close what is open"),
    ("Ctrl+;", "Start a new conversation"),
    ("Ctrl+:", "Copy the last code block"),
    ("Ctrl+/", "Show this help"),
];
