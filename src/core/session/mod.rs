//! The session: a state machine that only says what to do.
//!
//! ```text
//! Opening ──► SigningIn ── an outcome ──► Renewing ── keys ──► Active
//!                 ▲                         ▲    │               │
//!                 │           Known ◄── no answer ┘◄─ NeedKeys ──┘
//!                 └── SignOut, or the user pool refuses the refresh token
//! ```
//!
//! At most one request is under way. The caller that carries out [`Effect::Send`] feeds the reply back, unless another `Send` or a sign-out has followed.

#[cfg(test)]
pub(crate) mod harness;
mod renewal;

pub use crate::core::env::{Asked, Effect, Env, Grant, Memory, Screen};
pub use crate::core::record::{Account, Record};
pub use renewal::Renewing;

use signet_cognito::http::{NoAnswer, Response};
use signet_cognito::{IdentityId, Keys, Login, Secret, Skew, UnixMillis, hosted_ui, revoke_token};

use crate::core::config::{Config, UserPool};
use crate::core::fault::Fault;
use crate::core::record::Proof;
use crate::core::sign_in::{Outcome, SignIn};
use crate::protocol::{FormId, PasskeyOutcome};
use renewal::{Refresh, Renewal, is_fresh};

/// The session of one tab.
#[derive(Debug, Default)]
pub enum Session {
    /// The store has not been read yet.
    #[default]
    Opening,
    /// Nobody is signed in. No other state holds a password.
    SigningIn(Box<SignIn>),
    /// Somebody is signed in, and keys are on the way.
    Renewing(Renewing),
    /// Somebody is signed in; fetching keys failed for a temporary reason.
    Known(Account),
    /// Somebody is signed in, with keys. No other state holds keys.
    Active(Active),
    /// Nobody is signed in any more. Once the refresh token has been revoked, the page leaves for the hosted UI's own sign-out.
    SigningOut(Box<SignIn>, String),
}

/// Signed in, with keys.
#[derive(Debug)]
pub struct Active {
    account: Account,
    keys: Keys,
}

/// An input to a session.
#[allow(clippy::large_enum_variant)] // It is taken apart where it is read.
#[derive(Debug)]
pub enum Input {
    /// The store was read.
    Restored {
        /// The stored record.
        record: Option<Record>,
        /// The query of the hosted UI's redirect, possibly empty.
        callback: Secret,
    },
    /// A form was sent.
    Submit(FormId, Vec<Secret>),
    /// Another button of a form was pressed.
    Press(FormId, u8, Vec<Secret>),
    /// The browser's answer for a passkey, with the credential as JSON.
    Passkey(FormId, PasskeyOutcome, Secret),
    /// The page is shown again after the browser had left it.
    ShownAgain,
    /// The data that a return needs could not be stored, so the browser did not leave the page.
    NotKept,
    /// The reply to the last [`Effect::Send`].
    Replied(Result<Response, NoAnswer>),
    /// The chat needs keys to sign a call.
    NeedKeys {
        /// The `AccessKeyId` of keys that AWS has refused.
        refused: Option<String>,
    },
    /// The person signs out.
    SignOut,
}

impl Session {
    /// Returns the state after `input` and adds effects to `env.effects`. An input that the state does not expect changes nothing.
    #[must_use]
    pub fn step(self, env: &mut Env<'_>, input: Input) -> Self {
        if let Input::Restored { .. } = input {
            SignIn::forget_old_attempts(env);
        }
        match (self, input) {
            (Self::Opening, Input::Restored { record, callback }) => match record {
                Some(Record::Session(account)) => {
                    let screen = account.screen(env.config);
                    let session = account.renew(env, Renewal::default());
                    env.show(screen);
                    session
                }
                _ if !callback.expose().is_empty() => {
                    Self::SigningIn(Box::new(SignIn::come_back(env, callback.expose())))
                }
                Some(Record::SignIn(pending)) => Self::SigningIn(Box::new(SignIn::restore(env, *pending))),
                None => Self::SigningIn(Box::new(SignIn::begin(env, String::new(), None))),
            },
            (Self::SigningIn(mut sign_in), Input::Submit(form, values)) => {
                sign_in.submit(env, form, &values);
                Self::SigningIn(sign_in)
            }
            (Self::SigningIn(mut sign_in), Input::Press(form, button, values)) => {
                let outcome = sign_in.press(env, form, button, &values);
                Self::after(env, sign_in, outcome)
            }
            (Self::SigningIn(mut sign_in), Input::Passkey(form, outcome, credential)) => {
                sign_in.passkey(env, form, outcome, credential.expose());
                Self::SigningIn(sign_in)
            }
            (Self::SigningIn(mut sign_in), Input::ShownAgain) => {
                sign_in.shown_again(env, None);
                Self::SigningIn(sign_in)
            }
            (Self::SigningIn(mut sign_in), Input::NotKept) => {
                sign_in.shown_again(env, Some(Fault::NotKept));
                Self::SigningIn(sign_in)
            }
            (Self::SigningIn(mut sign_in), Input::Replied(reply)) => {
                let outcome = sign_in.replied(env, reply);
                Self::after(env, sign_in, outcome)
            }
            (Self::Renewing(renewing), Input::Replied(reply)) => renewing.replied(env, reply),
            (Self::SigningOut(sign_in, url), Input::Replied(_)) => {
                env.effects.push(Effect::Leave(url));
                Self::SigningIn(sign_in)
            }
            (session, Input::NeedKeys { refused }) => session.need_keys(env, refused.as_deref()),
            (session, Input::SignOut) => session.sign_out(env),
            (session, _) => session,
        }
    }

