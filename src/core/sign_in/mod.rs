//! From the first form to tokens: Cognito's challenges, new accounts, forgotten passwords, the hosted UI.
//!
//! ```text
//!             ┌─────────── a challenge, or a refusal that can be corrected ─────────┐
//!             ▼                                                                     │
//! Asking(question) ── Submit, Press, Passkey ──► Awaiting(call, the question) ── reply ──► Outcome
//!             └── Press of a provider ──► Leaving, for the provider's page
//! ```
//!
//! Each form asks a [`Question`]. At most one request is under way, and each form is answered once.

mod accounts;
mod answers;
mod authentication;
mod devices;
mod keep;
mod passkeys;
mod redirect;
#[cfg(test)]
mod tests;

pub use answers::checks;
pub use authentication::user_pool_fault;

use answers::{Answers, wrong_field};
use authentication::session_of;
use keep::{Device, USERNAME};

use crate::core::config::UserPool;
use crate::core::env::{Asked, Effect, Env, Screen};
use crate::core::fault::{Busy, Fault, Service};
use crate::core::foreign::{self, Foreign};
use crate::core::question::{
    Action, CONFIRM_SIGN_UP, FORGOT_PASSWORD, FormField, Question, RESET_PASSWORD, SIGN_IN, SIGN_UP, Step, by_link,
};
use crate::core::record::{Pending, Record};
use crate::protocol::{FormId, PasskeyOutcome};
use signet_cognito::hosted_ui::Attempt;
use signet_cognito::http::{NoAnswer, Request, Response};
use signet_cognito::{self as cognito, Challenge, Ephemeral, IdToken, Secret, Tokens, UnixMillis};

/// The longest `AuthSessionValidity`, in milliseconds: older challenges are not resumed. A client does not know its pool's setting, so the pool
/// decides whether younger ones have expired.
const LONGEST_SESSION: i64 = 15 * 60_000;
/// How long a new account's code is valid, in milliseconds.
const LONGEST_CODE: i64 = 24 * 60 * 60_000;
/// Seconds until another code can be requested.
const RESEND: i64 = 30;

/// A sign-in under way.
#[derive(Debug)]
pub struct SignIn {
    /// The username as typed. It is kept when a step fails.
    username: String,
    /// The user pool's name for the person in its challenges.
    user: String,
    form: FormId,
    /// The step on the screen.
    shown: Step,
    /// When a code was last sent.
    sent: UnixMillis,
    /// Whether a first factor has been proved.
    proved: bool,
    /// The new account's password, kept until the account is confirmed, so that nobody types it twice.
    password: Option<Secret>,
    device: Option<Device>,
    /// The challenge for a passkey that the username's autofill may offer.
    autofill: Option<Challenge>,
    /// The tokens, while the person is asked whether to remember the device.
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

/// The request under way, and the data for handling its reply.
#[derive(Debug)]
enum Call {
    /// `InitiateAuth` or `RespondToAuthChallenge`.
    Auth(Proof),
    /// `InitiateAuth` for the autofill's passkey; the form stays usable.
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
    /// Exchanging the hosted UI's code.
    Exchange(Attempt),
    TokenUrl,
}

/// Challenges that come before a first factor has been proved.
const FIRST_FACTOR: [&str; 4] = ["SELECT_CHALLENGE", "PASSWORD", "PASSWORD_SRP", "PASSWORD_VERIFIER"];

/// A proof of the password under way.
#[derive(Debug)]
enum Proof {
    Nothing,
    /// The password has not been proved yet.
    Typed(Secret, Option<Ephemeral>),
    /// The password was proved or sent; it is needed again if the account is not confirmed yet.
    Sent(Secret),
    /// The device's password has not been proved yet.
    Device(Ephemeral),
    /// The device's password was proved.
    DeviceSent,
}

/// The result of a sign-in.
#[derive(Debug)]
pub enum Outcome {
    /// Tokens of the user pool or of a provider.
    Tokens {
        /// The ID token.
        id: IdToken,
        /// Buys new tokens.
        refresh: Option<Secret>,
        /// The device that the refresh token belongs to.
        device_key: Option<String>,
        /// Whether the tokens came from the hosted UI, which has its own session.
        hosted: bool,
    },
    /// A token of another kind, from [`crate::core::config::Config::token_url`].
    Foreign(Foreign),
    /// A guest.
    Guest,
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
    /// Starts with the first form and a fault to show on it. `username` may be empty.
    pub fn begin(env: &mut Env<'_>, mut username: String, fault: Option<Fault>) -> Self {
        if let Some(last) = env.memory.get(USERNAME).filter(|_| username.is_empty()) {
            last.expose().clone_into(&mut username);
        }
        let mut sign_in = Self { username, ..Self::default() };
        sign_in.start_again(env, fault);
        sign_in
    }

    /// Starts with the first form while the page leaves for the hosted UI's own sign-out.
    pub fn leave_for_good(env: &mut Env<'_>) -> Self {
        let mut sign_in = Self::default();
        sign_in.ask(env, Question::sign_in(), None);
        env.show(Screen::Busy(Busy::Leaving));
        sign_in.stage = Stage::Leaving;
        sign_in
    }

