//! Cognito's challenges: the password, and the steps after it.

use super::keep::device_key;
use super::{Call, FIRST_FACTOR, Outcome, Proof, SignIn};
use crate::core::config::{AuthFlow, UserPool};
use crate::core::env::Env;
use crate::core::fault::{Busy, Fault, Service};
use crate::core::question::{CONFIRM_SIGN_UP, Question, Step};
use signet_cognito::http::{Response, ServiceError};
use signet_cognito::{
    self as cognito, AuthReply, Challenge, CognitoError, Ephemeral, Secret, SrpChallenge, UnixMillis,
};

impl SignIn {
    /// `InitiateAuth` in the configured flow. `session` comes from a sign-up that was just confirmed.
    pub(super) fn initiate(
        &mut self,
        env: &mut Env<'_>,
        pool: &UserPool,
        password: Option<Secret>,
        preferred: Option<&str>,
        session: Option<&Secret>,
        question: Question,
    ) {
        self.user.clone_from(&self.username);
        self.proved = false;
        self.device = self.known_device(env);
        let user = self.username.clone();
        let mut parameters = vec![("USERNAME", user.as_str())];
        let needs_srp = match pool.auth_flow {
            AuthFlow::UserSrpAuth | AuthFlow::CustomAuthWithSrp => true,
            AuthFlow::UserAuth => password.is_some() && preferred == Some("PASSWORD_SRP"),
            AuthFlow::UserPasswordAuth | AuthFlow::CustomAuth => false,
        };
        let ephemeral = if needs_srp { env.ephemeral() } else { None };
        let srp_a = ephemeral.as_ref().map(Ephemeral::srp_a).unwrap_or_default();
        if needs_srp {
            parameters.push(("SRP_A", &srp_a));
        }
        let flow = match pool.auth_flow {
            AuthFlow::UserSrpAuth => "USER_SRP_AUTH",
            AuthFlow::UserPasswordAuth => "USER_PASSWORD_AUTH",
            AuthFlow::CustomAuth => "CUSTOM_AUTH",
            AuthFlow::CustomAuthWithSrp => {
                parameters.push(("CHALLENGE_NAME", "SRP_A"));
                "CUSTOM_AUTH"
            }
            AuthFlow::UserAuth => {
                parameters.extend(preferred.map(|preferred| ("PREFERRED_CHALLENGE", preferred)));
                "USER_AUTH"
            }
        };
        let is_sent = pool.auth_flow == AuthFlow::UserPasswordAuth || preferred == Some("PASSWORD");
        if let Some(password) = password.as_ref().filter(|_| is_sent) {
            parameters.push(("PASSWORD", password.expose()));
        }
        if let Some(device) = &self.device {
            parameters.push(("DEVICE_KEY", &device.key));
        }
        let request = cognito::initiate_auth(&pool.api, flow, &parameters, session);
        let proof = match password {
            Some(password) if is_sent => Proof::Sent(password),
            Some(password) => Proof::Typed(password, ephemeral),
            None => Proof::Nothing,
        };
        self.send(env, request, Call::Auth(proof), question, Busy::SigningIn);
    }

    /// Signs in with the password that was just set, or with the session from confirming the account. Without either, it shows the form.
    pub(super) fn enter(&mut self, env: &mut Env<'_>, pool: &UserPool, session: Option<&Secret>) {
        let password = self.password.take();
        let is_choice = pool.auth_flow == AuthFlow::UserAuth;
        if password.is_none() && !(is_choice && session.is_some()) && pool.auth_flow != AuthFlow::CustomAuth {
            return self.start_again(env, None);
        }
        let preferred = if is_choice && session.is_none() { Some("PASSWORD_SRP") } else { None };
        self.initiate(env, pool, password, preferred, session.filter(|_| is_choice), Question::sign_in());
    }

