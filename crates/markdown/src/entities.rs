//! Entity and numeric character references, and backslash escapes.

use std::{collections::HashMap, sync::LazyLock};

use ::entities::ENTITIES;

use crate::scan::{cut, tail};

/// The names of HTML's character references that end with `;`, and what they stand for.
static NAMES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let name = |reference: &'static str| reference.strip_prefix('&')?.strip_suffix(';');
    ENTITIES.iter().filter_map(|entity| Some((name(entity.entity)?, entity.characters))).collect()
});

/// What a reference stands for; `None` if it is not one. `name` is the text between `&` and `;`.
///
pub(crate) fn entity(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else {
        return NAMES.get(name).map(|&text| text.to_owned());
    };
    let (digits, radix, longest) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 6),
        None => (number, 10, 7),
    };
    // `from_str_radix` would take a sign too.
    if digits.len() > longest || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let point = u32::from_str_radix(digits, radix).ok()?;
    let c = char::from_u32(point).filter(|&c| c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER);
    Some(c.into())
}

/// A text with its backslash escapes and references resolved.
pub(crate) fn unescape(text: &str) -> String {
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
