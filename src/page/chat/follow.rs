//! Scrolls the page with a growing answer, but only while the reader is at its end.

use leptos::html::Div;
use leptos::prelude::*;
use web_sys::HtmlDivElement;

use super::super::browser::{document, window};

/// Within this many pixels, a line or two, the reader counts as being at the end.
const NEAR: f64 = 48.0;

/// Whether the page follows the answer. A handle, as cheap to copy as a signal.
#[derive(Debug, Clone, Copy)]
pub struct Follow {
    /// The element that holds the turns.
    pub log: NodeRef<Div>,
    place: StoredValue<Place>,
}

/// Where the reader is.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Whether the page follows the answer.
    is_on: bool,
    /// The scroll position at the last look, in pixels.
    top: f64,
    /// The page's height at that time.
    height: f64,
    /// The scroll position of the end that the reader still sees, if something was added since the last frame.
    end: Option<f64>,
    /// Whether to scroll the last turn to the top of the view at the next layout.
    is_to_pin: bool,
    /// Whether that was done and the reader has not moved since. Being near the end then means nothing.
    is_pinned: bool,
}

impl Follow {
    /// At the start of an empty page.
    pub fn new() -> Self {
        Self { log: NodeRef::new(), place: StoredValue::new(Place::default()) }
    }

    /// The element of the turns, while the conversation is shown.
    fn log(self) -> Option<HtmlDivElement> {
        self.log.get_untracked().filter(|log| log.is_connected())
    }

    fn change(self, change: impl FnOnce(&mut Place)) {
        self.place.update_value(change);
    }

    /// The reader wants to see the end.
    pub fn start(self) {
        self.change(|place| *place = Place { is_on: true, top: place.top, height: place.height, ..Place::default() });
    }

    /// The reader has gone elsewhere.
    pub fn stop(self) {
        self.change(|place| *place = Place { top: place.top, height: place.height, ..Place::default() });
    }

    /// The reader scrolls down, perhaps to the end.
    pub fn unpin(self) {
        self.change(|place| place.is_pinned = false);
    }

    /// Shows the last turn from its start, and stays there.
    pub fn pin(self) {
        self.change(|place| {
            let Place { top, height, .. } = *place;
            *place = Place { top, height, is_to_pin: true, is_pinned: true, ..Place::default() };
        });
    }

    /// Call before something is added. Returns whether to call [`Self::seen`] in the next frame.
    pub fn will_grow(self) -> bool {
        if self.log().is_none() {
            return false;
        }
        // The page may have been scrolled without an event yet.
        self.scrolled();
        let place = self.place.get_value();
        let is_asked = !place.is_on && place.end.is_none();
        if is_asked {
            self.change(|place| place.end = end());
        }
        is_asked
    }

    /// The reader has seen what was added.
    pub fn seen(self) {
        self.place.try_update_value(|place| place.end = None);
    }

    /// The page was scrolled, by the reader or by itself.
    pub fn scrolled(self) {
        let Some(root) = document().document_element() else { return };
        let (height, top) = (f64::from(root.scroll_height()), window().scroll_y().unwrap_or_default());
        self.change(|place| {
            let end = place.end.unwrap_or(height - f64::from(root.client_height()));
            let left = end - top;
            // A page that has become shorter scrolls by itself, without the reader.
            let is_readers = height >= place.height - 1.0;
            if top < place.top - 1.0 {
                if is_readers {
                    place.is_on &= left < 2.0;
                }
            } else if left < NEAR && !place.is_pinned {
                place.is_on = true;
            }
            (place.top, place.height) = (top, height);
        });
    }

    /// Call after a change. The page is laid out when this returns, so that the caller can measure how long it took.
    pub fn settle(self) {
        let Some(log) = self.log() else { return };
        let Some(root) = document().document_element() else { return };
        let height = root.scroll_height();
        self.change(|place| {
            if std::mem::take(&mut place.is_to_pin) {
                if let Some(turn) = log.last_element_child() {
                    turn.scroll_into_view();
                }
            } else if place.is_on {
                root.set_scroll_top(height);
            }
            place.height = f64::from(height);
        });
    }
}

/// The scroll position of the page's end.
fn end() -> Option<f64> {
    let root = document().document_element()?;
    Some(f64::from(root.scroll_height() - root.client_height()))
}
