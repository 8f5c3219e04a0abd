//! Everything that can go wrong, as typed facts. `words/faults.rs` makes sentences of them.

use signet_cognito::{
    hosted_ui::{CallbackFault, RedirectMismatch},
    http::{NoAnswer, ServiceError},
};

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The Cognito user pool.
    UserPool,
    /// The Cognito identity pool.
    IdentityPool,
    /// The Lambda function URL.
    FunctionUrl,
    /// STS.
    Sts,
    /// The hosted UI, or another provider's pages.
    HostedUi,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The username or the password is wrong; the user pool does not say which.
    WrongPassword,
    /// The answer to a custom challenge, or the passkey, was not accepted.
    WrongAnswer,
    /// The user pool says that there is no such account.
    UnknownUser,
    /// The user pool has locked the account for a while after failed attempts.
    TooManyAttempts,
    /// A field cannot be sent: it is empty, or breaks the password policy.
    Field {
        /// The field's index in the form.
        field: u8,
        /// Why.
        why: FieldFault,
    },
    /// The sign-in took longer than the user pool waits, or a step was sent twice.
    SignInExpired,
    /// An administrator has disabled the account.
    Disabled,
    /// The temporary password has expired.
    TemporaryPasswordExpired,
    /// The app client has a secret, which a page cannot keep.
    ClientSecret,
    /// The person declined, or has no passkey in this browser.
    PasskeyRefused,
    /// This browser does not support passkeys.
    PasskeyUnsupported,
    /// This page's address is not among the registered redirect addresses.
    Redirect(RedirectMismatch),
    /// The browser does not store data for this page, so a return from another page could not be checked.
    NotKept,
    /// This browser did not start the sign-in that the hosted UI returned from, or the return was used before.
    UnknownCallback,
    /// The hosted UI, or the provider behind it, refused.
    Denied {
        /// The OAuth error code, such as `access_denied`.
        error: String,
        /// The service's own message, possibly empty.
        description: String,
    },
    /// The ID token that came back fails a check.
    WrongToken(CallbackFault),
    /// The basic flow needs a role, and neither the configuration nor the ID token names one.
    NoRole,
    /// The user pool sent a challenge that this app does not know.
    UnknownChallenge {
        /// AWS's name for it.
        name: String,
    },
    /// The refresh token is spent or revoked: the person must sign in again.
    SessionEnded,
    /// The browser says that there is no network.
    Offline,
    /// There is no answer from the address.
    Unreachable {
        /// The service at the address.
        service: Service,
    },
    /// The browser may not read the reply: CORS does not allow this page, or a refusal came without CORS headers.
    Unreadable {
        /// The service at the address.
        service: Service,
    },
    /// Too many requests.
    Throttled {
        /// The service.
        service: Service,
        /// Seconds to wait, if the service says.
        retry_after: Option<u32>,
        /// AWS's id of the request, for support.
        request_id: Option<String>,
    },
    /// The service failed: a status of 500 or more.
    Failing {
        /// The service.
        service: Service,
        /// The HTTP status.
        status: u16,
        /// The service's own message, possibly empty.
        message: String,
        /// AWS's id of the request, for support.
        request_id: Option<String>,
    },
    /// The role may not use the function URL.
    NotAllowed {
        /// The role's name, if known.
        role: Option<String>,
        /// AWS's id of the request, for support.
        request_id: Option<String>,
    },
    /// The service refused for another reason.
    Refused {
        /// The service.
        service: Service,
        /// The HTTP status.
        status: u16,
        /// AWS's code for the reason, possibly empty.
        code: String,
        /// The service's own message, possibly empty.
        message: String,
        /// AWS's id of the request, for support.
        request_id: Option<String>,
    },
    /// The reply is not as documented.
    Unexpected {
        /// The service.
        service: Service,
        /// What is wrong with it.
        what: String,
    },
    /// The back end reported an error in the middle of the answer.
    Answer {
        /// Its own message or code, possibly empty.
        message: String,
        /// Whether a retry may help, if the back end says.
        retryable: Option<bool>,
        /// Seconds to wait, if the back end says.
        retry_after: Option<u32>,
        /// AWS's id of the request, for support.
        request_id: Option<String>,
    },
    /// The answer is complete, and has neither text nor reasoning.
    Empty,
    /// The connection was silent for too long.
    Silent {
        /// Seconds.
        seconds: u32,
    },
    /// Some lines of the answer could not be read. The others are shown.
    Garbled {
        /// The number of unreadable lines.
        lines: u32,
    },
}

impl Fault {
    /// A service did not answer.
    pub fn from_no_answer(service: Service, no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::Offline => Self::Offline,
            NoAnswer::Unreachable => Self::Unreachable { service },
            NoAnswer::Unreadable => Self::Unreadable { service },
        }
    }

    /// A service answered with an error.
    pub fn from_service_error(service: Service, error: &ServiceError) -> Self {
        let ServiceError { status, code, message, request_id, retry_after } = error.clone();
        if status >= 500 {
            Self::Failing { service, status, message, request_id }
        } else if error.is_throttling() {
            Self::Throttled { service, retry_after, request_id }
        } else {
            Self::Refused { service, status, code, message, request_id }
        }
    }
}

/// Why a field cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldFault {
    /// It is empty.
    Empty,
    /// The new password breaks the pool's policy.
    Policy,
}

/// The work under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// The person is being signed in.
    SigningIn,
    /// The input is being checked.
    Checking,
    /// A message is being sent to the person.
    Sending,
    /// The browser is leaving for a provider's page.
    Leaving,
    /// A service does not answer or is busy; the request is repeated after so many seconds.
    Retrying(Service, u32),
}
