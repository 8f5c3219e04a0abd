//! `signet-local serve` is what `make serve` runs: the local AWS and the app, until Ctrl-C. `signet-local aws` is the local AWS alone.
//!
//! The function is the program `bootstrap` in the folder of this one: scripts/serve.sh builds both together. By default it answers with the
//! demonstration. If `MODEL_BACKEND` is `bedrock` or `openai`, it answers with that, using this environment's own variables for it.

mod steps;
mod trunk;

use std::env;
use std::io;
use std::process::ExitCode;

use signet_local::{Options, Port, Stack, User};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use steps::Steps;
use trunk::Trunk;

/// What the function needs for a real model, taken from this environment.
const MODEL_VARIABLES: [&str; 10] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "MAX_TOKENS",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
];

/// The strategy in the local AWS's `AppConfig`, which a real model's keys do not open.
const STRATEGY_VARIABLES: [&str; 3] = ["APPCONFIG_APPLICATION", "APPCONFIG_ENVIRONMENT", "APPCONFIG_PROFILE"];

/// Why the program did not start, or ended.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("usage: signet-local serve | aws      (PORT: the app's port, AWS_PORT: the local AWS's)")]
    Usage,
    #[error(
        "{name} is {value:?}, which is not a port. Give a number from 1 to 65535, for example make serve {name}={default}"
    )]
    NoPort { name: &'static str, value: String, default: u16 },
    #[error("trunk cannot be started: {0}. Install it with scripts/setup.sh serve.")]
    Spawn(io::Error),
    #[error("trunk has ended; see above. Start again.")]
    Trunk,
    #[error("The folder of this program is unknown: {0}")]
    Folder(io::Error),
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
    let result = tokio::select! {
        result = run() => result,
        result = interrupted() => result.map_err(Error::Signals),
    };
    match result {
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
    let serves_app = match env::args().nth(1).as_deref() {
        Some("serve") => true,
        Some("aws") => false,
        _ => return Err(Error::Usage),
    };
    let (port, gateway) = (port("PORT", 8080)?, port("AWS_PORT", 4566)?);
    // Checks now, not after the build, whether another program has a port. Both are taken later.
    if serves_app {
        drop(Port::bind(port).await?);
    }
    drop(TcpListener::bind(("127.0.0.1", gateway)).await.map_err(|_| signet_local::Error::PortInUse(gateway))?);
    let app = format!("http://localhost:{port}");
    let bootstrap = env::current_exe().map_err(Error::Folder)?.with_file_name("bootstrap");
    let model_backend = env::var("MODEL_BACKEND").ok().filter(|backend| !backend.is_empty());
    let environment = environment(model_backend.as_deref());

    let steps = Steps::default();
    let options = Options { gateway, app_origin: app.clone(), bootstrap, environment };
    let mut stack = Stack::start(options, |step| steps.begin(step)).await?;
    let mut trunk = None;
    if serves_app {
        steps.begin("the app (trunk serve)");
        let mut started = Trunk::start(port, stack.gateway().url())?;
        started.build(port, &steps).await?;
        trunk = Some(started);
    }
    steps.end();

    let gateway = stack.gateway();
    let address = if serves_app {
        format!("Signet is at {app}")
    } else {
        format!("The app's config.json is at {}/_signet/config.json", gateway.url())
    };
    println!("\n  {address}\n");
    let show = |user: User, notes: &str| println!("  {:<17}   password {:<18}   {notes}", user.username, user.password);
    for user in stack.users() {
        show(user, if user.in_group { "may ask" } else { "may sign in, but not ask" });
    }
    show(stack.invited(), "may ask; has to change this one-time password");
    println!(
        "\n  People who sign up confirm with the code 123456; they may not ask. The code for a forgotten password is 654321."
    );
    match model_backend.as_deref() {
        None | Some("demo") => println!("  Answers come from a demonstration, not from an AI."),
        Some(backend) => println!("  Answers come from MODEL_BACKEND={backend}."),
    }
    println!("  The local AWS is at {}, the function's log in {}", gateway.url(), stack.function_log().display());
    println!("  Ctrl-C stops everything.\n");

    tokio::select! {
        error = stack.ended() => Err(error.into()),
        () = ended(trunk.as_mut()) => Err(Error::Trunk),
    }
}

/// What the function's environment has instead of the template's variables.
fn environment(model_backend: Option<&str>) -> Vec<(&'static str, Option<String>)> {
    let Some(model_backend) = model_backend else { return Vec::new() };
    let mut environment = vec![("MODEL_BACKEND", Some(model_backend.to_owned()))];
    if model_backend != "demo" {
        environment.extend(MODEL_VARIABLES.map(|name| (name, env::var(name).ok())));
        environment.extend(STRATEGY_VARIABLES.map(|name| (name, None)));
    }
    environment
}

/// Waits until trunk ends; forever, if there is none.
async fn ended(trunk: Option<&mut Trunk>) {
    match trunk {
        Some(trunk) => trunk.ended().await,
        None => std::future::pending().await,
    }
}

fn port(name: &'static str, default: u16) -> Result<u16, Error> {
    match env::var(name) {
        Err(_) => Ok(default),
        Ok(value) => match value.parse() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err(Error::NoPort { name, value, default }),
        },
    }
}
