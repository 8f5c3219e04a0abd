//! The page, a Leptos app. It shows the worker's views and sends back what people do. It holds no token and no key, and fetches nothing.
//!
//! [`State::apply`] applies the worker's views. Components read [`State`] and send intents through [`Link`].

// `Page`, `State` and `PanelState` are handles to signals, which closures copy. A debug build records in each signal where it was made.
#![allow(clippy::large_types_passed_by_value)]

mod app;
mod browser;
mod chat;
mod countdown;
mod history;
mod inbox;
mod link;
mod sign_in;
mod state;

pub use app::mount;
pub use browser::shell::Shell;
pub use chat::GrowingAnswer;
pub use inbox::Inbox;
pub use link::Link;
pub use state::State;

use js_sys::Array;

use crate::panics;

/// Takes the page over from `public/start.js`.
///
/// # Panics
/// If index.html is from another build than this code. The screen for a stopped app then shows the message.
pub fn start() {
    // The console and the screen for failures show the panic's message and its place.
    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
        browser::note_panic(&panics::details(info));
    }));
    let Some(shell) = browser::shell::Shell::find() else {
        panic!("index.html is from another build: it lacks an element that the page needs");
    };
    let (worker, is_submitted) = browser::start();
    let link = move |message: &Array| {
        // Fails only for values that cannot be cloned. Bytes and strings can.
        let _ = worker.post_message(message);
    };
    let (inbox, app) = mount(shell, link, is_submitted);
    app.forget();
    browser::take_over(move |views| inbox.take(views));
}
