//! What all tests of one run share: a local AWS and the app as built for release, with everything in order before each test.

use std::{
    fs, panic,
    path::PathBuf,
    sync::{LazyLock, OnceLock},
};

use signet_local::{App, Gateway, Options, Port, Stack, User, root};
use tokio::runtime::Runtime;

use crate::{Browser, Error, Kind};

/// The local AWS and the app's server.
#[derive(Debug)]
pub struct Stage {
    stack: Stack,
    app: App,
    dist: PathBuf,
}

impl Stage {
    async fn start() -> Result<Self, Error> {
        let failed = |why: String| Error::NoStage(why);
        let root = root();
        let port = Port::bind(0).await.map_err(|error| failed(error.to_string()))?;
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target));
        let bootstrap = target.join("debug/bootstrap");
        if !bootstrap.exists() {
            return Err(failed(format!("{} is missing. Build it: cargo build -p signet-backend", bootstrap.display())));
        }
        let options = Options { gateway: 0, app_origin: port.origin(), bootstrap, environment: Vec::new() };
        let stack = Stack::start(options, |_| {}).await.map_err(|error| failed(error.to_string()))?;
        let dist = root.join("dist");
        if fs::read_to_string(dist.join("index.html")).is_ok_and(|page| page.contains("__TRUNK_WS_BASE__")) {
            return Err(failed(format!(
                "{} was built by trunk serve. Build it for release: trunk build --release",
                dist.display()
            )));
        }
        let app = App::serve(port, dist.clone(), &root.join("Trunk.toml"), stack.config())
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { stack, app, dist })
    }

    /// Where the app is, without a slash at the end.
    pub fn origin(&self) -> &str {
        self.app.origin()
    }

    /// The app's server, to change its config.json and to hold back or lose files.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The config.json that is right.
    pub fn config(&self) -> &serde_json::Value {
        self.stack.config()
    }

    /// Shows the app with this config.json, instead of the local AWS's.
    pub async fn open(&self, browser: &Browser, config: &serde_json::Value) -> Result<(), Error> {
        self.app.set_config(Some(config.to_string().into_bytes()));
        Ok(browser.client().goto(self.origin()).await?)
    }

    /// Goes to the app so that [`Browser::holdings`] can look into it, where the browser lets a test do that.
    pub async fn open_to_be_searched(&self, browser: &Browser) -> Result<(), Error> {
        if browser.kind() == Kind::Chromium {
            browser.remember_memories().await?;
        }
        Ok(browser.client().goto(self.origin()).await?)
    }

    /// The local AWS's gateway, to look at and to make things go wrong.
    pub fn gateway(&self) -> Gateway {
        self.stack.gateway()
    }

    /// Who may call the function URL.
    pub fn alice(&self) -> User {
        self.user(true)
    }

    /// Who can sign in, but may not call the function URL.
    pub fn bob(&self) -> User {
        self.user(false)
    }

    fn user(&self, in_group: bool) -> User {
        let [one, other] = self.stack.users();
        if one.in_group == in_group { one } else { other }
    }

    /// Puts a script in front of the worker's.
    pub fn before_the_worker(&self, script: &str) -> Result<(), Error> {
        let path = self.file("worker_boot-", ".js")?;
        let own = fs::read(self.dist.join(path.trim_start_matches('/')))?;
        self.app().add_file(&path, [script.as_bytes(), &own].concat());
        Ok(())
    }

    /// The path of the one built file whose name begins and ends so; trunk puts a hash between.
    pub fn file(&self, begin: &str, end: &str) -> Result<String, Error> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dist)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with(begin) && name.ends_with(end) {
                found.push(format!("/{name}"));
            }
        }
        match <[String; 1]>::try_from(found) {
            Ok([path]) => Ok(path),
            Err(found) => {
                let dist = self.dist.display();
                Err(Error::NoStage(format!("{dist} should have one file {begin}…{end}; it has {found:?}")))
            }
        }
    }
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a process may start threads"));
static STAGE: OnceLock<Stage> = OnceLock::new();

/// Runs one test in a fresh browser that shows the app. When it fails, what the person saw and what the console was told are kept in
/// `target/e2e/`, under the name of the test.
///
/// # Panics
/// The test failed.
pub fn test<T: AsyncFnOnce(&Stage, &Browser) -> Result<(), Error>>(body: T) {
    run::<T>(None, true, body);
}

/// Like [`test`], but the browser is nowhere yet: the test goes to the app itself, after it has prepared what it wants.
///
/// # Panics
/// The test failed.
pub fn test_from_blank<T: AsyncFnOnce(&Stage, &Browser) -> Result<(), Error>>(body: T) {
    run::<T>(None, false, body);
}

/// Like [`test`], in a browser whose clock is wrong by `offset`, in faketime's words: `-5h`.
///
/// # Panics
/// The test failed.
pub fn test_with_clock<T: AsyncFnOnce(&Stage, &Browser) -> Result<(), Error>>(offset: &str, body: T) {
    run::<T>(Some(offset), true, body);
}

/// Whether the chosen browser has the Chrome DevTools Protocol. A test that needs it says so by returning early.
pub fn has_devtools() -> bool {
    let has = matches!(Kind::chosen(), Ok(Kind::Chromium));
    if !has {
        eprintln!("not tested: only Chromium lets a test look into its memory");
    }
    has
}

fn run<T: AsyncFnOnce(&Stage, &Browser) -> Result<(), Error>>(clock_off: Option<&str>, goes_there: bool, body: T) {
    // The closure's type carries the name of the test it stands in.
    let name = std::any::type_name::<T>().replace("::{{closure}}", "").replace("::", "-");
    let stage = match STAGE.get() {
        Some(stage) => stage,
        None => match RUNTIME.block_on(Stage::start()) {
            Ok(stage) => STAGE.get_or_init(|| stage),
            Err(error) => panic!("{error}"),
        },
    };
    stage.app.set_config(Some(stage.config().to_string().into_bytes()));
    stage.app.heal();
    stage.gateway().forget_faults();
    let browser = RUNTIME.block_on(Browser::start(clock_off)).unwrap_or_else(|error| panic!("{error}"));
    let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        RUNTIME.block_on(async {
            if goes_there {
                browser.client().goto(stage.origin()).await?;
            }
            body(stage, &browser).await
        })
    }));
    let passed = matches!(outcome, Ok(Ok(())));
    RUNTIME.block_on(async {
        if !passed && let Err(error) = keep(&browser, &name).await {
            eprintln!("what the person saw could not be kept: {error}");
        }
        if let Err(error) = browser.close().await {
            eprintln!("the browser did not close: {error}");
        }
    });
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => panic!("{error}\nwhat was seen is in target/e2e/{name}.*"),
        Err(panicked) => {
            eprintln!("what was seen is in target/e2e/{name}.*");
            panic::resume_unwind(panicked)
        }
    }
}

async fn keep(browser: &Browser, name: &str) -> Result<(), Error> {
    let folder = root().join("target/e2e");
    fs::create_dir_all(&folder)?;
    browser.save_screenshot(&folder.join(format!("{name}.png"))).await?;
    fs::write(folder.join(format!("{name}.html")), browser.client().source().await?)?;
    if browser.kind() == Kind::Chromium {
        let console = browser.devtools().await?.console().await?;
        fs::write(folder.join(format!("{name}.console.log")), console.join("\n"))?;
    }
    Ok(())
}
