//! The form for a new question.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;

use super::super::app::Page;
use super::super::browser::storage::Draft;
use super::super::history::PanelState;
use super::{ask, is_for_app, stop};
use crate::core::words::{page as words, use_case as name_of};
use crate::protocol::Intent;
use signet_stream::stock::UseCase;

/// The form for a new question. `is_at_end` says whether the end of the conversation is in view.
#[component]
pub fn Composer(is_at_end: RwSignal<bool>) -> impl IntoView {
    let page: Page = expect_context();
    let panel: PanelState = expect_context();
    let Page { state, focus, .. } = page;
    let is_answering = Memo::new(move |_| state.is_answering());

    let send = move || {
        let prompt = state.draft.with_untracked(|draft| draft.trim().to_owned());
        let intent = Intent::Ask { prompt: prompt.clone(), use_case: state.use_case.get_untracked() };
        if !prompt.is_empty() && ask(page, &prompt, &intent) {
            state.draft.set(String::new());
            keep(page, "");
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && is_for_app(&event) {
            event.prevent_default();
            send();
        }
    };
    let type_in = move |event| {
        let text = event_target_value(&event);
        keep(page, &text);
        state.draft.set(text);
    };
    let show_latest = move |_| {
        state.follow.start();
        state.follow.settle();
        focus.composer();
    };
    // The style sheet hides such a button, unless it has keyboard focus.
    let off = |is_off: bool| is_off.then_some("");

    view! {
        <div id="ask" class="composer" inert={move || panel.is_drawer.get()}>
            <button
                id="latest"
                class="quiet"
                type="button"
                data-off={move || off(is_at_end.get())}
                on:click={show_latest}
            >
                {words::LATEST}
            </button>
            <form id="composer" tabindex="-1" node_ref={focus.composer} on:submit={submit}>
                <textarea
                    id="prompt"
                    rows="1"
                    dir="auto"
                    placeholder={words::PLACEHOLDER}
                    aria-label={words::PROMPT}
                    node_ref={focus.prompt}
                    prop:value={state.draft}
                    on:input={type_in}
                    on:keydown={key}
                ></textarea>
                <div class="row">
                    <div id="uses" class="uses" role="radiogroup" aria-label={words::USE_CASE}>
                        {UseCase::ALL.map(|use_case| view! { <Use use_case/> })}
                    </div>
                    <button id="send" class="primary" hidden={is_answering}>{words::SEND}</button>
                    <button
                        id="stop"
                        class="quiet"
                        type="button"
                        data-off={move || off(!is_answering.get())}
                        on:click={move |_| {
                            if !stop(page) {
                                focus.composer();
                            }
                        }}
                    >
                        {words::STOP}
                    </button>
                </div>
            </form>
        </div>
    }
}

/// One of the use cases to choose from.
#[component]
fn Use(use_case: UseCase) -> impl IntoView {
    let Page { state, .. } = expect_context();
    view! {
        <label>
            <input
                type="radio"
                name="use-case"
                value={use_case.name()}
                prop:checked={move || state.use_case.get() == use_case}
                on:change={move |_| state.use_case.set(use_case)}
            />
            {name_of(use_case)}
        </label>
    }
}

/// Stores the draft for the person who is signed in.
fn keep(page: Page, text: &str) {
    page.state.person.with_untracked(|person| {
        if let Some(person) = person {
            Draft::Prompt.save(&person.username, text);
        }
    });
}
