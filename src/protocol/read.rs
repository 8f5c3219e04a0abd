//! Views from bytes, by hand: what serde would derive is four times as much Wasm, most of it for taking half-read values apart again.
//!
//! The format is postcard's (<https://postcard.jamesmunns.com/wire-format>), as [`super::encode`] writes it.

use super::{
    Button, Check, End, Field, FieldKind, Form, FormError, FormId, Notice, Rule, SessionView, TurnId, TurnUpdate, View,
};
use crate::stream::stock::UseCase;

/// What the worker posted; `None` if it came from another build.
pub fn views(bytes: &[u8]) -> Option<Vec<View>> {
    let mut reader = Reader { rest: bytes, is_wrong: false };
    let views = reader.list(Reader::view);
    (!reader.is_wrong && reader.rest.is_empty()).then_some(views)
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

    fn view(&mut self) -> View {
        match self.byte() {
            0 => View::Misconfigured { problem: self.text() },
            1 => View::Session(self.session()),
            2 => View::Leave { url: self.text() },
            3 => View::Passkey { form: FormId(self.number()), options: self.text(), autofill: self.flag() },
            4 => View::Turn { id: TurnId(self.number()), update: self.update() },
            5 => View::NoTurns,
            _ => {
                self.wrong::<()>();
                View::NoTurns
            }
        }
    }

    fn session(&mut self) -> SessionView {
        match self.byte() {
            0 => SessionView::Asked(self.form()),
            1 => SessionView::Busy { text: self.text() },
            2 => SessionView::SignedIn { username: self.text(), role: self.option(Self::text), sign_out: self.text() },
            _ => SessionView::Busy { text: self.wrong() },
        }
    }

    fn form(&mut self) -> Form {
        Form {
            id: FormId(self.number()),
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

    fn update(&mut self) -> TurnUpdate {
        match self.byte() {
            0 => TurnUpdate::Asked { prompt: self.text(), use_case: self.use_case() },
            1 => TurnUpdate::Model(self.text()),
            2 => TurnUpdate::Text(self.text()),
            3 => TurnUpdate::Ended {
                end: self.end(),
                notice: self.option(|it| Notice {
                    title: it.text(),
                    text: it.text(),
                    request_id: it.option(Self::text),
                }),
                first_text: self.option(Self::number),
                duration: self.number(),
            },
            _ => TurnUpdate::Text(self.wrong()),
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
    use crate::protocol::encode;
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
        let mut views = vec![
            View::Misconfigured { problem: "p".into() },
            form(kinds, None),
            form(vec![], Some(FormError { text: "no".into(), field: None })),
            form(vec![FieldKind::Code], Some(FormError { text: "no".into(), field: Some(200) })),
            View::Session(SessionView::Busy { text: "…".into() }),
            View::Leave { url: "https://a.example/".into() },
            View::Passkey { form: FormId(128), options: "{}".into(), autofill: true },
            View::NoTurns,
        ];
        for role in [None, Some("callers".to_owned())] {
            let (username, sign_out) = ("alice".into(), "Sign out".into());
            views.push(View::Session(SessionView::SignedIn { username, role, sign_out }));
        }
        let notice = |request_id| Some(Notice { title: "t".into(), text: "x".into(), request_id });
        let ended = |end, notice, first_text| TurnUpdate::Ended { end, notice, first_text, duration: u32::MAX };
        let mut updates = vec![
            TurnUpdate::Model("m".into()),
            TurnUpdate::Text(String::new()),
            ended(End::Done, None, None),
            ended(End::Stopped, None, Some(0)),
            ended(End::CutOff, notice(None), None),
            ended(End::Failed, notice(Some("6f1c".into())), Some(16_384)),
        ];
        updates.extend(UseCase::ALL.map(|use_case| TurnUpdate::Asked { prompt: "Why?".into(), use_case }));
        views.extend(updates.into_iter().map(|update| View::Turn { id: TurnId(3), update }));
        views
    }

    #[test]
    fn every_view_is_read_as_it_was_written() {
        assert_eq!(views(&encode(&all())), Some(all()));
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_not_read() {
        let bytes = encode(&all());
        for end in 0..bytes.len() {
            assert_eq!(views(&bytes[..end]), None, "{end}");
        }
        assert_eq!(views(&[bytes.as_slice(), &[0]].concat()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(read) = views(&bytes) {
                // There are longer ways to write a number, a flag is any byte, and the rest is one way.
                prop_assert_eq!(views(&encode(&read)), Some(read));
            }
        }
    }
}
