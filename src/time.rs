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

#[cfg(test)]
mod tests {
    use super::*;

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
}
