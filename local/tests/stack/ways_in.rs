//! Every way to sign in, and every way to keys, that the local AWS offers.

use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};
use signet_local::{Stack, User, totp_code};
use tokio::runtime::Runtime;

use crate::client::{
    Config, Keys, ask, claims, error, id_token, identity, idp, keys, keys_for, logins, prove_password, readable,
    respond, role, send, signed, token_of, unix_seconds, whole,
};
use crate::function::Prompt;
use crate::{alice, bob, start, test};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "http://localhost:8080/";

fn person(username: &'static str) -> User {
    User { username, password: "Somebody-new-1", in_group: true }
}

fn has_role(id_token: &str) -> bool {
    let claims = claims(id_token);
    let role = claims["cognito:preferred_role"].as_str().unwrap_or_default();
    claims["cognito:groups"] == json!(["function-url-access"]) && role.contains("FunctionUrlAccessRole")
}

fn code_now(secret: &str) -> String {
    totp_code(secret, unix_seconds())
}

/// A code that is valid neither now nor in the steps around now.
fn wrong_code(secret: &str) -> String {
    let seconds = unix_seconds();
    let valid: Vec<_> = (0..5).map(|step| totp_code(secret, seconds + 30 * step - 60)).collect();
    ["000000", "111111", "222222", "333333", "444444", "555555"]
        .into_iter()
        .find(|code| !valid.iter().any(|valid| valid == code))
        .unwrap()
        .to_owned()
}

fn client_id(config: &Config) -> &str {
    &config.user_pool_client_id
}

/// A query or form, encoded.
fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn get(url: &str) -> Response<Incoming> {
    send(Request::get(url).body(Bytes::new()).unwrap()).await
}

async fn post(url: &str, fields: &[(&str, &str)]) -> Response<Incoming> {
    let request = Request::post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(request.body(form(fields).into()).unwrap()).await
}

/// The hosted UI's first page, with changes to the query that the app sends.
async fn authorize(stack: &Stack, config: &Config, changes: &[(&str, &str)]) -> Response<Incoming> {
    let mut query = vec![
        ("response_type", "code"),
        ("client_id", client_id(config)),
        ("redirect_uri", BACK),
        ("scope", "openid email profile"),
        ("state", "the state"),
        ("nonce", "the-nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    query.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    query.extend(changes);
    get(&format!("{}/oauth2/authorize?{}", stack.gateway().url(), form(&query))).await
}

/// Sends a page's form as a person would: with its hidden fields and what was typed.
async fn fill_in(stack: &Stack, page: &str, typed: &[(&str, &str)]) -> Response<Incoming> {
    let action = between(page, "<form method=\"POST\" action=\"", "\"");
    let mut fields: Vec<_> = page
        .split("<input type=\"hidden\" ")
        .skip(1)
        .map(|input| (between(input, "name=\"", "\""), between(input, "value=\"", "\"")))
        .collect();
    for (name, _) in typed {
        assert!(page.contains(&format!("name=\"{name}\"")), "{name}: {page}");
    }
    fields.extend(typed);
    post(&format!("{}{action}", stack.gateway().url()), &fields).await
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap().0
}

fn location(response: &Response<Incoming>) -> &str {
    assert_eq!(response.status(), StatusCode::FOUND);
    response.headers()["location"].to_str().unwrap()
}

/// Exchanges a code at the token endpoint.
async fn token(stack: &Stack, config: &Config, code: &str, verifier: &str, redirect_uri: &str) -> Response<Incoming> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id(config)),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    ];
    post(&format!("{}/oauth2/token", stack.gateway().url()), &fields).await
}

async fn oauth_error(response: Response<Incoming>) -> String {
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let body: Value = serde_json::from_str(&whole(response).await.unwrap()).unwrap();
    body["error"].as_str().unwrap().to_owned()
}

