//! A conversation: several turns, other answers to the same question, what went wrong and how it goes on, and what is known of each answer.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::{Value as Json, json};
use signet_e2e::cognito::{Cognito, Script};
use signet_e2e::{
    Announcement, Browser, Error, PATIENCE, Reply, Stage, has_devtools, test, test_from_blank, wait_until,
};

use crate::flow::{ann, tokens};

/// Ann has signed in, and the function answers as the script says.
async fn talk(
    stage: &Stage,
    browser: &Browser,
    script: impl FnOnce(Script) -> Script,
    change: impl FnOnce(&mut Json),
) -> Result<Cognito, Error> {
    let script = script(Script::new().srp(&ann()).tokens(tokens()).identity_pool());
    let cognito = Cognito::start(stage.origin(), script).await?;
    let mut config = cognito.config();
    change(&mut config);
    stage.open(browser, &config).await?;
    browser.sign_in(&ann().username, &ann().password).await?;
    Ok(cognito)
}

/// Alice has signed in, and the demonstration answers.
async fn visit(stage: &Stage, browser: &Browser) -> Result<(), Error> {
    let alice = stage.alice();
    browser.sign_in(alice.username, alice.password).await
}

/// Asks, and waits for the answer of a new turn.
async fn asks(browser: &Browser, prompt: &str, state: &str) -> Result<Reply, Error> {
    let before = browser.turns().await?;
    browser.ask(prompt).await?;
    let count = format!("document.querySelectorAll('#log article.turn').length > {before}");
    browser.wait_for("the question in the log", &count).await?;
    browser.reply_is("The answer", state).await
}

fn has_fact(reply: &Reply, fact: &str) -> bool {
    reply.facts.iter().any(|one| one == fact)
}

/// Waits until the function has been asked so often.
async fn is_asked(cognito: &Cognito, times: usize) -> Result<(), Error> {
    wait_until("the question to reach the function", PATIENCE, async || {
        Ok(cognito.requests().iter().filter(|(name, _)| name == "InvokeFunctionUrl").count() == times)
    })
    .await
}

/// The way an answer begins in typed events.
fn start(context_bytes: u32) -> Json {
    json!({ "type": "start", "model": "scripted-model", "contextBytes": context_bytes })
}

/// A whole answer in typed events.
fn told(context_bytes: u32, text: &str) -> [Json; 4] {
    let stop = json!({ "type": "stop", "reason": "end_turn" });
    [start(context_bytes), json!({ "type": "text", "text": text }), stop, json!({ "type": "end" })]
}

// --- several turns --------------------------------------------------------------------------------------------------------------

#[test]
fn earlier_turns_go_along_and_the_answer_says_so() {
    test(async |stage, browser| {
        visit(stage, browser).await?;
        // The demonstration counts messages: a prompt and its answer are two.
        for (turns, seen, fact) in
            [(0, "none", ""), (1, "2, ", "with 1 earlier turn"), (2, "4, ", "with 2 earlier turns")]
        {
            let reply = asks(browser, "Who calls? demo:pace 0", "done").await?;
            let row = reply.text.lines().find_map(|line| line.strip_prefix("Earlier turns")).unwrap_or_default().trim();
            assert!(row.starts_with(seen), "after {turns} turns the function saw {row:?}");
            assert_eq!(reply.facts.iter().any(|fact| fact.contains("earlier")), turns > 0, "{:?}", reply.facts);
            assert!(turns == 0 || has_fact(&reply, fact), "{:?}", reply.facts);
        }
        // Told once, not twice.
        let all = browser.value::<String>("[...document.querySelectorAll('.reply')].at(-1).innerText").await?;
        assert_eq!(all.matches("with 2 earlier turns").count(), 1, "{all}");
        Ok(())
    });
}

