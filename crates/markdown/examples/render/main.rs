//! Renders a Markdown text while it grows, piece by piece, to HTML.
//!
//! ```sh
//! printf '**Hello**, [world](https://example.com)' | cargo run -p signet-markdown --example render -- --each
//! ```
//!
//! It reads standard input or a file, 16 bytes at a time, and prints the HTML at the end. Options:
//! - `--each` prints the HTML after each piece too: what a reader of the growing text sees.
//! - `--as-specified` leaves raw HTML and links as they are in the text, which must be trusted.

mod document;
mod html;

use std::{env, error::Error, fs::File, io, io::Read, str};

use document::Document;
use html::{Mode, html};
use signet_markdown::Markdown;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut each, mut mode, mut input) = (false, Mode::Safe, Box::new(io::stdin()) as Box<dyn Read>);
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--each" => each = true,
            "--as-specified" => mode = Mode::AsSpecified,
            option if option.starts_with('-') => return Err(format!("unknown option {option}").into()),
            path => input = Box::new(File::open(path).map_err(|error| format!("{path}: {error}"))?),
        }
    }

    let mut markdown = Markdown::new();
    let mut document = Document::default();
    // Bytes of a character that was cut at the end of a piece.
    let mut cut = vec![];
    loop {
        let mut piece = [0; 16];
        let length = input.read(&mut piece)?;
        cut.extend_from_slice(&piece[..length]);
        let text = match str::from_utf8(&cut) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() && length > 0 => str::from_utf8(&cut[..error.valid_up_to()])?,
            Err(_) => return Err("the text is not UTF-8".into()),
        };
        document.carry_out(markdown.push(text));
        cut.drain(..text.len());
        if length == 0 {
            break;
        }
        if each {
            println!("{}", html(&document.nodes(), mode));
        }
    }
    document.carry_out(markdown.finish());
    assert!(document.is_complete(), "something is still open at the end");
    print!("{}", html(&document.nodes(), mode));
    Ok(())
}
