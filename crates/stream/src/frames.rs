//! An answer in frames, as Amazon Bedrock sends it.

use crate::answer::{Answer, LONGEST};
use crate::event::{Event, Failure};
use crate::frame::{self, Frame};
use crate::{failure, object};

/// The code of the error that ends an answer in frames when a checksum is wrong.
pub const CRC_MISMATCH: &str = "CrcMismatch";

/// Reads frames.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// The start of a frame whose end has not arrived.
    held: Vec<u8>,
    /// How many bytes of the frame are missing, once its length is known.
    missing: usize,
    /// Whether the frame is longer than [`LONGEST`].
    is_too_long: bool,
}

impl Frames {
    /// Takes the next bytes.
    pub fn push(&mut self, mut bytes: &[u8], answer: &mut Answer) {
        while !bytes.is_empty() && !answer.has_ended() {
            let is_prelude = self.missing == 0;
            let wanted = if is_prelude { frame::PRELUDE - self.held.len() } else { self.missing };
            let (piece, rest) = bytes.split_at(wanted.min(bytes.len()));
            bytes = rest;
            if !self.is_too_long {
                self.held.extend_from_slice(piece);
            }
            if !is_prelude {
                self.missing -= piece.len();
            }
            if piece.len() < wanted {
                return;
            }
            if is_prelude {
                match frame::length(&self.held) {
                    None => crc_mismatch(answer),
                    Some(length) => {
                        self.missing = length - frame::PRELUDE;
                        self.is_too_long = length > LONGEST;
                    }
                }
            } else {
                let frame = std::mem::take(&mut self.held);
                if std::mem::take(&mut self.is_too_long) {
                    answer.emit(Event::Unreadable);
                } else {
                    read(&frame, answer);
                }
            }
        }
    }
}

fn read(frame: &[u8], answer: &mut Answer) {
    if !frame::is_sound(frame) {
        return crc_mismatch(answer);
    }
    let Some(Frame { headers, payload }) = frame::read(frame) else {
        return answer.emit(Event::Unreadable);
    };
    match headers {
        [b"exception", code, ..] => answer.emit(Event::Error(failure::with_code(failure::read(payload), code))),
        [b"error", _, code, message] => {
            let message = String::from_utf8_lossy(message).into_owned();
            let failure = Failure { message, ..Failure::default() };
            answer.emit(Event::Error(failure::with_code(failure, code)));
        }
        _ if payload.is_empty() => answer.emit(Event::Skipped),
        _ => object::read(payload, answer),
    }
}

/// Nothing shows where the next frame starts, and the specification tells clients to stop here.
fn crc_mismatch(answer: &mut Answer) {
    let failure = Failure { code: CRC_MISMATCH.into(), retryable: Some(true), ..Failure::default() };
    answer.emit(Event::Error(failure));
}
