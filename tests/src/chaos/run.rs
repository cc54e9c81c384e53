//! A run: a shop opens, faults come, all is healed, and what is left is judged.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use orderflow::clock::Clock;
use tokio::{sync::watch, task::JoinSet};

use super::{
    Args, collect, customers,
    faults::{self, Fault, Lane},
    ground::Ground,
    quiet,
    report::{Report, history},
    reviewer,
    schedule::{Log, Sequence},
    tally::Tally,
    totals,
};
use crate::checker;

/// How long instances that have ended stay so.
const WATCH: Duration = Duration::from_millis(500);
const PROGRESS: Duration = Duration::from_secs(10);
/// How long customers may take, once nothing is broken any more.
const LEAVE: Duration = Duration::from_mins(5);

/// A run as it is asked for; whether all promises were kept.
///
/// # Errors
/// When the harness itself does not work.
pub async fn run(args: &Args) -> Result<bool> {
    if args.list {
        faults::all().iter().for_each(|fault| println!("{:<20} {}", fault.name(), fault.about()));
        return Ok(true);
    }
    if let Some(file) = &args.totals {
        return totals::print(file).map(|()| true);
    }
    let chosen = faults::named(&args.faults)?;
    println!("seed {}: servers and a shop are started", args.seed);
    let at = Clock::system().now();
    let ground = Arc::new(Ground::start(args).await?);
    println!("{}; {}", ground.servers.chosen, ground.environment.folder().display());
    let (tally, restarts) = (Arc::new(Tally::default()), Arc::new(AtomicU64::new(0)));
    let mut beside = JoinSet::new();
    beside.spawn(follow(Arc::clone(&tally), Arc::clone(&ground)));
    beside.spawn(supervise(Arc::clone(&ground), Arc::clone(&restarts)));
    beside.spawn(review(Arc::clone(&ground), args.seed));
    let log = Arc::new(Log::default());
    let stuck = tokio::select! {
        stuck = trouble(args, &ground, &tally, &log, chosen) => stuck?,
        Some(ended) = beside.join_next() => bail!("the harness has ended early: {:?}", ended?),
    };
    let mut report = Report::of(args, at, &log.all(), &tally);
    report.requests = ground.journal.all().len();
    report.restarts = restarts.load(Ordering::Relaxed);
    beside.shutdown().await;
    report.violations = judge(&ground, stuck).await?;
    report.print();
    if let Some(file) = &args.out {
        report.append(file)?;
    }
    let kept = report.violations.is_empty();
    if !kept {
        ground.environment.keep_folder();
        ground.servers.keep_folder();
    }
    Ok(kept)
}

/// Opens the doors, lets faults happen, heals all, closes the doors and waits; what never came to rest.
async fn trouble(
    args: &Args,
    ground: &Arc<Ground>,
    tally: &Arc<Tally>,
    log: &Arc<Log>,
    chosen: Vec<Box<dyn Fault>>,
) -> Result<Vec<String>> {
    let begin = Instant::now();
    let deadline = begin + Duration::from_secs_f64(args.minutes * 60.0);
    let (close, closing) = watch::channel(false);
    let mut beside = JoinSet::new();
    beside.spawn(progress(begin, Arc::clone(ground), Arc::clone(tally)));
    let mut load = JoinSet::new();
    load.spawn(customers::open_doors(Arc::clone(ground), args.seed, args.rate, closing));
    faults_happen(args.seed, begin, deadline, chosen, ground, log).await?;
    tokio::time::sleep_until(deadline.into()).await;
    println!("{:6.1} s  all is healed; the doors close", begin.elapsed().as_secs_f64());
    for fault in faults::all() {
        fault.heal(ground).await.with_context(|| format!("healing {}", fault.name()))?;
    }
    close.send_replace(true);
    let left = tokio::time::timeout(LEAVE, load.join_next()).await;
    let mut stuck = quiet::wait(ground, tally, args.plant.is_some()).await?;
    if left.is_err() {
        stuck.push(format!("customers have no answer {LEAVE:?} after everything was healed"));
    }
    Ok(stuck)
}

/// One lane beside the other, until the deadline.
async fn faults_happen(
    seed: u64,
    begin: Instant,
    deadline: Instant,
    chosen: Vec<Box<dyn Fault>>,
    ground: &Arc<Ground>,
    log: &Arc<Log>,
) -> Result<()> {
    let mut possible = Vec::new();
    for fault in chosen {
        match fault.lacks(ground) {
            Some(why) => println!("skipped: {}: {why}", fault.name()),
            None => possible.push(fault),
        }
    }
    let mut lanes = JoinSet::new();
    for lane in Lane::ALL {
        let faults = possible.extract_if(.., |fault| fault.lane() == lane).collect();
        let sequence = Sequence { lane, faults, seed, begin, deadline };
        lanes.spawn(sequence.happen(Arc::clone(ground), Arc::clone(log)));
    }
    while let Some(ended) = lanes.join_next().await {
        ended??;
    }
    Ok(())
}

/// Holds what is left against the promises, and stops the shop; each breach with its order's history.
async fn judge(ground: &Arc<Ground>, stuck: Vec<String>) -> Result<Vec<String>> {
    let evidence =
        collect::evidence(&ground.environment, ground.delivery, ground.journal.all(), ground.injected());
    let evidence = evidence.await?;
    let broken = checker::check(&evidence).await?;
    ground.environment.stop().await;
    let stuck = stuck.into_iter().map(|what| {
        let history = history(&what, &evidence);
        format!("{what}, and nothing changes that any more{history}")
    });
    Ok(stuck.chain(broken.iter().map(ToString::to_string)).collect())
}

async fn follow(tally: Arc<Tally>, ground: Arc<Ground>) -> Result<()> {
    tally.follow(&ground.environment).await
}

async fn review(ground: Arc<Ground>, seed: u64) -> Result<()> {
    reviewer::review(ground, seed).await;
    Ok(())
}

/// Starts again what has ended, as whoever runs services does.
async fn supervise(ground: Arc<Ground>, restarts: Arc<AtomicU64>) -> Result<()> {
    loop {
        restarts.fetch_add(ground.revive()?, Ordering::Relaxed);
        tokio::time::sleep(WATCH).await;
    }
}

async fn progress(begin: Instant, ground: Arc<Ground>, tally: Arc<Tally>) {
    loop {
        tokio::time::sleep(PROGRESS).await;
        let (accepted, ended) = (ground.journal.accepted().len(), tally.ended());
        println!("{:6.1} s  {accepted} orders accepted, {ended} at their end", begin.elapsed().as_secs_f64());
    }
}
