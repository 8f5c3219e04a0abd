//! Entity and numeric character references, and backslash escapes.

use std::sync::OnceLock;

use super::{
    refs::References,
    scan::{cut, tail},
};

/// The names, made by `tests/vectors/entities.py`, which says how they are written.
const NAMES: &str = include_str!("entities.txt");

#[inline(never)]
fn number(digits: &str, radix: u32) -> Option<u32> {
    let mut number = 0u32;
    for digit in digits.chars() {
        number = number.wrapping_mul(radix).wrapping_add(digit.to_digit(radix)?);
    }
    Some(number)
}

/// All names and what they stand for, read when the first one is looked up.
fn names() -> &'static References {
    static READ: OnceLock<References> = OnceLock::new();
    READ.get_or_init(|| {
        let mut table = References::default();
        let mut point = 0;
        let mut line = 0;
        while line < NAMES.len() {
            let (mut gap, mut second) = (1, None);
            let mut from = line;
            let mut names = vec![];
            for (at, byte) in NAMES.bytes().enumerate().skip(line) {
                if byte == b' ' || byte == b'\n' {
                    let word = cut(NAMES, from, at);
                    match (number(word, 10), word.as_bytes().first()) {
                        (Some(number), _) => gap = number,
                        (_, Some(b'+')) => second = number(tail(word, 1), 10).and_then(char::from_u32),
                        _ => names.push(word),
                    }
                    from = at + 1;
                    if byte == b'\n' {
                        break;
                    }
                }
            }
            line = from;
            point += gap;
            let mut text = String::from(char::from_u32(point).unwrap_or_default());
            text.extend(second);
            for name in names {
                table.add(name.to_owned(), text.clone(), String::new());
            }
        }
        table
    })
}

/// What stands between `&` and `;`, as text; `None` if it is no reference.
pub(super) fn entity(name: &str) -> Option<String> {
    if name.as_bytes().first() != Some(&b'#') {
        return names().get(name).map(|(text, _)| text.to_owned());
    }
    let hex = matches!(name.as_bytes().get(1), Some(b'x' | b'X'));
    let digits = tail(name, 1 + usize::from(hex));
    if digits.is_empty() || digits.len() > 7 - usize::from(hex) {
        return None;
    }
    let point = number(digits, if hex { 16 } else { 10 })?;
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
            plain.push_str(cut(text, from, at));
            from = at + 1;
            at += 2;
        } else if byte == b'&' {
            let rest = bytes.get(at + 1..).unwrap_or_default();
            let length = rest.iter().take(40).take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
            let end = at + 1 + length;
            at += 1;
            if bytes.get(end) == Some(&b';')
                && let Some(resolved) = entity(cut(text, at, end))
            {
                plain.push_str(cut(text, from, at - 1));
                plain.push_str(&resolved);
                at = end + 1;
                from = at;
            }
        } else {
            at += 1;
        }
    }
    plain.push_str(tail(text, from));
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_name_is_known() {
        let mut count = 0;
        for line in include_str!("../tests/vectors/entities.tsv").lines() {
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
