//! Moves the focus when the control that has it goes away.

use leptos::html::{ElementType, Form, Textarea};
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};
use wasm_bindgen::JsCast;

use super::super::browser::{self, media};

/// The elements of the composer that can have the focus. A handle, as cheap to copy as a signal.
#[derive(Debug, Clone, Copy)]
pub struct ChatFocus {
    /// The field for the question.
    pub prompt: NodeRef<Textarea>,
    /// The form around it.
    pub composer: NodeRef<Form>,
    has_screen_keyboard: Signal<bool>,
}

impl ChatFocus {
    /// Neither element exists yet.
    pub fn new() -> Self {
        Self {
            prompt: NodeRef::new(),
            composer: NodeRef::new(),
            has_screen_keyboard: media::query("(pointer: coarse)"),
        }
    }

    /// Focuses the prompt. If that would open an on-screen keyboard that is not open yet, focuses the form around it instead.
    pub fn composer(self) {
        let (Some(prompt), Some(composer)) = (self.prompt.get_untracked(), self.composer.get_untracked()) else {
            return;
        };
        if self.has_screen_keyboard.get_untracked() && !browser::has_focus(&prompt) {
            browser::focus(&composer);
        } else {
            browser::focus(&prompt);
        }
    }

    /// Focuses the composer once a closing drawer no longer makes it inert.
    pub fn composer_soon(self) {
        spawn_local(async move {
            tick().await;
            self.composer();
        });
    }

    /// Focuses an element that is about to appear, or to become usable.
    pub fn soon<E>(self, element: NodeRef<E>)
    where
        E: ElementType,
        E::Output: JsCast + Clone + AsRef<web_sys::Element> + 'static,
    {
        spawn_local(async move {
            tick().await;
            if let Some(element) = element.try_get_untracked().flatten() {
                self.to(element.as_ref());
            }
        });
    }

    /// Focuses an element, or the composer if the element cannot have the focus, for example because it is hidden.
    pub fn to(self, element: &web_sys::Element) {
        browser::focus(element);
        if !browser::has_focus(element) {
            self.composer();
        }
    }
}
