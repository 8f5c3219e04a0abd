//! Calls the local AWS as a page would, with signatures made by AWS's own crate.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign as sigv4_sign,
};
use aws_sigv4::sign::v4;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::{Value, json};
use signet_cognito::{Entropy, Ephemeral, SrpChallenge, UnixMillis};
use signet_local::{Stack, User};

use crate::ORIGIN;

/// What these tests need of the app's config.json.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    pub(crate) region: String,
    pub(crate) user_pool_id: String,
    pub(crate) user_pool_client_id: String,
    pub(crate) user_pool_endpoint: String,
    pub(crate) identity_pool_id: String,
    pub(crate) identity_pool_endpoint: String,
    pub(crate) sts_endpoint: String,
    pub(crate) function_url: String,
}

impl Config {
    pub(crate) fn of(stack: &Stack) -> Self {
        Self::deserialize(stack.config()).unwrap()
    }
}

/// Temporary keys.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
}

/// The time since 1970 in seconds.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Sends a request from a page of `origin`.
pub(crate) async fn send_from(origin: &str, mut request: Request<Bytes>) -> Response<Incoming> {
    request.headers_mut().insert("origin", origin.parse().unwrap());
    Client::builder(TokioExecutor::new()).build_http().request(request.map(Full::new)).await.unwrap()
}

/// Sends a request from a page of the app.
pub(crate) async fn send(request: Request<Bytes>) -> Response<Incoming> {
    send_from(ORIGIN, request).await
}

/// An operation of a service that speaks JSON.
pub(crate) fn operation(endpoint: &str, target: &str, input: &Value) -> Request<Bytes> {
    Request::post(endpoint)
        .header(CONTENT_TYPE, "application/x-amz-json-1.1")
        .header("x-amz-target", target)
        .body(input.to_string().into())
        .unwrap()
}

/// Calls such an operation. Returns the answer, which may be an error.
async fn call(endpoint: &str, target: &str, input: &Value) -> Value {
    let body = whole(send(operation(endpoint, target, input)).await).await.unwrap();
    if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() }
}

/// Calls an operation of the user pool.
pub(crate) async fn idp(config: &Config, operation: &str, input: Value) -> Value {
    call(&config.user_pool_endpoint, &format!("AWSCognitoIdentityProviderService.{operation}"), &input).await
}

/// Calls an operation of the identity pool.
pub(crate) async fn identity(config: &Config, operation: &str, input: Value) -> Value {
    call(&config.identity_pool_endpoint, &format!("AWSCognitoIdentityService.{operation}"), &input).await
}

/// The name of the error in an answer; empty if there is none.
pub(crate) fn error(answer: &Value) -> &str {
    answer["__type"].as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default()
}

/// The input of `InitiateAuth`.
pub(crate) fn srp(config: &Config, parameters: &Value) -> Value {
    json!({ "ClientId": config.user_pool_client_id, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters })
}

/// Proves the password by SRP. Returns the answer: tokens, the next challenge, or an error.
pub(crate) async fn prove_password(config: &Config, username: &str, password: &str) -> Value {
    let ephemeral = Ephemeral::new(&Entropy([7; 32])).unwrap();
    let parameters = json!({ "USERNAME": username, "SRP_A": ephemeral.srp_a() });
    let answer = idp(config, "InitiateAuth", srp(config, &parameters)).await;
    if answer["ChallengeName"] != "PASSWORD_VERIFIER" {
        return answer;
    }
    let parameter = |name: &str| answer["ChallengeParameters"][name].as_str().unwrap();
    let challenge = SrpChallenge {
        user_id: parameter("USER_ID_FOR_SRP"),
        salt: parameter("SALT"),
        srp_b: parameter("SRP_B"),
        secret_block: parameter("SECRET_BLOCK"),
    };
    let timestamp = UnixMillis(i64::try_from(unix_seconds()).unwrap() * 1000).srp_timestamp();
    let pool = config.user_pool_id.split_once('_').unwrap().1;
    let signature = ephemeral.password_claim_signature(pool, challenge, password, &timestamp).unwrap();
    let responses = json!({
        "USERNAME": challenge.user_id,
        "PASSWORD_CLAIM_SECRET_BLOCK": challenge.secret_block,
        "PASSWORD_CLAIM_SIGNATURE": signature,
        "TIMESTAMP": timestamp,
    });
    respond(config, "PASSWORD_VERIFIER", None, &responses).await
}

/// Calls `RespondToAuthChallenge`.
pub(crate) async fn respond(config: &Config, challenge: &str, session: Option<&Value>, responses: &Value) -> Value {
    let client = &config.user_pool_client_id;
    let mut input = json!({ "ClientId": client, "ChallengeName": challenge, "ChallengeResponses": responses });
    if let Some(session) = session {
        input["Session"] = session.clone();
    }
    idp(config, "RespondToAuthChallenge", input).await
}

/// The ID token in an answer with tokens.
pub(crate) fn id_token(answer: &Value) -> String {
    let token = answer["AuthenticationResult"]["IdToken"].as_str().unwrap_or_else(|| panic!("no tokens: {answer}"));
    token.to_owned()
}

