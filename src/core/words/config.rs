//! What is said of the configuration: what a setting must hold, what is wrong with a file; and the buttons that it does not name.

pub const POOL: &str = "a user pool id, such as \"eu-central-1_AbCdEfGhI\"";
pub const CLIENT: &str = "the id of an app client of the user pool, such as \"1example23456789\"";
pub const IDENTITY_POOL: &str = "an identity pool id, such as \"eu-central-1:12345678-abcd-1234-abcd-123456789012\"";
pub const FUNCTION_URL: &str = "a function URL, such as \"https://abcdefg.lambda-url.eu-central-1.on.aws/\"";
pub const REGION: &str =
    "the function's region, such as \"eu-central-1\", where the function URL's host does not name it";
pub const TEXT: &str = "text";
pub const FLAG: &str = "true or false";
pub const OBJECT: &str = "an object";
pub const ADDRESS: &str = "an https address (http only on this machine)";
pub const EXTENDS: &str = "the name of one of Amplify's files beside this one, such as \"amplify_outputs.json\"";
pub const FLOW: &str = "USER_SRP_AUTH, USER_PASSWORD_AUTH, CUSTOM_AUTH, CUSTOM_AUTH_WITH_SRP or USER_AUTH";
pub const CHALLENGE: &str = "PASSWORD_SRP, PASSWORD, EMAIL_OTP, SMS_OTP or WEB_AUTHN";
pub const USERNAMES: &str = "a list of \"email\", \"phone_number\" and \"username\"";
pub const SIGN_UP: &str = "true, false, or an object with attributes and verification";
pub const ATTRIBUTES: &str = "a list of attributes, such as \"email\" or \"custom:team\"";
pub const VERIFICATION: &str = "\"code\" or \"link\"";
pub const MINIMUM_LENGTH: &str = "a number from 6 to 99";
pub const DURATION: &str = "a number of seconds from 900 to 43200";
pub const ROLE: &str = "a role's ARN, such as \"arn:aws:iam::123456789012:role/Name\"";
pub const DOMAIN: &str =
    "the hosted UI's domain, such as \"example.auth.eu-central-1.amazoncognito.com\", or an https address";
pub const SCOPES: &str = "a list of scopes with \"openid\" among them";
pub const REDIRECTS: &str = "a list of https addresses (http only on this machine), at least one";
pub const REDIRECTS_OUT: &str = "a list of https addresses (http only on this machine)";
pub const CODE: &str = "\"code\"";
pub const PROMPT: &str = "login, consent or select_account";
pub const LANG: &str = "a language, such as \"de\" or \"pt-BR\"";
pub const PROVIDERS: &str = "a list of providers";
pub const PRICES: &str = "an object with date, currency and models";
pub const DATE: &str = "the day of the prices, such as \"2026-11-01\"";
pub const CURRENCY: &str = "an ISO 4217 code, such as \"USD\"";
pub const MODELS: &str = "an object with a model's id for each { \"input\": \"0.06\", \"output\": \"0.24\" }, the prices of a million tokens";
pub const ICON: &str = "a file of this origin, such as \"google.svg\"";
pub const ONE_SERVER: &str = "either a domain, or authorizationEndpoint, tokenEndpoint, issuer and clientId";
pub const ONE_ID: &str = "identityProvider or idpIdentifier, not both";
pub const WAY_IN: &str = "true, as there is no other way to sign in";
/// Of `extends`.
pub const ONE_FILE: &str = "no such field where there is one file only";
/// Of Amplify's `version`.
pub const VERSION: &str = "a version that begins with \"1\"";
/// Of a file that is JSON, but no object.
pub const SOMETHING_ELSE: &str = "it holds something else";

/// The button that leads to the hosted UI, where no provider is named.
pub const CONTINUE: &str = "Continue on the sign-in page";
/// The button that leads to a provider, whose name follows.
pub const CONTINUE_WITH: &str = "Continue with ";

/// Where a file stops being JSON.
pub fn breaks_off(at_the_end: bool, line: usize, column: usize) -> String {
    format!("it {} in line {line}, column {column}", if at_the_end { "ends too early" } else { "breaks off" })
}

/// Of a file that is no JSON object, and why.
pub fn not_json(why: &str) -> String {
    format!("it is not a JSON object: {why}")
}

/// Of a field that must be there.
pub fn missing(field: &str, expected: &str) -> String {
    format!("the field \"{field}\" is missing: expected {expected}")
}

/// Of a field that holds something else than it must.
pub fn wrong(field: &str, expected: &str) -> String {
    format!("the field \"{field}\" is wrong: expected {expected}")
}

/// Of a field that is not known, and those that are.
pub fn unknown(field: &str, known: &str) -> String {
    format!("the field \"{field}\" is not known; expected are {known}")
}
