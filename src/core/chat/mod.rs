//! The shown conversation and the answer under way: a state machine that only says what to do.
//!
//! One answer at a time is under way. Its text is stored as it arrives, and shown in batches.

mod answering;
mod pieces;
mod request;
mod spoken;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::core::config::Config;
use crate::core::conversation::{Answer, Change, Conversation, Ending, Turn};
use crate::core::env::Grant;
use crate::core::fault::Fault;
use crate::core::words;
use crate::protocol::{AnswerId, AnswerUpdate, End, TurnId, TurnUpdate, View};
use answering::{Answering, Stage, document, ended};
use pieces::Pieces;
use signet_cognito::UnixMillis;
use signet_cognito::http::{Head, NoAnswer, Request};
use signet_stream::Usage;
use signet_stream::stock::{Ask, UseCase};

/// The longest title, in characters.
const LONGEST_TITLE: usize = 60;

/// Random bytes for a conversation's id.
pub type Id = [u8; 12];

/// The conversation, and the answer under way in it.
#[derive(Debug, Default)]
pub struct Chat {
    conversation: Conversation,
    under_way: Option<(Answering, Stage)>,
}

/// An input to a chat.
#[derive(Debug)]
pub enum Input {
    /// The person asks. The id is for the conversation if it has none yet.
    Ask(Ask, Id),
    /// The person wants another answer to a turn.
    Again(TurnId, UseCase),
    /// The person repeats a turn whose newest answer is not complete.
    Retry(TurnId),
    /// The person edits a turn's question: a copy of the turns before it, with this id, replaces the conversation.
    Edit(TurnId, Ask, Id),
    /// The person stops the answer.
    Stop,
    /// The session's reply to [`Effect::NeedKeys`].
    Keys(Result<Grant, Fault>),
    /// Status and headers of the answer.
    Head(Head),
    /// The next bytes of its body.
    Bytes(Vec<u8>),
    /// The body's end.
    End,
    /// The connection broke in the middle of the body.
    Broken,
    /// There is no answer, or the browser may not read it.
    NoAnswer(NoAnswer),
    /// The time of an [`Effect::Alarm`] is over.
    Alarm,
    /// The time of an [`Effect::Flush`] is over.
    Flush,
}

/// An effect to carry out.
#[derive(Debug)]
pub enum Effect {
    /// Ask the session for keys, other than refused ones.
    NeedKeys {
        /// The `AccessKeyId` of keys that AWS has refused.
        refused: Option<String>,
    },
    /// Send this request, and feed head, bytes and end back.
    Stream(Request),
    /// End the request under way.
    Abort,
    /// Feed [`Input::Alarm`] back after so many milliseconds, if the same request is still under way then.
    Alarm(u32),
    /// Feed [`Input::Flush`] back after so many milliseconds, under the same condition.
    Flush(u32),
    /// Send this view to the page.
    Show(View),
    /// Store this change, which describes the conversation after the step. A step has at most one whole, or one piece of each part.
    Changed(Change),
}

impl Chat {
    /// The conversation, with the part of the answer under way that has arrived.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Whether an answer is under way.
    pub fn is_answering(&self) -> bool {
        self.under_way.is_some()
    }

    /// An answer's text, in Markdown.
    pub fn text(&self, turn: TurnId, answer: AnswerId) -> Option<&str> {
        self.answers(turn)?.get(answer.0 as usize).map(|answer| answer.text.as_str())
    }

    /// Handles `input` and returns the effects to carry out. `now` is this machine's time. Inputs that nothing waits for change nothing, nor do
    /// questions while an answer is under way.
    pub fn step(&mut self, config: &Config, now: UnixMillis, input: Input) -> Vec<Effect> {
        let mut effects = match (input, self.under_way.take()) {
            (Input::Ask(ask, id), None) => self.ask(now, ask, id),
            (Input::Again(turn, use_case), None) => self.again(now, turn, use_case),
            (Input::Retry(turn), None) => self.retry(now, turn),
            (Input::Edit(turn, ask, id), None) => self.edit(config, now, turn, ask, id),
            (Input::Stop, Some((answering, stage))) => {
                let mut effects = if matches!(stage, Stage::Keys) { vec![] } else { vec![Effect::Abort] };
                let asked = matches!(stage, Stage::Requested { .. } | Stage::Reading { .. });
                effects.extend(self.end(config, now, answering, &Ending::Stopped, asked));
                effects
            }
            (input, Some((answering, stage))) => self.advance(config, now, answering, stage, input),
            (_, None) => vec![],
        };
        // The whole includes every other change.
        if effects.iter().any(|effect| matches!(effect, Effect::Changed(Change::Whole))) {
            effects.retain(|effect| !matches!(effect, Effect::Changed(_)));
            effects.insert(0, Effect::Changed(Change::Whole));
        }
        effects
    }

