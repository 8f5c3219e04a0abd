//! What the identity pool is shown: nothing of a guest, tokens of providers that are no user pool, tokens that are bought again and again.

use serde_json::{Value as Json, json};
use signet_e2e::cognito::{
    CLIENT, Cognito, IDENTITY, IDENTITY_POOL, Pending, Script, Tokens, any, capture, captured, id_token, refresh_token,
};
use signet_e2e::{Browser, Error, PATIENCE, Stage, has_devtools, test_from_blank, wait_until};

use crate::flow::{
    PROMPT, ann, answered, asks, expired, is_left, keeps_no_secret, kept, open, sign_out_leaves,
    signed_in_without_a_trace, tokens,
};

/// Shows the app with the script's configuration, changed.
async fn start(
    stage: &Stage,
    browser: &Browser,
    script: Script,
    change: impl FnOnce(&mut Json, &str),
) -> Result<Cognito, Error> {
    let cognito = Cognito::start(stage.origin(), script).await?;
    let mut config = cognito.config();
    change(&mut config, cognito.hosted_ui());
    open(stage, browser, &config).await?;
    Ok(cognito)
}

async fn sign_in(browser: &Browser) -> Result<(), Error> {
    browser.submit_sign_in(&ann().username, &ann().password).await
}

/// `GetId` and `GetCredentialsForIdentity` with the newest ID token under another key.
fn pool(script: Script, key: &str) -> Script {
    let logins = || json!({ key: id_token() });
    script
        .expect("GetId", json!({ "IdentityPoolId": IDENTITY_POOL, "Logins": logins() }))
        .answer(json!({ "IdentityId": IDENTITY }))
        .expect("GetCredentialsForIdentity", json!({ "IdentityId": IDENTITY, "Logins": logins() }))
        .keys()
}

/// The words of the button that ends the session.
async fn way_out(browser: &Browser) -> Result<String, Error> {
    browser.value("document.querySelector('#sign-out').innerText.trim()").await
}

// --- guests -------------------------------------------------------------------------------------------------------------------

fn allow_guests(config: &mut Json, _: &str) {
    config["guestAccess"] = json!(true);
}

/// Goes on as a guest, asks, and goes to the form again.
async fn is_a_guest(browser: &Browser) -> Result<(), Error> {
    browser.press("Continue as a guest").await?;
    browser.signed_in().await?;
    assert_eq!((browser.who().await?, way_out(browser).await?), ("Guest".to_owned(), "Sign in".to_owned()));
    browser.picture("identity-guest").await?;
    asks(browser).await
}

#[test]
fn a_guest_becomes_somebody() {
    test_from_blank(async |stage, browser| {
        let guest = answered(
            answered(Script::new().guest())
                .expect("GetCredentialsForIdentity", json!({ "IdentityId": IDENTITY }))
                .keys(),
        );
        // The guest's identity is linked to the account: no other is asked for.
        let script = answered(guest.srp(&ann()).tokens(tokens()).credentials()).revoke();
        let cognito = start(stage, browser, script, allow_guests).await?;
        browser.wait_for("the button for guests", "document.querySelector('.others button')").await?;
        browser.picture("identity-guest-form").await?;
        is_a_guest(browser).await?;
        keeps_no_secret(browser, &cognito).await?;
        browser.client().refresh().await?;
        browser.signed_in().await?;
        assert_eq!(browser.who().await?, "Guest");
        asks(browser).await?;
        sign_out_leaves(browser, 1).await?;
        sign_in(browser).await?;
        browser.signed_in().await?;
        assert_eq!((browser.who().await?, way_out(browser).await?), (ann().username, "Sign out".to_owned()));
        assert_eq!(browser.turns().await?, 0, "the guest's questions are not Ann's");
        asks(browser).await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        sign_out_leaves(browser, 0).await?;
        cognito.finish().await
    });
}

