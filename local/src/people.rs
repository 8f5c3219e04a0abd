//! Who has an account.

use serde_json::{Value, json};

use crate::aws::{self, Aws};

/// Somebody with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// The e-mail address to sign in with.
    pub username: &'static str,
    /// The password, which is not secret.
    pub password: &'static str,
    /// Whether they are in the group that may call the function URL.
    pub in_group: bool,
}

/// The people who can sign in from the start.
pub(crate) const USERS: [User; 2] = [
    User { username: "alice@example.com", password: "Alice-may-ask-1", in_group: true },
    User { username: "bob@example.com", password: "Bob-may-not-ask-1", in_group: false },
];

/// The person who was invited and has not signed in yet.
pub(crate) const INVITED: User = User { username: "carol@example.com", password: "Carol-first-time-1", in_group: true };

/// Whether a password stays valid or has to be changed at the first sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Password {
    Permanent,
    Temporary,
}

/// Creates an account, replacing any that has the same name.
pub(crate) async fn create(aws: &Aws, user_pool: &str, user: User, kind: Password) -> Result<(), aws::Error> {
    let User { username, password, in_group } = user;
    let call = async |operation: &str, mut input: Value| {
        input["UserPoolId"] = user_pool.into();
        input["Username"] = username.into();
        idp(aws, operation, &input).await
    };
    match call("AdminDeleteUser", json!({})).await {
        // A refusal means that there was no such account.
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

/// Calls an operation of the user pools.
pub(crate) async fn idp(aws: &Aws, operation: &str, input: &Value) -> Result<Value, aws::Error> {
    aws.operation("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), input).await
}
