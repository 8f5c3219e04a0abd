//! The files of Amplify in the app itself: each alone, and extended by a config.json.

use std::fs;

use serde_json::json;
use signet_e2e::cognito::{CLIENT, Cognito, IDENTITY_POOL, Person, Script, Tokens, any, capture, captured, srp_a};
use signet_e2e::{Browser, Error, Stage, test_from_blank};

use crate::flow::{ann, answered, asks, keeps_no_secret, labels, open, tokens};

/// One of the examples that the native tests read.
fn example(name: &str) -> String {
    let path = format!("{}/../vectors/config/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The example with the ids of the script; every name stays.
fn of_the_script(name: &str, cognito: &Cognito, origin: &str) -> String {
    let mut text = example(name);
    for (old, new) in [
        ("eu-central-1_AbCdEfGhI", "eu-central-1_Scripted"),
        ("1example23456789", CLIENT),
        ("eu-central-1:12345678-abcd-1234-abcd-123456789012", IDENTITY_POOL),
        ("acme.auth.eu-central-1.amazoncognito.com", cognito.hosted_ui()),
        ("http://localhost:8080/", &format!("{origin}/")),
    ] {
        // CLIENT holds the example's beginning.
        text = text.replace(&format!("{old}\""), &format!("{new}\"")).replace(&format!("{old},"), &format!("{new},"));
    }
    text
}

/// What the first form shows: its labels, and the other buttons.
async fn first_form(browser: &Browser) -> Result<(Vec<String>, Vec<String>), Error> {
    browser.signed_out().await?;
    browser.wait_for("the configuration's form", "document.querySelector('#sign-in-others button')").await?;
    let seen = |selector: &str| {
        format!(
            "[...document.querySelectorAll('#sign-in {selector}')].filter(one => one.checkVisibility()).map(one => one.innerText.trim())"
        )
    };
    Ok((browser.value(&seen("label")).await?, browser.value(&seen("#sign-in-others button")).await?))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Serves the one file, unchanged, and no config.json.
async fn alone(stage: &Stage, browser: &Browser, name: &str) -> Result<(Vec<String>, Vec<String>), Error> {
    stage.app().set_config(None);
    stage.app().add_file(&format!("/{name}"), example(name).into_bytes());
    browser.client().goto(stage.origin()).await?;
    let form = first_form(browser).await?;
    browser.picture(&format!("configs-{name}")).await?;
    Ok(form)
}

#[test]
fn amplify_outputs_is_enough() {
    test_from_blank(async |stage, browser| {
        let form = alone(stage, browser, "amplify_outputs.json").await?;
        let buttons = [
            "Continue with Google",
            "Continue with Facebook",
            "Continue with Amazon",
            "Continue with Apple",
            "Continue with AcmeStaff",
            "Continue as a guest",
            "Forgot your password?",
            "Create an account",
        ];
        assert_eq!(form, (words(&["Email or phone number"]), words(&buttons)));
        assert_eq!(
            browser.value::<String>("document.querySelector('#sign-in-to').innerText").await?,
            "to Acme Research Assistant"
        );
        browser.press("Create an account").await?;
        browser.step("Create an account").await?;
        assert_eq!(labels(browser).await?, ["Email or phone number", "Password", "Email", "Given name"]);
        let rules = "[...document.querySelectorAll('.rules li')].map(rule => rule.firstChild.data)";
        let wanted = words(&["at least 10 characters", "a lower-case letter", "an upper-case letter", "a number"]);
        assert_eq!(browser.value::<Vec<String>>(rules).await?, wanted);
        browser.picture("configs-amplify_outputs-sign-up").await
    });
}

#[test]
fn aws_exports_is_enough() {
    test_from_blank(async |stage, browser| {
        let form = alone(stage, browser, "aws-exports.js").await?;
        let buttons = [
            "Continue with Facebook",
            "Continue with Amazon",
            "Continue with Apple",
            "Forgot your password?",
            "Create an account",
        ];
        assert_eq!(form, (words(&["Phone number", "Password"]), words(&buttons)));
        Ok(())
    });
}

#[test]
fn amplifyconfiguration_is_enough() {
    test_from_blank(async |stage, browser| {
        let form = alone(stage, browser, "amplifyconfiguration.json").await?;
        assert_eq!(
            form,
            (words(&["Email or username", "Password"]), words(&["Forgot your password?", "Create an account"]))
        );
        Ok(())
    });
}

// --- extended -----------------------------------------------------------------------------------------------------------------

/// Serves the example with a config.json that extends it by what Amplify has no word for.
async fn extended(stage: &Stage, browser: &Browser, cognito: &Cognito, name: &str) -> Result<(), Error> {
    let mut config = json!({ "extends": name });
    for field in ["region", "functionUrl", "userPoolEndpoint", "identityPoolEndpoint", "stsEndpoint"] {
        config[field] = cognito.config()[field].clone();
    }
    stage.app().add_file(&format!("/{name}"), of_the_script(name, cognito, stage.origin()).into_bytes());
    open(stage, browser, &config).await
}

async fn ends(browser: &Browser, cognito: &Cognito) -> Result<(), Error> {
    browser.signed_in().await?;
    asks(browser).await?;
    keeps_no_secret(browser, cognito).await?;
    cognito.finish().await
}

/// `USER_AUTH` with a code by email.
#[test]
fn amplify_outputs_is_extended() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = Script::new()
            .initiate("USER_AUTH", json!({ "USERNAME": ann.username, "PREFERRED_CHALLENGE": "EMAIL_OTP" }))
            .challenge(
                "EMAIL_OTP",
                json!({ "CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "a***@e***" }),
            )
            .respond("EMAIL_OTP", json!({ "USERNAME": ann.username, "EMAIL_OTP_CODE": "73910512" }))
            .tokens(tokens());
        // The file has passkeys: one is asked for unasked as soon as somebody is known.
        let cognito = Cognito::start(stage.origin(), answered(script.identity_pool())).await?;
        extended(stage, browser, &cognito, "amplify_outputs.json").await?;
        browser.wait_for("one field", "!document.querySelector('#password').checkVisibility()").await?;
        browser.type_into("#username", &ann.username).await?;
        browser.click("#sign-in-button").await?;
        browser.step("Type your code").await?;
        browser.fill("code", "73910512").await?;
        browser.submit_step().await?;
        ends(browser, &cognito).await
    });
}

/// `CUSTOM_AUTH` that begins with SRP; a phone number as people write it.
#[test]
fn aws_exports_is_extended() {
    test_from_blank(async |stage, browser| {
        let ann = Person::new("+491701234567", "right horse!");
        let script = Script::new()
            .initiate("CUSTOM_AUTH", json!({ "USERNAME": ann.username, "SRP_A": srp_a(), "CHALLENGE_NAME": "SRP_A" }))
            .password_verifier(&ann)
            .password_proof(&ann)
            .challenge("CUSTOM_CHALLENGE", json!({ "question": "Your first pet?" }))
            .respond("CUSTOM_CHALLENGE", json!({ "USERNAME": ann.user_id, "ANSWER": "Schnuffel" }))
            .tokens(tokens());
        let cognito = Cognito::start(stage.origin(), answered(script.identity_pool())).await?;
        extended(stage, browser, &cognito, "aws-exports.js").await?;
        browser.submit_sign_in("+49 170 1234567", &ann.password).await?;
        browser.step("One more question").await?;
        browser.picture("configs-custom").await?;
        browser.fill("answer", "Schnuffel").await?;
        browser.submit_step().await?;
        ends(browser, &cognito).await
    });
}

/// SRP, and what config.json says itself goes before.
#[test]
fn amplifyconfiguration_is_extended() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = Script::new().srp(&ann).tokens(tokens());
        let cognito = Cognito::start(stage.origin(), answered(script.identity_pool())).await?;
        extended(stage, browser, &cognito, "amplifyconfiguration.json").await?;
        browser.sign_in(&ann.username, &ann.password).await?;
        ends(browser, &cognito).await
    });
}

