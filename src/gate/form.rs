//! What somebody who is not signed in is asked: the form of index.html, or any other that the worker sends, which is built here.
//!
//! One form is shown at a time. All of them are listened to at once, at the window.

use std::cell::RefCell;

use js_sys::{Date, Function, JsString, Reflect};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Event, HtmlElement};

use super::{field, sign_in};
use crate::core::words::{BROKEN_RULE, gate as words};
use crate::page;
use crate::page::dom::{add_part, document, element, find, flag, focus, put, say, set, window};
use crate::protocol::{Form, FormError, Intent};

thread_local! {
    static GATE: RefCell<Gate> = RefCell::new(Gate {
        form: sign_in::unknown(),
        is_shown: true,
        is_busy: false,
        others: vec![],
        ticks: false,
        away: None,
    });
}

struct Gate {
    /// The one that is shown, or was.
    form: Form,
    /// Whether it is in the document.
    is_shown: bool,
    /// Whether it was sent.
    is_busy: bool,
    /// Its buttons, as in the form.
    others: Vec<Other>,
    /// Whether a button's wait is being counted down.
    ticks: bool,
    /// The form of index.html while it is out of the document.
    away: Option<Element>,
}

/// A button beside the one that sends the form.
struct Other {
    button: Element,
    /// Where its wait is counted down.
    countdown: Element,
    /// When it can be pressed: this machine's time, in milliseconds.
    until: f64,
}

/// Listens to all forms.
pub fn listen() {
    let on_event = Closure::<dyn FnMut(Event)>::new(|event: Event| on(&event)).into_js_value();
    for name in ["submit", "click", "input", "pageshow", "passkey", "tick"] {
        // Cannot fail for a function.
        let _ = window().add_event_listener_with_callback(name, on_event.unchecked_ref::<Function>());
    }
}

fn on(event: &Event) {
    let of_event = |name: &str| Reflect::get(event, &name.into()).unwrap_or_default();
    let target = || of_event("target").dyn_into::<HtmlElement>().ok();
    match event.type_().as_str() {
        "submit" if target().is_some_and(|form| form.get_attribute("action").is_some()) => {
            event.prevent_default();
            submit();
        }
        "input" => GATE.with_borrow(|gate| {
            for each in &gate.form.fields {
                field::tick_off(each);
            }
        }),
        "click" => {
            if let Some(Ok(Some(button))) = target().map(|target| target.closest(".others button")) {
                press(&button);
            }
        }
        // Back from a provider's page, with all that was here: nothing is under way any more.
        "pageshow" if of_event("persisted").is_truthy() => page::send(&Intent::ShownAgain),
        "passkey" => GATE.with_borrow(|gate| page::send_passkey(gate.form.id, of_event("detail"))),
        "tick" => GATE.with_borrow_mut(|gate| {
            gate.ticks = false;
            gate.update_others();
        }),
        _ => {}
    }
}

/// Sends what stands in the form, unless it was sent.
pub fn submit() {
    GATE.with_borrow_mut(|gate| {
        // A password that breaks a rule is not sent, so that it can be mended.
        let broken = gate.form.fields.iter().position(field::tick_off);
        if let Some(index) = broken.filter(|_| !gate.is_busy) {
            let field = u8::try_from(index).ok();
            gate.form.error = Some(FormError { text: BROKEN_RULE.to_owned(), field });
            gate.tell(false);
        } else if !gate.is_busy {
            gate.send(&Intent::Submit { form: gate.form.id }, true);
            gate.form.fields.iter().for_each(field::clear);
            gate.set_busy(true, if gate.form.is_sign_in { words::SIGNING_IN } else { "" });
        }
    });
}

fn press(button: &Element) {
    let index = button.get_attribute("data-press").and_then(|index| index.parse().ok());
    // It waits, or the form was sent.
    let Some(index) = index.filter(|_| button.get_attribute("aria-disabled").is_none()) else { return };
    GATE.with_borrow_mut(|gate| {
        gate.send(&Intent::Press { form: gate.form.id, button: index }, false);
        gate.set_busy(true, "");
    });
}

/// Asks what `form` asks.
pub fn ask(form: Form) {
    GATE.with_borrow_mut(|gate| gate.ask(form));
}

/// What was sent is under way.
pub fn busy(text: &str) {
    say("opening", text);
    GATE.with_borrow_mut(|gate| gate.set_busy(true, text));
}

/// Somebody is signed in.
pub fn leave() {
    GATE.with_borrow_mut(Gate::leave);
}

