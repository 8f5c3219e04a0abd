//! The conversation's page, a Wasm of its own: questions, their answers, the place to ask, and the conversations that are kept.
//!
//! The shell is Leptos's, written with its element functions, not with `view!`: the macro builds static parts through `innerHTML`, which Trusted
//! Types forbid. What there are many of (turns, answers, entries) is built by hand. One listener at the window hears all that happens; a button
//! says what it does in its `data-do`.

mod composer;
mod document;
mod follow;
mod help;
mod history;
mod parts;
mod turns;

pub use document::Document;

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;

use js_sys::{Array, Date, Function, JsString, Reflect};
use leptos::html::{button, div, header, main, nav, p, span};
use leptos::mount::UnmountHandle;
use leptos::prelude::*;
use leptos::tachys::view::Mountable;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    Element, Event, HtmlElement, HtmlInputElement, IntersectionObserver, IntersectionObserverEntry, KeyboardEvent,
};

use crate::core::words::page as say;
use crate::page::dom::{element, find, set};
use crate::page::{self, opened};
use crate::protocol::{AnswerUpdate, Intent, Person, SessionView, TurnId, TurnUpdate, View, decode};
use follow::Follow;
use history::History;
use parts::{add, closest, make, value};
use signet_stream::stock::UseCase;
use turns::Turns;

/// Milliseconds after a part was shown, the next need not wait for a frame.
const CALM: f64 = 40.0;
/// Milliseconds that showing a part takes, the layout included, if its news cost what those of the part before did. Some cost three times that,
/// and still leave room for a frame, and for a key to be answered within 50.
const LONGEST: f64 = 10.0;

thread_local! {
    static STATE: RefCell<Desk> = RefCell::default();
    static NEWS: RefCell<News> =
        const { RefCell::new(News { waiting: VecDeque::new(), is_awaited: false, last: 0.0, most: 2.0 }) };
}

/// What the worker said.
struct News {
    /// What is not shown yet, each with whether it is part of a conversation that is opened again.
    waiting: VecDeque<(View, bool)>,
    /// Whether the next part will be shown after a frame.
    is_awaited: bool,
    /// When the last part was shown.
    last: f64,
    /// How much to show in one part, by [`weight`].
    most: f64,
}

/// What is kept of what the worker said.
#[derive(Default)]
struct Desk {
    /// The shell, while somebody is signed in; dropping it takes it out of the document.
    chat: Option<Box<dyn Any>>,
    shell: Option<Shell>,
    turns: Turns,
    history: History,
    follow: Follow,
    /// What was asked that the worker has not taken up yet: nothing else may be asked meanwhile, or it would be lost.
    sent: Option<String>,
    /// The chosen use case.
    use_case: UseCase,
    /// The shown conversation's id and title; empty while it is new.
    id: String,
    title: String,
    /// Whether the next conversation gets a place of its own in the browser's history.
    is_new_place: bool,
    /// Whether a button's wait is being counted down.
    ticks: bool,
    /// The number of the newest search that was typed.
    searches: u32,
    /// What was being typed when the session ended, where the browser refuses storage, or by a guest.
    draft: String,
}

/// What changes alone in the shell.
#[derive(Clone, Copy)]
pub struct Shell {
    username: RwSignal<String>,
    role: RwSignal<String>,
    sign_out: RwSignal<String>,
    title: RwSignal<String>,
    remark: RwSignal<String>,
    status: RwSignal<String>,
    has_no_role: RwSignal<bool>,
    answering: RwSignal<bool>,
    idle: RwSignal<bool>,
    has_turns: RwSignal<bool>,
    is_at_end: RwSignal<bool>,
}

/// Listens to the worker and to the person.
pub fn start() {
    // Moving the focus out of a field that was typed in is an event within an event.
    let on_event = Closure::<dyn Fn(Event)>::new(|event: Event| on(&event)).into_js_value();
    for name in [
        "submit",
        "click",
        "input",
        "change",
        "keydown",
        "scroll",
        "wheel",
        "touchmove",
        "resize",
        "hashchange",
        "tick",
        "visibilitychange",
    ] {
        // Cannot fail for a function.
        let _ = window().add_event_listener_with_callback(name, on_event.unchecked_ref::<Function>());
    }
    page::listen(page::DESK, take);
}

