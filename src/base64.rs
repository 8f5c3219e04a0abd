//! Base64 for URLs, without padding (RFC 4648 §5).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// The bytes in base64url.
pub fn encode_url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
