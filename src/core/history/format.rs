//! A conversation as JSON, for storage, export and import. `docs/conversations.schema.json` describes the file.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::core::conversation::{Answer, Conversation, Part, Tail, Turn};
use crate::protocol::{AnswerId, End, Notice, TurnId};
use signet_cognito::UnixMillis;
use signet_stream::stock::UseCase;
use signet_stream::{StopReason, Usage};

/// The name of the file format.
const FORMAT: &str = "signet-conversations";
/// The version of the format.
const VERSION: i64 = 1;
/// The largest file that can be imported, in bytes.
const LARGEST: usize = 50 << 20;
/// The longest id, in bytes.
const LONGEST_ID: usize = 64;
/// The longest title, in characters.
const LONGEST_TITLE: usize = 200;

/// An entry of the list of conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The conversation's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// When the latest question was asked.
    pub updated: UnixMillis,
}

#[derive(Serialize, Deserialize)]
struct StoredSummary<'a> {
    id: Cow<'a, str>,
    title: Cow<'a, str>,
    updated: i64,
}

impl Tail {
    /// Turn and answer as big-endian numbers, the part as one byte, then the text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let part = [u8::from(self.part == Part::Reasoning)];
        [&self.turn.0.to_be_bytes()[..], &self.answer.0.to_be_bytes(), &part, self.text.as_bytes()].concat()
    }

    /// `None` for bytes that [`Self::to_bytes`] does not write.
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
    /// The entry for a conversation.
    pub fn new(conversation: &Conversation) -> Self {
        let Conversation { id, title, updated, .. } = conversation;
        Self { id: id.clone(), title: title.clone(), updated: *updated }
    }

    /// The bytes to store.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { id, title, updated } = self;
        to_json(&StoredSummary { id: id.into(), title: title.into(), updated: updated.0 })
    }

    /// `None` for bytes that [`Self::to_bytes`] does not write.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let StoredSummary { id, title, updated } = serde_json::from_slice(bytes).ok()?;
        Some(Self { id: id.into_owned(), title: title.into_owned(), updated: UnixMillis(updated) })
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("strings, numbers and lists are always JSON")
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredConversation<'a> {
    id: Cow<'a, str>,
    title: Cow<'a, str>,
    updated: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_bytes: Option<u32>,
    turns: Vec<StoredTurn<'a>>,
}

#[derive(Serialize, Deserialize)]
struct StoredTurn<'a> {
    prompt: Cow<'a, str>,
    answers: Vec<StoredAnswer<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredAnswer<'a> {
    use_case: UseCase,
    asked: i64,
    context: u32,
    model: Cow<'a, str>,
    text: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    reasoning: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<StoredEnd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<StoredNotice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<StoredStop>,
    /// The wire's own word for a reason that [`StoredStop`] does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_word: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_text: Option<u32>,
    duration: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredNotice<'a> {
    title: Cow<'a, str>,
    text: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum StoredEnd {
    Done,
    Stopped,
    CutOff,
    Failed,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum StoredStop {
    EndTurn,
    MaxTokens,
    StopSequence,
    Filtered,
    ToolUse,
}

impl<'a> From<&'a Conversation> for StoredConversation<'a> {
    fn from(conversation: &'a Conversation) -> Self {
        Self {
            id: (&conversation.id).into(),
            title: (&conversation.title).into(),
            updated: conversation.updated.0,
            context_bytes: conversation.context_bytes,
            turns: conversation
                .turns
                .iter()
                .map(|turn| StoredTurn {
                    prompt: (&turn.prompt).into(),
                    answers: turn.answers.iter().map(StoredAnswer::from).collect(),
                })
                .collect(),
        }
    }
}

