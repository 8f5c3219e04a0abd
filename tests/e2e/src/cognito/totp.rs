//! Time-based one-time passwords (RFC 6238) as authenticator apps make them: HMAC-SHA-1, 30 seconds, six digits.

use ring::hmac;

/// The code that an authenticator app shows at `unix_seconds` for `SecretCode`, which is base32 (RFC 4648 §6).
///
/// # Panics
/// The secret is not base32.
pub fn totp(secret: &str, unix_seconds: i64) -> String {
    let key = base32(secret).expect("a shared secret is base32");
    let mac = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key),
        &unix_seconds.div_euclid(30).to_be_bytes(),
    );
    let mac = mac.as_ref();
    let at = usize::from(mac[mac.len() - 1] & 15);
    let number = u32::from_be_bytes([mac[at] & 127, mac[at + 1], mac[at + 2], mac[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

fn base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for c in text.trim_end_matches('=').chars() {
        let digit = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c.to_ascii_uppercase())?;
        bits = bits << 5 | u32::try_from(digit).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 255).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238 appendix B, the last six of its eight digits; the secret is "12345678901234567890".
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp(secret, seconds), code, "{seconds}");
        }
        assert_eq!(base32("0"), None);
        assert_eq!(base32("mzxw6ytboi======"), Some(b"foobar".to_vec()));
    }
}