#[test]
fn the_configuration_names_the_ways_in() {
    test(async |stack, _| {
        let config = stack.config();
        for endpoint in ["userPoolEndpoint", "identityPoolEndpoint", "stsEndpoint"] {
            assert_eq!(config[endpoint], stack.gateway().url());
        }
        let function_url = config["functionUrl"].as_str().unwrap();
        assert!(function_url.starts_with(&format!("{}/_aws/lambda-url/", stack.gateway().url())), "{function_url}");
        assert_eq!(config["usernameAttributes"], json!(["email"]));
        assert_eq!(config["signUp"], json!({ "attributes": [] }));
        let policy = json!({
            "minimumLength": 12,
            "requireLowercase": true,
            "requireUppercase": true,
            "requireNumbers": true,
            "requireSymbols": false,
        });
        assert_eq!(config["passwordPolicy"], policy);
        let addresses = json!([BACK, "http://127.0.0.1:8080/"]);
        let hosted_ui = json!({
            "domain": stack.gateway().url(),
            "redirectSignIn": addresses,
            "redirectSignOut": addresses,
            "scopes": ["openid", "email", "profile"],
            "providers": [{ "label": "Continue with the hosted page" }],
        });
        assert_eq!(config["hostedUi"], hosted_ui);
    });
}

#[test]
fn the_hosted_ui_signs_in_with_pkce_and_its_tokens_get_keys() {
    test(async |stack, config| {
        let alice = alice(stack);
        let page = authorize(stack, config, &[]).await;
        assert_eq!(page.status(), StatusCode::OK);
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        let page = whole(page).await.unwrap();

        let wrong = fill_in(stack, &page, &[("username", alice.username), ("password", "wrong")]).await;
        assert_eq!(wrong.status(), StatusCode::OK);
        let page = whole(wrong).await.unwrap();
        assert_eq!(between(&page, "<div class=\"error\">", "</div>"), "Incorrect username or password.");

        let right = fill_in(stack, &page, &[("username", alice.username), ("password", alice.password)]).await;
        let back = location(&right);
        assert!(back.starts_with(&format!("{BACK}?code=")) && back.ends_with("&state=the%20state"), "{back}");
        let code = between(back, "?code=", "&");

        let wrong_verifier = VERIFIER.replace('d', "e");
        assert_eq!(oauth_error(token(stack, config, code, &wrong_verifier, BACK).await).await, "invalid_grant");
        assert_eq!(oauth_error(token(stack, config, code, "", BACK).await).await, "invalid_grant");
        let other = "http://127.0.0.1:8080/";
        assert_eq!(oauth_error(token(stack, config, code, VERIFIER, other).await).await, "invalid_grant");
        let response = token(stack, config, code, VERIFIER, BACK).await;
        assert_eq!(response.status(), StatusCode::OK);
        let origins: Vec<_> = response.headers().get_all("access-control-allow-origin").iter().collect();
        assert_eq!(origins, ["*"]);
        let tokens: Value = serde_json::from_str(&whole(response).await.unwrap()).unwrap();
        assert_eq!(oauth_error(token(stack, config, code, VERIFIER, BACK).await).await, "invalid_grant");

        assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
        let id_token = tokens["id_token"].as_str().unwrap();
        let claims = claims(id_token);
        assert_eq!(claims["nonce"], "the-nonce");
        assert_eq!(claims["aud"], client_id(config));
        assert_eq!(claims["token_use"], "id");
        let pool = &config.user_pool_id;
        assert_eq!(claims["iss"], format!("https://cognito-idp.eu-central-1.amazonaws.com/{pool}"));
        assert!(has_role(id_token), "{claims}");
        let issued = stack.gateway().issued();
        for name in ["id_token", "access_token", "refresh_token"] {
            assert!(issued.iter().any(|issued| tokens[name] == **issued), "{name}");
        }

        // The identity pool accepts the token and returns keys of the group's role.
        let keys = keys_for(config, id_token).await;
        let prompt = Prompt::new().await;
        let speak = async {
            let mut function = prompt.function().await;
            function.tell("end").await;
        };
        let (answer, ()) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), speak);
        assert_eq!(answer.status(), StatusCode::OK);

        // Both ways to refresh keep the role. After the refresh token is revoked, neither works.
        let refresh = json!({ "ClientId": client_id(config), "RefreshToken": tokens["refresh_token"] });
        let refreshed = idp(config, "GetTokensFromRefreshToken", refresh.clone()).await;
        assert!(has_role(refreshed["AuthenticationResult"]["IdToken"].as_str().unwrap()));
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client_id(config)),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ];
        let url = format!("{}/oauth2/token", stack.gateway().url());
        let refreshed: Value = serde_json::from_str(&whole(post(&url, &fields).await).await.unwrap()).unwrap();
        assert!(has_role(refreshed["id_token"].as_str().unwrap()));
        let revoke = json!({ "ClientId": client_id(config), "Token": tokens["refresh_token"] });
        assert_eq!(idp(config, "RevokeToken", revoke).await, json!({}));
        assert_eq!(error(&idp(config, "GetTokensFromRefreshToken", refresh).await), "NotAuthorizedException");
        assert_eq!(oauth_error(post(&url, &fields).await).await, "invalid_grant");
    });
}

