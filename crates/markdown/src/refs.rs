//! Link reference definitions: <https://spec.commonmark.org/0.31.2/#link-reference-definitions>.

use std::collections::HashMap;

use crate::work::Work;

#[derive(Debug)]
struct Definition {
    destination: String,
    title: String,
}

/// The definitions so far, by normalized label. The hasher of std is keyed, at random where the platform has randomness, so that nobody can easily
/// write a text whose labels collide.
#[derive(Debug, Default)]
pub(crate) struct References {
    definitions: HashMap<String, Definition>,
}

impl References {
    pub(crate) fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }

    /// Adds the definition of a label as it is written. The first definition of a label wins.
    pub(crate) fn add(&mut self, label: &str, destination: String, title: String) {
        self.definitions.entry(normalize(label)).or_insert(Definition { destination, title });
    }

    /// The destination and title that a label, as it is written, refers to.
    pub(crate) fn find(&self, label: &str, work: &mut Work) -> Option<(&str, &str)> {
        if self.is_empty() {
            return None;
        }
        work.saw(label.len());
        let definition = self.definitions.get(&normalize(label))?;
        Some((&definition.destination, &definition.title))
    }
}

/// The form in which labels are compared: trimmed, white space collapsed, case folded.
///
/// Lower case and then upper case stands in for Unicode case folding, which std does not have: `ẞ`, `ß` and `ss` all become `SS`.
fn normalize(label: &str) -> String {
    let words: Vec<&str> = label.split([' ', '\t', '\n']).filter(|word| !word.is_empty()).collect();
    words.join(" ").to_lowercase().to_uppercase()
}
