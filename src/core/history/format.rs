//! A conversation in JSON: as it is stored, and as it is exported and imported. docs/conversations.schema.json describes the file.

use crate::core::chat::{Answer, Conversation, Part, Tail, Turn};
use crate::core::words;
use crate::json::{Json, Value, list};
use crate::protocol::{AnswerId, End, Notice, TurnId};
use crate::text;
use signet_cognito::UnixMillis;
use signet_stream::stock::UseCase;
use signet_stream::{StopReason, Usage};

/// What a file of conversations calls itself.
const FORMAT: &str = "signet-conversations";
/// The version of the format.
const VERSION: i64 = 1;
/// The longest file that is taken in, in bytes.
const LARGEST: usize = 50 << 20;
/// The longest id, in bytes.
const LONGEST_ID: usize = 64;
/// The longest title, in characters.
const LONGEST_TITLE: usize = 200;

const ENDS: [(End, &str); 4] =
    [(End::Done, "done"), (End::Stopped, "stopped"), (End::CutOff, "cutOff"), (End::Failed, "failed")];

const STOPS: [(StopReason, &str); 5] = [
    (StopReason::EndTurn, "endTurn"),
    (StopReason::MaxTokens, "maxTokens"),
    (StopReason::StopSequence, "stopSequence"),
    (StopReason::Filtered, "filtered"),
    (StopReason::ToolUse, "toolUse"),
];

/// What a list of conversations shows of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// When something was last asked in it.
    pub updated: UnixMillis,
}

impl Tail {
    /// Both numbers, the part, then the text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let part = [u8::from(self.part == Part::Reasoning)];
        [&self.turn.0.to_be_bytes()[..], &self.answer.0.to_be_bytes(), &part, self.text.as_bytes()].concat()
    }

    /// `None` for what [`Self::to_bytes`] does not write.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (turn, rest) = bytes.split_first_chunk()?;
        let (answer, rest) = rest.split_first_chunk()?;
        let (part, text) = rest.split_first()?;
        Some(Self {
            turn: TurnId(u32::from_be_bytes(*turn)),
            answer: AnswerId(u32::from_be_bytes(*answer)),
            part: *[Part::Text, Part::Reasoning].get(usize::from(*part))?,
            text: String::from_utf8(text.to_vec()).ok()?,
        })
    }
}

impl Summary {
    /// Of a conversation.
    pub fn of(conversation: &Conversation) -> Self {
        let Conversation { id, title, updated, .. } = conversation;
        Self { id: id.clone(), title: title.clone(), updated: *updated }
    }

    /// As it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        Json::Object(&[
            ("id", Json::Text(&self.id)),
            ("title", Json::Text(&self.title)),
            ("updated", Json::Number(self.updated.0)),
        ])
        .to_bytes()
    }

    /// `None` for what [`Self::to_bytes`] does not write.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let value = Value::read(bytes).ok()?;
        Some(Self {
            id: string(&value, "id")?,
            title: string(&value, "title")?,
            updated: UnixMillis(value.get("updated")?.as_i64()?),
        })
    }
}

/// A conversation's JSON.
pub fn write(conversation: &Conversation) -> Vec<u8> {
    let turns = list(conversation.turns.iter().map(|turn| {
        let answers = list(turn.answers.iter().map(write_answer));
        Json::Object(&[("prompt", Json::Text(&turn.prompt)), ("answers", Json::Written(&answers))]).to_bytes()
    }));
    Json::Object(&[
        ("id", Json::Text(&conversation.id)),
        ("title", Json::Text(&conversation.title)),
        ("updated", Json::Number(conversation.updated.0)),
        ("contextBytes", number(conversation.context_bytes)),
        ("turns", Json::Written(&turns)),
    ])
    .to_bytes()
}

