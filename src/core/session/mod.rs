//! Who is signed in: a state machine that says what to do and does nothing itself.
//!
//! ```text
//! Opening ──► SigningIn ── an outcome ──► Renewing ── keys ──► Active
//!                 ▲                         ▲    │               │
//!                 │           Known ◄── no answer ┘◄─ NeedKeys ──┘
//!                 └── SignOut, or the user pool refuses the refresh token
//! ```
//!
//! At most one request is under way. Whoever carries [`Effect::Send`] out feeds the reply back, unless another `Send` or a sign-out came since.

mod env;
#[cfg(test)]
pub(crate) mod harness;
mod record;

pub use env::{Env, Memory};
pub use record::Record;

use crate::core::config::{Config, UserPool};
use crate::core::fault::{Busy, Fault, Service};
use crate::core::sign_in::{Foreign, Outcome, Question, SignIn, user_pool_fault};
use crate::protocol::{FormId, PasskeyOutcome};
use signet_cognito::{
    self as cognito, AuthReply, CognitoError, IdToken, IdentityId, Keys, Login, Secret, Skew, UnixMillis,
    get_credentials_for_identity, get_id, get_open_id_token, get_tokens_from_refresh_token, hosted_ui,
    http::{NoAnswer, Request, Response},
    revoke_token, sts,
};

/// Keys and tokens are renewed when they have no longer than this to live, in milliseconds: an answer may take a while to be asked for, and a
/// signature must still be good when it arrives.
const MARGIN: i64 = 60_000;

/// The session of one tab.
#[derive(Debug, Default)]
pub enum Session {
    /// The store was not read yet.
    #[default]
    Opening,
    /// Nobody is signed in. No other state holds a password.
    SigningIn(Box<SignIn>),
    /// Somebody is signed in, and keys are on the way.
    Renewing(Renewing),
    /// Somebody is signed in; fetching keys failed for a reason that may pass.
    Known(Account),
    /// Somebody is signed in, with keys. No other state holds keys.
    Active(Active),
    /// Nobody is signed in any more; when the refresh token is revoked the page is left for the hosted UI's own sign-out.
    SigningOut(Box<SignIn>, String),
}

/// Who is signed in, and how it is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    proof: Proof,
    identity: Option<IdentityId>,
    skew: Skew,
}

/// What the identity pool is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Proof {
    /// An ID token of the user pool or of an OIDC provider.
    Tokens {
        id: IdToken,
        refresh: Option<Secret>,
        /// The remembered device that the refresh token belongs to.
        device_key: Option<String>,
        /// What was typed as the username, for the form to begin with next time. None if the tokens came by the hosted UI, which has a session
        /// of its own.
        typed: Option<String>,
    },
    /// Some other provider's token.
    Foreign(Foreign),
    /// Nothing.
    Guest,
}

/// A request for tokens, an identity or keys under way.
#[derive(Debug)]
pub struct Renewing {
    account: Account,
    step: Step,
    how: Renewal,
}

/// How keys are fetched.
#[allow(clippy::struct_excessive_bools)] // Four things that are so or not, independent of each other.
#[derive(Debug, Clone, Copy, Default)]
struct Renewal {
    /// Whether this ends a sign-in, whose failure goes to the sign-in form.
    first: bool,
    /// Whether somebody waits for the keys.
    wanted: bool,
    refresh: Refresh,
    /// Whether the identity is new, so that a pool that does not know it is not asked for another.
    new_identity: bool,
    /// Whether the identity is a guest's, to be carried over to whoever signed in.
    linking: bool,
}

/// Whether the tokens are refreshed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Refresh {
    /// If they are about to expire.
    #[default]
    IfStale,
    /// In any case.
    Now,
    /// Not again: they are new.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Refresh,
    GetId,
    GetCredentials,
    GetOpenIdToken,
    AssumeRole,
}

/// Signed in, with keys.
#[derive(Debug)]
pub struct Active {
    account: Account,
    keys: Keys,
}

