//! Who is signed in: a state machine that says what to do and does nothing itself.
//!
//! ```text
//! SignedOut ── SignIn ──► Proving ── tokens ──► Renewing ── keys ──► Active
//!     ▲                                           ▲    │               │
//!     │                       Known ◄── no answer ┘────┘◄── NeedKeys ──┘
//!     └── SignOut, or the user pool refuses the refresh token ──────────
//! ```
//!
//! At most one request is under way. Whoever carries [`Effect::Send`] out feeds the reply back, unless another `Send` or a sign-out came since.

mod record;

pub use record::Record;

use crate::cognito::{
    self, AuthReply, Challenge, CognitoError, Ephemeral, IdToken, IdentityId, Keys, PasswordVerifier, Tokens,
    get_credentials_for_identity, get_id, get_tokens_from_refresh_token, initiate_user_srp_auth,
    respond_to_password_verifier, revoke_token,
};
use crate::config::Config;
use crate::http::{NoAnswer, Request, Response, ServiceError};
use crate::protocol::{Fault, Service};
use crate::secret::Secret;
use crate::time::{Skew, UnixMillis};

/// Keys and tokens are renewed when they have no longer than this to live, in milliseconds: an answer may take a while to be asked for, and a
/// signature must still be good when it arrives.
const MARGIN: i64 = 60_000;

/// The session of one tab.
#[derive(Debug, Default)]
pub enum Session {
    /// Nobody is signed in.
    #[default]
    SignedOut,
    /// The password is being proved. No other state holds it.
    Proving(Proving),
    /// Somebody is signed in, and keys are on the way.
    Renewing(Renewing),
    /// Somebody is signed in; fetching keys failed for a reason that may pass.
    Known(Account),
    /// Somebody is signed in, with keys. No other state holds keys.
    Active(Active),
}

/// A sign-in on its way.
#[derive(Debug)]
pub struct Proving {
    /// What is still to be proved; gone once the claim is sent.
    proof: Option<(Secret, Ephemeral)>,
}

/// Who is signed in, and how it is proved.
#[derive(Debug, Clone)]
pub struct Account {
    id: IdToken,
    refresh: Secret,
    identity: Option<IdentityId>,
    skew: Skew,
}

/// A request for tokens, an identity or keys under way.
#[derive(Debug)]
pub struct Renewing {
    account: Account,
    step: Step,
    how: Renewal,
}

/// How keys are fetched.
#[derive(Debug, Clone, Copy, Default)]
struct Renewal {
    /// Whether this ends a sign-in, whose failure goes to the sign-in form.
    first: bool,
    /// Whether somebody waits for the keys.
    wanted: bool,
    refresh: Refresh,
    /// Whether the identity is new, so that a pool that does not know it is not asked for another.
    new_identity: bool,
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
    /// The name of the role, where the ID token names one.
    pub role: Option<String>,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionView {
    /// Nobody.
    SignedOut {
        /// Why, unless the person asked for it.
        fault: Option<Fault>,
    },
    /// A sign-in is under way.
    SigningIn,
    /// Somebody.
    SignedIn {
        /// How the user pool calls them.
        username: String,
        /// The name of their role.
        role: Option<String>,
    },
}

/// What happens to a session.
#[derive(Debug)]
pub enum Input {
    /// The store was read.
    Restored(Option<Record>),
    /// The person sends the sign-in form.
    SignIn {
        /// As typed.
        username: String,
        /// As typed.
        password: Secret,
        /// Made for this sign-in and no other.
        ephemeral: Ephemeral,
    },
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
    /// Show this.
    Show(SessionView),
    /// The answer to [`Input::NeedKeys`].
    Keys(Result<Grant, Fault>),
}

impl Session {
    /// The state after `input`, and what is to be done. `now` is this machine's time. An input that the state does not expect changes nothing.
    pub fn step(self, config: &Config, now: UnixMillis, input: Input) -> (Self, Vec<Effect>) {
        match (self, input) {
            (Self::SignedOut, Input::Restored(None)) => signed_out(None),
            (Self::SignedOut, Input::Restored(Some(record))) => match Account::from_record(record) {
                Some(account) => {
                    let view = account.view();
                    let (session, mut effects) = account.renew(config, now, Renewal::default());
                    effects.push(Effect::Show(view));
                    (session, effects)
                }
                None => signed_out(None),
            },
            (Self::SignedOut | Self::Proving(_), Input::SignIn { username, password, ephemeral }) => {
                prove(config, &username, password, ephemeral)
            }
            (Self::Proving(proving), Input::Replied(reply)) => proving.replied(config, now, reply),
            (Self::Renewing(renewing), Input::Replied(reply)) => renewing.replied(config, now, reply),
            (session, Input::NeedKeys { refused }) => session.need_keys(config, now, refused.as_deref()),
            (session, Input::SignOut) => {
                let account = session.into_account();
                let (session, mut effects) = signed_out(None);
                effects
                    .extend(account.map(|account| Effect::SendAndForget(revoke_token(pool(config), &account.refresh))));
                (session, effects)
            }
            (session, _) => (session, vec![]),
        }
    }

