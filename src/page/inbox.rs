//! Shows the worker's views: at once if the page keeps up, otherwise in parts, one after each frame, so that no task is long.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use js_sys::Date;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::app::{Page, carry_out};
use super::browser::document;
use crate::protocol::{AnswerUpdate, SessionView, TurnUpdate, View, decode};

/// After this many milliseconds without a change, the next part need not wait for a frame.
const CALM: f64 = 40.0;
/// How long showing a part may take, in milliseconds with layout, if its views cost as much as those before. Some cost three times as much. Even then there
/// is time for a frame, and the page responds to a key within 50 ms.
const LONGEST: f64 = 10.0;

/// The views that are waiting to be shown. A handle: clones share the queue.
#[derive(Debug, Clone)]
pub struct Inbox {
    page: Page,
    /// The owner of signals that are created while views are shown.
    owner: Owner,
    queue: Rc<RefCell<Queue>>,
}

#[derive(Debug)]
struct Queue {
    /// Each view, and whether it belongs to a stored conversation that is being opened.
    waiting: VecDeque<(View, bool)>,
    /// Whether the next part is scheduled for after a frame.
    is_awaited: bool,
    /// When the last part was shown, in milliseconds of this machine's time.
    last: f64,
    /// How much to show in one part, in units of [`weight`].
    most: f64,
}

/// Roughly how much work it is to show a view. A piece of an answer counts as 1; a view that changes more of the page counts as more.
fn weight(view: &View) -> f64 {
    match view {
        View::Turn { update: TurnUpdate::Answer { update: AnswerUpdate::Steps(_), .. }, .. } => 1.0,
        _ => 4.0,
    }
}

impl Inbox {
    /// An empty queue. `owner` owns the signals of `page`.
    pub fn new(page: Page, owner: Owner) -> Self {
        let queue = Queue { waiting: VecDeque::new(), is_awaited: false, last: 0.0, most: 2.0 };
        Self { page, owner, queue: Rc::new(RefCell::new(queue)) }
    }

    /// Accepts views as the worker posts them.
    ///
    /// It shows them at once if it can, because then the next frame has both the change and the scrolling that follows. A change made within a frame needs
    /// another frame for its scrolling.
    ///
    /// # Panics
    /// If the worker is from another build than this code.
    pub fn take(&self, bytes: &[u8]) {
        let views: Vec<View> =
            decode(bytes).unwrap_or_else(|error| panic!("the worker is from another build than the page: {error}"));
        // A person who signs in waits for just this view, so it is never delayed.
        let is_urgent = views.iter().any(|view| matches!(view, View::Session(_)));
        let mut queue = self.queue.borrow_mut();
        let mut old = 0;
        for view in views {
            if let View::Conversation { turns, .. } = view {
                old = turns;
            }
            let is_old = matches!(view, View::Turn { id, .. } if id.0 < old);
            queue.waiting.push_back((view, is_old));
        }
        drop(queue);
        self.show_soon(is_urgent);
    }

    fn show_soon(&self, is_urgent: bool) {
        let is_calm = {
            let queue = self.queue.borrow();
            !queue.is_awaited && (is_urgent || Date::now() - queue.last > CALM)
        };
        if document().hidden() {
            self.show_all();
        } else if is_calm {
            // Nothing was shown just before and nothing is waiting, so this computer keeps up. Each further part would cost a frame.
            self.show_part(3.0);
        } else {
            self.show_after_frame();
        }
    }

    fn show_after_frame(&self) {
        if !std::mem::replace(&mut self.queue.borrow_mut().is_awaited, true) {
            let inbox = self.clone();
            // Work done within a frame delays it. Work done right after has until the next one.
            request_animation_frame(move || set_timeout(move || inbox.show_part(1.0), Duration::ZERO));
        }
    }

    /// Shows as much as this computer has managed in `times` [`LONGEST`] before. That amount grows in small steps, because cheap views, such as words of a
    /// paragraph, may be followed by expensive ones, such as a table.
    fn show_part(&self, times: f64) {
        let most = self.queue.borrow().most * times;
        self.show(most, LONGEST);
    }

    /// Shows everything. A hidden page gets no frames, so there is nothing to wait for.
    pub fn show_all(&self) {
        self.show(f64::INFINITY, f64::INFINITY);
    }

    /// Shows views of up to `most` [`weight`], but starts none after `patience` milliseconds.
    fn show(&self, most: f64, patience: f64) {
        {
            let mut queue = self.queue.borrow_mut();
            queue.is_awaited = !queue.waiting.is_empty();
            if !queue.is_awaited {
                return;
            }
        }
        let began = Date::now();
        let follow = self.page.state.follow;
        let is_asked = follow.will_grow();
        let mut shown = 0.0;
        while shown < most && (shown == 0.0 || Date::now() - began < patience) {
            let Some((view, is_old)) = self.queue.borrow_mut().waiting.pop_front() else { break };
            shown += weight(&view);
            match &view {
                View::Session(SessionView::Asked(form)) => self.page.passkeys.keep_only(Some(form.id)),
                View::Session(SessionView::SignedIn(_)) => self.page.passkeys.keep_only(None),
                _ => {}
            }
            if let Some(errand) = self.owner.with(|| self.page.state.apply(view, is_old)) {
                carry_out(errand, self.page);
            }
        }
        if is_asked {
            request_animation_frame(move || follow.seen());
        }
        let has_more = !self.queue.borrow().waiting.is_empty();
        if self.page.state.is_behind.get_untracked() != has_more {
            self.page.state.is_behind.set(has_more);
        }
        let inbox = self.clone();
        spawn_local(async move {
            // After the effects of the changed signals.
            tick().await;
            let applied = Date::now() - began;
            follow.settle();
            inbox.measure(shown, began, applied);
        });
    }

    /// Learns from how long a part took, layout included, and schedules the next one.
    fn measure(&self, shown: f64, began: f64, applied: f64) {
        let has_more = {
            let mut queue = self.queue.borrow_mut();
            queue.is_awaited = false;
            queue.last = Date::now();
            let has_more = !queue.waiting.is_empty();
            if has_more || shown >= queue.most {
                let took = queue.last - began;
                // If laying out the existing page is what takes the time, smaller parts would only take longer in total.
                let fits = if applied * 16.0 < took { f64::INFINITY } else { shown * LONGEST / took };
                queue.most = fits.max(queue.most / 2.0).min(queue.most * 1.2);
            }
            has_more
        };
        if has_more {
            self.show_after_frame();
        }
    }
}
