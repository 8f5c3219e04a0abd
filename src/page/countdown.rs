//! A countdown, for a button that cannot be pressed for a while.

use gloo_timers::callback::Interval;
use js_sys::Date;
use leptos::prelude::*;

/// The whole seconds until `until`, which is in milliseconds of this machine's time. Zero after that, and for `None`.
pub fn seconds_until(until: Signal<Option<f64>>) -> Signal<u32> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between zero and a wait that fits a u32.
    let seconds = |until: Option<f64>| until.map_or(0, |until| ((until - Date::now()) / 1000.0).ceil().max(0.0) as u32);
    let left = RwSignal::new(seconds(until.get_untracked()));
    let timer: StoredValue<Option<Interval>, LocalStorage> = StoredValue::new_local(None);
    Effect::new(move |_| {
        let until = until.get();
        let look = move || {
            let seconds = seconds(until);
            if left.try_get_untracked().is_some_and(|shown| shown != seconds) {
                left.set(seconds);
            }
            if seconds == 0 {
                timer.try_update_value(Option::take);
            }
            seconds
        };
        if look() > 0 {
            timer.set_value(Some(Interval::new(1_000, move || {
                look();
            })));
        }
    });
    left.into()
}
