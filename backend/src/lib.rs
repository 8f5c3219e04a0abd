//! The Lambda function behind Signet: a prompt comes in through an IAM-protected function URL, a model's answer is streamed out.
//!
//! The function URL's invoke mode is `RESPONSE_STREAM`, and it sets the CORS headers itself.
//!
//! # What it is asked
//!
//! A POST whose body is `{"prompt": "…", "use_case": "balanced", "messages": [{"role": "user", "content": "…"}, …]}`. `messages` are the turns
//! before the prompt, the oldest first, and may be left out: `user` and `assistant` one after the other, from a `user` to an `assistant`, none
//! of them blank. Bedrock takes no other order. What is wrong with a request is told with its status, as
//! `{"message": "…", "requestId": "…"}`.
//!
//! # What it answers
//!
//! [`signet_stream::stock`], or to whoever accepts `text/event-stream` by that name, typed events. These are Server-Sent Events, each with
//! one line of `data`:
//!
//! | event | when |
//! |---|---|
//! | `{"type":"start","model":"…","contextBytes":32768}` | first; `contextBytes` is what `messages` may have together |
//! | `{"type":"text","text":"…"}`, `{"type":"reasoning","text":"…"}` | as they come |
//! | `{"type":"usage","inputTokens":12,"cachedTokens":0,"outputTokens":34}` | before the end, as far as the model says |
//! | `{"type":"stop","reason":"end_turn"}` | why the model stopped: `end_turn`, `max_tokens`, `stop_sequence`, `content_filtered`, `guardrail_intervened`, `tool_use` |
//! | `{"type":"end"}` | last: the answer is whole, or as whole as `reason` says |
//! | `{"type":"error","code":"…","message":"…","retryable":true,"retryAfterSeconds":10}` | last, in place of `stop` and `end`; `retryAfterSeconds` only when the model takes no more requests |
//! | `: keep-alive` | a comment, after 10 seconds without an event |
//!
//! A failure before the answer has begun has its status, as on the stock wire. But typed events wait no longer than 5 seconds: then they
//! begin with a keep-alive, and a failure is an `error`. The stock wire has neither reasoning nor usage, and a `max_tokens`,
//! `content_filtered` or `tool_use` is a failure there.
//!
//! # How it is configured
//!
//! By environment variables, read once at the start; one that is empty counts as not set. A wrong one ends the program with a sentence.
//!
//! | variable | what |
//! |---|---|
//! | `MODEL_BACKEND` | `bedrock` (the default), `openai` (any endpoint that speaks its streaming Chat Completions) or `demo` (built in; not an AI) |
//! | `OPENAI_BASE_URL` | with `openai`: where the API is, such as `http://localhost:11434/v1` |
//! | `OPENAI_API_KEY` | with `openai`, optional: sent as a bearer token |
//! | `OPENAI_MODEL` | with `openai`: the one model to ask, unless `AppConfig` holds a strategy |
//! | `APPCONFIG_APPLICATION`, `APPCONFIG_ENVIRONMENT`, `APPCONFIG_PROFILE` | names or ids in AWS `AppConfig` of the model-selection strategy: all three or none |
//! | `MAX_PROMPT_BYTES` | the longest prompt in UTF-8 bytes; 100000 when not set |
//! | `MAX_CONTEXT_BYTES` | the most that `messages` may have together, in UTF-8 bytes; 32768 when not set |
//! | `MAX_TOKENS` | the longest answer in tokens; 4096 when not set |
//!
//! Lambda itself sets `AWS_REGION` and the function role's keys (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`), which
//! Bedrock and `AppConfig` need. `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`, `AWS_ENDPOINT_URL_APPCONFIGDATA` and `AWS_ENDPOINT_URL` point them
//! elsewhere, as in every AWS SDK.
//!
//! # Which model answers
//!
//! The model-selection strategy says, in JSON:
//!
//! ```json
//! { "primary_model": "…", "fallback_models": ["…"], "use_case_models": { "performance_optimized": "…", "accuracy_optimized": "…",
//!   "balanced": "…", "cost_optimized": "…" } }
//! ```
//!
//! A request's candidates are its use case's model, then the primary, then the fallbacks. A candidate that fails before its first text (or
//! reasoning, in typed events) hands over to the next; once that has been sent, a failure ends the answer. Without `AppConfig` the strategy is the bundled
//! `model_selection.json`: Amazon Nova by its EU inference profiles, which exist only in Europe's regions. Elsewhere, configure `AppConfig`.
//!
//! # What it logs
//!
//! One JSON line a request on standard output: request id, wire, use case, model, status, outcome, times and counts. Never a prompt, an answer, a
//! key or a header.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answer;
mod app_config;
mod bedrock;
mod config;
mod demo;
mod events;
#[cfg(test)]
mod fake;
mod model;
mod openai;
mod request;
mod sse;
mod strategy;

pub use answer::{Backend, Body, Invocation, Reply};
pub use config::{Config, ConfigError};
pub use request::FunctionUrlEvent;
