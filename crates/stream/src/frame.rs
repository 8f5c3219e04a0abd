//! One frame of `application/vnd.amazon.eventstream`: <https://smithy.io/2.0/aws/amazon-eventstream.html>.
//!
//! A frame is the `u32` length of all of it, the `u32` length of its headers, the `u32` CRC of these 8 bytes, headers, payload, and the `u32`
//! CRC of everything before; all big-endian.
//!
//! We read it ourselves, and test against `aws-smithy-eventstream`, because that crate's decoder does not fit an answer that must lose as
//! little as possible. Its errors are opaque, so a wrong checksum, which has to end the answer, looks like a header that cannot be read, which
//! costs only its frame. After such a header the rest of the frame stays in the buffer, and the frames behind it are lost. It checks the CRC of
//! the lengths only once the whole frame is there, so a damaged length makes it wait, and hold, up to 4 GiB.

/// How many bytes the two lengths and their CRC take.
pub(crate) const PRELUDE: usize = 12;

/// The headers that matter, in the order of [`Frame::headers`]. The specification names them under "Amazon Event Semantics".
const NAMES: [&[u8]; 4] = [b":message-type", b":exception-type", b":error-code", b":error-message"];

/// The header type of a string.
const STRING: u8 = 7;

/// What a frame holds.
pub(crate) struct Frame<'a> {
    /// Message type, exception type, error code and error message; empty where one is missing.
    pub headers: [&'a [u8]; NAMES.len()],
    /// Usually JSON.
    pub payload: &'a [u8],
}

/// How many bytes the frame has that starts with these [`PRELUDE`] bytes; `None` if their CRC is wrong or the lengths contradict each other.
pub(crate) fn length(prelude: &[u8]) -> Option<usize> {
    let (total, headers) = (word(prelude, 0)?, word(prelude, 4)?);
    let fits = headers.checked_add(16)? <= total;
    (fits && crc32fast::hash(prelude.get(..8)?) == word(prelude, 8)?).then(|| usize::try_from(total).ok())?
}

/// Whether the CRC at the frame's end is right.
pub(crate) fn is_sound(frame: &[u8]) -> bool {
    let end = frame.len().saturating_sub(4);
    word(frame, end) == frame.get(..end).map(crc32fast::hash)
}

/// Reads a sound frame; `None` if its headers cannot be read.
pub(crate) fn read(frame: &[u8]) -> Option<Frame<'_>> {
    let headers_length = usize::try_from(word(frame, 4)?).ok()?;
    let body = frame.get(PRELUDE..frame.len().checked_sub(4)?)?;
    let (mut rest, payload) = body.split_at_checked(headers_length)?;
    let mut headers = [&[][..]; NAMES.len()];
    while let Some((&length, after)) = rest.split_first() {
        let (name, after) = after.split_at_checked(length.into())?;
        let (&header_type, mut after) = after.split_first()?;
        let size = match header_type {
            // True and false.
            0 | 1 => 0,
            // Integers of 1, 2, 4 and 8 bytes; 8 is a timestamp.
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            // A UUID.
            9 => 16,
            // Bytes and strings start with their length.
            6 | STRING => {
                let (size, value) = after.split_at_checked(2)?;
                after = value;
                usize::from(u16::from_be_bytes([size[0], size[1]]))
            }
            _ => return None,
        };
        let (value, after) = after.split_at_checked(size)?;
        if let Some(at) = NAMES.iter().position(|known| *known == name)
            && header_type == STRING
        {
            headers[at] = value;
        }
        rest = after;
    }
    Some(Frame { headers, payload })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
