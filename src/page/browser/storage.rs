//! What the page keeps in sessionStorage and localStorage. None of it is a token or a key.

use web_sys::Storage;

use super::window;

/// Set in sessionStorage while somebody is signed in. `public/start.js` reads it, so that a reload does not flash the sign-in form.
const SIGNED_IN: &str = "signet.signed-in";
/// Set in localStorage if the view stays at the start of an answer.
const START_IN_VIEW: &str = "signet.start-in-view";

/// A text that survives a reload. It is stored with its owner, so that nobody else gets it.
#[derive(Debug, Clone, Copy)]
pub enum Draft {
    /// The question that is being typed. Its owner is a person. `public/start.js` also writes it when the app stops.
    Prompt,
    /// A question that is being edited. Its owner is a turn of a conversation.
    Edit,
}

impl Draft {
    fn key(self) -> &'static str {
        match self {
            Self::Prompt => "signet.prompt",
            Self::Edit => "signet.edited",
        }
    }

    /// The stored text, if it belongs to `owner`.
    pub fn load(self, owner: &str) -> Option<String> {
        let kept = session_storage()?.get_item(self.key()).ok()??;
        Some(kept.strip_prefix(owner)?.strip_prefix('\n')?.to_owned())
    }

    /// Stores a text for `owner`. An empty text is deleted.
    pub fn save(self, owner: &str, text: &str) {
        set(session_storage(), self.key(), (!text.is_empty()).then(|| format!("{owner}\n{text}")).as_deref());
    }

    /// Deletes the text.
    pub fn forget(self) {
        set(session_storage(), self.key(), None);
    }
}

/// `None` if the browser refuses storage.
fn session_storage() -> Option<Storage> {
    window().session_storage().ok()?
}

fn local_storage() -> Option<Storage> {
    window().local_storage().ok()?
}

fn set(storage: Option<Storage>, key: &str, value: Option<&str>) {
    if let Some(storage) = storage {
        // If the storage is full, a reload loses the value, and nothing else happens.
        let _ = match value {
            Some(value) => storage.set_item(key, value),
            None => storage.remove_item(key),
        };
    }
}

/// Records for the next load whether somebody is signed in.
pub fn note_signed_in(is_signed_in: bool) {
    set(session_storage(), SIGNED_IN, is_signed_in.then_some("1"));
}

/// Whether the view stays at the start of an answer in this browser.
pub fn keeps_start_in_view() -> bool {
    local_storage().is_some_and(|storage| matches!(storage.get_item(START_IN_VIEW), Ok(Some(_))))
}

/// Sets whether the view stays at the start of an answer.
pub fn keep_start_in_view(keep: bool) {
    set(local_storage(), START_IN_VIEW, keep.then_some("1"));
}
