//! The end of a sign-in: the tokens, and the device that the user pool may remember.

use super::keep::{Device, USERNAME, device_key};
use super::{Call, Outcome, SignIn};
use crate::core::config::UserPool;
use crate::core::env::Env;
use crate::core::fault::Busy;
use crate::core::question::{Question, REMEMBER_DEVICE};
use signet_cognito::http::Response;
use signet_cognito::{self as cognito, DeviceSecret, Secret, Tokens};

impl SignIn {
    pub(super) fn signed_in(&mut self, env: &mut Env<'_>, pool: &UserPool, mut tokens: Tokens) -> Option<Outcome> {
        let Some(new) = tokens.new_device.take() else { return Some(self.done(env, tokens)) };
        let DeviceSecret { password, salt_base64, verifier_base64 } =
            cognito::device_verifier(&new.group_key, &new.key, &env.random.bytes());
        let device = Device { key: new.key, group_key: new.group_key, password };
        let request =
            cognito::confirm_device(&pool.api, &tokens.access, &device.key, "Signet", &salt_base64, &verifier_base64);
        self.send(env, request, Call::ConfirmDevice(tokens, device), Question::sign_in(), Busy::SigningIn);
        None
    }

    pub(super) fn device_confirmed(
        &mut self,
        env: &mut Env<'_>,
        pool: &UserPool,
        response: Response,
        tokens: Tokens,
        device: Device,
    ) -> Option<Outcome> {
        // An unconfirmed device costs only a second factor next time.
        let Ok(asks) = cognito::read_device_confirmed(response) else { return Some(self.done(env, tokens)) };
        env.remember(device_key(pool, &self.username), device.to_json());
        self.device = Some(device);
        if !asks {
            return Some(self.done(env, tokens));
        }
        self.tokens = Some(tokens);
        self.ask_new(env, Question::own(REMEMBER_DEVICE, &[]));
        None
    }

    pub(super) fn done(&self, env: &mut Env<'_>, tokens: Tokens) -> Outcome {
        if env.config.user_pool.as_ref().is_some_and(|pool| pool.passkey_autofill) {
            env.remember(USERNAME.to_owned(), Secret::new(self.username.clone()));
        }
        let device_key = self.device.as_ref().map(|device| device.key.clone());
        Outcome::Tokens { id: tokens.id, refresh: tokens.refresh, device_key, hosted: false }
    }

    pub(super) fn known_device(&self, env: &Env<'_>) -> Option<Device> {
        let key = device_key(env.config.user_pool.as_ref()?, &self.username);
        Device::from_json(env.memory.get(&key)?.expose())
    }
}
