//! The script being played: each request is held against what is expected next, and answered.

use std::collections::{BTreeSet, HashMap, VecDeque};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use hyper::HeaderMap;
use ring::digest::{SHA256, digest};
use serde_json::{Value as Json, json};
use url::{Url, form_urlencoded};

use super::aws::{Keys, Signed};
use super::script::{Answer, Door, Exchange, IDENTITY, Person, Script, Stream, USER_POOL};
use super::srp::{self, Verifier};
use super::time::{iso, read_srp_timestamp};
use super::tokens::{Tokens, unix_seconds};
use super::{random_text, totp};
use crate::passkey;

/// A request as it came.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What the app gets.
#[derive(Debug)]
pub(super) enum Reply {
    Send { status: u16, headers: Vec<(&'static str, String)>, body: Vec<String> },
    Stream(Stream),
    Drop,
    Hold,
}

/// What may not be shown in a message about a test.
const PASSWORDS: [&str; 5] = ["NEW_PASSWORD", "PASSWORD", "Password", "PreviousPassword", "ProposedPassword"];

/// The fields, of requests and answers, that the page must not keep.
const SECRETS: [&str; 30] = [
    "AccessToken",
    "Code",
    "ConfirmationCode",
    "EMAIL_OTP_CODE",
    "IdToken",
    "NEW_PASSWORD",
    "PASSWORD",
    "PASSWORD_CLAIM_SECRET_BLOCK",
    "PASSWORD_CLAIM_SIGNATURE",
    "Password",
    "PasswordVerifier",
    "PreviousPassword",
    "ProposedPassword",
    "RefreshToken",
    "SMS_MFA_CODE",
    "SMS_OTP_CODE",
    "SOFTWARE_TOKEN_MFA_CODE",
    "SecretCode",
    "SecretKey",
    "Session",
    "SessionToken",
    "Token",
    "UserCode",
    "WebIdentityToken",
    "access_token",
    "code",
    "code_verifier",
    "id_token",
    "refresh_token",
    "token",
];

/// A shorter text would be found anywhere.
const SHORTEST_SECRET: usize = 6;

#[derive(Debug)]
struct Device {
    key: String,
    group_key: String,
    verifier: Option<Verifier>,
}

#[derive(Debug)]
struct Proof {
    exchange: srp::Exchange,
    pool_name: String,
    user_id: String,
}

/// The state between two requests.
#[derive(Debug)]
pub(super) struct Play {
    origin: String,
    script: Script,
    length: usize,
    failures: Vec<String>,
    pub(super) requests: Vec<(String, Json)>,
    pub(super) secrets: BTreeSet<String>,
    /// Whether a request that asks why there was no answer gets none either.
    pub(super) is_down: bool,
    captured: HashMap<String, String>,
    session: Option<String>,
    tokens: Json,
    srp_a: Option<String>,
    proof: Option<Proof>,
    device: Option<Device>,
    passkey_challenge: Option<String>,
    keys: Option<Keys>,
}

impl Play {
    /// `origin` is the app's.
    pub(super) fn new(origin: String, script: Script) -> Self {
        Self {
            origin,
            length: script.exchanges.len(),
            script: Script {
                beside: script.beside.into_iter().filter(|(_, exchanges)| !exchanges.is_empty()).collect(),
                ..script
            },
            failures: vec![],
            requests: vec![],
            secrets: BTreeSet::new(),
            is_down: false,
            captured: HashMap::new(),
            session: None,
            tokens: Json::Null,
            srp_a: None,
            proof: None,
            device: None,
            passkey_challenge: None,
            keys: None,
        }
    }

    /// Whether nothing more is expected, or the test has failed.
    pub(super) fn is_over(&self) -> bool {
        !self.failures.is_empty() || self.script.exchanges.is_empty() && self.script.beside.is_empty()
    }

    /// How many exchanges are done, of those in a row.
    fn done(&self) -> usize {
        self.length - self.script.exchanges.len()
    }

    /// The exchange that a request to `door` is: the next one, or the next of a script beside, or none that is like it.
    fn next(&mut self, door: &Door) -> Option<Exchange> {
        let done = self.done();
        let is_like = |exchanges: &VecDeque<Exchange>| exchanges.front().is_some_and(|next| next.door == *door);
        if !is_like(&self.script.exchanges)
            && let Some(at) =
                self.script.beside.iter().position(|(after, exchanges)| *after <= done && is_like(exchanges))
        {
            let exchange = self.script.beside[at].1.pop_front();
            self.script.beside.retain(|(_, exchanges)| !exchanges.is_empty());
            return exchange;
        }
        self.script.exchanges.pop_front()
    }

    /// Everything that is wrong, as one text.
    pub(super) fn verdict(&self) -> Result<(), String> {
        let mut lines = self.failures.clone();
        if let Some(next) = self.script.exchanges.front() {
            let (number, name) = (self.done() + 1, next.door.name());
            lines.push(format!("the script is at exchange {number} of {}: {name} was still expected", self.length));
        }
        let beside = self.script.beside.iter().filter_map(|(_, exchanges)| exchanges.front());
        lines.extend(beside.map(|next| format!("beside the script, {} was still expected", next.door.name())));
        if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
    }

    /// Something came that no test wants.
    pub(super) fn fail(&mut self, why: String) {
        self.failures.push(why);
    }

    /// Takes the next request; what it gets.
    pub(super) fn take(&mut self, arrived: &Arrived) -> Reply {
        self.is_down = false;
        match self.judge(arrived) {
            Ok(reply) => reply,
            Err(why) => {
                self.fail(why);
                let body = json!({ "__type": "ScriptException", "message": "The script expects something else." });
                reply(400, "application/x-amz-json-1.1", vec![body.to_string()])
            }
        }
    }

    fn judge(&mut self, arrived: &Arrived) -> Result<Reply, String> {
        let (door, body) = read(arrived, &self.origin)
            .map_err(|why| format!("{} {} is not as Cognito wants it: {why}", arrived.method, path(&arrived.target)))?;
        let name = door.name().to_owned();
        self.requests.push((name.clone(), body.clone()));
        self.gather("", &body);
        if !self.failures.is_empty() {
            return Err(format!("after that, {name} came"));
        }
        let number = self.done() + 1;
        let Some(Exchange { door: expected_door, expected, answer }) = self.next(&door) else {
            return Err(format!("{name} came after the end of the script"));
        };
        let at = format!("exchange {number} of {} ({})", self.length, expected_door.name());
        if door != expected_door {
            return Err(format!("{at}: {name} came instead: {}", shown("", &body)));
        }
        let mut differences = vec![];
        self.compare("", &expected, &body, &Json::Null, &mut differences);
        let service = match &door {
            Door::Function => Some("lambda"),
            Door::Sts(action) if action == "GetCallerIdentity" => Some("sts"),
            _ => None,
        };
        if let Some(service) = service {
            let Arrived { method, target, headers, body } = arrived;
            let checked = match &self.keys {
                Some(keys) => keys.check(Signed { service, method, target, headers, body }, unix_seconds()),
                None => Err("no keys were issued".to_owned()),
            };
            differences.extend(checked.err());
        }
        if differences.is_empty() {
            self.answer(&door, &body, answer).map_err(|why| format!("{at}: {why}"))
        } else {
            Err(format!("{at} differs\n  {}", differences.join("\n  ")))
        }
    }

    /// Collects in `differences` what of `came` is not `expected`. `around` is the object that `came` is in.
    fn compare(&mut self, path: &str, expected: &Json, came: &Json, around: &Json, differences: &mut Vec<String>) {
        if let Some(kind) = expected.get("$").and_then(Json::as_str) {
            if let Err(mut wanted) = self.matches(kind, expected, came, around) {
                if is_password(path) {
                    wanted = matcher_name(expected);
                }
                differences.push(format!("{path}: expected {wanted}, came {}", shown(path, came)));
            }
            return;
        }
        match (expected, came) {
            (Json::Object(wanted), Json::Object(fields)) => {
                for (key, value) in wanted {
                    let path = format!("{path}/{key}");
                    match fields.get(key) {
                        Some(field) => self.compare(&path, value, field, came, differences),
                        None => differences.push(format!("{path}: missing, expected {}", described(&path, value))),
                    }
                }
                for (key, field) in fields.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
                    let path = format!("{path}/{key}");
                    differences.push(format!("{path}: not expected, came {}", shown(&path, field)));
                }
            }
            (Json::Array(wanted), Json::Array(elements)) if wanted.len() == elements.len() => {
                for (index, (value, element)) in wanted.iter().zip(elements).enumerate() {
                    self.compare(&format!("{path}/{index}"), value, element, came, differences);
                }
            }
            _ if expected == came => {}
            _ => {
                let (wanted, came) = (described(path, expected), shown(path, came));
                let other = if wanted == came { ", another one" } else { "" };
                differences.push(format!("{path}: expected {wanted}, came {came}{other}"));
            }
        }
    }

    /// Whether a matcher takes a value; what was expected if it does not.
    fn matches(&mut self, kind: &str, matcher: &Json, came: &Json, around: &Json) -> Result<(), String> {
        let text = came.as_str().unwrap_or_default();
        let argument = |name: &str| matcher[name].as_str().unwrap_or_default();
        let is = |wanted: Option<&str>, what: &str| match wanted {
            Some(wanted) if wanted == text => Ok(()),
            Some(wanted) => Err(format!("{what} {}", shown("", &json!(wanted)))),
            None => Err(format!("{what}, of which there is none yet")),
        };
        let token = |name: &str| self.tokens[name].as_str();
        match kind {
            "one of" => match matcher["values"].as_array() {
                Some(values) if values.contains(came) => Ok(()),
                _ => Err(format!("one of {}", matcher["values"])),
            },
            _ if text.is_empty() => Err(format!("{} (a text that is not empty)", matcher_name(matcher))),
            "any" => Ok(()),
            "capture" => {
                self.captured.insert(argument("name").to_owned(), text.to_owned());
                Ok(())
            }
            "captured" => is(self.captured.get(argument("name")).map(String::as_str), "what was captured before:"),
            "session" => is(self.session.as_deref(), "the session that was given last:"),
            "id token" => is(token("IdToken"), "the ID token that was issued last:"),
            "access token" => is(token("AccessToken"), "the access token that was issued last:"),
            "refresh token" => is(token("RefreshToken"), "the refresh token that was issued last:"),
            "device key" => is(self.device.as_ref().map(|device| &*device.key), "the device's key"),
            "device salt" => srp::device_number("Salt", text).map(drop),
            "device verifier" => {
                let verifier = Verifier::of_device(around["Salt"].as_str().unwrap_or_default(), text)?;
                let device = self.device.as_mut().ok_or("a device that tokens named before")?;
                device.verifier = Some(verifier);
                Ok(())
            }
            "SRP_A" => {
                srp::read_srp_a(text)?;
                self.srp_a = Some(text.to_owned());
                Ok(())
            }
            "secret block" => {
                let secret_block = self.proof.as_ref().map(|proof| proof.exchange.secret_block());
                is(secret_block.as_deref(), "the SECRET_BLOCK of the challenge:")
            }
            "timestamp" => match read_srp_timestamp(text) {
                Some(at) if (at - unix_seconds()).abs() < 86_400 => Ok(()),
                _ => Err("EEE MMM d HH:mm:ss UTC yyyy, of today".to_owned()),
            },
            "password claim" | "wrong password claim" => {
                let Proof { exchange, pool_name, user_id } =
                    self.proof.as_ref().ok_or("a challenge before its proof")?;
                let timestamp = around["TIMESTAMP"].as_str().unwrap_or_default();
                let is_signature = BASE64_STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 32);
                match (is_signature, exchange.accepts(pool_name, user_id, timestamp, text), kind) {
                    (true, true, "password claim") | (true, false, "wrong password claim") => Ok(()),
                    (false, ..) => Err("32 bytes in base64".to_owned()),
                    (_, true, _) => Err("the proof of another password".to_owned()),
                    (_, false, _) => Err("the proof of the right password".to_owned()),
                }
            }
            "totp" => {
                let now = unix_seconds();
                let codes = [now - 30, now, now + 30].map(|at| totp(argument("secret"), at.unsigned_abs()));
                if codes.iter().any(|code| code == text) {
                    Ok(())
                } else {
                    Err("the authenticator app's code".to_owned())
                }
            }
            "assertion" => {
                let challenge = self.passkey_challenge.as_deref().ok_or("request options before an assertion")?;
                passkey::verify(matcher, text, challenge, &self.origin)
                    .map_err(|why| format!("an assertion of the passkey ({why})"))
            }
            "code verifier" => {
                let is_verifier = (43..=128).contains(&text.len())
                    && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._~".contains(&c));
                let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()));
                if is_verifier && self.captured.get("code_challenge") == Some(&challenge) {
                    Ok(())
                } else {
                    Err("the verifier of the code_challenge (RFC 7636)".to_owned())
                }
            }
            other => Err(format!("something that no request can be: {other:?} is for answers")),
        }
    }

    fn answer(&mut self, door: &Door, request: &Json, answer: Answer) -> Result<Reply, String> {
        let body = match answer {
            Answer::Drop => {
                self.is_down = true;
                return Ok(Reply::Drop);
            }
            Answer::Hold => return Ok(Reply::Hold),
            Answer::Fail(status) => return Ok(reply(status, "text/plain", vec!["It failed.\n".to_owned()])),
            Answer::Stream(stream) => return Ok(Reply::Stream(stream)),
            Answer::Redirect => {
                let code = random_text();
                self.secrets.insert(code.clone());
                self.captured.insert("code".to_owned(), code.clone());
                for name in ["redirect_uri", "code_challenge"] {
                    self.captured.extend(request[name].as_str().map(|value| (name.to_owned(), value.to_owned())));
                }
                return redirect(door, request, &[("code", &code)]);
            }
            Answer::RedirectError { error, description } => {
                return redirect(door, request, &[("error", &error), ("error_description", &description)]);
            }
            Answer::AssumedRole => return Ok(self.assumed_role(request)),
            Answer::CallerIdentity(role) => {
                let arn =
                    format!("<Arn>arn:aws:sts::123456789012:assumed-role/{role}/CognitoIdentityCredentials</Arn>");
                let (user, account) = ("<UserId>AROAEXAMPLE:x</UserId>", "<Account>123456789012</Account>");
                return Ok(xml("GetCallerIdentity", &[&arn, user, account].map(String::from).concat()));
            }
            Answer::Refuse { status, code, message } => return Ok(refusal(door, status, &code, &message)),
            Answer::Json(body) => self.resolve(body)?,
            Answer::Tokens(tokens) => self.tokens(door, *tokens)?,
            Answer::PasswordVerifier(person) => self.password_verifier(&person)?,
            Answer::DevicePasswordVerifier(person) => self.device_password_verifier(&person)?,
            Answer::Keys => {
                let Keys { access_key_id, secret_access_key, session_token } = self.new_keys();
                let expiration = unix_seconds() + 3600;
                json!({ "IdentityId": IDENTITY, "Credentials": {
                    "AccessKeyId": access_key_id, "SecretKey": secret_access_key, "SessionToken": session_token,
                    "Expiration": expiration,
                }})
            }
        };
        if let Some(session) = body["Session"].as_str() {
            self.session = Some(session.to_owned());
        }
        self.note_tokens(&body["AuthenticationResult"]);
        self.gather("", &body);
        let kind = if matches!(door, Door::Token | Door::TokenUrl) {
            "application/json"
        } else {
            "application/x-amz-json-1.1"
        };
        Ok(reply(200, kind, vec![body.to_string()]))
    }

    /// Puts values where an answer of the script's has a name for them.
    fn resolve(&mut self, value: Json) -> Result<Json, String> {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        Ok(match value {
            Json::Object(fields) if fields.contains_key("$") => match fields["$"].as_str() {
                Some("fresh") => json!(random_text()),
                Some("capture fresh") => {
                    let fresh = random_text();
                    self.captured.insert(text(&fields["name"]), fresh.clone());
                    json!(fresh)
                }
                Some("captured") => {
                    let name = text(&fields["name"]);
                    json!(self.captured.get(&name).ok_or_else(|| format!("nothing was captured as {name:?}"))?)
                }
                Some("request options") => {
                    let challenge = random_text();
                    self.passkey_challenge = Some(challenge.clone());
                    let options = json!({
                        "challenge": challenge, "rpId": passkey::RELYING_PARTY, "userVerification": "required", "timeout": 60000,
                        "allowCredentials": [{ "id": fields["id"], "type": "public-key" }],
                    });
                    json!(options.to_string())
                }
                _ => return Err(format!("{} is for requests, not for answers", fields["$"])),
            },
            Json::Object(fields) => {
                let fields = fields.into_iter().map(|(key, value)| Ok((key, self.resolve(value)?)));
                Json::Object(fields.collect::<Result<_, String>>()?)
            }
            Json::Array(values) => {
                Json::Array(values.into_iter().map(|value| self.resolve(value)).collect::<Result<_, String>>()?)
            }
            value => value,
        })
    }

    fn tokens(&mut self, door: &Door, mut tokens: Tokens) -> Result<Json, String> {
        tokens.claims = self.resolve(tokens.claims)?;
        let result = tokens.issue();
        self.note_tokens(&result);
        if *door != Door::Token {
            return Ok(json!({ "AuthenticationResult": result, "ChallengeParameters": {} }));
        }
        let names = [
            ("id_token", "IdToken"),
            ("access_token", "AccessToken"),
            ("refresh_token", "RefreshToken"),
            ("expires_in", "ExpiresIn"),
            ("token_type", "TokenType"),
        ];
        Ok(names.into_iter().filter_map(|(name, of)| Some((name.to_owned(), result.get(of)?.clone()))).collect())
    }

    /// Keeps what an `AuthenticationResult` gives; a refresh token lives on where no new one comes.
    fn note_tokens(&mut self, result: &Json) {
        let Some(result) = result.as_object() else { return };
        if !self.tokens.is_object() {
            self.tokens = json!({});
        }
        for name in ["IdToken", "AccessToken", "RefreshToken"] {
            if let Some(token) = result.get(name) {
                self.tokens[name] = token.clone();
            }
        }
        let device = |name: &str| result.get("NewDeviceMetadata")?.get(name)?.as_str().map(str::to_owned);
        if let (Some(key), Some(group_key)) = (device("DeviceKey"), device("DeviceGroupKey")) {
            self.device = Some(Device { key, group_key, verifier: None });
        }
    }

    fn password_verifier(&mut self, person: &Person) -> Result<Json, String> {
        self.secrets.insert(person.password.clone());
        let pool_name = USER_POOL.split_once('_').map_or("", |(_, name)| name);
        let verifier = Verifier::of_password(pool_name, &person.user_id, &person.password);
        let mut challenge = self.srp_challenge("PASSWORD_VERIFIER", verifier, pool_name, &person.user_id)?;
        challenge["ChallengeParameters"]["USERNAME"] = json!(person.user_id);
        challenge["ChallengeParameters"]["USER_ID_FOR_SRP"] = json!(person.user_id);
        Ok(challenge)
    }

    fn device_password_verifier(&mut self, person: &Person) -> Result<Json, String> {
        let Some(Device { key, group_key, verifier: Some(verifier) }) = &self.device else {
            return Err("no device was confirmed before".to_owned());
        };
        let (key, group_key, verifier) = (key.clone(), group_key.clone(), verifier.clone());
        let mut challenge = self.srp_challenge("DEVICE_PASSWORD_VERIFIER", verifier, &group_key, &key)?;
        challenge["ChallengeParameters"]["USERNAME"] = json!(person.user_id);
        challenge["ChallengeParameters"]["DEVICE_KEY"] = json!(key);
        Ok(challenge)
    }

    fn srp_challenge(&mut self, name: &str, verifier: Verifier, pool: &str, user: &str) -> Result<Json, String> {
        let srp_a = self.srp_a.take().ok_or("its expected request has no srp_a()")?;
        let exchange = srp::Exchange::begin(verifier, srp::read_srp_a(&srp_a)?);
        let parameters = json!({
            "SALT": exchange.salt(), "SRP_B": exchange.srp_b(), "SECRET_BLOCK": exchange.secret_block(),
        });
        self.proof = Some(Proof { exchange, pool_name: pool.to_owned(), user_id: user.to_owned() });
        Ok(json!({ "ChallengeName": name, "Session": random_text(), "ChallengeParameters": parameters }))
    }

    fn new_keys(&mut self) -> Keys {
        let keys = Keys::new();
        self.secrets.extend([keys.secret_access_key.clone(), keys.session_token.clone()]);
        self.keys = Some(keys.clone());
        keys
    }

    fn assumed_role(&mut self, request: &Json) -> Reply {
        let Keys { access_key_id, secret_access_key, session_token } = self.new_keys();
        let role = request["RoleArn"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
        let session = request["RoleSessionName"].as_str().unwrap_or_default();
        let expiration = iso(unix_seconds() + 3600);
        let result = format!(
            "<SubjectFromWebIdentityToken>{IDENTITY}</SubjectFromWebIdentityToken><AssumedRoleUser>\
             <Arn>arn:aws:sts::123456789012:assumed-role/{role}/{session}</Arn><AssumedRoleId>AROAEXAMPLE:{session}</AssumedRoleId>\
             </AssumedRoleUser><Credentials><SessionToken>{session_token}</SessionToken><SecretAccessKey>{secret_access_key}</SecretAccessKey>\
             <Expiration>{expiration}</Expiration><AccessKeyId>{access_key_id}</AccessKeyId></Credentials>"
        );
        xml("AssumeRoleWithWebIdentity", &result)
    }

    /// Keeps the secrets in a request or an answer.
    fn gather(&mut self, key: &str, value: &Json) {
        match value {
            Json::String(text) if SECRETS.contains(&key) && text.len() >= SHORTEST_SECRET => {
                self.secrets.insert(text.clone());
            }
            Json::Object(fields) => {
                // The answer to a custom challenge is somebody's own; to the others it is a name of AWS's.
                let is_custom = fields.get("ChallengeName").is_some_and(|name| name == "CUSTOM_CHALLENGE");
                if let Some(answer) = value.pointer("/ChallengeResponses/ANSWER").filter(|_| is_custom) {
                    self.gather("PASSWORD", answer);
                }
                for (name, field) in fields {
                    self.gather(if key == "Logins" { "IdToken" } else { name }, field);
                }
            }
            Json::Array(values) => values.iter().for_each(|value| self.gather(key, value)),
            _ => {}
        }
    }
}

