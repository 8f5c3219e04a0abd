use super::*;

#[test]
fn a_frame_with_any_changed_byte_ends_the_answer() {
    let frames = converse();
    let first = frames[2].clone();
    for at in 0..frames[3].len() {
        for bits in [1, 0x80, 0xff] {
            let mut second = frames[3].clone();
            second[at] ^= bits;
            let broken = error("CrcMismatch", "", true);
            let bytes = [first.clone(), second.clone(), frames[5].clone()].concat();
            let events = decode(&bytes);
            // The lengths have a CRC of their own: the decoder does not wait for a frame that seems longer than it is.
            assert_eq!(events, [text("Grüße"), broken.clone()], "byte {at}, bits {bits}");
            // A damaged first frame is still known to be a frame.
            assert_eq!(decode(&[second, first.clone()].concat()), [broken], "byte {at}, bits {bits}, first");
        }
    }
}

#[test]
fn headers_of_every_type_are_skipped() {
    let values = [
        HeaderValue::Bool(true),
        HeaderValue::Bool(false),
        HeaderValue::Byte(1),
        HeaderValue::Int16(2),
        HeaderValue::Int32(3),
        HeaderValue::Int64(4),
        HeaderValue::ByteArray(vec![5, 6].into()),
        HeaderValue::String("seven".to_owned().into()),
        HeaderValue::Timestamp(aws_smithy_types::DateTime::from_secs(8)),
        HeaderValue::Uuid(9),
        // A known name, but not a string.
        HeaderValue::ByteArray(b"exception".to_vec().into()),
    ];
    let mut message = Message::new(br#"{"delta":{"text":"a"}}"#.to_vec());
    for (index, value) in values.into_iter().enumerate() {
        let name = if index == 10 { ":message-type".to_owned() } else { format!("header-{index}") };
        message = message.add_header(Header::new(name, value));
    }
    assert_eq!(decode(&written(&message)), [text("a")]);
    assert_eq!(decode(&frame(&[], "")), [Event::Skipped]);
    // A header with a wrong length or type, in a frame with the right CRCs.
    for (from, to) in [(b"\x07\x00\x05seven", b"\x07\x00\x99seven"), (b"\x07\x00\x05seven", b"\x0b\x00\x05seven")] {
        let mut bytes = written(&message);
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to);
        let end = bytes.len() - 4;
        let crc = crc32(&bytes[..end]);
        bytes[end..].copy_from_slice(&crc.to_be_bytes());
        let next = event("contentBlockDelta", r#"{"delta":{"text":"b"}}"#);
        assert_eq!(decode(&[bytes, next].concat()), [Event::Unreadable, text("b")]);
    }
}

#[test]
fn lengths_that_contradict_each_other_end_the_answer() {
    for (total, headers) in [(16_u32, 1_u32), (15, 0), (0, 0), (16, u32::MAX), (100, 85)] {
        let mut bytes = [total.to_be_bytes(), headers.to_be_bytes()].concat();
        bytes.extend(crc32(&bytes).to_be_bytes());
        bytes.extend([0; 100]);
        assert_eq!(decode(&bytes), [error("CrcMismatch", "", true)], "{total}, {headers}");
    }
}

/// The CRC by its definition: the remainder of a long division.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for bit in bytes.iter().flat_map(|byte| (0..8).map(move |bit| u32::from(byte >> bit & 1))) {
        let carry = (crc ^ bit) & 1;
        crc >>= 1;
        if carry == 1 {
            crc ^= 0xedb8_8320;
        }
    }
    !crc
}
