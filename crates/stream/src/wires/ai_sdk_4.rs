//! The data stream of Vercel's AI SDK up to version 4:
//! <https://github.com/vercel/ai/blob/ai%404.3.16/content/docs/04-ai-sdk-ui/50-stream-protocol.mdx>.
//!
//! Lines of a code, a colon and JSON; the part `d` ends the answer.
//!
//! ```text
//! 0:"Hello"
//! d:{"finishReason":"stop","usage":{"promptTokens":10,"completionTokens":20}}
//! ```

use serde_json::Value;

use crate::answer::Answer;
use crate::event::{Event, StopReason};
use crate::wire::Count::{Input, Output};
use crate::wire::Wire;
use crate::{failure, json, object};

pub(crate) const WIRE: Wire =
    Wire { usage: &["/usage"], counts: &[(Input, "/promptTokens"), (Output, "/completionTokens")], ..Wire::NONE };

/// What a part starts with, as far as it tells the stream from a text.
pub(crate) const STARTS: [&[u8]; 12] =
    [b"0:\"", b"g:\"", b"3:\"", b"2:[", b"8:[", b"9:{", b"a:{", b"b:{", b"d:{", b"e:{", b"f:{", b"h:{"];

/// Reads a line. Returns whether it is a part of such a stream.
pub(crate) fn read_part(line: &[u8], answer: &mut Answer) -> bool {
    let [code, b':', text @ ..] = line else { return false };
    if !matches!(code, b'0'..=b'9' | b'a'..=b'k') {
        return false;
    }
    let Some((value, may_have_halves)) = json::read_halves(text) else { return false };
    answer.may_have_halves = may_have_halves;
    match (code, &value) {
        (b'0', Value::String(text)) => answer.text(text),
        (b'g', Value::String(text)) => answer.reasoning(text),
        (b'3', error) => answer.emit(Event::Error(failure::from_json(error))),
        (b'd', finish) => {
            object::read_counts(finish, answer);
            if let Some(reason) = finish["finishReason"].as_str() {
                answer.emit(Event::Stopped(StopReason::from_word(reason)));
            }
            answer.end();
        }
        // Data, tools, sources, and the start and end of a step.
        _ => answer.emit(Event::Skipped),
    }
    answer.may_have_halves = false;
    true
}
