//! Requests and replies in the shapes of AWS's API reference, field by field.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Secret;
use crate::http::Head;
use crate::token::tests::unsigned as unsigned_token;

fn pool() -> UserPool {
    UserPool {
        id: "eu-central-1_AbC".into(),
        client_id: "1abc".into(),
        endpoint: "https://cognito-idp.eu-central-1.amazonaws.com/".into(),
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

fn response(status: u16, body: &str) -> Response {
    Response { head: Head { status, ..Head::default() }, body: body.as_bytes().to_vec() }
}

fn ok(body: &Value) -> Response {
    response(200, &body.to_string())
}

fn is_documented(request: &Request, operation: &str, body: &Value) {
    assert_eq!((request.method, request.url.as_str()), ("POST", "https://cognito-idp.eu-central-1.amazonaws.com/"));
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let headers =
        [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target), ("cache-control", "no-store")];
    assert_eq!(request.headers, headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(&serde_json::from_slice::<Value>(&request.body).unwrap(), body, "{operation}");
}

#[test]
fn sign_in_requests_are_the_documented_ones() {
    let pool = pool();
    let (session, refresh) = (secret("s-1"), secret("r-1"));
    for (request, operation, body) in [
        (
            initiate_auth(&pool, "USER_SRP_AUTH", &[("USERNAME", "alice"), ("SRP_A", "c0ffee")], None),
            "InitiateAuth",
            json!({"AuthFlow": "USER_SRP_AUTH", "ClientId": "1abc", "AuthParameters": {"USERNAME": "alice", "SRP_A": "c0ffee"}}),
        ),
        (
            initiate_auth(&pool, "USER_AUTH", &[("USERNAME", "alice")], Some(&session)),
            "InitiateAuth",
            json!({"AuthFlow": "USER_AUTH", "ClientId": "1abc", "AuthParameters": {"USERNAME": "alice"}, "Session": "s-1"}),
        ),
        (
            respond_to_auth_challenge(
                &pool,
                "NEW_PASSWORD_REQUIRED",
                Some(&session),
                &[("USERNAME", "alice"), ("NEW_PASSWORD", "p"), ("userAttributes.name", "Ä")],
            ),
            "RespondToAuthChallenge",
            json!({"ChallengeName": "NEW_PASSWORD_REQUIRED", "ClientId": "1abc", "Session": "s-1",
                "ChallengeResponses": {"USERNAME": "alice", "NEW_PASSWORD": "p", "userAttributes.name": "Ä"}}),
        ),
        (
            respond_to_auth_challenge(&pool, "DEVICE_SRP_AUTH", None, &[]),
            "RespondToAuthChallenge",
            json!({"ChallengeName": "DEVICE_SRP_AUTH", "ClientId": "1abc", "ChallengeResponses": {}}),
        ),
        (
            get_tokens_from_refresh_token(&pool, &refresh, Some("d-1")),
            "GetTokensFromRefreshToken",
            json!({"ClientId": "1abc", "RefreshToken": "r-1", "DeviceKey": "d-1"}),
        ),
        (
            get_tokens_from_refresh_token(&pool, &refresh, None),
            "GetTokensFromRefreshToken",
            json!({"ClientId": "1abc", "RefreshToken": "r-1"}),
        ),
        (revoke_token(&pool, &refresh), "RevokeToken", json!({"ClientId": "1abc", "Token": "r-1"})),
        (associate_software_token(&pool, &session), "AssociateSoftwareToken", json!({"Session": "s-1"})),
        (
            verify_software_token(&pool, &session, "123456", Some("Phone")),
            "VerifySoftwareToken",
            json!({"Session": "s-1", "UserCode": "123456", "FriendlyDeviceName": "Phone"}),
        ),
        (
            verify_software_token(&pool, &session, "123456", None),
            "VerifySoftwareToken",
            json!({"Session": "s-1", "UserCode": "123456"}),
        ),
    ] {
        is_documented(&request, operation, &body);
    }
}

#[test]
fn sign_up_and_device_requests_are_the_documented_ones() {
    let (pool, session, access) = (pool(), secret("s-1"), secret("a-1"));
    let attributes = [("email", "a@example.com"), ("custom:team", "\"x\"")];
    for (request, operation, body) in [
        (
            sign_up(&pool, "alice", Some(&secret("p")), &attributes),
            "SignUp",
            json!({"ClientId": "1abc", "Username": "alice", "Password": "p", "UserAttributes": [
                {"Name": "email", "Value": "a@example.com"}, {"Name": "custom:team", "Value": "\"x\""}]}),
        ),
        (
            sign_up(&pool, "alice", None, &[]),
            "SignUp",
            json!({"ClientId": "1abc", "Username": "alice", "UserAttributes": []}),
        ),
        (
            confirm_sign_up(&pool, "alice", "123456", Some(&session)),
            "ConfirmSignUp",
            json!({"ClientId": "1abc", "Username": "alice", "ConfirmationCode": "123456", "Session": "s-1"}),
        ),
        (
            confirm_sign_up(&pool, "alice", "123456", None),
            "ConfirmSignUp",
            json!({"ClientId": "1abc", "Username": "alice", "ConfirmationCode": "123456"}),
        ),
        (
            resend_confirmation_code(&pool, "alice"),
            "ResendConfirmationCode",
            json!({"ClientId": "1abc", "Username": "alice"}),
        ),
        (forgot_password(&pool, "alice"), "ForgotPassword", json!({"ClientId": "1abc", "Username": "alice"})),
        (
            confirm_forgot_password(&pool, "alice", "123456", &secret("p")),
            "ConfirmForgotPassword",
            json!({"ClientId": "1abc", "Username": "alice", "ConfirmationCode": "123456", "Password": "p"}),
        ),
        (
            confirm_device(&pool, &access, "d-1", "Firefox", "c2FsdA==", "dmVyaWZpZXI="),
            "ConfirmDevice",
            json!({"AccessToken": "a-1", "DeviceKey": "d-1", "DeviceName": "Firefox",
                "DeviceSecretVerifierConfig": {"PasswordVerifier": "dmVyaWZpZXI=", "Salt": "c2FsdA=="}}),
        ),
        (
            update_device_status(&pool, &access, "d-1", true),
            "UpdateDeviceStatus",
            json!({"AccessToken": "a-1", "DeviceKey": "d-1", "DeviceRememberedStatus": "remembered"}),
        ),
        (
            update_device_status(&pool, &access, "d-1", false),
            "UpdateDeviceStatus",
            json!({"AccessToken": "a-1", "DeviceKey": "d-1", "DeviceRememberedStatus": "not_remembered"}),
        ),
    ] {
        is_documented(&request, operation, &body);
    }
}

fn id_token() -> String {
    unsigned_token(&json!({"iss": "https://issuer", "iat": 1, "exp": 2, "sub": "s", "cognito:username": "alice"}))
}

#[test]
fn tokens_are_read_with_and_without_the_optional_fields() {
    let mut result = json!({"AccessToken": "a-1", "ExpiresIn": 3600, "TokenType": "Bearer", "RefreshToken": "r-1", "IdToken": id_token(),
        "NewDeviceMetadata": {"DeviceKey": "d-1", "DeviceGroupKey": "g-1"}});
    let read = |result: &Value| read_auth(ok(&json!({"ChallengeParameters": {}, "AuthenticationResult": result})));
    let Ok(AuthReply::Tokens(tokens)) = read(&result) else { panic!("no tokens") };
    assert_eq!((tokens.id.username.as_str(), tokens.access.expose()), ("alice", "a-1"));
    assert_eq!(tokens.refresh, Some(secret("r-1")));
    assert_eq!(tokens.new_device, Some(NewDevice { key: "d-1".into(), group_key: "g-1".into() }));
    for absent in ["RefreshToken", "NewDeviceMetadata"] {
        result.as_object_mut().unwrap().remove(absent);
    }
    let Ok(AuthReply::Tokens(tokens)) = read(&result) else { panic!("no tokens") };
    assert_eq!((tokens.refresh, tokens.new_device), (None, None));
    for (absent, field) in
        [("AccessToken", "/AuthenticationResult/AccessToken"), ("IdToken", "/AuthenticationResult/IdToken")]
    {
        let mut without = result.clone();
        without.as_object_mut().unwrap().remove(absent);
        assert_eq!(read(&without), Err(CognitoError::Unexpected { operation: "the sign-in", field }));
    }
}

#[test]
fn every_part_of_a_challenge_is_read() {
    let reply = json!({"ChallengeName": "MFA_SETUP", "Session": "s-1", "AvailableChallenges": ["EMAIL_OTP", "WEB_AUTHN"],
        "ChallengeParameters": {"MFAS_CAN_SETUP": "[\"SOFTWARE_TOKEN_MFA\",\"EMAIL_OTP\"]", "USER_ID_FOR_SRP": "alice", "EMPTY": "",
            "TEXT": "x", "OBJECT": "{}"}});
    let Ok(AuthReply::Challenge(challenge)) = read_auth(ok(&reply)) else { panic!("no challenge") };
    assert_eq!((challenge.name.as_str(), challenge.session.as_ref()), ("MFA_SETUP", Some(&secret("s-1"))));
    assert_eq!(challenge.available, ["EMAIL_OTP", "WEB_AUTHN"]);
    assert_eq!(challenge.parameter("USER_ID_FOR_SRP"), Some("alice"));
    assert_eq!((challenge.parameter("EMPTY"), challenge.parameter("ABSENT")), (None, None));
    assert_eq!(challenge.list("MFAS_CAN_SETUP"), ["SOFTWARE_TOKEN_MFA", "EMAIL_OTP"]);
    for none in ["ABSENT", "EMPTY", "TEXT", "OBJECT"] {
        assert!(challenge.list(none).is_empty(), "{none}");
    }
    assert_eq!(serde_json::from_slice::<Value>(&challenge.to_json()).unwrap(), reply);
    let shown = format!("{challenge:?}");
    assert!(shown.contains("MFA_SETUP") && !shown.contains("s-1") && !shown.contains("alice"), "{shown}");
    let neither = CognitoError::Unexpected { operation: "the sign-in", field: "/ChallengeName" };
    assert_eq!(read_auth(ok(&json!({"ChallengeName": "", "ChallengeParameters": {}}))), Err(neither));
}

#[test]
fn sign_up_replies_are_read() {
    let delivery = json!({"AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "a***@e***"});
    let sent = Some(Delivery { destination: "a***@e***".into(), medium: "EMAIL".into() });
    let signed_up = read_sign_up(ok(
        &json!({"CodeDeliveryDetails": delivery, "Session": "s-1", "UserConfirmed": false, "UserSub": "u"}),
    ));
    assert_eq!(signed_up, Ok(SignedUp { confirmed: false, delivery: sent.clone(), session: Some(secret("s-1")) }));
    let at_once = read_sign_up(ok(&json!({"UserConfirmed": true, "UserSub": "u"})));
    assert_eq!(at_once, Ok(SignedUp { confirmed: true, delivery: None, session: None }));
    let missing = CognitoError::Unexpected { operation: "SignUp", field: "/UserConfirmed" };
    assert_eq!(read_sign_up(ok(&json!({}))), Err(missing));
    assert_eq!(read_delivery(ok(&json!({"CodeDeliveryDetails": delivery}))), Ok(sent));
    assert_eq!(read_delivery(ok(&json!({}))), Ok(None));
    assert_eq!(read_session(ok(&json!({"Session": "s-2"}))), Ok(Some(secret("s-2"))));
    assert_eq!(read_session(response(200, "")), Ok(None));
    assert_eq!(read_done(response(200, "")), Ok(()));
}

#[test]
fn authenticator_and_device_replies_are_read() {
    let associated = read_associated(ok(&json!({"SecretCode": "JBSWY3DP", "Session": "s-2"})));
    assert_eq!(associated, Ok((secret("JBSWY3DP"), secret("s-2"))));
    assert_eq!(read_verified(ok(&json!({"Status": "SUCCESS", "Session": "s-3"}))), Ok(secret("s-3")));
    let refused = CognitoError::Unexpected { operation: "VerifySoftwareToken", field: "/Status" };
    assert_eq!(read_verified(ok(&json!({"Status": "ERROR", "Session": "s-3"}))), Err(refused));
    assert_eq!(read_device_confirmed(ok(&json!({"UserConfirmationNecessary": true}))), Ok(true));
    assert_eq!(read_device_confirmed(ok(&json!({}))), Ok(false));
}

#[test]
fn a_refusal_keeps_its_code_and_its_message() {
    let body =
        r#"{"__type":"CodeMismatchException","message":"Invalid verification code provided, please try again."}"#;
    let refusal = || response(400, body);
    let errors = [
        read_auth(refusal()).err(),
        read_sign_up(refusal()).err(),
        read_session(refusal()).err(),
        read_delivery(refusal()).err(),
        read_done(refusal()).err(),
        read_associated(refusal()).err(),
        read_verified(refusal()).err(),
        read_device_confirmed(refusal()).err(),
    ];
    for error in errors {
        let Some(CognitoError::Service(error)) = error else { panic!("no refusal") };
        assert_eq!(error.code, "CodeMismatchException");
        assert_eq!(error.message, "Invalid verification code provided, please try again.");
    }
}

proptest! {
    #[test]
    fn a_challenge_reads_back_from_its_json(
        name in "\\PC{1,20}", session in prop::option::of("\\PC{1,20}"),
        parameters in prop::collection::btree_map(any::<String>(), any::<String>(), 0..4),
        available in prop::collection::vec(any::<String>(), 0..4),
    ) {
        let challenge = Challenge { name, session: session.map(Secret::new), parameters: parameters.into_iter().collect(), available };
        prop_assert_eq!(Challenge::from_json(&challenge.to_json()), Some(challenge));
    }

    #[test]
    fn any_reply_gives_something_or_an_error(status in 200..600_u16, body in "[\\[\\]{}:,\"a-zA-Z0-9]{0,60}|\\PC{0,40}") {
        let reply = || response(status, &body);
        let _ = (read_auth(reply()), read_sign_up(reply()), read_session(reply()), read_delivery(reply()), read_done(reply()));
        let _ = (read_associated(reply()), read_verified(reply()), read_device_confirmed(reply()));
        let challenge = Challenge { name: "X".into(), session: None, parameters: vec![("L".into(), body.clone())], available: vec![] };
        challenge.list("L");
    }
}
