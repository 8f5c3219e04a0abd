//! From the first form to tokens: each of Cognito's challenges, signing up, a forgotten password, the hosted UI.
//!
//! ```text
//!             ┌──────────── a challenge, or a refusal that can be mended ───────────┐
//!             ▼                                                                     │
//! Asking(question) ── Submit, Press, Passkey ──► Awaiting(call, the question) ── reply ──► Outcome
//!             └── Press of a provider ──► Leaving, for a page of somebody else's
//! ```
//!
//! What is asked is a [`Question`]; `question.rs` has them all. At most one request is under way, and a form is answered once.

mod answers;
mod keep;
mod question;
#[cfg(test)]
mod tests;

pub use answers::checks;
pub use keep::{Device, Pending};
pub use question::{Action, Input, Question, Step, by_link};

use answers::{Answers, wrong_field};
use keep::{ATTEMPT, USERNAME, attempt_key, device_key};
use question::{CONFIRM_SIGN_UP, FORGOT_PASSWORD, REMEMBER_DEVICE, RESET_PASSWORD, SIGN_IN, SIGN_UP};

use crate::core::config::{AuthFlow, HostedUi, UserPool, Username};
use crate::core::fault::{Busy, Fault, Service};
use crate::core::session::{Asked, Effect, Env, Record, Screen};
use crate::protocol::{FormId, PasskeyOutcome};
use crate::text::contains;
use signet_cognito::{
    self as cognito, AuthReply, Challenge, CognitoError, DeviceSecret, Ephemeral, IdToken, Secret, SrpChallenge,
    Tokens, UnixMillis, hosted_ui,
    hosted_ui::{Attempt, Callback, OauthTokens},
    http::{NoAnswer, Request, Response, ServiceError},
};

/// A challenge is not taken up again after this, in milliseconds: the longest `AuthSessionValidity` is 15 minutes. Before that the user pool says
/// when a session has expired, since a client does not know how long its pool waits.
const LONGEST_SESSION: i64 = 15 * 60_000;
/// Codes for a new account are good for a day.
const LONGEST_CODE: i64 = 24 * 60 * 60_000;
/// An attempt at the hosted UI may take an hour: a new account may be made there.
const LONGEST_ATTEMPT: i64 = 60 * 60_000;
/// Seconds until another code can be asked for.
const RESEND: i64 = 30;

/// A sign-in on its way.
#[derive(Debug)]
pub struct SignIn {
    /// As typed; kept when something fails.
    username: String,
    /// What the user pool calls them in its challenges.
    user: String,
    form: FormId,
    /// What the form on the screen asks.
    shown: Step,
    /// When a code was last sent.
    sent: UnixMillis,
    /// Whether a first factor was proved.
    proved: bool,
    /// Kept from signing up until the account is confirmed, so that it need not be typed again.
    password: Option<Secret>,
    device: Option<Device>,
    /// The passkey that the username's autofill may offer.
    autofill: Option<Challenge>,
    /// Kept while the person is asked whether to remember the device.
    tokens: Option<Tokens>,
    stage: Stage,
}

#[allow(clippy::large_enum_variant)] // There is one.
#[derive(Debug)]
enum Stage {
    Asking(Question),
    Awaiting(Call, Question),
    Leaving,
}

/// What a reply is awaited to, and what it needs.
#[derive(Debug)]
enum Call {
    /// `InitiateAuth` or `RespondToAuthChallenge`.
    Auth(Proof),
    /// `InitiateAuth` for a passkey that nobody has asked for; the form stays usable.
    Autofill,
    AssociateSoftwareToken,
    VerifySoftwareToken,
    SignUp,
    ConfirmSignUp,
    ResendConfirmationCode,
    ForgotPassword,
    ConfirmForgotPassword(Secret),
    ConfirmDevice(Tokens, Device),
    UpdateDeviceStatus(Tokens),
    /// The code that the hosted UI sent.
    Exchange(Attempt),
    TokenUrl,
}

/// Challenges that come before the password, or another first factor, is proved.
const FIRST_FACTOR: [&str; 4] = ["SELECT_CHALLENGE", "PASSWORD", "PASSWORD_SRP", "PASSWORD_VERIFIER"];

/// What the reply to a request of the sign-in may need.
#[derive(Debug)]
enum Proof {
    Nothing,
    /// The password is still to be proved.
    Typed(Secret, Option<Ephemeral>),
    /// The password was proved or sent; it is needed once more if the account is not confirmed yet.
    Sent(Secret),
    /// The device's password is to be proved.
    Device(Ephemeral),
    /// The device's password was proved.
    DeviceSent,
}

