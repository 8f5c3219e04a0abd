//! Reads the output of a build: separates cargo's progress from the lines meant for people.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The words that start cargo's status lines and its progress bar.
const STATUS: [&str; 11] = [
    "Adding",
    "Blocking",
    "Building",
    "Checking",
    "Compiling",
    "Downloaded",
    "Downloading",
    "Finished",
    "Fresh",
    "Locking",
    "Updating",
];

/// One part of a build's output.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Crates built so far, of all: `12/369`.
    Count(String),
    /// A line for people, such as part of a warning, with its colours.
    Line(String),
}

/// Reads what cargo writes with `CARGO_TERM_PROGRESS_WHEN=always`, also if the program that runs cargo writes lines of its own.
#[derive(Debug)]
pub struct BuildOutput<R> {
    from: R,
    unread: Vec<u8>,
}

impl<R: AsyncRead + Unpin> BuildOutput<R> {
    /// Reads from a pipe, such as a process's standard error.
    pub fn new(from: R) -> Self {
        Self { from, unread: Vec::new() }
    }

    /// The next part; `None` at the end. Cancel safe.
    ///
    /// # Errors
    /// The pipe cannot be read.
    pub async fn next(&mut self) -> io::Result<Option<Output>> {
        loop {
            // cargo ends its bar with a carriage return, so that the next line overwrites it.
            while let Some(end) = self.unread.iter().position(|&byte| byte == b'\n' || byte == b'\r') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                if let Some(output) = parse(&String::from_utf8_lossy(&line[..end])) {
                    return Ok(Some(output));
                }
            }
            if self.from.read_buf(&mut self.unread).await? == 0 {
                let rest = std::mem::take(&mut self.unread);
                return Ok(parse(&String::from_utf8_lossy(&rest)).filter(|_| !rest.is_empty()));
            }
        }
    }
}

fn parse(line: &str) -> Option<Output> {
    let plain = without_colours(line);
    let plain = plain.trim_start();
    let word = plain.split(' ').next().unwrap_or_default();
    if !STATUS.contains(&word) {
        return Some(Output::Line(line.to_owned()));
    }
    let count = plain.split_once("] ")?.1.split(':').next()?;
    let is_count = word == "Building" && count.split('/').all(|number| number.parse::<u32>().is_ok());
    is_count.then(|| Output::Count(count.to_owned()))
}

/// Removes ANSI escape sequences, each of which ends with a letter.
fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    for (index, part) in line.split('\u{1b}').enumerate() {
        let rest =
            if index == 0 { part } else { part.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |cut| cut.1) };
        plain += rest;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(bytes: &[u8]) -> Vec<Output> {
        let mut build = BuildOutput::new(bytes);
        let mut all = Vec::new();
        while let Some(output) = build.next().await.unwrap() {
            all.push(output);
        }
        all
    }

    fn line(text: &str) -> Output {
        Output::Line(text.to_owned())
    }

    #[tokio::test]
    async fn counts_are_separated_from_lines_for_people() {
        let written = "   Compiling itoa v1.0.19\n    Building [===>      ] 1/3: itoa, cfg-if\u{2026}  \r   Compiling p v0.1.0 (/p)\n\
             \u{1b}[1m\u{1b}[96m    Building\u{1b}[0m [=====>    ] 2/3: p(bin)  \r\u{1b}[K\u{1b}[1m\u{1b}[33mwarning\u{1b}[0m: unused\n\n\
             \u{1b}[1m\u{1b}[92m    Finished\u{1b}[0m `dev` profile\nno newline";
        let warning = "\u{1b}[K\u{1b}[1m\u{1b}[33mwarning\u{1b}[0m: unused";
        let expected =
            [Output::Count("1/3".into()), Output::Count("2/3".into()), line(warning), line(""), line("no newline")];
        assert_eq!(all(written.as_bytes()).await, expected);
    }

    #[tokio::test]
    async fn a_line_that_only_resembles_a_status_line_is_for_people() {
        let written = "Compilingly\nerror: Building failed\n";
        assert_eq!(all(written.as_bytes()).await, [line("Compilingly"), line("error: Building failed")]);
    }
}
