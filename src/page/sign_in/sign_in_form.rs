//! The sign-in form of index.html. People may have filled it in or sent it before this code ran. This component adopts it in place: its inputs are never
//! created again, moved or bound.
//!
//! While another screen is shown, the form is out of the document. That tells password managers that the sign-in worked.

use gloo_events::{EventListener, EventListenerOptions};
use leptos::mount::mount_to;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use web_sys::HtmlElement;

use super::super::app::Page;
use super::super::browser::shell::{Field as FieldElements, Shell, SignIn};
use super::super::browser::{focus, set_attribute};
use super::super::state::Screen;
use super::other_buttons::OtherButtons;
use super::{described_by, send, typed, wrong_field};
use crate::core::words::sign_in as words;
use crate::protocol::{Field, FieldKind, Form, FormId, Intent};

/// Adopts the form. `is_submitted` says whether it has already been sent.
#[component]
pub fn SignInForm(shell: Shell, is_submitted: bool) -> impl IntoView {
    let page: Page = expect_context();
    let state = page.state;
    let Shell { app, sign_in: elements, .. } = shell;
    let form = Memo::new(move |_| {
        state.screen.with(|screen| match screen {
            Screen::Form(form) if form.is_sign_in => Some(form.clone()),
            _ => None,
        })
    });
    let is_shown =
        Memo::new(move |_| form.with(Option::is_some) || state.screen.with(|screen| *screen == Screen::Starting));

    if is_submitted {
        state.busy.set(Some(words::SIGNING_IN.into()));
        clear(&elements);
    }
    listen(page, form, &elements);
    let press = {
        let elements = elements.clone();
        // Only the form's own button sends a password or a code.
        let value = SendWrapper::new(move || typed(&elements.username.input));
        Callback::new(move |button| {
            let shown = form.get_untracked().unwrap_or_default();
            let values: Vec<_> =
                shown.fields.iter().map(|field| if field.name == USERNAME { value() } else { "".into() }).collect();
            send(page, &Intent::Press { form: shown.id, button }, values, "".into());
        })
    };
    mount_to(elements.others.clone(), move || {
        provide_context(page);
        view! { <OtherButtons form press/> }
    })
    .forget();

    let adopted = elements.clone();
    Effect::new(move |was_shown: Option<bool>| {
        state.asked.track();
        let shown = is_shown.get();
        let is_new = shown && was_shown == Some(false);
        if is_new {
            // Fails only if #app is not in a document.
            let _ = app.before_with_node_1(&adopted.main);
        }
        if !shown {
            adopted.main.remove();
        }
        form.with(|form| {
            if let Some(form) = form {
                adopt(&adopted, form, is_new);
            }
        });
        shown
    });

    Effect::new(move |_| {
        let busy = state.busy.get();
        set_attribute(&elements.submit, "aria-disabled", busy.is_some().then_some("true"));
        elements.status.set_text_content(busy.as_deref());
        if busy.is_some() {
            elements.error.set_text_content(None);
        }
    });
}

const USERNAME: &str = "username";
const PASSWORD: &str = "password";

/// Listens to the form and to the button that shows the password, for as long as the page lives.
fn listen(page: Page, form: Memo<Option<Form>>, elements: &SignIn) {
    let sent = elements.clone();
    let submit = move |event: &web_sys::Event| {
        event.prevent_default();
        if page.state.busy.with_untracked(Option::is_some) {
            return;
        }
        // Until the worker has numbered the form, its fields are these two.
        let (id, names) = form.with_untracked(|form| match form {
            Some(form) => (form.id, form.fields.iter().map(|field| field.name.to_string()).collect()),
            None => (FormId(0), vec![USERNAME.to_owned(), PASSWORD.to_owned()]),
        });
        let values: Vec<_> =
            names.iter().filter_map(|name| sent.field(name)).map(|field| typed(&field.input)).collect();
        send(page, &Intent::Submit { form: id }, values, words::SIGNING_IN.into());
        clear(&sent);
    };
    let cancelable = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(&elements.form, "submit", cancelable, submit).forget();
}

/// Empties the password that was sent.
fn clear(elements: &SignIn) {
    elements.password.input.set_value("");
    elements.password.input.set_type("password");
    set_attribute(&elements.show_password, "aria-pressed", Some("false"));
}

/// Brings the form up to date. Keeps typed text, unless another screen has been shown since (`is_new`).
fn adopt(elements: &SignIn, form: &Form, is_new: bool) {
    elements.title.set_text_content(Some(&form.title));
    elements.text.set_text_content(Some(&form.text));
    elements.submit.set_text_content(Some(&form.submit));
    elements.submit.set_hidden(form.submit.is_empty());
    elements.error.set_text_content(form.error.as_ref().map(|error| error.text.as_str()));
    let wrong = wrong_field(form);
    for (name, field) in [(USERNAME, &elements.username), (PASSWORD, &elements.password)] {
        let at = form.fields.iter().position(|each| each.name == name);
        let is_wrong = at.is_some() && at == wrong;
        adopt_field(field, at.map(|at| &form.fields[at]), is_new, is_wrong.then(|| elements.error.id()).as_deref());
    }
    // The focus goes to the field that was wrong, else to the first empty one.
    if is_new || form.error.is_some() {
        let fields: Vec<&HtmlElement> =
            form.fields.iter().filter_map(|field| elements.field(&field.name)).map(|field| &*field.input).collect();
        let first = form.fields.first().and_then(|field| elements.field(&field.name));
        let is_empty = first.is_some_and(|first| typed(&first.input).length() == 0);
        let place = match wrong.and_then(|at| fields.get(at)) {
            Some(wrong) => Some(wrong),
            None if is_empty => fields.first(),
            None => fields.last(),
        };
        match place {
            Some(place) => focus(place),
            None if is_new => focus(&elements.title),
            None => {}
        }
    }
}

fn adopt_field(elements: &FieldElements, field: Option<&Field>, is_new: bool, error: Option<&str>) {
    let FieldElements { wrap, label, hint, input } = elements;
    wrap.set_hidden(field.is_none());
    // A hidden input must not keep the form from being sent.
    input.set_disabled(field.is_none());
    let Some(field) = field else { return };
    set_attribute(input, "autocomplete", Some(&field.autocomplete));
    label.set_text_content(Some(&field.label));
    if let Some(hint) = hint {
        hint.set_text_content(Some(&field.hint));
    }
    if let FieldKind::Text(kind) = &field.kind {
        // `inputmode` instead of `type`, because somebody may be typing in it.
        set_attribute(input, "inputmode", Some(kind));
        if is_new || typed(input).length() == 0 {
            input.set_value(&field.value);
        }
    }
    let hint = hint.as_ref().map(|hint| hint.id()).unwrap_or_default();
    let described = described_by(&[
        (!field.hint.is_empty() && !hint.is_empty(), &hint),
        (error.is_some(), error.unwrap_or_default()),
    ]);
    set_attribute(input, "aria-describedby", described.as_deref());
    set_attribute(input, "aria-invalid", error.map(|_| "true"));
}

impl SignIn {
    /// A field by the worker's name for it.
    fn field(&self, name: &str) -> Option<&FieldElements> {
        match name {
            USERNAME => Some(&self.username),
            PASSWORD => Some(&self.password),
            _ => None,
        }
    }
}