#[test]
fn the_hosted_ui_sends_nobody_to_an_unknown_address() {
    test(async |stack, config| {
        for unknown in ["http://localhost:8080", "http://localhost:8081/", "https://evil.example/"] {
            let response = authorize(stack, config, &[("redirect_uri", unknown)]).await;
            assert_eq!(oauth_error(response).await, "invalid_request");
            let url = format!(
                "{}/logout?{}",
                stack.gateway().url(),
                form(&[("client_id", client_id(config)), ("logout_uri", unknown)])
            );
            assert_eq!(oauth_error(get(&url).await).await, "invalid_request");
        }
        // By both names of this machine.
        for known in [BACK, "http://127.0.0.1:8080/"] {
            assert_eq!(authorize(stack, config, &[("redirect_uri", known)]).await.status(), StatusCode::OK);
            let url = format!(
                "{}/logout?{}",
                stack.gateway().url(),
                form(&[("client_id", client_id(config)), ("logout_uri", known)])
            );
            assert_eq!(location(&get(&url).await), known);
        }
    });
}

#[test]
fn an_error_of_the_hosted_ui_comes_back_with_the_state() {
    test(async |stack, config| {
        let scope = authorize(stack, config, &[("scope", "openid phone")]).await;
        let expected = format!("{BACK}?error=invalid_request&error_description=invalid_scope&state=the%20state");
        assert_eq!(location(&scope), expected);
        let plain = authorize(stack, config, &[("code_challenge_method", "plain")]).await;
        assert_eq!(location(&plain), format!("{BACK}?error=invalid_request&state=the%20state"));
        let own = authorize(stack, config, &[("identity_provider", "COGNITO")]).await;
        assert!(whole(own).await.unwrap().contains("name=\"password\""));
    });
}

#[test]
fn the_hosted_ui_asks_an_invited_person_for_a_new_password() {
    test(async |stack, config| {
        let dora = person("dora@example.com");
        stack.gateway().invite(dora).await.unwrap();
        let page = whole(authorize(stack, config, &[]).await).await.unwrap();
        let page = fill_in(stack, &page, &[("username", dora.username), ("password", dora.password)]).await;
        let page = whole(page).await.unwrap();
        let weak = fill_in(stack, &page, &[("new_password", "weak"), ("confirm_password", "weak")]).await;
        let page = whole(weak).await.unwrap();
        assert!(between(&page, "<div class=\"error\">", "</div>").starts_with("Password did not conform with policy"));
        let new = "Dora-has-chosen-1";
        let done = fill_in(stack, &page, &[("new_password", new), ("confirm_password", new)]).await;
        assert!(location(&done).starts_with(&format!("{BACK}?code=")));
        assert!(role(&id_token(&prove_password(config, dora.username, new).await)).is_some());
    });
}

