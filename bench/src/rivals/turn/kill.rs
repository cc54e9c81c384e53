//! How long labels stay away when a hop is killed.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use orderflow_stack::Process;

use super::{
    super::{load::due, measured::Measured},
    Turn,
};
use crate::hops::Stage;

const CRASH_RATE: u32 = 200;
const CRASH_AFTER: Duration = Duration::from_secs(5);
/// Longer than any of them takes to miss a member of its group.
const CRASH_ORDERS: usize = 200 * 30;

impl Turn<'_> {
    /// Kills payment under load, starts it again at once, and sees when the first order that was placed after has its
    /// label.
    pub(super) fn crash(&mut self) -> Result<()> {
        let payment = self.specs.iter().position(|spec| spec.name == Stage::Payment.name());
        let payment = payment.context("no payment")?;
        let (victim, spec, load) = (&self.hops[payment], &self.specs[payment], &mut self.load);
        let kill = move || {
            thread::sleep(CRASH_AFTER);
            victim.kill_9();
            (Instant::now(), Process::start(spec))
        };
        let (steady, killed) = thread::scope(|scope| {
            let killing = scope.spawn(kill);
            (load.steady(CRASH_RATE, CRASH_ORDERS), killing.join())
        });
        let (killed, started) = killed.map_err(|_| anyhow!("nobody could kill"))?;
        self.hops[payment] = started?;
        let (start, numbers) = steady?;
        self.labelled(&numbers)?;
        let arrived = self.sink.arrivals(&numbers).into_iter().enumerate();
        let after = arrived.filter(|(nth, _)| start + due(*nth, CRASH_RATE) > killed);
        let first = after.filter_map(|(_, arrived)| arrived).min().context("no label after the crash")?;
        let away = first.saturating_duration_since(killed).as_secs_f64();
        self.measured.push(Measured::new(self.contestant, "kill", numbers.len(), away));
        Ok(())
    }
}
