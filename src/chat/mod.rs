//! The questions of a tab and their answers: a state machine that says what to do and does nothing itself.
//!
//! One answer at a time is under way. Each prompt is answered on its own: the stock wire carries no earlier turns.

mod conversation;

pub use conversation::{Answer, Change, Conversation, Turn};

use crate::cognito::Keys;
use crate::config::Config;
use crate::fault::{Fault, Service};
use crate::http::{Head, NoAnswer, Request, Response, check};
use crate::json::Json;
use crate::markdown::Markdown;
use crate::protocol::{AnswerId, AnswerUpdate, TurnId, TurnUpdate};
use crate::session::Grant;
use crate::sign::{Scope, sign};
use crate::stream::Event;
use crate::stream::stock::{Ask, Decoder};
use crate::sts::{get_caller_identity, read_role_name};
use crate::text::contains;
use crate::time::UnixMillis;

/// Of a refusal's body that is read, in bytes: it is a sentence in JSON, or a page of some proxy.
const LONGEST_REFUSAL: usize = 64 << 10;

/// All turns, and the answer that is under way.
#[derive(Debug, Default)]
pub struct Chat {
    conversation: Conversation,
    /// What was asked, by turn; whether any text came.
    turns: Vec<(Ask, bool)>,
    answering: Option<Answering>,
}

/// The answer under way.
#[derive(Debug)]
struct Answering {
    turn: TurnId,
    /// When the person sent it.
    began: UnixMillis,
    first_text: Option<u32>,
    /// Whether it was sent a second time, with new keys.
    renewed: bool,
    markdown: Markdown,
    stage: Stage,
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
    Reading { decoder: Decoder, unreadable: u32 },
}

/// What happens to a chat.
#[derive(Debug)]
pub enum Input {
    /// The person asks.
    Ask(Ask),
    /// The person wants a failed turn asked again.
    Retry(TurnId),
    /// The person has seen enough.
    Stop,
    /// The session's word on [`Effect::NeedKeys`].
    Keys(Result<Grant, Fault>),
    /// Status and headers of the answer.
    Head(Head),
    /// The next bytes of its body.
    Bytes(Vec<u8>),
    /// The body's end, or the connection's.
    End,
    /// There is no answer, or the browser may not read it.
    NoAnswer(NoAnswer),
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
    /// Show this.
    Show(TurnId, TurnUpdate),
    /// Show another conversation from now on; its turns follow.
    Replace {
        /// Its id.
        id: String,
        /// Its title.
        title: String,
    },
    /// The conversation that is shown has changed.
    Changed(Change),
    /// Nothing more will come of this turn.
    Ended {
        /// Which.
        turn: TurnId,
        /// How it ended.
        ending: Ending,
        /// Milliseconds from the request to the first text, if text came.
        first_text: Option<u32>,
        /// Milliseconds from the request to the end.
        duration: u32,
    },
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

impl Chat {
    /// The conversation that is shown.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Shows another one.
    pub fn show(&mut self, conversation: Conversation) -> Vec<Effect> {
        let (id, title) = (conversation.id.clone(), conversation.title.clone());
        *self = Self { conversation, ..Self::default() };
        let turns = self.conversation.turns.iter().zip(0..);
        let turns = turns.map(|(turn, id)| Effect::Show(TurnId(id), TurnUpdate::Asked { prompt: turn.prompt.clone() }));
        std::iter::once(Effect::Replace { id, title }).chain(turns).collect()
    }

    /// Calls the one that is shown something else.
    pub fn rename(&mut self, title: String) -> Vec<Effect> {
        self.conversation.title = title;
        vec![Effect::Changed(Change::Whole)]
    }

    /// Takes `input` in; what is to be done. `now` is this machine's time. An input that nothing waits for changes nothing.
    pub fn step(&mut self, config: &Config, now: UnixMillis, input: Input) -> Vec<Effect> {
        match (input, self.answering.take()) {
            (Input::Ask(ask), None) => self.ask(now, ask),
            (Input::Retry(turn), None) => self.retry(now, turn),
            (Input::Stop, Some(answering)) => {
                let mut effects = if matches!(answering.stage, Stage::Keys) { vec![] } else { vec![Effect::Abort] };
                effects.push(answering.ended(now, Ending::Stopped));
                effects
            }
            (input, Some(answering)) => self.answer(config, now, answering, input),
            (_, None) => vec![],
        }
    }

    fn ask(&mut self, now: UnixMillis, ask: Ask) -> Vec<Effect> {
        let turn = TurnId(u32::try_from(self.turns.len()).unwrap_or(u32::MAX));
        self.turns.push((ask, false));
        self.begin(now, turn)
    }

