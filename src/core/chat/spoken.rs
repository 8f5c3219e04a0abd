//! An answer as a screen reader reads it out: its words, without Markdown's markup.

use signet_markdown::{Element, Step};

/// The text that these steps build, one block per line.
pub fn spoken(steps: Vec<Step>) -> String {
    let mut done: Vec<Step> = vec![];
    for step in steps {
        match step {
            Step::Undo(count) => done.truncate(done.len().saturating_sub(count as usize)),
            // The rest repeats earlier text, with links in place of brackets.
            Step::Amend(_) => break,
            step => done.push(step),
        }
    }
    let (mut text, mut open) = (String::new(), vec![]);
    for step in done {
        match step {
            Step::Open(element) => {
                if is_block(&element) {
                    end_line(&mut text);
                } else if element == Element::Break {
                    text.push(' ');
                }
                open.push(element);
            }
            Step::Text(more) => text.push_str(&more),
            Step::Become(element) => {
                open.pop();
                open.push(element);
            }
            Step::Close => match open.pop() {
                Some(Element::Cell(_)) => text.push(' '),
                Some(element) if is_block(&element) => end_line(&mut text),
                _ => {}
            },
            Step::Loose | Step::Settle | Step::Keep | Step::Undo(_) | Step::Amend(_) => {}
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn is_block(element: &Element) -> bool {
    !matches!(
        element,
        Element::Cell(_)
            | Element::Emphasis
            | Element::Strong
            | Element::Strike
            | Element::CodeSpan
            | Element::Link { .. }
            | Element::Image { .. }
            | Element::Break
            | Element::InlineHtml
    )
}

/// Ends the text with one line break, unless it is empty.
fn end_line(text: &mut String) {
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_markdown::Align;

    fn text(text: &str) -> Step {
        Step::Text(text.into())
    }

    #[test]
    fn a_block_is_a_line_and_undone_text_is_left_out() {
        let steps = vec![
            Step::Open(Element::Paragraph),
            text("Hello, "),
            Step::Open(Element::Strong),
            text("wor"),
            Step::Close,
            Step::Undo(4),
            text("**world"),
            Step::Open(Element::Break),
            Step::Close,
            text("again"),
            Step::Become(Element::Heading(1)),
            Step::Close,
            Step::Settle,
            Step::Open(Element::Rule),
            Step::Close,
            Step::Open(Element::Bullets),
            Step::Open(Element::Item),
            Step::Open(Element::Paragraph),
            text("one"),
            Step::Keep,
            Step::Close,
            Step::Close,
            Step::Open(Element::Item),
            text("two"),
            Step::Close,
            Step::Close,
            Step::Open(Element::Table),
            Step::Open(Element::Row),
            Step::Open(Element::Cell(Align::Start)),
            text("a"),
            Step::Close,
            Step::Open(Element::Cell(Align::Left)),
            text("b"),
            Step::Close,
            Step::Close,
            Step::Close,
            Step::Settle,
            Step::Amend(0),
            text("one"),
            Step::Close,
        ];
        // The undo takes back four steps: the emphasis, and the text before it.
        assert_eq!(spoken(steps), "**world again\none\ntwo\na b");
        assert_eq!(spoken(vec![]), "");
        assert_eq!(spoken(vec![Step::Undo(9), Step::Close, Step::Become(Element::Quote)]), "");
    }
}
