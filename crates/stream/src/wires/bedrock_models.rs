//! The wires of models on Amazon Bedrock that have one of their own, in the chunks of `InvokeModelWithResponseStream` (see `bedrock.rs`):
//!
//! - Titan: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html>;
//! - Llama: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html>;
//! - Mistral: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html>.
//!
//! ```json
//! {"outputText":"Hello","index":0,"totalOutputTextTokenCount":2,"completionReason":"FINISH","inputTextTokenCount":7}
//! {"generation":"Hello","prompt_token_count":7,"generation_token_count":1,"stop_reason":null}
//! {"outputs":[{"text":"Hello","stop_reason":"stop"}]}
//! ```

use crate::wire::Count::{Input, Output};
use crate::wire::Field::{Stop, Text};
use crate::wire::Wire;

pub(crate) const WIRE: Wire = Wire {
    fields: &[
        (Text, "", "/generation"),
        (Text, "", "/outputText"),
        (Text, "", "/text"),
        (Stop, "", "/stop_reason"),
        (Stop, "", "/completionReason"),
    ],
    lists: &["outputs"],
    usage: &[""],
    counts: &[
        (Input, "/inputTextTokenCount"),
        (Input, "/prompt_token_count"),
        (Output, "/totalOutputTextTokenCount"),
        (Output, "/generation_token_count"),
    ],
    ..Wire::NONE
};
