//! The examples of the specifications, and random texts against the reference implementation.

use serde_json::Value;

use super::{Mode, by_char, document, html};

/// The number, Markdown and HTML of each example of a vector file.
fn examples(json: &str) -> Vec<(u64, String, String)> {
    let examples: Vec<Value> = serde_json::from_str(json).unwrap();
    let text = |case: &Value, name: &str| case[name].as_str().unwrap().to_owned();
    examples
        .iter()
        .map(|case| (case["example"].as_u64().unwrap(), text(case, "markdown"), text(case, "html")))
        .collect()
}

pub(super) fn commonmark() -> Vec<(u64, String, String)> {
    examples(include_str!("../../tests/vectors/commonmark.json"))
}

pub(super) fn gfm() -> Vec<(u64, String, String)> {
    examples(include_str!("../../tests/vectors/gfm.json"))
}

/// Compares so many examples with their HTML, each as a whole and character by character.
fn check_examples(examples: &[(u64, String, String)], count: usize) {
    assert_eq!(examples.len(), count);
    let mut failed = vec![];
    for (number, markdown, expected) in examples {
        let result = std::panic::catch_unwind(|| {
            let whole = html(&document([markdown.as_str()]), Mode::AsSpecified);
            let streamed = html(&document(by_char(markdown)), Mode::AsSpecified);
            (whole, streamed)
        });
        if result.as_ref().is_ok_and(|(whole, streamed)| whole == expected && streamed == expected) {
            continue;
        }
        failed.push(*number);
        println!("example {number}: {markdown:?}\n  gives    {result:?}\n  expected {expected:?}");
    }
    assert!(failed.is_empty(), "{} of {count}: {failed:?}", failed.len());
}

#[test]
fn commonmark_examples_whole_and_streamed() {
    check_examples(&commonmark(), 652);
}

/// Random texts and the HTML that the reference implementation makes of them: `tests/vectors/markdown_random.cjs`.
#[test]
fn random_texts_as_commonmark_js() {
    check_examples(&examples(include_str!("../../tests/vectors/markdown_random.json")), 600);
}

#[test]
fn gfm_examples_whole_and_streamed() {
    check_examples(&gfm(), 13);
}
