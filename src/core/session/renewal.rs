//! Fetches tokens, an identity and keys for somebody who is signed in.

use signet_cognito::http::{NoAnswer, Request, Response};
use signet_cognito::{
    self as cognito, AuthReply, CognitoError, IdentityId, Keys, Secret, Skew, UnixMillis, get_credentials_for_identity,
    get_id, get_open_id_token, get_tokens_from_refresh_token, hosted_ui, sts,
};

use super::{Account, Active, Effect, Env, Record, Session, guest_key};
use crate::core::config::Config;
use crate::core::fault::{Fault, Service};
use crate::core::foreign;
use crate::core::record::Proof;
use crate::core::sign_in::{SignIn, user_pool_fault};

/// Keys and tokens are renewed this long before they expire, in milliseconds: a signature must still be valid when it arrives.
pub(super) const MARGIN: i64 = 60_000;

/// A request for tokens, an identity or keys under way.
#[derive(Debug)]
pub struct Renewing {
    pub(super) account: Account,
    pub(super) step: Step,
    pub(super) how: Renewal,
}

/// How keys are fetched.
#[allow(clippy::struct_excessive_bools)] // Four independent facts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Renewal {
    /// Whether this is the end of a sign-in, so that a failure appears on the sign-in form.
    pub(super) first: bool,
    /// Whether the chat waits for the keys.
    pub(super) wanted: bool,
    pub(super) refresh: Refresh,
    /// Whether the identity is new. If the pool does not know a new one, we do not ask for another.
    pub(super) new_identity: bool,
    /// Whether the identity is a guest's and will be linked to the person who signed in.
    pub(super) linking: bool,
}

/// Whether the tokens are refreshed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Refresh {
    /// If they are about to expire.
    #[default]
    IfStale,
    /// Always.
    Now,
    /// Never: they are new.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Refresh,
    GetId,
    GetCredentials,
    GetOpenIdToken,
    AssumeRole,
}

impl Account {
    /// The request for new tokens; `None` if there is no refresh token or address.
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
            Proof::Foreign(_) => config.token_url.as_deref().map(foreign::request),
            Proof::Guest => None,
        }
    }

    /// Starts at the first step that is needed: tokens, identity or keys.
    pub(super) fn renew(self, env: &mut Env<'_>, how: Renewal) -> Session {
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

impl Renewing {
    pub(super) fn replied(self, env: &mut Env<'_>, reply: Result<Response, NoAnswer>) -> Session {
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
            Proof::Foreign(known) => match foreign::read(response, now) {
                Ok(fresh) => {
                    // Somebody else may be signed in at that address by now.
                    if fresh.identity_id.is_some() || fresh.username != known.username {
                        self.account.identity = fresh.identity_id.clone().map(IdentityId);
                    }
                    *known = fresh;
                    Ok(None)
                }
                Err(Fault::Denied { .. }) => return self.account.ended(env, self.how.wanted),
                Err(fault) => return self.failed(env, fault),
            },
            Proof::Tokens { .. } | Proof::Guest if service == Service::UserPool => match cognito::read_auth(response) {
                Ok(AuthReply::Tokens(tokens)) => Ok(Some((tokens.id, tokens.refresh))),
                // A pool that answers a refresh with a challenge needs the person.
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

    /// The second half of the basic flow: STS.
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
        // The guest's identity was linked and may have changed. The guest no longer exists.
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
            // The person already has an identity, or the guest's was deleted.
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
            // The token has expired by AWS's clock, though not by ours.
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

    /// A temporary failure leaves the person signed in, and the next question asks for keys again. Another failure at the end of a sign-in shows the
    /// form.
    fn failed(mut self, env: &mut Env<'_>, fault: Fault) -> Session {
        if self.how.first && may_pass(&fault) {
            if self.how.linking {
                // We do not know whether the guest's identity was linked; the pool knows the person's.
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

/// Error codes of refresh tokens that will never work again. Other errors are temporary.
pub(super) const ENDED: [&str; 7] = [
    "NotAuthorizedException",
    "TokenRevokedException",
    "RefreshTokenReuseException",
    "UserNotFoundException",
    "PasswordResetRequiredException",
    "UserNotConfirmedException",
    "invalid_grant",
];

/// Whether more than [`MARGIN`] is left until `expires`, by AWS's clock.
pub(super) fn is_fresh(skew: Skew, now: UnixMillis, expires: UnixMillis) -> bool {
    skew.correct(now).plus(MARGIN) < expires
}
