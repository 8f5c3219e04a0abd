//! The conversation: questions, their answers, and the place to ask. A Wasm of its own, written with Leptos's element functions, not with `view!`:
//! the macro builds static parts through `innerHTML`, which Trusted Types forbid.

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

use crate::markdown::Step;
use crate::messages::use_case;
use crate::page::dom::{element, flag, say};
use crate::page::{self, opened};
use crate::protocol::{AnswerUpdate, DESK, DeskView, End, Intent, Notice, Person, TurnId, TurnUpdate, desk_views};
use crate::stream::stock::UseCase;

/// Listens to the worker.
pub fn start() {
    let mut desk = Desk::default();
    page::listen(DESK, move |bytes| {
        for view in desk_views(bytes).into_iter().flatten() {
            desk.apply(view);
        }
    });
}

/// What is kept of what the worker said.
#[derive(Default)]
struct Desk {
    /// The conversation's component, while somebody is signed in; dropping it takes it out of the document.
    chat: Option<Box<dyn Any>>,
    turns: Option<Turns>,
    /// The turns' components, likewise.
    shown: Vec<Box<dyn Any>>,
    /// What was being typed when a session ended by itself.
    draft: String,
}

impl Desk {
    fn apply(&mut self, view: DeskView) {
        match view {
            DeskView::Person(None) if self.chat.is_some() => {
                self.draft = typed();
                self.shown.clear();
                self.chat = None;
            }
            DeskView::Person(Some(Person { username, role, sign_out })) => {
                document().set_title("Signet");
                opened();
                let turns = *self.turns.get_or_insert_with(Turns::new);
                let draft = page::take_prompt()
                    .filter(|typed| !typed.is_empty())
                    .unwrap_or_else(|| std::mem::take(&mut self.draft));
                match element::<HtmlElement>("app").filter(|_| self.chat.is_none()) {
                    Some(root) => {
                        self.chat = Some(Box::new(mount_to(root, move || {
                            chat(turns, username, role, sign_out.into_owned(), draft)
                        })));
                        self.shown = show(turns, 0);
                        // In a frame of its own: focus lays the page out at once.
                        request_animation_frame(focus);
                    }
                    None => account(&username, role.as_deref(), &sign_out),
                }
            }
            DeskView::Forget => {
                self.turns.iter().for_each(|turns| turns.clear());
                self.shown.clear();
                self.draft.clear();
            }
            DeskView::Turn { id, update } => {
                let turns = *self.turns.get_or_insert_with(Turns::new);
                let follow = at_bottom() || matches!(update, TurnUpdate::Asked { .. });
                if turns.update(id, update) && self.chat.is_some() {
                    self.shown.extend(show(turns, self.shown.len()));
                }
                if follow {
                    request_animation_frame(to_bottom);
                }
            }
            _ => {}
        }
    }
}

/// Whether the reader is at the page's end, within a line or two.
fn at_bottom() -> bool {
    let Some(root) = document().document_element() else { return false };
    root.scroll_height() - root.scroll_top() - root.client_height() < 48
}

fn to_bottom() {
    if let Some(root) = document().document_element() {
        root.set_scroll_top(root.scroll_height());
    }
}

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
    /// `None` while it is under way; how it ended, and what is known of it.
    ended: Option<(End, Vec<String>)>,
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
            (None, TurnUpdate::Asked { prompt }) => {
                let use_case = UseCase::default();
                let course =
                    Course { prompt, use_case, model: String::new(), has_text: false, ended: None, notice: None };
                self.0.update(|turns| {
                    turns.push(Turn { id, text: document().create_text_node(""), course: RwSignal::new(course) });
                });
                return true;
            }
            (None, _) | (_, TurnUpdate::Asked { .. }) => {}
            (Some(turn), TurnUpdate::Answer { update: AnswerUpdate::Steps(steps), .. }) => {
                for step in steps {
                    if let Step::Text(text) = step {
                        // Fails only for more than the browser can hold.
                        let _ = turn.text.append_data(&text);
                    }
                }
                if !turn.course.with_untracked(|course| course.has_text) {
                    turn.course.update(|course| course.has_text = true);
                }
            }
            (Some(turn), TurnUpdate::Answer { update, .. }) => turn.course.update(|course| match update {
                AnswerUpdate::Begun { use_case, .. } => {
                    (course.ended, course.notice, course.use_case) = (None, None, use_case);
                }
                AnswerUpdate::Model(model) => course.model = model,
                AnswerUpdate::Ended { end, notice, facts, .. } => {
                    course.notice = notice;
                    course.ended = Some((end, facts));
                }
                _ => {}
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
            Some((End::Done, _)) => "done",
            Some((End::Stopped, _)) => "stopped",
            Some((End::CutOff, _)) => "cut-off",
            Some((End::Failed, _)) => "failed",
        }
        .to_owned()
    }

    /// What is known of the answer's times.
    fn times(&self) -> String {
        match &self.ended {
            None if self.has_text => "answering…".to_owned(),
            None => "waiting for the first word…".to_owned(),
            Some((end, facts)) => {
                let stopped = if *end == End::Stopped { "stopped".to_owned() } else { String::new() };
                [&[stopped], facts.as_slice()].concat().join(" ")
            }
        }
    }

    /// What a screen reader is told of the newest answer: its boundaries, never its words as they come.
    fn status(&self) -> &'static str {
        match &self.ended {
            None if self.has_text => "Answering.",
            None => "Waiting for the answer.",
            Some((End::Done, _)) => "The answer is complete.",
            Some((End::Stopped, _)) => "Stopped.",
            // The notice says it, as an alert.
            Some((End::CutOff | End::Failed, _)) => "",
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
