//! What went wrong, in sentences: what happened and what to do next.

use super::BROKEN_RULE;
use crate::core::fault::{Fault, FieldFault, Service};
use crate::protocol::Notice;
use signet_cognito::hosted_ui::CallbackFault;
use signet_stream::CRC_MISMATCH;

pub fn service(service: Service) -> &'static str {
    match service {
        Service::UserPool => "the sign-in service",
        Service::IdentityPool => "the identity pool",
        Service::FunctionUrl => "the AI endpoint",
        Service::Sts => "the service that issues keys",
        Service::HostedUi => "the sign-in page's service",
    }
}

/// AWS's exceptions by name, with a title and a sentence for people. `WHOM` stands for the contact. Exceptions that need more than a name are faults of their own.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html>
const CODES: [(&str, &str, &str); 33] = [
    ("CodeMismatchException", "Wrong code", "That code is not right. Check it and type it again."),
    (
        "EnableSoftwareTokenMFAException",
        "Wrong code",
        "That code is not right. Check that this device's clock is right, then type the newest code of your authenticator app.",
    ),
    ("ExpiredCodeException", "Old code", "That code is not valid any more. Ask for another and type that one."),
    (
        "InvalidPasswordException",
        "Password",
        "This password was not accepted. Choose a longer one that follows every rule in the list.",
    ),
    ("PasswordHistoryPolicyViolationException", "Password", "This password was used before. Choose another."),
    ("UsernameExistsException", "Taken", "An account with this name already exists. Sign in, or choose another name."),
    (
        "AliasExistsException",
        "Taken",
        "Another account uses this email address or phone number. Sign in with that one, or use another.",
    ),
    (
        "CodeDeliveryFailureException",
        "Not sent",
        "The code could not be sent. Check the address or the number, then try again.",
    ),
    (
        "InvalidEmailRoleAccessPolicyException",
        "Not set up",
        "The sign-in service is not allowed to send email. Ask WHOM to allow it.",
    ),
    (
        "InvalidSmsRoleAccessPolicyException",
        "Not set up",
        "The sign-in service is not allowed to send text messages. Ask WHOM to allow it.",
    ),
    (
        "InvalidSmsRoleTrustRelationshipException",
        "Not set up",
        "The sign-in service is not allowed to send text messages. Ask WHOM to allow it.",
    ),
    ("UnexpectedLambdaException", "Not working", "This app's own check is not working. Try again later, or tell WHOM."),
    (
        "InvalidLambdaResponseException",
        "Not working",
        "This app's own check is not working. Try again later, or tell WHOM.",
    ),
    (
        "SoftwareTokenMFANotFoundException",
        "Not set up",
        "No authenticator app is set up for this account. Ask WHOM to reset its second step.",
    ),
    ("MFAMethodNotFoundException", "Not set up", "This account has no way to get a code. Ask WHOM to set one up."),
    (
        "InvalidUserPoolConfigurationException",
        "Not set up",
        "The settings of the sign-in service do not allow this. Ask WHOM to check them.",
    ),
    (
        "UserPoolAddOnNotEnabledException",
        "Not set up",
        "The plan of the sign-in service does not include this. Ask WHOM to check it.",
    ),
    ("ForbiddenException", "Blocked", "A firewall blocked this request. Try from another network, or ask WHOM."),
    (
        "UnsupportedTokenTypeException",
        "Not set up",
        "The sign-in service does not take this kind of token. Ask WHOM to check the app client.",
    ),
    (
        "UnauthorizedException",
        "Refused",
        "This app is not allowed to do that. Ask WHOM to check the app client's settings.",
    ),
    ("WebAuthnNotEnabledException", "No passkeys", "Passkeys are not turned on here. Sign in another way."),
    (
        "WebAuthnConfigurationMissingException",
        "No passkeys",
        "Passkeys are not set up completely here. Sign in another way, or ask WHOM.",
    ),
    ("WebAuthnChallengeNotFoundException", "Too late", "That took too long. Use your passkey again."),
    (
        "WebAuthnRelyingPartyMismatchException",
        "No passkeys",
        "Passkeys are set up for a different address, not this page's. Sign in another way, or ask WHOM.",
    ),
    (
        "WebAuthnClientMismatchException",
        "No passkeys",
        "Passkeys are set up for a different app client. Sign in another way, or ask WHOM.",
    ),
    (
        "WebAuthnOriginNotAllowedException",
        "No passkeys",
        "Passkeys are not allowed at this page's address. Sign in another way, or ask WHOM.",
    ),
    (
        "WebAuthnCredentialNotSupportedException",
        "No passkeys",
        "This passkey is of a kind that is not accepted here. Use another, or sign in another way.",
    ),
    (
        "ResourceConflictException",
        "Two identities",
        "This account already belongs to another identity. Ask WHOM to separate them.",
    ),
    (
        "InvalidIdentityPoolConfigurationException",
        "Not set up",
        "The identity pool has no usable role for this account. Ask WHOM to check the role and its trust policy.",
    ),
    ("ExternalServiceException", "Not working", "The provider you signed in with is not answering. Try again later."),
    ("InvalidIdentityTokenException", "Refused", "The token was not accepted. Sign in again."),
    ("ExpiredTokenException", "Too late", "The token has expired. Sign in again."),
    ("invalid_grant", "Too late", "The sign-in page's reply was already used, or it came too late. Start again."),
];