fn write_answer(answer: &Answer) -> Vec<u8> {
    let name = |end| ENDS.iter().find(|(other, _)| *other == end).map(|(_, name)| *name);
    let (stop, stop_word) = match &answer.stop {
        Some(StopReason::Other(word)) => (None, Some(word.as_str())),
        Some(stop) => (STOPS.iter().find(|(other, _)| other == stop).map(|(_, name)| *name), None),
        None => (None, None),
    };
    let notice = answer.notice.as_ref().map(|notice| {
        [
            ("title", Json::Text(&notice.title)),
            ("text", Json::Text(&notice.text)),
            ("requestId", Json::optional(notice.request_id.as_deref())),
        ]
    });
    Json::Object(&[
        ("useCase", Json::Text(answer.use_case.name())),
        ("asked", Json::Number(answer.asked.0)),
        ("context", Json::Number(answer.context.into())),
        ("model", Json::Text(&answer.model)),
        ("text", Json::Text(&answer.text)),
        ("reasoning", Json::optional(Some(answer.reasoning.as_str()).filter(|text| !text.is_empty()))),
        ("end", Json::optional(answer.end.and_then(name))),
        ("notice", notice.as_ref().map_or(Json::Absent, |notice| Json::Object(notice))),
        ("stop", Json::optional(stop)),
        ("stopWord", Json::optional(stop_word)),
        ("inputTokens", number(answer.usage.input_tokens)),
        ("cachedTokens", number(answer.usage.cached_tokens)),
        ("outputTokens", number(answer.usage.output_tokens)),
        ("firstText", number(answer.first_text)),
        ("duration", Json::Number(answer.duration.into())),
    ])
    .to_bytes()
}

fn number(number: Option<u32>) -> Json<'static> {
    number.map_or(Json::Absent, |number| Json::Number(number.into()))
}

/// A conversation from JSON; `None` if anything of it is missing or of the wrong kind.
pub fn read(value: &Value) -> Option<Conversation> {
    let id = string(value, "id").filter(|id| is_id(id))?;
    let turns: Option<Vec<Turn>> = value.get("turns")?.as_list()?.iter().map(read_turn).collect();
    Some(Conversation {
        id,
        title: string(value, "title")?,
        updated: UnixMillis(value.get("updated")?.as_i64()?),
        context_bytes: optional(value, "contextBytes", whole)?,
        turns: turns.filter(|turns| !turns.is_empty())?,
    })
}

/// Whether it can stand in an address.
fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn read_turn(value: &Value) -> Option<Turn> {
    let answers: Option<Vec<Answer>> = value.get("answers")?.as_list()?.iter().map(read_answer).collect();
    Some(Turn { prompt: string(value, "prompt")?, answers: answers.filter(|answers| !answers.is_empty())? })
}

fn read_answer(value: &Value) -> Option<Answer> {
    let use_case = value.get("useCase")?.as_str()?;
    let notice = |value: &Value| {
        let (title, text) = (string(value, "title")?, string(value, "text")?);
        Some(Notice { title, text, request_id: optional(value, "requestId", as_string)? })
    };
    let stop = optional(value, "stop", |value| named(&STOPS, value))?;
    let stop_word = optional(value, "stopWord", as_string)?;
    Some(Answer {
        use_case: *UseCase::ALL.iter().find(|other| other.name() == use_case)?,
        asked: UnixMillis(value.get("asked")?.as_i64()?),
        context: whole(value.get("context")?)?,
        model: string(value, "model")?,
        text: string(value, "text")?,
        reasoning: optional(value, "reasoning", as_string)?.unwrap_or_default(),
        end: optional(value, "end", |value| named(&ENDS, value))?,
        notice: optional(value, "notice", notice)?,
        stop: stop.or(stop_word.map(StopReason::Other)),
        usage: Usage {
            input_tokens: optional(value, "inputTokens", whole)?,
            cached_tokens: optional(value, "cachedTokens", whole)?,
            output_tokens: optional(value, "outputTokens", whole)?,
        },
        first_text: optional(value, "firstText", whole)?,
        duration: whole(value.get("duration")?)?,
    })
}