#[test]
fn a_guest_who_is_somebody_already_becomes_that() {
    test_from_blank(async |stage, browser| {
        let script = answered(Script::new().guest())
            .srp(&ann())
            .tokens(tokens())
            .expect("GetCredentialsForIdentity", json!({ "IdentityId": IDENTITY, "Logins": { USER_POOL: id_token() } }))
            .refuse(400, "ResourceConflictException", "Logins provided do not match those of the identity.")
            .identity_pool();
        let cognito = start(stage, browser, answered(script).revoke(), allow_guests).await?;
        is_a_guest(browser).await?;
        sign_out_leaves(browser, 1).await?;
        sign_in(browser).await?;
        browser.signed_in().await?;
        asks(browser).await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        sign_out_leaves(browser, 0).await?;
        cognito.finish().await
    });
}

const USER_POOL: &str = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Scripted";

#[test]
fn guests_are_told_when_the_pool_has_none() {
    test_from_blank(async |stage, browser| {
        let message = "Unauthenticated access is not supported for this identity pool.";
        let script = Script::new().expect("GetId", json!({ "IdentityPoolId": IDENTITY_POOL })).refuse(
            400,
            "NotAuthorizedException",
            message,
        );
        let cognito = start(stage, browser, script, allow_guests).await?;
        browser.press("Continue as a guest").await?;
        let told = browser.sign_in_error().await?;
        assert!(told.contains("Unauthenticated access is not supported"), "{told}");
        browser.picture("identity-no-guests").await?;
        is_left(browser, 0).await?;
        cognito.finish().await
    });
}

// --- the pool's other ways ----------------------------------------------------------------------------------------------------

#[test]
fn the_basic_flow_assumes_the_role_that_the_configuration_names() {
    test_from_blank(async |stage, browser| {
        let role = "arn:aws:iam::123456789012:role/service/Researchers";
        let script = Script::new().srp(&ann()).tokens(tokens()).basic_flow(role);
        let cognito = start(stage, browser, answered(script).revoke(), |config, _| {
            config["basicFlow"] = json!({ "roleArn": role, "durationSeconds": 1800 });
        })
        .await?;
        sign_in(browser).await?;
        browser.signed_in().await?;
        assert_eq!(browser.value::<String>("document.querySelector('#role').innerText").await?, "Researchers");
        asks(browser).await?;
        browser.picture("identity-basic-flow").await?;
        let requests = cognito.requests();
        let assumed = requests
            .iter()
            .find(|(name, _)| name == "AssumeRoleWithWebIdentity")
            .map(|(_, body)| &body["DurationSeconds"]);
        assert_eq!(assumed, Some(&json!("1800")));
        signed_in_without_a_trace(browser, &cognito).await?;
        sign_out_leaves(browser, 0).await?;
        cognito.finish().await
    });
}

#[test]
fn the_key_of_logins_is_the_configurations() {
    test_from_blank(async |stage, browser| {
        let script = pool(Script::new().srp(&ann()).tokens(tokens()), "login.acme.example");
        let cognito =
            start(stage, browser, answered(script), |config, _| config["loginsKey"] = json!("login.acme.example"))
                .await?;
        sign_in(browser).await?;
        browser.signed_in().await?;
        asks(browser).await?;
        cognito.finish().await
    });
}

// --- an address that gives tokens ---------------------------------------------------------------------------------------------

const COOKIE: &str = "acme=signed-in-there";
const DEVELOPERS: &str = "cognito-identity.amazonaws.com";

fn only_token_url(config: &mut Json, server: &str) {
    let fields = config.as_object_mut().unwrap();
    fields.retain(|name, _| !name.starts_with("userPool"));
    fields.insert("tokenUrl".to_owned(), json!(format!("{server}/developer/token")));
}

/// The address knows the person by this cookie from now on.
async fn sign_in_there(browser: &Browser, cognito: &Cognito) -> Result<(), Error> {
    let cookie = json!({ "name": "acme", "value": "signed-in-there", "url": cognito.hosted_ui() });
    assert_eq!(browser.cdp("Network.setCookie", cookie).await?["success"], true);
    Ok(())
}

fn ask_there(script: Script, cookie: Json) -> Pending {
    script.expect("/developer/token", json!({ "Cookie": cookie }))
}

