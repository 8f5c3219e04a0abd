//! The function's configuration, from environment variables.

#[cfg(feature = "aws")]
use aws_sdk_bedrockruntime::config::{Credentials, Region};
use http::{HeaderValue, Uri};

#[cfg(feature = "aws")]
use crate::aws::Aws;

/// The function's validated configuration.
pub struct Config {
    /// Which back end answers.
    pub(crate) model_backend: ModelBackend,
    /// Where the model-selection strategy comes from.
    pub(crate) models: Models,
    /// The longest prompt, in UTF-8 bytes.
    pub(crate) max_prompt_bytes: usize,
    /// The most that all earlier turns together may have, in UTF-8 bytes.
    pub(crate) max_context_bytes: usize,
    /// The longest answer, in the model's tokens.
    pub(crate) max_tokens: i32,
}

/// The back end that answers.
pub(crate) enum ModelBackend {
    /// Amazon Bedrock, by `ConverseStream`.
    #[cfg(feature = "aws")]
    Bedrock(Aws),
    /// An endpoint that speaks `OpenAI`'s streaming Chat Completions.
    OpenAi {
        /// Where the API is, without a slash at the end, such as `http://localhost:11434/v1`.
        base_url: String,
        /// The `Authorization` header with the API key. It is marked as sensitive, so `Debug` does not print it.
        authorization: Option<HeaderValue>,
    },
    /// The built-in demonstration.
    Demo,
}

/// Where the model-selection strategy comes from.
pub(crate) enum Models {
    /// The bundled `model_selection.json`.
    Bundled,
    /// There is only one model.
    One(String),
    /// AWS `AppConfig`.
    #[cfg(feature = "aws")]
    AppConfig {
        /// How `AppConfig` is reached.
        aws: Aws,
        /// The application's name or ID.
        application: String,
        /// The environment's name or ID.
        environment: String,
        /// The configuration profile's name or ID.
        profile: String,
    },
}

/// What is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A required variable is not set.
    #[error("{variable} is not set: {needed}.")]
    Missing {
        /// Its name.
        variable: &'static str,
        /// What it is for, and what a value looks like.
        needed: &'static str,
    },
    /// A variable's value is not valid. The value itself is left out, because it may be a key.
    #[error("{variable} has a value that cannot be used: expected {expected}.")]
    Invalid {
        /// Its name.
        variable: &'static str,
        /// What a valid value is.
        expected: &'static str,
    },
    /// Two variables name the models to ask.
    #[error("OPENAI_MODEL and APPCONFIG_APPLICATION both say which models to ask: set only one of them.")]
    TwoStrategies,
    /// The configuration needs the AWS SDK, and this build does not have it.
    #[error(
        "This build has no AWS SDK, which {needs_it} needs. Build the function with its default features: cargo build -p signet-backend."
    )]
    NoAwsSdk {
        /// The setting that needs it.
        needs_it: &'static str,
    },
}

