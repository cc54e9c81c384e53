//! Contestants in turn on one broker, each on fresh topics: how many orders a second they finish, how long an order takes,
//! and what it costs.
//!
//! | file | answers |
//! |---|---|
//! | [`settings`] | what is measured, and how long |
//! | [`ground`], [`stock`] | servers, a turn's topics, schemas and goods |
//! | [`contestants`], [`kstreams`], [`python`], [`broker`] | who runs, and the limit nobody can pass |
//! | [`orders`], [`format`](mod@format), [`load`] | made-up orders, as Avro or JSON, placed at their time |
//! | [`sink`] | when each order's label was committed, and whether it has one |
//! | [`usage`], [`bytes`] | CPU and memory by process, bytes on the disk and on the wire |
//! | [`beside`], [`scored`] | the model, the gateway and the documents that some have on top, and whether the model decided |
//! | [`turn`], [`measured`] | one contestant's turn, and what came of it |
//! | [`numbers`], [`summary`] | what is taken out of measurements, medians, ratios with their intervals |
//! | [`kept`] | what stays of a run that is broken off, and how it goes on |
//! | [`report`], [`on_top`], [`plot`] | tables and pictures |
//! | [`goals`] | ours beside what they are held against, and which goals are met |

mod beside;
mod broker;
mod bytes;
mod contestants;
mod format;
mod goals;
mod ground;
mod kept;
mod kstreams;
mod load;
mod measured;
mod numbers;
mod on_top;
mod orders;
mod plot;
mod python;
mod report;
mod scored;
mod settings;
mod sink;
mod stock;
mod summary;
mod turn;
mod usage;

use anyhow::{Context, Result, ensure};

pub use contestants::Contestant;
pub use ground::{Ground, contract};
use kept::Kept;
pub use measured::Measured;
pub use settings::Settings;
pub use turn::play;

/// Measures, and prints and keeps what came of it.
///
/// # Errors
/// When a server or a contestant does not run, or an order has no label or more than one.
pub fn run(settings: &Settings) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(measure(settings))
}

async fn measure(settings: &Settings) -> Result<()> {
    let contestants = able(settings);
    ensure!(!contestants.is_empty(), "nobody that was asked for can run here");
    let ground = Ground::start().await?;
    let machine = ground.describe();
    eprintln!("{machine}");
    let mut kept = Kept::open(settings, machine)?;
    let turns = kept.turns_left(&contestants, settings.repeats);
    if !turns.is_empty() {
        // A broker's compilers take their time: else the first contestants would pay for all.
        eprintln!("warming the broker up with {} orders", settings.first_warm);
        turn::play(&ground, Contestant::ExactlyOnce, 1, settings.partitions, |turn| {
            turn.warm_up(settings.first_warm)
        })
        .await?;
    }
    for (repeat, contestant) in turns {
        eprintln!("{repeat}: {contestant} …");
        let measured = match contestant {
            Contestant::Broker => broker::limits(&ground, settings, repeat).await,
            _ => turn::turn(&ground, contestant, settings).await,
        };
        let measured = measured.with_context(|| {
            format!("turn {repeat} of {contestant} broke off; --resume goes on with the turns before it")
        })?;
        for one in &measured {
            eprintln!("{repeat}: {one}");
        }
        kept.measured.extend(measured);
        kept.write(settings)?;
    }
    report::show(settings, &kept.measured)?;
    let wrong: Vec<String> = kept.measured.iter().filter_map(Measured::fault).collect();
    ensure!(wrong.is_empty(), "not every order has one label:\n{}", wrong.join("\n"));
    Ok(())
}

/// Those that were asked for and can run here.
fn able(settings: &Settings) -> Vec<Contestant> {
    let mut able = settings.contestants();
    able.retain(|contestant| match contestant.missing() {
        None => true,
        Some(why) => {
            eprintln!("{contestant} is skipped: {why}");
            false
        }
    });
    able
}
