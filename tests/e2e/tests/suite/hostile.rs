//! Answers that mean harm: nothing of them is fetched, run or led to unseen.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use signet_e2e::cognito::{Cognito, Person, Script, any};
use signet_e2e::{Browser, Devtools, Error, has_devtools, test_from_blank};
use signet_local::root;
use tokio::net::{TcpListener, TcpStream};

/// From now on the page keeps what appears in an answer that must not be in one, at any moment, and what its policy has refused.
const WATCH: &str = r"
    window.e2eWrong = new Set();
    const elements = new Set('P H3 H4 H5 H6 BLOCKQUOTE UL OL LI DIV SPAN PRE CODE BUTTON TABLE THEAD TBODY TR TH TD EM STRONG DEL BR HR A'.split(' '));
    const attributes = new Set('class dir href rel referrerpolicy target title start scope role tabindex type aria-label aria-level data-grows'.split(' '));
    const look = element => {
        if (!element.closest('.answer') || element.matches('.answer')) return;
        const wrong = why => window.e2eWrong.add(`${why}: ${element.cloneNode().outerHTML.slice(0, 200)}`);
        if (!elements.has(element.tagName) || element.namespaceURI !== 'http://www.w3.org/1999/xhtml') wrong('an element');
        for (const { name } of element.attributes) if (!attributes.has(name)) wrong('an attribute');
        if (element.tagName !== 'A' && element.hasAttribute('href')) wrong('an address');
        if (element.tagName !== 'A') return;
        const url = URL.parse(element.getAttribute('href'));
        if (!url) return wrong('what is no address');
        if (!['http:', 'https:', 'mailto:'].includes(url.protocol)) wrong('a scheme');
        if (url.username || url.password) wrong('a name or password');
        if (element.target !== '_blank' || element.referrerPolicy !== 'no-referrer') wrong('a target');
        for (const rel of ['noopener', 'noreferrer', 'nofollow']) if (!element.relList.contains(rel)) wrong('a rel');
    };
    new MutationObserver(changes => {
        for (const { type, target, addedNodes } of changes) {
            if (type === 'attributes') look(target);
            for (const node of addedNodes) if (node.nodeType === 1) for (const each of [node, ...node.querySelectorAll('*')]) look(each);
        }
    }).observe(document, { subtree: true, childList: true, attributes: true });
    document.addEventListener('securitypolicyviolation', event => window.e2eWrong.add(`refused: ${event.violatedDirective} ${event.blockedURI}`));
";

/// Links of the last answer (older ones may not be laid out) whose host stands neither in them nor behind them.
const HIDDEN_HOSTS: &str = r"[...document.querySelectorAll('#log article.turn:last-child .answer a')].filter(link => {
    const url = URL.parse(link.href);
    if (!url) return true;
    const host = (url.host || url.pathname.split('@').at(-1)).toLowerCase();
    const behind = [link.nextElementSibling, link.closest('.host'), link.parentElement.closest('a')?.nextElementSibling];
    const said = link.innerText + behind.map(one => one?.matches('.host') ? one.innerText : '').join(' ');
    // What is said alone must be the host: a text that has another host in it deceives.
    return !(said.toLowerCase().includes(host) && link.checkVisibility());
}).map(link => `${link.outerHTML} ${link.nextElementSibling?.outerHTML}`)";

struct Sink {
    address: String,
    asked: Arc<AtomicUsize>,
}

impl Sink {
    async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Self { address, asked })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Every case's name and text, and how many characters of it come at once.
fn corpus(sink: &str) -> Vec<(String, String, usize)> {
    let folder = root().join("tests/vectors/hostile");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| !file.ends_with("README.md"));
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    let mut cases: Vec<_> = files
        .iter()
        .map(|file| (file.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(file).unwrap(), 7))
        .collect();

    let mut control = String::new();
    for c in ('\u{1}'..' ')
        .chain("\u{7f}\u{85}\u{a0}\u{ad}\u{200b}\u{200e}\u{2028}\u{202e}\u{2066}\u{3000}\u{feff}\u{fffd}".chars())
    {
        for link in
            ["{c}javascript:window.hostile=1", "java{c}script:window.hostile=1", "javascript{c}:window.hostile=1"]
        {
            control += &["[x](<", link, ">) [y](", link, ") ![z](<", link, ">) <", link, ">\n\n"]
                .concat()
                .replace("{c}", &c.to_string());
        }
        control += &"[host](https://exa{c}mple.com/) [path](https://example.com/{c}x) <img{c}src={sink}/{c} onerror{c}=window.hostile=1>\n\n"
            .replace("{c}", &c.to_string());
    }
    cases.push(("control".to_owned(), control, 50));

    let harm = "![x]({sink}/deep.png) <img src={sink}/deep2.png onerror=window.hostile=1> [y](javascript:window.hostile=1)\n\n";
    for (name, mark) in [
        ("quotes", "> "),
        ("lists", "- "),
        ("numbers", "1. "),
        ("both", "> - "),
        ("emphasis", "*a **b "),
        ("brackets", "["),
    ] {
        cases.push((format!("deep-{name}"), mark.repeat(1000) + harm, 200));
    }
    cases.push(("deep-images".to_owned(), "![".repeat(1000) + harm + &"]({sink}/deep3.png)".repeat(1000), 500));
    cases.push((
        "wide-table".to_owned(),
        "| ![x]({sink}/a.png) ".repeat(500)
            + "|\n"
            + &"|-".repeat(500)
            + "|\n"
            + &"| <img src={sink}/b.png> ".repeat(500)
            + "|\n\n",
        500,
    ));
    cases.push((
        "long-line".to_owned(),
        "![x]({sink}/long.png) <b onclick=window.hostile=1> `".repeat(2000) + &"x".repeat(20_000),
        2000,
    ));

    for (_, text, _) in &mut cases {
        *text = text.replace("{sinkhost}", sink).replace("{sink}", &format!("http://{sink}"));
    }
    cases
}

