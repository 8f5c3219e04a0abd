//! Base64 (RFC 4648 §4), and its form for URLs without padding (§5).
//!
//! Ours, since the crate for it costs the worker 2 kB; it is the peer in the tests below.

/// With padding.
#[cfg(test)]
pub fn encode(bytes: &[u8]) -> String {
    write(bytes, *b"+/", true)
}

/// For URLs, without padding.
pub fn encode_url(bytes: &[u8]) -> String {
    write(bytes, *b"-_", false)
}

/// Reads base64 with padding; `None` for anything else.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    // Padded to whole groups of four.
    (text.len().is_multiple_of(4) && text.len() - digits.len() < 3).then_some(())?;
    read(digits, *b"+/")
}

fn write(bytes: &[u8], last_two: [u8; 2], pads: bool) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit <= group.len() {
                text.push(character(bits >> (18 - 6 * digit) & 63, last_two));
            } else if pads {
                text.push('=');
            }
        }
    }
    text
}

fn character(value: u32, last_two: [u8; 2]) -> char {
    let byte = match u8::try_from(value).unwrap_or_default() {
        value @ 0..26 => b'A' + value,
        value @ 26..52 => b'a' + value - 26,
        value @ 52..62 => b'0' + value - 52,
        62 => last_two[0],
        _ => last_two[1],
    };
    char::from(byte)
}

fn read(digits: &str, last_two: [u8; 2]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in digits.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            _ if byte == last_two[0] => 62,
            _ if byte == last_two[1] => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 255).ok()?);
        }
    }
    // A lone digit holds no byte, and what is left over is zero.
    (held < 6 && bits & ((1 << held) - 1) == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::Engine;
    use ::base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    #[test]
    fn the_rfcs_examples() {
        for (plain, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(plain.as_bytes()));
        }
    }

    proptest! {
        #[test]
        fn bytes_are_written_as_the_peer_writes_them(bytes in prop::collection::vec(any::<u8>(), 0..70)) {
            prop_assert_eq!(encode(&bytes), BASE64_STANDARD.encode(&bytes));
            prop_assert_eq!(encode_url(&bytes), BASE64_URL_SAFE_NO_PAD.encode(&bytes));
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn any_text_is_read_or_refused_as_the_peer_does(text in "[A-Da-d0-9+/_=-]{0,9}") {
            prop_assert_eq!(decode(&text), BASE64_STANDARD.decode(&text).ok(), "{}", text);
        }
    }
}
