//! Frames of `application/vnd.amazon.eventstream`: <https://smithy.io/2.0/aws/amazon-eventstream.html>.
//!
//! `u32` length of all, `u32` length of the headers, `u32` CRC of these 8 bytes, headers, payload, `u32` CRC of all before it; big-endian.

/// Bytes of the two lengths and their CRC.
pub(super) const PRELUDE: usize = 12;

/// The headers that are read, in the order of [`Frame::headers`].
const NAMES: [&[u8]; 4] = [b":message-type", b":exception-type", b":error-code", b":error-message"];

/// What a frame says.
pub(super) struct Frame<'a> {
    /// Message type, exception type, error code and error message; empty where there is none.
    pub headers: [&'a [u8]; NAMES.len()],
    /// As a rule JSON.
    pub payload: &'a [u8],
}

/// How many bytes the frame has that starts with these [`PRELUDE`] bytes; `None` if their CRC is wrong or the lengths contradict each other.
pub(super) fn length(prelude: &[u8]) -> Option<usize> {
    let (total, headers) = (word(prelude, 0)?, word(prelude, 4)?);
    let fits = headers.checked_add(16)? <= total;
    (fits && crc32(prelude.get(..8)?) == word(prelude, 8)?).then(|| usize::try_from(total).ok())?
}

/// Whether the CRC at the frame's end is that of what comes before it.
pub(super) fn is_sound(frame: &[u8]) -> bool {
    let end = frame.len().saturating_sub(4);
    word(frame, end) == frame.get(..end).map(crc32)
}

/// Reads a sound frame; `None` if its headers are not as they should be.
pub(super) fn read(frame: &[u8]) -> Option<Frame<'_>> {
    let headers_length = usize::try_from(word(frame, 4)?).ok()?;
    let body = frame.get(PRELUDE..frame.len().checked_sub(4)?)?;
    let (mut rest, payload) = body.split_at_checked(headers_length)?;
    let mut headers = [&[][..]; NAMES.len()];
    while let Some((&length, after)) = rest.split_first() {
        let (name, after) = after.split_at_checked(length.into())?;
        let (&kind, mut after) = after.split_first()?;
        let size = match kind {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            9 => 16,
            // Bytes and strings say how long they are.
            6 | 7 => {
                let (size, value) = after.split_at_checked(2)?;
                after = value;
                usize::from(u16::from_be_bytes([size[0], size[1]]))
            }
            _ => return None,
        };
        let (value, after) = after.split_at_checked(size)?;
        if let Some(at) = NAMES.iter().position(|known| *known == name)
            && kind == 7
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

/// CRC-32 of IEEE 802.3, as in gzip. Bit by bit: frames are short, and a table is not.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}