/// What a call is signed with.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The temporary keys.
    pub keys: Keys,
    /// To turn this machine's time into AWS's.
    pub skew: Skew,
    /// The name of the role, where it is known.
    pub role: Option<String>,
}

/// What happens to a session.
#[allow(clippy::large_enum_variant)] // It is taken apart where it is read.
#[derive(Debug)]
pub enum Input {
    /// The store was read.
    Restored {
        /// What it holds.
        record: Option<Record>,
        /// The query that the hosted UI came back with, possibly empty.
        callback: Secret,
    },
    /// A form was sent.
    Submit(FormId, Vec<Secret>),
    /// Another button of a form was pressed.
    Press(FormId, u8, Vec<Secret>),
    /// The browser's word on a passkey, with the credential in JSON.
    Passkey(FormId, PasskeyOutcome, Secret),
    /// The page was left and is shown again.
    ShownAgain,
    /// What is needed to come back could not be kept, so the page was not left.
    NotKept,
    /// The reply to the last [`Effect::Send`].
    Replied(Result<Response, NoAnswer>),
    /// A call is to be signed.
    NeedKeys {
        /// The `AccessKeyId` of keys that AWS has refused.
        refused: Option<String>,
    },
    /// The person signs out.
    SignOut,
}

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Send this, and feed the reply back.
    Send(Request),
    /// Send this; nobody waits for the reply.
    SendAndForget(Request),
    /// Keep this for the next load of the page.
    Save(Record),
    /// Keep nothing.
    Forget,
    /// Keep this in the browser under a name, or nothing any more.
    Remember(String, Option<Secret>),
    /// Show this.
    Show(Screen),
    /// Leave for this address, once everything is kept.
    Leave(String),
    /// Ask the browser for a passkey.
    Passkey {
        /// For which form.
        form: FormId,
        /// `CREDENTIAL_REQUEST_OPTIONS`.
        options: String,
        /// Whether only by the username's autofill.
        autofill: bool,
    },
    /// The answer to [`Input::NeedKeys`].
    Keys(Result<Grant, Fault>),
}

/// What is on the screen.
#[derive(Debug, Clone)]
pub enum Screen {
    /// A form.
    Ask(Box<Asked>),
    /// The form, while what was sent is under way.
    Busy(Busy),
    /// Somebody is signed in.
    SignedIn {
        /// How they are called; empty for a guest.
        username: String,
        /// The name of their role, where it is known.
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
    /// What is asked.
    pub question: Question,
    /// As typed.
    pub username: String,
    /// Whether nothing was proved yet.
    pub first_factor: bool,
    /// Seconds until another code can be asked for.
    pub wait: u32,
    /// What was wrong with the last answer.
    pub fault: Option<Fault>,
}

impl Session {
    /// The state after `input`; what is to be done is added to `env.effects`. An input that the state does not expect changes nothing.
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
            // A developer's token names its own identity.
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
            // Keys that AWS refuses before their time hint at a wrong clock, which new tokens tell, or at a role that new tokens name.
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

    /// Whether a form is on the screen and a reply is awaited that the person waits for.
    pub fn is_busy(&self) -> bool {
        match self {
            Self::SigningIn(sign_in) => sign_in.is_busy(),
            Self::Renewing(renewing) => renewing.how.first,
            _ => false,
        }
    }

    /// Whether a reply is awaited.
    pub fn waits(&self) -> bool {
        match self {
            Self::Opening | Self::Known(_) | Self::Active(_) => false,
            Self::SigningIn(sign_in) => sign_in.waits(),
            Self::Renewing(_) | Self::SigningOut(..) => true,
        }
    }

    /// Who is signed in, for good: whatever their name becomes.
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

/// Where this browser keeps a guest's identity.
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

    /// What was typed as the username. How the person is called can be something else that does not sign in, such as an email address.
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

    /// What the identity pool is shown: nothing of a guest.
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

