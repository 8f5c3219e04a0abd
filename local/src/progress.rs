//! Reads cargo's output: separates the count of crates from the lines for people.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The first words of cargo's lines about its own work, and of its progress bar.
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

/// A piece of output.
#[derive(Debug, PartialEq, Eq)]
pub enum CargoOutput {
    /// How many crates are built, and of how many: `12/369`.
    Count(String),
    /// Any other line, such as one of a warning, with its colours.
    Line(String),
}

/// Reads what cargo writes with `CARGO_TERM_PROGRESS_WHEN=always`, also mixed with the lines of a program that runs cargo.
#[derive(Debug)]
pub struct CargoReader<R> {
    from: R,
    unread: Vec<u8>,
}

impl<R: AsyncRead + Unpin> CargoReader<R> {
    /// Reads from the process's standard error.
    pub fn new(from: R) -> Self {
        Self { from, unread: Vec::new() }
    }

    /// The next piece; `None` at the end. Cancel safe: nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// The pipe cannot be read.
    pub async fn next(&mut self) -> io::Result<Option<CargoOutput>> {
        loop {
            // The progress bar ends with a carriage return, so that the next line overwrites it.
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

/// A complete line. Cargo's lines about its own work have no output, except for the count in its progress bar.
fn parse(line: &str) -> Option<CargoOutput> {
    let plain = without_colours(line);
    let plain = plain.trim_start();
    let word = plain.split(' ').next().unwrap_or_default();
    if !OWN.contains(&word) {
        return Some(CargoOutput::Line(line.to_owned()));
    }
    let count = plain.split_once("] ")?.1.split(':').next()?;
    let is_count = word == "Building" && count.split('/').all(|number| number.parse::<u32>().is_ok());
    is_count.then(|| CargoOutput::Count(count.to_owned()))
}

/// The line without its ANSI escape sequences, each of which ends with a letter.
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

    async fn all(bytes: &[u8]) -> Vec<CargoOutput> {
        let mut reader = CargoReader::new(bytes);
        let mut all = Vec::new();
        while let Some(output) = reader.next().await.unwrap() {
            all.push(output);
        }
        all
    }

    fn line(text: &str) -> CargoOutput {
        CargoOutput::Line(text.to_owned())
    }

    #[tokio::test]
    async fn counts_and_other_lines_are_told_apart() {
        let written = "   Compiling itoa v1.0.19\n    Building [===>      ] 1/3: itoa, cfg-if\u{2026}  \r   Compiling p v0.1.0 (/p)\n\
             \u{1b}[1m\u{1b}[96m    Building\u{1b}[0m [=====>    ] 2/3: p(bin)  \r\u{1b}[K\u{1b}[1m\u{1b}[33mwarning\u{1b}[0m: unused\n\n\
             \u{1b}[1m\u{1b}[92m    Finished\u{1b}[0m `dev` profile\nno newline";
        let warning = "\u{1b}[K\u{1b}[1m\u{1b}[33mwarning\u{1b}[0m: unused";
        let expected = [
            CargoOutput::Count("1/3".into()),
            CargoOutput::Count("2/3".into()),
            line(warning),
            line(""),
            line("no newline"),
        ];
        assert_eq!(all(written.as_bytes()).await, expected);
    }

    #[tokio::test]
    async fn a_line_that_only_resembles_cargos_is_kept() {
        let written = "Compilingly\nerror: Building failed\n";
        assert_eq!(all(written.as_bytes()).await, [line("Compilingly"), line("error: Building failed")]);
    }
}
