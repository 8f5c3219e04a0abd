//! The place to ask, and what is being typed there.

use leptos::html::{button, div, form, textarea};
use leptos::prelude::*;
use web_sys::{Element, HtmlTextAreaElement};

use super::Shell;
use super::parts::{Media, add, append, has_focus};
use crate::core::words::{page as say, use_case};
use crate::page;
use crate::page::dom::{document, element, set};
use signet_stream::stock::UseCase;

/// With `draft` in it; [`fill`] adds the use cases.
pub fn view(shell: Shell, draft: String) -> impl IntoView {
    div().id("ask").class("composer").child((
        button()
            .id("latest")
            .class("quiet")
            .r#type("button")
            .attr("data-do", "latest")
            .attr("data-off", shell.is_at_end)
            .child(say::LATEST),
        form().id("composer").tabindex("-1").child((
            textarea()
                .id("prompt")
                .rows("1")
                .dir("auto")
                .placeholder(say::PLACEHOLDER)
                .aria_label(say::PROMPT)
                .prop("value", draft),
            div().class("row").child((
                div().id("uses").class("uses").role("radiogroup").aria_label(say::USE_CASE),
                button().id("send").class("primary").hidden(shell.answering).child(say::SEND),
                button()
                    .id("stop")
                    .class("quiet")
                    .r#type("button")
                    .attr("data-do", "stop")
                    .attr("data-off", shell.idle)
                    .child(say::STOP),
            )),
        )),
    ))
}

/// The use cases, one of them chosen.
pub fn fill(chosen: UseCase) {
    let Some(uses) = element::<Element>("uses") else { return };
    for each in UseCase::ALL {
        let label = add(&uses, "label", "", "");
        let input = add(&label, "input", "", "");
        for (name, value) in [("type", "radio"), ("name", "use-case"), ("value", each.name())] {
            set(&input, name, Some(value));
        }
        set(&input, "checked", (each == chosen).then_some(""));
        append(&label, &document().create_text_node(use_case(each)));
    }
}

/// What is being typed.
pub fn typed() -> String {
    element::<HtmlTextAreaElement>("prompt").map(|prompt| prompt.value()).unwrap_or_default()
}

/// Puts something else in its place, and keeps it.
pub fn set_typed(text: &str) {
    if let Some(prompt) = element::<HtmlTextAreaElement>("prompt") {
        prompt.set_value(text);
    }
    keep(text);
}

/// Keeps it for whoever is signed in.
pub fn keep(text: &str) {
    let who = element::<Element>("who").and_then(|who| who.text_content()).unwrap_or_default();
    page::keep_text(page::PROMPT, &who, text);
}

/// Begins in the prompt; where a keyboard would come up on the screen, beside it, unless it is up already.
pub fn focus() {
    thread_local! {
        static HAS_SCREEN_KEYBOARD: Media = Media::new("(pointer: coarse)");
    }
    let is_there = has_focus(element("prompt").as_ref());
    let place = if HAS_SCREEN_KEYBOARD.with(Media::matches) && !is_there { "composer" } else { "prompt" };
    if let Some(place) = element::<Element>(place) {
        page::dom::focus(&place);
    }
}

/// The chosen use case.
pub fn chosen() -> UseCase {
    let checked = document().query_selector("input[name=use-case]:checked").ok().flatten();
    named(checked.and_then(|input| input.get_attribute("value")).as_deref())
}

/// A use case by its name.
pub fn named(name: Option<&str>) -> UseCase {
    UseCase::ALL.into_iter().find(|each| name == Some(each.name())).unwrap_or_default()
}
