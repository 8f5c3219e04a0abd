//! Everything that can go wrong, as the core knows it. `messages.rs` makes sentences of it.

use signet_cognito::{
    hosted_ui::{CallbackFault, RedirectMismatch},
    http::{NoAnswer, ServiceError},
};

/// Which service something is said of.
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
    /// The username or the password is wrong; which, is not said.
    WrongPassword,
    /// The answer to a custom challenge, or the passkey, is not the right one.
    WrongAnswer,
    /// The user pool knows no such account, and says so.
    UnknownUser,
    /// The user pool has locked the account for a while after failed attempts.
    TooManyAttempts,
    /// What was typed in this field, counted from zero, cannot be sent: it is empty, or not what the pool takes.
    Field {
        /// Which field of the form.
        field: u8,
        /// Why.
        why: FieldFault,
    },
    /// The steps of the sign-in took longer than the user pool waits, or one was taken twice.
    SignInExpired,
    /// The account does not exist on this user pool's word any more, or an administrator has disabled it.
    Disabled,
    /// The temporary password was not used in time.
    TemporaryPasswordExpired,
    /// The app client has a secret, which a page cannot keep.
    ClientSecret,
    /// The person did not use a passkey, or none of theirs is here.
    PasskeyRefused,
    /// This browser has no passkeys.
    PasskeyUnsupported,
    /// This page's address is none of those that are registered to come back to.
    Redirect(RedirectMismatch),
    /// This browser keeps no data for the page, so it could not come back from another.
    NotKept,
    /// What came back from the hosted UI was not asked for by this browser, or was used before.
    UnknownCallback,
    /// The hosted UI, or the provider behind it, refused.
    Denied {
        /// The OAuth error code, such as `access_denied`.
        error: String,
        /// Its own sentence, possibly empty.
        description: String,
    },
    /// The ID token that came back is not the one that was asked for.
    WrongToken(CallbackFault),
    /// The basic flow needs a role, and neither the configuration nor the ID token names one.
    NoRole,
    /// The user pool asks for a step that this app does not know.
    UnknownChallenge {
        /// AWS's name of it.
        name: String,
    },
    /// The refresh token is spent or revoked: the person must sign in again.
    SessionEnded,
    /// The browser says that there is no network.
    Offline,
    /// Nothing answers at the address.
    Unreachable {
        /// Whose address.
        service: Service,
    },
    /// Something answers at the address, but the browser may not read it: CORS is not set for this page, or a refusal came without CORS headers.
    Unreadable {
        /// Whose address.
        service: Service,
    },
    /// Too many requests.
    Throttled {
        /// Which service said so.
        service: Service,
        /// Seconds to wait, if it said so.
        retry_after: Option<u32>,
        /// For whoever looks into it.
        request_id: Option<String>,
    },
    /// The service failed: a status of 500 or more.
    Failing {
        /// Which service.
        service: Service,
        /// The HTTP status.
        status: u16,
        /// Its own sentence, possibly empty.
        message: String,
        /// For whoever looks into it.
        request_id: Option<String>,
    },
    /// The role may not use the function URL.
    NotAllowed {
        /// The role's name, where the ID token names one.
        role: Option<String>,
        /// For whoever looks into it.
        request_id: Option<String>,
    },
    /// The service refused for another reason.
    Refused {
        /// Which service.
        service: Service,
        /// The HTTP status.
        status: u16,
        /// AWS's name of the reason, possibly empty.
        code: String,
        /// Its own sentence, possibly empty.
        message: String,
        /// For whoever looks into it.
        request_id: Option<String>,
    },
    /// The service's answer is not what its documentation says.
    Unexpected {
        /// Which service.
        service: Service,
        /// What is wrong with it.
        what: String,
    },
    /// The back end reported an error in the middle of the answer.
    Answer {
        /// Its own sentence, or else its word for the error; possibly empty.
        message: String,
        /// Whether asking again may help, if it said so.
        retryable: Option<bool>,
        /// Seconds to wait, if it said so.
        retry_after: Option<u32>,
        /// For whoever looks into it.
        request_id: Option<String>,
    },
    /// Nothing came for so long that nothing will.
    Silent {
        /// Seconds.
        seconds: u32,
    },
    /// Some lines of the answer could not be read; what could is shown.
    Garbled {
        /// How many.
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

/// Why a field's text is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldFault {
    /// There is none.
    Empty,
    /// A new password that the pool's policy forbids.
    Policy,
}

/// What is under way, for the screen to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// The person is being signed in.
    SigningIn,
    /// What was filled in is being checked.
    Checking,
    /// Something is being sent.
    Sending,
    /// The page is being left for a provider's.
    Leaving,
    /// A service does not answer, or is busy; it is asked again after so many seconds.
    Retrying(Service, u32),
}
