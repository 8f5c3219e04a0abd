//! What a person does with Signet and sees of it. Every selector of the app that the tests know is here.

use std::time::Duration;

use fantoccini::{
    Locator,
    actions::{InputSource, KeyAction, KeyActions},
};
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

/// One answer of the last turn, as it stands on the screen.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct Reply {
    /// The heading that screen readers hear, such as `Answer 2 of 3`.
    pub heading: String,
    /// As of a [`Turn`].
    pub state: String,
    /// The text so far.
    pub text: String,
    /// The model that answered.
    pub model: String,
    /// The use case that was sent.
    pub use_case: String,
    /// What is known of it, a few words each.
    pub facts: Vec<String>,
    /// What went wrong, title and sentence.
    pub note: String,
    /// The reasoning, whether it is unfolded or not.
    pub reasoning: String,
    /// What the button to ask again says.
    pub retry: String,
}

/// JavaScript that makes a [`Reply`] of each shown answer of the last turn.
const REPLIES: &str = "[...[...document.querySelectorAll('#log article.turn')].at(-1).querySelectorAll('.reply')].map(reply => {
    const text = selector => { const element = reply.querySelector(selector); return element?.checkVisibility() ? element.innerText.trim() : ''; };
    return { heading: text('h2'), state: reply.dataset.state, text: text('.answer'), model: text('.model'), use_case: text('.use-case'),
        facts: reply.querySelector('.times').innerText.split(' · '), note: text('[role=alert] .note').replace(/\\s+/g, ' '),
        reasoning: reply.querySelector('.reasoning > div')?.textContent ?? '', retry: text('button.retry') };
})";

/// Something that a screen reader is told.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct Announcement {
    /// When, in milliseconds since the page began.
    pub at: u64,
    /// The id of the region, or its role.
    pub by: String,
    /// All that the region says then.
    pub text: String,
}

/// The conversation.
impl Browser {
    /// The answers of the last turn that are shown: one, or two side by side.
    pub async fn replies(&self) -> Result<Vec<Reply>, Error> {
        self.value(REPLIES).await
    }

    /// Waits until the last turn shows one answer only, of this heading and in this state, with the buttons of that state, and returns it.
    pub async fn reply_is(&self, heading: &str, state: &str) -> Result<Reply, Error> {
        let expression = format!(
            "(() => {{ const all = {REPLIES}; \
             const isAnswering = ['waiting', 'streaming'].includes(all[0]?.state); \
             return all.length === 1 && all[0].heading === {} && all[0].state === {} \
             && document.querySelector('#stop').checkVisibility() === isAnswering && all[0]; }})()",
            json!(heading),
            json!(state)
        );
        Ok(serde_json::from_value(self.wait_for(&format!("{heading:?} alone, {state}"), &expression).await?)?)
    }

    /// Clicks a button of the last turn by what it does, such as `retry`: of the question, or of the first answer that is shown. A person
    /// scrolls to it first, so that neither the bar above nor the composer below covers it.
    pub async fn act(&self, what: &str) -> Result<(), Error> {
        self.reach(&format!("#log article.turn:last-of-type button.{what}")).await
    }

    /// Scrolls to what the selector matches first, and clicks it.
    pub async fn reach(&self, selector: &str) -> Result<(), Error> {
        self.element(selector).await?;
        let scroll = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center', behavior: 'instant' });";
        self.client().execute(scroll, vec![json!(selector)]).await?;
        self.click(selector).await
    }

    /// Asks the last turn again, once the button has waited as long as it says.
    pub async fn retry(&self) -> Result<(), Error> {
        let button = "#log article.turn:last-of-type button.retry";
        if self.element(button).await?.attr("aria-disabled").await?.is_some() {
            self.pass_time(11).await?;
        }
        self.reach(&format!("{button}:not([aria-disabled])")).await
    }

    /// Stops the page's clock, which only [`Browser::pass_time`] sets ahead then.
    pub async fn stop_clock(&self) -> Result<(), Error> {
        self.client().execute("const now = Date.now(); Date.now = () => now;", vec![]).await?;
        Ok(())
    }

    /// Wants one more answer to the last turn, with this use case.
    pub async fn ask_again(&self, use_case: &str) -> Result<(), Error> {
        self.act("again").await?;
        self.reach(&format!("#log article.turn:last-of-type .offer button[value={use_case}]")).await
    }

    /// The prompts of the conversation that is shown.
    pub async fn prompts(&self) -> Result<Vec<String>, Error> {
        self.value("[...document.querySelectorAll('#log .asked')].map(asked => asked.innerText.trim())").await
    }

