//! Every state of a conversation, each looked at from all sides: light and dark, wide and narrow, by keyboard, by axe-core.

use serde_json::json;
use signet_e2e::{Browser, Error, Screens, Stage, has_devtools, test_from_blank};
use signet_local::Fault;

/// Stops in the middle of the demonstration's words, with typed events around each of them.
const MIDDLE: Fault = Fault::StallAfter(7000);

struct Visit<'a> {
    stage: &'a Stage,
    browser: &'a Browser,
    screens: Screens<'a>,
}

impl Visit<'_> {
    /// Somebody who was never here has signed in.
    async fn enter(&self) -> Result<(), Error> {
        let alice = self.stage.alice();
        self.screens.open(self.stage.config()).await?;
        self.browser.sign_in(alice.username, alice.password).await?;
        self.browser.wait_for("the focus in the prompt", "document.activeElement.id === 'prompt'").await?;
        Ok(())
    }

    /// Asks, with `fault` for what comes.
    async fn ask_with(&self, fault: Fault, prompt: &str, state: &str) -> Result<(), Error> {
        self.stage.gateway().next(fault);
        self.browser.ask(prompt).await?;
        self.browser.turn_is(state).await?;
        Ok(())
    }

    /// The state's name for the pictures, where the focus must be, and what alerts have said.
    async fn look(&mut self, name: &str, focus: &str, said: &[&str]) -> Result<(), Error> {
        self.screens.look(&format!("chat-{name}"), focus, said).await
    }

    /// In the modes that people with other eyes set.
    async fn look_with_other_eyes(&mut self, name: &str) -> Result<(), Error> {
        let name = format!("chat-{name}");
        self.screens.look_with(&name, ("forced-colors", "active"), 100).await?;
        self.screens.look_with(&name, ("prefers-contrast", "more"), 100).await?;
        self.screens.look_with(&format!("{name}-large"), ("prefers-color-scheme", "light"), 200).await
    }
}

