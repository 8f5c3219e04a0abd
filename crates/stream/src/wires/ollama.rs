//! Ollama's `/api/generate` and `/api/chat`: <https://github.com/ollama/ollama/blob/main/docs/api.md>.
//!
//! Lines of JSON; an object with `"done":true` ends the answer and has the token counts.
//!
//! ```json
//! {"model":"llama3.2","response":"Hello","done":false}
//! {"model":"llama3.2","message":{"role":"assistant","content":"Hello"},"done":false}
//! ```

use serde_json::Value;

use crate::answer::Answer;
use crate::wire::Count::{Input, Output};
use crate::wire::Field::{Model, Reasoning, Stop, Text};
use crate::wire::Wire;

pub(crate) const WIRE: Wire = Wire {
    fields: &[
        (Model, "", "/model"),
        (Reasoning, "", "/message/thinking"),
        (Reasoning, "", "/thinking"),
        (Text, "", "/response"),
        (Text, "", "/message/content"),
        (Stop, "", "/done_reason"),
    ],
    usage: &[""],
    counts: &[(Input, "/prompt_eval_count"), (Output, "/eval_count")],
    silent: &["done", "error"],
    read,
    ..Wire::NONE
};

fn read(kind: &str, object: &Value, answer: &mut Answer) {
    if kind.is_empty() && object["done"] == true {
        answer.end();
    }
}
