//! Instants as the app writes them, read strictly.

/// Seconds since the epoch of `YYYYMMDDTHHMMSSZ`.
pub(super) fn read_amz_date(text: &str) -> Option<i64> {
    let digits = |from: usize, to: usize| text.get(from..to).and_then(number);
    let (marks, whole) = ((text.get(8..9)?, text.get(15..)?), text.len() == 16);
    let seconds =
        seconds(digits(0, 4)?, digits(4, 6)?, digits(6, 8)?, digits(9, 11)?, digits(11, 13)?, digits(13, 15)?);
    seconds.filter(|_| whole && marks == ("T", "Z"))
}

/// Seconds since the epoch of `EEE MMM d HH:mm:ss UTC yyyy`: English names, no zero before the day, and the weekday that it was.
pub(super) fn read_srp_timestamp(text: &str) -> Option<i64> {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let [weekday, month, day, clock, "UTC", year] = text.split(' ').collect::<Vec<_>>()[..] else { return None };
    let [hour, minute, second] = clock.split(':').collect::<Vec<_>>()[..] else { return None };
    let two = |text: &str| number(text).filter(|_| text.len() == 2);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let day = number(day).filter(|_| !day.starts_with('0'))?;
    let year = number(year).filter(|_| year.len() == 4)?;
    let at = seconds(year, i64::try_from(month).ok()?, day, two(hour)?, two(minute)?, two(second)?)?;
    (DAYS[usize::try_from(at.div_euclid(86_400).rem_euclid(7)).ok()?] == weekday).then_some(at)
}

/// `YYYY-MM-DDTHH:MM:SSZ`, as XML has it.
pub(super) fn iso(at: i64) -> String {
    let (days, second) = (at.div_euclid(86_400), at.rem_euclid(86_400));
    let (mut year, mut month, mut day) = (1970, 1, days + 1);
    while day > lengths(year).iter().sum() {
        day -= lengths(year).iter().sum::<i64>();
        year += 1;
    }
    for length in lengths(year) {
        if day <= length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Of a year's months.
fn lengths(year: i64) -> [i64; 12] {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

fn number(text: &str) -> Option<i64> {
    text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok())?
}

fn seconds(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    let month = usize::try_from(month).ok().filter(|month| (1..=12).contains(month))?;
    if !(1..=lengths(year)[month - 1]).contains(&day) || hour > 23 || minute > 59 || second > 59 || year < 1970 {
        return None;
    }
    let days = (1970..year).flat_map(lengths).chain(lengths(year).into_iter().take(month - 1)).sum::<i64>() + day - 1;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use signet_cognito::UnixMillis;

    use super::*;

    #[test]
    fn other_forms_are_refused() {
        assert_eq!(read_srp_timestamp("Tue Nov 3 05:06:07 UTC 2026"), Some(1_793_682_367));
        for wrong in [
            "",
            "Tue Nov 03 05:06:07 UTC 2026",
            "Mon Nov 3 05:06:07 UTC 2026",
            "Tue Nov 3 5:06:07 UTC 2026",
            "Tue Nov 3 05:06:07 GMT 2026",
            "Tue Nov 31 05:06:07 UTC 2026",
            "Tue nov 3 05:06:07 UTC 2026",
            "Tue Nov 3 24:06:07 UTC 2026",
            "Tue Nov 3 05:06:07 UTC 2026 ",
        ] {
            assert_eq!(read_srp_timestamp(wrong), None, "{wrong}");
        }
        assert_eq!(read_amz_date("20261103T050607Z"), Some(1_793_682_367));
        for wrong in
            ["", "20261103T050607", "20261103 050607Z", "20261303T050607Z", "20261103T050607ZZ", "2026é103T050607Z"]
        {
            assert_eq!(read_amz_date(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_the_app_writes_is_read(seconds in 0_i64..7_000_000_000) {
            let at = UnixMillis::from_seconds(seconds);
            prop_assert_eq!(read_srp_timestamp(&at.srp_timestamp()), Some(seconds));
            prop_assert_eq!(read_amz_date(&at.amz_date()), Some(seconds));
            prop_assert_eq!(iso(seconds).replace(['-', ':'], ""), at.amz_date());
        }

        #[test]
        fn any_text_is_read_or_not(text in ".{0,40}") {
            let _ = (read_srp_timestamp(&text), read_amz_date(&text));
        }
    }
}
