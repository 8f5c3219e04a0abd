//! From a file's fields to a [`Config`].

use crate::json::Value;

use super::keys::{CONFIGURE, EXPORTS, File, Files, Found, Key, OWN, own_path};
use super::{
    AuthFlow, BasicFlow, Config, ConfigError, HostedUi, IdentityPool, PasswordPolicy, Provider, SignUp, UserPool,
    Username,
};

const POOL: &str = "a user pool id, such as \"eu-central-1_AbCdEfGhI\"";
const CLIENT: &str = "the id of an app client of the user pool, such as \"1example23456789\"";
const IDENTITY_POOL: &str = "an identity pool id, such as \"eu-central-1:12345678-abcd-1234-abcd-123456789012\"";
const FUNCTION_URL: &str = "a function URL, such as \"https://abcdefg.lambda-url.eu-central-1.on.aws/\"";
const REGION: &str = "the function's region, such as \"eu-central-1\", where the function URL's host does not name it";
const TEXT: &str = "text";
const FLAG: &str = "true or false";
const OBJECT: &str = "an object";
const ADDRESS: &str = "an https address (http only on this machine)";
const EXTENDS: &str = "the name of one of Amplify's files beside this one, such as \"amplify_outputs.json\"";
const FLOW: &str = "USER_SRP_AUTH, USER_PASSWORD_AUTH, CUSTOM_AUTH, CUSTOM_AUTH_WITH_SRP or USER_AUTH";
const CHALLENGE: &str = "PASSWORD_SRP, PASSWORD, EMAIL_OTP, SMS_OTP or WEB_AUTHN";
const USERNAMES: &str = "a list of \"email\", \"phone_number\" and \"username\"";
const SIGN_UP: &str = "true, false, or an object with attributes and verification";
const ATTRIBUTES: &str = "a list of attributes, such as \"email\" or \"custom:team\"";
const VERIFICATION: &str = "\"code\" or \"link\"";
const MINIMUM_LENGTH: &str = "a number from 6 to 99";
const DURATION: &str = "a number of seconds from 900 to 43200";
const ROLE: &str = "a role's ARN, such as \"arn:aws:iam::123456789012:role/Name\"";
const DOMAIN: &str =
    "the hosted UI's domain, such as \"example.auth.eu-central-1.amazoncognito.com\", or an https address";
const ONE_SERVER: &str = "no such field beside hostedUi.domain: a domain is a user pool's and says it all";
const SCOPES: &str = "a list of scopes with \"openid\" among them";
const REDIRECTS: &str = "a list of https addresses (http only on this machine), at least one";
const REDIRECTS_OUT: &str = "a list of https addresses (http only on this machine)";
const CODE: &str = "\"code\"";
const PROMPT: &str = "login, consent or select_account";
const LANG: &str = "a language, such as \"de\" or \"pt-BR\"";
const PROVIDERS: &str = "a list of providers";
const ICON: &str = "a file of this origin, such as \"google.svg\"";
const ONE_ID: &str = "identityProvider or idpIdentifier, not both";
const WAY_IN: &str = "true, as there is no other way to sign in";

const FLOWS: [(&str, AuthFlow); 7] = [
    ("USER_SRP_AUTH", AuthFlow::UserSrpAuth),
    ("USER_PASSWORD_AUTH", AuthFlow::UserPasswordAuth),
    ("CUSTOM_AUTH", AuthFlow::CustomAuth),
    ("CUSTOM_AUTH_WITH_SRP", AuthFlow::CustomAuthWithSrp),
    ("USER_AUTH", AuthFlow::UserAuth),
    // Amplify's own names.
    ("CUSTOM_WITHOUT_SRP", AuthFlow::CustomAuth),
    ("CUSTOM_WITH_SRP", AuthFlow::CustomAuthWithSrp),
];

