//! Which part of the conversation is in view. The page goes with the answer only while the reader is at its end.

use web_sys::Element;

use crate::page::dom::{document, window};

/// Closer to the page's end than this many pixels, a line or two, is at its end.
const NEAR: f64 = 48.0;

/// Whether the page goes with the answer.
#[derive(Debug, Default)]
pub struct Follow {
    is_on: bool,
    /// Where the page was last.
    top: f64,
    /// Where its end is for the reader, who sees the last frame, if something was added since.
    end: Option<f64>,
    /// What is to be at the top of the view in the next frame.
    pin: Option<Element>,
    /// Whether that has gone there, and the reader nowhere since: then being near the end means nothing.
    is_pinned: bool,
}

impl Follow {
    /// The reader wants the end.
    pub fn start(&mut self) {
        *self = Self { is_on: true, top: self.top, ..Self::default() };
    }

    /// The reader goes elsewhere.
    pub fn stop(&mut self) {
        *self = Self { top: self.top, ..Self::default() };
    }

    /// The reader moves the page downwards, perhaps to its end.
    pub fn unpin(&mut self) {
        self.is_pinned = false;
    }

    /// Shows an element from its start, and stays there.
    pub fn pin(&mut self, element: &Element) {
        *self = Self { is_on: false, top: self.top, pin: Some(element.clone()), is_pinned: true, end: None };
    }

    /// Something is about to be added. Whether [`Self::seen`] is to follow in the next frame.
    pub fn will_grow(&mut self) -> bool {
        // It may be that the page was scrolled and nobody has told yet.
        self.scrolled();
        let is_asked = !self.is_on && self.end.is_none();
        if is_asked {
            self.end = end();
        }
        is_asked
    }

    /// The reader sees what was added.
    pub fn seen(&mut self) {
        self.end = None;
    }

    /// The page was scrolled, by whomever.
    pub fn scrolled(&mut self) {
        let Some(end) = self.end.or_else(end) else { return };
        let top = window().scroll_y().unwrap_or_default();
        let left = end - top;
        if top < self.top - 1.0 {
            // Unless the page has become shorter.
            self.is_on &= left < 2.0;
        } else if left < NEAR && !self.is_pinned {
            self.is_on = true;
        }
        self.top = top;
    }

    /// After a change. The page is laid out when this returns, so that how long that takes can be told.
    pub fn settle(&mut self) {
        let Some(root) = document().document_element() else { return };
        let height = root.scroll_height();
        if let Some(pin) = self.pin.take() {
            pin.scroll_into_view();
        } else if self.is_on {
            root.set_scroll_top(height);
        }
    }
}

/// How far the page can be scrolled.
fn end() -> Option<f64> {
    let root = document().document_element()?;
    Some(f64::from(root.scroll_height() - root.client_height()))
}
