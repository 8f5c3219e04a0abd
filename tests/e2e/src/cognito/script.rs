//! What a test expects, in order, and what it wants answered.

use std::collections::VecDeque;

use serde_json::{Value as Json, json};

use super::tokens::Tokens;

/// The id of the app client that every request must name.
pub const CLIENT: &str = "1scripted23456789example";

/// The id of the identity pool.
pub const IDENTITY_POOL: &str = "eu-central-1:5c21b7ed-0000-4000-8000-000000000001";

/// The identity that the pool gives to whoever asks.
pub const IDENTITY: &str = "eu-central-1:5c21b7ed-0000-4000-8000-0000000000aa";

/// The user pool's id.
pub(super) const USER_POOL: &str = "eu-central-1_Scripted";

/// The key of `Logins`: the issuer of the tokens without its scheme.
pub(super) const ISSUER: &str = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Scripted";

/// Somebody whom the user pool knows by a password.
#[derive(Debug, Clone)]
pub struct Person {
    /// What is typed.
    pub username: String,
    /// What the pool calls them: `USER_ID_FOR_SRP`, `sub`. Never what is typed, so that a test sees which of the two is answered with.
    pub user_id: String,
    /// What is typed, too.
    pub password: String,
}

impl Person {
    /// Somebody who types this; their user id is made of the username.
    pub fn new(username: &str, password: &str) -> Self {
        let sum = username.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(byte.into()));
        let user_id = format!("{:08x}-0000-4000-8000-{:012x}", sum >> 32, sum & 0xffff_ffff);
        Self { username: username.to_owned(), user_id, password: password.to_owned() }
    }
}

/// The place that a request goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Door {
    UserPool(String),
    IdentityPool(String),
    Sts(String),
    Authorize,
    Logout,
    Token,
    TokenUrl,
    Function,
}

impl Door {
    fn of(operation: &str) -> Self {
        let operation = operation.to_owned();
        match operation.as_str() {
            "GetId" | "GetCredentialsForIdentity" | "GetOpenIdToken" => Self::IdentityPool(operation),
            "AssumeRoleWithWebIdentity" | "GetCallerIdentity" => Self::Sts(operation),
            "/oauth2/authorize" => Self::Authorize,
            "/logout" => Self::Logout,
            "/oauth2/token" => Self::Token,
            "/developer/token" => Self::TokenUrl,
            "InvokeFunctionUrl" => Self::Function,
            _ => Self::UserPool(operation),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::UserPool(operation) | Self::IdentityPool(operation) | Self::Sts(operation) => operation,
            Self::Authorize => "/oauth2/authorize",
            Self::Logout => "/logout",
            Self::Token => "/oauth2/token",
            Self::TokenUrl => "/developer/token",
            Self::Function => "InvokeFunctionUrl",
        }
    }
}

/// An answer of the function URL.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) kind: &'static str,
    /// What is sent, each at once.
    pub(super) pieces: Vec<Vec<u8>>,
    pub(super) then: Then,
}

/// What comes after the last piece.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// The body ends as it should.
    Ends,
    /// The connection breaks when the test says so.
    Breaks,
    /// Nothing, on a connection that stays open.
    Holds,
}

/// One request, and what it gets.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) door: Door,
    pub(super) expected: Json,
    pub(super) answer: Answer,
}

#[derive(Debug)]
pub(super) enum Answer {
    Json(Json),
    Tokens(Box<Tokens>),
    PasswordVerifier(Person),
    DevicePasswordVerifier(Person),
    Keys,
    AssumedRole,
    CallerIdentity(String),
    Stream(Stream),
    Redirect,
    RedirectError { error: String, description: String },
    Refuse { status: u16, code: String, message: String },
    Fail(u16),
    Drop,
    Hold,
}

/// The exchanges of one test, in order. See the module's documentation for how a table of them reads.
#[derive(Debug, Default)]
#[must_use]
pub struct Script {
    pub(super) exchanges: VecDeque<Exchange>,
    /// Scripts beside this one, each from the time on when that many exchanges of this one are done.
    pub(super) beside: Vec<(usize, VecDeque<Exchange>)>,
}

/// An expected request that still needs an answer.
#[derive(Debug)]
#[must_use]
pub struct Pending {
    script: Script,
    door: Door,
    expected: Json,
}

impl Script {
    /// Nothing is expected.
    pub fn new() -> Self {
        Self::default()
    }

    /// All of this, then all of `other`.
    pub fn then(mut self, mut other: Self) -> Self {
        let done = self.exchanges.len();
        self.beside.extend(other.beside.into_iter().map(|(after, exchanges)| (done + after, exchanges)));
        self.exchanges.append(&mut other.exchanges);
        self
    }

