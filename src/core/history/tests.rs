use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::core::conversation::{Answer, Part, Turn};
use crate::core::words::{history as words, markdown};
use crate::protocol::{AnswerId, End, Entry, Errand, HistoryView, Notice, TurnId, View};
use signet_cognito::UnixMillis;
use signet_stream::stock::UseCase;
use signet_stream::{StopReason, Usage};

const NOW: UnixMillis = UnixMillis(1_793_682_367_000);

fn answer(text: &str) -> Answer {
    Answer {
        use_case: UseCase::Balanced,
        asked: NOW,
        context: 0,
        model: "eu.amazon.nova-2-lite-v1:0".into(),
        text: text.into(),
        reasoning: String::new(),
        end: Some(End::Done),
        notice: None,
        stop: Some(StopReason::EndTurn),
        usage: Usage { input_tokens: Some(9), cached_tokens: None, output_tokens: Some(212) },
        first_text: Some(420),
        duration: 12_000,
    }
}

fn conversation(id: &str, prompt: &str, text: &str, updated: i64) -> Conversation {
    Conversation {
        id: id.into(),
        title: prompt.into(),
        updated: UnixMillis(updated),
        context_bytes: None,
        turns: vec![Turn { prompt: prompt.into(), answers: vec![answer(text)] }],
    }
}

/// A conversation in the store.
struct Kept {
    owner: String,
    id: String,
    summary: Vec<u8>,
    saved: Vec<u8>,
    tails: Vec<Tail>,
}

/// A correct store, in memory, and the views that the page got.
#[derive(Default)]
struct Browser {
    kept: Vec<Kept>,
    keep: Vec<String>,
    fault: Option<StoreFault>,
    orders: Vec<(String, Order)>,
    views: Vec<View>,
    shown: Vec<Conversation>,
    renewed: Vec<Conversation>,
}

impl Browser {
    fn do_all(&mut self, history: &mut History, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Store(owner, order) => self.orders.push((owner, order)),
                Effect::Open(conversation) => self.shown.push(conversation),
                Effect::Renew(conversation) => self.renewed.push(conversation),
                Effect::List(list) => self.views.push(View::History(words::list(list, |time| time.0.to_string()))),
                Effect::Remark(remark) => self.views.push(View::Remark(words::remark(remark))),
                Effect::Export { title, format, conversations } => {
                    self.views.push(words::export(title.as_deref(), format, &conversations, NOW));
                }
            }
        }
        let orders = std::mem::take(&mut self.orders);
        for (owner, order) in orders {
            if let Some(reply) = self.carry_out(&owner, order) {
                let effects = history.step(Input::Stored(owner, reply));
                self.do_all(history, effects);
            }
        }
    }

    fn carry_out(&mut self, owner: &str, order: Order) -> Option<Reply> {
        let is = |kept: &Kept, id: &str| kept.owner == owner && kept.id == id;
        match (order, self.fault) {
            (Order::Load, Some(StoreFault::Refused)) => Some(Reply::Loaded(Err(StoreFault::Refused))),
            (Order::Load, _) => {
                let summaries =
                    self.kept.iter().filter(|kept| kept.owner == owner).map(|kept| kept.summary.clone()).collect();
                Some(Reply::Loaded(Ok((summaries, self.keep.iter().any(|other| other == owner)))))
            }
            (Order::Read { job, id }, _) => {
                let found = self.kept.iter().find(|kept| is(kept, &id));
                Some(Reply::Read { job, found: found.map(|kept| (kept.saved.clone(), kept.tails.clone())) })
            }
            (Order::Save { id, saved, .. }, Some(fault)) => Some(Reply::NotSaved { id, saved, fault }),
            (Order::Append { .. } | Order::Keep(_), Some(fault)) => Some(Reply::Failed(fault)),
            (Order::Save { id, summary, saved }, None) => {
                self.kept.retain(|kept| !is(kept, &id));
                self.kept.push(Kept { owner: owner.into(), id: id.clone(), summary, saved, tails: vec![] });
                Some(Reply::Done { saved: Some(id) })
            }
            (Order::Append { id, tail }, None) => {
                self.kept.iter_mut().find(|kept| is(kept, &id)).unwrap().tails.push(tail);
                None
            }
            (Order::Delete { id }, _) => {
                self.kept.retain(|kept| !is(kept, &id));
                Some(Reply::Done { saved: None })
            }
            (Order::Keep(keep), None) => {
                self.keep.retain(|other| other != owner);
                self.keep.extend(keep.then(|| owner.to_owned()));
                Some(Reply::Done { saved: None })
            }
            (Order::Wipe { is_wanted }, _) => {
                if is_wanted || !self.keep.iter().any(|other| other == owner) {
                    self.kept.retain(|kept| kept.owner != owner);
                }
                None
            }
        }
    }
}

