//! Where each setting stands in each of the formats, and how it is looked up.

use crate::json::{NotJson, Value};

use super::ConfigError;

/// Signet's own `config.json`.
pub(super) const OWN: usize = 0;
/// `amplify_outputs.json`, of Amplify Gen 2. <https://docs.amplify.aws/react/reference/amplify_outputs/>
pub(super) const OUTPUTS: usize = 1;
/// `aws-exports.js` and `amplifyconfiguration.json`, of Amplify Gen 1.
pub(super) const EXPORTS: usize = 2;
/// What `Amplify.configure` takes.
pub(super) const CONFIGURE: usize = 3;

macro_rules! keys {
    ($($key:ident: $own:literal, $outputs:literal, $exports:literal, $configure:literal;)*) => {
        #[derive(Clone, Copy)]
        pub(super) enum Key { $($key),* }

        /// By key and format. Alternatives are parted by `|`; empty where the format has no such thing.
        pub(super) const PATHS: &[[&str; 4]] = &[$([$own, $outputs, $exports, $configure]),*];
    };
}

#[rustfmt::skip] // A table.
keys! {
    Extends: "extends", "", "", "";
    Name: "name", "custom.signet.name", "", "custom.signet.name";
    Contact: "contact", "custom.signet.contact", "", "custom.signet.contact";
    Region: "region", "custom.signet.region|auth.aws_region", "aws_project_region", "custom.signet.region";
    FunctionUrl: "functionUrl", "custom.signet.functionUrl|custom.signet.endpoint", "aws_cloud_logic_custom",
        "custom.signet.functionUrl|custom.signet.endpoint";
    UserPoolEndpoint: "userPoolEndpoint", "", "", "Auth.Cognito.userPoolEndpoint";
    IdentityPoolEndpoint: "identityPoolEndpoint", "", "", "Auth.Cognito.identityPoolEndpoint";
    StsEndpoint: "stsEndpoint", "", "", "";
    UserPoolId: "userPoolId", "auth.user_pool_id", "aws_user_pools_id", "Auth.Cognito.userPoolId";
    UserPoolClientId: "userPoolClientId", "auth.user_pool_client_id", "aws_user_pools_web_client_id",
        "Auth.Cognito.userPoolClientId";
    IdentityPoolId: "identityPoolId", "auth.identity_pool_id", "aws_cognito_identity_pool_id",
        "Auth.Cognito.identityPoolId";
    AuthFlow: "authFlow", "auth.authentication_flow_type", "authenticationFlowType", "";
    PreferredChallenge: "preferredChallenge", "auth.passwordless.preferred_challenge", "",
        "Auth.Cognito.passwordless.preferredChallenge";
    EmailOtp: "", "auth.passwordless.email_otp_enabled", "", "Auth.Cognito.passwordless.emailOtpEnabled";
    SmsOtp: "", "auth.passwordless.sms_otp_enabled", "", "Auth.Cognito.passwordless.smsOtpEnabled";
    PasskeyAutofill: "passkeyAutofill", "auth.passwordless.web_authn", "", "Auth.Cognito.passwordless.webAuthn";
    PasswordForm: "passwordForm", "", "", "";
    UsernameAttributes: "usernameAttributes", "auth.username_attributes", "aws_cognito_username_attributes",
        "Auth.Cognito.loginWith";
    SignUp: "signUp", "", "", "";
    SignUpAttributes: "signUp.attributes", "auth.standard_required_attributes", "aws_cognito_signup_attributes",
        "Auth.Cognito.userAttributes";
    SignUpVerification: "signUp.verification", "", "aws_cognito_sign_up_verification_method",
        "Auth.Cognito.signUpVerificationMethod";
    Recovery: "recovery", "", "", "";
    PasswordPolicy: "passwordPolicy", "auth.password_policy", "aws_cognito_password_protection_settings",
        "Auth.Cognito.passwordFormat";
    MinimumLength: "passwordPolicy.minimumLength", "auth.password_policy.min_length",
        "aws_cognito_password_protection_settings.passwordPolicyMinLength", "Auth.Cognito.passwordFormat.minLength";
    RequireLowercase: "passwordPolicy.requireLowercase", "auth.password_policy.require_lowercase",
        "aws_cognito_password_protection_settings.passwordPolicyCharacters", "Auth.Cognito.passwordFormat.requireLowercase";
    RequireUppercase: "passwordPolicy.requireUppercase", "auth.password_policy.require_uppercase",
        "aws_cognito_password_protection_settings.passwordPolicyCharacters", "Auth.Cognito.passwordFormat.requireUppercase";
    RequireNumbers: "passwordPolicy.requireNumbers", "auth.password_policy.require_numbers",
        "aws_cognito_password_protection_settings.passwordPolicyCharacters", "Auth.Cognito.passwordFormat.requireNumbers";
    RequireSymbols: "passwordPolicy.requireSymbols", "auth.password_policy.require_symbols",
        "aws_cognito_password_protection_settings.passwordPolicyCharacters",
        "Auth.Cognito.passwordFormat.requireSpecialCharacters";
    GuestAccess: "guestAccess", "auth.unauthenticated_identities_enabled", "aws_mandatory_sign_in",
        "Auth.Cognito.allowGuestAccess";
    LoginsKey: "loginsKey", "", "", "";
    BasicFlow: "basicFlow", "", "", "";
    RoleArn: "basicFlow.roleArn", "", "", "";
    GuestRoleArn: "basicFlow.guestRoleArn", "", "", "";
    DurationSeconds: "basicFlow.durationSeconds", "", "", "";
    TokenUrl: "tokenUrl", "", "", "";
    HostedUi: "hostedUi", "auth.oauth", "oauth", "Auth.Cognito.loginWith.oauth";
    Domain: "hostedUi.domain", "auth.oauth.domain", "oauth.domain", "Auth.Cognito.loginWith.oauth.domain";
    AuthorizationEndpoint: "hostedUi.authorizationEndpoint", "", "", "";
    TokenEndpoint: "hostedUi.tokenEndpoint", "", "", "";
    Issuer: "hostedUi.issuer", "", "", "";
    ClientId: "hostedUi.clientId", "", "", "";
    Scopes: "hostedUi.scopes", "auth.oauth.scopes", "oauth.scope", "Auth.Cognito.loginWith.oauth.scopes";
    RedirectSignIn: "hostedUi.redirectSignIn", "auth.oauth.redirect_sign_in_uri", "oauth.redirectSignIn",
        "Auth.Cognito.loginWith.oauth.redirectSignIn";
    RedirectSignOut: "hostedUi.redirectSignOut", "auth.oauth.redirect_sign_out_uri", "oauth.redirectSignOut",
        "Auth.Cognito.loginWith.oauth.redirectSignOut";
    ResponseType: "", "auth.oauth.response_type", "oauth.responseType", "Auth.Cognito.loginWith.oauth.responseType";
    Prompt: "hostedUi.prompt", "", "", "";
    Lang: "hostedUi.lang", "", "", "";
    Providers: "hostedUi.providers", "auth.oauth.identity_providers", "aws_cognito_social_providers",
        "Auth.Cognito.loginWith.oauth.providers";
    ProviderLabel: "hostedUi.providers.label", "", "", "";
    ProviderIcon: "hostedUi.providers.icon", "", "", "";
    IdentityProvider: "hostedUi.providers.identityProvider", "", "", "";
    IdpIdentifier: "hostedUi.providers.idpIdentifier", "", "", "";
    LoginHint: "hostedUi.providers.loginHint", "", "", "";
}

