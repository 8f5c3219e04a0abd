//! The conversation that is shown, and the answer that is under way: a state machine that says what to do and does nothing itself.
//!
//! One answer at a time is under way. What comes of it is kept at once, and shown at once if nothing was shown for a while, else a moment after
//! what was shown last.

mod conversation;
mod pieces;
mod spoken;

pub use conversation::{Answer, Change, Conversation, Part, Tail, Turn};

use crate::base64::encode_url;
use crate::core::config::Config;
use crate::core::fault::{Fault, Service};
use crate::core::session::Grant;
use crate::core::sign::{Scope, sign};
use crate::core::words;
use crate::json::Json;
use crate::protocol::{AnswerId, AnswerUpdate, End, TurnId, TurnUpdate, View};
use crate::text::contains;
use pieces::Pieces;
use signet_cognito::{
    Keys, UnixMillis,
    http::{Head, NoAnswer, Request, Response, check},
    sts::{get_caller_identity, read_role_name},
};
use signet_markdown::{Markdown, Step};
use signet_stream::stock::{Ask, UseCase};
use signet_stream::{Decoder, Event, Failure, Usage};
use spoken::spoken;

/// Of a refusal's body that is read, in bytes: it is a sentence in JSON, or a page of some proxy.
const LONGEST_REFUSAL: usize = 64 << 10;
/// How long status and headers may take, in milliseconds: a function may have to start, and the model to think.
const HEAD_PATIENCE: u32 = 90_000;
/// How long nothing may come after that, in milliseconds. The function itself gives up on a model that says nothing for 60 s.
const BYTE_PATIENCE: u32 = 75_000;
/// Text is shown this many milliseconds after what was shown before. Each time costs the page a frame, so what comes faster than anybody can follow
/// is shown less often: one more millisecond for each [`BATCH_BYTES`] that were shown last, up to the longest.
const SHORTEST_BATCH: u32 = 80;
const LONGEST_BATCH: u32 = 200;
const BATCH_BYTES: usize = 3;
/// A screen reader is told that text still comes at most so often, in milliseconds.
const REMINDER: u32 = 10_000;
/// Seconds to wait where there are too many requests and nobody says for how long.
const WAIT: u32 = 10;
/// Bytes of an answer that is read out whole, by itself: some twenty minutes of speech. It is one piece to the page, which would make a slow one stall
/// if it were longer.
const LONGEST_SPOKEN: usize = 20_000;
/// Of a longer answer, so many bytes are read out: some five minutes. The rest is read where it stands, with the reader's own keys.
const BEGINNING: usize = 5_000;
/// Of a title, in characters.
const LONGEST_TITLE: usize = 60;

/// What a conversation's id is made of, as random bytes.
pub type Id = [u8; 12];

/// The conversation, and the answer that is under way in it.
#[derive(Debug, Default)]
pub struct Chat {
    conversation: Conversation,
    under_way: Option<(Answering, Stage)>,
}

/// The answer under way.
#[derive(Debug)]
struct Answering {
    turn: TurnId,
    answer: AnswerId,
    /// When the person asked for it.
    began: UnixMillis,
    /// When something last came, or the request was sent.
    heard: UnixMillis,
    /// When a screen reader was last told something.
    told: UnixMillis,
    /// Whether it was sent a second time, with new keys.
    renewed: bool,
    /// Whether the back end has said that it takes earlier turns.
    takes_context: bool,
    markdown: Markdown,
    pieces: Pieces,
    /// How many bytes of the text are shown.
    shown: usize,
    /// Likewise, of the reasoning.
    shown_reasoning: usize,
    /// Whether an [`Effect::Flush`] is on its way back.
    waits: bool,
    /// How much came that nobody here knows.
    unknown: u32,
}

#[derive(Debug)]
enum Stage {
    /// Keys are on the way.
    Keys,
    /// The request is on the way.
    Requested { signed_with: String, role: Option<String> },
    /// A refusal comes in.
    Refused { signed_with: String, role: Option<String>, response: Response },
    /// The role may not ask, and the ID token does not name it, so STS is asked.
    Naming { request_id: Option<String>, reply: Response },
    /// The answer comes in.
    Reading { decoder: Decoder, unreadable: u32, request_id: Option<String> },
}