/// A provider's button of the file: to the hosted UI by the file's domain and one of the file's addresses, and back.
#[test]
fn amplify_outputs_leads_to_a_provider() {
    test_from_blank(async |stage, browser| {
        let origin = stage.origin();
        let parameters = json!({
            "response_type": "code", "client_id": CLIENT, "redirect_uri": format!("{origin}/"),
            "scope": "phone email openid profile aws.cognito.signin.user.admin", "identity_provider": "Google",
            "state": any(), "nonce": capture("nonce"),
            "code_challenge": any(), "code_challenge_method": "S256",
        });
        let mine = Tokens::of(json!({ "email": "ann@example.com", "nonce": captured("nonce") }));
        let script = Script::new().expect("/oauth2/authorize", parameters).redirect_back().redeem_code().tokens(mine);
        let cognito = Cognito::start(origin, answered(script.identity_pool())).await?;
        extended(stage, browser, &cognito, "amplify_outputs.json").await?;
        browser.press("Continue with Google").await?;
        ends(browser, &cognito).await
    });
}

// --- wrong --------------------------------------------------------------------------------------------------------------------

/// A file, a field of it, what it is changed to, and the field as the page names it.
const WRONG: [(&str, &str, &str, &str); 6] = [
    ("amplify_outputs.json", "\"eu-central-1_AbCdEfGhI\"", "\"AbCdEfGhI\"", "the field \"auth.user_pool_id\" is wrong"),
    ("amplify_outputs.json", "\"version\": \"1.4\"", "\"version\": \"2\"", "the field \"version\" is wrong"),
    (
        "amplify_outputs.json",
        "\"response_type\": \"code\"",
        "\"response_type\": \"token\"",
        "the field \"auth.oauth.response_type\" is wrong",
    ),
    ("aws-exports.js", "CUSTOM_WITH_SRP", "MAGIC", "the field \"authenticationFlowType\" is wrong"),
    (
        "aws-exports.js",
        "abcdefg.lambda-url.eu-west-1.on.aws",
        "api.example",
        "the field \"aws_cloud_logic_custom\" is missing",
    ),
    (
        "amplifyconfiguration.json",
        "\"passwordPolicyMinLength\": 8",
        "\"passwordPolicyMinLength\": \"eight\"",
        "the field \"aws_cognito_password_protection_settings.passwordPolicyMinLength\" is wrong",
    ),
];

