use super::*;
use crate::http::Head;
use crate::token::tests::unsigned as unsigned_token;
use proptest::prelude::*;
use serde_json::{Value, json};

fn ui() -> HostedUi {
    HostedUi {
        authorization_endpoint: "https://login.example.com/oauth2/authorize".into(),
        token_endpoint: "https://login.example.com/oauth2/token".into(),
        logout_endpoint: Some("https://login.example.com/logout".into()),
        issuer: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC".into(),
        client_id: "1abc".into(),
        scopes: vec!["openid".into(), "email".into()],
        redirect_sign_in: vec!["https://app.example.com/".into(), "https://app.example.com/app".into()],
        redirect_sign_out: vec!["https://app.example.com/bye".into(), "https://other.example.com/".into()],
        prompt: None,
        lang: None,
    }
}

fn provider(identity_provider: Option<&str>, idp_identifier: Option<&str>) -> Provider {
    Provider {
        identity_provider: identity_provider.map(str::to_owned),
        idp_identifier: idp_identifier.map(str::to_owned),
        login_hint: None,
    }
}

fn attempt() -> Attempt {
    Attempt::new(&core::array::from_fn(|index| u8::try_from(index).unwrap()), "https://app.example.com/", UnixMillis(7))
}

fn response(status: u16, body: &str) -> Response {
    Response { head: Head { status, ..Head::default() }, body: body.as_bytes().to_vec() }
}

