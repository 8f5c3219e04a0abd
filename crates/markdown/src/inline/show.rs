//! Shows a leaf: brings its steps up to date with its tokens.
//!
//! What is not certain yet is shown as a guess: an open delimiter run as emphasis, a bracket as a link, an unfinished code span or tag as such. Few
//! guesses are made at a time, and how much is shown again is limited, so that the work stays linear.

use super::{Inline, Kind, Mode, Token, code::in_one_line, emphasis::Run};
use crate::{Element, Step, out::Out, scan};

/// An unfinished code span or tag that is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tail {
    /// Where it begins in the source.
    source: usize,
    /// Where its steps begin.
    shown: usize,
    /// The part of the source that is shown as its text.
    from: usize,
    to: usize,
}

impl Inline {
    /// Brings the steps up to date with the tokens, unless that would show too much again. At the `last` time it always does.
    pub(crate) fn render(&mut self, out: &mut Out, last: bool) {
        self.credit += self.source.len() - self.credited;
        self.credited = self.source.len();
        if self.dirty < self.rendered {
            let (source, shown) = self.tokens.get(self.dirty).map_or((0, 0), |token| (token.source, token.shown));
            let cost = self.at - source;
            if cost > self.credit && !last {
                return;
            }
            self.credit = self.credit.saturating_sub(cost);
            self.hide_tail(out);
            out.back_to(shown);
            self.rendered = self.dirty;
        }
        self.dirty = usize::MAX;
        let guess = if last { None } else { self.guess() };
        self.finish_tail(out, guess.as_ref().map(|&(_, from, _)| from));
        let count = self.tokens.len();
        let follows = last || guess.is_some() || self.rendered < count;
        if let Some(Token { kind: Kind::Text(text, shown), .. }) = self.tokens.get_mut(self.rendered.wrapping_sub(1)) {
            show_text(out, text, shown, follows);
        }
        for index in self.rendered..count {
            self.work.visited();
            let Some(token) = self.tokens.get_mut(index) else { break };
            token.shown = out.at();
            match &mut token.kind {
                Kind::Text(text, shown) => {
                    *shown = 0;
                    show_text(out, text, shown, last || guess.is_some() || index + 1 < count);
                }
                Kind::Run(run) => show_run(out, run),
                Kind::Bracket { image, guess: true } => {
                    let (destination, title) = (String::new(), String::new());
                    out.open(if *image {
                        Element::Image { destination, title }
                    } else {
                        Element::Link { destination, title }
                    });
                }
                Kind::Bracket { image, guess: false } => {
                    out.push(Step::Text(if *image { "![" } else { "[" }.to_owned()));
                }
                Kind::Open(element) => out.open(element.clone()),
                Kind::Close(_) => out.close(),
                Kind::Whole(element, text, _) => {
                    out.open(element.clone());
                    if !text.is_empty() {
                        out.push(Step::Text(text.clone()));
                    }
                    out.close();
                }
            }
        }
        self.rendered = count;
        if let Some((element, from, to)) = guess {
            let mut tail = self.tail.unwrap_or(Tail { source: self.at, shown: out.at(), from, to: from });
            let is_code = element == Element::CodeSpan;
            if self.tail.is_none() {
                out.open(element);
            }
            if to > tail.to {
                let more = self.slice(tail.to, to);
                out.push(Step::Text(if is_code { in_one_line(more) } else { more.to_owned() }));
                tail.to = to;
            }
            self.tail = Some(tail);
        }
    }

    /// The code span or tag that is unfinished and shown, and the part of the source that is its text.
    fn guess(&self) -> Option<(Element, usize, usize)> {
        match &self.mode {
            Mode::Code(length) => {
                let body = self.at + length;
                let space = |at: usize| usize::from(self.byte(at).is_some_and(scan::is_space));
                let from = (body + space(body)).min(self.look);
                let to = self.look - space(self.look.saturating_sub(1));
                Some((Element::CodeSpan, from, to.max(from)))
            }
            Mode::Angle(tag) if tag.spaced => Some((Element::InlineHtml, self.at, self.look)),
            _ => None,
        }
    }

    fn hide_tail(&mut self, out: &mut Out) {
        if let Some(tail) = self.tail.take() {
            out.back_to(tail.shown);
        }
    }

    /// Completes the shown unfinished element if it has become a token, and hides it if it failed.
    fn finish_tail(&mut self, out: &mut Out, guess: Option<usize>) {
        let Some(tail) = self.tail else { return };
        if guess == Some(tail.from) && self.at == tail.source {
            return;
        }
        if let Some(Token { kind: Kind::Whole(_, text, from), source, shown }) = self.tokens.get_mut(self.rendered)
            && *source == tail.source
            && *from == tail.from
            && let Some(more) = text.get(tail.to - tail.from..)
        {
            if !more.is_empty() {
                out.push(Step::Text(more.to_owned()));
            }
            out.close();
            *shown = tail.shown;
            self.rendered += 1;
            self.tail = None;
            return;
        }
        self.hide_tail(out);
    }
}

/// Shows the rest of a text. A little white space at its end is shown only if something follows, because it may turn out not to count.
fn show_text(out: &mut Out, text: &str, shown: &mut usize, all: bool) {
    let mut to = text.len();
    while !all
        && to > *shown
        && text.len() - to < 4
        && matches!(text.as_bytes().get(to - 1), Some(b' ' | b'\n' | b'\t'))
    {
        to -= 1;
    }
    if let Some(more) = text.get(*shown..to).filter(|more| !more.is_empty()) {
        out.push(Step::Text(more.to_owned()));
        *shown = to;
    }
}

fn show_run(out: &mut Out, run: &Run) {
    for _ in 0..run.closed {
        out.close();
    }
    if run.left > 0 && !(run.live && run.guess) {
        out.push(Step::Text(char::from(run.byte).to_string().repeat(run.left)));
    }
    for mark in run.shown() {
        out.open(mark.into());
    }
}
