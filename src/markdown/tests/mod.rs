#![allow(clippy::unwrap_used)]

mod model;

use model::{Model, Node, html};
use serde_json::Value;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::{Markdown, Step, Unicode};

/// What the browser knows, natively.
pub(super) const UNICODE: Unicode = Unicode {
    fold: |text| text.to_lowercase().to_uppercase(),
    is_punctuation: |c| {
        matches!(c.general_category_group(), GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Symbol)
    },
};

/// The document of a text that comes in these pieces.
fn document<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Vec<Node> {
    let mut markdown = Markdown::new(UNICODE);
    let mut model = Model::default();
    for piece in pieces {
        model.carry_out(&markdown.push(piece));
    }
    model.carry_out(&markdown.finish());
    assert_eq!(model.settled(), model.len(), "all is settled at the end");
    model.nodes(true)
}

fn by_char(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()])
}

fn examples(json: &str) -> Vec<(u64, String, String)> {
    let examples: Vec<Value> = serde_json::from_str(json).unwrap();
    let text = |case: &Value, name: &str| case[name].as_str().unwrap().to_owned();
    examples
        .iter()
        .map(|case| (case["example"].as_u64().unwrap(), text(case, "markdown"), text(case, "html")))
        .collect()
}

fn commonmark() -> Vec<(u64, String, String)> {
    examples(include_str!("../../../tests/vectors/commonmark.json"))
}

fn gfm() -> Vec<(u64, String, String)> {
    examples(include_str!("../../../tests/vectors/gfm.json"))
}

fn check_examples(examples: &[(u64, String, String)], count: usize) {
    assert_eq!(examples.len(), count);
    let mut failed = vec![];
    for (number, markdown, expected) in examples {
        let result = std::panic::catch_unwind(|| {
            let whole = html(&document([markdown.as_str()]));
            let streamed = html(&document(by_char(markdown)));
            (whole, streamed)
        });
        match result {
            Ok((whole, streamed)) => {
                if whole != *expected {
                    failed.push(*number);
                    println!("example {number}: {markdown:?}\n  whole    {whole:?}\n  expected {expected:?}");
                } else if streamed != *expected {
                    failed.push(*number);
                    println!("example {number}: {markdown:?}\n  streamed {streamed:?}\n  expected {expected:?}");
                }
            }
            Err(_) => {
                failed.push(*number);
                println!("example {number}: {markdown:?} panicked");
            }
        }
    }
    assert!(failed.is_empty(), "{} of {count}: {failed:?}", failed.len());
}

#[test]
fn commonmark_examples_hold_whole_and_streamed() {
    check_examples(&commonmark(), 652);
}

#[test]
fn gfm_examples_hold_whole_and_streamed() {
    check_examples(&gfm(), 12);
}

#[allow(dead_code)]
fn unused(_: Step) {}