/// Takes views in: at once, so that the next frame shows the change and the scrolling that goes with it, where a change made in a frame needs
/// another one for its scrolling. What comes close together, or is much, is taken in a part after each frame.
pub fn take(bytes: &[u8]) {
    let is_calm = NEWS.with_borrow_mut(|news| {
        let mut old = 0;
        for view in decode::<Vec<View>>(bytes).into_iter().flatten().filter(is_for_desk) {
            if let View::Conversation { turns, .. } = view {
                old = turns;
            }
            let is_old = matches!(view, View::Turn { id, .. } if id.0 < old);
            news.waiting.push_back((view, is_old));
        }
        !news.is_awaited && Date::now() - news.last > CALM
    });
    if document().hidden() {
        show_all();
    } else if is_calm {
        // Nothing was shown just before and nothing waits, so this computer keeps up; and each part costs a frame.
        show_part(3.0);
    } else {
        after_frame();
    }
}

fn is_for_desk(view: &View) -> bool {
    !matches!(
        view,
        View::Misconfigured { .. }
            | View::Leave { .. }
            | View::Passkey { .. }
            | View::Session(SessionView::Busy { .. })
    )
}

fn after_frame() {
    if NEWS.with_borrow_mut(|news| !std::mem::replace(&mut news.is_awaited, true)) {
        // What is done in a frame makes it late; what is done after it has until the next.
        request_animation_frame(|| set_timeout(|| show_part(1.0), std::time::Duration::ZERO));
    }
}

/// Shows as much of the news as this computer does in so many times [`LONGEST`], by what it did before. How much that is grows in small steps: what was
/// cheap, such as words in a paragraph, may go before what is not, such as a table.
fn show_part(times: f64) {
    show_news(NEWS.with_borrow(|news| news.most) * times, LONGEST);
}

/// Shows all of the news: where nobody looks no frame comes.
fn show_all() {
    show_news(f64::INFINITY, f64::INFINITY);
}

/// How much it is to show, about: a piece of an answer is 1, and what changes more of the page is more.
fn weight(view: &View) -> f64 {
    match view {
        View::Turn { update: TurnUpdate::Answer { update: AnswerUpdate::Steps(_), .. }, .. } => 1.0,
        _ => 4.0,
    }
}

/// Shows so much of the news, but begins nothing after so many milliseconds.
fn show_news(most: f64, patience: f64) {
    let is_any = NEWS.with_borrow_mut(|news| {
        news.is_awaited = !news.waiting.is_empty();
        news.is_awaited
    });
    if !is_any {
        return;
    }
    let began = Date::now();
    let mut shown = 0.0;
    let is_asked = STATE.with_borrow_mut(|desk| {
        let is_asked = desk.chat.is_some() && desk.follow.will_grow();
        while shown < most
            && (shown == 0.0 || Date::now() - began < patience)
            && let Some((view, is_old)) = NEWS.with_borrow_mut(|news| news.waiting.pop_front())
        {
            shown += weight(&view);
            desk.apply(view, is_old);
        }
        desk.update();
        is_asked
    });
    let applied = Date::now() - began;
    if is_asked {
        request_animation_frame(|| STATE.with_borrow_mut(|desk| desk.follow.seen()));
    }
    let has_more = NEWS.with_borrow(|news| !news.waiting.is_empty());
    if let Some(log) = element::<Element>("log").filter(|log| log.has_attribute("aria-busy") != has_more) {
        set(&log, "aria-busy", has_more.then_some("true"));
    }
    // After what follows from the signals.
    queue_microtask(move || {
        // While nobody is signed in, the page is the sign-in's.
        STATE.with_borrow_mut(|desk| {
            if desk.chat.is_some() {
                desk.follow.settle();
            }
        });
        let has_more = NEWS.with_borrow_mut(|news| {
            news.is_awaited = false;
            news.last = Date::now();
            let has_more = !news.waiting.is_empty();
            if has_more || shown >= news.most {
                let took = news.last - began;
                // If it is the layout of what is there already, less at a time would only take longer.
                let fits = if applied * 16.0 < took { f64::INFINITY } else { shown * LONGEST / took };
                news.most = fits.max(news.most / 2.0).min(news.most * 1.2);
            }
            has_more
        });
        if has_more {
            after_frame();
        }
    });
}

