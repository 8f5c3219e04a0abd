//! What the page shows. The worker's views change it only through [`State::apply`].

use js_sys::Date;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::browser::address::{self, Entry};
use super::browser::storage::{self, Draft};
use super::chat::{Control, Follow, GrowingAnswer};
use crate::protocol::{
    AnswerId, AnswerUpdate, End, Errand, Form, HistoryView, Notice, Person, SessionView, Text, TurnId, TurnUpdate, View,
};
use signet_stream::stock::UseCase;

/// Which screen is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Screen {
    /// The form of index.html as it is, until the worker sends a view. While a session is being restored, a line says so instead.
    #[default]
    Starting,
    /// A form, either the one of index.html or another.
    Form(Form),
    /// The conversation.
    Chat,
    /// The configuration cannot be used, for this reason.
    Misconfigured(String),
}

/// What the page shows. A handle to signals, as cheap to copy as one of them.
#[derive(Debug, Clone, Copy)]
pub struct State {
    /// The screen.
    pub screen: RwSignal<Screen>,
    /// How often a form was asked. A form that is asked again may look the same, but still counts as new.
    pub asked: RwSignal<u32>,
    /// Progress of the form that was sent; `None` if nothing is in progress.
    pub busy: RwSignal<Option<Text>>,
    /// The person who is signed in.
    pub person: RwSignal<Option<Person>>,
    /// The shown conversation.
    pub conversation: Conversation,
    /// Which part of it is in view.
    pub follow: Follow,
    /// The question that is being typed.
    pub draft: RwSignal<String>,
    /// The chosen use case.
    pub use_case: RwSignal<UseCase>,
    /// The question that was sent and that the worker has not shown yet. Until then no other can be sent, because it would be lost.
    pub sent: RwSignal<Option<String>>,
    /// The stored conversations.
    pub history: RwSignal<HistoryView>,
    /// Whether there were any when the person signed in. After that the panel does not open by itself, because it would move the text being read.
    pub history_was_filled: RwSignal<Option<bool>>,
    /// Whether the panel is open; `None` until the person has opened or closed it.
    pub history_is_open: RwSignal<Option<bool>>,
    /// A sentence below the conversation.
    pub remark: RwSignal<String>,
    /// The last sentence about the history's store.
    pub notice: StoredValue<String>,
    /// The same sentence for the panel, because its drawer covers the other one.
    pub panel_remark: RwSignal<String>,
    /// For screen readers: the state of an answer.
    pub status: RwSignal<String>,
    /// For screen readers: a whole answer, one paragraph per line. The number counts the announcements, so that the same text is read out again.
    pub spoken: RwSignal<(u32, String)>,
    /// Whether more is waiting to be shown than fits into a frame.
    pub is_behind: RwSignal<bool>,
    /// Whether the view stays at the start of an answer instead of following its end.
    pub start_in_view: RwSignal<bool>,
}

/// The shown conversation.
#[derive(Debug, Clone, Copy)]
pub struct Conversation {
    /// Its id; empty for a new conversation without questions.
    pub id: RwSignal<String>,
    /// Its title, possibly empty.
    pub title: RwSignal<String>,
    /// Its questions and answers.
    pub turns: RwSignal<Vec<Turn>>,
    /// The owner of the turns' signals. It is disposed of with the conversation.
    owner: StoredValue<Owner>,
    /// How many turns and answers have begun since the page was loaded.
    serials: StoredValue<u32>,
    /// How the address of the next conversation enters the browser's history.
    pub next_entry: StoredValue<Option<Entry>>,
}

