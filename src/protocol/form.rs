//! The forms of a sign-in.

use serde::{Deserialize, Serialize};

use super::Text;

/// A form's number. An intent for a form that is no longer shown is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FormId(pub u32);

/// A form for a person who is not signed in. A view with the number of the form that is already shown changes only its error and its buttons;
/// typed values stay.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Form {
    /// Its number, sent back with the values.
    pub id: FormId,
    /// Whether this is the form of index.html.
    pub is_sign_in: bool,
    /// The heading.
    pub title: Text,
    /// The text below the heading, one paragraph per line.
    pub text: Text,
    /// The fields, in order. The form of index.html shows those of its own fields that are named here: `username`, `password`.
    pub fields: Vec<Field>,
    /// The label of the button that sends the form; empty if it has none.
    pub submit: Text,
    /// The other buttons.
    pub buttons: Vec<Button>,
    /// The error of the last try.
    pub error: Option<FormError>,
}

/// Why a form was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormError {
    /// What happened and what to do next.
    pub text: String,
    /// Index of the field that the error is about, if any.
    pub field: Option<u8>,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// `name` and `id` of the element.
    pub name: Text,
    /// What it asks for.
    pub label: Text,
    /// Help below it, possibly empty.
    pub hint: Text,
    /// `autocomplete` (HTML Standard, "Autofill"), possibly empty.
    pub autocomplete: Text,
    /// The initial value; never one of the person's passwords or codes.
    pub value: String,
    /// What kind of field it is.
    pub kind: FieldKind,
}

/// What a field accepts or shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FieldKind {
    /// Text. The string is the element's `type` and `inputmode`: `text`, `email`, `tel`, `url`, `date`.
    Text(Text),
    /// An existing password. It can be shown, and is cleared when the form is sent, like the next two kinds.
    Password,
    /// A new password and its rules, ticked off while the person types.
    NewPassword(Vec<Rule>),
    /// A one-time code of digits.
    Code,
    /// Read-only text, such as the username, which password managers need.
    Fixed,
    /// One of several choices, each a value and a label. The first is selected initially.
    Choice(Vec<(Text, Text)>),
    /// A text to copy, and a QR code for an authenticator app as an SVG path.
    Copy {
        /// The side of the square in modules, quiet zone included; zero if there is no code.
        side: u32,
        /// The dark modules, as the `d` of an SVG path.
        path: String,
    },
}

/// A rule for a new password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Such as `at least 12 characters`.
    pub label: Text,
    /// The check.
    pub check: Check,
}

/// A check of a password, made on the browser's own string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether a password passes. It has `length` UTF-16 units, and `unit` returns each, so the password never enters Wasm memory as a whole.
    /// <https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html>
    pub fn is_met(self, length: u32, unit: impl Fn(u32) -> u32) -> bool {
        // The low half of a surrogate pair is not a character of its own (RFC 2781 §2.1).
        let starts = |at: &u32| !(0xdc00..0xe000).contains(&unit(*at));
        let (low, high) = match self {
            Self::Length(least) => return (0..length).filter(starts).count() >= least as usize,
            Self::Lowercase => ('a', 'z'),
            Self::Uppercase => ('A', 'Z'),
            Self::Number => ('0', '9'),
            Self::Symbol => {
                // Cognito's list is all of ASCII's punctuation, and a space that is not at an end.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// Its label.
    pub label: Text,
    /// Whether it leads to a provider's page. These buttons stand together.
    pub is_provider: bool,
    /// The path of an icon on this origin, possibly empty.
    pub icon: String,
    /// Seconds until it can be pressed, counted down in its label.
    pub wait: u32,
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
