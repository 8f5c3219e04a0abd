//! Media queries as signals.

use gloo_events::EventListener;
use leptos::prelude::*;

use super::window;

/// Whether a media query matches, now and later. The signal belongs to the current reactive owner.
pub fn query(query: &str) -> Signal<bool> {
    let Some(list) = window().match_media(query).ok().flatten() else { return Signal::stored(false) };
    let holds = RwSignal::new(list.matches());
    let changed = list.clone();
    let listener = StoredValue::new_local(Some(EventListener::new(&list, "change", move |_| {
        holds.set(changed.matches());
    })));
    on_cleanup(move || drop(listener.try_update_value(Option::take)));
    holds.into()
}