    /// The titles of the conversations that are kept, newest first, whether the panel is open or not.
    pub async fn titles(&self) -> Result<Vec<String>, Error> {
        self.value("[...document.querySelectorAll('#history li .name')].map(name => name.textContent.trim())").await
    }

    /// From now on the page keeps what its live regions say, for [`Browser::announcements`].
    pub async fn watch_announcements(&self) -> Result<(), Error> {
        let script = "window.e2eAnnouncements = [];
            const live = '[role=status], [role=alert], [role=log], [aria-live]', said = new Map();
            const text = region => region.innerText.trim();
            const regions = () => [...document.querySelectorAll(live)].filter(region => region.ariaLive !== 'off');
            for (const region of regions()) said.set(region, text(region));
            new MutationObserver(() => {
                for (const region of regions()) {
                    if (text(region) === (said.get(region) ?? '')) continue;
                    said.set(region, text(region));
                    const at = Math.round(performance.now());
                    window.e2eAnnouncements.push({ at, by: region.id || region.role, text: text(region) });
                }
            }).observe(document, { childList: true, subtree: true, characterData: true, attributes: true });";
        self.element("#log").await?;
        self.client().execute(script, vec![]).await?;
        Ok(())
    }

    /// What was said since [`Browser::watch_announcements`], what fell silent again too.
    pub async fn announcements(&self) -> Result<Vec<Announcement>, Error> {
        self.value("window.e2eAnnouncements").await
    }

    /// Presses a button of the newest conversation in the history, which must be shown.
    pub async fn act_in_history(&self, act: &str) -> Result<(), Error> {
        self.click(&format!("#history li .{act}")).await
    }
}

/// A question of the conversation that is shown, and what is shown of its answers.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct Shown {
    /// What was asked.
    pub asked: String,
    /// How its newest answer stands.
    pub state: String,
    /// The answer's elements.
    pub answer: String,
    /// Model, use case and times, as they stand below it.
    pub about: String,
    /// Which answer of how many; empty for the only one.
    pub place: String,
}

/// JavaScript that makes a [`Shown`] of each turn. Turns out of sight are not laid out and have no `innerText`.
const SHOWN: &str = "[...document.querySelectorAll('#log article.turn')].map(turn => ({
    asked: turn.querySelector('.asked').textContent, state: turn.dataset.state, answer: turn.querySelector('.answer').innerHTML.replaceAll('<!---->', ''),
    about: turn.querySelector('.meta').textContent, place: turn.querySelector('.place')?.textContent ?? '' }))";

/// The conversations that are kept, and the keyboard.
impl Browser {
    /// Makes the window so wide that the list stands beside the conversation.
    pub async fn widen(&self) -> Result<(), Error> {
        Ok(self.client().set_window_size(1400, 900).await?)
    }

    /// Opens the list, if it is not.
    pub async fn opens_history(&self) -> Result<(), Error> {
        self.wait_for("somebody to be signed in", "document.querySelector('#history')").await?;
        if self.value("document.querySelector('#history').hidden").await? {
            self.click("#conversations").await?;
        }
        Ok(())
    }

    /// Waits until the list has these titles, in this order.
    pub async fn list_is(&self, titles: &[&str]) -> Result<(), Error> {
        let expression = format!(
            "document.querySelector('#history') && JSON.stringify([...document.querySelectorAll('#history li .name')].map(name => name.textContent)) === {}",
            json!(json!(titles).to_string())
        );
        self.wait_for(&format!("the list to be {titles:?}"), &expression).await?;
        Ok(())
    }

    /// The turns that are shown.
    pub async fn shown(&self) -> Result<Vec<Shown>, Error> {
        self.value(SHOWN).await
    }

    /// Waits until these questions are shown and all that belongs to them, and what the turns are then.
    pub async fn shows(&self, questions: &[&str]) -> Result<Vec<Shown>, Error> {
        let expression = format!(
            "(() => {{ const shown = {SHOWN}; return JSON.stringify(shown.map(turn => turn.asked)) === {} \
                 && !document.querySelector('#log[aria-busy]') && {{ shown }}; }})()",
            json!(json!(questions).to_string())
        );
        let mut found = self.wait_for(&format!("{questions:?} to be shown"), &expression).await?;
        Ok(serde_json::from_value(found["shown"].take())?)
    }

    /// Waits until the last turn of a conversation that was opened again is one that a reload has cut off; what is said of it.
    pub async fn cut_off(&self) -> Result<String, Error> {
        let expression = "(() => { const turn = [...document.querySelectorAll('#log article.turn')].at(-1); \
                          return turn?.dataset.state === 'cut-off' && turn.querySelector('.retry') && turn.querySelector('.note').innerText; })()";
        Ok(serde_json::from_value(self.wait_for("an answer that was cut off", expression).await?)?)
    }

