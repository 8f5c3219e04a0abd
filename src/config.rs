//! One validated configuration, read at run time, so that one build serves any deployment.

use serde_json::{Map, Value};

/// What the app is pointed at. The template's outputs carry the same names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What the person signs in to, as shown above the form; optional.
    pub name: Option<String>,
    /// Whom to ask for access, as shown to someone who may not use the endpoint; optional.
    pub contact: Option<String>,
    /// Such as `eu-central-1_AbCdEfGhI`.
    pub user_pool_id: String,
    /// The app client's id; the client has no secret.
    pub user_pool_client_id: String,
    /// Such as `eu-central-1:00000000-0000-0000-0000-000000000000`.
    pub identity_pool_id: String,
    /// The function URL, ending in `/`.
    pub function_url: String,
    /// The region in the signing scope of calls to the function URL: that of the URL's host, or the config's `region` where the host names none.
    pub function_region: String,
    /// The address of the user pool's API; AWS's own unless the config names another.
    pub user_pool_endpoint: String,
    /// The address of the identity pool's API; AWS's own unless the config names another.
    pub identity_pool_endpoint: String,
    /// The address of STS in the identity pool's region; AWS's own unless the config names another.
    pub sts_endpoint: String,
    /// The identity pool's region.
    pub identity_pool_region: String,
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
            user_pool_endpoint: endpoint("userPoolEndpoint", "cognito-idp", pool_region)?,
            identity_pool_endpoint: endpoint("identityPoolEndpoint", "cognito-identity", identity_region)?,
            sts_endpoint: endpoint("stsEndpoint", "sts", identity_region)?,
            identity_pool_region: identity_region.to_owned(),
            user_pool_client_id,
            identity_pool_id: identity_pool_id.clone(),
            user_pool_id: user_pool_id.clone(),
            function_url,
            function_region,
        })
    }

    /// The user pool's id after the underscore, as SRP hashes it.
    pub fn pool_name(&self) -> &str {
        self.user_pool_id.split_once('_').map_or("", |(_, name)| name)
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
        assert_eq!(config.user_pool_endpoint, "https://cognito-idp.eu-central-1.amazonaws.com/");
        assert_eq!(config.identity_pool_endpoint, "https://cognito-identity.eu-west-1.amazonaws.com/");
        assert_eq!(config.function_url, "https://abc.lambda-url.us-gov-west-1.on.aws/");
        assert_eq!(config.function_region, "us-gov-west-1");
        assert_eq!(config.pool_name(), "AbC");
        let china = with("userPoolId", "cn-north-1_AbC".into()).unwrap();
        assert_eq!(china.user_pool_endpoint, "https://cognito-idp.cn-north-1.amazonaws.com.cn/");
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