/// Amplify's names of social providers, where they are not Cognito's: what Cognito calls them, and what people do.
const SOCIAL: [(&str, &str, &str); 8] = [
    ("GOOGLE", "Google", "Google"),
    ("FACEBOOK", "Facebook", "Facebook"),
    ("LOGIN_WITH_AMAZON", "LoginWithAmazon", "Amazon"),
    ("AMAZON", "LoginWithAmazon", "Amazon"),
    ("Amazon", "LoginWithAmazon", "Amazon"),
    ("SIGN_IN_WITH_APPLE", "SignInWithApple", "Apple"),
    ("APPLE", "SignInWithApple", "Apple"),
    ("Apple", "SignInWithApple", "Apple"),
];

impl Config {
    /// Reads and checks one file: Signet's own `config.json`, or one of Amplify's.
    pub fn from_json(text: &[u8]) -> Result<Self, ConfigError> {
        let file = File::parse(text)?;
        match file.extends()? {
            Some(_) => Err(Key::Extends.wrong("no such field where there is one file only")),
            None => config(Files(&[file])),
        }
    }

    /// The file beside Signet's own `config.json` that it extends. Its text belongs into [`Config::from_json_over`].
    pub fn extends(text: &[u8]) -> Result<Option<String>, ConfigError> {
        File::parse(text)?.extends()
    }

    /// Reads and checks Signet's own `config.json` and, for whatever it does not say, a file of Amplify's.
    pub fn from_json_over(text: &[u8], base: &[u8]) -> Result<Self, ConfigError> {
        let base = File::parse(base)?;
        if base.format == OWN {
            return Err(Key::Extends.wrong(EXTENDS));
        }
        config(Files(&[File::parse(text)?, base]))
    }
}

impl Key {
    fn wrong(self, expected: &'static str) -> ConfigError {
        ConfigError::Wrong { field: own_path(self), expected }
    }
}

impl File {
    fn extends(&self) -> Result<Option<String>, ConfigError> {
        Files(std::slice::from_ref(self)).text(Key::Extends, EXTENDS, |name| checked(name, is_file_name(name)))
    }
}

/// What checks a text and gives it as it is kept.
type Read = fn(&str) -> Option<String>;

impl Files<'_> {
    fn text(self, key: Key, expected: &'static str, read: Read) -> Result<Option<String>, ConfigError> {
        self.get(key)?.map(|found| found.text(expected, read)).transpose()
    }

    fn need(self, key: Key, expected: &'static str, read: Read) -> Result<String, ConfigError> {
        self.text(key, expected, read)?.ok_or_else(|| self.missing(key, expected))
    }

    /// A switch. Gen 1 has some as lists, where `word` stands for what is on.
    fn flag(self, key: Key, word: &str, default: bool) -> Result<bool, ConfigError> {
        let Some(found) = self.get(key)? else { return Ok(default) };
        match found.value {
            Value::Bool(on) => Ok(*on),
            // `aws_mandatory_sign_in`, which is the contrary of guest access.
            Value::Text(text) if found.file.format == EXPORTS => Ok(text != "enable"),
            Value::List(words) if found.file.format == EXPORTS => Ok(words.iter().any(|it| it.as_str() == Some(word))),
            // `web_authn`, with what the user pool needs of it.
            Value::Object(_) if found.file.format != OWN => Ok(true),
            _ => Err(found.wrong(FLAG)),
        }
    }

    fn number(self, key: Key, from: u32, to: u32, expected: &'static str) -> Result<Option<u32>, ConfigError> {
        let Some(found) = self.get(key)? else { return Ok(None) };
        let number = found.value.as_i64().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| (from..=to).contains(number)).map(Some).ok_or_else(|| found.wrong(expected))
    }

    /// A list of texts that pass; those of Amplify's that do not are left out if `lenient`.
    fn list(
        self,
        key: Key,
        expected: &'static str,
        lenient: bool,
        pass: fn(&str) -> bool,
    ) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(found) = self.get(key)? else { return Ok(None) };
        let mut list = found.words().ok_or_else(|| found.wrong(expected))?;
        if lenient && found.file.format != OWN {
            list.retain(|text| pass(text));
        }
        if list.iter().all(|text| pass(text)) { Ok(Some(list)) } else { Err(found.wrong(expected)) }
    }
}