    /// Shows another conversation in place of this one. The caller first stops the answer under way with [`Input::Stop`], to keep its
    /// text.
    pub fn show(&mut self, config: &Config, conversation: Conversation) -> Vec<Effect> {
        let mut effects = if self.under_way.take().is_some() { vec![Effect::Abort] } else { vec![] };
        self.conversation = conversation;
        let Conversation { id, title, turns, .. } = &self.conversation;
        let count = u32::try_from(turns.len()).unwrap_or(u32::MAX);
        effects.push(Effect::Show(View::Conversation { id: id.clone(), title: title.clone(), turns: count }));
        effects.extend(self.show_turns(config, &[]));
        effects
    }

    /// Adds the turns that another tab has added to the conversation. If the other tab changed it in another way, nothing happens.
    pub fn renew(&mut self, config: &Config, conversation: Conversation) -> Vec<Effect> {
        let shown = &self.conversation;
        let has_all = |(old, new): (&Turn, &Turn)| old.prompt == new.prompt && new.answers.starts_with(&old.answers);
        let goes_on = shown.id == conversation.id
            && shown.turns.len() <= conversation.turns.len()
            && shown.turns.iter().zip(&conversation.turns).all(has_all);
        if !goes_on || self.is_answering() {
            return vec![];
        }
        let mut effects = vec![];
        if shown.title != conversation.title {
            let (id, title) = (conversation.id.clone(), conversation.title.clone());
            effects.push(Effect::Show(View::Title { id, title }));
        }
        let old = std::mem::replace(&mut self.conversation, conversation);
        effects.extend(self.show_turns(config, &old.turns));
        effects
    }

    /// Shows the turns and answers that are not shown yet.
    fn show_turns(&self, config: &Config, shown: &[Turn]) -> Vec<Effect> {
        let mut effects = vec![];
        for (turn, Turn { prompt, answers }) in (0..).map(TurnId).zip(&self.conversation.turns) {
            let shown = shown.get(turn.0 as usize);
            if shown.is_none() {
                effects.push(show(turn, TurnUpdate::Asked { prompt: prompt.clone() }));
            }
            let known = shown.map_or(0, |shown| shown.answers.len());
            for (id, answer) in (0..).map(AnswerId).zip(answers).skip(known) {
                let mut push = |update| effects.push(show(turn, TurnUpdate::Answer { id, update }));
                push(AnswerUpdate::Begun { use_case: answer.use_case, context: answer.context });
                if !answer.model.is_empty() {
                    push(AnswerUpdate::Model(answer.model.clone()));
                }
                if !answer.reasoning.is_empty() {
                    push(AnswerUpdate::Reasoning(answer.reasoning.clone()));
                }
                // The end comes first, so that the answer never looks under way while its text arrives in pieces.
                push(ended(answer, config, Some(0)));
                for piece in Pieces::default().cut(document(&answer.text)) {
                    push(AnswerUpdate::Steps(piece));
                }
            }
        }
        effects
    }

    /// Changes the title. The caller shows it.
    pub fn rename(&mut self, title: String) -> Vec<Effect> {
        self.conversation.title = title;
        vec![Effect::Changed(Change::Whole)]
    }

    fn answers(&self, turn: TurnId) -> Option<&Vec<Answer>> {
        self.conversation.turns.get(turn.0 as usize).map(|turn| &turn.answers)
    }

