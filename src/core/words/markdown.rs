//! A conversation as a Markdown file for reading, and the names of exported files.

use crate::core::conversation::{Conversation, Turn};
use signet_cognito::UnixMillis;

/// The longest name of a file, in bytes, without the date.
const LONGEST_NAME: usize = 60;

/// Adds a conversation to a file: the title, and for each turn the prompt as a quote and each answer as it arrived, with a line of facts about it.
pub fn write(conversation: &Conversation, to: &mut String) {
    if !to.is_empty() {
        to.push_str("\n---\n\n");
    }
    for part in ["# ", &conversation.title, "\n\n*", &day(conversation.updated), "*\n"] {
        to.push_str(part);
    }
    for Turn { prompt, answers } in &conversation.turns {
        to.push('\n');
        for line in prompt.split('\n') {
            let line = line.trim_ascii_end();
            to.push_str(if line.is_empty() { ">" } else { "> " });
            to.push_str(line);
            to.push('\n');
        }
        for answer in answers {
            let text = answer.text.trim_ascii_end();
            if !text.is_empty() {
                for part in ["\n", text, "\n", &open_fence(text)] {
                    to.push_str(part);
                }
            }
            for part in ["\n*", &super::history::about(answer), "*\n"] {
                to.push_str(part);
            }
        }
    }
}

/// The line that closes a code block left open by the text, so that what follows is not code too (`CommonMark` 0.31 §4.5).
pub fn open_fence(text: &str) -> String {
    let mut open: Option<&str> = None;
    for line in text.split('\n') {
        let indent = line.bytes().take_while(|byte| *byte == b' ').count();
        let line = line.trim_ascii();
        let Some(mark @ ('`' | '~')) = line.chars().next() else { continue };
        let length = line.chars().take_while(|c| *c == mark).count();
        // The mark is ASCII, so `length` is in bytes too.
        let (fence, rest) = line.split_at(length);
        open = match open {
            _ if indent > 3 || length < 3 => open,
            Some(open) if fence.len() >= open.len() && fence.starts_with(open) && rest.is_empty() => None,
            Some(open) => Some(open),
            // A line that begins with backticks and has more of them is a code span.
            None => Some(fence).filter(|_| mark == '~' || !rest.as_bytes().contains(&b'`')),
        };
    }
    open.map_or_else(String::new, |fence| [fence, "\n"].concat())
}

/// `YYYY-MM-DD`, UTC.
fn day(time: UnixMillis) -> String {
    let date = time.amz_date();
    let part = |from, to| date.get(from..to).unwrap_or_default();
    [part(0, 4), "-", part(4, 6), "-", part(6, 8)].concat()
}

/// A file's name: letters and digits of the title, the day, and what kind of file it is.
pub fn file_name(title: &str, now: UnixMillis, extension: &str) -> String {
    let mut name = String::new();
    for c in title.chars() {
        // Beyond ASCII, invisible characters and those that change the direction of writing are left out.
        let is_safe = c.is_ascii_alphanumeric()
            || matches!(c, '\u{c0}'..='\u{1fff}' | '\u{2c00}'..='\u{d7ff}' | '\u{f900}'..='\u{fdff}') && c != '\u{61c}';
        if is_safe && name.len() + c.len_utf8() <= LONGEST_NAME {
            name.push(c);
        } else if !is_safe && !name.ends_with('-') && !name.is_empty() && name.len() < LONGEST_NAME {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    let name = if name.is_empty() { "conversation" } else { name };
    [name, "-", &day(now), ".", extension].concat()
}
