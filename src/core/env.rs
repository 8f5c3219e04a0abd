//! What a step of the session or of a sign-in can use, and the effects that it can ask for.

use signet_cognito::http::Request;
use signet_cognito::{Entropy, Ephemeral, Keys, Secret, Skew, UnixMillis};

use crate::core::config::Config;
use crate::core::fault::{Busy, Fault};
use crate::core::question::Question;
use crate::core::random::Random;
use crate::core::record::Record;
use crate::protocol::FormId;

/// What one step can use.
pub struct Env<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// This machine's time.
    pub now: UnixMillis,
    /// The page's address, without query and hash.
    pub page: &'a str,
    /// Randomness.
    pub random: &'a mut Random,
    /// An SRP pair that was made while the person typed.
    pub spare: &'a mut Option<Ephemeral>,
    /// The browser's memory.
    pub memory: &'a mut Memory,
    /// The newest form's number.
    pub last_form: &'a mut FormId,
    /// The effects to carry out, in order.
    pub effects: Vec<Effect>,
}

/// What this browser remembers beyond a session, by name: devices, a guest's identity, the username, attempts at the hosted UI.
#[derive(Debug, Default)]
pub struct Memory(Vec<(String, Secret)>);

impl Memory {
    /// Takes the stored entries.
    pub fn new(entries: Vec<(String, Secret)>) -> Self {
        Self(entries)
    }

    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The names that begin with `begin` and whose values pass `such`.
    pub fn names(&self, begin: &str, such: impl Fn(&Secret) -> bool) -> Vec<String> {
        let found = self.0.iter().filter(|(name, value)| name.starts_with(begin) && such(value));
        found.map(|(name, _)| name.clone()).collect()
    }
}

impl Env<'_> {
    /// Shows a screen.
    pub fn show(&mut self, screen: Screen) {
        self.effects.push(Effect::Show(screen));
    }

    /// Keeps a value in this browser.
    pub fn remember(&mut self, name: String, value: Secret) {
        self.memory.0.retain(|(other, _)| *other != name);
        self.memory.0.push((name.clone(), value.clone()));
        self.effects.push(Effect::Remember(name, Some(value)));
    }

    /// Deletes a value from this browser.
    pub fn forget(&mut self, name: &str) {
        self.memory.0.retain(|(other, _)| other != name);
        self.effects.push(Effect::Remember(name.to_owned(), None));
    }

    /// A number for a new form.
    pub fn next_form(&mut self) -> FormId {
        self.last_form.0 += 1;
        *self.last_form
    }

    /// An SRP pair for one proof of a password; `None` only if the randomness is broken.
    pub fn ephemeral(&mut self) -> Option<Ephemeral> {
        self.spare.take().or_else(|| Ephemeral::new(&Entropy(self.random.bytes())).ok())
    }
}

/// An effect to carry out.
#[derive(Debug)]
pub enum Effect {
    /// Send this request, and feed the reply back.
    Send(Request),
    /// Send this request; nobody waits for the reply.
    SendAndForget(Request),
    /// Keep this record for the next load of the page.
    Save(Record),
    /// Delete the record.
    Forget,
    /// Keep a value in this browser under a name; `None` deletes it.
    Remember(String, Option<Secret>),
    /// Show this screen.
    Show(Screen),
    /// Leave for this address, once everything is stored.
    Leave(String),
    /// Ask the browser for a passkey.
    Passkey {
        /// The form that asks for it.
        form: FormId,
        /// `CREDENTIAL_REQUEST_OPTIONS`.
        options: String,
        /// Whether only the username's autofill offers it.
        autofill: bool,
    },
    /// The reply to a request for keys.
    Keys(Result<Grant, Fault>),
}

/// What is needed to sign a call.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The temporary keys.
    pub keys: Keys,
    /// The difference between this machine's clock and AWS's.
    pub skew: Skew,
    /// The name of the role, if known.
    pub role: Option<String>,
}

/// What is on the screen.
#[derive(Debug, Clone)]
pub enum Screen {
    /// A form.
    Ask(Box<Asked>),
    /// The form, while its request is under way.
    Busy(Busy),
    /// Somebody is signed in.
    SignedIn {
        /// The username; empty for a guest.
        username: String,
        /// The name of the role, if known.
        role: Option<String>,
        /// Whether it is a guest.
        guest: bool,
    },
}

/// A question, and what its form needs to know.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The form's number.
    pub form: FormId,
    /// The question.
    pub question: Question,
    /// The username as typed.
    pub username: String,
    /// Whether no factor has been proved yet.
    pub first_factor: bool,
    /// Seconds until another code can be requested.
    pub wait: u32,
    /// Why the last answer was refused.
    pub fault: Option<Fault>,
}
