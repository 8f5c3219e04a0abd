//! From files to a [`Config`].

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use signet_cognito::hosted_ui;

use super::amplify::{Exports, Outputs};
use super::check::{lambda_region, region};
use super::field::{
    Address, ClientId, Currency, Date, Domain, FunctionUrl, IdentityPoolId, Object, Redirect, Region, Switch, Text,
    UserPoolClientId, UserPoolId,
};
use super::file::{File, Format, HostedUiFile, PricesFile, ProviderFile, UsernameAttribute, Verification};
use super::{
    AuthFlow, BasicFlow, Config, ConfigError, Conflict, HostedUi, IdentityPool, PasswordPolicy, Price, Prices,
    Provider, ProviderLabel, SignUp, UserPool, Username,
};

impl Config {
    /// Reads and checks one file: Signet's own `config.json`, or one of Amplify's.
    pub fn from_json(text: &[u8]) -> Result<Self, ConfigError> {
        let file = File::parse(text)?;
        if file.extends.as_ref().is_some() {
            return Err(ConfigError::Conflict(Conflict::NothingToExtend));
        }
        file.config()
    }

    /// The name of the file that Signet's own `config.json` extends, if any. Pass that file's text to [`Config::from_json_over`].
    pub fn extends(text: &[u8]) -> Result<Option<String>, ConfigError> {
        Ok(File::parse(text)?.extends.value().map(|name| name.0))
    }

    /// Reads and checks Signet's own `config.json`, and takes the fields that it lacks from one of Amplify's files.
    pub fn from_json_over(text: &[u8], base: &[u8]) -> Result<Self, ConfigError> {
        let (own, base) = (File::parse(text)?, File::parse(base)?);
        if base.format == Format::Signet {
            return Err(ConfigError::Conflict(Conflict::ExtendsItsOwnFormat));
        }
        own.over(base).config()
    }
}

/// A field that a configuration must have: its name in each format, or in `config.json` if Amplify has no such field.
#[derive(Clone, Copy)]
struct Required {
    names: [&'static str; 3],
    expected: &'static str,
}

const USER_POOL_ID: Required =
    Required { names: ["userPoolId", "auth.user_pool_id", "aws_user_pools_id"], expected: UserPoolId::EXPECTED };
const USER_POOL_CLIENT_ID: Required = Required {
    names: ["userPoolClientId", "auth.user_pool_client_id", "aws_user_pools_web_client_id"],
    expected: UserPoolClientId::EXPECTED,
};
const IDENTITY_POOL_ID: Required = Required {
    names: ["identityPoolId", "auth.identity_pool_id", "aws_cognito_identity_pool_id"],
    expected: IdentityPoolId::EXPECTED,
};
const FUNCTION_URL: Required = Required {
    names: ["functionUrl", "custom.signet.functionUrl", "aws_cloud_logic_custom"],
    expected: FunctionUrl::EXPECTED,
};
const REGION: Required =
    Required { names: ["region", "custom.signet.region", "aws_project_region"], expected: Region::EXPECTED };
const REDIRECT_SIGN_IN: Required = Required {
    names: ["hostedUi.redirectSignIn", "auth.oauth.redirect_sign_in_uri", "oauth.redirectSignIn"],
    expected: Redirect::EXPECTED,
};
const DOMAIN: Required =
    Required { names: ["hostedUi.domain", "auth.oauth.domain", "oauth.domain"], expected: Domain::EXPECTED };

/// A field that only `config.json` has.
const fn own(name: &'static str, expected: &'static str) -> Required {
    Required { names: [name; 3], expected }
}

const TOKEN_ENDPOINT: Required = own("hostedUi.tokenEndpoint", Address::EXPECTED);
const ISSUER: Required = own("hostedUi.issuer", Address::EXPECTED);
const CLIENT_ID: Required = own("hostedUi.clientId", ClientId::EXPECTED);
const PROVIDER_LABEL: Required = own("hostedUi.providers.label", Text::EXPECTED);
const PRICES_DATE: Required = own("prices.date", Date::EXPECTED);
const PRICES_CURRENCY: Required = own("prices.currency", Currency::EXPECTED);
const PRICES_MODELS: Required = own("prices.models", "an object with the prices of a million tokens by model id");

impl Required {
    /// The error that the field is missing, with its name in this format.
    fn missing(self, format: Format) -> ConfigError {
        ConfigError::Missing { field: self.names[format as usize], expected: self.expected }
    }
}

impl File {
    fn parse(text: &[u8]) -> Result<Self, ConfigError> {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        let (json, lines_before, members) = match serde_json::from_slice(text) {
            Ok(Value::Object(members)) => (text, 0, members),
            Ok(_) => return Err(ConfigError::NotAnObject),
            Err(error) => script(text).ok_or_else(|| not_json(&error))?,
        };
        let has = |name| members.get(name).is_some_and(|value| !value.is_null());
        if has("aws_project_region") {
            deserialize::<Exports>(json, lines_before).map(Self::from)
        } else if has("version") {
            deserialize::<Outputs>(json, lines_before).map(Self::from)
        } else {
            deserialize(json, lines_before)
        }
    }

