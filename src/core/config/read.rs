//! From a file's fields to a [`Config`].

use signet_cognito::hosted_ui;

use crate::core::words::config as say;
use crate::json::Value;

use super::check::{address, lambda_region, region};
use super::keys::{EXPORTS, File, Found, Key, OWN, Reader, expected, own_path};
use super::{
    AuthFlow, BasicFlow, Config, ConfigError, HostedUi, IdentityPool, PasswordPolicy, Price, Prices, Provider, SignUp,
    UserPool, Username,
};

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
const SOCIAL: [(&str, &str, &str); 6] = [
    ("GOOGLE", "Google", "Google"),
    ("FACEBOOK", "Facebook", "Facebook"),
    ("LOGIN_WITH_AMAZON", "LoginWithAmazon", "Amazon"),
    ("AMAZON", "LoginWithAmazon", "Amazon"),
    ("SIGN_IN_WITH_APPLE", "SignInWithApple", "Apple"),
    ("APPLE", "SignInWithApple", "Apple"),
];

impl Config {
    /// Reads and checks one file: Signet's own `config.json`, or one of Amplify's.
    pub fn from_json(text: &[u8]) -> Result<Self, ConfigError> {
        let file = File::parse(text)?;
        match file.extends()? {
            Some(_) => Err(cannot_extend(say::ONE_FILE)),
            None => Reader::new(&[file]).config(),
        }
    }

    /// The file beside Signet's own `config.json` that it extends. Its text belongs into [`Config::from_json_over`].
    pub fn extends(text: &[u8]) -> Result<Option<String>, ConfigError> {
        File::parse(text)?.extends()
    }

    /// Reads and checks Signet's own `config.json` and, for whatever it does not say, a file of Amplify's.
    pub fn from_json_over(text: &[u8], base: &[u8]) -> Result<Self, ConfigError> {
        let files = [File::parse(text)?, File::parse(base)?];
        if files[1].format == OWN {
            return Err(cannot_extend(expected(Key::Extends)));
        }
        Reader::new(&files).config()
    }
}

fn cannot_extend(expected: &'static str) -> ConfigError {
    ConfigError::Wrong { field: own_path(Key::Extends), expected }
}

impl File {
    fn extends(&self) -> Result<Option<String>, ConfigError> {
        let mut reader = Reader::new(std::slice::from_ref(self));
        let name = reader.text(Key::Extends);
        reader.problem.map_or(Ok(name), Err)
    }
}

/// The address of a service in a region. <https://docs.aws.amazon.com/general/latest/gr/cognito_identity.html>
fn aws(service: &str, region: &str, path: &str) -> String {
    let suffix = if region.starts_with("cn-") { ".amazonaws.com.cn/" } else { ".amazonaws.com/" };
    ["https://", service, ".", region, suffix, path].concat()
}

