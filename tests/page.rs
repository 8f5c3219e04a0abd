//! What needs a page: an answer's document as its steps build it, and the conversation's page as the worker's views build it.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::unwrap_used)]

use js_sys::{Array, Function, Promise, Uint8Array};
use signet::page::{GrowingAnswer, Inbox, Shell, mount};
use signet::protocol::{
    AnswerId, AnswerUpdate, End, Entry, Field, FieldKind, Form, FormError, FormId, HistoryView, Intent, Notice, Person,
    SessionView, TurnId, TurnUpdate, View, decode, encode,
};
use signet_markdown::{Align, Element as Kind, Markdown, Step};
use signet_stream::stock::UseCase;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{
    Element, HtmlElement, HtmlFormElement, HtmlInputElement, MutationObserver, MutationObserverInit, MutationRecord,
    Node,
};

wasm_bindgen_test_configure!(run_in_browser);

fn page() -> web_sys::Document {
    web_sys::window().unwrap().document().unwrap()
}

/// An empty element at the end of the page.
fn place() -> Element {
    let place = page().create_element("div").unwrap();
    page().body().unwrap().append_child(&place).unwrap();
    place
}

/// A document that grows in an element.
fn document_in(place: &Element) -> GrowingAnswer {
    let mut document = GrowingAnswer::new();
    document.mount(place);
    document
}

fn open(kind: Kind) -> Step {
    Step::Open(kind)
}

fn text(text: &str) -> Step {
    Step::Text(text.to_owned())
}

fn link(destination: &str) -> Kind {
    Kind::Link { destination: destination.to_owned(), title: String::new() }
}

/// What the steps make, without the parts that blocks are in.
fn html(steps: Vec<Step>) -> String {
    let place = place();
    document_in(&place).carry_out(steps);
    parts(&place).iter().map(Element::inner_html).collect()
}

fn parts(place: &Element) -> Vec<Element> {
    let parts = place.children();
    (0..parts.length()).map(|at| parts.item(at).unwrap()).collect()
}

/// The steps of a text.
fn read(text: &str) -> Vec<Step> {
    let mut markdown = Markdown::new();
    let mut steps = markdown.push(text);
    steps.extend(markdown.finish());
    steps
}

fn paragraph(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let mut all = vec![open(Kind::Paragraph)];
    all.extend(steps);
    all.push(Step::Close);
    all
}

/// Waits for the page's next frame, and for what follows from it.
async fn frame() {
    let window = web_sys::window().unwrap();
    let wait = Promise::new(&mut |done: Function, _| {
        let later = Closure::once_into_js(move || {
            let window = web_sys::window().unwrap();
            window.set_timeout_with_callback_and_timeout_and_arguments_0(&done, 0).unwrap();
        });
        window.request_animation_frame(later.unchecked_ref()).unwrap();
    });
    JsFuture::from(wait).await.unwrap();
}

/// Waits until the page has shown all that it was told: what is much is shown in parts, a part a frame.
async fn shown() {
    frame().await;
    while page().query_selector("#log[aria-busy]").unwrap().is_some() {
        frame().await;
    }
}

/// Whatever changes in an element from now on, as the browser tells of it.
fn changes_in(place: &Element) -> Array {
    let changes = Array::new();
    let seen = changes.clone();
    let on_change = Closure::<dyn FnMut(Array)>::new(move |records: Array| {
        for record in records.iter() {
            seen.push(&record);
        }
    });
    let observer = MutationObserver::new(on_change.into_js_value().unchecked_ref()).unwrap();
    let all = MutationObserverInit::new();
    for set in
        [MutationObserverInit::set_child_list, MutationObserverInit::set_subtree, MutationObserverInit::set_attributes]
    {
        set(&all, true);
    }
    all.set_character_data(true);
    observer.observe_with_options(place, &all).unwrap();
    changes
}