/// A fault's notice. `contact` comes from the configuration.
#[allow(clippy::too_many_lines)] // A table, one row a fault.
pub fn notice(fault: &Fault, contact: Option<&str>) -> Notice {
    let whom = contact.unwrap_or("whoever runs this app");
    let (title, text, request_id) = match fault {
        Fault::WrongPassword => {
            ("Not signed in", "That username and password do not match. Check both and try again.".into(), None)
        }
        Fault::WrongAnswer => ("Not accepted", "That was not accepted. Start again.".into(), None),
        Fault::UnknownUser => ("No account", "There is no account with that name. Check it and try again.".into(), None),
        Fault::TooManyAttempts => {
            ("Locked for now", "Too many attempts. Wait up to 15 minutes, then try again.".into(), None)
        }
        Fault::Field { why: FieldFault::Empty, .. } => ("Missing", "Fill in this field.".into(), None),
        Fault::Field { why: FieldFault::Policy, .. } => {
            ("Password", BROKEN_RULE.into(), None)
        }
        Fault::SignInExpired => (
            "Too late",
            "This sign-in took too long, or a step of it was sent twice. Start again; your username is kept.".into(),
            None,
        ),
        Fault::Disabled => ("Disabled", format!("This account is disabled. Ask {whom} to enable it."), None),
        Fault::TemporaryPasswordExpired => (
            "Password expired",
            format!("The password you were given was not used in time. Ask {whom} for a new one."),
            None,
        ),
        Fault::ClientSecret => (
            "Not set up",
            "This app client has a secret, and a page cannot keep one. An administrator must choose an app client \
             without a secret in config.json."
                .into(),
            None,
        ),
        Fault::PasskeyRefused => ("No passkey", "No passkey was used. Try again, or sign in another way.".into(), None),
        Fault::PasskeyUnsupported => ("No passkeys", "This browser does not support passkeys. Sign in another way.".into(), None),
        Fault::Redirect(mismatch) => (
            "Not set up",
            format!(
                "The sign-in page cannot send you back here: this page's address is {}, but the registered address is {}. They must be exactly the same. \
                 Open the registered address, or ask {whom} to register this one.",
                mismatch.page,
                mismatch.registered.first().map_or("missing", String::as_str)
            ),
            None,
        ),
        Fault::NotKept => (
            "Not possible here",
            "This browser does not let this page store data, so the sign-in page could not send you back. Allow it, or sign in another way."
                .into(),
            None,
        ),
        Fault::UnknownCallback => (
            "Not signed in",
            "This sign-in was not started in this browser, or it was already used. Start again."
                .into(),
            None,
        ),
        Fault::Denied { error, description } => {
            let why = if description.is_empty() { error } else { description };
            if error.is_empty() {
                // From a `tokenUrl`: no page redirected.
                ("Not signed in", format!("You are not signed in with the provider{}. Sign in there, then try again.", after_colon(why)), None)
            } else if error == "access_denied" && description.is_empty() {
                ("Not signed in", "The sign-in was cancelled. Start again when you like.".into(), None)
            } else {
                (
                    "Not signed in",
                    format!("The sign-in page sent you back{}. Start again; if it happens again, ask {whom}.", after_colon(why)),
                    None,
                )
            }
        }
        Fault::WrongToken(what) => {
            let what = match what {
                CallbackFault::Expired => "it has expired",
                CallbackFault::Nonce => "it belongs to another sign-in",
                CallbackFault::Audience => "it is for another app client",
                CallbackFault::Issuer => "another service issued it",
            };
            (
                "Not signed in",
                format!(
                    "The token that came back cannot be accepted: {what}. Start again; if it happens again, ask {whom}."
                ),
                None,
            )
        }
        Fault::NoRole => (
            "No role",
            format!(
                "Nothing says which role your account has. Ask {whom} to name one, in config.json or for your group."
            ),
            None,
        ),
        Fault::UnknownChallenge { name } => (
            "Another step",
            format!(
                "This account asks for a sign-in step that this app does not know: {name}. Ask {whom} to turn it off for this app."
            ),
            None,
        ),
        Fault::SessionEnded => {
            ("Signed out", "Your session has ended. Sign in again to continue; what you wrote is kept.".into(), None)
        }
        Fault::Offline => ("Offline", "There is no network. Connect, then try again.".into(), None),
        Fault::Unreachable { service: which } => (
            "No connection",
            format!("There is no answer from the address of {}. Check the connection, then try again.", service(*which)),
            None,
        ),
        Fault::Unreadable { service: which } => (
            "Unreadable answer",
            format!(
                "{} answered, but this browser may not read the reply: the service does not allow this page's address (CORS), or it refused the \
                 request. Try again; if it happens again, ask {whom}.",
                capitalised(service(*which))
            ),
            None,
        ),
        Fault::Throttled { service: which, retry_after, request_id } => {
            let when = retry_after.map_or_else(|| "in a moment".to_owned(), |seconds| format!("in {seconds} s"));
            (
                "Busy",
                format!("{} is getting too many requests just now. Try again {when}.", capitalised(service(*which))),
                request_id.clone(),
            )
        }
        Fault::Failing { service: which, status, message, request_id } => (
            "Service error",
            format!("{} failed (status {status}){}. Try again.", capitalised(service(*which)), after_colon(message)),
            request_id.clone(),
        ),
        Fault::NotAllowed { role, request_id } => {
            let role = role
                .as_ref()
                .map_or_else(|| "the default role of its identity pool".to_owned(), |role| format!("the role {role}"));
            (
                "No access",
                format!(
                    "Your account may not use this AI endpoint. It has {role}, which is not allowed to call it. Ask {whom} to add you to a group that is."
                ),
                request_id.clone(),
            )
        }
        Fault::Refused { code, request_id, .. } if CODES.iter().any(|(known, ..)| known == code) => {
            let (_, title, text) = CODES.iter().find(|(known, ..)| known == code).copied().unwrap_or_default();
            (title, text.replace("WHOM", whom), request_id.clone())
        }
        Fault::Refused { service: which, status, code, message, request_id } => {
            let code = if code.is_empty() { format!("status {status}") } else { code.clone() };
            (
                "Refused",
                format!(
                    "{} refused the request ({code}){}. If it happens again, ask {whom}.",
                    capitalised(service(*which)),
                    after_colon(message)
                ),
                request_id.clone(),
            )
        }
        Fault::Unexpected { service: which, what } => (
            "Unexpected answer",
            format!(
                "The answer from {} is not as documented: {what}. Try again; if it happens again, ask {whom}.",
                service(*which)
            ),
            None,
        ),
        // The decoder ended the answer, not the back end.
        Fault::Answer { message, request_id, .. } if message == CRC_MISMATCH => {
            ("Damaged", "Part of the answer was damaged on its way. Try again.".to_owned(), request_id.clone())
        }
        Fault::Answer { message, retryable, request_id, .. } => {
            let advice = match retryable {
                Some(true) => " Try again.",
                Some(false) => " Asking the same question again will not help.",
                None => "",
            };
            let text = ["The AI endpoint ended the answer early", &after_colon(message), ".", advice].concat();
            ("Ended early", text, request_id.clone())
        }
        Fault::Empty => ("Empty answer", "The model sent nothing. Try again, or ask in other words.".into(), None),
        Fault::Silent { seconds } => (
            "No answer",
            format!("Nothing arrived from the AI endpoint for {seconds} seconds. Check the connection, then try again."),
            None,
        ),
        Fault::Garbled { lines } => {
            let lines = if *lines == 1 { "One line".to_owned() } else { format!("Some lines ({lines})") };
            ("Incomplete", format!("{lines} of the answer could not be read. The rest is shown."), None)
        }
    };
    Notice { title: title.to_owned(), text, request_id }
}

