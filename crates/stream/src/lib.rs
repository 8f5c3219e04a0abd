#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod answer;
mod decoder;
mod event;
mod failure;
mod frame;
mod frames;
mod json;
mod lines;
mod object;
mod plain;
mod wire;
mod wires;

#[cfg(test)]
mod tests;

pub use decoder::Decoder;
pub use event::{Event, Failure, StopReason, Usage};
pub use frames::CRC_MISMATCH;
pub use wires::{stock, typed};
