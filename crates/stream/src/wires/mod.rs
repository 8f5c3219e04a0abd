//! The wire formats, one file each.
//!
//! To add one whose answer is made of JSON objects, write its [`Wire`] and list it in [`ALL`].

mod ai_sdk;
pub(crate) mod ai_sdk_4;
mod anthropic;
pub(crate) mod bedrock;
mod bedrock_models;
mod chat_ui;
mod ollama;
mod openai;
mod responses;
pub mod stock;
pub mod typed;

use crate::wire::Wire;

/// Every wire format. If an object has the same meaning in several of them, the first one counts.
pub(crate) static ALL: [Wire; 11] = [
    stock::WIRE,
    typed::WIRE,
    openai::WIRE,
    responses::WIRE,
    anthropic::WIRE,
    ai_sdk::WIRE,
    ai_sdk_4::WIRE,
    bedrock::WIRE,
    chat_ui::WIRE,
    ollama::WIRE,
    bedrock_models::WIRE,
];
