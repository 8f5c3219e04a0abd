//! The checks of a user pool that MiniStack lacks: a challenge is answered in its session, a new password set during sign-in follows the
//! policy, and people may sign up.
//!
//! Sources: `RespondToAuthChallenge`, `SignUp` and `PasswordPolicyType` in the API reference.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::aws::{self, Aws};

/// AWS's error and a message.
pub(crate) type Refusal = (&'static str, String);

/// The unanswered challenges, by session.
#[derive(Debug, Default)]
pub(crate) struct Sessions(HashMap<String, Pending>);

#[derive(Debug)]
struct Pending {
    challenge: String,
    username: String,
    expired: bool,
}

impl Sessions {
    /// Records the challenge in an answer of the user pool, if there is one.
    pub(crate) fn open(&mut self, answer: &Value) {
        if let (Some(session), Some(challenge), Some(username)) = (
            answer["Session"].as_str(),
            answer["ChallengeName"].as_str(),
            answer["ChallengeParameters"]["USER_ID_FOR_SRP"].as_str(),
        ) {
            let pending = Pending { challenge: challenge.to_owned(), username: username.to_owned(), expired: false };
            self.0.insert(session.to_owned(), pending);
        }
    }

    /// Ends a session: its challenge has been answered.
    pub(crate) fn close(&mut self, session: &str) {
        self.0.remove(session);
    }

    /// Makes all unanswered challenges expire.
    pub(crate) fn expire(&mut self) {
        self.0.values_mut().for_each(|pending| pending.expired = true);
    }

    /// Whether this challenge may be answered in this session for this person.
    fn check(&self, session: &str, challenge: &str, username: &str) -> Result<(), Refusal> {
        let refuse = |message: &str| Err(("NotAuthorizedException", message.to_owned()));
        match self.0.get(session) {
            Some(pending) if pending.expired => refuse("Invalid session for the user, session is expired."),
            Some(pending) if pending.challenge == challenge && pending.username == username => Ok(()),
            _ => refuse("Invalid session for the user."),
        }
    }
}

/// The challenges whose answers MiniStack accepts without a session.
const UNCHECKED: [&str; 3] = ["NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"];

/// The user pool's own name for the person whose challenge is answered, or `None` if MiniStack checks this challenge itself.
pub(crate) async fn answered_for(aws: &Aws, user_pool: &str, input: &Value) -> Result<Option<String>, aws::Error> {
    let challenge = input["ChallengeName"].as_str().unwrap_or_default();
    if !UNCHECKED.contains(&challenge) {
        return Ok(None);
    }
    let who = json!({ "UserPoolId": user_pool, "Username": input["ChallengeResponses"]["USERNAME"] });
    match aws.operation("cognito-idp", "AWSCognitoIdentityProviderService.AdminGetUser", &who).await {
        Ok(user) => Ok(Some(user["Username"].as_str().unwrap_or_default().to_owned())),
        Err(aws::Error::Refused { .. }) => Ok(Some(String::new())),
        Err(error) => Err(error),
    }
}

/// Whether an answer to a challenge may go to MiniStack. `pool` is `UserPool` of `DescribeUserPool`.
pub(crate) fn check_answer(sessions: &Sessions, pool: &Value, username: &str, input: &Value) -> Result<(), Refusal> {
    let challenge = input["ChallengeName"].as_str().unwrap_or_default();
    sessions.check(input["Session"].as_str().unwrap_or_default(), challenge, username)?;
    if challenge == "NEW_PASSWORD_REQUIRED" {
        let password = input["ChallengeResponses"]["NEW_PASSWORD"].as_str().unwrap_or_default();
        if let Some(violation) = violation(password, &pool["Policies"]["PasswordPolicy"]) {
            let message = format!("Password did not conform with policy: {violation}");
            return Err(("InvalidPasswordException", message));
        }
    }
    Ok(())
}

/// How a password violates the policy.
fn violation(password: &str, policy: &Value) -> Option<&'static str> {
    let lacks = |required: &str, is_one: fn(&char) -> bool| {
        policy[required] == true && !password.chars().any(|character| is_one(&character))
    };
    if (password.chars().count() as u64) < policy["MinimumLength"].as_u64().unwrap_or(8) {
        Some("Password not long enough")
    } else if lacks("RequireLowercase", char::is_ascii_lowercase) {
        Some("Password must have lowercase characters")
    } else if lacks("RequireUppercase", char::is_ascii_uppercase) {
        Some("Password must have uppercase characters")
    } else if lacks("RequireNumbers", char::is_ascii_digit) {
        Some("Password must have numeric characters")
    } else if lacks("RequireSymbols", char::is_ascii_punctuation) {
        Some("Password must have symbol characters")
    } else {
        None
    }
}

/// Whether people may sign up. `pool` is `UserPool` of `DescribeUserPool`.
pub(crate) fn check_sign_up(pool: &Value) -> Result<(), Refusal> {
    if pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] == true {
        return Err(("NotAuthorizedException", "SignUp is not permitted for this user pool".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> Sessions {
        let mut sessions = Sessions::default();
        sessions.open(&json!({
            "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s", "ChallengeParameters": { "USER_ID_FOR_SRP": "u" }
        }));
        sessions
    }

    #[test]
    fn a_session_is_good_for_one_challenge_of_one_person_once() {
        let refused = |checked: Result<(), Refusal>| checked.unwrap_err().1;
        let mut sessions = sessions();
        assert_eq!(sessions.check("s", "SOFTWARE_TOKEN_MFA", "u"), Ok(()));
        assert_eq!(refused(sessions.check("s", "NEW_PASSWORD_REQUIRED", "u")), "Invalid session for the user.");
        assert_eq!(refused(sessions.check("s", "SOFTWARE_TOKEN_MFA", "v")), "Invalid session for the user.");
        sessions.expire();
        let expired = "Invalid session for the user, session is expired.";
        assert_eq!(refused(sessions.check("s", "SOFTWARE_TOKEN_MFA", "u")), expired);
        sessions.close("s");
        assert_eq!(refused(sessions.check("s", "SOFTWARE_TOKEN_MFA", "u")), "Invalid session for the user.");
    }

    #[test]
    fn an_answer_with_tokens_opens_no_session() {
        let mut sessions = Sessions::default();
        sessions.open(&json!({ "AuthenticationResult": {} }));
        assert!(sessions.0.is_empty());
    }

    #[test]
    fn a_new_password_has_to_follow_the_policy() {
        let policy = json!({
            "MinimumLength": 8, "RequireLowercase": true, "RequireUppercase": true, "RequireNumbers": true,
            "RequireSymbols": true
        });
        assert_eq!(violation("Abcdef1!", &policy), None);
        assert_eq!(violation("Abcde1!", &policy), Some("Password not long enough"));
        assert_eq!(violation("ABCDEF1!", &policy), Some("Password must have lowercase characters"));
        assert_eq!(violation("abcdef1!", &policy), Some("Password must have uppercase characters"));
        assert_eq!(violation("Abcdefg!", &policy), Some("Password must have numeric characters"));
        assert_eq!(violation("Abcdefg1", &policy), Some("Password must have symbol characters"));
        assert_eq!(violation("abcdefgh", &json!({ "MinimumLength": 8 })), None);
    }
}
