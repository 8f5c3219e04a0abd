//! The questions, their answers, and the place to ask.

use std::any::Any;
use std::cell::Cell;

use leptos::ev;
use leptos::html::{
    article, b, button, code, div, form, h1, h2, header, i, img, input, label, main, p, span, textarea,
};
use leptos::mount::UnmountHandle;
use leptos::prelude::*;
use leptos::tachys::view::Mountable;
use web_sys::{HtmlElement, HtmlTextAreaElement, KeyboardEvent, Text};

use super::dom::{element, flag, say};
use crate::messages::{seconds, use_case};
use crate::page;
use crate::protocol::{End, Intent, Notice, TurnId, TurnUpdate};
use crate::stream::stock::UseCase;

/// All turns, in the order in which they were asked.
#[derive(Clone, Copy)]
pub struct Turns(RwSignal<Vec<Turn>, LocalStorage>);

thread_local! {
    /// Whether something was asked that the worker has not taken up yet: nothing else may be asked meanwhile, or it would be lost.
    static SENT: Cell<bool> = const { Cell::new(false) };
}

/// One question and its answer.
#[derive(Clone)]
struct Turn {
    id: TurnId,
    /// The answer: a node that is only ever appended to. Its element takes it up when it is shown.
    text: Text,
    course: RwSignal<Course>,
}

/// What is known of an answer beside its text.
#[derive(Clone)]
struct Course {
    prompt: String,
    use_case: UseCase,
    model: String,
    has_text: bool,
    /// `None` while it is under way; how it ended, and milliseconds to the first text and in all.
    ended: Option<(End, Option<u32>, u32)>,
    /// What there is to say of an end that was not good.
    notice: Option<Notice>,
}

impl Turns {
    /// None yet.
    pub fn new() -> Self {
        Self(RwSignal::new_local(vec![]))
    }

    /// Forgets all.
    pub fn clear(self) {
        self.0.set(vec![]);
        SENT.set(false);
    }

    /// Takes in what is new of a turn; whether the turn itself is new.
    pub fn update(self, id: TurnId, update: TurnUpdate) -> bool {
        SENT.set(false);
        let turn = self.0.with_untracked(|turns| turns.iter().find(|turn| turn.id == id).cloned());
        match (turn, update) {
            (None, TurnUpdate::Asked { prompt, use_case }) => {
                let course =
                    Course { prompt, use_case, model: String::new(), has_text: false, ended: None, notice: None };
                self.0.update(|turns| {
                    turns.push(Turn { id, text: document().create_text_node(""), course: RwSignal::new(course) });
                });
                return true;
            }
            (None, _) => {}
            (Some(turn), TurnUpdate::Text(text)) => {
                // Fails only for more than the browser can hold.
                let _ = turn.text.append_data(&text);
                if !turn.course.with_untracked(|course| course.has_text) {
                    turn.course.update(|course| course.has_text = true);
                }
            }
            (Some(turn), update) => turn.course.update(|course| match update {
                TurnUpdate::Asked { .. } => (course.ended, course.notice) = (None, None),
                TurnUpdate::Model(model) => course.model = model,
                TurnUpdate::Ended { end, notice, first_text, duration } => {
                    course.notice = notice;
                    course.ended = Some((end, first_text, duration));
                }
                TurnUpdate::Text(_) => {}
            }),
        }
        false
    }

    fn is_answering(self) -> bool {
        self.0.with(|turns| turns.last().is_some_and(|turn| turn.course.with(|course| course.ended.is_none())))
    }

    /// Tells the worker, once at a time; whether it did.
    fn send(self, intent: &Intent) -> bool {
        let free = !SENT.get() && !untrack(|| self.is_answering());
        if free {
            SENT.set(true);
            page::send(intent);
        }
        focus();
        free
    }
}

impl Turn {
    /// A text that follows the course.
    fn says(&self, text: fn(&Course) -> String) -> Signal<String> {
        let course = self.course;
        Signal::derive(move || course.with(text))
    }
}

impl Course {
    fn state(&self) -> String {
        match &self.ended {
            None if self.has_text => "streaming",
            None => "waiting",
            Some((End::Done, ..)) => "done",
            Some((End::Stopped, ..)) => "stopped",
            Some((End::CutOff, ..)) => "cut-off",
            Some((End::Failed, ..)) => "failed",
        }
        .to_owned()
    }

