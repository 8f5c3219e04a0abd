//! Instants as numbers that are passed in: nothing in the core asks a clock.

/// Milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct UnixMillis(pub i64);

/// How far AWS's clock is ahead of this machine's, in milliseconds; negative if behind.
///
/// It is learned from the `iat` of a token at the moment the token arrives: a page may not read the `Date` header of another origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skew(pub i64);

impl Skew {
    /// From a token issued at `issued` by AWS's clock that arrived at `arrived` by this machine's.
    pub fn learn(issued: UnixMillis, arrived: UnixMillis) -> Self {
        Self(issued.0.saturating_sub(arrived.0))
    }

    /// AWS's time when this machine's clock says `now`.
    pub fn correct(self, now: UnixMillis) -> UnixMillis {
        UnixMillis(now.0.saturating_add(self.0))
    }
}

impl UnixMillis {
    /// From whole seconds since the epoch, as JWTs count them (RFC 7519 §2).
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// That many milliseconds later.
    #[must_use]
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// `EEE MMM d HH:mm:ss UTC yyyy`, in English, the day without a leading zero: Cognito's `TIMESTAMP`.
    pub fn srp_timestamp(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (days, second) = self.days();
        let (year, month, day) = civil(days);
        let weekday = usize::try_from(days.rem_euclid(7)).map_or("", |index| DAYS[index]);
        let month = usize::try_from(month - 1).map_or("", |index| MONTHS[index]);
        format!("{weekday} {month} {day} {:02}:{:02}:{:02} UTC {year}", second / 3600, second / 60 % 60, second % 60)
    }

    /// `YYYYMMDDTHHMMSSZ`: `x-amz-date` of AWS Signature Version 4.
    pub fn amz_date(self) -> String {
        let (days, second) = self.days();
        let (year, month, day) = civil(days);
        format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", second / 3600, second / 60 % 60, second % 60)
    }

    /// Reads `YYYY-MM-DDTHH:MM:SSZ`, with or without a fraction: ISO 8601 in UTC, as AWS's XML services write it. `None` for anything else.
    pub fn from_iso_8601(text: &str) -> Option<Self> {
        let (whole, fraction) = text.strip_suffix('Z')?.split_at_checked(19)?;
        let punctuation = whole.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
        let fraction = match fraction.as_bytes() {
            [] => Some("0"),
            [b'.', digits @ ..] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => fraction.get(1..),
            _ => None,
        }?;
        if !punctuation {
            return None;
        }
        let number = |from: usize, to: usize| whole.get(from..to)?.parse::<i64>().ok();
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let days = days(year, month, day);
        if civil(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let millis = fraction.bytes().chain([b'0'; 3]).take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        Some(Self(((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + millis))
    }

    /// Whole days since the epoch, and the seconds of the day.
    fn days(self) -> (i64, i64) {
        let seconds = self.0.div_euclid(1000);
        (seconds.div_euclid(86_400), seconds.rem_euclid(86_400))
    }
}

/// Year, month and day of a count of days since the epoch, in the Gregorian calendar. Years are counted from March, so that the day a leap
/// year adds is the last of its year; 400 years have 146,097 days.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The count of days since the epoch: what [`civil`] undoes. A day that no month has gives that of the next.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn timestamps_are_as_cognito_reads_them() {
        // `date -u -d @SECONDS` of GNU coreutils.
        for (seconds, expected) in [
            (0, "Thu Jan 1 00:00:00 UTC 1970"),
            (951_782_399, "Mon Feb 28 23:59:59 UTC 2000"),
            (951_782_400, "Tue Feb 29 00:00:00 UTC 2000"),
            (1_793_682_367, "Tue Nov 3 05:06:07 UTC 2026"),
            (4_107_542_400, "Mon Mar 1 00:00:00 UTC 2100"),
        ] {
            assert_eq!(UnixMillis::from_seconds(seconds).srp_timestamp(), expected);
        }
    }

    #[test]
    fn skew_turns_this_clock_into_awss() {
        let skew = Skew::learn(UnixMillis(10_000), UnixMillis(4_000));
        assert_eq!(skew.correct(UnixMillis(5_000)), UnixMillis(11_000));
        assert_eq!(Skew::learn(UnixMillis(0), UnixMillis(4_000)).correct(UnixMillis(5_000)), UnixMillis(1_000));
    }

    #[test]
    fn dates_are_read_as_aws_writes_them() {
        // `date -u -d ISO +%s` of GNU coreutils.
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("2026-11-03T05:06:07.5Z", 1_793_682_367_500),
            ("2026-11-03T05:06:07.123999Z", 1_793_682_367_123),
            ("2100-03-01T00:00:00.00Z", 4_107_542_400_000),
        ] {
            assert_eq!(UnixMillis::from_iso_8601(text), Some(UnixMillis(millis)), "{text}");
        }
        for text in [
            "",
            "Z",
            "2026-11-03T05:06:07",
            "2026-11-03T05:06:07+01:00Z",
            "2026-11-03 05:06:07Z",
            "2026-13-03T05:06:07Z",
            "2026-00-03T05:06:07Z",
            "2026-02-29T05:06:07Z",
            "2026-11-00T05:06:07Z",
            "2026-11-03T24:00:00Z",
            "2026-11-03T05:60:00Z",
            "2026-11-03T05:06:07.Z",
            "2026-11-03T05:06:+7Z",
            "2026-11-03T05:06:0éZ",
        ] {
            assert_eq!(UnixMillis::from_iso_8601(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_written_date_is_read_back(seconds in 0..253_402_300_800_i64) {
            let instant = UnixMillis::from_seconds(seconds);
            let written = instant.amz_date();
            let (date, time) = written.split_at(8);
            let iso = format!("{}-{}-{}{}:{}:{}", &date[..4], &date[4..6], &date[6..], &time[..3], &time[3..5], &time[5..]);
            prop_assert_eq!(UnixMillis::from_iso_8601(&iso), Some(instant));
        }

        #[test]
        fn any_text_gives_a_date_or_none(text in "[0-9:TZ.-]{0,26}|\\PC{0,24}Z") {
            let _ = UnixMillis::from_iso_8601(&text);
        }
    }
}