#[wasm_bindgen_test]
fn what_is_taken_back_leaves_no_trace() {
    let settled = [open(Kind::Paragraph), text("a"), Step::Close, open(Kind::Bullets), open(Kind::Item), Step::Settle];
    let tried: [Vec<Step>; 8] = [
        vec![open(Kind::Paragraph), text("b"), text("c"), Step::Close],
        paragraph([open(link("https://a.example/")), text("there"), Step::Close, text("!")]),
        paragraph([open(link("javascript:alert(1)")), text("there"), Step::Close]),
        vec![
            open(Kind::Paragraph),
            text("b"),
            open(Kind::Strong),
            text("c"),
            Step::Close,
            Step::Become(Kind::Heading(2)),
        ],
        vec![Step::Loose, open(Kind::Paragraph), Step::Loose],
        vec![open(Kind::Code("rust".into())), text("fn"), text(" main"), Step::Close],
        vec![
            open(Kind::Table),
            open(Kind::Row),
            open(Kind::Cell(Align::Left)),
            Step::Close,
            Step::Close,
            open(Kind::Row),
        ],
        vec![open(Kind::Paragraph), Step::Keep, Step::Close, Step::Close, Step::Close, Step::Amend(0), text("new")],
    ];
    let after = [open(Kind::Paragraph), text("d"), Step::Close, Step::Close, Step::Close, Step::Settle];
    let expected = html([&settled[..], &after[..]].concat());
    assert!(expected.contains(">d</p>"), "{expected}");
    for steps in tried {
        for upto in 1..=steps.len() {
            let undo = [Step::Undo(u32::try_from(upto).unwrap())];
            let made = html([&settled[..], &steps[..upto], &undo[..], &after[..]].concat());
            assert_eq!(made, expected, "{:?}", &steps[..upto]);
        }
    }
    // A part of a text is taken back without the rest.
    let partly = [text("a"), Step::Settle, text("bc"), Step::Undo(1), text("d")];
    assert_eq!(html(paragraph(partly)), r#"<p dir="auto">ad</p>"#);
}

#[wasm_bindgen_test]
fn headings_are_below_the_pages_own_and_leave_no_level_out() {
    let heading = |level: u8| [open(Kind::Heading(level)), text("a"), Step::Close];
    let shown = |levels: &[u8]| html(levels.iter().flat_map(|level| heading(*level)).collect());
    let tags =
        |tags: &[&str]| -> String { tags.iter().map(|tag| ["<", tag, ">a</", &tag[..2], ">"].concat()).collect() };
    let [h3, h4, h5, h6] = ["h3", "h4", "h5", "h6"].map(|tag| [tag, " dir=\"auto\""].concat());
    let (h7, h8) = ([&h6, " aria-level=\"7\""].concat(), [&h6, " aria-level=\"8\""].concat());
    assert_eq!(shown(&[1, 2, 3, 4, 5, 6]), tags(&[&h3, &h4, &h5, &h6, &h7, &h8]));
    assert_eq!(shown(&[2, 4, 4, 3, 1, 2]), tags(&[&h3, &h4, &h4, &h4, &h3, &h4]));
    // One that was taken back is no heading.
    let tried = [
        open(Kind::Heading(3)),
        text("b"),
        Step::Undo(2),
        open(Kind::Paragraph),
        Step::Become(Kind::Heading(3)),
        Step::Undo(2),
    ];
    let steps = [&heading(2)[..], &[Step::Settle], &tried, &heading(4)].concat();
    assert_eq!(html(steps), tags(&[&h3, &h4]));
}

#[wasm_bindgen_test]
async fn what_is_settled_is_not_touched_again() {
    let place = place();
    let mut document = document_in(&place);
    let mut steps = paragraph([text("whole")]);
    steps.extend([open(Kind::Bullets), open(Kind::Item), open(Kind::Paragraph), text("one"), Step::Close, Step::Close]);
    steps.push(Step::Settle);
    document.carry_out(steps);
    let changes = changes_in(&place);
    let [first, item] = ["p", "li"].map(|name| place.query_selector(name).unwrap().unwrap());
    let words = first.first_child().unwrap();
    page().get_selection().unwrap().unwrap().select_all_children(&first).unwrap();
    document.carry_out(vec![
        open(Kind::Item),
        open(Kind::Paragraph),
        text("tw"),
        Step::Undo(1),
        text("two"),
        Step::Undo(3),
        Step::Close,
        open(Kind::Paragraph),
        text("three"),
        Step::Become(Kind::Heading(1)),
        Step::Close,
        Step::Settle,
    ]);
    frame().await;
    assert!(changes.length() > 5, "the observer saw {} changes", changes.length());
    for record in changes.iter() {
        let target: Node = record.unchecked_into::<MutationRecord>().target().unwrap();
        assert!(!first.contains(Some(&target)) && !item.contains(Some(&target)), "{:?}", target.text_content());
    }
    assert!(first.first_child().unwrap().is_same_node(Some(&words)));
    let selected: String = page().get_selection().unwrap().unwrap().to_string().into();
    assert_eq!(selected, "whole");
}

#[wasm_bindgen_test]
fn blocks_are_in_parts_whatever_was_taken_back_between_them() {
    let (whole, streamed) = (place(), place());
    let block = |number: usize| paragraph([text(&number.to_string())]);
    document_in(&whole).carry_out((0..40).flat_map(block).collect());
    let mut document = document_in(&streamed);
    for number in 0..40 {
        let mut steps = paragraph([text("other")]);
        steps.extend([open(Kind::Bullets), open(Kind::Item), Step::Undo(5), open(Kind::Rule), Step::Undo(1)]);
        steps.extend([open(Kind::Paragraph), text(&number.to_string()), Step::Become(Kind::Heading(2)), Step::Undo(1)]);
        steps.extend([Step::Close, Step::Settle]);
        document.carry_out(steps);
    }
    assert_eq!(parts(&whole).iter().map(Element::child_element_count).collect::<Vec<_>>(), [16, 16, 8]);
    assert_eq!(streamed.inner_html(), whole.inner_html());
}

#[wasm_bindgen_test]
fn only_safe_addresses_are_links() {
    for destination in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://a.example/x",
        "https://trusted.example@evil.example/",
        "https://:pass@evil.example/",
        "https:\\\\evil.example",
        "//evil.example/",
        "/sign-out",
        "#c=x",
        "",
        "mailto:",
        "https://bücher.example/",
    ] {
        let made = html(paragraph([open(link(destination)), text("there"), Step::Close]));
        assert!(!made.contains("<a") && !made.contains("href"), "{destination}: {made}");
    }
    let made = html(paragraph([open(link("https://docs.example/a?b")), text("there"), Step::Close, text(".")]));
    for part in [
        r#"href="https://docs.example/a?b""#,
        r#"rel="noopener noreferrer nofollow""#,
        r#"referrerpolicy="no-referrer""#,
        r#">there</a><span class="host"> (docs.example)</span>."#,
    ] {
        assert!(made.contains(part), "{part} is not in {made}");
    }
    // What says where it leads need not say it twice.
    for (destination, words) in [("https://a.example/", "a.example"), ("mailto:a@b.example", "a@b.example")] {
        let made = html(paragraph([open(link(destination)), text(words), Step::Close]));
        assert!(made.contains("<a ") && !made.contains("host"), "{made}");
    }
}

