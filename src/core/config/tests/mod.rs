mod schema;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::core::words::config::problem;
use schema::Schema;

const GOOD: &str = r#"{"userPoolId":"eu-central-1_AbC","userPoolClientId":"1abc","identityPoolId":"eu-west-1:12-34",
    "functionUrl":"https://abc.lambda-url.us-gov-west-1.on.aws"}"#;

macro_rules! vector {
    ($file:literal) => {
        include_bytes!(concat!("../../../../tests/vectors/config/", $file)).as_slice()
    };
}
const CONFIG: &[u8] = vector!("config.json");
const OIDC: &[u8] = vector!("oidc.json");
const OVER: &[u8] = vector!("over.json");
const OUTPUTS: &[u8] = vector!("amplify_outputs.json");
const EXPORTS: &[u8] = vector!("aws-exports.js");
const CONFIGURATION: &[u8] = vector!("amplifyconfiguration.json");

const POOL: &str = "eu-central-1_AbCdEfGhI";
const IDENTITY_POOL: &str = "eu-central-1:12345678-abcd-1234-abcd-123456789012";

fn read(value: &Value) -> Result<Config, ConfigError> {
    Config::from_json(value.to_string().as_bytes())
}

fn value(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap()
}

fn with(field: &str, value: Value) -> Result<Config, ConfigError> {
    let mut fields: Map<String, Value> = serde_json::from_str(GOOD).unwrap();
    fields.insert(field.into(), value);
    read(&Value::Object(fields))
}

/// Sets the value at a path if its parent exists. Of a list, it takes the first element.
fn set(root: &mut Value, path: &str, value: Option<Value>) {
    let (outer, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut inner = root;
    for step in outer.split('.').filter(|step| !step.is_empty()) {
        let Some(next) = inner.get_mut(step) else { return };
        let is_list = next.get(0).is_some();
        inner = if is_list { &mut next[0] } else { next };
    }
    match (inner, value) {
        (Value::Object(fields), Some(value)) => drop(fields.insert(name.to_owned(), value)),
        (Value::Object(fields), None) => drop(fields.remove(name)),
        _ => {}
    }
}

fn set_in(text: &[u8], path: &str, to: Value) -> Value {
    let mut root = value(text);
    set(&mut root, path, Some(to));
    root
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

/// A button without a name for the provider's page, or with one.
fn provider(label: ProviderLabel, name: Option<&str>) -> Provider {
    let provider = hosted_ui::Provider { identity_provider: name.map(str::to_owned), ..hosted_ui::Provider::default() };
    Provider { label, icon: None, provider }
}

fn custom(label: &str) -> ProviderLabel {
    ProviderLabel::Custom(label.into())
}

/// The field that a file is refused for, without indexes.
#[track_caller]
fn wrong_field(read: Result<Config, ConfigError>) -> String {
    match read {
        Err(error @ (ConfigError::Wrong { .. } | ConfigError::Conflict(_))) => {
            let field = error.field().unwrap_or_default();
            let parts = field.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest));
            parts.collect()
        }
        other => panic!("{other:?}"),
    }
}

fn user_pool() -> UserPool {
    UserPool {
        api: signet_cognito::UserPool {
            id: POOL.into(),
            client_id: "1example23456789".into(),
            endpoint: "https://cognito-idp.eu-central-1.amazonaws.com/".into(),
        },
        auth_flow: AuthFlow::UserSrpAuth,
        preferred_challenge: None,
        form: true,
        username: Username::Any,
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
    }
}

fn identity_pool() -> IdentityPool {
    IdentityPool {
        api: signet_cognito::IdentityPool {
            id: IDENTITY_POOL.into(),
            endpoint: "https://cognito-identity.eu-central-1.amazonaws.com/".into(),
        },
        region: "eu-central-1".into(),
        sts_endpoint: "https://sts.eu-central-1.amazonaws.com/".into(),
        logins_key: None,
        guest_access: false,
        basic_flow: None,
    }
}

fn hosted_ui_api() -> hosted_ui::HostedUi {
    hosted_ui::HostedUi {
        authorization_endpoint: "https://acme.auth.eu-central-1.amazoncognito.com/oauth2/authorize".into(),
        token_endpoint: "https://acme.auth.eu-central-1.amazoncognito.com/oauth2/token".into(),
        logout_endpoint: Some("https://acme.auth.eu-central-1.amazoncognito.com/logout".into()),
        issuer: format!("https://cognito-idp.eu-central-1.amazonaws.com/{POOL}"),
        client_id: "1example23456789".into(),
        scopes: strings(&["phone", "email", "openid", "profile", "aws.cognito.signin.user.admin"]),
        redirect_sign_in: strings(&["http://localhost:8080/", "https://app.acme.example/"]),
        redirect_sign_out: vec![],
        prompt: None,
        lang: None,
    }
}

#[test]
fn every_field_of_signets_own_file_is_read() {
    let expected = Config {
        name: Some("Acme Research Assistant".into()),
        contact: Some("it@acme.example".into()),
        user_pool: Some(UserPool {
            auth_flow: AuthFlow::UserAuth,
            preferred_challenge: Some("WEB_AUTHN".into()),
            username: Username::Email,
            sign_up: Some(SignUp { attributes: strings(&["email", "given_name", "custom:team"]), by_link: true }),
            recovery: false,
            password_policy: PasswordPolicy {
                minimum_length: 12,
                lowercase: false,
                uppercase: false,
                numbers: true,
                symbols: true,
            },
            passkey_autofill: true,
            ..user_pool()
        }),
        hosted_ui: Some(HostedUi {
            api: hosted_ui::HostedUi {
                scopes: strings(&["openid", "email"]),
                redirect_sign_in: strings(&["https://app.acme.example/", "http://localhost:8080"]),
                redirect_sign_out: strings(&["https://app.acme.example/"]),
                prompt: Some("select_account".into()),
                lang: Some("de".into()),
                ..hosted_ui_api()
            },
            providers: vec![
                Provider {
                    icon: Some("icons/google.svg".into()),
                    ..provider(custom("Continue with Google"), Some("Google"))
                },
                Provider {
                    provider: hosted_ui::Provider {
                        identity_provider: None,
                        idp_identifier: Some("acme.example".into()),
                        login_hint: Some("you@acme.example".into()),
                    },
                    ..provider(custom("Acme staff"), None)
                },
                provider(custom("Another way"), None),
            ],
        }),
        token_url: None,
        identity_pool: IdentityPool {
            guest_access: true,
            basic_flow: Some(BasicFlow {
                role_arn: Some("arn:aws:iam::123456789012:role/Researchers".into()),
                guest_role_arn: Some("arn:aws:iam::123456789012:role/service/Guests".into()),
                duration_seconds: 7200,
            }),
            ..identity_pool()
        },
        function_url: "https://abcdefg.lambda-url.eu-central-1.on.aws/".into(),
        function_region: "eu-central-1".into(),
        prices: Some(Prices {
            date: "2026-11-01".into(),
            currency: "USD".into(),
            models: vec![
                ("eu.amazon.nova-2-lite-v1:0".into(), Price { input: 60_000, output: 240_000 }),
                ("gpt-oss:20b".into(), Price { input: 0, output: 150_000 }),
            ],
        }),
    };
    assert_eq!(Config::from_json(CONFIG), Ok(expected));
}