/// What happens to a chat.
#[derive(Debug)]
pub enum Input {
    /// The person asks. The conversation gets the id if it has none yet.
    Ask(Ask, Id),
    /// The person wants one more answer to a turn.
    Again(TurnId, UseCase),
    /// The person wants a turn asked again whose newest answer did not end well.
    Retry(TurnId),
    /// The person asks a turn in other words: in a copy of what was before it, which gets the id.
    Edit(TurnId, Ask, Id),
    /// The person has seen enough.
    Stop,
    /// The session's word on [`Effect::NeedKeys`].
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
    /// An [`Effect::Alarm`] is over.
    Alarm,
    /// An [`Effect::Flush`] is over.
    Flush,
}

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Ask the session for keys, other than the refused ones.
    NeedKeys {
        /// The `AccessKeyId` of keys that AWS has refused.
        refused: Option<String>,
    },
    /// Send this, and feed head, bytes and end back.
    Stream(Request),
    /// End the request that is under way.
    Abort,
    /// Feed [`Input::Alarm`] back after so many milliseconds, if the same request is still under way then.
    Alarm(u32),
    /// Feed [`Input::Flush`] back after so many milliseconds, likewise.
    Flush(u32),
    /// Show this.
    Show(View),
    /// This of the conversation is to be kept: at most one whole, or one piece of each part, a step. It is about the conversation as the step leaves it.
    Changed(Change),
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With its end marker.
    Done,
    /// The person stopped it.
    Stopped,
    /// The connection ended without the end marker.
    CutOff,
    /// It failed, before or after text came.
    Failed(Fault),
}

impl Ending {
    fn end(&self) -> End {
        match self {
            Self::Done => End::Done,
            Self::Stopped => End::Stopped,
            Self::CutOff => End::CutOff,
            Self::Failed(_) => End::Failed,
        }
    }

    /// Seconds until it makes sense to ask again.
    fn wait(&self) -> u32 {
        match self {
            Self::Failed(Fault::Throttled { retry_after, .. }) => retry_after.unwrap_or(WAIT),
            Self::Failed(Fault::Answer { retry_after, .. }) => retry_after.unwrap_or_default(),
            _ => 0,
        }
    }
}

impl Chat {
    /// The conversation, with as much of the answer under way as has come.
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

