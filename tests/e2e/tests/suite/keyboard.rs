//! Everything without a pointer. After each step the focus is somewhere, and can be seen there.

use serde_json::json;
use signet_e2e::{Browser, Error, has_devtools, test};

const ENTER: char = '\u{E007}';
const ESCAPE: char = '\u{E00C}';
const SHIFT: char = '\u{E008}';
const CTRL: char = '\u{E009}';

/// What is wrong with where the focus is; empty if it is in view and looks otherwise than without it.
const FOCUS: &str = "
    const done = arguments[0];
    const at = document.activeElement;
    const name = at.id || at.className || at.getAttribute('aria-label') || at.tagName;
    if (at === document.body || at === document.documentElement) { done('the focus is nowhere'); return; }
    const { top, bottom, left, right, width, height } = at.getBoundingClientRect();
    if (bottom <= 0 || right <= 0 || top >= innerHeight || left >= innerWidth || !at.checkVisibility()) { done(`${name} is out of sight`); return; }
    const look = () => {
        const looks = [];
        for (let element = at; element && looks.length < 4; element = element.parentElement) {
            const { outlineStyle, outlineWidth, outlineColor, borderColor, boxShadow, backgroundColor } = getComputedStyle(element);
            looks.push([outlineStyle, outlineStyle === 'none' ? '' : outlineWidth + outlineColor, borderColor, boxShadow, backgroundColor].join());
        }
        return looks.join('|');
    };
    const frame = () => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    const settled = async () => {
        await frame();
        await Promise.allSettled(document.getAnimations().filter(one => one.effect.getTiming().iterations < 9).map(one => one.finished));
    };
    (async () => {
        await settled();
        const focused = look();
        at.blur();
        await settled();
        const blurred = look();
        at.focus();
        done(focused === blurred ? `${name} looks the same with and without the focus` : '');
    })();";

/// The focus is at what the selector means, where it can be seen.
async fn focus_is(browser: &Browser, selector: &str) -> Result<(), Error> {
    let there = format!("document.activeElement.matches({})", json!(selector));
    browser.wait_for(&format!("the focus at {selector}"), &there).await?;
    let wrong = browser.client().execute_async(FOCUS, vec![]).await?;
    assert_eq!(wrong, json!(""), "at {selector}");
    browser.wait_for(&format!("the focus at {selector} again"), &there).await?;
    Ok(())
}

/// Goes there by Tab and presses Enter.
async fn press(browser: &Browser, selector: &str) -> Result<(), Error> {
    browser.tab_on_to(selector).await?;
    focus_is(browser, selector).await?;
    browser.stroke(&[], ENTER).await
}

#[test]
fn a_whole_visit_without_a_pointer() {
    for_width(1400);
}

#[test]
fn a_whole_visit_without_a_pointer_in_a_narrow_window() {
    for_width(900);
}

