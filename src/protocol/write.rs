//! Intents and views to bytes, by hand, as [`super::read`] reads them: what serde would derive is more Wasm on every side.
//!
//! The format is postcard's (<https://postcard.jamesmunns.com/wire-format>): a variant's number, then its fields in order.

use super::{
    AnswerUpdate, Button, Check, DeskView, Entry, Field, FieldKind, Form, FormError, HistoryView, Intent, Notice,
    Person, Rule, SessionView, TabHalf, TurnUpdate, View,
};
use signet_markdown::{Element, Step};

/// An intent as bytes, for [`super::intent`].
pub fn write_intent(intent: &Intent) -> Vec<u8> {
    let mut writer = Writer(vec![]);
    writer.intent(intent);
    writer.0
}

/// Views as bytes, for [`super::views`].
pub fn write_views(views: &[View]) -> Vec<u8> {
    let mut writer = Writer(vec![]);
    writer.list(views, Writer::view);
    writer.0
}

/// Views as bytes, for [`super::desk_views`].
pub fn write_desk_views(views: &[DeskView]) -> Vec<u8> {
    let mut writer = Writer(vec![]);
    writer.list(views, Writer::desk_view);
    writer.0
}

struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn flag(&mut self, flag: bool) {
        self.byte(flag.into());
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self, mut number: u32) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                return self.byte(low);
            }
            self.byte(low | 0x80);
        }
    }

    /// Of a text or a list.
    fn length(&mut self, length: usize) {
        self.number(u32::try_from(length).unwrap_or(u32::MAX));
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A variant that is a text.
    fn variant(&mut self, number: u8, text: &str) {
        self.byte(number);
        self.text(text);
    }

    /// A variant that is two texts.
    fn pair(&mut self, number: u8, one: &str, other: &str) {
        self.variant(number, one);
        self.text(other);
    }

    fn list<T>(&mut self, list: &[T], one: fn(&mut Self, &T)) {
        self.length(list.len());
        for item in list {
            one(self, item);
        }
    }

    fn optional_text(&mut self, text: Option<&str>) {
        self.flag(text.is_some());
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn intent(&mut self, intent: &Intent) {
        match intent {
            Intent::Start { tab } => {
                self.byte(0);
                self.flag(tab.is_some());
                if let Some(TabHalf(half)) = tab {
                    self.0.extend_from_slice(half);
                }
            }
            Intent::Submit { form } => {
                self.byte(1);
                self.number(form.0);
            }
            Intent::Press { form, button } => {
                self.byte(2);
                self.number(form.0);
                self.byte(*button);
            }
            Intent::Passkey { form, outcome } => {
                self.byte(3);
                self.number(form.0);
                self.byte(*outcome as u8);
            }
            Intent::ShownAgain => self.byte(4),
            Intent::SignOut => self.byte(5),
            Intent::Ask { prompt, use_case } => {
                self.variant(6, prompt);
                self.byte(*use_case as u8);
            }
            Intent::Again { turn, use_case } => {
                self.byte(7);
                self.number(turn.0);
                self.byte(*use_case as u8);
            }
            Intent::Retry { turn } => {
                self.byte(8);
                self.number(turn.0);
            }
            Intent::Edit { turn, prompt, use_case } => {
                self.byte(9);
                self.number(turn.0);
                self.text(prompt);
                self.byte(*use_case as u8);
            }
            Intent::Stop => self.byte(10),
            Intent::Copy { turn, answer } => {
                self.byte(11);
                self.number(turn.0);
                self.number(answer.0);
            }
            Intent::New => self.byte(12),
            Intent::Open { id } => self.variant(13, id),
            Intent::Rename { id, title } => self.pair(14, id, title),
            Intent::Delete { id } => self.variant(15, id),
            Intent::Search { query } => self.variant(16, query),
            Intent::Keep { keep } => {
                self.byte(17);
                self.flag(*keep);
            }
            Intent::Export { id, markdown } => {
                self.byte(18);
                self.optional_text(id.as_deref());
                self.flag(*markdown);
            }
            Intent::Import => self.byte(19),
        }
    }

    fn view(&mut self, view: &View) {
        match view {
            View::Misconfigured { problem } => self.variant(0, problem),
            View::Session(session) => {
                self.byte(1);
                self.session(session);
            }
            View::Leave { url } => self.variant(2, url),
            View::Passkey { form, options, autofill } => {
                self.byte(3);
                self.number(form.0);
                self.text(options);
                self.flag(*autofill);
            }
        }
    }

    fn session(&mut self, session: &SessionView) {
        match session {
            SessionView::Asked(form) => {
                self.byte(0);
                self.form(form);
            }
            SessionView::Busy { text } => self.variant(1, text),
            SessionView::SignedIn => self.byte(2),
        }
    }

    fn form(&mut self, Form { id, is_sign_in, title, text, fields, submit, buttons, error }: &Form) {
        self.number(id.0);
        self.flag(*is_sign_in);
        self.text(title);
        self.text(text);
        self.list(fields, Self::field);
        self.text(submit);
        self.list(buttons, |it, Button { label, is_provider, icon, wait }| {
            it.text(label);
            it.flag(*is_provider);
            it.text(icon);
            it.number(*wait);
        });
        self.flag(error.is_some());
        if let Some(FormError { text, field }) = error {
            self.text(text);
            self.flag(field.is_some());
            self.0.extend(field);
        }
    }

    fn field(&mut self, Field { name, label, hint, autocomplete, value, kind }: &Field) {
        for text in [name, label, hint, autocomplete] {
            self.text(text);
        }
        self.text(value);
        match kind {
            FieldKind::Text(kind) => self.variant(0, kind),
            FieldKind::Password => self.byte(1),
            FieldKind::NewPassword(rules) => {
                self.byte(2);
                self.list(rules, |it, Rule { label, check }| {
                    it.text(label);
                    it.check(*check);
                });
            }
            FieldKind::Code => self.byte(3),
            FieldKind::Fixed => self.byte(4),
            FieldKind::Choice(choices) => {
                self.byte(5);
                self.list(choices, |it, (value, label)| {
                    it.text(value);
                    it.text(label);
                });
            }
            FieldKind::Copy { side, path } => {
                self.byte(6);
                self.number(*side);
                self.text(path);
            }
        }
    }

    fn check(&mut self, check: Check) {
        match check {
            Check::Length(least) => {
                self.byte(0);
                self.number(least);
            }
            Check::Lowercase => self.byte(1),
            Check::Uppercase => self.byte(2),
            Check::Number => self.byte(3),
            Check::Symbol => self.byte(4),
        }
    }

    fn desk_view(&mut self, view: &DeskView) {
        match view {
            DeskView::Person(person) => {
                self.byte(0);
                self.flag(person.is_some());
                if let Some(Person { username, role, sign_out }) = person {
                    self.text(username);
                    self.optional_text(role.as_deref());
                    self.text(sign_out);
                }
            }
            DeskView::Forget { draft } => {
                self.byte(1);
                self.flag(*draft);
            }
            DeskView::Conversation { id, title, turns } => {
                self.pair(2, id, title);
                self.number(*turns);
            }
            DeskView::Title { id, title } => self.pair(3, id, title),
            DeskView::Turn { id, update } => {
                self.byte(4);
                self.number(id.0);
                self.turn(update);
            }
            DeskView::History(HistoryView { entries, query, keep, notice }) => {
                self.byte(5);
                self.list(entries, |it, Entry { id, title, date }| {
                    it.text(id);
                    it.text(title);
                    it.text(date);
                });
                self.text(query);
                self.flag(*keep);
                self.text(notice);
            }
            DeskView::Remark(text) => self.variant(6, text),
            DeskView::Status(text) => self.variant(7, text),
            DeskView::Spoken(text) => self.variant(8, text),
            DeskView::Copy(text) => self.variant(9, text),
            DeskView::File { name, media_type, text } => {
                self.pair(10, name, media_type);
                self.text(text);
            }
        }
    }

    fn turn(&mut self, update: &TurnUpdate) {
        match update {
            TurnUpdate::Asked { prompt } => self.variant(0, prompt),
            TurnUpdate::Answer { id, update } => {
                self.byte(1);
                self.number(id.0);
                self.answer(update);
            }
        }
    }

    fn answer(&mut self, update: &AnswerUpdate) {
        match update {
            AnswerUpdate::Begun { use_case, context } => {
                self.byte(0);
                self.byte(*use_case as u8);
                self.number(*context);
            }
            AnswerUpdate::Model(model) => self.variant(1, model),
            AnswerUpdate::Steps(steps) => {
                self.byte(2);
                self.list(steps, Self::step);
            }
            AnswerUpdate::Reasoning(text) => self.variant(3, text),
            AnswerUpdate::Ended { end, notice, facts, wait } => {
                self.byte(4);
                self.byte(*end as u8);
                self.flag(notice.is_some());
                if let Some(Notice { title, text, request_id }) = notice {
                    self.text(title);
                    self.text(text);
                    self.optional_text(request_id.as_deref());
                }
                self.list(facts, |it, fact| it.text(fact));
                self.number(*wait);
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Open(element) => {
                self.byte(0);
                self.element(element);
            }
            Step::Text(text) => self.variant(1, text),
            Step::Close => self.byte(2),
            Step::Become(element) => {
                self.byte(3);
                self.element(element);
            }
            Step::Loose => self.byte(4),
            Step::Undo(steps) => {
                self.byte(5);
                self.number(*steps);
            }
            Step::Settle => self.byte(6),
            Step::Keep => self.byte(7),
            Step::Amend(number) => {
                self.byte(8);
                self.number(*number);
            }
        }
    }

    fn element(&mut self, element: &Element) {
        match element {
            Element::Paragraph => self.byte(0),
            Element::Heading(level) => {
                self.byte(1);
                self.byte(*level);
            }
            Element::Quote => self.byte(2),
            Element::Bullets => self.byte(3),
            Element::Numbers(first) => {
                self.byte(4);
                self.number(*first);
            }
            Element::Item => self.byte(5),
            Element::Task(is_done) => {
                self.byte(6);
                self.flag(*is_done);
            }
            Element::Code(language) => self.variant(7, language),
            Element::Rule => self.byte(8),
            Element::Html => self.byte(9),
            Element::Table => self.byte(10),
            Element::Row => self.byte(11),
            Element::Cell(align) => {
                self.byte(12);
                self.byte(*align as u8);
            }
            Element::Emphasis => self.byte(13),
            Element::Strong => self.byte(14),
            Element::Strike => self.byte(15),
            Element::CodeSpan => self.byte(16),
            Element::Link { destination, title } => self.pair(17, destination, title),
            Element::Image { destination, title } => self.pair(18, destination, title),
            Element::Break => self.byte(19),
            Element::InlineHtml => self.byte(20),
        }
    }
}
