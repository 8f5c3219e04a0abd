//! What the end-to-end tests stand on: a browser driven over WebDriver, waiting without sleeping, a look into the page's memory, and a
//! Cognito that plays a script.

mod browser;
pub mod cognito;
mod devtools;
mod driver;
mod error;
mod holdings;
mod hosted_ui;
mod passkey;
mod person;
mod picture;
mod screen;
mod stage;

pub use browser::{Browser, PATIENCE, wait_until};
pub use devtools::Devtools;
pub use driver::Kind;
pub use error::Error;
pub use holdings::Holdings;
pub use hosted_ui::parameter;
pub use passkey::{Authenticator, Passkey, RELYING_PARTY};
pub use person::{Announcement, Look, Reply, Shown, Turn};
pub use screen::Screens;
pub use stage::{Stage, has_devtools, test, test_from_blank, test_with_clock};
