//! Entity and numeric character references, and backslash escapes.

use std::sync::OnceLock;

use super::refs::References;

/// The names, made by `tests/vectors/entities.py`, which says how they are written.
const NAMES: &str = include_str!("entities.txt");

fn number(digits: &str) -> Option<u32> {
    digits.bytes().try_fold(0u32, |number, digit| {
        digit.is_ascii_digit().then(|| number.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')))
    })
}

/// All names and what they stand for, read when the first one is looked up.
fn names() -> &'static References {
    static READ: OnceLock<References> = OnceLock::new();
    READ.get_or_init(|| {
        let mut table = References::default();
        let mut point = 0;
        let mut rest = NAMES.as_bytes();
        let (mut first, mut names) = (true, vec![]);
        let (mut gap, mut text) = (1, String::new());
        while !rest.is_empty() {
            let length = rest.iter().position(|&b| b == b' ' || b == b'\n').unwrap_or(rest.len());
            let (word, after) = rest.split_at(length);
            let word = std::str::from_utf8(word).unwrap_or_default();
            if first && let Some(number) = number(word) {
                gap = number;
            } else if let Some(second) = word.strip_prefix('+') {
                text.extend(number(second).and_then(char::from_u32));
            } else {
                names.push(word);
            }
            first = after.first() == Some(&b'\n');
            rest = after.get(1..).unwrap_or_default();
            if first {
                point += gap;
                gap = 1;
                text.insert(0, char::from_u32(point).unwrap_or_default());
                for name in names.drain(..) {
                    table.add(name.to_owned(), text.clone(), String::new());
                }
                text.clear();
            }
        }
        table
    })
}

/// What stands between `&` and `;`, as text; `None` if it is no reference.
pub(super) fn entity(name: &str) -> Option<String> {
    let Some(digits) = name.strip_prefix('#') else {
        return names().get(name).map(|(text, _)| text.to_owned());
    };
    let point = match digits.strip_prefix(['x', 'X']) {
        Some(hex) if (1..=6).contains(&hex.len()) => {
            hex.bytes().try_fold(0, |point, digit| Some(point * 16 + char::from(digit).to_digit(16)?))?
        }
        None if (1..=7).contains(&digits.len()) => number(digits)?,
        _ => return None,
    };
    let c = char::from_u32(point).filter(|&c| c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER);
    Some(c.into())
}

/// A text with its backslash escapes and references resolved.
pub(super) fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = String::with_capacity(text.len());
    let (mut from, mut at) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        if byte == b'\\' && bytes.get(at + 1).is_some_and(u8::is_ascii_punctuation) {
            plain.push_str(text.get(from..at).unwrap_or_default());
            from = at + 1;
            at += 2;
        } else if byte == b'&' {
            let rest = bytes.get(at + 1..).unwrap_or_default();
            let length = rest.iter().take(40).take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
            let end = at + 1 + length;
            at += 1;
            if bytes.get(end) == Some(&b';')
                && let Some(resolved) = entity(text.get(at..end).unwrap_or_default())
            {
                plain.push_str(text.get(from..at - 1).unwrap_or_default());
                plain.push_str(&resolved);
                at = end + 1;
                from = at;
            }
        } else {
            at += 1;
        }
    }
    plain.push_str(text.get(from..).unwrap_or_default());
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_name_is_known() {
        let mut count = 0;
        for line in include_str!("../../tests/vectors/entities.tsv").lines() {
            let (name, points) = line.split_once('\t').unwrap();
            let text: String = points
                .split(' ')
                .map(|point| char::from_u32(u32::from_str_radix(point, 16).unwrap()).unwrap())
                .collect();
            assert_eq!(entity(name), Some(text), "{name}");
            count += 1;
        }
        assert_eq!(count, 2125);
        assert_eq!(entity("nosuch"), None);
        assert_eq!(entity("AMp"), None);
    }

    #[test]
    fn numbers_are_code_points() {
        assert_eq!(entity("#0").as_deref(), Some("\u{fffd}"));
        assert_eq!(entity("#xD800").as_deref(), Some("\u{fffd}"));
        assert_eq!(entity("#x1F600").as_deref(), Some("😀"));
        for none in ["", "#", "#x", "#12345678", "#x1234567", "#1a", "#xg"] {
            assert_eq!(entity(none), None, "{none}");
        }
    }

    #[test]
    fn escapes_and_references_are_resolved() {
        assert_eq!(unescape(r"a\*b\c&amp;&nosuch;&#65;\&amp;\"), r"a*b\c&&nosuch;A&amp;\");
    }
}
