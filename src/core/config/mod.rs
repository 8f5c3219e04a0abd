//! One validated configuration, read at run time, so that one build serves any deployment. It comes from Signet's own `config.json`
//! (`docs/config.schema.json`), from one of Amplify's files, or from a `config.json` that extends one of these.

mod amplify;
mod check;
mod field;
mod file;
mod read;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use signet_cognito::hosted_ui;

/// The app's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The name of what people sign in to, shown above the form; optional.
    pub name: Option<String>,
    /// Whom to ask for access, shown to people who may not use the endpoint; optional.
    pub contact: Option<String>,
    /// Where people sign in with this app's form; none if only another provider or guests feed the identity pool.
    pub user_pool: Option<UserPool>,
    /// Where people sign in on another service's pages: the user pool's hosted UI, or an OIDC provider that feeds the identity pool.
    pub hosted_ui: Option<HostedUi>,
    /// An address that returns a login token to whoever is signed in there: developer-authenticated identities, SAML, anything else.
    pub token_url: Option<String>,
    /// Where keys come from.
    pub identity_pool: IdentityPool,
    /// The function URL, ending in `/`.
    pub function_url: String,
    /// The region in the signing scope of calls to the function URL: that of the URL's host, or the config's `region` if the host names none.
    pub function_region: String,
    /// What answers cost, if that is to be shown.
    pub prices: Option<Prices>,
}

/// What models' answers cost, as the deployer has looked it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices {
    /// The date of the prices: `2026-11-01`.
    pub date: String,
    /// ISO 4217: `USD`.
    pub currency: String,
    /// By a model's id, as the wire names it.
    pub models: Vec<(String, Price)>,
}

/// The price of a million tokens, in millionths of the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Of input tokens.
    pub input: u64,
    /// Of output tokens.
    pub output: u64,
}

/// A user pool, and the features of it that the app offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPool {
    /// How its API is called; at AWS's own address unless the config names another.
    pub api: signet_cognito::UserPool,
    /// How a sign-in begins.
    pub auth_flow: AuthFlow,
    /// `PREFERRED_CHALLENGE` of `USER_AUTH`: `PASSWORD_SRP`, `PASSWORD`, `EMAIL_OTP`, `SMS_OTP` or `WEB_AUTHN`.
    pub preferred_challenge: Option<String>,
    /// Whether the app shows its own form; without it there are only the hosted UI's buttons.
    pub form: bool,
    /// What a username is, for the form's label and keyboard.
    pub username: Username,
    /// What signing up asks for, if people may sign up.
    pub sign_up: Option<SignUp>,
    /// Whether a forgotten password can be replaced.
    pub recovery: bool,
    /// The rules for a new password.
    pub password_policy: PasswordPolicy,
    /// Whether the browser may offer a passkey at once if it remembers the username. Only for `USER_AUTH`.
    pub passkey_autofill: bool,
}

/// `AuthFlow` of `InitiateAuth`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthFlow {
    /// `USER_SRP_AUTH`: the password is proved and never sent.
    #[default]
    UserSrpAuth,
    /// `USER_PASSWORD_AUTH`: the password is sent.
    UserPasswordAuth,
    /// `CUSTOM_AUTH`, beginning with a custom challenge.
    CustomAuth,
    /// `CUSTOM_AUTH`, beginning with SRP.
    CustomAuthWithSrp,
    /// `USER_AUTH`: the person chooses a first factor.
    UserAuth,
}

/// What people type as a username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Username {
    /// A name, or whatever alias the pool allows.
    #[default]
    Any,
    /// An email address.
    Email,
    /// A phone number, such as `+491701234567`.
    Phone,
    /// Either.
    EmailOrPhone,
}

/// What signing up asks for besides username and password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignUp {
    /// Names of required attributes, such as `email` or `custom:team`, in the form's order.
    pub attributes: Vec<String>,
    /// Whether the pool sends a link instead of a code.
    pub by_link: bool,
}

