//! Starts everything: MiniStack, the resources of the template, three people, the function and the gateway.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::Request;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::aws::{self, Aws};
use crate::gateway::{Cors, FUNCTION_URL_PATH, Gateway, Shared, State};
use crate::http::{Server, element, listen, serve};
use crate::people::{INVITED, Password, USERS, User, create};
use crate::process::Group;
use crate::runtime::{self, Runtimes, tail};

/// The region of the deployment. The bundled strategy's models are European.
const REGION: &str = "eu-central-1";
const STACK: &str = "signet";
const BUCKET: &str = "signet-code";
const FUNCTION_LOG: &str = "function.log";
/// The function that MiniStack runs: it echoes its event.
const ECHO: &str = include_str!("echo.py");
/// How many answers may stream at the same time.
const MOST_RUNTIMES: usize = 16;
/// How long MiniStack may take to start. A second is enough, except on a busy machine.
const START: Duration = Duration::from_mins(1);

/// Why the local AWS did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program that scripts/setup.sh installs is missing.
    #[error("{0} is missing. Install it with scripts/setup.sh serve.")]
    Tool(PathBuf),
    /// Another program has the gateway's port.
    #[error("Port {0} is in use by another program. Choose another: make serve AWS_PORT={next}", next = .0.saturating_add(1))]
    PortInUse(u16),
    /// A file or a process could not be created.
    #[error("{what} failed: {source}")]
    System {
        /// The action.
        what: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
    /// MiniStack ended, or did not start in time.
    #[error("MiniStack did not start; the end of its log:\n{0}")]
    MiniStack(String),
    /// The AWS CLI could not deploy the template.
    #[error("infra/template.yaml could not be deployed:\n{0}")]
    Deploy(String),
    /// A call to MiniStack failed.
    #[error(transparent)]
    Aws(#[from] aws::Error),
    /// The function does not start.
    #[error(transparent)]
    Function(#[from] runtime::Error),
}

/// How one local AWS differs from another.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateway's port on 127.0.0.1, or 0 for any free one.
    pub gateway: u16,
    /// The one origin whose pages may call the function URL, for example `http://localhost:8080`.
    pub app_origin: String,
    /// The function's program.
    pub bootstrap: PathBuf,
    /// Environment variables of the function that replace the template's; `None` removes one.
    pub environment: Vec<(&'static str, Option<String>)>,
}

/// A local AWS. Dropping it ends all its processes and closes its ports.
#[derive(Debug)]
pub struct Stack {
    gateway: Gateway,
    _server: Server,
    ministack: Group,
    folder: TempDir,
}

impl Stack {
    /// Starts everything. `progress` is called with the name of each step as it begins.
    ///
    /// # Errors
    /// A tool is missing, the port is in use, or MiniStack, the template or the function does not work.
    pub async fn start(options: Options, progress: impl Fn(&str)) -> Result<Self, Error> {
        let system = |what| move |source| Error::System { what, source };
        let (listener, port) = listen(options.gateway).await.map_err(|_| Error::PortInUse(options.gateway))?;
        let url = format!("http://127.0.0.1:{port}");
        let folder = TempDir::with_prefix("signet-").map_err(system("Making a folder"))?;

        progress("MiniStack");
        let (ministack, aws) = ministack(folder.path()).await?;

        progress("deploy infra/template.yaml");
        upload(&aws, folder.path()).await?;
        let mut deployed = deploy(&aws, &options.app_origin, &[]).await?;
        let mut output =
            |name: &str| deployed.remove(name).ok_or_else(|| Error::Deploy(format!("The output {name} is missing.")));
        let (user_pool, function) = (output("UserPoolId")?, output("FunctionName")?);
        let identity_pool = output("IdentityPoolId")?;
        let function_url = output("FunctionUrl")?;
        let id = function_url.trim_start_matches("https://").split('.').next().unwrap_or_default();
        let target = "AWSCognitoIdentityProviderService.DescribeUserPool";
        let described = aws.operation("cognito-idp", target, &json!({ "UserPoolId": user_pool })).await?;
        let policy = &described["UserPool"]["Policies"]["PasswordPolicy"];
        let addresses = addresses(&options.app_origin);
        let config = json!({
            "name": "Signet demo",
            "region": output("Region")?,
            "userPoolId": user_pool,
            "userPoolClientId": output("UserPoolClientId")?,
            "identityPoolId": identity_pool,
            "functionUrl": format!("{url}{FUNCTION_URL_PATH}{id}/"),
            "userPoolEndpoint": url,
            "identityPoolEndpoint": url,
            "stsEndpoint": url,
            "usernameAttributes": described["UserPool"]["UsernameAttributes"],
            // The pool asks for nothing but the username, which is the e-mail address.
            "signUp": { "attributes": [] },
            "passwordPolicy": {
                "minimumLength": policy["MinimumLength"],
                "requireLowercase": policy["RequireLowercase"],
                "requireUppercase": policy["RequireUppercase"],
                "requireNumbers": policy["RequireNumbers"],
                "requireSymbols": policy["RequireSymbols"],
            },
            // The tokens' issuer is the same as on AWS: https://cognito-idp.REGION.amazonaws.com/POOL.
            "hostedUi": {
                "domain": url,
                "redirectSignIn": addresses,
                "redirectSignOut": addresses,
                "scopes": ["openid", "email", "profile"],
                "providers": [{ "label": "Continue with the hosted page" }],
            },
        });

        progress("demo users");
        for user in USERS {
            create(&aws, &user_pool, user, Password::Permanent).await?;
        }
        create(&aws, &user_pool, INVITED, Password::Temporary).await?;

        progress("the function");
        let (cors, runtimes) = attach(&aws, &function, options.bootstrap, options.environment, folder.path()).await?;
        runtimes.warm().await?;

        let keys = folder.path().join("state");
        let app_origin = options.app_origin;
        let state = Mutex::new(State::default());
        let shared =
            Arc::new(Shared { url, aws, keys, app_origin, user_pool, identity_pool, config, cors, runtimes, state });
        let gateway = Gateway(Arc::clone(&shared));
        let server = serve(listener, move |request| Arc::clone(&shared).handle(request));
        Ok(Self { gateway, _server: server, ministack, folder })
    }

    /// The app's config.json.
    pub fn config(&self) -> &Value {
        &self.gateway.0.config
    }

    /// The people who can sign in.
    pub fn users(&self) -> [User; 2] {
        USERS
    }

    /// The person who was invited into the group with a temporary password and has not signed in yet.
    pub fn invited(&self) -> User {
        INVITED
    }

    /// The gateway, for tests to inspect and to inject faults.
    pub fn gateway(&self) -> Gateway {
        self.gateway.clone()
    }

    /// The path of the function's log, which exists as long as the stack.
    pub fn function_log(&self) -> PathBuf {
        self.folder.path().join(FUNCTION_LOG)
    }

    /// Waits until MiniStack ends by itself, which it should not. The error holds the end of its log.
    pub async fn ended(&mut self) -> Error {
        let _ = self.ministack.exited().await;
        Error::MiniStack(tail(&self.folder.path().join("ministack.log")))
    }
}

impl Gateway {
    /// Deploys the template again with other parameters, such as `AllowGuests=false`. Without any, everything is as at the start: the
    /// parameters of `make serve` allow every way to sign in that is compatible with the role mapping.
    ///
    /// # Errors
    /// The AWS CLI could not deploy it.
    pub async fn deploy(&self, parameters: &[&str]) -> Result<(), Error> {
        deploy(&self.0.aws, &self.0.app_origin, parameters).await.map(drop)
    }
}

/// The checkout that this program was built from.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A program from the Python environment that scripts/setup.sh makes for the local AWS.
fn tool(program: &str) -> Result<PathBuf, Error> {
    let cache = || {
        let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
        std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("signet")
    };
    let tools = std::env::var_os("SIGNET_TOOLS").map_or_else(cache, PathBuf::from);
    let path = tools.join("local/bin").join(program);
    if path.exists() { Ok(path) } else { Err(Error::Tool(path)) }
}

/// Starts MiniStack on a free port and waits until it listens.
async fn ministack(folder: &Path) -> Result<(Group, Aws), Error> {
    let system = |what| move |source| Error::System { what, source };
    let program = tool("ministack")?;
    let log = folder.join("ministack.log");
    let temporary = folder.join("tmp");
    fs::create_dir(&temporary).map_err(system("Making a folder"))?;
    let out = fs::File::create(&log).map_err(system("Making a log file"))?;
    // The port is free, and the system will not soon hand it out again to a program that asks for any free port.
    let (listener, port) = listen(0).await.map_err(system("Finding a free port"))?;
    drop(listener);
    let mut process = Group::spawn(
        Group::command_in(folder, program)
            .env("AUTH", "true")
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_REGION", REGION)
            .env("STATE_DIR", folder.join("state"))
            .env("TMPDIR", temporary)
            // Otherwise it listens on every interface, on a port that another MiniStack may have.
            .env("IOT_MTLS_ENABLED", "0")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env_remove("AWS_SESSION_TOKEN")
            .stdout(out.try_clone().map_err(system("Making a log file"))?)
            .stderr(out),
    )
    .map_err(system("Starting MiniStack"))?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let listens = async {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let started = tokio::select! {
        listens = tokio::time::timeout(START, listens) => listens.is_ok(),
        _ = process.exited() => false,
    };
    if started { Ok((process, Aws::new(address, REGION))) } else { Err(Error::MiniStack(tail(&log))) }
}

/// Uploads the echo's zip to where the template expects the function's code.
async fn upload(aws: &Aws, folder: &Path) -> Result<(), Error> {
    let system = |what| move |source| Error::System { what, source };
    fs::write(folder.join("bootstrap"), ECHO).map_err(system("Writing a file"))?;
    let python = tool("python")?;
    let zipped =
        Command::new(python).args(["-m", "zipfile", "-c", "echo.zip", "bootstrap"]).current_dir(folder).output().await;
    zipped.map_err(system("Starting python"))?;
    let zip = fs::read(folder.join("echo.zip")).map_err(system("Zipping a file"))?;
    let bucket = format!(
        "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    aws.root("CreateBucket", "s3", Request::put(format!("/{BUCKET}")), bucket.into()).await?;
    aws.root("PutObject", "s3", Request::put(format!("/{BUCKET}/echo.zip")), zip.into()).await?;
    Ok(())
}

/// The app's addresses, by both names of this machine: where the hosted UI may send people back to.
fn addresses(app_origin: &str) -> [String; 2] {
    [format!("{app_origin}/"), format!("{}/", app_origin.replace("//localhost:", "//127.0.0.1:"))]
}

/// Deploys the template as to AWS, with the parameters of the local AWS and then these. Returns the stack's outputs by name.
async fn deploy(aws: &Aws, app_origin: &str, parameters: &[&str]) -> Result<HashMap<String, String>, Error> {
    let local = [
        ("CodeS3Bucket", BUCKET.to_owned()),
        ("CodeS3Key", "echo.zip".to_owned()),
        ("ModelBackend", "demo".to_owned()),
        ("AppOrigin", app_origin.to_owned()),
        ("AllowSignUp", "true".to_owned()),
        ("Mfa", "OPTIONAL".to_owned()),
        ("HostedUiPrefix", "signet-local".to_owned()),
        ("CallbackUrls", addresses(app_origin).join(",")),
        ("AllowGuests", "true".to_owned()),
        ("AllowClassicFlow", "false".to_owned()),
    ];
    let is_given = |name: &str| parameters.iter().any(|given| given.split('=').next() == Some(name));
    let local = local.into_iter().filter(|(name, _)| !is_given(name)).map(|(name, value)| format!("{name}={value}"));
    let mut command = Command::new(tool("aws")?);
    command
        .args(["cloudformation", "deploy", "--template-file", "infra/template.yaml", "--stack-name", STACK])
        .args(["--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset", "--parameter-overrides"])
        .args(local)
        .args(parameters)
        .current_dir(root())
        // The developer's own AWS configuration is neither read nor changed.
        .env("AWS_ENDPOINT_URL", aws.url())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("NO_PROXY", "127.0.0.1")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let mut tries = 0;
    loop {
        tries += 1;
        let output = command.output().await.map_err(|source| Error::System { what: "Starting the AWS CLI", source })?;
        if output.status.success() {
            break;
        }
        let message = [output.stdout, output.stderr].concat();
        let message = String::from_utf8_lossy(&message).trim().to_owned();
        // The CLI names a change set after the current second. Unlike AWS, MiniStack keeps change sets that were executed, so two deployments
        // within a second clash. The next try is in another second.
        let is_taken = message.contains("(AlreadyExistsException)") && message.contains("CreateChangeSet");
        if !is_taken || tries == 10 {
            return Err(Error::Deploy(message));
        }
    }
    let request = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let query = format!("Action=DescribeStacks&Version=2010-05-15&StackName={STACK}");
    let described = aws.root("DescribeStacks", "cloudformation", request, query.into()).await?;
    Ok(outputs(&String::from_utf8_lossy(&described)))
}

/// The outputs in the XML of `DescribeStacks`. Ours contain no character that XML escapes.
fn outputs(xml: &str) -> HashMap<String, String> {
    xml.split("<OutputKey>")
        .skip(1)
        .filter_map(|output| {
            let (key, value) = (output.split_once("</OutputKey>")?.0, element(output, "OutputValue")?);
            Some((key.to_owned(), value.to_owned()))
        })
        .collect()
}

/// The function with the environment of the template, changed by `overrides`, and the CORS configuration of its URL.
async fn attach(
    aws: &Aws,
    function: &str,
    bootstrap: PathBuf,
    overrides: Vec<(&'static str, Option<String>)>,
    folder: &Path,
) -> Result<(Cors, Runtimes), Error> {
    let url = aws.resource("lambda", &format!("/2021-10-31/functions/{function}/url")).await?;
    let list = |name: &str| -> Vec<String> {
        let values = url["Cors"][name].as_array().into_iter().flatten();
        values.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let cors = Cors { origins: list("AllowOrigins"), exposes: list("ExposeHeaders").join(",") };

    let configuration = aws.resource("lambda", &format!("/2015-03-31/functions/{function}/configuration")).await?;
    let variables = configuration["Environment"]["Variables"].as_object().cloned().unwrap_or_default();
    let mut environment: HashMap<String, String> =
        variables.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    let of_lambda = [
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", &aws.url()),
    ];
    environment.extend(of_lambda.map(|(name, value)| (name.to_owned(), value.to_owned())));
    for (name, value) in overrides {
        match value {
            Some(value) => environment.insert(name.to_owned(), value),
            None => environment.remove(name),
        };
    }
    let timeout = configuration["Timeout"].as_u64().unwrap_or(3) * 1000;
    Ok((cors, Runtimes::new(bootstrap, environment, folder.join(FUNCTION_LOG), timeout, MOST_RUNTIMES)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_read_from_the_xml() {
        let xml = "<Outputs><member><OutputKey>A</OutputKey><OutputValue>eu:1</OutputValue><Description>d</Description></member>\
                   <member><OutputKey>B</OutputKey><OutputValue>2</OutputValue></member></Outputs>";
        let expected = HashMap::from([("A".to_owned(), "eu:1".to_owned()), ("B".to_owned(), "2".to_owned())]);
        assert_eq!(outputs(xml), expected);
        assert!(outputs("<Outputs/>").is_empty());
    }

    #[tokio::test]
    async fn a_port_in_use_is_reported_with_the_remedy() {
        let (_taken, port) = listen(0).await.unwrap();
        let options = Options {
            gateway: port,
            app_origin: "http://localhost:1".into(),
            bootstrap: "/none".into(),
            environment: Vec::new(),
        };
        let error = Stack::start(options, |_| {}).await.unwrap_err();
        assert!(matches!(error, Error::PortInUse(taken) if taken == port));
        assert!(error.to_string().contains("make serve AWS_PORT="));
    }
}
