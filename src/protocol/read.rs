//! Intents and views from bytes, by hand: what serde would derive is four times as much Wasm, most of it for taking half-read values apart again.
//!
//! The format is postcard's (<https://postcard.jamesmunns.com/wire-format>), as [`super::write`] writes it.

use super::{
    AnswerId, AnswerUpdate, Button, Check, DeskView, End, Entry, Field, FieldKind, Form, FormError, FormId,
    HistoryView, Intent, Notice, PasskeyOutcome, Person, Rule, SessionView, TabHalf, TurnId, TurnUpdate, View,
};
use signet_markdown::{Align, Element, Step};
use signet_stream::stock::UseCase;

/// What the worker posted to the first screen; `None` if it came from another build.
pub fn views(bytes: &[u8]) -> Option<Vec<View>> {
    read(bytes, |reader| reader.list(Reader::view))
}

/// What the worker posted to the conversation; `None` if it came from another build.
pub fn desk_views(bytes: &[u8]) -> Option<Vec<DeskView>> {
    read(bytes, |reader| reader.list(Reader::desk_view))
}

/// What the page posted; `None` if it came from another build.
pub fn intent(bytes: &[u8]) -> Option<Intent> {
    read(bytes, Reader::intent)
}

fn read<'a, T>(bytes: &'a [u8], all: impl Fn(&mut Reader<'a>) -> T) -> Option<T> {
    let mut reader = Reader { rest: bytes, is_wrong: false };
    let read = all(&mut reader);
    (!reader.is_wrong && reader.rest.is_empty()).then_some(read)
}

/// Reads on over what is wrong, with nothing in its place, and remembers that it was.
struct Reader<'a> {
    rest: &'a [u8],
    is_wrong: bool,
}