#[test]
fn somebody_signs_up_confirms_and_signs_in() {
    test(async |stack, config| {
        let (username, password) = ("erin@example.com", "Erin-signs-up-1");
        let attributes = json!([{ "Name": "email", "Value": username }]);
        let sign_up = json!({
            "ClientId": client_id(config), "Username": username, "Password": password, "UserAttributes": attributes
        });
        let mut weak = sign_up.clone();
        weak["Password"] = "weak".into();
        assert_eq!(error(&idp(config, "SignUp", weak).await), "InvalidPasswordException");
        let answer = idp(config, "SignUp", sign_up.clone()).await;
        assert_eq!(answer["UserConfirmed"], false);
        assert_eq!(answer["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
        assert_eq!(error(&idp(config, "SignUp", sign_up).await), "UsernameExistsException");
        assert_eq!(error(&prove_password(config, username, password).await), "UserNotConfirmedException");

        let whose = json!({ "ClientId": client_id(config), "Username": username });
        let answer = idp(config, "ResendConfirmationCode", whose.clone()).await;
        assert_eq!(answer["CodeDeliveryDetails"]["AttributeName"], "email");
        let code = stack.gateway().last_code(username).await.unwrap().unwrap();
        assert_eq!(code, "123456");
        let confirm = async |code: &str| {
            let mut input = whose.clone();
            input["ConfirmationCode"] = code.into();
            idp(config, "ConfirmSignUp", input).await
        };
        assert_eq!(error(&confirm("000000").await), "CodeMismatchException");
        assert_eq!(confirm(&code).await, json!({}));
        let token = id_token(&prove_password(config, username, password).await);
        assert_eq!(role(&token), None, "in no group");
    });
}

#[test]
fn a_forgotten_password_is_replaced() {
    test(async |stack, config| {
        let frank = person("frank@example.com");
        stack.gateway().add(frank).await.unwrap();
        let whose = json!({ "ClientId": client_id(config), "Username": frank.username });
        let confirm = async |code: &str, password: &str| {
            let mut input = whose.clone();
            input["ConfirmationCode"] = code.into();
            input["Password"] = password.into();
            idp(config, "ConfirmForgotPassword", input).await
        };
        let new = "Frank-remembers-1";
        assert_eq!(error(&confirm("654321", new).await), "ExpiredCodeException");
        let answer = idp(config, "ForgotPassword", whose.clone()).await;
        assert_eq!(answer["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
        let code = stack.gateway().last_code(frank.username).await.unwrap().unwrap();
        assert_eq!(code, "654321");
        assert_eq!(error(&confirm("000000", new).await), "CodeMismatchException");
        assert_eq!(error(&confirm(&code, "weak").await), "InvalidPasswordException");
        assert_eq!(confirm(&code, new).await, json!({}));
        assert_eq!(error(&prove_password(config, frank.username, frank.password).await), "NotAuthorizedException");
        id_token(&prove_password(config, frank.username, new).await);

        // The answer does not reveal whether the person exists.
        let nobody = json!({ "ClientId": client_id(config), "Username": "nobody@example.com" });
        let answer = idp(config, "ForgotPassword", nobody).await;
        assert_eq!(answer["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
    });
}

#[test]
fn an_invited_person_sets_a_password_in_the_session_of_the_challenge() {
    test(async |stack, config| {
        let grace = person("grace@example.com");
        stack.gateway().invite(grace).await.unwrap();
        let asked = prove_password(config, grace.username, grace.password).await;
        assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
        let parameters = &asked["ChallengeParameters"];
        assert_eq!(parameters["requiredAttributes"], "[]");
        let user = parameters["USER_ID_FOR_SRP"].as_str().unwrap();
        let session = &asked["Session"];
        assert!(stack.gateway().issued().iter().any(|issued| *session == **issued));

        let set = async |session: Option<&Value>, username: &str, password: &str| {
            let responses = json!({ "USERNAME": username, "NEW_PASSWORD": password });
            respond(config, "NEW_PASSWORD_REQUIRED", session, &responses).await
        };
        let new = "Grace-has-chosen-1";
        assert_eq!(error(&set(None, user, new).await), "NotAuthorizedException");
        assert_eq!(error(&set(Some(&"made up".into()), user, new).await), "NotAuthorizedException");
        assert_eq!(error(&set(Some(session), alice(stack).username, new).await), "NotAuthorizedException");
        assert_eq!(error(&set(Some(session), "nobody@example.com", new).await), "NotAuthorizedException");
        assert_eq!(error(&set(Some(session), user, "Short-1").await), "InvalidPasswordException");
        assert!(role(&id_token(&set(Some(session), user, new).await)).is_some());
        assert_eq!(error(&set(Some(session), user, "Grace-once-more-1").await), "NotAuthorizedException");
        id_token(&prove_password(config, grace.username, new).await);
    });
}

#[test]
fn carol_has_a_temporary_password() {
    test(async |stack, config| {
        let asked = prove_password(config, stack.invited().username, stack.invited().password).await;
        assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    });
}

#[test]
fn somebody_sets_up_an_authenticator_app_and_is_asked_for_its_code() {
    test(async |stack, config| {
        let heidi = person("heidi@example.com");
        stack.gateway().add(heidi).await.unwrap();
        let signed_in = prove_password(config, heidi.username, heidi.password).await;
        let access = &signed_in["AuthenticationResult"]["AccessToken"];
        let associated = idp(config, "AssociateSoftwareToken", json!({ "AccessToken": access })).await;
        let secret = associated["SecretCode"].as_str().unwrap();
        let verify = async |code: String| {
            idp(config, "VerifySoftwareToken", json!({ "AccessToken": access, "UserCode": code })).await
        };
        assert_eq!(error(&verify(wrong_code(secret)).await), "EnableSoftwareTokenMFAException");
        assert_eq!(verify(code_now(secret)).await["Status"], "SUCCESS");
        let settings = json!({ "Enabled": true, "PreferredMfa": true });
        let preference = json!({ "AccessToken": access, "SoftwareTokenMfaSettings": settings });
        assert_eq!(idp(config, "SetUserMFAPreference", preference).await, json!({}));
        answers_with_code(stack, config, heidi, secret).await;
    });
}

#[test]
fn a_test_can_give_somebody_an_authenticator_app() {
    test(async |stack, config| {
        let ivan = person("ivan@example.com");
        stack.gateway().add(ivan).await.unwrap();
        let secret = stack.gateway().require_totp(ivan).await.unwrap();
        answers_with_code(stack, config, ivan, &secret).await;
    });
}

async fn answers_with_code(stack: &Stack, config: &Config, user: User, secret: &str) {
    let asked = prove_password(config, user.username, user.password).await;
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA", "{asked}");
    let id = asked["ChallengeParameters"]["USER_ID_FOR_SRP"].as_str().unwrap();
    let session = &asked["Session"];
    let answer = async |session: Option<&Value>, username: &str, code: String| {
        let responses = json!({ "USERNAME": username, "SOFTWARE_TOKEN_MFA_CODE": code });
        respond(config, "SOFTWARE_TOKEN_MFA", session, &responses).await
    };
    assert_eq!(error(&answer(None, id, code_now(secret)).await), "NotAuthorizedException");
    // MiniStack itself accepts any code for somebody without a secret.
    let other = answer(Some(session), alice(stack).username, code_now(secret)).await;
    assert_eq!(error(&other), "NotAuthorizedException");
    let setup = respond(config, "MFA_SETUP", None, &json!({ "USERNAME": id })).await;
    assert_eq!(error(&setup), "NotAuthorizedException");
    assert_eq!(error(&answer(Some(session), id, wrong_code(secret)).await), "CodeMismatchException");
    assert!(role(&id_token(&answer(Some(session), id, code_now(secret)).await)).is_some());
    assert_eq!(error(&answer(Some(session), id, code_now(secret)).await), "NotAuthorizedException");
}

#[test]
fn a_guest_gets_keys_that_may_not_ask() {
    test(async |stack, config| {
        let found = identity(config, "GetId", json!({ "IdentityPoolId": config.identity_pool_id })).await;
        let id = &found["IdentityId"];
        let vended = identity(config, "GetCredentialsForIdentity", json!({ "IdentityId": id })).await;
        assert_eq!(vended["IdentityId"], *id);
        let keys = keys(&vended);
        assert!(stack.gateway().issued().contains(&keys.secret_access_key));
        let refused = send(signed(config, ask(config, "x"), &keys)).await;
        readable(refused, StatusCode::FORBIDDEN, "AccessDeniedException").await;

        // A guest cannot use somebody's own identity.
        let token = token_of(config, bob(stack)).await;
        let bobs = json!({ "IdentityPoolId": config.identity_pool_id, "Logins": logins(config, &token) });
        let bobs = identity(config, "GetId", bobs).await;
        let stolen = identity(config, "GetCredentialsForIdentity", json!({ "IdentityId": bobs["IdentityId"] })).await;
        assert_eq!(error(&stolen), "NotAuthorizedException");
    });
}

#[test]
fn the_templates_other_parameters_do_what_they_say() {
    Runtime::new().unwrap().block_on(async {
        let stack = &start().await;
        let gateway = stack.gateway();
        let config = &Config::of(stack);
        let token = token_of(config, alice(stack)).await;
        let logins = logins(config, &token);
        let found =
            identity(config, "GetId", json!({ "IdentityPoolId": config.identity_pool_id, "Logins": logins })).await;
        let with_login = json!({ "IdentityId": found["IdentityId"], "Logins": logins });
        let refused = identity(config, "GetOpenIdToken", with_login.clone()).await;
        assert_eq!(error(&refused), "InvalidParameterException");
        assert_eq!(refused["message"], "Basic (classic) flow is not enabled, please use enhanced flow.");

        // The template's defaults, except for the basic flow: only people whom an administrator has added can sign in.
        let closed = ["AllowSignUp=false", "Mfa=OFF", "HostedUiPrefix=", "CallbackUrls=", "AllowGuests=false"];
        gateway.deploy(&[&closed[..], &["AllowClassicFlow=true"]].concat()).await.unwrap();
        assert_eq!(oauth_error(authorize(stack, config, &[]).await).await, "unauthorized_client");
        let guest = identity(config, "GetId", json!({ "IdentityPoolId": config.identity_pool_id })).await;
        assert_eq!(error(&guest), "NotAuthorizedException");
        let sign_up =
            json!({ "ClientId": client_id(config), "Username": "j@example.com", "Password": "Judy-is-new-1" });
        let sign_up = idp(config, "SignUp", sign_up).await;
        assert_eq!(sign_up["message"], "SignUp is not permitted for this user pool");

        // The basic flow: the app names the role.
        let open = identity(config, "GetOpenIdToken", with_login).await;
        let open = open["Token"].as_str().unwrap();
        assert!(gateway.issued().iter().any(|issued| issued == open));
        let alices = role(&token).unwrap();
        let assume = async |token: &str| {
            let fields = [
                ("Action", "AssumeRoleWithWebIdentity"),
                ("Version", "2011-06-15"),
                ("RoleArn", &alices),
                ("RoleSessionName", "signet"),
                ("WebIdentityToken", token),
                ("DurationSeconds", "900"),
            ];
            let response = post(&config.sts_endpoint, &fields).await;
            (response.status(), whole(response).await.unwrap())
        };
        let (status, body) = assume(&token).await;
        assert_eq!((status, between(&body, "<Code>", "</Code>")), (StatusCode::BAD_REQUEST, "InvalidIdentityToken"));
        let (status, body) = assume(open).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let value = |name: &str| between(&body, &format!("<{name}>"), "</").to_owned();
        let keys = Keys {
            access_key_id: value("AccessKeyId"),
            secret_access_key: value("SecretAccessKey"),
            session_token: value("SessionToken"),
        };
        assert!(gateway.issued().contains(&keys.secret_access_key));
        let prompt = Prompt::new().await;
        let speak = async {
            let mut function = prompt.function().await;
            function.tell("end").await;
            function.event["requestContext"]["authorizer"]["iam"]["userArn"].take()
        };
        let (answer, caller) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), speak);
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(caller.as_str().unwrap().ends_with("/signet"));

        // Choice-based sign-in, of which MiniStack has only the hosted UI's part.
        gateway.deploy(&["FirstFactors=PASSWORD,EMAIL_OTP", "PasskeyDomain=app.example.com"]).await.unwrap();
        let page = whole(authorize(stack, config, &[]).await).await.unwrap();
        let page = whole(fill_in(stack, &page, &[("username", "alice@example.com")]).await).await.unwrap();
        assert!(page.contains("value=\"PASSWORD\"") && page.contains("value=\"EMAIL_OTP\""), "{page}");

        // Everything is as before, with the same IDs.
        gateway.deploy(&[]).await.unwrap();
        let guest = identity(config, "GetId", json!({ "IdentityPoolId": config.identity_pool_id })).await;
        assert!(guest["IdentityId"].is_string());
        assert!(role(&token_of(config, alice(stack)).await).is_some());
    });
}