    fn need_keys(self, config: &Config, now: UnixMillis, refused: Option<&str>) -> (Self, Vec<Effect>) {
        let refused = refused
            .is_some_and(|refused| matches!(&self, Self::Active(active) if active.keys.access_key_id == refused));
        match self {
            Self::Active(active) if !refused && now_is_before(active.account.skew, now, active.keys.expires) => {
                let grant = active.grant();
                (Self::Active(active), vec![Effect::Keys(Ok(grant))])
            }
            // Keys that AWS refuses before their time hint at a wrong clock, which new tokens tell, or at a role that new tokens name.
            Self::Active(Active { account, .. }) | Self::Known(account) => account.renew(
                config,
                now,
                Renewal {
                    wanted: true,
                    refresh: if refused { Refresh::Now } else { Refresh::IfStale },
                    ..Renewal::default()
                },
            ),
            Self::Renewing(Renewing { account, step, how }) => {
                (Self::Renewing(Renewing { account, step, how: Renewal { wanted: true, ..how } }), vec![])
            }
            session @ (Self::SignedOut | Self::Proving(_)) => (session, vec![Effect::Keys(Err(Fault::SessionEnded))]),
        }
    }

    /// The `sub` of whoever is signed in: theirs for good, whatever their name becomes.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::SignedOut | Self::Proving(_) => None,
            Self::Renewing(Renewing { account, .. }) | Self::Known(account) | Self::Active(Active { account, .. }) => {
                Some(&account.id.subject)
            }
        }
    }

    fn into_account(self) -> Option<Account> {
        match self {
            Self::SignedOut | Self::Proving(_) => None,
            Self::Renewing(Renewing { account, .. }) | Self::Known(account) | Self::Active(Active { account, .. }) => {
                Some(account)
            }
        }
    }
}

fn signed_out(fault: Option<Fault>) -> (Session, Vec<Effect>) {
    (Session::SignedOut, vec![Effect::Forget, Effect::Show(SessionView::SignedOut { fault })])
}

fn prove(config: &Config, username: &str, password: Secret, ephemeral: Ephemeral) -> (Session, Vec<Effect>) {
    let request = initiate_user_srp_auth(pool(config), username, &ephemeral.srp_a());
    let proving = Proving { proof: Some((password, ephemeral)) };
    (Session::Proving(proving), vec![Effect::Show(SessionView::SigningIn), Effect::Send(request)])
}

impl Proving {
    fn replied(
        mut self,
        config: &Config,
        now: UnixMillis,
        reply: Result<Response, NoAnswer>,
    ) -> (Session, Vec<Effect>) {
        let reply = match reply {
            Ok(response) => cognito::read_auth(response),
            Err(no_answer) => return signed_out(Some(no_answer.fault(Service::UserPool))),
        };
        match (reply, self.proof.take()) {
            (Ok(AuthReply::PasswordVerifier(challenge)), Some((password, ephemeral))) => {
                match claim(config, now, &challenge, &password, &ephemeral) {
                    Ok(request) => (Session::Proving(self), vec![Effect::Send(request)]),
                    Err(error) => {
                        signed_out(Some(Fault::Unexpected { service: Service::UserPool, what: error.to_string() }))
                    }
                }
            }
            (Ok(AuthReply::Tokens(tokens)), None) => match Account::new(tokens, now) {
                Some(account) => account.renew(config, now, Renewal { first: true, ..Renewal::default() }),
                None => signed_out(Some(unexpected(Service::UserPool, "the reply holds no refresh token"))),
            },
            (Ok(AuthReply::Other(name)), _) => signed_out(Some(Fault::UnknownChallenge { name })),
            (Ok(_), _) => {
                signed_out(Some(unexpected(Service::UserPool, "the steps of the sign-in came in another order")))
            }
            (Err(error), _) => signed_out(Some(sign_in_fault(error))),
        }
    }
}

