//! The Lambda function's program: it gets events from Lambda's Runtime API and streams the answers back.

use std::{
    cell::Cell,
    env,
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime},
};

use lambda_runtime::{Error, LambdaEvent, MetadataPrelude, StreamResponse, service_fn};
use signet_backend::{Backend, Body, Config, FunctionUrlEvent, Invocation};
use tokio::time::Instant;

/// What Lambda sets and the runtime library needs.
const RUNTIME_VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// The longest that Lambda lets a function run.
const LONGEST: Duration = Duration::from_mins(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("signet-backend: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    if let Some(missing) = RUNTIME_VARIABLES.iter().find(|variable| env::var_os(variable).is_none()) {
        return Err(format!(
            "{missing} is not set. This program is a Lambda function: Lambda or the local gateway starts it."
        )
        .into());
    }
    let backend = Arc::new(Backend::new(Config::from_env(|variable| env::var(variable).ok())?)?);
    let invoked = Cell::new(false);
    loop {
        let result = lambda_runtime::run(service_fn(|event| {
            invoked.set(true);
            // Boxed, because the future is nested too deeply for the compiler.
            Box::pin(answer(&backend, event))
        }))
        .await;
        // The runtime library also returns when a caller hangs up in the middle of an answer. As long as there are invocations, run it again.
        if !invoked.take() {
            return result;
        }
    }
}

async fn answer(backend: &Arc<Backend>, event: LambdaEvent<FunctionUrlEvent>) -> Result<StreamResponse<Body>, Error> {
    let remaining = event.context.deadline().duration_since(SystemTime::now()).unwrap_or(LONGEST);
    let invocation =
        Invocation { request_id: event.context.request_id, deadline: Instant::now() + remaining.min(LONGEST) };
    let reply = backend.answer(event.payload, invocation).await;
    Ok(StreamResponse {
        metadata_prelude: MetadataPrelude { status_code: reply.status, headers: reply.headers, cookies: Vec::new() },
        stream: reply.body,
    })
}
