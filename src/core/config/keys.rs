//! Where each setting stands in each of the formats, and how it is looked up.

use crate::core::words::config::{
    self as say, ADDRESS, ATTRIBUTES, CHALLENGE, CLIENT, CODE, CURRENCY, DATE, DOMAIN, DURATION, EXTENDS, FLAG, FLOW,
    FUNCTION_URL, ICON, IDENTITY_POOL, LANG, MINIMUM_LENGTH, MODELS, OBJECT, POOL, PRICES, PROMPT, PROVIDERS,
    REDIRECTS, REDIRECTS_OUT, REGION, ROLE, SCOPES, SIGN_UP, TEXT, USERNAMES, VERIFICATION,
};
use crate::json::{NotJson, Value};

use super::ConfigError;
use super::check::{
    address, any, checked, domain, is_date, is_file_name, is_graphic, is_icon, is_plain, is_redirect, is_region,
    is_role, region_before,
};

/// Signet's own `config.json`.
pub(super) const OWN: usize = 0;
/// `amplify_outputs.json`, of Amplify Gen 2. <https://docs.amplify.aws/react/reference/amplify_outputs/>
pub(super) const OUTPUTS: usize = 1;
/// `aws-exports.js` and `amplifyconfiguration.json`, of Amplify Gen 1.
pub(super) const EXPORTS: usize = 2;

/// What checks a text and gives it as it is kept.
pub(super) type Check = fn(&str) -> Option<String>;

/// What is known of a setting.
pub(super) struct Setting {
    /// Where it stands, by format, parted by spaces; alternatives are parted by `|`. Empty where the format has no such thing.
    paths: &'static str,
    /// What it must hold, as errors say it.
    expected: &'static str,
    /// For a text, and for each text of a list.
    check: Check,
}

macro_rules! keys {
    ($($key:ident: $own:literal, $outputs:literal, $exports:literal => $expected:expr, $check:expr;)*) => {
        #[derive(Clone, Copy)]
        pub(super) enum Key { $($key),* }

        pub(super) const SETTINGS: &[Setting] =
            &[$(Setting { paths: concat!($own, " ", $outputs, " ", $exports), expected: $expected, check: $check }),*];
    };
}

impl Setting {
    pub(super) fn path(&self, format: usize) -> &'static str {
        self.paths.split(' ').nth(format).unwrap_or_default()
    }
}