impl<'a> From<&'a Answer> for StoredAnswer<'a> {
    fn from(answer: &'a Answer) -> Self {
        let (stop, stop_word) = match &answer.stop {
            None => (None, None),
            Some(StopReason::EndTurn) => (Some(StoredStop::EndTurn), None),
            Some(StopReason::MaxTokens) => (Some(StoredStop::MaxTokens), None),
            Some(StopReason::StopSequence) => (Some(StoredStop::StopSequence), None),
            Some(StopReason::Filtered) => (Some(StoredStop::Filtered), None),
            Some(StopReason::ToolUse) => (Some(StoredStop::ToolUse), None),
            Some(StopReason::Other(word)) => (None, Some(word.into())),
        };
        Self {
            use_case: answer.use_case,
            asked: answer.asked.0,
            context: answer.context,
            model: (&answer.model).into(),
            text: (&answer.text).into(),
            reasoning: (&answer.reasoning).into(),
            end: answer.end.map(|end| match end {
                End::Done => StoredEnd::Done,
                End::Stopped => StoredEnd::Stopped,
                End::CutOff => StoredEnd::CutOff,
                End::Failed => StoredEnd::Failed,
            }),
            notice: answer.notice.as_ref().map(|Notice { title, text, request_id }| StoredNotice {
                title: title.into(),
                text: text.into(),
                request_id: request_id.as_ref().map(Cow::from),
            }),
            stop,
            stop_word,
            input_tokens: answer.usage.input_tokens,
            cached_tokens: answer.usage.cached_tokens,
            output_tokens: answer.usage.output_tokens,
            first_text: answer.first_text,
            duration: answer.duration,
        }
    }
}

impl StoredConversation<'_> {
    /// `None` if it has no usable id, no turn, or a turn without an answer.
    fn conversation(self) -> Option<Conversation> {
        let turns: Vec<Turn> = self.turns.into_iter().map(StoredTurn::turn).collect();
        let is_whole = is_id(&self.id) && !turns.is_empty() && turns.iter().all(|turn| !turn.answers.is_empty());
        is_whole.then(|| Conversation {
            id: self.id.into_owned(),
            title: self.title.into_owned(),
            updated: UnixMillis(self.updated),
            context_bytes: self.context_bytes,
            turns,
        })
    }
}

impl StoredTurn<'_> {
    fn turn(self) -> Turn {
        Turn { prompt: self.prompt.into_owned(), answers: self.answers.into_iter().map(StoredAnswer::answer).collect() }
    }
}

impl StoredAnswer<'_> {
    fn answer(self) -> Answer {
        let stop = self.stop.map(|stop| match stop {
            StoredStop::EndTurn => StopReason::EndTurn,
            StoredStop::MaxTokens => StopReason::MaxTokens,
            StoredStop::StopSequence => StopReason::StopSequence,
            StoredStop::Filtered => StopReason::Filtered,
            StoredStop::ToolUse => StopReason::ToolUse,
        });
        Answer {
            use_case: self.use_case,
            asked: UnixMillis(self.asked),
            context: self.context,
            model: self.model.into_owned(),
            text: self.text.into_owned(),
            reasoning: self.reasoning.into_owned(),
            end: self.end.map(|end| match end {
                StoredEnd::Done => End::Done,
                StoredEnd::Stopped => End::Stopped,
                StoredEnd::CutOff => End::CutOff,
                StoredEnd::Failed => End::Failed,
            }),
            notice: self.notice.map(|notice| Notice {
                title: notice.title.into_owned(),
                text: notice.text.into_owned(),
                request_id: notice.request_id.map(Cow::into_owned),
            }),
            stop: stop.or(self.stop_word.map(|word| StopReason::Other(word.into_owned()))),
            usage: Usage {
                input_tokens: self.input_tokens,
                cached_tokens: self.cached_tokens,
                output_tokens: self.output_tokens,
            },
            first_text: self.first_text,
            duration: self.duration,
        }
    }
}

/// A conversation's JSON.
pub fn write(conversation: &Conversation) -> Vec<u8> {
    to_json(&StoredConversation::from(conversation))
}

/// A conversation from its JSON; `None` if a part of it is missing or cannot be used.
pub fn read(bytes: &[u8]) -> Option<Conversation> {
    serde_json::from_slice::<StoredConversation<'_>>(bytes).ok()?.conversation()
}

