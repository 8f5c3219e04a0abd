use super::*;
use proptest::prelude::*;
use signet_markdown::{Align, Element, Step};
use signet_stream::stock::UseCase;

fn form(kinds: Vec<FieldKind>, error: Option<FormError>) -> View {
    let field = |kind| Field {
        name: "name".into(),
        label: "Label".into(),
        hint: "ünicode".into(),
        autocomplete: "".into(),
        value: "v".repeat(200),
        kind,
    };
    let buttons = [(true, "a.svg", 0), (false, "", 300)];
    View::Session(SessionView::Asked(Form {
        id: FormId(u32::MAX),
        is_sign_in: error.is_none(),
        title: "Title".into(),
        text: "Text".into(),
        fields: kinds.into_iter().map(field).collect(),
        submit: "Send".into(),
        buttons: buttons
            .map(|(is_provider, icon, wait)| Button { label: "b".into(), is_provider, icon: icon.into(), wait })
            .into(),
        error,
    }))
}

/// Every variant, each option set and unset, and numbers of each length.
fn all_intents() -> Vec<Intent> {
    let (turn, form) = (TurnId(u32::MAX), FormId(16_384));
    let outcomes = [PasskeyOutcome::Done, PasskeyOutcome::Refused, PasskeyOutcome::Unsupported];
    let mut all = vec![
        Intent::Start { tab: None },
        Intent::Start { tab: Some(TabHalf(std::array::from_fn(|at| u8::try_from(at * 8).unwrap()))) },
        Intent::Submit { form },
        Intent::Press { form: FormId(127), button: 255 },
        Intent::ShownAgain,
        Intent::SignOut,
        Intent::Retry { turn },
        Intent::Stop,
        Intent::Copy { turn: TurnId(128), answer: AnswerId(2_097_152) },
        Intent::New,
        Intent::Open { id: "a-_9".into() },
        Intent::Rename { id: "a".into(), title: "Größe".into() },
        Intent::Delete { id: "b".into() },
        Intent::Search { query: "x".repeat(300) },
        Intent::Keep { keep: true },
        Intent::Keep { keep: false },
        Intent::Export { id: None, markdown: true },
        Intent::Export { id: Some("c".into()), markdown: false },
        Intent::Import,
    ];
    all.extend(outcomes.map(|outcome| Intent::Passkey { form, outcome }));
    for use_case in UseCase::ALL {
        all.push(Intent::Ask { prompt: "Why?".into(), use_case });
        all.push(Intent::Again { turn, use_case });
        all.push(Intent::Edit { turn: TurnId(0), prompt: String::new(), use_case });
    }
    all
}

