//! Passkeys (Web Authentication).

use super::{SignIn, Stage};
use crate::core::env::{Effect, Env};
use crate::core::question::Question;
use signet_cognito::http::Response;
use signet_cognito::{self as cognito, AuthReply};

impl SignIn {
    pub(super) fn ask_for_passkey(&mut self, env: &mut Env<'_>, question: Question) {
        let options = question.challenge.parameter("CREDENTIAL_REQUEST_OPTIONS").unwrap_or_default().to_owned();
        self.ask_again(env, question, None);
        env.effects.push(Effect::Passkey { form: self.form, options, autofill: false });
    }

    pub(super) fn autofilled(&mut self, env: &mut Env<'_>, response: Response, question: Question) {
        self.stage = Stage::Asking(question);
        let Ok(AuthReply::Challenge(challenge)) = cognito::read_auth(response) else { return };
        let options = challenge.parameter("CREDENTIAL_REQUEST_OPTIONS").map(str::to_owned);
        if let Some(options) = options.filter(|_| challenge.name == "WEB_AUTHN") {
            self.autofill = Some(challenge);
            env.effects.push(Effect::Passkey { form: self.form, options, autofill: true });
        }
    }
}
