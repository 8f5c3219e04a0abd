//! Sentences about an answer: its end, its time and tokens, and its state.

use crate::core::config::{Price, Prices};
use crate::core::conversation::{Answer, Ending};
use crate::core::fault::Fault;
use crate::protocol::{End, Notice};
use signet_stream::StopReason;
use signet_stream::stock::UseCase;

use super::{notice, refusal};

/// For a screen reader, before the first text.
pub const WAITING: &str = "Waiting for the answer.";
/// For a screen reader.
pub const STOPPED: &str = "Stopped.";

/// For a screen reader, at the end of the first part of a long answer.
pub const READ_ON: &str = "\nThe answer continues in the conversation.";

const KEPT: &str = " What arrived is kept.";

/// The short name of a use case.
pub fn use_case(use_case: UseCase) -> &'static str {
    match use_case {
        UseCase::PerformanceOptimized => "Fast",
        UseCase::AccuracyOptimized => "Accurate",
        UseCase::Balanced => "Balanced",
        UseCase::CostOptimized => "Cheap",
    }
}

/// Milliseconds, for people to read.
fn seconds(millis: u32) -> String {
    if millis < 9_995 {
        let hundredths = (millis + 5) / 10;
        format!("{}.{:02} s", hundredths / 100, hundredths % 100)
    } else {
        format!("{} s", millis / 1000 + u32::from(millis % 1000 >= 500))
    }
}

/// For a screen reader, at the first text. `model` may be empty.
pub fn answering(model: &str) -> String {
    [if model.is_empty() { "The model" } else { model }, " is answering."].concat()
}

/// For a screen reader, now and then while text arrives. The sentence differs each time, because an unchanged one is not read out.
pub fn still_answering(text: &str) -> String {
    ["Still answering: about ", &words(text), " so far."].concat()
}

/// For a screen reader, at the end. `model` may be empty.
pub fn complete(text: &str, model: &str) -> String {
    let by = if model.is_empty() { "" } else { ", by " };
    ["The answer is complete: ", &words(text), by, model, "."].concat()
}

fn words(text: &str) -> String {
    let count = u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX);
    [grouped(count).as_str(), if count == 1 { " word" } else { " words" }].concat()
}

/// The notice of an answer that did not end well; `None` if it did, or if the person stopped it.
pub fn ending(end: &Ending, has_text: bool, contact: Option<&str>) -> Option<Notice> {
    let mut said = match end {
        Ending::Done | Ending::Stopped => return None,
        Ending::CutOff => cut_off(if has_text {
            "The connection ended before the answer did."
        } else {
            "The connection ended before the answer began. Try again."
        }),
        Ending::Failed(Fault::Answer { message, retryable, request_id, .. })
            if !has_text && message != signet_stream::CRC_MISMATCH =>
        {
            Notice { request_id: request_id.clone(), ..refusal(message, *retryable, contact) }
        }
        Ending::Failed(fault) => notice(fault, contact),
    };
    if has_text && !matches!(end, Ending::Failed(Fault::Garbled { .. })) {
        said.text += KEPT;
    }
    Some(said)
}

fn cut_off(text: &str) -> Notice {
    Notice { title: "Cut off".into(), text: text.into(), request_id: None }
}

/// The problem with an answer that holds only unknown lines.
pub fn unknown(lines: u32) -> String {
    ["lines of an unknown kind: ", &grouped(lines)].concat()
}

/// Facts about an answer that has ended, a few words each, with its cost if prices are configured.
pub fn facts(answer: &Answer, prices: Option<&Prices>) -> Vec<String> {
    let mut facts = vec![];
    if answer.end == Some(End::Stopped) {
        facts.push(
            if answer.text.is_empty() {
                "Stopped before the first word."
            } else {
                "Stopped. The partial answer is kept."
            }
            .into(),
        );
        // Lambda does not learn that a connection was closed, and bills to the end.
        if answer.duration > 0 {
            facts.push("The model may have continued after that.".into());
        }
    }
    if let Some(first) = answer.first_text {
        facts.push(["first word ", &seconds(first)].concat());
        // Unknown if a reload cut the answer off.
        if answer.duration >= first {
            facts.push([&seconds(answer.duration), " in all"].concat());
        }
    }
    let usage = answer.usage;
    if let Some(output) = usage.output_tokens {
        let mut tokens = [grouped(output).as_str(), if output == 1 { " token" } else { " tokens" }].concat();
        if let Some(input) = usage.input_tokens {
            tokens += " from ";
            tokens += &grouped(input);
        }
        facts.push(tokens);
    }
    let stop = match &answer.stop {
        None | Some(StopReason::EndTurn) => "",
        Some(StopReason::MaxTokens) => "ended at the token limit",
        Some(StopReason::StopSequence) => "ended at a stop sequence",
        Some(StopReason::Filtered) => "the content filter stopped it",
        Some(StopReason::ToolUse) => "stopped to call a tool, but this app has none",
        Some(StopReason::Other(_)) => "ended for another reason: ",
    };
    if !stop.is_empty() {
        let word = if let Some(StopReason::Other(word)) = &answer.stop { word } else { "" };
        facts.push([stop, word].concat());
    }
    facts.extend(prices.and_then(|prices| cost(answer, prices)));
    match answer.context {
        0 => {}
        1 => facts.push("with 1 earlier turn".into()),
        turns => facts.push(["with ", &grouped(turns), " earlier turns"].concat()),
    }
    facts
}

