//! Every screen of a sign-in, each looked at from all sides: light and dark, wide and narrow, by keyboard, by axe-core.

use serde_json::{Value as Json, json};
use signet_e2e::cognito::{
    CLIENT, Cognito, Person, Script, Tokens, access_token, any, device_key, device_salt, device_verifier, fresh,
    session, srp_a,
};
use signet_e2e::{Browser, Error, Passkey, Screens, Stage, has_devtools, test_from_blank};

const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSW";

fn ann() -> Person {
    Person::new("ann@example.com", "Right horse 7!")
}

/// `InitiateAuth` by choice, answered with this challenge.
fn challenge(name: &str, parameters: Json) -> Script {
    Script::new().initiate("USER_AUTH", json!({ "USERNAME": ann().username })).challenge(name, parameters)
}

/// Begins by choice, with the username alone.
fn by_choice(config: &mut Json) {
    config["authFlow"] = json!("USER_AUTH");
}

fn providers(config: &mut Json, domain: &str, redirect: &str) {
    config["hostedUi"] = json!({
        "domain": domain, "redirectSignIn": [redirect],
        "providers": [
            { "label": "Continue with Example SSO", "identityProvider": "Example", "icon": "seal.svg" },
            { "label": "Continue with the identity provider of another organisation", "identityProvider": "Other" },
        ],
    });
}

/// One visit: the app with a script and a configuration.
struct Visit<'a> {
    stage: &'a Stage,
    browser: &'a Browser,
    screens: Screens<'a>,
}

impl Visit<'_> {
    async fn open(&self, script: Script, change: impl Fn(&mut Json, &Cognito)) -> Result<Cognito, Error> {
        let cognito = Cognito::start(self.stage.origin(), script).await?;
        let mut config = cognito.config();
        change(&mut config, &cognito);
        self.screens.open(&config).await?;
        self.browser
            .wait_for("the app to have begun", "document.querySelector('main#sign-in #sign-in-to').innerText")
            .await?;
        Ok(cognito)
    }

    /// Goes to a challenge's step.
    async fn step(&self, script: Script, title: &str) -> Result<Cognito, Error> {
        let cognito = self.open(script, |config, _| by_choice(config)).await?;
        self.browser.type_into("#username", &ann().username).await?;
        self.browser.click("#sign-in-button").await?;
        self.browser.step(title).await?;
        Ok(cognito)
    }

    async fn look(&mut self, name: &str, focus: &str, said: &[&str]) -> Result<(), Error> {
        self.screens.look(name, focus, said).await
    }

    async fn press_provider(&self) -> Result<(), Error> {
        self.browser.click("#sign-in-others .quiet").await
    }
}

#[test]
fn every_screen_is_in_order() {
    if !has_devtools() {
        return;
    }
    test_from_blank(async |stage, browser| {
        let mut visit = Visit { stage, browser, screens: Screens::start(stage, browser).await? };
        first_forms(&mut visit).await?;
        what_goes_wrong_at_first(&mut visit).await?;
        challenges(&mut visit).await?;
        what_goes_wrong_at_a_step(&mut visit).await?;
        accounts(&mut visit).await?;
        visit.screens.finish();
        Ok(())
    });
}

async fn first_forms(visit: &mut Visit<'_>) -> Result<(), Error> {
    visit.open(Script::new(), |_, _| {}).await?;
    visit.look("first", "BODY", &[]).await?;
    visit.browser.type_into("#password", "Right horse 7!").await?;
    visit.browser.click("[aria-label='Show password']").await?;
    visit.browser.wait_for("the password to be shown", "document.querySelector('#password').type === 'text'").await?;
    visit.browser.client().execute("document.querySelector('#password').focus();", vec![]).await?;
    visit.look("first-password-shown", "password", &[]).await?;

    visit.open(Script::new(), |config, _| by_choice(config)).await?;
    visit.look("first-username", "BODY", &[]).await?;

    let origin = format!("{}/", visit.stage.origin());
    let only_providers = |config: &mut Json, cognito: &Cognito| {
        providers(config, cognito.hosted_ui(), &origin);
        config["passwordForm"] = json!(false);
    };
    visit.open(Script::new(), only_providers).await?;
    visit.look("first-providers", "BODY", &[]).await?;

    let everything = |config: &mut Json, cognito: &Cognito| {
        providers(config, cognito.hosted_ui(), &origin);
        config["name"] = json!("the research assistant of the Department of Applied Sciences");
        config["tokenUrl"] = json!(format!("{}/token", cognito.hosted_ui()));
        config["guestAccess"] = json!(true);
        config["signUp"] = json!({ "attributes": ["email"] });
    };
    visit.open(Script::new(), everything).await?;
    visit.look("first-everything", "BODY", &[]).await?;

    let phone = |config: &mut Json, _: &Cognito| config["usernameAttributes"] = json!(["phone_number"]);
    visit.open(Script::new(), phone).await?;
    visit.look("first-phone", "BODY", &[]).await
}

