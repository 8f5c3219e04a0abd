//! Reading while an answer comes: what is in view, what is selected, what is touched, and what a tab in the background misses.

use serde_json::{Value as Json, json};
use signet_e2e::{Browser, Error, PATIENCE, Stage, has_devtools, test, wait_until};

async fn alice(stage: &Stage, browser: &Browser) -> Result<(), Error> {
    browser.sign_in(stage.alice().username, stage.alice().password).await
}

/// How far the page's end is below what can be seen, and where the page is, in pixels.
async fn place(browser: &Browser) -> Result<(f64, f64), Error> {
    browser
        .value("(() => { const root = document.documentElement; return [root.scrollHeight - scrollY - innerHeight, scrollY]; })()")
        .await
}

/// After two more frames, in which everything that came was shown.
async fn frames(browser: &Browser) -> Result<(), Error> {
    let script = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()));";
    browser.client().execute_async(script, vec![]).await?;
    Ok(())
}

/// Waits until the answer has so many characters more than now.
async fn grows(browser: &Browser, by: usize) -> Result<(), Error> {
    let now =
        browser.value::<usize>("[...document.querySelectorAll('#log .answer')].at(-1).innerText.trim().length").await?;
    browser.answer_is_longer_than(now + by).await?;
    frames(browser).await
}

/// Turns the wheel over the conversation.
async fn wheel(browser: &Browser, down: i32) -> Result<(), Error> {
    let params = json!({ "type": "mouseWheel", "x": 400, "y": 300, "deltaX": 0, "deltaY": down });
    browser.cdp("Input.dispatchMouseEvent", params).await?;
    Ok(())
}

const IS_LONG: &str = "document.documentElement.scrollHeight > 1.5 * innerHeight";
const LATEST: &str = "document.querySelector('#latest').checkVisibility()";

#[test]
fn the_page_goes_with_the_answer_only_while_the_reader_is_at_its_end() {
    if !has_devtools() {
        return;
    }
    test(async |stage, browser| {
        alice(stage, browser).await?;
        browser.ask("demo:size 100 demo:pace 10").await?;
        browser.wait_for("more than fits the window", IS_LONG).await?;
        for _ in 0..5 {
            grows(browser, 100).await?;
            let (below, _) = place(browser).await?;
            assert!(below < 49.0, "the end is {below} px below");
        }
        assert!(!browser.value::<bool>(LATEST).await?);

        wheel(browser, -300).await?;
        browser.wait_for("the button to the end", LATEST).await?;
        let (_, before) = place(browser).await?;
        for _ in 0..5 {
            grows(browser, 100).await?;
            assert!((place(browser).await?.1 - before).abs() < 1.0, "the page moved under the reader");
        }
        browser.click("#latest").await?;
        for _ in 0..3 {
            grows(browser, 100).await?;
            let (below, _) = place(browser).await?;
            assert!(below < 49.0, "the end is {below} px below");
        }
        browser.wait_for("the button to go", &format!("!{LATEST}")).await?;

        // The reader's own way down to the end counts, too.
        browser.client().execute("document.activeElement.blur(); scrollBy(0, -400);", vec![]).await?;
        browser.wait_for("the button to the end", LATEST).await?;
        wheel(browser, 100_000).await?;
        wait_until("the end", PATIENCE, async || Ok(place(browser).await?.0 < 49.0)).await?;
        grows(browser, 300).await?;
        let (below, _) = place(browser).await?;
        assert!(below < 49.0, "the end is {below} px below");
        browser.click("#stop").await?;
        browser.turn_is("stopped").await?;
        Ok(())
    });
}