fn for_width(width: u32) {
    test(async move |stage, browser| {
        let alice = stage.alice();
        browser.client().set_window_size(width, 800).await?;
        browser.tab_on_to("#username").await?;
        focus_is(browser, "#username").await?;
        browser.write(alice.username).await?;
        browser.tab_on_to("#password").await?;
        browser.write(alice.password).await?;
        browser.stroke(&[], ENTER).await?;
        browser.signed_in().await?;
        focus_is(browser, "#prompt").await?;

        // Two lines, and a use case by the arrow keys.
        browser.write("Why is").await?;
        browser.stroke(&[SHIFT], ENTER).await?;
        browser.write("the sky blue? long").await?;
        browser.tab_on_to("input[name=use-case]").await?;
        browser.stroke(&[], '\u{E014}').await?;
        let chosen = browser.value::<String>("document.activeElement.value").await?;
        focus_is(browser, "input[name=use-case]:checked").await?;
        browser.tab_back_to("#prompt").await?;
        browser.stroke(&[], ENTER).await?;
        let turn = browser.turn_is("streaming").await?;
        assert_eq!(turn.asked, "Why is\nthe sky blue? long");
        focus_is(browser, "#prompt").await?;
        browser.answer_shows(&chosen).await?;
        browser.stroke(&[], ESCAPE).await?;
        browser.turn_is("stopped").await?;
        focus_is(browser, "#prompt").await?;

        // Stop by its button.
        browser.write("long").await?;
        browser.stroke(&[], ENTER).await?;
        browser.wait_for("the second question", "document.querySelectorAll('#log article.turn').length === 2").await?;
        browser.turn_is("streaming").await?;
        press(browser, "#stop").await?;
        browser.turn_is("stopped").await?;
        focus_is(browser, "#prompt").await?;

        // Again, with another use case; Esc leaves the offer.
        browser.tab_back_to(".turn:last-child .again").await?;
        focus_is(browser, ".again").await?;
        browser.stroke(&[], ENTER).await?;
        browser.tab_on_to(".ask-again").await?;
        focus_is(browser, ".ask-again").await?;
        browser.stroke(&[], ESCAPE).await?;
        focus_is(browser, ".again").await?;
        browser.stroke(&[], ' ').await?;
        press(browser, ".ask-again[value=cost_optimized]").await?;
        let two = "document.querySelector('.turn:last-child .place')?.textContent === '2 of 2'";
        browser.wait_for("a second answer", two).await?;
        focus_is(browser, "#prompt").await?;
        browser.stroke(&[], ESCAPE).await?;
        browser.turn_is("stopped").await?;
        for act in ["previous", "next", "compare"] {
            browser.tab_back_to(&format!(".turn:last-child .{act}")).await?;
            browser.stroke(&[], ENTER).await?;
            focus_is(browser, &format!(".turn:last-child .{act}")).await?;
        }

        // The first question in other words: Esc leaves it, Enter sends it into a conversation of its own.
        browser.tab_back_to("article.turn:first-of-type .edit-question").await?;
        browser.stroke(&[], ENTER).await?;
        focus_is(browser, "article.turn:first-of-type form textarea").await?;
        browser.write("x").await?;
        browser.stroke(&[], ESCAPE).await?;
        focus_is(browser, "article.turn:first-of-type .edit-question").await?;
        browser.stroke(&[], ENTER).await?;
        focus_is(browser, "article.turn:first-of-type form textarea").await?;
        browser.stroke(&[CTRL], 'a').await?;
        browser.write("How do whales sleep? demo:pace 0").await?;
        browser.stroke(&[], ENTER).await?;
        browser.shows(&["How do whales sleep? demo:pace 0"]).await?;
        focus_is(browser, "#prompt").await?;
        browser.turn_is("done").await?;

        conversations(browser).await?;
        help(browser).await?;

        browser.tab_back_to("#sign-out").await?;
        focus_is(browser, "#sign-out").await?;
        browser.stroke(&[], ENTER).await?;
        browser.signed_out().await?;
        focus_is(browser, "#sign-in-title, #username").await
    });
}

#[test]
fn what_goes_away_under_the_focus_leaves_it_in_the_composer() {
    if !has_devtools() {
        return;
    }
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.client().set_window_size(1400, 800).await?;
        browser.sign_in(alice.username, alice.password).await?;
        browser.ask("How do whales sleep? demo:pace 0").await?;
        browser.turn_is("done").await?;

        // A field whose button has no use while an answer is under way, and an offer.
        browser.act("edit-question").await?;
        browser.ask("demo:slow 60").await?;
        browser.turn_is("waiting").await?;
        browser.tab_back_to("article.turn:first-of-type form textarea").await?;
        browser.stroke(&[], ESCAPE).await?;
        focus_is(browser, "#prompt").await?;
        browser.stroke(&[], ESCAPE).await?;
        browser.turn_is("stopped").await?;

        // A window that becomes narrow does not put the list over whoever types, nor hides what has the focus.
        browser.click("#conversations").await?;
        browser.tab_on_to("#prompt").await?;
        browser.client().set_window_size(800, 800).await?;
        browser.wait_for("no list", "document.querySelector('#history').hidden").await?;
        focus_is(browser, "#prompt").await?;
        assert!(browser.value::<bool>("!document.activeElement.closest('[inert]')").await?);

        // An entry that the list has no more: the newest, found by what it says, once another is searched for.
        browser.client().set_window_size(1400, 800).await?;
        browser.opens_history().await?;
        browser.search("whales").await?;
        browser.list_is(&["How do whales sleep? demo:pace 0"]).await?;
        let gone = "const field = document.querySelector('#search'); field.value = 'albatross';
            field.dispatchEvent(new Event('input', { bubbles: true })); document.querySelector('#history li a').focus();";
        browser.client().execute(gone, vec![]).await?;
        browser.list_is(&[]).await?;
        focus_is(browser, "#search").await
    });
}