async fn what_goes_wrong_at_first(visit: &mut Visit<'_>) -> Result<(), Error> {
    let (ann, browser) = (ann(), visit.browser);
    let _cognito = visit.open(Script::new().srp(&ann).wrong_password(), |_, _| {}).await?;
    browser.submit_sign_in(&ann.username, "Wrong horse 7!").await?;
    browser.sign_in_error().await?;
    visit.look("first-wrong-password", "password", &["do not match"]).await?;

    let disabled = Script::new().srp(&ann).refuse(400, "NotAuthorizedException", "User is disabled.");
    let _cognito = visit.open(disabled, |_, _| {}).await?;
    browser.submit_sign_in(&ann.username, &ann.password).await?;
    browser.sign_in_error().await?;
    visit.look("first-disabled", "password", &["disabled"]).await?;

    let parameters = || json!({ "USERNAME": ann.username, "SRP_A": srp_a() });
    let again = Script::new().initiate("USER_SRP_AUTH", parameters()).fail(503);
    let _cognito = visit.open(again.initiate("USER_SRP_AUTH", parameters()).hold(), |_, _| {}).await?;
    browser.submit_sign_in(&ann.username, &ann.password).await?;
    browser.wait_for("the second try", "e2e.told.status.some(told => told.includes('Trying again'))").await?;
    visit.look("first-busy", "sign-in-button", &[]).await?;

    let elsewhere = |config: &mut Json, cognito: &Cognito| {
        providers(config, cognito.hosted_ui(), "https://signet.example.com/");
    };
    let _cognito = visit.open(Script::new(), elsewhere).await?;
    visit.press_provider().await?;
    browser.sign_in_error().await?;
    visit.look("first-redirect-mismatch", "username", &["cannot send you back"]).await?;

    visit.screens.open(&json!({ "functionUrl": "https://function.example/" })).await?;
    browser.fatal().await?;
    visit.look("misconfigured", "reload", &["not set up", "config.json"]).await
}

async fn challenges(visit: &mut Visit<'_>) -> Result<(), Error> {
    let ann = ann();
    let sent = |medium: &str, destination: &str| json!({ "CODE_DELIVERY_DELIVERY_MEDIUM": medium, "CODE_DELIVERY_DESTINATION": destination });
    let list = |names: &[&str]| json!(names).to_string();
    for (name, title, challenge_name, parameters) in [
        ("password", "Type your password", "PASSWORD_SRP", json!({})),
        ("code-email", "Type your code", "EMAIL_OTP", sent("EMAIL", "a***@e***")),
        ("code-sms", "Type your code", "SMS_OTP", sent("SMS", "+*********67")),
        ("code-app", "Type your code", "SOFTWARE_TOKEN_MFA", json!({})),
        (
            "select-mfa",
            "How do you want to get your code?",
            "SELECT_MFA_TYPE",
            json!({ "MFAS_CAN_CHOOSE": list(&["SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP"]) }),
        ),
        (
            "select-mfa-set-up",
            "Protect your account",
            "MFA_SETUP",
            json!({ "MFAS_CAN_SETUP": list(&["SOFTWARE_TOKEN_MFA", "EMAIL_OTP"]) }),
        ),
        ("email-set-up", "Get codes by email", "MFA_SETUP", json!({ "MFAS_CAN_SETUP": list(&["EMAIL_OTP"]) })),
        (
            "new-password",
            "Choose a new password",
            "NEW_PASSWORD_REQUIRED",
            json!({ "requiredAttributes": list(&["userAttributes.name", "userAttributes.phone_number", "userAttributes.custom:team"]) }),
        ),
        (
            "custom",
            "One more question",
            "CUSTOM_CHALLENGE",
            json!({ "question": "What is your favourite colour?", "hint": "You told us when you made this account." }),
        ),
    ] {
        let _cognito = visit.step(challenge(challenge_name, parameters), title).await?;
        visit.look(name, "step-title", &[]).await?;
    }

    let choose = json!({
        "ChallengeName": "SELECT_CHALLENGE", "Session": fresh(), "ChallengeParameters": {},
        "AvailableChallenges": ["PASSWORD_SRP", "WEB_AUTHN", "EMAIL_OTP", "SMS_OTP"],
    });
    let choose = Script::new().initiate("USER_AUTH", json!({ "USERNAME": ann.username })).answer(choose);
    let _cognito = visit.step(choose, "How do you want to sign in?").await?;
    visit.look("select-challenge", "step-title", &[]).await?;

    let _cognito = visit.step(set_up_totp(), "Set up an authenticator app").await?;
    visit.look("totp-set-up", "step-title", &[]).await
}