impl Found<'_> {
    fn text(&self, expected: &'static str, read: Read) -> Result<String, ConfigError> {
        self.value.as_str().and_then(|text| read(text.trim())).ok_or_else(|| self.wrong(expected))
    }

    fn words(&self) -> Option<Vec<String>> {
        match self.value {
            Value::List(list) => list.iter().map(|it| it.as_str().map(str::to_owned)).collect(),
            Value::Text(list) if self.file.format == EXPORTS => {
                Some(list.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect())
            }
            // `loginWith: {email: true}` and `userAttributes: {email: {required: true}}`.
            Value::Object(fields) if self.file.format == CONFIGURE => {
                let on = fields
                    .iter()
                    .filter(|(_, it)| it.as_bool().or_else(|| it.get("required")?.as_bool()) == Some(true));
                Some(on.map(|(name, _)| name.clone()).collect())
            }
            _ => None,
        }
    }
}

fn config(files: Files) -> Result<Config, ConfigError> {
    let user_pool = user_pool(files)?;
    let hosted_ui = hosted_ui(files, user_pool.as_ref())?;
    let token_url = files.text(Key::TokenUrl, ADDRESS, address)?;
    let identity_pool = identity_pool(files)?;
    let function_url = function_url(files)?;
    let region = files.text(Key::Region, REGION, |text| checked(text, is_region(text)))?;
    let function_region =
        lambda_region(&function_url).map(str::to_owned).or(region).ok_or_else(|| files.missing(Key::Region, REGION))?;
    if hosted_ui.is_none() && token_url.is_none() && !identity_pool.guest_access {
        match &user_pool {
            Some(pool) if pool.form => {}
            Some(_) => return Err(Key::PasswordForm.wrong(WAY_IN)),
            None => return Err(files.missing(Key::UserPoolId, POOL)),
        }
    }
    Ok(Config {
        name: files.text(Key::Name, TEXT, any)?,
        contact: files.text(Key::Contact, TEXT, any)?,
        user_pool,
        hosted_ui,
        token_url,
        identity_pool,
        function_url,
        function_region,
    })
}

fn function_url(files: Files) -> Result<String, ConfigError> {
    let url = match files.get(Key::FunctionUrl)? {
        Some(Found { file: File { format: EXPORTS, .. }, value: Value::List(apis), .. }) => {
            let mut addresses = apis.iter().filter_map(|api| api.get("endpoint")?.as_str());
            addresses.find(|url| lambda_region(url).is_some()).and_then(address)
        }
        Some(found) => Some(found.text(FUNCTION_URL, address)?),
        None => None,
    };
    url.ok_or_else(|| files.missing(Key::FunctionUrl, FUNCTION_URL))
}

/// The address of a service in a region, unless the configuration names another.
/// <https://docs.aws.amazon.com/general/latest/gr/cognito_identity.html>
fn endpoint(files: Files, key: Key, service: &str, region: &str) -> Result<String, ConfigError> {
    Ok(match files.text(key, ADDRESS, address)? {
        Some(address) => address,
        None => aws(service, region, "/"),
    })
}

fn aws(service: &str, region: &str, path: &str) -> String {
    let suffix = if region.starts_with("cn-") { ".amazonaws.com.cn" } else { ".amazonaws.com" };
    ["https://", service, ".", region, suffix, path].concat()
}

