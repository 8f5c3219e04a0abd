//! The fields of a form, one component for each kind. The sentence about an error stands above them, in `other_form.rs`.

use js_sys::JsString;
use leptos::html::{Fieldset, Input};
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::HtmlElement;

use super::super::browser::clipboard;
use super::{described_by, typed};
use crate::core::words::{page as words, sign_in as sign_in_words};
use crate::protocol::{Field as FieldView, FieldKind, Rule, Text};

/// A field with the value that a person has filled in. A handle, as cheap to copy as a signal.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    view: StoredValue<FieldView>,
    input: NodeRef<Input>,
    group: NodeRef<Fieldset>,
    /// The chosen value of a `Choice`.
    chosen: RwSignal<Text>,
    /// For each rule of a new password, whether it is met.
    met: RwSignal<Vec<bool>>,
    is_shown: RwSignal<bool>,
}

impl Field {
    /// A field as the worker describes it.
    pub fn new(view: FieldView) -> Self {
        let chosen = match &view.kind {
            FieldKind::Choice(choices) => choices.first().map(|(value, _)| value.clone()),
            _ => None,
        };
        let field = Self {
            view: StoredValue::new(view),
            input: NodeRef::new(),
            group: NodeRef::new(),
            chosen: RwSignal::new(chosen.unwrap_or_default()),
            met: RwSignal::default(),
            is_shown: RwSignal::new(false),
        };
        field.check();
        field
    }

    /// Whether the field is emptied when its form is sent, and its value left out when another button is pressed.
    fn is_secret(self) -> bool {
        self.view
            .with_value(|view| matches!(view.kind, FieldKind::Password | FieldKind::NewPassword(_) | FieldKind::Code))
    }

    /// The value that was filled in.
    pub fn value(self) -> JsString {
        if self.view.with_value(|view| matches!(view.kind, FieldKind::Choice(_))) {
            return self.chosen.with_untracked(|chosen| chosen.as_ref().into());
        }
        self.input.get_untracked().map_or_else(|| "".into(), |input| typed(&input))
    }

    /// The value to send with a button other than the form's own: empty for a secret.
    pub fn public_value(self) -> JsString {
        if self.is_secret() { "".into() } else { self.value() }
    }

    /// Empties a secret that was sent.
    pub fn clear(self) {
        if let Some(input) = self.input.get_untracked().filter(|_| self.is_secret()) {
            input.set_value("");
            self.is_shown.set(false);
            self.check();
        }
    }

    /// Checks which rules are met.
    fn check(self) {
        let FieldKind::NewPassword(rules) = self.view.with_value(|view| view.kind.clone()) else { return };
        let typed = self.value();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A UTF-16 unit.
        let unit = |at| typed.char_code_at(at) as u32;
        self.met.set(rules.iter().map(|Rule { check, .. }| check.is_met(typed.length(), unit)).collect());
    }

    /// Whether a rule is broken.
    pub fn breaks_a_rule(self) -> bool {
        self.met.with_untracked(|met| met.contains(&false))
    }

    /// The ids of its descriptions, and of the error if it is about this field.
    fn described(self, error: Signal<Option<&'static str>>) -> Signal<Option<String>> {
        let (has_hint, has_rules, hint_id, rules_id) =
            self.view.with_value(|FieldView { name, hint, kind, .. }| {
                (!hint.is_empty(), matches!(kind, FieldKind::NewPassword(_)), hint_id(name), rules_id(name))
            });
        Signal::derive(move || {
            let error = error.get();
            described_by(&[(has_hint, &hint_id), (has_rules, &rules_id), (error.is_some(), error.unwrap_or_default())])
        })
    }

    /// The element that can have the focus.
    pub fn element(self) -> Option<HtmlElement> {
        let input = self.input.get_untracked().map(|input| HtmlElement::clone(&input));
        input.or_else(|| self.group.get_untracked().map(|group| HtmlElement::clone(&group)))
    }
}

/// A field. `error` is the id of the sentence about the field's error, if there is one.
#[component]
pub fn FormField(field: Field, error: Signal<Option<&'static str>>) -> impl IntoView {
    let described = field.described(error);
    field.view.with_value(|view| match view.kind {
        FieldKind::Choice(_) => view! { <ChoiceField field described error/> }.into_any(),
        FieldKind::Copy { .. } => view! { <CopyField field described/> }.into_any(),
        _ => view! { <TextField field described error/> }.into_any(),
    })
}

/// One of several choices.
#[component]
fn ChoiceField(field: Field, described: Signal<Option<String>>, error: Signal<Option<&'static str>>) -> impl IntoView {
    let FieldView { name, label, hint, kind, .. } = field.view.get_value();
    let FieldKind::Choice(choices) = kind else { return None };
    let group = name.clone();
    let choice = move |(value, text): (Text, Text)| {
        let is_first = field.chosen.with_untracked(|first| *first == value);
        let chosen = value.clone();
        view! {
            <label class="choice">
                <input
                    type="radio"
                    autocapitalize="none"
                    spellcheck="false"
                    required
                    name={group.clone()}
                    value={value}
                    prop:checked={is_first}
                    on:change={move |_| field.chosen.set(chosen.clone())}
                />
                <span>{text}</span>
            </label>
        }
    };
    Some(view! {
        <fieldset
            class="field"
            role="radiogroup"
            id={name.clone()}
            aria-describedby={described}
            aria-invalid={move || error.get().map(|_| "true")}
            node_ref={field.group}
        >
            <legend>{label}</legend>
            <p class="hint" id={hint_id(&name)}>{hint}</p>
            {choices.into_iter().map(choice).collect_view()}
        </fieldset>
    })
}