#[test]
fn only_what_the_back_end_takes_goes_along() {
    test_from_blank(async |stage, browser| {
        let script = |script: Script| {
            script
                .ask("One?")
                .events(&told(1000, "First."))
                // 21 bytes are more than 15, so only the newer turn goes along.
                .ask_with("Two?", &[("One?", "First.")])
                .events(&told(15, "Second."))
                .ask_with("Three?", &[("Two?", "Second.")])
                .events(&told(1000, "Third."))
                // This answer does not say that it has seen any: the next question goes alone.
                .ask_with("Four?", &[("One?", "First."), ("Two?", "Second."), ("Three?", "Third.")])
                .stream(&["Fourth."])
                .ask("Five?")
                .stream(&["Fifth."])
        };
        let cognito = talk(stage, browser, script, |_| {}).await?;
        for (prompt, answer, context) in [
            ("One?", "First.", None),
            ("Two?", "Second.", Some("with 1 earlier turn")),
            ("Three?", "Third.", Some("with 1 earlier turn")),
            ("Four?", "Fourth.", None),
            ("Five?", "Fifth.", None),
        ] {
            let reply = asks(browser, prompt, "done").await?;
            let told = reply.facts.iter().find(|fact| fact.contains("earlier")).map(String::as_str);
            assert_eq!((reply.text.as_str(), told), (answer, context), "{prompt}");
            let shown = browser.value::<bool>("document.querySelector('.context')?.checkVisibility() ?? false").await?;
            assert!(!shown, "the context is told twice, or though there was none");
        }
        cognito.finish().await
    });
}

// --- other answers --------------------------------------------------------------------------------------------------------------

#[test]
fn a_question_is_asked_again_with_another_use_case_and_both_answers_are_compared() {
    test(async |stage, browser| {
        visit(stage, browser).await?;
        let first = asks(browser, "Which model? demo:pace 0", "done").await?;
        assert_eq!(first.use_case, "Balanced");
        browser.ask_again("cost_optimized").await?;
        let second = browser.reply_is("Answer 2 of 2", "done").await?;
        assert_eq!(second.use_case, "Cheap");
        for (reply, sent) in [(&first, "balanced"), (&second, "cost_optimized")] {
            assert!(reply.text.contains(&format!("Use case\t{sent}")), "{}", reply.text);
        }
        assert_eq!(browser.turns().await?, 1);
        // The way there and back, in a circle.
        for (button, heading, text) in [
            ("previous", "Answer 1 of 2", &first.text),
            ("previous", "Answer 2 of 2", &second.text),
            ("next", "Answer 1 of 2", &first.text),
            ("next", "Answer 2 of 2", &second.text),
        ] {
            browser.act(button).await?;
            assert_eq!(&browser.reply_is(heading, "done").await?.text, text);
            let is_there = format!("document.activeElement.classList.contains({})", json!(button));
            browser.wait_for("the focus on the same button of the other answer", &is_there).await?;
        }
        browser.act("compare").await?;
        browser.wait_for("two answers", "document.querySelectorAll('#log .reply').length === 2").await?;
        let both = browser.replies().await?;
        assert_eq!([&both[0].text, &both[1].text], [&first.text, &second.text]);
        let [left, right]: [(f64, f64, f64); 2] = browser
            .value("[...document.querySelectorAll('.reply')].map(one => one.getBoundingClientRect()).map(box => [box.left, box.right, box.top])")
            .await?;
        assert!(
            left.1 <= right.0 && (left.2 - right.2).abs() < 2.0,
            "they are not side by side: {left:?} and {right:?}"
        );
        browser.act("compare").await?;
        browser.reply_is("Answer 2 of 2", "done").await?;
        // Only one of them goes along with the next question.
        let next = asks(browser, "And now? demo:pace 0", "done").await?;
        assert!(next.text.contains("Earlier turns\t2, "), "{}", next.text);
        Ok(())
    });
}

