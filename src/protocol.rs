//! What the halves say to each other: an [`Intent`] goes from the page to the worker, a [`View`] from the worker to the page's first screen, a
//! [`DeskView`] to its conversation, which is a Wasm of its own. Both halves come from one build, so the format of the bytes needs no version.
//!
//! What a person typed travels beside its intent as strings of the browser's, so that no password and no code lies in the page's Wasm memory. No
//! secret type can be serialised, so none can be part of a view.

mod desk;
mod read;
mod write;

pub use desk::{AnswerId, AnswerUpdate, DeskView, End, Entry, HistoryView, Notice, Person, TurnId, TurnUpdate};
pub use read::{desk_views, intent, views};
pub use write::{write_desk_views, write_intent, write_views};

use std::borrow::Cow;

use signet_stream::stock::UseCase;

/// The worker's messages are pairs: for which part of the page, and its views as bytes. This one is for the first screen.
pub const GATE: u8 = 0;
/// This one is for the conversation.
pub const DESK: u8 = 1;

/// What a person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Intent {
    /// The page is here. Beside this: the page's address without query and hash, and the query that a provider's page came back with, or
    /// nothing (RFC 6749 §4.1.2). `tab` is the tab's half of what the session record is encrypted with; without it nothing is kept over a reload.
    Start {
        /// As long as the tab lives.
        tab: Option<TabHalf>,
    },
    /// A form is sent. Beside this, for each of its fields in order: what was filled in. The form of index.html may be sent before the worker has
    /// said a number; its number is then zero, and its fields are username and password.
    Submit {
        /// Which form.
        form: FormId,
    },
    /// A button of a form other than the one that sends it. Beside this, for each of its fields in order: what was filled in, but empty for
    /// passwords and codes.
    Press {
        /// Which form.
        form: FormId,
        /// Which of [`Form::buttons`], from zero.
        button: u8,
    },
    /// How a [`View::Passkey`] ended. Beside this, if it is done: the credential, in the JSON of `PublicKeyCredential.toJSON`.
    Passkey {
        /// The form that was shown.
        form: FormId,
        /// How.
        outcome: PasskeyOutcome,
    },
    /// The page was left for a provider's, and is shown again by the back button.
    ShownAgain,
    /// Forget everything.
    SignOut,
    /// Ask for an answer, in a new turn of the conversation that is shown.
    Ask {
        /// As typed.
        prompt: String,
        /// What the model is chosen by.
        use_case: UseCase,
    },
    /// Ask a turn again, for one more answer beside those that it has.
    Again {
        /// Which.
        turn: TurnId,
        /// What the model is chosen by this time.
        use_case: UseCase,
    },
    /// Ask again what failed or was stopped, as it was asked. Text that came of it stays.
    Retry {
        /// Whose newest answer.
        turn: TurnId,
    },
    /// Ask a turn's prompt in other words. It and the turns after it stay in the history; the conversation goes on in a copy of what was before.
    Edit {
        /// Which.
        turn: TurnId,
        /// As typed now.
        prompt: String,
        /// What the model is chosen by.
        use_case: UseCase,
    },
    /// Stop the answer that is under way.
    Stop,
    /// Put a text on the clipboard by way of [`DeskView::Copy`]: an answer as it came, in Markdown.
    Copy {
        /// Whose.
        turn: TurnId,
        /// Which of its answers.
        answer: AnswerId,
    },
    /// Show a new conversation.
    New,
    /// Show a conversation of the history.
    Open {
        /// Which.
        id: String,
    },
    /// Call a conversation something else.
    Rename {
        /// Which.
        id: String,
        /// Its new title.
        title: String,
    },
    /// Delete a conversation.
    Delete {
        /// Which.
        id: String,
    },
    /// Show what of the history has these words in it; all of it for none.
    Search {
        /// As typed.
        query: String,
    },
    /// Whether the history stays when the person signs out.
    Keep {
        /// Whether.
        keep: bool,
    },
    /// Make a file of a conversation, or of all.
    Export {
        /// Which; all for none.
        id: Option<String>,
        /// As Markdown, which is for reading; otherwise as JSON, which can be imported.
        markdown: bool,
    },
    /// Take conversations in. Beside this: the text of a file that [`Intent::Export`] made.
    Import,
}

/// What the worker says: mostly sentences that it only refers to.
pub type Text = Cow<'static, str>;

/// A form's number. A reply to another form than the one that is shown is late and dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct FormId(pub u32);

/// How asking the browser for a passkey ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum PasskeyOutcome {
    /// The person agreed.
    Done,
    /// The person did not, or no passkey of theirs is here; the browser does not tell which.
    Refused,
    /// This browser has no passkeys.
    Unsupported,
}

/// What a person who is not signed in is asked. A view with the number of the form that is shown changes only its error and its buttons, so
/// that what was typed stays.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Form {
    /// To be sent back with what was filled in.
    pub id: FormId,
    /// Whether this is the form of index.html.
    pub is_sign_in: bool,
    /// The heading.
    pub title: Text,
    /// Below the heading; a line is a paragraph.
    pub text: Text,
    /// In order. The form of index.html shows those of its own that are named here: `username`, `password`.
    pub fields: Vec<Field>,
    /// The label of the button that sends the form; empty if there is nothing to send.
    pub submit: Text,
    /// The other buttons.
    pub buttons: Vec<Button>,
    /// What was wrong with what was sent last.
    pub error: Option<FormError>,
}

