//! The steps of the document so far: which ones were handed out, which may still change, which are final.

use super::{Align, Element, Step};

/// Positions count all steps ever kept; those before `base` are final and forgotten.
#[derive(Debug, Default)]
pub(super) struct Out {
    log: Vec<Step>,
    base: usize,
    sent: usize,
    settled: usize,
    undo: u32,
}

impl Out {
    /// Where the next step will stand.
    pub(super) fn at(&self) -> usize {
        self.base + self.log.len()
    }

    #[inline(never)]
    pub(super) fn push(&mut self, step: Step) {
        self.log.push(step);
    }

    #[inline(never)]
    pub(super) fn open(&mut self, element: Element) {
        self.push(Step::Open(element));
    }

    /// The element that was opened last, just now, is another.
    pub(super) fn replace(&mut self, element: Element) {
        if let Some(step) = self.log.last_mut() {
            *step = Step::Open(element);
        }
    }

    #[inline(never)]
    pub(super) fn close(&mut self) {
        self.push(Step::Close);
    }

    /// Text that is final, joined to the text before it if that one was not handed out yet.
    pub(super) fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let fresh = self.at() > self.sent;
        match self.log.last_mut() {
            Some(Step::Text(last)) if fresh => last.push_str(text),
            _ => self.push(Step::Text(text.to_owned())),
        }
    }

    /// Takes back everything from a position on.
    #[inline(never)]
    pub(super) fn back_to(&mut self, at: usize) {
        debug_assert!(at >= self.settled, "taking back what is final");
        if at < self.sent {
            self.undo += u32::try_from(self.sent - at).unwrap_or(u32::MAX);
            self.sent = at;
        }
        self.log.truncate(at.saturating_sub(self.base));
    }

    /// Takes the steps from a position on out, to be put back later.
    pub(super) fn take_from(&mut self, at: usize) -> Vec<Step> {
        let taken = self.log.get(at.saturating_sub(self.base)..).unwrap_or_default().to_vec();
        self.back_to(at);
        taken
    }

    pub(super) fn put_back(&mut self, steps: Vec<Step>) {
        self.log.extend(steps);
    }

    /// Gives the cells from a position on their alignments.
    pub(super) fn align(&mut self, at: usize, aligns: &[Align]) {
        if aligns.iter().any(|&align| align != Align::Start) {
            let mut steps = self.take_from(at);
            let cells = steps.iter_mut().filter_map(|step| match step {
                Step::Open(Element::Cell(align)) => Some(align),
                _ => None,
            });
            for (cell, &align) in cells.zip(aligns) {
                *cell = align;
            }
            self.put_back(steps);
        }
    }

    /// All steps so far are final.
    pub(super) fn settle(&mut self) {
        self.settled = self.at();
    }

    /// What has to be done since the last time.
    pub(super) fn flush(&mut self) -> Vec<Step> {
        let mut steps = vec![];
        if self.undo > 0 {
            steps.push(Step::Undo(self.undo));
            self.undo = 0;
        }
        let settles = self.settled > self.base;
        for (index, step) in self.log.iter().enumerate().skip(self.sent - self.base) {
            if settles && self.base + index == self.settled {
                steps.push(Step::Settle);
            }
            steps.push(step.clone());
        }
        self.sent = self.at();
        if settles {
            if self.settled == self.sent {
                steps.push(Step::Settle);
            }
            self.log.drain(..self.settled - self.base);
            self.base = self.settled;
        }
        steps
    }
}