    fn config(self) -> Result<Config, ConfigError> {
        let format = self.format;
        let prices = self.prices.as_ref().map(|prices| prices.0.clone().prices(format)).transpose()?;
        let (name, contact) = (self.name.as_ref().cloned(), self.contact.as_ref().cloned());
        let token_url = self.token_url.as_ref().map(|url| url.0.clone());
        let identity_pool = self.identity_pool()?;
        let function_url = self.function_url.as_ref().ok_or_else(|| FUNCTION_URL.missing(format))?.0.clone();
        let function_region = lambda_region(&function_url)
            .or(self.region.as_ref().map(|region| region.0.as_str()))
            .ok_or_else(|| REGION.missing(format))?
            .to_owned();
        let user_pool = self.user_pool()?;
        let hosted_ui = match self.hosted_ui.value() {
            Some(ui) => ui.0.hosted_ui(user_pool.as_ref(), format)?,
            None => None,
        };
        let has_form = user_pool.as_ref().is_some_and(|pool| pool.form);
        if !has_form && hosted_ui.is_none() && token_url.is_none() && !identity_pool.guest_access {
            return Err(match user_pool {
                Some(_) => ConfigError::Conflict(Conflict::NoWayIn),
                None => USER_POOL_ID.missing(format),
            });
        }
        Ok(Config {
            name: name.map(|name| name.0),
            contact: contact.map(|contact| contact.0),
            user_pool,
            hosted_ui,
            token_url,
            identity_pool,
            function_url,
            function_region,
            prices,
        })
    }

    fn user_pool(&self) -> Result<Option<UserPool>, ConfigError> {
        let client_id = self.user_pool_client_id.as_ref().map(|id| id.0.clone());
        let Some(id) = self.user_pool_id.as_ref().map(|id| id.0.clone()) else {
            return if client_id.is_some() { Err(USER_POOL_ID.missing(self.format)) } else { Ok(None) };
        };
        let preferred_challenge = self.preferred_challenge.as_ref().map(|challenge| challenge.0.clone());
        let passkeys = self.passkey_autofill.as_ref() == Some(&true);
        let auth_flow = match self.auth_flow.as_ref() {
            Some(flow) => *flow,
            // Only this flow has these.
            None if passkeys || self.one_time_codes || preferred_challenge.is_some() => AuthFlow::UserAuth,
            None => AuthFlow::default(),
        };
        let chooses = auth_flow == AuthFlow::UserAuth;
        let endpoint = self.user_pool_endpoint.as_ref().map(|endpoint| endpoint.0.clone());
        Ok(Some(UserPool {
            api: signet_cognito::UserPool {
                endpoint: endpoint.unwrap_or_else(|| aws("cognito-idp", region(&id, '_'), "")),
                id,
                client_id: client_id.ok_or_else(|| USER_POOL_CLIENT_ID.missing(self.format))?,
            },
            auth_flow,
            preferred_challenge: preferred_challenge.filter(|_| chooses),
            form: self.password_form.as_ref() != Some(&false),
            username: self.username(),
            sign_up: self.sign_up(),
            recovery: self.recovery.as_ref() != Some(&false),
            password_policy: self.password_policy(),
            passkey_autofill: passkeys && chooses,
        }))
    }

    fn username(&self) -> Username {
        let attributes = self.username_attributes.as_ref().map(Vec::as_slice).unwrap_or_default();
        let has = |attribute| attributes.contains(&attribute);
        match (has(UsernameAttribute::Email), has(UsernameAttribute::PhoneNumber)) {
            _ if has(UsernameAttribute::Username) => Username::Any,
            (true, true) => Username::EmailOrPhone,
            (true, false) => Username::Email,
            (false, true) => Username::Phone,
            (false, false) => Username::Any,
        }
    }