fn claim(
    config: &Config,
    now: UnixMillis,
    challenge: &PasswordVerifier,
    password: &Secret,
    ephemeral: &Ephemeral,
) -> Result<Request, cognito::SrpError> {
    let timestamp = now.srp_timestamp();
    let PasswordVerifier { user_id, salt, srp_b, secret_block, .. } = challenge;
    let parameters = Challenge { user_id, salt, srp_b, secret_block };
    let signature =
        ephemeral.password_claim_signature(pool(config).name(), parameters, password.expose(), &timestamp)?;
    Ok(respond_to_password_verifier(pool(config), challenge, &signature, &timestamp))
}

impl Account {
    /// `None` without a refresh token, which every sign-in yields.
    fn new(tokens: Tokens, now: UnixMillis) -> Option<Self> {
        let skew = Skew::learn(tokens.id.issued, now);
        Some(Self { id: tokens.id, refresh: tokens.refresh?, identity: None, skew })
    }

    fn from_record(record: Record) -> Option<Self> {
        let id = IdToken::parse(record.id_token).ok()?;
        Some(Self { id, refresh: record.refresh_token, identity: record.identity, skew: record.skew })
    }

    fn record(&self) -> Record {
        Record {
            id_token: self.id.raw().clone(),
            refresh_token: self.refresh.clone(),
            identity: self.identity.clone(),
            skew: self.skew,
        }
    }

    fn view(&self) -> SessionView {
        SessionView::SignedIn { username: self.id.username.clone(), role: self.id.role_name() }
    }

    /// Starts where the tokens allow: at new tokens, at the identity or at the keys.
    fn renew(self, config: &Config, now: UnixMillis, how: Renewal) -> (Session, Vec<Effect>) {
        let stale = !now_is_before(self.skew, now, self.id.expires);
        let (step, request) = match &self.identity {
            _ if how.refresh == Refresh::Now || stale && how.refresh == Refresh::IfStale => {
                (Step::Refresh, get_tokens_from_refresh_token(pool(config), &self.refresh))
            }
            None => (Step::GetId, get_id(&config.identity_pool, &self.id)),
            Some(identity) => {
                (Step::GetCredentials, get_credentials_for_identity(&config.identity_pool, identity, &self.id))
            }
        };
        (Session::Renewing(Renewing { account: self, step, how }), vec![Effect::Send(request)])
    }
}

