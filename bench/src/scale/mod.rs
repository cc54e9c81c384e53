//! Orderflow as it grows: what an order costs with more instances, partitions, orders that wait and customers that are
//! known. Exactly once only.
//!
//! | file | answers |
//! |---|---|
//! | [`settings`] | how far |
//! | [`cases`] | which sizes of what |
//! | [`report`] | the table and the file |

mod cases;
mod report;
mod settings;

use anyhow::{Result, ensure};

use crate::rivals::{Contestant, Ground, Measured, play};
use cases::Case;
use report::Row;

pub use settings::Settings;

/// Measures, and prints and keeps what came of it.
///
/// # Errors
/// When a server or a service does not run, or an order has no label or more than one.
pub fn run(settings: &Settings) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(measure(&settings.clone().sized()))
}

async fn measure(settings: &Settings) -> Result<()> {
    let ground = Ground::start().await?;
    eprintln!("{}", ground.describe());
    // Else the first case would pay for all.
    let first = Case::usual(settings);
    play(&ground, Contestant::ExactlyOnce, first.instances, first.partitions, |turn| {
        turn.warm_up(settings.first_warm)
    })
    .await?;
    let mut rows: Vec<Row> = Vec::new();
    for case in cases::of(settings) {
        let measured = burst(&ground, &case).await?;
        for one in &measured {
            eprintln!("{} {}: {one}", case.to, case.grows);
        }
        let wrong: Vec<String> = measured.iter().filter_map(Measured::fault).collect();
        ensure!(wrong.is_empty(), "not every order has one label:\n{}", wrong.join("\n"));
        rows.push(Row { case, measured });
        // Kept after every case: a run that is broken off has still measured something.
        report::keep(settings, &ground.describe(), &rows)?;
    }
    report::show(settings, &rows)
}

/// One burst, after as many orders as this case wants before it.
async fn burst(ground: &Ground, case: &Case) -> Result<Vec<Measured>> {
    play(ground, Contestant::ExactlyOnce, case.instances, case.partitions, |turn| {
        turn.customers(case.customers as u64);
        turn.warm_up(case.warm)?;
        turn.burst(case.orders)?;
        turn.end(turn.memory()?)
    })
    .await
}