#[test]
fn an_identity_pool_can_be_fed_by_another_provider() {
    let config = Config::from_json(OIDC).unwrap();
    assert_eq!(config.user_pool, None);
    assert_eq!(config.token_url.unwrap(), "https://login.acme.example/developer/token");
    assert_eq!(config.function_region, "eu-central-1");
    assert_eq!(
        config.identity_pool,
        IdentityPool {
            api: signet_cognito::IdentityPool {
                endpoint: "https://identity.acme.example/".into(),
                ..identity_pool().api
            },
            sts_endpoint: "https://sts.acme.example/".into(),
            logins_key: Some("login.acme.example".into()),
            ..identity_pool()
        }
    );
    let api = hosted_ui::HostedUi {
        authorization_endpoint: "https://login.acme.example/authorize".into(),
        token_endpoint: "https://login.acme.example/oauth/token".into(),
        logout_endpoint: None,
        issuer: "https://login.acme.example/".into(),
        client_id: "acme-research.apps.example".into(),
        scopes: strings(&["openid", "email", "profile"]),
        redirect_sign_in: strings(&["https://app.acme.example/?from=login"]),
        ..hosted_ui_api()
    };
    let expected = HostedUi { api, providers: vec![provider(ProviderLabel::HostedUi, None)] };
    assert_eq!(config.hosted_ui, Some(expected));
}

fn of_outputs() -> Config {
    Config {
        name: Some("Acme Research Assistant".into()),
        contact: Some("it@acme.example".into()),
        user_pool: Some(UserPool {
            auth_flow: AuthFlow::UserAuth,
            preferred_challenge: Some("EMAIL_OTP".into()),
            username: Username::EmailOrPhone,
            sign_up: Some(SignUp { attributes: strings(&["email", "given_name"]), by_link: false }),
            password_policy: PasswordPolicy {
                minimum_length: 10,
                lowercase: true,
                uppercase: true,
                numbers: true,
                symbols: false,
            },
            passkey_autofill: true,
            ..user_pool()
        }),
        hosted_ui: Some(HostedUi {
            // Without the phone app's.
            api: hosted_ui::HostedUi {
                redirect_sign_out: strings(&["https://app.acme.example/bye"]),
                ..hosted_ui_api()
            },
            providers: vec![
                provider(ProviderLabel::ContinueWith("Google".into()), Some("Google")),
                provider(ProviderLabel::ContinueWith("Facebook".into()), Some("Facebook")),
                provider(ProviderLabel::ContinueWith("Amazon".into()), Some("LoginWithAmazon")),
                provider(ProviderLabel::ContinueWith("Apple".into()), Some("SignInWithApple")),
                provider(ProviderLabel::ContinueWith("AcmeStaff".into()), Some("AcmeStaff")),
            ],
        }),
        token_url: None,
        identity_pool: IdentityPool { guest_access: true, ..identity_pool() },
        function_url: "https://abcdefg.lambda-url.eu-central-1.on.aws/".into(),
        function_region: "eu-central-1".into(),
        prices: None,
    }
}

#[test]
fn every_field_of_amplify_outputs_is_read() {
    assert_eq!(Config::from_json(OUTPUTS), Ok(of_outputs()));
}

#[test]
fn every_field_of_aws_exports_is_read() {
    let expected = Config {
        name: None,
        contact: None,
        user_pool: Some(UserPool {
            auth_flow: AuthFlow::CustomAuthWithSrp,
            username: Username::Phone,
            sign_up: Some(SignUp { attributes: strings(&["email", "family_name"]), by_link: true }),
            password_policy: PasswordPolicy {
                minimum_length: 9,
                lowercase: true,
                uppercase: false,
                numbers: false,
                symbols: true,
            },
            ..user_pool()
        }),
        hosted_ui: Some(HostedUi {
            api: hosted_ui::HostedUi { redirect_sign_out: strings(&["https://app.acme.example/"]), ..hosted_ui_api() },
            providers: vec![
                provider(ProviderLabel::ContinueWith("Facebook".into()), Some("Facebook")),
                provider(ProviderLabel::ContinueWith("Amazon".into()), Some("LoginWithAmazon")),
                provider(ProviderLabel::ContinueWith("Apple".into()), Some("SignInWithApple")),
            ],
        }),
        token_url: None,
        identity_pool: identity_pool(),
        function_url: "https://abcdefg.lambda-url.eu-west-1.on.aws/".into(),
        function_region: "eu-west-1".into(),
        prices: None,
    };
    assert_eq!(Config::from_json(EXPORTS), Ok(expected));
}

#[test]
fn gen_1_without_oauth_has_no_hosted_ui() {
    let config = Config::from_json(CONFIGURATION).unwrap();
    assert_eq!(config.hosted_ui, None);
    assert!(!config.identity_pool.guest_access);
    let pool = config.user_pool.unwrap();
    assert_eq!((pool.username, pool.auth_flow), (Username::Any, AuthFlow::UserSrpAuth));
    assert_eq!(pool.password_policy.minimum_length, 8);
    assert!(!pool.password_policy.lowercase && !pool.password_policy.symbols);
    let guests = |said: &str| read(&set_in(CONFIGURATION, "aws_mandatory_sign_in", said.into())).unwrap();
    assert!(!guests("enable").identity_pool.guest_access);
    assert!(guests("disable").identity_pool.guest_access);
}

