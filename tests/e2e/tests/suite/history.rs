//! Conversations are kept: listed, found, opened again, renamed, deleted, exported, imported; and seen by nobody else.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use signet_e2e::{Browser, Error, PATIENCE, Stage, has_devtools, test, test_from_blank, wait_until};

const SKY: &str = "Why is the sky blue? demo:pace 0";
const WHALES: &str = "How do whales sleep? demo:pace 0 demo:size 1";
const RAIN: &str = "When does it rain? demo:pace 0";

/// Alice, in a window with room for the list.
async fn alice(stage: &Stage, browser: &Browser) -> Result<(), Error> {
    browser.widen().await?;
    browser.sign_in(stage.alice().username, stage.alice().password).await
}

/// Asks in the conversation that is shown, and waits for the whole answer.
async fn asks(browser: &Browser, prompt: &str) -> Result<(), Error> {
    let before = browser.turns().await?;
    browser.ask(prompt).await?;
    let count = format!("document.querySelectorAll('#log article.turn').length > {before}");
    browser.wait_for("the question in the log", &count).await?;
    browser.turn_is("done").await?;
    Ok(())
}

/// Begins a new conversation.
async fn begins(browser: &Browser) -> Result<(), Error> {
    browser.opens_history().await?;
    browser.click("#new").await?;
    browser.shows(&[]).await?;
    Ok(())
}

/// Asks in a new conversation; its id.
async fn asks_anew(browser: &Browser, prompt: &str) -> Result<String, Error> {
    begins(browser).await?;
    asks(browser, prompt).await?;
    browser.id_in_address().await
}

async fn signs_out(browser: &Browser) -> Result<(), Error> {
    browser.click("#sign-out").await?;
    browser.signed_out().await
}

/// Ticks "Keep conversations…".
async fn keeps(browser: &Browser) -> Result<(), Error> {
    browser.opens_history().await?;
    browser.click("#keep").await?;
    browser.wait_for("the tick", "document.querySelector('#keep').checked").await?;
    // Until the store has it: what comes from there sets the tick again.
    wait_until("the tick to be stored", PATIENCE, async || Ok(stored(browser).await?["keep"] == 1)).await
}

/// How many entries each store of the history has, and how many owners keep theirs.
async fn stored(browser: &Browser) -> Result<Json, Error> {
    let script = "
        const done = arguments[0];
        const promised = request => new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
        });
        (async () => {
            const database = await promised(indexedDB.open('signet'));
            const all = {};
            for (const name of ['summaries', 'conversations', 'tails']) {
                all[name] = await promised(database.transaction(name).objectStore(name).getAll());
            }
            database.close();
            done({ keep: all.summaries.filter(entry => entry === true).length, summaries: all.summaries.filter(entry => entry?.sealed).length,
                conversations: all.conversations.length, tails: all.tails.length });
        })().catch(error => done({ error: String(error) }));";
    Ok(browser.client().execute_async(script, vec![]).await?)
}

#[test]
fn what_was_asked_is_listed_and_opens_again_with_all_its_answers() {
    test(async |stage, browser| {
        alice(stage, browser).await?;
        asks(browser, SKY).await?;
        let first = browser.shown().await?;
        browser.click("#log .again").await?;
        browser.click("#log .ask-again[value=cost_optimized]").await?;
        let second = "document.querySelector('#log .place')?.textContent === '2 of 2' && document.querySelector('.turn').dataset.state === 'done'";
        browser.wait_for("the second answer", second).await?;
        asks(browser, RAIN).await?;
        let before = browser.shown().await?;
        assert_eq!(before.len(), 2);

        asks_anew(browser, WHALES).await?;
        browser.list_is(&[WHALES, SKY]).await?;
        browser.open_listed(SKY).await?;
        let after = browser.shows(&[SKY, RAIN]).await?;
        assert_eq!(after, before);
        assert_eq!(current(browser).await?, [SKY]);
        let to_it = "document.querySelector('#log .previous').scrollIntoView({ block: 'center' });";
        browser.client().execute(to_it, vec![]).await?;
        browser.click("#log .previous").await?;
        let turned = &browser.shown().await?[0];
        assert_eq!((&turned.answer, &*turned.place), (&first[0].answer, "1 of 2"));
        assert_ne!(turned.about, before[0].about);

        // The next question goes on there.
        asks(browser, "And then? demo:pace 0").await?;
        browser.list_is(&[SKY, WHALES]).await?;
        browser.client().refresh().await?;
        let again = browser.shows(&[SKY, RAIN, "And then? demo:pace 0"]).await?;
        assert_eq!(again[..2], before);
        Ok(())
    });
}