    fn sign_up(&self) -> Option<SignUp> {
        match self.sign_up.as_ref()? {
            Switch::Flag(offered) => offered.then(SignUp::default),
            Switch::Object(sign_up) => {
                let names = sign_up.attributes.as_ref().map(Vec::as_slice).unwrap_or_default();
                // Amplify Gen 1 writes standard attributes in upper case.
                let name =
                    |name: &String| if name.starts_with("custom:") { name.clone() } else { name.to_ascii_lowercase() };
                Some(SignUp {
                    attributes: names.iter().map(|attribute| name(&attribute.0)).collect(),
                    by_link: sign_up.verification.as_ref() == Some(&Verification::Link),
                })
            }
        }
    }

    fn password_policy(&self) -> PasswordPolicy {
        // Cognito's own default.
        let Some(policy) = self.password_policy.as_ref().map(|policy| &policy.0) else {
            return PasswordPolicy {
                minimum_length: 8,
                lowercase: true,
                uppercase: true,
                numbers: true,
                symbols: true,
            };
        };
        PasswordPolicy {
            // Rules that the policy leaves out default to the least that Cognito allows.
            minimum_length: policy.minimum_length.as_ref().map_or(6, |length| length.0),
            lowercase: policy.require_lowercase.as_ref() == Some(&true),
            uppercase: policy.require_uppercase.as_ref() == Some(&true),
            numbers: policy.require_numbers.as_ref() == Some(&true),
            symbols: policy.require_symbols.as_ref() == Some(&true),
        }
    }