    /// Takes `input` in; what is to be done. `now` is this machine's time. An input that nothing waits for changes nothing, nor does one that has to
    /// wait for the answer under way.
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
            (input, Some((answering, stage))) => self.answer(config, now, answering, stage, input),
            (_, None) => vec![],
        };
        // The whole holds everything else that has changed.
        if effects.iter().any(|effect| matches!(effect, Effect::Changed(Change::Whole))) {
            effects.retain(|effect| !matches!(effect, Effect::Changed(_)));
            effects.insert(0, Effect::Changed(Change::Whole));
        }
        effects
    }

    /// Shows another conversation in place of this one. An answer under way is stopped before, by [`Input::Stop`], so that this one keeps what came
    /// of it.
    pub fn show(&mut self, config: &Config, conversation: Conversation) -> Vec<Effect> {
        let mut effects = if self.under_way.take().is_some() { vec![Effect::Abort] } else { vec![] };
        self.conversation = conversation;
        let Conversation { id, title, turns, .. } = &self.conversation;
        let count = u32::try_from(turns.len()).unwrap_or(u32::MAX);
        effects.push(Effect::Show(View::Conversation { id: id.clone(), title: title.clone(), turns: count }));
        effects.extend(self.told(config, &[]));
        effects
    }

    /// Another tab has added to the conversation. What is shown stays as it is, and what is new follows it; if it was not added to, but is another,
    /// nothing changes here.
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
        effects.extend(self.told(config, &old.turns));
        effects
    }

    /// The turns and answers, but those that are shown already.
    fn told(&self, config: &Config, shown: &[Turn]) -> Vec<Effect> {
        let mut effects = vec![];
        for (turn, Turn { prompt, answers }) in (0..).map(TurnId).zip(&self.conversation.turns) {
            let shown = shown.get(turn.0 as usize);
            if shown.is_none() {
                effects.push(show(turn, TurnUpdate::Asked { prompt: prompt.clone() }));
            }
            let known = shown.map_or(0, |shown| shown.answers.len());
            for (id, answer) in (0..).map(AnswerId).zip(answers).skip(known) {
                let mut say = |update| effects.push(show(turn, TurnUpdate::Answer { id, update }));
                say(AnswerUpdate::Begun { use_case: answer.use_case, context: answer.context });
                if !answer.model.is_empty() {
                    say(AnswerUpdate::Model(answer.model.clone()));
                }
                if !answer.reasoning.is_empty() {
                    say(AnswerUpdate::Reasoning(answer.reasoning.clone()));
                }
                // First: while its text comes in pieces, it is not one that is under way.
                say(ended(answer, config, 0));
                for piece in Pieces::default().cut(document(&answer.text)) {
                    say(AnswerUpdate::Steps(piece));
                }
            }
        }
        effects
    }

    /// Calls the conversation something else. Whoever does so shows it.
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
            self.conversation.id = encode_url(&id);
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

    /// In the same place if nothing came, else beside it, so that no text is lost.
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
        copy.id = encode_url(&id);
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
        let answering = Answering {
            turn,
            answer: id,
            began: now,
            heard: now,
            told: now,
            renewed: false,
            takes_context: false,
            markdown: Markdown::new(),
            pieces: Pieces::default(),
            shown: 0,
            shown_reasoning: 0,
            waits: false,
            unknown: 0,
        };
        let begun = answering.show(AnswerUpdate::Begun { use_case, context });
        self.under_way = Some((answering, Stage::Keys));
        let told = Effect::Show(View::Status(words::WAITING.into()));
        vec![Effect::Changed(Change::Whole), begun, told, Effect::NeedKeys { refused: None }]
    }

    /// The prompts and answers before a turn that go along with it, oldest first: the newest, as many as the back end takes.
    fn earlier(&self, turn: TurnId) -> Vec<(&str, &str)> {
        let Conversation { turns, context_bytes, .. } = &self.conversation;
        let mut room = context_bytes.unwrap_or_default() as usize;
        let mut earlier = vec![];
        for Turn { prompt, answers } in turns.iter().take(turn.0 as usize).rev() {
            let Some(answer) = answers.iter().rev().find(|answer| is_usable(answer)) else { continue };
            // Models take no turn without text.
            if prompt.trim().is_empty() {
                continue;
            }
            match room.checked_sub(prompt.len() + answer.text.len()) {
                Some(rest) => room = rest,
                None => break,
            }
            earlier.push((prompt.as_str(), answer.text.as_str()));
        }
        earlier.reverse();
        earlier
    }

    fn answer(
        &mut self,
        config: &Config,
        now: UnixMillis,
        mut answering: Answering,
        stage: Stage,
        input: Input,
    ) -> Vec<Effect> {
        if matches!(input, Input::Head(_) | Input::Bytes(_)) {
            answering.heard = now;
        }
        match (input, stage) {
            (Input::Keys(Ok(grant)), Stage::Keys) => match self.request(config, now, &grant, &answering) {
                Ok(request) => {
                    let Grant { keys: Keys { access_key_id, .. }, role, .. } = grant;
                    self.send(now, answering, Stage::Requested { signed_with: access_key_id, role }, request)
                }
                Err(fault) => self.fail(config, now, answering, fault),
            },
            (Input::Keys(Err(fault)), Stage::Keys) => self.fail(config, now, answering, fault),
            (Input::NoAnswer(no_answer), Stage::Requested { .. }) => {
                self.fail(config, now, answering, Fault::from_no_answer(Service::FunctionUrl, no_answer))
            }
            (Input::Head(head), Stage::Requested { signed_with, role }) => self.go_on(
                answering,
                if head.is_success() {
                    Stage::Reading { decoder: Decoder::default(), unreadable: 0, request_id: head.request_id }
                } else {
                    Stage::Refused { signed_with, role, response: Response { head, body: vec![] } }
                },
            ),
            (Input::Bytes(bytes), Stage::Refused { signed_with, role, mut response }) => {
                keep(&mut response, bytes);
                self.go_on(answering, Stage::Refused { signed_with, role, response })
            }
            (Input::End | Input::Broken | Input::NoAnswer(_), Stage::Refused { signed_with, role, response }) => {
                self.refused(config, now, answering, signed_with, role, response)
            }
            (Input::Keys(Ok(grant)), Stage::Naming { request_id, .. }) => {
                let scope = Scope { region: &config.identity_pool.region, service: "sts" };
                match signed(now, &grant, scope, get_caller_identity(&config.identity_pool.sts_endpoint)) {
                    Ok(request) => {
                        let stage = Stage::Naming { request_id, reply: Response::default() };
                        self.send(now, answering, stage, request)
                    }
                    Err(fault) => self.fail(config, now, answering, fault),
                }
            }
            (Input::Head(head), Stage::Naming { request_id, .. }) => {
                self.go_on(answering, Stage::Naming { request_id, reply: Response { head, body: vec![] } })
            }
            (Input::Bytes(bytes), Stage::Naming { request_id, mut reply }) => {
                keep(&mut reply, bytes);
                self.go_on(answering, Stage::Naming { request_id, reply })
            }
            // Whatever STS said or did not say, the refusal stands.
            (
                Input::End | Input::Broken | Input::NoAnswer(_) | Input::Keys(Err(_)),
                Stage::Naming { request_id, reply },
            ) => {
                let fault = Fault::NotAllowed { role: read_role_name(reply), request_id };
                self.fail(config, now, answering, fault)
            }
            (Input::Bytes(bytes), Stage::Reading { mut decoder, unreadable, request_id }) => {
                let events = decoder.push(&bytes);
                let stage = Stage::Reading { decoder, unreadable, request_id };
                self.read(config, now, answering, stage, events, false)
            }
            (
                input @ (Input::End | Input::Broken | Input::NoAnswer(_)),
                Stage::Reading { mut decoder, unreadable, request_id },
            ) => {
                let is_whole = matches!(input, Input::End);
                if !is_whole {
                    answering.unknown = 0;
                }
                let events = decoder.finish(is_whole);
                let stage = Stage::Reading { decoder, unreadable, request_id };
                self.read(config, now, answering, stage, events, true)
            }
            (Input::Flush, stage @ Stage::Reading { .. }) => {
                answering.waits = false;
                let effects = self.grow(now, &mut answering);
                self.under_way = Some((answering, stage));
                effects
            }
            (Input::Alarm, stage) if !matches!(stage, Stage::Keys) => self.alarm(config, now, answering, stage),
            (_, stage) => self.go_on(answering, stage),
        }
    }

    fn go_on(&mut self, answering: Answering, stage: Stage) -> Vec<Effect> {
        self.under_way = Some((answering, stage));
        vec![]
    }

    fn send(&mut self, now: UnixMillis, mut answering: Answering, stage: Stage, request: Request) -> Vec<Effect> {
        answering.heard = now;
        self.under_way = Some((answering, stage));
        // The shorter time: whatever comes first then is not missed.
        vec![Effect::Stream(request), Effect::Alarm(BYTE_PATIENCE)]
    }

    /// Nothing may have come for too long.
    fn alarm(&mut self, config: &Config, now: UnixMillis, answering: Answering, stage: Stage) -> Vec<Effect> {
        let patience = if matches!(stage, Stage::Requested { .. }) { HEAD_PATIENCE } else { BYTE_PATIENCE };
        let silent = millis(answering.heard, now);
        if silent < patience {
            self.under_way = Some((answering, stage));
            return vec![Effect::Alarm(patience - silent)];
        }
        let mut effects = vec![Effect::Abort];
        effects.extend(match stage {
            Stage::Refused { signed_with, role, response } => {
                self.refused(config, now, answering, signed_with, role, response)
            }
            Stage::Naming { request_id, reply } => {
                let fault = Fault::NotAllowed { role: read_role_name(reply), request_id };
                self.fail(config, now, answering, fault)
            }
            _ => self.fail(config, now, answering, Fault::Silent { seconds: patience / 1000 }),
        });
        effects
    }

    /// A status that is not a success. Keys that have expired, or a signature by a wrong clock, are mended once without a word.
    fn refused(
        &mut self,
        config: &Config,
        now: UnixMillis,
        mut answering: Answering,
        signed_with: String,
        role: Option<String>,
        response: Response,
    ) -> Vec<Effect> {
        let Err(error) = check(response) else { return self.end(config, now, answering, &Ending::CutOff, true) };
        let mendable = matches!(error.status, 400 | 401 | 403)
            && (MENDABLE.contains(&error.code.as_str())
                || contains(&error.message, "expired")
                || contains(&error.message, "not yet current"));
        if mendable && !answering.renewed {
            answering.renewed = true;
            self.under_way = Some((answering, Stage::Keys));
            return vec![Effect::NeedKeys { refused: Some(signed_with) }];
        }
        if error.status == 413 && self.of(&answering).context > 0 {
            // It takes less than it once said. The next question goes alone, and its answer tells how much there may be.
            self.conversation.context_bytes = None;
        }
        let fault = match (error.status, role) {
            (403, None) if !mendable => {
                let stage = Stage::Naming { request_id: error.request_id, reply: Response::default() };
                self.under_way = Some((answering, stage));
                return vec![Effect::NeedKeys { refused: None }];
            }
            (403, role) if !mendable => Fault::NotAllowed { role, request_id: error.request_id },
            _ => Fault::from_service_error(Service::FunctionUrl, &error),
        };
        self.fail(config, now, answering, fault)
    }

    fn read(
        &mut self,
        config: &Config,
        now: UnixMillis,
        mut answering: Answering,
        mut stage: Stage,
        events: Vec<Event>,
        at_end: bool,
    ) -> Vec<Effect> {
        let Stage::Reading { unreadable, request_id, .. } = &mut stage else { return vec![] };
        let (mut effects, mut end) = (vec![], None);
        let Conversation { turns, context_bytes, .. } = &mut self.conversation;
        let answer = &mut turns[answering.turn.0 as usize].answers[answering.answer.0 as usize];
        let before = [Part::Reasoning, Part::Text].map(|part| (part, answer.part(part).len()));
        for event in events {
            match event {
                Event::Model(model) if model != answer.model => {
                    answer.model.clone_from(&model);
                    effects.extend([answering.show(AnswerUpdate::Model(model)), Effect::Changed(Change::Whole)]);
                }
                Event::Context(bytes) => {
                    answering.takes_context = true;
                    *context_bytes = Some(bytes);
                }
                Event::Text(piece) => {
                    answer.first_text.get_or_insert_with(|| millis(answering.began, now));
                    answer.text.push_str(&piece);
                }
                Event::Reasoning(piece) => answer.reasoning.push_str(&piece),
                Event::Usage(usage) => answer.usage = usage,
                Event::Stopped(reason) => answer.stop = Some(reason),
                Event::Unreadable => *unreadable += 1,
                Event::Unknown => answering.unknown += 1,
                Event::Error(failure) => end = Some(Ending::Failed(fault(failure, request_id.take()))),
                Event::End => end = Some(Ending::Done),
                Event::Model(_) | Event::Skipped => {}
            }
        }
        // Not with what is shown of it, which waits: if the page is closed now, this must not be lost.
        for (part, before) in before {
            if let Some(text) = answer.part(part).get(before..).filter(|text| !text.is_empty()) {
                let Answering { turn, answer, .. } = answering;
                effects.push(Effect::Changed(Change::Text(Tail { turn, answer, part, text: text.to_owned() })));
            }
        }
        let is_over = at_end || end.is_some();
        let nothing_known = answering.unknown > 0
            && [&answer.text, &answer.reasoning, &answer.model].into_iter().all(String::is_empty)
            && answer.stop.is_none();
        end = match (end, *unreadable) {
            // Text is missing, so it is not done.
            (Some(Ending::Done), lines @ 1..) => Some(Ending::Failed(Fault::Garbled { lines })),
            (None, lines @ 1..) if at_end => Some(Ending::Failed(Fault::Garbled { lines })),
            // A wire that this app does not speak.
            (None | Some(Ending::Done), _) if is_over && nothing_known => {
                let what = words::unknown(answering.unknown);
                Some(Ending::Failed(Fault::Unexpected { service: Service::FunctionUrl, what }))
            }
            (None, _) if at_end => Some(Ending::CutOff),
            (end, _) => end,
        };
        if let Some(end) = end {
            // A whole answer's connection ends by itself, and can serve the next request.
            if !at_end && end != Ending::Done {
                effects.push(Effect::Abort);
            }
            effects.extend(self.end(config, now, answering, &end, true));
        } else {
            effects.extend(self.grow(now, &mut answering));
            self.under_way = Some((answering, stage));
        }
        effects
    }

    /// Shows what has come, unless something was shown just now.
    fn grow(&mut self, now: UnixMillis, answering: &mut Answering) -> Vec<Effect> {
        let Answer { text, reasoning, .. } = self.of(answering);
        let shown = answering.shown;
        let (is_first, has_more) = (shown == 0, shown < text.len());
        if answering.waits || !has_more && answering.shown_reasoning == reasoning.len() {
            return vec![];
        }
        answering.waits = true;
        let mut effects = self.catch_up(answering, false);
        if has_more && (is_first || millis(answering.told, now) >= REMINDER) {
            answering.told = now;
            let Answer { model, text, .. } = self.of(answering);
            let status = if is_first { words::answering(model) } else { words::still_answering(text) };
            effects.push(Effect::Show(View::Status(status.into())));
        }
        let bytes = u32::try_from((answering.shown - shown) / BATCH_BYTES).unwrap_or(LONGEST_BATCH);
        effects.push(Effect::Flush(bytes.clamp(SHORTEST_BATCH, LONGEST_BATCH)));
        effects
    }

    /// Shows what has come; at the end also what the Markdown held back.
    fn catch_up(&mut self, answering: &mut Answering, at_end: bool) -> Vec<Effect> {
        let mut effects = vec![];
        let Answer { text, reasoning, .. } = self.of(answering);
        let mut steps = answering.markdown.push(text.get(answering.shown..).unwrap_or_default());
        if at_end {
            steps.extend(answering.markdown.finish());
        }
        if let Some(new) = reasoning.get(answering.shown_reasoning..).filter(|new| !new.is_empty()) {
            effects.push(answering.show(AnswerUpdate::Reasoning(new.to_owned())));
        }
        (answering.shown, answering.shown_reasoning) = (text.len(), reasoning.len());
        let pieces = answering.pieces.cut(steps);
        effects.extend(pieces.into_iter().map(|piece| answering.show(AnswerUpdate::Steps(piece))));
        effects
    }

    fn fail(&mut self, config: &Config, now: UnixMillis, answering: Answering, fault: Fault) -> Vec<Effect> {
        self.end(config, now, answering, &Ending::Failed(fault), true)
    }

    /// Nothing more will come. `asked` is whether the model was asked, as far as is known.
    fn end(
        &mut self,
        config: &Config,
        now: UnixMillis,
        mut answering: Answering,
        ending: &Ending,
        asked: bool,
    ) -> Vec<Effect> {
        let mut effects = self.catch_up(&mut answering, true);
        let end = ending.end();
        let text = self.of(&answering).text.clone();
        let has_text = !text.is_empty();
        let read_out = if has_text && end != End::Stopped { spoken(document(&text)) } else { String::new() };
        let answer = self.of(&answering);
        answer.notice = words::ending(ending, has_text, config.contact.as_deref());
        answer.duration = if asked { millis(answering.began, now).max(1) } else { 0 };
        answer.end = Some(end);
        let forgets = has_text && !answering.takes_context;
        if forgets {
            answer.context = 0;
        }
        effects.push(answering.show(ended(answer, config, ending.wait())));
        let status = match end {
            End::Done => words::complete(&read_out, &answer.model).into(),
            End::Stopped => words::STOPPED.into(),
            // The notice says it, as an alert.
            End::CutOff | End::Failed => "".into(),
        };
        effects.push(Effect::Show(View::Status(status)));
        if !read_out.is_empty() {
            effects.push(Effect::Show(View::Spoken(beginning(read_out))));
        }
        // A back end that takes earlier turns says so each time before its text.
        if forgets {
            self.conversation.context_bytes = None;
        }
        effects.push(Effect::Changed(Change::Whole));
        effects
    }

    fn of(&mut self, Answering { turn, answer, .. }: &Answering) -> &mut Answer {
        &mut self.conversation.turns[turn.0 as usize].answers[answer.0 as usize]
    }

    fn request(
        &self,
        config: &Config,
        now: UnixMillis,
        grant: &Grant,
        answering: &Answering,
    ) -> Result<Request, Fault> {
        let messages = self.earlier(answering.turn);
        let messages = messages.iter().flat_map(|(prompt, answer)| {
            [[("role", "user"), ("content", *prompt)], [("role", "assistant"), ("content", *answer)]]
        });
        let messages: Vec<_> = messages.collect();
        let messages: Vec<_> = messages.iter().map(|message| Json::Texts(message)).collect();
        let Turn { prompt, answers } = &self.conversation.turns[answering.turn.0 as usize];
        let body = Json::Object(&[
            ("prompt", Json::Text(prompt)),
            ("use_case", Json::Text(answers[answering.answer.0 as usize].use_case.name())),
            ("messages", if messages.is_empty() { Json::Absent } else { Json::List(&messages) }),
        ]);
        let request = Request {
            method: "POST",
            url: config.function_url.clone(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_bytes(),
            cookies: false,
        };
        let scope = Scope { region: &config.function_region, service: "lambda" };
        let mut request = signed(now, grant, scope, request)?;
        // Asks for the richer wire. It is not signed, as little as the browser's own headers are: a proxy may change it.
        request.headers.push(("accept".into(), "text/event-stream".into()));
        Ok(request)
    }
}

