//! Moments in UTC, read from and printed as RFC 3339.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

const DAY_SECS: i64 = 86_400;

/// Text that is no moment.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotInstant {
    /// It is none in any way known here.
    #[error(
        "`{found}` is not a moment; write for example 2026-01-31T18:30:00Z, \
         2026-01-31T18:30:00+02:00 or 2026-01-31"
    )]
    Unknown {
        /// The text found.
        found: String,
    },
    /// It lies between two seconds.
    #[error("`{found}` has a fraction of a second; moments here are whole seconds")]
    Fraction {
        /// The text found.
        found: String,
    },
}

impl Instant {
    /// From seconds since the epoch of Unix.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// As seconds since the epoch of Unix.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Calendar months since the beginning of the year 0, a day as a part of
    /// its month: half of a February and half of a March are one month.
    pub fn months(self) -> f64 {
        let moment = self.0.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        let moment = Timestamp::from_second(moment).expect("it was clamped");
        let date = moment.to_zoned(TimeZone::UTC).datetime();
        let seconds = self.0.rem_euclid(DAY_SECS);
        let day = f64::from(date.day() - 1) + seconds as f64 / DAY_SECS as f64;
        let months = f64::from(date.year()) * 12.0 + f64::from(date.month() - 1);
        months + day / f64::from(date.date().days_in_month())
    }
}

/// Microseconds since 1970-01-01T00:00:00Z, for putting rows in order: unlike
/// an [`Instant`] such a moment may have a fraction of a second. What is finer
/// than a microsecond is cut.
pub fn microseconds(text: &str) -> Result<i64, NotInstant> {
    match text.parse::<Instant>() {
        Ok(moment) => Ok(moment.0.saturating_mul(1_000_000)),
        Err(NotInstant::Fraction { found }) => match found.parse::<Timestamp>() {
            Ok(moment) => Ok(moment.as_microsecond()),
            Err(_) => Err(NotInstant::Unknown { found }),
        },
        Err(error) => Err(error),
    }
}

impl FromStr for Instant {
    type Err = NotInstant;

    /// RFC 3339, or a bare date for its midnight in UTC. A fraction of a second
    /// must be zero: cutting it would change the order of moments.
    fn from_str(text: &str) -> Result<Self, NotInstant> {
        let text = text.trim();
        let bare = text.len() == 10;
        let moment = if bare {
            text.parse::<Date>()
                .and_then(|date| date.to_zoned(TimeZone::UTC))
                .map(|z| z.timestamp())
        } else {
            text.parse::<Timestamp>()
        };
        let found = || text.to_owned();
        let moment = moment.map_err(|_| NotInstant::Unknown { found: found() })?;
        match moment.subsec_nanosecond() {
            0 => Ok(Self(moment.as_second())),
            _ => Err(NotInstant::Fraction { found: found() }),
        }
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(moment) => moment.fmt(f),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(text: &str) -> Option<i64> {
        text.parse::<Instant>().ok().map(Instant::unix)
    }

    #[test]
    fn fractions_of_a_second_keep_rows_in_order() {
        assert_eq!(microseconds("1970-01-01T00:00:01.5+00:00").ok(), Some(1_500_000));
        assert_eq!(microseconds("1970-01-02").ok(), Some(86_400_000_000));
        assert!(microseconds("soon").is_err());
    }

    #[test]
    fn known_moments() {
        assert_eq!(unix("1970-01-01"), Some(0));
        assert_eq!(unix("2000-02-29T12:00:00Z"), Some(951_825_600));
        assert_eq!(unix("2026-01-31T18:30:00+02:00"), Some(1_769_877_000));
        assert_eq!(unix("1969-12-31T23:59:59.000Z"), Some(-1));
        assert_eq!(Instant::from_unix(951_825_600).to_string(), "2000-02-29T12:00:00Z");
    }

    #[test]
    fn months_follow_the_calendar() {
        let months = |text: &str| text.parse::<Instant>().unwrap().months();
        assert!((months("0001-01-01") - 12.0).abs() < 1e-9);
        assert!((months("2026-07-15") - months("2026-01-15") - 6.0).abs() < 1e-9);
        assert!((months("2026-03-01") - months("2026-02-15") - 0.5).abs() < 1e-9);
        assert!((months("2026-03-01T12:00:00Z") - months("2026-03-01") - 0.5 / 31.0).abs() < 1e-9);
        assert!(months("1969-12-31T23:59:59Z") < months("1970-01-01"));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "yesterday", "2026-02-29", "2026-13-01", "2026-01-31T10:00:00"] {
            assert_eq!(unix(text), None, "{text}");
        }
    }

    #[test]
    fn fractions_of_a_second_are_refused() {
        for text in ["2026-01-31T00:00:00.9Z", "2026-01-31T00:00:00.000000001Z"] {
            let refusal = text.parse::<Instant>().unwrap_err();
            let expected =
                format!("`{text}` has a fraction of a second; moments here are whole seconds");
            assert_eq!(refusal.to_string(), expected);
        }
        assert_eq!(unix("1969-12-31T23:59:59.5Z"), None);
    }
}