    /// After all of this, the requests of `other` may come between those that follow, in their own order: for what the app sends without waiting
    /// for the answer, such as `RevokeToken`.
    pub fn meanwhile(mut self, other: Self) -> Self {
        let done = self.exchanges.len();
        self.beside.extend(other.beside.into_iter().map(|(_, exchanges)| (done, exchanges)));
        self.beside.push((done, other.exchanges));
        self
    }

    /// Next comes a request of exactly this body; matchers may stand for values. `operation` is AWS's name, or `/oauth2/authorize`,
    /// `/oauth2/token`, `/logout`, `/developer/token`, or `InvokeFunctionUrl`. Parameters of a form or a query are an object of strings; STS's
    /// `Action` and `Version` are not among them. Of `/developer/token`, a `tokenUrl`, it is the header `Cookie`.
    pub fn expect(self, operation: &str, body: Json) -> Pending {
        Pending { script: self, door: Door::of(operation), expected: body }
    }

    /// `InitiateAuth` of a flow with exactly these `AuthParameters`.
    pub fn initiate(self, auth_flow: &str, auth_parameters: Json) -> Pending {
        let mut body = json!({ "AuthFlow": auth_flow, "ClientId": CLIENT });
        body["AuthParameters"] = auth_parameters;
        self.expect("InitiateAuth", body)
    }

    /// `RespondToAuthChallenge` to a challenge with exactly these `ChallengeResponses`, in the session that was given last.
    pub fn respond(self, challenge: &str, responses: Json) -> Pending {
        let mut body = json!({ "ChallengeName": challenge, "ClientId": CLIENT, "Session": super::session() });
        body["ChallengeResponses"] = responses;
        self.expect("RespondToAuthChallenge", body)
    }

    /// `InitiateAuth` of `USER_SRP_AUTH`, the `PASSWORD_VERIFIER` challenge and its proof; what follows the right proof is still to be said.
    pub fn srp(self, person: &Person) -> Pending {
        let parameters = json!({ "USERNAME": person.username, "SRP_A": super::srp_a() });
        self.initiate("USER_SRP_AUTH", parameters).password_verifier(person).password_proof(person)
    }

    /// The proof that [`Pending::password_verifier`] asks for.
    pub fn password_proof(self, person: &Person) -> Pending {
        self.respond("PASSWORD_VERIFIER", proof(person))
    }

    /// `ConfirmDevice` of the device that the last tokens named. What it hands over is kept for [`Script::device_srp`].
    pub fn confirm_device(self) -> Self {
        let body = json!({
            "AccessToken": super::access_token(), "DeviceKey": super::device_key(), "DeviceName": super::any(),
            "DeviceSecretVerifierConfig": { "Salt": super::device_salt(), "PasswordVerifier": super::device_verifier() },
        });
        self.expect("ConfirmDevice", body).answer(json!({ "UserConfirmationNecessary": false }))
    }

    /// The answer to a `DEVICE_SRP_AUTH` challenge, the `DEVICE_PASSWORD_VERIFIER` challenge and its proof, by the device that
    /// [`Script::confirm_device`] confirmed.
    pub fn device_srp(self, person: &Person) -> Pending {
        let responses =
            json!({ "USERNAME": person.user_id, "DEVICE_KEY": super::device_key(), "SRP_A": super::srp_a() });
        self.respond("DEVICE_SRP_AUTH", responses).device_password_verifier(person).device_proof(person)
    }

    /// The proof that [`Pending::device_password_verifier`] asks for.
    pub fn device_proof(self, person: &Person) -> Pending {
        let mut responses = proof(person);
        responses["DEVICE_KEY"] = super::device_key();
        self.respond("DEVICE_PASSWORD_VERIFIER", responses)
    }

    /// `GetTokensFromRefreshToken` with the refresh token that was issued last.
    pub fn refresh(self) -> Pending {
        let body = json!({ "ClientId": CLIENT, "RefreshToken": super::refresh_token() });
        self.expect("GetTokensFromRefreshToken", body)
    }

    /// `RevokeToken` of the refresh token that was issued last.
    pub fn revoke(self) -> Self {
        self.expect("RevokeToken", json!({ "ClientId": CLIENT, "Token": super::refresh_token() })).answer(json!({}))
    }

    /// `GetId` and `GetCredentialsForIdentity` with the ID token that was issued last, and keys for it.
    pub fn identity_pool(self) -> Self {
        self.identity(&logins()).credentials()
    }

    /// `GetCredentialsForIdentity` with the ID token that was issued last, and keys for it.
    pub fn credentials(self) -> Self {
        let body = json!({ "IdentityId": IDENTITY, "Logins": logins() });
        self.expect("GetCredentialsForIdentity", body).keys()
    }

