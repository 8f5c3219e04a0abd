//! Against the scripted Cognito, which checks every request: what the local AWS cannot do, and the script itself.

use serde_json::json;
use signet_e2e::cognito::{Cognito, Person, Script, one_of, srp_a};
use signet_e2e::{Error, Passkey, has_devtools, test, test_from_blank};

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
        browser.type_into("#password", &ann.password).await?;
        browser.click("#sign-in-button").await?;
        browser.signed_in().await?;
        cognito.finish().await
    });
}

#[test]
fn a_dropped_connection_and_a_failing_service_are_got_over_without_the_person() {
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
        browser.signed_in().await?;
        cognito.finish().await
    });
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