/// A sentence about a form.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct FormError {
    /// What happened and what to do next.
    pub text: String,
    /// Which field it is about, from zero, if it is about one.
    pub field: Option<u8>,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Field {
    /// `name` and `id` of the element.
    pub name: Text,
    /// What it asks for.
    pub label: Text,
    /// What helps to fill it in, possibly empty.
    pub hint: Text,
    /// `autocomplete` (HTML Standard, "Autofill"), possibly empty.
    pub autocomplete: Text,
    /// What stands there to begin with; never a password or a code of the person's.
    pub value: String,
    /// What kind of field it is.
    pub kind: FieldKind,
}

/// What a field takes or shows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum FieldKind {
    /// Text, with the `type` and `inputmode` of the element: `text`, `email`, `tel`, `url`, `date`.
    Text(Text),
    /// A password that exists. It can be shown, and is cleared as it is sent; so are the next two.
    Password,
    /// A password to be set, and what it must be, as a list that is ticked off while the person types.
    NewPassword(Vec<Rule>),
    /// A one-time code: digits, in one field that takes a paste.
    Code,
    /// Text that is not changed here, such as the username; password managers read it.
    Fixed,
    /// One of several, each a value and a label; the first is chosen to begin with.
    Choice(Vec<(Text, Text)>),
    /// A text to be copied by hand or by button, and a QR code of what an authenticator app scans: the side of its square in modules, and the
    /// `d` of an SVG path.
    Copy {
        /// Modules a side, with the quiet zone.
        side: u32,
        /// The dark modules.
        path: String,
    },
}

/// What a new password must be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Rule {
    /// Such as `at least 12 characters`.
    pub label: Text,
    /// How it is checked.
    pub check: Check,
}

/// Checks of a password, made in the browser's own string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Check {
    /// At least so many characters.
    Length(u32),
    /// A lower-case letter of the Latin alphabet.
    Lowercase,
    /// An upper-case one.
    Uppercase,
    /// A digit, 0 to 9.
    Number,
    /// One of the symbols that Cognito counts, or a space that is not at an end.
    Symbol,
}

impl Check {
    /// Whether a password passes, which has `length` UTF-16 units, of which `unit` gives each: it is never here as a whole.
    /// <https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html>
    pub fn is_met(self, length: u32, unit: impl Fn(u32) -> u32) -> bool {
        // The second half of a pair is no character of its own (RFC 2781 §2.1).
        let starts = |at: &u32| !(0xdc00..0xe000).contains(&unit(*at));
        let (low, high) = match self {
            Self::Length(least) => return (0..length).filter(starts).count() >= least as usize,
            Self::Lowercase => ('a', 'z'),
            Self::Uppercase => ('A', 'Z'),
            Self::Number => ('0', '9'),
            Self::Symbol => {
                // Cognito's list is all of ASCII's punctuation.
                return (0..length).any(|at| match u8::try_from(unit(at)) {
                    Ok(b' ') => at > 0 && at + 1 < length,
                    Ok(byte) => byte.is_ascii_punctuation(),
                    Err(_) => false,
                });
            }
        };
        (0..length).any(|at| (low as u32..=high as u32).contains(&unit(at)))
    }
}

/// A button beside the one that sends the form.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Button {
    /// What it says.
    pub label: Text,
    /// Whether it leads to a provider's page: these stand together, with an icon if there is one.
    pub is_provider: bool,
    /// A file of this origin, possibly empty.
    pub icon: String,
    /// Seconds until it can be pressed, counted down in the label.
    pub wait: u32,
}

/// 32 random bytes: the tab's half of the key of the session record.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct TabHalf(pub [u8; 32]);

impl std::fmt::Debug for TabHalf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TabHalf(…)")
    }
}

/// What the page's first screen shows from now on. Each is one thing that changes alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum View {
    /// The configuration cannot be used. Nothing else will come.
    Misconfigured {
        /// What is wrong, with the field's name and what was expected.
        problem: String,
    },
    /// Who is signed in.
    Session(SessionView),
    /// Leave for this address.
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
        /// Whether only by the username's autofill.
        autofill: bool,
    },
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum SessionView {
    /// Nobody; this is asked.
    Asked(Form),
    /// What was sent is under way.
    Busy {
        /// Such as `Signing in…`.
        text: Text,
    },
    /// Somebody: the conversation takes the page.
    SignedIn,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(check: Check, password: &str) -> bool {
        let units: Vec<u16> = password.encode_utf16().collect();
        check.is_met(u32::try_from(units.len()).unwrap(), |at| units[at as usize].into())
    }

    #[test]
    fn passwords_are_checked_as_cognito_does() {
        for (check, good, bad) in [
            (Check::Length(3), &["abc", "äöü", "a b"][..], &["", "ab", "a\u{1f511}"][..]),
            (Check::Lowercase, &["Aa", "z"], &["", "AZ", "ä", "1"]),
            (Check::Uppercase, &["aA", "Z"], &["", "az", "Ä"]),
            (Check::Number, &["0", "a9"], &["", "a", "²", "٣"]),
            (Check::Symbol, &["a b"], &["", " a", "a ", " ", "aB1", "§", "\t"]),
        ] {
            assert!(good.iter().all(|password| met(check, password)), "{check:?}");
            assert!(!bad.iter().any(|password| met(check, password)), "{check:?}");
        }
        // <https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html>, as listed there.
        for symbol in r#"^ $ * . [ ] { } ( ) ? " ! @ # % & / \ , > < ' : ; | _ ~ ` = + -"#.split(' ') {
            assert!(met(Check::Symbol, symbol), "{symbol}");
        }
    }
}