#[test]
fn an_edited_question_goes_on_in_a_copy_and_the_old_conversation_stays() {
    test(async |stage, browser| {
        visit(stage, browser).await?;
        let [one, two, other] = ["One? demo:pace 0", "Two? demo:pace 0", "Two in other words? demo:pace 0"];
        asks(browser, one, "done").await?;
        asks(browser, two, "done").await?;
        let old = browser.value::<String>("location.hash").await?;
        browser.act("edit-question").await?;
        let field = "#log article.turn:last-of-type form.edit textarea";
        browser
            .wait_for("the question in a field with the focus", &format!("document.activeElement.matches('{field}')"))
            .await?;
        assert_eq!(browser.value::<String>("document.activeElement.value").await?, two);
        browser.client().execute("document.activeElement.select()", vec![]).await?;
        browser.type_into(field, other).await?;
        // Enter sends it, as in the composer.
        browser.key("\u{E007}").await?;
        let shown =
            format!("location.hash !== {} && [...document.querySelectorAll('#log .asked')].length === 2", json!(old));
        browser.wait_for("another conversation", &shown).await?;
        let reply = browser.reply_is("The answer", "done").await?;
        assert!(has_fact(&reply, "with 1 earlier turn"), "{:?}", reply.facts);
        assert_eq!(browser.prompts().await?, [one, other]);
        browser.wait_for("both in the history", "document.querySelectorAll('#history li').length === 2").await?;
        assert_eq!(browser.titles().await?, [one, one]);

        // Back to the old one, as from any page.
        browser.client().back().await?;
        let back = format!("[...document.querySelectorAll('#log .asked')].at(-1)?.innerText.trim() === {}", json!(two));
        browser.wait_for("the old conversation", &back).await?;
        assert_eq!(browser.prompts().await?, [one, two]);
        assert_eq!(browser.value::<String>("location.hash").await?, old);

        // What is typed there survives a reload.
        browser.act("edit-question").await?;
        browser.type_into(field, " no").await?;
        browser.client().refresh().await?;
        let typed = format!("document.querySelector('{field}')?.value === {}", json!(format!("{two} no")));
        browser.wait_for("the field with what was typed", &typed).await?;
        browser.wait_for("the focus in the prompt", "document.activeElement.id === 'prompt'").await?;

        // Editing can be left, and changes nothing.
        browser.type_into(field, "thing").await?;
        browser.key("\u{E00C}").await?;
        browser.wait_for("the button that opened it", "document.activeElement.matches('.edit-question')").await?;
        assert_eq!(browser.prompts().await?, [one, two]);
        browser.client().refresh().await?;
        browser.wait_for("the old conversation", &back).await?;
        assert!(!browser.value::<bool>("document.querySelector('form.edit') !== null").await?);
        Ok(())
    });
}

// --- what goes wrong ------------------------------------------------------------------------------------------------------------

#[test]
fn stop_before_the_first_word_says_what_it_did() {
    test_from_blank(async |stage, browser| {
        let cognito =
            talk(stage, browser, |script| script.ask("Why?").hold().ask("Why?").stream(&["So."]), |_| {}).await?;
        browser.ask("Why?").await?;
        is_asked(&cognito, 1).await?;
        browser.click("#stop").await?;
        let reply = browser.reply_is("The answer", "stopped").await?;
        assert_eq!(reply.facts, ["Stopped before the first word.", "The model may have continued after that."]);
        assert_eq!((reply.text.as_str(), reply.note.as_str()), ("", ""));
        browser
            .wait_for("a word for who listens", "document.querySelector('#status').innerText.trim() === 'Stopped.'")
            .await?;
        browser.wait_for("the focus in the composer", "document.activeElement.id === 'prompt'").await?;
        // Nothing came, so the next answer takes its place.
        browser.act("retry").await?;
        assert_eq!(browser.reply_is("The answer", "done").await?.text, "So.");
        cognito.finish().await
    });
}

