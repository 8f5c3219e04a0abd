//! Any form other than the one of index.html.

use leptos::ev::SubmitEvent;
use leptos::html::H1;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::super::app::{Page, SEAL};
use super::super::browser::{focus, focus_is_nowhere};
use super::super::state::{Screen, State};
use super::field::{Field, FormField};
use super::other_buttons::OtherButtons;
use super::{send, wrong_field};
use crate::core::words::{BROKEN_RULE, page as words};
use crate::protocol::{Form, FormError, FormId, Intent};

const ERROR: &str = "step-error";

/// A form. Its fields are created once. A later view with the same number changes only the sentences and buttons around them.
#[component]
pub fn OtherForm(id: FormId) -> impl IntoView {
    let page: Page = expect_context();
    let state = page.state;
    let form = Memo::new(move |_| {
        state.screen.with(|screen| match screen {
            Screen::Form(form) if form.id == id => Some(form.clone()),
            _ => None,
        })
    });
    let first = form.get_untracked().unwrap_or_default();
    let fields: Vec<Field> = first.fields.into_iter().map(Field::new).collect();
    let fields = StoredValue::new(fields);

    // An error that the page itself has found. It stays until the form is sent or asked again.
    let found = RwSignal::new(None::<FormError>);
    Effect::new(move |_| {
        state.asked.track();
        found.set(None);
    });
    let error = Memo::new(move |_| {
        let is_busy = state.busy.with(Option::is_some);
        let asked = || form.with(|form| form.as_ref()?.error.clone());
        found.get().or_else(asked).filter(|_| !is_busy)
    });
    let wrong = Memo::new(move |_| error.with(|error| error.as_ref()?.field.map(usize::from)));

    let title: NodeRef<H1> = NodeRef::new();
    give_focus(state, form, fields, title);

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if state.busy.with_untracked(Option::is_some) {
            return;
        }
        // A password that breaks a rule is not sent, so that the person can correct it.
        let fields = fields.get_value();
        if let Some(at) = fields.iter().position(|field| field.breaks_a_rule()) {
            found.set(Some(FormError { text: BROKEN_RULE.to_owned(), field: u8::try_from(at).ok() }));
            if let Some(element) = fields[at].element() {
                focus(&element);
            }
            return;
        }
        found.set(None);
        send(page, &Intent::Submit { form: id }, fields.iter().map(|field| field.value()), "".into());
        for field in fields {
            field.clear();
        }
    };
    let press = Callback::new(move |button| {
        let values = fields.get_value();
        send(page, &Intent::Press { form: id, button }, values.iter().map(|field| field.public_value()), "".into());
    });
    let text = move |read: fn(&Form) -> String| move || form.with(|form| form.as_ref().map(read));
    let is_busy = Memo::new(move |_| state.busy.with(Option::is_some));
    let status = move || state.busy.with(|busy| busy.as_deref().map(str::to_owned));
    let has_submit = Memo::new(move |_| form.with(|form| form.as_ref().is_some_and(|form| !form.submit.is_empty())));

    view! {
        <main class="gate" id="step">
            <div class="mark"><img src={SEAL} alt="" width="24" height="24"/>{words::TITLE}</div>
            <form
                class="sheet"
                id="step-form"
                aria-labelledby="step-title"
                aria-describedby="step-status"
                on:submit={submit}
            >
                <div>
                    <h1 id="step-title" tabindex="-1" node_ref={title}>{text(|form| form.title.to_string())}</h1>
                    <p id="step-to">{text(|form| form.text.to_string())}</p>
                </div>
                <p class="oops" id={ERROR} role="alert">
                    {move || error.with(|error| error.as_ref().map(|error| error.text.clone()))}
                </p>
                <div class="fields" id="step-fields">
                    {fields.get_value().into_iter().enumerate().map(|(at, field)| {
                        let error = Signal::derive(move || (wrong.get() == Some(at)).then_some(ERROR));
                        view! { <FormField field error/> }
                    }).collect_view()}
                </div>
                <button
                    class="primary"
                    id="step-submit"
                    hidden={move || !has_submit.get()}
                    aria-disabled={move || is_busy.get().then_some("true")}
                >
                    {text(|form| form.submit.to_string())}
                </button>
                <p class="hint" id="step-status" role="status">{status}</p>
                <div class="others" id="step-others"><OtherButtons form press/></div>
            </form>
        </main>
    }
}

/// Each time the form is asked, focuses the field that was wrong, or the heading of a new step.
fn give_focus(state: State, form: Memo<Option<Form>>, fields: StoredValue<Vec<Field>>, title: NodeRef<H1>) {
    Effect::new(move |was_asked: Option<()>| {
        state.asked.track();
        let wrong = form.with(|form| form.as_ref().and_then(wrong_field));
        let is_new = was_asked.is_none();
        // The elements enter the document only after this tick.
        spawn_local(async move {
            tick().await;
            let field = wrong.and_then(|at| fields.try_with_value(|fields| fields.get(at).copied()).flatten());
            if let Some(element) = field.and_then(Field::element) {
                focus(&element);
            } else if is_new || focus_is_nowhere() {
                // The button that had the focus may be gone.
                if let Some(title) = title.try_get_untracked().flatten() {
                    focus(&title);
                }
            }
        });
    });
}