struct Tab {
    history: History,
    browser: Browser,
}

impl Tab {
    fn of(owner: &str) -> Self {
        let mut tab = Self { history: History::default(), browser: Browser::default() };
        tab.step(Input::SignedIn { owner: Some(owner.into()) });
        tab
    }

    fn with(conversations: &[Conversation]) -> Self {
        let mut tab = Self::of("ann");
        for conversation in conversations {
            tab.change(conversation, Change::Whole);
        }
        tab.told();
        tab
    }

    fn step(&mut self, input: Input) -> &mut Self {
        let effects = self.history.step(input);
        self.browser.do_all(&mut self.history, effects);
        self
    }

    fn change(&mut self, conversation: &Conversation, change: Change) -> &mut Self {
        let effects = self.history.changed(conversation, change);
        self.browser.do_all(&mut self.history, effects);
        self
    }

    /// A new load of the page in the same browser.
    fn reload(self, owner: &str) -> Self {
        let browser = Browser { views: vec![], shown: vec![], ..self.browser };
        let mut tab = Self { history: History::default(), browser };
        tab.step(Input::SignedIn { owner: Some(owner.into()) });
        tab
    }

    /// The views since the last call.
    fn told(&mut self) -> Vec<View> {
        std::mem::take(&mut self.browser.views)
    }

    fn list(&mut self) -> HistoryView {
        match self.told().pop() {
            Some(View::History(view)) => view,
            other => panic!("{other:?}"),
        }
    }

    fn ids(&mut self) -> Vec<String> {
        self.list().entries.into_iter().map(|entry| entry.id).collect()
    }

    fn remark(&mut self) -> String {
        let told = self.told();
        let remark = told.iter().rev().find_map(|view| if let View::Remark(text) = view { Some(text) } else { None });
        remark.unwrap_or_else(|| panic!("{told:?}")).to_string()
    }

    fn file(&mut self) -> (String, String) {
        match self.told().pop() {
            Some(View::Errand(Errand::File { name, text, .. })) => (name, text),
            other => panic!("{other:?}"),
        }
    }

    fn open(&mut self, id: &str) -> Option<Conversation> {
        self.step(Input::Open { id: id.into() });
        self.browser.shown.pop()
    }

    fn search(&mut self, query: &str) -> &mut Self {
        self.step(Input::Search { query: query.into() })
    }
}

fn three() -> [Conversation; 3] {
    [
        conversation("a", "Über Flüsse", "The Rhine is long.", 1_000),
        conversation("b", "Why is the sky blue?", "Rayleigh scattering.", 3_000),
        conversation("c", "Rivers", "Donau, RHEIN", 2_000),
    ]
}

#[test]
fn the_list_is_shown_newest_first_at_sign_in_and_after_a_reload() {
    let mut tab = Tab::of("ann");
    assert_eq!(tab.list(), HistoryView::default(), "empty, but said");
    for conversation in three() {
        tab.change(&conversation, Change::Whole);
    }
    assert_eq!(tab.ids(), ["b", "c", "a"]);
    let mut tab = tab.reload("ann");
    let list = tab.list();
    assert_eq!(list.entries[2], Entry { id: "a".into(), title: "Über Flüsse".into(), date: "1000".into() });
    assert_eq!(tab.open("c"), Some(three()[2].clone()));
    let mut tab = tab.reload("bob");
    assert_eq!(tab.list(), HistoryView::default(), "another person's is not there");
    assert_eq!(tab.open("c"), None);
    assert!(tab.remark().contains("not in this browser"));
}

