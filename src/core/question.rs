//! The questions of a sign-in: Cognito's challenges, and this app's own steps around them.
//!
//! A question follows from its [`Challenge`], so storing the challenge is enough to survive a reload. This app's own steps have lower-case names,
//! which no challenge of AWS has.

use crate::core::config::{AuthFlow, Config, Username};
use crate::core::fault::Fault;
use signet_cognito::{Challenge, Delivery};

/// The first form.
pub const SIGN_IN: &str = "sign-in";
/// A new account.
pub const SIGN_UP: &str = "sign-up";
/// Confirming a new account by a code or a link.
pub const CONFIRM_SIGN_UP: &str = "confirm-sign-up";
/// A forgotten password: the username.
pub const FORGOT_PASSWORD: &str = "forgot-password";
/// A forgotten password: the code and the new password.
pub const RESET_PASSWORD: &str = "reset-password";
/// Whether to remember this device.
pub const REMEMBER_DEVICE: &str = "remember-device";

/// A parameter that we add: the password answers `SELECT_CHALLENGE`, not a challenge of its own.
const SELECTED: &str = "selected";
/// `SecretCode` of `AssociateSoftwareToken`.
const SECRET_CODE: &str = "SecretCode";

/// A question and the challenge that it answers.
#[derive(Debug, Clone)]
pub struct Question {
    /// What the person is asked.
    pub step: Step,
    /// The challenge, with the session to answer in.
    pub challenge: Challenge,
}

/// What the person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The first form.
    SignIn,
    /// The password, after a form for the username.
    Password,
    /// `SELECT_CHALLENGE`: choose a first factor, by the names of challenges.
    SelectChallenge(Vec<String>),
    /// A one-time code; `None` if it comes from an authenticator app.
    Code(Option<Delivery>),
    /// `SELECT_MFA_TYPE`: choose a second factor, by the names of challenges.
    SelectMfaType(Vec<String>),
    /// `MFA_SETUP`: choose a second factor to set up, by the names of challenges.
    SelectMfaSetup(Vec<String>),
    /// `MFA_SETUP` of an authenticator app.
    SetUpTotp,
    /// `MFA_SETUP` of codes by email.
    SetUpEmail,
    /// `NEW_PASSWORD_REQUIRED`, with the names of missing attributes.
    NewPassword(Vec<String>),
    /// `CUSTOM_CHALLENGE`, with the public parameters of the pool's own code.
    Custom(Vec<(String, String)>),
    /// `WEB_AUTHN`.
    Passkey,
    /// A new account.
    SignUp,
    /// The code or the link that confirms a new account.
    ConfirmSignUp(Option<Delivery>),
    /// A forgotten password: the username.
    ForgotPassword,
    /// A forgotten password: the code and the new password.
    ResetPassword(Option<Delivery>),
    /// Whether to remember this device.
    RememberDevice,
}

/// A field of a step's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormField {
    /// The username, to type.
    Username,
    /// The username, read-only, for password managers.
    FixedUsername,
    /// An existing password.
    Password,
    /// A new password.
    NewPassword,
    /// A one-time code.
    Code,
    /// The answer to a custom challenge.
    Answer,
    /// An attribute of the account, by AWS's name.
    Attribute(String),
    /// An address to send codes to.
    Email,
    /// One of these challenges, by name.
    Choice(Vec<String>),
    /// The secret for an authenticator app, to copy.
    Secret,
    /// Yes or no.
    YesOrNo,
}

/// A button of a step's form that does not send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Go to a provider's page, by its index in the configuration.
    Provider(usize),
    /// Get a token from the configured address.
    TokenUrl,
    /// Continue as a guest.
    Guest,
    /// Create an account.
    SignUp,
    /// Reset the password.
    ForgotPassword,
    /// Send another code.
    Resend,
    /// Choose another first factor.
    AnotherWay,
    /// Back to the first form.
    StartAgain,
}

impl Question {
    /// The question for a challenge, or the fault that names an unknown one.
    pub fn new(challenge: Challenge) -> Result<Self, Fault> {
        let step = Step::from_challenge(&challenge)?;
        Ok(Self { step, challenge })
    }

    /// The challenge for one of this app's own steps.
    pub fn own(name: &str, parameters: &[(&str, &str)]) -> Challenge {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Challenge { name: name.to_owned(), session: None, parameters, available: vec![] }
    }

    /// The first form.
    pub fn sign_in() -> Self {
        Self { step: Step::SignIn, challenge: Self::own(SIGN_IN, &[]) }
    }

    /// The password, as the answer to `SELECT_CHALLENGE`.
    pub fn password(mut challenge: Challenge, name: &str) -> Self {
        name.clone_into(&mut challenge.name);
        challenge.parameters.push((SELECTED.to_owned(), name.to_owned()));
        Self { step: Step::Password, challenge }
    }

    /// Whether the password answers `SELECT_CHALLENGE`.
    pub fn was_selected(&self) -> bool {
        self.challenge.parameter(SELECTED).is_some()
    }

    /// Whether the form has a password that may be wrong.
    pub fn takes_password(&self) -> bool {
        matches!(self.step, Step::SignIn | Step::Password | Step::ForgotPassword | Step::SignUp)
    }

