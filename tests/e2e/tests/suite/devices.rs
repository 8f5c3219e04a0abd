//! Devices that the user pool remembers: this browser proves that it is one in place of a second factor.

use serde_json::{Value as Json, json};
use signet_e2e::cognito::{Cognito, Script, access_token, any, device_key, device_salt, device_verifier, srp_a};
use signet_e2e::{Browser, Error, Stage, test_from_blank};

use crate::flow::{
    ann, answered, asks, expired, is_left, new_tab, open, sign_out_leaves, signed_in_without_a_trace, tokens,
};

const DEVICE: &str = "eu-central-1_a1b2c3d4-5678-90ab-cdef-EXAMPLE22222";

/// The password, and tokens for a device that the pool does not know yet.
fn new_device() -> Script {
    Script::new().srp(&ann()).tokens(tokens().new_device(DEVICE, "-GrOuPkEy"))
}

/// The password, told with the device, whose proof is asked for then.
fn known_device() -> Script {
    let ann = ann();
    with_device()
        .password_verifier(&ann)
        .password_proof(&ann)
        .also("/ChallengeResponses/DEVICE_KEY", device_key())
        .challenge("DEVICE_SRP_AUTH", json!({ "USERNAME": ann.user_id }))
        .device_srp(&ann)
        .tokens(tokens())
}

/// The first request, with the device.
fn with_device() -> signet_e2e::cognito::Pending {
    let parameters = json!({ "USERNAME": ann().username, "SRP_A": srp_a(), "DEVICE_KEY": device_key() });
    Script::new().initiate("USER_SRP_AUTH", parameters)
}

async fn sign_in(browser: &Browser) -> Result<(), Error> {
    browser.submit_sign_in(&ann().username, &ann().password).await
}

async fn start(stage: &Stage, browser: &Browser, script: Script) -> Result<Cognito, Error> {
    let cognito = Cognito::start(stage.origin(), script).await?;
    open(stage, browser, &cognito.config()).await?;
    Ok(cognito)
}

#[test]
fn a_remembered_device_proves_itself_in_a_new_tab() {
    test_from_blank(async |stage, browser| {
        let script = new_device().confirm_device().identity_pool().then(known_device()).identity_pool();
        // The refresh token is this device's.
        let script = expired(script).refresh().also("/DeviceKey", device_key()).tokens(tokens()).credentials();
        let cognito = start(stage, browser, answered(script).revoke()).await?;
        sign_in(browser).await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        new_tab(stage, browser).await?;
        sign_in(browser).await?;
        browser.signed_in().await?;
        asks(browser).await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        browser.click("#sign-out").await?;
        browser.signed_out().await?;
        // The other tab is still signed in.
        cognito.finish().await
    });
}

#[test]
fn a_remembered_device_outlives_the_sign_out() {
    test_from_blank(async |stage, browser| {
        let script =
            new_device().confirm_device().identity_pool().revoke().then(known_device()).identity_pool().revoke();
        let cognito = start(stage, browser, script).await?;
        sign_in(browser).await?;
        browser.signed_in().await?;
        sign_out_leaves(browser, 1).await?;
        // Nobody's name is on it: with another username there is no device.
        sign_in(browser).await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        sign_out_leaves(browser, 1).await?;
        cognito.finish().await
    });
}

/// Where the pool leaves it to the person.
fn the_person_decides(choice: &str, status: &str) {
    test_from_blank(async |stage, browser| {
        let confirm = json!({
            "AccessToken": access_token(), "DeviceKey": device_key(), "DeviceName": any(),
            "DeviceSecretVerifierConfig": { "Salt": device_salt(), "PasswordVerifier": device_verifier() },
        });
        let update: Json =
            json!({ "AccessToken": access_token(), "DeviceKey": device_key(), "DeviceRememberedStatus": status });
        let script = new_device()
            .expect("ConfirmDevice", confirm)
            .answer(json!({ "UserConfirmationNecessary": true }))
            .expect("UpdateDeviceStatus", update)
            .answer(json!({}))
            .identity_pool()
            .revoke();
        let cognito = start(stage, browser, script).await?;
        sign_in(browser).await?;
        browser.step("Remember this device?").await?;
        browser.picture(&format!("devices-{choice}")).await?;
        browser.choose_option("choice", choice).await?;
        browser.submit_step().await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        sign_out_leaves(browser, 1).await?;
        cognito.finish().await
    });
}

#[test]
fn a_device_is_remembered_if_the_person_says_so() {
    the_person_decides("yes", "remembered");
}

#[test]
fn a_device_is_not_remembered_if_the_person_says_no() {
    the_person_decides("no", "not_remembered");
}

#[test]
fn a_device_that_cannot_be_confirmed_costs_nothing() {
    test_from_blank(async |stage, browser| {
        let confirm = json!({
            "AccessToken": access_token(), "DeviceKey": device_key(), "DeviceName": any(),
            "DeviceSecretVerifierConfig": { "Salt": device_salt(), "PasswordVerifier": device_verifier() },
        });
        let script = new_device()
            .expect("ConfirmDevice", confirm)
            .refuse(400, "InvalidParameterException", "Device cannot be confirmed.")
            .identity_pool()
            .revoke();
        let cognito = start(stage, browser, script).await?;
        sign_in(browser).await?;
        browser.signed_in().await?;
        sign_out_leaves(browser, 0).await?;
        cognito.finish().await
    });
}

#[test]
fn a_device_that_the_pool_forgot_is_forgotten() {
    test_from_blank(async |stage, browser| {
        let script = new_device()
            .confirm_device()
            .identity_pool()
            .revoke()
            .then(with_device().refuse(400, "ResourceNotFoundException", "Device does not exist."))
            .srp(&ann())
            .tokens(tokens())
            .identity_pool()
            .revoke();
        let cognito = start(stage, browser, script).await?;
        sign_in(browser).await?;
        browser.signed_in().await?;
        sign_out_leaves(browser, 1).await?;
        sign_in(browser).await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        is_kept_no_more(browser).await?;
        sign_out_leaves(browser, 0).await?;
        cognito.finish().await
    });
}

/// Only the session is left.
async fn is_kept_no_more(browser: &Browser) -> Result<(), Error> {
    let kept = crate::flow::kept(browser).await?;
    assert_eq!((kept.records, kept.memory, kept.plain), (1, 0, 0));
    Ok(())
}

/// The proof is refused: what this browser keeps of the device is wrong.
#[test]
fn a_device_whose_proof_is_refused_is_forgotten() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = new_device().confirm_device().identity_pool().revoke().then(
            with_device()
                .password_verifier(&ann)
                .password_proof(&ann)
                .also("/ChallengeResponses/DEVICE_KEY", device_key())
                .challenge("DEVICE_SRP_AUTH", json!({ "USERNAME": ann.user_id }))
                .device_srp(&ann)
                .refuse(400, "NotAuthorizedException", "Incorrect username or password."),
        );
        let cognito = start(stage, browser, script.srp(&ann).tokens(tokens()).identity_pool()).await?;
        sign_in(browser).await?;
        browser.signed_in().await?;
        sign_out_leaves(browser, 1).await?;
        sign_in(browser).await?;
        assert!(browser.sign_in_error().await?.contains("Start again"));
        browser.picture("devices-refused").await?;
        is_left(browser, 0).await?;
        browser.type_into("#password", &ann.password).await?;
        browser.click("#sign-in-button").await?;
        signed_in_without_a_trace(browser, &cognito).await?;
        cognito.finish().await
    });
}
