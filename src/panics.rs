//! The part of a panic's message that may leave the console.

use std::panic::PanicHookInfo;

/// A panic's message and place, for a person to send to others.
///
/// The message is cut before the first quotation mark or colon. `core` and `std` put data only behind one: an error after `expect`, the text
/// that was sliced. The app's own messages are constants.
pub fn details(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    format!("{} ({place})", without_data(panic.payload_as_str().unwrap_or_default()))
}

fn without_data(message: &str) -> &str {
    let constant = message.split(['`', '\'', '"', ':', '\n']).next().unwrap_or_default().trim_end();
    if constant.is_empty() { "panic" } else { constant }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::panic::{catch_unwind, set_hook, take_hook};
    use std::sync::{Arc, Mutex};

    use super::details;

    /// The details of the panic that `panic` causes.
    fn of(panic: impl Fn() + std::panic::UnwindSafe) -> String {
        let said = Arc::new(Mutex::new(String::new()));
        let (hook, heard) = (take_hook(), said.clone());
        // Other tests may panic meanwhile.
        let thread = std::thread::current().id();
        set_hook(Box::new(move |info| {
            if std::thread::current().id() == thread {
                *heard.lock().unwrap() = details(info);
            } else {
                hook(info);
            }
        }));
        assert!(catch_unwind(panic).is_err());
        drop(take_hook());
        said.lock().unwrap().clone()
    }

    #[test]
    #[allow(clippy::string_slice, clippy::unnecessary_literal_unwrap)]
    fn no_data_of_a_panic_is_in_its_details() {
        // One test only, because the hook belongs to the whole process.
        let secret = String::from("hunter2 ü");
        for (panic, start) in [
            (of(|| panic!("a constant")), "a constant (src/panics.rs:"),
            (of(|| _ = black_box(None::<u8>.expect("the list has an entry"))), "the list has an entry (src/panics.rs:"),
            (of(|| _ = black_box(Err::<u8, _>(&secret).expect("it is read"))), "it is read (src/panics.rs:"),
            (of(|| _ = black_box(Err::<u8, _>(&secret).unwrap())), "called (src/panics.rs:"),
            (
                of(|| _ = black_box(&secret[9..])),
                "start byte index 9 is not a char boundary; it is inside (src/panics.rs:",
            ),
            (of(|| _ = black_box(&secret[..99])), "end byte index 99 is out of bounds of (src/panics.rs:"),
            (of(|| _ = black_box(secret.as_bytes()[99])), "index out of bounds (src/panics.rs:"),
            (of(|| assert_eq!(secret, "other")), "assertion (src/panics.rs:"),
            (of(|| std::panic::panic_any(7)), "panic (src/panics.rs:"),
        ] {
            assert!(panic.starts_with(start), "{panic}");
            assert!(!panic.contains("hunter2") && !panic.contains('ü'), "{panic}");
        }
    }
}