fn user_pool(files: Files) -> Result<Option<UserPool>, ConfigError> {
    let id = files.text(Key::UserPoolId, POOL, |id| checked(id, region_before(id, '_').is_some()))?;
    let client_id = files.text(Key::UserPoolClientId, CLIENT, |id| {
        checked(id, id.bytes().all(|c| c.is_ascii_alphanumeric() || b"_+".contains(&c)))
    })?;
    let preferred_challenge = files.text(Key::PreferredChallenge, CHALLENGE, |name| {
        checked(name, ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"].contains(&name))
    })?;
    let passkeys = files.flag(Key::PasskeyAutofill, "", false)?;
    // Both are read, so that both are checked.
    let codes = files.flag(Key::EmailOtp, "", false)? | files.flag(Key::SmsOtp, "", false)?;
    let auth_flow = match files.get(Key::AuthFlow)? {
        Some(found) => {
            let names = &FLOWS[..if found.file.format == OWN { 5 } else { FLOWS.len() }];
            let flow = names.iter().find(|(name, _)| found.value.as_str() == Some(*name));
            flow.ok_or_else(|| found.wrong(FLOW))?.1
        }
        // Only this flow has them.
        None if passkeys || codes || preferred_challenge.is_some() => AuthFlow::UserAuth,
        None => AuthFlow::default(),
    };
    let chooses = auth_flow == AuthFlow::UserAuth;
    let pool = (username(files)?, sign_up(files)?, password_policy(files)?);
    let (form, recovery) = (files.flag(Key::PasswordForm, "", true)?, files.flag(Key::Recovery, "", true)?);
    let (id, client_id) = match (id, client_id) {
        (Some(id), Some(client_id)) => (id, client_id),
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(files.missing(Key::UserPoolClientId, CLIENT)),
        (None, Some(_)) => return Err(files.missing(Key::UserPoolId, POOL)),
    };
    Ok(Some(UserPool {
        endpoint: endpoint(files, Key::UserPoolEndpoint, "cognito-idp", region(&id, '_'))?,
        id,
        client_id,
        auth_flow,
        preferred_challenge: preferred_challenge.filter(|_| chooses),
        form,
        username: pool.0,
        sign_up: pool.1,
        recovery,
        password_policy: pool.2,
        passkey_autofill: passkeys && chooses,
    }))
}

fn username(files: Files) -> Result<Username, ConfigError> {
    let Some(found) = files.get(Key::UsernameAttributes)? else { return Ok(Username::Any) };
    let (mut any, mut email, mut phone) = (false, false, false);
    for word in found.words().ok_or_else(|| found.wrong(USERNAMES))? {
        match (word.as_str(), found.file.format) {
            ("username", _) => any = true,
            ("email", _) | ("EMAIL", EXPORTS) => email = true,
            ("phone_number", _) | ("PHONE_NUMBER", EXPORTS) | ("phone", CONFIGURE) => phone = true,
            _ => return Err(found.wrong(USERNAMES)),
        }
    }
    Ok(match (email, phone) {
        (true, true) if !any => Username::EmailOrPhone,
        (true, false) if !any => Username::Email,
        (false, true) if !any => Username::Phone,
        _ => Username::Any,
    })
}

fn sign_up(files: Files) -> Result<Option<SignUp>, ConfigError> {
    let offered = match files.said(Key::SignUp)? {
        // Amplify's own form has it.
        None => files.are_amplifys(),
        Some(found) => match found.value {
            Value::Null => false,
            Value::Bool(offered) => *offered,
            Value::Object(_) => true,
            _ => return Err(found.wrong(SIGN_UP)),
        },
    };
    let mut attributes = files
        .list(Key::SignUpAttributes, ATTRIBUTES, false, |name| !name.is_empty() && is_graphic(name))?
        .unwrap_or_default();
    // Gen 1 shouts.
    for name in attributes.iter_mut().filter(|name| !name.starts_with("custom:")) {
        name.make_ascii_lowercase();
    }
    let verification = files
        .text(Key::SignUpVerification, VERIFICATION, |how| checked(how, how == "code" || how == "link"))?
        .unwrap_or_default();
    Ok(offered.then(|| SignUp { attributes, by_link: verification == "link" }))
}

fn password_policy(files: Files) -> Result<PasswordPolicy, ConfigError> {
    let Some(found) = files.get(Key::PasswordPolicy)? else {
        return Ok(PasswordPolicy {
            minimum_length: 8,
            lowercase: true,
            uppercase: true,
            numbers: true,
            symbols: true,
        });
    };
    if found.value.members().is_none() {
        return Err(found.wrong(OBJECT));
    }
    // A policy is one thing: none of it is another file's.
    let files = Files(std::slice::from_ref(found.file));
    let requires = |key, word| files.flag(key, word, false);
    Ok(PasswordPolicy {
        // What is not said is the least that Cognito allows.
        minimum_length: files.number(Key::MinimumLength, 6, 99, MINIMUM_LENGTH)?.unwrap_or(6),
        lowercase: requires(Key::RequireLowercase, "REQUIRES_LOWERCASE")?,
        uppercase: requires(Key::RequireUppercase, "REQUIRES_UPPERCASE")?,
        numbers: requires(Key::RequireNumbers, "REQUIRES_NUMBERS")?,
        symbols: requires(Key::RequireSymbols, "REQUIRES_SYMBOLS")?,
    })
}

fn hosted_ui(files: Files, pool: Option<&UserPool>) -> Result<Option<HostedUi>, ConfigError> {
    let authorization_endpoint = files.text(Key::AuthorizationEndpoint, ADDRESS, address)?;
    // Another provider's addresses, scopes and buttons are not the user pool's.
    let files = if authorization_endpoint.is_some() { files.first() } else { files };
    let domain = files.text(Key::Domain, DOMAIN, domain)?;
    let token_endpoint = files.text(Key::TokenEndpoint, ADDRESS, address)?;
    // Compared with the token's as strings.
    let issuer = files.text(Key::Issuer, ADDRESS, |issuer| checked(issuer, address(issuer).is_some()))?;
    let client_id = files.text(Key::ClientId, TEXT, |id| checked(id, is_graphic(id)))?;
    let (authorization_endpoint, token_endpoint, logout_endpoint, issuer, client_id) = match domain {
        Some(domain) => {
            for (key, said) in [
                (Key::AuthorizationEndpoint, authorization_endpoint.is_some()),
                (Key::TokenEndpoint, token_endpoint.is_some()),
                (Key::ClientId, client_id.is_some()),
            ] {
                if said {
                    return Err(key.wrong(ONE_SERVER));
                }
            }
            let pool = pool.ok_or_else(|| files.missing(Key::UserPoolId, POOL))?;
            let at = |path: &str| [&domain, path].concat();
            (
                at("/oauth2/authorize"),
                at("/oauth2/token"),
                Some(at("/logout")),
                issuer.unwrap_or_else(|| aws("cognito-idp", region(&pool.id, '_'), &["/", &pool.id].concat())),
                pool.client_id.clone(),
            )
        }
        None => match authorization_endpoint {
            Some(authorization_endpoint) => (
                authorization_endpoint,
                token_endpoint.ok_or_else(|| files.missing(Key::TokenEndpoint, ADDRESS))?,
                None,
                issuer.ok_or_else(|| files.missing(Key::Issuer, ADDRESS))?,
                client_id.ok_or_else(|| files.missing(Key::ClientId, TEXT))?,
            ),
            // Gen 1 writes an empty object where there is none.
            None => {
                return match files.get(Key::HostedUi)? {
                    Some(found) if found.value.members().is_none() => Err(found.wrong(OBJECT)),
                    Some(found) if found.file.format == OWN => Err(files.missing(Key::Domain, DOMAIN)),
                    _ => Ok(None),
                };
            }
        },
    };
    files.text(Key::ResponseType, CODE, |kind| checked(kind, kind == "code"))?;
    let scopes = match files.get(Key::Scopes)? {
        Some(found) => found
            .words()
            .filter(|scopes| scopes.iter().all(|it| is_graphic(it)) && scopes.iter().any(|it| it == "openid"))
            .ok_or_else(|| found.wrong(SCOPES))?,
        None => ["openid", "email", "profile"].map(str::to_owned).into(),
    };
    let redirect_sign_in = files
        .list(Key::RedirectSignIn, REDIRECTS, true, is_redirect)?
        .filter(|list| !list.is_empty())
        .ok_or_else(|| files.missing(Key::RedirectSignIn, REDIRECTS))?;
    Ok(Some(HostedUi {
        authorization_endpoint,
        token_endpoint,
        logout_endpoint,
        issuer,
        client_id,
        scopes,
        redirect_sign_in,
        redirect_sign_out: files.list(Key::RedirectSignOut, REDIRECTS_OUT, true, is_redirect)?.unwrap_or_default(),
        prompt: files.text(Key::Prompt, PROMPT, |prompt| {
            checked(prompt, ["login", "consent", "select_account"].contains(&prompt))
        })?,
        lang: files.text(Key::Lang, LANG, |lang| checked(lang, is_plain(lang, b"-")))?,
        providers: providers(files)?,
    }))
}

fn providers(files: Files) -> Result<Vec<Provider>, ConfigError> {
    let mut providers = vec![];
    if let Some(found) = files.get(Key::Providers)? {
        for provider in found.value.as_list().ok_or_else(|| found.wrong(PROVIDERS))? {
            providers.push(if found.file.format == OWN {
                own_provider(found.file, provider)?
            } else {
                let name = provider.as_str().or_else(|| provider.get("custom")?.as_str());
                amplifys_provider(name.ok_or_else(|| found.wrong(PROVIDERS))?)
            });
        }
    }
    if providers.is_empty() {
        let label = "Continue on the sign-in page".to_owned();
        providers.push(Provider { label, icon: None, identity_provider: None, idp_identifier: None, login_hint: None });
    }
    Ok(providers)
}

fn own_provider(file: &File, provider: &Value) -> Result<Provider, ConfigError> {
    if provider.members().is_none() {
        return Err(Key::Providers.wrong(PROVIDERS));
    }
    let text = |key, expected, read: Read| {
        let path = own_path(key);
        let value = path.rsplit('.').next().and_then(|name| provider.get(name)).filter(|value| !value.is_null());
        value.map(|value| Found { file, path, value }.text(expected, read)).transpose()
    };
    let missing = ConfigError::Missing { field: own_path(Key::ProviderLabel), expected: TEXT };
    let provider = Provider {
        label: text(Key::ProviderLabel, TEXT, any)?.ok_or(missing)?,
        icon: text(Key::ProviderIcon, ICON, |icon| checked(icon, is_icon(icon)))?,
        identity_provider: text(Key::IdentityProvider, TEXT, any)?,
        idp_identifier: text(Key::IdpIdentifier, TEXT, any)?,
        login_hint: text(Key::LoginHint, TEXT, any)?,
    };
    match (&provider.identity_provider, &provider.idp_identifier) {
        (Some(_), Some(_)) => Err(Key::Providers.wrong(ONE_ID)),
        _ => Ok(provider),
    }
}

fn amplifys_provider(name: &str) -> Provider {
    let social = SOCIAL.iter().find(|(amplifys, ..)| *amplifys == name);
    let (name, called) = social.map_or((name, name), |(_, name, called)| (name, called));
    Provider {
        label: ["Continue with ", called].concat(),
        icon: None,
        identity_provider: Some(name.to_owned()),
        idp_identifier: None,
        login_hint: None,
    }
}

fn identity_pool(files: Files) -> Result<IdentityPool, ConfigError> {
    let id = files.need(Key::IdentityPoolId, IDENTITY_POOL, |id| checked(id, region_before(id, ':').is_some()))?;
    let region = region(&id, ':').to_owned();
    Ok(IdentityPool {
        endpoint: endpoint(files, Key::IdentityPoolEndpoint, "cognito-identity", &region)?,
        sts_endpoint: endpoint(files, Key::StsEndpoint, "sts", &region)?,
        logins_key: files.text(Key::LoginsKey, TEXT, any)?,
        guest_access: files.flag(Key::GuestAccess, "", false)?,
        basic_flow: basic_flow(files)?,
        id,
        region,
    })
}

fn basic_flow(files: Files) -> Result<Option<BasicFlow>, ConfigError> {
    let role = |key| files.text(key, ROLE, |arn| checked(arn, is_role(arn)));
    Ok(match files.get(Key::BasicFlow)? {
        None => None,
        Some(found) if found.value.members().is_none() => return Err(found.wrong(OBJECT)),
        Some(_) => Some(BasicFlow {
            role_arn: role(Key::RoleArn)?,
            guest_role_arn: role(Key::GuestRoleArn)?,
            duration_seconds: files.number(Key::DurationSeconds, 900, 43_200, DURATION)?.unwrap_or(3600),
        }),
    })
}

fn checked(text: &str, good: bool) -> Option<String> {
    (good && !text.is_empty()).then(|| text.to_owned())
}

fn any(text: &str) -> Option<String> {
    checked(text, true)
}

/// Letters and digits, and some more.
fn is_plain(text: &str, more: &[u8]) -> bool {
    text.bytes().all(|c| c.is_ascii_alphanumeric() || more.contains(&c))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit())
}

