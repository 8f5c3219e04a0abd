use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::cognito::{Entropy, unsigned_token};
use crate::http::Head;

/// Replies in the shapes of AWS's API references.
fn config() -> Config {
    Config::from_json(
        br#"{"userPoolId":"eu-central-1_AbC","userPoolClientId":"1abc","identityPoolId":"eu-central-1:1-2",
             "functionUrl":"https://abc.lambda-url.eu-central-1.on.aws/"}"#,
    )
    .unwrap()
}

const NOW: UnixMillis = UnixMillis(1_793_682_367_000);
const HOUR: i64 = 3_600_000;

fn reply(status: u16, body: &Value) -> Input {
    let head = Head { status, request_id: Some("6f1c".into()), ..Head::default() };
    Input::Replied(Ok(Response { head, body: body.to_string().into_bytes() }))
}

fn refusal(code: &str, message: &str) -> Input {
    reply(400, &json!({"__type": code, "message": message}))
}

fn challenge() -> Input {
    reply(
        200,
        &json!({"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": {
            "USER_ID_FOR_SRP": "alice", "SALT": "a1b2", "SRP_B": "c3d4", "SECRET_BLOCK": "AAAA"}}),
    )
}

/// Tokens issued at `issued` by AWS's clock, good for an hour.
fn tokens(issued: UnixMillis, refresh: Option<&str>) -> Input {
    let seconds = issued.0 / 1000;
    let id = unsigned_token(&json!({
        "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC", "iat": seconds, "exp": seconds + 3600, "sub": "s-1",
        "cognito:username": "alice", "cognito:preferred_role": "arn:aws:iam::1:role/callers"}));
    let mut result = json!({"IdToken": id, "AccessToken": "a", "TokenType": "Bearer", "ExpiresIn": 3600});
    if let Some(refresh) = refresh {
        result["RefreshToken"] = refresh.into();
    }
    reply(200, &json!({ "AuthenticationResult": result }))
}

fn identity() -> Input {
    reply(200, &json!({"IdentityId": "eu-central-1:i"}))
}

fn credentials(id: &str, expires: UnixMillis) -> Input {
    #[allow(clippy::cast_precision_loss)]
    let seconds = expires.0 as f64 / 1000.0;
    reply(
        200,
        &json!({"IdentityId": "eu-central-1:i", "Credentials": {
            "AccessKeyId": id, "SecretKey": "secret", "SessionToken": "session", "Expiration": seconds}}),
    )
}

fn sign_in() -> Input {
    Input::SignIn {
        username: "alice".into(),
        password: Secret::new("hunter2".into()),
        ephemeral: Ephemeral::new(&Entropy([7; 32])).unwrap(),
    }
}

/// A session and all effects of the last step.
struct Run {
    session: Session,
    effects: Vec<Effect>,
    now: UnixMillis,
}

impl Run {
    fn new() -> Self {
        Self { session: Session::default(), effects: vec![], now: NOW }
    }

    fn step(mut self, input: Input) -> Self {
        (self.session, self.effects) = self.session.step(&config(), self.now, input);
        self
    }

    fn steps(self, inputs: impl IntoIterator<Item = Input>) -> Self {
        inputs.into_iter().fold(self, Self::step)
    }

    fn at(mut self, now: UnixMillis) -> Self {
        self.now = now;
        self
    }

    fn signed_in() -> Self {
        Self::new().steps([
            sign_in(),
            challenge(),
            tokens(NOW, Some("r1")),
            identity(),
            credentials("A1", NOW.plus(HOUR)),
        ])
    }

    /// The operation that the last step sends.
    fn sends(&self) -> Option<String> {
        self.request().map(|request| {
            request
                .headers
                .iter()
                .find(|(name, _)| name == "x-amz-target")
                .unwrap()
                .1
                .rsplit('.')
                .next()
                .unwrap()
                .to_owned()
        })
    }

    fn request(&self) -> Option<&Request> {
        self.effects.iter().find_map(|effect| if let Effect::Send(request) = effect { Some(request) } else { None })
    }

    fn body(&self) -> Value {
        serde_json::from_slice(&self.request().expect("a request").body).unwrap()
    }

    fn fault(&self) -> Option<Fault> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Show(SessionView::SignedOut { fault }) => fault.clone(),
            _ => None,
        })
    }

    fn keys(&self) -> Option<Result<&str, &Fault>> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Keys(keys) => Some(keys.as_ref().map(|grant| grant.keys.access_key_id.as_str())),
            _ => None,
        })
    }

    fn saves(&self) -> Option<&Record> {
        self.effects.iter().find_map(|effect| if let Effect::Save(record) = effect { Some(record) } else { None })
    }
}

