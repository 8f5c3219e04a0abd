//! How AWS's services are reached.

use aws_sdk_bedrockruntime::config::{Credentials, Region, SharedHttpClient};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

/// How one AWS service is reached. `Debug` of the credentials prints no secret.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    /// The region.
    pub(crate) region: Region,
    /// The keys of the function's role.
    pub(crate) credentials: Credentials,
    /// An endpoint to use instead of the service's own.
    pub(crate) endpoint_url: Option<String>,
}

/// The HTTPS client of the AWS clients.
pub(crate) fn https_client() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}
