//! The answer that is under way: from the keys to its end.

use signet_markdown::{Markdown, Step};

use super::pieces::Pieces;
use super::request::signed;
use super::spoken::spoken;
use super::{Chat, Effect, Input, show};
use crate::core::config::Config;
use crate::core::conversation::{Answer, Change, Conversation, Ending, Part, Tail};
use crate::core::env::Grant;
use crate::core::fault::{Fault, Service};
use crate::core::sign::Scope;
use crate::core::words;
use crate::protocol::{AnswerId, AnswerUpdate, End, TurnId, TurnUpdate, View};
use signet_cognito::http::{Request, Response, check};
use signet_cognito::sts::{get_caller_identity, read_role_name};
use signet_cognito::{Keys, UnixMillis};
use signet_stream::{Decoder, Event, Failure};

/// How much of a refusal's body is read, in bytes. It is a sentence in JSON, or a proxy's page.
const LONGEST_REFUSAL: usize = 64 << 10;
/// How long status and headers may take, in milliseconds. The function may have to start, and the model may have to think.
pub(super) const HEAD_PATIENCE: u32 = 90_000;
/// The longest silence after that, in milliseconds. The function itself gives up on a model after 60 s of silence.
const BYTE_PATIENCE: u32 = 75_000;
/// Milliseconds between two batches of text. Each batch costs the page a frame, so text that arrives faster than people can read is shown less
/// often: the pause grows by a millisecond for each [`BATCH_BYTES`] of the last batch, up to the longest.
pub(super) const SHORTEST_BATCH: u32 = 80;
const LONGEST_BATCH: u32 = 200;
const BATCH_BYTES: usize = 3;
/// The shortest time between two reminders to a screen reader that text still arrives, in milliseconds.
const REMINDER: u32 = 10_000;
/// The longest answer that a screen reader gets whole, in bytes: some twenty minutes of speech. The page takes it in one piece, so a longer one
/// would stall a slow computer.
const LONGEST_SPOKEN: usize = 20_000;
/// How much of a longer answer a screen reader gets, in bytes: some five minutes. People read the rest in the conversation.
const BEGINNING: usize = 5_000;

/// The answer under way.
#[derive(Debug)]
pub(super) struct Answering {
    pub(super) turn: TurnId,
    pub(super) answer: AnswerId,
    /// When the person asked for it.
    began: UnixMillis,
    /// When bytes last arrived, or the request was sent.
    heard: UnixMillis,
    /// When a screen reader last got a status.
    announced: UnixMillis,
    /// Whether the request was repeated with new keys.
    renewed: bool,
    /// Whether the back end has said that it takes earlier turns.
    takes_context: bool,
    markdown: Markdown,
    pieces: Pieces,
    /// Bytes of the text that are shown.
    pub(super) shown: usize,
    /// Bytes of the reasoning that are shown.
    shown_reasoning: usize,
    /// Whether an [`Effect::Flush`] is pending.
    waits: bool,
    /// The number of events of unknown kinds.
    unknown: u32,
}

#[derive(Debug)]
pub(super) enum Stage {
    /// Keys are on the way.
    Keys,
    /// The request is on the way.
    Requested { signed_with: String, role: Option<String> },
    /// The body of a refusal arrives.
    Refused { signed_with: String, role: Option<String>, response: Response },
    /// The role may not call the function and the ID token does not name it, so we ask STS for its name.
    Naming { request_id: Option<String>, reply: Response },
    /// The answer arrives.
    Reading { decoder: Decoder, unreadable: u32, request_id: Option<String> },
}

impl Answering {
    pub(super) fn new(turn: TurnId, answer: AnswerId, now: UnixMillis) -> Self {
        Self {
            turn,
            answer,
            began: now,
            heard: now,
            announced: now,
            renewed: false,
            takes_context: false,
            markdown: Markdown::new(),
            pieces: Pieces::default(),
            shown: 0,
            shown_reasoning: 0,
            waits: false,
            unknown: 0,
        }
    }

    pub(super) fn show(&self, update: AnswerUpdate) -> Effect {
        show(self.turn, TurnUpdate::Answer { id: self.answer, update })
    }
}