    /// What is known of the answer's times.
    fn times(&self) -> String {
        match &self.ended {
            None if self.has_text => "answering…".to_owned(),
            None => "waiting for the first word…".to_owned(),
            Some((end, first, duration)) => {
                let stopped = if *end == End::Stopped { "stopped" } else { "" };
                let times = first.map(|first| format!("first word {}, {} in all", seconds(first), seconds(*duration)));
                match (stopped, times) {
                    ("", times) => times.unwrap_or_default(),
                    (stopped, None) => stopped.to_owned(),
                    (stopped, Some(times)) => format!("{stopped} · {times}"),
                }
            }
        }
    }

    /// What a screen reader is told of the newest answer: its boundaries, never its words as they come.
    fn status(&self) -> &'static str {
        match &self.ended {
            None if self.has_text => "Answering.",
            None => "Waiting for the answer.",
            Some((End::Done, ..)) => "The answer is complete.",
            Some((End::Stopped, ..)) => "Stopped.",
            // The notice says it, as an alert.
            Some((End::CutOff | End::Failed, ..)) => "",
        }
    }
}

/// The whole page of somebody who is signed in.
pub fn chat(turns: Turns, username: String, role: Option<String>, sign_out: String, draft: String) -> impl IntoView {
    let begun = Signal::derive(move || !turns.0.with(Vec::is_empty));
    let status = Signal::derive(move || {
        turns.0.with(|turns| turns.last().map_or("", |turn| turn.course.with(Course::status)).to_owned())
    });
    main()
        .id("chat")
        .class("desk")
        .on(ev::keydown, move |event| {
            if event.key() == "Escape" && turns.is_answering() {
                stop();
            }
        })
        .child((
            header().class("bar").child((
                div().class("mark").child((img().src("seal.svg").alt(""), h1().child("Signet"))),
                div().class("who").child((
                    span()
                        .class("chip")
                        .title("The role that your group gives you")
                        .hidden(role.is_none())
                        .child((i(), span().id("role").child(role.unwrap_or_default()))),
                    span().id("who").child(username),
                    button()
                        .id("sign-out")
                        .class("link")
                        .r#type("button")
                        .on(ev::click, |_| page::send(&Intent::SignOut))
                        .child(sign_out),
                )),
            )),
            div().id("log").class("log").role("log").aria_live("off").aria_label("Conversation").child(
                div().class("empty").hidden(begun).child((
                    h2().child("What would you like to know?"),
                    p().class("hint").child(
                        "Each prompt is answered on its own. Your use case picks the model, and the answer says which.",
                    ),
                )),
            ),
            p().id("status").class("unseen").role("status").child(status),
            composer(turns, draft),
        ))
}

/// Another username or role, as a refresh of the tokens may bring; or somebody else.
pub fn account(username: &str, role: Option<&str>, sign_out: &str) {
    say("who", username);
    say("sign-out", sign_out);
    say("role", role.unwrap_or_default());
    if let Some(Ok(Some(chip))) = element::<HtmlElement>("role").map(|role| role.closest(".chip")) {
        flag(&chip, "hidden", role.is_none());
    }
}

/// Begins in the prompt.
pub fn focus() {
    if let Some(prompt) = element::<HtmlTextAreaElement>("prompt") {
        // Fails for what is not in the document; then there is nothing to focus.
        let _ = prompt.focus();
    }
}

/// What is being typed.
pub fn typed() -> String {
    element::<HtmlTextAreaElement>("prompt").map(|prompt| prompt.value()).unwrap_or_default()
}

/// Adds the turns from the given one on to the log. Dropping what is returned takes them out.
///
/// Turns only ever come at the end, so each is mounted once; a keyed list would compare them all at each change.
pub fn show(turns: Turns, from: usize) -> Vec<Box<dyn Any>> {
    let shown = turns.0.get_untracked();
    shown.into_iter().skip(from).filter_map(|turn| Some(Box::new(turn_view(turns, turn)?) as Box<dyn Any>)).collect()
}

