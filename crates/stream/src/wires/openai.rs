//! `OpenAI`'s chat completions, which most other servers imitate: <https://platform.openai.com/docs/api-reference/chat-streaming>.
//!
//! Server-sent events, each with a `chat.completion.chunk`; `[DONE]` ends the answer. `reasoning_content` is `DeepSeek`'s
//! (<https://api-docs.deepseek.com/guides/reasoning_model>), `reasoning` is `OpenRouter`'s; some servers write both, with the same text.
//! Usage comes in a last chunk without choices.
//!
//! ```json
//! {"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}],"usage":null}
//! ```

use crate::wire::Count::{Cached, Input, Output};
use crate::wire::Field::{Model, Reasoning, Stop, Text};
use crate::wire::Wire;

pub(crate) const WIRE: Wire = Wire {
    fields: &[
        (Model, "", "/model"),
        (Reasoning, "", "/delta/reasoning_content"),
        (Reasoning, "", "/delta/reasoning"),
        (Text, "", "/delta/content"),
        (Text, "", "/delta/refusal"),
        (Text, "", "/message/refusal"),
        (Reasoning, "", "/message/reasoning_content"),
        (Reasoning, "", "/message/reasoning"),
        (Stop, "", "/finish_reason"),
    ],
    lists: &["choices"],
    usage: &["/usage"],
    counts: &[
        (Input, "/prompt_tokens"),
        (Cached, "/prompt_tokens_details/cached_tokens"),
        (Output, "/completion_tokens"),
    ],
    silent: &["choices", "error"],
    ..Wire::NONE
};
