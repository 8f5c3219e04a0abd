//! Link reference definitions.

use super::inline::Work;

#[derive(Debug)]
struct Definition {
    label: String,
    destination: String,
    title: String,
}

/// The definitions so far: a list, and a table of places in it, by hash.
#[derive(Debug, Default)]
pub(super) struct References {
    list: Vec<Definition>,
    /// Places in the list plus one; 0 is free. A power of two, at most half full.
    places: Vec<u32>,
}

fn hash(label: &str) -> usize {
    let hash = label.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash as usize
}

impl References {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A label as it is compared: white space collapsed, case folded.
    pub(super) fn normal(label: &str) -> String {
        let mut normal = String::with_capacity(label.len());
        let mut space = false;
        for c in label.chars() {
            if matches!(c, ' ' | '\t' | '\n') {
                space = !normal.is_empty();
            } else {
                if std::mem::take(&mut space) {
                    normal.push(' ');
                }
                normal.push(c);
            }
        }
        normal.to_lowercase().to_uppercase()
    }

    /// Where a label is in `places`, or the free place for it.
    fn place(&self, label: &str) -> usize {
        let mask = self.places.len().wrapping_sub(1);
        let mut place = hash(label) & mask;
        while let Some(definition) = self.definition(place) {
            if definition.label == label {
                break;
            }
            place = (place + 1) & mask;
        }
        place
    }

    fn definition(&self, place: usize) -> Option<&Definition> {
        let index = self.places.get(place)?.checked_sub(1)?;
        self.list.get(index as usize)
    }

    /// The destination and title of a label as it is written.
    pub(super) fn find(&self, label: &str, work: &mut Work) -> Option<(&str, &str)> {
        if self.is_empty() {
            return None;
        }
        work.saw(label.len());
        self.get(&Self::normal(label))
    }

    /// Those of a normal label.
    pub(super) fn get(&self, label: &str) -> Option<(&str, &str)> {
        let definition = self.definition(self.place(label))?;
        Some((&definition.destination, &definition.title))
    }

    /// Adds a definition; the first one of a label counts.
    pub(super) fn add(&mut self, label: String, destination: String, title: String) {
        if self.get(&label).is_some() {
            return;
        }
        self.list.push(Definition { label, destination, title });
        if self.places.len() < 2 * self.list.len() {
            self.places = vec![0; 4 * self.list.len().next_power_of_two()];
            for index in 0..self.list.len() {
                self.enter(index);
            }
        } else {
            self.enter(self.list.len() - 1);
        }
    }

    fn enter(&mut self, index: usize) {
        let Some(definition) = self.list.get(index) else { return };
        let place = self.place(&definition.label);
        if let (Some(entry), Ok(number)) = (self.places.get_mut(place), u32::try_from(index + 1)) {
            *entry = number;
        }
    }
}
