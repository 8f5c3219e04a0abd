//! One validated configuration, read at run time, so that one build serves any deployment.

use serde_json::{Map, Value};

/// What the app is pointed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What the person signs in to, as shown above the form; optional.
    pub name: Option<String>,
    /// Whom to ask for access, as shown to someone who may not use the endpoint; optional.
    pub contact: Option<String>,
    /// Where people sign in with a form of this app's; none where only another provider or guests feed the identity pool.
    pub user_pool: Option<UserPool>,
    /// Where people sign in on pages of somebody else's: the user pool's hosted UI, or an OIDC provider that feeds the identity pool.
    pub hosted_ui: Option<HostedUi>,
    /// An address that gives a login token to whoever is signed in there: developer-authenticated identities, SAML, anything else.
    pub token_url: Option<String>,
    /// What keys come from.
    pub identity_pool: IdentityPool,
    /// The function URL, ending in `/`.
    pub function_url: String,
    /// The region in the signing scope of calls to the function URL: that of the URL's host, or the config's `region` where the host names none.
    pub function_region: String,
}

/// An app client of a user pool, and what the app offers of it. The client has no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPool {
    /// Such as `eu-central-1_AbCdEfGhI`.
    pub id: String,
    /// The app client's id.
    pub client_id: String,
    /// The address of its API; AWS's own unless the config names another.
    pub endpoint: String,
    /// How a sign-in begins.
    pub auth_flow: AuthFlow,
    /// `PREFERRED_CHALLENGE` of `USER_AUTH`: `PASSWORD_SRP`, `PASSWORD`, `EMAIL_OTP`, `SMS_OTP` or `WEB_AUTHN`.
    pub preferred_challenge: Option<String>,
    /// Whether this app shows a form of its own at all; without it there are only the hosted UI's buttons.
    pub form: bool,
    /// What a username is, for the form's label and keyboard.
    pub username: Username,
    /// What signing up asks for, where people may sign up.
    pub sign_up: Option<SignUp>,
    /// Whether a forgotten password can be replaced.
    pub recovery: bool,
    /// What a password must be.
    pub password_policy: PasswordPolicy,
    /// Whether the browser may offer a passkey as soon as the username is known from last time. Only for `USER_AUTH`.
    pub passkey_autofill: bool,
}

/// `AuthFlow` of `InitiateAuth`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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

/// What signing up asks for beside username and password.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// An OAuth 2.0 authorization server (RFC 6749) that issues ID tokens (OpenID Connect Core 1.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedUi {
    /// The address of the authorization endpoint: `https://DOMAIN/oauth2/authorize` of a user pool.
    pub authorization_endpoint: String,
    /// The address of the token endpoint: `https://DOMAIN/oauth2/token` of a user pool.
    pub token_endpoint: String,
    /// `https://DOMAIN/logout` of a user pool; none elsewhere.
    pub logout_endpoint: Option<String>,
    /// `iss` of its ID tokens.
    pub issuer: String,
    /// `client_id`, and `aud` of its ID tokens.
    pub client_id: String,
    /// `scope`.
    pub scopes: Vec<String>,
    /// Addresses to come back to, as they are registered; the one that is this page's is used.
    pub redirect_sign_in: Vec<String>,
    /// Addresses to come back to after signing out.
    pub redirect_sign_out: Vec<String>,
    /// `prompt`, such as `login` or `select_account`.
    pub prompt: Option<String>,
    /// `lang` of managed login, such as `de`.
    pub lang: Option<String>,
    /// The buttons, at least one.
    pub providers: Vec<Provider>,
}

/// A button that leads to a provider's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Such as `Continue with Google`.
    pub label: String,
    /// A file of the app's own origin, such as `google.svg`.
    pub icon: Option<String>,
    /// `identity_provider`, such as `Google` or a SAML provider's name.
    pub identity_provider: Option<String>,
    /// `idp_identifier`, instead.
    pub idp_identifier: Option<String>,
    /// `login_hint`.
    pub login_hint: Option<String>,
}

/// An identity pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityPool {
    /// Such as `eu-central-1:00000000-0000-0000-0000-000000000000`.
    pub id: String,
    /// Its region.
    pub region: String,
    /// The address of its API; AWS's own unless the config names another.
    pub endpoint: String,
    /// The address of STS in its region; AWS's own unless the config names another.
    pub sts_endpoint: String,
    /// The key of `Logins`, where it is not the ID token's issuer: `graph.facebook.com`, a SAML provider's ARN, a developer provider's name.
    pub logins_key: Option<String>,
    /// Whether people may go on without signing in.
    pub guest_access: bool,
    /// The basic (classic) flow instead of the enhanced one.
    pub basic_flow: Option<BasicFlow>,
}