impl Desk {
    /// `is_old` is of what is part of a conversation that is opened again.
    fn apply(&mut self, view: View, is_old: bool) {
        match view {
            View::Session(SessionView::Asked(_)) => self.leave(),
            View::Session(SessionView::SignedIn(person)) => self.enter(person),
            View::Forget { draft } => {
                self.turns.clear();
                self.history.clear();
                self.sent = None;
                if draft {
                    self.draft.clear();
                    self.use_case = UseCase::default();
                    composer::set_typed("");
                    page::keep_text(page::EDITED, "", "");
                }
                for text in [|shell: &Shell| shell.remark, |shell: &Shell| shell.status] {
                    self.tell(text, String::new());
                }
                // Another address is what somebody wants to see after the sign-in.
                let leads_here = id_in_address().unwrap_or_default() == self.id;
                self.name("", "");
                if leads_here {
                    self.put_in_address(false);
                }
            }
            View::Conversation { id, title, .. } => {
                self.turns.clear();
                self.sent = None;
                self.follow.start();
                // What was said was of another one.
                self.tell(|shell| shell.status, String::new());
                speak("");
                self.name(&id, &title);
                let is_new_place = std::mem::take(&mut self.is_new_place);
                self.put_in_address(is_new_place);
            }
            View::Title { id, title } => {
                self.name(&id, &title);
                self.put_in_address(false);
            }
            View::Turn { id, update } => {
                if !is_old {
                    self.sent = None;
                }
                let begins = matches!(update, TurnUpdate::Answer { update: AnswerUpdate::Begun { .. }, .. });
                let is_new = self.turns.update(id, update, is_old);
                if let Some(turn) = self.turns.last().filter(|_| is_new || begins) {
                    if let Some(log) = element::<Element>("log").filter(|_| is_new) {
                        parts::append(&log, &turn.place);
                        if let Some(text) = page::kept_text(page::EDITED, &self.question(id)).filter(|_| is_old) {
                            turn.edit(&text);
                        }
                    }
                    if turn.id != id {
                        // The reader is there, not at the end.
                        self.follow.stop();
                    } else if !is_old && page::keeps_start_in_view() {
                        self.follow.pin(&turn.place);
                    } else if is_new {
                        self.follow.start();
                    }
                }
            }
            View::History(view) => {
                let (old, new) = (self.history.notice(), view.notice.to_string());
                let is_seen = self.history.update(view);
                // Also where the panel that says it is not shown; there until it is not so any more.
                if let Some(Shell { remark, .. }) = self.shell
                    && old != new
                    && (remark.get_untracked() == old || !is_seen && !new.is_empty())
                {
                    self.history.say("");
                    remark.set(new);
                }
            }
            View::Remark(text) => {
                self.history.say(&text);
                self.tell(|shell| shell.remark, text.into_owned());
            }
            View::Status(text) => self.tell(|shell| shell.status, text.into_owned()),
            View::Spoken(text) => speak(&text),
            View::Copy(text) => page::copied(&text),
            View::File { name, media_type, text } => page::save(&name, &media_type, &text),
            View::Misconfigured { .. }
            | View::Leave { .. }
            | View::Passkey { .. }
            | View::Session(SessionView::Busy { .. }) => {}
        }
    }

