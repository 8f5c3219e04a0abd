//! Shows on standard output how far the start is: one line a step, with the time that it took.

use std::cell::RefCell;
use std::io::{self, Write};
use std::time::Instant;

/// The step under way.
struct Step {
    name: String,
    began: Instant,
    /// Whether the line with the name is still open, so that the time can follow on it.
    is_line_open: bool,
}

/// The lines of all steps.
#[derive(Default)]
pub(crate) struct Steps(RefCell<Option<Step>>);

impl Steps {
    /// Begins a step that prints nothing itself.
    pub(crate) fn begin(&self, name: &str) {
        self.next(name, true);
    }

    /// Begins a step that prints lines of its own, below its name.
    pub(crate) fn begin_with_output(&self, name: &str) {
        self.next(name, false);
    }

    /// Ends the last step.
    pub(crate) fn end(&self) {
        if let Some(Step { name, began, is_line_open }) = self.0.take() {
            if !is_line_open {
                print!("  serve  {name:<46}");
            }
            println!("{:>5.1} s", began.elapsed().as_secs_f32());
        }
    }

    fn next(&self, name: &str, is_line_open: bool) {
        self.end();
        if is_line_open {
            print!("  serve  {name:<46}");
            // Without the flush the name only shows later.
            let _ = io::stdout().flush();
        } else {
            println!("  serve  {name}");
        }
        self.0.replace(Some(Step { name: name.to_owned(), began: Instant::now(), is_line_open }));
    }
}