    fn after(env: &mut Env<'_>, sign_in: Box<SignIn>, outcome: Option<Outcome>) -> Self {
        let Some(outcome) = outcome else { return Self::SigningIn(sign_in) };
        let skew = match &outcome {
            Outcome::Tokens { id, .. } => Skew::learn(id.issued, env.now),
            Outcome::Foreign(_) | Outcome::Guest => Skew::default(),
        };
        let guest = env.memory.get(&guest_key(env.config)).map(|id| IdentityId(id.expose().to_owned()));
        let brings_its_own = matches!(&outcome, Outcome::Foreign(foreign) if foreign.identity_id.is_some());
        let linking = guest.is_some() && !brings_its_own && !matches!(outcome, Outcome::Guest);
        let (proof, identity) = match outcome {
            Outcome::Tokens { id, refresh, device_key, hosted } => {
                let typed = (!hosted).then(|| sign_in.username().to_owned());
                (Proof::Tokens { id, refresh, device_key, typed }, guest)
            }
            // A developer-authenticated token comes with its own identity.
            Outcome::Foreign(foreign) => {
                let identity = foreign.identity_id.clone().map(IdentityId);
                (Proof::Foreign(foreign), identity.or(guest))
            }
            Outcome::Guest => (Proof::Guest, guest),
        };
        Account { proof, identity, skew }.renew(env, Renewal { first: true, linking, ..Renewal::default() })
    }

    fn sign_out(self, env: &mut Env<'_>) -> Self {
        let Some(account) = self.into_account() else {
            return Self::SigningIn(Box::new(SignIn::begin(env, String::new(), None)));
        };
        let pool = account.pool(env.config);
        let (refresh, hosted) = match account.proof {
            Proof::Tokens { refresh, typed, .. } => (refresh, typed.is_none()),
            Proof::Foreign(_) | Proof::Guest => (None, false),
        };
        let revoke = pool.zip(refresh).map(|(pool, refresh)| revoke_token(&pool.api, &refresh));
        let url =
            env.config.hosted_ui.as_ref().filter(|_| hosted).and_then(|ui| hosted_ui::logout_url(&ui.api, env.page));
        let Some(url) = url else {
            let sign_in = SignIn::begin(env, String::new(), None);
            env.effects.extend(revoke.map(Effect::SendAndForget));
            return Self::SigningIn(Box::new(sign_in));
        };
        let sign_in = Box::new(SignIn::leave_for_good(env));
        if let Some(revoke) = revoke {
            env.effects.push(Effect::Send(revoke));
            Self::SigningOut(sign_in, url)
        } else {
            env.effects.push(Effect::Leave(url));
            Self::SigningIn(sign_in)
        }
    }

    fn need_keys(self, env: &mut Env<'_>, refused: Option<&str>) -> Self {
        let refused = matches!((&self, refused), (Self::Active(active), Some(id)) if active.keys.access_key_id == id);
        match self {
            Self::Active(active) if !refused && is_fresh(active.account.skew, env.now, active.keys.expires) => {
                env.effects.push(Effect::Keys(Ok(active.grant(env.config))));
                Self::Active(active)
            }
            // If AWS refuses keys before they expire, the clock may be wrong or the role may have changed. New tokens show both.
            Self::Active(Active { account, .. }) | Self::Known(account) => {
                let refresh = if refused { Refresh::Now } else { Refresh::IfStale };
                account.renew(env, Renewal { wanted: true, refresh, ..Renewal::default() })
            }
            Self::Renewing(Renewing { account, step, how }) => {
                Self::Renewing(Renewing { account, step, how: Renewal { wanted: true, ..how } })
            }
            session @ (Self::Opening | Self::SigningIn(_) | Self::SigningOut(..)) => {
                env.effects.push(Effect::Keys(Err(Fault::SessionEnded)));
                session
            }
        }
    }

