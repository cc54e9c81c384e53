//! One contestant's turn: started on fresh topics, warmed up, measured, checked, ended.

use std::{
    ops::Range,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use orderflow_stack::{Process, Spec, logs::tail};

use super::{
    contestants::Contestant,
    ground::{Field, Ground},
    load::{Load, due},
    measured::{Measured, Megabytes},
    settings::Settings,
    sink::Sink,
    stock,
    usage::{Cpu, Who},
};
use crate::hops::Stage;

/// The first label: four programs start, and join their groups.
const START: Duration = Duration::from_secs(120);
/// Without any label for this long, no more will come.
const PATIENCE: Duration = Duration::from_secs(60);
/// What follows a label (stock leaves the shelf) is work of the order too: CPU counts until then.
const SETTLE: Duration = Duration::from_secs(1);
/// Consumers that stand still for longer may be thrown out of their groups.
const FROZEN: Duration = Duration::from_secs(5);
const GRACE: Duration = Duration::from_secs(15);
/// Made and sent at a time while nothing is measured.
const CHUNK: usize = 20_000;
/// Beyond this share of what it can do, a steady rate measures a queue.
const MOST: f64 = 0.8;
const CRASH_RATE: u32 = 200;
const CRASH_AFTER: Duration = Duration::from_secs(5);
/// Longer than any of them takes to miss a member of its group.
const CRASH_ORDERS: usize = 200 * 30;

/// Runs one turn.
///
/// # Errors
/// When a server or a hop does not run, or labels stop coming.
pub async fn turn(ground: &Ground, contestant: Contestant, settings: &Settings) -> Result<Vec<Measured>> {
    let field = ground.field(settings).await?;
    stock::fill(&field).await?;
    let specs = contestant.hops(ground, &field)?;
    let mut turn = Turn::start(ground, &field, contestant, &specs)?;
    let done = turn.measure(settings);
    let Turn { hops, measured, .. } = turn;
    for hop in &hops {
        hop.stop(GRACE).await;
    }
    done.with_context(|| last_words(&specs))?;
    field.clear().await?;
    Ok(measured)
}

struct Turn<'f> {
    contestant: Contestant,
    specs: &'f [Spec],
    hops: Vec<Process>,
    who: Who,
    load: Load<'f>,
    sink: Sink,
    measured: Vec<Measured>,
}

impl<'f> Turn<'f> {
    /// Starts the hops on a topic that has one order, and waits for its label.
    fn start(ground: &Ground, field: &'f Field, contestant: Contestant, specs: &'f [Spec]) -> Result<Self> {
        let mut load = Load::new(ground, field);
        let sink = Sink::start(field)?;
        let first = load.make(1)?;
        let first = load.place(first)?;
        let begun = Instant::now();
        let hops = specs.iter().map(Process::start).collect::<Result<Vec<_>>>()?;
        while !sink.wait(&first, Duration::from_secs(1)) {
            let ended = hops.iter().find(|hop| !hop.is_running());
            if let Some(hop) = ended {
                bail!("{contestant}: {} has ended: {}", hop.name(), last_words(specs));
            }
            ensure!(begun.elapsed() < START, "{contestant}: no label; {}", last_words(specs));
        }
        let start = Measured::new(contestant, "start", 1, begun.elapsed().as_secs_f64());
        let server = |server: &Option<orderflow_stack::servers::Server>| {
            server.as_ref().context("servers must be started here")?.pid()
        };
        let (redis, broker) = (server(&ground.servers.redis)?, server(&ground.servers.kafka)?);
        let who = Who { hops: hops.iter().map(Process::pid).collect(), redis, broker };
        Ok(Self { contestant, specs, hops, who, load, sink, measured: vec![start] })
    }

    fn measure(&mut self, settings: &Settings) -> Result<()> {
        let slow = self.contestant.is_slow();
        let (warm, orders) = match slow {
            true => (settings.slow_orders / 10, settings.slow_orders),
            false => (settings.warm, settings.orders),
        };
        self.warm_up(warm)?;
        let capacity = self.burst(orders)?;
        for rate in &settings.rates {
            if f64::from(*rate) > MOST * capacity {
                println!("{} is not measured at {rate}/s: it can do {capacity:.0}/s", self.contestant);
            } else {
                self.steady(*rate, settings.seconds)?;
            }
        }
        let (hops, redis) = self.who.peaks()?;
        if settings.crash && !slow {
            self.crash()?;
        }
        self.end(Megabytes { hops, redis })
    }