fn is_graphic(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic())
}

fn is_file_name(text: &str) -> bool {
    !text.starts_with('.') && is_plain(text, b"-._")
}

/// A path of plain names below the origin or the page's folder.
fn is_icon(text: &str) -> bool {
    text.strip_prefix('/').unwrap_or(text).split('/').all(|name| !name.is_empty() && is_file_name(name))
}

/// Such as `arn:aws:iam::123456789012:role/Name`.
fn is_role(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    next() == "arn"
        && next().starts_with("aws")
        && next() == "iam"
        && next().is_empty()
        && is_number(next())
        && next().strip_prefix("role/").is_some_and(|name| !name.is_empty() && is_plain(name, b"+=,.@_/-"))
}

/// The region of an id that was checked.
fn region(id: &str, separator: char) -> &str {
    id.split_once(separator).map_or("", |(region, _)| region)
}

/// The region before a separator, where something follows it.
fn region_before(id: &str, separator: char) -> Option<&str> {
    id.split_once(separator)
        .filter(|(region, rest)| is_region(region) && !rest.is_empty() && is_plain(rest, b"-"))
        .map(|(region, _)| region)
}

/// Such as `us-east-1` or `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
        && parts.last().is_some_and(|number| is_number(number))
}

/// The region in `https://ID.lambda-url.REGION.on.aws/`.
fn lambda_region(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once(".lambda-url.")?;
    rest.split(['.', '/', ':']).next().filter(|region| is_region(region))
}