impl Config {
    /// Reads and checks the environment; `lookup` returns a variable's value.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        // CloudFormation passes on a parameter that was left out as an empty string.
        let lookup = |variable: &str| lookup(variable).filter(|value| !value.is_empty());
        let model_backend = match lookup("MODEL_BACKEND").as_deref() {
            None | Some("bedrock") => bedrock(&lookup)?,
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

#[cfg(feature = "aws")]
fn bedrock(lookup: &impl Fn(&str) -> Option<String>) -> Result<ModelBackend, ConfigError> {
    Ok(ModelBackend::Bedrock(aws(lookup, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME")?))
}

#[cfg(not(feature = "aws"))]
fn bedrock(_: &impl Fn(&str) -> Option<String>) -> Result<ModelBackend, ConfigError> {
    Err(ConfigError::NoAwsSdk { needs_it: "MODEL_BACKEND=bedrock (the default)" })
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
    let one = lookup("OPENAI_MODEL").filter(|_| matches!(backend, ModelBackend::OpenAi { .. }));
    let app_config = ["APPCONFIG_APPLICATION", "APPCONFIG_ENVIRONMENT", "APPCONFIG_PROFILE"].map(lookup);
    if app_config.iter().any(Option::is_some) {
        return if one.is_some() {
            Err(ConfigError::TwoStrategies)
        } else {
            app_config_models(lookup, backend, app_config)
        };
    }
    match one {
        Some(model) => Ok(Models::One(model)),
        // The bundled strategy names Bedrock's models, which no other endpoint knows.
        None if matches!(backend, ModelBackend::OpenAi { .. }) => Err(ConfigError::Missing {
            variable: "OPENAI_MODEL",
            needed: "with MODEL_BACKEND=openai it names the model to ask, unless AppConfig holds a strategy",
        }),
        None => Ok(Models::Bundled),
    }
}

#[cfg(feature = "aws")]
fn app_config_models(
    lookup: &impl Fn(&str) -> Option<String>,
    _: &ModelBackend,
    [application, environment, profile]: [Option<String>; 3],
) -> Result<Models, ConfigError> {
    const NEEDED: &str = "APPCONFIG_APPLICATION, APPCONFIG_ENVIRONMENT and APPCONFIG_PROFILE together name the model-selection strategy; set all three or none";
    let missing = |variable| ConfigError::Missing { variable, needed: NEEDED };
    Ok(Models::AppConfig {
        application: application.ok_or(missing("APPCONFIG_APPLICATION"))?,
        environment: environment.ok_or(missing("APPCONFIG_ENVIRONMENT"))?,
        profile: profile.ok_or(missing("APPCONFIG_PROFILE"))?,
        aws: aws(lookup, "AWS_ENDPOINT_URL_APPCONFIGDATA")?,
    })
}

/// The demonstration asks no model: it only names those that the strategy would choose, so the bundled one will do.
#[cfg(not(feature = "aws"))]
fn app_config_models(
    _: &impl Fn(&str) -> Option<String>,
    backend: &ModelBackend,
    _: [Option<String>; 3],
) -> Result<Models, ConfigError> {
    match backend {
        ModelBackend::Demo => Ok(Models::Bundled),
        ModelBackend::OpenAi { .. } => Err(ConfigError::NoAwsSdk { needs_it: "APPCONFIG_APPLICATION" }),
    }
}

#[cfg(feature = "aws")]
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

/// A whole number from 1 to 2³¹ − 1.
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

    #[cfg(feature = "aws")]
    const AWS: [(&str, &str); 3] =
        [("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "sshh")];

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_env(|name| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn message(variables: &[(&str, &str)]) -> String {
        config(variables).err().expect("the environment is wrong").to_string()
    }

    #[cfg(feature = "aws")]
    #[test]
    fn bedrock_is_the_default_and_demo_has_to_be_asked_for() {
        let defaults = config(&AWS).unwrap();
        assert!(matches!(defaults.model_backend, ModelBackend::Bedrock(_)));
        assert!(matches!(defaults.models, Models::Bundled));
        assert_eq!((defaults.max_prompt_bytes, defaults.max_tokens), (100_000, 4096));
        assert_eq!(defaults.max_context_bytes, 32_768);
        assert!(message(&[]).starts_with("AWS_REGION is not set"));
        assert!(message(&[("MODEL_BACKEND", "Demo")]).contains("`bedrock`, `openai` or `demo`"));
        assert!(matches!(config(&[("MODEL_BACKEND", "demo")]).unwrap().model_backend, ModelBackend::Demo));
    }

    #[test]
    fn an_openai_endpoint_needs_its_url_and_a_model() {
        let backend = ("MODEL_BACKEND", "openai");
        let url = ("OPENAI_BASE_URL", "http://localhost:11434/v1/");
        let model = ("OPENAI_MODEL", "llama3.2");
        assert!(message(&[backend, model]).starts_with("OPENAI_BASE_URL is not set"));
        assert!(message(&[backend, url]).starts_with("OPENAI_MODEL is not set"));
        for wrong in ["localhost", "ftp://host/v1", "http://host/v1?x=y", "http:// host"] {
            assert!(message(&[backend, model, ("OPENAI_BASE_URL", wrong)]).starts_with("OPENAI_BASE_URL"), "{wrong}");
        }
        let secret = message(&[backend, url, model, ("OPENAI_API_KEY", "sk-1\n2")]);
        assert!(secret.starts_with("OPENAI_API_KEY") && !secret.contains("sk-1"));
        let right = config(&[backend, url, model, ("OPENAI_API_KEY", "sk-12")]).unwrap();
        let ModelBackend::OpenAi { base_url, authorization } = right.model_backend else { panic!("not openai") };
        assert_eq!(base_url, "http://localhost:11434/v1");
        assert!(!format!("{authorization:?}").contains("sk-12"));
    }

    #[cfg(feature = "aws")]
    #[test]
    fn app_config_is_all_or_nothing() {
        let [application, environment, profile] =
            [("APPCONFIG_APPLICATION", "a"), ("APPCONFIG_ENVIRONMENT", "e"), ("APPCONFIG_PROFILE", "p")];
        let with = |more: &[(&'static str, &'static str)]| [&AWS[..], more].concat();
        assert!(message(&with(&[application, profile])).starts_with("APPCONFIG_ENVIRONMENT is not set"));
        assert!(message(&with(&[profile])).starts_with("APPCONFIG_APPLICATION is not set"));
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

    #[cfg(not(feature = "aws"))]
    #[test]
    fn without_the_aws_sdk_only_the_demonstration_does_without_app_config() {
        for needs_it in [&[][..], &[("MODEL_BACKEND", "bedrock")]] {
            assert!(message(needs_it).starts_with("This build has no AWS SDK, which MODEL_BACKEND=bedrock"));
        }
        let app_config = [("APPCONFIG_APPLICATION", "a"), ("APPCONFIG_ENVIRONMENT", "e"), ("APPCONFIG_PROFILE", "p")];
        let demo = config(&[&[("MODEL_BACKEND", "demo")], &app_config[..]].concat()).unwrap();
        assert!(matches!(demo.models, Models::Bundled));
        let openai = [("MODEL_BACKEND", "openai"), ("OPENAI_BASE_URL", "http://localhost")];
        assert!(message(&[&openai[..], &app_config].concat()).contains("APPCONFIG_APPLICATION"));
    }

    #[test]
    fn limits_are_whole_numbers_of_at_least_one() {
        for wrong in ["0", "-1", "1.5", "many", "99999999999"] {
            for variable in ["MAX_TOKENS", "MAX_CONTEXT_BYTES"] {
                assert!(message(&[("MODEL_BACKEND", "demo"), (variable, wrong)]).starts_with(variable), "{wrong}");
            }
        }
        assert_eq!(config(&[("MODEL_BACKEND", "demo"), ("MAX_PROMPT_BYTES", "7")]).unwrap().max_prompt_bytes, 7);
    }
}