    /// In the same turn if nothing came of it, else in a new one, so that no text is lost.
    fn retry(&mut self, now: UnixMillis, turn: TurnId) -> Vec<Effect> {
        match usize::try_from(turn.0).ok().and_then(|index| self.turns.get(index)) {
            Some((_, false)) => self.begin(now, turn),
            Some((ask, true)) => {
                let ask = ask.clone();
                self.ask(now, ask)
            }
            None => vec![],
        }
    }

    fn begin(&mut self, now: UnixMillis, turn: TurnId) -> Vec<Effect> {
        let Ask { prompt, use_case } = self.asked(turn).clone();
        self.answering = Some(Answering {
            turn,
            began: now,
            first_text: None,
            renewed: false,
            markdown: Markdown::default(),
            stage: Stage::Keys,
        });
        vec![
            Effect::Show(turn, TurnUpdate::Asked { prompt }),
            of_answer(turn, AnswerUpdate::Begun { use_case, context: 0 }),
            Effect::NeedKeys { refused: None },
        ]
    }

    fn asked(&self, turn: TurnId) -> &Ask {
        &self.turns[turn.0 as usize].0
    }

    fn answer(&mut self, config: &Config, now: UnixMillis, mut answering: Answering, input: Input) -> Vec<Effect> {
        let turn = answering.turn;
        match (input, answering.stage) {
            (Input::Keys(Ok(grant)), Stage::Keys) => match request(config, now, &grant, self.asked(turn)) {
                Ok(request) => {
                    let Grant { keys: Keys { access_key_id, .. }, role, .. } = grant;
                    answering.stage = Stage::Requested { signed_with: access_key_id, role };
                    self.answering = Some(answering);
                    vec![Effect::Stream(request)]
                }
                Err(fault) => vec![Answering { stage: Stage::Keys, ..answering }.ended(now, Ending::Failed(fault))],
            },
            (Input::Keys(Err(fault)), stage @ Stage::Keys) => {
                vec![Answering { stage, ..answering }.ended(now, Ending::Failed(fault))]
            }
            (Input::NoAnswer(no_answer), stage @ Stage::Requested { .. }) => {
                vec![Answering { stage, ..answering }.ended(now, Ending::Failed(no_answer.fault(Service::FunctionUrl)))]
            }
            (Input::Head(head), Stage::Requested { signed_with, role }) => {
                answering.stage = if head.is_success() {
                    Stage::Reading { decoder: Decoder::default(), unreadable: 0 }
                } else {
                    Stage::Refused { signed_with, role, response: Response { head, body: vec![] } }
                };
                self.answering = Some(answering);
                vec![]
            }
            (Input::Bytes(bytes), Stage::Refused { signed_with, role, mut response }) => {
                keep(&mut response, bytes);
                answering.stage = Stage::Refused { signed_with, role, response };
                self.answering = Some(answering);
                vec![]
            }
            (Input::End | Input::NoAnswer(_), Stage::Refused { signed_with, role, response }) => {
                answering.stage = Stage::Keys;
                self.refused(now, answering, signed_with, role, response)
            }
            (Input::Keys(Ok(grant)), Stage::Naming { request_id, .. }) => {
                let scope = Scope { region: &config.identity_pool.region, service: "sts" };
                match signed(now, &grant, scope, get_caller_identity(&config.identity_pool.sts_endpoint)) {
                    Ok(request) => {
                        answering.stage = Stage::Naming { request_id, reply: Response::default() };
                        self.answering = Some(answering);
                        vec![Effect::Stream(request)]
                    }
                    Err(fault) => vec![Answering { stage: Stage::Keys, ..answering }.ended(now, Ending::Failed(fault))],
                }
            }
            (Input::Head(head), Stage::Naming { request_id, .. }) => {
                answering.stage = Stage::Naming { request_id, reply: Response { head, body: vec![] } };
                self.answering = Some(answering);
                vec![]
            }
            (Input::Bytes(bytes), Stage::Naming { request_id, mut reply }) => {
                keep(&mut reply, bytes);
                answering.stage = Stage::Naming { request_id, reply };
                self.answering = Some(answering);
                vec![]
            }
            // Whatever STS said or did not say, the refusal stands.
            (Input::End | Input::NoAnswer(_) | Input::Keys(Err(_)), Stage::Naming { request_id, reply }) => {
                let fault = Fault::NotAllowed { role: read_role_name(reply), request_id };
                vec![Answering { stage: Stage::Keys, ..answering }.ended(now, Ending::Failed(fault))]
            }
            (Input::Bytes(bytes), Stage::Reading { mut decoder, unreadable }) => {
                let events = decoder.push(&bytes);
                answering.stage = Stage::Reading { decoder, unreadable };
                self.read(now, answering, events, false)
            }
            (Input::End | Input::NoAnswer(_), Stage::Reading { mut decoder, unreadable }) => {
                let events = decoder.finish();
                answering.stage = Stage::Reading { decoder, unreadable };
                self.read(now, answering, events, true)
            }
            (_, stage) => {
                self.answering = Some(Answering { stage, ..answering });
                vec![]
            }
        }
    }

