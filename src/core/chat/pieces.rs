//! Cuts an answer's steps into pieces, so that the page can stop between two pieces and paint.

use signet_markdown::Step;

/// About how much a piece holds, counted by [`weight`].
const PIECE: usize = 8;

/// The state of cutting one answer.
#[derive(Debug, Default)]
pub struct Pieces {
    /// The text length of each step since the last one that settles.
    texts: Vec<usize>,
    /// How much of the text that was taken back has not returned yet.
    missing: usize,
}

impl Pieces {
    /// Cuts the next steps. No piece ends where text is taken back and has not returned yet.
    pub fn cut(&mut self, steps: Vec<Step>) -> Vec<Vec<Step>> {
        let (mut pieces, mut piece, mut sum, mut is_amended) = (vec![], vec![], 0, false);
        for step in steps {
            let is_amend = matches!(step, Step::Amend(_));
            // An amendment comes only when all text before it is there.
            if sum >= PIECE && (is_amend || self.missing == 0 && !is_amended) {
                pieces.push(std::mem::take(&mut piece));
                sum = 0;
            }
            is_amended |= is_amend;
            sum += weight(&step);
            match &step {
                Step::Settle => *self = Self::default(),
                Step::Undo(count) => {
                    let first = self.texts.len().saturating_sub(*count as usize);
                    self.missing += self.texts.drain(first..).sum::<usize>();
                }
                Step::Text(text) => {
                    self.texts.push(text.len());
                    self.missing = self.missing.saturating_sub(text.len());
                }
                _ => self.texts.push(0),
            }
            piece.push(step);
        }
        if !piece.is_empty() {
            pieces.push(piece);
        }
        pieces
    }
}

/// Roughly what a step costs the page, which lays out elements and text.
fn weight(step: &Step) -> usize {
    match step {
        Step::Open(_) => 1,
        Step::Text(text) => 1 + text.len() / 64,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::spoken::spoken;
    use super::*;
    use proptest::prelude::*;
    use signet_markdown::Markdown;

    /// The text shown after each piece, if it arrives in reads of so many characters.
    fn shown(text: &str, read: usize) -> Vec<String> {
        let (mut markdown, mut pieces, mut steps, mut shown) = (Markdown::new(), Pieces::default(), vec![], vec![]);
        let mut add = |new: Vec<Step>| {
            let whole = new.clone();
            let cut = pieces.cut(new);
            assert_eq!(cut.concat(), whole);
            for piece in cut {
                steps.extend(piece);
                shown.push(spoken(steps.clone()));
            }
        };
        let text: Vec<char> = text.chars().collect();
        for part in text.chunks(read) {
            add(markdown.push(&part.iter().collect::<String>()));
        }
        add(markdown.finish());
        shown
    }

    #[test]
    fn a_table_or_a_list_that_has_not_ended_is_cut_too() {
        for line in ["| a | b |\n", "- an item\n"] {
            let text = format!("| a | b |\n|---|---|\n{}", line.repeat(100));
            let pieces = shown(&text, 500).len();
            assert!(pieces >= 20, "{pieces} pieces of {line:?}");
        }
    }

    proptest! {
        #[test]
        fn no_piece_ends_where_something_is_missing(text in "([a-z*_`>\\[\\]|~-]{1,9}[ \n]{0,2}){0,90}", read in 1..60_usize) {
            let mut before = 0;
            for text in shown(&text, read) {
                // Only letters and digits count, because marks come and go: those in a code span that is never closed turn out to be markup.
                let length = text.chars().filter(char::is_ascii_alphanumeric).count();
                // Text that looks like an address at first, but is none, may change a little.
                prop_assert!(length + 24 >= before, "{} after {}: {:?}", length, before, text);
                before = length;
            }
        }
    }
}
