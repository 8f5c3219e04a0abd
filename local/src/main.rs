//! `signet-local serve` is what `make serve` runs: the local AWS and the app, until Ctrl-C. `signet-local aws` is the local AWS alone.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use signet_local::{BuildOutput, Group, Options, Output, Port, Stack, User, root};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::ChildStderr;
use tokio::signal::unix::{SignalKind, signal};

/// Why it did not start, or did not go on.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("usage: signet-local serve | aws      (PORT: the app's port, AWS_PORT: the local AWS's)")]
    Usage,
    #[error(
        "{name} is {value:?}, which is no port. Give a number from 1 to 65535, for example make serve {name}={default}"
    )]
    NoPort { name: &'static str, value: String, default: u16 },
    #[error("{what} cannot be started: {source}. Install it by scripts/setup.sh serve.")]
    Spawn { what: &'static str, source: io::Error },
    #[error("The function is missing: {0}. Build it: cargo build --package signet-backend")]
    Function(PathBuf),
    #[error("trunk has ended; see above. Start again.")]
    Trunk,
    #[error(transparent)]
    App(#[from] signet_local::AppError),
    #[error(transparent)]
    Stack(#[from] signet_local::Error),
    #[error("Signals cannot be received: {0}")]
    Signals(io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    // Dropping what `run` holds ends every process that it started, whether it failed or was interrupted.
    let ended = tokio::select! {
        ended = run() => ended,
        ended = interrupted() => ended.map_err(Error::Signals),
    };
    match ended {
        Ok(()) => {
            println!("\nStopped.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\n{error}");
            ExitCode::FAILURE
        }
    }
}

async fn interrupted() -> io::Result<()> {
    let [mut int, mut term, mut hup] =
        [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?];
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
        _ = hup.recv() => {}
    }
    Ok(())
}

async fn run() -> Result<(), Error> {
    let serves_app = match std::env::args().nth(1).as_deref() {
        Some("serve") => true,
        Some("aws") => false,
        _ => return Err(Error::Usage),
    };
    let (port, gateway) = (port("PORT", 8080)?, port("AWS_PORT", 4566)?);
    let steps = Steps::default();
    // Only to learn now, and not after the builds, that somebody else has a port: both are taken later.
    if serves_app {
        drop(Port::bind(port).await?);
    }
    drop(TcpListener::bind(("127.0.0.1", gateway)).await.map_err(|_| signet_local::Error::PortInUse(gateway))?);
    let app = format!("http://localhost:{port}");

    let bootstrap = function()?;
    let mut stack =
        Stack::start(Options { gateway, app_origin: app.clone(), bootstrap }, |step| steps.begin(step)).await?;

    let mut trunk = None;
    if serves_app {
        steps.begin("the app (trunk serve)");
        let mut started = Trunk::start(port, stack.gateway().url())?;
        started.build(port, &steps).await?;
        trunk = Some(started);
    }
    steps.end();

    let gateway = stack.gateway();
    let shown = if serves_app {
        format!("Signet is at {app}")
    } else {
        format!("The app's config.json is at {}/_signet/config.json", gateway.url())
    };
    println!("\n  {shown}\n");
    let show = |user: User, shows: &str| println!("  {:<17}   password {:<18}   {shows}", user.username, user.password);
    for user in stack.users() {
        show(user, if user.in_group { "may ask" } else { "is signed in, but may not ask" });
    }
    show(stack.invited(), "was invited: the password is for once, and a new one is asked for");
    println!(
        "\n  Who signs up confirms it with the code 123456 and may not ask; after a forgotten password the code is 654321."
    );
    println!("\n  The local AWS is at {}, the function's log in {}", gateway.url(), stack.function_log().display());
    println!("  Ctrl-C stops everything.\n");

    tokio::select! {
        ended = stack.ended() => Err(ended.into()),
        () = ended(trunk.as_mut()) => Err(Error::Trunk),
    }
}

/// Ends when trunk does; never, if there is none.
async fn ended(trunk: Option<&mut Trunk>) {
    match trunk {
        Some(trunk) => trunk.ended().await,
        None => std::future::pending().await,
    }
}

fn port(name: &'static str, default: u16) -> Result<u16, Error> {
    match std::env::var(name) {
        Err(_) => Ok(default),
        Ok(value) => match value.parse() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err(Error::NoPort { name, value, default }),
        },
    }
}

/// The function's binary, which cargo puts beside this one.
fn function() -> Result<PathBuf, Error> {
    let program = std::env::current_exe().map_err(|source| Error::Spawn { what: "The function", source })?;
    let path = program.with_file_name("bootstrap");
    if path.exists() { Ok(path) } else { Err(Error::Function(path)) }
}

/// `trunk serve`: builds the app, serves it with the local AWS's config.json, and rebuilds it when a file changes.
struct Trunk {
    process: Group,
    output: Option<BuildOutput<ChildStderr>>,
}

impl Trunk {
    fn start(port: u16, gateway: &str) -> Result<Self, Error> {
        let colours = if io::stderr().is_terminal() { "always" } else { "never" };
        let mut process = Group::spawn(
            Group::command("trunk")
                .args(["serve", "--address", "127.0.0.1", "--port", &port.to_string()])
                .args(["--proxy-rewrite", "/config.json", "--proxy-backend", &format!("{gateway}/_signet/config.json")])
                // `trunk build --release` builds to another folder, which the end-to-end tests read.
                .args(["--proxy-no-system-proxy", "--quiet", "--disable-address-lookup", "--dist", "target/serve"])
                .env("CARGO_TERM_PROGRESS_WHEN", "always")
                .env("CARGO_TERM_PROGRESS_WIDTH", "60")
                .env("CARGO_TERM_COLOR", colours)
                .current_dir(root())
                .stderr(Stdio::piped()),
        )
        .map_err(|source| Error::Spawn { what: "trunk", source })?;
        let output = process.take_stderr().map(BuildOutput::new);
        Ok(Self { process, output })
    }

    /// Waits until the app is served; shows the build's progress and its messages.
    async fn build(&mut self, port: u16, steps: &Steps) -> Result<(), Error> {
        let mut answers = pin!(answers(port));
        let mut second = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = &mut answers => return Ok(()),
                _ = self.process.exited() => return Err(Error::Trunk),
                output = next(&mut self.output) => match output {
                    Output::Count(count) => steps.count(count),
                    Output::Line(line) => steps.print_above(&line),
                },
                _ = second.tick() => steps.show(),
            }
        }
    }

    /// Prints the messages of later builds until trunk ends.
    async fn ended(&mut self) {
        loop {
            tokio::select! {
                _ = self.process.exited() => return,
                output = next(&mut self.output) => if let Output::Line(line) = output {
                    eprintln!("{line}");
                }
            }
        }
    }
}

