//! The steps of the document so far: those that the caller has, those that may still change, and those that are final.

use crate::{Align, Element, Step};

/// The steps that may still be undone, and those that the caller does not have yet. Places count all steps of the document.
#[derive(Debug, Default)]
pub(crate) struct Out {
    log: Vec<Step>,
    /// The place of the log's first step: all before are final and forgotten.
    base: usize,
    /// The caller has the steps before this place.
    sent: usize,
    /// The steps before this place are final.
    settled: usize,
    /// How many of the caller's steps must be undone first.
    undo: u32,
}

impl Out {
    /// The place of the next step.
    pub(crate) fn at(&self) -> usize {
        self.base + self.log.len()
    }

    pub(crate) fn push(&mut self, step: Step) {
        self.log.push(step);
    }

    pub(crate) fn open(&mut self, element: Element) {
        self.push(Step::Open(element));
    }

    /// Replaces the element that the last step opened.
    pub(crate) fn replace(&mut self, element: Element) {
        if let Some(step) = self.log.last_mut() {
            *step = Step::Open(element);
        }
    }

    pub(crate) fn close(&mut self) {
        self.push(Step::Close);
    }

    /// Adds final text. It joins the text before it if the caller does not have that yet.
    pub(crate) fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let fresh = self.at() > self.sent;
        match self.log.last_mut() {
            Some(Step::Text(last)) if fresh => last.push_str(text),
            _ => self.push(Step::Text(text.to_owned())),
        }
    }

    /// Undoes everything from a place on.
    pub(crate) fn back_to(&mut self, at: usize) {
        debug_assert!(at >= self.settled, "undoes a final step");
        if at < self.sent {
            self.undo += u32::try_from(self.sent - at).unwrap_or(u32::MAX);
            self.sent = at;
        }
        self.log.truncate(at.saturating_sub(self.base));
    }

    /// Undoes everything from a place on and returns those steps, so that they can be put back.
    pub(crate) fn take_from(&mut self, at: usize) -> Vec<Step> {
        let taken = self.log.get(at.saturating_sub(self.base)..).unwrap_or_default().to_vec();
        self.back_to(at);
        taken
    }

    pub(crate) fn put_back(&mut self, steps: Vec<Step>) {
        self.log.extend(steps);
    }

    /// Sets the alignments of the cells from a place on.
    pub(crate) fn align(&mut self, at: usize, aligns: &[Align]) {
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

    /// Makes all steps so far final.
    pub(crate) fn settle(&mut self) {
        self.settled = self.at();
    }

    /// The steps that bring the caller up to date.
    pub(crate) fn flush(&mut self) -> Vec<Step> {
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