/// More text of an answer.
fn more(turn: u32, answer: u32, text: &str) -> Change {
    Change::Text(Tail { turn: TurnId(turn), answer: AnswerId(answer), part: Part::Text, text: text.into() })
}

#[test]
fn another_tabs_change_is_shown_once_its_answer_has_ended() {
    let mut tab = Tab::with(&three());
    let mut elsewhere = three()[0].clone();
    let id = elsewhere.id.clone();
    elsewhere.turns[0].answers.push(Answer { end: None, ..answer("So ") });
    tab.change(&elsewhere, Change::Whole).step(Input::Renew { id: id.clone() });
    assert!(tab.browser.renewed.is_empty(), "it is under way there");
    elsewhere.turns[0].answers[1].end = Some(End::Done);
    tab.change(&elsewhere, Change::Whole).step(Input::Renew { id });
    assert_eq!(tab.browser.renewed.pop(), Some(elsewhere));
    tab.step(Input::Renew { id: "nowhere".into() });
    assert!(tab.browser.renewed.is_empty());
}

#[test]
fn a_remark_is_cleared_once() {
    let mut tab = Tab::with(&three());
    let mut shown = three()[1].clone();
    shown.turns[0].answers[0].text.push_str(" More.");
    tab.change(&shown, Change::Whole);
    let text = || more(0, 0, "x");
    tab.change(&shown, text()).change(&Conversation::default(), Change::Whole).step(Input::ChangedElsewhere);
    assert_eq!(tab.told(), []);
    shown.updated = UnixMillis(9_000);
    tab.change(&shown, Change::Whole);
    assert_eq!(tab.list().entries[0].date, "9000");
}

#[test]
fn a_reload_in_mid_answer_keeps_all_text() {
    let mut asked = conversation("a", "Why?", "", 1_000);
    asked.turns[0].answers.push(Answer { end: None, duration: 0, ..answer("So ") });
    let mut tab = Tab::with(std::slice::from_ref(&asked));
    for text in ["it ", "is"] {
        tab.change(&asked, more(0, 1, text));
    }
    for reasoning in ["Well, ", "so"] {
        let tail = Tail { turn: TurnId(0), answer: AnswerId(1), part: Part::Reasoning, text: reasoning.into() };
        tab.change(&asked, Change::Text(tail));
    }
    // A tail for a missing answer is ignored.
    tab.change(&asked, more(7, 1, "?"));
    let mut tab = tab.reload("ann");
    let kept = tab.open("a").unwrap();
    let [whole, cut_off] = &kept.turns[0].answers[..] else { panic!("{kept:?}") };
    assert_eq!((whole.end, whole.notice.as_ref()), (Some(End::Done), None));
    assert_eq!((cut_off.text.as_str(), cut_off.end), ("So it is", Some(End::CutOff)));
    assert_eq!(cut_off.reasoning, [asked.turns[0].answers[1].reasoning.as_str(), "Well, so"].concat());
    assert!(words::kept_notice(cut_off).unwrap().text.contains("What arrived is kept"));
}

#[test]
fn a_link_waits_for_the_sign_in_and_for_the_list() {
    let mut tab = Tab::with(&three());
    tab.step(Input::SignedIn { owner: Some("bob".into()) }).step(Input::Want { id: "b".into() });
    tab.step(Input::SignedIn { owner: Some("ann".into()) });
    assert_eq!(tab.browser.shown.pop().map(|shown| shown.id), Some("b".into()));
    // The session ended by itself, and the same person is back.
    tab.step(Input::Want { id: "a".into() }).step(Input::SignedIn { owner: Some("ann".into()) });
    assert_eq!(tab.browser.shown.pop().map(|shown| shown.id), Some("a".into()));
    tab.step(Input::Want { id: "gone".into() }).step(Input::SignedIn { owner: Some("ann".into()) });
    assert!(tab.remark().contains("not in this browser"));
    tab.open("a");
    assert_eq!(tab.remark(), "", "the sentence goes");
    tab.step(Input::Want { id: "b".into() }).step(Input::Leave).step(Input::SignedIn { owner: Some("ann".into()) });
    assert_eq!(tab.browser.shown.len(), 0, "something else is wanted by now");
}

