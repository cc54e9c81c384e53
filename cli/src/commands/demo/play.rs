//! The demo itself: orders in, each followed to its end, then the audit.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use tokio::{sync::mpsc::Receiver, task::JoinSet, time::Instant};

use super::{
    Demo,
    board::Board,
    browsers::Browsers,
    funnel::Funnel,
    outage::Outage,
    report::{Met, Report},
    stage::Stage,
    start::Running,
};
use crate::{
    audit,
    commands::load::new_run,
    invoices,
    load::{Answer, Bank, Cancelled, Kind, Mix, Outcome, Summary, plan, send},
    log::Follower,
};

/// How often the funnel is drawn.
const DRAW: Duration = Duration::from_millis(200);
/// When no order has come to its end for this long after the last was accepted, those that are open count as lost.
const PATIENCE: Duration = Duration::from_secs(30);
/// The second step of a fulfilled order (document, pickup) follows its final event; the audit waits for quiet.
const QUIET: Duration = Duration::from_millis(500);
/// Orders that would make too long a message.
const NAMED: usize = 10;

/// Plays the whole demo.
///
/// # Errors
/// When a server gives up, or no order is accepted. A broken promise is in the report instead.
pub(super) async fn play(demo: &Demo, running: &Running) -> Result<Report> {
    let stage = Stage::set(running).await?;
    let mut funnel = Funnel::new(u64::from(running.sample.orders()) + u64::from(demo.orders));
    let invoices = stage.reviewed(day(&stage, &mut funnel)).await?;
    let begun = Instant::now();
    let (load, regrets, bank) = stage.reviewed(customers(demo, &stage, &mut funnel)).await?;
    let seconds = begun.elapsed().as_secs_f64();
    drop(funnel);
    // What is still to be reported is about orders that have ended.
    let chargebacks = match bank {
        Some(bank) => Some(bank.close().await),
        None => None,
    };

    let services = super::report::memory(&running.environment);
    let evidence = settled(&running.environment, &stage.board).await?;
    let checks = audit::check(&evidence);
    Ok(Report::new(
        running.servers(),
        demo,
        seconds,
        load,
        &evidence,
        stage.board.latencies(),
        Met {
            regrets,
            invoices,
            outage_seconds: demo.outage,
            customers: stage.board.customers(),
            chargebacks,
        },
        services,
        checks,
    ))
}

/// A real shop's day, to the end of its last order.
async fn day(stage: &Stage<'_>, funnel: &mut Funnel) -> Result<invoices::Report> {
    let report = stage.running.sample.replay(stage, funnel).await?;
    wait_until_final(&stage.board, funnel, &stage.follower).await?;
    Ok(report)
}

/// The simulated customers, to the end of their last order, their banks, and the outage in the middle.
async fn customers(
    demo: &Demo,
    stage: &Stage<'_>,
    funnel: &mut Funnel,
) -> Result<(Summary, Vec<Cancelled>, Option<Bank>)> {
    let Stage { running, client, url, people, board, follower, .. } = stage;
    let shop = running.sample.own_goods(&stage.shop);
    let shots = plan(&shop, demo.orders as usize, demo.rate, demo.seed, &new_run(), &Mix::default());
    let outage = Outage::of(&running.environment, client.clone(), Duration::from_secs(demo.outage.into()));
    let middle = Duration::from_secs_f64(f64::from(demo.orders) / demo.rate / 2.0);
    let browsers = Browsers::of(client.clone(), url, &shots);
    let day = Some(demo.chargebacks).filter(|day| !day.is_zero());
    let orders = async {
        let mut bank = day.map(|day| Bank::new(people.desk().clone(), day, demo.seed));
        let answers = send(client.clone(), url, shots, 1_000);
        let (load, regrets) = follow_load(answers, stage, &mut bank, funnel).await?;
        ensure!(load.accepted > 0, "no order was accepted: {:?} {:?}", load.refused, load.failed);
        wait_until_final(board, funnel, follower).await?;
        Ok((load, regrets, bank))
    };
    let looking = async {
        browsers.browse().await;
        Ok(())
    };
    let (met, (), ()) = tokio::try_join!(orders, outage.happen(middle, board), looking)?;
    Ok(met)
}

async fn follow_load(
    mut answers: Receiver<Answer>,
    stage: &Stage<'_>,
    bank: &mut Option<Bank>,
    funnel: &mut Funnel,
) -> Result<(Summary, Vec<Cancelled>)> {
    let Stage { people, board, .. } = stage;
    let mut summary = Summary::default();
    let (mut regretted, mut regrets) = (0, JoinSet::new());
    let mut draw = tokio::time::interval(DRAW);
    loop {
        tokio::select! {
            answer = answers.recv() => match answer {
                Some(answer) => {
                    summary.count(&answer);
                    if let Outcome::Accepted { order_id, replayed } = answer.outcome {
                        board.accepted(order_id, Some(answer.kind), answer.at);
                        bank.iter_mut().filter(|_| !replayed).for_each(|bank| bank.hear(order_id, answer.kind));
                        if answer.kind == Kind::Regretted && !replayed {
                            people.regret(regretted, order_id, &mut regrets);
                            regretted += 1;
                        }
                    }
                }
                None => break,
            },
            _ = draw.tick() => funnel.show(&board.snapshot()),
        }
    }
    let asked: Vec<Result<Cancelled>> = regrets.join_all().await;
    Ok((summary, asked.into_iter().collect::<Result<_>>()?))
}

/// Waits until every accepted order has a final state, or until nothing has moved for a while: then the audit names
/// those that are open.
async fn wait_until_final(board: &Board, funnel: &mut Funnel, follower: &Follower) -> Result<()> {
    let mut moved = Instant::now();
    let mut finished = 0;
    let mut draw = tokio::time::interval(DRAW);
    loop {
        draw.tick().await;
        let snapshot = board.snapshot();
        funnel.show(&snapshot);
        if let Some(failure) = follower.failure() {
            bail!("the topics can no longer be followed: {failure}");
        }
        if snapshot.finished == snapshot.accepted {
            return Ok(());
        }
        if snapshot.finished > finished {
            (finished, moved) = (snapshot.finished, Instant::now());
        }
        if moved.elapsed() > PATIENCE {
            let open = board.unfinished();
            let named: Vec<String> =
                open.iter().take(NAMED).map(|(id, state)| format!("{id} is {state}")).collect();
            eprintln!(
                "no order has finished for {PATIENCE:?}; {} are open: {}",
                open.len(),
                named.join(", ")
            );
            return Ok(());
        }
    }
}

/// The evidence once it no longer changes: an order's end is not the end of what it causes (stock is freed, documents
/// are stored), and reading takes a moment.
async fn settled(environment: &crate::environment::Environment, board: &Board) -> Result<audit::Evidence> {
    let deadline = Instant::now() + PATIENCE;
    let mut evidence = audit::gather(environment, board.all_accepted()).await?;
    loop {
        tokio::time::sleep(QUIET).await;
        let again = audit::gather(environment, board.all_accepted()).await?;
        if again.records.len() == evidence.records.len() || Instant::now() > deadline {
            return Ok(again);
        }
        evidence = again;
    }
}