/// Whether it can be part of an address.
fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Rebuilds a conversation from the store: its JSON, and the text that arrived after that. `None` if the JSON is not a conversation.
pub fn restore(saved: &[u8], tails: &[Tail]) -> Option<Conversation> {
    let mut conversation = read(saved)?;
    for tail in tails {
        let turn = conversation.turns.get_mut(tail.turn.0 as usize);
        // Another tab may have saved the conversation meanwhile, without this answer.
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

/// Marks an answer that was under way as cut off, without a notice: the page was closed or reloaded.
pub fn closed(mut conversation: Conversation) -> Conversation {
    for answer in conversation.turns.iter_mut().flat_map(|turn| &mut turn.answers) {
        answer.end.get_or_insert(End::CutOff);
    }
    conversation
}

/// An export file with these conversations.
#[allow(clippy::missing_panics_doc)] // It cannot panic.
pub fn file(conversations: &[Conversation]) -> String {
    #[derive(Serialize)]
    struct File<'a> {
        format: &'static str,
        version: i64,
        conversations: Vec<StoredConversation<'a>>,
    }
    let conversations = conversations.iter().map(StoredConversation::from).collect();
    serde_json::to_string(&File { format: FORMAT, version: VERSION, conversations })
        .expect("strings, numbers and lists are always JSON")
}

/// Why a file is not imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFault {
    /// It is longer than 50 MB.
    TooLarge,
    /// It is not an export file.
    Foreign,
    /// A later version wrote it.
    Newer,
}

/// The conversations in a file, and the number of others that cannot be read.
pub fn read_file(file: &str) -> Result<(Vec<Conversation>, u32), ImportFault> {
    #[derive(Deserialize)]
    struct File<'a> {
        format: String,
        version: i64,
        /// A later version may have another shape.
        #[serde(borrow)]
        conversations: Option<&'a RawValue>,
    }
    if file.len() > LARGEST {
        return Err(ImportFault::TooLarge);
    }
    let file = file.strip_prefix('\u{feff}').unwrap_or(file);
    let file: File<'_> = serde_json::from_slice(file.as_bytes()).map_err(|_| ImportFault::Foreign)?;
    if file.format != FORMAT || file.version < VERSION {
        return Err(ImportFault::Foreign);
    }
    if file.version > VERSION {
        return Err(ImportFault::Newer);
    }
    // Read one by one, so that an unreadable one does not stop the others.
    let entries = file.conversations.map(|list| serde_json::from_slice::<Vec<&RawValue>>(list.get().as_bytes()));
    let entries = entries.and_then(Result::ok).ok_or(ImportFault::Foreign)?;
    let (mut conversations, mut unreadable) = (vec![], 0);
    for entry in entries {
        let Some(mut conversation) = read(entry.get().as_bytes()) else {
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

/// A title as it is stored: one trimmed line, no longer than [`LONGEST_TITLE`].
pub fn title(text: &str) -> String {
    let line: String =
        text.chars().map(|c| if c < ' ' || c == '\u{7f}' { ' ' } else { c }).take(LONGEST_TITLE).collect();
    line.trim_ascii().to_owned()
}

/// Whether the conversation contains all of these words, which must be [`folded`].
pub fn has_words(conversation: &Conversation, words: &[String]) -> bool {
    let mut missing: Vec<&String> = words.iter().collect();
    let texts = std::iter::once(&conversation.title).chain(
        conversation
            .turns
            .iter()
            .flat_map(|turn| std::iter::once(&turn.prompt).chain(turn.answers.iter().map(|answer| &answer.text))),
    );
    for folded in texts.map(|text| folded(text)) {
        missing.retain(|word| !folded.contains(word.as_str()));
        if missing.is_empty() {
            return true;
        }
    }
    missing.is_empty()
}

/// The text with its case folded, for comparisons.
pub fn folded(text: &str) -> String {
    text.to_lowercase().to_uppercase()
}