    /// The user pool, if the tokens are its: they can be another provider's, whose button stands beside the pool's form.
    fn pool<'a>(&self, config: &'a Config) -> Option<&'a UserPool> {
        match &self.proof {
            Proof::Tokens { id, .. } => config.user_pool.as_ref().filter(|pool| id.issuer.ends_with(&pool.api.id)),
            Proof::Foreign(_) | Proof::Guest => None,
        }
    }

    /// The request for new tokens; `None` if there is nothing to ask with.
    fn refresh(&self, config: &Config) -> Option<Request> {
        match &self.proof {
            Proof::Tokens { refresh, device_key, .. } => {
                let refresh = refresh.as_ref()?;
                match (self.pool(config), &config.hosted_ui) {
                    (Some(pool), _) => Some(get_tokens_from_refresh_token(&pool.api, refresh, device_key.as_deref())),
                    (None, Some(ui)) => Some(hosted_ui::refresh(&ui.api, refresh)),
                    (None, None) => None,
                }
            }
            Proof::Foreign(_) => config.token_url.as_deref().map(crate::core::foreign::request),
            Proof::Guest => None,
        }
    }

    /// Starts where the tokens allow: at new tokens, at the identity or at the keys.
    fn renew(self, env: &mut Env<'_>, how: Renewal) -> Session {
        let config = env.config;
        let can_refresh = !matches!(self.proof, Proof::Guest);
        let refreshes =
            can_refresh && (how.refresh == Refresh::Now || how.refresh == Refresh::IfStale && self.is_stale(env.now));
        let login = self.login(config);
        let (step, request) = match &self.identity {
            _ if refreshes => match self.refresh(config) {
                Some(request) => (Step::Refresh, request),
                None => return self.ended(env, how.wanted),
            },
            None => (Step::GetId, get_id(&config.identity_pool.api, login.as_ref())),
            Some(identity) if config.identity_pool.basic_flow.is_some() => {
                (Step::GetOpenIdToken, get_open_id_token(&config.identity_pool.api, identity, login.as_ref()))
            }
            Some(identity) => (
                Step::GetCredentials,
                get_credentials_for_identity(&config.identity_pool.api, identity, login.as_ref()),
            ),
        };
        env.effects.push(Effect::Send(request));
        Session::Renewing(Renewing { account: self, step, how })
    }

    fn ended(self, env: &mut Env<'_>, wanted: bool) -> Session {
        let sign_in = SignIn::begin(env, self.typed(), Some(Fault::SessionEnded));
        if wanted {
            env.effects.push(Effect::Keys(Err(Fault::SessionEnded)));
        }
        Session::SigningIn(Box::new(sign_in))
    }
}

/// The last part of an ARN.
fn last_part(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or_default().to_owned()
}

impl Renewing {
    fn replied(self, env: &mut Env<'_>, reply: Result<Response, NoAnswer>) -> Session {
        let service = match (self.step, &self.account.proof) {
            (Step::Refresh, _) if self.account.pool(env.config).is_some() => Service::UserPool,
            (Step::Refresh, _) => Service::HostedUi,
            (Step::AssumeRole, _) => Service::Sts,
            _ => Service::IdentityPool,
        };
        let response = match reply {
            Ok(response) => response,
            Err(no_answer) => return self.failed(env, Fault::from_no_answer(service, no_answer)),
        };
        match self.step {
            Step::Refresh => self.refreshed(env, response, service),
            Step::GetId => match cognito::read_identity_id(response) {
                Ok(identity) => {
                    let Self { mut account, how, .. } = self;
                    if account.proof == Proof::Guest {
                        env.remember(guest_key(env.config), Secret::new(identity.0.clone()));
                    }
                    account.identity = Some(identity);
                    account.renew(env, Renewal { new_identity: true, ..how })
                }
                Err(error) => self.refused(env, error, service),
            },
            Step::GetCredentials => match cognito::read_credentials(response) {
                Ok((keys, identity)) => self.granted(env, keys, identity),
                Err(error) => self.refused(env, error, service),
            },
            Step::GetOpenIdToken => match cognito::read_open_id_token(response) {
                Ok(token) => self.assume(env, &token),
                Err(error) => self.refused(env, error, service),
            },
            Step::AssumeRole => match sts::read_assumed(response) {
                Ok(keys) => self.granted(env, keys, None),
                Err(error) => self.refused(env, error, service),
            },
        }
    }