impl Answering {
    fn show(&self, update: AnswerUpdate) -> Effect {
        show(self.turn, TurnUpdate::Answer { id: self.answer, update })
    }
}

fn show(id: TurnId, update: TurnUpdate) -> Effect {
    Effect::Show(View::Turn { id, update })
}

fn ended(answer: &Answer, config: &Config, wait: u32) -> AnswerUpdate {
    AnswerUpdate::Ended {
        end: answer.end.unwrap_or(End::CutOff),
        notice: answer.notice.clone(),
        facts: words::facts(answer, config.prices.as_ref()),
        wait,
    }
}

/// The whole document of a text that has ended.
fn document(text: &str) -> Vec<Step> {
    let mut markdown = Markdown::new();
    let mut steps = markdown.push(text);
    steps.extend(markdown.finish());
    steps
}

/// What of an answer is read out by itself: all, or its beginning, cut after a word where there are spaces, with a word on the rest.
fn beginning(mut read_out: String) -> String {
    let Some((head, _)) = read_out.as_bytes().split_at_checked(BEGINNING).filter(|_| read_out.len() > LONGEST_SPOKEN)
    else {
        return read_out;
    };
    let space = head.iter().rposition(u8::is_ascii_whitespace).filter(|end| *end > BEGINNING / 2);
    let end = space.unwrap_or_else(|| (0..BEGINNING).rfind(|end| read_out.is_char_boundary(*end)).unwrap_or(0));
    read_out.truncate(end);
    read_out + words::READ_ON
}

