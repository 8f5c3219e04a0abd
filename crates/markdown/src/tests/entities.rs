//! Named and numeric character references.

use crate::entities::{entity, unescape};

/// Against the names as Python's standard library has them: `tests/vectors/entities.py`.
#[test]
fn resolves_every_name() {
    let mut count = 0;
    for line in include_str!("../../tests/vectors/entities.tsv").lines() {
        let (name, points) = line.split_once('\t').unwrap();
        let text: String =
            points.split(' ').map(|point| char::from_u32(u32::from_str_radix(point, 16).unwrap()).unwrap()).collect();
        assert_eq!(entity(name), Some(text), "{name}");
        count += 1;
    }
    assert_eq!(count, 2125);
    assert_eq!(entity("nosuch"), None);
    assert_eq!(entity("AMp"), None);
}

#[test]
fn reads_numbers_as_code_points() {
    assert_eq!(entity("#0").as_deref(), Some("\u{fffd}"));
    assert_eq!(entity("#xD800").as_deref(), Some("\u{fffd}"));
    assert_eq!(entity("#9999999").as_deref(), Some("\u{fffd}"));
    assert_eq!(entity("#xFFFFFF").as_deref(), Some("\u{fffd}"));
    assert_eq!(entity("#x1F600").as_deref(), Some("😀"));
    for none in ["", "#", "#x", "#12345678", "#x1234567", "#1a", "#xg", "#+1", "#x+1", "##1"] {
        assert_eq!(entity(none), None, "{none}");
    }
}

#[test]
fn resolves_escapes_and_references() {
    assert_eq!(unescape(r"a\*b\c&amp;&nosuch;&#65;\&amp;\"), r"a*b\c&&nosuch;A&amp;\");
}