#[test]
fn a_sign_in_is_four_requests_and_ends_with_keys() {
    let run = Run::new().step(sign_in());
    assert_eq!(run.sends().as_deref(), Some("InitiateAuth"));
    assert_eq!(run.body()["AuthFlow"], "USER_SRP_AUTH");
    assert_eq!(run.body()["AuthParameters"]["USERNAME"], "alice");
    let run = run.step(challenge());
    assert_eq!(run.sends().as_deref(), Some("RespondToAuthChallenge"));
    let responses = &run.body()["ChallengeResponses"];
    assert_eq!(responses["USERNAME"], "alice");
    assert_eq!(responses["TIMESTAMP"], "Tue Nov 3 05:06:07 UTC 2026");
    assert_eq!(responses["PASSWORD_CLAIM_SECRET_BLOCK"], "AAAA");
    assert!(responses["PASSWORD_CLAIM_SIGNATURE"].as_str().unwrap().len() == 44);
    let run = run.step(tokens(NOW, Some("r1")));
    assert_eq!(run.sends().as_deref(), Some("GetId"));
    let logins = &run.body()["Logins"];
    assert!(logins["cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC"].is_string());
    let run = run.step(identity());
    assert_eq!(run.sends().as_deref(), Some("GetCredentialsForIdentity"));
    let run = run.step(credentials("A1", NOW.plus(HOUR)));
    assert!(matches!(run.session, Session::Active(_)));
    assert!(run.saves().is_some());
    let signed_in = SessionView::SignedIn { username: "alice".into(), role: Some("callers".into()) };
    assert!(run.effects.iter().any(|effect| matches!(effect, Effect::Show(view) if *view == signed_in)));
}