fn visit(states: impl AsyncFnOnce(&mut Visit<'_>) -> Result<(), Error>) {
    if !has_devtools() {
        return;
    }
    test_from_blank(async |stage, browser| {
        let mut visit = Visit { stage, browser, screens: Screens::start(stage, browser).await? };
        visit.enter().await?;
        states(&mut visit).await?;
        visit.screens.finish();
        Ok(())
    });
}

#[test]
fn an_answer_is_in_order_at_every_moment() {
    visit(async |visit| {
        let browser = visit.browser;
        visit.look("empty", "prompt", &[]).await?;
        visit.look_with_other_eyes("empty").await?;

        visit.ask_with(Fault::StallAfter(0), "Why is the sky blue?", "waiting").await?;
        visit.look("waiting", "prompt", &[]).await?;
        browser.click("#stop").await?;
        browser.turn_is("stopped").await?;
        visit.look("stopped-before-the-first-word", "prompt", &[]).await?;

        visit.ask_with(MIDDLE, "What can you see of this call?", "streaming").await?;
        // Nothing that Tab stops at comes after it.
        browser.answer_shows("What a prompt can do here").await?;
        visit.screens.in_view = "#end".into();
        visit.look("streaming", "prompt", &[]).await?;
        browser.click("#stop").await?;
        browser.turn_is("stopped").await?;
        visit.look("stopped", "prompt", &[]).await?;
        visit.look_with_other_eyes("stopped").await
    });
}

#[test]
fn a_rich_answer_is_in_order() {
    visit(async |visit| {
        let browser = visit.browser;
        browser.ask("Show me demo:markdown demo:reasoning demo:pace 0").await?;
        browser.turn_is("done").await?;
        visit.look("done", "prompt", &[]).await?;
        for (name, selector) in [
            ("words", "#log .turn"),
            ("lists", "#log .part > ul"),
            ("tables", "#log .answer .wide"),
            ("code", "#log .part > .code"),
            ("quotes", "#log .part > blockquote"),
            ("right-to-left", "#log .part > p:dir(rtl)"),
        ] {
            visit.screens.in_view = selector.into();
            visit.look(&format!("done-{name}"), "prompt", &[]).await?;
            if ["tables", "code"].contains(&name) {
                visit.look_with_other_eyes(&format!("done-{name}")).await?;
            }
        }
        visit.screens.in_view = "#log".into();
        browser.client().execute("document.querySelector('#log summary').focus();", vec![]).await?;
        browser.key("\u{E007}").await?;
        visit.look("reasoning", "SUMMARY", &[]).await
    });
}

#[test]
fn what_goes_wrong_with_an_answer_is_in_order() {
    visit(async |visit| {
        let browser = visit.browser;
        visit.ask_with(Fault::EndAfter(9000), "demo:markdown demo:pace 0", "cut-off").await?;
        visit.look("cut-off", "prompt", &["Cut off", "connection ended"]).await?;

        visit.ask_with(Fault::Status(500), "What went wrong?", "failed").await?;
        visit.look("failed", "prompt", &["Service error", "500"]).await?;
        visit.look_with_other_eyes("failed").await?;

        browser.ask("Too many of us? demo:throttle").await?;
        browser.turn_is("failed").await?;
        browser.wait_for("the countdown", "[...document.querySelectorAll('.retry')].at(-1).ariaDisabled").await?;
        visit.look("counting-down", "prompt", &["Busy", "too many"]).await
    });
}

#[test]
fn what_keeps_an_answer_from_coming_is_in_order() {
    if !has_devtools() {
        return;
    }
    test_from_blank(async |stage, browser| {
        // Asked only when a request fails: this refusal looks to a page as if nothing had answered.
        stage
            .before_the_worker("Object.defineProperty(WorkerNavigator.prototype, 'onLine', { get: () => false });\n")?;
        let mut visit = Visit { stage, browser, screens: Screens::start(stage, browser).await? };
        visit.enter().await?;
        visit.ask_with(Fault::NoCors403, "Is anybody there?", "failed").await?;
        visit.look("offline", "prompt", &["Offline", "no network"]).await?;
        browser.ask("Now? demo:pace 0").await?;
        browser.turn_is("done").await?;
        browser.client().execute("scrollTo(0, 0);", vec![]).await?;
        browser.wait_for("the button to the end", "document.querySelector('#latest').checkVisibility()").await?;
        visit.look("from-the-start", "prompt", &[]).await?;

        browser.click("#sign-out").await?;
        browser.signed_out().await?;
        browser.sign_in(stage.bob().username, stage.bob().password).await?;
        browser.ask("May I?").await?;
        browser.turn_is("failed").await?;
        visit.look("no-access", "prompt", &["No access", "not allowed"]).await?;
        visit.screens.finish();
        Ok(())
    });
}

#[test]
fn what_is_done_with_an_answer_is_in_order() {
    visit(async |visit| {
        let browser = visit.browser;
        browser.ask("What can you see of this call? demo:pace 0").await?;
        browser.turn_is("done").await?;
        browser.act("edit-question").await?;
        visit.look("edit", "TEXTAREA", &[]).await?;
        browser.act("leave-edit").await?;

        browser.act("again").await?;
        visit.look("again", "BUTTON", &[]).await?;
        browser.act("again").await?;
        browser.ask_again("cost_optimized").await?;
        browser.turn_is("done").await?;
        browser.wait_for("the second answer", "document.querySelector('#log .place')?.innerText === '2 of 2'").await?;
        visit.look("two-answers", "prompt", &[]).await?;

        browser.act("compare").await?;
        visit.look("compare", "BUTTON", &[]).await?;
        visit.look_with_other_eyes("compare").await?;
        visit.screens.in_view = "#log .shelf".into();
        visit.look("compare-from-the-start", "BUTTON", &[]).await?;

        visit.screens.in_view.clear();
        browser.key("\u{E009}/\u{E000}").await?;
        visit.look("help", "start-in-view", &[]).await?;
        visit.look_with_other_eyes("help").await
    });
}

#[test]
fn the_history_is_in_order() {
    visit(async |visit| {
        let browser = visit.browser;
        browser.click("#conversations").await?;
        visit.look("history-empty", "new", &[]).await?;
        browser.click("#history .head .close").await?;

        for prompt in [
            "A first question, demo:pace 0",
            "איך אומרים שלום? demo:pace 0",
            "A second conversation whose first question is long enough that its title does not fit into the panel, demo:pace 0",
        ] {
            browser.key("\u{E009};\u{E000}").await?;
            browser.wait_for("a new conversation", "document.querySelector('#empty').checkVisibility()").await?;
            browser.ask(prompt).await?;
            browser.turn_is("done").await?;
        }
        let is_open = "document.querySelector('#history').checkVisibility()";
        if !browser.value::<bool>(is_open).await? {
            browser.click("#conversations").await?;
        }
        browser.wait_for("three conversations", "document.querySelectorAll('#history li').length === 3").await?;
        visit.look("history", "new", &[]).await?;
        visit.look_with_other_eyes("history").await?;

        browser.act_in_history("more").await?;
        visit.look("history-more", "BUTTON", &[]).await?;
        browser.act_in_history("rename").await?;
        visit.look("history-rename", "INPUT", &[]).await?;
        browser.act_in_history("cancel").await?;
        browser.act_in_history("more").await?;
        browser.act_in_history("delete").await?;
        visit.look("history-delete", "BUTTON", &[]).await?;
        visit.look_with_other_eyes("history-delete").await?;
        browser.act_in_history("cancel").await?;

        browser.type_into("#search", "nowhere").await?;
        let none = "document.querySelector('#history .none').checkVisibility()";
        browser.wait_for("a search without hits", none).await?;
        visit.look("history-without-hits", "search", &[]).await
    });
}

#[test]
fn what_is_said_of_storage_is_in_order() {
    if !has_devtools() {
        return;
    }
    test_from_blank(async |stage, browser| {
        let mut visit = Visit { stage, browser, screens: Screens::start(stage, browser).await? };
        // As a browser does that is told to keep nothing.
        stage.before_the_worker(
            "IDBFactory.prototype.open = () => { throw new DOMException('refused', 'SecurityError'); };\n",
        )?;
        visit.enter().await?;
        browser.ask("Is this kept? demo:pace 0").await?;
        browser.turn_is("done").await?;
        if !browser.value::<bool>("document.querySelector('#history').checkVisibility()").await? {
            browser.click("#conversations").await?;
        }
        browser.wait_for("a notice", "document.querySelector('#history .notice').innerText.trim()").await?;
        visit.look("not-kept", "new", &[]).await?;
        let import = "const file = new File(['{}'], 'some.json'), files = new DataTransfer(), field = document.querySelector('#import');
            files.items.add(file);
            field.files = files.files;
            field.dispatchEvent(new Event('change', { bubbles: true }));";
        browser.client().execute(import, vec![]).await?;
        browser.remark("cannot be imported").await?;
        visit.look("not-imported", "new", &[]).await?;
        browser.click("#history .head .close").await?;

        // A conversation that is not there.
        browser.client().execute("location.hash = '#c=nothing-like-it';", vec![]).await?;
        browser.wait_for("a remark", "document.querySelector('#remark').innerText.trim()").await?;
        visit.look("remark", "prompt", &[]).await?;
        visit.screens.finish();
        Ok(())
    });
}

/// Makes docs/signet.png, in `target/screens/`. Run by name, with `--ignored`.
#[test]
#[ignore = "it makes a picture and proves nothing"]
fn the_readmes_picture() {
    test_from_blank(async |stage, browser| {
        let visit = Visit { stage, browser, screens: Screens::start(stage, browser).await? };
        let size = json!({ "width": 1280, "height": 860, "deviceScaleFactor": 1, "mobile": false });
        browser.cdp("Emulation.setDeviceMetricsOverride", size).await?;
        visit.enter().await?;
        stage.gateway().next(MIDDLE);
        browser.ask("What can you see of this call?").await?;
        browser.answer_shows("Which model it would have been").await?;
        browser.save_screenshot(&signet_local::root().join("target/screens/signet.png")).await
    });
}