    /// After changes.
    fn update(&mut self) {
        if let Some(shell) = self.shell {
            let (answering, has_turns) = (self.turns.is_answering(), !self.turns.is_empty());
            if shell.answering.get_untracked() != answering {
                shell.answering.set(answering);
                shell.idle.set(!answering);
            }
            if shell.has_turns.get_untracked() != has_turns {
                shell.has_turns.set(has_turns);
            }
        }
        self.count_down();
    }

    fn tell(&self, which: fn(&Shell) -> RwSignal<String>, text: String) {
        if let Some(shell) = &self.shell {
            which(shell).set(text);
        }
    }

    /// Somebody is signed in, or has another username or role.
    fn enter(&mut self, Person { username, role, sign_out }: Person) {
        opened();
        let draft = page::kept_text(page::PROMPT, &username);
        let shell = *self.shell.get_or_insert_with(Shell::new);
        shell.username.set(username);
        shell.has_no_role.set(role.is_none());
        shell.role.set(role.unwrap_or_default());
        shell.sign_out.set(sign_out.into_owned());
        if let Some(root) = element::<HtmlElement>("app").filter(|_| self.chat.is_none()) {
            let draft = draft.unwrap_or_else(|| {
                let draft = std::mem::take(&mut self.draft);
                page::keep_text(page::PROMPT, &shell.username.get_untracked(), &draft);
                draft
            });
            self.chat = Some(Box::new(mount(root, shell, draft, self.use_case)));
            self.history.build();
            self.history.set_current(&self.id);
            if let Some(log) = element::<Element>("log") {
                set(&log, "data-start-in-view", page::keeps_start_in_view().then_some(""));
                self.turns.put_into(&log);
            }
            self.name(&self.id.clone(), &self.title.clone());
            self.follow.start();
            if let Some(id) = id_in_address().filter(|id| *id != self.id) {
                page::send(&Intent::Open { id });
            }
            // In a frame of its own: focus lays the page out at once.
            request_animation_frame(composer::focus);
        }
    }

    /// Nobody is. What was typed or could not be sent stays for whoever comes back.
    fn leave(&mut self) {
        if self.chat.is_some() {
            self.use_case = composer::chosen();
            self.draft = composer::typed();
            if let Some(sent) = self.sent.take().filter(|_| composer::typed().is_empty()) {
                composer::keep(&sent);
            }
            self.history.leave();
            self.chat = None;
        }
    }

    /// Names a question of the conversation that is shown.
    fn question(&self, turn: TurnId) -> String {
        [&self.id, " ", &turn.0.to_string()].concat()
    }

    /// What the shown conversation is called.
    fn name(&mut self, id: &str, title: &str) {
        id.clone_into(&mut self.id);
        title.clone_into(&mut self.title);
        self.tell(|shell| shell.title, title.to_owned());
        self.history.set_current(id);
        if self.chat.is_some() {
            let full = if title.is_empty() { say::TITLE.to_owned() } else { [title, say::IN_TITLE].concat() };
            document().set_title(&full);
        }
    }

