//! `signet-local serve` is what `make serve` runs: the local AWS and the app, until Ctrl-C. `signet-local aws` is the local AWS alone.

use std::cell::Cell;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use signet_local::{Group, Options, Port, Stack, User, root};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
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
    #[error("The backend does not build; see above. Mend it and start again.")]
    Backend,
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

    steps.begin("the Lambda function (cargo build)");
    let bootstrap = backend().await?;
    let mut stack =
        Stack::start(Options { gateway, app_origin: app.clone(), bootstrap }, |step| steps.begin(step)).await?;

    let mut trunk = None;
    if serves_app {
        steps.begin("the app (trunk serve)");
        let mut started = serve(port, stack.gateway().url())?;
        tokio::select! {
            () = answers(port) => {}
            _ = started.exited() => return Err(Error::Trunk),
        }
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

/// Ends when the child does; never, if there is none.
async fn ended(child: Option<&mut Group>) {
    match child {
        Some(child) => drop(child.exited().await),
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

/// Builds the function's binary as quickly as may be, and says where it is.
async fn backend() -> Result<PathBuf, Error> {
    let spawn = |source| Error::Spawn { what: "cargo", source };
    let mut cargo = Group::spawn(
        Group::command("cargo")
            .args(["build", "--quiet", "--package", "signet-backend", "--bin", "bootstrap"])
            .current_dir(root()),
    )
    .map_err(spawn)?;
    if !cargo.exited().await.map_err(spawn)?.success() {
        return Err(Error::Backend);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    Ok(root().join(target).join("debug").join("bootstrap"))
}

/// trunk builds the app, serves it, and builds it again when a file changes. Its config.json is the local AWS's.
fn serve(port: u16, gateway: &str) -> Result<Group, Error> {
    Group::spawn(
        Group::command("trunk")
            .args(["serve", "--address", "127.0.0.1", "--port", &port.to_string(), "--proxy-rewrite", "/config.json"])
            .args(["--proxy-backend", &format!("{gateway}/_signet/config.json"), "--proxy-no-system-proxy"])
            // Not where `trunk build --release` builds to, which the end-to-end tests read.
            .args(["--quiet", "--disable-address-lookup", "--dist", "target/serve"])
            // What the compiler has to say is shown, what it is busy with is not.
            .env("CARGO_TERM_QUIET", "true")
            .current_dir(root()),
    )
    .map_err(|source| Error::Spawn { what: "trunk", source })
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

/// One line a step: its name as it begins, the time that it took as it ends.
#[derive(Default)]
struct Steps(Cell<Option<Instant>>);

impl Steps {
    fn begin(&self, name: &str) {
        self.end();
        print!("  serve  {name:<46}");
        let _ = io::stdout().flush();
        self.0.set(Some(Instant::now()));
    }

    fn end(&self) {
        if let Some(began) = self.0.take() {
            println!("{:>5.1} s", began.elapsed().as_secs_f32());
        }
    }
}
