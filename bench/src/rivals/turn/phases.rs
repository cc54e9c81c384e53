//! What a turn consists of: warm-up, a burst, steady rates.

use std::{
    ops::Range,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use orderflow_stack::Process;

use super::{
    super::{load::due, measured::Measured, usage::Cpu},
    SETTLE, Turn,
};

/// Without any label for this long, no more will come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Consumers that stand still for longer may be thrown out of their groups.
const FROZEN: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(2);
/// Made and sent at a time while nothing is measured.
const CHUNK: usize = 20_000;

impl Turn<'_> {
    /// Lets so many orders through.
    pub fn warm_up(&mut self, orders: usize) -> Result<()> {
        let begun = Instant::now();
        let mut left = orders;
        while left > 0 {
            let chunk = left.min(CHUNK);
            let backlog = self.load.make(chunk)?;
            let numbers = self.load.place(backlog)?;
            self.labelled(&numbers)?;
            left -= chunk;
        }
        self.measured.push(Measured::done(self.contestant, "warm-up", orders, begun.elapsed().as_secs_f64()));
        Ok(())
    }

    /// Orders are placed while the hops stand still, then the hops run until all have their labels. Returns orders/s.
    pub fn burst(&mut self, orders: usize) -> Result<f64> {
        let backlog = self.load.make(orders)?;
        let light = self.scales.weigh(&self.who.hops)?;
        let still = Instant::now();
        self.hops.iter().for_each(Process::freeze);
        let placed = self.load.place(backlog);
        let before = self.who.cpu();
        self.hops.iter().for_each(Process::thaw);
        let (numbers, begun, before, frozen) = (placed?, Instant::now(), before?, still.elapsed());
        if frozen > FROZEN {
            eprintln!("{}: stood still for {frozen:?}; use fewer --orders", self.contestant);
        }
        self.labelled(&numbers)?;
        let last = self.sink.arrivals(&numbers).into_iter().flatten().max();
        let seconds = last.context("no order has a label")?.duration_since(begun).as_secs_f64();
        let measured = self.settled(&before, Measured::done(self.contestant, "burst", orders, seconds))?;
        let bytes = self.scales.weigh(&self.who.hops)?.since(&light, orders);
        self.measured.push(Measured { bytes: Some(bytes), ..measured });
        if let (_, Some(last)) = self.sink.documents() {
            let until = last.duration_since(begun).as_secs_f64();
            self.measured.push(Measured::done(self.contestant, "documents", orders, until));
        }
        Ok(orders as f64 / seconds)
    }

    pub(super) fn steady(&mut self, rate: u32, seconds: u32) -> Result<()> {
        let before = self.who.cpu()?;
        let (start, numbers) = self.load.steady(rate, rate as usize * seconds as usize)?;
        self.labelled(&numbers)?;
        let arrived = self.sink.arrivals(&numbers).into_iter().enumerate();
        // The load's own client is not ready for its first orders.
        let millis = arrived.skip(numbers.len() / 5).filter_map(|(nth, arrived)| {
            let since = arrived?.saturating_duration_since(start + due(nth, rate));
            Some(since.as_secs_f64() * 1e3)
        });
        let took = start.elapsed().as_secs_f64();
        let measured = Measured::done(self.contestant, format!("{rate}/s"), numbers.len(), took);
        let measured = self.settled(&before, measured.taking(millis.collect()))?;
        self.measured.push(measured);
        Ok(())
    }

    fn settled(&self, before: &Cpu, measured: Measured) -> Result<Measured> {
        thread::sleep(SETTLE);
        Ok(measured.using(self.who.cpu()?.since(before)))
    }

    pub(super) fn labelled(&self, numbers: &Range<usize>) -> Result<()> {
        ensure!(
            self.sink.wait(numbers, PATIENCE),
            "{}: labels stop coming: of the orders {numbers:?} some have none; the reader's last complaint: {}",
            self.contestant,
            self.sink.complaint()
        );
        if self.contestant.extras().documents { self.printed() } else { Ok(()) }
    }

    /// Waits until every label has its documents: they are work of the order too.
    fn printed(&self) -> Result<()> {
        let (begun, wanted) = (Instant::now(), self.load.placed().len());
        loop {
            let (count, last) = self.sink.documents();
            if count >= wanted {
                return Ok(());
            }
            let quiet = last.map_or(begun, |last| last.max(begun)).elapsed();
            ensure!(quiet < PATIENCE, "{}: {count} of {wanted} labels have documents", self.contestant);
            thread::sleep(GLANCE);
        }
    }
}
