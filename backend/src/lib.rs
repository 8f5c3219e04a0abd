//! The Lambda function behind Signet: a prompt comes in through an IAM-protected function URL, a model's answer is streamed out.
//!
//! The wire is [`signet::stream::stock`]. The function URL's invoke mode is `RESPONSE_STREAM`, and it sets the CORS headers itself.
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
//! A request's candidates are its use case's model, then the primary, then the fallbacks. A candidate that fails before its first text hands
//! over to the next; once text has been sent, a failure ends the answer with an error line. Without `AppConfig` the strategy is the bundled
//! `model_selection.json`: Amazon Nova by its EU inference profiles, which exist only in Europe's regions. Elsewhere, configure `AppConfig`.
//!
//! # What it logs
//!
//! One JSON line a request on standard output: request id, use case, model, status, outcome, times and counts. Never a prompt, an answer, a
//! key or a header.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answer;
mod app_config;
mod bedrock;
mod config;
mod demo;
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
