//! What is wrong with a configuration, and default labels of providers.

use crate::core::config::{ConfigError, Conflict, ProviderLabel};

/// A clause about a file: `the field "userPoolId" is missing: expected …`.
pub fn problem(error: &ConfigError) -> String {
    match error {
        ConfigError::NotJson { line, column, is_cut_off } => {
            let what = if *is_cut_off { "it ends too early" } else { "there is an error" };
            format!("it is not valid JSON: {what} in line {line}, column {column}")
        }
        ConfigError::NotAnObject => "it is not a JSON object".to_owned(),
        ConfigError::Wrong { field, line, problem } if field.is_empty() => format!("line {line} is wrong: {problem}"),
        ConfigError::Wrong { field, line, problem } => {
            format!("the field \"{field}\" in line {line} is wrong: {problem}")
        }
        ConfigError::Missing { field, expected } => format!("the field \"{field}\" is missing: expected {expected}"),
        ConfigError::Conflict(conflict) => {
            let expected = match conflict {
                Conflict::NothingToExtend => "no such field in a file that is read by itself",
                Conflict::ExtendsItsOwnFormat => {
                    "the name of one of Amplify's files beside this one, such as \"amplify_outputs.json\""
                }
                Conflict::TwoServers => "either a domain, or authorizationEndpoint, tokenEndpoint, issuer and clientId",
                Conflict::TwoProviderIds => "identityProvider or idpIdentifier, not both",
                Conflict::NoWayIn => "true, as there is no other way to sign in",
            };
            let field = error.field().unwrap_or_default();
            format!("the field \"{field}\" is wrong: expected {expected}")
        }
    }
}

/// The label of a provider's button.
pub fn provider(label: &ProviderLabel) -> String {
    match label {
        ProviderLabel::HostedUi => "Continue on the sign-in page".to_owned(),
        ProviderLabel::ContinueWith(name) => format!("Continue with {name}"),
        ProviderLabel::Custom(label) => label.clone(),
    }
}