#[test]
fn signing_out_deletes_unless_they_are_kept() {
    for (keep, left) in [(false, 0), (true, 3)] {
        let mut tab = Tab::with(&three());
        tab.step(Input::Keep(keep));
        tab.step(Input::SignOut);
        assert_eq!(tab.browser.kept.len(), left);
        assert!(tab.history.changed(&three()[0], Change::Whole).is_empty(), "nobody's");
        let mut tab = tab.reload("ann");
        let list = tab.list();
        assert_eq!((list.entries.len(), list.keep), (left, keep));
    }
}

#[test]
fn before_the_list_is_read_the_store_knows_whether_they_are_kept() {
    let mut history = History::default();
    history.step(Input::SignedIn { owner: Some("ann".into()) });
    let effects = history.step(Input::SignOut);
    assert!(matches!(&effects[..], [Effect::Store(owner, Order::Wipe { is_wanted: false })] if owner == "ann"));
    assert!(history.step(Input::SignOut).is_empty(), "of nobody there is nothing to delete");
    assert!(history.step(Input::ChangedElsewhere).is_empty());
}

#[test]
fn somebody_elses_sign_in_deletes_nothing() {
    let mut tab = Tab::with(&three());
    tab.step(Input::SignedIn { owner: Some("bob".into()) });
    assert_eq!(tab.list(), HistoryView::default());
    tab.step(Input::SignedIn { owner: None });
    assert!(tab.history.changed(&three()[0], Change::Whole).is_empty());
    assert_eq!(tab.browser.kept.len(), 3);
}

#[test]
fn a_list_that_was_read_before_a_change_is_read_again() {
    let mut history = History::default();
    history.step(Input::SignedIn { owner: Some("ann".into()) });
    history.changed(&three()[0], Change::Whole);
    let stale = Reply::Loaded(Ok((vec![], false)));
    let effects = history.step(Input::Stored("ann".into(), stale.clone()));
    assert!(matches!(&effects[..], [Effect::Store(_, Order::Load)]), "{effects:?}");
    assert!(history.step(Input::Stored("bob".into(), stale)).is_empty(), "another owner's reply is late");
    let summary = Summary::new(&three()[0]).to_bytes();
    let effects = history.step(Input::Stored("ann".into(), Reply::Loaded(Ok((vec![summary], true)))));
    assert!(matches!(&effects[..], [Effect::List(view)] if view.entries.len() == 1 && view.keep));
}

#[test]
fn titles_are_trimmed_and_cut_and_never_empty() {
    let mut tab = Tab::with(&three());
    let rename = |title: &str| Input::Rename { id: "a".into(), title: title.into() };
    tab.step(rename("  Rivers\nof Europe ")).step(rename(" \n "));
    let list = tab.list();
    assert_eq!((list.entries[2].title.as_str(), list.entries.len()), ("Rivers of Europe", 3));
    assert_eq!(tab.open("a").unwrap().title, "Rivers of Europe");
    tab.step(rename(&"ü".repeat(300)));
    assert_eq!(tab.open("a").unwrap().title, "ü".repeat(200));
    tab.told();
    tab.step(Input::Rename { id: "gone".into(), title: "x".into() });
    assert_eq!(tab.told(), []);
}

#[test]
fn a_deleted_conversation_is_gone() {
    let mut tab = Tab::with(&three());
    tab.step(Input::Delete { id: "b".into() }).step(Input::Delete { id: "gone".into() });
    assert_eq!(tab.ids(), ["c", "a"]);
    assert_eq!(tab.reload("ann").ids(), ["c", "a"]);
}

