//! The conversation: questions, their answers, and the form for a new question.

mod answer;
mod composer;
mod copy;
mod focus;
mod follow;
mod growing_answer;
mod header;
mod help;
mod question;
mod turn;

pub use answer::Control;
pub use copy::Copying;
pub use focus::ChatFocus;
pub use follow::Follow;
pub use growing_answer::GrowingAnswer;

use std::time::Duration;

use js_sys::Array;
use leptos::ev::{self, KeyboardEvent, WheelEvent};
use leptos::html::P;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{IntersectionObserver, IntersectionObserverEntry};

use self::composer::Composer;
use self::copy::{Source, copy};
use self::header::Header;
use self::help::{Help, HelpSheet};
use self::turn::Turn;
use super::app::Page;
use super::browser::address::{self, Entry};
use super::history::{HistoryPanel, PanelState};
use crate::core::words::page as words;
use crate::protocol::Intent;

/// The screen of a person who is signed in.
#[component]
pub fn Chat() -> impl IntoView {
    let page: Page = expect_context();
    let Page { state, link, focus, .. } = page;
    let help = Help::new();
    let panel = PanelState::new(page);
    provide_context(panel);
    let is_answering = Memo::new(move |_| state.is_answering());
    let is_empty = Memo::new(move |_| state.conversation.turns.with(Vec::is_empty));

    state.follow.start();
    if let Some(id) = address::conversation().filter(|id| state.conversation.id.with_untracked(|shown| shown != id)) {
        link.send(&Intent::Open { id });
    }
    // In a frame of its own, because focusing an element lays out the page at once.
    request_animation_frame(move || focus.composer());

    listen(page, help, panel);
    let (end, is_at_end) = watch_end();

    view! {
        <main id="chat" class="desk" data-answering={move || is_answering.get().then_some("")}>
            <HistoryPanel panel/>
            <Header help/>
            <div id="talk" class="talk">
                <div
                    id="log"
                    class="log"
                    role="log"
                    aria-live="off"
                    aria-label={words::CONVERSATION}
                    aria-busy={move || state.is_behind.get().then_some("true")}
                    data-start-in-view={move || state.start_in_view.get().then_some("")}
                    inert={move || panel.is_drawer.get()}
                    node_ref={state.follow.log}
                >
                    <div id="empty" class="empty" hidden={move || !is_empty.get()}>
                        <p class="h">{words::EMPTY}</p>
                        <p class="hint">{words::EMPTY_HINT}</p>
                    </div>
                    <For each={move || state.conversation.turns.get()} key={|turn| turn.serial} let:turn>
                        <Turn turn/>
                    </For>
                </div>
                <p id="end" node_ref={end}></p>
                <p id="remark" role="status">{state.remark}</p>
                <p id="status" class="unseen" role="status">{state.status}</p>
                <Composer is_at_end/>
                <Spoken/>
                <Fonts/>
            </div>
            <HelpSheet help/>
        </main>
    }
}

/// For screen readers: a whole answer, once it has ended.
#[component]
fn Spoken() -> impl IntoView {
    let Page { state, .. } = expect_context();
    // Keyed by the number of the announcement, so that the same text again is made of new elements and read out again. Not by line: Leptos keeps a few
    // hundred bytes of each item that a `For` ever had.
    view! {
        <div id="spoken" class="unseen" role="log">
            <For each={move || [state.spoken.get()]} key={|(count, _)| *count} let:spoken>
                {spoken.1.lines().map(|line| view! { <p>{line.to_owned()}</p> }).collect_view()}
            </For>
        </div>
    }
}

/// The browser loads a font when it first renders text in it. This makes that happen while the person types, not when an answer arrives.
#[component]
fn Fonts() -> impl IntoView {
    const SAMPLE: &str = "a字🙂";
    let is_there = RwSignal::new(false);
    set_timeout(
        move || {
            let _ = is_there.try_set(true);
        },
        Duration::from_millis(500),
    );
    view! {
        <Show when={move || is_there.get()}>
            <p class="fonts unseen" aria-hidden="true">
                <b>{SAMPLE}</b>
                <i>{SAMPLE}</i>
                <code>{SAMPLE}</code>
                <strong>{SAMPLE}</strong>
            </p>
        </Show>
    }
}

/// Sends a question, and returns whether it did. Only one at a time, because a second would be lost.
fn ask(page: Page, prompt: &str, intent: &Intent) -> bool {
    let Page { state, link, focus, .. } = page;
    let is_free = state.sent.with_untracked(Option::is_none) && !untrack(move || state.is_answering());
    if is_free {
        state.sent.set(Some(prompt.to_owned()));
        link.send(intent);
        focus.composer();
    }
    is_free
}

