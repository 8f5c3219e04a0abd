//! The words of the sign-in screens that do not come from the worker.

pub const SHOW: &str = "Show";
pub const SHOW_PASSWORD: &str = "Show password";
pub const QR_CODE: &str = "QR code for an authenticator app";
/// Between the form's own button and the buttons that lead to a provider's page.
pub const OR: &str = "or";
pub const SIGNING_IN: &str = "Signing in…";
/// After the label of a button that is still waiting: ` (in 30 s)`
pub const IN: &str = " (in ";
pub const SECONDS: &str = " s)";
/// After a rule for a new password.
pub const MET: &str = ", met";
pub const NOT_MET: &str = ", not met";
pub const MISCONFIGURED: &str = "This app is not set up correctly";