/// Where a finger is the pointer, nothing brings a keyboard up that the person did not ask for, and all is large enough.
#[test]
fn a_finger_finds_what_it_needs() {
    if !has_devtools() {
        return;
    }
    test(async |stage, browser| {
        let size = json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true });
        browser.cdp("Emulation.setDeviceMetricsOverride", size).await?;
        browser.cdp("Emulation.setTouchEmulationEnabled", json!({ "enabled": true, "maxTouchPoints": 1 })).await?;
        browser.client().refresh().await?;
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        assert!(browser.value::<bool>("matchMedia('(pointer: coarse)').matches").await?);
        browser.type_into("#prompt", "Show me demo:markdown demo:reasoning demo:pace 0").await?;
        browser.click("#send").await?;
        browser.turn_is("done").await?;
        assert_eq!(browser.value::<String>("document.activeElement.id").await?, "composer");
        // A link in a text is as high as its line.
        let small = "[...document.querySelectorAll('#chat :is(button, summary, input, textarea, label)')]
            .filter(one => one.checkVisibility() && !one.matches('.unseen') && !(one.matches('input') && one.closest('label')))
            .map(one => [one, one.getBoundingClientRect()]).filter(([, box]) => box.width < 44 || box.height < 44)
            .map(([one, box]) => `${one.id || one.className || one.tagName} is ${box.width} by ${box.height}`)";
        assert_eq!(browser.value::<Vec<String>>(small).await?, [] as [String; 0]);
        browser.click("#conversations").await?;
        browser.act_in_history("more").await?;
        browser.act_in_history("rename").await?;
        assert_eq!(browser.value::<Vec<String>>(small).await?, [] as [String; 0]);
        browser.cdp("Emulation.setTouchEmulationEnabled", json!({ "enabled": false })).await?;
        Ok(())
    });
}

/// Opens the list where it is not open, searches, opens, renames, deletes.
async fn conversations(browser: &Browser) -> Result<(), Error> {
    press(browser, "#conversations").await?;
    focus_is(browser, "#new").await?;
    let is_drawer = browser.value::<bool>("document.documentElement.dataset.history === 'drawer'").await?;
    if is_drawer {
        // Esc closes the drawer.
        browser.stroke(&[], ESCAPE).await?;
        focus_is(browser, "#conversations").await?;
        browser.stroke(&[], ENTER).await?;
        focus_is(browser, "#new").await?;
    }
    browser.tab_on_to("#search").await?;
    browser.write("sky").await?;
    browser.list_is(&["Why is"]).await?;
    focus_is(browser, "#search").await?;

    press(browser, "#history li .more").await?;
    press(browser, "#history li .rename").await?;
    focus_is(browser, "#history li form input").await?;
    browser.write("Colours").await?;
    browser.stroke(&[], ESCAPE).await?;
    focus_is(browser, "#history li .more").await?;
    browser.stroke(&[], ENTER).await?;
    press(browser, "#history li .rename").await?;
    focus_is(browser, "#history li form input").await?;
    browser.write("Colours").await?;
    browser.stroke(&[], ENTER).await?;
    browser.list_is(&["Colours"]).await?;
    focus_is(browser, "#history li .more").await?;

    browser.tab_back_to("#history li a").await?;
    focus_is(browser, "#history li a").await?;
    browser.stroke(&[], ENTER).await?;
    browser.shows(&["Why is\nthe sky blue? long", "long"]).await?;
    focus_is(browser, "#prompt").await?;

    if is_drawer {
        browser.tab_back_to("#conversations").await?;
        browser.stroke(&[], ENTER).await?;
        focus_is(browser, "#new").await?;
    }
    // Deleting asks, and No is where the focus is.
    browser.tab_on_to("#history li .more").await?;
    browser.stroke(&[], ENTER).await?;
    press(browser, "#history li .delete").await?;
    focus_is(browser, "#history li .cancel").await?;
    browser.stroke(&[], ENTER).await?;
    focus_is(browser, "#history li .more").await?;
    browser.stroke(&[], ENTER).await?;
    press(browser, "#history li .delete").await?;
    browser.tab_back_to("#history li .delete-now").await?;
    focus_is(browser, "#history li .delete-now").await?;
    browser.stroke(&[], ENTER).await?;
    browser.list_is(&[]).await?;
    browser.shows(&[]).await?;
    focus_is(browser, "#new").await?;
    if is_drawer {
        browser.stroke(&[], ESCAPE).await?;
        focus_is(browser, "#conversations").await?;
    }
    browser.stroke(&[CTRL], ';').await?;
    focus_is(browser, "#prompt").await
}

