//! trunk, which builds the app, serves it, and builds it again when a file changes. Its config.json is the local AWS's.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use signet_local::{CargoOutput, CargoReader, Group, root};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::ChildStderr;

use crate::Error;
use crate::steps::Steps;

/// A running trunk. Dropping it ends it.
pub(crate) struct Trunk {
    process: Group,
    output: Option<CargoReader<ChildStderr>>,
}

impl Trunk {
    /// Starts trunk for the app's port and the local AWS's URL.
    pub(crate) fn start(port: u16, gateway: &str) -> Result<Self, Error> {
        let colours = if io::stderr().is_terminal() { "always" } else { "never" };
        let mut process = Group::spawn(
            Group::command("trunk")
                .args(["serve", "--address", "127.0.0.1", "--port", &port.to_string()])
                .args(["--proxy-rewrite", "/config.json", "--proxy-backend", &format!("{gateway}/_signet/config.json")])
                // Not the folder of `trunk build --release`, which the end-to-end tests use.
                .args(["--proxy-no-system-proxy", "--quiet", "--disable-address-lookup", "--dist", "target/serve"])
                .env("CARGO_TERM_PROGRESS_WHEN", "always")
                .env("CARGO_TERM_PROGRESS_WIDTH", "60")
                .env("CARGO_TERM_COLOR", colours)
                .current_dir(root())
                .stderr(Stdio::piped()),
        )
        .map_err(Error::Spawn)?;
        let output = process.take_stderr().map(CargoReader::new);
        Ok(Self { process, output })
    }

    /// Waits until the page is there, and shows the progress of the build.
    pub(crate) async fn build(&mut self, port: u16, steps: &Steps) -> Result<(), Error> {
        let mut page = pin!(page(port));
        let mut second = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = &mut page => return Ok(()),
                _ = self.process.exited() => return Err(Error::Trunk),
                output = next(&mut self.output) => match output {
                    CargoOutput::Count(count) => steps.count(count),
                    CargoOutput::Line(line) => steps.print_above(&line),
                },
                _ = second.tick() => steps.show(),
            }
        }
    }

    /// Prints the compiler's messages about later builds, until trunk ends.
    pub(crate) async fn ended(&mut self) {
        loop {
            tokio::select! {
                _ = self.process.exited() => return,
                output = next(&mut self.output) => if let CargoOutput::Line(line) = output {
                    eprintln!("{line}");
                }
            }
        }
    }
}

/// The next output. After the end of the output it waits forever.
async fn next(reader: &mut Option<CargoReader<ChildStderr>>) -> CargoOutput {
    if let Some(open) = reader
        && let Ok(Some(output)) = open.next().await
    {
        return output;
    }
    *reader = None;
    std::future::pending().await
}

/// Waits until the page is there.
async fn page(port: u16) {
    let get = async || -> io::Result<bool> {
        let mut connection = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await?;
        connection.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
        let mut status = [0; 12];
        connection.read_exact(&mut status).await?;
        Ok(status.ends_with(b" 200"))
    };
    while !get().await.unwrap_or(false) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