#[test]
fn the_password_is_gone_once_its_claim_is_sent() {
    let run = Run::new().step(sign_in());
    assert!(matches!(&run.session, Session::Proving(proving) if proving.proof.is_some()));
    let run = run.step(challenge());
    assert!(matches!(&run.session, Session::Proving(proving) if proving.proof.is_none()));
    assert!(!format!("{:?}", Run::new().step(sign_in()).session).contains("hunter2"));
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_one_fault() {
    for (code, message) in [
        ("NotAuthorizedException", "Incorrect username or password."),
        ("UserNotFoundException", "User does not exist."),
    ] {
        assert_eq!(
            Run::new().steps([sign_in(), challenge(), refusal(code, message)]).fault(),
            Some(Fault::WrongPassword)
        );
        assert_eq!(Run::new().steps([sign_in(), refusal(code, message)]).fault(), Some(Fault::WrongPassword));
    }
}

#[test]
fn what_the_user_pool_refuses_is_told_apart() {
    for (input, fault) in [
        (refusal("NotAuthorizedException", "Password attempts exceeded"), Fault::TooManyAttempts),
        (refusal("PasswordResetRequiredException", ""), Fault::PasswordResetRequired),
        (refusal("UserNotConfirmedException", ""), Fault::NotConfirmed),
        (
            reply(200, &json!({"ChallengeName": "SMS_MFA", "ChallengeParameters": {}})),
            Fault::UnknownChallenge { name: "SMS_MFA".into() },
        ),
        (Input::Replied(Err(NoAnswer::Offline)), Fault::Offline),
        (Input::Replied(Err(NoAnswer::Unreachable)), Fault::Unreachable { service: Service::UserPool }),
    ] {
        let run = Run::new().steps([sign_in(), challenge(), input]);
        assert_eq!(run.fault(), Some(fault));
        assert!(matches!(run.session, Session::SignedOut));
    }
    let run = Run::new().steps([sign_in(), reply(429, &json!({}))]);
    assert!(matches!(run.fault(), Some(Fault::Throttled { service: Service::UserPool, .. })));
    let run = Run::new().steps([sign_in(), reply(200, &json!([]))]);
    assert!(matches!(run.fault(), Some(Fault::Unexpected { service: Service::UserPool, .. })));
    let run = Run::new().steps([
        sign_in(),
        reply(
            200,
            &json!({"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": {
        "USER_ID_FOR_SRP": "alice", "SALT": "a1b2", "SRP_B": "0", "SECRET_BLOCK": "AAAA"}}),
        ),
    ]);
    assert!(matches!(run.fault(), Some(Fault::Unexpected { service: Service::UserPool, .. })));
}

#[test]
fn a_failure_at_the_identity_pool_goes_back_to_the_form() {
    let run = Run::new().steps([
        sign_in(),
        challenge(),
        tokens(NOW, Some("r1")),
        refusal("NotAuthorizedException", "Access denied"),
    ]);
    assert!(matches!(run.fault(), Some(Fault::Refused { service: Service::IdentityPool, .. })));
}

#[test]
fn keys_are_given_while_they_are_good_and_renewed_before_they_expire() {
    let run = Run::signed_in().step(Input::NeedKeys { refused: None });
    assert_eq!(run.keys(), Some(Ok("A1")));
    // The ID token expires at the same time, so both are renewed.
    let run = run.at(NOW.plus(HOUR - MARGIN)).step(Input::NeedKeys { refused: None });
    assert_eq!((run.keys(), run.sends().as_deref()), (None, Some("GetTokensFromRefreshToken")));
    assert_eq!(run.body()["RefreshToken"], "r1");
    let later = run.now;
    let run = run.step(tokens(later, None));
    assert_eq!(run.sends().as_deref(), Some("GetCredentialsForIdentity"), "the identity stays");
    let run = run.step(credentials("A2", later.plus(HOUR)));
    assert_eq!(run.keys(), Some(Ok("A2")));
    assert_eq!(run.saves().map(|record| record.refresh_token.expose()), Some("r1"));
}

#[test]
fn a_rotated_refresh_token_replaces_the_old_one_at_once() {
    let run = Run::signed_in()
        .at(NOW.plus(HOUR))
        .step(Input::NeedKeys { refused: None })
        .step(tokens(NOW.plus(HOUR), Some("r2")));
    assert_eq!(run.saves().map(|record| record.refresh_token.expose()), Some("r2"));
}

#[test]
fn keys_that_aws_refuses_are_renewed_from_the_tokens_on() {
    let run = Run::signed_in().step(Input::NeedKeys { refused: Some("A1".into()) });
    assert_eq!(run.sends().as_deref(), Some("GetTokensFromRefreshToken"));
    let run = run.steps([tokens(NOW, None), credentials("A2", NOW.plus(HOUR))]);
    assert_eq!(run.keys(), Some(Ok("A2")));
    // A refusal of keys that are no longer the session's asks for nothing new.
    assert_eq!(run.step(Input::NeedKeys { refused: Some("A1".into()) }).keys(), Some(Ok("A2")));
}

#[test]
fn a_refresh_token_that_is_spent_ends_the_session() {
    for code in ENDED {
        let run = Run::signed_in().at(NOW.plus(HOUR)).step(Input::NeedKeys { refused: None }).step(refusal(code, ""));
        assert!(matches!(run.session, Session::SignedOut), "{code}");
        assert_eq!(run.fault(), Some(Fault::SessionEnded));
        assert_eq!(run.keys(), Some(Err(&Fault::SessionEnded)));
        assert!(run.effects.iter().any(|effect| matches!(effect, Effect::Forget)));
    }
}

#[test]
fn a_failure_that_may_pass_keeps_the_session() {
    for input in [
        Input::Replied(Err(NoAnswer::Offline)),
        reply(500, &json!({})),
        reply(429, &json!({})),
        refusal("LimitExceededException", ""),
    ] {
        let run = Run::signed_in().at(NOW.plus(HOUR)).step(Input::NeedKeys { refused: None }).step(input);
        assert!(matches!(run.session, Session::Known(_)));
        assert!(matches!(run.keys(), Some(Err(_))));
        let later = run.now;
        let run = run.step(Input::NeedKeys { refused: None });
        assert_eq!(run.sends().as_deref(), Some("GetTokensFromRefreshToken"));
        assert_eq!(run.steps([tokens(later, None), credentials("A2", later.plus(HOUR))]).keys(), Some(Ok("A2")));
    }
}

#[test]
fn a_reload_needs_one_request_while_the_token_is_good_and_two_afterwards() {
    let signed_in = Run::signed_in();
    let record = signed_in.saves().unwrap().clone();
    let run = Run::new().step(Input::Restored(Some(record.clone())));
    assert_eq!(run.sends().as_deref(), Some("GetCredentialsForIdentity"));
    assert!(run.effects.iter().any(|effect| matches!(effect, Effect::Show(SessionView::SignedIn { .. }))));
    assert!(matches!(run.step(credentials("A2", NOW.plus(HOUR))).session, Session::Active(_)));
    let run = Run::new().at(NOW.plus(2 * HOUR)).step(Input::Restored(Some(record)));
    assert_eq!(run.sends().as_deref(), Some("GetTokensFromRefreshToken"));
}

#[test]
fn an_identity_that_is_gone_is_asked_for_anew() {
    let record = Run::signed_in().saves().unwrap().clone();
    let run = Run::new().steps([Input::Restored(Some(record)), refusal("ResourceNotFoundException", "")]);
    assert_eq!(run.sends().as_deref(), Some("GetId"));
    // Once: a pool that does not know what it has just given is not asked for another.
    let run = run.steps([identity(), refusal("ResourceNotFoundException", "")]);
    assert_eq!(run.sends(), None);
    assert!(matches!(run.session, Session::Known(_)));
}

#[test]
fn a_token_that_only_aws_holds_for_expired_is_refreshed_once() {
    let record = Run::signed_in().saves().unwrap().clone();
    let expired = || refusal("NotAuthorizedException", "Invalid login token. Token expired: 1 >= 0");
    let run = Run::new().steps([Input::Restored(Some(record)), expired()]);
    assert_eq!(run.sends().as_deref(), Some("GetTokensFromRefreshToken"));
    let run = run.steps([tokens(NOW, None), expired()]);
    assert_eq!(run.sends(), None, "not in a circle");
    assert!(matches!(run.session, Session::Known(_)));
}

#[test]
fn a_clock_that_is_hours_off_is_corrected_by_the_tokens() {
    for off in [-5 * HOUR, 5 * HOUR] {
        let aws = NOW.plus(off);
        let run = Run::new().steps([
            sign_in(),
            challenge(),
            tokens(aws, Some("r1")),
            identity(),
            credentials("A1", aws.plus(HOUR)),
        ]);
        let run = run.step(Input::NeedKeys { refused: None });
        assert_eq!(run.keys(), Some(Ok("A1")), "not taken for expired");
        let skew = run
            .effects
            .iter()
            .find_map(|effect| if let Effect::Keys(Ok(grant)) = effect { Some(grant.skew) } else { None });
        assert_eq!(skew.map(|skew| skew.correct(NOW)), Some(aws));
    }
}

#[test]
fn signing_out_forgets_and_revokes() {
    let run = Run::signed_in().step(Input::SignOut);
    assert!(matches!(run.session, Session::SignedOut));
    assert!(run.effects.iter().any(|effect| matches!(effect, Effect::Forget)));
    let revoked = run
        .effects
        .iter()
        .find_map(|effect| if let Effect::SendAndForget(request) = effect { Some(request) } else { None });
    assert!(String::from_utf8_lossy(&revoked.unwrap().body).contains("r1"));
    assert_eq!(run.step(Input::NeedKeys { refused: None }).keys(), Some(Err(&Fault::SessionEnded)));
}

/// Any input, in any order.
fn inputs() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0_u8..14, 0..24)
}