/// The notice of an error that came instead of an answer.
pub fn refusal(message: &str, retryable: Option<bool>, contact: Option<&str>) -> Notice {
    let whom = contact.unwrap_or("whoever runs this app");
    let advice = match retryable {
        Some(false) => format!(" Asking the same question again will not help. Ask {whom}."),
        _ => " Try again.".to_owned(),
    };
    let text = ["The AI endpoint did not answer", &after_colon(message), ".", &advice].concat();
    Notice { title: "Not answered".to_owned(), text, request_id: None }
}

/// A service's own message, as the end of a sentence.
fn after_colon(message: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// Makes the first letter upper-case, for the beginning of a sentence.
pub fn capitalised(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_cognito::hosted_ui::RedirectMismatch;

    /// One of each variant, and one of each service or reason where the sentence depends on it.
    fn all() -> Vec<Fault> {
        let service = Service::FunctionUrl;
        let id = Some("6f1c".to_owned());
        let text = str::to_owned;
        let broken_off = |message: &str, retryable| Fault::Answer {
            message: text(message),
            retryable,
            retry_after: None,
            request_id: None,
        };
        let mut all = vec![
            Fault::WrongPassword,
            Fault::TooManyAttempts,
            Fault::Field { field: 0, why: FieldFault::Empty },
            Fault::Field { field: 0, why: FieldFault::Policy },
            Fault::SignInExpired,
            Fault::Disabled,
            Fault::TemporaryPasswordExpired,
            Fault::ClientSecret,
            Fault::PasskeyRefused,
            Fault::PasskeyUnsupported,
            Fault::Redirect(RedirectMismatch { page: text("https://a/"), registered: vec![text("https://a")] }),
            Fault::NotKept,
            Fault::UnknownCallback,
            Fault::Denied { error: text("access_denied"), description: String::new() },
            Fault::Denied { error: text("invalid_scope"), description: String::new() },
            Fault::Denied { error: text("access_denied"), description: text("The user is not assigned.") },
            Fault::Denied { error: String::new(), description: String::new() },
            Fault::Denied { error: String::new(), description: text("Nobody is signed in here.") },
            Fault::WrongToken(CallbackFault::Expired),
            Fault::WrongToken(CallbackFault::Nonce),
            Fault::WrongToken(CallbackFault::Audience),
            Fault::WrongToken(CallbackFault::Issuer),
            Fault::NoRole,
            Fault::UnknownChallenge { name: text("SMS_MFA") },
            Fault::SessionEnded,
            Fault::Offline,
            Fault::NotAllowed { role: Some(text("guests")), request_id: id.clone() },
            Fault::NotAllowed { role: None, request_id: None },
            Fault::Refused {
                service,
                status: 400,
                code: String::new(),
                message: text("no prompt."),
                request_id: id.clone(),
            },
            Fault::Refused { service, status: 400, code: text("Other"), message: String::new(), request_id: None },
            Fault::Unexpected { service, what: text("no body") },
            broken_off("", None),
            broken_off(CRC_MISMATCH, Some(true)),
            broken_off("The model is busy.", None),
            broken_off("The model is busy.", Some(true)),
            broken_off("The model is busy.", Some(false)),
            Fault::Silent { seconds: 75 },
            Fault::Garbled { lines: 1 },
            Fault::Garbled { lines: 2 },
        ];
        for service in [Service::UserPool, Service::IdentityPool, Service::FunctionUrl, Service::Sts, Service::HostedUi]
        {
            all.extend([
                Fault::Unreachable { service },
                Fault::Unreadable { service },
                Fault::Throttled { service, retry_after: Some(7), request_id: id.clone() },
                Fault::Throttled { service, retry_after: None, request_id: None },
                Fault::Failing { service, status: 502, message: text("Internal Server Error"), request_id: id.clone() },
            ]);
        }
        all
    }

    fn is_whole(text: &str) {
        assert!(text.ends_with('.') && text.starts_with(char::is_uppercase), "{text}");
        assert!(
            !text.contains("..") && !text.contains("  ") && !text.contains(": .") && !text.contains("WHOM"),
            "{text}"
        );
    }

    #[test]
    fn every_fault_is_whole_sentences_that_differ() {
        let texts: Vec<String> = all().iter().map(|fault| notice(fault, None).text).collect();
        for text in &texts {
            is_whole(text);
            assert_eq!(texts.iter().filter(|other| *other == text).count(), 1, "{text}");
        }
    }

    #[test]
    fn every_exception_with_a_sentence_of_its_own_has_a_whole_one() {
        for (index, (code, ..)) in CODES.iter().enumerate() {
            assert!(CODES[..index].iter().all(|(other, ..)| other != code), "{code} is there twice");
            let refused = |code: &str| Fault::Refused {
                service: Service::UserPool,
                status: 400,
                code: code.to_owned(),
                message: "AWS's words.".into(),
                request_id: Some("6f1c".into()),
            };
            let notice = notice(&refused(code), Some("it@example.com"));
            is_whole(&notice.text);
            assert!(!notice.title.is_empty() && !notice.text.contains("AWS's words"), "{}", notice.text);
            assert_eq!(notice.request_id.as_deref(), Some("6f1c"));
        }
    }

    #[test]
    fn a_refusal_names_the_role_and_whom_to_ask() {
        let fault = Fault::NotAllowed { role: Some("guests".into()), request_id: Some("6f1c".into()) };
        let notice = notice(&fault, Some("it@example.com"));
        assert!(notice.text.contains("guests") && notice.text.contains("it@example.com"), "{}", notice.text);
        assert_eq!(notice.request_id.as_deref(), Some("6f1c"));
    }
}
