//! Requests to AWS's services: passed on to MiniStack, with the features that it lacks.

use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::respond::{passed_on, refuse, refused, replaced};
use super::state::{Caller, Shared};
use crate::http::{self, Body, element, header, set};
use crate::identity::{self, Credentials};
use crate::sign_in;

/// The headers that Cognito lets a page read.
const COGNITO_EXPOSES: &str = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";

impl Shared {
    /// A request to one of AWS's services.
    pub(super) async fn service(&self, parts: Parts, body: Bytes) -> Response<Body> {
        let target = header(&parts.headers, "x-amz-target").to_owned();
        let operation = operation(&parts, &body);
        if !operation.is_empty() {
            *self.state().requests.entry(operation.clone()).or_default() += 1;
        }
        let request = Request::from_parts(parts, body);
        let result = match operation.as_str() {
            "GetId" | "GetOpenIdToken" | "GetCredentialsForIdentity" => self.identity(&operation, request).await,
            "AssumeRoleWithWebIdentity" => self.assume_role(request).await,
            "SignUp" => self.sign_up(request).await,
            "RespondToAuthChallenge" => self.answer(request).await,
            "InitiateAuth" | "GetTokensFromRefreshToken" | "AssociateSoftwareToken" | "VerifySoftwareToken" => {
                self.tokens(request).await
            }
            "/oauth2/authorize" => self.pass(without_own_provider(request)).await,
            "/oauth2/token" => self.oauth_tokens(request).await,
            _ => self.pass(request).await,
        };
        let mut response = result.unwrap_or_else(|error| {
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalErrorException", &error.to_string())
        });
        if target.starts_with("AWSCognitoIdentity") {
            set(response.headers_mut(), "access-control-expose-headers", COGNITO_EXPOSES);
        }
        response
    }

    async fn pass(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        Ok(passed_on(self.aws.pass(request).await?))
    }

    /// A request to the identity pool.
    async fn identity(&self, operation: &str, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        let input: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        if let Err(refusal) = identity::check(&self.aws, &self.identity_pool, operation, &input).await? {
            return Ok(refused(&refusal));
        }
        match operation {
            "GetCredentialsForIdentity" => self.credentials(request).await,
            "GetOpenIdToken" => {
                let response = self.aws.pass(request).await?;
                let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
                let mut state = self.state();
                state.issued.extend(text(&answer["Token"]));
                state.identity_tokens.extend(text(&answer["Token"]));
                Ok(passed_on(response))
            }
            _ => self.pass(request).await,
        }
    }

    async fn credentials(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        Ok(match identity::credentials(&self.aws, request).await? {
            Credentials::Refused(response) => passed_on(response),
            Credentials::NoRole(refusal) => refused(&refusal),
            Credentials::Vended(vended) => {
                let keys = &vended.body["Credentials"];
                let secrets = [&keys["SecretKey"], &keys["SessionToken"]].into_iter().filter_map(text);
                let caller = Caller { user_arn: vended.user_arn, user_id: vended.user_id };
                self.state().hand_out(secrets, vended.access_key, caller);
                let mut response = http::json(StatusCode::OK, &vended.body);
                set(response.headers_mut(), "content-type", "application/x-amz-json-1.1");
                response
            }
        })
    }

    /// `AssumeRoleWithWebIdentity`, only with a token that the identity pool has handed out: MiniStack does not check the signature.
    async fn assume_role(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        let form = String::from_utf8_lossy(request.body()).into_owned();
        let token = http::parameter(&form, "WebIdentityToken").unwrap_or_default();
        if !self.state().identity_tokens.contains(token) {
            let error = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                <Code>InvalidIdentityToken</Code><Message>The ID Token provided is not a valid JWT. (You may see this error if you \
                sent an Access Token)</Message></Error></ErrorResponse>";
            let mut response = Response::new(http::whole(error));
            *response.status_mut() = StatusCode::BAD_REQUEST;
            set(response.headers_mut(), "content-type", "text/xml");
            return Ok(response);
        }
        let response = self.aws.pass(request).await?;
        let xml = String::from_utf8_lossy(response.body());
        let value = |name: &str| element(&xml, name).map(str::to_owned);
        if let (Some(key), Some(user_arn), Some(user_id)) = (value("AccessKeyId"), value("Arn"), value("AssumedRoleId"))
        {
            let secrets = ["SecretAccessKey", "SessionToken"].into_iter().filter_map(value);
            self.state().hand_out(secrets, key, Caller { user_arn, user_id });
        }
        Ok(passed_on(response))
    }