/// A question and its answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Its number in the conversation.
    pub id: TurnId,
    /// Differs between any two turns of this page. Ids begin again in each conversation.
    pub serial: u32,
    /// The question.
    pub prompt: StoredValue<String>,
    /// The answers, the newest last.
    pub answers: RwSignal<Vec<Answer>>,
    /// The index of the shown answer.
    pub shown: RwSignal<usize>,
    /// Whether another answer is shown beside it.
    pub compares: RwSignal<bool>,
    /// The new wording of the question while it is being edited.
    pub edit: RwSignal<Option<String>>,
    /// The button of the shown answer that should get the focus.
    pub wanted: RwSignal<Option<Control>>,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Its number in the turn.
    pub id: AnswerId,
    /// A new number for each answer that begins, even if it replaces another one with the same id.
    pub serial: u32,
    /// The use case that chose its model.
    pub use_case: UseCase,
    /// How many earlier turns were sent with the question.
    pub context: u32,
    /// Whether it had already ended when its conversation was opened.
    pub is_old: bool,
    /// The model that is answering; empty until known.
    pub model: RwSignal<String>,
    /// Whether any of its text has arrived.
    pub has_text: RwSignal<bool>,
    /// How it ended; `None` while more may come.
    pub ended: RwSignal<Option<Ended>>,
    /// Its text, a document that is built by hand.
    pub document: StoredValue<GrowingAnswer, LocalStorage>,
    /// Whether any of the model's reasoning has arrived. The document holds that too.
    pub has_reasoning: RwSignal<bool>,
    /// Whether the person has unfolded the reasoning.
    pub reasoning_is_open: StoredValue<bool>,
    /// Whether its alert has been read out. It is not read out again when the answer returns to the screen.
    pub was_heard: StoredValue<bool>,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// The kind of end.
    pub end: End,
    /// What went wrong, if something did.
    pub notice: Option<Notice>,
    /// Facts about the answer, a few words each.
    pub facts: Vec<String>,
    /// When asking again makes sense, in milliseconds of this machine's time.
    pub retry_at: Option<f64>,
    /// Whether asking again may help.
    pub may_retry: bool,
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    /// The state at the start. The signals belong to the current reactive owner.
    pub fn new() -> Self {
        Self {
            screen: RwSignal::default(),
            asked: RwSignal::new(0),
            busy: RwSignal::new(None),
            person: RwSignal::new(None),
            conversation: Conversation {
                id: RwSignal::default(),
                title: RwSignal::default(),
                turns: RwSignal::default(),
                owner: StoredValue::new(Owner::new()),
                serials: StoredValue::new(0),
                next_entry: StoredValue::new(None),
            },
            follow: Follow::new(),
            draft: RwSignal::default(),
            use_case: RwSignal::default(),
            sent: RwSignal::new(None),
            history: RwSignal::default(),
            history_was_filled: RwSignal::new(None),
            history_is_open: RwSignal::new(None),
            remark: RwSignal::default(),
            notice: StoredValue::new(String::new()),
            panel_remark: RwSignal::default(),
            status: RwSignal::default(),
            spoken: RwSignal::default(),
            is_behind: RwSignal::new(false),
            start_in_view: RwSignal::new(storage::keeps_start_in_view()),
        }
    }

    /// Applies a view. `is_old` marks turns that had ended when their conversation was opened. Returns an errand, which is not shown but carried out.
    pub fn apply(self, view: View, is_old: bool) -> Option<Errand> {
        match view {
            View::Misconfigured { problem } => self.screen.set(Screen::Misconfigured(problem)),
            View::Session(SessionView::Busy { text }) => self.busy.set(Some(text)),
            View::Session(SessionView::Asked(form)) => self.ask(form),
            View::Session(SessionView::SignedIn(person)) => self.enter(person),
            View::Forget { draft } => self.forget(draft),
            View::Conversation { id, title, .. } => self.open(id, title),
            View::Title { id, title } => {
                self.conversation.title.set(title);
                self.conversation.id.set(id);
                self.put_in_address(Entry::Same);
            }
            View::Turn { id, update } => {
                if !is_old {
                    self.sent.set(None);
                }
                self.apply_to_turn(id, update, is_old);
            }
            View::History(view) => self.apply_history(view),
            View::Remark(text) => {
                self.panel_remark.set(text.to_string());
                self.remark.set(text.into_owned());
            }
            View::Status(text) => self.status.set(text.into_owned()),
            View::Spoken(text) => self.speak(text),
            View::Errand(errand) => return Some(errand),
        }
        None
    }

    /// Whether an answer is under way.
    pub fn is_answering(self) -> bool {
        self.conversation
            .turns
            .with(|turns| turns.iter().any(|turn| turn.answers.with(|all| all.iter().any(Answer::is_under_way))))
    }

    /// The copy button of the last shown code block, and the block's text.
    pub fn last_copy(self) -> Option<(web_sys::Element, String)> {
        let mut answers =
            self.conversation.turns.get().into_iter().rev().flat_map(|turn| turn.shown_answers().into_iter().rev());
        answers.find_map(|answer| answer.document.with_value(GrowingAnswer::last_copy))
    }

    /// Announces a text to screen readers, in place of the one before.
    pub fn speak(self, text: String) {
        self.spoken.update(|(count, spoken)| {
            *count += 1;
            *spoken = text;
        });
    }

    /// Shows the chat and restores the draft.
    fn enter(self, person: Person) {
        storage::note_signed_in(true);
        if self.person.with_untracked(Option::is_none) {
            match Draft::Prompt.load(&person.username) {
                Some(kept) => self.draft.set(kept),
                // The draft was typed before the session ended in a browser that refuses storage, or by a guest who has signed in now.
                None => self.draft.with_untracked(|draft| Draft::Prompt.save(&person.username, draft)),
            }
        }
        self.busy.set(None);
        self.person.set(Some(person));
        self.screen.set(Screen::Chat);
    }

    /// Shows a form. Hides the chat; keeps its draft, and a question that could not be sent.
    fn ask(self, form: Form) {
        storage::note_signed_in(false);
        if let Some(person) = self.person.get_untracked() {
            let sent = self.sent.get_untracked().filter(|_| self.draft.with_untracked(String::is_empty));
            if let Some(sent) = sent {
                Draft::Prompt.save(&person.username, &sent);
            }
            self.sent.set(None);
            self.person.set(None);
            self.panel_remark.set(String::new());
            self.speak(String::new());
        }
        self.busy.set(None);
        self.screen.set(Screen::Form(form));
        self.asked.update(|count| *count += 1);
    }

    /// Forgets the conversation and the history. With `draft`, also forgets the question that is being typed.
    fn forget(self, draft: bool) {
        self.clear_turns();
        self.history.set(HistoryView::default());
        self.history_was_filled.set(None);
        self.history_is_open.set(None);
        self.sent.set(None);
        if draft {
            Draft::Prompt.forget();
            Draft::Edit.forget();
            self.draft.set(String::new());
            self.use_case.set(UseCase::default());
        }
        self.remark.set(String::new());
        self.panel_remark.set(String::new());
        self.notice.set_value(String::new());
        self.status.set(String::new());
        self.speak(String::new());
        // If the address leads elsewhere, the person wants to see that conversation after signing in.
        let leads_here = address::conversation().unwrap_or_default() == self.conversation.id.get_untracked();
        self.conversation.id.set(String::new());
        self.conversation.title.set(String::new());
        if leads_here {
            self.put_in_address(Entry::Same);
        }
    }

    /// Opens another conversation, whose turns follow.
    fn open(self, id: String, title: String) {
        self.clear_turns();
        self.sent.set(None);
        self.follow.start();
        // Both were about the previous conversation.
        self.status.set(String::new());
        self.speak(String::new());
        self.conversation.id.set(id);
        self.conversation.title.set(title);
        let entry = self.conversation.next_entry.try_update_value(Option::take).flatten();
        self.put_in_address(entry.unwrap_or(Entry::Same));
    }

    fn put_in_address(self, entry: Entry) {
        self.conversation.id.with_untracked(|id| address::lead_to(id, entry));
    }

    fn clear_turns(self) {
        self.conversation.turns.set(vec![]);
        let new = Owner::new();
        let old = self.conversation.owner.try_update_value(|owner| std::mem::replace(owner, new));
        // The components that read the turns' signals must be gone first.
        spawn_local(async move {
            tick().await;
            if let Some(old) = old {
                old.cleanup();
            }
        });
    }

    fn apply_history(self, view: HistoryView) {
        if self.history_was_filled.get_untracked().is_none() {
            self.history_was_filled.set(Some(!view.entries.is_empty()));
        }
        self.history.set(view);
    }

    fn turn(self, id: TurnId) -> Option<Turn> {
        self.conversation.turns.with_untracked(|turns| turns.iter().find(|turn| turn.id == id).copied())
    }

    /// A name for a turn of the shown conversation, under which the edit of its question is stored.
    pub fn name_of(self, turn: TurnId) -> String {
        self.conversation.id.with_untracked(|id| format!("{id} {}", turn.0))
    }

    fn next_serial(self) -> u32 {
        let serial = self.conversation.serials.try_update_value(|serials| {
            *serials += 1;
            *serials
        });
        serial.unwrap_or_default()
    }

    fn apply_to_turn(self, id: TurnId, update: TurnUpdate, is_old: bool) {
        let owner = self.conversation.owner.get_value();
        match (self.turn(id), update) {
            (None, TurnUpdate::Asked { prompt }) => {
                let serial = self.next_serial();
                let turn = owner.with(|| Turn::new(id, serial, prompt));
                if is_old {
                    turn.edit.set(Draft::Edit.load(&self.name_of(id)));
                }
                self.conversation.turns.update(|turns| turns.push(turn));
                if self.start_in_view.get_untracked() && !is_old {
                    self.follow.pin();
                } else {
                    self.follow.start();
                }
            }
            (Some(turn), TurnUpdate::Answer { id: answer, update: AnswerUpdate::Begun { use_case, context } }) => {
                let serial = self.next_serial();
                turn.begin(owner.with(|| Answer::new(answer, serial, use_case, context, is_old)));
                let is_last =
                    self.conversation.turns.with_untracked(|turns| turns.last().is_some_and(|last| last.id == id));
                if !is_last {
                    // The reader is at that turn, not at the end.
                    self.follow.stop();
                } else if !is_old && self.start_in_view.get_untracked() {
                    self.follow.pin();
                }
            }
            (Some(turn), TurnUpdate::Answer { id: answer, update }) => {
                let answers = turn.answers.get_untracked();
                if let Some(answer) = answers.iter().find(|each| each.id == answer) {
                    answer.apply(update);
                }
            }
            // The worker never sends these: a turn that is asked twice, or an answer to a turn that does not exist.
            (Some(_), TurnUpdate::Asked { .. }) | (None, TurnUpdate::Answer { .. }) => {}
        }
    }
}

