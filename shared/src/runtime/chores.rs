//! What the loop does beside records, about once a second: lag, offsets that are owed, the state's integrity, what is
//! due.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rdkafka::consumer::Consumer;

use super::{engine::Engine, turn::Settled};
use crate::{fault::Fault, metrics};

/// How often an idle service makes sure that its state is whole, and looks for what is due.
const CHORES: Duration = Duration::from_secs(1);
/// A partition held for longer than this is worth an operator's look.
const HELD_TOO_LONG: Duration = Duration::from_secs(30);

impl Engine {
    /// Once a second: lag and watchdog, offsets that are owed, the state's integrity, what is due.
    pub(super) fn chores(&mut self) -> Result<(), Fault> {
        if self.chores_at.elapsed() < CHORES {
            return Ok(());
        }
        self.chores_at = Instant::now();
        if let Some(statistics) = self.consumer.context().take_statistics() {
            // A known outage is not a stall: readiness says what is left alone.
            match self.lag.observe(&statistics, Instant::now()).saturating_sub(self.held.excused()) {
                0 => self.health.settled("stalled"),
                stalled => {
                    self.health.concern("stalled", format!("{stalled} partitions have lag and no progress"))
                }
            }
        }
        self.report_held();
        self.report_limit();
        if self.epoch == 0 || self.astray {
            return Ok(());
        }
        let owed = self.owed_with(&BTreeMap::new())?;
        if owed.count() > 0 {
            self.commit(&mut [], &owed)?;
        }
        self.verify()?;
        self.look_for_lines()?;
        self.tick()
    }

    /// Publishes what is due; the group's own offsets go along, so that a member that was thrown out is refused.
    fn tick(&mut self) -> Result<(), Fault> {
        for ticker in self.tickers.clone() {
            let held = self.state.held_partitions();
            let (entries, emitted) =
                self.handle.block_on(ticker.due(self.clock.now(), &held, &self.codec))?;
            if entries.is_empty() {
                continue;
            }
            let mut settled = Settled {
                records: emitted.into_iter().map(|event| self.outgoing(event)).collect(),
                offsets: self.state.held_offsets(),
                ..Settled::default()
            };
            self.make_durable(&[], &mut settled)?;
            self.handle.block_on(ticker.settled(&entries))?;
        }
        Ok(())
    }

    /// Says how many partitions are held, and since when.
    pub(super) fn report_held(&self) {
        let (count, oldest) = self.held.extent();
        ::metrics::gauge!(metrics::HELD_PARTITIONS).set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        if oldest > HELD_TOO_LONG {
            self.health.concern("held", format!("{count} partitions wait for a record that keeps failing"));
        } else {
            self.health.settled("held");
        }
    }
}