    async fn sign_up(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        match sign_in::check_sign_up(&self.user_pool().await?) {
            Ok(()) => self.pass(request).await,
            Err(refusal) => Ok(refused(&refusal)),
        }
    }

    /// `UserPool` of `DescribeUserPool`.
    async fn user_pool(&self) -> Result<Value, identity::Error> {
        let target = "AWSCognitoIdentityProviderService.DescribeUserPool";
        let mut pool = self.aws.operation("cognito-idp", target, &json!({ "UserPoolId": self.user_pool })).await?;
        Ok(pool["UserPool"].take())
    }

    /// An answer to a challenge.
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        let input: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        if let Some(username) = sign_in::answered_for(&self.aws, &self.user_pool, &input).await? {
            let pool = self.user_pool().await?;
            if let Err(refusal) = sign_in::check_answer(&self.state().sessions, &pool, &username, &input) {
                return Ok(refused(&refusal));
            }
        }
        let response = self.tokens(request).await?;
        // After a wrong answer the session stays open for another try.
        if response.status().is_success()
            && let Some(session) = input["Session"].as_str()
        {
            self.state().sessions.close(session);
        }
        Ok(response)
    }

    /// A request that MiniStack answers with tokens or with a session.
    async fn tokens(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        let (parts, body) = self.aws.pass(request).await?.into_parts();
        let mut answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        {
            let mut state = self.state();
            state.issued.extend(text(&answer["Session"]));
            state.sessions.open(&answer);
        }
        let Some(tokens) = answer.get_mut("AuthenticationResult") else {
            return Ok(passed_on(Response::from_parts(parts, body)));
        };
        self.give_roles(tokens, ["IdToken", "AccessToken", "RefreshToken"]).await?;
        Ok(replaced(parts, &answer))
    }

    /// A request to the hosted UI's token endpoint.
    async fn oauth_tokens(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        let form = String::from_utf8_lossy(request.body()).into_owned();
        let proofs = ["code", "code_verifier"].into_iter().filter_map(|name| http::parameter(&form, name));
        self.state().issued.extend(proofs.map(str::to_owned));
        let (parts, body) = self.aws.pass(request).await?.into_parts();
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else {
            return Ok(passed_on(Response::from_parts(parts, body)));
        };
        self.give_roles(&mut answer, ["id_token", "access_token", "refresh_token"]).await?;
        Ok(replaced(parts, &answer))
    }

    /// Adds the roles to the ID token, which is the first of `names`, and records all tokens.
    async fn give_roles(&self, tokens: &mut Value, names: [&str; 3]) -> Result<(), identity::Error> {
        if let Some(id_token) = tokens[names[0]].as_str() {
            tokens[names[0]] = identity::with_roles(&self.aws, &self.keys, id_token).await?.into();
        }
        self.state().issued.extend(names.into_iter().filter_map(|name| text(&tokens[name])));
        Ok(())
    }
}

/// The operation by AWS's name for services that speak JSON and for STS, by its path for the hosted UI; otherwise empty.
fn operation(parts: &Parts, body: &Bytes) -> String {
    let path = parts.uri.path();
    let target = header(&parts.headers, "x-amz-target");
    if path.starts_with("/oauth2/") || matches!(path, "/login" | "/logout") {
        return path.to_owned();
    }
    if !target.is_empty() {
        return target.rsplit('.').next().unwrap_or_default().to_owned();
    }
    let is_form = header(&parts.headers, "content-type").starts_with("application/x-www-form-urlencoded");
    let form = if is_form { str::from_utf8(body).unwrap_or_default() } else { "" };
    http::parameter(form, "Action").unwrap_or_default().to_owned()
}

/// A request to authorize, without `identity_provider=COGNITO`: that means the pool itself, which MiniStack uses only if none is named.
fn without_own_provider(mut request: Request<Bytes>) -> Request<Bytes> {
    let query = request.uri().query().unwrap_or_default();
    let kept: Vec<_> = query.split('&').filter(|pair| *pair != "identity_provider=COGNITO").collect();
    if let Ok(uri) = format!("{}?{}", request.uri().path(), kept.join("&")).parse() {
        *request.uri_mut() = uri;
    }
    request
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
