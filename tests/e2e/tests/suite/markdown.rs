//! Markdown as a person sees it: whole, and at every moment while it comes.

use serde_json::json;
use signet_e2e::cognito::{Cognito, Person, Script};
use signet_e2e::{Browser, Error, has_devtools, test, test_from_blank};

/// From now on the page keeps every mark that shows in an answer outside of its code, and how often the answer was looked at. A look is what a
/// frame paints: changes come once a frame.
const WATCH: &str = r"
    window.e2eMarks = [];
    window.e2eLooks = 0;
    new MutationObserver(() => {
        const answer = [...document.querySelectorAll('#log .answer')].at(-1);
        if (!answer) return;
        window.e2eLooks += 1;
        const walker = document.createTreeWalker(answer, NodeFilter.SHOW_TEXT, node =>
            node.parentElement.closest('code, pre, .host, .head') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
        let text = '';
        for (let block = null; walker.nextNode();) {
            const around = walker.currentNode.parentElement.closest('p, h3, h4, h5, h6, li, td, th');
            if (around !== block) text += '\n';
            block = around;
            text += walker.currentNode.data;
        }
        const mark = text.match(/.{0,40}(\*\*|\]\(|```|~~|\|\s*:?---|!\[|<http|^#{1,6} |^\s*[-+] \[).{0,40}/m);
        if (mark) window.e2eMarks.push(mark[0]);
    }).observe(document.querySelector('#log'), { childList: true, subtree: true, characterData: true });
";

async fn no_mark_was_seen(browser: &Browser, least: u32) -> Result<(), Error> {
    let (looks, marks): (u32, Vec<String>) = browser.value("[window.e2eLooks, window.e2eMarks]").await?;
    assert!(looks >= least, "{looks} looks");
    assert!(marks.is_empty(), "{} of {looks} looks saw a mark: {marks:#?}", marks.len());
    Ok(())
}

/// What the answer's part of this selector says, each.
async fn texts(browser: &Browser, selector: &str) -> Result<Vec<String>, Error> {
    let expression =
        format!("[...document.querySelectorAll('#log .answer')].at(-1).querySelectorAll({})", json!(selector));
    browser.value(&format!("[...{expression}].map(one => one.innerText.trim())")).await
}

/// How the first of this selector is drawn.
async fn style(browser: &Browser, selector: &str, property: &str) -> Result<String, Error> {
    let expression =
        format!("getComputedStyle(document.querySelector({})).{property}", json!(format!("#log .answer {selector}")));
    browser.value(&expression).await
}

#[test]
fn a_tour_of_markdown_looks_right() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        browser.element("#log").await?;
        browser.client().execute(WATCH, vec![]).await?;
        browser.ask("demo:markdown demo:pace 10").await?;
        let answer = browser.turn_is("done").await?.answer;
        no_mark_was_seen(browser, 20).await?;

        // The page's own headings are above an answer's.
        assert_eq!(texts(browser, "h1, h2").await?, Vec::<String>::new());
        assert_eq!(texts(browser, "h3").await?, ["A tour of Markdown", "Setext heading of the first level"]);
        assert_eq!(texts(browser, "h5").await?, ["Heading of the third level"]);
        let sizes: Vec<f64> = browser
            .value("['h3', 'h4', 'h5'].map(tag => parseFloat(getComputedStyle(document.querySelector(`.answer ${tag}`)).fontSize))")
            .await?;
        assert!(sizes.is_sorted_by(|one, next| one > next), "{sizes:?}");

        for (selector, said) in [
            ("p > em", "slanted"),
            ("p > strong", "bold"),
            ("p > em > strong, p > strong > em", "both"),
            ("p > del", "struck out"),
            ("p > code", "code with <b>tags</b> & \"quotes\""),
        ] {
            assert!(texts(browser, selector).await?.contains(&said.to_owned()), "{selector}");
        }
        for said in ["*escaped*", "snake_case_words stay", "© or 🦀", "$5 and $6 are no formula, and 2 * 3 * 4 is 24"]
        {
            assert!(answer.replace('\n', " ").contains(said), "{said}");
        }

        // Lists in lists in lists.
        assert_eq!(texts(browser, "ul ul ol ul li").await?, ["to the fourth level"]);
        assert_eq!(browser.value::<u32>("document.querySelector('.part > ol').start").await?, 7);
        let tasks: Vec<(bool, String)> = browser
            .value("[...document.querySelectorAll('.answer li.task')].map(task => [task.querySelector('.box').matches('.done'), task.textContent])")
            .await?;
        let told = [(true, "Done: sign in"), (true, "Done: ask"), (false, "Not done: read the whole tour")];
        assert_eq!(tasks, told.map(|(is_done, text)| (is_done, text.to_owned())));

        // Tables, each column as it was asked for.
        let aligned: Vec<String> = browser
            .value("[...document.querySelectorAll('.answer table')][0].rows[1].cells.length && [...document.querySelector('.answer table').rows[1].cells].map(cell => getComputedStyle(cell).textAlign)")
            .await?;
        assert_eq!(aligned, ["left", "center", "right", "start"]);
        assert_eq!(texts(browser, "thead th").await?, ["Left", "Middle", "Right", "As it comes", "One column"]);
        assert!(texts(browser, "td").await?.contains(&"a pipe | in a cell".to_owned()));

        // Code, with its language.
        let languages = texts(browser, ".code .language").await?;
        assert_eq!(languages, ["sh", "rust", "python", "json", "ts", "bash", "diff", "", ""]);
        assert_eq!(style(browser, ".code code", "direction").await?, "ltr");
        assert!(style(browser, ".code code", "fontFamily").await?.contains("mono"));

        // Links say where they lead; what is none stays words.
        let bedrock = "a[title='Amazon Bedrock']";
        assert_eq!(texts(browser, bedrock).await?, ["link with a title"]);
        assert_eq!(texts(browser, &format!("{bedrock} + .host")).await?, ["(docs.aws.amazon.com)"]);
        assert_eq!(texts(browser, "a[title='Lambda function URLs']").await?, ["reference link"]);
        assert!(answer.contains("do not run"));
        assert_eq!(texts(browser, "a[href^='javascript']").await?, Vec::<String>::new());
        assert_eq!(texts(browser, "img, b, script").await?, Vec::<String>::new());
        assert_eq!(texts(browser, ".image").await?, ["Image: a picture that nobody may fetch (example.com)"]);
        assert!(answer.contains("<img src=\"https://example.com/leak.gif\" onerror=\"alert(1)\">"));

        // From right to left, block by block.
        let directions: Vec<(String, String)> = browser
            .value(
                "[...document.querySelectorAll('.part > p, .part > ul > li > p')].map(block => [block.innerText[0], getComputedStyle(block).direction])",
            )
            .await?;
        let is_rtl = |text: &str| text.starts_with(|c| ('\u{590}'..='\u{6ff}').contains(&c));
        assert!(directions.iter().filter(|(first, _)| is_rtl(first)).count() >= 4, "{directions:?}");
        for (first, direction) in &directions {
            assert_eq!(direction == "rtl", is_rtl(first), "{first}");
        }
        Ok(())
    });
}

#[test]
fn marks_are_never_seen_however_small_the_pieces_are() {
    test_from_blank(async |stage, browser| {
        let ann = Person::new("ann@example.com", "Right horse 7!");
        // Twice, for enough looks.
        let tour = [include_str!("../../../../backend/src/model/tour.md"); 2].join("\n");
        let pieces: Vec<String> = tour.chars().map(String::from).collect();
        let pieces: Vec<_> = pieces.iter().map(String::as_str).collect();
        let script = Script::new().srp(&ann).tokens(json!({})).identity_pool().ask("A tour").stream(&pieces);
        let cognito = Cognito::start(stage.origin(), script).await?;
        stage.open(browser, &cognito.config()).await?;
        browser.sign_in(&ann.username, &ann.password).await?;
        browser.element("#log").await?;
        browser.client().execute(WATCH, vec![]).await?;
        browser.ask("A tour").await?;
        browser.turn_is("done").await?;
        no_mark_was_seen(browser, 100).await
    });
}

#[test]
fn copy_gives_exactly_what_was_written() {
    if !has_devtools() {
        return;
    }
    test(async |stage, browser| {
        let alice = stage.alice();
        let permission =
            json!({ "origin": stage.origin(), "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        browser.cdp("Browser.grantPermissions", permission).await?;
        browser.sign_in(alice.username, alice.password).await?;
        browser.ask("demo:markdown demo:pace 0").await?;
        browser.turn_is("done").await?;
        let tour = include_str!("../../../../backend/src/model/tour.md");
        let pasted = async || {
            let text =
                browser.client().execute_async("navigator.clipboard.readText().then(arguments[0]);", vec![]).await?;
            Ok::<_, Error>(text.as_str().unwrap_or_default().to_owned())
        };

        for (language, fence) in
            [("rust", "```rust\n"), ("python", "```python\n"), ("diff", "```diff\n"), ("", "~~~\n")]
        {
            let code = tour.split_once(fence).unwrap().1;
            let code = code.split_once(&format!("\n{}", &fence[..3])).unwrap().0;
            let find = format!(
                "[...document.querySelectorAll('.part > .code')].find(one => one.querySelector('.language').innerText === {}).querySelector('button')",
                json!(language)
            );
            press(browser, &find).await?;
            assert_eq!(pasted().await?.trim_end_matches('\n'), code, "{language}");
        }

        press(browser, "document.querySelector('.reply .copy-answer')").await?;
        assert_eq!(pasted().await?.trim_end(), tour.trim_end());
        Ok(())
    });
}

/// Presses a copy button as a person does, and waits until it has said that it is done; it says so for two seconds.
async fn press(browser: &Browser, find: &str) -> Result<(), Error> {
    let script = format!(
        "const button = {find};
        document.querySelector('#pressed')?.removeAttribute('id');
        button.id = 'pressed';
        button.scrollIntoView({{ block: 'center' }});
        window.e2eSaid = [];
        new MutationObserver(() => window.e2eSaid.push(button.textContent)).observe(button, {{ childList: true, characterData: true, subtree: true }});"
    );
    browser.client().execute(&script, vec![]).await?;
    browser.click("#pressed").await?;
    browser.wait_for("the button's word", "window.e2eSaid.length").await?;
    assert_eq!(browser.value::<String>("window.e2eSaid[0]").await?, "Copied");
    Ok(())
}
