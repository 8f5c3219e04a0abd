//! Reads one JSON object of an answer by the tables of all wires.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

use crate::answer::Answer;
use crate::event::{Event, StopReason, Usage};
use crate::wire::{Count, Field};
use crate::wires::{ALL, bedrock};
use crate::{failure, json};

/// Where the token counts stand on all wires. Several wires share a place, which is looked at only once: this halves the time an object takes.
static USAGE: LazyLock<BTreeSet<&str>> = LazyLock::new(|| ALL.iter().flat_map(|wire| wire.usage).copied().collect());

/// Reads one object. It always gives an event, unless the answer has ended.
pub(crate) fn read(text: &[u8], answer: &mut Answer) {
    match json::read_halves(text) {
        Some((object @ Value::Object(_), may_have_halves)) => {
            answer.may_have_halves = may_have_halves;
            read_object(&object, answer);
            answer.may_have_halves = false;
        }
        Some(_) => answer.emit(Event::Unreadable),
        // Some servers write several objects in a row.
        None => match json::read_all(text) {
            Some(objects) => objects.iter().for_each(|object| read_object(object, answer)),
            None => answer.emit(Event::Unreadable),
        },
    }
}

fn read_object(object: &Value, answer: &mut Answer) {
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind.is_empty()
        && let Some(chunk) = bedrock::chunk(object)
    {
        return read(&chunk, answer);
    }
    let before = answer.events().len();
    let mut is_known = ALL.iter().flat_map(|wire| wire.silent).any(|name| match kind {
        "" => object.get(name).is_some(),
        _ => kind.starts_with(name),
    });
    let lists = ALL.iter().flat_map(|wire| wire.lists).filter_map(|list| object.get(list));
    // Of several alternative answers, only the first one is read.
    let firsts = lists.filter_map(|list| list.get(0));
    let firsts = firsts.filter(|part| part.get("index").and_then(Value::as_i64).unwrap_or(0) == 0);
    let parts: Vec<&Value> = std::iter::once(object).chain(firsts).collect();
    for field in Field::ALL {
        is_known |= read_field(field, kind, &parts, answer);
    }
    is_known |= read_counts(object, answer);
    let has_error = kind.is_empty() && object.get("error").is_some_and(|error| !error.is_null());
    if has_error || ALL.iter().any(|wire| wire.errors.contains(&kind)) {
        answer.emit(Event::Error(failure::from_json(object)));
    }
    for wire in &ALL {
        (wire.read)(kind, object, answer);
    }
    if ALL.iter().any(|wire| wire.ends.contains(&kind)) {
        answer.end();
    }
    if answer.events().len() == before {
        answer.emit(if is_known { Event::Skipped } else { Event::Unknown });
    }
}

/// Reads one field of an object and of the first elements of the lists in it. If it is in several places, only the first one with a value counts:
/// some servers write the same text under two names. Returns whether any wire knows the field, even if nothing is in it.
fn read_field(field: Field, kind: &str, parts: &[&Value], answer: &mut Answer) -> bool {
    let mut is_known = false;
    for (at, part) in parts.iter().enumerate() {
        for wire in &ALL {
            for (_, _, path) in wire.fields.iter().filter(|entry| (entry.0, entry.1) == (field, kind)) {
                let Some(value) = json::find(part, path) else {
                    is_known |= !kind.is_empty();
                    continue;
                };
                is_known = true;
                // A response of OpenAI's has the format of its text there.
                if *path == "/text" && value.is_object() && part.get("output").is_some() {
                    continue;
                }
                // In a list, `message` is the whole message. After a part of it, it is the same text again.
                let is_repeated = at > 0 && path.starts_with("/message/") && answer.has(field);
                if !is_repeated && emit_field(field, value, wire.padding, answer) {
                    return true;
                }
            }
        }
    }
    is_known
}

/// Emits a field's event. Returns whether the field has a value.
fn emit_field(field: Field, value: &Value, padding: &[char], answer: &mut Answer) -> bool {
    match (field, value.as_str().map(|text| text.trim_end_matches(padding))) {
        (Field::Context, _) => match json::count(value) {
            Some(bytes) => answer.emit(Event::Context(bytes)),
            None => return false,
        },
        (_, Some("")) => return false,
        (Field::Model, Some(text)) => answer.model(&json::without_halves(text)),
        (Field::Reasoning, Some(text)) => answer.reasoning(text),
        (Field::Text, Some(text)) => answer.text(text),
        (Field::Stop, Some(text)) => answer.emit(Event::Stopped(StopReason::from_word(&json::without_halves(text)))),
        (Field::Text, None) if value.is_array() => return read_content(value, answer),
        (_, None) => {
            if field == Field::Text && !value.is_null() {
                // A piece of the text is lost.
                answer.emit(Event::Unreadable);
            }
            return false;
        }
    }
    true
}

/// Reads a text that comes as a list of parts, in order. Returns whether it has text or reasoning. Parts of other kinds, such as images, are skipped.
pub(crate) fn read_content(content: &Value, answer: &mut Answer) -> bool {
    let mut has_any = false;
    for part in content.as_array().into_iter().flatten() {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
        if kind == "message" {
            answer.start_part();
            has_any |= read_content(&part["content"], answer);
            continue;
        }
        let reasoning = REASONING_PARTS.iter().filter_map(|path| json::find(part, path));
        let text = if kind.is_empty() || TEXT_KINDS.contains(&kind) { Some(part) } else { None };
        for (field, value) in
            reasoning.map(|value| (Field::Reasoning, value)).chain(text.map(|part| (Field::Text, part)))
        {
            let text = plain_text(value);
            has_any |= !text.is_empty();
            match field {
                _ if text.is_empty() => {}
                Field::Reasoning => answer.reasoning(&text),
                _ => answer.text(&text),
            }
        }
    }
    has_any
}

/// The text of a part: a string, the `text` of an object, or those of a list.
fn plain_text(part: &Value) -> String {
    match part {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(plain_text).collect(),
        part => part.get("text").or(part.get("refusal")).map(plain_text).unwrap_or_default(),
    }
}

/// Where a part of the content has the model's reasoning: Anthropic, Mistral (`thinking`), Bedrock's Converse (`reasoningContent`), `OpenAI` (`summary`).
const REASONING_PARTS: [&str; 4] = ["/thinking", "/reasoningContent/reasoningText", "/reasoningContent", "/summary"];

/// The types of parts that are text.
const TEXT_KINDS: [&str; 3] = ["text", "output_text", "refusal"];

/// Reads the token counts. Returns whether there are any.
pub(crate) fn read_counts(object: &Value, answer: &mut Answer) -> bool {
    let (mut counts, mut is_known) = (answer.counts, false);
    for usage in USAGE.iter().filter_map(|path| json::find(object, path)) {
        for (count, path) in ALL.iter().flat_map(|wire| wire.counts) {
            if let Some(tokens) = json::find(usage, path).and_then(json::count) {
                counts[*count as usize] = Some(tokens);
                is_known = true;
            }
        }
    }
    if counts != answer.counts {
        answer.counts = counts;
        let count = |count: Count| counts[count as usize];
        let cache = [Count::CacheRead, Count::CacheWrite].into_iter().filter_map(count).fold(0, u32::saturating_add);
        answer.emit(Event::Usage(Usage {
            input_tokens: count(Count::Input).map(|tokens| tokens.saturating_add(cache)),
            cached_tokens: count(Count::Cached).or(count(Count::CacheRead)),
            output_tokens: count(Count::Output),
        }));
    }
    is_known
}
