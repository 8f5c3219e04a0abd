//! A conversation in the list, with its menu.

use leptos::ev::{KeyboardEvent, MouseEvent, SubmitEvent};
use leptos::html::{Button, Input};
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::super::app::Page;
use super::super::chat::is_for_app;
use super::PanelState;
use crate::core::words::page as words;
use crate::protocol::{Entry as EntryView, Intent};

/// What the entry's button has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// The menu.
    Menu,
    /// A field for a new title.
    Rename,
    /// The question whether to delete.
    Delete,
}

/// A conversation in the list. What is open in it stays open when the list changes around it.
#[component]
pub fn Entry(id: String, panel: PanelState) -> impl IntoView {
    let page: Page = expect_context();
    let Page { state, link, focus, .. } = page;
    let id = StoredValue::new(id);
    let entry = Memo::new(move |_| {
        id.with_value(|id| state.history.with(|view| view.entries.iter().find(|entry| entry.id == *id).cloned()))
    });
    let title = Memo::new(move |_| {
        let title = entry.with(|entry| entry.as_ref().map(|EntryView { title, .. }| title.clone()).unwrap_or_default());
        if title.is_empty() { words::UNTITLED.to_owned() } else { title }
    });
    let date = move || entry.with(|entry| entry.as_ref().map(|entry| entry.date.clone()));
    let is_current = Memo::new(move |_| id.with_value(|id| state.conversation.id.with(|shown| shown == id)));
    let open = RwSignal::new(None);
    let more: NodeRef<Button> = NodeRef::new();

    // Closes what is open. The focus returns to the button.
    let leave = Callback::new(move |()| {
        open.set(None);
        if let Some(more) = more.get_untracked() {
            focus.to(&more);
        }
    });
    let follow = move |event: MouseEvent| {
        // The address does not change, so no hashchange event reports that the link was pressed.
        if is_current.get_untracked() {
            event.prevent_default();
            panel.close_drawer();
            focus.composer_soon();
        }
    };
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" && open.get_untracked().is_some() && is_for_app(&event) {
            event.prevent_default();
            leave.run(());
        }
    };
    let export = move |markdown| {
        link.send(&Intent::Export { id: Some(id.get_value()), markdown });
        leave.run(());
    };
    let menu = move || {
        view! {
            <div class="open">
                <button type="button" class="act rename" on:click={move |_| open.set(Some(Open::Rename))}>
                    {words::RENAME}
                </button>
                <button type="button" class="act delete" on:click={move |_| open.set(Some(Open::Delete))}>
                    {words::DELETE}
                </button>
                <button type="button" class="act save-markdown" on:click={move |_| export(true)}>
                    {words::SAVE_MARKDOWN}
                </button>
                <button type="button" class="act save-json" on:click={move |_| export(false)}>
                    {words::SAVE_JSON}
                </button>
            </div>
        }
    };

    view! {
        <li data-id={id.get_value()} on:keydown={escape}>
            <a
                href={id.with_value(|id| format!("#c={id}"))}
                aria-current={move || is_current.get().then_some("page")}
                on:click={follow}
            >
                <span class="name" dir="auto">{title}</span>
                <span class="hint">{date}</span>
            </a>
            <button
                type="button"
                class="act more"
                aria-label={move || format!("{}{}{}", words::MORE, words::FOR, title.get())}
                aria-expanded={move || if open.get().is_some() { "true" } else { "false" }}
                node_ref={more}
                on:click={move |_| {
                    match open.get_untracked() {
                        Some(_) => leave.run(()),
                        None => open.set(Some(Open::Menu)),
                    }
                }}
            >
                {words::MORE}
            </button>
            {move || open.get().map(|open| match open {
                Open::Menu => menu().into_any(),
                Open::Rename => view! { <Rename id title leave/> }.into_any(),
                Open::Delete => view! { <Delete id panel leave/> }.into_any(),
            })}
        </li>
    }
}

/// A field for a new title.
#[component]
fn Rename(id: StoredValue<String>, title: Memo<String>, leave: Callback<()>) -> impl IntoView {
    let Page { link, focus, .. } = expect_context();
    let field: NodeRef<Input> = NodeRef::new();
    field.on_load(move |field| {
        // The field enters the document only after this tick.
        spawn_local(async move {
            tick().await;
            focus.to(&field);
            field.select();
        });
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let title = field.get_untracked().map(|field| field.value().trim().to_owned()).unwrap_or_default();
        if !title.is_empty() {
            link.send(&Intent::Rename { id: id.get_value(), title });
        }
        leave.run(());
    };
    view! {
        <form class="open" on:submit={submit}>
            <input aria-label={words::NEW_TITLE} value={title.get_untracked()} node_ref={field}/>
            <button class="act">{words::SAVE}</button>
            <button type="button" class="act cancel" on:click={move |_| leave.run(())}>{words::CANCEL}</button>
        </form>
    }
}

/// The question whether to delete.
#[component]
fn Delete(id: StoredValue<String>, panel: PanelState, leave: Callback<()>) -> impl IntoView {
    let Page { link, focus, .. } = expect_context();
    let cancel: NodeRef<Button> = NodeRef::new();
    cancel.on_load(move |_| focus.soon(cancel));
    let delete = move |_| {
        link.send(&Intent::Delete { id: id.get_value() });
        // This button is about to go.
        if let Some(new) = panel.new.get_untracked() {
            focus.to(&new);
        }
    };
    view! {
        <div class="open" role="group" aria-label={words::DELETE_ASK}>
            <span>{words::DELETE_ASK}</span>
            <button type="button" class="act danger delete-now" on:click={delete}>{words::DELETE}</button>
            <button type="button" class="act cancel" node_ref={cancel} on:click={move |_| leave.run(())}>
                {words::CANCEL}
            </button>
        </div>
    }
}
