//! The function's configuration, from environment variables.

use aws_sdk_bedrockruntime::config::{Credentials, Region, SharedHttpClient};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use http::{HeaderValue, Uri};

/// What the function is told by its environment.
pub struct Config {
    /// Who answers.
    pub(crate) model_backend: ModelBackend,
    /// Where the model-selection strategy comes from.
    pub(crate) models: Models,
    /// The longest prompt, in UTF-8 bytes.
    pub(crate) max_prompt_bytes: usize,
    /// The most that a prompt's earlier turns may have together, in UTF-8 bytes.
    pub(crate) max_context_bytes: usize,
    /// The longest answer, in the model's tokens.
    pub(crate) max_tokens: i32,
}

/// Who answers.
pub(crate) enum ModelBackend {
    /// Amazon Bedrock, by `ConverseStream`.
    Bedrock(Aws),
    /// An endpoint that speaks `OpenAI`'s streaming Chat Completions.
    OpenAi {
        /// Where the API is, without a slash at the end, such as `http://localhost:11434/v1`.
        base_url: String,
        /// The `Authorization` header with the API key; marked as sensitive, so that `Debug` prints nothing of it.
        authorization: Option<HeaderValue>,
    },
    /// The built-in demonstration.
    Demo,
}

/// Where the model-selection strategy comes from.
pub(crate) enum Models {
    /// The bundled `model_selection.json`.
    Bundled,
    /// There is one model.
    One(String),
    /// AWS `AppConfig`.
    AppConfig {
        /// How AWS is reached.
        aws: Aws,
        /// The application's name or id.
        application: String,
        /// The environment's name or id.
        environment: String,
        /// The configuration profile's name or id.
        profile: String,
    },
}

/// How an AWS service is reached: `Debug` of the credentials prints no secret.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    /// The region.
    pub(crate) region: Region,
    /// The function role's keys.
    pub(crate) credentials: Credentials,
    /// Another endpoint than the service's own.
    pub(crate) endpoint_url: Option<String>,
}

/// What is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable that is needed is not set.
    #[error("{variable} is not set: {needed}.")]
    Missing {
        /// Its name.
        variable: &'static str,
        /// What it is needed for, and what it looks like.
        needed: &'static str,
    },
    /// A variable's value cannot be used; the value itself is not told, as it may be a key.
    #[error("{variable} has a value that cannot be used: expected {expected}.")]
    Invalid {
        /// Its name.
        variable: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// Both name the models to ask.
    #[error("OPENAI_MODEL and APPCONFIG_APPLICATION both say which models to ask: set only one of them.")]
    TwoStrategies,
}

impl Config {
    /// Reads and checks the environment; `lookup` gives a variable's value.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        // A CloudFormation parameter that was left out arrives as an empty string.
        let lookup = |variable: &str| lookup(variable).filter(|value| !value.is_empty());
        let model_backend = match lookup("MODEL_BACKEND").as_deref() {
            None | Some("bedrock") => ModelBackend::Bedrock(aws(&lookup, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME")?),
            Some("openai") => open_ai(&lookup)?,
            Some("demo") => ModelBackend::Demo,
            Some(_) => {
                return Err(ConfigError::Invalid {
                    variable: "MODEL_BACKEND",
                    expected: "`bedrock`, `openai` or `demo`",
                });
            }
        };
        Ok(Self {
            models: models(&lookup, &model_backend)?,
            model_backend,
            max_prompt_bytes: whole_number(&lookup, "MAX_PROMPT_BYTES", 100_000)?,
            max_context_bytes: whole_number(&lookup, "MAX_CONTEXT_BYTES", 32_768)?,
            max_tokens: whole_number(&lookup, "MAX_TOKENS", 4096)?,
        })
    }
}

/// The HTTPS client of the AWS clients.
pub(crate) fn https_client() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

fn open_ai(lookup: &impl Fn(&str) -> Option<String>) -> Result<ModelBackend, ConfigError> {
    let base_url = lookup("OPENAI_BASE_URL").ok_or(ConfigError::Missing {
        variable: "OPENAI_BASE_URL",
        needed: "with MODEL_BACKEND=openai it says where the API is, such as http://localhost:11434/v1",
    })?;
    let uri: Option<Uri> = base_url.parse().ok();
    if !uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none()) {
        return Err(ConfigError::Invalid {
            variable: "OPENAI_BASE_URL",
            expected: "an http or https URL without a query, such as http://localhost:11434/v1",
        });
    }
    let authorization = lookup("OPENAI_API_KEY")
        .map(|key| {
            let mut header = HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| ConfigError::Invalid {
                variable: "OPENAI_API_KEY",
                expected: "a key of visible ASCII characters, without a line break",
            })?;
            header.set_sensitive(true);
            Ok(header)
        })
        .transpose()?;
    Ok(ModelBackend::OpenAi { base_url: base_url.trim_end_matches('/').to_owned(), authorization })
}

