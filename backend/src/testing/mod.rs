//! What several modules' tests use.

#[cfg(feature = "aws")]
pub(crate) mod bedrock;
pub(crate) mod event;
pub(crate) mod server;
