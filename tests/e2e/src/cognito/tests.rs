//! The tester tested: what is right passes, and each thing that is wrong is told.

use hyper::HeaderMap;
use signet_cognito::{Entropy, Ephemeral, SrpChallenge, UnixMillis};

use super::*;
use tokens::unix_seconds;

const ORIGIN: &str = "http://localhost:8080";

/// A server and an app that is played by the test.
struct Stand {
    play: Play,
}

impl Stand {
    fn new(script: Script) -> Self {
        Self { play: Play::new(ORIGIN.to_owned(), script) }
    }

    fn send(&mut self, target: &str, headers: &[(&'static str, &str)], body: &str) -> (u16, String) {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let arrived = Arrived { method: method.to_owned(), target: target.to_owned(), headers: all, body: body.into() };
        match self.play.take(&arrived) {
            Reply::Send { status, headers, body } => {
                let location = headers.into_iter().find(|(name, _)| *name == "location").map(|(_, value)| value);
                (status, location.unwrap_or_else(|| body.concat()))
            }
            Reply::Stream(stream) => (200, String::from_utf8(stream.pieces.concat()).unwrap()),
            Reply::Drop | Reply::Hold => (0, String::new()),
        }
    }

    fn call(&mut self, operation: &str, body: &Json) -> Json {
        let (path, service) = match operation {
            "GetId" | "GetCredentialsForIdentity" | "GetOpenIdToken" => {
                ("/identity-pool/", "AWSCognitoIdentityService")
            }
            _ => ("/user-pool/", "AWSCognitoIdentityProviderService"),
        };
        let target = format!("{service}.{operation}");
        let headers =
            [("origin", ORIGIN), ("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let (_, text) = self.send(path, &headers, &body.to_string());
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn form(&mut self, target: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(target, &[("origin", ORIGIN), ("content-type", "application/x-www-form-urlencoded")], &body)
    }

    fn failure(&self) -> String {
        self.play.verdict().unwrap_err()
    }
}

fn initiate(parameters: Json) -> Json {
    let mut body = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT });
    body["AuthParameters"] = parameters;
    body
}

/// The app's answer to a challenge of SRP.
fn proof(client: &Ephemeral, challenge: &Json, pool: &str, user: &str, password: &str) -> Json {
    let parameter = |name: &str| challenge["ChallengeParameters"][name].as_str().unwrap();
    let timestamp = UnixMillis::from_seconds(unix_seconds()).srp_timestamp();
    let parameters = SrpChallenge {
        user_id: user,
        salt: parameter("SALT"),
        srp_b: parameter("SRP_B"),
        secret_block: parameter("SECRET_BLOCK"),
    };
    let signature = client.password_claim_signature(pool, parameters, password, &timestamp).unwrap();
    json!({
        "ChallengeName": challenge["ChallengeName"], "ClientId": CLIENT, "Session": challenge["Session"],
        "ChallengeResponses": {
            "USERNAME": parameter("USERNAME"), "PASSWORD_CLAIM_SECRET_BLOCK": parameter("SECRET_BLOCK"),
            "PASSWORD_CLAIM_SIGNATURE": signature, "TIMESTAMP": timestamp,
        },
    })
}

fn srp_initiate(client: &Ephemeral, username: &str) -> Json {
    json!({
        "AuthFlow": "USER_SRP_AUTH", "ClientId": CLIENT,
        "AuthParameters": { "USERNAME": username, "SRP_A": client.srp_a() },
    })
}

#[test]
fn every_difference_is_named_with_its_path_and_no_password() {
    let wanted = initiate(json!({ "USERNAME": "ann", "PASSWORD": "right horse", "LIST": ["a", "b"], "ONLY": "here" }));
    let mut stand = Stand::new(Script::new().expect("InitiateAuth", wanted).fail(503));
    let came = initiate(
        json!({ "USERNAME": "bob", "PASSWORD": "wrong horses", "LIST": ["a", "c"], "MORE": { "PASSWORD": "x" } }),
    );
    let refused = stand.call("InitiateAuth", &came);
    assert_eq!(refused["__type"], "ScriptException");
    assert_eq!(
        stand.failure(),
        "exchange 1 of 1 (InitiateAuth) differs\n  \
         /AuthParameters/LIST/1: expected \"b\", came \"c\"\n  \
         /AuthParameters/ONLY: missing, expected \"here\"\n  \
         /AuthParameters/PASSWORD: expected a text of 11 characters, came a text of 12 characters\n  \
         /AuthParameters/USERNAME: expected \"ann\", came \"bob\"\n  \
         /AuthParameters/MORE: not expected, came {PASSWORD: a text of 1 characters}"
    );
}

#[test]
fn another_password_of_the_same_length_is_told_without_showing_it() {
    let mut stand =
        Stand::new(Script::new().expect("InitiateAuth", initiate(json!({ "PASSWORD": "horse" }))).fail(503));
    stand.call("InitiateAuth", &initiate(json!({ "PASSWORD": "zebra" })));
    assert!(stand.failure().ends_with("expected a text of 5 characters, came a text of 5 characters, another one"));
}

#[test]
fn a_captured_password_is_not_shown_either() {
    let script = Script::new()
        .expect("SignUp", json!({ "Password": capture("password") }))
        .answer(json!({}))
        .expect(
            "ChangePassword",
            json!({ "PreviousPassword": captured("password"), "ProposedPassword": one_of(&["mouse"]) }),
        )
        .answer(json!({}));
    let mut stand = Stand::new(script);
    stand.call("SignUp", &json!({ "Password": "horse" }));
    stand.call("ChangePassword", &json!({ "PreviousPassword": "zebra", "ProposedPassword": "whale" }));
    let failure = stand.failure();
    assert!(
        failure.contains("/PreviousPassword: expected <captured password>, came a text of 5 characters"),
        "{failure}"
    );
    assert!(!["horse", "zebra", "mouse", "whale"].iter().any(|password| failure.contains(password)), "{failure}");
}

#[test]
fn order_surplus_and_what_is_left_over_are_told() {
    let script =
        || Script::new().expect("SignUp", json!({})).answer(json!({})).expect("GetUser", json!({})).answer(json!({}));
    let mut stand = Stand::new(script());
    stand.call("GetUser", &json!({ "Password": "zebra" }));
    stand.call("SignUp", &json!({}));
    let failure = stand.failure();
    assert!(
        failure.starts_with("exchange 1 of 2 (SignUp): GetUser came instead: {Password: a text of 5 characters}"),
        "{failure}"
    );
    assert!(failure.contains("after that, SignUp came"), "{failure}");

    let mut stand = Stand::new(script());
    stand.call("SignUp", &json!({}));
    assert_eq!(stand.failure(), "the script is at exchange 2 of 2: GetUser was still expected");
    stand.call("GetUser", &json!({}));
    assert_eq!(stand.play.verdict(), Ok(()));
    stand.call("GetUser", &json!({}));
    assert_eq!(stand.failure(), "GetUser came after the end of the script");
}

#[test]
fn what_nobody_waits_for_may_come_between() {
    let one = |name: &str| Script::new().expect(name, json!({})).answer(json!({}));
    let script = || one("SignUp").meanwhile(one("ConfirmDevice").then(one("RevokeToken"))).then(one("GetUser"));
    for (order, passes) in [
        (&["SignUp", "GetUser", "ConfirmDevice", "RevokeToken"][..], true),
        (&["SignUp", "ConfirmDevice", "GetUser", "RevokeToken"], true),
        (&["SignUp", "ConfirmDevice", "RevokeToken", "GetUser"], true),
        (&["SignUp", "RevokeToken", "ConfirmDevice", "GetUser"], false),
        (&["ConfirmDevice", "SignUp", "RevokeToken", "GetUser"], false),
        (&["SignUp", "ConfirmDevice", "GetUser"], false),
        (&["SignUp", "ConfirmDevice", "RevokeToken"], false),
    ] {
        let mut stand = Stand::new(script());
        for operation in order {
            stand.call(operation, &json!({}));
        }
        assert_eq!(
            (stand.play.verdict().is_ok(), stand.play.is_over()),
            (passes, passes || order.len() == 4),
            "{order:?}"
        );
    }
    let mut stand = Stand::new(one("SignUp").then(one("SignUp").meanwhile(one("RevokeToken"))));
    stand.call("SignUp", &json!({}));
    stand.call("RevokeToken", &json!({}));
    assert!(stand.failure().contains("exchange 2 of 2 (SignUp): RevokeToken came instead"), "{}", stand.failure());
}

#[test]
fn every_part_of_a_requests_form_is_checked() {
    let good: [(&'static str, &str); 3] = [
        ("origin", ORIGIN),
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "AWSCognitoIdentityProviderService.GetUser"),
    ];
    let script = || Script::new().expect("GetUser", json!({})).answer(json!({ "Username": "u" }));
    let mut stand = Stand::new(script());
    assert_eq!(stand.send("/user-pool/", &good, "{}"), (200, r#"{"Username":"u"}"#.to_owned()));
    for (changed, problem) in [
        (("origin", "http://localhost:9090"), "origin"),
        (("content-type", "application/json"), "content-type"),
        (("x-amz-target", "AWSCognitoIdentityService.GetUser"), "x-amz-target"),
        (("x-amz-target", ""), "x-amz-target"),
        (("cookie", "a=b"), "cookie"),
        (("referer", ORIGIN), "referer"),
        (("authorization", "x"), "authorization"),
    ] {
        let mut headers = good.to_vec();
        headers.retain(|(name, _)| *name != changed.0);
        headers.push(changed);
        let mut stand = Stand::new(script());
        assert_eq!(stand.send("/user-pool/", &headers, "{}").0, 400);
        assert!(stand.failure().contains(problem), "{}", stand.failure());
    }
    for (target, body, problem) in [
        ("/user-pool/", "[]", "no JSON object"),
        ("/user-pool/", "", "method is to be POST"),
        ("/identity-pool/", "{}", "x-amz-target"),
        ("/elsewhere", "{}", "nothing at this address"),
    ] {
        let mut stand = Stand::new(script());
        stand.send(target, &good, body);
        assert!(stand.failure().contains(problem), "{}", stand.failure());
    }
}

#[test]
fn matchers_take_what_they_say_and_nothing_else() {
    for (matcher, right, wrong) in [
        (any(), json!("x"), json!("")),
        (any(), json!("x"), json!(1)),
        (one_of(&["a", "b"]), json!("b"), json!("c")),
        (srp_a(), json!("a1"), json!("0")),
        (
            timestamp(),
            json!(UnixMillis::from_seconds(unix_seconds()).srp_timestamp()),
            json!("Tue Nov 3 05:06:07 UTC 2020"),
        ),
        (totp_code("MZXW6YTBOI"), json!(totp("MZXW6YTBOI", unix_seconds().unsigned_abs())), json!("123")),
    ] {
        for (value, is_right) in [(right, true), (wrong, false)] {
            let mut stand = Stand::new(Script::new().expect("GetUser", json!({ "Field": matcher })).answer(json!({})));
            stand.call("GetUser", &json!({ "Field": value }));
            assert_eq!(stand.play.verdict().is_ok(), is_right, "{matcher} {value}");
        }
    }
}

#[test]
fn what_was_captured_or_given_must_come_again() {
    let script = || {
        Script::new()
            .expect("SignUp", json!({ "Username": capture("name") }))
            .answer(json!({ "Session": fresh(), "Echo": captured("name") }))
            .expect("ConfirmSignUp", json!({ "Username": captured("name"), "Session": session() }))
            .answer(json!({}))
    };
    let mut stand = Stand::new(script());
    let given = stand.call("SignUp", &json!({ "Username": "ann" }));
    assert_eq!(given["Echo"], "ann");
    stand.call("ConfirmSignUp", &json!({ "Username": "ann", "Session": given["Session"] }));
    assert_eq!(stand.play.verdict(), Ok(()));

    let mut stand = Stand::new(script());
    stand.call("SignUp", &json!({ "Username": "ann" }));
    stand.call("ConfirmSignUp", &json!({ "Username": "bob", "Session": "old" }));
    let failure = stand.failure();
    assert!(failure.contains("/Session: expected the session that was given last:"), "{failure}");
    assert!(failure.contains("/Username: expected what was captured before: \"ann\", came \"bob\""), "{failure}");
}

#[test]
fn a_password_is_proved_and_a_wrong_one_is_not() {
    let ann = Person::new("ann@example.com", "Right horse 7!");
    for (typed, is_expected_wrong, passes) in [
        ("Right horse 7!", false, true),
        ("Wrong horse 7!", false, false),
        ("Wrong horse 7!", true, true),
        ("Right horse 7!", true, false),
    ] {
        let script = Script::new().srp(&ann);
        let script = if is_expected_wrong { script.wrong_password() } else { script.tokens(json!({})) };
        let mut stand = Stand::new(script);
        let client = Ephemeral::new(&Entropy([7; 32])).unwrap();
        let challenge = stand.call("InitiateAuth", &srp_initiate(&client, "ann@example.com"));
        let user_id = challenge["ChallengeParameters"]["USER_ID_FOR_SRP"].as_str().unwrap();
        assert_ne!(user_id, "ann@example.com");
        let reply = stand.call("RespondToAuthChallenge", &proof(&client, &challenge, "Scripted", user_id, typed));
        assert_eq!(stand.play.verdict().is_ok(), passes, "{typed} {is_expected_wrong}");
        match (passes, is_expected_wrong) {
            (true, true) => assert_eq!(reply["__type"], "NotAuthorizedException"),
            (true, false) => assert!(reply["AuthenticationResult"]["IdToken"].is_string()),
            (false, _) => assert_eq!(reply["__type"], "ScriptException"),
        }
        assert!(stand.play.secrets.contains(&ann.password));
    }
}

#[test]
fn a_device_is_confirmed_and_proves_itself_later() {
    let ann = Person::new("ann@example.com", "Right horse 7!");
    for (secret, passes) in [("device secret", true), ("another secret", false)] {
        let script = Script::new()
            .srp(&ann)
            .tokens(Tokens::of(json!({})).new_device("eu-central-1_device", "-group"))
            .confirm_device()
            .expect("InitiateAuth", json!({}))
            .challenge("DEVICE_SRP_AUTH", json!({}))
            .device_srp(&ann)
            .tokens(json!({}));
        let mut stand = Stand::new(script);
        let client = Ephemeral::new(&Entropy([7; 32])).unwrap();
        let challenge = stand.call("InitiateAuth", &srp_initiate(&client, "ann@example.com"));
        let answer = proof(&client, &challenge, "Scripted", &ann.user_id, &ann.password);
        let tokens = stand.call("RespondToAuthChallenge", &answer)["AuthenticationResult"].take();
        let (salt, verifier) = srp::tests::handed_over("-group", "eu-central-1_device", "device secret");
        stand.call(
            "ConfirmDevice",
            &json!({
                "AccessToken": tokens["AccessToken"], "DeviceKey": tokens["NewDeviceMetadata"]["DeviceKey"],
                "DeviceName": "A browser", "DeviceSecretVerifierConfig": { "Salt": salt, "PasswordVerifier": verifier },
            }),
        );
        let asked = stand.call("InitiateAuth", &json!({}));
        let respond = json!({
            "ChallengeName": "DEVICE_SRP_AUTH", "ClientId": CLIENT, "Session": asked["Session"],
            "ChallengeResponses": {
                "USERNAME": ann.user_id, "DEVICE_KEY": "eu-central-1_device", "SRP_A": client.srp_a(),
            },
        });
        let challenge = stand.call("RespondToAuthChallenge", &respond);
        assert_eq!(challenge["ChallengeName"], "DEVICE_PASSWORD_VERIFIER", "{:?}", stand.play.verdict());
        let mut answer = proof(&client, &challenge, "-group", "eu-central-1_device", secret);
        answer["ChallengeResponses"]["DEVICE_KEY"] = json!("eu-central-1_device");
        stand.call("RespondToAuthChallenge", &answer);
        assert_eq!(stand.play.verdict().is_ok(), passes, "{:?}", stand.play.verdict());
    }
}

#[test]
fn keys_are_given_for_the_token_that_was_issued() {
    let script = || {
        Script::new().expect("InitiateAuth", json!({})).tokens(json!({})).identity_pool().refresh().tokens(json!({}))
    };
    let issuer = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Scripted";
    for (other_token, passes) in [(None, true), (Some("another"), false)] {
        let mut stand = Stand::new(script());
        let tokens = stand.call("InitiateAuth", &json!({}))["AuthenticationResult"].take();
        let token = other_token.map_or(tokens["IdToken"].clone(), |token| json!(token));
        stand.call("GetId", &json!({ "IdentityPoolId": IDENTITY_POOL, "Logins": { issuer: token } }));
        let keys =
            stand.call("GetCredentialsForIdentity", &json!({ "IdentityId": IDENTITY, "Logins": { issuer: token } }));
        assert_eq!(keys["Credentials"]["SecretKey"].is_string(), passes);
        stand.call("GetTokensFromRefreshToken", &json!({ "ClientId": CLIENT, "RefreshToken": tokens["RefreshToken"] }));
        assert_eq!(stand.play.verdict().is_ok(), passes);
        if passes {
            let secrets = [
                &tokens["IdToken"],
                &tokens["AccessToken"],
                &tokens["RefreshToken"],
                &keys["Credentials"]["SessionToken"],
            ];
            assert!(secrets.iter().all(|secret| stand.play.secrets.contains(secret.as_str().unwrap())));
        }
    }
}

#[test]
fn a_guest_sends_no_logins() {
    for (body, passes) in [
        (json!({ "IdentityPoolId": IDENTITY_POOL }), true),
        (json!({ "IdentityPoolId": IDENTITY_POOL, "Logins": {} }), false),
    ] {
        let mut stand = Stand::new(Script::new().guest());
        stand.call("GetId", &body);
        stand.call("GetCredentialsForIdentity", &json!({ "IdentityId": IDENTITY }));
        assert_eq!(stand.play.verdict().is_ok(), passes);
    }
}

#[test]
fn the_basic_flow_assumes_the_role_it_names() {
    let role = "arn:aws:iam::123456789012:role/readers";
    let issuer = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Scripted";
    let mut stand = Stand::new(Script::new().expect("InitiateAuth", json!({})).tokens(json!({})).basic_flow(role));
    let token = stand.call("InitiateAuth", &json!({}))["AuthenticationResult"]["IdToken"].take();
    stand.call("GetId", &json!({ "IdentityPoolId": IDENTITY_POOL, "Logins": { issuer: token } }));
    let open = stand.call("GetOpenIdToken", &json!({ "IdentityId": IDENTITY, "Logins": { issuer: token } }));
    let (status, xml) = stand.form(
        "/sts/",
        &[
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", role),
            ("RoleSessionName", "signet"),
            ("DurationSeconds", "3600"),
            ("WebIdentityToken", open["Token"].as_str().unwrap()),
        ],
    );
    assert_eq!((status, stand.play.verdict()), (200, Ok(())));
    for part in
        ["assumed-role/readers/signet", "<AccessKeyId>ASIA", "<SecretAccessKey>", "<SessionToken>", "<Expiration>2"]
    {
        assert!(xml.contains(part), "{xml}");
    }
}

#[test]
fn a_code_is_redeemed_only_with_its_verifier() {
    let verifier = "a".repeat(43);
    let hash = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(hash);
    let query =
        format!("/oauth2/authorize?state=st&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2F&code_challenge={challenge}");
    for (sent, passes) in [(verifier.as_str(), true), (&*"b".repeat(43), false), ("a", false)] {
        let parameters =
            json!({ "state": any(), "redirect_uri": format!("{ORIGIN}/"), "code_challenge": capture("challenge") });
        let script = Script::new().expect("/oauth2/authorize", parameters).redirect_back();
        let mut stand = Stand::new(script.redeem_code().tokens(json!({ "nonce": captured("challenge") })));
        let (status, location) = stand.send(&query, &[], "");
        let back = url::Url::parse(&location).unwrap();
        let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        assert_eq!((status, back.query_pairs().find(|(name, _)| name == "state").unwrap().1.as_ref()), (302, "st"));
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("code", &code),
            ("redirect_uri", "http://localhost:8080/"),
            ("code_verifier", sent),
        ];
        let (_, answer) = stand.form("/oauth2/token", &fields);
        assert_eq!(stand.play.verdict().is_ok(), passes, "{sent}");
        assert_eq!(answer.contains("\"refresh_token\""), passes, "{answer}");
    }
}

#[test]
fn navigations_go_back_to_the_app() {
    let script = Script::new()
        .expect("/oauth2/authorize", json!({ "redirect_uri": any(), "state": "s t" }))
        .redirect_error("access_denied", "User said no")
        .expect("/logout", json!({ "client_id": CLIENT, "logout_uri": any() }))
        .redirect_back()
        .expect("/logout", json!({}))
        .redirect_back();
    let mut stand = Stand::new(script);
    let back = stand.send("/oauth2/authorize?redirect_uri=http://localhost:8080/&state=s+t", &[], "");
    assert_eq!(
        back,
        (302, "http://localhost:8080/?error=access_denied&error_description=User+said+no&state=s+t".to_owned())
    );
    let back = stand.send(&format!("/logout?client_id={CLIENT}&logout_uri=http://localhost:8080/"), &[], "");
    assert_eq!(back, (302, "http://localhost:8080/".to_owned()));
    stand.send("/logout", &[], "");
    assert!(stand.failure().ends_with("(/logout): there is no address to go back to"), "{}", stand.failure());
}

#[test]
fn a_passkey_answers_the_challenge_that_was_given() {
    let [passkey, other] = [crate::Passkey::new("ann"), crate::Passkey::new("ann")];
    for (key, challenge, passes) in [(&passkey, None, true), (&other, None, false), (&passkey, Some("eA"), false)] {
        let script = Script::new()
            .expect("InitiateAuth", json!({}))
            .challenge("WEB_AUTHN", json!({ "CREDENTIAL_REQUEST_OPTIONS": passkey.request_options() }))
            .respond("WEB_AUTHN", json!({ "CREDENTIAL": passkey.assertion() }))
            .tokens(json!({}));
        let mut stand = Stand::new(script);
        let given = stand.call("InitiateAuth", &json!({}));
        let options = given["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"].as_str().unwrap();
        let options: Json = serde_json::from_str(options).unwrap();
        assert_eq!(options["allowCredentials"], json!([{ "id": passkey.id(), "type": "public-key" }]));
        let challenge = challenge.map_or(options["challenge"].clone(), |challenge| json!(challenge));
        let credential = crate::passkey::tests::assertion(key, |client, _| client["challenge"] = challenge);
        let respond = json!({
            "ChallengeName": "WEB_AUTHN", "ClientId": CLIENT, "Session": given["Session"],
            "ChallengeResponses": { "CREDENTIAL": credential.to_string() },
        });
        stand.call("RespondToAuthChallenge", &respond);
        assert_eq!(stand.play.verdict().is_ok(), passes, "{:?}", stand.play.verdict());
    }
}

#[test]
fn refusals_have_the_form_of_whoever_refuses() {
    let script = Script::new()
        .expect("GetUser", json!({}))
        .refuse(400, "NotAuthorizedException", "No.")
        .expect("/oauth2/token", json!({ "code": "c" }))
        .refuse(400, "invalid_grant", "No.")
        .expect("AssumeRoleWithWebIdentity", json!({}))
        .refuse(403, "AccessDenied", "No.")
        .expect("GetUser", json!({}))
        .fail(503)
        .expect("GetUser", json!({}))
        .drop_connection()
        .expect("GetUser", json!({}))
        .answer(json!({}));
    let mut stand = Stand::new(script);
    assert_eq!(stand.call("GetUser", &json!({})), json!({ "__type": "NotAuthorizedException", "message": "No." }));
    let (status, body) = stand.form("/oauth2/token", &[("code", "c")]);
    assert_eq!((status, &*body), (400, r#"{"error":"invalid_grant","error_description":"No."}"#));
    let (status, body) = stand.form("/sts/", &[("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15")]);
    assert!(status == 403 && body.contains("<Code>AccessDenied</Code>"), "{body}");
    assert_eq!(stand.call("GetUser", &json!({})), Json::Null);
    stand.call("GetUser", &json!({}));
    assert!(stand.play.is_down);
    stand.call("GetUser", &json!({}));
    assert!(!stand.play.is_down);
    assert_eq!(stand.play.verdict(), Ok(()));
}

#[test]
fn a_question_without_keys_is_told() {
    let mut stand = Stand::new(Script::new().ask("Why?").stream(&["Because."]));
    let headers = [("origin", ORIGIN), ("content-type", "application/json"), ("accept", "text/event-stream")];
    stand.send("/function/", &headers, r#"{"prompt":"Why?","use_case":"balanced"}"#);
    assert!(stand.failure().contains("no keys were issued"));
}

#[test]
fn a_question_that_does_not_ask_for_the_richer_wire_is_told() {
    let mut stand = Stand::new(Script::new().ask("Why?").stream(&["Because."]));
    let headers = [("origin", ORIGIN), ("content-type", "application/json"), ("accept", "*/*")];
    stand.send("/function/", &headers, r#"{"prompt":"Why?","use_case":"balanced"}"#);
    assert!(stand.failure().contains("the header accept is to be"), "{}", stand.failure());
}

#[test]
fn the_answer_to_a_custom_challenge_is_a_secret_and_a_choice_is_not() {
    let mut stand = Stand::new(Script::new());
    for name in ["CUSTOM_CHALLENGE", "SELECT_CHALLENGE"] {
        let answer = format!("answer of {name}");
        stand.call(
            "RespondToAuthChallenge",
            &json!({ "ChallengeName": name, "ChallengeResponses": { "ANSWER": answer } }),
        );
    }
    stand.call("GetUser", &json!({ "Session": "s-1", "Logins": { "issuer": "a token" } }));
    let secrets: Vec<_> = stand.play.secrets.iter().map(String::as_str).collect();
    assert_eq!(secrets, ["a token", "answer of CUSTOM_CHALLENGE"]);
}

mod over_http {
    use http_body_util::{BodyExt, Full};
    use hyper_util::{client::legacy::Client, rt::TokioExecutor};

    use super::*;

    async fn ask(method: &str, url: String, headers: &[(&str, &str)]) -> Option<(u16, HeaderMap, String)> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if method == "POST" { "{}" } else { "" };
        let response = client.request(request.body(Full::from(body)).unwrap()).await.ok()?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some((parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap()))
    }

    fn call() -> [(&'static str, &'static str); 3] {
        [
            ("origin", ORIGIN),
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "AWSCognitoIdentityProviderService.GetUser"),
        ]
    }

    #[tokio::test]
    async fn the_browser_may_read_what_the_app_may_and_no_more() {
        let script = Script::new().expect("GetUser", json!({})).refuse(400, "NotAuthorizedException", "No.");
        let cognito = Cognito::start(ORIGIN, script).await.unwrap();
        let url = cognito.config()["userPoolEndpoint"].as_str().unwrap().to_owned();
        let asks = [
            ("origin", ORIGIN),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-amz-target"),
        ];
        let (status, headers, _) = ask("OPTIONS", url.clone(), &asks).await.unwrap();
        assert_eq!((status, &headers["access-control-allow-origin"]), (204, &HeaderValue::from_static(ORIGIN)));
        let (status, headers, body) = ask("POST", url.clone(), &call()).await.unwrap();
        assert_eq!((status, &*body), (400, r#"{"__type":"NotAuthorizedException","message":"No."}"#));
        assert_eq!(headers["access-control-allow-origin"], ORIGIN);
        assert_eq!(headers["access-control-expose-headers"], "x-amzn-requestid,x-amzn-errortype");
        assert_eq!(
            (headers["x-amzn-requestid"].len(), &headers["x-amzn-errortype"]),
            (36, &HeaderValue::from_static("NotAuthorizedException"))
        );
        cognito.finish().await.unwrap();

        for asks in [
            [
                ("origin", "http://localhost:1"),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", ""),
            ],
            [
                ("origin", ORIGIN),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "content-type,x-other"),
            ],
            [("origin", ORIGIN), ("access-control-request-method", "PUT"), ("access-control-request-headers", "")],
        ] {
            let cognito = Cognito::start(ORIGIN, Script::new()).await.unwrap();
            let url = cognito.config()["userPoolEndpoint"].as_str().unwrap().to_owned();
            let (status, headers, _) = ask("OPTIONS", url, &asks).await.unwrap();
            assert_eq!((status, headers.get("access-control-allow-origin")), (403, None));
            assert!(cognito.finish().await.unwrap_err().to_string().contains("the preflight of /user-pool/"));
        }
    }

    #[tokio::test]
    async fn a_dropped_connection_stays_down_until_the_next_request() {
        let script =
            Script::new().expect("GetUser", json!({})).drop_connection().expect("GetUser", json!({})).answer(json!({}));
        let cognito = Cognito::start(ORIGIN, script).await.unwrap();
        let url = cognito.config()["userPoolEndpoint"].as_str().unwrap().to_owned();
        assert!(ask("POST", url.clone(), &call()).await.is_none());
        assert!(ask("HEAD", url.clone(), &[]).await.is_none());
        assert!(ask("POST", url.clone(), &call()).await.is_some());
        assert!(ask("HEAD", url, &[]).await.is_some());
        cognito.finish().await.unwrap();
        assert_eq!(cognito.requests().len(), 2);
    }

    #[tokio::test]
    async fn what_never_comes_is_told_after_a_while() {
        let cognito = Cognito::start(ORIGIN, Script::new().revoke()).await.unwrap();
        let told = cognito.finish_within(Duration::from_millis(20)).await.unwrap_err().to_string();
        assert_eq!(told, "the scripted Cognito: the script is at exchange 1 of 1: RevokeToken was still expected");
    }
}
