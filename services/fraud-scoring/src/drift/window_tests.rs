use proptest::{collection::vec, prelude::*};

use super::*;
use crate::drift::watch::tests::{LINES, reference, with_lines};

fn place(name: &str) -> usize {
    vector::names().iter().position(|other| *other == name).unwrap()
}

fn at(hours: i64, lines: f32) -> Seen {
    Seen { placed_at: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours), ..with_lines("a", lines) }
}

#[test]
fn the_time_of_day_is_judged_by_whole_days_only() {
    let hour = place(OF_THE_CLOCK[0]);
    assert!(OF_THE_CLOCK.iter().all(|name| vector::names().contains(name)));
    for (hours, told) in [(23, false), (24, true)] {
        let mut window = Window::new(&reference(), 20);
        (0..20)
            .for_each(|number| assert_eq!(window.add(&at(hours * (number % 2), 0.0), 0.1), number % 2 == 1));
        let measured = window.measure().unwrap();
        assert_eq!(measured.distances[hour].is_some(), told, "{hours} hours");
        assert!(measured.distances[place(LINES)].is_some());
        assert_eq!(measured.placed.1.duration_since(measured.placed.0), SignedDuration::from_hours(hours));
    }
}

proptest! {
    /// Held against a list of all orders: the newest ones, up to the last full slice.
    #[test]
    fn a_window_holds_the_newest_orders_and_no_others(
        orders in 10_u32..60,
        lines in vec(0_u8..3, 1..300),
    ) {
        let mut window = Window::new(&reference(), orders);
        let moved = lines.iter().filter(|lines| window.add(&at(0, f32::from(**lines)), 0.1)).count();
        let slice = orders.div_ceil(SLICES) as usize;
        prop_assert_eq!(moved, lines.len() / slice);
        let Some(measured) = window.measure() else {
            prop_assert_eq!(moved, 0);
            return Ok(());
        };
        let newest = &lines[..moved * slice];
        let newest = &newest[newest.len().saturating_sub(SLICES as usize * slice)..];
        prop_assert_eq!(measured.orders, newest.len() as u64);
        let none = newest.iter().filter(|lines| **lines == 0).count() as f64 / newest.len() as f64;
        let ks = measured.distances[place(LINES)].unwrap().ks;
        prop_assert!((ks - (1.0 - none)).abs() < 1e-9, "{} {}", ks, none);
    }
}