/// What a request asks of whom; what is wrong with its form.
fn read(arrived: &Arrived, origin: &str) -> Result<(Door, Json), String> {
    let header = |name: &str| arrived.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is = |name: &str, wanted: &str| match header(name) {
        Some(value) if value == wanted => Ok(()),
        came => Err(format!("the header {name} is to be {wanted:?}, not {came:?}")),
    };
    let path = path(&arrived.target);
    let is_navigation = matches!(path, "/oauth2/authorize" | "/logout");
    let method = if is_navigation || path == TOKEN_URL { "GET" } else { "POST" };
    if arrived.method != method {
        return Err(format!("the method is to be {method}"));
    }
    let signs = path == "/function/" || arrived.body.starts_with(b"Action=GetCallerIdentity");
    let forbidden = if signs { &["cookie", "referer"][..] } else { &["cookie", "referer", "authorization"] };
    // A tokenUrl knows people by their cookies; nobody else is sent one.
    if let Some(name) =
        forbidden.iter().find(|name| header(name).is_some() && !(path == TOKEN_URL && **name == "cookie"))
    {
        return Err(format!("there is a header {name}"));
    }
    if !is_navigation {
        is("origin", origin)?;
    }
    match path {
        "/user-pool/" | "/identity-pool/" => {
            is("content-type", "application/x-amz-json-1.1")?;
            let target = header("x-amz-target").unwrap_or_default();
            let (service, door): (_, fn(String) -> Door) = match path {
                "/user-pool/" => ("AWSCognitoIdentityProviderService.", Door::UserPool),
                _ => ("AWSCognitoIdentityService.", Door::IdentityPool),
            };
            let operation = target.strip_prefix(service).filter(|name| name.bytes().all(|c| c.is_ascii_alphanumeric()));
            let operation = operation.ok_or_else(|| format!("x-amz-target is to be {service}…, not {target:?}"))?;
            Ok((door(operation.to_owned()), json_object(&arrived.body)?))
        }
        TOKEN_URL => Ok((Door::TokenUrl, json!({ "Cookie": header("cookie") }))),
        "/function/" => {
            is("content-type", "application/json")?;
            is("accept", "text/event-stream")?;
            Ok((Door::Function, json_object(&arrived.body)?))
        }
        "/sts/" | "/oauth2/token" => {
            let kind = header("content-type").unwrap_or_default().to_ascii_lowercase();
            if !matches!(
                &*kind,
                FORM | "application/x-www-form-urlencoded; charset=utf-8"
                    | "application/x-www-form-urlencoded;charset=utf-8"
            ) {
                return Err(format!("the header content-type is to be {FORM:?}, not {kind:?}"));
            }
            let mut form = form(&arrived.body)?;
            if path == "/oauth2/token" {
                return Ok((Door::Token, form));
            }
            let fields = form.as_object_mut().ok_or("there is no form")?;
            if fields.remove("Version") != Some(json!("2011-06-15")) {
                return Err("Version is to be 2011-06-15".to_owned());
            }
            match fields.remove("Action") {
                Some(Json::String(action)) => Ok((Door::Sts(action), form)),
                _ => Err("there is no Action".to_owned()),
            }
        }
        "/oauth2/authorize" | "/logout" => {
            let query = arrived.target.split_once('?').map_or("", |(_, query)| query);
            let door = if path == "/logout" { Door::Logout } else { Door::Authorize };
            Ok((door, form(query.as_bytes())?))
        }
        _ => Err("there is nothing at this address".to_owned()),
    }
}

