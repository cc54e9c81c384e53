//! Live progress: how many orders have come how far, and where the others left.

use std::{io::IsTerminal, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use orderflow::order_state::{State, Step};
use tokio::time::Instant;

use super::board::Snapshot;

/// How often a log that is no terminal gets a line.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Draws snapshots on standard error: in place on a terminal, as a line now and then elsewhere.
pub(super) struct Funnel {
    group: MultiProgress,
    accepted: ProgressBar,
    finished: ProgressBar,
    path: ProgressBar,
    last_line: Instant,
}

impl Funnel {
    pub(super) fn new(orders: u64) -> Self {
        let group = MultiProgress::new();
        let bar = |name: &str, length| {
            let style =
                ProgressStyle::with_template("{prefix:>9} {bar:40} {pos}/{len} {per_sec:>10} {elapsed}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            group.add(ProgressBar::new(length).with_style(style).with_prefix(name.to_owned()))
        };
        let (accepted, finished) = (bar("accepted", orders), bar("final", orders));
        let text = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let path = group.add(ProgressBar::new(0).with_style(text));
        Self { accepted, finished, path, group, last_line: Instant::now() }
    }

    pub(super) fn show(&mut self, snapshot: &Snapshot) {
        self.accepted.set_position(snapshot.accepted as u64);
        self.finished.set_position(snapshot.finished as u64);
        let line = describe(snapshot);
        if !std::io::stderr().is_terminal() && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            eprintln!("accepted {}, final {}: {line}", snapshot.accepted, snapshot.finished);
        }
        self.path.set_message(line);
    }
}

impl Drop for Funnel {
    fn drop(&mut self) {
        let _ = self.group.clear(); // the report follows
    }
}

/// The way of an order, each station with those who have passed it, and those who left there.
fn describe(snapshot: &Snapshot) -> String {
    let at = |state| snapshot.states.get(&state).copied().unwrap_or_default();
    let waiting = |step| at(State::InProgress(step));
    let all: usize = snapshot.states.values().sum();
    // Where a cancelled order left is not known here: it counts as served by nobody.
    let validated =
        all - waiting(Step::Accepted) - waiting(Step::Held) - at(State::Rejected) - at(State::Cancelled);
    let reserved = validated - waiting(Step::Validated) - at(State::OutOfStock);
    let paid = reserved - waiting(Step::Reserved) - at(State::Declined) - at(State::Parked);
    let mut line = format!(
        "placed {all} > validated {validated} (rejected {}) > reserved {reserved} (out of stock {}) > paid {paid} \
         (declined {}) > fulfilled {}",
        at(State::Rejected),
        at(State::OutOfStock),
        at(State::Declined),
        at(State::Fulfilled),
    );
    for (name, count) in [
        ("held", waiting(Step::Held)),
        ("cancelled", at(State::Cancelled)),
        ("undeliverable", at(State::Undeliverable)),
        ("dead letters", snapshot.dead_letters),
    ] {
        if count > 0 {
            line.push_str(&format!(", {name} {count}"));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_station_counts_those_who_passed_it() {
        use State::{Declined, Fulfilled, InProgress, OutOfStock, Rejected};
        let states =
            [(InProgress(Step::Accepted), 1), (Rejected, 2), (OutOfStock, 3), (Declined, 4), (Fulfilled, 10)];
        let snapshot = Snapshot { states: states.into(), ..Snapshot::default() };
        let line = describe(&snapshot);
        let expected = "placed 20 > validated 17 (rejected 2) > reserved 14 (out of stock 3) > paid 10 (declined 4) > fulfilled 10";
        assert_eq!(line, expected);
    }
}