impl Turn {
    fn new(id: TurnId, serial: u32, prompt: String) -> Self {
        Self {
            id,
            serial,
            prompt: StoredValue::new(prompt),
            answers: RwSignal::default(),
            shown: RwSignal::new(0),
            compares: RwSignal::new(false),
            edit: RwSignal::new(None),
            wanted: RwSignal::new(None),
        }
    }

    /// Adds an answer, or replaces the one that is asked for again. Shows it.
    fn begin(self, answer: Answer) {
        let at = self.answers.with_untracked(|answers| answers.iter().position(|each| each.id == answer.id));
        self.answers.update(|answers| match at {
            Some(at) => answers[at] = answer,
            None => answers.push(answer),
        });
        self.shown.set(at.unwrap_or_else(|| self.answers.with_untracked(Vec::len) - 1));
    }

    /// The index of the answer to compare with: the one before the shown answer, or the second if the first is shown.
    pub fn beside(self) -> Option<usize> {
        let count = self.answers.with(Vec::len);
        match self.shown.get() {
            _ if !self.compares.get() || count < 2 => None,
            0 => Some(1),
            shown => Some(shown - 1),
        }
    }

    /// The answers that are shown: one, or two side by side.
    pub fn shown_answers(self) -> Vec<Answer> {
        let (shown, beside) = (self.shown.get(), self.beside());
        let is_shown = |at: usize| at == shown || Some(at) == beside;
        self.answers.with(|all| (0..).zip(all).filter(|(at, _)| is_shown(*at)).map(|(_, answer)| *answer).collect())
    }

