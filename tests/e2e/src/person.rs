//! What a person does with Signet and sees of it. Every selector of the app that the tests know is here.

use std::time::Duration;

use fantoccini::Locator;
use serde::Deserialize;
use serde_json::json;

use crate::{Browser, Error};

/// One question and its answer, as they stand on the screen. What is not shown is empty.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct Turn {
    /// waiting, streaming, done, stopped, cut-off or failed.
    pub state: String,
    /// The prompt.
    pub asked: String,
    /// The text of the answer so far.
    pub answer: String,
    /// The model that answers.
    pub model: String,
    /// The use case that was sent.
    pub use_case: String,
    /// The sentence that tells what went wrong.
    pub note: String,
    /// The request's id, as AWS logged it.
    pub request_id: String,
}

/// JavaScript that makes a [`Turn`] of the last one in the log.
const LAST_TURN: &str = "(() => {
    const turn = [...document.querySelectorAll('#log article.turn')].at(-1);
    if (!turn) return null;
    const text = selector => {
        const element = turn.querySelector(selector);
        return element?.checkVisibility() ? element.innerText.trim() : '';
    };
    return { state: turn.dataset.state, asked: text('.asked'), answer: text('.answer'), model: text('.meta .model'),
        use_case: text('.meta .use-case'), note: text('.note p') && text(':is([role=alert] .note, .note[role=alert])'), request_id: text('.request-id') };
})()";

/// The selector of the buttons beside the form's own.
const OTHERS: &str = "main.gate .others button";

/// The selector of an input of a step. Radio buttons share a name and have ids of their own.
fn field(name: &str, kind: &str) -> String {
    let name = json!(name);
    let place = if kind.is_empty() { format!("[id={name}]") } else { String::new() };
    format!("main#step :is(input, select, textarea)[name={name}]{place}{kind}")
}

/// One look at a growing answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Look {
    /// When, in milliseconds since the page began.
    pub at: f64,
    /// What was there.
    pub turn: Turn,
}

impl Browser {
    /// Fills in the sign-in form and sends it off with the button.
    pub async fn submit_sign_in(&self, username: &str, password: &str) -> Result<(), Error> {
        self.type_into("#username", username).await?;
        self.type_into("#password", password).await?;
        self.click("#sign-in-button").await
    }

    /// Signs in and waits for the chat.
    pub async fn sign_in(&self, username: &str, password: &str) -> Result<(), Error> {
        self.submit_sign_in(username, password).await?;
        self.signed_in().await
    }

    /// Fills in the first form where it asks for the username only, and sends it off with the button.
    pub async fn submit_username(&self, username: &str) -> Result<(), Error> {
        let only = "document.querySelector('#username').checkVisibility() && !document.querySelector('#password').checkVisibility()";
        self.wait_for("a form that asks for the username only", only).await?;
        let input = self.element("#username").await?;
        input.clear().await?;
        self.type_into("#username", username).await?;
        self.click("#sign-in-button").await
    }

    /// What stands in the first form as the username.
    pub async fn username(&self) -> Result<String, Error> {
        self.value("document.querySelector('main#sign-in #username').value").await
    }

    /// Waits until the chat is there and the form is gone.
    pub async fn signed_in(&self) -> Result<(), Error> {
        let expression =
            "document.querySelector('main#chat #who')?.innerText.trim() && !document.querySelector('main#sign-in')";
        self.wait_for("the chat", expression).await?;
        Ok(())
    }

    /// Who the chat says is signed in.
    pub async fn who(&self) -> Result<String, Error> {
        self.value("document.querySelector('#who').innerText.trim()").await
    }

    /// Waits until the form is there to be seen, and the chat is not there.
    pub async fn signed_out(&self) -> Result<(), Error> {
        let expression = "document.querySelector('main#sign-in #sign-in-form').checkVisibility() && !document.querySelector('main#chat')";
        self.wait_for("the sign-in form", expression).await?;
        Ok(())
    }

    /// Waits for the sentence that says why there is no sign-in, and returns it.
    pub async fn sign_in_error(&self) -> Result<String, Error> {
        let sentence = self
            .wait_for(
                "a sentence in #sign-in-error",
                "document.querySelector('#sign-in-error[role=alert]').innerText.trim()",
            )
            .await?;
        Ok(serde_json::from_value(sentence)?)
    }

    /// Waits for the sign-in's step of that heading, with the focus in it: who does not see the screen must be told that it changed.
    pub async fn step(&self, title: &str) -> Result<(), Error> {
        let expression = format!(
            "(() => {{ const step = document.querySelector('main#step'); const heading = step?.querySelector('#step-title'); \
             return heading?.checkVisibility() && heading.innerText.trim() === {} && step.contains(document.activeElement); }})()",
            json!(title)
        );
        self.wait_for(&format!("the step {title:?} with the focus in it"), &expression).await?;
        Ok(())
    }

    /// Replaces what an input of the step holds. `name` is both its name and its id, such as `code`.
    pub async fn fill(&self, name: &str, value: &str) -> Result<(), Error> {
        let input = field(name, "");
        self.element(&input).await?.clear().await?;
        self.type_into(&input, value).await
    }