#[test]
fn a_new_question_and_its_answer_are_in_view_whatever_came_before() {
    if !has_devtools() {
        return;
    }
    for (width, height) in [(1280, 720), (390, 844), (320, 640), (1920, 1080)] {
        test(async |stage, browser| {
            let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
            browser.cdp("Emulation.setDeviceMetricsOverride", size).await?;
            alice(stage, browser).await?;
            // Older turns are left out of the layout, so each of these is once the one that goes.
            for size in [1, 1, 1, 1, 30, 1, 1, 12, 1, 1] {
                browser.ask(&format!("demo:size {size} demo:pace 0")).await?;
                let asked = "(() => { const { top, bottom } = [...document.querySelectorAll('#log .asked')].at(-1).getBoundingClientRect(); \
                             return top >= 0 && bottom <= innerHeight; })()";
                if size == 1 {
                    browser.wait_for(&format!("the question at {width}×{height}"), asked).await?;
                }
                browser.turn_is("done").await?;
                frames(browser).await?;
                let (below, _) = place(browser).await?;
                assert!(below < 49.0, "the end is {below} px below after {size} at {width}×{height}");
            }
            // Nothing moves by itself afterwards, and the reader's own way up is not undone.
            let (_, before) = place(browser).await?;
            frames(browser).await?;
            assert!((place(browser).await?.1 - before).abs() < 1.0, "the page moved by itself at {width}×{height}");
            wheel(browser, -400).await?;
            browser.wait_for("the button to the end", LATEST).await?;
            let (_, up) = place(browser).await?;
            frames(browser).await?;
            assert!((place(browser).await?.1 - up).abs() < 1.0, "the page went back down at {width}×{height}");
            Ok(())
        });
    }
}

#[test]
fn a_button_stays_while_the_keyboard_is_on_it() {
    if !has_devtools() {
        return;
    }
    test(async |stage, browser| {
        alice(stage, browser).await?;
        browser.ask("demo:size 6 demo:pace 0").await?;
        browser.turn_is("done").await?;
        browser.client().execute("scrollTo(0, 0);", vec![]).await?;
        browser.wait_for("the button to the end", LATEST).await?;
        browser.tab_back_to("#latest").await?;
        wheel(browser, 100_000).await?;
        browser.wait_for("the end", "document.querySelector('#latest[data-off]')").await?;
        frames(browser).await?;
        assert_eq!(browser.value::<String>("document.activeElement.id").await?, "latest");
        assert!(browser.value::<bool>(LATEST).await?);
        browser.tab_on_to("#prompt").await?;
        assert!(!browser.value::<bool>(LATEST).await?);

        let stop = "document.querySelector('#stop').checkVisibility()";
        browser.ask("demo:size 1 demo:pace 40").await?;
        browser.wait_for("the button to stop", stop).await?;
        browser.tab_on_to("#stop").await?;
        browser.wait_for("no answer to stop", "document.querySelector('#stop[data-off]')").await?;
        frames(browser).await?;
        assert_eq!(browser.value::<String>("document.activeElement.id").await?, "stop");
        // Pressed now, it has nothing to stop.
        browser.key("\u{E007}").await?;
        browser.wait_for("the focus in the prompt", "document.activeElement.id === 'prompt'").await?;
        assert!(!browser.value::<bool>(stop).await?);
        browser.turn_is("done").await?;
        Ok(())
    });
}

#[test]
fn the_start_of_an_answer_stays_in_view_for_who_wants_that() {
    test(async |stage, browser| {
        alice(stage, browser).await?;
        browser.click(".help").await?;
        browser.click("#start-in-view").await?;
        browser.click("dialog#help button").await?;
        let top = "[...document.querySelectorAll('#log article.turn')].at(-1).getBoundingClientRect().top";
        for prompt in ["First demo:size 6 demo:pace 2", "Then demo:size 6 demo:pace 2"] {
            let before = browser.turns().await?;
            browser.ask(prompt).await?;
            browser
                .wait_for("the question", &format!("document.querySelectorAll('#log article.turn').length > {before}"))
                .await?;
            browser.turn_is("streaming").await?;
            frames(browser).await?;
            let begun = browser.value::<f64>(top).await?;
            assert!((0.0..160.0).contains(&begun), "{prompt}: it begins {begun} px below the window's top");
            browser.wait_for("more than fits the window", IS_LONG).await?;
            browser.turn_is("done").await?;
            frames(browser).await?;
            let ended = browser.value::<f64>(top).await?;
            assert!((ended - begun).abs() < 1.0, "{prompt}: it was {begun} px below the window's top, and is {ended}");
        }
        // The choice is this browser's.
        browser.client().refresh().await?;
        browser.signed_in().await?;
        browser.click(".help").await?;
        assert!(browser.value::<bool>("document.querySelector('#start-in-view').checked").await?);
        Ok(())
    });
}

