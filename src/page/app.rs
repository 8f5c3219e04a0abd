//! Chooses the screen, and carries out what only a page can do. `public/start.js` has started the worker.

use leptos::ev;
use leptos::mount::{UnmountHandle, mount_to};
use leptos::prelude::*;
use leptos::tachys::view::Mountable;
use send_wrapper::SendWrapper;

use super::browser::shell::Shell;
use super::browser::{address, document, file, focus, set_root_attribute};
use super::chat::{Chat, ChatFocus, Copying};
use super::inbox::Inbox;
use super::link::Link;
use super::sign_in::{OtherForm, Passkeys, SignInForm};
use super::state::{Screen, State};
use crate::core::words::{page as words, sign_in as sign_in_words};
use crate::protocol::{Errand, Intent};

/// The app's mark.
pub const SEAL: &str = "seal.svg";

/// What all components use. A handle, as cheap to copy as a signal.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// What the page shows.
    pub state: State,
    /// The link to the worker.
    pub link: Link,
    /// Moves the focus within the chat.
    pub focus: ChatFocus,
    /// The copy button that is waiting for the worker's text.
    pub copying: Copying,
    /// The request for a passkey, if one is open.
    pub passkeys: Passkeys,
}

/// Mounts the app into the elements of index.html. `post` sends a message to the worker. `is_submitted` says whether the form of index.html has already
/// been sent. Pass the worker's messages to the returned [`Inbox`].
pub fn mount(
    shell: Shell,
    post: impl Fn(&js_sys::Array) + 'static,
    is_submitted: bool,
) -> (Inbox, UnmountHandle<impl Mountable>) {
    let place = shell.app.clone();
    let owner = Owner::new();
    let page = owner.with(|| {
        let link = Link::new(post);
        Page {
            state: State::new(),
            link,
            focus: ChatFocus::new(),
            copying: Copying::new(),
            passkeys: Passkeys::new(link),
        }
    });
    let inbox = Inbox::new(page, owner);
    // A hidden page gets no frames.
    let hidden = SendWrapper::new(inbox.clone());
    let listener = window_event_listener_untyped("visibilitychange", move |_| {
        if document().hidden() {
            hidden.show_all();
        }
    });
    let handle = mount_to(place, move || {
        on_cleanup(move || listener.remove());
        provide_context(page);
        view! { <App shell is_submitted/> }
    });
    (inbox, handle)
}

/// Carries out what only a page can do.
pub fn carry_out(errand: Errand, page: Page) {
    match errand {
        Errand::Leave { url } => address::leave(&url),
        Errand::Passkey { form, options, autofill } => page.passkeys.ask(form, options, autofill),
        Errand::Copy(text) => page.copying.bring(text),
        Errand::File { name, media_type, text } => file::save(&name, &media_type, &text),
    }
}

#[component]
fn App(shell: Shell, is_submitted: bool) -> impl IntoView {
    let Page { state, link, .. } = expect_context();
    let step = Memo::new(move |_| {
        state.screen.with(|screen| match screen {
            Screen::Form(form) if !form.is_sign_in => Some(form.id),
            _ => None,
        })
    });
    let is_chat = Memo::new(move |_| state.screen.with(|screen| *screen == Screen::Chat));

    // The back button has restored the page after it was left for a provider's; nothing is in progress any more.
    window_event_listener(ev::pageshow, move |event| {
        if event.persisted() {
            link.send(&Intent::ShownAgain);
        }
    });

    let opening = shell.opening.clone();
    Effect::new(move |_| {
        // While a session is being restored, this line shows the progress.
        if state.screen.with(|screen| *screen == Screen::Starting) {
            if let Some(text) = state.busy.get() {
                opening.set_text_content(Some(&text));
            }
        } else {
            set_root_attribute("data-session", None);
        }
    });
    Effect::new(move |_| {
        let title = state.screen.with(|screen| match screen {
            Screen::Form(form) => Some(form.title.to_string()),
            Screen::Chat => Some(state.conversation.title.get()),
            _ => None,
        });
        match title.as_deref() {
            Some("") => document().set_title(words::TITLE),
            Some(title) => document().set_title(&[title, words::IN_TITLE].concat()),
            None => {}
        }
    });
    let misconfigured = shell.clone();
    Effect::new(move |_| {
        state.screen.with(|screen| {
            if let Screen::Misconfigured(problem) = screen {
                show_misconfigured(&misconfigured, problem);
            }
        });
    });

    view! {
        <SignInForm shell is_submitted/>
        // Keyed, so that a step never reuses the elements of the one before, with the text typed into them.
        <For each={move || step.get()} key={|id| id.0} let:id><OtherForm id/></For>
        <Show when={move || is_chat.get()}><Chat/></Show>
    }
}

/// Shows the problem with the configuration in place of everything else.
fn show_misconfigured(shell: &Shell, problem: &str) {
    shell.fatal_title.set_text_content(Some(sign_in_words::MISCONFIGURED));
    shell.fatal_text.set_text_content(Some(problem));
    shell.fatal_details.set_hidden(true);
    shell.sign_in.main.set_hidden(true);
    shell.fatal.set_hidden(false);
    focus(&shell.reload);
}