    /// Chooses one of a group of radio buttons in the step.
    pub async fn choose_option(&self, name: &str, value: &str) -> Result<(), Error> {
        self.check(&field(name, &format!("[type=radio][value={}]", json!(value)))).await
    }

    /// Sends the step off with its button.
    pub async fn submit_step(&self) -> Result<(), Error> {
        self.click("main#step #step-submit").await
    }

    /// Like [`Browser::step`], for a step that was not there before: its heading has the focus.
    pub async fn new_step(&self, title: &str) -> Result<(), Error> {
        self.step(title).await?;
        self.wait_for("the focus on the heading", "document.activeElement.id === 'step-title'").await?;
        Ok(())
    }

    /// What the step says below its heading.
    pub async fn step_text(&self) -> Result<String, Error> {
        self.value("document.querySelector('main#step #step-to').innerText.trim()").await
    }

    /// The rules for a new password, and whether each is shown as met.
    pub async fn rules(&self) -> Result<Vec<(String, bool)>, Error> {
        let expression = "[...document.querySelectorAll('main#step .rules li')]\
                          .map(rule => [rule.firstChild.textContent, rule.hasAttribute('data-met')])";
        self.value(expression).await
    }

    /// The buttons beside the form's own that can be seen, by their words.
    pub async fn other_buttons(&self) -> Result<Vec<String>, Error> {
        let expression = format!(
            "[...document.querySelectorAll({OTHERS:?})].filter(button => button.checkVisibility()).map(button => button.innerText.trim())"
        );
        self.value(&expression).await
    }

    /// Clicks one of the buttons beside the form's own, in the step or in the sign-in form, by its words.
    pub async fn press(&self, label: &str) -> Result<(), Error> {
        let words = json!(label);
        let expression = format!(
            "[...document.querySelectorAll({OTHERS:?})].some(button => button.checkVisibility() \
             && !button.ariaDisabled && button.innerText.trim() === {words})"
        );
        self.wait_for(&format!("a button {label:?}"), &expression).await?;
        for button in self.client().find_all(Locator::Css(OTHERS)).await? {
            // A hidden button has no words.
            if button.text().await?.trim() == label {
                return Ok(button.click().await?);
            }
        }
        Err(Error::Waited {
            what: format!("a button {label:?}"),
            limit: Duration::ZERO,
            seen: "it went away".to_owned(),
        })
    }

    /// Waits for the sentence that says what is wrong with the step, and returns it.
    pub async fn step_error(&self) -> Result<String, Error> {
        let expression = "document.querySelector('main#step #step-error[role=alert]').innerText.trim()";
        Ok(serde_json::from_value(self.wait_for("a sentence in #step-error", expression).await?)?)
    }

    /// Waits for a sentence about one input of the step or of the first form, with the focus in it and the sentence tied to it, and returns it.
    pub async fn error_at(&self, name: &str) -> Result<String, Error> {
        let input = json!(format!("main.gate [id={}]", json!(name)));
        let expression = format!(
            "(() => {{ const input = document.querySelector({input}); const ids = input.getAttribute('aria-describedby').split(' '); \
             const told = ids.map(id => document.getElementById(id)).find(one => one?.matches('[role=alert]')); \
             return document.activeElement === input && input.getAttribute('aria-invalid') === 'true' && input.value === '' \
             && told.checkVisibility() && told.innerText.trim(); }})()"
        );
        let what = format!("a sentence about {name:?}, which is empty and has the focus");
        Ok(serde_json::from_value(self.wait_for(&what, &expression).await?)?)
    }

    /// The choices of the step, as they stand, and which of them is chosen.
    pub async fn options(&self) -> Result<(Vec<String>, Option<usize>), Error> {
        self.value(
            "(() => { const all = [...document.querySelectorAll('main#step label.choice')]; \
             const chosen = all.findIndex(one => one.querySelector('input').checked); \
             return [all.map(one => one.innerText.trim()), chosen < 0 ? null : chosen]; })()",
        )
        .await
    }

    /// Presses a key wherever the focus is, as a person without a mouse does. WebDriver's names: `\u{E007}` is Enter.
    pub async fn key(&self, key: &str) -> Result<(), Error> {
        Ok(self.client().active_element().await?.send_keys(key).await?)
    }

    /// From now on the page keeps every status that it shows, for [`Browser::statuses`].
    pub async fn watch_statuses(&self) -> Result<(), Error> {
        let script = "window.e2eStatuses = [];
            new MutationObserver(() => {
                for (const status of document.querySelectorAll('main.gate [role=status]')) {
                    const text = status.innerText.trim();
                    if (text && text !== window.e2eStatuses.at(-1)) window.e2eStatuses.push(text);
                }
            }).observe(document, { childList: true, subtree: true, characterData: true });";
        self.client().execute(script, vec![]).await?;
        Ok(())
    }