impl Chat {
    /// Handles an input about the answer under way.
    pub(super) fn advance(
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
            (Input::Head(head), Stage::Requested { signed_with, role }) => self.wait(
                answering,
                if head.is_success() {
                    Stage::Reading { decoder: Decoder::default(), unreadable: 0, request_id: head.request_id }
                } else {
                    Stage::Refused { signed_with, role, response: Response { head, body: vec![] } }
                },
            ),
            (Input::Bytes(bytes), Stage::Refused { signed_with, role, mut response }) => {
                keep(&mut response, bytes);
                self.wait(answering, Stage::Refused { signed_with, role, response })
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
                self.wait(answering, Stage::Naming { request_id, reply: Response { head, body: vec![] } })
            }
            (Input::Bytes(bytes), Stage::Naming { request_id, mut reply }) => {
                keep(&mut reply, bytes);
                self.wait(answering, Stage::Naming { request_id, reply })
            }
            // The refusal stands, whatever STS replied.
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
            (_, stage) => self.wait(answering, stage),
        }
    }

    fn wait(&mut self, answering: Answering, stage: Stage) -> Vec<Effect> {
        self.under_way = Some((answering, stage));
        vec![]
    }

    fn send(&mut self, now: UnixMillis, mut answering: Answering, stage: Stage, request: Request) -> Vec<Effect> {
        answering.heard = now;
        self.under_way = Some((answering, stage));
        // The shorter time, so that both limits are checked in time.
        vec![Effect::Stream(request), Effect::Alarm(BYTE_PATIENCE)]
    }

    /// Checks how long the connection has been silent.
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

    /// Handles an error status. Expired keys and clock skew are fixed once, silently.
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
                || error.message.contains("expired")
                || error.message.contains("not yet current"));
        if mendable && !answering.renewed {
            answering.renewed = true;
            self.under_way = Some((answering, Stage::Keys));
            return vec![Effect::NeedKeys { refused: Some(signed_with) }];
        }
        if error.status == 413 && self.answer_mut(&answering).context > 0 {
            // The back end accepts less than it once said. The next question goes without earlier turns, and its answer says how much is accepted.
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

    pub(super) fn read(
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
        // At once, not with the next batch: if the page is closed now, this must not be lost.
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
            // Text is missing, so the answer is not complete.
            (Some(Ending::Done), lines @ 1..) => Some(Ending::Failed(Fault::Garbled { lines })),
            (None, lines @ 1..) if at_end => Some(Ending::Failed(Fault::Garbled { lines })),
            // A format that this app does not know.
            (None | Some(Ending::Done), _) if is_over && nothing_known => {
                let what = words::unknown(answering.unknown);
                Some(Ending::Failed(Fault::Unexpected { service: Service::FunctionUrl, what }))
            }
            (Some(Ending::Done), _) if answer.text.is_empty() && answer.reasoning.is_empty() => {
                Some(Ending::Failed(Fault::Empty))
            }
            (None, _) if at_end => Some(Ending::CutOff),
            (end, _) => end,
        };
        if let Some(end) = end {
            // The connection of a complete answer ends by itself and can serve the next request.
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

    /// Shows the text that has arrived, unless a batch was shown just now.
    fn grow(&mut self, now: UnixMillis, answering: &mut Answering) -> Vec<Effect> {
        let Answer { text, reasoning, .. } = self.answer_mut(answering);
        let shown = answering.shown;
        let (is_first, has_more) = (shown == 0, shown < text.len());
        if answering.waits || !has_more && answering.shown_reasoning == reasoning.len() {
            return vec![];
        }
        answering.waits = true;
        let mut effects = self.catch_up(answering, false);
        if has_more && (is_first || millis(answering.announced, now) >= REMINDER) {
            answering.announced = now;
            let Answer { model, text, .. } = self.answer_mut(answering);
            let status = if is_first { words::answering(model) } else { words::still_answering(text) };
            effects.push(Effect::Show(View::Status(status.into())));
        }
        let bytes = u32::try_from((answering.shown - shown) / BATCH_BYTES).unwrap_or(LONGEST_BATCH);
        effects.push(Effect::Flush(bytes.clamp(SHORTEST_BATCH, LONGEST_BATCH)));
        effects
    }

    /// Shows the text that has arrived, and at the end also the text that the Markdown parser held back.
    fn catch_up(&mut self, answering: &mut Answering, at_end: bool) -> Vec<Effect> {
        let mut effects = vec![];
        let Answer { text, reasoning, .. } = self.answer_mut(answering);
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

    /// Ends the answer. `asked`: whether the model was asked, as far as we know.
    pub(super) fn end(
        &mut self,
        config: &Config,
        now: UnixMillis,
        mut answering: Answering,
        ending: &Ending,
        asked: bool,
    ) -> Vec<Effect> {
        let mut effects = self.catch_up(&mut answering, true);
        let end = ending.end();
        let text = self.answer_mut(&answering).text.clone();
        let has_text = !text.is_empty();
        let read_out = if has_text && end != End::Stopped { spoken(document(&text)) } else { String::new() };
        let answer = self.answer_mut(&answering);
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
            // Screen readers read the notice out as an alert.
            End::CutOff | End::Failed => "".into(),
        };
        effects.push(Effect::Show(View::Status(status)));
        if !read_out.is_empty() {
            effects.push(Effect::Show(View::Spoken(beginning(read_out))));
        }
        // A back end that accepts earlier turns says so before the text of each answer.
        if forgets {
            self.conversation.context_bytes = None;
        }
        effects.push(Effect::Changed(Change::Whole));
        effects
    }

    fn answer_mut(&mut self, Answering { turn, answer, .. }: &Answering) -> &mut Answer {
        &mut self.conversation.turns[turn.0 as usize].answers[answer.0 as usize]
    }
}

pub(super) fn ended(answer: &Answer, config: &Config, wait: Option<u32>) -> AnswerUpdate {
    AnswerUpdate::Ended {
        end: answer.end.unwrap_or(End::CutOff),
        notice: words::kept_notice(answer),
        facts: words::facts(answer, config.prices.as_ref()),
        wait,
    }
}

/// The whole document of a text that has ended.
pub(super) fn document(text: &str) -> Vec<Step> {
    let mut markdown = Markdown::new();
    let mut steps = markdown.push(text);
    steps.extend(markdown.finish());
    steps
}

/// The part of an answer for a screen reader: all of it, or its beginning up to the end of a word, and where the rest is.
pub(super) fn beginning(mut read_out: String) -> String {
    let Some((head, _)) = read_out.as_bytes().split_at_checked(BEGINNING).filter(|_| read_out.len() > LONGEST_SPOKEN)
    else {
        return read_out;
    };
    let space = head.iter().rposition(u8::is_ascii_whitespace).filter(|end| *end > BEGINNING / 2);
    let end = space.unwrap_or_else(|| (0..BEGINNING).rfind(|end| read_out.is_char_boundary(*end)).unwrap_or(0));
    read_out.truncate(end);
    read_out + words::READ_ON
}

/// Parts of the codes that mean "too many requests", in lower case.
const THROTTLED: [&str; 6] = ["throttl", "toomanyrequests", "rate_limit", "overloaded", "429", "529"];

/// A failure that the back end reports in the middle of the stream.
fn fault(failure: Failure, request_id: Option<String>) -> Fault {
    let Failure { code, message, retryable, retry_after } = failure;
    let word = code.to_ascii_lowercase();
    if THROTTLED.iter().any(|throttled| word.contains(throttled)) {
        return Fault::Throttled { service: Service::FunctionUrl, retry_after, request_id };
    }
    let message = if message.is_empty() { code } else { message };
    Fault::Answer { message, retryable, retry_after, request_id }
}

/// AWS's names for expired keys, for signatures with a wrong time, and for keys of a session that was ended.
const MENDABLE: [&str; 7] = [
    "ExpiredTokenException",
    "ExpiredToken",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
];

/// Keeps the body of a refusal, up to a limit.
fn keep(response: &mut Response, bytes: Vec<u8>) {
    let room = LONGEST_REFUSAL.saturating_sub(response.body.len());
    response.body.extend(bytes.into_iter().take(room));
}

fn millis(from: UnixMillis, to: UnixMillis) -> u32 {
    u32::try_from(to.0.saturating_sub(from.0).max(0)).unwrap_or(u32::MAX)
}