/// A file, and which of the formats it is in.
pub(super) struct File {
    pub(super) format: usize,
    root: Value,
}

/// A value that a file holds. Null stands for what the file takes away from the one it extends.
pub(super) struct Found<'a> {
    pub(super) file: &'a File,
    pub(super) path: &'static str,
    pub(super) value: &'a Value,
}

/// A file, and the one that it extends.
#[derive(Clone, Copy)]
pub(super) struct Files<'a>(pub(super) &'a [File]);

impl File {
    pub(super) fn parse(text: &[u8]) -> Result<Self, ConfigError> {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        let root = Value::read(text).or_else(|NotJson { at }| {
            script(text).ok_or_else(|| {
                let what = if at == text.len() { "ends too early" } else { "breaks off" };
                let before = text.get(..at).unwrap_or_default();
                let line = before.split(|byte| *byte == b'\n');
                let column = line.clone().next_back().map_or(0, <[u8]>::len) + 1;
                ConfigError::NotJson(format!("it {what} in line {}, column {column}", line.count()))
            })
        })?;
        let Some(fields) = root.members() else { return Err(ConfigError::NotJson("it holds something else".into())) };
        let format = if root.get("aws_project_region").is_some() {
            EXPORTS
        } else if let Some(version) = root.get("version") {
            if !version.as_str().is_some_and(|version| version.starts_with('1')) {
                return Err(ConfigError::Wrong { field: "version", expected: "a version that begins with \"1\"" });
            }
            OUTPUTS
        } else if root.get("Auth").is_some() {
            CONFIGURE
        } else {
            only_known(fields, "")?;
            OWN
        };
        Ok(Self { format, root })
    }

