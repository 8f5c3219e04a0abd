//! The tests' end of `function.py`, which answers what a test tells it to.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A prompt with the address at which the function finds the test.
pub(crate) struct Prompt(TcpListener, pub(crate) String);

impl Prompt {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        Self(listener, address)
    }

    /// Waits until the function has its event. A request that does not get there must fail the test, not hang it.
    pub(crate) async fn function(&self) -> Function {
        let connected = tokio::time::timeout(Duration::from_mins(1), self.0.accept()).await;
        let (stream, _) = connected.expect("the function did not get the prompt").unwrap();
        let (lines, commands) = stream.into_split();
        let mut lines = BufReader::new(lines).lines();
        let event = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        Function { event, lines, commands }
    }
}

/// The connection to a function that has its event.
pub(crate) struct Function {
    pub(crate) event: Value,
    lines: Lines<BufReader<OwnedReadHalf>>,
    commands: OwnedWriteHalf,
}

impl Function {
    /// Sends a command.
    pub(crate) async fn tell(&mut self, command: &str) {
        self.commands.write_all(format!("{command}\n").as_bytes()).await.unwrap();
    }

    /// Waits until a command is done.
    pub(crate) async fn has_done(&mut self, command: &str) {
        assert_eq!(self.lines.next_line().await.unwrap().as_deref(), Some(command));
    }

    /// Lets the function send a chunk, and waits until it has.
    pub(crate) async fn say(&mut self, text: &str) {
        self.tell(&format!("say {}", Value::from(text))).await;
        self.has_done("say").await;
    }
}
