//! Asks the browser for a passkey on the worker's behalf.

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::AbortController;

use super::super::browser::passkey;
use super::super::link::Link;
use crate::protocol::{FormId, Intent, PasskeyOutcome};

/// The request for a passkey, if one is open. A handle, as cheap to copy as a signal.
#[derive(Debug, Clone, Copy)]
pub struct Passkeys {
    link: Link,
    asking: StoredValue<Option<(FormId, AbortController)>, LocalStorage>,
}

impl Passkeys {
    /// No request is open.
    pub fn new(link: Link) -> Self {
        Self { link, asking: StoredValue::new_local(None) }
    }

    /// Asks for a passkey for a form, and sends the outcome to the worker. With `autofill`, the browser only offers passkeys in the username's field, and the
    /// worker gets no failure.
    pub fn ask(self, form: FormId, options: String, autofill: bool) {
        self.abort();
        let Ok(controller) = AbortController::new() else { return };
        let signal = controller.signal();
        self.asking.set_value(Some((form, controller)));
        spawn_local(async move {
            let reply = passkey::get(&options, autofill, &signal).await;
            if signal.aborted() {
                return;
            }
            let intent = |outcome| Intent::Passkey { form, outcome };
            match reply {
                Ok(credential) => self.link.send_with(&intent(PasskeyOutcome::Done), [credential]),
                Err(_) if autofill => {}
                Err(passkey::Refusal::Unsupported) => self.link.send(&intent(PasskeyOutcome::Unsupported)),
                Err(passkey::Refusal::Refused) => self.link.send(&intent(PasskeyOutcome::Refused)),
            }
        });
    }

    /// Cancels the open request, if there is one, without sending anything to the worker.
    pub fn abort(self) {
        if let Some((_, controller)) = self.asking.try_update_value(Option::take).flatten() {
            controller.abort();
        }
    }

    /// Cancels the open request unless it is for this form, because the form that asked has gone.
    pub fn keep_only(self, form: Option<FormId>) {
        if self.asking.with_value(|asking| asking.as_ref().is_some_and(|(of, _)| Some(*of) != form)) {
            self.abort();
        }
    }
}