    fn warm_up(&mut self, orders: usize) -> Result<()> {
        let begun = Instant::now();
        let mut left = orders;
        while left > 0 {
            let chunk = left.min(CHUNK);
            let backlog = self.load.make(chunk)?;
            let numbers = self.load.place(backlog)?;
            self.labelled(&numbers)?;
            left -= chunk;
        }
        self.measured.push(Measured::new(self.contestant, "warm-up", orders, begun.elapsed().as_secs_f64()));
        Ok(())
    }

    /// Orders are placed while the hops stand still, then the hops run until all have their labels. Returns orders/s.
    fn burst(&mut self, orders: usize) -> Result<f64> {
        let backlog = self.load.make(orders)?;
        let still = Instant::now();
        self.hops.iter().for_each(Process::freeze);
        let placed = self.load.place(backlog);
        let before = self.who.cpu();
        self.hops.iter().for_each(Process::thaw);
        let (numbers, begun, before, frozen) = (placed?, Instant::now(), before?, still.elapsed());
        if frozen > FROZEN {
            println!("{}: stood still for {frozen:?}; use fewer --orders", self.contestant);
        }
        self.labelled(&numbers)?;
        let last = self.sink.arrivals(&numbers).into_iter().flatten().max();
        let seconds = last.context("no order has a label")?.duration_since(begun).as_secs_f64();
        let measured = Measured::new(self.contestant, "burst", orders, seconds);
        let per_second = measured.per_second;
        self.settled(&before, measured)?;
        Ok(per_second)
    }

    fn steady(&mut self, rate: u32, seconds: u32) -> Result<()> {
        let all = rate as usize * seconds as usize;
        let (_, settling) = self.load.steady(rate, all / 5)?;
        let before = self.who.cpu()?;
        let (start, numbers) = self.load.steady(rate, all - all / 5)?;
        self.labelled(&settling)?;
        self.labelled(&numbers)?;
        let arrived = self.sink.arrivals(&numbers).into_iter().enumerate();
        let millis = arrived.filter_map(|(nth, arrived)| {
            let since = arrived?.saturating_duration_since(start + due(nth, rate));
            Some(since.as_secs_f64() * 1e3)
        });
        let took = start.elapsed().as_secs_f64();
        let measured = Measured::new(self.contestant, format!("{rate}/s"), numbers.len(), took);
        self.settled(&before, measured.taking(millis.collect()))
    }

    /// Kills payment under load, starts it again at once, and sees when the first order that was placed after has its
    /// label.
    fn crash(&mut self) -> Result<()> {
        let payment = Stage::ALL.iter().position(|stage| *stage == Stage::Payment).context("no payment")?;
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

    /// Each order has one label, and no more come.
    fn end(&mut self, memory: Megabytes) -> Result<()> {
        thread::sleep(SETTLE);
        let placed = self.load.placed();
        let wrong = Some(self.sink.wrong(&placed));
        let end = Measured::new(self.contestant, "end", placed.len(), SETTLE.as_secs_f64());
        self.measured.push(Measured { wrong, memory: Some(memory), ..end });
        Ok(())
    }

    fn settled(&mut self, before: &Cpu, measured: Measured) -> Result<()> {
        thread::sleep(SETTLE);
        self.measured.push(measured.using(self.who.cpu()?.since(before)));
        Ok(())
    }

    fn labelled(&self, numbers: &Range<usize>) -> Result<()> {
        ensure!(
            self.sink.wait(numbers, PATIENCE),
            "{}: labels stop coming: of the orders {numbers:?} some have none",
            self.contestant
        );
        Ok(())
    }
}

fn last_words(specs: &[Spec]) -> String {
    specs.iter().map(|spec| format!("the end of {}:\n{}\n", spec.name, tail(&spec.log))).collect()
}