/// `GetOpenIdToken`, then STS `AssumeRoleWithWebIdentity`: the app names the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicFlow {
    /// The role of people who are signed in; without it the one that their ID token names.
    pub role_arn: Option<String>,
    /// The role of guests.
    pub guest_role_arn: Option<String>,
    /// `DurationSeconds`, from 900.
    pub duration_seconds: u32,
}

impl UserPool {
    /// The id after the underscore, as SRP hashes it.
    pub fn name(&self) -> &str {
        self.id.split_once('_').map_or("", |(_, name)| name)
    }
}

/// What is wrong with a configuration. `field` is a key of the JSON object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The text is not a JSON object.
    #[error("it is not a JSON object: {0}")]
    NotJson(String),
    /// A field that must be there is not.
    #[error("the field \"{field}\" is missing: expected {expected}")]
    Missing {
        /// Its key.
        field: &'static str,
        /// What it must hold.
        expected: &'static str,
    },
    /// A field holds something else than it must.
    #[error("the field \"{field}\" is wrong: expected {expected}")]
    Wrong {
        /// Its key.
        field: &'static str,
        /// What it must hold.
        expected: &'static str,
    },
    /// A field that Signet does not know, as a rule a misspelling.
    #[error("the field \"{0}\" is not known; expected are {fields}", fields = FIELDS.join(", "))]
    Unknown(String),
}

const FIELDS: [&str; 10] = [
    "name",
    "contact",
    "region",
    "userPoolId",
    "userPoolClientId",
    "identityPoolId",
    "functionUrl",
    "userPoolEndpoint",
    "identityPoolEndpoint",
    "stsEndpoint",
];

const POOL: &str = "a user pool id, such as \"eu-central-1_AbCdEfGhI\"";
const CLIENT: &str = "the id of an app client of the user pool, such as \"1example23456789\"";
const IDENTITY_POOL: &str = "an identity pool id, such as \"eu-central-1:12345678-abcd-1234-abcd-123456789012\"";
const FUNCTION_URL: &str = "a function URL, such as \"https://abcdefg.lambda-url.eu-central-1.on.aws/\"";
const REGION: &str = "the function's region, such as \"eu-central-1\", since the function URL's host does not name it";
const TEXT: &str = "text";
const ADDRESS: &str = "an https address (http only on this machine)";

impl Config {
    /// Reads and checks Signet's own `config.json`.
    pub fn from_json(text: &[u8]) -> Result<Self, ConfigError> {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        let value: Value = serde_json::from_slice(text).map_err(|error| {
            let what = if error.is_eof() { "ends too early" } else { "breaks off" };
            ConfigError::NotJson(format!("it {what} in line {}, column {}", error.line(), error.column()))
        })?;
        let Value::Object(fields) = value else { return Err(ConfigError::NotJson("it holds something else".into())) };
        if let Some(unknown) = fields.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(ConfigError::Unknown(unknown.clone()));
        }
        let user_pool_id = required(&fields, "userPoolId", POOL)?;
        let pool_region =
            region_before(&user_pool_id, '_').ok_or(ConfigError::Wrong { field: "userPoolId", expected: POOL })?;
        let identity_pool_id = required(&fields, "identityPoolId", IDENTITY_POOL)?;
        let identity_region = region_before(&identity_pool_id, ':')
            .ok_or(ConfigError::Wrong { field: "identityPoolId", expected: IDENTITY_POOL })?;
        let user_pool_client_id = required(&fields, "userPoolClientId", CLIENT)?;
        if !user_pool_client_id.bytes().all(|c| c.is_ascii_alphanumeric() || b"_+".contains(&c)) {
            return Err(ConfigError::Wrong { field: "userPoolClientId", expected: CLIENT });
        }
        let function_url = address(&required(&fields, "functionUrl", FUNCTION_URL)?, "functionUrl", FUNCTION_URL)?;
        let function_region = match (lambda_region(&function_url), optional(&fields, "region", REGION)?) {
            (Some(region), _) => region.to_owned(),
            (None, Some(region)) if is_region(&region) => region,
            (None, Some(_)) => return Err(ConfigError::Wrong { field: "region", expected: REGION }),
            (None, None) => return Err(ConfigError::Missing { field: "region", expected: REGION }),
        };
        let endpoint = |field, service, region: &str| match optional(&fields, field, ADDRESS)? {
            Some(url) => address(&url, field, ADDRESS),
            // https://docs.aws.amazon.com/general/latest/gr/cognito_identity.html
            None if region.starts_with("cn-") => Ok(format!("https://{service}.{region}.amazonaws.com.cn/")),
            None => Ok(format!("https://{service}.{region}.amazonaws.com/")),
        };
        Ok(Self {
            name: optional(&fields, "name", TEXT)?,
            contact: optional(&fields, "contact", TEXT)?,
            user_pool: Some(UserPool {
                endpoint: endpoint("userPoolEndpoint", "cognito-idp", pool_region)?,
                client_id: user_pool_client_id,
                id: user_pool_id.clone(),
                auth_flow: AuthFlow::default(),
                preferred_challenge: None,
                form: true,
                username: Username::default(),
                sign_up: None,
                recovery: true,
                password_policy: PasswordPolicy {
                    minimum_length: 8,
                    lowercase: true,
                    uppercase: true,
                    numbers: true,
                    symbols: true,
                },
                passkey_autofill: false,
            }),
            hosted_ui: None,
            token_url: None,
            identity_pool: IdentityPool {
                endpoint: endpoint("identityPoolEndpoint", "cognito-identity", identity_region)?,
                sts_endpoint: endpoint("stsEndpoint", "sts", identity_region)?,
                region: identity_region.to_owned(),
                id: identity_pool_id.clone(),
                logins_key: None,
                guest_access: false,
                basic_flow: None,
            },
            function_url,
            function_region,
        })
    }
}