/// Stops the answer. Returns whether there was one to stop.
fn stop(page: Page) -> bool {
    let Page { state, link, focus, .. } = page;
    let is_answering = untrack(move || state.is_answering());
    if is_answering {
        link.send(&Intent::Stop);
        // The button that may have the focus disappears.
        focus.composer();
    }
    is_answering
}

/// Begins a new conversation.
pub(super) fn begin_new(page: Page, panel: PanelState) {
    let Page { state, link, focus, .. } = page;
    let is_left = state.conversation.id.with_untracked(|id| !id.is_empty());
    state.conversation.next_entry.set_value(is_left.then_some(Entry::New));
    panel.close_drawer();
    link.send(&Intent::New);
    focus.composer_soon();
}

/// Whether a key is for the app and not for an input method. Browsers give the latter the key code 229, some of them after `isComposing` has ended.
pub(super) fn is_for_app(event: &KeyboardEvent) -> bool {
    !event.is_composing() && event.key_code() != 229
}

/// Listens to events of the window.
fn listen(page: Page, help: Help, panel: PanelState) {
    let Page { state, link, focus, .. } = page;
    let follow = state.follow;
    let handles = [
        window_event_listener(ev::keydown, move |event| key(&event, page, help, panel)),
        window_event_listener(ev::scroll, move |_| follow.scrolled()),
        window_event_listener(
            ev::wheel,
            move |event: WheelEvent| {
                if event.delta_y() < 0.0 { follow.stop() } else { follow.unpin() }
            },
        ),
        window_event_listener(ev::touchmove, move |_| follow.stop()),
        window_event_listener(ev::resize, move |_| follow.settle()),
        // The address has changed: through a link, the browser's buttons, or by hand.
        window_event_listener(ev::hashchange, move |_| {
            let id = address::conversation().unwrap_or_default();
            let is_shown = state.conversation.id.with_untracked(|shown| *shown == id);
            // This also covers going back from a wrong address to the shown conversation: the sentence about the wrong address must disappear.
            if !is_shown || !id.is_empty() {
                panel.close_drawer();
                link.send(&if id.is_empty() { Intent::New } else { Intent::Open { id } });
                focus.composer_soon();
            }
        }),
    ];
    on_cleanup(move || handles.into_iter().for_each(WindowListenerHandle::remove));
}

/// Handles a key, wherever the focus is. Open menus and fields handle Escape themselves. Here Escape closes the drawer, or else stops the answer.
fn key(event: &KeyboardEvent, page: Page, help: Help, panel: PanelState) {
    let key = event.key();
    // The open help sheet closes by itself.
    if event.default_prevented() || !is_for_app(event) || help.is_open() && key != "/" {
        return;
    }
    let is_command = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
    let is_typing = || event.target().is_some_and(|target| target.has_type::<web_sys::HtmlTextAreaElement>());
    match key.as_str() {
        "Escape" if panel.close_drawer() => page.focus.soon(panel.button),
        "Escape" if stop(page) => {}
        "/" if is_command => help.toggle(),
        ";" if is_command => begin_new(page, panel),
        ":" if is_command => {
            if let Some((button, code)) = untrack(|| page.state.last_copy()) {
                copy(page, Source::Text(code), move |words| button.set_text_content(Some(words)));
            }
        }
        "PageUp" | "Home" | "ArrowUp" if !is_typing() => return page.state.follow.stop(),
        _ => return,
    }
    event.prevent_default();
}

/// The element at the end of the conversation, and whether it is in view. The observer reports that after layouts that happen anyway.
fn watch_end() -> (NodeRef<P>, RwSignal<bool>) {
    let (end, is_at_end) = (NodeRef::<P>::new(), RwSignal::new(true));
    let watch = StoredValue::new_local(None::<(IntersectionObserver, Closure<dyn FnMut(Array)>)>);
    end.on_load(move |end| {
        let seen = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
            if let Some(entry) = entries.iter().last() {
                let is_seen = entry.unchecked_into::<IntersectionObserverEntry>().is_intersecting();
                let _ = is_at_end.try_set(is_seen);
            }
        });
        if let Ok(observer) = IntersectionObserver::new(seen.as_ref().unchecked_ref()) {
            observer.observe(&end);
            watch.set_value(Some((observer, seen)));
        }
    });
    on_cleanup(move || {
        if let Some((observer, _)) = watch.try_update_value(Option::take).flatten() {
            observer.disconnect();
        }
    });
    (end, is_at_end)
}