#[wasm_bindgen_test]
fn a_link_says_its_host_unless_its_text_is_the_address() {
    for (text, is_said) in [
        ("[a.example](https://a.example)", false),
        ("[https://a.example](https://a.example/)", false),
        ("<https://a.example/>", false),
        ("<a@b.example>", false),
        ("[https://a.example](http://a.example)", true),
        ("[mailto:a.example](http://a.example)", true),
        ("[a.example/b](http://a.example)", true),
        ("[b.example](mailto:a@b.example)", true),
    ] {
        let made = html(read(text));
        assert!(made.contains("<a ") && made.contains("class=\"host\"") == is_said, "{text}: {made}");
    }
    let made = html(read("[a <https://x.example/> ![i](https://i.example/)](https://y.example)"));
    assert!(made.contains("<span>https://x.example/</span>") && made.ends_with("> (y.example)</span></p>"), "{made}");
    assert_eq!(made.matches("<a ").count(), 1, "{made}");
}

/// Where the characters of an element stand that have a width, one after the other.
fn places_of_characters(element: &Element) -> Vec<f64> {
    let places = Function::new_with_args(
        "element",
        "const places = [], range = document.createRange(), texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
         for (let text; text = texts.nextNode();)
             for (let at = 0; at < text.length; at += 1) {
                 range.setStart(text, at);
                 range.setEnd(text, at + 1);
                 for (const { left, width } of range.getClientRects()) if (width > 0) places.push(left);
             }
         return places;",
    );
    let places: Array = places.call1(&JsValue::NULL, element).unwrap().unchecked_into();
    places.iter().map(|place| place.as_f64().unwrap()).collect()
}