/// The approximate cost of an answer, if its model has a price.
fn cost(answer: &Answer, Prices { date, currency, models }: &Prices) -> Option<String> {
    let (_, Price { input, output }) = models.iter().find(|(model, _)| *model == answer.model)?;
    let parts = [(input, answer.usage.input_tokens?), (output, answer.usage.output_tokens?)];
    // In 10⁻¹² of the currency: prices are in millionths, for a million tokens.
    let cost =
        parts.iter().fold(0_u64, |sum, (price, tokens)| sum.saturating_add(price.saturating_mul(u64::from(*tokens))));
    Some([&amount(cost, currency), " (prices as of ", date, ")"].concat())
}

/// An amount in 10⁻¹² of a currency, to two significant digits.
fn amount(pico: u64, currency: &str) -> String {
    let sign = match currency {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        _ => "",
    };
    let (code, space) = if sign.is_empty() { (currency, "\u{a0}") } else { (sign, "") };
    // Millionths, the finest unit shown.
    let mut digits = pico.saturating_add(500_000) / 1_000_000;
    if pico == 0 {
        return ["about ", code, space, "0.00"].concat();
    }
    if digits == 0 {
        return ["less than ", code, space, "0.000001"].concat();
    }
    let mut places = 6;
    while places > 2 && digits >= 100 {
        (digits, places) = ((digits + 5) / 10, places - 1);
    }
    let one = 10_u64.pow(places);
    let whole = u32::try_from(digits / one).unwrap_or(u32::MAX);
    // The added one keeps the leading zeros of the fraction, and is then cut off.
    let fraction = (one + digits % one).to_string();
    ["about ", code, space, &grouped(whole), ".", fraction.get(1..).unwrap_or_default()].concat()
}