    fn identity_pool(&self) -> Result<IdentityPool, ConfigError> {
        let id = self.identity_pool_id.as_ref().ok_or_else(|| IDENTITY_POOL_ID.missing(self.format))?.0.clone();
        let region = region(&id, ':').to_owned();
        let endpoint = self.identity_pool_endpoint.as_ref().map(|endpoint| endpoint.0.clone());
        let sts_endpoint = self.sts_endpoint.as_ref().map(|endpoint| endpoint.0.clone());
        Ok(IdentityPool {
            api: signet_cognito::IdentityPool {
                endpoint: endpoint.unwrap_or_else(|| aws("cognito-identity", &region, "")),
                id,
            },
            sts_endpoint: sts_endpoint.unwrap_or_else(|| aws("sts", &region, "")),
            logins_key: self.logins_key.as_ref().map(|key| key.0.clone()),
            guest_access: self.guest_access.as_ref() == Some(&true),
            basic_flow: self.basic_flow.as_ref().map(|flow| BasicFlow {
                role_arn: flow.0.role_arn.as_ref().map(|arn| arn.0.clone()),
                guest_role_arn: flow.0.guest_role_arn.as_ref().map(|arn| arn.0.clone()),
                duration_seconds: flow.0.duration_seconds.as_ref().map_or(3600, |seconds| seconds.0),
            }),
            region,
        })
    }
}

impl HostedUiFile {
    fn hosted_ui(self, pool: Option<&UserPool>, format: Format) -> Result<Option<HostedUi>, ConfigError> {
        let domain = self.domain.value().map(|domain| domain.0);
        let other = self.authorization_endpoint.value().map(|endpoint| endpoint.0);
        if domain.is_none() && other.is_none() {
            return if self.may_be_empty { Ok(None) } else { Err(DOMAIN.missing(format)) };
        }
        let at = |path: &str| domain.as_ref().map(|domain| [domain, path].concat());
        let mut token_endpoint = self.token_endpoint.value().map(|endpoint| endpoint.0);
        let mut client_id = self.client_id.value().map(|id| id.0);
        let mut issuer = self.issuer.value().map(|issuer| issuer.0);
        if domain.is_some() {
            if other.is_some() || token_endpoint.is_some() || client_id.is_some() {
                return Err(ConfigError::Conflict(Conflict::TwoServers));
            }
            let pool = pool.ok_or_else(|| USER_POOL_ID.missing(format))?;
            token_endpoint = at("/oauth2/token");
            client_id = Some(pool.api.client_id.clone());
            issuer = issuer.or_else(|| Some(aws("cognito-idp", region(&pool.api.id, '_'), &pool.api.id)));
        }
        let redirect_sign_in = strings(self.redirect_sign_in.value());
        if redirect_sign_in.is_empty() {
            return Err(REDIRECT_SIGN_IN.missing(format));
        }
        let scopes = self.scopes.value().map(|scopes| scopes.0);
        let providers = self.providers.value().unwrap_or_default().into_iter();
        let mut providers =
            providers.map(|provider| provider.0.provider(format)).collect::<Result<Vec<Provider>, _>>()?;
        if providers.is_empty() {
            providers.push(Provider::default());
        }
        let api = hosted_ui::HostedUi {
            authorization_endpoint: at("/oauth2/authorize").or(other).unwrap_or_default(),
            token_endpoint: token_endpoint.ok_or_else(|| TOKEN_ENDPOINT.missing(format))?,
            logout_endpoint: at("/logout"),
            issuer: issuer.ok_or_else(|| ISSUER.missing(format))?,
            client_id: client_id.ok_or_else(|| CLIENT_ID.missing(format))?,
            scopes: scopes.unwrap_or_else(|| ["openid", "email", "profile"].map(str::to_owned).into()),
            redirect_sign_in,
            redirect_sign_out: strings(self.redirect_sign_out.value()),
            prompt: self.prompt.value().map(|prompt| prompt.0),
            lang: self.lang.value().map(|lang| lang.0),
        };
        Ok(Some(HostedUi { api, providers }))
    }
}

fn strings(urls: Option<Vec<Redirect>>) -> Vec<String> {
    urls.unwrap_or_default().into_iter().map(|url| url.0).collect()
}

impl ProviderFile {
    fn provider(self, format: Format) -> Result<Provider, ConfigError> {
        let label = self.label.value().map(|label| ProviderLabel::Custom(label.0));
        let label = label.or(self.called.map(ProviderLabel::ContinueWith));
        let (identity_provider, idp_identifier) = (self.identity_provider.value(), self.idp_identifier.value());
        if identity_provider.is_some() && idp_identifier.is_some() {
            return Err(ConfigError::Conflict(Conflict::TwoProviderIds));
        }
        Ok(Provider {
            label: label.ok_or_else(|| PROVIDER_LABEL.missing(format))?,
            icon: self.icon.value().map(|icon| icon.0),
            provider: hosted_ui::Provider {
                identity_provider: identity_provider.map(|name| name.0),
                idp_identifier: idp_identifier.map(|id| id.0),
                login_hint: self.login_hint.value().map(|hint| hint.0),
            },
        })
    }
}

impl PricesFile {
    fn prices(self, format: Format) -> Result<Prices, ConfigError> {
        let models = self.models.value().ok_or_else(|| PRICES_MODELS.missing(format))?;
        Ok(Prices {
            date: self.date.value().ok_or_else(|| PRICES_DATE.missing(format))?.0,
            currency: self.currency.value().ok_or_else(|| PRICES_CURRENCY.missing(format))?.0,
            models: models
                .into_iter()
                .map(|(model, price)| (model, Price { input: price.0.input.0, output: price.0.output.0 }))
                .collect(),
        })
    }
}

/// Reads a format; an error names the field's path in it and its line.
fn deserialize<T: DeserializeOwned>(json: &[u8], lines_before: usize) -> Result<T, ConfigError> {
    let object = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(json));
    object.map(|Object(file)| file).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.inner();
        let place = format!(" at line {} column {}", inner.line(), inner.column());
        let problem = inner.to_string();
        ConfigError::Wrong {
            field: if field == "." { String::new() } else { field },
            line: lines_before + inner.line(),
            problem: problem.strip_suffix(&place).unwrap_or(&problem).to_owned(),
        }
    })
}

fn not_json(error: &serde_json::Error) -> ConfigError {
    ConfigError::NotJson { line: error.line(), column: error.column(), is_cut_off: error.is_eof() }
}

/// The object in the JavaScript module that Amplify Gen 1 writes, the number of lines before it, and its members.
fn script(text: &[u8]) -> Option<(&[u8], usize, Map<String, Value>)> {
    let start = text.iter().position(|&c| c == b'{')?;
    let end = text.iter().rposition(|&c| c == b'}')?;
    let object = text.get(start..=end)?;
    let members: Map<String, Value> = serde_json::from_slice(object).ok()?;
    let lines_before = text[..start].split(|&c| c == b'\n').skip(1).count();
    members.contains_key("aws_project_region").then_some((object, lines_before, members))
}

/// The address of a service in a region. <https://docs.aws.amazon.com/general/latest/gr/cognito_identity.html>
fn aws(service: &str, region: &str, path: &str) -> String {
    let partition = PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix));
    let suffix = partition.map_or("amazonaws.com", |(_, suffix)| suffix);
    ["https://", service, ".", region, ".", suffix, "/", path].concat()
}

/// How the regions of a partition begin, and its domain; all others are in amazonaws.com.
/// <https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>
const PARTITIONS: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];