    /// `GetId` and `GetCredentialsForIdentity` without `Logins`, and a guest's keys.
    pub fn guest(self) -> Self {
        self.identity(&Json::Null).expect("GetCredentialsForIdentity", json!({ "IdentityId": IDENTITY })).keys()
    }

    /// The basic flow: `GetId`, `GetOpenIdToken`, and STS's `AssumeRoleWithWebIdentity` of that role.
    pub fn basic_flow(self, role_arn: &str) -> Self {
        let body = json!({ "IdentityId": IDENTITY, "Logins": logins() });
        let answer = json!({ "IdentityId": IDENTITY, "Token": super::capture_fresh("open id token") });
        let role = json!({
            "RoleArn": role_arn, "RoleSessionName": super::any(), "WebIdentityToken": super::captured("open id token"),
            "DurationSeconds": super::any(),
        });
        self.identity(&logins())
            .expect("GetOpenIdToken", body)
            .answer(answer)
            .expect("AssumeRoleWithWebIdentity", role)
            .keys()
    }

    fn identity(self, logins: &Json) -> Self {
        let mut body = json!({ "IdentityPoolId": IDENTITY_POOL, "Logins": logins });
        if let (Json::Null, Some(fields)) = (logins, body.as_object_mut()) {
            fields.remove("Logins");
        }
        self.expect("GetId", body).answer(json!({ "IdentityId": IDENTITY }))
    }

    /// A prompt to the function URL, signed with the keys that were issued last.
    pub fn ask(self, prompt: &str) -> Pending {
        self.expect("InvokeFunctionUrl", json!({ "prompt": prompt, "use_case": super::any() }))
    }

    /// Like [`Script::ask`], with exactly these earlier prompts and their answers.
    pub fn ask_with(self, prompt: &str, earlier: &[(&str, &str)]) -> Pending {
        let turn = |role: &str, content: &str| json!({ "role": role, "content": content });
        let messages = earlier.iter().flat_map(|(prompt, answer)| [turn("user", prompt), turn("assistant", answer)]);
        self.ask(prompt).also("/messages", messages.collect())
    }

    /// STS's `GetCallerIdentity`, signed with the keys that were issued last; they are a role of this name.
    pub fn caller_identity(self, role: &str) -> Self {
        self.expect("GetCallerIdentity", json!({})).with(Answer::CallerIdentity(role.to_owned()))
    }

    /// The token endpoint, asked with the code of the last [`Pending::redirect_back`], whose `code_challenge` the verifier must fit.
    pub fn redeem_code(self) -> Pending {
        let body = json!({
            "grant_type": "authorization_code", "client_id": CLIENT, "code": super::captured("code"),
            "redirect_uri": super::captured("redirect_uri"), "code_verifier": super::code_verifier(),
        });
        self.expect("/oauth2/token", body)
    }
}

impl Pending {
    /// One more value is expected at a JSON pointer, such as `/ChallengeResponses/DEVICE_KEY`; or another than was.
    ///
    /// # Panics
    /// There is no object at the path before the last `/`.
    pub fn also(mut self, pointer: &str, value: Json) -> Self {
        let (parent, key) = pointer.rsplit_once('/').unwrap_or(("", pointer));
        let fields = self.expected.pointer_mut(parent).and_then(Json::as_object_mut);
        fields.unwrap_or_else(|| panic!("there is no object at {parent:?}")).insert(key.to_owned(), value);
        self
    }

    /// 200 with this; [`super::fresh`] and [`super::captured`] may stand for values.
    pub fn answer(self, body: Json) -> Script {
        self.with(Answer::Json(body))
    }

    /// A challenge with these `ChallengeParameters` in a new session.
    pub fn challenge(self, name: &str, parameters: Json) -> Script {
        let mut body = json!({ "ChallengeName": name, "Session": super::fresh() });
        body["ChallengeParameters"] = parameters;
        self.answer(body)
    }

    /// `SELECT_CHALLENGE` of these first factors in a new session.
    pub fn select(self, factors: &[&str]) -> Script {
        self.answer(json!({
            "ChallengeName": "SELECT_CHALLENGE", "Session": super::fresh(), "ChallengeParameters": {},
            "AvailableChallenges": factors,
        }))
    }

    /// Tokens: what every sign-in ends with. Claims of the ID token, or [`Tokens`].
    pub fn tokens(self, tokens: impl Into<Tokens>) -> Script {
        self.with(Answer::Tokens(Box::new(tokens.into())))
    }

    /// The `PASSWORD_VERIFIER` challenge for the `SRP_A` of this request.
    pub fn password_verifier(self, person: &Person) -> Script {
        self.with(Answer::PasswordVerifier(person.clone()))
    }