fn turn_view(turns: Turns, turn: Turn) -> Option<UnmountHandle<impl Mountable>> {
    let log = element::<HtmlElement>("log")?;
    let text = turn.text.clone();
    let handle = mount_to(log.clone(), move || {
        article().class("turn").attr("data-state", turn.says(Course::state)).child((
            h2().class("unseen").child("You asked"),
            div().class("asked").dir("auto").child(turn.says(|course| course.prompt.clone())),
            h2().class("unseen").child("The answer"),
            div().class("answer").dir("auto"),
            p().class("meta").child((
                b().class("model").child(turn.says(|course| course.model.clone())),
                span().class("use-case").child(turn.says(|course| use_case(course.use_case).to_owned())),
                span().class("times").child(turn.says(Course::times)),
            )),
            note(turns, &turn),
        ))
    });
    let answer = log.last_element_child()?.query_selector(".answer").ok()??;
    answer.append_child(&text).ok()?;
    Some(handle)
}

/// What an answer that did not end well says, with a button to ask again on the newest. It is there from the start, so that a screen reader
/// knows it as an alert when it speaks.
fn note(turns: Turns, turn: &Turn) -> impl IntoView + use<> {
    let (id, course) = (turn.id, turn.course);
    let part = move |part: fn(&Notice) -> String| {
        Signal::derive(move || course.with(|course| course.notice.as_ref().map(part).unwrap_or_default()))
    };
    let none = Signal::derive(move || course.with(|course| course.notice.is_none()));
    let older = Signal::derive(move || turns.0.with(|turns| turns.last().is_none_or(|last| last.id != id)));
    let no_id = Signal::derive(move || {
        course.with(|course| course.notice.as_ref().is_none_or(|notice| notice.request_id.is_none()))
    });
    div().role("alert").child(
        div().class("note").hidden(none).child((
            b().child(part(|notice| notice.title.clone())),
            p().child(part(|notice| notice.text.clone())),
            button()
                .class("quiet retry")
                .r#type("button")
                .hidden(older)
                .on(ev::click, move |_| {
                    turns.send(&Intent::Retry { turn: id });
                })
                .child("Retry"),
            span().class("hint").hidden(no_id).child((
                "Request ",
                code().class("request-id").child(part(|notice| notice.request_id.clone().unwrap_or_default())),
            )),
        )),
    )
}

fn composer(turns: Turns, draft: String) -> impl IntoView {
    let answering = Signal::derive(move || turns.is_answering());
    let idle = Signal::derive(move || !turns.is_answering());
    let uses = UseCase::ALL.map(|each| {
        label().child((
            input().r#type("radio").name("use-case").value(each.name()).checked(each == UseCase::default()),
            use_case(each),
        ))
    });
    div().class("composer").child(
        form()
            .id("composer")
            .on(ev::submit, move |event| {
                event.prevent_default();
                ask(turns);
            })
            .child((
                textarea()
                    .id("prompt")
                    .rows("1")
                    .dir("auto")
                    .placeholder("Ask anything")
                    .aria_label("Prompt")
                    .prop("value", draft)
                    .on(ev::keydown, move |event| {
                        if sends(&event) {
                            event.prevent_default();
                            ask(turns);
                        }
                    }),
                div().class("row").child((
                    div().class("uses").role("radiogroup").aria_label("Use case").child(uses),
                    button().id("send").class("primary").hidden(answering).child("Send"),
                    button()
                        .id("stop")
                        .class("quiet")
                        .r#type("button")
                        .hidden(idle)
                        .on(ev::click, |_| stop())
                        .child("Stop"),
                )),
            )),
    )
}

/// Enter without Shift, unless an input method composes: 229 is what browsers say then, some of them after `isComposing` has ended.
fn sends(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && !event.shift_key() && !event.is_composing() && event.key_code() != 229
}

fn stop() {
    page::send(&Intent::Stop);
    // The button that had the focus goes away.
    focus();
}

fn ask(turns: Turns) {
    let Some(field) = element::<HtmlTextAreaElement>("prompt") else { return };
    let prompt = field.value().trim().to_owned();
    if !prompt.is_empty() && turns.send(&Intent::Ask { prompt, use_case: chosen() }) {
        field.set_value("");
    }
}

/// The chosen use case.
fn chosen() -> UseCase {
    let checked = document().query_selector("input[name=use-case]:checked").ok().flatten();
    let name = checked.and_then(|input| input.get_attribute("value"));
    UseCase::ALL.into_iter().find(|each| name.as_deref() == Some(each.name())).unwrap_or_default()
}
