//! Instants as numbers that the caller passes in: nothing in this crate reads a clock.

use ::time::format_description::well_known::Rfc3339;
use ::time::macros::format_description;
use ::time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// Milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct UnixMillis(pub i64);

/// How far AWS's clock is ahead of this machine's, in milliseconds; negative if it is behind.
///
/// A web page learns it from the `iat` of a token at the moment the token arrives, since it may not read the `Date` header of another origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skew(pub i64);

impl Skew {
    /// From a token that AWS issued at `issued`, by its clock, and that arrived at `arrived`, by this machine's clock.
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

    /// So many milliseconds later.
    #[must_use]
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// `EEE MMM d HH:mm:ss UTC yyyy`, in English, the day without a leading zero: the `TIMESTAMP` of Cognito's SRP.
    pub fn srp_timestamp(self) -> String {
        let format = format_description!(
            "[weekday repr:short] [month repr:short] [day padding:none] [hour]:[minute]:[second] UTC [year]"
        );
        written(self.date_time().format(format))
    }

    /// `YYYYMMDDTHHMMSSZ`: the `x-amz-date` of AWS Signature Version 4.
    pub fn amz_date(self) -> String {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        written(self.date_time().format(format))
    }

    /// Reads `YYYY-MM-DDTHH:MM:SSZ`, with or without a fraction: ISO 8601 in UTC, in the profile of RFC 3339, as AWS's XML services write it. Digits finer
    /// than a millisecond are cut off. `None` for anything else.
    pub fn from_iso_8601(text: &str) -> Option<Self> {
        // RFC 3339 allows other offsets, and other characters between date and time.
        let is_utc = text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
        let date_time = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| is_utc)?;
        i64::try_from(date_time.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self)
    }

    /// The date and time. An instant outside the calendar, which covers the years −9999 to 9999, becomes the nearest end.
    fn date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).unwrap_or_else(|_| {
            let end = if self.0 < 0 { PrimitiveDateTime::MIN } else { PrimitiveDateTime::MAX };
            end.assume_offset(UtcOffset::UTC)
        })
    }
}

/// Formatting fails only where a part of the format is missing, and a date and a time have them all.
fn written(formatted: Result<String, ::time::error::Format>) -> String {
    formatted.expect("a date and a time have every part of the format")
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