/// The address of a `tokenUrl`.
pub(super) const TOKEN_URL: &str = "/developer/token";

const FORM: &str = "application/x-www-form-urlencoded";

fn path(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

fn json_object(body: &[u8]) -> Result<Json, String> {
    match serde_json::from_slice(body) {
        Ok(value @ Json::Object(_)) => Ok(value),
        _ => Err(format!("the body is no JSON object ({} bytes)", body.len())),
    }
}

fn form(text: &[u8]) -> Result<Json, String> {
    let mut fields = serde_json::Map::new();
    for (name, value) in form_urlencoded::parse(text) {
        if fields.insert(name.to_string(), json!(value)).is_some() {
            return Err(format!("the parameter {name} comes twice"));
        }
    }
    Ok(Json::Object(fields))
}

/// Where a navigation goes on: from `/logout` without more, from `/oauth2/authorize` with parameters and the request's `state`.
fn redirect(door: &Door, request: &Json, parameters: &[(&str, &str)]) -> Result<Reply, String> {
    let to = &request[if *door == Door::Logout { "logout_uri" } else { "redirect_uri" }];
    let mut url = to.as_str().and_then(|url| Url::parse(url).ok()).ok_or("there is no address to go back to")?;
    if *door != Door::Logout {
        url.query_pairs_mut()
            .extend_pairs(parameters)
            .extend_pairs(request["state"].as_str().map(|state| ("state", state)));
    }
    Ok(Reply::Send { status: 302, headers: vec![("location", url.into())], body: vec![] })
}

fn reply(status: u16, kind: &str, body: Vec<String>) -> Reply {
    Reply::Send { status, headers: vec![("content-type", kind.to_owned())], body }
}

fn xml(action: &str, result: &str) -> Reply {
    let body = format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{action}Response>",
        random_text()
    );
    reply(200, "text/xml", vec![body])
}

