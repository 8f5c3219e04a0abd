//! Who has an account, and what an administrator can do with it.

use std::time::{SystemTime, UNIX_EPOCH};

use hyper::Request;
use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::aws::{self, Aws};
use crate::gateway::Gateway;
use crate::stack::Error;
use crate::totp::totp_code;

/// Somebody with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// The e-mail address to sign in with.
    pub username: &'static str,
    /// The password, which is no secret.
    pub password: &'static str,
    /// Whether they are in the group that may call the function URL.
    pub in_group: bool,
}

pub(crate) const USERS: [User; 2] = [
    User { username: "alice@example.com", password: "Alice-may-ask-1", in_group: true },
    User { username: "bob@example.com", password: "Bob-may-not-ask-1", in_group: false },
];

pub(crate) const INVITED: User = User { username: "carol@example.com", password: "Carol-first-time-1", in_group: true };

/// Whether a password is somebody's for good or only for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Password {
    Permanent,
    Temporary,
}

/// Makes an account, in place of the one that had the name.
pub(crate) async fn create(aws: &Aws, user_pool: &str, user: User, kind: Password) -> Result<(), aws::Error> {
    let User { username, password, in_group } = user;
    let call = async |operation: &str, mut input: Value| {
        input["UserPoolId"] = user_pool.into();
        input["Username"] = username.into();
        idp(aws, operation, &input).await
    };
    match call("AdminDeleteUser", json!({})).await {
        // There was none.
        Ok(_) | Err(aws::Error::Refused { .. }) => {}
        Err(error) => return Err(error),
    }
    let attributes = json!([{ "Name": "email", "Value": username }, { "Name": "email_verified", "Value": "true" }]);
    let account = json!({ "MessageAction": "SUPPRESS", "UserAttributes": attributes, "TemporaryPassword": password });
    call("AdminCreateUser", account).await?;
    if kind == Password::Permanent {
        call("AdminSetUserPassword", json!({ "Password": password, "Permanent": true })).await?;
    }
    if in_group {
        call("AdminAddUserToGroup", json!({ "GroupName": "function-url-access" })).await?;
    }
    Ok(())
}

/// What an administrator does, for tests.
impl Gateway {
    /// Makes an account with this password, in place of the one that had the name.
    ///
    /// # Errors
    /// MiniStack does not answer, or refuses.
    pub async fn add(&self, user: User) -> Result<(), Error> {
        Ok(create(&self.0.aws, &self.0.user_pool, user, Password::Permanent).await?)
    }

    /// The same with a temporary password: `NEW_PASSWORD_REQUIRED` comes at the next sign-in.
    ///
    /// # Errors
    /// MiniStack does not answer, or refuses.
    pub async fn invite(&self, user: User) -> Result<(), Error> {
        Ok(create(&self.0.aws, &self.0.user_pool, user, Password::Temporary).await?)
    }

    /// Sets up an authenticator app for somebody who has this password: `SOFTWARE_TOKEN_MFA` comes at the next sign-in. Returns the
    /// secret that [`totp_code`] takes.
    ///
    /// # Errors
    /// MiniStack does not answer, or refuses.
    pub async fn require_totp(&self, user: User) -> Result<String, Error> {
        let aws = &self.0.aws;
        let pool = self.0.user_pool.as_str();
        // The app's own client does not take passwords as they are, so there is one for the moment that does.
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

    /// The code in the last message that was sent to an e-mail address; `None` if there is no message, or no code in it.
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

async fn idp(aws: &Aws, operation: &str, input: &Value) -> Result<Value, aws::Error> {
    aws.operation("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), input).await
}

/// `sent` is MiniStack's list of all messages, by account, in the order in which they were sent.
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
    fn the_last_message_to_an_address_has_the_code() {
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