fn models(lookup: &impl Fn(&str) -> Option<String>, backend: &ModelBackend) -> Result<Models, ConfigError> {
    const NEEDED: &str = "APPCONFIG_APPLICATION, APPCONFIG_ENVIRONMENT and APPCONFIG_PROFILE together name the model-selection strategy; set all three or none";
    let one = lookup("OPENAI_MODEL").filter(|_| matches!(backend, ModelBackend::OpenAi { .. }));
    let [application, environment, profile] =
        ["APPCONFIG_APPLICATION", "APPCONFIG_ENVIRONMENT", "APPCONFIG_PROFILE"].map(lookup);
    if application.is_none() && environment.is_none() && profile.is_none() {
        return match one {
            Some(model) => Ok(Models::One(model)),
            // The bundled strategy names Bedrock's models, which no other endpoint knows.
            None if matches!(backend, ModelBackend::OpenAi { .. }) => Err(ConfigError::Missing {
                variable: "OPENAI_MODEL",
                needed: "with MODEL_BACKEND=openai it names the model to ask, unless AppConfig holds a strategy",
            }),
            None => Ok(Models::Bundled),
        };
    }
    if one.is_some() {
        return Err(ConfigError::TwoStrategies);
    }
    let missing = |variable| ConfigError::Missing { variable, needed: NEEDED };
    Ok(Models::AppConfig {
        application: application.ok_or(missing("APPCONFIG_APPLICATION"))?,
        environment: environment.ok_or(missing("APPCONFIG_ENVIRONMENT"))?,
        profile: profile.ok_or(missing("APPCONFIG_PROFILE"))?,
        aws: aws(lookup, "AWS_ENDPOINT_URL_APPCONFIGDATA")?,
    })
}

fn aws(lookup: &impl Fn(&str) -> Option<String>, endpoint: &str) -> Result<Aws, ConfigError> {
    let need = |variable| {
        lookup(variable).ok_or(ConfigError::Missing {
            variable,
            needed: "Bedrock and AppConfig need it; Lambda sets it, elsewhere set it yourself",
        })
    };
    Ok(Aws {
        region: Region::new(need("AWS_REGION")?),
        credentials: Credentials::new(
            need("AWS_ACCESS_KEY_ID")?,
            need("AWS_SECRET_ACCESS_KEY")?,
            lookup("AWS_SESSION_TOKEN"),
            None,
            "environment",
        ),
        endpoint_url: lookup(endpoint).or_else(|| lookup("AWS_ENDPOINT_URL")),
    })
}