/// The next part of the output; pending for good once it has ended.
async fn next(output: &mut Option<BuildOutput<ChildStderr>>) -> Output {
    if let Some(from) = output
        && let Ok(Some(part)) = from.next().await
    {
        return part;
    }
    *output = None;
    std::future::pending().await
}

/// Waits until the page is there.
async fn answers(port: u16) {
    let asked = async || -> io::Result<bool> {
        let mut connection = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await?;
        connection.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
        let mut status = [0; 12];
        connection.read_exact(&mut status).await?;
        Ok(status.ends_with(b" 200"))
    };
    while !asked().await.unwrap_or(false) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// How often a long step prints a line if there is no terminal.
const LOG_INTERVAL: Duration = Duration::from_secs(30);

struct Step {
    name: String,
    began: Instant,
    /// Crates built so far, of all: `12/369`.
    count: String,
    shown: Instant,
}

/// Prints one line for each step: on a terminal at once, with its progress; elsewhere when the step ends.
#[derive(Default)]
struct Steps(RefCell<Option<Step>>);

impl Steps {
    fn begin(&self, name: &str) {
        self.end();
        let now = Instant::now();
        self.0.replace(Some(Step { name: name.to_owned(), began: now, count: String::new(), shown: now }));
        self.show();
    }

    fn count(&self, count: String) {
        if let Some(step) = &mut *self.0.borrow_mut() {
            step.count = count;
        }
    }

    fn show(&self) {
        let Some(step) = &mut *self.0.borrow_mut() else { return };
        let seconds = step.began.elapsed().as_secs();
        if io::stdout().is_terminal() {
            print!("\r\x1b[K  serve  {:<46}{:>5} s  {}", step.name, seconds, step.count);
            let _ = io::stdout().flush();
        } else if step.shown.elapsed() >= LOG_INTERVAL {
            println!("  serve  {} {}, {seconds} s", step.name, step.count);
            step.shown = Instant::now();
        }
    }

    /// Prints a line above the step's own.
    fn print_above(&self, line: &str) {
        clear();
        eprintln!("{line}");
        self.show();
    }

    fn end(&self) {
        if let Some(step) = self.0.take() {
            clear();
            println!("  serve  {:<46}{:>5.1} s", step.name, step.began.elapsed().as_secs_f32());
        }
    }
}

/// Clears the unfinished line of a step.
fn clear() {
    if io::stdout().is_terminal() {
        print!("\r\x1b[K");
        let _ = io::stdout().flush();
    }
}