#[wasm_bindgen_test]
fn nothing_turns_an_address_or_a_host() {
    let style = page().create_element("style").unwrap();
    style.set_text_content(Some(include_str!("../style/signet.css")));
    page().head().unwrap().append_child(&style).unwrap();
    let place = place();
    place.set_class_name("answer");
    for text in [
        "[moc.elgoog \u{202e}](https://evil.example)",
        "[moc.elgoog \u{2069}\u{202e}](https://evil.example)",
        "\u{202e}[x](https://evil.example)",
        "\u{202e}<https://moc.elgoog.evil.example/>",
        "\u{2067}\u{202e}**<https://moc.elgoog.evil.example/1/>**",
        "שלום <https://moc.elgoog.evil.example/1/> [שלום](https://evil.example/) [x](javascript:a)",
        "\u{202e}![x \u{202e}](https://evil.example)",
        "\u{202e}[![x](https://i.example)](https://evil.example)",
    ] {
        place.set_text_content(None);
        document_in(&place).carry_out(read(text));
        let found = place.query_selector_all(".host, a").unwrap();
        let mut count = 0;
        for element in (0..found.length()).map(|at| found.item(at).unwrap().unchecked_into::<Element>()) {
            if !element.text_content().unwrap().contains("example")
                || element.text_content().unwrap().contains('\u{202e}')
            {
                continue;
            }
            count += 1;
            let places = places_of_characters(&element);
            assert!(places.len() > 10 && places.is_sorted(), "{text:?}: {places:?} in {}", place.inner_html());
        }
        assert!(count > 0, "{text:?}");
    }
    place.remove();
    style.remove();
}

#[wasm_bindgen_test]
fn a_list_a_quote_and_a_table_run_as_their_first_letter_does() {
    let directions = |text: &str| -> Vec<String> {
        let place = place();
        document_in(&place).carry_out(read(text));
        let found = place.query_selector_all("ul, ol, blockquote, .wide").unwrap();
        let found = (0..found.length()).map(|at| found.item(at).unwrap().unchecked_into::<Element>());
        found.map(|element| element.get_attribute("dir").unwrap_or_default()).collect()
    };
    for (text, expected) in [
        ("- שלום\n- a\n", &["rtl"][..]),
        ("- 1 × 2 ÷ 3 שלום\n", &["rtl"]),
        ("- a\n- שלום\n", &[""]),
        // What is closed has no first letter any more.
        ("1. 5\n2. 6\n\nמחיר\n", &[""]),
        ("> 42\n\nשלום\n", &[""]),
        ("- 1\n\n> 42\n\n- שלום\n", &["", "", "rtl"]),
        // Said where it begins.
        ("> - שלום\n", &["rtl", ""]),
        ("- שלום\n  - a\n    - b\n  - שלום\n", &["rtl", "ltr", ""]),
        ("- a\n  > שלום\n", &["", "rtl"]),
        ("- 1\n  - שלום\n", &["rtl", ""]),
        ("| שלום | a |\n|-|-|\n| b | c |\n", &["rtl"]),
        ("| a | שלום |\n|-|-|\n| b | c |\n", &[""]),
        ("- שלום\n\n  | a |\n  |---|\n", &["rtl", "ltr"]),
    ] {
        assert_eq!(directions(text), expected, "{text:?}");
    }
}