    fn ask(&mut self, now: UnixMillis, ask: Ask, id: Id) -> Vec<Effect> {
        let mut effects = vec![];
        if self.conversation.id.is_empty() {
            self.conversation.id = BASE64_URL_SAFE_NO_PAD.encode(id);
            self.conversation.title = title(&ask.prompt);
            let Conversation { id, title, .. } = &self.conversation;
            effects.push(Effect::Show(View::Title { id: id.clone(), title: title.clone() }));
        }
        let turn = TurnId(u32::try_from(self.conversation.turns.len()).unwrap_or(u32::MAX));
        effects.push(show(turn, TurnUpdate::Asked { prompt: ask.prompt.clone() }));
        self.conversation.turns.push(Turn { prompt: ask.prompt, answers: vec![] });
        effects.extend(self.begin(now, turn, AnswerId(0), ask.use_case));
        effects
    }

    fn again(&mut self, now: UnixMillis, turn: TurnId, use_case: UseCase) -> Vec<Effect> {
        let Some(answers) = self.answers(turn) else { return vec![] };
        let next = AnswerId(u32::try_from(answers.len()).unwrap_or(u32::MAX));
        self.begin(now, turn, next, use_case)
    }

    /// Repeats the newest answer: in its place if no text arrived, otherwise beside it, so that no text is lost.
    fn retry(&mut self, now: UnixMillis, turn: TurnId) -> Vec<Effect> {
        let Some((last, before)) = self.answers(turn).and_then(|answers| answers.split_last()) else { return vec![] };
        if last.end == Some(End::Done) {
            return vec![];
        }
        let came = !last.text.is_empty() || !last.reasoning.is_empty();
        let (place, use_case) = (before.len() + usize::from(came), last.use_case);
        self.begin(now, turn, AnswerId(u32::try_from(place).unwrap_or(u32::MAX)), use_case)
    }

    fn edit(&mut self, config: &Config, now: UnixMillis, turn: TurnId, ask: Ask, id: Id) -> Vec<Effect> {
        if self.answers(turn).is_none() {
            return vec![];
        }
        let mut copy = self.conversation.clone();
        copy.turns.truncate(turn.0 as usize);
        copy.id = BASE64_URL_SAFE_NO_PAD.encode(id);
        if copy.turns.is_empty() {
            copy.title = title(&ask.prompt);
        }
        let mut effects = self.show(config, copy);
        effects.extend(self.ask(now, ask, id));
        effects
    }

    fn begin(&mut self, now: UnixMillis, turn: TurnId, id: AnswerId, use_case: UseCase) -> Vec<Effect> {
        let context = u32::try_from(self.earlier(turn).len()).unwrap_or(u32::MAX);
        self.conversation.updated = now;
        let answers = &mut self.conversation.turns[turn.0 as usize].answers;
        answers.truncate(id.0 as usize);
        answers.push(Answer {
            use_case,
            asked: now,
            context,
            model: String::new(),
            text: String::new(),
            reasoning: String::new(),
            end: None,
            notice: None,
            stop: None,
            usage: Usage::default(),
            first_text: None,
            duration: 0,
        });
        let answering = Answering::new(turn, id, now);
        let begun = answering.show(AnswerUpdate::Begun { use_case, context });
        self.under_way = Some((answering, Stage::Keys));
        let status = Effect::Show(View::Status(words::WAITING.into()));
        vec![Effect::Changed(Change::Whole), begun, status, Effect::NeedKeys { refused: None }]
    }
}

fn show(id: TurnId, update: TurnUpdate) -> Effect {
    Effect::Show(View::Turn { id, update })
}

/// The first line of a prompt, cut at a word.
fn title(prompt: &str) -> String {
    let line = prompt.trim().lines().next().unwrap_or_default().trim_end();
    if line.chars().nth(LONGEST_TITLE).is_none() {
        return line.to_owned();
    }
    let end = line.char_indices().nth(LONGEST_TITLE - 1).map_or(line.len(), |(at, _)| at);
    let (cut, rest) = line.split_at_checked(end).unwrap_or((line, ""));
    let words = if rest.starts_with(char::is_whitespace) { None } else { cut.rfind(char::is_whitespace) };
    let cut = words.and_then(|end| cut.get(..end)).unwrap_or(cut);
    [cut.trim_end(), "…"].concat()
}

#[cfg(test)]
mod tests;
