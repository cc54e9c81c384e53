//! The two engines on the same rows, in turns.

use bench::{Report, Timing};
use orderflow_model::Package;

use crate::{BATCHES, orders::Orders};

/// How often the engines take turns.
const TURNS: usize = 20;
/// Rows of one turn.
const ROWS: usize = 8_192;

/// Prints what batches of each size take; returns what one row takes the faster engine (p50, µs).
pub fn measure(orders: &Orders, onnxruntime: Option<&Package>, built_in: &Package) -> f64 {
    let engines: Vec<&Package> = onnxruntime.into_iter().chain([built_in]).collect();
    let mut report = Report::new("score by the model");
    let mut fastest = f64::INFINITY;
    for batch in BATCHES {
        let mut timings: Vec<Timing> = engines.iter().map(|_| Timing::default()).collect();
        for turn in 0..TURNS {
            for (engine, timing) in engines.iter().zip(&mut timings) {
                score(engine, orders, batch as usize, turn, timing);
            }
        }
        for (engine, timing) in engines.iter().zip(&timings) {
            report.row(engine.engine().name(), batch, timing, timing.per_second());
            if batch == 1 {
                fastest = timing.micros(0.5).min(fastest);
            }
        }
    }
    println!("\n{report}");
    fastest
}

fn score(engine: &Package, orders: &Orders, batch: usize, turn: usize, timing: &mut Timing) {
    let batches = ROWS / batch;
    // Whoever comes back after another finds the caches full of its things.
    for number in 0..batches / 8 {
        drop(std::hint::black_box(engine.score(orders.rows(number, batch))));
    }
    for number in 0..batches {
        let rows = orders.rows(turn * batches + number, batch);
        drop(timing.of(batch, || engine.score(rows)));
    }
}