    /// Makes the address lead to the shown conversation.
    fn put_in_address(&self, is_new_place: bool) {
        if id_in_address().unwrap_or_default() == self.id {
            return;
        }
        let Ok((history, path)) = window().history().and_then(|history| Ok((history, window().location().pathname()?)))
        else {
            return;
        };
        let url = if self.id.is_empty() { path } else { [&path, "#c=", &self.id].concat() };
        // Fails only where scripts may not, then the address stays.
        let _ = if is_new_place {
            history.push_state_with_url(&JsValue::NULL, "", Some(&url))
        } else {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&url))
        };
    }

    /// Asks, once at a time; whether it did.
    fn ask(&mut self, prompt: &str, intent: &Intent) -> bool {
        let is_free = self.sent.is_none() && !self.turns.is_answering();
        if is_free {
            self.sent = Some(prompt.to_owned());
            page::send(intent);
            composer::focus();
        }
        is_free
    }

    fn ask_typed(&mut self) {
        let prompt = composer::typed().trim().to_owned();
        let intent = Intent::Ask { prompt: prompt.clone(), use_case: composer::chosen() };
        if !prompt.is_empty() && self.ask(&prompt, &intent) {
            composer::set_typed("");
        }
    }

    /// Stops the answer; whether there was one to stop.
    fn stop(&self) -> bool {
        let is_answering = self.turns.is_answering();
        if is_answering {
            page::send(&Intent::Stop);
            // The button that may have the focus goes away.
            composer::focus();
        }
        is_answering
    }

    fn begin_new(&mut self) {
        self.is_new_place = !self.id.is_empty();
        self.history.close_drawer();
        page::send(&Intent::New);
        composer::focus();
    }

    fn count_down(&mut self) {
        if !self.ticks && self.turns.tick() {
            self.ticks = true;
            page::tick();
        }
    }

    /// A button, or another element that does something, was pressed.
    fn press(&mut self, act: &str, target: &Element) {
        match act {
            "stop" => {
                if !self.stop() {
                    composer::focus();
                }
            }
            "latest" => {
                self.follow.start();
                self.follow.settle();
                composer::focus();
            }
            "sign-out" => page::send(&Intent::SignOut),
            "help" => help::toggle(),
            "copy-code" => {
                if let Some(code) = document::code_around(target) {
                    copy(Some(&code), target);
                }
            }
            "conversations" => self.history.toggle(),
            "new" => self.begin_new(),
            "shown" => {
                self.history.close_drawer();
                composer::focus();
            }
            "more-entries" => self.history.show_more(),
            "save-all" => page::send(&Intent::Export { id: None, markdown: false }),
            _ if closest(target, ".turn").is_some() => self.press_in_turn(act, target),
            _ => press_in_entry(act, target),
        }
    }

    fn press_in_turn(&mut self, act: &str, target: &Element) {
        let Some(turn) = self.turns.around(target) else { return };
        let id = turn.id;
        match act {
            "edit" => {
                if let Some(field) = turn.edit(turn.prompt()) {
                    parts::focus(&field);
                }
            }
            "leave-edit" => turns::leave_edit(target),
            "copy-question" => copy(Some(turn.prompt()), target),
            "copy" => {
                if let Some(answer) = turn.answer_around(target) {
                    copy(None, target);
                    page::send(&Intent::Copy { turn: id, answer });
                }
            }
            "again" => turns::offer_again(target),
            "ask-again" => {
                let use_case = composer::named(target.get_attribute("value").as_deref());
                let again = target.closest(".acts").ok().flatten().and_then(|acts| find(&acts, "[data-do=again]"));
                if self.ask("", &Intent::Again { turn: id, use_case })
                    && let Some(again) = again
                {
                    turns::offer_again(&again);
                }
            }
            "retry" if target.get_attribute("aria-disabled").is_none() => {
                self.ask("", &Intent::Retry { turn: id });
            }
            "next" | "previous" => {
                turn.turn_to(target);
                turn.turn_over(if act == "next" { 1 } else { turn.backwards() }, act);
            }
            "compare" => turn.compare(),
            _ => {}
        }
    }

    /// A form was sent.
    fn submit(&mut self, form: &Element) {
        if form.id() == "composer" {
            self.ask_typed();
        } else if let Some(turn) = self.turns.around(form) {
            let turn = turn.id;
            let prompt = find(form, "textarea").map(|field| value(&field).trim().to_owned()).unwrap_or_default();
            let use_case = composer::chosen();
            if !prompt.is_empty() && self.ask(&prompt, &Intent::Edit { turn, prompt: prompt.clone(), use_case }) {
                self.is_new_place = true;
                turns::leave_edit(form);
                composer::focus();
            }
        } else if let Some((item, id)) = history::entry_around(form) {
            if let Some(title) = history::title_of(form) {
                page::send(&Intent::Rename { id, title });
            }
            history::leave_entry(&item);
        }
    }

    /// Escape leaves the innermost of what is open, and at last stops the answer; whether there was something.
    fn escape(&mut self, target: &Element) -> bool {
        let offer = closest(target, ".acts").and_then(|acts| find(&acts, "[data-do=again][aria-expanded=true]"));
        if closest(target, "[data-edited]").is_some() {
            turns::leave_edit(target);
        } else if let Some(button) = offer {
            turns::offer_again(&button);
            parts::focus(&button);
        } else if history::entry_around(target).is_some_and(|(item, _)| history::leave_entry(&item)) {
            return true;
        } else if self.history.close_drawer() {
            if let Some(button) = element::<Element>("conversations") {
                page::dom::focus(&button);
            }
        } else {
            return self.stop();
        }
        true
    }

    /// A key; whether it was for something here.
    fn key(&mut self, event: &KeyboardEvent, target: &Element) -> bool {
        let key = event.key();
        // An input method's own: 229 is what browsers say then, some of them after `isComposing` has ended. Or the dialog's, which closes by itself.
        if event.is_composing() || event.key_code() == 229 || help::is_open() && key != "/" {
            return false;
        }
        let is_command = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
        match key.as_str() {
            "Enter" if target.tag_name() == "TEXTAREA" && !event.shift_key() => {
                if let Some(form) = closest(target, "form") {
                    self.submit(&form);
                }
            }
            "Escape" => return self.escape(target),
            "/" if is_command => help::toggle(),
            ";" if is_command => self.begin_new(),
            ":" if is_command => {
                if let Some(button) = element("log").and_then(|log| document::last_code_button(&log)) {
                    self.press("copy-code", &button);
                }
            }
            "PageUp" | "Home" | "ArrowUp" if target.tag_name() != "TEXTAREA" => {
                self.follow.stop();
                return false;
            }
            _ => return false,
        }
        true
    }

    /// The address leads elsewhere: by a link, by the browser's buttons, or by hand.
    fn moved(&mut self) {
        let id = id_in_address().unwrap_or_default();
        // Also back from an address that leads nowhere to what was shown all the time: the sentence about it goes.
        if (id != self.id || !id.is_empty()) && self.chat.is_some() {
            self.history.close_drawer();
            page::send(&if id.is_empty() { Intent::New } else { Intent::Open { id } });
            composer::focus();
        }
    }

    /// Something was typed.
    fn typed(&mut self, target: &Element) {
        if target.id() == "prompt" {
            composer::keep(&value(target));
        } else if let Some(turn) = self.turns.around(target).map(|turn| turn.id) {
            page::keep_text(page::EDITED, &self.question(turn), &value(target));
        } else if target.id() == "search" {
            self.searches += 1;
            let (number, field) = (self.searches, target.clone());
            let search = move || {
                if STATE.with_borrow(|desk| desk.searches) == number {
                    page::send(&Intent::Search { query: value(&field).trim().to_owned() });
                }
            };
            set_timeout(search, std::time::Duration::from_millis(150));
        }
    }
}

