//! Every sentence that the running app says. What index.html says before the app runs stands there.

use crate::chat::End;
use crate::protocol::{Fault, Notice, Service};
use crate::stream::stock::UseCase;

fn service(service: Service) -> &'static str {
    match service {
        Service::UserPool => "the sign-in service",
        Service::IdentityPool => "the identity pool",
        Service::FunctionUrl => "the AI endpoint",
    }
}

/// A failure's notice. `contact` is whom the configuration names for questions of access.
pub fn notice(fault: &Fault, contact: Option<&str>) -> Notice {
    let whom = contact.unwrap_or("whoever runs this app");
    let (title, text, request_id) = match fault {
        Fault::WrongPassword => {
            ("Not signed in", "That username and password do not match. Check both and try again.".into(), None)
        }
        Fault::TooManyAttempts => {
            ("Locked for now", "Too many attempts. Wait up to 15 minutes, then try again.".into(), None)
        }
        Fault::PasswordResetRequired => {
            ("Password expired", format!("This account needs a new password. Ask {whom} to reset it."), None)
        }
        Fault::NotConfirmed => {
            ("Not confirmed", format!("This account was not confirmed yet. Ask {whom} to confirm it."), None)
        }
        Fault::UnknownChallenge { name } => (
            "Another step",
            format!(
                "This account asks for a sign-in step that this app does not know: {name}. Ask {whom} to turn it off for this app."
            ),
            None,
        ),
        Fault::SessionEnded => {
            ("Signed out", "Your session has ended. Sign in again to go on; what you wrote is kept.".into(), None)
        }
        Fault::Offline => ("Offline", "There is no network. Connect, then try again.".into(), None),
        Fault::Unreachable { service: which } => (
            "No connection",
            format!("Nothing answers at the address of {}. Check the connection, then try again.", service(*which)),
            None,
        ),
        Fault::Unreadable { service: which } => (
            "Unreadable answer",
            format!(
                "{} answers, but this browser may not read what it says: it does not allow this page's address (CORS), or it refused the \
                 request. Try again; if it stays so, ask {whom}.",
                capitalised(service(*which))
            ),
            None,
        ),
        Fault::Throttled { service: which, retry_after, request_id } => {
            let when = retry_after.map_or_else(|| "in a moment".to_owned(), |seconds| format!("in {seconds} s"));
            (
                "Busy",
                format!("{} has too many requests just now. Try again {when}.", capitalised(service(*which))),
                request_id.clone(),
            )
        }
        Fault::Failing { service: which, status, message, request_id } => (
            "Service error",
            format!("{} failed (status {status}){}. Try again.", capitalised(service(*which)), said(message)),
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
        Fault::Refused { service: which, status, code, message, request_id } => {
            let code = if code.is_empty() { format!("status {status}") } else { code.clone() };
            (
                "Refused",
                format!(
                    "{} refused the request ({code}){}. If it stays so, ask {whom}.",
                    capitalised(service(*which)),
                    said(message)
                ),
                request_id.clone(),
            )
        }
        Fault::Unexpected { service: which, what } => (
            "Unexpected answer",
            format!(
                "The answer of {} is not as documented: {what}. Try again; if it stays so, ask {whom}.",
                service(*which)
            ),
            None,
        ),
        Fault::Answer { message } => (
            "Broken off",
            format!("The AI endpoint broke the answer off{}. What arrived is kept.", said(message)),
            None,
        ),
        Fault::Garbled { lines } => {
            let lines = if *lines == 1 { "One line".to_owned() } else { format!("Some lines ({lines})") };
            ("Incomplete", format!("{lines} of the answer could not be read. The rest is shown."), None)
        }
    };
    Notice { title: title.into(), text, request_id }
}

/// The notice of an answer that did not end well; `None` for one that did, or that the person stopped.
pub fn ending(end: &End, contact: Option<&str>) -> Option<Notice> {
    match end {
        End::Done | End::Stopped => None,
        End::CutOff => Some(Notice {
            title: "Cut off".into(),
            text: "The connection ended before the answer did. What arrived is kept.".into(),
            request_id: None,
        }),
        End::Failed(fault) => Some(notice(fault, contact)),
    }
}

/// A service's own words, as a part of a sentence.
fn said(message: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// Of a sentence that begins with it. ASCII only: the whole of Unicode's case tables would cost 9 kB of Wasm.
fn capitalised(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// The short name of a use case.
pub fn use_case(use_case: UseCase) -> &'static str {
    match use_case {
        UseCase::PerformanceOptimized => "Fast",
        UseCase::AccuracyOptimized => "Accurate",
        UseCase::Balanced => "Balanced",
        UseCase::CostOptimized => "Cheap",
    }
}

/// Milliseconds as a person reads them. In whole numbers: formatting a float would cost the page 20 kB.
pub fn seconds(millis: u32) -> String {
    if millis < 9_995 {
        let hundredths = (millis + 5) / 10;
        format!("{}.{:02} s", hundredths / 100, hundredths % 100)
    } else {
        format!("{} s", millis / 1000 + u32::from(millis % 1000 >= 500))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Fault> {
        let service = Service::FunctionUrl;
        let id = Some("6f1c".to_owned());
        vec![
            Fault::WrongPassword,
            Fault::TooManyAttempts,
            Fault::PasswordResetRequired,
            Fault::NotConfirmed,
            Fault::UnknownChallenge { name: "SMS_MFA".into() },
            Fault::SessionEnded,
            Fault::Offline,
            Fault::Unreachable { service },
            Fault::Unreadable { service },
            Fault::Throttled { service, retry_after: Some(7), request_id: id.clone() },
            Fault::Failing { service, status: 502, message: "Internal Server Error".into(), request_id: id.clone() },
            Fault::NotAllowed { role: Some("guests".into()), request_id: id.clone() },
            Fault::Refused { service, status: 400, code: String::new(), message: "no prompt.".into(), request_id: id },
            Fault::Unexpected { service, what: "no body".into() },
            Fault::Answer { message: String::new() },
            Fault::Garbled { lines: 2 },
        ]
    }

    #[test]
    fn every_fault_is_whole_sentences_that_differ() {
        let texts: Vec<String> = all().iter().map(|fault| notice(fault, None).text).collect();
        for text in &texts {
            assert!(text.ends_with('.') && text.starts_with(char::is_uppercase), "{text}");
            assert!(!text.contains("..") && !text.contains("  "), "{text}");
            assert_eq!(texts.iter().filter(|other| *other == text).count(), 1, "{text}");
        }
    }

    #[test]
    fn a_refusal_names_the_role_and_whom_to_ask() {
        let fault = Fault::NotAllowed { role: Some("guests".into()), request_id: Some("6f1c".into()) };
        let notice = notice(&fault, Some("it@example.com"));
        assert!(notice.text.contains("guests") && notice.text.contains("it@example.com"), "{}", notice.text);
        assert_eq!(notice.request_id.as_deref(), Some("6f1c"));
    }

    #[test]
    fn times_are_short() {
        assert_eq!(
            [seconds(0), seconds(421), seconds(9_949), seconds(12_500), seconds(u32::MAX)],
            ["0.00 s", "0.42 s", "9.95 s", "13 s", "4294967 s"]
        );
    }
}