    /// A status that is not a success. Keys that have expired, or a signature by a wrong clock, are mended once without a word.
    fn refused(
        &mut self,
        now: UnixMillis,
        answering: Answering,
        signed_with: String,
        role: Option<String>,
        response: Response,
    ) -> Vec<Effect> {
        let Err(error) = check(response) else { return vec![answering.ended(now, Ending::CutOff)] };
        let mendable = matches!(error.status, 400 | 401 | 403)
            && (MENDABLE.contains(&error.code.as_str())
                || contains(&error.message, "expired")
                || contains(&error.message, "not yet current"));
        if mendable && !answering.renewed {
            self.answering = Some(Answering { renewed: true, ..answering });
            return vec![Effect::NeedKeys { refused: Some(signed_with) }];
        }
        let fault = match (error.status, role) {
            (403, None) if !mendable => {
                let stage = Stage::Naming { request_id: error.request_id, reply: Response::default() };
                self.answering = Some(Answering { stage, ..answering });
                return vec![Effect::NeedKeys { refused: None }];
            }
            (403, role) if !mendable => Fault::NotAllowed { role, request_id: error.request_id },
            _ => error.fault(Service::FunctionUrl),
        };
        vec![answering.ended(now, Ending::Failed(fault))]
    }

    fn read(&mut self, now: UnixMillis, mut answering: Answering, events: Vec<Event>, at_end: bool) -> Vec<Effect> {
        let Stage::Reading { unreadable, .. } = &mut answering.stage else { return vec![] };
        let (mut effects, mut text, mut end) = (vec![], String::new(), None);
        for event in events {
            match event {
                Event::Model(model) => effects.push(of_answer(answering.turn, AnswerUpdate::Model(model))),
                // What came in one read is shown in one step.
                Event::Text(piece) => text.push_str(&piece),
                Event::Unreadable => *unreadable += 1,
                Event::Error(failure) => end = Some(Ending::Failed(Fault::Answer { message: failure.message })),
                Event::End => end = Some(Ending::Done),
                Event::Context(_) | Event::Reasoning(_) | Event::Usage(_) | Event::Stopped(_) | Event::Skipped => {}
            }
        }
        end = match (end, *unreadable) {
            // Text is missing, so it is not done.
            (Some(Ending::Done), lines @ 1..) => Some(Ending::Failed(Fault::Garbled { lines })),
            (None, lines @ 1..) if at_end => Some(Ending::Failed(Fault::Garbled { lines })),
            (None, _) if at_end => Some(Ending::CutOff),
            (end, _) => end,
        };
        if !text.is_empty() {
            answering.first_text.get_or_insert_with(|| millis(answering.began, now));
            self.turns[answering.turn.0 as usize].1 = true;
            effects.push(of_answer(answering.turn, AnswerUpdate::Steps(answering.markdown.push(&text))));
        }
        match end {
            Some(end) => {
                // A whole answer's connection ends by itself, and can serve the next request.
                if !at_end && end != Ending::Done {
                    effects.push(Effect::Abort);
                }
                effects.push(answering.ended(now, end));
            }
            None => self.answering = Some(answering),
        }
        effects
    }
}

impl Answering {
    fn ended(&self, now: UnixMillis, ending: Ending) -> Effect {
        Effect::Ended { turn: self.turn, ending, first_text: self.first_text, duration: millis(self.began, now) }
    }
}

fn of_answer(turn: TurnId, update: AnswerUpdate) -> Effect {
    Effect::Show(turn, TurnUpdate::Answer { id: AnswerId(0), update })
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

fn request(config: &Config, now: UnixMillis, grant: &Grant, ask: &Ask) -> Result<Request, Fault> {
    let request = Request {
        method: "POST",
        url: config.function_url.clone(),
        headers: vec![("content-type".into(), "application/json".into())],
        body: Json::Texts(&[("prompt", &ask.prompt), ("use_case", ask.use_case.name())]).to_bytes(),
        cookies: false,
    };
    signed(now, grant, Scope { region: &config.function_region, service: "lambda" }, request)
}

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