/// Every variant of every type, and each option set and unset.
#[allow(clippy::too_many_lines)] // A table.
fn all_views() -> Vec<View> {
    let checks = [Check::Length(129), Check::Lowercase, Check::Uppercase, Check::Number, Check::Symbol];
    let rules = checks.map(|check| Rule { label: "rule".into(), check }).into();
    let kinds = vec![
        FieldKind::Text("email".into()),
        FieldKind::Password,
        FieldKind::NewPassword(rules),
        FieldKind::Code,
        FieldKind::Fixed,
        FieldKind::Choice(vec![("a".into(), "A".into()), ("b".into(), "B".into())]),
        FieldKind::Copy { side: 41, path: "M0 0h1".into() },
    ];
    let mut views = vec![
        View::Misconfigured { problem: "p".into() },
        form(kinds, None),
        form(vec![], Some(FormError { text: "no".into(), field: None })),
        form(vec![FieldKind::Code], Some(FormError { text: "no".into(), field: Some(200) })),
        View::Session(SessionView::Busy { text: "…".into() }),
        View::Errand(Errand::Leave { url: "https://a.example/".into() }),
        View::Errand(Errand::Passkey { form: FormId(128), options: "{}".into(), autofill: true }),
    ];
    let person = |role| {
        View::Session(SessionView::SignedIn(Person { username: "alice".into(), role, sign_out: "Sign out".into() }))
    };
    let entry = |id: &str| Entry { id: id.into(), title: "Why?".into(), date: "23 Nov".into() };
    views.extend([
        person(None),
        person(Some("callers".into())),
        View::Forget { draft: true },
        View::Conversation { id: String::new(), title: String::new(), turns: 300 },
        View::Title { id: "a-_9".into(), title: "Größe".into() },
        View::History(HistoryView {
            entries: vec![entry("a"), entry("b")],
            query: "why".into(),
            keep: true,
            notice: "full".into(),
        }),
        View::Remark("".into()),
        View::Status("Answering.".into()),
        View::Spoken("line\nline".into()),
        View::Errand(Errand::Copy("**a**".into())),
        View::Errand(Errand::File { name: "a.md".into(), media_type: "text/markdown".into(), text: "# a".into() }),
    ]);
    let notice = |request_id| Some(Notice { title: "t".into(), text: "x".into(), request_id });
    let ended = |end, notice, facts: &[&str], wait| AnswerUpdate::Ended {
        end,
        notice,
        facts: facts.iter().map(|&fact| fact.to_owned()).collect(),
        wait,
    };
    let link = ("https://a.example/".to_owned(), "title".to_owned());
    let aligns = [Align::Start, Align::Left, Align::Center, Align::Right];
    let mut elements = vec![
        Element::Paragraph,
        Element::Heading(6),
        Element::Quote,
        Element::Bullets,
        Element::Numbers(999_999_999),
        Element::Item,
        Element::Task(true),
        Element::Task(false),
        Element::Code("rust".into()),
        Element::Rule,
        Element::Html,
        Element::Table,
        Element::Row,
        Element::Emphasis,
        Element::Strong,
        Element::Strike,
        Element::CodeSpan,
        Element::Link { destination: link.0.clone(), title: link.1.clone() },
        Element::Image { destination: link.0, title: link.1 },
        Element::Break,
        Element::InlineHtml,
    ];
    elements.extend(aligns.map(Element::Cell));
    let mut steps: Vec<Step> = elements.into_iter().map(Step::Open).collect();
    steps.extend([
        Step::Text("ünicode".into()),
        Step::Close,
        Step::Become(Element::Heading(1)),
        Step::Loose,
        Step::Undo(300),
        Step::Settle,
        Step::Keep,
        Step::Amend(128),
    ]);
    let mut updates = vec![
        AnswerUpdate::Model("m".into()),
        AnswerUpdate::Steps(steps),
        AnswerUpdate::Reasoning("because".into()),
        ended(End::Done, None, &["0.42 s", "212 tokens"], Some(0)),
        ended(End::Stopped, None, &[], None),
        ended(End::CutOff, notice(None), &[], Some(0)),
        ended(End::Failed, notice(Some("6f1c".into())), &[], Some(16_384)),
    ];
    updates.extend(UseCase::ALL.map(|use_case| AnswerUpdate::Begun { use_case, context: 3 }));
    let mut updates: Vec<TurnUpdate> =
        updates.into_iter().map(|update| TurnUpdate::Answer { id: AnswerId(2), update }).collect();
    updates.push(TurnUpdate::Asked { prompt: "Why?".into() });
    views.extend(updates.into_iter().map(|update| View::Turn { id: TurnId(3), update }));
    views
}

#[test]
fn every_variant_survives_its_bytes() {
    let views = all_views();
    assert_eq!(decode(&encode(&views).unwrap()), Ok(views));
    for intent in all_intents() {
        assert_eq!(decode(&encode(&intent).unwrap()), Ok(intent));
    }
}

#[test]
fn a_message_that_is_cut_off_or_too_long_is_refused() {
    for intent in all_intents() {
        let bytes = encode(&intent).unwrap();
        for end in 0..bytes.len() {
            assert!(decode::<Intent>(&bytes[..end]).is_err(), "{intent:?} {end}");
        }
        assert_eq!(decode::<Intent>(&[bytes.as_slice(), &[0]].concat()), Err(ProtocolError::TooLong(1)), "{intent:?}");
    }
    let bytes = encode(&all_views()).unwrap();
    for end in 0..bytes.len() {
        assert!(decode::<Vec<View>>(&bytes[..end]).is_err(), "{end}");
    }
    assert_eq!(decode::<Vec<View>>(&[bytes.as_slice(), &[0, 0]].concat()), Err(ProtocolError::TooLong(2)));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        // There are longer ways to write a number, so the bytes may differ.
        if let Ok(read) = decode::<Intent>(&bytes) {
            prop_assert_eq!(decode(&encode(&read).unwrap()), Ok(read));
        }
        if let Ok(read) = decode::<Vec<View>>(&bytes) {
            prop_assert_eq!(decode(&encode(&read).unwrap()), Ok(read));
        }
    }
}