    fn refreshed(mut self, env: &mut Env<'_>, response: Response, service: Service) -> Session {
        let now = env.now;
        let tokens = match &mut self.account.proof {
            Proof::Foreign(foreign) => match crate::core::foreign::read(response, now) {
                Ok(fresh) => {
                    // Somebody else may be signed in at that address by now.
                    if fresh.identity_id.is_some() || fresh.username != foreign.username {
                        self.account.identity = fresh.identity_id.clone().map(IdentityId);
                    }
                    *foreign = fresh;
                    Ok(None)
                }
                Err(Fault::Denied { .. }) => return self.account.ended(env, self.how.wanted),
                Err(fault) => return self.failed(env, fault),
            },
            Proof::Tokens { .. } | Proof::Guest if service == Service::UserPool => match cognito::read_auth(response) {
                Ok(AuthReply::Tokens(tokens)) => Ok(Some((tokens.id, tokens.refresh))),
                // A refresh has no steps; a pool that asks for one wants the person.
                Ok(AuthReply::Challenge(_)) => return self.account.ended(env, self.how.wanted),
                Err(error) => Err(error),
            },
            Proof::Tokens { .. } | Proof::Guest => {
                hosted_ui::read_exchange(response).map(|tokens| Some((tokens.id, tokens.refresh)))
            }
        };
        match tokens {
            Ok(fresh) => {
                if let (Some(fresh), Proof::Tokens { id, refresh, .. }) = (fresh, &mut self.account.proof) {
                    self.account.skew = Skew::learn(fresh.0.issued, now);
                    if fresh.1.is_some() {
                        *refresh = fresh.1;
                    }
                    *id = fresh.0;
                }
                let Self { account, how, .. } = self;
                let (record, screen) = (Record::Session(account.clone()), account.screen(env.config));
                let session = account.renew(env, Renewal { refresh: Refresh::Done, ..how });
                env.effects.push(Effect::Save(record));
                if !how.first {
                    env.show(screen);
                }
                session
            }
            Err(CognitoError::Service(error)) if ENDED.contains(&error.code.as_str()) => {
                self.account.ended(env, self.how.wanted)
            }
            Err(CognitoError::Service(error)) if service == Service::UserPool => {
                self.failed(env, user_pool_fault(&error))
            }
            Err(error) => self.refused(env, error, service),
        }
    }

    /// The second half of the basic flow.
    fn assume(self, env: &mut Env<'_>, token: &Secret) -> Session {
        let pool = &env.config.identity_pool;
        let Some(basic) = &pool.basic_flow else { return self.failed(env, Fault::NoRole) };
        let role = match &self.account.proof {
            Proof::Guest => basic.guest_role_arn.clone(),
            Proof::Tokens { id, .. } => basic.role_arn.clone().or_else(|| id.role.clone()),
            Proof::Foreign(_) => basic.role_arn.clone(),
        };
        let Some(role) = role else { return self.failed(env, Fault::NoRole) };
        let request =
            sts::assume_role_with_web_identity(&pool.sts_endpoint, &role, "signet", token, basic.duration_seconds);
        env.effects.push(Effect::Send(request));
        Session::Renewing(Self { step: Step::AssumeRole, ..self })
    }