fn set_up_totp() -> Script {
    challenge("MFA_SETUP", json!({ "MFAS_CAN_SETUP": "[\"SOFTWARE_TOKEN_MFA\"]" }))
        .expect("AssociateSoftwareToken", json!({ "Session": session() }))
        .answer(json!({ "SecretCode": SECRET, "Session": fresh() }))
}

async fn what_goes_wrong_at_a_step(visit: &mut Visit<'_>) -> Result<(), Error> {
    let (ann, browser) = (ann(), visit.browser);
    let code = json!({ "USERNAME": ann.username, "EMAIL_OTP_CODE": "739105" });
    let by_email = || challenge("EMAIL_OTP", json!({ "CODE_DELIVERY_DESTINATION": "a***@e***" }));

    let wrong = by_email().respond("EMAIL_OTP", code.clone()).refuse(400, "CodeMismatchException", "Invalid code");
    let _cognito = visit.step(wrong, "Type your code").await?;
    browser.fill("code", "739105").await?;
    browser.submit_step().await?;
    browser.step_error().await?;
    visit.look("code-wrong", "code", &["not right"]).await?;

    let _cognito = visit.step(by_email().respond("EMAIL_OTP", code.clone()).hold(), "Type your code").await?;
    browser.fill("code", "739105").await?;
    browser.submit_step().await?;
    browser.wait_for("the code to be under way", "document.querySelector('#step-status').innerText").await?;
    visit.look("code-busy", "step-submit", &[]).await?;

    let message = "Invalid session for the user, session is expired.";
    let expired = by_email().respond("EMAIL_OTP", code).refuse(400, "NotAuthorizedException", message);
    let _cognito = visit.step(expired, "Type your code").await?;
    browser.fill("code", "739105").await?;
    browser.submit_step().await?;
    browser.sign_in_error().await?;
    visit.look("first-expired", "username", &["took too long"]).await?;

    let wrong = set_up_totp()
        .expect("VerifySoftwareToken", json!({ "Session": session(), "UserCode": "123456" }))
        .refuse(400, "EnableSoftwareTokenMFAException", "Code mismatch");
    let _cognito = visit.step(wrong, "Set up an authenticator app").await?;
    browser.fill("code", "123456").await?;
    browser.submit_step().await?;
    browser.step_error().await?;
    visit.look("totp-wrong", "code", &["not right"]).await?;

    let new_password = challenge("NEW_PASSWORD_REQUIRED", json!({ "requiredAttributes": "[\"userAttributes.name\"]" }));
    let _cognito = visit.step(new_password, "Choose a new password").await?;
    browser.fill("name", "Ann").await?;
    browser.fill("new-password", "short").await?;
    browser.submit_step().await?;
    browser.step_error().await?;
    browser.type_into("#new-password", "Short 1").await?;
    visit.look("new-password-weak", "new-password", &["does not follow"]).await?;

    let passkey =
        || challenge("WEB_AUTHN", json!({ "CREDENTIAL_REQUEST_OPTIONS": Passkey::new("ann").request_options() }));
    let authenticator = browser.add_authenticator().await?;
    authenticator.set_present(false).await?;
    let _cognito = visit.step(passkey(), "Use your passkey").await?;
    visit.look("passkey", "step-title", &[]).await?;

    authenticator.set_present(true).await?;
    authenticator.set_user_verified(false).await?;
    let _cognito = visit.step(passkey(), "Use your passkey").await?;
    browser.step_error().await?;
    visit.look("passkey-refused", "step-title", &["No passkey was used"]).await
}