/// A box was ticked, or a file chosen.
fn changed(target: &HtmlInputElement) {
    match target.id().as_str() {
        "keep" => page::send(&Intent::Keep { keep: target.checked() }),
        "start-in-view" => {
            page::keep_start_in_view(target.checked());
            if let Some(log) = element::<Element>("log") {
                set(&log, "data-start-in-view", target.checked().then_some(""));
            }
        }
        "import" => import(target),
        _ => {}
    }
}

/// A button of the panel's entries was pressed.
fn press_in_entry(act: &str, target: &Element) {
    let Some((item, id)) = history::entry_around(target) else { return };
    match act {
        "more" if !history::leave_entry(&item) => history::open_entry(&item),
        "rename" => history::ask_for_title(&item),
        "delete" => history::ask_to_delete(&item),
        "delete-now" => {
            page::send(&Intent::Delete { id });
            if let Some(new) = element::<Element>("new") {
                page::dom::focus(&new);
            }
        }
        "leave-entry" => drop(history::leave_entry(&item)),
        "save-markdown" | "save-json" => {
            page::send(&Intent::Export { id: Some(id), markdown: act == "save-markdown" });
            history::leave_entry(&item);
        }
        _ => {}
    }
}

/// All that happens.
fn on(event: &Event) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    // Only what belongs to the conversation.
    let target = target.filter(|target| closest(target, "#chat").is_some());
    let kind = event.type_();
    match (kind.as_str(), target) {
        ("visibilitychange", _) if document().hidden() => show_all(),
        ("submit", Some(form)) => {
            event.prevent_default();
            STATE.with_borrow_mut(|desk| desk.submit(&form));
        }
        ("click", Some(target)) => {
            if let Some(button) = closest(&target, "[data-do]")
                && let Some(act) = button.get_attribute("data-do")
            {
                STATE.with_borrow_mut(|desk| desk.press(&act, &button));
            }
        }
        ("input", Some(target)) => STATE.with_borrow_mut(|desk| desk.typed(&target)),
        ("change", Some(target)) => {
            // Also of a text that is left, while what moves the focus holds the state.
            if let Ok(input) = target.dyn_into::<HtmlInputElement>() {
                changed(&input);
            }
        }
        ("keydown", target) => {
            // The focus may be nowhere.
            let chat = || element::<Element>("chat");
            if let (Some(target), Some(event)) = (target.or_else(chat), event.dyn_ref::<KeyboardEvent>())
                && STATE.with_borrow_mut(|desk| desk.key(event, &target))
            {
                event.prevent_default();
            }
        }
        ("scroll", _) => STATE.with_borrow_mut(|desk| desk.follow.scrolled()),
        ("wheel", Some(_)) => {
            let down = Reflect::get(event, &"deltaY".into()).ok().and_then(|down| down.as_f64()).unwrap_or_default();
            STATE.with_borrow_mut(|desk| if down < 0.0 { desk.follow.stop() } else { desk.follow.unpin() });
        }
        ("touchmove", Some(_)) => STATE.with_borrow_mut(|desk| desk.follow.stop()),
        ("resize", _) => STATE.with_borrow_mut(|desk| {
            desk.history.resized();
            desk.follow.settle();
        }),
        ("hashchange", _) => STATE.with_borrow_mut(Desk::moved),
        ("tick", _) => STATE.with_borrow_mut(|desk| {
            desk.ticks = false;
            desk.count_down();
        }),
        _ => {}
    }
}