#[test]
fn a_selection_stays_while_the_answer_comes_and_can_be_copied() {
    test(async |stage, browser| {
        alice(stage, browser).await?;
        browser.ask("demo:markdown demo:pace 5").await?;
        browser
            .wait_for("a paragraph after the first one", "document.querySelectorAll('#log .part > p').length > 1")
            .await?;
        let select = "const text = document.querySelector('#log .part > p').firstChild; getSelection().setBaseAndExtent(text, 4, text, text.length);";
        browser.client().execute(select, vec![]).await?;
        let selected = browser.value::<String>("getSelection().toString()").await?;
        assert!(selected.contains("demonstration wrote this"), "{selected:?}");
        browser.turn_is("streaming").await?;
        for _ in 0..3 {
            grows(browser, 200).await?;
            assert_eq!(browser.value::<String>("getSelection().toString()").await?, selected);
        }
        browser.turn_is("done").await?;
        frames(browser).await?;
        assert_eq!(browser.value::<String>("getSelection().toString()").await?, selected);
        let copy = "const done = arguments[0]; document.addEventListener('copy', () => done(getSelection().toString()), { once: true }); document.execCommand('copy');";
        assert_eq!(browser.client().execute_async(copy, vec![]).await?, json!(selected));
        Ok(())
    });
}

/// Notes each change in a block of the answer after which another one stood before that change.
const WATCH_BLOCKS: &str = "
    const [touched, committed] = [window.e2eTouched = [], new Set()];
    window.e2eCommitted = committed;
    const answer = () => [...document.querySelectorAll('#log .answer')].at(-1);
    new MutationObserver(changes => {
        const root = answer();
        for (const change of changes) {
            if (!root?.contains(change.target)) continue;
            const removed = [...change.removedNodes].filter(node => committed.has(node));
            let block = change.target;
            while (block !== root && block.parentNode?.parentNode !== root) block = block.parentNode;
            if (committed.has(block)) removed.push(block);
            for (const node of removed) touched.push(`${change.type} in ${node.textContent.slice(0, 300)}`);
        }
        const blocks = [...root?.querySelectorAll(':scope > .part > *') ?? []];
        for (const block of blocks.slice(0, -1)) committed.add(block);
    }).observe(document.querySelector('#log'), { childList: true, subtree: true, characterData: true, attributes: true });";

#[test]
fn a_block_is_not_touched_once_the_next_one_has_begun() {
    test(async |stage, browser| {
        alice(stage, browser).await?;
        browser.client().execute(WATCH_BLOCKS, vec![]).await?;
        for (prompt, blocks) in
            [("long demo:pace 3", 8), ("demo:size 12 demo:pace 3", 30), ("demo:markdown demo:pace 5", 35)]
        {
            let before = browser.turns().await?;
            browser.ask(prompt).await?;
            browser
                .wait_for("the question", &format!("document.querySelectorAll('#log article.turn').length > {before}"))
                .await?;
            browser.turn_is("done").await?;
            let (touched, committed) = browser
                .value::<(Vec<String>, usize)>(
                    "[e2eTouched.splice(0), (n => { e2eCommitted.clear(); return n; })(e2eCommitted.size)]",
                )
                .await?;
            assert!(committed >= blocks, "{prompt}: only {committed} blocks were seen while the answer came");
            // The tour's one link whose address is told at its end is completed then.
            let touched: Vec<_> = touched.into_iter().filter(|touched| !touched.contains("reference link")).collect();
            assert_eq!(touched, Vec::<String>::new(), "{prompt}");
        }
        Ok(())
    });
}