    pub(super) fn authenticated(
        &mut self,
        env: &mut Env<'_>,
        pool: &UserPool,
        response: Response,
        proof: Proof,
        question: Question,
    ) -> Option<Outcome> {
        match cognito::read_auth(response) {
            Ok(AuthReply::Tokens(tokens)) => return self.signed_in(env, pool, tokens),
            Ok(AuthReply::Challenge(challenge)) => self.challenged(env, pool, challenge, proof, question),
            // The stored data of the device is wrong, and would be wrong the next time.
            Err(CognitoError::Service(error))
                if matches!(proof, Proof::Device(_) | Proof::DeviceSent)
                    && error.message.contains("ncorrect username or password") =>
            {
                env.forget(&device_key(pool, &self.username));
                self.device = None;
                self.start_again(env, Some(Fault::SignInExpired));
            }
            Err(error) => {
                let password = match proof {
                    Proof::Typed(password, _) | Proof::Sent(password) => Some(password),
                    Proof::Nothing | Proof::Device(_) | Proof::DeviceSent => None,
                };
                self.refused(env, error, password, question);
            }
        }
        None
    }

    /// `back` is the question to ask again if the pool refuses an answer that is sent from here without asking.
    fn challenged(&mut self, env: &mut Env<'_>, pool: &UserPool, challenge: Challenge, proof: Proof, back: Question) {
        let user = challenge.parameter("USER_ID_FOR_SRP").or_else(|| challenge.parameter("USERNAME"));
        if let Some(user) = user {
            user.clone_into(&mut self.user);
        }
        if matches!(proof, Proof::Sent(_)) && !FIRST_FACTOR.contains(&challenge.name.as_str()) {
            self.proved = true;
        }
        match (challenge.name.as_str(), proof) {
            ("PASSWORD_VERIFIER", Proof::Typed(password, Some(ephemeral))) => {
                self.claim(env, pool, &challenge, &ephemeral, Some(password), back);
            }
            ("DEVICE_SRP_AUTH", _) if self.device.is_some() => match env.ephemeral() {
                Some(ephemeral) => {
                    let srp_a = ephemeral.srp_a();
                    self.proved = true;
                    self.respond_to(env, pool, &challenge, &[("SRP_A", &srp_a)], Proof::Device(ephemeral), back);
                }
                None => self.start_again(env, Some(no_randomness())),
            },
            ("DEVICE_PASSWORD_VERIFIER", Proof::Device(ephemeral)) => {
                self.claim(env, pool, &challenge, &ephemeral, None, back);
            }
            ("PASSWORD_SRP" | "PASSWORD", Proof::Typed(password, _)) => {
                let question = Question { step: Step::Password, challenge };
                self.answer_with_password(env, pool, Some(password), question);
            }
            ("SELECT_CHALLENGE", Proof::Typed(password, _)) if password_of(&challenge).is_some() => {
                let name = password_of(&challenge).unwrap_or_default();
                self.answer_with_password(env, pool, Some(password), Question::password(challenge, name));
            }
            ("PASSWORD_VERIFIER" | "DEVICE_PASSWORD_VERIFIER", _) => {
                let what = "the steps of the sign-in came in another order".to_owned();
                self.start_again(env, Some(Fault::Unexpected { service: Service::UserPool, what }));
            }
            _ => match Question::new(challenge) {
                Ok(question) => self.asked(env, pool, question),
                Err(fault) => self.start_again(env, Some(fault)),
            },
        }
    }

    /// Asks the person to answer a challenge, unless there is nothing to choose.
    fn asked(&mut self, env: &mut Env<'_>, pool: &UserPool, question: Question) {
        match &question.step {
            Step::SelectChallenge(names) if names.len() == 1 => {
                let only = names.concat();
                self.select(env, pool, &only, question);
            }
            Step::Passkey => self.ask_for_passkey(env, question),
            _ if question.needs_secret_code() => self.associate(env, pool, question),
            _ => {
                self.sent = env.now;
                self.ask(env, question, None);
            }
        }
    }

