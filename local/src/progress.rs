//! What a build says: cargo's count of crates apart from what is meant for people.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The names of cargo's lines about its own work, and its bar's.
const OWN: [&str; 11] = [
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

/// One thing that was said.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// How many crates are built, of how many: `12/369`.
    Count(String),
    /// A line for people, such as one of a warning, with its colours.
    Line(String),
}

/// Reads what cargo writes with `CARGO_TERM_PROGRESS_WHEN=always`, alone or among the lines of whoever runs it.
#[derive(Debug)]
pub struct Build<R> {
    from: R,
    unread: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Build<R> {
    /// Reads from the process's standard error.
    pub fn new(from: R) -> Self {
        Self { from, unread: Vec::new() }
    }

    /// The next thing said; `None` at the end. Nothing is lost if this is dropped before it is done.
    ///
    /// # Errors
    /// The pipe cannot be read.
    pub async fn next(&mut self) -> io::Result<Option<Said>> {
        loop {
            // The bar is written over by the line that follows, after a carriage return.
            while let Some(end) = self.unread.iter().position(|&byte| byte == b'\n' || byte == b'\r') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                if let Some(said) = said(&String::from_utf8_lossy(&line[..end])) {
                    return Ok(Some(said));
                }
            }
            if self.from.read_buf(&mut self.unread).await? == 0 {
                let rest = std::mem::take(&mut self.unread);
                return Ok(said(&String::from_utf8_lossy(&rest)).filter(|_| !rest.is_empty()));
            }
        }
    }
}

fn said(line: &str) -> Option<Said> {
    let plain = without_colours(line);
    let plain = plain.trim_start();
    let word = plain.split(' ').next().unwrap_or_default();
    if !OWN.contains(&word) {
        return Some(Said::Line(line.to_owned()));
    }
    let count = plain.split_once("] ")?.1.split(':').next()?;
    let is_count = word == "Building" && count.split('/').all(|number| number.parse::<u32>().is_ok());
    is_count.then(|| Said::Count(count.to_owned()))
}

/// The line without its ANSI sequences, which end with a letter.
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

    async fn all(bytes: &[u8]) -> Vec<Said> {
        let mut build = Build::new(bytes);
        let mut all = Vec::new();
        while let Some(said) = build.next().await.unwrap() {
            all.push(said);
        }
        all
    }

    fn line(text: &str) -> Said {
        Said::Line(text.to_owned())
    }

    #[tokio::test]
    async fn counts_and_lines_for_people_are_told_apart() {
        let written = "   Compiling itoa v1.0.19\n    Building [===>      ] 1/3: itoa, cfg-if\u{2026}  \r   Compiling p v0.1.0 (/p)\n\
             \u{1b}[1m\u{1b}[96m    Building\u{1b}[0m [=====>    ] 2/3: p(bin)  \r\u{1b}[K\u{1b}[1m\u{1b}[33mwarning\u{1b}[0m: unused\n\n\
             \u{1b}[1m\u{1b}[92m    Finished\u{1b}[0m `dev` profile\nno newline";
        let warning = "\u{1b}[K\u{1b}[1m\u{1b}[33mwarning\u{1b}[0m: unused";
        let expected =
            [Said::Count("1/3".into()), Said::Count("2/3".into()), line(warning), line(""), line("no newline")];
        assert_eq!(all(written.as_bytes()).await, expected);
    }

    #[tokio::test]
    async fn a_line_that_only_begins_like_cargos_is_for_people() {
        let written = "Compilingly\nerror: Building failed\n";
        assert_eq!(all(written.as_bytes()).await, [line("Compilingly"), line("error: Building failed")]);
    }
}