/// The claims of a token.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// The ARN of the role that an ID token names, if it names any.
pub(crate) fn role(id_token: &str) -> Option<String> {
    let claims = claims(id_token);
    claims["cognito:preferred_role"].as_str().or(claims["cognito:roles"][0].as_str()).map(str::to_owned)
}

pub(crate) async fn token_of(config: &Config, user: User) -> String {
    id_token(&prove_password(config, user.username, user.password).await)
}

/// `Logins` of the identity pool's operations.
pub(crate) fn logins(config: &Config, id_token: &str) -> Value {
    json!({ format!("cognito-idp.{}.amazonaws.com/{}", config.region, config.user_pool_id): id_token })
}

/// Calls `GetId`.
pub(crate) async fn get_id(config: &Config, id_token: &str) -> Value {
    let input = json!({ "IdentityPoolId": config.identity_pool_id, "Logins": logins(config, id_token) });
    identity(config, "GetId", input).await
}

/// Calls `GetId`, then `GetCredentialsForIdentity` with this role or without one.
pub(crate) async fn get_credentials(config: &Config, id_token: &str, role: Option<&str>) -> Value {
    let found = get_id(config, id_token).await;
    let mut input = json!({ "IdentityId": found["IdentityId"], "Logins": logins(config, id_token) });
    if let Some(role) = role {
        input["CustomRoleArn"] = role.into();
    }
    identity(config, "GetCredentialsForIdentity", input).await
}

pub(crate) async fn keys_of(config: &Config, user: User) -> Keys {
    keys_for(config, &token_of(config, user).await).await
}

pub(crate) async fn keys_for(config: &Config, id_token: &str) -> Keys {
    keys(&get_credentials(config, id_token, None).await)
}

/// The keys in an answer of `GetCredentialsForIdentity`.
pub(crate) fn keys(answer: &Value) -> Keys {
    let text = |name: &str| {
        let text = answer["Credentials"][name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}"));
        text.to_owned()
    };
    Keys {
        access_key_id: text("AccessKeyId"),
        secret_access_key: text("SecretKey"),
        session_token: text("SessionToken"),
    }
}

/// A request to the function URL, unsigned.
pub(crate) fn ask(config: &Config, prompt: &str) -> Request<Bytes> {
    let body = json!({ "prompt": prompt, "use_case": "balanced" }).to_string();
    Request::post(&config.function_url).header(CONTENT_TYPE, "application/json").body(body.into()).unwrap()
}

/// How a signature may differ from the one that the function URL wants.
pub(crate) struct Signing<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) time: SystemTime,
    /// A body hash to send and sign as `x-amz-content-sha256`. Without it the real hash is signed and not sent.
    pub(crate) body_hash: Option<String>,
}

impl<'a> Signing<'a> {
    pub(crate) fn of(config: &'a Config) -> Self {
        Self { region: &config.region, service: "lambda", time: SystemTime::now(), body_hash: None }
    }

    /// The time of the signature, so many minutes from now.
    pub(crate) fn minutes_from_now(mut self, minutes: i64) -> Self {
        let distance = Duration::from_mins(minutes.unsigned_abs());
        self.time = if minutes < 0 { self.time - distance } else { self.time + distance };
        self
    }

    /// Signs a request.
    pub(crate) fn sign(self, mut request: Request<Bytes>, keys: &Keys) -> Request<Bytes> {
        let credentials = Credentials::new(
            &keys.access_key_id,
            &keys.secret_access_key,
            Some(keys.session_token.clone()),
            None,
            "test",
        );
        let identity = credentials.into();
        let mut settings = SigningSettings::default();
        let body = match self.body_hash {
            Some(hash) => {
                settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
                SignableBody::Precomputed(hash)
            }
            None => SignableBody::Bytes(request.body()),
        };
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.time)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let uri = request.uri().to_string();
        let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let signable = SignableRequest::new(request.method().as_str(), &uri, headers, body).unwrap();
        let (instructions, _) = sigv4_sign(signable, &parameters).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

/// Signs a request as the function URL wants it.
pub(crate) fn signed(config: &Config, request: Request<Bytes>, keys: &Keys) -> Request<Bytes> {
    Signing::of(config).sign(request, keys)
}

/// The rest of an answer.
pub(crate) async fn whole(response: Response<Incoming>) -> Result<String, hyper::Error> {
    Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().to_vec()).unwrap())
}

/// The next chunk of an answer.
pub(crate) async fn chunk(body: &mut Incoming) -> Option<Result<Bytes, hyper::Error>> {
    Some(body.frame().await?.map(|frame| frame.into_data().unwrap()))
}

/// Asserts that a page of the app can read this error. Returns its body.
pub(crate) async fn readable(response: Response<Incoming>, status: StatusCode, error: &str) -> Value {
    assert_eq!(response.status(), status);
    let headers = response.headers().clone();
    let body: Value = serde_json::from_str(&whole(response).await.unwrap()).unwrap();
    assert_eq!(headers["x-amzn-errortype"], error, "{body}");
    let allowed: Vec<_> = headers.get_all("access-control-allow-origin").iter().collect();
    assert_eq!(allowed, [ORIGIN]);
    assert!(headers["access-control-expose-headers"].to_str().unwrap().contains("x-amzn-requestid"));
    assert_eq!(headers.get_all("x-amzn-requestid").iter().count(), 1);
    body
}