fn refusal(door: &Door, status: u16, code: &str, message: &str) -> Reply {
    let (kind, body) = match door {
        Door::Token => ("application/json", json!({ "error": code, "error_description": message }).to_string()),
        Door::Sts(_) => (
            "text/xml",
            format!(
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error></ErrorResponse>"
            ),
        ),
        Door::Function => ("application/json", json!({ "Message": message }).to_string()),
        _ => ("application/x-amz-json-1.1", json!({ "__type": code, "message": message }).to_string()),
    };
    let mut headers = vec![("content-type", kind.to_owned())];
    // Neither OAuth nor STS has this header.
    if !matches!(door, Door::Token | Door::Sts(_)) {
        headers.push(("x-amzn-errortype", code.to_owned()));
    }
    Reply::Send { status, headers, body: vec![body] }
}

/// A value for a message: of a password only its length, of something long only its beginning.
fn shown(path: &str, value: &Json) -> String {
    match value {
        Json::String(text) if is_password(path) => format!("a text of {} characters", text.chars().count()),
        Json::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| format!("{key}: {}", shown(&format!("{path}/{key}"), value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        value => {
            let text = value.to_string();
            match text.char_indices().nth(100) {
                Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()),
                None => text,
            }
        }
    }
}

fn is_password(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| PASSWORDS.contains(&name))
}

fn described(path: &str, expected: &Json) -> String {
    if expected.get("$").is_some() { matcher_name(expected) } else { shown(path, expected) }
}

fn matcher_name(matcher: &Json) -> String {
    let kind = matcher["$"].as_str().unwrap_or_default();
    match matcher["name"].as_str() {
        Some(name) => format!("<{kind} {name}>"),
        None => format!("<{kind}>"),
    }
}