    /// The `DEVICE_PASSWORD_VERIFIER` challenge for the `SRP_A` of this request.
    pub fn device_password_verifier(self, person: &Person) -> Script {
        self.with(Answer::DevicePasswordVerifier(person.clone()))
    }

    /// The proof is expected to be of another password, and refused as Cognito does.
    pub fn wrong_password(self) -> Script {
        self.also("/ChallengeResponses/PASSWORD_CLAIM_SIGNATURE", super::wrong_password_claim()).refuse(
            400,
            "NotAuthorizedException",
            "Incorrect username or password.",
        )
    }

    /// New keys, for an hour, in the form of the operation that is asked: `GetCredentialsForIdentity` or `AssumeRoleWithWebIdentity`.
    pub fn keys(self) -> Script {
        let answer = if matches!(self.door, Door::Sts(_)) { Answer::AssumedRole } else { Answer::Keys };
        self.with(answer)
    }

    /// An answer of the stock back end: a model, these pieces of text, and the end marker.
    pub fn stream(self, pieces: &[&str]) -> Script {
        let mut pieces = stock(pieces);
        pieces.push(b"[DONE]\n\n".into());
        self.send("text/event-stream", pieces, Then::Ends)
    }

    /// Likewise, but instead of the end marker nothing more comes until [`super::Cognito::break_connection`]. A browser that hears of a broken
    /// connection forgets what came and was not read.
    pub fn stream_breaks(self, pieces: &[&str]) -> Script {
        self.send("text/event-stream", stock(pieces), Then::Breaks)
    }

    /// Likewise, but nothing more comes on a connection that stays open.
    pub fn stream_holds(self, pieces: &[&str]) -> Script {
        self.send("text/event-stream", stock(pieces), Then::Holds)
    }

    /// An answer of this project's own back end in its typed events, such as `{"type": "text", "text": "Hello"}`.
    pub fn events(self, events: &[Json]) -> Script {
        let pieces = events.iter().map(|event| format!("data: {event}\n\n").into_bytes());
        self.send("text/event-stream", pieces.collect(), Then::Ends)
    }

    /// An answer of some other back end, with this content type.
    pub fn stream_bytes(self, kind: &'static str, pieces: Vec<Vec<u8>>) -> Script {
        self.send(kind, pieces, Then::Ends)
    }

    fn send(self, kind: &'static str, pieces: Vec<Vec<u8>>, then: Then) -> Script {
        self.with(Answer::Stream(Stream { kind, pieces, then }))
    }

    /// 302: from `/oauth2/authorize` to the `redirect_uri` with the request's `state` and a new code, from `/logout` to the `logout_uri`.
    pub fn redirect_back(self) -> Script {
        self.with(Answer::Redirect)
    }

    /// 302 from `/oauth2/authorize` to the `redirect_uri` with the request's `state` and an error, such as `access_denied`.
    pub fn redirect_error(self, error: &str, description: &str) -> Script {
        self.with(Answer::RedirectError { error: error.to_owned(), description: description.to_owned() })
    }

    /// A refusal in AWS's form, such as 400 `CodeMismatchException`. In OAuth's at `/oauth2/token`, where `code` is such as `invalid_grant`.
    pub fn refuse(self, status: u16, code: &str, message: &str) -> Script {
        self.with(Answer::Refuse { status, code: code.to_owned(), message: message.to_owned() })
    }

    /// This status with a body that says nothing, such as 503.
    pub fn fail(self, status: u16) -> Script {
        self.with(Answer::Fail(status))
    }

    /// The connection is closed without an answer, and so are those that ask why, until the app sends something again.
    pub fn drop_connection(self) -> Script {
        self.with(Answer::Drop)
    }

    /// No answer, on a connection that stays open until the script's server ends: what is shown meanwhile can be looked at.
    pub fn hold(self) -> Script {
        self.with(Answer::Hold)
    }

    fn with(mut self, answer: Answer) -> Script {
        self.script.exchanges.push_back(Exchange { door: self.door, expected: self.expected, answer });
        self.script
    }
}

/// The stock wire: which model, and pieces of text.
fn stock(pieces: &[&str]) -> Vec<Vec<u8>> {
    let model = json!({ "model_used": "scripted-model" });
    let lines = [model].into_iter().chain(pieces.iter().map(|piece| json!({ "chunk": piece })));
    lines.map(|line| format!("{line}\n\n").into_bytes()).collect()
}

fn proof(person: &Person) -> Json {
    json!({
        "USERNAME": person.user_id, "PASSWORD_CLAIM_SECRET_BLOCK": super::secret_block(),
        "PASSWORD_CLAIM_SIGNATURE": super::password_claim(), "TIMESTAMP": super::timestamp(),
    })
}

fn logins() -> Json {
    json!({ ISSUER: super::id_token() })
}
