//! Questions and their answers, as elements. Each is built once; what changes of it is changed in place.

use js_sys::Date;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlTextAreaElement, Text};

use super::document::Document;
use super::parts::{add, add_button, append, closest, focus, label, make, show};
use crate::core::words::{page as say, use_case};
use crate::page;
use crate::page::dom::{document, find, set};
use crate::protocol::{AnswerId, AnswerUpdate, End, Notice, TurnId, TurnUpdate};
use signet_stream::stock::UseCase;

/// The turns of the conversation that is shown.
#[derive(Debug, Default)]
pub struct Turns {
    all: Vec<Turn>,
}

/// A question and its answers.
#[derive(Debug)]
pub struct Turn {
    /// Which.
    pub id: TurnId,
    /// All of it.
    pub place: Element,
    prompt: String,
    /// The answers that are shown; the others are out of the document.
    shelf: Element,
    answers: Vec<Answer>,
    /// Which answer is shown.
    shown: usize,
    /// Whether the one before it is shown beside it.
    compares: bool,
    /// The state that the place says.
    state: &'static str,
}

#[derive(Debug)]
struct Answer {
    id: AnswerId,
    place: Element,
    document: Document,
    reasoning: Option<Text>,
    has_text: bool,
    end: Option<End>,
    /// When it makes sense to ask again, while that is waited for: this machine's time, in milliseconds.
    until: Option<f64>,
}

