//! A session with everything around it, for tests: AWS's replies go in, and tests inspect what was sent and shown.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Effect, Env, Grant, Input, Memory, Record, Screen, Session};
use crate::core::config::{
    AuthFlow, BasicFlow, Config, HostedUi, IdentityPool, PasswordPolicy, Provider, ProviderLabel, SignUp, UserPool,
    Username,
};
use crate::core::fault::Fault;
use crate::core::question::{Action, Step};
use crate::core::random::Random;
use crate::core::words;
use crate::protocol::{Errand, Form, FormId, PasskeyOutcome, SessionView, View, encode};
use signet_cognito::{
    Entropy, Ephemeral, Secret, UnixMillis, hosted_ui,
    http::{Head, NoAnswer, Request, Response},
};

pub(crate) const NOW: UnixMillis = UnixMillis(1_793_682_367_000);
/// [`NOW`] as Cognito's `TIMESTAMP`.
pub(crate) const TIMESTAMP: &str = "Tue Nov 3 05:06:07 UTC 2026";
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const PAGE: &str = "https://app.example.com/";
pub(crate) const ISSUER: &str = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC";
pub(crate) const TOTP_SECRET: &str = "JBSWY3DPEHPK3PXP";
/// Long enough for AWS, whose sessions have at least 20 characters.
pub(crate) const SESSION: &str = "session-of-twenty-characters-or-more";

/// Only a sign-in with username and password by SRP.
pub(crate) fn config() -> Config {
    Config {
        name: None,
        contact: None,
        user_pool: Some(UserPool {
            api: signet_cognito::UserPool {
                id: "eu-central-1_AbC".into(),
                client_id: "1abc".into(),
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
        }),
        hosted_ui: None,
        token_url: None,
        identity_pool: IdentityPool {
            api: signet_cognito::IdentityPool {
                id: "eu-central-1:1-2".into(),
                endpoint: "https://cognito-identity.eu-central-1.amazonaws.com/".into(),
            },
            region: "eu-central-1".into(),
            sts_endpoint: "https://sts.eu-central-1.amazonaws.com/".into(),
            logins_key: None,
            guest_access: false,
            basic_flow: None,
        },
        function_url: "https://abc.lambda-url.eu-central-1.on.aws/".into(),
        function_region: "eu-central-1".into(),
        prices: None,
    }
}

/// The same, with a change to the user pool's client.
pub(crate) fn config_with(change: impl FnOnce(&mut UserPool)) -> Config {
    let mut config = config();
    change(config.user_pool.as_mut().unwrap());
    config
}

pub(crate) fn with_flow(auth_flow: AuthFlow) -> Config {
    config_with(|pool| pool.auth_flow = auth_flow)
}

pub(crate) fn with_choice(preferred: Option<&str>) -> Config {
    config_with(|pool| {
        pool.auth_flow = AuthFlow::UserAuth;
        pool.preferred_challenge = preferred.map(str::to_owned);
    })
}

pub(crate) fn with_sign_up(username: Username, attributes: &[&str], by_link: bool) -> Config {
    config_with(|pool| {
        pool.username = username;
        pool.sign_up = Some(SignUp { attributes: attributes.iter().map(|&name| name.into()).collect(), by_link });
    })
}

pub(crate) fn with_hosted_ui() -> Config {
    let provider = |label: &str, identity_provider: &str| Provider {
        label: ProviderLabel::Custom(label.into()),
        icon: None,
        provider: hosted_ui::Provider {
            identity_provider: Some(identity_provider.into()),
            ..hosted_ui::Provider::default()
        },
    };
    let mut config = config();
    let api = hosted_ui::HostedUi {
        authorization_endpoint: "https://signet.auth.eu-central-1.amazoncognito.com/oauth2/authorize".into(),
        token_endpoint: "https://signet.auth.eu-central-1.amazoncognito.com/oauth2/token".into(),
        logout_endpoint: Some("https://signet.auth.eu-central-1.amazoncognito.com/logout".into()),
        issuer: ["https://", ISSUER].concat(),
        client_id: "1abc".into(),
        scopes: vec!["openid".into(), "email".into()],
        redirect_sign_in: vec![PAGE.into()],
        redirect_sign_out: vec![PAGE.into()],
        prompt: None,
        lang: None,
    };
    let providers = vec![provider("Continue with Google", "Google"), provider("Continue with Okta", "okta")];
    config.hosted_ui = Some(HostedUi { api, providers });
    config
}

pub(crate) fn with_guests() -> Config {
    let mut config = config();
    config.identity_pool.guest_access = true;
    config
}

pub(crate) fn with_basic_flow(role: Option<&str>, guest_role: Option<&str>) -> Config {
    let mut config = with_guests();
    config.identity_pool.basic_flow = Some(BasicFlow {
        role_arn: role.map(str::to_owned),
        guest_role_arn: guest_role.map(str::to_owned),
        duration_seconds: 900,
    });
    config
}

// --- replies in the shapes of AWS's API references ----------------------------------------------------------------------------

/// An ID token with these claims and no valid signature.
pub(crate) fn unsigned_token(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(claims))
}

