//! The envelope to headers and back.

use std::hint::black_box;

use anyhow::{Result, ensure};
use bench::{Report, Timing};
use orderflow::{
    envelope::{Envelope, ids},
    events::{OrderPlaced, Record},
    step::Origin,
    topics::ORDERS,
};

use crate::turns::{BATCH, TURNS, per_second};

/// Of an event that another has led to.
pub fn envelope(placed: &OrderPlaced) -> Envelope {
    Envelope { causation_id: Some(ids::of_root(&placed.key(), "asked")), ..bench::envelope(placed) }
}

/// Prints how long batches of it take.
pub fn measure(envelope: &Envelope) -> Result<()> {
    let origin = Origin { topic: ORDERS, partition: 0, offset: 0, timestamp: envelope.time };
    let headers = envelope.to_headers();
    let read = || Envelope::from_headers(Some(black_box(&headers)), &origin, &envelope.subject, "");
    ensure!(read() == *envelope, "an envelope loses something in its headers");
    let (mut written, mut taken) = (Timing::default(), Timing::default());
    for _ in 0..TURNS {
        written.of(BATCH as usize, || {
            (0..BATCH).for_each(|_| drop(black_box(black_box(envelope).to_headers())));
        });
        taken.of(BATCH as usize, || (0..BATCH).for_each(|_| drop(black_box(read()))));
    }
    let mut report = Report::new("envelope");
    report.row("to headers", BATCH, &written, per_second(&written));
    report.row("from headers", BATCH, &taken, per_second(&taken));
    println!("\n{report}");
    Ok(())
}