async fn accounts(visit: &mut Visit<'_>) -> Result<(), Error> {
    let (ann, browser) = (ann(), visit.browser);
    let sent = json!({ "DeliveryMedium": "EMAIL", "Destination": "a***@e***", "AttributeName": "email" });
    let attributes = ["email", "phone_number", "name", "birthdate", "website", "zoneinfo", "custom:favourite_team"];
    let sign_up = |script: Script| {
        let attributes = json!([{ "Name": "email", "Value": ann.username }]);
        let body =
            json!({ "ClientId": CLIENT, "Username": "ann", "Password": ann.password, "UserAttributes": attributes });
        script.expect("SignUp", body)
    };
    let with_sign_up = |attributes: &[&str], verification: &'static str| {
        let sign_up = json!({ "attributes": attributes, "verification": verification });
        move |config: &mut Json, _: &Cognito| config["signUp"] = sign_up.clone()
    };
    let fill = async || {
        browser.press("Create an account").await?;
        browser.step("Create an account").await?;
        browser.fill("username", "ann").await?;
        browser.fill("new-password", &ann.password).await?;
        browser.fill("email", &ann.username).await?;
        browser.submit_step().await
    };

    let _cognito = visit.open(Script::new(), with_sign_up(&attributes, "code")).await?;
    browser.press("Create an account").await?;
    browser.step("Create an account").await?;
    visit.look("sign-up", "step-title", &[]).await?;

    let taken = sign_up(Script::new()).refuse(400, "UsernameExistsException", "User already exists");
    let _cognito = visit.open(taken, with_sign_up(&["email"], "code")).await?;
    fill().await?;
    browser.step_error().await?;
    visit.look("sign-up-taken", "username", &["exists"]).await?;

    for (name, verification) in [("confirm-code", "code"), ("confirm-link", "link")] {
        let answer =
            json!({ "UserConfirmed": false, "UserSub": ann.user_id, "CodeDeliveryDetails": sent, "Session": fresh() });
        let _cognito =
            visit.open(sign_up(Script::new()).answer(answer), with_sign_up(&["email"], verification)).await?;
        fill().await?;
        browser.step("Confirm your account").await?;
        visit.look(name, "step-title", &[]).await?;
    }

    let forgot = Script::new()
        .expect("ForgotPassword", json!({ "ClientId": CLIENT, "Username": ann.username }))
        .answer(json!({ "CodeDeliveryDetails": sent }));
    let _cognito = visit.open(forgot, |_, _| {}).await?;
    browser.press("Forgot your password?").await?;
    browser.step("Reset your password").await?;
    visit.look("forgot", "step-title", &[]).await?;
    browser.fill("username", &ann.username).await?;
    browser.submit_step().await?;
    browser.step("Set a new password").await?;
    visit.look("reset", "step-title", &[]).await?;

    let confirm = json!({
        "AccessToken": access_token(), "DeviceKey": device_key(), "DeviceName": any(),
        "DeviceSecretVerifierConfig": { "Salt": device_salt(), "PasswordVerifier": device_verifier() },
    });
    let tokens = Tokens::of(json!({})).new_device("eu-central-1_key", "-group");
    let asks = json!({ "UserConfirmationNecessary": true });
    let script = Script::new().srp(&ann).tokens(tokens).expect("ConfirmDevice", confirm).answer(asks);
    let _cognito = visit.open(script, |_, _| {}).await?;
    browser.submit_sign_in(&ann.username, &ann.password).await?;
    browser.step("Remember this device?").await?;
    visit.look("remember-device", "step-title", &[]).await
}