impl Turns {
    /// Forgets all.
    pub fn clear(&mut self) {
        for turn in self.all.drain(..) {
            turn.place.remove();
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether an answer is under way.
    pub fn is_answering(&self) -> bool {
        self.all.iter().any(|turn| turn.answers.iter().any(|answer| answer.end.is_none()))
    }

    /// The newest.
    pub fn last(&self) -> Option<&Turn> {
        self.all.last()
    }

    /// Puts all into the log.
    pub fn put_into(&self, log: &Element) {
        for turn in &self.all {
            turn.answers.iter().for_each(Answer::quieten);
            append(log, &turn.place);
        }
    }

    /// The turn around an element.
    pub fn around(&mut self, element: &Element) -> Option<&mut Turn> {
        let place = closest(element, ".turn")?;
        self.all.iter_mut().find(|turn| turn.place == place)
    }

    /// Takes in what is new of a turn. One that is `old`, of a conversation that is opened again, has ended, also while its end is not shown yet,
    /// and is no alert. Whether the turn is new.
    pub fn update(&mut self, id: TurnId, update: TurnUpdate, old: bool) -> bool {
        let at = self.all.iter().position(|turn| turn.id == id);
        match (at, update) {
            (None, TurnUpdate::Asked { prompt }) => {
                self.all.push(Turn::new(id, prompt));
                return true;
            }
            (Some(at), TurnUpdate::Answer { id, update }) => self.all[at].update(id, update, old),
            _ => {}
        }
        false
    }

    /// Counts down what is waited for; whether there is more to count.
    pub fn tick(&mut self) -> bool {
        let answers = self.all.iter_mut().flat_map(|turn| &mut turn.answers);
        answers.fold(false, |more, answer| answer.count_down() | more)
    }
}

impl Turn {
    fn new(id: TurnId, prompt: String) -> Self {
        let place = make("article", "turn");
        set(&place, "data-state", Some("waiting"));
        add(&place, "h2", "unseen", say::ASKED);
        let question = add(&place, "div", "question", "");
        set(&add(&question, "div", "asked", &prompt), "dir", Some("auto"));
        let acts = add(&question, "div", "acts", "");
        set(&acts, "role", Some("group"));
        label(&acts, say::QUESTION);
        add_button(&acts, "act when-idle", "edit", say::EDIT);
        label(&add_button(&acts, "act", "copy-question", say::COPY), say::COPY_QUESTION);
        let shelf = add(&place, "div", "shelf", "");
        Self { id, place, prompt, shelf, answers: vec![], shown: 0, compares: false, state: "waiting" }
    }

    fn update(&mut self, id: AnswerId, update: AnswerUpdate, old: bool) {
        let at = self.answers.iter().position(|answer| answer.id == id);
        match (at, update) {
            (at, AnswerUpdate::Begun { use_case, context }) => {
                let answer = Answer::new(id, use_case, context, old);
                self.shown = at.unwrap_or(self.answers.len());
                if let Some(at) = at {
                    self.answers[at].place.remove();
                    self.answers[at] = answer;
                } else {
                    self.answers.push(answer);
                }
                self.shelve();
            }
            (Some(at), update) => self.answers[at].update(update),
            (None, _) => {}
        }
        if let Some(newest) = self.answers.last().filter(|newest| newest.state() != self.state) {
            self.state = newest.state();
            set(&self.place, "data-state", Some(self.state));
        }
    }

    /// Puts what is shown of the answers into the document, and numbers them.
    fn shelve(&self) {
        let beside = self.compares.then(|| self.beside()).flatten();
        for (at, answer) in self.answers.iter().enumerate() {
            if at == self.shown || Some(at) == beside {
                append(&self.shelf, &answer.place);
            } else {
                answer.place.remove();
            }
            answer.quieten();
            answer.number(at, self.answers.len(), self.compares);
        }
        set(&self.place, "data-compares", beside.map(|_| ""));
    }

    /// Which answer is shown beside the shown one: the one before it, or after the first.
    fn beside(&self) -> Option<usize> {
        match (self.shown, self.answers.len()) {
            (_, 0 | 1) => None,
            (0, _) => Some(1),
            (shown, _) => Some(shown - 1),
        }
    }

    /// Makes the answer around an element the one that is shown, if it stands beside that.
    pub fn turn_to(&mut self, element: &Element) {
        let is_around = |answer: &Answer| answer.place.contains(Some(element));
        self.shown = self.answers.iter().position(is_around).unwrap_or(self.shown);
    }

    /// Shows the answer `by` places further on, in a circle; the focus goes to the same button there.
    pub fn turn_over(&mut self, by: usize, act: &str) {
        self.shown = (self.shown + by) % self.answers.len().max(1);
        self.compares = false;
        self.shelve();
        self.focus_on(act);
    }

    /// Shows two answers side by side, or one again.
    pub fn compare(&mut self) {
        self.compares = !self.compares;
        self.shelve();
        self.focus_on("compare");
    }

    fn focus_on(&self, act: &str) {
        let place = self.answers.get(self.shown).map(|answer| &answer.place);
        if let Some(button) = place.and_then(|place| find(place, &["[data-do=", act, "]"].concat())) {
            focus(&button);
        }
    }

    /// How far it is to the answer before, forwards.
    pub fn backwards(&self) -> usize {
        self.answers.len().saturating_sub(1)
    }

    /// Which answer an element is in.
    pub fn answer_around(&self, element: &Element) -> Option<AnswerId> {
        let place = closest(element, ".reply")?;
        self.answers.iter().find(|answer| answer.place == place).map(|answer| answer.id)
    }

    /// What was asked.
    pub fn prompt(&self) -> &str {
        &self.prompt
    }

    /// Turns the question into a field with this text, which is given. It comes back by [`leave_edit`].
    pub fn edit(&self, text: &str) -> Option<Element> {
        let question = find(&self.place, ".question").filter(|question| find(question, "form").is_none())?;
        set(&question, "data-edited", Some(""));
        let form = add(&question, "form", "edit", "");
        let field = add(&form, "textarea", "", "");
        set(&field, "dir", Some("auto"));
        label(&field, say::EDITED);
        field.unchecked_ref::<HtmlTextAreaElement>().set_value(text);
        let row = add(&form, "div", "row", "");
        add(&row, "button", "primary", say::SEND);
        add_button(&row, "quiet", "leave-edit", say::CANCEL);
        Some(field)
    }
}

/// The question as it was, around an element of its field. The focus goes to the button that opened it.
pub fn leave_edit(element: &Element) {
    let Some(question) = closest(element, "[data-edited]") else { return };
    if let Some(form) = find(&question, "form") {
        form.remove();
    }
    page::keep_text(page::EDITED, "", "");
    set(&question, "data-edited", None);
    if let Some(button) = find(&question, "[data-do=edit]") {
        focus(&button);
    }
}

/// Shows with what a turn may be asked again, or hides it.
pub fn offer_again(button: &Element) {
    let Some(acts) = button.parent_element() else { return };
    let is_open = if let Some(offer) = find(&acts, ".offer") {
        offer.remove();
        false
    } else {
        let offer = make("span", "offer when-idle");
        set(&offer, "role", Some("group"));
        label(&offer, say::AGAIN_AS);
        for each in UseCase::ALL {
            set(&add_button(&offer, "act", "ask-again", use_case(each)), "value", Some(each.name()));
        }
        // Fails only for a button that is nowhere.
        let _ = button.after_with_node_1(&offer);
        true
    };
    set(button, "aria-expanded", Some(if is_open { "true" } else { "false" }));
}

impl Answer {
    fn new(id: AnswerId, asked_as: UseCase, context: u32, old: bool) -> Self {
        let place = make("section", "reply");
        set(&place, "aria-busy", Some("true"));
        let (end, state, times) = if old { (Some(End::Done), "done", "") } else { (None, "waiting", say::WAITING) };
        set(&place, "data-state", Some(state));
        add(&place, "h2", "unseen", say::ANSWER);
        let document = Document::new(add(&place, "div", "answer", ""));
        // There from the start, so that a screen reader knows it as an alert when it speaks. The button that counts down is not part of it.
        let fault = add(&place, "div", "fault", "");
        let alert = add(&fault, "div", "", "");
        if !old {
            set(&alert, "role", Some("alert"));
        }
        show(&add(&alert, "div", "note", ""), false);
        let foot = add(&place, "div", "foot", "");
        let meta = add(&foot, "p", "meta", "");
        add(&meta, "b", "model", "");
        add(&meta, "span", "use-case", use_case(asked_as));
        if context > 0 {
            let turns = if context == 1 { say::EARLIER_TURN } else { say::EARLIER_TURNS };
            add(&meta, "span", "context", &[say::WITH, &context.to_string(), turns].concat());
        }
        add(&meta, "span", "times", times);
        let acts = add(&foot, "div", "acts", "");
        label(&add_button(&acts, "act", "copy", say::COPY), say::COPY_ANSWER);
        set(&add_button(&acts, "act when-idle", "again", say::AGAIN), "aria-expanded", Some("false"));
        Self { id, place, document, reasoning: None, has_text: false, end, until: None }
    }

    fn put(&self, selector: &str, text: &str) {
        crate::page::dom::put(&self.place, selector, text);
    }

    fn update(&mut self, update: AnswerUpdate) {
        let before = self.state();
        match update {
            AnswerUpdate::Begun { .. } => {}
            AnswerUpdate::Model(model) => self.put(".model", &model),
            AnswerUpdate::Steps(steps) => {
                self.document.carry_out(steps);
                if !self.has_text && self.end.is_none() {
                    self.put(".times", say::ANSWERING);
                }
                self.has_text = true;
            }
            AnswerUpdate::Reasoning(text) => {
                let node = self.reasoning.get_or_insert_with(|| reasoning(&self.place));
                // Fails only for more than the browser can hold.
                let _ = node.append_data(&text);
            }
            AnswerUpdate::Ended { end, notice, facts, wait } => {
                self.end = Some(end);
                self.document.end();
                // Now the facts say it, if the back end did take the earlier turns.
                if let Some(context) = find(&self.place, ".context") {
                    context.remove();
                }
                self.put(".times", &facts.join(" · "));
                set(&self.place, "aria-busy", None);
                self.until = (wait > 0).then(|| Date::now() + f64::from(wait) * 1000.0);
                self.tell(end, notice);
                self.count_down();
            }
        }
        if self.state() != before {
            set(&self.place, "data-state", Some(self.state()));
        }
    }

    /// Says of an end that was not good what it was, with a button to ask again.
    fn tell(&self, end: End, notice: Option<Notice>) {
        let Some((fault, note)) = find(&self.place, ".fault").zip(find(&self.place, ".note")) else { return };
        if let Some(notice) = &notice {
            add(&note, "b", "", &notice.title);
            add(&note, "p", "", &notice.text);
            show(&note, true);
        }
        if notice.is_some() {
            fault.set_class_name("fault told");
            add_button(&fault, "quiet retry when-idle", "retry", say::RETRY);
        } else if let Some(acts) = find(&self.place, ".acts").filter(|_| end == End::Stopped) {
            add_button(&acts, "act retry when-idle", "retry", say::RETRY);
        }
        if let Some(request_id) = notice.and_then(|notice| notice.request_id) {
            let line = add(&fault, "p", "hint", say::REQUEST);
            add(&line, "code", "request-id", &request_id);
        }
    }

    /// Says on the button how long it waits; whether it does.
    fn count_down(&mut self) -> bool {
        let Some(until) = self.until else { return false };
        let seconds = ((until - Date::now()) / 1000.0).ceil();
        let waits = seconds > 0.0;
        if !waits {
            self.until = None;
        }
        if let Some(button) = find(&self.place, ".retry") {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A count of seconds that was a u32.
            let text = if waits {
                [say::RETRY_IN, &(seconds as u32).to_string(), say::SECONDS].concat()
            } else {
                say::RETRY.to_owned()
            };
            button.set_text_content(Some(&text));
            set(&button, "aria-disabled", waits.then_some("true"));
        }
        waits
    }

    /// Says which answer of how many it is, and lets the others be reached.
    fn number(&self, at: usize, count: usize, compares: bool) {
        if count < 2 {
            return;
        }
        // It asks again after the newest.
        if let Some(retry) = find(&self.place, ".retry") {
            show(&retry, at + 1 == count);
        }
        let place = [&(at + 1).to_string(), say::OF, &count.to_string()].concat();
        self.put("h2", &[say::ANSWER_NUMBER, &place].concat());
        let Some(acts) = find(&self.place, ".acts") else { return };
        if find(&acts, ".place").is_none() {
            label(&add_button(&acts, "act", "previous", "←"), say::PREVIOUS);
            add(&acts, "span", "place", "");
            label(&add_button(&acts, "act", "next", "→"), say::NEXT);
            add_button(&acts, "act", "compare", say::COMPARE);
        }
        self.put(".place", &place);
        if let Some(button) = find(&acts, "[data-do=compare]") {
            set(&button, "aria-pressed", Some(if compares { "true" } else { "false" }));
        }
    }

    /// What was said when it ended is not said again when it comes back into the document.
    fn quieten(&self) {
        if let Some(alert) = find(&self.place, "[role=alert]").filter(|_| self.end.is_some()) {
            set(&alert, "role", None);
        }
    }

    fn state(&self) -> &'static str {
        match self.end {
            None if self.has_text => "streaming",
            None => "waiting",
            Some(End::Done) => "done",
            Some(End::Stopped) => "stopped",
            Some(End::CutOff) => "cut-off",
            Some(End::Failed) => "failed",
        }
    }
}

/// The place of the reasoning, above the answer.
fn reasoning(place: &Element) -> Text {
    let details = make("details", "reasoning");
    add(&details, "summary", "", say::REASONING);
    let text = add(&details, "div", "", "");
    set(&text, "dir", Some("auto"));
    if let Some(answer) = find(place, ".answer") {
        // Fails only for an answer that is nowhere.
        let _ = answer.before_with_node_1(&details);
    }
    let node = document().create_text_node("");
    append(&text, &node);
    node
}
