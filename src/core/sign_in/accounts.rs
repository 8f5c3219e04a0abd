//! New accounts, forgotten passwords and new codes.

use super::answers::Answers;
use super::{Call, SignIn};
use crate::core::config::{UserPool, Username};
use crate::core::env::Env;
use crate::core::fault::Busy;
use crate::core::question::{FormField, Question, Step};
use signet_cognito::{self as cognito, Secret};

impl SignIn {
    pub(super) fn sign_up(&mut self, env: &mut Env<'_>, pool: &UserPool, answers: &Answers<'_>, question: Question) {
        self.username = answers.username(pool);
        let password = Secret::new(answers.raw(&FormField::NewPassword).to_owned());
        let attributes = answers.attributes();
        let mut attributes: Vec<(&str, &str)> =
            attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let is_email = self.username.contains('@');
        let also = match pool.username {
            Username::Email => Some("email"),
            Username::Phone => Some("phone_number"),
            Username::EmailOrPhone => Some(if is_email { "email" } else { "phone_number" }),
            Username::Any => None,
        };
        if let Some(also) = also.filter(|also| attributes.iter().all(|(name, _)| name != also)) {
            attributes.push((also, &self.username));
        }
        let request = cognito::sign_up(&pool.api, &self.username, Some(&password), &attributes);
        self.password = Some(password);
        self.send(env, request, Call::SignUp, question, Busy::Sending);
    }

    pub(super) fn forgot_password(&mut self, env: &mut Env<'_>, pool: &UserPool, question: Question) {
        let request = cognito::forgot_password(&pool.api, &self.username);
        self.send(env, request, Call::ForgotPassword, question, Busy::Sending);
    }

    pub(super) fn resend(&mut self, env: &mut Env<'_>, pool: &UserPool, question: Question) {
        match question.step {
            Step::ConfirmSignUp(_) => {
                let request = cognito::resend_confirmation_code(&pool.api, &self.username);
                self.send(env, request, Call::ResendConfirmationCode, question, Busy::Sending);
            }
            Step::ResetPassword(_) => self.forgot_password(env, pool, question),
            _ => {
                let name = question.challenge.name.clone();
                self.initiate(env, pool, None, Some(&name), None, question);
            }
        }
    }
}