#[test]
fn all_words_are_searched_in_titles_prompts_and_answers_whatever_their_case() {
    let mut tab = Tab::with(&three());
    for (query, found) in [
        ("rhei", &["c"][..]),
        ("RH", &["c", "a"]),
        ("über RHINE", &["a"]),
        ("ÜBER", &["a"]),
        ("blue scattering why", &["b"]),
        ("blue rhine", &[]),
    ] {
        let list = { tab.search(query).list() };
        let ids: Vec<&str> = list.entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!((ids.as_slice(), list.query.as_str()), (found, query));
    }
    assert_eq!(tab.search("  ").list().entries.len(), 3);
    // The matches change with the conversations.
    tab.search("rh").step(Input::Delete { id: "c".into() });
    assert_eq!(tab.ids(), ["a"]);
}

#[test]
fn a_newer_search_replaces_an_older_one() {
    let Tab { mut history, browser: Browser { mut kept, .. } } = Tab::with(&three());
    let job = |effects: &[Effect]| match effects {
        [Effect::Store(_, Order::Read { job, id })] => (*job, id.clone()),
        other => panic!("{other:?}"),
    };
    let (old, _) = job(&history.step(Input::Search { query: "rhine".into() }));
    let (new, first) = job(&history.step(Input::Search { query: "blue".into() }));
    assert_eq!(first, "b", "newest first");
    let found = kept.drain(..).find(|kept| kept.id == "b").map(|kept| (kept.saved, kept.tails));
    let reply = |job, found| Input::Stored("ann".into(), Reply::Read { job, found });
    assert!(history.step(reply(old, found.clone())).is_empty());
    job(&history.step(reply(new, found)));
    job(&history.step(reply(new, None)));
    let effects = history.step(reply(new, None));
    assert!(
        matches!(&effects[..], [Effect::List(view)] if view.query == "blue" && view.entries[0].id == "b"),
        "{effects:?}"
    );
}

#[test]
fn without_a_store_the_tab_keeps_conversations_and_says_so() {
    for fault in [StoreFault::Refused, StoreFault::Full, StoreFault::Closed] {
        let mut tab = Tab::of("ann");
        tab.browser.fault = Some(fault);
        for conversation in three() {
            tab.change(&conversation, Change::Whole);
        }
        tab.change(&three()[0], more(0, 0, "x"));
        let list = tab.list();
        assert_eq!((list.notice, list.entries.len()), (words::not_stored(fault), 3));
        assert_eq!(tab.open("a"), Some(three()[0].clone()));
        assert_eq!(tab.search("rhine").ids(), ["a"]);
        tab.step(Input::Search { query: String::new() }).step(Input::Rename { id: "a".into(), title: "New".into() });
        assert_eq!(tab.open("a").unwrap().title, "New");
        tab.step(Input::Export { id: None, markdown: false });
        assert!(tab.file().1.contains("Rayleigh"));
        // The storage has room again.
        tab.browser.fault = None;
        tab.step(Input::Delete { id: "b".into() });
        let list = tab.list();
        assert_eq!((list.notice.as_ref(), list.entries.len()), ("", 2));
        assert_eq!(tab.reload("ann").ids(), ["c", "a"]);
    }
    let mut tab = Tab { history: History::default(), browser: Browser::default() };
    tab.browser.fault = Some(StoreFault::Refused);
    tab.step(Input::SignedIn { owner: Some("ann".into()) });
    assert!(tab.list().notice.contains("does not let"), "said before anything is lost");
}