#[test]
fn a_developers_token_is_fetched_with_the_persons_cookies() {
    if !has_devtools() {
        return;
    }
    test_from_blank(async |stage, browser| {
        let given = |name: &str| {
            json!({
                "token": signet_e2e::cognito::capture_fresh(name), "identityId": IDENTITY, "loginsKey": DEVELOPERS, "username": "ann",
            })
        };
        let keys = |script: Script, name: &str| {
            let body = json!({ "IdentityId": IDENTITY, "Logins": { DEVELOPERS: captured(name) } });
            script.expect("GetCredentialsForIdentity", body).keys()
        };
        let script = ask_there(Script::new(), Json::Null).refuse(401, "", "Nobody is signed in here.");
        let script = keys(ask_there(script, json!(COOKIE)).answer(given("token")), "token");
        // Keys that are refused are worth a new token.
        let script = keys(ask_there(expired(answered(script)), json!(COOKIE)).answer(given("next")), "next");
        // To a browser, another name of this machine is another site, whose cookies it may not send.
        let origin = stage.origin().replace("localhost", "127.0.0.1");
        let cognito = Cognito::start(&origin, answered(script)).await?;
        let mut config = cognito.config();
        only_token_url(&mut config, cognito.hosted_ui());
        stage.app().set_config(Some(config.to_string().into_bytes()));
        browser.remember_memories().await?;
        browser.client().goto(&origin).await?;
        browser.press("Continue with your account").await?;
        let told = browser.sign_in_error().await?;
        assert!(
            told.contains("You are not signed in with the provider: Nobody is signed in here. Sign in there"),
            "{told}"
        );
        browser.picture("identity-token-url-401").await?;
        sign_in_there(browser, &cognito).await?;
        browser.press("Continue with your account").await?;
        browser.signed_in().await?;
        assert_eq!(browser.who().await?, "ann");
        asks(browser).await?;
        asks(browser).await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        sign_out_leaves(browser, 0).await?;
        cognito.finish().await
    });
}

// --- an OIDC provider that is no user pool ------------------------------------------------------------------------------------

const ISSUER: &str = "https://login.acme.example/";
const ACME: &str = "login.acme.example/";

fn only_acme(config: &mut Json, server: &str, origin: &str) {
    let fields = config.as_object_mut().unwrap();
    fields.retain(|name, _| !name.starts_with("userPool"));
    let ui = json!({
        "issuer": ISSUER, "authorizationEndpoint": format!("{server}/oauth2/authorize"), "tokenEndpoint": format!("{server}/oauth2/token"),
        "clientId": CLIENT, "redirectSignIn": [format!("{origin}/")], "providers": [{ "label": "Continue with Acme" }],
    });
    fields.insert("hostedUi".to_owned(), ui);
}

/// To the provider and back, and tokens with these claims.
fn trip(script: Script, origin: &str, claims: Json) -> Script {
    let parameters = json!({
        "response_type": "code", "client_id": CLIENT, "redirect_uri": format!("{origin}/"), "scope": "openid email profile",
        "state": any(), "nonce": capture("nonce"), "code_challenge": any(), "code_challenge_method": "S256",
    });
    script.expect("/oauth2/authorize", parameters).redirect_back().redeem_code().tokens(acme(claims))
}

/// Tokens of Acme's, changed by these claims.
fn acme(claims: Json) -> Tokens {
    let mut all = json!({
        "iss": ISSUER, "nonce": captured("nonce"), "cognito:username": null, "token_use": null, "email": null, "name": "Ann of Acme",
    });
    for (name, claim) in claims.as_object().into_iter().flatten() {
        all[name] = claim.clone();
    }
    Tokens::of(all)
}

#[test]
fn another_providers_tokens_are_shown_to_the_pool_and_bought_again() {
    test_from_blank(async |stage, browser| {
        let origin = stage.origin().to_owned();
        let refresh = json!({ "grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": refresh_token() });
        let script = expired(answered(pool(trip(Script::new(), &origin, json!({})), ACME)))
            .expect("/oauth2/token", refresh)
            .tokens(acme(json!({ "nonce": null })))
            .expect("GetCredentialsForIdentity", json!({ "IdentityId": IDENTITY, "Logins": { ACME: id_token() } }))
            .keys();
        let cognito =
            start(stage, browser, answered(script), |config, server| only_acme(config, server, &origin)).await?;
        browser.wait_for("the provider's button", "document.querySelector('.others button')").await?;
        browser.picture("identity-oidc-form").await?;
        browser.press("Continue with Acme").await?;
        browser.signed_in().await?;
        assert_eq!(browser.who().await?, "Ann of Acme");
        let address: String = browser.value("location.href").await?;
        assert_eq!(address, format!("{origin}/"));
        asks(browser).await?;
        asks(browser).await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        sign_out_leaves(browser, 0).await?;
        cognito.finish().await
    });
}