    /// Proves the person's password, or the device's.
    fn claim(
        &mut self,
        env: &mut Env<'_>,
        pool: &UserPool,
        challenge: &Challenge,
        ephemeral: &Ephemeral,
        password: Option<Secret>,
        back: Question,
    ) {
        let timestamp = env.now.srp_timestamp();
        let field = |name| challenge.parameter(name).unwrap_or_default();
        let (pool_name, user_id, secret) = match (&password, &self.device) {
            (Some(password), _) => (pool.api.name(), self.user.as_str(), password),
            (None, Some(device)) => (device.group_key.as_str(), device.key.as_str(), &device.password),
            (None, None) => return,
        };
        let srp =
            SrpChallenge { user_id, salt: field("SALT"), srp_b: field("SRP_B"), secret_block: field("SECRET_BLOCK") };
        match ephemeral.password_claim_signature(pool_name, srp, secret.expose(), &timestamp) {
            Ok(signature) => {
                let responses = [
                    ("PASSWORD_CLAIM_SECRET_BLOCK", field("SECRET_BLOCK")),
                    ("PASSWORD_CLAIM_SIGNATURE", &signature),
                    ("TIMESTAMP", &timestamp),
                ];
                let proof = password.map_or(Proof::DeviceSent, Proof::Sent);
                self.respond_to(env, pool, challenge, &responses, proof, back);
            }
            Err(error) => {
                let fault = Fault::Unexpected { service: Service::UserPool, what: error.to_string() };
                self.start_again(env, Some(fault));
            }
        }
    }

    pub(super) fn answer_with_password(
        &mut self,
        env: &mut Env<'_>,
        pool: &UserPool,
        password: Option<Secret>,
        question: Question,
    ) {
        let Some(password) = password else { return self.ask(env, question, None) };
        // A wrong password ended the session, so the pool must start a new one.
        if question.challenge.session.is_none() {
            let name = question.challenge.name.clone();
            return self.initiate(env, pool, Some(password), Some(&name), None, question);
        }
        let answer = question.challenge.name.clone();
        let mut responses = if question.was_selected() { vec![("ANSWER", answer.as_str())] } else { vec![] };
        if answer == "PASSWORD_SRP" {
            let Some(ephemeral) = env.ephemeral() else { return self.start_again(env, Some(no_randomness())) };
            let srp_a = ephemeral.srp_a();
            responses.push(("SRP_A", &srp_a));
            self.respond(env, pool, &responses, Proof::Typed(password, Some(ephemeral)), question);
        } else {
            let sent = password.clone();
            responses.push(("PASSWORD", sent.expose()));
            self.respond(env, pool, &responses, Proof::Sent(password), question);
        }
    }

    /// Answers `SELECT_CHALLENGE`.
    pub(super) fn select(&mut self, env: &mut Env<'_>, pool: &UserPool, choice: &str, question: Question) {
        if choice.starts_with("PASSWORD") {
            return self.ask(env, Question::password(question.challenge, choice), None);
        }
        self.respond(env, pool, &[("ANSWER", choice)], Proof::Nothing, question);
    }

    /// `RespondToAuthChallenge` for the question, with the challenge's own parameters.
    pub(super) fn respond(
        &mut self,
        env: &mut Env<'_>,
        pool: &UserPool,
        particular: &[(&str, &str)],
        proof: Proof,
        question: Question,
    ) {
        let mut challenge = question.challenge.clone();
        if question.was_selected() {
            "SELECT_CHALLENGE".clone_into(&mut challenge.name);
        }
        self.respond_to(env, pool, &challenge, particular, proof, question);
    }

    pub(super) fn respond_to(
        &mut self,
        env: &mut Env<'_>,
        pool: &UserPool,
        challenge: &Challenge,
        particular: &[(&str, &str)],
        proof: Proof,
        back: Question,
    ) {
        let user = self.user.clone();
        let mut responses = vec![("USERNAME", user.as_str())];
        responses.extend_from_slice(particular);
        if let Some(device) = &self.device {
            responses.push(("DEVICE_KEY", &device.key));
        }
        let session = challenge.session.as_ref();
        let request = cognito::respond_to_auth_challenge(&pool.api, &challenge.name, session, &responses);
        self.send(env, request, Call::Auth(proof), back, Busy::Checking);
    }

    pub(super) fn associate(&mut self, env: &mut Env<'_>, pool: &UserPool, question: Question) {
        let request = cognito::associate_software_token(&pool.api, &session_of(&question.challenge));
        self.send(env, request, Call::AssociateSoftwareToken, question, Busy::Checking);
    }

