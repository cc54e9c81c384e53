//! Each way of writing and reading a record, in turns.

use std::hint::black_box;

use anyhow::Result;
use bench::{Report, Timing};
use orderflow::events::Record;

use crate::ways::{Contest, Way};

pub const TURNS: usize = 2_000;
/// Records of one turn: so few that a turn is rarely interrupted. Slow ways would be interrupted more often.
pub const BATCH: u32 = 20;

/// How long a batch took to write, and to read.
#[derive(Default)]
struct Times {
    written: Timing,
    read: Timing,
}

impl Times {
    /// A record there and back, in the median.
    fn both(&self) -> f64 {
        self.written.micros(0.5) + self.read.micros(0.5)
    }
}

/// Prints how long batches of the record take, and how many times as fast ours is.
pub fn measure<R: Record + PartialEq>(record: R) -> Result<()> {
    let contest = Contest::of(record)?;
    let ways = contest.ways()?;
    let mut times: Vec<Times> = ways.iter().map(|_| Times::default()).collect();
    for _ in 0..TURNS {
        for (way, times) in ways.iter().zip(&mut times) {
            turn(way, &contest.record, times)?;
        }
    }
    let mut report = Report::new(R::NAME);
    for (way, times) in ways.iter().zip(&times) {
        let bytes = (way.write)(&contest.record)?.len();
        let written = format!("written by {}, {bytes} bytes", way.name);
        report.row(&written, BATCH, &times.written, per_second(&times.written));
        report.row(&format!("read by {}", way.name), BATCH, &times.read, per_second(&times.read));
    }
    println!("\n{report}");
    for (way, other) in ways.iter().zip(&times).skip(1) {
        println!("ours: {:.1} times as fast there and back as {}", other.both() / times[0].both(), way.name);
    }
    Ok(())
}

/// Records a second in the median.
pub fn per_second(batches: &Timing) -> f64 {
    f64::from(BATCH) / batches.micros(0.5) * 1e6
}

fn turn<R>(way: &Way<R>, record: &R, times: &mut Times) -> Result<()> {
    let value = (way.write)(record)?;
    let write =
        |count| (0..count).try_for_each(|_| (way.write)(black_box(record)).map(|it| drop(black_box(it))));
    let read =
        |count| (0..count).try_for_each(|_| (way.read)(black_box(&value)).map(|it| drop(black_box(it))));
    // Whoever comes back after another finds the caches full of its things.
    write(BATCH)?;
    times.written.of(BATCH as usize, || write(BATCH))?;
    read(BATCH)?;
    times.read.of(BATCH as usize, || read(BATCH))
}