/// The titles that the list marks as shown.
async fn current(browser: &Browser) -> Result<Vec<String>, Error> {
    browser
        .value("[...document.querySelectorAll('#history [aria-current=page] .name')].map(name => name.textContent)")
        .await
}

/// In the worker: keeps what the function sends.
const LISTEN: &str = "
    self.e2eReceived = '';
    const [read, decoder] = [ReadableStreamDefaultReader.prototype.read, new TextDecoder()];
    ReadableStreamDefaultReader.prototype.read = async function () {
        const part = await read.call(this);
        if (part.value) self.e2eReceived += decoder.decode(part.value, { stream: true });
        return part;
    };";

#[test]
fn a_reload_in_mid_answer_keeps_all_text_that_was_received() {
    if !has_devtools() {
        return;
    }
    test(async |stage, browser| {
        let downloads = Downloads::of(browser, "reload").await?;
        alice(stage, browser).await?;
        for (round, length) in [300, 700, 1500].into_iter().enumerate() {
            let prompt = format!("Round {round} demo:size 20 demo:pace 5");
            let mut devtools = browser.devtools().await?;
            let workers = devtools.workers().await?;
            assert_eq!(workers.len(), 1);
            devtools.evaluate(Some(&workers[0]), LISTEN).await?;
            browser.ask(&prompt).await?;
            browser.answer_is_longer_than(length).await?;
            let at_last = "addEventListener('pagehide', () => localStorage.setItem('e2e', document.querySelector('#log .answer').textContent));";
            browser.client().execute(at_last, vec![]).await?;
            let received = devtools.evaluate(Some(&workers[0]), "self.e2eReceived").await?;
            let received = text_of(received.as_str().unwrap());
            drop(devtools);
            browser.client().refresh().await?;

            let said = browser.cut_off().await?;
            assert!(said.contains("reloaded") && said.contains("kept"), "{said}");
            browser.wait_for("all that was kept to be shown", "!document.querySelector('#log[aria-busy]')").await?;
            let (was, is) = browser
                .value::<(String, String)>(
                    "[localStorage.getItem('e2e'), document.querySelector('#log .answer').textContent]",
                )
                .await?;
            // Without the line breaks between blocks it is a little shorter.
            assert!(was.len() > length / 2, "the page was left with {} bytes of text", was.len());
            assert!(is.starts_with(was.trim_end()), "round {round}: of {was:?}, there is {is:?}");
            let file = downloads.after(async || browser.act_on(&prompt, "save-json").await.map(drop)).await?.1;
            let file: Json = serde_json::from_str(&file)?;
            let kept = file["conversations"][0]["turns"][0]["answers"][0]["text"].as_str().unwrap();
            assert!(received.len() > length);
            assert!(
                kept.starts_with(&received),
                "round {round}: {} bytes came, {} were kept",
                received.len(),
                kept.len()
            );

            browser.click("#log .retry").await?;
            browser.turn_is("streaming").await?;
            browser.click("#stop").await?;
            browser.turn_is("stopped").await?;
            begins(browser).await?;
        }
        Ok(())
    });
}

