//! Amplify's files, turned into Signet's own. Signet ignores much in them.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::AuthFlow;
use super::check::{address, is_redirect, lambda_region};
use super::field::{
    Attribute, Domain, Field, FunctionUrl, IdentityPoolId, MinimumLength, Object, OutputsVersion, PreferredChallenge,
    Redirect, Region, ResponseType, Scope, Scopes, Switch, Text, UserPoolClientId, UserPoolId, Words,
};
use super::file::{
    File, Format, HostedUiFile, PasswordPolicyFile, ProviderFile, SignUpFile, UsernameAttribute, Verification,
};

/// `amplify_outputs.json`, of Amplify Gen 2. <https://docs.amplify.aws/react/reference/amplify_outputs/>
#[derive(Deserialize)]
pub(super) struct Outputs {
    #[serde(rename = "version")]
    _version: OutputsVersion,
    auth: Option<Object<OutputsAuth>>,
    custom: Option<Object<OutputsCustom>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OutputsAuth {
    aws_region: Option<Region>,
    user_pool_id: Option<UserPoolId>,
    user_pool_client_id: Option<UserPoolClientId>,
    identity_pool_id: Option<IdentityPoolId>,
    authentication_flow_type: Option<AmplifyAuthFlow>,
    username_attributes: Option<Words<UsernameAttribute>>,
    standard_required_attributes: Option<Words<Attribute>>,
    password_policy: Option<Object<OutputsPasswordPolicy>>,
    oauth: Option<Object<OutputsOauth>>,
    passwordless: Option<Object<OutputsPasswordless>>,
    unauthenticated_identities_enabled: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OutputsPasswordPolicy {
    min_length: Option<MinimumLength>,
    require_lowercase: Option<bool>,
    require_uppercase: Option<bool>,
    require_numbers: Option<bool>,
    require_symbols: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OutputsOauth {
    domain: Option<Domain>,
    scopes: Option<AmplifyScopes>,
    redirect_sign_in_uri: Option<Words<WebRedirect>>,
    redirect_sign_out_uri: Option<Words<WebRedirect>>,
    #[serde(rename = "response_type")]
    _response_type: Option<ResponseType>,
    identity_providers: Option<Words<Text>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OutputsPasswordless {
    email_otp_enabled: Option<bool>,
    sms_otp_enabled: Option<bool>,
    /// An object with the user pool's settings for passkeys.
    web_authn: Option<Switch<IgnoredAny>>,
    preferred_challenge: Option<PreferredChallenge>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OutputsCustom {
    signet: Option<Object<OutputsSignet>>,
}

/// The fields that Signet's documentation adds with `backend.addOutput`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OutputsSignet {
    name: Option<Text>,
    contact: Option<Text>,
    region: Option<Region>,
    function_url: Option<FunctionUrl>,
    endpoint: Option<FunctionUrl>,
}

/// `aws-exports.js` and `amplifyconfiguration.json`, of Amplify Gen 1.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Exports {
    aws_project_region: Option<Region>,
    aws_user_pools_id: Option<UserPoolId>,
    aws_user_pools_web_client_id: Option<UserPoolClientId>,
    aws_cognito_identity_pool_id: Option<IdentityPoolId>,
    /// REST APIs. One of them may be the function URL.
    aws_cloud_logic_custom: Option<Vec<serde_json::Value>>,
    /// `enable` or `disable`: the opposite of guest access.
    aws_mandatory_sign_in: Option<Text>,
    aws_cognito_username_attributes: Option<Words<ExportsUsernameAttribute>>,
    aws_cognito_signup_attributes: Option<Words<Attribute>>,
    aws_cognito_sign_up_verification_method: Option<Verification>,
    aws_cognito_password_protection_settings: Option<Object<ExportsPasswordPolicy>>,
    aws_cognito_social_providers: Option<Words<Text>>,
    #[serde(rename = "authenticationFlowType")]
    authentication_flow_type: Option<AmplifyAuthFlow>,
    oauth: Option<Object<ExportsOauth>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ExportsPasswordPolicy {
    password_policy_min_length: Option<MinimumLength>,
    password_policy_characters: Option<Words<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ExportsOauth {
    domain: Option<Domain>,
    scope: Option<AmplifyScopes>,
    redirect_sign_in: Option<Words<WebRedirect>>,
    redirect_sign_out: Option<Words<WebRedirect>>,
    #[serde(rename = "responseType")]
    _response_type: Option<ResponseType>,
}

#[derive(Deserialize)]
#[serde(try_from = "Words<Scope>")]
struct AmplifyScopes(Scopes);

impl TryFrom<Words<Scope>> for AmplifyScopes {
    type Error = &'static str;

    fn try_from(scopes: Words<Scope>) -> Result<Self, Self::Error> {
        Scopes::try_from(scopes.0).map(Self)
    }
}

#[derive(Deserialize)]
enum ExportsUsernameAttribute {
    #[serde(rename = "EMAIL", alias = "email")]
    Email,
    #[serde(rename = "PHONE_NUMBER", alias = "phone_number")]
    PhoneNumber,
    #[serde(rename = "USERNAME", alias = "username")]
    Username,
}

/// Amplify's names for the flows; two are its own.
#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum AmplifyAuthFlow {
    UserSrpAuth,
    UserPasswordAuth,
    #[serde(alias = "CUSTOM_WITHOUT_SRP")]
    CustomAuth,
    #[serde(alias = "CUSTOM_WITH_SRP")]
    CustomAuthWithSrp,
    UserAuth,
}

/// An address to come back to, if it is a web page; other addresses belong to phone apps.
#[derive(Deserialize)]
#[serde(from = "String")]
struct WebRedirect(Option<Redirect>);

impl From<String> for WebRedirect {
    fn from(url: String) -> Self {
        Self(is_redirect(&url).then(|| Redirect::from_text(&url)).flatten())
    }
}

/// Amplify's names of social providers, with Cognito's name and the name that people know.
const SOCIAL: [(&str, &str, &str); 6] = [
    ("GOOGLE", "Google", "Google"),
    ("FACEBOOK", "Facebook", "Facebook"),
    ("LOGIN_WITH_AMAZON", "LoginWithAmazon", "Amazon"),
    ("AMAZON", "LoginWithAmazon", "Amazon"),
    ("SIGN_IN_WITH_APPLE", "SignInWithApple", "Apple"),
    ("APPLE", "SignInWithApple", "Apple"),
];

fn provider(name: Text) -> Object<ProviderFile> {
    let social = SOCIAL.iter().find(|(amplifys, ..)| *amplifys == name.0);
    let (cognitos, called) = match social {
        Some((_, cognitos, called)) => (Text((*cognitos).to_owned()), (*called).to_owned()),
        None => (name.clone(), name.0),
    };
    Object(ProviderFile { called: Some(called), identity_provider: Field::Value(cognitos), ..ProviderFile::default() })
}

/// Cognito writes standard attributes in lower case, Gen 1 in upper case.
fn attribute(Attribute(name): Attribute) -> Attribute {
    Attribute(if name.starts_with("custom:") { name } else { name.to_ascii_lowercase() })
}

fn web_redirects(urls: Vec<WebRedirect>) -> Vec<Redirect> {
    urls.into_iter().filter_map(|url| url.0).collect()
}

impl From<AmplifyAuthFlow> for AuthFlow {
    fn from(flow: AmplifyAuthFlow) -> Self {
        match flow {
            AmplifyAuthFlow::UserSrpAuth => Self::UserSrpAuth,
            AmplifyAuthFlow::UserPasswordAuth => Self::UserPasswordAuth,
            AmplifyAuthFlow::CustomAuth => Self::CustomAuth,
            AmplifyAuthFlow::CustomAuthWithSrp => Self::CustomAuthWithSrp,
            AmplifyAuthFlow::UserAuth => Self::UserAuth,
        }
    }
}

impl From<Outputs> for File {
    fn from(outputs: Outputs) -> Self {
        let auth = outputs.auth.unwrap_or_default().0;
        let signet = outputs.custom.unwrap_or_default().0.signet.unwrap_or_default().0;
        let passwordless = auth.passwordless.unwrap_or_default().0;
        Self {
            format: Format::AmplifyOutputs,
            name: signet.name.into(),
            contact: signet.contact.into(),
            region: signet.region.or(auth.aws_region).into(),
            function_url: signet.function_url.or(signet.endpoint).into(),
            user_pool_id: auth.user_pool_id.into(),
            user_pool_client_id: auth.user_pool_client_id.into(),
            identity_pool_id: auth.identity_pool_id.into(),
            auth_flow: auth.authentication_flow_type.map(AuthFlow::from).into(),
            preferred_challenge: passwordless.preferred_challenge.into(),
            passkey_autofill: passwordless.web_authn.map(|it| !matches!(it, Switch::Flag(false))).into(),
            one_time_codes: passwordless.email_otp_enabled == Some(true) || passwordless.sms_otp_enabled == Some(true),
            username_attributes: auth.username_attributes.map(|names| names.0).into(),
            // Amplify's own form offers sign-up.
            sign_up: Field::Value(Switch::Object(SignUpFile {
                attributes: auth
                    .standard_required_attributes
                    .map(|names| names.0.into_iter().map(attribute).collect())
                    .into(),
                verification: Field::Absent,
            })),
            password_policy: auth
                .password_policy
                .map(|Object(policy)| {
                    Object(PasswordPolicyFile {
                        minimum_length: policy.min_length.into(),
                        require_lowercase: policy.require_lowercase.into(),
                        require_uppercase: policy.require_uppercase.into(),
                        require_numbers: policy.require_numbers.into(),
                        require_symbols: policy.require_symbols.into(),
                    })
                })
                .into(),
            guest_access: auth.unauthenticated_identities_enabled.into(),
            hosted_ui: auth
                .oauth
                .map(|Object(oauth)| {
                    Object(HostedUiFile {
                        may_be_empty: true,
                        domain: oauth.domain.into(),
                        scopes: oauth.scopes.map(|scopes| scopes.0).into(),
                        redirect_sign_in: oauth.redirect_sign_in_uri.map(|urls| web_redirects(urls.0)).into(),
                        redirect_sign_out: oauth.redirect_sign_out_uri.map(|urls| web_redirects(urls.0)).into(),
                        providers: oauth
                            .identity_providers
                            .map(|names| names.0.into_iter().map(provider).collect())
                            .into(),
                        ..HostedUiFile::default()
                    })
                })
                .into(),
            ..Self::default()
        }
    }
}

impl From<Exports> for File {
    fn from(exports: Exports) -> Self {
        let providers = exports.aws_cognito_social_providers;
        let mut apis = exports.aws_cloud_logic_custom.iter().flatten().filter_map(|api| api.get("endpoint")?.as_str());
        let function_url = apis.find(|url| lambda_region(url).is_some()).and_then(address).map(FunctionUrl);
        Self {
            format: Format::AmplifyExports,
            region: exports.aws_project_region.into(),
            function_url: function_url.into(),
            user_pool_id: exports.aws_user_pools_id.into(),
            user_pool_client_id: exports.aws_user_pools_web_client_id.into(),
            identity_pool_id: exports.aws_cognito_identity_pool_id.into(),
            auth_flow: exports.authentication_flow_type.map(AuthFlow::from).into(),
            username_attributes: exports
                .aws_cognito_username_attributes
                .map(|names| {
                    let names = names.0.into_iter();
                    names
                        .map(|name| match name {
                            ExportsUsernameAttribute::Email => UsernameAttribute::Email,
                            ExportsUsernameAttribute::PhoneNumber => UsernameAttribute::PhoneNumber,
                            ExportsUsernameAttribute::Username => UsernameAttribute::Username,
                        })
                        .collect()
                })
                .into(),
            // Amplify's own form offers sign-up.
            sign_up: Field::Value(Switch::Object(SignUpFile {
                attributes: exports
                    .aws_cognito_signup_attributes
                    .map(|names| names.0.into_iter().map(attribute).collect())
                    .into(),
                verification: exports.aws_cognito_sign_up_verification_method.into(),
            })),
            password_policy: exports
                .aws_cognito_password_protection_settings
                .map(|Object(policy)| {
                    let requires = |kind: &str| {
                        let kinds = policy.password_policy_characters.as_ref();
                        kinds.map(|kinds| kinds.0.iter().any(|other| other == kind)).into()
                    };
                    Object(PasswordPolicyFile {
                        require_lowercase: requires("REQUIRES_LOWERCASE"),
                        require_uppercase: requires("REQUIRES_UPPERCASE"),
                        require_numbers: requires("REQUIRES_NUMBERS"),
                        require_symbols: requires("REQUIRES_SYMBOLS"),
                        minimum_length: policy.password_policy_min_length.into(),
                    })
                })
                .into(),
            guest_access: exports.aws_mandatory_sign_in.map(|mandatory| mandatory.0 != "enable").into(),
            hosted_ui: exports
                .oauth
                .map(|Object(oauth)| {
                    Object(HostedUiFile {
                        may_be_empty: true,
                        domain: oauth.domain.into(),
                        scopes: oauth.scope.map(|scopes| scopes.0).into(),
                        redirect_sign_in: oauth.redirect_sign_in.map(|urls| web_redirects(urls.0)).into(),
                        redirect_sign_out: oauth.redirect_sign_out.map(|urls| web_redirects(urls.0)).into(),
                        providers: providers.map(|names| names.0.into_iter().map(provider).collect()).into(),
                        ..HostedUiFile::default()
                    })
                })
                .into(),
            ..Self::default()
        }
    }
}