/// Whether a sentence says so, and for a field that is wrong in which line.
fn says(told: &str, problem: &str) -> bool {
    match problem.strip_suffix(" is wrong") {
        Some(field) => told.split_once(&format!("{field} in line ")).is_some_and(|(_, rest)| {
            let rest = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
            rest.starts_with(" is wrong")
        }),
        None => told.contains(problem),
    }
}

#[test]
fn a_wrong_field_is_named_as_its_file_names_it() {
    test_from_blank(async |stage, browser| {
        for (name, right, wrong, problem) in WRONG {
            let text = example(name);
            assert!(text.contains(right), "{name} has no {right}");
            stage.app().heal();
            stage.app().set_config(None);
            stage.app().add_file(&format!("/{name}"), text.replace(right, wrong).into_bytes());
            browser.client().goto(stage.origin()).await?;
            let told = browser.fatal().await?;
            assert!(told.contains(name) && says(&told, problem), "{name}: {told}");
        }
        browser.picture("configs-wrong").await?;

        // Of two files, both are named, and the field as the one writes it that holds it.
        stage.app().heal();
        stage.app().add_file(
            "/amplify_outputs.json",
            example("amplify_outputs.json").replace("\"EMAIL_OTP\"", "\"PIGEON\"").into_bytes(),
        );
        stage.open(browser, &json!({ "extends": "amplify_outputs.json" })).await?;
        let told = browser.fatal().await?;
        let part =
            "config.json with amplify_outputs.json: the field \"auth.passwordless.preferred_challenge\" is wrong";
        assert!(says(&told, part), "{told}");
        stage.open(browser, &json!({ "extends": "aws-exports.js" })).await?;
        let told = browser.fatal().await?;
        assert!(told.contains("aws-exports.js could not be loaded"), "{told}");
        Ok(())
    });
}
