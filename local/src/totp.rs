//! The codes of an authenticator app (RFC 6238), for tests.

use ring::hmac;

/// The code for a secret at a time in Unix seconds: HMAC-SHA-1, steps of 30 seconds, six digits. The secret is base32, as
/// `AssociateSoftwareToken` returns it; case and spaces do not matter.
pub fn totp_code(secret: &str, unix_seconds: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &base32(secret));
    let mac = hmac::sign(&key, &(unix_seconds / 30).to_be_bytes());
    let mac = mac.as_ref();
    // RFC 4226, 5.3: the last four bits say where the number begins.
    let at = usize::from(mac[mac.len() - 1] & 15);
    let number = u32::from_be_bytes([mac[at], mac[at + 1], mac[at + 2], mac[at + 3]]) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Decodes base32 (RFC 4648, 6). Characters outside the alphabet are skipped.
fn base32(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => continue,
        };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap_or_default());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_match_rfc_6238() {
        // RFC 6238, appendix B: the key is "12345678901234567890"; the codes here are the last six digits.
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp_code(secret, time), code);
        }
        assert_eq!(totp_code("gezd gnbv gy3t qojq gezd gnbv gy3t qojq", 59), "287082");
    }

    #[test]
    fn base32_matches_rfc_4648() {
        // RFC 4648, 10.
        for (text, bytes) in [("", ""), ("MY======", "f"), ("MZXW6===", "foo"), ("MZXW6YTBOI======", "foobar")] {
            assert_eq!(base32(text), bytes.as_bytes());
        }
    }
}