#[test]
fn a_slow_answer_can_be_stopped_while_it_is_waited_for() {
    test(async |stage, browser| {
        visit(stage, browser).await?;
        browser.ask("Why? demo:slow 60").await?;
        let reply = browser.reply_is("The answer", "waiting").await?;
        assert_eq!(reply.facts, ["waiting for the first word…"]);
        // Escape does what the button does.
        browser.key("\u{E00C}").await?;
        let reply = browser.reply_is("The answer", "stopped").await?;
        assert_eq!(reply.facts[0], "Stopped before the first word.");
        assert_eq!(asks(browser, "And now? demo:pace 0", "done").await?.use_case, "Balanced");
        Ok(())
    });
}

#[test]
fn stop_after_the_first_word_keeps_what_came() {
    test_from_blank(async |stage, browser| {
        let script =
            |script: Script| script.ask("Why?").stream_holds(&["Half of ", "it"]).ask("Why?").stream(&["All."]);
        let cognito = talk(stage, browser, script, |_| {}).await?;
        browser.ask("Why?").await?;
        browser.answer_shows("Half of it").await?;
        browser.click("#stop").await?;
        let reply = browser.reply_is("The answer", "stopped").await?;
        assert_eq!(
            reply.facts[..2],
            ["Stopped. The partial answer is kept.", "The model may have continued after that."]
        );
        assert!(
            reply.facts[2].starts_with("first word ") && reply.facts[3].ends_with(" s in all"),
            "{:?}",
            reply.facts
        );
        assert_eq!(
            (reply.text.as_str(), reply.note.as_str(), reply.model.as_str()),
            ("Half of it", "", "scripted-model")
        );
        browser.act("retry").await?;
        assert_eq!(browser.reply_is("Answer 2 of 2", "done").await?.text, "All.");
        browser.act("previous").await?;
        let reply = browser.reply_is("Answer 1 of 2", "stopped").await?;
        // It is the newest that is asked again, if any.
        assert_eq!((reply.text.as_str(), reply.retry.as_str()), ("Half of it", ""));
        // Beside each other, each turns over to what follows it.
        browser.act("compare").await?;
        browser.wait_for("two answers", "document.querySelectorAll('#log .reply').length === 2").await?;
        browser.act("next").await?;
        browser.reply_is("Answer 2 of 2", "done").await?;
        cognito.finish().await
    });
}

#[test]
fn retry_keeps_the_partial_text_of_a_connection_that_broke() {
    test_from_blank(async |stage, browser| {
        let script = |script: Script| {
            let broken = script.ask("Why?").stream_breaks(&["Half of ", "it"]).ask("Why?").drop_connection();
            broken.ask("Why?").stream(&["All."])
        };
        let cognito = talk(stage, browser, script, |_| {}).await?;
        browser.ask("Why?").await?;
        browser.answer_shows("Half of it").await?;
        cognito.break_connection();
        let reply = browser.reply_is("The answer", "cut-off").await?;
        assert_eq!(reply.text, "Half of it");
        assert_eq!(reply.note, "Cut off The connection ended before the answer did. What arrived is kept.");
        assert_eq!(reply.retry, "Retry");
        // No text comes of the next attempt, so the one after it takes its place.
        browser.act("retry").await?;
        let reply = browser.reply_is("Answer 2 of 2", "failed").await?;
        assert_eq!(reply.text, "");
        assert!(
            reply.note.contains("cannot be reached") || reply.note.contains("There is no answer"),
            "{}",
            reply.note
        );
        browser.act("retry").await?;
        assert_eq!(browser.reply_is("Answer 2 of 2", "done").await?.text, "All.");
        browser.act("previous").await?;
        assert_eq!(browser.reply_is("Answer 1 of 2", "cut-off").await?.text, "Half of it");
        assert_eq!(browser.turns().await?, 1);
        cognito.finish().await
    });
}