/// The id of the conversation that the address leads to.
fn id_in_address() -> Option<String> {
    let hash = window().location().hash().ok()?;
    let id = hash.strip_prefix("#c=")?;
    let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    Some(id.to_owned()).filter(|id| is_id && !id.is_empty())
}

/// Says something to those who do not see it, in place of what was said before.
fn speak(text: &str) {
    if let Some(spoken) = element::<Element>("spoken") {
        spoken.set_text_content(None);
        for line in text.lines() {
            add(&spoken, "p", "", line);
        }
    }
}

/// The button says for a moment that it is done. Without a text, the worker sends it.
fn copy(text: Option<&str>, button: &Element) {
    page::copy(text, button, say::COPIED, say::NOT_COPIED);
}

/// Sends the chosen file's text to the worker.
fn import(input: &HtmlInputElement) {
    let file =
        Reflect::get(input, &"files".into()).and_then(|files| Reflect::get(&files, &0.into())).unwrap_or_default();
    let text = Reflect::get(&file, &"text".into()).ok().and_then(|text| text.dyn_into::<Function>().ok());
    let Some(text) = text.and_then(|text| text.call0(&file).ok()) else { return };
    // So that the same file can be chosen again.
    input.set_value("");
    // Of a file that went away meanwhile, or that is too long for a text, there is an error instead: it is read as one that is empty.
    let send = Closure::<dyn FnMut(JsValue)>::new(|text: JsValue| {
        page::send_form(&Intent::Import, &[text.dyn_into::<JsString>().unwrap_or_default()]);
    });
    let send = send.into_js_value();
    // A promise has a `then`.
    let _ = Reflect::get(&text, &"then".into())
        .and_then(|then| then.unchecked_into::<Function>().call2(&text, &send, &send));
}