/// How a sign-in ended well.
#[derive(Debug)]
pub enum Outcome {
    /// The person is known to the user pool or to a provider.
    Tokens {
        /// Who.
        id: IdToken,
        /// Buys new tokens.
        refresh: Option<Secret>,
        /// The device that the refresh token belongs to.
        device_key: Option<String>,
        /// Whether they came from the hosted UI, which has a session of its own.
        hosted: bool,
    },
    /// A token of another kind, by [`crate::core::config::Config::token_url`].
    Foreign(Foreign),
    /// Nobody, who may go on all the same.
    Guest,
}

/// What the configured address says of who is signed in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The key of `Logins`, where the address says one.
    pub key: Option<String>,
    /// The token: an ID token, a SAML assertion, an access token, or one of `GetOpenIdTokenForDeveloperIdentity`.
    pub token: Secret,
    /// The identity that goes with a developer's token.
    pub identity_id: Option<String>,
    /// How the person is called.
    pub username: String,
    /// When the token stops being good, by this machine's clock.
    pub expires: Option<UnixMillis>,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            username: String::new(),
            user: String::new(),
            form: FormId(0),
            shown: Step::SignIn,
            sent: UnixMillis::default(),
            proved: false,
            password: None,
            device: None,
            autofill: None,
            tokens: None,
            stage: Stage::Asking(Question::sign_in()),
        }
    }
}

impl SignIn {
    /// Forgets attempts at the hosted UI that nobody came back from for an hour.
    pub fn forget_old_attempts(env: &mut Env<'_>) {
        let old = |kept: &Secret| {
            let attempt = Attempt::from_json(kept.expose().as_bytes());
            attempt.is_none_or(|attempt| attempt.started.plus(LONGEST_ATTEMPT) < env.now)
        };
        for name in env.memory.names(ATTEMPT, old) {
            env.forget(&name);
        }
    }

    /// The first form, with the reason if there is one. `username` may be empty.
    pub fn begin(env: &mut Env<'_>, mut username: String, fault: Option<Fault>) -> Self {
        if let Some(last) = env.memory.get(USERNAME).filter(|_| username.is_empty()) {
            last.expose().clone_into(&mut username);
        }
        let mut sign_in = Self { username, ..Self::default() };
        sign_in.start_again(env, fault);
        sign_in
    }

    /// The first form, of somebody who has signed out and leaves for the hosted UI's own sign-out.
    pub fn leave_for_good(env: &mut Env<'_>) -> Self {
        let mut sign_in = Self::default();
        sign_in.ask(env, Question::sign_in(), None);
        env.show(Screen::Busy(Busy::Leaving));
        sign_in.stage = Stage::Leaving;
        sign_in
    }

    /// Where a reload interrupted it.
    pub fn restore(env: &mut Env<'_>, mut pending: Pending) -> Self {
        let older_than = |millis| pending.asked.plus(millis) < env.now;
        // A new account's session saves typing the password; its code is good for longer.
        if pending.challenge.name == CONFIRM_SIGN_UP && older_than(LONGEST_SESSION) {
            pending.challenge.session = None;
        }
        let longest = if pending.challenge.session.is_some() { LONGEST_SESSION } else { LONGEST_CODE };
        let expired = pending.asked.plus(longest) < env.now;
        let mut sign_in = Self {
            username: pending.username,
            user: pending.user,
            sent: pending.sent,
            proved: pending.proved,
            ..Self::default()
        };
        sign_in.device = sign_in.known_device(env);
        match Question::new(pending.challenge) {
            Ok(question) if !expired => match &env.config.user_pool {
                Some(pool) if question.needs_secret_code() => sign_in.associate(env, pool, question),
                _ => sign_in.ask(env, question, None),
            },
            _ => sign_in.start_again(env, expired.then_some(Fault::SignInExpired)),
        }
        sign_in
    }