    /// Resumes a sign-in that a reload interrupted.
    pub fn restore(env: &mut Env<'_>, mut pending: Pending) -> Self {
        let older_than = |millis| pending.asked.plus(millis) < env.now;
        // The session only saves typing the password; the code is valid for longer.
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

    /// Handles a sent form.
    pub fn submit(&mut self, env: &mut Env<'_>, form: FormId, values: &[Secret]) {
        let Some(question) = self.take_question(form) else { return };
        let inputs = question.step.fields(env.config);
        let pool = env.config.user_pool.as_ref();
        if inputs.is_empty() && question.step != Step::Passkey {
            // The form of index.html was sent before the configuration was known, in which it has no fields.
            return self.ask_again(env, question, None);
        }
        if let Some(pool) = pool.filter(|_| question.needs_secret_code()) {
            // The request for the secret failed the first time, so there is no code yet.
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
                let password = answers.secret(&FormField::Password);
                self.initiate(env, pool, password, pool.preferred_challenge.as_deref(), None, question);
            }
            Step::Password => self.answer_with_password(env, pool, answers.secret(&FormField::Password), question),
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
                self.respond(env, pool, &[("EMAIL", answers.text(&FormField::Email))], Proof::Nothing, question);
            }
            Step::NewPassword(_) => {
                let attributes = answers.attributes();
                let named: Vec<(String, &str)> = attributes
                    .iter()
                    .map(|(name, value)| (["userAttributes.", name].concat(), value.as_str()))
                    .collect();
                let mut responses = vec![("NEW_PASSWORD", answers.raw(&FormField::NewPassword))];
                responses.extend(named.iter().map(|(name, value)| (name.as_str(), *value)));
                self.respond(env, pool, &responses, Proof::Nothing, question);
            }
            Step::Custom(_) => {
                self.respond(env, pool, &[("ANSWER", answers.raw(&FormField::Answer))], Proof::Nothing, question);
            }
            // The failed try has used up the session, so the challenge starts again.
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
                let password = Secret::new(answers.raw(&FormField::NewPassword).to_owned());
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

    /// Handles a button that does not send the form.
    pub fn press(&mut self, env: &mut Env<'_>, form: FormId, button: u8, values: &[Secret]) -> Option<Outcome> {
        let question = self.take_question(form)?;
        let actions = question.step.actions(env.config, !self.proved);
        let inputs = question.step.fields(env.config);
        let answers = Answers { inputs: &inputs, values };
        let typed = answers.text(&FormField::Username);
        if !typed.is_empty() {
            typed.clone_into(&mut self.username);
        }
        let pool = env.config.user_pool.as_ref();
        match (actions.get(usize::from(button)).copied(), pool) {
            (Some(Action::Provider(index)), _) => self.leave(env, index, question),
            (Some(Action::TokenUrl), _) => match &env.config.token_url {
                Some(url) => {
                    let request = foreign::request(url);
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
            // The page waits for a form, whichever button was pressed.
            _ => self.ask_again(env, question, None),
        }
        None
    }

    /// Handles the browser's answer for a passkey.
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
            // The offer is outdated, but the page waits for a form.
            (PasskeyOutcome::Done, ..) => self.ask_again(env, question, Some(Fault::PasskeyRefused)),
            (_, _, challenge) => {
                self.autofill = challenge;
                self.stage = Stage::Asking(question);
            }
        }
    }

    /// The username as typed.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Whether a reply is pending that the person waits for.
    pub fn is_busy(&self) -> bool {
        matches!(&self.stage, Stage::Awaiting(call, _) if !matches!(call, Call::Autofill))
    }

    /// Whether any reply is pending.
    pub fn waits(&self) -> bool {
        matches!(self.stage, Stage::Awaiting(..))
    }

    /// The page is shown again after the browser left it, or failed to leave it.
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
            // The person did not ask for it, so there is no error to show.
            (Err(_), Call::Autofill) => {
                self.stage = Stage::Asking(question);
                None
            }
            // The device is not remembered, but the person is signed in.
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
            (Call::TokenUrl, _) => match foreign::read(response, env.now) {
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
            // The person is signed in, whatever the result.
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

    /// Takes the question on the screen; `None` if the form is not current or was answered before.
    fn take_question(&mut self, form: FormId) -> Option<Question> {
        // The form of index.html has the number zero until the worker numbers it.
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

    /// Shows a new form.
    fn ask(&mut self, env: &mut Env<'_>, question: Question, fault: Option<Fault>) {
        self.form = env.next_form();
        self.keep(env, &question);
        self.show(env, question, fault);
    }

    /// Stores the question if a reload would lose something.
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

    /// Shows the same form with a fault, or a new form for another step.
    fn ask_again(&mut self, env: &mut Env<'_>, question: Question, fault: Option<Fault>) {
        // After a return from the hosted UI there is no form yet.
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

    /// Shows the first form with the username that was typed.
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