impl Reader<'_> {
    fn config(mut self) -> Result<Config, ConfigError> {
        let user_pool = self.user_pool();
        let hosted_ui = self.hosted_ui(user_pool.as_ref());
        let token_url = self.text(Key::TokenUrl);
        let identity_pool = self.identity_pool();
        let function_url = self.function_url();
        let region = self.text(Key::Region);
        let function_region = self.or_missing(lambda_region(&function_url).map(str::to_owned).or(region), Key::Region);
        let has_form = user_pool.as_ref().is_some_and(|pool| pool.form);
        if !has_form && hosted_ui.is_none() && token_url.is_none() && !identity_pool.guest_access {
            match user_pool {
                Some(_) => self.wrong(own_path(Key::PasswordForm), say::WAY_IN),
                None => self.missing(Key::UserPoolId),
            }
        }
        let (name, contact) = (self.text(Key::Name), self.text(Key::Contact));
        let prices = self.prices();
        match self.problem {
            Some(problem) => Err(problem),
            None => Ok(Config {
                name,
                contact,
                user_pool,
                hosted_ui,
                token_url,
                identity_pool,
                function_url,
                function_region,
                prices,
            }),
        }
    }

    fn function_url(&mut self) -> String {
        if let Some(Found { file: File { format: EXPORTS, .. }, value: Value::List(apis), .. }) =
            self.get(Key::FunctionUrl)
        {
            let mut addresses = apis.iter().filter_map(|api| api.get("endpoint")?.as_str());
            let url = addresses.find(|url| lambda_region(url).is_some()).and_then(address);
            return self.or_missing(url, Key::FunctionUrl);
        }
        self.need(Key::FunctionUrl)
    }

    fn user_pool(&mut self) -> Option<UserPool> {
        let (id, client_id) = (self.text(Key::UserPoolId), self.text(Key::UserPoolClientId));
        let preferred_challenge = self.text(Key::PreferredChallenge);
        let passkeys = self.flag(Key::PasskeyAutofill, "", false);
        // Both are read, so that both are checked.
        let codes = self.flag(Key::EmailOtp, "", false) | self.flag(Key::SmsOtp, "", false);
        let auth_flow = match self.get(Key::AuthFlow) {
            Some(found) => {
                let names = &FLOWS[..if found.file.format == OWN { 5 } else { FLOWS.len() }];
                let flow = names.iter().find(|(name, _)| found.value.as_str() == Some(*name));
                if flow.is_none() {
                    self.wrong(found.path, expected(Key::AuthFlow));
                }
                flow.map_or_else(AuthFlow::default, |(_, flow)| *flow)
            }
            // Only this flow has them.
            None if passkeys || codes || preferred_challenge.is_some() => AuthFlow::UserAuth,
            None => AuthFlow::default(),
        };
        let chooses = auth_flow == AuthFlow::UserAuth;
        let username = self.username();
        let sign_up = self.sign_up();
        let password_policy = self.password_policy();
        let form = self.flag(Key::PasswordForm, "", true);
        let recovery = self.flag(Key::Recovery, "", true);
        let endpoint = self.text(Key::UserPoolEndpoint);
        if id.is_none() && client_id.is_none() {
            return None;
        }
        let Some(id) = id else {
            self.missing(Key::UserPoolId);
            return None;
        };
        Some(UserPool {
            api: signet_cognito::UserPool {
                endpoint: endpoint.unwrap_or_else(|| aws("cognito-idp", region(&id, '_'), "")),
                id,
                client_id: self.need(Key::UserPoolClientId),
            },
            auth_flow,
            preferred_challenge: preferred_challenge.filter(|_| chooses),
            form,
            username,
            sign_up,
            recovery,
            password_policy,
            passkey_autofill: passkeys && chooses,
        })
    }

    fn username(&mut self) -> Username {
        let Some(found) = self.get(Key::UsernameAttributes) else { return Username::Any };
        let (mut any, mut email, mut phone) = (false, false, false);
        for word in self.list(Key::UsernameAttributes).unwrap_or_default() {
            match (word.as_str(), found.file.format) {
                ("username", _) => any = true,
                ("email", _) | ("EMAIL", EXPORTS) => email = true,
                ("phone_number", _) | ("PHONE_NUMBER", EXPORTS) => phone = true,
                _ => self.wrong(found.path, expected(Key::UsernameAttributes)),
            }
        }
        match (email, phone) {
            (true, true) if !any => Username::EmailOrPhone,
            (true, false) if !any => Username::Email,
            (false, true) if !any => Username::Phone,
            _ => Username::Any,
        }
    }

    fn sign_up(&mut self) -> Option<SignUp> {
        let offered = match self.said(Key::SignUp) {
            // Amplify's own form has it.
            None => self.files.iter().any(|file| file.format != OWN),
            Some(found) => match found.value {
                Value::Null => false,
                Value::Bool(offered) => *offered,
                Value::Object(_) => true,
                _ => {
                    self.wrong(found.path, expected(Key::SignUp));
                    false
                }
            },
        };
        let mut attributes = self.list(Key::SignUpAttributes).unwrap_or_default();
        // Gen 1 shouts.
        for name in attributes.iter_mut().filter(|name| !name.starts_with("custom:")) {
            name.make_ascii_lowercase();
        }
        let by_link = self.text(Key::SignUpVerification).is_some_and(|how| how == "link");
        offered.then_some(SignUp { attributes, by_link })
    }

    fn password_policy(&mut self) -> PasswordPolicy {
        let Some(found) = self.group(Key::PasswordPolicy) else {
            return PasswordPolicy {
                minimum_length: 8,
                lowercase: true,
                uppercase: true,
                numbers: true,
                symbols: true,
            };
        };
        // A policy is one thing: none of it is another file's.
        let files = std::mem::replace(&mut self.files, std::slice::from_ref(found.file));
        let policy = PasswordPolicy {
            // What is not said is the least that Cognito allows.
            minimum_length: self.number(Key::MinimumLength, 6, 99, 6),
            lowercase: self.flag(Key::RequireLowercase, "REQUIRES_LOWERCASE", false),
            uppercase: self.flag(Key::RequireUppercase, "REQUIRES_UPPERCASE", false),
            numbers: self.flag(Key::RequireNumbers, "REQUIRES_NUMBERS", false),
            symbols: self.flag(Key::RequireSymbols, "REQUIRES_SYMBOLS", false),
        };
        self.files = files;
        policy
    }

    fn hosted_ui(&mut self, pool: Option<&UserPool>) -> Option<HostedUi> {
        let authorization_endpoint = self.text(Key::AuthorizationEndpoint);
        let files = self.files;
        if authorization_endpoint.is_some() {
            // Another provider's addresses, scopes and buttons are not the user pool's.
            self.files = &files[..files.len().min(1)];
        }
        let domain = self.text(Key::Domain);
        let hosted_ui = self.server(domain.as_deref(), authorization_endpoint, pool);
        self.files = files;
        hosted_ui
    }

    fn server(&mut self, domain: Option<&str>, other: Option<String>, pool: Option<&UserPool>) -> Option<HostedUi> {
        if domain.is_none() && other.is_none() {
            // Gen 1 writes an empty object where there is none.
            if self.group(Key::HostedUi).is_some_and(|found| found.file.format == OWN) {
                self.missing(Key::Domain);
            }
            return None;
        }
        let at = |path: &str| domain.map(|domain| [domain, path].concat());
        let (mut token_endpoint, mut client_id) = (self.text(Key::TokenEndpoint), self.text(Key::ClientId));
        let mut issuer = self.text(Key::Issuer);
        if domain.is_some() {
            if other.is_some() || token_endpoint.is_some() || client_id.is_some() {
                self.wrong(own_path(Key::Domain), say::ONE_SERVER);
            }
            let Some(pool) = pool else {
                self.missing(Key::UserPoolId);
                return None;
            };
            token_endpoint = at("/oauth2/token");
            client_id = Some(pool.api.client_id.clone());
            issuer = issuer.or_else(|| Some(aws("cognito-idp", region(&pool.api.id, '_'), &pool.api.id)));
        }
        self.text(Key::ResponseType);
        let scopes = match self.list(Key::Scopes) {
            Some(scopes) => {
                if !scopes.iter().any(|scope| scope == "openid")
                    && let Some(found) = self.get(Key::Scopes)
                {
                    self.wrong(found.path, expected(Key::Scopes));
                }
                scopes
            }
            None => vec!["openid".into(), "email".into(), "profile".into()],
        };
        let redirect_sign_in = self.list(Key::RedirectSignIn).unwrap_or_default();
        if redirect_sign_in.is_empty() {
            self.missing(Key::RedirectSignIn);
        }
        Some(HostedUi {
            api: hosted_ui::HostedUi {
                authorization_endpoint: at("/oauth2/authorize").or(other).unwrap_or_default(),
                token_endpoint: self.or_missing(token_endpoint, Key::TokenEndpoint),
                logout_endpoint: at("/logout"),
                issuer: self.or_missing(issuer, Key::Issuer),
                client_id: self.or_missing(client_id, Key::ClientId),
                scopes,
                redirect_sign_in,
                redirect_sign_out: self.list(Key::RedirectSignOut).unwrap_or_default(),
                prompt: self.text(Key::Prompt),
                lang: self.text(Key::Lang),
            },
            providers: self.providers(),
        })
    }

    fn providers(&mut self) -> Vec<Provider> {
        let mut providers = vec![];
        if let Some(found) = self.get(Key::Providers) {
            match found.value {
                Value::List(list) => {
                    for provider in list {
                        providers.extend(self.provider(&found, provider));
                    }
                }
                _ => self.wrong(found.path, expected(Key::Providers)),
            }
        }
        if providers.is_empty() {
            providers.push(Provider { label: say::CONTINUE.into(), ..Provider::default() });
        }
        providers
    }

    fn provider(&mut self, found: &Found, provider: &Value) -> Option<Provider> {
        if found.file.format != OWN {
            let Some(name) = provider.as_str() else {
                self.wrong(found.path, expected(Key::Providers));
                return None;
            };
            let social = SOCIAL.iter().find(|(amplifys, ..)| *amplifys == name);
            let (name, called) = social.map_or((name, name), |(_, name, called)| (name, called));
            return Some(Provider {
                label: [say::CONTINUE_WITH, called].concat(),
                provider: hosted_ui::Provider {
                    identity_provider: Some(name.to_owned()),
                    ..hosted_ui::Provider::default()
                },
                ..Provider::default()
            });
        }
        if provider.members().is_none() {
            self.wrong(found.path, expected(Key::Providers));
        }
        let [label, icon, identity_provider, idp_identifier, login_hint] =
            [Key::ProviderLabel, Key::ProviderIcon, Key::IdentityProvider, Key::IdpIdentifier, Key::LoginHint].map(
                |key| {
                    let path = own_path(key);
                    let value =
                        path.rsplit('.').next().and_then(|name| provider.get(name)).filter(|value| !value.is_null());
                    value.and_then(|value| self.text_in(value, path, key))
                },
            );
        if label.is_none() {
            self.missing(Key::ProviderLabel);
        }
        if identity_provider.is_some() && idp_identifier.is_some() {
            self.wrong(found.path, say::ONE_ID);
        }
        let provider = hosted_ui::Provider { identity_provider, idp_identifier, login_hint };
        Some(Provider { label: label.unwrap_or_default(), icon, provider })
    }

    fn prices(&mut self) -> Option<Prices> {
        self.group(Key::Prices)?;
        let (date, currency) = (self.need(Key::PricesDate), self.need(Key::PricesCurrency));
        let mut models = vec![];
        match self.group(Key::PricesModels) {
            Some(found) => {
                for (model, prices) in found.value.members().unwrap_or_default() {
                    let price = |name| prices.get(name).and_then(price);
                    match (price("input"), price("output"), prices.members()) {
                        (Some(input), Some(output), Some([_, _])) => {
                            models.push((model.clone(), Price { input, output }));
                        }
                        _ => self.wrong(found.path, expected(Key::PricesModels)),
                    }
                }
            }
            None => self.missing(Key::PricesModels),
        }
        Some(Prices { date, currency, models })
    }

    fn identity_pool(&mut self) -> IdentityPool {
        let id = self.need(Key::IdentityPoolId);
        let region = region(&id, ':').to_owned();
        IdentityPool {
            api: signet_cognito::IdentityPool {
                endpoint: self.text(Key::IdentityPoolEndpoint).unwrap_or_else(|| aws("cognito-identity", &region, "")),
                id,
            },
            sts_endpoint: self.text(Key::StsEndpoint).unwrap_or_else(|| aws("sts", &region, "")),
            logins_key: self.text(Key::Logins),
            guest_access: self.flag(Key::GuestAccess, "", false),
            basic_flow: self.group(Key::BasicFlow).map(|_| BasicFlow {
                role_arn: self.text(Key::RoleArn),
                guest_role_arn: self.text(Key::GuestRoleArn),
                duration_seconds: self.number(Key::DurationSeconds, 900, 43_200, 3600),
            }),
            region,
        }
    }
}

/// In millionths. As a string it is written as JSON's numbers are.
fn price(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Text(text) => Value::read(text.as_bytes()).ok(),
        value => Some(value.clone()),
    };
    number?.as_decimal(6).and_then(|price| u64::try_from(price).ok())
}