#[wasm_bindgen_test]
fn nothing_of_a_text_is_loaded_or_read_as_html() {
    let image = Kind::Image { destination: "https://evil.example/p.png?secret".into(), title: String::new() };
    let mut steps =
        paragraph([open(image.clone()), text("a chart"), Step::Close, open(Kind::InlineHtml), text("<img src=x>")]);
    steps.extend([Step::Close, open(Kind::Html), text("<script>x</script>"), Step::Close]);
    steps.extend(paragraph([open(link("https://a.example/x")), open(image), text("b"), Step::Close, Step::Close]));
    let place = place();
    document_in(&place).carry_out(steps);
    assert!(place.query_selector("img, script, a a, iframe").unwrap().is_none(), "{}", place.inner_html());
    let said = place.text_content().unwrap();
    for part in ["Image: a chart (evil.example)", "<img src=x>", "<script>x</script>", "Image: b (evil.example)"] {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
}

#[wasm_bindgen_test]
fn a_kept_element_is_amended_at_the_end() {
    let mut steps = paragraph([text("[a][b]"), Step::Keep]);
    steps.extend(paragraph([text("middle")]));
    steps.extend([
        Step::Settle,
        Step::Amend(0),
        open(link("https://a.example/x")),
        text("a"),
        Step::Close,
        Step::Close,
    ]);
    let made = html(steps);
    assert!(made.starts_with("<p dir=\"auto\"><a ") && made.ends_with("<p dir=\"auto\">middle</p>"), "{made}");
}

#[wasm_bindgen_test]
fn the_first_row_of_a_table_is_its_head() {
    let row = |cell: &str| vec![open(Kind::Row), open(Kind::Cell(Align::Right)), text(cell), Step::Close, Step::Close];
    let made = html([vec![open(Kind::Table)], row("a"), row("b"), row("c"), vec![Step::Close]].concat());
    let head = r#"<thead><tr><th class="right" dir="auto" scope="col">a</th></tr></thead>"#;
    let body =
        r#"<tbody><tr><td class="right" dir="auto">b</td></tr><tr><td class="right" dir="auto">c</td></tr></tbody>"#;
    assert!(made.contains(&[head, body].concat()), "{made}");
}

/// What the shown conversation says of its newest answer.
fn newest(selector: &str) -> String {
    let place = page().query_selector(&["#log article.turn:last-of-type ", selector].concat()).unwrap();
    place.and_then(|place| place.text_content()).unwrap_or_else(|| panic!("no {selector}"))
}

/// The app in the elements of index.html.
struct App {
    place: Element,
    inbox: Inbox,
    /// What the page has told the worker.
    sent: Array,
    /// Dropping it takes the components out.
    _mounted: Box<dyn std::any::Any>,
}

impl App {
    fn new() -> Self {
        let html = include_str!("../index.html");
        let body = html.split_once("<body>").unwrap().1.split_once("</body>").unwrap().0;
        let place = place();
        place.set_inner_html(body);
        let sent = Array::new();
        let posted = sent.clone();
        let post = move |message: &Array| {
            posted.push(message);
        };
        let (inbox, mounted) = mount(Shell::find().unwrap(), post, false);
        Self { place, inbox, sent, _mounted: Box::new(mounted) }
    }

    /// What the worker says, all of which is shown when this returns.
    async fn tell(&self, views: &[View]) {
        self.inbox.take(&encode(views).unwrap());
        shown().await;
    }

    /// The intents that the page has sent since this was asked last.
    fn intents(&self) -> Vec<Intent> {
        let sent = std::iter::from_fn(|| (self.sent.length() > 0).then(|| self.sent.shift()));
        let bytes = sent.map(|message| message.unchecked_into::<Array>().get(0).unchecked_into::<Uint8Array>());
        bytes.map(|bytes| decode(&bytes.to_vec()).unwrap()).collect()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.place.remove();
    }
}

/// What the worker says when somebody signs in.
fn signed_in() -> View {
    View::Session(SessionView::SignedIn(Person { username: "alice".into(), role: None, sign_out: "Sign out".into() }))
}

fn signed_out() -> View {
    View::Session(SessionView::Asked(Form::default()))
}

#[wasm_bindgen_test]
async fn a_conversation_is_shown_as_the_worker_tells_it() {
    let app = App::new();
    let answer = |update| View::Turn { id: TurnId(0), update: TurnUpdate::Answer { id: AnswerId(0), update } };
    app.tell(&[
        signed_in(),
        View::Turn { id: TurnId(0), update: TurnUpdate::Asked { prompt: "Why <b>?".into() } },
        answer(AnswerUpdate::Begun { use_case: UseCase::CostOptimized, context: 2 }),
    ])
    .await;
    let state = || page().query_selector("#log article.turn").unwrap().unwrap().get_attribute("data-state").unwrap();
    assert_eq!((state(), newest(".asked"), newest(".use-case")), ("waiting".into(), "Why <b>?".into(), "Cheap".into()));
    assert_eq!(newest(".context"), "with 2 earlier turns");
    assert!(!page().query_selector("#stop").unwrap().unwrap().has_attribute("data-off"));
    app.tell(&[answer(AnswerUpdate::Model("m".into())), answer(AnswerUpdate::Steps(paragraph([text("So.")])))]).await;
    assert_eq!((state(), newest(".answer"), newest(".model")), ("streaming".into(), "So.".into(), "m".into()));
    let notice = Notice { title: "Busy".into(), text: "Wait.".into(), request_id: Some("id".into()) };
    app.tell(&[answer(AnswerUpdate::Ended {
        end: End::Failed,
        notice: Some(notice),
        facts: vec!["1 s".into(), "with 2 earlier turns".into()],
        wait: Some(100),
    })])
    .await;
    assert_eq!(
        (state(), newest("[role=alert] .note p"), newest(".request-id")),
        ("failed".into(), "Wait.".into(), "id".into())
    );
    assert_eq!((newest(".retry"), newest(".times")), ("Retry in 100 s".into(), "1 s · with 2 earlier turns".into()));
    assert!(page().query_selector(".context").unwrap().is_none(), "the context is told twice");
    assert!(page().query_selector("#stop").unwrap().unwrap().has_attribute("data-off"));
    // Somebody else finds nothing of it.
    app.tell(&[View::Forget { draft: true }, signed_out()]).await;
    assert!(page().query_selector("#chat, .turn").unwrap().is_none());
}

#[wasm_bindgen_test]
async fn what_is_opened_again_has_ended_and_what_is_asked_then_is_under_way() {
    let app = App::new();
    app.tell(&[signed_in()]).await;
    let stop = page().query_selector("#stop").unwrap().unwrap();
    let flashes = changes_in(&stop);
    let asked = |id| View::Turn { id: TurnId(id), update: TurnUpdate::Asked { prompt: "Why?".into() } };
    let answer =
        |turn, id, update| View::Turn { id: TurnId(turn), update: TurnUpdate::Answer { id: AnswerId(id), update } };
    let begun = || AnswerUpdate::Begun { use_case: UseCase::Balanced, context: 0 };
    let ends = [End::Done, End::CutOff, End::Failed];
    // So much that it comes in parts, which end anywhere.
    let opened = |turns: u32| {
        let mut views = vec![View::Conversation { id: "id".into(), title: "Why?".into(), turns }];
        for turn in 0..turns {
            views.push(asked(turn));
            for (id, end) in (0..).zip(ends) {
                let notice = Some(Notice { title: "Oh".into(), text: "No.".into(), request_id: None });
                let ended = AnswerUpdate::Ended { end, notice, facts: vec!["1 s".into()], wait: Some(0) };
                let steps = AnswerUpdate::Steps(paragraph([text("So.")]));
                views.extend([begun(), AnswerUpdate::Model("m".into()), ended, steps].map(|it| answer(turn, id, it)));
            }
        }
        views
    };
    app.tell(&opened(50)).await;
    assert_eq!(flashes.length(), 0, "Stop was offered while a conversation was opened");
    let count = |selector: &str| page().query_selector_all(selector).unwrap().length();
    assert_eq!((count("#log .turn"), count("#log .turn[data-state=failed]")), (50, 50));
    assert_eq!((count("#log .reply"), count("#log .reply[data-state=failed]")), (50, 50));
    assert_eq!((count("#log [aria-busy]"), count("#log [role=alert]")), (0, 0));
    assert_eq!(newest(".times"), "1 s");

    // As after an edit: a copy, and in the same message what was asked in it.
    let mut views = opened(2);
    views.extend([asked(2), answer(2, 0, begun())]);
    app.tell(&views).await;
    let states = ["failed", "waiting"].map(|state| count(&["#log .reply[data-state=", state, "]"].concat()));
    assert_eq!((states, count("#log [role=alert]")), ([2, 1], 1));
    assert!(!stop.has_attribute("data-off"));
    let end = AnswerUpdate::Ended { end: End::Done, notice: None, facts: vec![], wait: Some(0) };
    app.tell(&[answer(2, 0, end)]).await;
    assert!(stop.has_attribute("data-off"));
    app.tell(&[View::Forget { draft: true }, signed_out()]).await;
}

#[wasm_bindgen_test]
async fn another_conversation_takes_the_place_of_the_one_that_was_shown() {
    let app = App::new();
    let answer = |update| View::Turn { id: TurnId(0), update: TurnUpdate::Answer { id: AnswerId(0), update } };
    let opened = |id: &str, prompt: &str, words: &str| {
        let ended = AnswerUpdate::Ended { end: End::Done, notice: None, facts: vec![], wait: Some(0) };
        [
            View::Conversation { id: id.into(), title: prompt.into(), turns: 1 },
            View::Turn { id: TurnId(0), update: TurnUpdate::Asked { prompt: prompt.into() } },
            answer(AnswerUpdate::Begun { use_case: UseCase::Balanced, context: 0 }),
            answer(ended),
            answer(AnswerUpdate::Steps(paragraph([text(words)]))),
        ]
    };
    app.tell(&[signed_in()]).await;
    for (id, prompt, words) in [("one", "First?", "Yes."), ("two", "Second?", "No."), ("one", "First?", "Yes.")] {
        app.tell(&opened(id, prompt, words)).await;
        assert_eq!((newest(".asked"), newest(".answer")), (prompt.into(), words.into()));
        assert_eq!(page().query_selector_all("#log .turn").unwrap().length(), 1);
    }
    // Its buttons work.
    app.intents();
    page().query_selector("#log .again").unwrap().unwrap().unchecked_into::<HtmlElement>().click();
    frame().await;
    page().query_selector("#log .ask-again").unwrap().unwrap().unchecked_into::<HtmlElement>().click();
    let asked = Intent::Again { turn: TurnId(0), use_case: UseCase::PerformanceOptimized };
    assert_eq!(app.intents(), [asked]);
}

#[wasm_bindgen_test]
async fn a_form_that_is_asked_again_with_the_same_words_says_them_again() {
    let app = App::new();
    let field = |name: &'static str, kind| Field {
        name: name.into(),
        label: name.into(),
        hint: "".into(),
        autocomplete: "".into(),
        value: String::new(),
        kind,
    };
    let form = Form {
        id: FormId(1),
        is_sign_in: true,
        title: "Sign in".into(),
        fields: vec![field("username", FieldKind::Text("".into())), field("password", FieldKind::Password)],
        submit: "Sign in".into(),
        error: Some(FormError { text: "Wrong.".into(), field: None }),
        ..Form::default()
    };
    let of = |id: &str| page().get_element_by_id(id).unwrap();
    let wrong = || of("sign-in-error").text_content().unwrap();
    for _ in 0..2 {
        app.tell(&[View::Session(SessionView::Asked(form.clone()))]).await;
        assert_eq!(wrong(), "Wrong.");
        for id in ["username", "password"] {
            of(id).unchecked_into::<HtmlInputElement>().set_value("x");
        }
        of("sign-in-form").unchecked_into::<HtmlFormElement>().request_submit().unwrap();
        frame().await;
        assert_eq!(wrong(), "");
    }
    assert_eq!(app.intents(), vec![Intent::Submit { form: FormId(1) }; 2]);
    // After another screen it is back.
    app.tell(&[signed_in()]).await;
    assert!(page().get_element_by_id("sign-in").is_none());
    app.tell(&[View::Session(SessionView::Asked(form))]).await;
    assert_eq!(wrong(), "Wrong.");
}