    /// What was shown since [`Browser::watch_statuses`].
    pub async fn statuses(&self) -> Result<Vec<String>, Error> {
        self.value("window.e2eStatuses").await
    }

    /// Sets the page's clock ahead, so that nobody waits for a countdown; the worker's stays right.
    pub async fn pass_time(&self, seconds: u32) -> Result<(), Error> {
        let script = "const [ahead, now] = [arguments[0] * 1000, Date.now]; Date.now = () => now() + ahead;";
        self.client().execute(script, vec![json!(seconds)]).await?;
        Ok(())
    }

    /// Chooses a use case by its value in the request.
    pub async fn choose(&self, use_case: &str) -> Result<(), Error> {
        self.check(&format!("input[name=use-case][value={use_case}]")).await
    }

    /// Chooses a radio button. It may be drawn by its label, and then takes no click itself.
    async fn check(&self, input: &str) -> Result<(), Error> {
        self.element(input).await?;
        self.client().execute("document.querySelector(arguments[0]).click();", vec![json!(input)]).await?;
        self.wait_for(&format!("{input} to be chosen"), &format!("document.querySelector({}).checked", json!(input)))
            .await?;
        Ok(())
    }

    /// Types a prompt and sends it with the button.
    pub async fn ask(&self, prompt: &str) -> Result<(), Error> {
        self.type_into("#prompt", prompt).await?;
        self.click("#send").await
    }

    /// Waits until the last turn is in `state` and returns it. For a state that needs a word, the word is waited for too.
    pub async fn turn_is(&self, state: &str) -> Result<Turn, Error> {
        let expression = format!(
            "(() => {{ const turn = {LAST_TURN}; const needsWord = ['failed', 'cut-off'].includes(turn?.state); \
             return turn?.state === {} && (turn.note || !needsWord) && turn; }})()",
            json!(state)
        );
        Ok(serde_json::from_value(self.wait_for(&format!("the last turn to be {state}"), &expression).await?)?)
    }

    /// Waits until the last turn's answer holds `text` and returns the turn.
    pub async fn answer_shows(&self, text: &str) -> Result<Turn, Error> {
        let expression =
            format!("(() => {{ const turn = {LAST_TURN}; return turn?.answer.includes({}) && turn; }})()", json!(text));
        Ok(serde_json::from_value(self.wait_for(&format!("the answer to show {text:?}"), &expression).await?)?)
    }

    /// Waits until the last turn's answer has more characters than `least` and returns the turn.
    pub async fn answer_is_longer_than(&self, least: usize) -> Result<Turn, Error> {
        let expression =
            format!("(() => {{ const turn = {LAST_TURN}; return turn?.answer.length > {least} && turn; }})()");
        Ok(serde_json::from_value(
            self.wait_for(&format!("more than {least} characters of answer"), &expression).await?,
        )?)
    }

    /// How many turns there are.
    pub async fn turns(&self) -> Result<usize, Error> {
        self.value("document.querySelectorAll('#log article.turn').length").await
    }

    /// From now on the page keeps a [`Look`] at the last turn for each change of the log.
    pub async fn watch_answers(&self) -> Result<(), Error> {
        let script = format!(
            "window.e2eLooks = [];
            new MutationObserver(() => {{ const turn = {LAST_TURN}; if (turn) window.e2eLooks.push({{ at: performance.now(), turn }}); }})
                .observe(document.querySelector('#log'), {{ childList: true, subtree: true, attributes: true, characterData: true }});"
        );
        self.element("#log").await?;
        self.client().execute(&script, vec![]).await?;
        Ok(())
    }

    /// What was seen since [`Browser::watch_answers`].
    pub async fn looks(&self) -> Result<Vec<Look>, Error> {
        self.value("window.e2eLooks").await
    }

    /// Waits for the page that says why the app cannot go on, and returns its text.
    pub async fn fatal(&self) -> Result<String, Error> {
        let ready = "(() => { const page = document.querySelector('main#fatal:has([role=alert])'); \
                     return page?.checkVisibility() && page.querySelector('#reload') && page.innerText.trim(); })()";
        Ok(serde_json::from_value(self.wait_for("the page that says what is wrong", ready).await?)?)
    }
}

/// What is done with a conversation beside asking.
impl Browser {
    /// Presses the button of that `data-do` in the last turn's answer, or in its question.
    pub async fn act(&self, act: &str) -> Result<(), Error> {
        let selector = format!("#log article.turn:last-child [data-do={act}]");
        // The bar and the composer stay where they are, and cover what is at the edge.
        self.element(&selector).await?;
        let script = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' });";
        self.client().execute(script, vec![json!(selector)]).await?;
        self.click(&selector).await
    }

    /// Asks the last question again, with this use case.
    pub async fn ask_again(&self, use_case: &str) -> Result<(), Error> {
        self.act("again").await?;
        self.act(&format!("ask-again][value={use_case}")).await
    }

    /// Presses a button of the newest conversation in the history, which must be shown.
    pub async fn act_in_history(&self, act: &str) -> Result<(), Error> {
        self.click(&format!("#history li [data-do={act}]")).await
    }
}
