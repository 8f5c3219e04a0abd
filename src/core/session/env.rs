//! What a step of the session may look at, and where it says what is to be done.

use super::{Effect, Screen};
use crate::core::config::Config;
use crate::core::random::Random;
use crate::protocol::FormId;
use signet_cognito::{Entropy, Ephemeral, Secret, UnixMillis};

/// The surroundings of one step.
pub struct Env<'a> {
    /// What the app is pointed at.
    pub config: &'a Config,
    /// This machine's time.
    pub now: UnixMillis,
    /// The page's address, without query and hash.
    pub page: &'a str,
    /// Randomness.
    pub random: &'a mut Random,
    /// A pair that was made while the person typed.
    pub spare: &'a mut Option<Ephemeral>,
    /// What this browser remembers.
    pub memory: &'a mut Memory,
    /// The newest form's number.
    pub last_form: &'a mut FormId,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
}

/// What this browser remembers beyond a session: devices, a guest's identity, the username, attempts at the hosted UI. Under names.
#[derive(Debug, Default)]
pub struct Memory(Vec<(String, Secret)>);

impl Memory {
    /// As it was stored.
    pub fn new(entries: Vec<(String, Secret)>) -> Self {
        Self(entries)
    }

    /// What is kept under a name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The names that begin so and whose values are such.
    pub fn names(&self, begin: &str, such: impl Fn(&Secret) -> bool) -> Vec<String> {
        let found = self.0.iter().filter(|(name, value)| name.starts_with(begin) && such(value));
        found.map(|(name, _)| name.clone()).collect()
    }
}

impl Env<'_> {
    /// Show this from now on.
    pub fn show(&mut self, screen: Screen) {
        self.effects.push(Effect::Show(screen));
    }

    /// Keeps a value in this browser.
    pub fn remember(&mut self, name: String, value: Secret) {
        self.memory.0.retain(|(other, _)| *other != name);
        self.memory.0.push((name.clone(), value.clone()));
        self.effects.push(Effect::Remember(name, Some(value)));
    }

    /// Keeps it no longer.
    pub fn forget(&mut self, name: &str) {
        self.memory.0.retain(|(other, _)| other != name);
        self.effects.push(Effect::Remember(name.to_owned(), None));
    }

    /// A number for a new form.
    pub fn next_form(&mut self) -> FormId {
        self.last_form.0 += 1;
        *self.last_form
    }

    /// A pair for one proof of a password; `None` only if randomness is broken.
    pub fn ephemeral(&mut self) -> Option<Ephemeral> {
        self.spare.take().or_else(|| Ephemeral::new(&Entropy(self.random.bytes())).ok())
    }
}