#[test]
fn the_challenge_is_that_of_rfc_7636_appendix_b() {
    let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
    assert_eq!(code_challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[test]
fn an_attempt_has_three_different_random_texts_and_reads_back_from_its_json() {
    let attempt = attempt();
    let texts = [attempt.state.as_str(), attempt.verifier.expose(), attempt.nonce.as_str()];
    assert!(texts.iter().all(|text| text.len() == 43 && !text.contains(['+', '/', '='])));
    assert!(texts[0] != texts[1] && texts[1] != texts[2] && texts[2] != texts[0]);
    let value: Value = serde_json::from_slice(&attempt.to_json()).unwrap();
    assert_eq!(Attempt::from_json(value.to_string().as_bytes()).as_ref(), Some(&attempt));
    for field in ["state", "verifier", "nonce", "redirectUri", "started"] {
        let mut without = value.clone();
        without.as_object_mut().unwrap().remove(field);
        assert_eq!(Attempt::from_json(without.to_string().as_bytes()), None, "{field}");
    }
    let shown = format!("{attempt:?}");
    assert!(texts.iter().all(|text| !shown.contains(text)), "{shown}");
}

#[test]
fn the_authorize_address_has_every_parameter() {
    let (mut ui, attempt) = (ui(), attempt());
    let query = |ui: &HostedUi, provider: &Provider| {
        let url = authorize_url(ui, provider, &attempt);
        url.strip_prefix("https://login.example.com/oauth2/authorize?").unwrap().to_owned()
    };
    let get = |query: &str, name: &str| parameter(query, name).unwrap();
    let google = Provider { login_hint: Some("a+b@example.com".into()), ..provider(Some("Google"), None) };
    (ui.lang, ui.prompt) = (Some("de".into()), Some("select_account".into()));
    let full = query(&ui, &google);
    for (name, expected) in [
        ("response_type", "code"),
        ("client_id", "1abc"),
        ("redirect_uri", "https://app.example.com/"),
        ("scope", "openid email"),
        ("state", &attempt.state),
        ("nonce", &attempt.nonce),
        ("code_challenge", &code_challenge(&attempt.verifier)),
        ("code_challenge_method", "S256"),
        ("identity_provider", "Google"),
        ("login_hint", "a+b@example.com"),
        ("lang", "de"),
        ("prompt", "select_account"),
    ] {
        assert_eq!(get(&full, name).as_deref(), Some(expected), "{name}");
    }
    assert!(!full.contains(attempt.verifier.expose()));
    assert!(full.contains("&redirect_uri=https%3A%2F%2Fapp.example.com%2F&scope=openid%20email&"));
    assert_eq!(get(&full, "idp_identifier"), None);
    // One of the two parameters, or neither for the hosted UI's own page.
    let named = |ui: &HostedUi, provider: &Provider| {
        let query = query(ui, provider);
        (get(&query, "identity_provider"), get(&query, "idp_identifier"))
    };
    assert_eq!(named(&ui, &provider(None, Some("example.com"))), (None, Some("example.com".into())));
    assert_eq!(named(&ui, &provider(Some("Okta"), Some("example.com"))), (Some("Okta".into()), None));
    assert_eq!(named(&ui, &provider(None, None)), (None, None));
    ui.prompt = Some("none".into());
    assert_eq!(named(&ui, &google), (None, None));
    (ui.lang, ui.prompt) = (None, None);
    let plain = query(&ui, &provider(None, None));
    for absent in ["login_hint", "lang", "prompt"] {
        assert_eq!(get(&plain, absent), None, "{absent}");
    }
    ui.authorization_endpoint.push_str("?p=policy");
    assert!(authorize_url(&ui, &google, &attempt).contains("authorize?p=policy&response_type=code"));
}

#[test]
fn only_the_pages_own_address_is_a_redirect_address() {
    let mut ui = ui();
    assert_eq!(redirect_uri(&ui, "https://app.example.com/app"), Ok("https://app.example.com/app"));
    for page in ["https://app.example.com/app/", "http://app.example.com/app", "https://app.example.com/app2"] {
        let mismatch = redirect_uri(&ui, page).unwrap_err();
        assert_eq!((mismatch.page.as_str(), mismatch.registered.len()), (page, 2));
        assert!(mismatch.to_string().contains(page), "{mismatch}");
    }
    let mismatch = redirect_uri(&ui, "https://app.example.com/app/").unwrap_err();
    assert_eq!(mismatch.registered[0], "https://app.example.com/app");
    ui.redirect_sign_in = vec!["http://localhost:3000".into()];
    assert_eq!(redirect_uri(&ui, "http://localhost:3000/"), Ok("http://localhost:3000"));
    assert!(redirect_uri(&ui, "http://localhost:3000/a/").is_err());
    ui.redirect_sign_in = vec!["http://localhost:3000/a".into()];
    assert!(redirect_uri(&ui, "http://localhost:3000/a/").is_err());
    ui.redirect_sign_in.clear();
    assert_eq!(redirect_uri(&ui, "https://x/").unwrap_err().registered, [""; 0]);
}

#[test]
fn a_callback_holds_a_code_or_an_error() {
    // The examples of RFC 6749 §4.1.2 and §4.1.2.1.
    let callback = Callback::parse("?code=SplxlOBeZQQYbYS6WxSbIA&state=xyz").unwrap();
    assert_eq!((callback.state.as_str(), callback.outcome), ("xyz", Ok(Secret::new("SplxlOBeZQQYbYS6WxSbIA".into()))));
    let callback = Callback::parse("error=access_denied&state=xyz").unwrap();
    let denied = CallbackError { error: "access_denied".into(), description: String::new() };
    assert_eq!((callback.state.as_str(), callback.outcome), ("xyz", Err(denied)));
    let described = Callback::parse("error_description=User+is%20not%20assigned%21&state=x%3D&error=invalid_request");
    let described = described.unwrap();
    assert_eq!(described.state, "x=");
    assert_eq!(described.outcome.unwrap_err().description, "User is not assigned!");
    for query in [
        "",
        "?",
        "code=a",
        "state=a",
        "code=a&state=",
        "code=&state=a",
        "code=a&code=b&state=c",
        "code=a&%63ode=b&error=x&state=c",
        "code=a&state=c&state=c",
        "code=a&error=b&state=c",
        "error=b&error_description=a&error_description=b&state=c",
        "code=%FF&state=c",
    ] {
        assert_eq!(Callback::parse(query), None, "{query}");
    }
    let shown = format!("{:?}", Callback::parse("code=hush&state=xyz"));
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn token_requests_are_those_of_the_rfcs() {
    let (ui, attempt) = (ui(), attempt());
    let request = exchange(&ui, &attempt, &Secret::new("SplxlOBeZQQYbYS6WxSbIA".into()));
    assert_eq!((request.method, request.url.as_str()), ("POST", "https://login.example.com/oauth2/token"));
    let form = [("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    assert_eq!(request.headers, form);
    let body = String::from_utf8(request.body.clone()).unwrap();
    let expected = "grant_type=authorization_code&client_id=1abc&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=https%3A%2F%2Fapp.example.com%2F";
    assert_eq!(body, format!("{expected}&code_verifier={}", attempt.verifier.expose()));
    let request = refresh(&ui, &Secret::new("tGzv3JOkF0XG5Qx2TlKWIA".into()));
    assert_eq!(request.body, b"grant_type=refresh_token&client_id=1abc&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA");
    assert_eq!(
        (request.headers.as_slice(), request.url.as_str()),
        (&form[..], "https://login.example.com/oauth2/token")
    );
}

#[test]
fn tokens_and_refusals_are_read() {
    let id = unsigned_token(&json!({"iss": "https://issuer", "iat": 1, "exp": 2, "sub": "s"}));
    let mut reply = json!({"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer", "expires_in": 3600,
        "refresh_token": "tGzv3JOkF0XG5Qx2TlKWIA", "id_token": id});
    let tokens = read_exchange(response(200, &reply.to_string())).unwrap();
    assert_eq!((tokens.id.subject.as_str(), tokens.access.expose()), ("s", "2YotnFZFEjr1zCsicMWpAA"));
    assert_eq!(tokens.refresh, Some(Secret::new("tGzv3JOkF0XG5Qx2TlKWIA".into())));
    reply.as_object_mut().unwrap().remove("refresh_token");
    assert_eq!(read_exchange(response(200, &reply.to_string())).unwrap().refresh, None);
    reply.as_object_mut().unwrap().remove("id_token");
    let missing = CognitoError::Unexpected { operation: "the token endpoint", field: "/id_token" };
    assert_eq!(read_exchange(response(200, &reply.to_string())), Err(missing));
    for (body, code, message) in [
        (r#"{"error":"invalid_grant"}"#, "invalid_grant", ""),
        (r#"{"error":"invalid_request","error_description":"bad code"}"#, "invalid_request", "bad code"),
        ("<html>", "", ""),
    ] {
        let Err(CognitoError::Service(error)) = read_exchange(response(400, body)) else { panic!("no refusal") };
        assert_eq!((error.status, error.code.as_str(), error.message.as_str()), (400, code, message));
    }
}

#[test]
fn an_id_token_must_answer_this_attempt_of_this_client() {
    let (ui, attempt) = (ui(), attempt());
    let good = json!({"iss": ui.issuer, "iat": 1, "exp": 100, "sub": "s", "aud": "1abc", "nonce": attempt.nonce});
    let verify = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        let id = IdToken::parse(Secret::new(unsigned_token(&claims))).unwrap();
        verify(&ui, &attempt, &id, UnixMillis(50_000))
    };
    assert_eq!(verify("email", "a@b".into()), Ok(()));
    assert_eq!(verify("aud", json!(["1abc"])), Ok(()));
    assert_eq!(verify("azp", "1abc".into()), Ok(()));
    for (claim, value, fault) in [
        ("nonce", "another".into(), CallbackFault::Nonce),
        ("nonce", Value::Null, CallbackFault::Nonce),
        ("aud", "another".into(), CallbackFault::Audience),
        ("aud", Value::Null, CallbackFault::Audience),
        ("aud", json!(["1abc", "another"]), CallbackFault::Audience),
        ("azp", "another".into(), CallbackFault::Audience),
        ("iss", "https://another".into(), CallbackFault::Issuer),
        ("exp", 50.into(), CallbackFault::Expired),
    ] {
        assert_eq!(verify(claim, value.clone()), Err(fault), "{claim} {value}");
    }
    let mut several = good.clone();
    (several["aud"], several["azp"]) = (json!(["1abc", "another"]), json!("1abc"));
    let id = IdToken::parse(Secret::new(unsigned_token(&several))).unwrap();
    assert_eq!(super::verify(&ui, &attempt, &id, UnixMillis(0)), Ok(()));
}

#[test]
fn signing_out_leads_back_to_a_registered_address() {
    let mut ui = ui();
    let back = |ui: &HostedUi, page: &str| {
        let url = logout_url(ui, page).unwrap();
        let query = url.strip_prefix("https://login.example.com/logout?").unwrap();
        assert_eq!(parameter(query, "client_id").unwrap().unwrap(), "1abc");
        parameter(query, "logout_uri").unwrap().unwrap()
    };
    assert_eq!(back(&ui, "https://other.example.com/"), "https://other.example.com/");
    assert_eq!(back(&ui, "https://other.example.com/app"), "https://other.example.com/");
    assert_eq!(back(&ui, "https://nowhere.example.com/"), "https://app.example.com/bye");
    ui.redirect_sign_out.clear();
    assert_eq!(logout_url(&ui, "https://app.example.com/bye"), None);
    assert_eq!(logout_url(&HostedUi { logout_endpoint: None, ..ui }, "https://app.example.com/bye"), None);
}

proptest! {
    #[test]
    fn any_query_gives_a_callback_or_none(query in "[codestaer_=&%+?0-9A-F]{0,60}|\\PC{0,60}") {
        if let Some(callback) = Callback::parse(&query) {
            prop_assert!(!callback.state.is_empty());
        }
    }

    #[test]
    fn a_callback_reads_back_as_it_was_written(code in "\\PC{1,30}", state in "\\PC{1,30}", description in "\\PC{0,30}", failed: bool) {
        let outcome = if failed {
            Err(CallbackError { error: code.clone(), description: description.clone() })
        } else {
            Ok(Secret::new(code.clone()))
        };
        let name = if failed { "error" } else { "code" };
        let query = form(&[("x", "1"), (name, &code), ("state", &state), ("error_description", &description)]);
        prop_assert_eq!(Callback::parse(&query), Some(Callback { state: state.clone(), outcome }));
        // A parameter that occurs twice makes it useless.
        let twice = format!("{query}&{}", form(&[(name, "again")]));
        prop_assert_eq!(Callback::parse(&twice), None);
    }

    #[test]
    fn any_reply_gives_tokens_or_an_error(status in 200..600_u16, body in "[\\[\\]{}:,\"a-z_]{0,60}|\\PC{0,40}") {
        let _ = read_exchange(response(status, &body));
    }

    #[test]
    fn any_page_address_is_handled(page in "\\PC{0,40}", registered in prop::collection::vec("\\PC{0,40}", 0..3)) {
        let ui = HostedUi { redirect_sign_in: registered.clone(), redirect_sign_out: registered, ..ui() };
        let _ = (redirect_uri(&ui, &page), logout_url(&ui, &page));
    }
}