#[test]
fn what_was_streamed_is_what_is_opened_again() {
    test(async |stage, browser| {
        alice(stage, browser).await?;
        let prompts = [
            "demo:markdown demo:pace 4",
            "long demo:pace 1",
            "demo:size 8 demo:pace 0 demo:reasoning",
            "demo:fail demo:pace 1",
        ];
        for (count, prompt) in prompts.iter().enumerate() {
            browser.ask(prompt).await?;
            browser
                .wait_for("the question", &format!("document.querySelectorAll('#log article.turn').length > {count}"))
                .await?;
            browser.turn_is(if prompt.contains("fail") { "failed" } else { "done" }).await?;
        }
        let streamed = browser.shown().await?;
        browser.client().refresh().await?;
        let opened = browser.shows(&prompts).await?;
        for (opened, streamed) in opened.iter().zip(&streamed) {
            assert_eq!(opened, streamed);
        }
        assert!(streamed[0].answer.contains("<table") && streamed[0].answer.len() > 5000);
        Ok(())
    });
}

#[test]
fn a_tab_in_the_background_misses_nothing() {
    if !has_devtools() {
        return;
    }
    test(async |stage, browser| {
        alice(stage, browser).await?;
        let mut devtools = browser.devtools().await?;
        let first = browser.client().window().await?;
        browser.ask("demo:size 6 demo:pace 5").await?;
        browser.answer_is_longer_than(100).await?;
        let note = "document.addEventListener('visibilitychange', () => {
            (window.e2eSeen ??= []).push([document.visibilityState, document.querySelector('#log .answer').textContent.length]);
        });";
        browser.client().execute(note, vec![]).await?;
        let second = browser.client().new_window(true).await?;
        browser.client().switch_to_window(second.handle.clone()).await?;
        browser.cdp("Page.bringToFront", json!({})).await?;
        let mut hidden = false;
        wait_until("the first tab to be hidden", PATIENCE, async || {
            hidden = devtools.evaluate(None, "document.hidden").await? == json!(true);
            Ok(hidden)
        })
        .await?;
        // It grows out of sight, where no frame comes, to its end.
        let state = "document.querySelector('#log .turn').dataset.state";
        wait_until("the answer to end out of sight", PATIENCE, async || {
            Ok(devtools.evaluate(None, state).await? == json!("done"))
        })
        .await?;
        assert_eq!(devtools.evaluate(None, "document.hidden").await?, json!(true));
        let text = "document.querySelector('#log .answer').textContent";
        let out_of_sight = devtools.evaluate(None, text).await?;
        drop(devtools);
        browser.client().switch_to_window(first).await?;
        browser.cdp("Page.bringToFront", json!({})).await?;
        browser.wait_for("the tab to be shown", "!document.hidden").await?;
        assert_eq!(browser.value::<Json>(text).await?, out_of_sight);
        // The reader was at the end, and is.
        let (below, _) = place(browser).await?;
        assert!(below < 49.0, "the end is {below} px below");
        assert!(browser.value::<bool>("!document.querySelector('#log[aria-busy]')").await?);
        let seen = browser.value::<Vec<(String, usize)>>("e2eSeen").await?;
        let whole = out_of_sight.as_str().unwrap().encode_utf16().count();
        assert!(seen.first().is_some_and(|(state, length)| state == "hidden" && *length < whole), "{seen:?}");
        assert_eq!(seen.last(), Some(&("visible".to_owned(), whole)));
        // The same as when it is opened again.
        let streamed = browser.shown().await?;
        browser.client().refresh().await?;
        assert_eq!(browser.shows(&["demo:size 6 demo:pace 5"]).await?, streamed);
        Ok(())
    });
}
