//! The log: one line for each request.

use serde::Serialize;
use signet_stream::typed::Usage;
use tokio::time::Instant;

use crate::events::Wire;

/// A request's log line. Dropping it writes the line, however the request ended.
#[derive(Serialize)]
pub(super) struct Log {
    level: &'static str,
    pub(super) request_id: String,
    wire: Wire,
    pub(super) use_case: Option<&'static str>,
    pub(super) model: Option<String>,
    /// The candidates that failed, each with its error code.
    pub(super) failed: Vec<(String, String)>,
    pub(super) status: u16,
    outcome: String,
    pub(super) prompt_bytes: usize,
    pub(super) earlier_turns: usize,
    answer_bytes: usize,
    chunks: usize,
    input_tokens: Option<i64>,
    cached_tokens: Option<i64>,
    output_tokens: Option<i64>,
    first_text_ms: Option<u128>,
    duration_ms: u128,
    #[serde(skip)]
    start: Instant,
}

impl Log {
    pub(super) fn new(request_id: String, wire: Wire) -> Self {
        Self {
            level: "INFO",
            request_id,
            wire,
            use_case: None,
            model: None,
            failed: Vec::new(),
            status: 0,
            outcome: "caller gone".to_owned(),
            prompt_bytes: 0,
            earlier_turns: 0,
            answer_bytes: 0,
            chunks: 0,
            input_tokens: None,
            cached_tokens: None,
            output_tokens: None,
            first_text_ms: None,
            duration_ms: 0,
            start: Instant::now(),
        }
    }

    /// Counts a chunk of text as sent.
    pub(super) fn count(&mut self, text: &str) {
        self.first_text_ms.get_or_insert(self.start.elapsed().as_millis());
        self.answer_bytes += text.len();
        self.chunks += 1;
    }

    /// Records how the request ended.
    pub(super) fn end(&mut self, outcome: &str, usage: Option<Usage>) {
        self.level = if outcome == "done" { "INFO" } else { "WARN" };
        outcome.clone_into(&mut self.outcome);
        let usage = usage.unwrap_or_default();
        self.input_tokens = usage.input;
        self.cached_tokens = usage.cached;
        self.output_tokens = usage.output;
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.duration_ms = self.start.elapsed().as_millis();
        if let Ok(line) = serde_json::to_string(self) {
            println!("{line}");
        }
    }
}