#[test]
fn fields_that_the_own_file_lacks_come_from_the_extended_file() {
    assert_eq!(Config::extends(OVER), Ok(Some("amplify_outputs.json".into())));
    assert_eq!(Config::extends(CONFIG), Ok(None));
    let mut expected = of_outputs();
    let pool = expected.user_pool.as_mut().unwrap();
    pool.sign_up = None;
    pool.password_policy =
        PasswordPolicy { minimum_length: 14, lowercase: false, uppercase: false, numbers: false, symbols: false };
    let hosted_ui = &mut expected.hosted_ui.as_mut().unwrap().api;
    hosted_ui.lang = Some("pt-BR".into());
    hosted_ui.redirect_sign_out = vec![]; // null takes away
    assert_eq!(Config::from_json_over(OVER, OUTPUTS), Ok(expected));
}

#[test]
fn only_amplifys_formats_can_be_extended() {
    let own =
        br#"{"extends": "aws-exports.js", "functionUrl": "https://a.lambda-url.eu-west-1.on.aws/", "hostedUi": null}"#;
    let config = Config::from_json_over(own, EXPORTS).unwrap();
    assert_eq!((config.hosted_ui, config.function_region.as_str()), (None, "eu-west-1"));
    assert_eq!(config.user_pool.unwrap().sign_up.unwrap().attributes, ["email", "family_name"]);
    for problem in [Config::from_json_over(own, CONFIG), Config::from_json(own)] {
        assert_eq!(wrong_field(problem), "extends");
    }
}

#[test]
fn another_provider_takes_nothing_from_the_extended_hosted_ui() {
    let mut own = value(OIDC);
    own["extends"] = "amplify_outputs.json".into();
    let read = |own: &Value| Config::from_json_over(own.to_string().as_bytes(), OUTPUTS);
    let hosted_ui = read(&own).unwrap().hosted_ui.unwrap();
    assert_eq!(hosted_ui.api.issuer, "https://login.acme.example/");
    assert_eq!(hosted_ui.providers, [provider(ProviderLabel::HostedUi, None)]);
    assert_eq!(hosted_ui.api.scopes, ["openid", "email", "profile"]);
    assert_eq!(hosted_ui.api.redirect_sign_out, [""; 0]);
    set(&mut own, "hostedUi.redirectSignIn", None);
    assert!(matches!(read(&own), Err(ConfigError::Missing { field: "hostedUi.redirectSignIn", .. })));
}

#[test]
fn errors_name_the_field_as_its_file_does() {
    let own = br#"{"extends": "amplify_outputs.json", "functionUrl": "https://a.lambda-url.eu-west-1.on.aws/"}"#;
    let base = set_in(OUTPUTS, "auth.user_pool_id", "AbC".into()).to_string();
    let error = Config::from_json_over(own, base.as_bytes()).unwrap_err();
    assert_eq!(
        problem(&error),
        "the field \"auth.user_pool_id\" in line 1 is wrong: invalid value: string \"AbC\", expected a user pool id, \
         such as \"eu-central-1_AbCdEfGhI\""
    );
    let mut base = value(OUTPUTS);
    set(&mut base, "auth.identity_pool_id", None);
    let error = Config::from_json_over(own, base.to_string().as_bytes()).unwrap_err();
    assert!(matches!(error, ConfigError::Missing { field: "identityPoolId", .. }));
}

#[test]
fn regions_and_endpoints_come_from_the_ids() {
    let config = Config::from_json(GOOD.as_bytes()).unwrap();
    assert_eq!(config.user_pool.as_ref().unwrap().api.endpoint, "https://cognito-idp.eu-central-1.amazonaws.com/");
    assert_eq!(config.identity_pool.api.endpoint, "https://cognito-identity.eu-west-1.amazonaws.com/");
    assert_eq!(config.function_url, "https://abc.lambda-url.us-gov-west-1.on.aws/");
    assert_eq!(config.function_region, "us-gov-west-1");
    assert_eq!(config.user_pool.unwrap().api.name(), "AbC");
    for (region, domain) in [
        ("cn-north-1", "amazonaws.com.cn"),
        ("us-gov-west-1", "amazonaws.com"),
        ("eusc-de-east-1", "amazonaws.eu"),
        ("us-iso-east-1", "c2s.ic.gov"),
        ("us-isob-west-1", "sc2s.sgov.gov"),
        ("us-isof-south-1", "csp.hci.ic.gov"),
        ("eu-isoe-west-1", "cloud.adc-e.uk"),
    ] {
        let config = with("userPoolId", format!("{region}_AbC").into()).unwrap();
        assert_eq!(config.user_pool.unwrap().api.endpoint, format!("https://cognito-idp.{region}.{domain}/"));
        let config = with("identityPoolId", format!("{region}:1").into()).unwrap();
        assert_eq!(config.identity_pool.api.endpoint, format!("https://cognito-identity.{region}.{domain}/"));
        assert_eq!(config.identity_pool.sts_endpoint, format!("https://sts.{region}.{domain}/"));
    }
}

#[test]
fn absent_fields_have_defaults() {
    let config = Config::from_json(GOOD.as_bytes()).unwrap();
    let pool = config.user_pool.unwrap();
    let expected = UserPool {
        api: signet_cognito::UserPool { endpoint: user_pool().api.endpoint, ..pool.api.clone() },
        ..user_pool()
    };
    assert_eq!(pool, expected);
    assert_eq!((config.name, config.contact, config.hosted_ui, config.token_url), (None, None, None, None));
    assert_eq!((config.identity_pool.guest_access, config.identity_pool.basic_flow), (false, None));
    let empty = with("basicFlow", json!({})).unwrap().identity_pool.basic_flow.unwrap();
    assert_eq!(empty, BasicFlow { role_arn: None, guest_role_arn: None, duration_seconds: 3600 });
    let empty = with("passwordPolicy", json!({})).unwrap().user_pool.unwrap().password_policy;
    assert_eq!((empty.minimum_length, empty.lowercase, empty.symbols), (6, false, false));
}

