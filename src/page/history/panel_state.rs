//! Whether the history panel is open, and whether it is a drawer.

use leptos::html::{Button, Input, Nav, Ul};
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::super::app::Page;
use super::super::browser::{focused, has_focus, media, set_root_attribute};

/// Whether the history panel is open, and whether it is a drawer. A handle, as cheap to copy as a signal.
#[derive(Debug, Clone, Copy)]
pub struct PanelState {
    page: Page,
    /// Whether it is open.
    pub is_open: Memo<bool>,
    /// Whether it is a drawer, which covers the conversation and makes it inert.
    pub is_drawer: Memo<bool>,
    /// The panel's element.
    pub place: NodeRef<Nav>,
    /// The button in the header that opens it.
    pub button: NodeRef<Button>,
    /// The button for a new conversation, its first.
    pub new: NodeRef<Button>,
    /// Its search field.
    pub search: NodeRef<Input>,
}

impl PanelState {
    /// If there is room beside the conversation, the panel is open from the start, provided that it has entries.
    pub fn new(page: Page) -> Self {
        let state = page.state;
        let wide = media::query("(min-width: 64rem)");
        // Follows `wide`, after everything that depends on it has been adjusted.
        let is_wide = RwSignal::new(wide.get_untracked());
        let is_open = Memo::new(move |_| {
            let by_itself = state.history_was_filled.get() == Some(true) && is_wide.get();
            state.history_is_open.get().unwrap_or(by_itself)
        });
        let is_drawer = Memo::new(move |_| is_open.get() && !is_wide.get());
        let panel = Self {
            page,
            is_open,
            is_drawer,
            place: NodeRef::new(),
            button: NodeRef::new(),
            new: NodeRef::new(),
            search: NodeRef::new(),
        };

        // An attribute on the root, because the browser would check `:has()` there again at each word of an answer.
        Effect::new(move |_| {
            let shown = match (is_open.get(), is_drawer.get()) {
                (false, _) => None,
                (true, false) => Some("beside"),
                (true, true) => Some("drawer"),
            };
            set_root_attribute("data-history", shown);
        });
        on_cleanup(|| set_root_attribute("data-history", None));

        Effect::new(move |_| {
            let now = wide.get();
            if is_wide.get_untracked() == now {
                return;
            }
            // A panel beside the conversation does not turn into a drawer unless the focus is in it.
            let had_focus = panel.place.get_untracked().is_some_and(|place| has_focus(&place));
            if !now && !had_focus && state.history_is_open.get_untracked() == Some(true) {
                state.history_is_open.set(None);
            }
            is_wide.set(now);
            spawn_local(async move {
                tick().await;
                if had_focus && panel.is_open.try_get_untracked() == Some(false) {
                    page.focus.composer();
                }
                state.follow.settle();
            });
        });
        panel
    }

    /// Opens or closes it, and moves the focus with it.
    pub fn toggle(self) {
        let is_open = !self.is_open.get_untracked();
        self.page.state.history_is_open.set(Some(is_open));
        self.page.focus.soon(if is_open { self.new } else { self.button });
    }

    /// Closes the drawer. Returns whether there was one to close.
    pub fn close_drawer(self) -> bool {
        let is_drawer = self.is_drawer.get_untracked();
        if is_drawer {
            self.page.state.history_is_open.set(Some(false));
        }
        is_drawer
    }

    /// Keeps the focus in the list, which is about to change. An element that moves loses the focus; if the focused one disappears, the search gets it.
    pub fn keep_focus(self, list: NodeRef<Ul>) {
        let Some(list) = list.get_untracked() else { return };
        let Some(focused) = focused().filter(|focused| list.contains(Some(focused))) else { return };
        spawn_local(async move {
            tick().await;
            if has_focus(&focused) {
                return;
            }
            if focused.is_connected() {
                self.page.focus.to(&focused);
            } else if let Some(search) = self.search.try_get_untracked().flatten() {
                self.page.focus.to(&search);
            }
        });
    }
}