#[test]
fn an_export_can_be_imported_anywhere_once() {
    let mut tab = Tab::with(&three());
    tab.step(Input::Export { id: None, markdown: false });
    let (name, file) = tab.file();
    assert_eq!(name, "conversations-2026-11-03.json");
    let import = |tab: &mut Tab, file: &str| tab.step(Input::Import(Secret::new(file.into()))).remark();
    assert_eq!(import(&mut tab, &file), "0 conversations were imported; 3 were already there.");
    let mut other = Tab::of("bob");
    assert_eq!(import(&mut other, &file), "3 conversations were imported.");
    for conversation in three() {
        assert_eq!(other.open(&conversation.id), Some(conversation));
    }
    // A conversation that has been continued since is added beside it, once.
    let mut longer = three()[0].clone();
    longer.turns.push(longer.turns[0].clone());
    other.change(&longer, Change::Whole);
    assert_eq!(import(&mut other, &file), "1 conversation was imported; 2 were already there.");
    assert_eq!(import(&mut other, &file), "0 conversations were imported; 3 were already there.");
    assert_eq!(other.open("a"), Some(longer));
    other.step(Input::Export { id: Some("b".into()), markdown: false });
    let (name, file) = other.file();
    assert_eq!(name, "Why-is-the-sky-blue-2026-11-03.json");
    let (read, unreadable) = format::read_file(&file).unwrap();
    assert_eq!((read, unreadable), (vec![three()[1].clone()], 0));
    other.step(Input::Export { id: Some("gone".into()), markdown: false });
    assert!(other.remark().contains("not in this browser"));
    let mut empty = Tab::of("eve");
    empty.step(Input::Export { id: None, markdown: true });
    assert!(empty.remark().contains("no conversations"));
}