    /// The state of the newest answer, as the style sheet names it.
    pub fn status(self) -> &'static str {
        self.answers.with(|answers| answers.last().map_or("waiting", |newest| newest.status()))
    }
}

impl Answer {
    fn new(id: AnswerId, serial: u32, use_case: UseCase, context: u32, is_old: bool) -> Self {
        // The worker sends an old answer's end before its text.
        let ended =
            is_old.then_some(Ended { end: End::Done, notice: None, facts: vec![], retry_at: None, may_retry: true });
        Self {
            id,
            serial,
            use_case,
            context,
            is_old,
            model: RwSignal::default(),
            has_text: RwSignal::new(false),
            ended: RwSignal::new(ended),
            document: StoredValue::new_local(GrowingAnswer::new()),
            has_reasoning: RwSignal::new(false),
            reasoning_is_open: StoredValue::new(false),
            was_heard: StoredValue::new(false),
        }
    }

    fn apply(&self, update: AnswerUpdate) {
        match update {
            AnswerUpdate::Begun { .. } => {}
            AnswerUpdate::Model(model) => self.model.set(model),
            AnswerUpdate::Steps(steps) => {
                self.document.update_value(|document| document.carry_out(steps));
                if !self.has_text.get_untracked() {
                    self.has_text.set(true);
                }
            }
            AnswerUpdate::Reasoning(text) => {
                self.document.update_value(|document| document.add_reasoning(&text));
                if !self.has_reasoning.get_untracked() {
                    self.has_reasoning.set(true);
                }
            }
            AnswerUpdate::Ended { end, notice, facts, wait } => {
                self.document.update_value(GrowingAnswer::end);
                let retry_at = wait.filter(|wait| *wait > 0).map(|wait| Date::now() + f64::from(wait) * 1000.0);
                self.ended.set(Some(Ended { end, notice, facts, retry_at, may_retry: wait.is_some() }));
            }
        }
    }

    /// Whether more may arrive.
    pub fn is_under_way(&self) -> bool {
        self.ended.with(Option::is_none)
    }

    /// Its state, as the style sheet names it.
    pub fn status(&self) -> &'static str {
        match self.ended.with(|ended| ended.as_ref().map(|ended| ended.end)) {
            None if self.has_text.get() => "streaming",
            None => "waiting",
            Some(End::Done) => "done",
            Some(End::Stopped) => "stopped",
            Some(End::CutOff) => "cut-off",
            Some(End::Failed) => "failed",
        }
    }
}
