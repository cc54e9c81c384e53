//! The demo itself: orders in, each followed to its end, then the audit.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, bail, ensure};
use orderflow::topics::{FRAUD, INVENTORY, ORDERS, PAYMENTS, REVIEWS, SHIPPING};
use tokio::{runtime::Handle, sync::mpsc::Receiver, time::Instant};

use super::{Demo, board::Board, funnel::Funnel, report::Report, start::Running};
use crate::{
    audit,
    commands::load::new_run,
    load::{Answer, Mix, Outcome, Shop, Summary, client, plan, send},
    log::{Decoder, Entry, Follower},
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
    let environment = &running.environment;
    let board = Arc::new(Board::default());
    let heard = Arc::clone(&board);
    let topics = [ORDERS, REVIEWS, FRAUD, INVENTORY, PAYMENTS, SHIPPING];
    let (decoder, here) = (Decoder::new(environment.connection().registry()?), Handle::current());
    let take = move |entry: Entry| {
        if let Err(error) = here.block_on(decoder.learn([&entry])) {
            eprintln!("a record's schema cannot be looked up: {error:#}");
        }
        heard.heard(&entry, &decoder);
    };
    let follower = Follower::start(&environment.kafka_config(), &environment.names(), &topics, take).await?;

    let client = client()?;
    let url = environment.intake_url()?;
    let shop = Shop::ask(&client, &url).await?;
    let shots = plan(&shop, demo.orders as usize, demo.rate, demo.seed, &new_run(), &Mix::default());
    let mut funnel = Funnel::new(u64::from(demo.orders));
    let begun = Instant::now();
    let load = follow_load(send(client, &url, shots, 1_000), &board, &mut funnel).await;
    ensure!(load.accepted > 0, "no order was accepted: {:?} {:?}", load.refused, load.failed);
    wait_until_final(&board, &mut funnel, &follower).await?;
    let seconds = begun.elapsed().as_secs_f64();
    drop(funnel);

    let services = super::report::memory(environment);
    let evidence = settled(environment, &board).await?;
    let checks = audit::check(&evidence);
    Ok(Report::new(
        running.servers(),
        demo,
        seconds,
        load,
        &evidence,
        board.latency().percentiles(),
        services,
        checks,
    ))
}

async fn follow_load(mut answers: Receiver<Answer>, board: &Board, funnel: &mut Funnel) -> Summary {
    let mut summary = Summary::default();
    let mut draw = tokio::time::interval(DRAW);
    loop {
        tokio::select! {
            answer = answers.recv() => match answer {
                Some(answer) => {
                    summary.count(&answer);
                    if let Outcome::Accepted { order_id, .. } = answer.outcome {
                        board.accepted(order_id, answer.at);
                    }
                }
                None => return summary,
            },
            _ = draw.tick() => funnel.show(&board.snapshot()),
        }
    }
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