fn optional(
    fields: &Map<String, Value>,
    field: &'static str,
    expected: &'static str,
) -> Result<Option<String>, ConfigError> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
        Some(_) => Err(ConfigError::Wrong { field, expected }),
    }
}

fn required(fields: &Map<String, Value>, field: &'static str, expected: &'static str) -> Result<String, ConfigError> {
    optional(fields, field, expected)?.ok_or(ConfigError::Missing { field, expected })
}

/// The region before a separator, where something follows it.
fn region_before(id: &str, separator: char) -> Option<&str> {
    id.split_once(separator)
        .filter(|(region, rest)| {
            is_region(region) && !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
        })
        .map(|(region, _)| region)
}

/// Such as `us-east-1` or `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
        && parts.last().is_some_and(|number| number.bytes().all(|c| c.is_ascii_digit()))
}

/// The region in `https://ID.lambda-url.REGION.on.aws/`.
fn lambda_region(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once(".lambda-url.")?;
    rest.split(['.', '/', ':']).next().filter(|region| is_region(region))
}

/// An absolute address without user, query or fragment. Plain http only to this machine, where the local AWS listens.
fn address(url: &str, field: &'static str, expected: &'static str) -> Result<String, ConfigError> {
    let wrong = ConfigError::Wrong { field, expected };
    let (scheme, rest) = url.split_once("://").ok_or(wrong.clone())?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let local = host == "127.0.0.1" || host == "localhost" || host.ends_with(".localhost");
    let plain = |text: &str, extra: &[u8]| text.bytes().all(|c| c.is_ascii_alphanumeric() || extra.contains(&c));
    let good = (scheme == "https" || scheme == "http" && local)
        && !host.is_empty()
        && plain(host, b".-")
        && port.parse::<u16>().is_ok()
        // What a browser sends as it stands, so that what is signed is what is sent.
        && plain(path, b"-._~/")
        && !path.split('/').any(|segment| segment == "." || segment == "..");
    if !good {
        return Err(wrong);
    }
    // As a browser writes it: the host in lower case, and no port that goes without saying.
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(if scheme == "https" { ":443" } else { ":80" }).unwrap_or(&authority);
    Ok(format!("{scheme}://{authority}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = r#"{"userPoolId":"eu-central-1_AbC","userPoolClientId":"1abc","identityPoolId":"eu-west-1:12-34",
        "functionUrl":"https://abc.lambda-url.us-gov-west-1.on.aws"}"#;

    fn with(field: &str, value: Value) -> Result<Config, ConfigError> {
        let mut fields: Map<String, Value> = serde_json::from_str(GOOD).unwrap();
        fields.insert(field.into(), value);
        Config::from_json(Value::Object(fields).to_string().as_bytes())
    }

    #[test]
    fn regions_and_endpoints_follow_from_the_ids() {
        let config = Config::from_json(GOOD.as_bytes()).unwrap();
        assert_eq!(config.user_pool.as_ref().unwrap().endpoint, "https://cognito-idp.eu-central-1.amazonaws.com/");
        assert_eq!(config.identity_pool.endpoint, "https://cognito-identity.eu-west-1.amazonaws.com/");
        assert_eq!(config.function_url, "https://abc.lambda-url.us-gov-west-1.on.aws/");
        assert_eq!(config.function_region, "us-gov-west-1");
        assert_eq!(config.user_pool.unwrap().name(), "AbC");
        let china = with("userPoolId", "cn-north-1_AbC".into()).unwrap();
        assert_eq!(china.user_pool.unwrap().endpoint, "https://cognito-idp.cn-north-1.amazonaws.com.cn/");
    }

    #[test]
    fn a_local_function_url_needs_the_region_said() {
        let url = |region: Option<&str>| {
            let mut fields: Map<String, Value> = serde_json::from_str(GOOD).unwrap();
            fields.insert("functionUrl".into(), "http://127.0.0.1:4566/_aws/lambda-url/abc/".into());
            if let Some(region) = region {
                fields.insert("region".into(), region.into());
            }
            Config::from_json(Value::Object(fields).to_string().as_bytes())
        };
        assert_eq!(url(Some("us-east-1")).unwrap().function_region, "us-east-1");
        assert_eq!(url(None), Err(ConfigError::Missing { field: "region", expected: REGION }));
        assert_eq!(url(Some("nowhere")), Err(ConfigError::Wrong { field: "region", expected: REGION }));
    }

    #[test]
    fn an_address_is_kept_as_a_browser_writes_it() {
        let url = |url: &str| with("functionUrl", url.into()).unwrap().function_url;
        assert_eq!(
            url("https://ABC.lambda-url.eu-central-1.on.aws:443/a"),
            "https://abc.lambda-url.eu-central-1.on.aws/a"
        );
        assert_eq!(
            url("https://abc.lambda-url.eu-central-1.on.aws:8443"),
            "https://abc.lambda-url.eu-central-1.on.aws:8443/"
        );
    }

    #[test]
    fn every_required_field_is_missed_by_name() {
        for field in ["userPoolId", "userPoolClientId", "identityPoolId", "functionUrl"] {
            match with(field, Value::Null) {
                Err(ConfigError::Missing { field: named, .. }) => assert_eq!(named, field),
                other => panic!("{field}: {other:?}"),
            }
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        for (field, value) in [
            ("name", Value::from(1)),
            ("contact", Value::from("")),
            ("userPoolId", "AbC".into()),
            ("userPoolId", "eu-central-1_".into()),
            ("userPoolClientId", "a b".into()),
            ("identityPoolId", "eu-central-1_AbC".into()),
            ("functionUrl", "abc.lambda-url.eu-central-1.on.aws".into()),
            ("functionUrl", "http://abc.lambda-url.eu-central-1.on.aws".into()),
            ("functionUrl", "javascript://127.0.0.1/".into()),
            ("functionUrl", "https://user@abc.lambda-url.eu-central-1.on.aws".into()),
            ("functionUrl", "https://abc.lambda-url.eu-central-1.on.aws/?x".into()),
            ("functionUrl", "https://abc.lambda-url.eu-central-1.on.aws/a/../b".into()),
            ("userPoolEndpoint", "https://:80/".into()),
            ("identityPoolEndpoint", Value::from(true)),
        ] {
            match with(field, value.clone()) {
                Err(ConfigError::Wrong { field: named, .. }) => assert_eq!(named, field),
                other => panic!("{field} = {value}: {other:?}"),
            }
        }
        assert_eq!(with("userPoolID", "x".into()), Err(ConfigError::Unknown("userPoolID".into())));
    }

    #[test]
    fn what_is_not_an_object_says_so() {
        for text in ["", "[]", "<!doctype html>", "{\"a\":}"] {
            assert!(matches!(Config::from_json(text.as_bytes()), Err(ConfigError::NotJson(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_config_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Config::from_json(&bytes);
        }

        #[test]
        fn any_function_url_that_passes_is_sent_as_it_was_checked(url in "https?://[a-z.:@0-9]{0,20}/?[ -~]{0,10}") {
            if let Ok(config) = with("functionUrl", url.into()) {
                prop_assert!(config.function_url.starts_with("http"));
                prop_assert!(!config.function_url.contains(['?', '#', '@', ' ', '%']));
            }
        }
    }
}