    /// Handles a refusal by the user pool: it leads to another step, to an error on the form, or to the end of this sign-in.
    pub(super) fn refused(
        &mut self,
        env: &mut Env<'_>,
        error: CognitoError,
        password: Option<Secret>,
        mut question: Question,
    ) {
        let error: ServiceError = match error {
            CognitoError::Service(error) => error,
            other => {
                let fault = Fault::Unexpected { service: Service::UserPool, what: other.to_string() };
                return self.ask_again(env, question, Some(fault));
            }
        };
        let Some(pool) = env.config.user_pool.as_ref() else { return };
        let said = |part: &str| error.message.contains(part);
        let fault = match error.code.as_str() {
            "UserNotConfirmedException" => {
                self.password = password.or(self.password.take());
                // The code was sent when the account was created, so another can be requested at once.
                self.sent = UnixMillis::default();
                return match Question::new(Question::own(CONFIRM_SIGN_UP, &[])) {
                    Ok(question) => self.ask(env, question, None),
                    Err(fault) => self.start_again(env, Some(fault)),
                };
            }
            "PasswordResetRequiredException" => return self.forgot_password(env, pool, question),
            // Already confirmed: a reply was lost, or the person opened the link.
            "NotAuthorizedException" if said("Current status is CONFIRMED") => return self.enter(env, pool, None),
            "InvalidParameterException" if said("already confirmed") => return self.enter(env, pool, None),
            "ResourceNotFoundException" if self.device.is_some() && said("evice") => {
                env.forget(&device_key(pool, &self.username));
                self.device = None;
                // Starts again without the device, unless that needs a password that is no longer in memory.
                let is_without = matches!(pool.auth_flow, AuthFlow::CustomAuth | AuthFlow::UserAuth);
                if password.is_none() && !is_without {
                    return self.start_again(env, Some(Fault::SignInExpired));
                }
                let preferred = pool.preferred_challenge.as_deref();
                let preferred = preferred.filter(|name| password.is_some() || !name.starts_with("PASSWORD"));
                return self.initiate(env, pool, password, preferred, None, Question::sign_in());
            }
            "NotAuthorizedException" if said("nvalid session") || said("session is expired") || said("used once") => {
                return self.start_again(env, Some(Fault::SignInExpired));
            }
            _ => user_pool_fault(&error),
        };
        if fault == Fault::WrongPassword && question.step == Step::ForgotPassword {
            return self.ask_again(env, question, Some(Fault::UnknownUser));
        }
        if fault == Fault::WrongPassword && !question.takes_password() {
            // The challenge has no password: the wrong answer has used up its session.
            return self.start_again(env, Some(Fault::WrongAnswer));
        }
        if matches!(question.step, Step::Password | Step::Passkey) {
            // The wrong answer has used up the session, also for a reload.
            question.challenge.session = None;
            self.keep(env, &question);
        }
        self.ask_again(env, question, Some(fault));
    }
}

pub(super) fn session_of(challenge: &Challenge) -> Secret {
    challenge.session.clone().unwrap_or_else(|| Secret::new(String::new()))
}

fn no_randomness() -> Fault {
    Fault::Unexpected { service: Service::UserPool, what: cognito::SrpError::Randomness.to_string() }
}

/// The name of the password's challenge, if `SELECT_CHALLENGE` offers one.
fn password_of(challenge: &Challenge) -> Option<&'static str> {
    ["PASSWORD_SRP", "PASSWORD"].into_iter().find(|name| challenge.available.iter().any(|other| other == name))
}

/// The fault that a user pool's refusal stands for.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html#API_InitiateAuth_Errors>
pub fn user_pool_fault(error: &ServiceError) -> Fault {
    let said = |part: &str| error.message.contains(part);
    match error.code.as_str() {
        "NotAuthorizedException" if said("attempts exceeded") => Fault::TooManyAttempts,
        // Both get the same fault, or the form would reveal which usernames exist.
        "NotAuthorizedException" if said("ncorrect username or password") => Fault::WrongPassword,
        "UserNotFoundException" => Fault::WrongPassword,
        "NotAuthorizedException" if said("disabled") => Fault::Disabled,
        "NotAuthorizedException" if said("emporary password has expired") => Fault::TemporaryPasswordExpired,
        "LimitExceededException" | "TooManyFailedAttemptsException" => Fault::TooManyAttempts,
        _ if said("SECRET_HASH") || said("secret hash") => Fault::ClientSecret,
        _ => Fault::from_service_error(Service::UserPool, error),
    }
}