#[test]
fn a_local_function_url_needs_a_configured_region() {
    let url = |region: Option<&str>| {
        let mut config = value(GOOD.as_bytes());
        config["functionUrl"] = "http://127.0.0.1:4566/_aws/lambda-url/abc/".into();
        if let Some(region) = region {
            config["region"] = region.into();
        }
        read(&config)
    };
    assert_eq!(url(Some("us-east-1")).unwrap().function_region, "us-east-1");
    assert!(matches!(url(None), Err(ConfigError::Missing { field: "region", .. })));
    assert_eq!(wrong_field(url(Some("nowhere"))), "region");
}

#[test]
fn an_amplify_file_without_the_functions_region_means_its_own() {
    let mut outputs = set_in(OUTPUTS, "custom.signet", json!({ "endpoint": "https://ai.acme.example/ask" }));
    let config = read(&outputs).unwrap();
    assert_eq!(
        (config.function_url.as_str(), config.function_region.as_str()),
        ("https://ai.acme.example/ask", "eu-central-1")
    );
    outputs["custom"]["signet"]["region"] = "eu-west-3".into();
    assert_eq!(read(&outputs).unwrap().function_region, "eu-west-3");
}

#[test]
fn an_address_is_kept_as_a_browser_writes_it() {
    let url = |url: &str| with("functionUrl", url.into()).unwrap().function_url;
    assert_eq!(url("https://ABC.lambda-url.eu-central-1.on.aws:443/a"), "https://abc.lambda-url.eu-central-1.on.aws/a");
    assert_eq!(
        url("https://abc.lambda-url.eu-central-1.on.aws:8443"),
        "https://abc.lambda-url.eu-central-1.on.aws:8443/"
    );
}

#[test]
fn the_domain_is_a_name_or_an_address() {
    for (domain, expected) in [
        ("login.acme.example", "https://login.acme.example/oauth2/token"),
        ("https://Login.acme.example/", "https://login.acme.example/oauth2/token"),
        ("http://127.0.0.1:4566/_hosted", "http://127.0.0.1:4566/_hosted/oauth2/token"),
    ] {
        let config = read(&set_in(CONFIG, "hostedUi.domain", domain.into())).unwrap();
        assert_eq!(config.hosted_ui.unwrap().api.token_endpoint, expected);
    }
    let issuer = set_in(CONFIG, "hostedUi.issuer", "http://127.0.0.1:4566/eu-central-1_AbC".into());
    assert_eq!(read(&issuer).unwrap().hosted_ui.unwrap().api.issuer, "http://127.0.0.1:4566/eu-central-1_AbC");
}

#[test]
fn every_auth_flow_has_its_name() {
    let flow =
        |text, path, name: &str| read(&set_in(text, path, name.into())).map(|it| it.user_pool.unwrap().auth_flow);
    for (name, expected) in [
        ("USER_SRP_AUTH", AuthFlow::UserSrpAuth),
        ("USER_PASSWORD_AUTH", AuthFlow::UserPasswordAuth),
        ("CUSTOM_AUTH", AuthFlow::CustomAuth),
        ("CUSTOM_AUTH_WITH_SRP", AuthFlow::CustomAuthWithSrp),
        ("USER_AUTH", AuthFlow::UserAuth),
    ] {
        assert_eq!(flow(CONFIG, "authFlow", name), Ok(expected));
        assert_eq!(flow(OUTPUTS, "auth.authentication_flow_type", name), Ok(expected));
    }
    for (name, expected) in
        [("CUSTOM_WITH_SRP", AuthFlow::CustomAuthWithSrp), ("CUSTOM_WITHOUT_SRP", AuthFlow::CustomAuth)]
    {
        assert_eq!(flow(CONFIGURATION, "authenticationFlowType", name), Ok(expected));
        assert!(flow(CONFIG, "authFlow", name).is_err());
    }
    // Settings that only USER_AUTH has choose that flow, and mean nothing to another one.
    for (field, value) in [("passkeyAutofill", json!(true)), ("preferredChallenge", json!("EMAIL_OTP"))] {
        assert_eq!(with(field, value).unwrap().user_pool.unwrap().auth_flow, AuthFlow::UserAuth);
    }
    let pool = read(&set_in(CONFIG, "authFlow", "USER_SRP_AUTH".into())).unwrap().user_pool.unwrap();
    assert_eq!((pool.passkey_autofill, pool.preferred_challenge), (false, None));
}

#[test]
fn every_kind_of_username_is_read() {
    for (list, expected) in [
        (json!([]), Username::Any),
        (json!(["username"]), Username::Any),
        (json!(["email"]), Username::Email),
        (json!(["phone_number"]), Username::Phone),
        (json!(["phone_number", "email"]), Username::EmailOrPhone),
        (json!(["username", "email"]), Username::Any),
    ] {
        assert_eq!(with("usernameAttributes", list).unwrap().user_pool.unwrap().username, expected);
    }
}

#[test]
fn sign_up_is_offered_as_configured() {
    let sign_up = |said: Value| with("signUp", said).unwrap().user_pool.unwrap().sign_up;
    assert_eq!(sign_up(json!(true)), Some(SignUp { attributes: vec![], by_link: false }));
    assert_eq!(sign_up(json!({})), Some(SignUp { attributes: vec![], by_link: false }));
    assert_eq!(sign_up(json!(false)), None);
    assert_eq!(sign_up(json!(null)), None);
}

