//! One contestant's turn: started on fresh topics, warmed up, measured, checked, ended.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use orderflow_stack::{Process, Spec, logs::tail};

use super::{
    beside::Beside,
    bytes::Scales,
    contestants::Contestant,
    ground::{Field, Ground},
    load::Load,
    measured::{Measured, Megabytes},
    python, scored,
    settings::Settings,
    sink::Sink,
    stock,
    usage::Who,
};

mod kill;
mod phases;

/// The first label: four programs start, and join their groups.
const START: Duration = Duration::from_secs(120);
/// What follows a label (stock leaves the shelf) is work of the order too: CPU counts until then.
const SETTLE: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(15);
/// Beyond this share of what it can do, a steady rate measures a queue.
const MOST: f64 = 0.8;

/// Runs one turn.
///
/// # Errors
/// When a server or a hop does not run, or labels stop coming.
pub async fn turn(ground: &Ground, contestant: Contestant, settings: &Settings) -> Result<Vec<Measured>> {
    play(ground, contestant, 1, settings.partitions, |turn| turn.measure(settings)).await
}

/// Starts so many instances of each hop on fresh topics, measures, and ends them.
///
/// # Errors
/// When a server or a hop does not run, or those of measuring.
pub async fn play(
    ground: &Ground,
    contestant: Contestant,
    instances: usize,
    partitions: i32,
    measure: impl FnOnce(&mut Turn<'_>) -> Result<()>,
) -> Result<Vec<Measured>> {
    let field = ground.field(partitions).await?;
    match contestant {
        Contestant::Python => python::fill(&field).await?,
        _ => stock::fill(&field).await?,
    }
    let beside = Beside::start(contestant.extras(), &field).await?;
    let mut specs = contestant.hops(ground, &field, instances)?;
    beside.tell(&mut specs, &field);
    let mut turn = Turn::start(ground, &field, contestant, &specs, &beside)?;
    let done = measure(&mut turn);
    let Turn { hops, measured, .. } = turn;
    for hop in &hops {
        hop.stop(GRACE).await;
    }
    beside.stop().await;
    done.with_context(|| last_words(&specs))?;
    field.clear().await?;
    Ok(measured)
}

/// A turn that has begun.
pub struct Turn<'f> {
    contestant: Contestant,
    field: &'f Field,
    specs: &'f [Spec],
    hops: Vec<Process>,
    who: Who,
    scales: Scales,
    load: Load<'f>,
    sink: Sink,
    measured: Vec<Measured>,
}

impl<'f> Turn<'f> {
    /// Starts the hops on a topic that has one order, and waits for its label.
    fn start(
        ground: &Ground,
        field: &'f Field,
        contestant: Contestant,
        specs: &'f [Spec],
        beside: &Beside,
    ) -> Result<Self> {
        let mut load = Load::new(ground, field, contestant.format());
        let sink = Sink::start(field, contestant.format())?;
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
        let outside = beside.outside();
        let who = Who { hops: hops.iter().map(Process::pid).collect(), redis, broker, outside };
        let scales = Scales::of(ground, field)?;
        Ok(Self { contestant, field, specs, hops, who, scales, load, sink, measured: vec![start] })
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
                eprintln!("{} is not measured at {rate}/s: it can do {capacity:.0}/s", self.contestant);
            } else {
                self.steady(*rate, settings.seconds)?;
            }
        }
        let memory = self.memory()?;
        if settings.crash && !slow {
            self.crash()?;
        }
        self.end(memory)
    }

    /// The orders from now on are those of so many customers.
    pub fn customers(&mut self, customers: u64) {
        self.load.customers(customers);
    }

    /// The most memory that the hops had so far, and what Redis holds.
    pub fn memory(&self) -> Result<Megabytes> {
        Ok(Megabytes { hops: self.who.peak()?, redis: self.field.redis_holds()? })
    }

    /// Each order has one label, and no more come.
    pub fn end(&mut self, memory: Megabytes) -> Result<()> {
        thread::sleep(SETTLE);
        let placed = self.load.placed();
        let wrong = Some(self.sink.wrong(&placed));
        let end = Measured::new(self.contestant, "end", placed.len(), SETTLE.as_secs_f64());
        let by_rules = match self.contestant.extras().model {
            true => Some((placed.len() as u64).saturating_sub(scored::by_model(self.specs)?)),
            false => None,
        };
        self.measured.push(Measured { wrong, by_rules, memory: Some(memory), ..end });
        Ok(())
    }
}

fn last_words(specs: &[Spec]) -> String {
    specs.iter().map(|spec| format!("the end of {}:\n{}\n", spec.name, tail(&spec.log))).collect()
}