/// The sheet of keys: by its key and by its button, closed by Esc; the focus comes back.
async fn help(browser: &Browser) -> Result<(), Error> {
    let open = "document.querySelector('dialog#help')?.open";
    let closed = "!document.querySelector('dialog#help').open";
    browser.stroke(&[CTRL], '/').await?;
    browser.wait_for("the sheet of keys", open).await?;
    focus_is(browser, "dialog#help *").await?;
    browser.stroke(&[], ESCAPE).await?;
    browser.wait_for("the sheet to close", closed).await?;
    focus_is(browser, "#prompt").await?;
    browser.stroke(&[CTRL], '/').await?;
    browser.wait_for("the sheet of keys", open).await?;
    browser.stroke(&[CTRL], '/').await?;
    browser.wait_for("the sheet to close", closed).await?;
    focus_is(browser, "#prompt").await?;
    browser.tab_back_to(".help").await?;
    browser.stroke(&[], ENTER).await?;
    browser.wait_for("the sheet of keys", open).await?;
    press(browser, "dialog#help button").await?;
    browser.wait_for("the sheet to close", closed).await?;
    focus_is(browser, ".help").await
}

#[test]
fn return_while_a_word_is_composed_does_not_send() {
    if !has_devtools() {
        return;
    }
    test(async |stage, browser| {
        browser.sign_in(stage.alice().username, stage.alice().password).await?;
        browser.wait_for("the focus", "document.activeElement.id === 'prompt'").await?;
        let note = "window.e2eKeys = []; addEventListener('keydown', event => e2eKeys.push([event.key, event.isComposing, event.keyCode]), true);";
        browser.client().execute(note, vec![]).await?;
        let compose = json!({ "text": "にほん", "selectionStart": 3, "selectionEnd": 3 });
        browser.cdp("Input.imeSetComposition", compose).await?;
        let key = |kind: &str| json!({ "type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13 });
        browser.cdp("Input.dispatchKeyEvent", key("rawKeyDown")).await?;
        browser.cdp("Input.dispatchKeyEvent", key("keyUp")).await?;
        // WebKit ends the composition first and says 229 then; so do keyboards on screens.
        for event in [
            json!({ "key": "Enter", "isComposing": true }),
            json!({ "key": "Enter", "keyCode": 229 }),
            json!({ "key": "Process", "keyCode": 229, "isComposing": true }),
        ] {
            let script = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { ...arguments[0], bubbles: true, cancelable: true }));";
            browser.client().execute(script, vec![event]).await?;
        }
        let seen = browser.value::<Vec<(String, bool, u32)>>("e2eKeys").await?;
        assert!(seen.iter().any(|(key, composing, _)| key == "Enter" && *composing), "nothing was composed: {seen:?}");
        assert!(seen.iter().any(|(key, composing, code)| key == "Enter" && !composing && *code == 229), "{seen:?}");
        browser.cdp("Input.insertText", json!({ "text": "日本" })).await?;
        assert_eq!(browser.value::<String>("document.querySelector('#prompt').value").await?, "日本");
        let sent = stage.gateway().requests("InvokeFunctionUrl");
        browser.stroke(&[], ENTER).await?;
        assert_eq!(browser.turn_is("streaming").await?.asked, "日本");
        assert_eq!((browser.turns().await?, stage.gateway().requests("InvokeFunctionUrl")), (1, sent + 1));
        Ok(())
    });
}