fn input(kind: u8) -> Input {
    match kind {
        0 => sign_in(),
        1 => challenge(),
        2 => tokens(NOW, Some("r1")),
        3 => tokens(NOW.plus(-2 * HOUR), None),
        4 => identity(),
        5 => credentials("A1", NOW.plus(HOUR)),
        6 => credentials("A2", NOW),
        7 => refusal("NotAuthorizedException", ""),
        8 => refusal("ResourceNotFoundException", ""),
        9 => Input::Replied(Err(NoAnswer::Unreachable)),
        10 => Input::NeedKeys { refused: None },
        11 => Input::NeedKeys { refused: Some("A1".into()) },
        12 => Input::SignOut,
        _ => Input::Restored(None),
    }
}

proptest! {
    #[test]
    fn whatever_happens_no_secret_is_shown_and_signing_out_signs_out(kinds in inputs()) {
        let mut run = Run::new();
        for kind in kinds {
            run = run.step(input(kind));
            let shown = format!("{:?}{:?}", run.session, run.effects);
            for secret in ["hunter2", "\"secret\"", "\"session\"", "\"r1\"", "7, 7, 7"] {
                prop_assert!(!shown.contains(secret), "{}", shown);
            }
            // At most one request whose reply is waited for.
            prop_assert!(run.effects.iter().filter(|effect| matches!(effect, Effect::Send(_))).count() <= 1);
        }
        let run = run.step(Input::SignOut);
        prop_assert!(matches!(run.session, Session::SignedOut));
        prop_assert!(run.effects.iter().any(|effect| matches!(effect, Effect::Forget)));
    }
}
