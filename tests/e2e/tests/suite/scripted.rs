//! Against the scripted Cognito, which checks every request: what the local AWS cannot do, and the script itself.

use serde_json::json;
use signet_e2e::cognito::{Cognito, Person, Script, any, one_of, srp_a};
use signet_e2e::{Browser, Error, Passkey, has_devtools, test, test_from_blank};

use crate::secrets::no_secret_is_found;

const PROMPT: &str = "Why is the sky blue?";

fn ann() -> Person {
    Person::new("ann@example.com", "Right horse 7!")
}

#[test]
fn a_password_is_proved_and_a_question_answered() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let claims = json!({ "email": ann.username, "cognito:roles": ["arn:aws:iam::123456789012:role/readers"] });
        let script = Script::new()
            .srp(&ann)
            .tokens(claims)
            .identity_pool()
            .ask(PROMPT)
            .stream(&["Because it ", "scatters ", "light."])
            .ask("And at night?")
            .also("/use_case", one_of(&["cost_optimized"]))
            .refuse(429, "TooManyRequestsException", "Rate exceeded")
            .revoke();
        let cognito = Cognito::start(stage.origin(), script).await?;
        stage.open(browser, &cognito.config()).await?;
        browser.sign_in(&ann.username, &ann.password).await?;
        assert!(browser.who().await?.contains(&ann.username));
        browser.ask(PROMPT).await?;
        let turn = browser.turn_is("done").await?;
        assert_eq!((turn.answer.as_str(), turn.model.as_str()), ("Because it scatters light.", "scripted-model"));
        browser.choose("cost_optimized").await?;
        browser.ask("And at night?").await?;
        let turn = browser.turn_is("failed").await?;
        assert!(turn.note.to_lowercase().contains("too many"), "{}", turn.note);
        browser.click("#sign-out").await?;
        browser.signed_out().await?;
        cognito.finish().await
    });
}

#[test]
fn the_page_holds_no_secret_of_a_scripted_sign_in() {
    if !has_devtools() {
        return;
    }
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = Script::new().srp(&ann).tokens(json!({})).identity_pool().ask(PROMPT).stream(&["Because."]);
        let cognito = Cognito::start(stage.origin(), script).await?;
        browser.remember_memories().await?;
        stage.open(browser, &cognito.config()).await?;
        browser.sign_in(&ann.username, &ann.password).await?;
        browser.ask(PROMPT).await?;
        browser.turn_is("done").await?;
        cognito.finish().await?;
        let secrets = cognito.secrets();
        assert!(secrets.contains(&ann.password));
        // Three tokens, two parts of the keys, the session, the secret block, the claim, the password.
        assert_eq!(secrets.len(), 9);
        no_secret_is_found(browser, &secrets).await
    });
}

#[test]
fn a_wrong_password_is_refused_and_the_right_one_taken_then() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = Script::new().srp(&ann).wrong_password().srp(&ann).tokens(json!({})).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        stage.open(browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, "Wrong horse 7!").await?;
        assert!(!browser.sign_in_error().await?.is_empty());
        try_again(browser, &ann.password).await?;
        browser.signed_in().await?;
        cognito.finish().await
    });
}

#[test]
fn a_dropped_connection_and_a_failing_service_leave_the_form() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let parameters = || json!({ "USERNAME": ann.username, "SRP_A": srp_a() });
        let script = Script::new()
            .initiate("USER_SRP_AUTH", parameters())
            .drop_connection()
            .initiate("USER_SRP_AUTH", parameters())
            .fail(503)
            .srp(&ann)
            .tokens(json!({}))
            .identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        stage.open(browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        let dropped = browser.sign_in_error().await?;
        assert!(dropped.contains("Nothing answers"), "{dropped}");
        try_again(browser, &ann.password).await?;
        let expression = "document.querySelector('#sign-in-error').innerText.includes('503')";
        browser.wait_for("the service's failure to be told", expression).await?;
        try_again(browser, &ann.password).await?;
        browser.signed_in().await?;
        cognito.finish().await
    });
}

/// The username is kept.
async fn try_again(browser: &Browser, password: &str) -> Result<(), Error> {
    browser.element("#password").await?.clear().await?;
    browser.type_into("#password", password).await?;
    browser.click("#sign-in-button").await
}

/// The tester tested.
#[test]
fn a_request_that_the_script_does_not_expect_fails_the_test() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = Script::new()
            .initiate("USER_PASSWORD_AUTH", json!({ "USERNAME": ann.username, "PASSWORD": ann.password }))
            .tokens(json!({}));
        let cognito = Cognito::start(stage.origin(), script).await?;
        stage.open(browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        assert!(!browser.sign_in_error().await?.is_empty(), "the app got an answer");
        let told = match cognito.finish().await {
            Err(Error::Script(told)) => told,
            other => panic!("the script should have failed: {other:?}"),
        };
        for part in [
            "/AuthFlow: expected \"USER_PASSWORD_AUTH\", came \"USER_SRP_AUTH\"",
            "/AuthParameters/PASSWORD: missing, expected a text of 14 characters",
            "/AuthParameters/SRP_A: not expected",
        ] {
            assert!(told.contains(part), "{told}");
        }
        assert!(!told.contains(&ann.password));
        Ok(())
    });
}

/// The tester tested.
#[test]
fn a_request_that_never_comes_fails_the_test() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = Script::new().srp(&ann).tokens(json!({})).identity_pool().refresh().tokens(json!({}));
        let cognito = Cognito::start(stage.origin(), script).await?;
        stage.open(browser, &cognito.config()).await?;
        browser.sign_in(&ann.username, &ann.password).await?;
        match cognito.finish().await {
            Err(Error::Script(told)) => assert!(told.contains("exchange 5 of 5: GetTokensFromRefreshToken"), "{told}"),
            other => panic!("the script should have failed: {other:?}"),
        }
        Ok(())
    });
}