/// `PasswordPolicyType`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html>
#[allow(clippy::struct_excessive_bools)] // AWS's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// `MinimumLength`, in characters.
    pub minimum_length: u32,
    /// `RequireLowercase`.
    pub lowercase: bool,
    /// `RequireUppercase`.
    pub uppercase: bool,
    /// `RequireNumbers`.
    pub numbers: bool,
    /// `RequireSymbols`.
    pub symbols: bool,
}

/// The user pool's hosted UI or another authorization server, and the buttons that lead there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedUi {
    /// How its endpoints are called.
    pub api: hosted_ui::HostedUi,
    /// The buttons, at least one.
    pub providers: Vec<Provider>,
}

/// A button that leads to a provider's page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provider {
    /// Its label.
    pub label: ProviderLabel,
    /// A file of the app's own origin, such as `google.svg`.
    pub icon: Option<String>,
    /// Whose page it leads to.
    pub provider: hosted_ui::Provider,
}

/// What a provider's button says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProviderLabel {
    /// The button names no provider: the hosted UI's own page asks for one.
    #[default]
    HostedUi,
    /// `Continue with` and the provider's name.
    ContinueWith(String),
    /// As configured.
    Custom(String),
}

/// An identity pool, and how the app uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityPool {
    /// How its API is called; at AWS's own address unless the config names another.
    pub api: signet_cognito::IdentityPool,
    /// Its region.
    pub region: String,
    /// The address of STS in its region; AWS's own unless the config names another.
    pub sts_endpoint: String,
    /// The key of `Logins`, if it is not the ID token's issuer: `graph.facebook.com`, a SAML provider's ARN, a developer provider's name.
    pub logins_key: Option<String>,
    /// Whether people may continue without signing in.
    pub guest_access: bool,
    /// The basic (classic) flow instead of the enhanced one.
    pub basic_flow: Option<BasicFlow>,
}

/// `GetOpenIdToken`, then STS `AssumeRoleWithWebIdentity`: the app names the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicFlow {
    /// The role of people who are signed in; without it, the role that their ID token names.
    pub role_arn: Option<String>,
    /// The role of guests.
    pub guest_role_arn: Option<String>,
    /// `DurationSeconds`, from 900.
    pub duration_seconds: u32,
}

/// Why a configuration cannot be used. A field has the name that its file uses, with the path to it: `hostedUi.providers[0].label`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigError {
    /// The text is not JSON (RFC 8259).
    NotJson {
        /// The line of the first character that does not fit, counted from one.
        line: usize,
        /// Its column in bytes, counted from one.
        column: usize,
        /// Whether the text ends there.
        is_cut_off: bool,
    },
    /// The text is JSON, but not an object.
    NotAnObject,
    /// A field has a wrong value, or its name is unknown.
    Wrong {
        /// Its path; empty at the top level.
        field: String,
        /// Its line, counted from one.
        line: usize,
        /// What was found, and what was expected.
        problem: String,
    },
    /// A required field is missing.
    Missing {
        /// Its path.
        field: &'static str,
        /// What it must hold.
        expected: &'static str,
    },
    /// Fields contradict each other.
    Conflict(Conflict),
}

/// How fields contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// `extends` in a file that is read by itself.
    NothingToExtend,
    /// `extends` names a file of Signet's own format.
    ExtendsItsOwnFormat,
    /// A user pool's domain, and endpoints of another authorization server.
    TwoServers,
    /// A provider with `identityProvider` and `idpIdentifier`.
    TwoProviderIds,
    /// No form, no hosted UI, no token URL and no guests.
    NoWayIn,
}

impl ConfigError {
    /// The field that the error is about, if any.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::NotJson { .. } | Self::NotAnObject => None,
            Self::Wrong { field, .. } => Some(field.as_str()).filter(|field| !field.is_empty()),
            Self::Missing { field, .. } => Some(field),
            Self::Conflict(Conflict::NothingToExtend | Conflict::ExtendsItsOwnFormat) => Some("extends"),
            Self::Conflict(Conflict::TwoServers) => Some("hostedUi.domain"),
            Self::Conflict(Conflict::TwoProviderIds) => Some("hostedUi.providers"),
            Self::Conflict(Conflict::NoWayIn) => Some("passwordForm"),
        }
    }
}