#[wasm_bindgen_test]
async fn a_new_step_has_nothing_of_the_one_before() {
    let app = App::new();
    let step = |id| {
        let kind = FieldKind::Code;
        let field = Field {
            name: "code".into(),
            label: "Code".into(),
            hint: "".into(),
            autocomplete: "".into(),
            value: String::new(),
            kind,
        };
        View::Session(SessionView::Asked(Form {
            id: FormId(id),
            fields: vec![field],
            submit: "Go".into(),
            ..Form::default()
        }))
    };
    let code = || page().get_element_by_id("code").unwrap().unchecked_into::<HtmlInputElement>();
    app.tell(&[step(1)]).await;
    code().set_value("123");
    app.tell(&[step(1)]).await;
    assert_eq!(code().value(), "123", "the same step keeps what was typed");
    app.tell(&[step(2)]).await;
    assert_eq!(code().value(), "");
}

#[wasm_bindgen_test]
async fn a_conversation_that_was_left_leaves_no_memory_behind() {
    const CONVERSATIONS: usize = 200;
    let app = App::new();
    app.tell(&[signed_in()]).await;
    let answer = |update| View::Turn { id: TurnId(0), update: TurnUpdate::Answer { id: AnswerId(0), update } };
    let read_out = "A line that is read out.\n".repeat(60);
    let one = async |id: String| {
        let entries = vec![Entry { id: id.clone(), title: "Why?".into(), date: "today".into() }];
        app.tell(&[
            View::Conversation { id, title: "Why?".into(), turns: 0 },
            View::Turn { id: TurnId(0), update: TurnUpdate::Asked { prompt: "Why?".into() } },
            answer(AnswerUpdate::Begun { use_case: UseCase::Balanced, context: 0 }),
            answer(AnswerUpdate::Steps(paragraph([text(&read_out)]))),
            answer(AnswerUpdate::Ended { end: End::Done, notice: None, facts: vec![], wait: Some(0) }),
            View::Spoken(read_out.clone()),
            View::History(HistoryView { entries, ..HistoryView::default() }),
        ])
        .await;
    };
    one("first".into()).await;
    let before = core::arch::wasm32::memory_size(0);
    for number in 0..CONVERSATIONS {
        one(number.to_string()).await;
    }
    // Leptos keeps some: a `For` has a list of the owners of all items that it ever had.
    let grown = (core::arch::wasm32::memory_size(0) - before) * 65_536 / CONVERSATIONS;
    assert!(grown < 2_048, "{grown} bytes a conversation");
}