    /// Whether a form is shown while its reply is pending.
    pub fn is_busy(&self) -> bool {
        match self {
            Self::SigningIn(sign_in) => sign_in.is_busy(),
            Self::Renewing(renewing) => renewing.how.first,
            _ => false,
        }
    }

    /// Whether a reply is pending.
    pub fn waits(&self) -> bool {
        match self {
            Self::Opening | Self::Known(_) | Self::Active(_) => false,
            Self::SigningIn(sign_in) => sign_in.waits(),
            Self::Renewing(_) | Self::SigningOut(..) => true,
        }
    }

    /// A permanent name of the person who is signed in.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Opening | Self::SigningIn(_) | Self::SigningOut(..) => None,
            Self::Renewing(Renewing { account, .. }) | Self::Known(account) | Self::Active(Active { account, .. }) => {
                Some(account.subject())
            }
        }
    }

    fn into_account(self) -> Option<Account> {
        match self {
            Self::Opening | Self::SigningIn(_) | Self::SigningOut(..) => None,
            Self::Renewing(Renewing { account, .. }) | Self::Known(account) | Self::Active(Active { account, .. }) => {
                Some(account)
            }
        }
    }
}

/// The name under which this browser stores a guest's identity.
fn guest_key(config: &Config) -> String {
    ["guest ", &config.identity_pool.api.id].concat()
}

impl Account {
    fn subject(&self) -> &str {
        match &self.proof {
            Proof::Tokens { id, .. } => &id.subject,
            Proof::Foreign(foreign) if !foreign.username.is_empty() => &foreign.username,
            Proof::Foreign(_) => self.identity.as_ref().map_or("", |identity| &identity.0),
            Proof::Guest => "",
        }
    }

    /// The username as typed. The token's username can be a different one that does not work for signing in.
    fn typed(&self) -> String {
        match &self.proof {
            Proof::Tokens { typed, .. } => typed.clone().unwrap_or_default(),
            Proof::Foreign(_) | Proof::Guest => String::new(),
        }
    }

    fn role(&self, config: &Config) -> Option<String> {
        let basic = config.identity_pool.basic_flow.as_ref();
        match &self.proof {
            Proof::Tokens { id, .. } => match basic.and_then(|basic| basic.role_arn.as_deref()) {
                Some(arn) => Some(last_part(arn)),
                None => id.role_name(),
            },
            Proof::Foreign(_) => basic.and_then(|basic| basic.role_arn.as_deref()).map(last_part),
            Proof::Guest => basic.and_then(|basic| basic.guest_role_arn.as_deref()).map(last_part),
        }
    }

    fn screen(&self, config: &Config) -> Screen {
        let (username, guest) = match &self.proof {
            Proof::Tokens { id, .. } => (id.username.clone(), false),
            Proof::Foreign(foreign) => (foreign.username.clone(), false),
            Proof::Guest => (String::new(), true),
        };
        Screen::SignedIn { username, role: self.role(config), guest }
    }

    /// The login for the identity pool; guests have none.
    fn login(&self, config: &Config) -> Option<Login> {
        let key = config.identity_pool.logins_key.clone();
        match &self.proof {
            Proof::Tokens { id, .. } => {
                Some(Login { key: key.unwrap_or_else(|| id.issuer.clone()), token: id.raw().clone() })
            }
            Proof::Foreign(foreign) => {
                Some(Login { key: foreign.key.clone().or(key).unwrap_or_default(), token: foreign.token.clone() })
            }
            Proof::Guest => None,
        }
    }

    fn is_stale(&self, now: UnixMillis) -> bool {
        match &self.proof {
            Proof::Tokens { id, .. } => !is_fresh(self.skew, now, id.expires),
            Proof::Foreign(foreign) => foreign.expires.is_some_and(|expires| !is_fresh(Skew::default(), now, expires)),
            Proof::Guest => false,
        }
    }

    /// The user pool, if it issued the tokens; they can come from another provider.
    fn pool<'a>(&self, config: &'a Config) -> Option<&'a UserPool> {
        match &self.proof {
            Proof::Tokens { id, .. } => config.user_pool.as_ref().filter(|pool| id.issuer.ends_with(&pool.api.id)),
            Proof::Foreign(_) | Proof::Guest => None,
        }
    }
}

/// The last part of an ARN.
fn last_part(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or_default().to_owned()
}

impl Active {
    fn grant(&self, config: &Config) -> Grant {
        Grant { keys: self.keys.clone(), skew: self.account.skew, role: self.account.role(config) }
    }
}

#[cfg(test)]
mod tests;
