//! The UI message stream of Vercel's AI SDK, from version 5 on: <https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol>.
//!
//! Server-sent events, each with an object that has a `type`; `[DONE]` ends the answer. Model and usage are in `messageMetadata`, whose
//! members each application chooses.
//!
//! ```json
//! {"type":"text-delta","id":"t","delta":"Hello"}
//! ```

use serde_json::Value;

use crate::answer::Answer;
use crate::event::Event;
use crate::wire::Count::{CacheRead, CacheWrite, Cached, Input, Output};
use crate::wire::Field::{Model, Reasoning, Stop, Text};
use crate::wire::Wire;

pub(crate) const WIRE: Wire = Wire {
    fields: &[
        (Model, "start", "/messageMetadata/model"),
        (Model, "message-metadata", "/messageMetadata/model"),
        (Reasoning, "reasoning-delta", "/delta"),
        (Text, "text-delta", "/delta"),
        (Stop, "finish", "/finishReason"),
    ],
    usage: &["/messageMetadata", "/messageMetadata/usage"],
    counts: &[
        (Input, "/inputTokens"),
        (Cached, "/cachedInputTokens"),
        (Output, "/outputTokens"),
        (CacheRead, "/cacheReadInputTokens"),
        (CacheWrite, "/cacheCreationInputTokens"),
    ],
    silent: &[
        "tool",
        "file",
        "data-",
        "source-",
        "start-step",
        "finish-step",
        "reset-step",
        "text-start",
        "text-end",
        "reasoning-start",
        "reasoning-end",
        "error",
    ],
    errors: &["error", "abort"],
    read,
    ..Wire::NONE
};

fn read(kind: &str, _: &Value, answer: &mut Answer) {
    match kind {
        "text-start" => answer.start_part(),
        "start-step" | "reset-step" => {
            let had_text = answer.start_step();
            // The server withdraws the text of the step so far. Text that was shown is never taken back, so the answer is flawed.
            if kind == "reset-step" && had_text {
                answer.emit(Event::Unreadable);
            }
        }
        _ => {}
    }
}
