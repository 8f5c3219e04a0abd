//! The bar above the conversation.

use leptos::prelude::*;

use super::super::app::{Page, SEAL};
use super::super::history::PanelState;
use super::help::Help;
use crate::core::words::page as words;
use crate::protocol::Intent;

/// The bar above the conversation, with its title and the person who is signed in.
#[component]
pub fn Header(help: Help) -> impl IntoView {
    let Page { state, link, .. } = expect_context();
    let panel: PanelState = expect_context();
    let person = move |read: fn(&crate::protocol::Person) -> String| {
        Memo::new(move |_| state.person.with(|person| person.as_ref().map(read).unwrap_or_default()))
    };
    let role = person(|person| person.role.clone().unwrap_or_default());
    let username = person(|person| person.username.clone());
    let sign_out = person(|person| person.sign_out.to_string());

    view! {
        <header class="bar">
            <div id="mark" class="mark">
                <img alt="" src={SEAL}/>
                <h1>{words::TITLE}</h1>
            </div>
            <button
                id="conversations"
                class="act"
                type="button"
                aria-controls="history"
                aria-expanded={move || if panel.is_open.get() { "true" } else { "false" }}
                inert={move || panel.is_drawer.get()}
                node_ref={panel.button}
                on:click={move |_| panel.toggle()}
            >
                {words::HISTORY}
            </button>
            <p class="title" dir="auto">{state.conversation.title}</p>
            <div id="account" class="who" inert={move || panel.is_drawer.get()}>
                <span class="chip" title={words::ROLE} hidden={move || role.with(String::is_empty)}>
                    <span id="role">{role}</span>
                </span>
                <span id="who">{username}</span>
                <button class="act help" type="button" on:click={move |_| help.toggle()}>{words::HELP}</button>
                <button
                    id="sign-out"
                    class="act"
                    type="button"
                    on:click={move |_| link.send(&Intent::SignOut)}
                >
                    {sign_out}
                </button>
            </div>
        </header>
    }
}
