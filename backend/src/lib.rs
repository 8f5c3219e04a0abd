//! The Lambda function behind Signet: it takes a prompt through an IAM-protected function URL and streams a model's answer back.
//!
//! The function URL's invoke mode is `RESPONSE_STREAM`. The function URL sets the CORS headers, not this function.
//!
//! # The request
//!
//! A POST with the body `{"prompt": "…", "use_case": "balanced", "messages": [{"role": "user", "content": "…"}, …]}`. `messages` are the turns
//! before the prompt, oldest first, and may be left out. They alternate from `user` to `assistant`, begin with `user`, end with `assistant`,
//! and none is blank: Bedrock accepts no other order. An invalid request gets a 4xx status and `{"message": "…", "requestId": "…"}`.
//!
//! # The answer
//!
//! By default, lines: [`signet_stream::stock`]. A caller whose `Accept` header names `text/event-stream` gets typed events instead. These are
//! server-sent events, each with one line of `data`:
//!
//! | event | when |
//! |---|---|
//! | `{"type":"start","model":"…","contextBytes":32768}` | first; `contextBytes` is the most that all `messages` together may have |
//! | `{"type":"text","text":"…"}`, `{"type":"reasoning","text":"…"}` | as the model sends them |
//! | `{"type":"usage","inputTokens":12,"cachedTokens":0,"outputTokens":34}` | before the end, with the counts that the model gives |
//! | `{"type":"stop","reason":"end_turn"}` | why the model stopped: `end_turn`, `max_tokens`, `stop_sequence`, `content_filtered`, `guardrail_intervened`, `tool_use` |
//! | `{"type":"end"}` | last: the answer is complete, up to what `reason` says |
//! | `{"type":"error","code":"…","message":"…","retryable":true,"retryAfterSeconds":10}` | last, instead of `stop` and `end`; `retryAfterSeconds` only if the model takes no more requests |
//! | `: keep-alive` | a comment, after 10 seconds without an event |
//!
//! A failure before the answer begins sets the HTTP status, on either wire. Typed events wait at most 5 seconds for that: then they begin
//! with a keep-alive, and a later failure is an `error` event. The stock wire has neither reasoning nor usage, and reports `max_tokens`,
//! `content_filtered` and `tool_use` as failures.
//!
//! # Configuration
//!
//! The function reads environment variables once, at start-up. An empty one counts as not set. If one is wrong, the program ends with a
//! sentence that says so.
//!
//! | variable | meaning |
//! |---|---|
//! | `MODEL_BACKEND` | `bedrock` (the default), `openai` (any endpoint with `OpenAI`'s streaming Chat Completions) or `demo` (built in; not an AI) |
//! | `OPENAI_BASE_URL` | with `openai`: where the API is, such as `http://localhost:11434/v1` |
//! | `OPENAI_API_KEY` | with `openai`, optional: sent as a bearer token |
//! | `OPENAI_MODEL` | with `openai`: the one model to ask, unless `AppConfig` holds a strategy |
//! | `APPCONFIG_APPLICATION`, `APPCONFIG_ENVIRONMENT`, `APPCONFIG_PROFILE` | names or IDs of the model-selection strategy in AWS `AppConfig`: all three or none |
//! | `MAX_PROMPT_BYTES` | the longest prompt in UTF-8 bytes; default 100000 |
//! | `MAX_CONTEXT_BYTES` | the most that all `messages` together may have, in UTF-8 bytes; default 32768 |
//! | `MAX_TOKENS` | the longest answer in tokens; default 4096 |
//!
//! Lambda itself sets `AWS_REGION` and the function role's keys (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`), which
//! Bedrock and `AppConfig` need. `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`, `AWS_ENDPOINT_URL_APPCONFIGDATA` and `AWS_ENDPOINT_URL` set other
//! endpoints, as in every AWS SDK.
//!
//! # Building without the AWS SDK
//!
//! The cargo feature `aws`, on by default, brings Bedrock and `AppConfig`. Without it the function builds in a fraction of the time and
//! answers with `openai` or `demo` only. `bedrock`, and `AppConfig` with `openai`, are configuration errors then. The demonstration uses
//! the bundled strategy instead of `AppConfig`'s, because it asks none of the models anyway.
//!
//! # Which model answers
//!
//! The model-selection strategy is JSON:
//!
//! ```json
//! { "primary_model": "…", "fallback_models": ["…"], "use_case_models": { "performance_optimized": "…", "accuracy_optimized": "…",
//!   "balanced": "…", "cost_optimized": "…" } }
//! ```
//!
//! A request's candidates are its use case's model, then the primary model, then the fallbacks. If a candidate fails before its first text
//! (or, in typed events, its first reasoning), the next one is asked; after that, a failure ends the answer. Without `AppConfig` the strategy
//! is the bundled `model_selection.json`, which names the EU inference profiles of Amazon Nova. They exist only in European regions; elsewhere,
//! configure `AppConfig`.
//!
//! # Logging
//!
//! One line of JSON per request on standard output: request ID, wire, use case, model, status, outcome, times and counts. Never a prompt, an
//! answer, a key or a header.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answer;
#[cfg(feature = "aws")]
mod app_config;
#[cfg(feature = "aws")]
mod aws;
mod caller;
mod config;
mod events;
mod model;
mod request;
mod strategies;
mod strategy;
#[cfg(test)]
mod testing;

pub use answer::{Backend, Body, Invocation, Reply};
pub use config::{Config, ConfigError};
pub use request::FunctionUrlEvent;