/// `None` if a member is there and cannot be read, `Some(None)` if it is not there.
#[allow(clippy::option_option)]
fn optional<T>(value: &Value, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<Option<T>> {
    match value.get(name) {
        Some(value) => read(value).map(Some),
        None => Some(None),
    }
}

fn as_string(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn string(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(as_string)
}

fn whole(value: &Value) -> Option<u32> {
    u32::try_from(value.as_i64()?).ok()
}

fn named<T: Clone>(names: &[(T, &str)], value: &Value) -> Option<T> {
    let name = value.as_str()?;
    names.iter().find(|(_, other)| *other == name).map(|(named, _)| named.clone())
}

/// What is stored of a conversation: its JSON, and what came after it. `None` if that is no conversation.
pub fn restore(saved: &[u8], tails: &[Tail]) -> Option<Conversation> {
    let mut conversation = read(&Value::read(saved).ok()?)?;
    for tail in tails {
        let turn = conversation.turns.get_mut(tail.turn.0 as usize);
        // A conversation that another tab has saved meanwhile may not have the answer.
        if let Some(answer) = turn.and_then(|turn| turn.answers.get_mut(tail.answer.0 as usize)) {
            answer.part(tail.part).push_str(&tail.text);
        }
    }
    Some(conversation)
}

/// Whether an answer was under way when it was saved.
pub fn is_under_way(conversation: &Conversation) -> bool {
    conversation.turns.iter().flat_map(|turn| &turn.answers).any(|answer| answer.end.is_none())
}

/// Nothing more will come of an answer that was under way.
pub fn closed(mut conversation: Conversation) -> Conversation {
    for answer in conversation.turns.iter_mut().flat_map(|turn| &mut turn.answers) {
        if answer.end.is_none() {
            (answer.end, answer.notice) = (Some(End::CutOff), Some(words::history::page_was_closed()));
        }
    }
    conversation
}

/// A file of conversations, each of which is JSON already.
pub fn file(conversations: &[u8]) -> Vec<u8> {
    Json::Object(&[
        ("format", Json::Text(FORMAT)),
        ("version", Json::Number(VERSION)),
        ("conversations", Json::Written(conversations)),
    ])
    .to_bytes()
}

/// Why a file is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFault {
    /// It is longer than 50 MB.
    TooLarge,
    /// It is not a file of conversations.
    Foreign,
    /// It was written by a later version.
    Newer,
}

/// The conversations of a file, and how many more there are that cannot be read.
pub fn read_file(file: &str) -> Result<(Vec<Conversation>, u32), ImportFault> {
    if file.len() > LARGEST {
        return Err(ImportFault::TooLarge);
    }
    let value = Value::read(file.strip_prefix('\u{feff}').unwrap_or(file).as_bytes()).unwrap_or_default();
    let version = value.get("version").and_then(Value::as_i64);
    let entries = match (value.get("format").and_then(Value::as_str), version) {
        (Some(FORMAT), Some(VERSION)) => value.get("conversations").and_then(Value::as_list),
        (Some(FORMAT), Some(VERSION..)) => return Err(ImportFault::Newer),
        _ => None,
    };
    let entries = entries.ok_or(ImportFault::Foreign)?;
    let (mut conversations, mut unreadable) = (vec![], 0);
    for entry in entries {
        let Some(mut conversation) = read(entry) else {
            unreadable += 1;
            continue;
        };
        conversation.title = title(&conversation.title);
        if conversation.title.is_empty() {
            conversation.title = conversation.turns.first().map(|turn| title(&turn.prompt)).unwrap_or_default();
        }
        conversations.push(closed(conversation));
    }
    Ok((conversations, unreadable))
}

/// A title as it is kept: one line, without white space at its ends, no longer than [`LONGEST_TITLE`].
pub fn title(text: &str) -> String {
    let line: String =
        text.chars().map(|c| if c < ' ' || c == '\u{7f}' { ' ' } else { c }).take(LONGEST_TITLE).collect();
    line.trim_ascii().to_owned()
}

/// Whether all of these words are somewhere in the conversation. The words are folded already.
pub fn has_words(conversation: &Conversation, words: &[String]) -> bool {
    let mut missing: Vec<&String> = words.iter().collect();
    let texts = std::iter::once(&conversation.title).chain(
        conversation
            .turns
            .iter()
            .flat_map(|turn| std::iter::once(&turn.prompt).chain(turn.answers.iter().map(|answer| &answer.text))),
    );
    for folded in texts.map(|text| folded(text)) {
        missing.retain(|word| !text::contains(&folded, word));
        if missing.is_empty() {
            return true;
        }
    }
    missing.is_empty()
}

/// With its case folded, for comparing.
pub fn folded(text: &str) -> String {
    text.to_lowercase().to_uppercase()
}
