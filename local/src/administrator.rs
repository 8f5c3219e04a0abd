//! What an administrator can do with accounts, for tests.

use std::time::{SystemTime, UNIX_EPOCH};

use hyper::Request;
use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::aws;
use crate::gateway::Gateway;
use crate::people::{Password, User, create, idp};
use crate::stack::Error;
use crate::totp::totp_code;

impl Gateway {
    /// Creates an account with this password, replacing any that has the same name.
    ///
    /// # Errors
    /// MiniStack does not answer, or refuses.
    pub async fn add(&self, user: User) -> Result<(), Error> {
        Ok(create(&self.0.aws, &self.0.user_pool, user, Password::Permanent).await?)
    }

    /// Like [`Gateway::add`], with a temporary password: the next sign-in gets the challenge `NEW_PASSWORD_REQUIRED`.
    ///
    /// # Errors
    /// MiniStack does not answer, or refuses.
    pub async fn invite(&self, user: User) -> Result<(), Error> {
        Ok(create(&self.0.aws, &self.0.user_pool, user, Password::Temporary).await?)
    }

    /// Sets up an authenticator app for somebody with this password: the next sign-in gets the challenge `SOFTWARE_TOKEN_MFA`. Returns
    /// the secret for [`totp_code`].
    ///
    /// # Errors
    /// MiniStack does not answer, or refuses.
    pub async fn require_totp(&self, user: User) -> Result<String, Error> {
        let aws = &self.0.aws;
        let pool = self.0.user_pool.as_str();
        // The app's own client does not accept plain passwords, so this uses a temporary one that does.
        let flows = json!({
            "UserPoolId": pool, "ClientName": "administrator", "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        });
        let client = idp(aws, "CreateUserPoolClient", &flows).await?["UserPoolClient"]["ClientId"].take();
        let parameters = json!({ "USERNAME": user.username, "PASSWORD": user.password });
        let sign_in = json!({
            "UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters
        });
        let signed_in = idp(aws, "AdminInitiateAuth", &sign_in).await;
        idp(aws, "DeleteUserPoolClient", &json!({ "UserPoolId": pool, "ClientId": client })).await?;
        let token = signed_in?["AuthenticationResult"]["AccessToken"].take();
        let associated = idp(aws, "AssociateSoftwareToken", &json!({ "AccessToken": token })).await?;
        let secret = associated["SecretCode"].as_str().unwrap_or_default().to_owned();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let code = json!({ "AccessToken": token, "UserCode": totp_code(&secret, now) });
        idp(aws, "VerifySoftwareToken", &code).await?;
        let preference = json!({
            "AccessToken": token, "SoftwareTokenMfaSettings": { "Enabled": true, "PreferredMfa": true }
        });
        idp(aws, "SetUserMFAPreference", &preference).await?;
        Ok(secret)
    }

    /// The code in the last message to an e-mail address; `None` if there is no message, or no code in it.
    ///
    /// # Errors
    /// MiniStack does not answer.
    pub async fn last_code(&self, email: &str) -> Result<Option<String>, Error> {
        let path = "/_ministack/ses/messages";
        let request = Request::get(path).body(Bytes::new()).map_err(|_| aws::Error::Unexpected(path.to_owned()))?;
        let answer = self.0.aws.pass(request).await?;
        let sent: Value = serde_json::from_slice(answer.body()).map_err(|_| aws::Error::Unexpected(path.to_owned()))?;
        Ok(last_code(&sent, email))
    }
}

/// `sent` is MiniStack's list of all messages by account, oldest first.
fn last_code(sent: &Value, email: &str) -> Option<String> {
    let accounts = sent["messages"].as_object()?;
    let mut messages = accounts.values().filter_map(Value::as_array).flatten();
    let to = |message: &&Value| message["To"].as_array().is_some_and(|to| to.iter().any(|to| to == email));
    let text = messages.rfind(to)?["BodyText"].as_str()?;
    let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|digit| digit.is_ascii_digit());
    text.split(|c: char| !c.is_ascii_alphanumeric()).find(is_code).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_in_the_last_message_to_the_address() {
        let message = |to: &str, text: &str| json!({ "To": [to], "BodyText": text });
        let messages = json!([
            message("a@example.com", "Your verification code is 111111."),
            message("a@example.com", "Your verification code is 222222."),
            message("b@example.com", "Your username is 1234567 and temporary password is secret."),
        ]);
        let sent = json!({ "messages": { "000000000000": messages } });
        assert_eq!(last_code(&sent, "a@example.com").as_deref(), Some("222222"));
        assert_eq!(last_code(&sent, "b@example.com"), None);
        assert_eq!(last_code(&sent, "c@example.com"), None);
        assert_eq!(last_code(&Value::Null, "a@example.com"), None);
    }
}