impl Renewing {
    fn replied(
        mut self,
        config: &Config,
        now: UnixMillis,
        reply: Result<Response, NoAnswer>,
    ) -> (Session, Vec<Effect>) {
        let Self { step, how, .. } = self;
        let service = if step == Step::Refresh { Service::UserPool } else { Service::IdentityPool };
        let response = match reply {
            Ok(response) => response,
            Err(no_answer) => return self.failed(no_answer.fault(service)),
        };
        let Renewal { first, wanted, .. } = how;
        let outcome = match step {
            Step::Refresh => cognito::read_auth(response).map(|reply| match reply {
                AuthReply::Tokens(tokens) => {
                    self.account.skew = Skew::learn(tokens.id.issued, now);
                    self.account.refresh = tokens.refresh.unwrap_or_else(|| self.account.refresh.clone());
                    self.account.id = tokens.id;
                    let record = self.account.record();
                    let view = self.account.view();
                    let (session, mut effects) =
                        self.account.clone().renew(config, now, Renewal { refresh: Refresh::Done, ..how });
                    effects.extend([Effect::Save(record), Effect::Show(view)]);
                    (session, effects)
                }
                // A refresh has no steps; a pool that asks for one wants the person.
                AuthReply::PasswordVerifier(_) | AuthReply::Other(_) => ended(wanted),
            }),
            Step::GetId => cognito::read_identity_id(response).map(|identity| {
                self.account.identity = Some(identity);
                self.account.clone().renew(config, now, Renewal { new_identity: true, ..how })
            }),
            Step::GetCredentials => cognito::read_credentials(response).map(|keys| {
                let active = Active { account: self.account.clone(), keys };
                let mut effects = vec![Effect::Save(active.account.record())];
                if first {
                    effects.push(Effect::Show(active.account.view()));
                }
                if wanted {
                    effects.push(Effect::Keys(Ok(active.grant())));
                }
                (Session::Active(active), effects)
            }),
        };
        match outcome {
            Ok(stepped) => stepped,
            Err(CognitoError::Service(error)) => match (step, error.code.as_str()) {
                (Step::Refresh, code) if ENDED.contains(&code) => ended(wanted),
                // The identity was deleted; the pool gives a new one.
                (Step::GetCredentials, "ResourceNotFoundException") if !how.new_identity => {
                    self.account.identity = None;
                    self.account.renew(config, now, how)
                }
                // The token has expired by AWS's clock though not by ours.
                (_, "NotAuthorizedException") if !first && how.refresh != Refresh::Done && step != Step::Refresh => {
                    self.account.renew(config, now, Renewal { refresh: Refresh::Now, ..how })
                }
                _ => self.failed(error.fault(service)),
            },
            Err(error) => self.failed(unexpected(service, &error.to_string())),
        }
    }

    /// A failure that may pass leaves the person signed in; one at the end of a sign-in goes back to the form.
    fn failed(self, fault: Fault) -> (Session, Vec<Effect>) {
        if self.how.first {
            return signed_out(Some(fault));
        }
        let effects = if self.how.wanted { vec![Effect::Keys(Err(fault))] } else { vec![] };
        (Session::Known(self.account), effects)
    }
}

/// What the user pool says of a refresh token that will never work again. Anything else may pass.
const ENDED: [&str; 6] = [
    "NotAuthorizedException",
    "TokenRevokedException",
    "RefreshTokenReuseException",
    "UserNotFoundException",
    "PasswordResetRequiredException",
    "UserNotConfirmedException",
];

fn ended(wanted: bool) -> (Session, Vec<Effect>) {
    let (session, mut effects) = signed_out(Some(Fault::SessionEnded));
    if wanted {
        effects.push(Effect::Keys(Err(Fault::SessionEnded)));
    }
    (session, effects)
}

impl Active {
    fn grant(&self) -> Grant {
        Grant { keys: self.keys.clone(), skew: self.account.skew, role: self.account.id.role_name() }
    }
}

/// Whether something that expires at `expires` by AWS's clock still has [`MARGIN`] to live.
fn now_is_before(skew: Skew, now: UnixMillis, expires: UnixMillis) -> bool {
    skew.correct(now).plus(MARGIN) < expires
}

fn unexpected(service: Service, what: &str) -> Fault {
    Fault::Unexpected { service, what: what.to_owned() }
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html#API_InitiateAuth_Errors>
fn sign_in_fault(error: CognitoError) -> Fault {
    let error: ServiceError = match error {
        CognitoError::Service(error) => error,
        other => return unexpected(Service::UserPool, &other.to_string()),
    };
    match error.code.as_str() {
        "NotAuthorizedException" if error.message.contains("attempts exceeded") => Fault::TooManyAttempts,
        // One sentence for both, or the form would tell which usernames exist.
        "NotAuthorizedException" if error.message.contains("ncorrect username or password") => Fault::WrongPassword,
        "UserNotFoundException" => Fault::WrongPassword,
        "LimitExceededException" | "TooManyFailedAttemptsException" => Fault::TooManyAttempts,
        "PasswordResetRequiredException" => Fault::PasswordResetRequired,
        "UserNotConfirmedException" => Fault::NotConfirmed,
        _ => error.fault(Service::UserPool),
    }
}

fn pool(config: &Config) -> &crate::config::UserPool {
    config.user_pool.as_ref().expect("every configuration has one so far")
}

#[cfg(test)]
mod tests;
