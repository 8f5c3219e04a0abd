//! Every sentence that the running app says. What index.html says before the app runs stands there.

mod faults;
mod forms;
#[cfg(all(target_arch = "wasm32", feature = "desk"))]
#[allow(missing_docs)] // Each says itself.
pub mod page;

pub use faults::notice;
pub use forms::{person, screen};

use faults::{capitalised, service};

use crate::chat::Ending;
use crate::protocol::Notice;
use crate::stream::stock::UseCase;

/// Of a new password; the page says it too.
pub const BROKEN_RULE: &str = "This password does not follow every rule in the list below it.";

/// The notice of an answer that did not end well; `None` for one that did, or that the person stopped.
pub fn ending(end: &Ending, contact: Option<&str>) -> Option<Notice> {
    match end {
        Ending::Done | Ending::Stopped => None,
        Ending::CutOff => Some(Notice {
            title: "Cut off".into(),
            text: "The connection ended before the answer did. What arrived is kept.".into(),
            request_id: None,
        }),
        Ending::Failed(fault) => Some(notice(fault, contact)),
    }
}

/// The short name of a use case.
pub fn use_case(use_case: UseCase) -> &'static str {
    match use_case {
        UseCase::PerformanceOptimized => "Fast",
        UseCase::AccuracyOptimized => "Accurate",
        UseCase::Balanced => "Balanced",
        UseCase::CostOptimized => "Cheap",
    }
}

/// Milliseconds as a person reads them. In whole numbers: formatting a float would cost the page 20 kB.
pub fn seconds(millis: u32) -> String {
    if millis < 9_995 {
        let hundredths = (millis + 5) / 10;
        format!("{}.{:02} s", hundredths / 100, hundredths % 100)
    } else {
        format!("{} s", millis / 1000 + u32::from(millis % 1000 >= 500))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!(
            [seconds(0), seconds(421), seconds(9_949), seconds(12_500), seconds(u32::MAX)],
            ["0.00 s", "0.42 s", "9.95 s", "13 s", "4294967 s"]
        );
    }
}