    fn granted(self, env: &mut Env<'_>, keys: Keys, identity: Option<IdentityId>) -> Session {
        let Self { mut account, how, .. } = self;
        // A guest's identity that was carried over may have become another; nobody is that guest any more.
        if how.linking {
            env.forget(&guest_key(env.config));
        }
        account.identity = identity.or(account.identity);
        env.effects.push(Effect::Save(Record::Session(account.clone())));
        if how.first {
            env.show(account.screen(env.config));
        }
        let active = Active { account, keys };
        if how.wanted {
            env.effects.push(Effect::Keys(Ok(active.grant(env.config))));
        }
        Session::Active(active)
    }

    fn refused(mut self, env: &mut Env<'_>, error: CognitoError, service: Service) -> Session {
        let Renewal { first, linking, new_identity, refresh, .. } = self.how;
        let error = match error {
            CognitoError::Service(error) => error,
            other => return self.failed(env, Fault::Unexpected { service, what: other.to_string() }),
        };
        let is_identity = matches!(self.step, Step::GetCredentials | Step::GetOpenIdToken);
        let may_pass = error.status == 429 || error.status >= 500 || error.code == "TooManyRequestsException";
        match error.code.as_str() {
            // The person has an identity already, or the guest's is gone.
            _ if is_identity && linking && !may_pass => {
                env.forget(&guest_key(env.config));
                self.account.identity = None;
                self.account.renew(env, Renewal { linking: false, ..self.how })
            }
            // The identity was deleted or disabled; the pool gives a new one.
            "ResourceNotFoundException" if is_identity && !new_identity => {
                if self.account.proof == Proof::Guest {
                    env.forget(&guest_key(env.config));
                }
                self.account.identity = None;
                self.account.renew(env, self.how)
            }
            "NotAuthorizedException" if is_identity && !new_identity && self.account.proof == Proof::Guest => {
                env.forget(&guest_key(env.config));
                self.account.identity = None;
                self.account.renew(env, self.how)
            }
            // The token has expired by AWS's clock though not by ours.
            "NotAuthorizedException"
                if !first
                    && refresh != Refresh::Done
                    && self.step != Step::Refresh
                    && self.account.proof != Proof::Guest =>
            {
                self.account.renew(env, Renewal { refresh: Refresh::Now, ..self.how })
            }
            _ => {
                let fault = Fault::from_service_error(service, &error);
                self.failed(env, fault)
            }
        }
    }

    /// A failure that may pass leaves the person signed in, and the next question asks for keys again; any other at the end of a sign-in goes back to
    /// the form.
    fn failed(mut self, env: &mut Env<'_>, fault: Fault) -> Session {
        if self.how.first && may_pass(&fault) {
            if self.how.linking {
                // It is not known whose the guest's identity is by now; the pool knows the person's.
                self.account.identity = None;
            }
            env.effects.push(Effect::Save(Record::Session(self.account.clone())));
            env.show(self.account.screen(env.config));
        } else if self.how.first {
            return Session::SigningIn(Box::new(SignIn::begin(env, self.account.typed(), Some(fault))));
        }
        if self.how.wanted {
            env.effects.push(Effect::Keys(Err(fault)));
        }
        Session::Known(self.account)
    }
}

fn may_pass(fault: &Fault) -> bool {
    matches!(fault, Fault::Offline | Fault::Unreachable { .. } | Fault::Throttled { .. } | Fault::Failing { .. })
}

/// What the user pool, or an OAuth server, says of a refresh token that will never work again. Anything else may pass.
const ENDED: [&str; 7] = [
    "NotAuthorizedException",
    "TokenRevokedException",
    "RefreshTokenReuseException",
    "UserNotFoundException",
    "PasswordResetRequiredException",
    "UserNotConfirmedException",
    "invalid_grant",
];

impl Active {
    fn grant(&self, config: &Config) -> Grant {
        Grant { keys: self.keys.clone(), skew: self.account.skew, role: self.account.role(config) }
    }
}

/// Whether something that expires at `expires` by AWS's clock still has [`MARGIN`] to live.
fn is_fresh(skew: Skew, now: UnixMillis, expires: UnixMillis) -> bool {
    skew.correct(now).plus(MARGIN) < expires
}

#[cfg(test)]
mod tests;