/// The number with a comma before each group of three digits.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use signet_cognito::UnixMillis;
    use signet_stream::Usage;

    fn answer() -> Answer {
        Answer {
            use_case: UseCase::Balanced,
            asked: UnixMillis(0),
            context: 0,
            model: "m".into(),
            text: "a b".into(),
            reasoning: String::new(),
            end: Some(End::Done),
            notice: None,
            stop: None,
            usage: Usage::default(),
            first_text: Some(420),
            duration: 3_100,
        }
    }

    fn priced() -> Prices {
        let price = Price { input: 60_000, output: 240_000 };
        Prices { date: "2026-11-01".into(), currency: "USD".into(), models: vec![("m".into(), price)] }
    }

    #[test]
    fn times_are_short() {
        assert_eq!(
            [seconds(0), seconds(421), seconds(9_949), seconds(12_500), seconds(u32::MAX)],
            ["0.00 s", "0.42 s", "9.95 s", "13 s", "4294967 s"]
        );
    }

    #[test]
    fn facts_list_what_is_known() {
        assert_eq!(facts(&answer(), Some(&priced())), ["first word 0.42 s", "3.10 s in all"]);
        let usage = Usage { input_tokens: Some(1_024), cached_tokens: None, output_tokens: Some(212) };
        let all = Answer { usage, stop: Some(StopReason::MaxTokens), context: 3, ..answer() };
        assert_eq!(
            facts(&all, Some(&priced())),
            [
                "first word 0.42 s",
                "3.10 s in all",
                "212 tokens from 1,024",
                "ended at the token limit",
                "about $0.00011 (prices as of 2026-11-01)",
                "with 3 earlier turns"
            ]
        );
        assert_eq!(facts(&all, None).len(), 5, "no prices");
        assert_eq!(
            facts(&Answer { model: "other".into(), ..all.clone() }, Some(&priced())).len(),
            5,
            "no price of the model"
        );
        let reloaded = Answer { end: Some(End::CutOff), duration: 0, ..answer() };
        assert_eq!(facts(&reloaded, None), ["first word 0.42 s"], "nobody knows how long it took");
        let half = Usage { input_tokens: None, ..usage };
        assert_eq!(
            facts(&Answer { usage: half, ..answer() }, Some(&priced()))[2..],
            ["212 tokens"],
            "half a cost is none"
        );
    }

    #[test]
    fn the_facts_of_a_stopped_answer_are_right() {
        let stopped = |text: &str, first_text, duration| {
            let end = Some(End::Stopped);
            facts(&Answer { end, text: text.into(), first_text, duration, ..answer() }, None)
        };
        assert_eq!(stopped("", None, 0), ["Stopped before the first word."], "the model was not asked");
        let gone_on = "The model may have continued after that.";
        assert_eq!(stopped("", None, 700), ["Stopped before the first word.", gone_on]);
        assert_eq!(
            stopped("a", Some(420), 700),
            ["Stopped. The partial answer is kept.", gone_on, "first word 0.42 s", "0.70 s in all"]
        );
    }

    #[test]
    fn every_stop_reason_has_its_words() {
        let fact = |stop| facts(&Answer { stop: Some(stop), ..answer() }, None).split_off(2);
        assert_eq!(fact(StopReason::EndTurn), [""; 0]);
        assert_eq!(fact(StopReason::StopSequence), ["ended at a stop sequence"]);
        assert_eq!(fact(StopReason::Filtered), ["the content filter stopped it"]);
        assert_eq!(fact(StopReason::ToolUse), ["stopped to call a tool, but this app has none"]);
        assert_eq!(fact(StopReason::Other("pause_turn".into())), ["ended for another reason: pause_turn"]);
    }

    #[test]
    fn amounts_have_two_significant_digits() {
        for (pico, expected) in [
            (0, "about $0.00"),
            (1, "less than $0.000001"),
            (499_999, "less than $0.000001"),
            (500_000, "about $0.000001"),
            (12_345_678, "about $0.000012"),
            (412_000_000, "about $0.00041"),
            (999_600_000, "about $0.0010"),
            (51_200_000_000, "about $0.051"),
            (123_000_000_000, "about $0.12"),
            (999_999_999_999, "about $1.00"),
            (12_345_678_000_000_000, "about $12,345.68"),
        ] {
            assert_eq!(amount(pico, "USD"), expected, "{pico}");
        }
        assert_eq!(amount(412_000_000, "EUR"), "about €0.00041");
        assert_eq!(amount(412_000_000, "CHF"), "about CHF\u{a0}0.00041");
    }

    #[test]
    fn statuses_for_screen_readers_are_sentences() {
        assert_eq!(still_answering("one"), "Still answering: about 1 word so far.");
        assert_eq!(complete("one", ""), "The answer is complete: 1 word.");
        assert_eq!(complete(&"one ".repeat(1_212), "Nova"), "The answer is complete: 1,212 words, by Nova.");
        assert_eq!([answering(""), answering("Nova")], ["The model is answering.", "Nova is answering."]);
    }

    #[test]
    fn the_notice_says_that_text_is_kept_only_if_text_arrived() {
        let fault = Fault::Answer { message: "no".into(), retryable: None, retry_after: None, request_id: None };
        for end in [Ending::CutOff, Ending::Failed(fault), Ending::Failed(Fault::Silent { seconds: 75 })] {
            let text = |has_text| ending(&end, has_text, None).unwrap().text;
            assert!(text(true).ends_with(". What arrived is kept.") && !text(false).contains("kept"), "{}", text(true));
        }
        let garbled = ending(&Ending::Failed(Fault::Garbled { lines: 2 }), true, None).unwrap();
        assert!(garbled.text.ends_with("The rest is shown."));
        assert_eq!(ending(&Ending::Done, true, None), None);
        assert_eq!(ending(&Ending::Stopped, true, None), None);
    }

    proptest! {
        #[test]
        fn any_amount_is_within_a_tenth_of_itself(pico in 5_000_000_u64..1_000_000_000_000_000) {
            let shown = amount(pico, "USD").replace(['$', ','], "");
            let shown: f64 = shown.strip_prefix("about ").unwrap().parse().unwrap();
            #[allow(clippy::cast_precision_loss)]
            let real = pico as f64 / 1e12;
            prop_assert!((shown - real).abs() <= real / 9.0, "{} for {}", shown, real);
        }

        #[test]
        fn grouping_changes_no_digit(number in any::<u32>()) {
            prop_assert_eq!(grouped(number).replace(',', ""), number.to_string());
            prop_assert!(grouped(number).rsplit(',').skip(1).all(|part| part.len() <= 3));
        }
    }
}