/// The text of the typed events that came whole.
fn text_of(received: &str) -> String {
    let events = received.split_inclusive("\n\n").filter(|event| event.ends_with("\n\n"));
    let events = events.filter_map(|event| serde_json::from_str::<Json>(event.trim_end().strip_prefix("data: ")?).ok());
    let texts = events.filter(|event| event["type"] == "text");
    texts.map(|event| event["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_list_is_searched_renamed_and_deleted() {
    test(async |stage, browser| {
        alice(stage, browser).await?;
        asks(browser, SKY).await?;
        asks_anew(browser, WHALES).await?;
        browser.list_is(&[WHALES, SKY]).await?;

        let entry = browser.act_on(SKY, "rename").await?;
        browser.element(&format!("{entry} form input")).await?.clear().await?;
        browser.type_into(&format!("{entry} form input"), "Colours of Überall").await?;
        browser.click(&format!("{entry} form button")).await?;
        browser.list_is(&[WHALES, "Colours of Überall"]).await?;

        for (words, found) in [
            ("colours", &["Colours of Überall"][..]), // the title
            ("ÜBERALL", &["Colours of Überall"]),
            ("whales", &[WHALES]),        // the prompt
            ("slanted first", &[WHALES]), // the answer, two words of it
            ("demonstration", &[WHALES, "Colours of Überall"]),
            ("zebra", &[]),
        ] {
            browser.search(words).await?;
            browser.list_is(found).await?;
            let none = "(() => { const none = document.querySelector('#history .none'); return none.checkVisibility() ? none.innerText : ''; })()";
            let said = browser.value::<String>(none).await?;
            assert_eq!(said.contains("No matches"), found.is_empty(), "{words}: {said:?}");
            let spoken = browser.value::<String>("document.querySelector('#spoken').innerText").await?;
            assert_eq!(spoken.contains("No matches"), found.is_empty(), "{words}: {spoken:?}");
        }
        browser.search("  ").await?;
        browser.list_is(&[WHALES, "Colours of Überall"]).await?;

        // Deleting asks first.
        let entry = browser.act_on(WHALES, "delete").await?;
        browser.click(&format!("{entry} .cancel")).await?;
        browser.list_is(&[WHALES, "Colours of Überall"]).await?;
        assert_eq!(browser.turns().await?, 1);
        let entry = browser.act_on(WHALES, "delete").await?;
        browser.click(&format!("{entry} .delete-now")).await?;
        browser.list_is(&["Colours of Überall"]).await?;
        // It was the one that was shown.
        browser.shows(&[]).await?;
        assert_eq!(browser.id_in_address().await?, "");

        browser.client().refresh().await?;
        browser.list_is(&["Colours of Überall"]).await?;
        browser.search("whales").await?;
        browser.list_is(&[]).await?;
        assert_eq!(stored(browser).await?, json!({ "keep": 0, "summaries": 1, "conversations": 1, "tails": 0 }));
        browser.search(" ").await?;
        browser.open_listed("Colours of Überall").await?;
        browser.shows(&[SKY]).await?;
        assert!(browser.value::<String>("document.title").await?.starts_with("Colours of Überall"));
        Ok(())
    });
}

fn is_kind(name: &str, kind: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == kind)
}

/// Where the browser saves files.
struct Downloads {
    folder: PathBuf,
}

impl Downloads {
    async fn of(browser: &Browser, name: &str) -> Result<Self, Error> {
        let folder = std::env::temp_dir().join(format!("signet-e2e-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let params = json!({ "behavior": "allow", "downloadPath": folder.to_str() });
        browser.cdp("Browser.setDownloadBehavior", params).await?;
        Ok(Self { folder })
    }

    /// Name and content of the file that an act brings.
    async fn after(&self, act: impl AsyncFnOnce() -> Result<(), Error>) -> Result<(String, String), Error> {
        for old in std::fs::read_dir(&self.folder)? {
            std::fs::remove_file(old?.path())?;
        }
        act().await?;
        let mut found = None;
        wait_until("a file to be saved", PATIENCE, async || {
            let names: Vec<_> =
                std::fs::read_dir(&self.folder)?.filter_map(Result::ok).map(|file| file.path()).collect();
            found = names.into_iter().find(|name| name.extension().is_some_and(|kind| kind == "md" || kind == "json"));
            Ok(found.as_ref().is_some_and(|name| std::fs::metadata(name).is_ok_and(|file| file.len() > 0)))
        })
        .await?;
        let file = found.unwrap();
        Ok((file.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&file)?))
    }

    /// A file of the test's own, to be imported.
    fn file(&self, name: &str, content: &str) -> Result<PathBuf, Error> {
        let path = self.folder.with_extension(name);
        std::fs::write(&path, content)?;
        Ok(path)
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        // What is left in the folder for temporary files harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn imports(browser: &Browser, file: &Path) -> Result<(), Error> {
    Ok(browser.element("#import").await?.send_keys(file.to_str().unwrap()).await?)
}

#[test]
fn a_file_takes_conversations_to_another_browser() {
    if !has_devtools() {
        return;
    }
    test(async |stage, browser| {
        let downloads = Downloads::of(browser, "export").await?;
        alice(stage, browser).await?;
        asks(browser, SKY).await?;
        asks(browser, "A tour, please: demo:markdown demo:pace 0").await?;
        let sky = browser.shown().await?;
        asks_anew(browser, WHALES).await?;
        let whales = browser.shown().await?;

        let (name, markdown) = downloads.after(async || browser.act_on(SKY, "save-markdown").await.map(drop)).await?;
        assert!(name.starts_with("Why-is-the-sky-blue-") && is_kind(&name, "md"), "{name}");
        for part in
            [&*format!("# {SKY}"), &format!("> {SKY}"), "# A tour of Markdown", "**No model has read your prompt.**"]
        {
            assert!(markdown.contains(part), "{part} is not in {markdown}");
        }
        assert!(!markdown.contains("whales"));
        let (_, one) = downloads.after(async || browser.act_on(SKY, "save-json").await.map(drop)).await?;
        browser.opens_history().await?;
        let (name, all) = downloads.after(async || browser.click(".save-all").await).await?;
        assert!(name.starts_with("conversations-") && is_kind(&name, "json"), "{name}");
        let count = |file: &str| -> Result<usize, Error> {
            Ok(serde_json::from_str::<Json>(file)?["conversations"].as_array().map_or(0, Vec::len))
        };
        assert_eq!((count(&one)?, count(&all)?), (1, 2));
        for secret in stage.gateway().issued().iter().map(String::as_str).chain([stage.alice().username]) {
            assert!(!all.contains(secret), "a secret or a name of {} bytes is in the file", secret.len());
        }

        let other = Browser::start(None).await?;
        let outcome = async {
            other.client().goto(stage.origin()).await?;
            alice(stage, &other).await?;
            other.click("#conversations").await?;
            let file = downloads.file("all.json", &all)?;
            imports(&other, &file).await?;
            other.remark("2 conversations were imported.").await?;
            other.list_is(&[WHALES, SKY]).await?;
            // Where the panel is a drawer it says so itself, and what else is said can be heard.
            other.client().set_window_size(700, 900).await?;
            imports(&other, &file).await?;
            other.remark("0 conversations were imported; 2 were already there.").await?;
            let said = "document.documentElement.dataset.history === 'drawer' && document.querySelector('#history .said').innerText.includes('2 were already there') \
                        && !['remark', 'status', 'spoken'].some(id => document.getElementById(id).closest('[inert]'))";
            assert!(other.value::<bool>(said).await?);
            other.widen().await?;
            other.list_is(&[WHALES, SKY]).await?;
            for (title, was) in [(SKY, &sky), (WHALES, &whales)] {
                other.open_listed(title).await?;
                let questions: Vec<_> = was.iter().map(|turn| turn.asked.as_str()).collect();
                assert_eq!(other.shows(&questions).await?, *was);
            }
            // It is there for good.
            other.client().refresh().await?;
            other.list_is(&[WHALES, SKY]).await
        }
        .await;
        other.close().await?;
        outcome
    });
}

/// A conversation in a file, whose title, prompt and answer are those.
fn conversation(id: &str, title: &str, prompt: &str, text: &str) -> Json {
    let answer = json!({ "useCase": "balanced", "asked": 1, "context": 0, "model": title, "text": text, "end": "done", "duration": 1 });
    json!({ "id": id, "title": title, "updated": 1, "turns": [{ "prompt": prompt, "answers": [answer] }] })
}

fn file_of(conversations: &[Json]) -> String {
    json!({ "format": "signet-conversations", "version": 1, "conversations": conversations }).to_string()
}

#[test]
fn a_long_list_is_shown_in_parts() {
    test(async |stage, browser| {
        let downloads =
            Downloads { folder: std::env::temp_dir().join(format!("signet-e2e-{}-long", std::process::id())) };
        alice(stage, browser).await?;
        browser.opens_history().await?;
        let many: Vec<_> =
            (0..120).map(|at| conversation(&format!("c{at}"), &format!("Number {at} of many"), "p", "a")).collect();
        imports(browser, &downloads.file("many.json", &file_of(&many))?).await?;
        browser.remark("120 conversations were imported.").await?;
        let shown = "document.querySelectorAll('#history li').length";
        let more = "#history .more-entries";
        for (most, focused) in [(50, None), (100, Some(50)), (120, Some(100))] {
            if focused.is_some() {
                browser.click(more).await?;
            }
            browser.wait_for(&format!("{most} entries"), &format!("{shown} === {most}")).await?;
            if let Some(focused) = focused {
                let first =
                    format!("document.activeElement === document.querySelectorAll('#history li > a')[{focused}]");
                browser.wait_for("the focus on the first that came", &first).await?;
            }
        }
        let is_offered = format!("document.querySelector('{more}').checkVisibility()");
        assert!(!browser.value::<bool>(&is_offered).await?, "there are no more to show");
        // A search looks at all of them, and begins with the first part again.
        browser.search("Number 119").await?;
        browser.wait_for("the one that is found", &format!("{shown} === 1")).await?;
        browser.search("many").await?;
        browser.wait_for("a part of what is found", &format!("{shown} === 50 && {is_offered}")).await?;
        Ok(())
    });
}

#[test]
fn a_broken_or_hostile_file_does_no_harm() {
    test(async |stage, browser| {
        let downloads =
            Downloads { folder: std::env::temp_dir().join(format!("signet-e2e-{}-hostile", std::process::id())) };
        alice(stage, browser).await?;
        asks(browser, SKY).await?;
        let id = browser.id_in_address().await?;
        let before = browser.shown().await?;
        let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
        let whole = file_of(&[conversation("x1", "t", "p", "a")]);
        for (content, said) in [
            ("", "not a JSON file of conversations"),
            ("no JSON", "not a JSON file of conversations"),
            ("[1, 2", "not a JSON file of conversations"),
            (&deep, "not a JSON file of conversations"),
            ("{\"format\":\"signet-conversations\"}", "cannot be imported"),
            (&whole[..whole.len() - 9], "not a JSON file of conversations"),
            ("{\"format\":\"signet-conversations\",\"version\":2,\"conversations\":[]}", "newer version"),
            (
                &file_of(&[json!(7), json!({ "id": "../x" }), json!({ "id": "a b", "title": "" })]),
                "3 could not be read",
            ),
        ] {
            imports(browser, &downloads.file("broken.json", content)?).await?;
            browser.remark(said).await?;
            browser.list_is(&[SKY]).await?;
            // A sentence that comes twice is seen only if it went away.
            begins(browser).await?;
            browser.wait_for("the remark to go", "!document.querySelector('#remark').innerText.trim()").await?;
        }
        browser.open_listed(SKY).await?;
        assert_eq!(browser.shows(&[SKY]).await?, before);

        let nasty = "<img src=x onerror=\"window.injected = 1\"><script>window.injected = 1</script> [x](javascript:window.injected=1) \
                     ![y](https://example.com/leak.png)";
        let hostile = [
            // The id of another conversation that is there: nothing of that is overwritten.
            conversation(&id, "Overwritten", nasty, nasty),
            conversation("h1", nasty, nasty, nasty),
            conversation("\"><img src=x>", "bad id", "p", "a"),
        ];
        imports(browser, &downloads.file("hostile.json", &file_of(&hostile))?).await?;
        let said = browser.remark("could not be read").await?;
        assert!(said.contains("2 conversations were imported") && said.contains("1 could not be read"), "{said}");
        let titles: Vec<String> =
            browser.value("[...document.querySelectorAll('#history li .name')].map(name => name.textContent)").await?;
        assert!(titles.contains(&"Overwritten".to_owned()) && titles.contains(&SKY.to_owned()), "{titles:?}");
        browser.open_listed("Overwritten").await?;
        browser.shows(&[nasty]).await?;
        assert_eq!(browser.value::<Json>("window.injected ?? null").await?, Json::Null);
        let made =
            "document.querySelectorAll('#log :is(img, script, iframe), #log a[href^=javascript], #history img').length";
        assert_eq!(browser.value::<usize>(made).await?, 0);
        browser.open_listed(SKY).await?;
        assert_eq!(browser.shows(&[SKY]).await?, before);
        Ok(())
    });
}

#[test]
fn signing_out_wipes_what_was_asked() {
    test(async |stage, browser| {
        let (alice_, bob) = (stage.alice(), stage.bob());
        alice(stage, browser).await?;
        asks(browser, SKY).await?;
        browser.list_is(&[SKY]).await?;
        assert_eq!(stored(browser).await?["conversations"], 1);
        signs_out(browser).await?;
        let nothing = json!({ "keep": 0, "summaries": 0, "conversations": 0, "tails": 0 });
        wait_until("everything to be wiped", PATIENCE, async || Ok(stored(browser).await? == nothing)).await?;
        assert_eq!(browser.id_in_address().await?, "");

        browser.sign_in(bob.username, bob.password).await?;
        browser.list_is(&[]).await?;
        assert_eq!(browser.turns().await?, 0);
        signs_out(browser).await?;
        browser.sign_in(alice_.username, alice_.password).await?;
        browser.list_is(&[]).await?;
        Ok(())
    });
}

#[test]
fn what_is_kept_is_seen_by_nobody_else() {
    test(async |stage, browser| {
        let (alice_, bob) = (stage.alice(), stage.bob());
        alice(stage, browser).await?;
        asks(browser, SKY).await?;
        let before = browser.shown().await?;
        let id = browser.id_in_address().await?;
        keeps(browser).await?;
        signs_out(browser).await?;
        assert!(!browser.value::<String>("document.documentElement.textContent").await?.contains("sky"));
        assert_eq!(stored(browser).await?["conversations"], 1);

        // Bob does not see it, not by its address either, and his own goes when he leaves.
        browser.client().goto(&format!("{}/#c={id}", stage.origin())).await?;
        browser.sign_in(bob.username, bob.password).await?;
        browser.remark("not in this browser").await?;
        browser.list_is(&[]).await?;
        assert_eq!(browser.turns().await?, 0);
        // Nothing is said to him of her answers.
        let said = "document.querySelector('#status').textContent + document.querySelector('#spoken').textContent";
        assert_eq!(browser.value::<String>(said).await?, "");
        assert!(!browser.value::<bool>("document.querySelector('#keep').checked").await?);
        browser.ask("May I?").await?;
        browser.turn_is("failed").await?;
        browser.list_is(&["May I?"]).await?;
        signs_out(browser).await?;
        let hers = json!({ "keep": 1, "summaries": 1, "conversations": 1, "tails": 0 });
        wait_until("bob's to be wiped", PATIENCE, async || Ok(stored(browser).await? == hers)).await?;

        browser.sign_in(alice_.username, alice_.password).await?;
        browser.list_is(&[SKY]).await?;
        assert!(browser.value::<bool>("document.querySelector('#keep').checked").await?);
        browser.open_listed(SKY).await?;
        assert_eq!(browser.shows(&[SKY]).await?, before);

        // Until she does not want that any more.
        browser.opens_history().await?;
        browser.click("#keep").await?;
        wait_until("the tick to go", PATIENCE, async || Ok(stored(browser).await?["keep"] == 0)).await?;
        signs_out(browser).await?;
        let nothing = json!({ "keep": 0, "summaries": 0, "conversations": 0, "tails": 0 });
        wait_until("everything to be wiped", PATIENCE, async || Ok(stored(browser).await? == nothing)).await
    });
}

#[test]
fn an_address_leads_to_a_conversation() {
    test(async |stage, browser| {
        alice(stage, browser).await?;
        asks(browser, SKY).await?;
        let sky = browser.id_in_address().await?;
        let whales = asks_anew(browser, WHALES).await?;
        assert!(!sky.is_empty() && !whales.is_empty() && sky != whales);
        let address = |id: &str| format!("{}/#c={id}", stage.origin());

        // On load.
        browser.client().goto("about:blank").await?;
        browser.client().goto(&address(&sky)).await?;
        browser.shows(&[SKY]).await?;
        // Within the page: links, Back, Forward, a new one.
        browser.open_listed(WHALES).await?;
        browser.shows(&[WHALES]).await?;
        browser.client().back().await?;
        browser.shows(&[SKY]).await?;
        browser.client().forward().await?;
        browser.shows(&[WHALES]).await?;
        begins(browser).await?;
        assert_eq!(browser.id_in_address().await?, "");
        browser.client().back().await?;
        browser.shows(&[WHALES]).await?;
        browser.client().forward().await?;
        browser.shows(&[]).await?;

        // One that is not there, within the page and on load.
        browser.open_listed(SKY).await?;
        browser.shows(&[SKY]).await?;
        browser.client().execute("location.hash = '#c=nobodys';", vec![]).await?;
        browser.remark("not in this browser").await?;
        browser.client().back().await?;
        browser.shows(&[SKY]).await?;
        browser.wait_for("the remark to go", "!document.querySelector('#remark').innerText.trim()").await?;
        browser.client().goto("about:blank").await?;
        browser.client().goto(&address("nobodys")).await?;
        browser.remark("not in this browser").await?;
        asks(browser, RAIN).await?;
        let rain = browser.id_in_address().await?;
        assert!(![&sky, &whales, "nobodys", ""].contains(&rain.as_str()), "{rain}");

        // Through a sign-in: in a tab that nobody is signed in in, and after signing out.
        let tab = browser.client().new_window(true).await?;
        browser.client().switch_to_window(tab.handle).await?;
        browser.client().goto(&address(&whales)).await?;
        browser.sign_in(stage.alice().username, stage.alice().password).await?;
        browser.shows(&[WHALES]).await?;
        assert_eq!(browser.id_in_address().await?, whales);
        keeps(browser).await?;
        signs_out(browser).await?;
        browser.client().goto(&address(&sky)).await?;
        browser.sign_in(stage.alice().username, stage.alice().password).await?;
        browser.shows(&[SKY]).await?;
        Ok(())
    });
}

#[test]
fn a_browser_that_refuses_storage_is_told_of_and_the_conversation_goes_on() {
    test_from_blank(async |stage, browser| {
        let refused = "IDBFactory.prototype.open = () => { throw new DOMException('refused', 'SecurityError'); };\n";
        stage.before_the_worker(refused)?;
        browser.client().goto(stage.origin()).await?;
        alice(stage, browser).await?;
        // Also to whom the panel that says so is closed.
        browser.remark("does not let the page store anything").await?;
        browser.click("#conversations").await?;
        let told = browser.store_notice().await?;
        assert!(told.contains("does not let the page store anything"), "{told}");
        goes_on_in_memory(browser, &[]).await?;
        browser.client().refresh().await?;
        browser.signed_out().await
    });
}

/// Two conversations can be asked in, opened, renamed and found while the tab is there.
async fn goes_on_in_memory(browser: &Browser, before: &[&str]) -> Result<(), Error> {
    asks_anew(browser, SKY).await?;
    let shown = browser.shown().await?;
    asks_anew(browser, RAIN).await?;
    let list = |titles: &[&'static str]| titles.iter().chain(before).copied().map(str::to_owned).collect::<Vec<_>>();
    let is = async |titles: Vec<String>| browser.list_is(&titles.iter().map(String::as_str).collect::<Vec<_>>()).await;
    is(list(&[RAIN, SKY])).await?;
    browser.open_listed(SKY).await?;
    assert_eq!(browser.shows(&[SKY]).await?, shown);
    asks(browser, "Where do albatrosses nest? demo:pace 0").await?;
    is(list(&[SKY, RAIN])).await?;
    browser.search("albatrosses").await?;
    browser.list_is(&[SKY]).await?;
    browser.search(" ").await?;
    is(list(&[SKY, RAIN])).await
}

/// In the worker: once the page says so, the store ends every change as a full one does.
const FULL: &str = "
    const [channel, commit] = [new BroadcastChannel('e2e-full'), IDBTransaction.prototype.commit];
    let isFull = false;
    channel.onmessage = ({ data }) => { isFull = data; channel.postMessage('heard'); };
    IDBTransaction.prototype.commit = function () {
        if (!isFull) return commit.call(this);
        Object.defineProperty(this, 'error', { value: new DOMException('full', 'QuotaExceededError') });
        this.abort();
    };\n";

#[test]
fn a_full_store_is_told_of_and_there_is_room_again_later() {
    test_from_blank(async |stage, browser| {
        stage.before_the_worker(FULL)?;
        browser.client().goto(stage.origin()).await?;
        alice(stage, browser).await?;
        asks(browser, WHALES).await?;
        browser.list_is(&[WHALES]).await?;
        let is_full = async |is: bool| {
            let script = "const [is, done] = arguments; const channel = new BroadcastChannel('e2e-full'); \
                          channel.onmessage = () => { channel.close(); done(); }; channel.postMessage(is);";
            browser.client().execute_async(script, vec![json!(is)]).await
        };
        is_full(true).await?;
        asks_anew(browser, "Is there room? demo:pace 0").await?;
        let told = browser.store_notice().await?;
        assert!(told.contains("storage is full"), "{told}");
        goes_on_in_memory(browser, &["Is there room? demo:pace 0", WHALES]).await?;
        is_full(false).await?;
        asks_anew(browser, "And now? demo:pace 0").await?;
        browser.wait_for("the notice to go", "!document.querySelector('#history .notice').textContent.trim()").await?;
        wait_until("all to be stored", PATIENCE, async || Ok(stored(browser).await?["conversations"] == 5)).await?;
        browser.client().refresh().await?;
        browser.list_is(&["And now? demo:pace 0", SKY, RAIN, "Is there room? demo:pace 0", WHALES]).await
    });
}

#[test]
fn another_tab_of_the_same_person_sees_what_is_new() {
    test(async |stage, browser| {
        alice(stage, browser).await?;
        asks(browser, SKY).await?;
        let first = browser.client().window().await?;
        let second = browser.client().new_window(true).await?;
        browser.client().switch_to_window(second.handle).await?;
        browser.client().goto(stage.origin()).await?;
        alice(stage, browser).await?;
        browser.list_is(&[SKY]).await?;
        asks(browser, WHALES).await?;
        browser.list_is(&[WHALES, SKY]).await?;
        browser.client().switch_to_window(first).await?;
        browser.list_is(&[WHALES, SKY]).await?;
        browser.open_listed(WHALES).await?;
        browser.shows(&[WHALES]).await?;
        Ok(())
    });
}

/// Everything in all databases as one character for each byte, and as text; how many pieces of bytes there were.
const DUMP: &str = "
    const done = arguments[0];
    const promised = request => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const counts = {};
    const spelled = (value, store) => {
        if (value instanceof ArrayBuffer) value = new Uint8Array(value);
        if (ArrayBuffer.isView(value)) {
            const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
            counts[store] = (counts[store] ?? 0) + bytes.length;
            return ['latin1', 'utf-8', 'utf-16le'].map(name => new TextDecoder(name).decode(bytes)).join('\\n');
        }
        if (value && typeof value === 'object') return Object.entries(value).map(([key, one]) => key + '=' + spelled(one, store)).join('\\n');
        return String(value);
    };
    (async () => {
        let text = '';
        for (const { name } of await indexedDB.databases()) {
            const database = await promised(indexedDB.open(name));
            for (const store of database.objectStoreNames) {
                const all = database.transaction(store).objectStore(store);
                text += spelled(await promised(all.getAllKeys()), store) + spelled(await promised(all.getAll()), store);
            }
            database.close();
        }
        done({ text: text + JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }), counts });
    })().catch(error => done({ error: String(error) }));";

#[test]
fn nothing_of_a_conversation_can_be_read_in_the_database() {
    test(async |stage, browser| {
        alice(stage, browser).await?;
        asks(browser, SKY).await?;
        begins(browser).await?;
        browser.ask("Where do albatrosses nest? long").await?;
        browser.answer_is_longer_than(400).await?;
        // Its tail is being written.
        let mut dump = Json::Null;
        wait_until("a tail in the store", PATIENCE, async || {
            dump = browser.client().execute_async(DUMP, vec![]).await?;
            Ok(dump["counts"]["tails"].as_u64().is_some_and(|bytes| bytes > 100))
        })
        .await?;
        for store in ["summaries", "conversations"] {
            assert!(dump["counts"][store].as_u64().is_some_and(|bytes| bytes > 100), "{store}: {}", dump["counts"]);
        }
        let text = dump["text"].as_str().unwrap().to_lowercase();
        assert!(text.contains("sealed=") && text.contains("nonce="), "the search does not find what is there");
        for word in ["sky blue", "albatross", "demonstration", "balanced", "alice"] {
            assert!(!text.contains(word), "{word:?} can be read");
        }
        Ok(())
    });
}