/// Whether an answer goes along with later questions: it has text, and nothing is known to be wrong with it.
fn is_usable(answer: &Answer) -> bool {
    matches!(answer.end, Some(End::Done | End::Stopped | End::CutOff)) && !answer.text.trim().is_empty()
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

/// What wires call "too many requests", in lower case.
const THROTTLED: [&str; 6] = ["throttl", "toomanyrequests", "rate_limit", "overloaded", "429", "529"];

/// A failure that the back end reports in mid-stream.
fn fault(failure: Failure, request_id: Option<String>) -> Fault {
    let Failure { code, message, retryable, retry_after } = failure;
    let word = code.to_ascii_lowercase();
    if THROTTLED.iter().any(|throttled| contains(&word, throttled)) {
        return Fault::Throttled { service: Service::FunctionUrl, retry_after, request_id };
    }
    let message = if message.is_empty() { code } else { message };
    Fault::Answer { message, retryable, retry_after, request_id }
}

/// AWS's names for keys that have expired, for signatures of another time, and for keys of a session that was ended.
const MENDABLE: [&str; 7] = [
    "ExpiredTokenException",
    "ExpiredToken",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
];

fn signed(now: UnixMillis, grant: &Grant, scope: Scope<'_>, request: Request) -> Result<Request, Fault> {
    sign(request, &grant.keys, scope, grant.skew.correct(now))
        .map_err(|error| Fault::Unexpected { service: Service::FunctionUrl, what: error.to_string() })
}

/// Keeps what came of a refusal, up to a limit.
fn keep(response: &mut Response, bytes: Vec<u8>) {
    let room = LONGEST_REFUSAL.saturating_sub(response.body.len());
    response.body.extend(bytes.into_iter().take(room));
}

fn millis(from: UnixMillis, to: UnixMillis) -> u32 {
    u32::try_from(to.0.saturating_sub(from.0).max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