/// A whole number of 1 to 2³¹ − 1.
fn whole_number<N: TryFrom<i32>>(
    lookup: &impl Fn(&str) -> Option<String>,
    variable: &'static str,
    default: N,
) -> Result<N, ConfigError> {
    let Some(text) = lookup(variable) else { return Ok(default) };
    let number = text.parse::<i32>().ok().filter(|number| *number > 0).and_then(|number| N::try_from(number).ok());
    number.ok_or(ConfigError::Invalid { variable, expected: "a whole number of at least 1" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWS: [(&str, &str); 3] =
        [("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "sshh")];

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_env(|name| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn said(variables: &[(&str, &str)]) -> String {
        config(variables).err().expect("the environment is wrong").to_string()
    }

    #[test]
    fn bedrock_is_the_default_and_demo_is_never_fallen_back_to() {
        let config_of_defaults = config(&AWS).unwrap();
        assert!(matches!(config_of_defaults.model_backend, ModelBackend::Bedrock(_)));
        assert!(matches!(config_of_defaults.models, Models::Bundled));
        assert_eq!((config_of_defaults.max_prompt_bytes, config_of_defaults.max_tokens), (100_000, 4096));
        assert_eq!(config_of_defaults.max_context_bytes, 32_768);
        assert!(said(&[]).starts_with("AWS_REGION is not set"));
        assert!(said(&[("MODEL_BACKEND", "Demo")]).contains("`bedrock`, `openai` or `demo`"));
        assert!(matches!(config(&[("MODEL_BACKEND", "demo")]).unwrap().model_backend, ModelBackend::Demo));
    }

    #[test]
    fn an_openai_endpoint_needs_its_url_and_a_model() {
        let backend = ("MODEL_BACKEND", "openai");
        let url = ("OPENAI_BASE_URL", "http://localhost:11434/v1/");
        let model = ("OPENAI_MODEL", "llama3.2");
        assert!(said(&[backend, model]).starts_with("OPENAI_BASE_URL is not set"));
        assert!(said(&[backend, url]).starts_with("OPENAI_MODEL is not set"));
        for wrong in ["localhost", "ftp://host/v1", "http://host/v1?x=y", "http:// host"] {
            assert!(said(&[backend, model, ("OPENAI_BASE_URL", wrong)]).starts_with("OPENAI_BASE_URL"), "{wrong}");
        }
        let secret = said(&[backend, url, model, ("OPENAI_API_KEY", "sk-1\n2")]);
        assert!(secret.starts_with("OPENAI_API_KEY") && !secret.contains("sk-1"));
        let right = config(&[backend, url, model, ("OPENAI_API_KEY", "sk-12")]).unwrap();
        let ModelBackend::OpenAi { base_url, authorization } = right.model_backend else { panic!("not openai") };
        assert_eq!(base_url, "http://localhost:11434/v1");
        assert!(!format!("{authorization:?}").contains("sk-12"));
    }

    #[test]
    fn app_config_is_all_or_nothing() {
        let [application, environment, profile] =
            [("APPCONFIG_APPLICATION", "a"), ("APPCONFIG_ENVIRONMENT", "e"), ("APPCONFIG_PROFILE", "p")];
        let with = |more: &[(&'static str, &'static str)]| [&AWS[..], more].concat();
        assert!(said(&with(&[application, profile])).starts_with("APPCONFIG_ENVIRONMENT is not set"));
        assert!(said(&with(&[profile])).starts_with("APPCONFIG_APPLICATION is not set"));
        assert!(matches!(
            config(&with(&[("APPCONFIG_APPLICATION", ""), ("APPCONFIG_PROFILE", "")])).unwrap().models,
            Models::Bundled
        ));
        let all =
            config(&with(&[application, environment, profile, ("AWS_ENDPOINT_URL", "http://localhost")])).unwrap();
        let Models::AppConfig { aws, .. } = all.models else { panic!("not AppConfig") };
        assert_eq!(aws.endpoint_url.as_deref(), Some("http://localhost"));
        assert!(!format!("{aws:?}").contains("sshh"));
        let both = [
            application,
            environment,
            profile,
            ("MODEL_BACKEND", "openai"),
            ("OPENAI_BASE_URL", "http://localhost"),
            ("OPENAI_MODEL", "m"),
        ];
        assert_eq!(config(&with(&both)).err(), Some(ConfigError::TwoStrategies));
    }

    #[test]
    fn limits_are_whole_numbers_of_at_least_one() {
        for wrong in ["0", "-1", "1.5", "many", "99999999999"] {
            for variable in ["MAX_TOKENS", "MAX_CONTEXT_BYTES"] {
                assert!(said(&[("MODEL_BACKEND", "demo"), (variable, wrong)]).starts_with(variable), "{wrong}");
            }
        }
        assert_eq!(config(&[("MODEL_BACKEND", "demo"), ("MAX_PROMPT_BYTES", "7")]).unwrap().max_prompt_bytes, 7);
    }
}