pub(crate) fn response(status: u16, body: impl Into<Vec<u8>>) -> Response {
    Response { head: Head { status, request_id: Some("6f1c".into()), ..Head::default() }, body: body.into() }
}

/// A refusal, as AWS's JSON services send it.
pub(crate) fn refusal(code: &str, message: &str) -> Response {
    response(400, json!({"__type": code, "message": message}).to_string())
}

/// `PASSWORD_VERIFIER`, and `DEVICE_PASSWORD_VERIFIER` likewise.
pub(crate) fn verifier(name: &str) -> Value {
    challenge(
        name,
        &json!({"USER_ID_FOR_SRP": "alice", "USERNAME": "alice", "SALT": "a1b2", "SRP_B": "c3d4", "SECRET_BLOCK": "AAAA"}),
    )
}

pub(crate) fn challenge(name: &str, parameters: &Value) -> Value {
    json!({"ChallengeName": name, "Session": SESSION, "ChallengeParameters": parameters})
}

pub(crate) fn delivered(name: &str, medium: &str, destination: &str) -> Value {
    challenge(
        name,
        &json!({"USER_ID_FOR_SRP": "alice", "CODE_DELIVERY_DELIVERY_MEDIUM": medium, "CODE_DELIVERY_DESTINATION": destination}),
    )
}

/// The claims of the user pool's ID token, issued at `issued` by AWS's clock and good for an hour.
pub(crate) fn claims(issued: UnixMillis) -> Value {
    let seconds = issued.0 / 1000;
    json!({
        "iss": format!("https://{ISSUER}"), "aud": "1abc", "iat": seconds, "exp": seconds + 3600, "sub": "s-1",
        "cognito:username": "alice", "cognito:preferred_role": "arn:aws:iam::1:role/callers"})
}

pub(crate) fn tokens(issued: UnixMillis, refresh: Option<&str>) -> Value {
    let mut result = json!({
        "IdToken": unsigned_token(&claims(issued)), "AccessToken": "access-token", "TokenType": "Bearer",
        "ExpiresIn": 3600});
    if let Some(refresh) = refresh {
        result["RefreshToken"] = refresh.into();
    }
    json!({"ChallengeParameters": {}, "AuthenticationResult": result})
}

pub(crate) fn new_device() -> Value {
    let mut reply = tokens(NOW, Some("refresh-1"));
    reply["AuthenticationResult"]["NewDeviceMetadata"] =
        json!({"DeviceKey": "eu-central-1_d", "DeviceGroupKey": "-gr"});
    reply
}

pub(crate) fn identity(id: &str) -> Value {
    json!({"IdentityId": id})
}

pub(crate) fn credentials(key: &str, expires: UnixMillis) -> Value {
    #[allow(clippy::cast_precision_loss)]
    let seconds = expires.0 as f64 / 1000.0;
    json!({"IdentityId": "eu-central-1:i", "Credentials": {
        "AccessKeyId": key, "SecretKey": "secret-key", "SessionToken": "session-token", "Expiration": seconds}})
}

// --- the session --------------------------------------------------------------------------------------------------------------

/// A session, its surroundings, and the effects of the last step.
pub(crate) struct Run {
    pub(crate) config: Config,
    pub(crate) page: String,
    pub(crate) memory: Memory,
    pub(crate) random: Random,
    pub(crate) spare: Option<Ephemeral>,
    pub(crate) last_form: FormId,
    pub(crate) session: Session,
    pub(crate) now: UnixMillis,
    /// The effects of the last step.
    pub(crate) effects: Vec<Effect>,
    /// The screen that was shown last.
    pub(crate) screen: Option<Screen>,
    /// The record that the tab stores.
    pub(crate) record: Option<Record>,
}

impl Run {
    /// The store has not been read yet.
    pub(crate) fn closed(config: Config) -> Self {
        Self {
            config,
            page: PAGE.into(),
            memory: Memory::default(),
            random: Random::new([3; 32]),
            spare: None,
            last_form: FormId::default(),
            session: Session::default(),
            now: NOW,
            effects: vec![],
            screen: None,
            record: None,
        }
    }