/// An input for a text, a password or a code.
#[component]
fn TextField(field: Field, described: Signal<Option<String>>, error: Signal<Option<&'static str>>) -> impl IntoView {
    let FieldView { name, label, hint, autocomplete, value, kind } = field.view.get_value();
    let is_password = matches!(kind, FieldKind::Password | FieldKind::NewPassword(_));
    let is_code = kind == FieldKind::Code;
    // Names of people begin with capitals.
    let is_name = matches!(kind, FieldKind::Text(_)) && !autocomplete.starts_with("username");
    let is_fixed = kind == FieldKind::Fixed;
    let (plain, rules) = match kind {
        FieldKind::Text(plain) => (plain, None),
        FieldKind::NewPassword(rules) => ("text".into(), Some(rules)),
        _ => ("text".into(), None),
    };
    let input_type = move || if is_password && !field.is_shown.get() { "password".into() } else { plain.clone() };
    view! {
        <div class="field">
            <label for={name.clone()}>{label}</label>
            <p class="hint" id={hint_id(&name)}>{hint}</p>
            <div class="secret">
                <input
                    id={name.clone()}
                    name={name.clone()}
                    type={input_type}
                    autocomplete={if is_code { "one-time-code".into() } else { autocomplete }}
                    autocapitalize={(!is_name).then_some("none")}
                    inputmode={is_code.then_some("numeric")}
                    spellcheck="false"
                    required
                    readonly={is_fixed}
                    value={value}
                    aria-describedby={described}
                    aria-invalid={move || error.get().map(|_| "true")}
                    node_ref={field.input}
                    on:input={move |_| field.check()}
                />
                {is_password.then(|| view! { <ShowButton is_shown={field.is_shown}/> })}
            </div>
            {rules.map(|rules| view! { <Rules id={rules_id(&name)} rules met={field.met}/> })}
        </div>
    }
}

fn hint_id(name: &str) -> String {
    [name, "-hint"].concat()
}

fn rules_id(name: &str) -> String {
    [name, "-rules"].concat()
}

/// Shows or hides a password.
#[component]
fn ShowButton(is_shown: RwSignal<bool>) -> impl IntoView {
    view! {
        <button
            type="button"
            class="link show"
            aria-label={sign_in_words::SHOW_PASSWORD}
            aria-pressed={move || if is_shown.get() { "true" } else { "false" }}
            on:click={move |_| is_shown.update(|is_shown| *is_shown = !*is_shown)}
        >
            {sign_in_words::SHOW}
        </button>
    }
}

/// The rules for a new password, ticked off while a person types.
#[component]
fn Rules(id: String, rules: Vec<Rule>, met: RwSignal<Vec<bool>>) -> impl IntoView {
    let is_met = move |at: usize| met.with(|met| met.get(at) == Some(&true));
    view! {
        <ul class="rules" id={id}>
            {rules.into_iter().enumerate().map(|(at, rule)| view! {
                <li data-met={move || is_met(at).then_some("true")}>
                    {rule.label}
                    <span>{move || if is_met(at) { sign_in_words::MET } else { sign_in_words::NOT_MET }}</span>
                </li>
            }).collect_view()}
        </ul>
    }
}

/// A text to copy, with its QR code.
#[component]
fn CopyField(field: Field, described: Signal<Option<String>>) -> impl IntoView {
    let FieldView { name, label, hint, value, kind, .. } = field.view.get_value();
    let FieldKind::Copy { side, path } = kind else { return None };
    let said = RwSignal::new("");
    // Groups of four for the eye. The copied text has no gaps.
    let groups: Vec<String> =
        value.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    let copy = move |_| {
        let written = clipboard::write(std::future::ready(Some(value.clone())));
        spawn_local(async move {
            let outcome = if written.await.is_ok() { words::COPIED } else { words::NOT_COPIED };
            let _ = said.try_set(outcome);
        });
    };
    let has_code = !path.is_empty();
    Some(view! {
        <div class="field copy">
            <svg
                class="qr"
                role="img"
                aria-label={sign_in_words::QR_CODE}
                viewBox={has_code.then(|| format!("0 0 {side} {side}"))}
            >
                <path d={path}></path>
            </svg>
            <label for={name.clone()}>{label}</label>
            <p class="hint" id={hint_id(&name)}>{hint}</p>
            <output class="key" id={name.clone()} aria-live="off" aria-describedby={described}>
                {groups.into_iter().map(|group| view! { <span>{group}</span> }).collect_view()}
            </output>
            <div class="row">
                <button type="button" class="quiet copy-key" on:click={copy}>{words::COPY}</button>
                <span class="hint" role="status">{said}</span>
            </div>
        </div>
    })
}
