//! The demo itself: orders in, each followed to its end, then the audit.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, bail, ensure};
use orderflow::topics::{FRAUD, INVENTORY, ORDERS, PAYMENTS, REVIEWS, SHIPPING};
use tokio::{runtime::Handle, sync::mpsc::Receiver, task::JoinSet, time::Instant};

use super::{
    Demo,
    board::Board,
    funnel::Funnel,
    outage::Outage,
    people::{People, Regret},
    report::{Met, Report},
    start::Running,
};
use crate::{
    audit,
    commands::load::new_run,
    load::{Answer, Kind, Mix, Outcome, Shop, Summary, client, plan, send},
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
    let people = People::at(client.clone(), environment.status_url());
    let outage = Outage::of(environment, client.clone(), Duration::from_secs(demo.outage.into()));
    let middle = Duration::from_secs_f64(f64::from(demo.orders) / demo.rate / 2.0);
    let orders = async {
        let answers = send(client, &url, shots, 1_000);
        let (load, regrets) = follow_load(answers, &people, &board, &mut funnel).await?;
        ensure!(load.accepted > 0, "no order was accepted: {:?} {:?}", load.refused, load.failed);
        wait_until_final(&board, &mut funnel, &follower).await?;
        Ok((load, regrets))
    };
    let ((load, regrets), ()) = tokio::select! {
        done = async { tokio::try_join!(orders, outage.happen(middle, &board)) } => done?,
        () = people.review() => bail!("the reviewer has left"),
    };
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
        board.latencies(),
        Met { regrets, outage_seconds: demo.outage },
        services,
        checks,
    ))
}

async fn follow_load(
    mut answers: Receiver<Answer>,
    people: &People,
    board: &Board,
    funnel: &mut Funnel,
) -> Result<(Summary, Vec<Regret>)> {
    let mut summary = Summary::default();
    let (mut regretted, mut regrets) = (0, JoinSet::new());
    let mut draw = tokio::time::interval(DRAW);
    loop {
        tokio::select! {
            answer = answers.recv() => match answer {
                Some(answer) => {
                    summary.count(&answer);
                    if let Outcome::Accepted { order_id, replayed } = answer.outcome {
                        board.accepted(order_id, answer.at);
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
    let asked: Vec<Result<Regret>> = regrets.join_all().await;
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
