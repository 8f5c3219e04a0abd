//! Prints the events of an answer in a file, or on standard input.
//!
//! ```sh
//! cargo run -p signet-stream --example events -- crates/stream/tests/vectors/openai.sse
//! curl -N https://… | cargo run -p signet-stream --example events
//! ```

use std::io::{self, Read, Write};

use signet_stream::Decoder;

fn main() -> io::Result<()> {
    let mut input: Box<dyn Read> = match std::env::args_os().nth(1) {
        Some(path) => Box::new(std::fs::File::open(path)?),
        None => Box::new(io::stdin().lock()),
    };
    let mut output = io::stdout().lock();
    let (mut decoder, mut buffer) = (Decoder::default(), [0; 4096]);
    loop {
        let read = input.read(&mut buffer);
        let events = match &read {
            Ok(0) => decoder.finish(true),
            Ok(length) => decoder.push(&buffer[..*length]),
            // The input broke off, and with it the answer.
            Err(_) => decoder.finish(false),
        };
        for event in events {
            writeln!(output, "{event:?}")?;
        }
        if read? == 0 {
            return Ok(());
        }
    }
}