    /// The challenge for a step after a code was sent.
    pub fn delivered(name: &str, delivery: Option<&Delivery>) -> Challenge {
        let (medium, destination) =
            delivery.map_or(("", ""), |delivery| (delivery.medium.as_str(), delivery.destination.as_str()));
        Self::own(name, &[(MEDIUM, medium), (DESTINATION, destination)])
    }

    /// `MFA_SETUP` with the secret from the pool.
    pub fn totp(mut challenge: Challenge, secret: &str) -> Self {
        challenge.parameters.retain(|(name, _)| name != SECRET_CODE);
        challenge.parameters.push((SECRET_CODE.to_owned(), secret.to_owned()));
        Self { step: Step::SetUpTotp, challenge }
    }

    /// The secret of [`Step::SetUpTotp`].
    pub fn secret_code(&self) -> &str {
        self.challenge.parameter(SECRET_CODE).unwrap_or_default()
    }

    /// Whether the secret for an authenticator app must still be requested from the pool.
    pub fn needs_secret_code(&self) -> bool {
        self.step == Step::SetUpTotp && self.secret_code().is_empty()
    }
}

const MEDIUM: &str = "CODE_DELIVERY_DELIVERY_MEDIUM";
const DESTINATION: &str = "CODE_DELIVERY_DESTINATION";
/// The challenges of `SELECT_CHALLENGE` and `PREFERRED_CHALLENGE` that this app knows.
const FIRST_FACTORS: [&str; 5] = ["PASSWORD_SRP", "PASSWORD", "WEB_AUTHN", "EMAIL_OTP", "SMS_OTP"];
const MFA_TYPES: [&str; 3] = ["SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP"];
const MFA_SETUPS: [&str; 2] = ["SOFTWARE_TOKEN_MFA", "EMAIL_OTP"];

/// The `offered` challenges that are `known`, in the order of `known`; the fault that names `challenge` if there is none.
fn known(challenge: &str, offered: &[String], known: &[&str]) -> Result<Vec<String>, Fault> {
    let both: Vec<String> =
        known.iter().filter(|name| offered.iter().any(|other| other == *name)).map(|name| (*name).to_owned()).collect();
    if both.is_empty() { Err(unknown(&[challenge, " ", &offered.join(" ")].concat())) } else { Ok(both) }
}

/// The fault of a challenge that this app does not know.
pub fn unknown(name: &str) -> Fault {
    Fault::UnknownChallenge { name: name.trim().to_owned() }
}

impl Step {
    /// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html>
    fn from_challenge(challenge: &Challenge) -> Result<Self, Fault> {
        let delivery = || {
            challenge.parameter(DESTINATION).map(|destination| Delivery {
                destination: destination.to_owned(),
                medium: challenge.parameter(MEDIUM).unwrap_or_default().to_owned(),
            })
        };
        let name = challenge.name.as_str();
        Ok(match name {
            SIGN_IN => Self::SignIn,
            SIGN_UP => Self::SignUp,
            CONFIRM_SIGN_UP => Self::ConfirmSignUp(delivery()),
            FORGOT_PASSWORD => Self::ForgotPassword,
            RESET_PASSWORD => Self::ResetPassword(delivery()),
            REMEMBER_DEVICE => Self::RememberDevice,
            "PASSWORD" | "PASSWORD_SRP" => Self::Password,
            "SELECT_CHALLENGE" => {
                let mut factors = known(name, &challenge.available, &FIRST_FACTORS)?;
                // To people both are just the password, and SRP does not send it.
                if factors.iter().any(|factor| factor == "PASSWORD_SRP") {
                    factors.retain(|factor| factor != "PASSWORD");
                }
                Self::SelectChallenge(factors)
            }
            "SMS_MFA" | "SMS_OTP" | "EMAIL_OTP" => {
                // A code without a destination was still sent: only an authenticator app's code has no delivery.
                let medium = if name == "EMAIL_OTP" { "EMAIL" } else { "SMS" };
                let unnamed = || Delivery { destination: String::new(), medium: medium.to_owned() };
                Self::Code(Some(delivery().unwrap_or_else(unnamed)))
            }
            "SOFTWARE_TOKEN_MFA" => Self::Code(None),
            "SELECT_MFA_TYPE" => Self::SelectMfaType(known(name, &challenge.list("MFAS_CAN_CHOOSE"), &MFA_TYPES)?),
            "MFA_SETUP" if challenge.parameter(SECRET_CODE).is_some() => Self::SetUpTotp,
            "MFA_SETUP" => {
                let setups = known(name, &challenge.list("MFAS_CAN_SETUP"), &MFA_SETUPS)?;
                match setups.as_slice() {
                    [only] if only == "EMAIL_OTP" => Self::SetUpEmail,
                    [_] => Self::SetUpTotp,
                    _ => Self::SelectMfaSetup(setups),
                }
            }
            "NEW_PASSWORD_REQUIRED" => {
                let required = challenge.list("requiredAttributes");
                let name = |name: &String| name.strip_prefix("userAttributes.").unwrap_or(name).to_owned();
                Self::NewPassword(required.iter().map(name).collect())
            }
            // The pool adds USERNAME; it is not part of the challenge.
            "CUSTOM_CHALLENGE" => Self::Custom(
                challenge
                    .parameters
                    .iter()
                    .filter(|(name, _)| name != "USERNAME" && name != "USER_ID_FOR_SRP")
                    .cloned()
                    .collect(),
            ),
            "WEB_AUTHN" => Self::Passkey,
            other => return Err(unknown(other)),
        })
    }