    fn find(&self, key: Key) -> Result<Option<Found<'_>>, ConfigError> {
        'paths: for path in paths(key, self.format) {
            let (mut value, mut end) = (&self.root, 0);
            for name in path.split('.') {
                match value {
                    Value::Object(_) => match value.get(name) {
                        Some(member) => value = member,
                        None => continue 'paths,
                    },
                    Value::Null => break,
                    // A switch says nothing of members.
                    Value::Bool(_) => continue 'paths,
                    _ => return Err(ConfigError::Wrong { field: &path[..end], expected: "an object" }),
                }
                end += name.len() + usize::from(end > 0);
            }
            return Ok(Some(Found { file: self, path, value }));
        }
        Ok(None)
    }
}

impl Found<'_> {
    pub(super) fn wrong(&self, expected: &'static str) -> ConfigError {
        ConfigError::Wrong { field: self.path, expected }
    }
}

impl<'a> Files<'a> {
    /// What the first file holds that says anything of it, be it null.
    pub(super) fn said(self, key: Key) -> Result<Option<Found<'a>>, ConfigError> {
        for file in self.0 {
            if let Some(found) = file.find(key)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    pub(super) fn get(self, key: Key) -> Result<Option<Found<'a>>, ConfigError> {
        Ok(self.said(key)?.filter(|found| !found.value.is_null()))
    }

    /// Names a field as the first file would.
    pub(super) fn missing(self, key: Key, expected: &'static str) -> ConfigError {
        let format = self.0.first().map_or(OWN, |file| file.format);
        ConfigError::Missing { field: paths(key, format).next().unwrap_or(own_path(key)), expected }
    }

    pub(super) fn first(self) -> Self {
        Self(&self.0[..self.0.len().min(1)])
    }

    /// Whether a file of Amplify's is among them.
    pub(super) fn are_amplifys(self) -> bool {
        self.0.iter().any(|file| file.format != OWN)
    }
}

pub(super) fn own_path(key: Key) -> &'static str {
    PATHS[key as usize][OWN]
}

fn paths(key: Key, format: usize) -> impl Iterator<Item = &'static str> {
    PATHS[key as usize][format].split('|').filter(|path| !path.is_empty())
}

/// The object in the JavaScript module that Amplify Gen 1 writes.
fn script(text: &[u8]) -> Option<Value> {
    let start = text.iter().position(|&c| c == b'{')?;
    let end = text.iter().rposition(|&c| c == b'}')?;
    Value::read(text.get(start..=end)?).ok().filter(|it| it.get("aws_project_region").is_some())
}

/// Refuses what Signet's own format does not have, as a rule a misspelling.
fn only_known(fields: &[(String, Value)], prefix: &str) -> Result<(), ConfigError> {
    for (name, value) in fields {
        // Editors look there for docs/config.schema.json.
        let is_schema = name == "$schema" && prefix.is_empty();
        if !is_schema && !known(prefix).any(|known| known == name) {
            return Err(ConfigError::Unknown([prefix, name].concat()));
        }
        let inner = [prefix, name, "."].concat();
        if known(&inner).next().is_some() {
            let one = std::slice::from_ref(value);
            for member in value.as_list().unwrap_or(one).iter().filter_map(Value::members) {
                only_known(member, &inner)?;
            }
        }
    }
    Ok(())
}

/// The names after a prefix in Signet's own format.
pub(super) fn known(prefix: &str) -> impl Iterator<Item = &'static str> {
    PATHS
        .iter()
        .filter_map(move |paths| paths[OWN].strip_prefix(prefix).filter(|name| !name.is_empty() && !name.contains('.')))
}