#[test]
fn too_many_requests_are_counted_down() {
    test_from_blank(async |stage, browser| {
        let script = |script: Script| {
            script.ask("Why?").refuse(429, "TooManyRequestsException", "Rate Exceeded.").ask("Why?").stream(&["So."])
        };
        let cognito = talk(stage, browser, script, |_| {}).await?;
        browser.stop_clock().await?;
        browser.ask("Why?").await?;
        let reply = browser.reply_is("The answer", "failed").await?;
        assert!(reply.note.contains("is getting too many requests just now. Try again in a moment."), "{}", reply.note);
        assert_eq!(reply.retry, "Retry in 10 s");
        // The countdown is no part of the alert, which would be read out each second.
        assert!(browser.value::<bool>("!document.querySelector('#log [role=alert] button')").await?);
        browser.act("retry").await?;
        browser.pass_time(3).await?;
        retry_says(browser, "Retry in 7 s").await?;
        let asked = cognito.requests().into_iter().filter(|(name, _)| name == "InvokeFunctionUrl").count();
        assert_eq!(asked, 1, "the button did not wait");
        browser.pass_time(7).await?;
        retry_says(browser, "Retry").await?;
        browser.act("retry").await?;
        assert_eq!(browser.reply_is("The answer", "done").await?.text, "So.");
        cognito.finish().await
    });
}

#[test]
fn the_back_ends_own_wait_is_counted_down() {
    test(async |stage, browser| {
        visit(stage, browser).await?;
        browser.stop_clock().await?;
        let reply = asks(browser, "Why? demo:throttle", "failed").await?;
        assert!(reply.note.contains("Try again in 10 s."), "{}", reply.note);
        assert_eq!(reply.retry, "Retry in 10 s");
        browser.pass_time(10).await?;
        retry_says(browser, "Retry").await
    });
}

/// Waits until the button to ask again says so, and is what it says.
async fn retry_says(browser: &Browser, words: &str) -> Result<(), Error> {
    let expression = format!(
        "(button => button.innerText === {} && (button.ariaDisabled !== 'true') === {})(document.querySelector('button.retry'))",
        json!(words),
        words == "Retry"
    );
    browser.wait_for(&format!("a button {words:?}"), &expression).await?;
    Ok(())
}

// --- what is known of an answer -------------------------------------------------------------------------------------------------

#[test]
fn an_answer_says_what_it_took() {
    test_from_blank(async |stage, browser| {
        let usage = json!({ "type": "usage", "inputTokens": 1200, "cachedTokens": 0, "outputTokens": 34 });
        let events = [
            start(0),
            json!({ "type": "text", "text": "So." }),
            usage,
            json!({ "type": "stop", "reason": "max_tokens" }),
            json!({ "type": "end" }),
        ];
        let script = |script: Script| script.ask("Why?").also("/use_case", json!("accuracy_optimized")).events(&events);
        let prices = json!({
            "date": "2026-11-01", "currency": "USD", "models": { "scripted-model": { "input": "3", "output": "15" } },
        });
        let cognito = talk(stage, browser, script, |config| config["prices"] = prices).await?;
        browser.choose("accuracy_optimized").await?;
        let reply = asks(browser, "Why?", "done").await?;
        assert_eq!((reply.model.as_str(), reply.use_case.as_str()), ("scripted-model", "Accurate"));
        assert!(
            reply.facts[0].starts_with("first word ") && reply.facts[1].ends_with(" s in all"),
            "{:?}",
            reply.facts
        );
        // 1,200 tokens at 3 and 34 at 15 dollars a million.
        assert_eq!(
            reply.facts[2..],
            ["34 tokens from 1,200", "ended at the token limit", "about $0.0041 (prices as of 2026-11-01)"]
        );
        cognito.finish().await
    });
}