impl Gate {
    /// What the ids of its parts begin with; the id of its `main`.
    fn prefix(&self) -> &'static str {
        if self.form.is_sign_in { "sign-in" } else { "step" }
    }

    fn part(&self, part: &str) -> String {
        [self.prefix(), part].concat()
    }

    fn submit_button(&self) -> Option<Element> {
        element(if self.form.is_sign_in { "sign-in-button" } else { "step-submit" })
    }

    fn send(&self, intent: &Intent, with_form: bool) {
        page::abort_passkey();
        let values: Vec<JsString> = self.form.fields.iter().map(|each| field::sent(each, with_form)).collect();
        page::send_form(intent, &values);
    }

    fn set_busy(&mut self, busy: bool, text: &str) {
        self.is_busy = busy;
        say(&self.part("-status"), text);
        if busy {
            say(&self.part("-error"), "");
        }
        if let Some(button) = self.submit_button() {
            flag(&button, "aria-disabled", busy);
        }
        self.update_others();
    }

    /// Which of the other buttons can be pressed, and which wait.
    fn update_others(&mut self) {
        let mut waiting = false;
        for other in &self.others {
            let seconds = ((other.until - Date::now()) / 1000.0).ceil();
            let waits = seconds > 0.0;
            flag(&other.button, "aria-disabled", waits || self.is_busy);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            // A positive count of seconds that was a u32.
            let text =
                if waits { [words::IN, &(seconds as u32).to_string(), words::SECONDS].concat() } else { String::new() };
            other.countdown.set_text_content(Some(&text));
            waiting |= waits;
        }
        if waiting && !self.ticks {
            self.ticks = true;
            page::tick();
        }
    }

    fn leave(&mut self) {
        if let Some(main) = element::<Element>(self.prefix()).filter(|_| self.is_shown) {
            main.remove();
            if self.form.is_sign_in {
                self.away = Some(main);
            }
        }
        self.is_shown = false;
        self.form.fields.clear();
        self.others.clear();
        page::abort_passkey();
    }

    fn ask(&mut self, form: Form) {
        let old = &self.form;
        let is_new = !self.is_shown || old.is_sign_in != form.is_sign_in || !form.is_sign_in && old.id != form.id;
        let new_buttons =
            is_new || !old.buttons.iter().map(|each| &each.label).eq(form.buttons.iter().map(|each| &each.label));
        if is_new {
            self.leave();
        } else if old.id != form.id {
            page::abort_passkey();
        }
        self.form = form;
        if is_new {
            self.enter();
        }
        if self.form.is_sign_in {
            sign_in::adopt(&self.form, is_new);
        }
        say(&self.part("-title"), &self.form.title);
        say(&self.part("-to"), &self.form.text);
        if let Some(button) = self.submit_button() {
            button.set_text_content(Some(&self.form.submit));
            flag(&button, "hidden", self.form.submit.is_empty());
        }
        if new_buttons {
            self.build_others();
        }
        let now = Date::now();
        for (other, button) in self.others.iter_mut().zip(&self.form.buttons) {
            other.until = now + f64::from(button.wait) * 1000.0;
        }
        self.set_busy(false, "");
        self.tell(is_new);
    }

    /// Puts the form into the document.
    fn enter(&mut self) {
        self.is_shown = true;
        let Some(app) = element::<Element>("app") else { return };
        let away = if self.form.is_sign_in { self.away.take() } else { None };
        let main = away.unwrap_or_else(|| add_part(&app, "main"));
        // Fails only if #app were in no document.
        let _ = app.before_with_node_1(&main);
        if let Some(place) = element("step-fields") {
            self.form.fields.iter().for_each(|each| field::build(&place, each));
        }
    }

    fn build_others(&mut self) {
        self.others.clear();
        let Some(place) = element::<Element>(&self.part("-others")) else { return };
        place.set_text_content(None);
        if !self.form.submit.is_empty() && self.form.buttons.iter().any(|button| button.is_provider) {
            add_part(&place, ".or");
        }
        for (index, each) in self.form.buttons.iter().enumerate() {
            let button = add_part(&place, ".other");
            set(&button, "class", Some(if each.is_provider { "quiet" } else { "link" }));
            set(&button, "data-press", Some(&index.to_string()));
            put(&button, "span", &each.label);
            if let Some(icon) = find(&button, "img") {
                if each.icon.is_empty() {
                    icon.remove();
                } else {
                    set(&icon, "src", Some(&each.icon));
                }
            }
            // Not for a screen reader, which would say every second.
            let countdown = find(&button, "[aria-hidden]").unwrap_or_else(|| button.clone());
            self.others.push(Other { button, countdown, until: 0.0 });
        }
    }

    /// Says what was wrong, and gives the focus to where the person goes on.
    fn tell(&self, is_new: bool) {
        let error = self.form.error.as_ref();
        let id = self.part("-error");
        say(&id, error.map_or("", |error| &error.text));
        let wrong = error.and_then(|error| error.field).map(usize::from);
        for (index, each) in self.form.fields.iter().enumerate() {
            field::describe(each, (wrong == Some(index)).then_some(&id));
        }
        let fields = &self.form.fields;
        let goes_on = match wrong.and_then(|index| fields.get(index)) {
            None if self.form.is_sign_in && (is_new || error.is_some()) => {
                fields.first().filter(|first| field::sent(first, true).length() == 0).or(fields.last())
            }
            wrong => wrong,
        };
        let nowhere = || document().query_selector(":focus").is_ok_and(|focused| focused.is_none());
        match goes_on.and_then(|each| element::<Element>(&each.name)) {
            Some(input) => focus(&input),
            // The button that had the focus may be gone.
            None if is_new || !self.form.is_sign_in && nowhere() => {
                if let Some(title) = element::<Element>(&self.part("-title")) {
                    focus(&title);
                }
            }
            None => {}
        }
    }
}
