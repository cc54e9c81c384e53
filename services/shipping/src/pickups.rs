//! When the carrier comes: daily windows, and which of them a parcel makes.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Time, tz::TimeZone};

/// A window of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Window {
    /// Earliest arrival.
    pub start: Timestamp,
    /// Latest arrival.
    pub end: Timestamp,
}

/// A window of every day, in UTC, such as `10:00-12:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyWindow {
    start: Time,
    end: Time,
}

impl FromStr for DailyWindow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a window of a day, such as 10:00-12:00");
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).map_err(|_| wrong());
        let (start, end) = text.split_once('-').ok_or_else(wrong)?;
        let window = Self { start: time(start)?, end: time(end)? };
        if window.start < window.end { Ok(window) } else { Err(wrong()) }
    }
}

impl fmt::Display for DailyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start.strftime("%H:%M"), self.end.strftime("%H:%M"))
    }
}

/// When pickups are, and how long before one a parcel must be ready.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The windows of every day; at least one.
    pub windows: Vec<DailyWindow>,
    /// From ready to the start of the window, for express.
    pub express_lead: SignedDuration,
    /// The same for everything else, which leaves the earlier windows to express.
    pub standard_lead: SignedDuration,
}

impl Schedule {
    /// The first window that starts no earlier than the lead after `ready`. `None` only without windows, or at the
    /// end of time.
    #[must_use]
    pub fn next(&self, ready: Timestamp, service_level: &str) -> Option<Window> {
        let lead = if service_level == "express" { self.express_lead } else { self.standard_lead };
        let earliest = ready.checked_add(lead).ok()?;
        let mut day = earliest.to_zoned(TimeZone::UTC).date();
        // Every window starts once a day: one that has begun today starts again tomorrow.
        for _ in 0..2 {
            let at = |time: Time| Some(day.to_datetime(time).to_zoned(TimeZone::UTC).ok()?.timestamp());
            let today =
                self.windows.iter().filter_map(|w| Some(Window { start: at(w.start)?, end: at(w.end)? }));
            if let Some(window) = today.filter(|window| window.start >= earliest).min() {
                return Some(window);
            }
            day = day.checked_add(1.day()).ok()?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn schedule() -> Schedule {
        Schedule {
            windows: ["15:00-17:00", "10:00-12:00"].map(|text| text.parse().unwrap()).to_vec(),
            express_lead: SignedDuration::from_mins(60),
            standard_lead: SignedDuration::from_hours(2),
        }
    }

    #[rstest]
    #[case::early("2026-03-02T06:00:00Z", "express", "2026-03-02T10:00:00Z")]
    #[case::just_before_the_cut_off("2026-03-02T09:00:00Z", "express", "2026-03-02T10:00:00Z")]
    #[case::just_after_the_cut_off("2026-03-02T09:00:00.000001Z", "express", "2026-03-02T15:00:00Z")]
    #[case::standard_needs_two_hours("2026-03-02T08:30:00Z", "standard", "2026-03-02T15:00:00Z")]
    #[case::standard_with_two_hours("2026-03-02T08:00:00Z", "standard", "2026-03-02T10:00:00Z")]
    #[case::within_a_window("2026-03-02T10:30:00Z", "express", "2026-03-02T15:00:00Z")]
    #[case::too_late_for_today("2026-03-02T14:30:00Z", "express", "2026-03-03T10:00:00Z")]
    #[case::over_midnight("2026-12-31T23:30:00Z", "express", "2027-01-01T10:00:00Z")]
    #[case::on_a_leap_day("2028-02-28T20:00:00Z", "standard", "2028-02-29T10:00:00Z")]
    fn the_next_window_that_can_be_made(#[case] ready: &str, #[case] level: &str, #[case] start: &str) {
        let window = schedule().next(ready.parse().unwrap(), level).unwrap();
        assert_eq!(window.start, start.parse().unwrap());
        assert_eq!(window.end.duration_since(window.start), SignedDuration::from_hours(2));
    }

    #[rstest]
    #[case("10:00")]
    #[case("12:00-10:00")]
    #[case("10:00-10:00")]
    #[case("25:00-26:00")]
    #[case("ten-eleven")]
    fn what_is_no_window_is_refused(#[case] text: &str) {
        assert!(text.parse::<DailyWindow>().unwrap_err().contains(text));
    }

    proptest! {
        #[test]
        fn express_is_never_later_than_standard(second in 0i64..4_000_000_000) {
            let ready = Timestamp::from_second(second).unwrap();
            let [express, standard] =
                ["express", "standard"].map(|level| schedule().next(ready, level).unwrap());
            prop_assert!(express <= standard);
            prop_assert!(express.start.duration_since(ready) >= SignedDuration::from_mins(60));
            prop_assert!(standard.start.duration_since(ready) <= SignedDuration::from_hours(26));
        }
    }
}
