//! The buttons of a form other than its own.

use js_sys::Date;
use leptos::prelude::*;

use super::super::app::Page;
use super::super::countdown::seconds_until;
use crate::core::words::sign_in as words;
use crate::protocol::{Button, Form};

/// The buttons other than the form's own. Those that lead to a provider's page come first. `press` gets the index of the button.
#[component]
pub fn OtherButtons(form: Memo<Option<Form>>, press: Callback<u8>) -> impl IntoView {
    let buttons =
        Memo::new(move |_| form.with(|form| form.as_ref().map(|form| form.buttons.clone())).unwrap_or_default());
    // If a form is asked again, its waits restart, even if they are as long as before.
    let Page { state, .. } = expect_context();
    let asked_at = Memo::new(move |_| {
        state.asked.track();
        Date::now()
    });
    let labels = Memo::new(move |_| {
        buttons.with(|all| {
            all.iter().map(|each| (each.label.clone(), each.is_provider, each.icon.clone())).collect::<Vec<_>>()
        })
    });
    let has_or = Memo::new(move |_| {
        let can_send = form.with(|form| form.as_ref().is_some_and(|form| !form.submit.is_empty()));
        can_send && buttons.with(|all| all.iter().any(|each| each.is_provider))
    });
    let each = move |at: usize| {
        let until = Signal::derive(move || {
            let wait = buttons.with(|all| all.get(at).map_or(0, |button| button.wait));
            (wait > 0).then(|| asked_at.get() + f64::from(wait) * 1000.0)
        });
        let button = buttons.with_untracked(|all| all.get(at).cloned());
        button.map(|button| view! { <OtherButton button at until press/> })
    };
    view! {
        <Show when={move || has_or.get()}><p class="or">{words::OR}</p></Show>
        {move || (0..labels.with(Vec::len)).map(each).collect_view()}
    }
}

/// One of these buttons.
#[component]
fn OtherButton(button: Button, at: usize, until: Signal<Option<f64>>, press: Callback<u8>) -> impl IntoView {
    let Page { state, .. } = expect_context();
    let seconds = seconds_until(until);
    let is_off = Memo::new(move |_| seconds.get() > 0 || state.busy.with(Option::is_some));
    let countdown = move || match seconds.get() {
        0 => String::new(),
        seconds => format!("{}{seconds}{}", words::IN, words::SECONDS),
    };
    let Button { label, is_provider, icon, .. } = button;
    let press = move |_| {
        if let (false, Ok(at)) = (is_off.get_untracked(), u8::try_from(at)) {
            press.run(at);
        }
    };
    view! {
        <button
            type="button"
            class={if is_provider { "other quiet" } else { "other link" }}
            aria-disabled={move || is_off.get().then_some("true")}
            on:click={press}
        >
            {(!icon.is_empty()).then(|| view! { <img alt="" width="20" height="20" src={icon}/> })}
            <span>{label}</span>
            // Hidden from screen readers, which would read out every second.
            <span aria-hidden="true">{countdown}</span>
        </button>
    }
}