    /// The form's fields, in order.
    pub fn fields(&self, config: &Config) -> Vec<FormField> {
        let pool = config.user_pool.as_ref().filter(|pool| pool.form);
        match self {
            Self::SignIn => match pool {
                None => vec![],
                Some(pool) if asks_password_first(pool.auth_flow, pool.preferred_challenge.as_deref()) => {
                    vec![FormField::Username, FormField::Password]
                }
                Some(_) => vec![FormField::Username],
            },
            Self::Password => vec![FormField::FixedUsername, FormField::Password],
            Self::SelectChallenge(names) | Self::SelectMfaType(names) | Self::SelectMfaSetup(names) => {
                vec![FormField::Choice(names.clone())]
            }
            Self::Code(_) => vec![FormField::Code],
            Self::SetUpTotp => vec![FormField::Secret, FormField::Code],
            Self::SetUpEmail => vec![FormField::Email],
            Self::NewPassword(attributes) => {
                let mut inputs = vec![FormField::FixedUsername, FormField::NewPassword];
                inputs.extend(attributes.iter().cloned().map(FormField::Attribute));
                inputs
            }
            Self::Custom(_) => vec![FormField::Answer],
            Self::Passkey => vec![],
            Self::SignUp => {
                let mut inputs = vec![FormField::Username, FormField::NewPassword];
                let asked = pool.and_then(|pool| Some((pool.username, pool.sign_up.as_ref()?)));
                if let Some((username, sign_up)) = asked {
                    // The attribute that serves as the username is not asked for twice.
                    let is_username = |name: &&String| {
                        matches!(
                            (username, name.as_str()),
                            (Username::Email, "email") | (Username::Phone, "phone_number")
                        )
                    };
                    let attributes = sign_up.attributes.iter().filter(|name| !is_username(name));
                    inputs.extend(attributes.cloned().map(FormField::Attribute));
                }
                inputs
            }
            Self::ConfirmSignUp(_) if by_link(config) => vec![FormField::FixedUsername],
            Self::ConfirmSignUp(_) => vec![FormField::FixedUsername, FormField::Code],
            Self::ForgotPassword => vec![FormField::Username],
            Self::ResetPassword(_) => vec![FormField::FixedUsername, FormField::Code, FormField::NewPassword],
            Self::RememberDevice => vec![FormField::YesOrNo],
        }
    }

    /// The form's other buttons, in order. `first_factor`: whether no factor has been proved yet.
    pub fn actions(&self, config: &Config, first_factor: bool) -> Vec<Action> {
        let pool = config.user_pool.as_ref().filter(|pool| pool.form);
        let chooses = pool.is_some_and(|pool| pool.auth_flow == AuthFlow::UserAuth) && first_factor;
        let mut actions = vec![];
        match self {
            Self::SignIn => {
                if let Some(ui) = &config.hosted_ui {
                    actions.extend((0..ui.providers.len()).map(Action::Provider));
                }
                if config.token_url.is_some() {
                    actions.push(Action::TokenUrl);
                }
                if config.identity_pool.guest_access {
                    actions.push(Action::Guest);
                }
                if pool.is_some_and(|pool| pool.recovery && pool.auth_flow != AuthFlow::CustomAuth) {
                    actions.push(Action::ForgotPassword);
                }
                if pool.is_some_and(|pool| pool.sign_up.is_some()) {
                    actions.push(Action::SignUp);
                }
                return actions;
            }
            Self::Code(Some(_)) if chooses => actions.extend([Action::Resend, Action::AnotherWay]),
            Self::Code(_) | Self::Password | Self::Passkey if chooses => actions.push(Action::AnotherWay),
            Self::ConfirmSignUp(_) | Self::ResetPassword(_) => actions.push(Action::Resend),
            Self::RememberDevice => return actions,
            _ => {}
        }
        actions.push(Action::StartAgain);
        actions
    }
}

/// Whether the first form asks for the password together with the username.
fn asks_password_first(flow: AuthFlow, preferred: Option<&str>) -> bool {
    match flow {
        AuthFlow::UserSrpAuth | AuthFlow::UserPasswordAuth | AuthFlow::CustomAuthWithSrp => true,
        AuthFlow::CustomAuth => false,
        AuthFlow::UserAuth => matches!(preferred, Some("PASSWORD_SRP" | "PASSWORD")),
    }
}

/// Whether a new account is confirmed by a link instead of a code.
pub fn by_link(config: &Config) -> bool {
    config.user_pool.as_ref().and_then(|pool| pool.sign_up.as_ref()).is_some_and(|sign_up| sign_up.by_link)
}
