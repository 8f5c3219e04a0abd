//! The hosted UI and other providers' pages: leaving for them and coming back.

use super::keep::{ATTEMPT, attempt_key};
use super::{Call, Outcome, SignIn, Stage};
use crate::core::config::HostedUi;
use crate::core::env::{Effect, Env, Screen};
use crate::core::fault::{Busy, Fault, Service};
use crate::core::question::Question;
use signet_cognito::hosted_ui::{self, Attempt, Callback, OauthTokens};
use signet_cognito::http::Response;
use signet_cognito::{CognitoError, Secret};

/// How long an attempt at the hosted UI may take, in milliseconds: people may create an account there.
const LONGEST_ATTEMPT: i64 = 60 * 60_000;
impl SignIn {
    /// Deletes attempts at the hosted UI that are older than an hour.
    pub fn forget_old_attempts(env: &mut Env<'_>) {
        let old = |kept: &Secret| {
            let attempt = Attempt::from_json(kept.expose().as_bytes());
            attempt.is_none_or(|attempt| attempt.started.plus(LONGEST_ATTEMPT) < env.now)
        };
        for name in env.memory.names(ATTEMPT, old) {
            env.forget(&name);
        }
    }

    /// Handles the redirect back from the hosted UI or a provider.
    pub fn come_back(env: &mut Env<'_>, query: &str) -> Self {
        let mut sign_in = Self::default();
        if let Err(fault) = sign_in.exchange(env, query) {
            sign_in.start_again(env, Some(fault));
        }
        sign_in
    }

    fn exchange(&mut self, env: &mut Env<'_>, query: &str) -> Result<(), Fault> {
        let Callback { state, outcome } = Callback::parse(query).ok_or(Fault::UnknownCallback)?;
        let key = attempt_key(&state);
        let attempt = env.memory.get(&key).and_then(|kept| Attempt::from_json(kept.expose().as_bytes()));
        // An attempt is valid for one return, whatever the result.
        env.forget(&key);
        let (attempt, ui) = attempt.zip(env.config.hosted_ui.as_ref()).ok_or(Fault::UnknownCallback)?;
        let code = outcome.map_err(|error| Fault::Denied { error: error.error, description: error.description })?;
        let request = hosted_ui::exchange(&ui.api, &attempt, &code);
        self.send(env, request, Call::Exchange(attempt), Question::sign_in(), Busy::SigningIn);
        Ok(())
    }

    pub(super) fn leave(&mut self, env: &mut Env<'_>, index: usize, question: Question) {
        let ui = env.config.hosted_ui.as_ref();
        let Some((ui, provider)) = ui.and_then(|ui| Some((ui, ui.providers.get(index)?))) else {
            return self.ask_again(env, question, None);
        };
        match hosted_ui::redirect_uri(&ui.api, env.page) {
            Ok(redirect_uri) => {
                let attempt = Attempt::new(&env.random.bytes(), redirect_uri, env.now);
                let url = hosted_ui::authorize_url(&ui.api, &provider.provider, &attempt);
                env.remember(attempt_key(&attempt.state), Secret::from_utf8(attempt.to_json().to_vec()));
                env.show(Screen::Busy(Busy::Leaving));
                env.effects.push(Effect::Leave(url));
                self.stage = Stage::Leaving;
            }
            Err(mismatch) => self.ask_again(env, question, Some(Fault::Redirect(mismatch))),
        }
    }

    pub(super) fn exchanged(&mut self, env: &mut Env<'_>, attempt: &Attempt, response: Response) -> Option<Outcome> {
        let ui: &HostedUi = env.config.hosted_ui.as_ref()?;
        let fault = match hosted_ui::read_exchange(response) {
            // The token was issued just now, whatever this machine's clock says.
            Ok(tokens) => match hosted_ui::verify(&ui.api, attempt, &tokens.id, tokens.id.issued) {
                Ok(()) => {
                    let OauthTokens { id, refresh, .. } = tokens;
                    return Some(Outcome::Tokens { id, refresh, device_key: None, hosted: true });
                }
                Err(fault) => Fault::WrongToken(fault),
            },
            Err(CognitoError::Service(error)) => Fault::from_service_error(Service::HostedUi, &error),
            Err(other) => Fault::Unexpected { service: Service::HostedUi, what: other.to_string() },
        };
        self.start_again(env, Some(fault));
        None
    }
}
