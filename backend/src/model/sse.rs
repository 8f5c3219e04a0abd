//! Server-sent events, bytes in and `data` out: <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>.

use std::collections::VecDeque;

/// The longest line and the longest event that are accepted, in bytes. A model's event has a few hundred.
const MAX_BYTES: usize = 1 << 20;

/// The state of an event stream. Only `data` is kept: the endpoints that this function reads use no other field.
#[derive(Default)]
pub(crate) struct Sse {
    line: Vec<u8>,
    after_cr: bool,
    after_first_line: bool,
    data: Option<String>,
    events: VecDeque<String>,
}

/// A line or an event is longer than this reader accepts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Sse {
    /// Takes the next bytes, split anywhere.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        for &byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\r' | b'\n' => self.end_line()?,
                _ if self.line.len() == MAX_BYTES => return Err(TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    /// The data of the next complete event. As the standard says, an event cut off by the end of the stream is dropped.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.events.pop_front()
    }

    fn end_line(&mut self) -> Result<(), TooLong> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.after_first_line, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            self.events.extend(self.data.take().filter(|data| !data.is_empty()));
            return Ok(());
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        if field == b"data" {
            let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
            match &mut self.data {
                Some(data) if data.len() + value.len() > MAX_BYTES => return Err(TooLong),
                Some(data) => {
                    data.push('\n');
                    data.push_str(&value);
                }
                None => self.data = Some(value.into_owned()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut sse = Sse::default();
        parts.into_iter().for_each(|part| sse.push(part).unwrap());
        std::iter::from_fn(|| sse.next()).collect()
    }

    #[test]
    fn a_stream_can_be_split_anywhere() {
        let lf = "\u{feff}data: {\"ä\":1}\n\n: ping\n\nevent: x\ndata:two\ndata\ndata:  three 🦀\nid: 7\n\n\ndata: [DONE]\n\ndata: cut";
        for stream in [lf.to_owned(), lf.replace('\n', "\r"), lf.replace('\n', "\r\n")] {
            let bytes = stream.as_bytes();
            let whole = read([bytes]);
            assert_eq!(whole, ["{\"ä\":1}", "two\n\n three 🦀", "[DONE]"]);
            for at in 0..=bytes.len() {
                assert_eq!(read([&bytes[..at], &bytes[at..]]), whole, "split at {at}");
            }
            assert_eq!(read(bytes.chunks(1)), whole);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn any_bytes_in_any_pieces_give_the_events_of_the_whole_stream(
            words in prop::collection::vec(
                prop_oneof![
                    prop::sample::select(
                        ["data", "data:", "data: ", "event: x", "id:", ":", "\n", "\r", "\r\n", "\n\n", "\u{feff}", "é", "[DONE]"]
                            .map(str::as_bytes)
                            .to_vec(),
                    )
                    .prop_map(<[u8]>::to_vec),
                    prop::collection::vec(any::<u8>(), 0..3),
                ],
                0..16,
            ),
            size in 1_usize..9,
        ) {
            let bytes = words.concat();
            let whole = read([&bytes[..]]);
            prop_assert_eq!(&read(bytes.chunks(size)), &whole);
            prop_assert!(!whole.iter().any(String::is_empty));
        }
    }

    #[test]
    fn an_endless_line_is_refused_before_it_fills_the_memory() {
        let mut sse = Sse::default();
        assert_eq!(sse.push(&vec![b'x'; MAX_BYTES]), Ok(()));
        assert_eq!(sse.push(b"x"), Err(TooLong));
    }
}