    /// Nobody is signed in, and the first form is shown.
    pub(crate) fn new(config: Config) -> Self {
        let mut run = Self::closed(config);
        run.restore("");
        run
    }

    /// Somebody signed in with username and password, and has keys.
    pub(crate) fn signed_in(config: Config) -> Self {
        let mut run = Self::new(config);
        run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&tokens(NOW, Some("refresh-1")));
        run.reply(&identity("eu-central-1:i")).reply(&credentials("A1", NOW.plus(HOUR)));
        run
    }

    pub(crate) fn step(&mut self, input: Input) -> &mut Self {
        let mut env = Env {
            config: &self.config,
            now: self.now,
            page: &self.page,
            random: &mut self.random,
            spare: &mut self.spare,
            memory: &mut self.memory,
            last_form: &mut self.last_form,
            effects: vec![],
        };
        self.session = std::mem::take(&mut self.session).step(&mut env, input);
        self.effects = env.effects;
        for effect in &self.effects {
            match effect {
                Effect::Show(screen) => self.screen = Some(screen.clone()),
                Effect::Save(record) => self.record = Some(record.clone()),
                Effect::Forget => self.record = None,
                _ => {}
            }
        }
        self
    }

    /// Loads the page with the stored data; `callback` is its query.
    pub(crate) fn restore(&mut self, callback: &str) -> &mut Self {
        let record = self.record.take().and_then(|record| Record::from_bytes(&record.to_bytes()));
        self.record.clone_from(&record);
        (self.session, self.last_form, self.screen) = (Session::default(), FormId::default(), None);
        self.step(Input::Restored { record, callback: secret(callback) })
    }

    pub(crate) fn at(&mut self, now: UnixMillis) -> &mut Self {
        self.now = now;
        self
    }

    pub(crate) fn reply(&mut self, body: &Value) -> &mut Self {
        self.respond(response(200, body.to_string()))
    }

    pub(crate) fn refuse(&mut self, code: &str, message: &str) -> &mut Self {
        self.respond(refusal(code, message))
    }

    pub(crate) fn respond(&mut self, response: Response) -> &mut Self {
        self.step(Input::Replied(Ok(response)))
    }

    pub(crate) fn no_answer(&mut self) -> &mut Self {
        self.step(Input::Replied(Err(NoAnswer::Unreachable)))
    }

    /// Sends the form that is shown.
    pub(crate) fn submit(&mut self, values: &[&str]) -> &mut Self {
        self.step(Input::Submit(self.last_form, secrets(values)))
    }

    /// Submits the username and password that [`Self::signed_in`] uses.
    pub(crate) fn type_in(&mut self) -> &mut Self {
        self.submit(&["alice", "hunter2"])
    }

    /// Presses the form's button for `action`.
    pub(crate) fn press(&mut self, action: Action) -> &mut Self {
        self.press_with(action, &[])
    }

    pub(crate) fn press_with(&mut self, action: Action, values: &[&str]) -> &mut Self {
        let actions = self.actions();
        let button =
            actions.iter().position(|other| *other == action).unwrap_or_else(|| panic!("{action:?}: {actions:?}"));
        self.step(Input::Press(self.last_form, u8::try_from(button).unwrap(), secrets(values)))
    }

    pub(crate) fn passkey(&mut self, outcome: PasskeyOutcome) -> &mut Self {
        self.step(Input::Passkey(self.last_form, outcome, secret(r#"{"id":"credential"}"#)))
    }

    // --- the result ----------------------------------------------------------------------------------------------------------

    /// The request that the last step sends and waits for.
    pub(crate) fn request(&self) -> Option<&Request> {
        let mut sent = self
            .effects
            .iter()
            .filter_map(|effect| if let Effect::Send(request) = effect { Some(request) } else { None });
        let request = sent.next();
        assert!(sent.next().is_none(), "one request at a time: {:?}", self.effects);
        request
    }

    /// AWS's name of the operation that the last step sends, or the address where there is none.
    pub(crate) fn sends(&self) -> Option<&str> {
        self.request().map(operation)
    }

    pub(crate) fn body(&self) -> Value {
        body(self.request().unwrap_or_else(|| panic!("nothing is sent: {:?}", self.effects)))
    }

    /// Checks the whole body that the last step sends. Where `expected` says `*`, only the shape of `SRP_A` and of signatures is checked.
    #[allow(clippy::needless_pass_by_value)] // Tests write `json!` in its place.
    #[track_caller]
    pub(crate) fn expect(&mut self, operation: &str, expected: Value) -> &mut Self {
        assert_eq!(self.sends(), Some(operation), "{:?}", self.effects);
        let mut body = self.body();
        for (outer, name, long) in [
            ("AuthParameters", "SRP_A", 700..=768),
            ("ChallengeResponses", "SRP_A", 700..=768),
            ("ChallengeResponses", "PASSWORD_CLAIM_SIGNATURE", 44..=44),
            ("DeviceSecretVerifierConfig", "PasswordVerifier", 400..=520),
            ("DeviceSecretVerifierConfig", "Salt", 20..=28),
        ] {
            if expected[outer][name] == "*" {
                let text = body[outer][name].as_str().unwrap_or_default();
                assert!(long.contains(&text.len()), "{name}: {text}");
                assert!(name != "SRP_A" || text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')), "{text}");
                body[outer][name] = "*".into();
            }
        }
        assert_eq!(body, expected);
        self
    }

    /// A request whose reply nobody waits for.
    pub(crate) fn forgotten(&self) -> Option<&Request> {
        self.effects
            .iter()
            .find_map(|effect| if let Effect::SendAndForget(request) = effect { Some(request) } else { None })
    }

    /// The step on the screen.
    #[track_caller]
    pub(crate) fn asks(&self) -> &Step {
        match &self.screen {
            Some(Screen::Ask(asked)) => &asked.question.step,
            other => panic!("{other:?}"),
        }
    }

    /// The form on the screen, with its words.
    #[track_caller]
    pub(crate) fn form(&self) -> Form {
        match self.screen.clone().map(|screen| words::screen(&self.config, screen)) {
            Some(SessionView::Asked(form)) => form,
            other => panic!("{other:?}"),
        }
    }

    /// The fault beside the form.
    #[track_caller]
    pub(crate) fn fault(&self) -> Option<&Fault> {
        match &self.screen {
            Some(Screen::Ask(asked)) => asked.fault.as_ref(),
            other => panic!("{other:?}"),
        }
    }

    /// The field that the form's error is about.
    #[track_caller]
    pub(crate) fn wrong_field(&self) -> Option<String> {
        let form = self.form();
        let field = form.error.as_ref()?.field?;
        Some(form.fields[usize::from(field)].name.to_string())
    }

    #[track_caller]
    pub(crate) fn username(&self) -> &str {
        match &self.screen {
            Some(Screen::Ask(asked)) => &asked.username,
            Some(Screen::SignedIn { username, .. }) => username,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn actions(&self) -> Vec<Action> {
        match &self.screen {
            Some(Screen::Ask(asked)) => asked.question.step.actions(&self.config, asked.first_factor),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        matches!(self.screen, Some(Screen::SignedIn { .. })) && matches!(self.session, Session::Active(_))
    }

    pub(crate) fn left(&self) -> Option<&str> {
        self.effects.iter().find_map(|effect| if let Effect::Leave(url) = effect { Some(url.as_str()) } else { None })
    }

    /// The request for a passkey: its options, and whether by autofill.
    pub(crate) fn asks_for_passkey(&self) -> Option<(&str, bool)> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Passkey { form, options, autofill } if *form == self.last_form => {
                Some((options.as_str(), *autofill))
            }
            _ => None,
        })
    }

    pub(crate) fn grant(&self) -> Option<Result<&Grant, &Fault>> {
        self.effects.iter().find_map(|effect| if let Effect::Keys(keys) = effect { Some(keys.as_ref()) } else { None })
    }

    pub(crate) fn keys(&self) -> Option<Result<&str, &Fault>> {
        self.grant().map(|keys| keys.map(|grant| grant.keys.access_key_id.as_str()))
    }

    /// The views that the last step sends to the page, as bytes.
    pub(crate) fn shown_bytes(&self) -> Vec<u8> {
        let views: Vec<View> = self
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Show(screen) => Some(View::Session(words::screen(&self.config, screen.clone()))),
                Effect::Passkey { form, options, autofill } => {
                    Some(View::Errand(Errand::Passkey { form: *form, options: options.clone(), autofill: *autofill }))
                }
                _ => None,
            })
            .collect();
        encode(&views).unwrap()
    }
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

pub(crate) fn secrets(texts: &[&str]) -> Vec<Secret> {
    texts.iter().copied().map(secret).collect()
}

/// A fixed pair, for tests.
pub(crate) fn known_pair() -> Ephemeral {
    Ephemeral::new(&Entropy([7; 32])).unwrap()
}

pub(crate) fn operation(request: &Request) -> &str {
    let target = request.headers.iter().find(|(name, _)| name == "x-amz-target");
    target.map_or(&request.url, |(_, target)| target.rsplit('.').next().unwrap())
}

pub(crate) fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_else(|_| String::from_utf8_lossy(&request.body).into())
}