#[test]
fn every_missing_field_is_named() {
    for field in ["userPoolId", "userPoolClientId", "identityPoolId", "functionUrl"] {
        match with(field, Value::Null) {
            Err(ConfigError::Missing { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    for (text, path) in [
        (CONFIG, "hostedUi.domain"),
        (CONFIG, "hostedUi.redirectSignIn"),
        (CONFIG, "hostedUi.providers.label"),
        (CONFIG, "prices.date"),
        (CONFIG, "prices.currency"),
        (CONFIG, "prices.models"),
        (OIDC, "hostedUi.issuer"),
        (OIDC, "hostedUi.tokenEndpoint"),
        (OIDC, "hostedUi.clientId"),
        (OUTPUTS, "auth.user_pool_id"),
        (OUTPUTS, "auth.user_pool_client_id"),
        (OUTPUTS, "auth.identity_pool_id"),
        (OUTPUTS, "auth.oauth.redirect_sign_in_uri"),
        (OUTPUTS, "custom.signet.functionUrl"),
        (CONFIGURATION, "aws_user_pools_id"),
        (CONFIGURATION, "aws_user_pools_web_client_id"),
        (CONFIGURATION, "aws_cognito_identity_pool_id"),
        (CONFIGURATION, "aws_cloud_logic_custom"),
    ] {
        let mut root = value(text);
        set(&mut root, path, None);
        match read(&root) {
            Err(ConfigError::Missing { field, .. }) => assert_eq!(field, path),
            other => panic!("{path}: {other:?}"),
        }
    }
    // There is neither a user pool nor another way in.
    let error =
        read(&json!({"identityPoolId": IDENTITY_POOL, "functionUrl": "https://a.lambda-url.eu-west-1.on.aws/"}));
    assert!(matches!(error, Err(ConfigError::Missing { field: "userPoolId", .. })));
    // A user pool's domain without the user pool.
    let mut config = value(CONFIG);
    set(&mut config, "userPoolId", None);
    set(&mut config, "userPoolClientId", None);
    assert!(matches!(read(&config), Err(ConfigError::Missing { field: "userPoolId", .. })));
    // None of the addresses is a web page.
    let outputs = set_in(OUTPUTS, "auth.oauth.redirect_sign_in_uri", json!(["acme://signed-in/"]));
    assert!(matches!(read(&outputs), Err(ConfigError::Missing { field: "auth.oauth.redirect_sign_in_uri", .. })));
    // Gen 1 without a function URL among its APIs.
    let apis = set_in(CONFIGURATION, "aws_cloud_logic_custom", json!([{ "endpoint": "https://api.acme.example" }, 1]));
    assert!(matches!(read(&apis), Err(ConfigError::Missing { field: "aws_cloud_logic_custom", .. })));
}

#[test]
fn guests_and_tokens_need_no_user_pool() {
    let mut config = json!({"identityPoolId": IDENTITY_POOL, "functionUrl": "https://a.lambda-url.eu-west-1.on.aws/"});
    config["guestAccess"] = true.into();
    assert_eq!(read(&config).unwrap().user_pool, None);
    config["guestAccess"] = false.into();
    config["tokenUrl"] = "https://login.acme.example/token".into();
    assert_eq!(read(&config).unwrap().user_pool, None);
    // Without a form there must be something else.
    assert_eq!(wrong_field(with("passwordForm", json!(false))), "passwordForm");
    assert!(!read(&set_in(CONFIG, "passwordForm", json!(false))).unwrap().user_pool.unwrap().form);
}

#[test]
fn a_domain_and_another_server_are_refused() {
    for (field, value) in [
        ("hostedUi.authorizationEndpoint", "https://a.example/authorize"),
        ("hostedUi.tokenEndpoint", "https://a.example/token"),
        ("hostedUi.clientId", "1abc"),
    ] {
        let config = set_in(CONFIG, field, value.into());
        assert_eq!(read(&config), Err(ConfigError::Conflict(Conflict::TwoServers)), "{field}");
        assert!(!Schema::ours().is_valid(&config));
    }
}

#[allow(clippy::too_many_lines)] // A table.
#[test]
fn every_wrong_field_of_the_own_file_is_named() {
    for (field, value) in [
        ("name", json!(1)),
        ("contact", json!("")),
        ("region", json!("nowhere")),
        ("extends", json!("../amplify_outputs.json")),
        ("extends", json!("https://acme.example")),
        ("userPoolId", json!("AbC")),
        ("userPoolId", json!("eu-central-1_")),
        ("userPoolClientId", json!("a b")),
        ("identityPoolId", json!("eu-central-1_AbC")),
        ("functionUrl", json!("abc.lambda-url.eu-central-1.on.aws")),
        ("functionUrl", json!("http://abc.lambda-url.eu-central-1.on.aws")),
        ("functionUrl", json!("javascript://127.0.0.1/")),
        ("functionUrl", json!("https://user@abc.lambda-url.eu-central-1.on.aws")),
        ("functionUrl", json!("https://abc.lambda-url.eu-central-1.on.aws/?x")),
        ("functionUrl", json!("https://abc.lambda-url.eu-central-1.on.aws/a/../b")),
        ("functionUrl", json!("https://abc.lambda-url.eu-central-1.on.aws:+80/")),
        ("functionUrl", json!([{ "endpoint": "https://abc.lambda-url.eu-central-1.on.aws/" }])),
        ("userPoolEndpoint", json!("https://:80/")),
        ("identityPoolEndpoint", json!(true)),
        ("stsEndpoint", json!("ftp://a.example")),
        ("authFlow", json!("ADMIN_NO_SRP_AUTH")),
        ("authFlow", json!(1)),
        ("preferredChallenge", json!("SMS")),
        ("passwordForm", json!("yes")),
        ("usernameAttributes", json!("email")),
        ("usernameAttributes", json!(["EMAIL"])),
        ("usernameAttributes", json!([1])),
        ("signUp", json!("yes")),
        ("signUp.attributes", json!("email")),
        ("signUp.attributes", json!(["given name"])),
        ("signUp.verification", json!("mail")),
        ("recovery", json!({})),
        ("passwordPolicy", json!(true)),
        ("passwordPolicy", json!([])),
        ("passwordPolicy.minimumLength", json!(5)),
        ("passwordPolicy.minimumLength", json!(100)),
        ("passwordPolicy.minimumLength", json!(8.5)),
        ("passwordPolicy.requireLowercase", json!("enable")),
        ("passwordPolicy.requireUppercase", json!(1)),
        ("passwordPolicy.requireNumbers", json!(["REQUIRES_NUMBERS"])),
        ("passwordPolicy.requireSymbols", json!({})),
        ("passkeyAutofill", json!({})),
        ("guestAccess", json!("enable")),
        ("loginsKey", json!(" ")),
        ("basicFlow", json!(true)),
        ("basicFlow.roleArn", json!("Researchers")),
        ("basicFlow.roleArn", json!("arn:aws:iam::123456789012:user/Name")),
        ("basicFlow.roleArn", json!("arn:aws:iam:::role/Name")),
        ("basicFlow.guestRoleArn", json!("arn:aws:iam::123456789012:role/")),
        ("basicFlow.durationSeconds", json!(899)),
        ("basicFlow.durationSeconds", json!(43201)),
        ("basicFlow.durationSeconds", json!(4_294_970_000_u64)),
        ("tokenUrl", json!("/token")),
        ("hostedUi", json!(true)),
        ("hostedUi", json!("acme.example")),
        ("hostedUi", json!([])),
        ("hostedUi.domain", json!("acme example")),
        ("hostedUi.domain", json!("acme.example/login")),
        ("hostedUi.domain", json!("http://acme.example")),
        ("hostedUi.issuer", json!("acme.example")),
        ("hostedUi.authorizationEndpoint", json!("a.example")),
        ("hostedUi.tokenEndpoint", json!("/token")),
        ("hostedUi.clientId", json!("a b")),
        ("hostedUi.scopes", json!(["email"])),
        ("hostedUi.scopes", json!([])),
        ("hostedUi.scopes", json!(["openid", "e mail"])),
        ("hostedUi.scopes", json!("openid")),
        ("hostedUi.redirectSignIn", json!("https://a.example/")),
        ("hostedUi.redirectSignIn", json!(["https://a.example/", "acme://in"])),
        ("hostedUi.redirectSignIn", json!(["https://a.example/#in"])),
        ("hostedUi.redirectSignIn", json!([" https://a.example/"])),
        ("hostedUi.redirectSignIn", json!(["/in"])),
        ("hostedUi.redirectSignOut", json!(["http://a.example/"])),
        ("hostedUi.prompt", json!("none")),
        ("hostedUi.lang", json!("de&x")),
        ("hostedUi.providers", json!({})),
        ("hostedUi.providers", json!(["GOOGLE"])),
        ("hostedUi.providers", json!([{ "label": "a", "identityProvider": "b", "idpIdentifier": "c" }])),
        ("hostedUi.providers.label", json!("")),
        ("hostedUi.providers.icon", json!("https://a.example/a.svg")),
        ("hostedUi.providers.icon", json!("//a.example/a.svg")),
        ("hostedUi.providers.icon", json!("../a.svg")),
        ("hostedUi.providers.identityProvider", json!(1)),
        ("hostedUi.providers.idpIdentifier", json!([])),
        ("hostedUi.providers.loginHint", json!("")),
        ("prices", json!(true)),
        ("prices.date", json!("November")),
        ("prices.date", json!("2026-11-1")),
        ("prices.currency", json!("$")),
        ("prices.currency", json!("usd")),
        ("prices.models", json!([])),
        ("prices.models", json!({ "m": 1 })),
        ("prices.models", json!({ "m": null })),
        ("prices.models", json!({ "m": { "input": "1" } })),
        ("prices.models", json!({ "m": { "input": "1", "output": "-2" } })),
        ("prices.models", json!({ "m": { "input": -1, "output": "2" } })),
        ("prices.models", json!({ "m": { "input": "1,5", "output": "2" } })),
        ("prices.models", json!({ "m": { "input": "", "output": "2" } })),
        ("prices.models", json!({ "m": { "input": true, "output": "2" } })),
        ("prices.models", json!({ "m": { "input": "1", "output": "2", "cached": "0.1" } })),
    ] {
        let config = set_in(CONFIG, field, value);
        // The path of a model's price includes the model's id.
        let named = wrong_field(read(&config));
        assert!(
            named == field || named.starts_with("prices.models.m") && field == "prices.models",
            "{named} for {config}"
        );
        // A pattern does not resolve dots.
        let is_finer = config.to_string().contains("/../b");
        assert!(is_finer || !Schema::ours().is_valid(&config), "the schema accepts {field} in {config}");
    }
    // An empty list counts as none.
    let none = set_in(CONFIG, "hostedUi.redirectSignIn", json!([]));
    assert!(matches!(read(&none), Err(ConfigError::Missing { field: "hostedUi.redirectSignIn", .. })));
    let default = read(&set_in(CONFIG, "hostedUi.providers", json!([]))).unwrap().hosted_ui.unwrap().providers;
    assert_eq!(default, [provider(ProviderLabel::HostedUi, None)]);
}

#[test]
fn amplifys_files_are_read_as_its_tools_write_them() {
    let policy = |text, field, value| read(&set_in(text, field, value)).unwrap().user_pool.unwrap().password_policy;
    assert_eq!(policy(OUTPUTS, "auth.password_policy.min_length", json!("10")).minimum_length, 10);
    let field = "aws_cognito_password_protection_settings.passwordPolicyMinLength";
    assert_eq!(policy(CONFIGURATION, field, json!("12")).minimum_length, 12);
    // A string for a list.
    for (field, list, string) in [
        ("auth.username_attributes", json!(["email", "phone_number"]), json!("email,phone_number")),
        ("auth.standard_required_attributes", json!(["email", "name"]), json!("email name")),
        ("auth.oauth.identity_providers", json!(["GOOGLE", "FACEBOOK"]), json!("GOOGLE, FACEBOOK")),
        ("auth.oauth.scopes", json!(["openid", "email"]), json!("openid email")),
        (
            "auth.oauth.redirect_sign_in_uri",
            json!(["https://a.example/", "https://b.example/"]),
            json!("https://a.example/,https://b.example/"),
        ),
        ("auth.oauth.redirect_sign_out_uri", json!(["https://a.example/"]), json!("https://a.example/")),
    ] {
        assert_eq!(read(&set_in(OUTPUTS, field, string)), read(&set_in(OUTPUTS, field, list)), "{field}");
    }
    // What a later version adds.
    for (text, field) in [
        (OUTPUTS, "auth.later"),
        (OUTPUTS, "auth.oauth.later"),
        (CONFIGURATION, "later"),
        (CONFIGURATION, "oauth.later"),
    ] {
        assert_eq!(read(&set_in(text, field, json!({"a": [1]}))), Config::from_json(text), "{field}");
    }
}

#[test]
fn every_wrong_field_of_amplifys_files_is_named() {
    for (text, field, value) in [
        (OUTPUTS, "version", json!("2")),
        (OUTPUTS, "version", json!(1)),
        (OUTPUTS, "auth", json!([])),
        (OUTPUTS, "auth.aws_region", json!("nowhere")),
        (OUTPUTS, "auth.user_pool_id", json!(5)),
        (OUTPUTS, "auth.user_pool_client_id", json!("a b")),
        (OUTPUTS, "auth.identity_pool_id", json!("x")),
        (OUTPUTS, "auth.authentication_flow_type", json!("SRP")),
        (OUTPUTS, "auth.password_policy", json!([])),
        (OUTPUTS, "auth.password_policy.min_length", json!("five")),
        (OUTPUTS, "auth.password_policy.require_numbers", json!("yes")),
        (OUTPUTS, "auth.password_policy.require_lowercase", json!(1)),
        (OUTPUTS, "auth.password_policy.require_uppercase", json!(1)),
        (OUTPUTS, "auth.password_policy.require_symbols", json!([])),
        (OUTPUTS, "auth.oauth", json!("x")),
        (OUTPUTS, "auth.oauth.identity_providers", json!(true)),
        (OUTPUTS, "auth.oauth.identity_providers", json!([1])),
        (OUTPUTS, "auth.oauth.domain", json!("a b")),
        (OUTPUTS, "auth.oauth.scopes", json!(["email"])),
        (OUTPUTS, "auth.oauth.redirect_sign_in_uri", json!({})),
        (OUTPUTS, "auth.oauth.redirect_sign_out_uri", json!([1])),
        (OUTPUTS, "auth.oauth.response_type", json!("token")),
        (OUTPUTS, "auth.standard_required_attributes", json!(1)),
        (OUTPUTS, "auth.username_attributes", json!(["EMAIL"])),
        (OUTPUTS, "auth.unauthenticated_identities_enabled", json!("enable")),
        (OUTPUTS, "auth.passwordless", json!(1)),
        (OUTPUTS, "auth.passwordless.email_otp_enabled", json!("yes")),
        (OUTPUTS, "auth.passwordless.sms_otp_enabled", json!(1)),
        (OUTPUTS, "auth.passwordless.web_authn", json!("yes")),
        (OUTPUTS, "auth.passwordless.preferred_challenge", json!("PASSKEY")),
        (OUTPUTS, "custom", json!("x")),
        (OUTPUTS, "custom.signet.functionUrl", json!("abc")),
        (OUTPUTS, "custom.signet.region", json!("x")),
        (OUTPUTS, "custom.signet.name", json!(1)),
        (OUTPUTS, "custom.signet.contact", json!("")),
        (CONFIGURATION, "aws_project_region", json!(1)),
        (CONFIGURATION, "aws_user_pools_id", json!("x")),
        (CONFIGURATION, "aws_user_pools_web_client_id", json!(1)),
        (CONFIGURATION, "aws_cognito_identity_pool_id", json!("x")),
        (CONFIGURATION, "aws_cloud_logic_custom", json!("a b")),
        (CONFIGURATION, "aws_mandatory_sign_in", json!(1)),
        (CONFIGURATION, "aws_cognito_username_attributes", json!(["NAME"])),
        (CONFIGURATION, "aws_cognito_signup_attributes", json!([1])),
        (CONFIGURATION, "aws_cognito_password_protection_settings", json!("x")),
        (CONFIGURATION, "aws_cognito_password_protection_settings.passwordPolicyMinLength", json!(1)),
        (CONFIGURATION, "aws_cognito_password_protection_settings.passwordPolicyCharacters", json!(1)),
        (CONFIGURATION, "aws_cognito_sign_up_verification_method", json!("mail")),
        (CONFIGURATION, "authenticationFlowType", json!("x")),
        (CONFIGURATION, "oauth", json!("x")),
        (CONFIGURATION, "oauth.domain", json!(1)),
        (CONFIGURATION, "oauth", json!(1)),
    ] {
        assert_eq!(wrong_field(read(&set_in(text, field, value.clone()))), field, "{value}");
    }
}

/// The message about a field that Signet's own format does not have.
fn unknown(path: &str) -> String {
    match read(&set_in(CONFIG, path, "x".into())) {
        Err(ConfigError::Wrong { problem, .. }) => problem,
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn unknown_fields_are_named_with_the_known_ones() {
    assert!(problem(&with("userPoolID", "x".into()).unwrap_err()).contains("unknown field `userPoolID`"));
    for (path, known) in [
        ("hostedUi.redirectsignin", "redirectSignIn"),
        ("hostedUi.providers.name", "identityProvider"),
        ("basicFlow.role", "durationSeconds"),
        ("passwordPolicy.min", "minimumLength"),
        ("signUp.by", "verification"),
        ("prices.model", "models"),
        ("auth", "userPoolId"),
    ] {
        let problem = unknown(path);
        let name = path.rsplit('.').next().unwrap();
        assert!(problem.contains(&format!("unknown field `{name}`")) && problem.contains(known), "{problem}");
    }
    // Amplify's files hold much that Signet ignores.
    assert!(read(&set_in(OUTPUTS, "auth.something", "new".into())).is_ok());
}

#[test]
fn errors_name_the_line() {
    let line = |text: &str| match Config::from_json(text.as_bytes()) {
        Err(ConfigError::Wrong { line, .. } | ConfigError::NotJson { line, .. }) => line,
        other => panic!("{other:?}"),
    };
    assert_eq!(line("{\n  \"name\": \"A\",\n  \"userPoolId\": 5\n}"), 3);
    assert_eq!(line("{\n  \"name\": \"A\",\n  \"userPoolID\": 5\n}"), 3);
    assert_eq!(line("{\n  \"name\": \"A\"\n  \"userPoolId\": 5\n}"), 3);
    let exports = String::from_utf8(EXPORTS.to_vec()).unwrap();
    let before = exports.split("\"aws_user_pools_id\"").next().unwrap().lines().count();
    assert_eq!(line(&exports.replace("eu-central-1_AbCdEfGhI", "AbC")), before);
}

#[test]
fn a_text_that_is_no_json_object_is_refused_with_the_place() {
    for (text, said) in [
        ("", "it is not valid JSON: it ends too early in line 1, column 0"),
        ("[]", "it is not a JSON object"),
        ("<!doctype html>", "it is not valid JSON: there is an error in line 1, column 1"),
        ("{\"a\":}", "it is not valid JSON: there is an error in line 1, column 6"),
        ("[{\"aws_project_region\":1}]", "it is not a JSON object"),
        ("const a = {b: 1};", "it is not valid JSON: there is an error in line 1, column 1"),
    ] {
        assert_eq!(problem(&Config::from_json(text.as_bytes()).unwrap_err()), said, "{text}");
    }
}

#[test]
fn the_schema_has_the_readers_fields() {
    let schema = Schema::ours();
    let theirs = schema.fields();
    // Each object names its fields when it meets an unknown one.
    let mut objects = vec![String::new()];
    objects.extend(theirs.iter().filter_map(|path| Some(path.rsplit_once('.')?.0.to_owned() + ".")));
    objects.sort_unstable();
    objects.dedup();
    let mut ours: Vec<String> = vec![];
    for object in objects {
        let problem = unknown(&format!("{object}unknown"));
        ours.extend(problem.split('`').skip(3).step_by(2).map(|name| format!("{object}{name}")));
    }
    ours.sort_unstable();
    let mut theirs = theirs;
    theirs.sort_unstable();
    assert_eq!(theirs, ours);
    assert_eq!(schema.undescribed(), [""; 0]);
}

#[test]
fn the_schema_accepts_the_examples() {
    for text in [CONFIG, OIDC, OVER, GOOD.as_bytes()] {
        assert!(Schema::ours().is_valid(&value(text)));
    }
    let readme = include_str!("../../../../docs/configuration.md");
    for example in readme.split("```json").skip(1).map(|rest| value(rest.split("```").next().unwrap().as_bytes())) {
        assert!(Schema::ours().is_valid(&example), "{example}");
        if example.get("extends").is_none() {
            assert!(read(&example).is_ok(), "{example}");
        }
    }
    let mut named = value(CONFIG);
    named["$schema"] = "config.schema.json".into();
    assert!(Schema::ours().is_valid(&named) && read(&named).is_ok());
}

/// Values of all kinds, some of them valid for some field.
fn any_value() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(6),
        json!(900),
        json!(43201),
        json!(""),
        json!(" "),
        json!("text"),
        json!("two words"),
        json!("eu-west-1"),
        json!("eu-west-1_AbC"),
        json!("eu-west-1:12-34"),
        json!("USER_AUTH"),
        json!("PASSWORD"),
        json!("link"),
        json!("login"),
        json!("token"),
        json!("a.svg"),
        json!("/icons/a.svg"),
        json!("https://acme.example"),
        json!("https://acme.example:8443/a/b"),
        json!("https://acme.example/?a#b"),
        json!("http://app.localhost:8080/"),
        json!("http://acme.example/"),
        json!("arn:aws-cn:iam::1:role/a/b"),
        json!([]),
        json!({}),
        json!([1]),
        json!([{}]),
        json!([{ "label": "a" }]),
        json!(["email"]),
        json!(["phone_number", "username"]),
        json!(["openid", "a:b"]),
        json!(["https://acme.example", "https://acme.example/?a=b"]),
        json!({ "domain": "acme.example", "redirectSignIn": ["https://acme.example/"] }),
        json!({ "minimumLength": 8 }),
        json!({ "required": true }),
    ])
}

fn own_paths() -> impl Strategy<Value = String> {
    prop::sample::select(Schema::ours().fields())
}

/// Every path in a value. Of a list, it takes the first element.
fn paths_in(value: &Value, prefix: &str, paths: &mut Vec<String>) {
    let value = value.get(0).unwrap_or(value);
    for (name, member) in value.as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        paths_in(member, &format!("{path}."), paths);
        paths.push(path);
    }
}

fn any_paths() -> impl Strategy<Value = String> {
    let mut paths = vec![];
    for text in [CONFIG, OUTPUTS, CONFIGURATION] {
        paths_in(&value(text), "", &mut paths);
    }
    paths.extend(
        ["oauth.scope", "oauth.redirectSignIn", "authenticationFlowType", "aws_mandatory_sign_in"].map(str::to_owned),
    );
    prop::sample::select(paths)
}

proptest! {
    #[test]
    fn any_bytes_give_a_config_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Config::from_json(&bytes);
        let _ = Config::extends(&bytes);
        let _ = Config::from_json_over(OVER, &bytes);
    }

    #[test]
    fn any_function_url_that_passes_is_sent_as_it_was_checked(url in "https?://[a-z.:@0-9]{0,20}/?[ -~]{0,10}") {
        if let Ok(config) = with("functionUrl", url.into()) {
            prop_assert!(config.function_url.starts_with("http"));
            prop_assert!(!config.function_url.contains(['?', '#', '@', ' ', '%']));
        }
    }

    #[test]
    fn any_redirect_that_passes_is_kept_as_written(url in "https?://[a-z.:@0-9]{0,20}/?[ -~]{0,10}") {
        if let Ok(config) = read(&set_in(CONFIG, "hostedUi.redirectSignIn", json!([url]))) {
            prop_assert_eq!(&config.hosted_ui.unwrap().api.redirect_sign_in, &[url.as_str()]);
            prop_assert!(!url.contains(['#', ' ']));
        }
    }

    #[test]
    fn reader_and_schema_agree(
        from in 0..3_usize,
        changes in prop::collection::vec((own_paths(), prop::option::weighted(0.7, any_value())), 1..4),
    ) {
        let mut config = value([CONFIG, OIDC, GOOD.as_bytes()][from]);
        for (path, to) in changes.into_iter().filter(|(path, _)| *path != "extends") {
            set(&mut config, &path, to);
        }
        let read = read(&config);
        prop_assert_eq!(read.is_ok(), Schema::ours().is_valid(&config), "{:?}: {}", read, config);
    }

    #[test]
    fn a_readable_extending_file_is_valid_by_the_schema(
        changes in prop::collection::vec((own_paths(), prop::option::weighted(0.7, any_value())), 1..4),
    ) {
        let mut config = value(OVER);
        for (path, to) in changes.into_iter().filter(|(path, _)| *path != "extends") {
            set(&mut config, &path, to);
        }
        if Config::from_json_over(config.to_string().as_bytes(), OUTPUTS).is_ok() {
            prop_assert!(Schema::ours().is_valid(&config), "{}", config);
        }
    }

    #[test]
    fn any_change_of_amplifys_files_gives_a_config_or_names_a_field(
        from in 0..2_usize,
        changes in prop::collection::vec((any_paths(), prop::option::weighted(0.8, any_value())), 1..4),
    ) {
        let mut root = value([OUTPUTS, CONFIGURATION][from]);
        for (path, to) in changes {
            set(&mut root, &path, to);
        }
        match read(&root) {
            Ok(_) => {}
            // An error names a field, or says that one at the top level is unknown.
            Err(error) => prop_assert!(error.field().is_some() || problem(&error).contains("unknown field"), "{error:?}"),
        }
        let _ = Config::from_json_over(OVER, root.to_string().as_bytes());
    }
}