impl Shell {
    fn new() -> Self {
        let text = || RwSignal::new(String::new());
        Self {
            username: text(),
            role: text(),
            sign_out: text(),
            title: text(),
            remark: text(),
            status: text(),
            has_no_role: RwSignal::new(false),
            answering: RwSignal::new(false),
            idle: RwSignal::new(true),
            has_turns: RwSignal::new(false),
            is_at_end: RwSignal::new(true),
        }
    }
}

fn mount(root: HtmlElement, shell: Shell, draft: String, chosen: UseCase) -> UnmountHandle<impl Mountable> {
    let handle = mount_to(root, move || view(shell, draft));
    fill(chosen);
    // Whether the end of the log can be seen, as the browser finds when it has laid the page out anyway.
    let seen = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
        if let Some(entry) = entries.iter().last() {
            shell.is_at_end.set(entry.unchecked_into::<IntersectionObserverEntry>().is_intersecting());
        }
    });
    let observer = IntersectionObserver::new(seen.into_js_value().unchecked_ref());
    if let Some((observer, end)) = observer.ok().zip(element::<Element>("end")) {
        observer.observe(&end);
    }
    handle
}

/// Adds what never changes.
fn fill(chosen: UseCase) {
    if let Some(mark) = element::<Element>("mark") {
        let seal = add(&mark, "img", "", "");
        set(&seal, "alt", Some(""));
        set(&seal, "src", Some("seal.svg"));
        add(&mark, "h1", "", say::TITLE);
    }
    if let Some(empty) = element::<Element>("empty") {
        add(&empty, "p", "h", say::EMPTY);
        add(&empty, "p", "hint", say::EMPTY_HINT);
    }
    if let Some(log) = element::<Element>("log") {
        let end = make("p", "");
        end.set_id("end");
        // Fails only for a log that is nowhere.
        let _ = log.after_with_node_1(&end);
    }
    if let Some(talk) = element::<Element>("talk") {
        let spoken = add(&talk, "div", "unseen", "");
        spoken.set_id("spoken");
        set(&spoken, "role", Some("log"));
        // The browser looks for a font when something is first written in it: while the person types, not when an answer comes.
        let write = move || {
            let fonts = add(&talk, "p", "fonts unseen", "");
            set(&fonts, "aria-hidden", Some("true"));
            for tag in ["b", "i", "code", "strong"] {
                add(&fonts, tag, "", "a字🙂");
            }
        };
        set_timeout(write, std::time::Duration::from_millis(500));
    }
    composer::fill(chosen);
}

/// The whole page of somebody who is signed in; [`fill`] adds what never changes.
fn view(shell: Shell, draft: String) -> impl IntoView {
    let Shell { username, role, sign_out, title, remark, status, has_turns, .. } = shell;
    main().id("chat").class("desk").attr("data-answering", shell.answering).child((
        nav().id("history").aria_label(say::HISTORY),
        header().class("bar").child((
            div().id("mark").class("mark"),
            button()
                .id("conversations")
                .class("act")
                .attr("data-do", "conversations")
                .aria_controls("history")
                .child(say::HISTORY),
            p().class("title").dir("auto").child(title),
            div().id("account").class("who").child((
                span().class("chip").title(say::ROLE).hidden(shell.has_no_role).child(span().id("role").child(role)),
                span().id("who").child(username),
                button().class("act").attr("data-do", "help").child(say::HELP),
                button().id("sign-out").class("act").attr("data-do", "sign-out").child(sign_out),
            )),
        )),
        div().id("talk").class("talk").child((
            div()
                .id("log")
                .class("log")
                .role("log")
                .aria_live("off")
                .aria_label(say::CONVERSATION)
                .child(div().id("empty").class("empty").hidden(has_turns)),
            p().id("remark").role("status").child(remark),
            p().id("status").class("unseen").role("status").child(status),
            composer::view(shell, draft),
        )),
    ))
}