    /// The id that the address leads to; empty for a new conversation.
    pub async fn id_in_address(&self) -> Result<String, Error> {
        self.value("location.hash.replace(/^#c=/, '')").await
    }

    /// The selector of a conversation's entry in the list.
    async fn entry(&self, title: &str) -> Result<String, Error> {
        self.opens_history().await?;
        let expression = format!(
            "[...document.querySelectorAll('#history li')].find(item => item.querySelector('.name').textContent === {})?.dataset.id",
            json!(title)
        );
        let id = self.wait_for(&format!("{title:?} in the list"), &expression).await?;
        Ok(format!("#history li[data-id={id}]"))
    }

    /// Opens a conversation by its link in the list.
    pub async fn open_listed(&self, title: &str) -> Result<(), Error> {
        let entry = self.entry(title).await?;
        self.click(&format!("{entry} a")).await
    }

    /// Opens the menu of a conversation in the list and presses what it has there: `rename`, `delete`, `save-markdown`, `save-json`. The
    /// entry's selector.
    pub async fn act_on(&self, title: &str, act: &str) -> Result<String, Error> {
        let entry = self.entry(title).await?;
        self.click(&format!("{entry} .more")).await?;
        self.click(&format!("{entry} .{act}")).await?;
        Ok(entry)
    }

    /// Searches the list.
    pub async fn search(&self, words: &str) -> Result<(), Error> {
        self.opens_history().await?;
        self.element("#search").await?.clear().await?;
        self.type_into("#search", words).await
    }

    /// Waits for a sentence beside the conversation and returns it.
    pub async fn remark(&self, part: &str) -> Result<String, Error> {
        let expression = format!(
            "(() => {{ const said = document.querySelector('#remark[role=status]').innerText; return said.includes({}) && said; }})()",
            json!(part)
        );
        Ok(serde_json::from_value(self.wait_for(&format!("a remark with {part:?}"), &expression).await?)?)
    }

    /// Waits for the sentence about the store, below the list, and returns it.
    pub async fn store_notice(&self) -> Result<String, Error> {
        let expression = "document.querySelector('#history .notice[role=status]').textContent.trim()";
        Ok(serde_json::from_value(self.wait_for("a sentence about the store", expression).await?)?)
    }

    /// Presses a key wherever the focus is, while others are held; in WebDriver's names: `\u{E008}` is Shift, `\u{E009}` Ctrl.
    pub async fn stroke(&self, held: &[char], key: char) -> Result<(), Error> {
        let downs = held.iter().chain([&key]).map(|&value| KeyAction::Down { value });
        let ups = [&key].into_iter().chain(held.iter().rev()).map(|&value| KeyAction::Up { value });
        let keys = downs.chain(ups).fold(KeyActions::new("keyboard".to_owned()), KeyActions::then);
        Ok(self.client().perform_actions(keys).await?)
    }

    /// Types wherever the focus is.
    pub async fn write(&self, text: &str) -> Result<(), Error> {
        let keys = text.chars().flat_map(|value| [KeyAction::Down { value }, KeyAction::Up { value }]);
        let keys = keys.fold(KeyActions::new("keyboard".to_owned()), KeyActions::then);
        Ok(self.client().perform_actions(keys).await?)
    }

    /// Presses Tab until the focus is at what the selector means; fails when it comes round without.
    pub async fn tab_on_to(&self, selector: &str) -> Result<(), Error> {
        self.go_to(&[], selector).await
    }

    /// The same backwards, with Shift held.
    pub async fn tab_back_to(&self, selector: &str) -> Result<(), Error> {
        self.go_to(&['\u{E008}'], selector).await
    }

    async fn go_to(&self, held: &[char], selector: &str) -> Result<(), Error> {
        let mut way = Vec::new();
        for _ in 0..80 {
            self.stroke(held, '\u{E004}').await?;
            let there = format!(
                "(() => {{ const at = document.activeElement; return [at.matches({}), at.id || at.className || at.tagName]; }})()",
                json!(selector)
            );
            let (is_there, name) = self.value::<(bool, String)>(&there).await?;
            if is_there {
                return Ok(());
            }
            way.push(name);
        }
        Err(Error::Waited {
            what: format!("Tab to come to {selector}"),
            limit: Duration::ZERO,
            seen: format!("it went to {}", way.join(", ")),
        })
    }
}