/// What was asked for beside the answers.
async fn requests(devtools: &mut Devtools, cognito: &str) -> Result<Vec<String>, Error> {
    let mut requests = devtools.requests().await?;
    requests.retain(|url| !url.starts_with(cognito));
    Ok(requests)
}

async fn no_script_ran(browser: &Browser) -> Result<(), Error> {
    assert!(browser.value::<bool>("window.hostile === undefined").await?, "a script ran");
    assert_eq!(browser.client().windows().await?.len(), 1, "a window was opened");
    Ok(())
}

#[test]
fn a_hostile_answer_fetches_nothing_and_runs_nothing() {
    if !has_devtools() {
        return;
    }
    test_from_blank(async |stage, browser| {
        let sink = Sink::start().await?;
        let ann = Person::new("ann@example.com", "Right horse 7!");
        let cases = corpus(&sink.address);
        let mut script = Script::new().srp(&ann).tokens(json!({})).identity_pool();
        for (name, text, size) in &cases {
            let characters: Vec<_> = text.chars().collect();
            let mut pieces: Vec<String> = characters.chunks(*size).map(|piece| piece.iter().collect()).collect();
            // A blank line and a fence's end, so that it is a paragraph of its own wherever the case has left off.
            pieces.push(format!("\n\nThe end of {name}."));
            let pieces: Vec<_> = pieces.iter().map(String::as_str).collect();
            script = script.ask(name).also("/use_case", any()).stream(&pieces);
        }
        let cognito = Cognito::start(stage.origin(), script).await?;
        let config = cognito.config();
        stage.open(browser, &config).await?;
        browser.sign_in(&ann.username, &ann.password).await?;
        browser.wait_for("the focus in the prompt", "document.activeElement.id === 'prompt'").await?;
        browser.client().execute(WATCH, vec![]).await?;
        let mut devtools = browser.devtools().await?;
        let worker = devtools.workers().await?.pop().unwrap();
        devtools.watch_requests().await?;

        for (name, ..) in &cases {
            browser.ask(name).await?;
            // Until it is there, the turn before is the last.
            let asked = format!("[...document.querySelectorAll('#log .asked')].at(-1)?.innerText === {}", json!(name));
            browser.wait_for("the question", &asked).await?;
            let turn = browser.turn_is("done").await?;
            assert!(turn.answer.contains(&format!("The end of {name}.")), "{name}: {}", turn.answer);
            if name == "html" {
                assert!(turn.answer.contains("<img src=x onerror="), "what a model writes is shown: {}", turn.answer);
            }
            let wrong: Vec<String> = browser.value("[...window.e2eWrong]").await?;
            assert!(wrong.is_empty(), "{name}: {wrong:#?}");
            let hidden: Vec<String> = browser.value(HIDDEN_HOSTS).await?;
            assert!(hidden.is_empty(), "{name}: {hidden:#?}");
            no_script_ran(browser).await?;
            let requests = requests(&mut devtools, cognito.hosted_ui()).await?;
            assert_eq!(requests, Vec::<String>::new(), "{name}");
        }
        assert_eq!(sink.asked(), 0, "the sink was asked");

        // Had there been a request, it would have been seen: by the page, by its worker, at the sink.
        let fetch = "fetch('seal.svg').then(answer => answer.ok)";
        for session in [None, Some(worker.as_str())] {
            devtools.evaluate(session, &fetch.replace("seal.svg", &format!("{}/seal.svg", stage.origin()))).await?;
            let seen = requests(&mut devtools, cognito.hosted_ui()).await?;
            assert!(seen.iter().any(|url| url.ends_with("/seal.svg")), "{session:?}: {seen:?}");
        }
        drop(TcpStream::connect(&sink.address).await?);
        signet_e2e::wait_until("the sink to count", signet_e2e::PATIENCE, async || Ok(sink.asked() == 1)).await?;
        browser
            .client()
            .execute(
                "const image = document.createElement('img'); document.querySelector('.answer').append(image);",
                vec![],
            )
            .await?;
        assert_eq!(browser.value::<usize>("window.e2eWrong.size").await?, 1, "the watch does not see an image");
        cognito.finish().await
    });
}