#[test]
fn the_readable_part_of_a_file_is_imported() {
    let peer = |conversation: &Conversation| -> serde_json::Value {
        serde_json::from_slice(&format::write(conversation)).unwrap()
    };
    let good = peer(&three()[0]);
    let with = |name: &str, value: serde_json::Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    let entries = [
        good.clone(),
        good.clone(),
        with("id", json!("../../x")),
        with("id", json!("")),
        with("id", json!("x".repeat(65))),
        with("turns", json!([])),
        with("turns", json!([{"prompt": "p", "answers": []}])),
        with("updated", json!("yesterday")),
        with("updated", json!(1.5)),
        json!({"id": "d"}),
        json!(null),
    ];
    let file = |entries: &[serde_json::Value]| {
        json!({"format": "signet-conversations", "version": 1, "conversations": entries}).to_string()
    };
    let mut tab = Tab::of("ann");
    let remark = tab.step(Input::Import(Secret::new(file(&entries)))).remark();
    assert_eq!(remark, "1 conversation was imported; 1 was already there; 9 could not be read.");
    // A title is made to fit. If it is missing, one is made up.
    tab.step(Input::Import(Secret::new(file(&[{
        let mut nameless = with("title", json!("  \n"));
        nameless["id"] = json!("e");
        nameless
    }]))));
    assert_eq!(tab.open("e").unwrap().title, "Über Flüsse");
    for (file, said) in [
        ("", "not a JSON file"),
        ("[]", "not a JSON file"),
        (r#"{"version":1,"conversations":[]}"#, "not a JSON file"),
        (r#"{"format":"signet-conversations","version":1}"#, "not a JSON file"),
        (r#"{"format":"signet-conversations","version":0,"conversations":[]}"#, "not a JSON file"),
        (r#"{"format":"signet-conversations","version":2,"conversations":[]}"#, "newer version"),
    ] {
        let remark = tab.step(Input::Import(Secret::new(file.into()))).remark();
        assert!(remark.contains(said), "{file}: {remark}");
    }
    assert_eq!(format::read_file(&" ".repeat((50 << 20) + 1)), Err(ImportFault::TooLarge));
}

#[test]
fn a_markdown_file_is_for_reading() {
    let mut conversation = conversation("a", "Why?\n\nReally?", "## Because\n\n```rust\nfn main() {}", 0);
    conversation.turns[0].answers[0].end = Some(End::CutOff);
    conversation.turns[0].answers[0].notice =
        Some(Notice { title: "Cut off".into(), text: "The connection ended.".into(), request_id: None });
    let mut second = answer("~~~~\n```\n~~~~\n");
    (second.model, second.usage, second.end) = (String::new(), Usage::default(), None);
    conversation.turns[0].answers.push(second);
    conversation.turns.push(Turn { prompt: "And?".into(), answers: vec![answer("Yes.")] });
    conversation.title = "Why?".into();
    let mut tab = Tab::with(&[conversation, three()[1].clone()]);
    tab.step(Input::Export { id: None, markdown: true });
    let (name, text) = tab.file();
    assert_eq!(name, "conversations-2026-11-03.md");
    let expected = "# Why is the sky blue?

*1970-01-01*

> Why is the sky blue?

Rayleigh scattering.

*eu.amazon.nova-2-lite-v1:0 · Balanced · first word 0.42 s · 12 s in all · 212 tokens from 9*

---

# Why?

*1970-01-01*

> Why?
>
> Really?

## Because

```rust
fn main() {}
```

*eu.amazon.nova-2-lite-v1:0 · Balanced · first word 0.42 s · 12 s in all · 212 tokens from 9 · The connection ended.*

~~~~
```
~~~~

*Balanced · first word 0.42 s · 12 s in all · It had not ended yet.*

> And?

Yes.

*eu.amazon.nova-2-lite-v1:0 · Balanced · first word 0.42 s · 12 s in all · 212 tokens from 9*
";
    assert_eq!(text, expected);
}

#[test]
fn a_code_block_that_the_text_leaves_open_is_closed() {
    for (text, closing) in [
        ("a", ""),
        ("```rust\na", "```\n"),
        ("  ~~~~\n~~~\n```", "~~~~\n"),
        ("```\na\n```", ""),
        ("```\na\n  `````  \nb", ""),
        ("```\n```x", "```\n"),
        ("```\n    ```", "```\n"),
        ("    ```\na", ""),
        ("``` a`b", ""),
        ("~~~ a`b", "~~~\n"),
        ("``\na", ""),
        ("```\n```\n~~~\r\n", "~~~\n"),
    ] {
        assert_eq!(markdown::open_fence(text), closing, "{text:?}");
    }
}

#[test]
fn file_names_are_safe() {
    for (title, name) in [
        ("../../etc/passwd", "etc-passwd-2026-11-03.md"),
        ("a\u{202e}b\0c.exe", "a-b-c-exe-2026-11-03.md"),
        ("Größe: 日本?", "Größe-日本-2026-11-03.md"),
        ("???", "conversation-2026-11-03.md"),
        (&"x".repeat(99), &format!("{}-2026-11-03.md", "x".repeat(60))),
    ] {
        assert_eq!(markdown::file_name(title, NOW, "md"), name);
    }
}

#[test]
fn the_schema_describes_what_is_written() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../docs/conversations.schema.json")).unwrap();
    let mut full = three()[0].clone();
    full.context_bytes = Some(1);
    full.turns[0].answers[0] = Answer {
        reasoning: "r".into(),
        notice: Some(Notice { title: "t".into(), text: "t".into(), request_id: Some("i".into()) }),
        stop: Some(StopReason::Other("w".into())),
        usage: Usage { input_tokens: Some(1), cached_tokens: Some(1), output_tokens: Some(1) },
        ..answer("")
    };
    let file: serde_json::Value = serde_json::from_str(&format::file(&[full])).unwrap();
    let conversation = &schema["$defs"]["conversation"]["properties"];
    let answer = &schema["$defs"]["answer"]["properties"];
    let names = |value: &serde_json::Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(names(&schema["properties"]), names(&file));
    assert_eq!(names(conversation), names(&file["conversations"][0]));
    // An answer has either a stop reason with a name of ours, or one without.
    let mut written = names(&file["conversations"][0]["turns"][0]["answers"][0]);
    written.push("stop".into());
    written.sort();
    assert_eq!(names(answer), written);
}

fn ends() -> impl Strategy<Value = Option<End>> {
    prop::option::of(prop::sample::select(vec![End::Done, End::Stopped, End::CutOff, End::Failed]))
}

fn stops() -> impl Strategy<Value = Option<StopReason>> {
    use StopReason::{EndTurn, Filtered, MaxTokens, StopSequence, ToolUse};
    let named = prop::sample::select(vec![EndTurn, MaxTokens, StopSequence, Filtered, ToolUse]);
    prop::option::of(prop_oneof![named, ".{0,9}|endTurn".prop_map(StopReason::Other)])
}

fn answers() -> impl Strategy<Value = Answer> {
    let notice = (".{0,9}", ".{0,9}", prop::option::of(".{0,9}")).prop_map(|(title, text, request_id)| Notice {
        title,
        text,
        request_id,
    });
    let usage = any::<(Option<u32>, Option<u32>, Option<u32>)>().prop_map(|(input, cached, output)| Usage {
        input_tokens: input,
        cached_tokens: cached,
        output_tokens: output,
    });
    let numbers = (any::<i64>(), any::<u32>(), any::<Option<u32>>(), any::<u32>());
    let texts = (".{0,9}", any::<String>(), ".{0,9}");
    let ending = (ends(), prop::option::of(notice), stops(), usage);
    (prop::sample::select(UseCase::ALL.to_vec()), numbers, texts, ending).prop_map(
        |(use_case, (asked, context, first_text, duration), (model, text, reasoning), (end, notice, stop, usage))| {
            Answer {
                use_case,
                asked: UnixMillis(asked),
                context,
                model,
                text,
                reasoning,
                end,
                notice,
                stop,
                usage,
                first_text,
                duration,
            }
        },
    )
}

fn conversations() -> impl Strategy<Value = Conversation> {
    let turn = (any::<String>(), prop::collection::vec(answers(), 1..3))
        .prop_map(|(prompt, answers)| Turn { prompt, answers });
    let turns = prop::collection::vec(turn, 1..4);
    ("[A-Za-z0-9_-]{1,64}", any::<String>(), any::<i64>(), any::<Option<u32>>(), turns).prop_map(
        |(id, title, updated, context_bytes, turns)| Conversation {
            id,
            title,
            updated: UnixMillis(updated),
            context_bytes,
            turns,
        },
    )
}

fn trees() -> impl Strategy<Value = serde_json::Value> {
    let names = "id|title|updated|turns|prompt|answers|useCase|text|format|version|conversations|end";
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i64>().prop_map(serde_json::Value::from),
        "[a-z]{0,4}|balanced|done".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::vec((names, inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_conversation_is_read_back_as_it_was(conversation in conversations()) {
        let written = format::write(&conversation);
        let peer: Result<serde_json::Value, _> = serde_json::from_slice(&written);
        prop_assert!(peer.is_ok());
        prop_assert_eq!(format::read(&written), Some(conversation.clone()));
        let summary = Summary::new(&conversation);
        prop_assert_eq!(Summary::from_bytes(&summary.to_bytes()), Some(summary));
    }

    #[test]
    fn any_tail_is_read_back_as_it_was(turn in any::<u32>(), answer in any::<u32>(), reasons in any::<bool>(), text in any::<String>()) {
        let part = if reasons { Part::Reasoning } else { Part::Text };
        let tail = Tail { turn: TurnId(turn), answer: AnswerId(answer), part, text };
        prop_assert_eq!(Tail::from_bytes(&tail.to_bytes()), Some(tail));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60), text in any::<String>()) {
        let _ = (Tail::from_bytes(&bytes), Summary::from_bytes(&bytes), format::restore(&bytes, &[]));
        let _ = format::read_file(&text);
    }

    #[test]
    fn the_conversations_in_any_json_are_imported(tree in trees(), conversation in conversations(), at in any::<prop::sample::Index>()) {
        // Cutting pieces out of a good file makes the most hostile input.
        let good = format::file(std::slice::from_ref(&conversation));
        let cut: String = good.chars().take(at.index(good.chars().count())).collect();
        for file in [tree.to_string(), cut] {
            prop_assert!(!matches!(format::read_file(&file), Ok((read, _)) if !read.is_empty()));
        }
        let file = json!({"format": "signet-conversations", "version": 1, "conversations": [tree, conversation.turns.len()]});
        let mut tab = Tab::of("ann");
        tab.step(Input::Import(Secret::new(file.to_string())));
        prop_assert!(tab.remark().contains("imported"));
        tab.step(Input::Import(Secret::new(good)));
        prop_assert_eq!(tab.open(&conversation.id).is_some(), true);
    }
}