/// What the app's page will do with `CREDENTIAL_REQUEST_OPTIONS`.
const GET_PASSKEY: &str = "
    const [options, done] = arguments;
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
        .then(credential => done({ credential: JSON.stringify(credential.toJSON()) }), error => done({ error: String(error) }));
";

/// The tester tested: the browser's virtual authenticator answers, and only what is right is accepted.
#[test]
fn the_browsers_authenticator_answers_for_a_passkey() {
    if !has_devtools() {
        return;
    }
    test(async |stage, browser| {
        let [passkey, other] = [Passkey::new("ann"), Passkey::new("bob")];
        let authenticator = browser.add_authenticator().await?;
        authenticator.add(&passkey).await?;
        assert_eq!(authenticator.credentials().await?.len(), 1);
        let ask = async |passkey: &Passkey| {
            let options = json!({
                "challenge": "Y2hhbGxlbmdl", "rpId": "localhost", "userVerification": "required", "timeout": 5000,
                "allowCredentials": [{ "id": passkey.id(), "type": "public-key" }],
            });
            browser.client().execute_async(GET_PASSKEY, vec![options]).await
        };
        let answer = ask(&passkey).await?;
        let credential = answer["credential"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(passkey.verify(credential, "Y2hhbGxlbmdl", stage.origin()), Ok(()));
        for (problem, verified) in [
            ("challenge", passkey.verify(credential, "YW5vdGhlcg", stage.origin())),
            ("origin", passkey.verify(credential, "Y2hhbGxlbmdl", "http://127.0.0.1")),
            ("/id", other.verify(credential, "Y2hhbGxlbmdl", stage.origin())),
        ] {
            assert!(verified.is_err_and(|why| why.contains(problem)), "{problem}");
        }

        // What a person sees who has no such passkey, or shows the wrong finger.
        let refused = ask(&other).await?;
        assert!(refused["error"].as_str().is_some_and(|error| error.contains("NotAllowedError")), "{refused}");
        authenticator.set_user_verified(false).await?;
        let refused = ask(&passkey).await?;
        assert!(refused["error"].as_str().is_some_and(|error| error.contains("NotAllowedError")), "{refused}");
        Ok(())
    });
}

/// The tester tested: the hosted UI sends the browser back to the app.
#[test]
fn the_scripted_hosted_ui_sends_the_browser_back() {
    test_from_blank(async |stage, browser| {
        let parameters = json!({ "redirect_uri": format!("{}/", stage.origin()), "state": "from-here" });
        let script = Script::new()
            .expect("/oauth2/authorize", parameters)
            .redirect_back()
            .expect("/oauth2/authorize", json!({ "redirect_uri": any() }))
            .redirect_error("access_denied", "no");
        let cognito = Cognito::start(stage.origin(), script).await?;
        let authorize = format!("{}/oauth2/authorize?redirect_uri={}/", cognito.hosted_ui(), stage.origin());
        browser.client().goto(&format!("{authorize}&state=from-here")).await?;
        let landed = browser.client().current_url().await?;
        let pair = |name: &str| landed.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        assert!(landed.as_str().starts_with(stage.origin()), "{landed}");
        assert_eq!((pair("state").as_deref(), pair("code").map(|code| code.len())), (Some("from-here"), Some(40)));
        browser.client().goto(&authorize).await?;
        let landed = browser.client().current_url().await?;
        assert!(landed.as_str().ends_with("/?error=access_denied&error_description=no"), "{landed}");
        cognito.finish().await
    });
}

/// A step as the app is to build it.
const STEP: &str = r"
    const make = (parent, tag, attributes, text) => {
        const element = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
        element.append(text ?? '');
        parent.append(element);
        return element;
    };
    document.querySelector('#sign-in').remove();
    const main = make(document.body, 'main', { class: 'gate', id: 'step' });
    const form = make(main, 'form', { id: 'step-form', action: '#' });
    const title = make(form, 'h1', { id: 'step-title', tabindex: '-1' }, 'Check your email');
    const error = make(form, 'p', { id: 'step-error', role: 'alert' });
    make(form, 'input', { id: 'code', name: 'code' }).value = 'old';
    for (const value of ['EMAIL_OTP', 'WEB_AUTHN']) make(form, 'input', { type: 'radio', name: 'answer', id: 'answer-' + value, value });
    make(form, 'button', { id: 'step-submit' }, 'Go on');
    make(form, 'button', { type: 'button', class: 'link', hidden: '' }, 'Back');
    make(form, 'button', { type: 'button', class: 'link' }, 'Back').addEventListener('click', () => title.append(' again'));
    form.addEventListener('submit', event => {
        event.preventDefault();
        error.textContent = new URLSearchParams(new FormData(form));
    });
    title.focus();
";

/// The tester tested.
#[test]
fn a_person_finds_the_way_through_a_step() {
    test(async |_, browser| {
        browser.signed_out().await?;
        browser.client().execute(STEP, vec![]).await?;
        browser.step("Check your email").await?;
        browser.fill("code", "739105").await?;
        browser.choose_option("answer", "WEB_AUTHN").await?;
        browser.submit_step().await?;
        assert_eq!(browser.step_error().await?, "code=739105&answer=WEB_AUTHN");
        browser.press("Back").await?;
        browser.step("Check your email again").await
    });
}