    /// Where the hosted UI, or a provider, sent the person back to.
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
        // Good for one return, whatever comes of it.
        env.forget(&key);
        let (attempt, ui) = attempt.zip(env.config.hosted_ui.as_ref()).ok_or(Fault::UnknownCallback)?;
        let code = outcome.map_err(|error| Fault::Denied { error: error.error, description: error.description })?;
        let request = hosted_ui::exchange(&ui.api, &attempt, &code);
        self.send(env, request, Call::Exchange(attempt), Question::sign_in(), Busy::SigningIn);
        Ok(())
    }

    /// A form was sent with these values.
    pub fn submit(&mut self, env: &mut Env<'_>, form: FormId, values: &[Secret]) {
        let Some(question) = self.take_question(form) else { return };
        let inputs = question.step.inputs(env.config);
        let pool = env.config.user_pool.as_ref();
        if inputs.is_empty() && question.step != Step::Passkey {
            // The form of index.html, sent before it was known that nothing is typed here.
            return self.ask_again(env, question, None);
        }
        if let Some(pool) = pool.filter(|_| question.needs_secret_code()) {
            // Asking for it failed the first time; there is nothing to type a code of.
            return self.associate(env, pool, question);
        }
        if let Some(fault) = pool.and_then(|pool| wrong_field(pool, &inputs, values)) {
            return self.ask_again(env, question, Some(fault));
        }
        let Some(pool) = pool else { return self.ask_again(env, question, None) };
        let answers = Answers { inputs: &inputs, values };
        self.autofill = None;
        self.answer(env, pool, question, &answers);
    }

    fn answer(&mut self, env: &mut Env<'_>, pool: &UserPool, question: Question, answers: &Answers<'_>) {
        let step = question.step.clone();
        match step {
            Step::SignIn => {
                self.username = answers.username(pool);
                let password = answers.secret(&Input::Password);
                self.initiate(env, pool, password, pool.preferred_challenge.as_deref(), None, question);
            }
            Step::Password => self.answer_with_password(env, pool, answers.secret(&Input::Password), question),
            Step::SelectChallenge(_) => {
                let choice = answers.choice();
                self.select(env, pool, &choice, question);
            }
            Step::Code(_) => {
                let name = [question.challenge.name.as_str(), "_CODE"].concat();
                self.respond(env, pool, &[(&name, answers.code().expose())], Proof::Nothing, question);
            }
            Step::SelectMfaType(_) => {
                self.respond(env, pool, &[("ANSWER", &answers.choice())], Proof::Nothing, question);
            }
            Step::SelectMfaSetup(_) if answers.choice() == "EMAIL_OTP" => {
                self.ask(env, Question { step: Step::SetUpEmail, ..question }, None);
            }
            Step::SelectMfaSetup(_) => self.associate(env, pool, question),
            Step::SetUpTotp => {
                let session = session_of(&question.challenge);
                let request = cognito::verify_software_token(&pool.api, &session, answers.code().expose(), None);
                self.send(env, request, Call::VerifySoftwareToken, question, Busy::Checking);
            }
            Step::SetUpEmail => {
                self.respond(env, pool, &[("EMAIL", answers.text(&Input::Email))], Proof::Nothing, question);
            }
            Step::NewPassword(_) => {
                let attributes = answers.attributes();
                let named: Vec<(String, &str)> = attributes
                    .iter()
                    .map(|(name, value)| (["userAttributes.", name].concat(), value.as_str()))
                    .collect();
                let mut responses = vec![("NEW_PASSWORD", answers.raw(&Input::NewPassword))];
                responses.extend(named.iter().map(|(name, value)| (name.as_str(), *value)));
                self.respond(env, pool, &responses, Proof::Nothing, question);
            }
            Step::Custom(_) => {
                self.respond(env, pool, &[("ANSWER", answers.raw(&Input::Answer))], Proof::Nothing, question);
            }
            // As with a wrong password.
            Step::Passkey if question.challenge.session.is_none() => {
                self.initiate(env, pool, None, Some("WEB_AUTHN"), None, question);
            }
            Step::Passkey => self.ask_for_passkey(env, question),
            Step::SignUp => self.sign_up(env, pool, answers, question),
            Step::ConfirmSignUp(_) if by_link(env.config) => self.enter(env, pool, None),
            Step::ConfirmSignUp(_) => {
                let session = question.challenge.session.as_ref();
                let request = cognito::confirm_sign_up(&pool.api, &self.username, answers.code().expose(), session);
                self.send(env, request, Call::ConfirmSignUp, question, Busy::Checking);
            }
            Step::ForgotPassword => {
                self.username = answers.username(pool);
                self.forgot_password(env, pool, question);
            }
            Step::ResetPassword(_) => {
                let password = Secret::new(answers.raw(&Input::NewPassword).to_owned());
                let code = answers.code();
                let request = cognito::confirm_forgot_password(&pool.api, &self.username, code.expose(), &password);
                self.send(env, request, Call::ConfirmForgotPassword(password), question, Busy::Checking);
            }
            Step::RememberDevice => {
                let Some((tokens, device)) = self.tokens.take().zip(self.device.clone()) else {
                    return self.start_again(env, Some(Fault::SignInExpired));
                };
                let remembered = answers.choice() == "yes";
                let request = cognito::update_device_status(&pool.api, &tokens.access, &device.key, remembered);
                self.send(env, request, Call::UpdateDeviceStatus(tokens), question, Busy::SigningIn);
            }
        }
    }

    /// Another button than the one that sends the form.
    pub fn press(&mut self, env: &mut Env<'_>, form: FormId, button: u8, values: &[Secret]) -> Option<Outcome> {
        let question = self.take_question(form)?;
        let actions = question.step.actions(env.config, !self.proved);
        let inputs = question.step.inputs(env.config);
        let answers = Answers { inputs: &inputs, values };
        let typed = answers.text(&Input::Username);
        if !typed.is_empty() {
            typed.clone_into(&mut self.username);
        }
        let pool = env.config.user_pool.as_ref();
        match (actions.get(usize::from(button)).copied(), pool) {
            (Some(Action::Provider(index)), _) => self.leave(env, index, question),
            (Some(Action::TokenUrl), _) => match &env.config.token_url {
                Some(url) => {
                    let request = crate::core::foreign::request(url);
                    self.send(env, request, Call::TokenUrl, question, Busy::SigningIn);
                }
                None => self.ask_again(env, question, None),
            },
            (Some(Action::Guest), _) => {
                env.show(Screen::Busy(Busy::SigningIn));
                return Some(Outcome::Guest);
            }
            (Some(Action::SignUp), _) => self.ask_new(env, Question::own(SIGN_UP, &[])),
            (Some(Action::ForgotPassword), _) => self.ask_new(env, Question::own(FORGOT_PASSWORD, &[])),
            (Some(Action::Resend), Some(pool)) => self.resend(env, pool, question),
            (Some(Action::AnotherWay), Some(pool)) => self.initiate(env, pool, None, None, None, question),
            (Some(Action::StartAgain), _) => self.start_again(env, None),
            // The page waits for a word, whatever it pressed.
            _ => self.ask_again(env, question, None),
        }
        None
    }

    /// How the browser's question for a passkey ended.
    pub fn passkey(&mut self, env: &mut Env<'_>, form: FormId, outcome: PasskeyOutcome, credential: &str) {
        let Some(question) = self.take_question(form) else { return };
        let pool = env.config.user_pool.as_ref();
        let by_autofill = self.autofill.take();
        match (outcome, pool, by_autofill) {
            (PasskeyOutcome::Done, Some(pool), Some(challenge)) if question.step == Step::SignIn => {
                self.respond_to(env, pool, &challenge, &[("CREDENTIAL", credential)], Proof::Nothing, question);
            }
            (PasskeyOutcome::Done, Some(pool), _) if question.step == Step::Passkey => {
                self.respond(env, pool, &[("CREDENTIAL", credential)], Proof::Nothing, question);
            }
            (PasskeyOutcome::Refused, ..) if question.step == Step::Passkey => {
                self.ask_again(env, question, Some(Fault::PasskeyRefused));
            }
            (PasskeyOutcome::Unsupported, ..) if question.step == Step::Passkey => {
                self.ask_again(env, question, Some(Fault::PasskeyUnsupported));
            }
            // Of an offer that a form was sent beside since: the page waits for a word all the same.
            (PasskeyOutcome::Done, ..) => self.ask_again(env, question, Some(Fault::PasskeyRefused)),
            (_, _, challenge) => {
                self.autofill = challenge;
                self.stage = Stage::Asking(question);
            }
        }
    }

    /// As typed.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Whether a reply is awaited that the person waits for.
    pub fn is_busy(&self) -> bool {
        matches!(&self.stage, Stage::Awaiting(call, _) if !matches!(call, Call::Autofill))
    }

    /// Whether a reply is awaited at all.
    pub fn waits(&self) -> bool {
        matches!(self.stage, Stage::Awaiting(..))
    }

    /// The page is shown again after it was left, or could not be left.
    pub fn shown_again(&mut self, env: &mut Env<'_>, fault: Option<Fault>) {
        if matches!(self.stage, Stage::Leaving) {
            self.start_again(env, fault);
        }
    }

    /// The reply to the last request.
    pub fn replied(&mut self, env: &mut Env<'_>, reply: Result<Response, NoAnswer>) -> Option<Outcome> {
        let (call, question) = match std::mem::replace(&mut self.stage, Stage::Leaving) {
            Stage::Awaiting(call, question) => (call, question),
            stage => {
                self.stage = stage;
                return None;
            }
        };
        let service = match call {
            Call::Exchange(_) | Call::TokenUrl => Service::HostedUi,
            _ => Service::UserPool,
        };
        match (reply, call) {
            (Ok(response), call) => self.read(env, response, call, question),
            // Nobody asked for it.
            (Err(_), Call::Autofill) => {
                self.stage = Stage::Asking(question);
                None
            }
            // The device is not remembered; the person is signed in all the same.
            (Err(_), Call::ConfirmDevice(tokens, _) | Call::UpdateDeviceStatus(tokens)) => Some(self.done(env, tokens)),
            (Err(no_answer), _) => {
                self.ask_again(env, question, Some(Fault::from_no_answer(service, no_answer)));
                None
            }
        }
    }

    fn read(&mut self, env: &mut Env<'_>, response: Response, call: Call, question: Question) -> Option<Outcome> {
        let pool = env.config.user_pool.as_ref();
        let read = match (call, pool) {
            (Call::Exchange(attempt), _) => return self.exchanged(env, &attempt, response),
            (Call::TokenUrl, _) => match crate::core::foreign::read(response, env.now) {
                Ok(foreign) => return Some(Outcome::Foreign(foreign)),
                Err(fault) => {
                    self.ask_again(env, question, Some(fault));
                    return None;
                }
            },
            (_, None) => {
                self.ask_again(env, question, None);
                return None;
            }
            (Call::Auth(proof), Some(pool)) => return self.authenticated(env, pool, response, proof, question),
            (Call::Autofill, Some(_)) => {
                self.autofilled(env, response, question);
                return None;
            }
            (Call::ConfirmDevice(tokens, device), Some(pool)) => {
                return self.device_confirmed(env, pool, response, tokens, device);
            }
            // Whatever came of it, the person is signed in.
            (Call::UpdateDeviceStatus(tokens), Some(_)) => return Some(self.done(env, tokens)),
            (Call::AssociateSoftwareToken, Some(_)) => cognito::read_associated(response).map(|(secret, session)| {
                let mut challenge = question.challenge.clone();
                challenge.session = Some(session);
                self.ask(env, Question::totp(challenge, secret.expose()), None);
            }),
            (Call::VerifySoftwareToken, Some(pool)) => cognito::read_verified(response).map(|session| {
                let mut question = question.clone();
                question.challenge.session = Some(session);
                self.respond(env, pool, &[], Proof::Nothing, question);
            }),
            (Call::SignUp, Some(pool)) => cognito::read_sign_up(response).map(|signed_up| {
                if signed_up.confirmed {
                    return self.enter(env, pool, signed_up.session.as_ref());
                }
                let mut challenge = Question::delivered(CONFIRM_SIGN_UP, signed_up.delivery.as_ref());
                challenge.session = signed_up.session;
                self.ask_new(env, challenge);
            }),
            (Call::ConfirmSignUp, Some(pool)) => cognito::read_session(response).map(|session| {
                self.enter(env, pool, session.as_ref());
            }),
            (Call::ResendConfirmationCode, Some(_)) => cognito::read_delivery(response).map(|delivery| {
                let mut challenge = Question::delivered(CONFIRM_SIGN_UP, delivery.as_ref());
                challenge.session.clone_from(&question.challenge.session);
                self.ask_new(env, challenge);
            }),
            (Call::ForgotPassword, Some(_)) => cognito::read_delivery(response).map(|delivery| {
                self.ask_new(env, Question::delivered(RESET_PASSWORD, delivery.as_ref()));
            }),
            (Call::ConfirmForgotPassword(password), Some(pool)) => cognito::read_done(response).map(|()| {
                self.password = Some(password);
                self.enter(env, pool, None);
            }),
        };
        if let Err(error) = read {
            self.refused(env, error, None, question);
        }
        None
    }

    // --- the password and what follows it -------------------------------------------------------------------------------------

    /// `InitiateAuth` in the configured flow. `session` is that of a sign-up just confirmed.
    fn initiate(
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

    /// Signs in with the password that was set a moment ago, or by the session that confirming the account gave; asks where there is neither.
    fn enter(&mut self, env: &mut Env<'_>, pool: &UserPool, session: Option<&Secret>) {
        let password = self.password.take();
        let is_choice = pool.auth_flow == AuthFlow::UserAuth;
        if password.is_none() && !(is_choice && session.is_some()) && pool.auth_flow != AuthFlow::CustomAuth {
            return self.start_again(env, None);
        }
        let preferred = if is_choice && session.is_none() { Some("PASSWORD_SRP") } else { None };
        self.initiate(env, pool, password, preferred, session.filter(|_| is_choice), Question::sign_in());
    }

    fn authenticated(
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
            // What this browser keeps of the device is wrong, and would be the next time.
            Err(CognitoError::Service(error))
                if matches!(proof, Proof::Device(_) | Proof::DeviceSent)
                    && contains(&error.message, "ncorrect username or password") =>
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

    /// `back` is what is asked again if the answer that is given here without asking is refused.
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

    /// A challenge that is the person's to answer, unless there is nothing to choose.
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

    fn answer_with_password(
        &mut self,
        env: &mut Env<'_>,
        pool: &UserPool,
        password: Option<Secret>,
        question: Question,
    ) {
        let Some(password) = password else { return self.ask(env, question, None) };
        // The session ended with a wrong password; the pool gives a new one.
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
    fn select(&mut self, env: &mut Env<'_>, pool: &UserPool, choice: &str, question: Question) {
        if choice.starts_with("PASSWORD") {
            return self.ask(env, Question::password(question.challenge, choice), None);
        }
        self.respond(env, pool, &[("ANSWER", choice)], Proof::Nothing, question);
    }

    /// `RespondToAuthChallenge` to the question, with what is particular to the challenge.
    fn respond(
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

    fn respond_to(
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

    fn associate(&mut self, env: &mut Env<'_>, pool: &UserPool, question: Question) {
        let request = cognito::associate_software_token(&pool.api, &session_of(&question.challenge));
        self.send(env, request, Call::AssociateSoftwareToken, question, Busy::Checking);
    }

    /// What the user pool says no to: a step of its own, a word about the form, or the end of this sign-in.
    fn refused(&mut self, env: &mut Env<'_>, error: CognitoError, password: Option<Secret>, mut question: Question) {
        let error: ServiceError = match error {
            CognitoError::Service(error) => error,
            other => {
                let fault = Fault::Unexpected { service: Service::UserPool, what: other.to_string() };
                return self.ask_again(env, question, Some(fault));
            }
        };
        let Some(pool) = env.config.user_pool.as_ref() else { return };
        let said = |part: &str| contains(&error.message, part);
        let fault = match error.code.as_str() {
            "UserNotConfirmedException" => {
                self.password = password.or(self.password.take());
                // The code was sent when the account was made, so another can be asked for at once.
                self.sent = UnixMillis::default();
                return match Question::new(Question::own(CONFIRM_SIGN_UP, &[])) {
                    Ok(question) => self.ask(env, question, None),
                    Err(fault) => self.start_again(env, Some(fault)),
                };
            }
            "PasswordResetRequiredException" => return self.forgot_password(env, pool, question),
            // Confirmed already: a reply that was lost, or a link that was followed.
            "NotAuthorizedException" if said("Current status is CONFIRMED") => return self.enter(env, pool, None),
            "InvalidParameterException" if said("already confirmed") => return self.enter(env, pool, None),
            "ResourceNotFoundException" if self.device.is_some() && said("evice") => {
                env.forget(&device_key(pool, &self.username));
                self.device = None;
                // Again without it, unless that takes a password that is gone by now.
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
            // Of a challenge without a password: it went with its session.
            return self.start_again(env, Some(Fault::WrongAnswer));
        }
        if matches!(question.step, Step::Password | Step::Passkey) {
            // The challenge went with the wrong answer, also for a reload.
            question.challenge.session = None;
            self.keep(env, &question);
        }
        self.ask_again(env, question, Some(fault));
    }

    // --- passkeys -------------------------------------------------------------------------------------------------------------

    fn ask_for_passkey(&mut self, env: &mut Env<'_>, question: Question) {
        let options = question.challenge.parameter("CREDENTIAL_REQUEST_OPTIONS").unwrap_or_default().to_owned();
        self.ask_again(env, question, None);
        env.effects.push(Effect::Passkey { form: self.form, options, autofill: false });
    }

    fn autofilled(&mut self, env: &mut Env<'_>, response: Response, question: Question) {
        self.stage = Stage::Asking(question);
        let Ok(AuthReply::Challenge(challenge)) = cognito::read_auth(response) else { return };
        let options = challenge.parameter("CREDENTIAL_REQUEST_OPTIONS").map(str::to_owned);
        if let Some(options) = options.filter(|_| challenge.name == "WEB_AUTHN") {
            self.autofill = Some(challenge);
            env.effects.push(Effect::Passkey { form: self.form, options, autofill: true });
        }
    }

    // --- accounts -------------------------------------------------------------------------------------------------------------

    fn sign_up(&mut self, env: &mut Env<'_>, pool: &UserPool, answers: &Answers<'_>, question: Question) {
        self.username = answers.username(pool);
        let password = Secret::new(answers.raw(&Input::NewPassword).to_owned());
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

    fn forgot_password(&mut self, env: &mut Env<'_>, pool: &UserPool, question: Question) {
        let request = cognito::forgot_password(&pool.api, &self.username);
        self.send(env, request, Call::ForgotPassword, question, Busy::Sending);
    }

    fn resend(&mut self, env: &mut Env<'_>, pool: &UserPool, question: Question) {
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

    // --- the hosted UI --------------------------------------------------------------------------------------------------------

    fn leave(&mut self, env: &mut Env<'_>, index: usize, question: Question) {
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

    fn exchanged(&mut self, env: &mut Env<'_>, attempt: &Attempt, response: Response) -> Option<Outcome> {
        let ui: &HostedUi = env.config.hosted_ui.as_ref()?;
        let fault = match hosted_ui::read_exchange(response) {
            // It was issued just now, whatever this machine's clock says.
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

    // --- tokens and devices ---------------------------------------------------------------------------------------------------

    fn signed_in(&mut self, env: &mut Env<'_>, pool: &UserPool, mut tokens: Tokens) -> Option<Outcome> {
        let Some(new) = tokens.new_device.take() else { return Some(self.done(env, tokens)) };
        let DeviceSecret { password, salt_base64, verifier_base64 } =
            cognito::device_verifier(&new.group_key, &new.key, &env.random.bytes());
        let device = Device { key: new.key, group_key: new.group_key, password };
        let request =
            cognito::confirm_device(&pool.api, &tokens.access, &device.key, "Signet", &salt_base64, &verifier_base64);
        self.send(env, request, Call::ConfirmDevice(tokens, device), Question::sign_in(), Busy::SigningIn);
        None
    }

    fn device_confirmed(
        &mut self,
        env: &mut Env<'_>,
        pool: &UserPool,
        response: Response,
        tokens: Tokens,
        device: Device,
    ) -> Option<Outcome> {
        // A device that is not confirmed costs a second factor next time, nothing now.
        let Ok(asks) = cognito::read_device_confirmed(response) else { return Some(self.done(env, tokens)) };
        env.remember(device_key(pool, &self.username), device.to_json());
        self.device = Some(device);
        if !asks {
            return Some(self.done(env, tokens));
        }
        self.tokens = Some(tokens);
        self.ask_new(env, Question::own(REMEMBER_DEVICE, &[]));
        None
    }

    fn done(&self, env: &mut Env<'_>, tokens: Tokens) -> Outcome {
        if env.config.user_pool.as_ref().is_some_and(|pool| pool.passkey_autofill) {
            env.remember(USERNAME.to_owned(), Secret::new(self.username.clone()));
        }
        let device_key = self.device.as_ref().map(|device| device.key.clone());
        Outcome::Tokens { id: tokens.id, refresh: tokens.refresh, device_key, hosted: false }
    }

    fn known_device(&self, env: &Env<'_>) -> Option<Device> {
        let key = device_key(env.config.user_pool.as_ref()?, &self.username);
        Device::from_json(env.memory.get(&key)?.expose())
    }

    // --- asking ---------------------------------------------------------------------------------------------------------------

    /// The question on the screen, to be answered; `None` if the form is another, or was answered before.
    fn take_question(&mut self, form: FormId) -> Option<Question> {
        // Before the worker has said anything, the form of index.html has the number zero.
        let is_current = form == self.form || form == FormId(0) && self.at_sign_in();
        match std::mem::replace(&mut self.stage, Stage::Leaving) {
            Stage::Asking(question) | Stage::Awaiting(Call::Autofill, question) if is_current => Some(question),
            stage => {
                self.stage = stage;
                None
            }
        }
    }

    fn at_sign_in(&self) -> bool {
        matches!(&self.stage, Stage::Asking(question) | Stage::Awaiting(_, question) if question.challenge.name == SIGN_IN)
    }

    fn send(&mut self, env: &mut Env<'_>, request: Request, call: Call, question: Question, busy: Busy) {
        self.stage = Stage::Awaiting(call, question);
        env.show(Screen::Busy(busy));
        env.effects.push(Effect::Send(request));
    }

    /// A new form.
    fn ask(&mut self, env: &mut Env<'_>, question: Question, fault: Option<Fault>) {
        self.form = env.next_form();
        self.keep(env, &question);
        self.show(env, question, fault);
    }

    /// Keeps the question over a reload if there is something to lose.
    fn keep(&self, env: &mut Env<'_>, question: &Question) {
        let goes_on_without_session =
            matches!(question.step, Step::Password | Step::Passkey | Step::ConfirmSignUp(_) | Step::ResetPassword(_));
        if question.challenge.session.is_some() || goes_on_without_session {
            env.effects.push(Effect::Save(Record::SignIn(Box::new(Pending {
                username: self.username.clone(),
                user: self.user.clone(),
                sent: self.sent,
                asked: env.now,
                proved: self.proved,
                challenge: question.challenge.clone(),
            }))));
        } else {
            env.effects.push(Effect::Forget);
        }
    }

    /// The form that is on the screen, with a word about it; a new one where it asks something else.
    fn ask_again(&mut self, env: &mut Env<'_>, question: Question, fault: Option<Fault>) {
        // Back from the hosted UI nothing was asked yet.
        if question.step == self.shown && self.form != FormId(0) {
            self.show(env, question, fault);
        } else {
            self.ask(env, question, fault);
        }
    }

    fn ask_new(&mut self, env: &mut Env<'_>, challenge: Challenge) {
        self.sent = env.now;
        match Question::new(challenge) {
            Ok(question) => self.ask(env, question, None),
            Err(fault) => self.start_again(env, Some(fault)),
        }
    }

    /// The first form, with the username that was typed.
    fn start_again(&mut self, env: &mut Env<'_>, fault: Option<Fault>) {
        self.password = None;
        self.tokens = None;
        self.proved = false;
        self.ask(env, Question::sign_in(), fault);
        let pool = env.config.user_pool.as_ref().filter(|pool| pool.passkey_autofill && !self.username.is_empty());
        if let Some(pool) = pool {
            let parameters = [("USERNAME", self.username.as_str()), ("PREFERRED_CHALLENGE", "WEB_AUTHN")];
            self.user.clone_from(&self.username);
            env.effects.push(Effect::Send(cognito::initiate_auth(&pool.api, "USER_AUTH", &parameters, None)));
            self.stage = Stage::Awaiting(Call::Autofill, Question::sign_in());
        }
    }

    fn show(&mut self, env: &mut Env<'_>, question: Question, fault: Option<Fault>) {
        self.shown.clone_from(&question.step);
        let waited = env.now.0.saturating_sub(self.sent.0) / 1000;
        env.show(Screen::Ask(Box::new(Asked {
            form: self.form,
            question: question.clone(),
            username: self.username.clone(),
            first_factor: !self.proved,
            wait: u32::try_from(RESEND - waited.clamp(0, RESEND)).unwrap_or_default(),
            fault,
        })));
        self.stage = Stage::Asking(question);
    }
}

fn session_of(challenge: &Challenge) -> Secret {
    challenge.session.clone().unwrap_or_else(|| Secret::new(String::new()))
}

fn no_randomness() -> Fault {
    Fault::Unexpected { service: Service::UserPool, what: cognito::SrpError::Randomness.to_string() }
}

/// The password's name among what `SELECT_CHALLENGE` offers, if it is there.
fn password_of(challenge: &Challenge) -> Option<&'static str> {
    ["PASSWORD_SRP", "PASSWORD"].into_iter().find(|name| challenge.available.iter().any(|other| other == name))
}

/// What a user pool's refusal means to a person.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html#API_InitiateAuth_Errors>
pub fn user_pool_fault(error: &ServiceError) -> Fault {
    let said = |part: &str| contains(&error.message, part);
    match error.code.as_str() {
        "NotAuthorizedException" if said("attempts exceeded") => Fault::TooManyAttempts,
        // One sentence for both, or the form would tell which usernames exist.
        "NotAuthorizedException" if said("ncorrect username or password") => Fault::WrongPassword,
        "UserNotFoundException" => Fault::WrongPassword,
        "NotAuthorizedException" if said("disabled") => Fault::Disabled,
        "NotAuthorizedException" if said("emporary password has expired") => Fault::TemporaryPasswordExpired,
        "LimitExceededException" | "TooManyFailedAttemptsException" => Fault::TooManyAttempts,
        _ if said("SECRET_HASH") || said("secret hash") => Fault::ClientSecret,
        _ => Fault::from_service_error(Service::UserPool, error),
    }
}