#[test]
fn the_demonstration_stops_for_a_reason_and_reasons_before_it() {
    test(async |stage, browser| {
        visit(stage, browser).await?;
        let reply = asks(browser, "Why? demo:reasoning demo:pace 0 demo:stop max_tokens", "done").await?;
        assert!(has_fact(&reply, "ended at the token limit"), "{:?}", reply.facts);
        assert!(reply.facts.iter().any(|fact| fact.contains(" tokens from ")), "{:?}", reply.facts);
        assert!(reply.reasoning.starts_with("Nobody reasons here"), "{}", reply.reasoning);
        assert!(!reply.text.contains("Nobody reasons here"), "the reasoning is in the answer");
        // It is folded, and opens with its word.
        let seen = "document.querySelector('.reasoning > div').checkVisibility()";
        assert!(!browser.value::<bool>(seen).await?);
        let summary = browser.value::<String>("document.querySelector('.reasoning summary').innerText.trim()").await?;
        assert_eq!(summary, "Reasoning");
        browser.reach(".reasoning summary").await?;
        browser.wait_for("the reasoning", seen).await?;
        Ok(())
    });
}

#[test]
fn copy_puts_the_markdown_on_the_clipboard() {
    if !has_devtools() {
        return;
    }
    test_from_blank(async |stage, browser| {
        let markdown = "# Light\n\n- *blue* scatters\n- `red` does not\n\n```rust\nfn sky() {}\n```\n";
        let cognito = talk(stage, browser, |script| script.ask("Why?").stream(&[markdown]), |_| {}).await?;
        let permissions =
            json!({ "origin": stage.origin(), "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        browser.cdp("Browser.grantPermissions", permissions).await?;
        let reply = asks(browser, "Why?", "done").await?;
        assert!(!reply.text.contains('#') && !reply.text.contains('*'), "{}", reply.text);
        for (button, copied) in
            [(".reply .copy-answer", markdown), (".question .copy-question", "Why?"), (".copy-code", "fn sky() {}\n")]
        {
            browser.reach(button).await?;
            browser
                .wait_for(
                    "the button to say so",
                    &format!("document.querySelector({}).innerText.trim() === 'Copied'", json!(button)),
                )
                .await?;
            let read = "navigator.clipboard.readText().then(arguments[0], error => arguments[0](String(error)))";
            let got = browser.client().execute_async(read, vec![]).await?;
            assert_eq!(got.as_str().map(str::trim_end), Some(copied.trim_end()), "{button}");
        }
        cognito.finish().await
    });
}

// --- other back ends ------------------------------------------------------------------------------------------------------------

/// One frame, as AWS's own crate writes it.
fn frame(headers: [(&str, &str); 2], payload: &str) -> Vec<u8> {
    let mut message = Message::new(payload.as_bytes().to_vec());
    for (name, value) in headers {
        message = message.add_header(Header::new(name.to_owned(), HeaderValue::String(value.to_owned().into())));
    }
    let mut bytes = vec![];
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

/// An answer of Bedrock's `ConverseStream`.
fn converse() -> Vec<Vec<u8>> {
    let event = |kind, payload| frame([(":event-type", kind), (":message-type", "event")], payload);
    vec![
        event("messageStart", r#"{"p":"abcd","role":"assistant"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm."}},"p":"ab"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"Grüße"},"p":"a"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":", 世界"},"p":"abc"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":" 🦀"},"p":"abc"}"#),
        event("contentBlockStop", r#"{"contentBlockIndex":1,"p":"ab"}"#),
        event("messageStop", r#"{"p":"abcdef","stopReason":"end_turn"}"#),
        event(
            "metadata",
            r#"{"metrics":{"latencyMs":1275},"usage":{"inputTokens":11,"outputTokens":5,"totalTokens":16}}"#,
        ),
    ]
}

macro_rules! recorded {
    ($name:literal) => {
        include_bytes!(concat!("../../../../crates/stream/tests/vectors/", $name)).as_slice()
    };
}

/// Cut where no format would cut, in the middle of characters too.
fn cut(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.chunks(7).map(<[u8]>::to_vec).collect()
}

#[test]
fn every_wire_is_read_whatever_its_content_type_says() {
    const SSE: &str = "text/event-stream";
    const FRAMES: &str = "application/vnd.amazon.eventstream";
    let wires = [
        ("OpenAI", SSE, recorded!("openai.sse").to_vec(), "Hello ☕", "gpt-4o-mini", "Hm.", "10 tokens from 19"),
        (
            "Anthropic",
            SSE,
            recorded!("anthropic.sse").to_vec(),
            "Hello!",
            "claude-opus-4-20250514",
            "Let me see.",
            "15 tokens from 125",
        ),
        ("AI SDK", SSE, recorded!("ai-sdk.sse").to_vec(), "Hello 👋", "gpt-4o", "Hm.", "7 tokens from 5"),
        ("Bedrock", FRAMES, converse().concat(), "Grüße, 世界 🦀", "", "Hm.", "5 tokens from 11"),
        // Somebody's proxy has written another type.
        ("NDJSON", "text/plain", recorded!("ollama-chat.ndjson").to_vec(), "The", "qwen3", "Hm.", "282 tokens from 26"),
        (
            "typed",
            SSE,
            recorded!("typed.sse").to_vec(),
            "Grüße, 世界",
            "eu.amazon.nova-2-lite-v1:0",
            "First, ",
            "34 tokens from 12",
        ),
    ];
    test_from_blank(async |stage, browser| {
        let script = |script| {
            wires
                .iter()
                .fold(script, |script: Script, (name, kind, bytes, ..)| script.ask(name).stream_bytes(kind, cut(bytes)))
        };
        let cognito = talk(stage, browser, script, |_| {}).await?;
        for (name, _, _, text, model, reasoning, usage) in &wires {
            let reply = asks(browser, name, "done").await?;
            assert_eq!(
                (reply.text.as_str(), reply.model.as_str(), reply.reasoning.as_str()),
                (*text, *model, *reasoning),
                "{name}"
            );
            assert!(has_fact(&reply, usage), "{name}: {:?}", reply.facts);
        }
        cognito.finish().await
    });
}

#[test]
fn plain_text_is_an_answer_too() {
    test_from_blank(async |stage, browser| {
        let plain = cut(recorded!("plain.txt"));
        let script = |script: Script| script.ask("Why?").stream_bytes("text/plain; charset=utf-8", plain);
        let cognito = talk(stage, browser, script, |_| {}).await?;
        let reply = asks(browser, "Why?", "done").await?;
        for part in ["Dear reader,", "世界 and 🦀: not a field.", "data: nor is this", r#"{"nor":"this"}"#] {
            assert!(reply.text.contains(part), "{part:?} is not in {:?}", reply.text);
        }
        cognito.finish().await
    });
}

#[test]
fn what_is_broken_in_the_middle_keeps_what_is_good_and_is_told() {
    let mut frames = converse();
    // In the payload of the second piece of text.
    let middle = frames[3].len() - 10;
    frames[3][middle] ^= 1;
    let lines = "data: {\"choices\":[{\"delta\":{\"content\":\"One, \"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"cont\n\n\
                 data: {\"choices\":[{\"delta\":{\"content\":\"three.\"}}]}\n\ndata: [DONE]\n\n";
    test_from_blank(async |stage, browser| {
        let script = |script: Script| {
            let script = script.ask("Frames?").stream_bytes("application/vnd.amazon.eventstream", frames);
            script.ask("Lines?").stream_bytes("text/event-stream", vec![lines.into()])
        };
        let cognito = talk(stage, browser, script, |_| {}).await?;
        // After a frame whose checksum is wrong nothing can be trusted, so the stream ends there; lines stand each for itself.
        for (prompt, text, note) in [
            ("Frames?", "Grüße", "Damaged Part of the answer was damaged on its way. Try again. What arrived is kept."),
            ("Lines?", "One, three.", "Incomplete One line of the answer could not be read. The rest is shown."),
        ] {
            let reply = asks(browser, prompt, "failed").await?;
            assert_eq!(
                (reply.text.as_str(), reply.retry.as_str(), reply.note.as_str()),
                (text, "Retry", note),
                "{prompt}"
            );
        }
        cognito.finish().await
    });
}

// --- who listens ----------------------------------------------------------------------------------------------------------------

/// Whether it begins like a sentence and ends like one.
fn is_sentence(text: &str) -> bool {
    text.starts_with(char::is_alphanumeric) && text.ends_with('.') && !text.contains('\n')
}

#[test]
fn a_long_answer_is_announced_now_and_then_and_read_out_once() {
    test(async |stage, browser| {
        visit(stage, browser).await?;
        browser.watch_announcements().await?;
        browser.watch_answers().await?;
        browser.ask("demo:size 20 demo:pace 6").await?;
        wait_until("the whole answer", 6 * PATIENCE, async || {
            browser.value("document.querySelector('#log article.turn')?.dataset.state === 'done'").await
        })
        .await?;
        let read_out = "document.querySelector('#spoken').innerText.trim()";
        browser.wait_for("the answer to be read out", read_out).await?;
        let all = browser.announcements().await?;
        let (began, ended) = (all[0].at, all[all.len() - 1].at);
        assert!(ended - began > 12_000, "it was too quick to tell: {} ms", ended - began);
        let by = |region: &str| all.iter().filter(|one| one.by == region).collect::<Vec<&Announcement>>();
        assert_eq!(all.len(), by("status").len() + by("spoken").len(), "something else spoke: {all:#?}");

        // What happens, in sentences that are not the same twice: what does not change is not announced.
        let status: Vec<_> = by("status").iter().map(|one| one.text.as_str()).collect();
        let [first, second, reminders @ .., last] = &status[..] else { panic!("{status:?}") };
        assert_eq!((*first, *second), ("Waiting for the answer.", "signet-demo (no AI) is answering."));
        assert!(
            last.starts_with("The answer is complete: ") && last.ends_with(" words, by signet-demo (no AI)."),
            "{last}"
        );
        assert!(status.iter().all(|sentence| is_sentence(sentence)), "{status:?}");
        assert!(!reminders.is_empty(), "nothing is said while the answer comes");
        assert!(reminders.iter().all(|reminder| reminder.starts_with("Still answering")), "{reminders:?}");
        let most = (ended - began) / 5_000;
        assert!(reminders.len() as u64 <= most, "{} reminders in {} ms", reminders.len(), ended - began);
        let fewest = (ended - began) / 15_000;
        assert!(reminders.len() as u64 >= fewest, "{} reminders in {} ms", reminders.len(), ended - began);

        // The answer itself: once, whole, at the end, without Markdown's signs.
        let spoken = by("spoken");
        assert_eq!(spoken.len(), 1, "the answer was read out in pieces");
        let shown = browser.replies().await?[0].text.clone();
        let words = |text: &str| text.split_whitespace().count();
        assert!(
            words(&spoken[0].text) * 10 > words(&shown) * 9,
            "{} of {} words",
            words(&spoken[0].text),
            words(&shown)
        );
        for sign in ["**", "## ", "```", "|--", "](", "\n> "] {
            assert!(!spoken[0].text.contains(sign), "{sign:?} is read out");
        }
        // The log itself does not speak, and says that it is busy while it grows.
        let log = "(log => [log.role, log.ariaLive, log.querySelector('[aria-busy]') === null])(document.querySelector('#log'))";
        assert_eq!(browser.value::<Json>(log).await?, json!(["log", "off", true]));
        Ok(())
    });
}

#[test]
fn what_goes_wrong_is_an_alert_once() {
    test(async |stage, browser| {
        visit(stage, browser).await?;
        browser.watch_announcements().await?;
        asks(browser, "demo:fail demo:pace 0", "failed").await?;
        browser.wait_for("what came to be read out", "document.querySelector('#spoken').innerText.trim()").await?;
        let all = browser.announcements().await?;
        let alerts: Vec<_> = all.iter().filter(|one| one.by == "alert").collect();
        assert_eq!(alerts.len(), 1, "{all:#?}");
        assert!(
            alerts[0].text.contains("demo:fail") && alerts[0].text.ends_with("What arrived is kept."),
            "{}",
            alerts[0].text
        );
        Ok(())
    });
}
