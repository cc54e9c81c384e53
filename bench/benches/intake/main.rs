//! Orders taken in a second: `cargo bench -p bench --bench intake`. See `bench/README.md`.

mod load;
mod log;
mod no_op;
mod orders;
mod python;
mod service;

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, ensure};
use bench::{Report, Timing};
use orderflow_stack::{Choice, Servers};
use reqwest::Client;

use crate::load::Target;

const TURNS: usize = 3;
/// How long a turn lasts, and how long whoever's turn it is works before it counts.
const TURN: Duration = Duration::from_secs(5);
const WARM: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(10);

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, listen] = words.as_slice()
        && word == no_op::WORD
    {
        return no_op::run(listen);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let servers = Servers::start(Choice { is_long_run: true, ..Choice::native() }).await?;
    let environment = service::start(&servers).await?;
    let folder = tempfile::tempdir()?;
    let (no_op, no_op_url) = no_op::start(folder.path())?;
    let python = python::start(environment.connection(), folder.path())?;
    let intake_url = environment.intake_url()?;
    let mut targets = vec![
        Target { name: NO_OP, url: no_op_url, keyed: false },
        Target { name: INTAKE, url: intake_url.clone(), keyed: false },
        Target { name: "order-intake, with a key", url: intake_url, keyed: true },
    ];
    targets.extend(python.iter().map(|(_, url)| Target { name: PYTHON, url: url.clone(), keyed: false }));
    let measured = turns(&targets).await;
    let written = log::records(environment.connection()).await;
    for process in [Some(&no_op), python.as_ref().map(|(process, _)| process)].into_iter().flatten() {
        process.stop(GRACE).await;
    }
    environment.stop().await;
    let (timings, accepted) = measured?;
    ensure!(written? >= accepted, "not every order that was accepted is on the log");
    println!("all of {accepted} orders that were accepted are on the log");
    report(&targets, &timings);
    Ok(())
}

const NO_OP: &str = "axum that does nothing";
const INTAKE: &str = "order-intake";
const PYTHON: &str = "FastAPI";

/// What each took in its turns, and how many orders all but the first have accepted.
async fn turns(targets: &[Target]) -> Result<(Vec<Timing>, usize)> {
    let client = Client::builder().no_proxy().build()?;
    let mut timings: Vec<Timing> = targets.iter().map(|_| Timing::default()).collect();
    let mut accepted = BTreeMap::<&str, usize>::new();
    for target in targets {
        load::ready(&client, target).await?;
    }
    for turn in 1..=TURNS {
        println!("turn {turn} of {TURNS} …");
        for (target, timing) in targets.iter().zip(&mut timings) {
            let warm = load::turn(&client, target, WARM, &mut Timing::default()).await?;
            *accepted.entry(target.name).or_default() +=
                warm + load::turn(&client, target, TURN, timing).await?;
        }
    }
    Ok((timings, accepted.into_iter().filter(|(name, _)| *name != NO_OP).map(|(_, count)| count).sum()))
}

fn report(targets: &[Target], timings: &[Timing]) {
    let mut report = Report::new(&format!("202 to {} callers", load::CALLERS));
    let mut rates = BTreeMap::new();
    for (target, timing) in targets.iter().zip(timings) {
        let per_second = timing.per_second_of(TURN * TURNS as u32);
        report.row(target.name, 1, timing, per_second);
        rates.insert(target.name, per_second);
    }
    println!("\n{report}");
    for other in [NO_OP, PYTHON] {
        if let (Some(ours), Some(theirs)) = (rates.get(INTAKE), rates.get(other)) {
            println!("{INTAKE}: {:.2} times as many as {other}", ours / theirs);
        }
    }
}
