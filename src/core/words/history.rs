//! Sentences about stored conversations, and their export.

use super::{facts, markdown, use_case};
use crate::core::conversation::{Answer, Conversation};
use crate::core::history::{self, ExportFormat, ImportFault, List, Remark, StoreFault, Summary};
use crate::protocol::{End, Entry, Errand, HistoryView, Notice, Text, View};
use signet_cognito::UnixMillis;

const UNKNOWN: &str = "This conversation is not in this browser. It was deleted, belongs to another person, or was made in another browser.";
const UNREADABLE: &str = "This conversation could not be read from this browser's storage.";
const NOTHING_TO_EXPORT: &str = "There are no conversations to export yet.";

/// The list as the page shows it. `date` formats a day in the reader's language.
pub fn list(list: List, date: impl Fn(UnixMillis) -> String) -> HistoryView {
    let entry = |Summary { id, title, updated }: Summary| Entry { id, title, date: date(updated) };
    HistoryView {
        entries: list.entries.into_iter().map(entry).collect(),
        query: list.query,
        keep: list.keep,
        notice: list.fault.map_or("".into(), not_stored),
    }
}

/// A remark as a sentence; empty for none.
pub fn remark(remark: Option<Remark>) -> Text {
    match remark {
        None => "".into(),
        Some(Remark::Unknown) => UNKNOWN.into(),
        Some(Remark::Unreadable) => UNREADABLE.into(),
        Some(Remark::NothingToExport) => NOTHING_TO_EXPORT.into(),
        Some(Remark::Imported { new, there, unreadable }) => imported(new, there, unreadable),
        Some(Remark::NotImported(fault)) => not_imported(fault),
    }
}

/// The file of exported conversations.
pub fn export(title: Option<&str>, format: ExportFormat, conversations: &[Conversation], now: UnixMillis) -> View {
    let (extension, media_type, text) = match format {
        ExportFormat::Json => ("json", "application/json", history::file(conversations)),
        ExportFormat::Markdown => {
            let mut text = String::new();
            for conversation in conversations {
                markdown::write(conversation, &mut text);
            }
            ("md", "text/markdown", text)
        }
    };
    let name = markdown::file_name(title.unwrap_or("conversations"), now, extension);
    View::Errand(Errand::File { name, media_type: media_type.into(), text })
}

/// The notice of a stored answer. If a cut-off answer has none, it was under way when the page was closed.
pub fn kept_notice(answer: &Answer) -> Option<Notice> {
    answer.notice.clone().or_else(|| (answer.end == Some(End::CutOff)).then(page_was_closed))
}

/// The notice of an answer that was under way when the page was closed.
pub fn page_was_closed() -> Notice {
    Notice {
        title: "Cut off".into(),
        text: "The page was closed or reloaded while the answer was arriving. What arrived is kept.".into(),
        request_id: None,
    }
}

/// Why new text is not stored.
pub fn not_stored(fault: StoreFault) -> Text {
    match fault {
        StoreFault::Refused => {
            "This browser does not let the page store anything, so conversations are kept only until this tab is closed or reloaded."
        }
        StoreFault::Full => {
            "This browser's storage is full, so anything new is kept only until this tab is closed or reloaded. Deleting old conversations makes room."
        }
        StoreFault::Closed => {
            "A newer version of this app is open in another tab, so anything new here is kept only until this tab is closed or reloaded. Export it first, then reload."
        }
    }
    .into()
}

fn imported(new: u32, there: u32, unreadable: u32) -> Text {
    let mut text = new.to_string();
    text.push_str(if new == 1 { " conversation was imported" } else { " conversations were imported" });
    for (count, one, more) in
        [(there, " was already there", " were already there"), (unreadable, " could not be read", " could not be read")]
    {
        if count > 0 {
            for part in ["; ", &count.to_string(), if count == 1 { one } else { more }] {
                text.push_str(part);
            }
        }
    }
    text.push('.');
    text.into()
}

fn not_imported(fault: ImportFault) -> Text {
    match fault {
        ImportFault::TooLarge => "This file is too large: up to 50 MB can be imported.",
        ImportFault::Foreign => "This file cannot be imported: it is not a JSON file of conversations that this app has exported.",
        ImportFault::Newer => "This file cannot be imported: it was exported by a newer version of this app. Reload the page and try again.",
    }
    .into()
}

/// The facts about an answer in one line, for an export.
pub fn about(answer: &Answer) -> String {
    let mut parts = vec![];
    if !answer.model.is_empty() {
        parts.push(answer.model.clone());
    }
    parts.push(use_case(answer.use_case).to_owned());
    parts.extend(facts(answer, None));
    parts.extend(kept_notice(answer).map(|notice| notice.text));
    if answer.end.is_none() {
        parts.push("It had not ended yet.".to_owned());
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_summed_up_in_one_sentence() {
        assert_eq!(imported(1, 0, 0), "1 conversation was imported.");
        assert_eq!(imported(3, 0, 1), "3 conversations were imported; 1 could not be read.");
        assert_eq!(imported(0, 1, 0), "0 conversations were imported; 1 was already there.");
        assert_eq!(imported(2, 3, 4), "2 conversations were imported; 3 were already there; 4 could not be read.");
    }
}
