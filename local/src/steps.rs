//! Shows on standard output how far the start is: one line a step, with the time that it took.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often a long step prints a line if there is no terminal, where a line cannot be updated.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// The step under way.
struct Step {
    name: String,
    began: Instant,
    /// How many crates cargo has built, and of how many, such as `12/369`.
    count: String,
    /// When its last line was printed.
    shown: Instant,
}

/// The lines of all steps. On a terminal a step's line appears at its beginning and is updated; elsewhere it is printed at its end.
#[derive(Default)]
pub(crate) struct Steps(RefCell<Option<Step>>);

impl Steps {
    /// Begins a step, which ends the one before it.
    pub(crate) fn begin(&self, name: &str) {
        self.end();
        let now = Instant::now();
        self.0.replace(Some(Step { name: name.to_owned(), began: now, count: String::new(), shown: now }));
        self.show();
    }

    /// Sets the count of crates.
    pub(crate) fn count(&self, count: String) {
        if let Some(step) = &mut *self.0.borrow_mut() {
            step.count = count;
        }
    }

    /// Updates the line.
    pub(crate) fn show(&self) {
        let Some(step) = &mut *self.0.borrow_mut() else { return };
        let seconds = step.began.elapsed().as_secs();
        if io::stdout().is_terminal() {
            print!("\r\x1b[K  serve  {:<46}{:>5} s  {}", step.name, seconds, step.count);
            // Without the flush the line only shows later.
            let _ = io::stdout().flush();
        } else if step.shown.elapsed() >= LINE_EVERY {
            println!("  serve  {} {}, {seconds} s", step.name, step.count);
            step.shown = Instant::now();
        }
    }

    /// Prints a line above that of the step.
    pub(crate) fn print_above(&self, line: &str) {
        clear();
        eprintln!("{line}");
        self.show();
    }

    /// Ends the last step.
    pub(crate) fn end(&self) {
        if let Some(step) = self.0.take() {
            clear();
            println!("  serve  {:<46}{:>5.1} s", step.name, step.began.elapsed().as_secs_f32());
        }
    }
}

/// Removes the line that is being updated.
fn clear() {
    if io::stdout().is_terminal() {
        print!("\r\x1b[K");
        // Without the flush the line only disappears later.
        let _ = io::stdout().flush();
    }
}