#[test]
fn tokens_that_are_not_the_answer_are_refused() {
    test_from_blank(async |stage, browser| {
        let origin = stage.origin().to_owned();
        let wrongs = [
            (json!({ "nonce": "another" }), "it belongs to another sign-in"),
            (json!({ "nonce": null }), "it belongs to another sign-in"),
            (json!({ "aud": "another-client" }), "it is for another app client"),
            (json!({ "aud": [CLIENT, "another-client"] }), "it is for another app client"),
            (json!({ "iss": "https://login.evil.example/" }), "another service issued it"),
        ];
        let mut script = Script::new();
        for (claims, _) in &wrongs {
            script = trip(script, &origin, claims.clone());
        }
        let script = pool(trip(script, &origin, json!({})), ACME);
        let cognito = start(stage, browser, script, |config, server| only_acme(config, server, &origin)).await?;
        for (claims, sentence) in wrongs {
            browser.press("Continue with Acme").await?;
            let told = browser.sign_in_error().await?;
            assert!(told.contains(sentence), "{claims}: {told}");
            is_left(browser, 0).await?;
        }
        browser.picture("identity-oidc-wrong").await?;
        keeps_no_secret(browser, &cognito).await?;
        browser.client().goto(&origin).await?;
        browser.press("Continue with Acme").await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        cognito.finish().await
    });
}

// --- refresh tokens that are good once ----------------------------------------------------------------------------------------

#[test]
fn each_refresh_token_is_used_once_and_a_used_one_ends_the_session() {
    test_from_blank(async |stage, browser| {
        let draft = "And at night?";
        let mut script = answered(Script::new().srp(&ann()).tokens(tokens()).identity_pool());
        for _ in 0..2 {
            // refresh() is with the token that came last.
            script = answered(expired(script).refresh().tokens(tokens()).credentials());
        }
        let script = expired(script.ask(PROMPT).refuse(429, "TooManyRequestsException", "Rate exceeded"))
            .refresh()
            .refuse(400, "RefreshTokenReuseException", "Refresh token reuse detected.")
            .srp(&ann())
            .tokens(tokens())
            .identity_pool();
        let cognito = start(stage, browser, answered(script).revoke(), |_, _| {}).await?;
        sign_in(browser).await?;
        browser.signed_in().await?;
        for _ in 0..3 {
            asks(browser).await?;
        }
        let tokens = cognito.requests().into_iter().filter(|(name, _)| name == "GetTokensFromRefreshToken");
        let mut used: Vec<String> = tokens.map(|(_, body)| body["RefreshToken"].as_str().unwrap().to_owned()).collect();
        used.dedup();
        assert_eq!(used.len(), 2);

        browser.ask(PROMPT).await?;
        browser.turn_is("failed").await?;
        browser.type_into("#prompt", draft).await?;
        browser.retry().await?;
        browser.signed_out().await?;
        let told = browser.sign_in_error().await?;
        assert!(told.contains("Your session has ended") && told.contains("kept"), "{told}");
        browser.picture("identity-session-ended").await?;
        let only_the_draft = async || {
            let left = kept(browser).await?;
            Ok(left.records == 0 && left.memory == 0 && left.tab == ["signet.prompt", "signet.tab"])
        };
        wait_until("nothing but the draft to be left", PATIENCE, only_the_draft).await?;
        assert_eq!(browser.value::<String>("document.querySelector('#username').value").await?, ann().username);
        browser.type_into("#password", &ann().password).await?;
        browser.click("#sign-in-button").await?;
        browser.signed_in().await?;
        assert_eq!(browser.turns().await?, 4);
        let kept = "document.querySelector('#prompt').value";
        wait_until("the draft", PATIENCE, async || Ok(browser.value::<String>(kept).await? == draft)).await?;
        browser.picture("identity-draft-kept").await?;
        browser.element("#prompt").await?.clear().await?;
        asks(browser).await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        sign_out_leaves(browser, 0).await?;
        cognito.finish().await
    });
}