#[rustfmt::skip] // A table.
keys! {
    Extends: "extends", "", ""
        => EXTENDS, |name| checked(name, is_file_name(name));
    Name: "name", "custom.signet.name", ""
        => TEXT, any;
    Contact: "contact", "custom.signet.contact", ""
        => TEXT, any;
    Region: "region", "custom.signet.region|auth.aws_region", "aws_project_region"
        => REGION, |text| checked(text, is_region(text));
    FunctionUrl: "functionUrl", "custom.signet.functionUrl|custom.signet.endpoint", "aws_cloud_logic_custom"
        => FUNCTION_URL, address;
    UserPoolEndpoint: "userPoolEndpoint", "", ""
        => ADDRESS, address;
    IdentityPoolEndpoint: "identityPoolEndpoint", "", ""
        => ADDRESS, address;
    StsEndpoint: "stsEndpoint", "", ""
        => ADDRESS, address;
    UserPoolId: "userPoolId", "auth.user_pool_id", "aws_user_pools_id"
        => POOL, |id| checked(id, region_before(id, '_').is_some());
    UserPoolClientId: "userPoolClientId", "auth.user_pool_client_id", "aws_user_pools_web_client_id"
        => CLIENT, |id| checked(id, is_plain(id, b"_+"));
    IdentityPoolId: "identityPoolId", "auth.identity_pool_id", "aws_cognito_identity_pool_id"
        => IDENTITY_POOL, |id| checked(id, region_before(id, ':').is_some());
    AuthFlow: "authFlow", "auth.authentication_flow_type", "authenticationFlowType"
        => FLOW, any;
    PreferredChallenge: "preferredChallenge", "auth.passwordless.preferred_challenge", ""
        => CHALLENGE, |name| checked(name, ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"].contains(&name));
    EmailOtp: "", "auth.passwordless.email_otp_enabled", ""
        => FLAG, any;
    SmsOtp: "", "auth.passwordless.sms_otp_enabled", ""
        => FLAG, any;
    PasskeyAutofill: "passkeyAutofill", "auth.passwordless.web_authn", ""
        => FLAG, any;
    PasswordForm: "passwordForm", "", ""
        => FLAG, any;
    UsernameAttributes: "usernameAttributes", "auth.username_attributes", "aws_cognito_username_attributes"
        => USERNAMES, any;
    SignUp: "signUp", "", ""
        => SIGN_UP, any;
    SignUpAttributes: "signUp.attributes", "auth.standard_required_attributes", "aws_cognito_signup_attributes"
        => ATTRIBUTES, |name| checked(name, is_graphic(name));
    SignUpVerification: "signUp.verification", "", "aws_cognito_sign_up_verification_method"
        => VERIFICATION, |how| checked(how, how == "code" || how == "link");
    Recovery: "recovery", "", ""
        => FLAG, any;
    PasswordPolicy: "passwordPolicy", "auth.password_policy", "aws_cognito_password_protection_settings"
        => OBJECT, any;
    MinimumLength: "passwordPolicy.minimumLength", "auth.password_policy.min_length",
        "aws_cognito_password_protection_settings.passwordPolicyMinLength"
        => MINIMUM_LENGTH, any;
    RequireLowercase: "passwordPolicy.requireLowercase", "auth.password_policy.require_lowercase",
        "aws_cognito_password_protection_settings.passwordPolicyCharacters"
        => FLAG, any;
    RequireUppercase: "passwordPolicy.requireUppercase", "auth.password_policy.require_uppercase",
        "aws_cognito_password_protection_settings.passwordPolicyCharacters"
        => FLAG, any;
    RequireNumbers: "passwordPolicy.requireNumbers", "auth.password_policy.require_numbers",
        "aws_cognito_password_protection_settings.passwordPolicyCharacters"
        => FLAG, any;
    RequireSymbols: "passwordPolicy.requireSymbols", "auth.password_policy.require_symbols",
        "aws_cognito_password_protection_settings.passwordPolicyCharacters"
        => FLAG, any;
    GuestAccess: "guestAccess", "auth.unauthenticated_identities_enabled", "aws_mandatory_sign_in"
        => FLAG, any;
    Logins: "loginsKey", "", ""
        => TEXT, any;
    BasicFlow: "basicFlow", "", ""
        => OBJECT, any;
    RoleArn: "basicFlow.roleArn", "", ""
        => ROLE, |arn| checked(arn, is_role(arn));
    GuestRoleArn: "basicFlow.guestRoleArn", "", ""
        => ROLE, |arn| checked(arn, is_role(arn));
    DurationSeconds: "basicFlow.durationSeconds", "", ""
        => DURATION, any;
    TokenUrl: "tokenUrl", "", ""
        => ADDRESS, address;
    HostedUi: "hostedUi", "auth.oauth", "oauth"
        => OBJECT, any;
    Domain: "hostedUi.domain", "auth.oauth.domain", "oauth.domain"
        => DOMAIN, domain;
    AuthorizationEndpoint: "hostedUi.authorizationEndpoint", "", ""
        => ADDRESS, address;
    TokenEndpoint: "hostedUi.tokenEndpoint", "", ""
        => ADDRESS, address;
    Issuer: "hostedUi.issuer", "", ""
        => ADDRESS, |issuer| checked(issuer, address(issuer).is_some());
    ClientId: "hostedUi.clientId", "", ""
        => TEXT, |id| checked(id, is_graphic(id));
    Scopes: "hostedUi.scopes", "auth.oauth.scopes", "oauth.scope"
        => SCOPES, |scope| checked(scope, is_graphic(scope));
    RedirectSignIn: "hostedUi.redirectSignIn", "auth.oauth.redirect_sign_in_uri", "oauth.redirectSignIn"
        => REDIRECTS, |url| checked(url, is_redirect(url));
    RedirectSignOut: "hostedUi.redirectSignOut", "auth.oauth.redirect_sign_out_uri", "oauth.redirectSignOut"
        => REDIRECTS_OUT, |url| checked(url, is_redirect(url));
    ResponseType: "", "auth.oauth.response_type", "oauth.responseType"
        => CODE, |kind| checked(kind, kind == "code");
    Prompt: "hostedUi.prompt", "", ""
        => PROMPT, |prompt| checked(prompt, ["login", "consent", "select_account"].contains(&prompt));
    Lang: "hostedUi.lang", "", ""
        => LANG, |lang| checked(lang, is_plain(lang, b"-"));
    Providers: "hostedUi.providers", "auth.oauth.identity_providers", "aws_cognito_social_providers"
        => PROVIDERS, any;
    ProviderLabel: "hostedUi.providers.label", "", ""
        => TEXT, any;
    ProviderIcon: "hostedUi.providers.icon", "", ""
        => ICON, |icon| checked(icon, is_icon(icon));
    IdentityProvider: "hostedUi.providers.identityProvider", "", ""
        => TEXT, any;
    IdpIdentifier: "hostedUi.providers.idpIdentifier", "", ""
        => TEXT, any;
    LoginHint: "hostedUi.providers.loginHint", "", ""
        => TEXT, any;
    Prices: "prices", "", ""
        => PRICES, any;
    PricesDate: "prices.date", "", ""
        => DATE, |date| checked(date, is_date(date));
    PricesCurrency: "prices.currency", "", ""
        => CURRENCY, |code| checked(code, code.len() == 3 && code.bytes().all(|c| c.is_ascii_uppercase()));
    PricesModels: "prices.models", "", ""
        => MODELS, any;
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

/// Looks settings up, and keeps the first problem instead of stopping at it: an early return at each of them is several times the code.
pub(super) struct Reader<'a> {
    /// A file, and the one that it extends.
    pub(super) files: &'a [File],
    pub(super) problem: Option<ConfigError>,
}

impl File {
    pub(super) fn parse(text: &[u8]) -> Result<Self, ConfigError> {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        let root = Value::read(text).or_else(|NotJson { at }| {
            script(text).ok_or_else(|| {
                let before = text.get(..at).unwrap_or_default();
                let line = before.split(|byte| *byte == b'\n');
                let column = line.clone().next_back().map_or(0, <[u8]>::len) + 1;
                ConfigError::NotJson(say::breaks_off(at == text.len(), line.count(), column))
            })
        })?;
        let Some(fields) = root.members() else { return Err(ConfigError::NotJson(say::SOMETHING_ELSE.into())) };
        let format = if root.get("aws_project_region").is_some() {
            EXPORTS
        } else if let Some(version) = root.get("version") {
            if !version.as_str().is_some_and(|version| version.starts_with('1')) {
                return Err(ConfigError::Wrong { field: "version", expected: say::VERSION });
            }
            OUTPUTS
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
                    // `signUp: true` and the like say nothing of members.
                    Value::Bool(_) if path.starts_with("signUp") || self.format != OWN => continue 'paths,
                    _ => {
                        return Err(ConfigError::Wrong { field: path.get(..end).unwrap_or(path), expected: OBJECT });
                    }
                }
                end += name.len() + usize::from(end > 0);
            }
            return Ok(Some(Found { file: self, path, value }));
        }
        Ok(None)
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(files: &'a [File]) -> Self {
        Self { files, problem: None }
    }

    pub(super) fn wrong(&mut self, field: &'static str, expected: &'static str) {
        self.problem.get_or_insert(ConfigError::Wrong { field, expected });
    }

    /// Names a field as the first file would.
    pub(super) fn missing(&mut self, key: Key) {
        let format = self.files.first().map_or(OWN, |file| file.format);
        let field = paths(key, format).next().unwrap_or(own_path(key));
        self.problem.get_or_insert(ConfigError::Missing { field, expected: expected(key) });
    }

    /// What the first file holds that says anything of it, be it null.
    pub(super) fn said(&mut self, key: Key) -> Option<Found<'a>> {
        for file in self.files {
            match file.find(key) {
                Ok(None) => {}
                Ok(found) => return found,
                Err(problem) => {
                    self.problem.get_or_insert(problem);
                }
            }
        }
        None
    }

    pub(super) fn get(&mut self, key: Key) -> Option<Found<'a>> {
        self.said(key).filter(|found| !found.value.is_null())
    }

    pub(super) fn text(&mut self, key: Key) -> Option<String> {
        let found = self.get(key)?;
        self.text_in(found.value, found.path, key)
    }

    pub(super) fn text_in(&mut self, value: &Value, path: &'static str, key: Key) -> Option<String> {
        let text = value.as_str().and_then(|text| check(key, text.trim()));
        if text.is_none() {
            self.wrong(path, expected(key));
        }
        text
    }

    pub(super) fn need(&mut self, key: Key) -> String {
        let text = self.text(key);
        self.or_missing(text, key)
    }

    /// A text that must be there; empty if it is not.
    pub(super) fn or_missing(&mut self, text: Option<String>, key: Key) -> String {
        if text.is_none() {
            self.missing(key);
        }
        text.unwrap_or_default()
    }

    /// A switch. Gen 1 has some as lists, where `word` stands for what is on.
    pub(super) fn flag(&mut self, key: Key, word: &str, default: bool) -> bool {
        let Some(found) = self.get(key) else { return default };
        match found.value {
            Value::Bool(on) => *on,
            // `aws_mandatory_sign_in`, which is the contrary of guest access.
            Value::Text(text) if found.file.format == EXPORTS => text != "enable",
            Value::List(words) if found.file.format == EXPORTS => words.iter().any(|it| it.as_str() == Some(word)),
            // `web_authn`, with what the user pool needs of it.
            Value::Object(_) if found.file.format != OWN => true,
            _ => {
                self.wrong(found.path, expected(key));
                default
            }
        }
    }

    pub(super) fn number(&mut self, key: Key, from: u32, to: u32, default: u32) -> u32 {
        let Some(found) = self.get(key) else { return default };
        let number = found.value.as_i64().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| (from..=to).contains(number)).unwrap_or_else(|| {
            self.wrong(found.path, expected(key));
            default
        })
    }

    /// A list of texts that pass. Addresses of Amplify's that do not are other apps' and are left out.
    pub(super) fn list(&mut self, key: Key) -> Option<Vec<String>> {
        let found = self.get(key)?;
        let (mut list, mut is_good) = (vec![], true);
        let is_lenient = matches!(key, Key::RedirectSignIn | Key::RedirectSignOut) && found.file.format != OWN;
        let mut take = |text: &str| match check(key, text) {
            Some(text) => list.push(text),
            None => is_good &= is_lenient,
        };
        match found.value {
            Value::List(items) => {
                items.iter().filter_map(Value::as_str).for_each(&mut take);
                is_good &= items.iter().all(|item| item.as_str().is_some());
            }
            Value::Text(items) if found.file.format == EXPORTS => items.split(',').for_each(|item| take(item.trim())),
            _ => is_good = false,
        }
        if !is_good {
            self.wrong(found.path, expected(key));
        }
        Some(list)
    }

    /// Whether there is an object.
    pub(super) fn group(&mut self, key: Key) -> Option<Found<'a>> {
        let found = self.get(key)?;
        if found.value.members().is_none() {
            self.wrong(found.path, expected(key));
        }
        Some(found)
    }
}

pub(super) fn expected(key: Key) -> &'static str {
    SETTINGS[key as usize].expected
}

fn check(key: Key, text: &str) -> Option<String> {
    (SETTINGS[key as usize].check)(text)
}

pub(super) fn own_path(key: Key) -> &'static str {
    SETTINGS[key as usize].path(OWN)
}

fn paths(key: Key, format: usize) -> impl Iterator<Item = &'static str> {
    SETTINGS[key as usize].path(format).split('|').filter(|path| !path.is_empty())
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
    SETTINGS.iter().filter_map(move |setting| {
        setting.path(OWN).strip_prefix(prefix).filter(|name| !name.is_empty() && !name.contains('.'))
    })
}