/// Scheme, host with port, and what follows the slash of an absolute address. Plain http only to this machine, where the local AWS listens.
fn web(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let local = host == "127.0.0.1" || host == "localhost" || host.ends_with(".localhost");
    let good = (scheme == "https" || scheme == "http" && local)
        && !host.is_empty()
        && is_plain(host, b".-")
        && is_number(port)
        && port.parse::<u16>().is_ok();
    good.then_some((scheme, authority, path))
}

/// An absolute address without user, query or fragment, as a browser writes it: the host in lower case, and no port that goes without saying.
fn address(url: &str) -> Option<String> {
    let (scheme, authority, path) = web(url)?;
    // What a browser sends as it stands, so that what is signed is what is sent.
    if !is_plain(path, b"-._~/") || path.split('/').any(|segment| segment == "." || segment == "..") {
        return None;
    }
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(if scheme == "https" { ":443" } else { ":80" }).unwrap_or(&authority);
    Some([scheme, "://", authority, "/", path].concat())
}

/// The address that the paths of a user pool's endpoints are added to.
fn domain(text: &str) -> Option<String> {
    let address = if text.contains('/') { address(text)? } else { address(&["https://", text].concat())? };
    Some(address.trim_end_matches('/').to_owned())
}

/// An absolute address without fragment (RFC 6749 §3.1.2). Cognito compares it as a string.
fn is_redirect(url: &str) -> bool {
    web(url).is_some_and(|(.., path)| path.bytes().all(|c| c.is_ascii_graphic() && c != b'#'))
}