impl Reader<'_> {
    fn wrong<T: Default>(&mut self) -> T {
        self.is_wrong = true;
        self.rest = &[];
        T::default()
    }

    fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((first, rest)) => {
                self.rest = rest;
                *first
            }
            None => self.wrong(),
        }
    }

    fn flag(&mut self) -> bool {
        self.byte() != 0
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> u32 {
        let mut number = 0;
        for shift in (0..32).step_by(7) {
            let byte = self.byte();
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return number;
            }
        }
        self.wrong()
    }

    fn text<T: From<String>>(&mut self) -> T {
        self.string().into()
    }

    fn string(&mut self) -> String {
        let length = self.number() as usize;
        match self.rest.split_at_checked(length).map(|(text, rest)| (String::from_utf8(text.to_vec()), rest)) {
            Some((Ok(text), rest)) => {
                self.rest = rest;
                text
            }
            _ => self.wrong(),
        }
    }

    fn list<T>(&mut self, one: fn(&mut Self) -> T) -> Vec<T> {
        let mut list = vec![];
        for _ in 0..self.number() {
            list.push(one(self));
            if self.is_wrong {
                break;
            }
        }
        list
    }

    fn option<T>(&mut self, one: fn(&mut Self) -> T) -> Option<T> {
        if self.flag() { Some(one(self)) } else { None }
    }

    fn form_id(&mut self) -> FormId {
        FormId(self.number())
    }

    fn turn_id(&mut self) -> TurnId {
        TurnId(self.number())
    }

    fn intent(&mut self) -> Intent {
        match self.byte() {
            0 => Intent::Start { tab: self.option(Self::tab_half) },
            1 => Intent::Submit { form: self.form_id() },
            2 => Intent::Press { form: self.form_id(), button: self.byte() },
            3 => Intent::Passkey { form: self.form_id(), outcome: self.outcome() },
            4 => Intent::ShownAgain,
            5 => Intent::SignOut,
            6 => Intent::Ask { prompt: self.text(), use_case: self.use_case() },
            7 => Intent::Again { turn: self.turn_id(), use_case: self.use_case() },
            8 => Intent::Retry { turn: self.turn_id() },
            9 => Intent::Edit { turn: self.turn_id(), prompt: self.text(), use_case: self.use_case() },
            10 => Intent::Stop,
            11 => Intent::Copy { turn: self.turn_id(), answer: AnswerId(self.number()) },
            12 => Intent::New,
            13 => Intent::Open { id: self.text() },
            14 => Intent::Rename { id: self.text(), title: self.text() },
            15 => Intent::Delete { id: self.text() },
            16 => Intent::Search { query: self.text() },
            17 => Intent::Keep { keep: self.flag() },
            18 => Intent::Export { id: self.option(Self::text), markdown: self.flag() },
            19 => Intent::Import,
            _ => Intent::Search { query: self.wrong() },
        }
    }

    fn tab_half(&mut self) -> TabHalf {
        let Some((half, rest)) = self.rest.split_first_chunk() else { return TabHalf(self.wrong()) };
        self.rest = rest;
        TabHalf(*half)
    }

    fn outcome(&mut self) -> PasskeyOutcome {
        match self.byte() {
            0 => PasskeyOutcome::Done,
            1 => PasskeyOutcome::Refused,
            2 => PasskeyOutcome::Unsupported,
            _ => {
                self.wrong::<()>();
                PasskeyOutcome::Refused
            }
        }
    }

    fn view(&mut self) -> View {
        match self.byte() {
            0 => View::Misconfigured { problem: self.text() },
            1 => View::Session(self.session()),
            2 => View::Leave { url: self.text() },
            3 => View::Passkey { form: self.form_id(), options: self.text(), autofill: self.flag() },
            _ => View::Leave { url: self.wrong() },
        }
    }

    fn session(&mut self) -> SessionView {
        match self.byte() {
            0 => SessionView::Asked(self.form()),
            1 => SessionView::Busy { text: self.text() },
            2 => SessionView::SignedIn,
            _ => SessionView::Busy { text: self.wrong() },
        }
    }

    fn form(&mut self) -> Form {
        Form {
            id: self.form_id(),
            is_sign_in: self.flag(),
            title: self.text(),
            text: self.text(),
            fields: self.list(Self::field),
            submit: self.text(),
            buttons: self.list(Self::button),
            error: self.option(|it| FormError { text: it.text(), field: it.option(Self::byte) }),
        }
    }

    fn field(&mut self) -> Field {
        Field {
            name: self.text(),
            label: self.text(),
            hint: self.text(),
            autocomplete: self.text(),
            value: self.text(),
            kind: match self.byte() {
                0 => FieldKind::Text(self.text()),
                1 => FieldKind::Password,
                2 => FieldKind::NewPassword(self.list(|it| Rule { label: it.text(), check: it.check() })),
                3 => FieldKind::Code,
                4 => FieldKind::Fixed,
                5 => FieldKind::Choice(self.list(|it| (it.text(), it.text()))),
                6 => FieldKind::Copy { side: self.number(), path: self.text() },
                _ => FieldKind::Text(self.wrong()),
            },
        }
    }

    fn check(&mut self) -> Check {
        match self.byte() {
            0 => Check::Length(self.number()),
            1 => Check::Lowercase,
            2 => Check::Uppercase,
            3 => Check::Number,
            4 => Check::Symbol,
            _ => Check::Length(self.wrong()),
        }
    }

    fn button(&mut self) -> Button {
        Button { label: self.text(), is_provider: self.flag(), icon: self.text(), wait: self.number() }
    }

    fn desk_view(&mut self) -> DeskView {
        match self.byte() {
            0 => DeskView::Person(self.option(|it| Person {
                username: it.text(),
                role: it.option(Self::text),
                sign_out: it.text(),
            })),
            1 => DeskView::Forget { draft: self.flag() },
            2 => DeskView::Conversation { id: self.text(), title: self.text(), turns: self.number() },
            3 => DeskView::Title { id: self.text(), title: self.text() },
            4 => DeskView::Turn { id: self.turn_id(), update: self.turn() },
            5 => DeskView::History(HistoryView {
                entries: self.list(|it| Entry { id: it.text(), title: it.text(), date: it.text() }),
                query: self.text(),
                keep: self.flag(),
                notice: self.text(),
            }),
            6 => DeskView::Remark(self.text()),
            7 => DeskView::Status(self.text()),
            8 => DeskView::Spoken(self.text()),
            9 => DeskView::Copy(self.text()),
            10 => DeskView::File { name: self.text(), media_type: self.text(), text: self.text() },
            _ => DeskView::Copy(self.wrong()),
        }
    }

    fn turn(&mut self) -> TurnUpdate {
        match self.byte() {
            0 => TurnUpdate::Asked { prompt: self.text() },
            1 => TurnUpdate::Answer { id: AnswerId(self.number()), update: self.answer() },
            _ => TurnUpdate::Asked { prompt: self.wrong() },
        }
    }

    fn answer(&mut self) -> AnswerUpdate {
        match self.byte() {
            0 => AnswerUpdate::Begun { use_case: self.use_case(), context: self.number() },
            1 => AnswerUpdate::Model(self.text()),
            2 => AnswerUpdate::Steps(self.list(Self::step)),
            3 => AnswerUpdate::Reasoning(self.text()),
            4 => AnswerUpdate::Ended {
                end: self.end(),
                notice: self.option(|it| Notice {
                    title: it.text(),
                    text: it.text(),
                    request_id: it.option(Self::text),
                }),
                facts: self.list(Self::text),
                wait: self.number(),
            },
            _ => AnswerUpdate::Model(self.wrong()),
        }
    }

    fn step(&mut self) -> Step {
        match self.byte() {
            0 => Step::Open(self.element()),
            1 => Step::Text(self.text()),
            2 => Step::Close,
            3 => Step::Become(self.element()),
            4 => Step::Loose,
            5 => Step::Undo(self.number()),
            6 => Step::Settle,
            7 => Step::Keep,
            8 => Step::Amend(self.number()),
            _ => Step::Text(self.wrong()),
        }
    }

    fn element(&mut self) -> Element {
        match self.byte() {
            0 => Element::Paragraph,
            1 => Element::Heading(self.byte()),
            2 => Element::Quote,
            3 => Element::Bullets,
            4 => Element::Numbers(self.number()),
            5 => Element::Item,
            6 => Element::Task(self.flag()),
            7 => Element::Code(self.text()),
            8 => Element::Rule,
            9 => Element::Html,
            10 => Element::Table,
            11 => Element::Row,
            12 => Element::Cell(match self.byte() {
                0 => Align::Start,
                1 => Align::Left,
                2 => Align::Center,
                3 => Align::Right,
                _ => {
                    self.wrong::<()>();
                    Align::Start
                }
            }),
            13 => Element::Emphasis,
            14 => Element::Strong,
            15 => Element::Strike,
            16 => Element::CodeSpan,
            17 => Element::Link { destination: self.text(), title: self.text() },
            18 => Element::Image { destination: self.text(), title: self.text() },
            19 => Element::Break,
            20 => Element::InlineHtml,
            _ => Element::Code(self.wrong()),
        }
    }

    fn use_case(&mut self) -> UseCase {
        let index = usize::from(self.byte());
        UseCase::ALL.get(index).copied().unwrap_or_else(|| self.wrong())
    }

    fn end(&mut self) -> End {
        match self.byte() {
            0 => End::Done,
            1 => End::Stopped,
            2 => End::CutOff,
            3 => End::Failed,
            _ => {
                self.wrong::<()>();
                End::Failed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{write_desk_views, write_intent, write_views};
    use proptest::prelude::*;

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

    /// Every variant, each option with and without, and numbers of each length.
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

    /// Every variant of every type, and each option with and without.
    fn all() -> Vec<View> {
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
        vec![
            View::Misconfigured { problem: "p".into() },
            form(kinds, None),
            form(vec![], Some(FormError { text: "no".into(), field: None })),
            form(vec![FieldKind::Code], Some(FormError { text: "no".into(), field: Some(200) })),
            View::Session(SessionView::Busy { text: "…".into() }),
            View::Leave { url: "https://a.example/".into() },
            View::Passkey { form: FormId(128), options: "{}".into(), autofill: true },
            View::Session(SessionView::SignedIn),
        ]
    }

    fn all_of_the_desk() -> Vec<DeskView> {
        let person =
            |role| DeskView::Person(Some(Person { username: "alice".into(), role, sign_out: "Sign out".into() }));
        let entry = |id: &str| Entry { id: id.into(), title: "Why?".into(), date: "23 Nov".into() };
        let mut views = vec![
            DeskView::Person(None),
            person(None),
            person(Some("callers".into())),
            DeskView::Forget { draft: true },
            DeskView::Conversation { id: String::new(), title: String::new(), turns: 300 },
            DeskView::Title { id: "a-_9".into(), title: "Größe".into() },
            DeskView::History(HistoryView {
                entries: vec![entry("a"), entry("b")],
                query: "why".into(),
                keep: true,
                notice: "full".into(),
            }),
            DeskView::Remark("".into()),
            DeskView::Status("Answering.".into()),
            DeskView::Spoken("line\nline".into()),
            DeskView::Copy("**a**".into()),
            DeskView::File { name: "a.md".into(), media_type: "text/markdown".into(), text: "# a".into() },
        ];
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
            ended(End::Done, None, &["0.42 s", "212 tokens"], 0),
            ended(End::Stopped, None, &[], 0),
            ended(End::CutOff, notice(None), &[], 0),
            ended(End::Failed, notice(Some("6f1c".into())), &[], 16_384),
        ];
        updates.extend(UseCase::ALL.map(|use_case| AnswerUpdate::Begun { use_case, context: 3 }));
        let mut updates: Vec<TurnUpdate> =
            updates.into_iter().map(|update| TurnUpdate::Answer { id: AnswerId(2), update }).collect();
        updates.push(TurnUpdate::Asked { prompt: "Why?".into() });
        views.extend(updates.into_iter().map(|update| DeskView::Turn { id: TurnId(3), update }));
        views
    }

    #[test]
    fn everything_is_read_as_it_was_written() {
        assert_eq!(views(&write_views(&all())), Some(all()));
        assert_eq!(desk_views(&write_desk_views(&all_of_the_desk())), Some(all_of_the_desk()));
        for said in all_intents() {
            assert_eq!(intent(&write_intent(&said)), Some(said));
        }
    }

    #[test]
    fn every_variant_is_written_as_postcard_writes_it() {
        for view in all() {
            let views = std::slice::from_ref(&view);
            assert_eq!(write_views(views), postcard::to_allocvec(views).unwrap(), "{view:?}");
        }
        for view in all_of_the_desk() {
            let views = std::slice::from_ref(&view);
            assert_eq!(write_desk_views(views), postcard::to_allocvec(views).unwrap(), "{view:?}");
        }
        assert_eq!(write_views(&all()), postcard::to_allocvec(&all()).unwrap());
        for said in all_intents() {
            assert_eq!(write_intent(&said), postcard::to_allocvec(&said).unwrap(), "{said:?}");
        }
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_not_read() {
        for said in all_intents() {
            let bytes = write_intent(&said);
            for end in 0..bytes.len() {
                assert_eq!(intent(&bytes[..end]), None, "{said:?} {end}");
            }
            assert_eq!(intent(&[bytes.as_slice(), &[0]].concat()), None, "{said:?}");
        }
        let bytes = write_views(&all());
        for end in 0..bytes.len() {
            assert_eq!(views(&bytes[..end]), None, "{end}");
        }
        assert_eq!(views(&[bytes.as_slice(), &[0]].concat()), None);
        let bytes = write_desk_views(&all_of_the_desk());
        for end in 0..bytes.len() {
            assert_eq!(desk_views(&bytes[..end]), None, "{end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(read) = desk_views(&bytes) {
                prop_assert_eq!(desk_views(&write_desk_views(&read)), Some(read));
            }
            if let Some(read) = intent(&bytes) {
                prop_assert_eq!(intent(&write_intent(&read)), Some(read));
            }
            if let Some(read) = views(&bytes) {
                // There are longer ways to write a number, a flag is any byte, and the rest is one way.
                prop_assert_eq!(views(&write_views(&read)), Some(read));
            }
        }
    }
}
