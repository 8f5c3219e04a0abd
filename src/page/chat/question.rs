//! A question, and the field for editing it.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::{Button, Textarea};
use leptos::prelude::*;

use super::super::app::Page;
use super::super::browser::address::Entry;
use super::super::browser::storage::Draft;
use super::super::state::Turn;
use super::copy::{CopyButton, Source};
use super::{ask, is_for_app};
use crate::core::words::page as words;
use crate::protocol::Intent;

/// A question with its buttons.
#[component]
pub fn Question(turn: Turn) -> impl IntoView {
    let Page { focus, .. } = expect_context();
    let edit_button: NodeRef<Button> = NodeRef::new();
    let prompt = move || turn.prompt.get_value();
    let is_edited = Memo::new(move |_| turn.edit.with(Option::is_some));

    // The focus returns to the button that began the edit.
    let leave = move || {
        turn.edit.set(None);
        Draft::Edit.forget();
        focus.soon(edit_button);
    };

    view! {
        <div class="question" data-edited={move || is_edited.get().then_some("")}>
            <div class="asked" dir="auto">{prompt()}</div>
            <div class="acts" role="group" aria-label={words::QUESTION}>
                <button
                    type="button"
                    class="act when-idle edit-question"
                    node_ref={edit_button}
                    on:click={move |_| turn.edit.set(Some(prompt()))}
                >
                    {words::EDIT}
                </button>
                <CopyButton
                    class="act copy-question"
                    name={words::COPY_QUESTION}
                    source={move || Source::Text(prompt())}
                />
            </div>
            <Show when={move || is_edited.get()}>
                <Edit turn leave={Callback::new(move |()| leave())}/>
            </Show>
        </div>
    }
}

/// The field for editing a question.
#[component]
fn Edit(turn: Turn, leave: Callback<()>) -> impl IntoView {
    let page: Page = expect_context();
    let Page { state, focus, .. } = page;
    let field: NodeRef<Textarea> = NodeRef::new();
    // An edit that is restored with its conversation must not take the focus from the composer.
    let is_restored =
        turn.edit.with_untracked(|edit| edit.as_deref() == Draft::Edit.load(&state.name_of(turn.id)).as_deref());
    field.on_load(move |_| {
        if !is_restored {
            focus.soon(field);
        }
    });

    let send = move || {
        let prompt = turn.edit.with_untracked(|edit| edit.as_deref().unwrap_or_default().trim().to_owned());
        let use_case = state.use_case.get_untracked();
        let intent = Intent::Edit { turn: turn.id, prompt: prompt.clone(), use_case };
        if !prompt.is_empty() && ask(page, &prompt, &intent) {
            state.conversation.next_entry.set_value(Some(Entry::New));
            turn.edit.set(None);
            Draft::Edit.forget();
            focus.composer();
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let key = move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.shift_key() && is_for_app(&event) => {
            event.prevent_default();
            send();
        }
        _ => {}
    };
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" && is_for_app(&event) {
            event.prevent_default();
            leave.run(());
        }
    };
    let type_in = move |event| {
        let text = event_target_value(&event);
        Draft::Edit.save(&state.name_of(turn.id), &text);
        turn.edit.set(Some(text));
    };

    view! {
        <form class="edit" on:submit={submit} on:keydown={escape}>
            <textarea
                dir="auto"
                aria-label={words::EDITED}
                node_ref={field}
                prop:value={move || turn.edit.get().unwrap_or_default()}
                on:input={type_in}
                on:keydown={key}
            ></textarea>
            <div class="row">
                <button class="primary">{words::SEND}</button>
                <button type="button" class="quiet leave-edit" on:click={move |_| leave.run(())}>{words::CANCEL}</button>
            </div>
        </form>
    }
}
