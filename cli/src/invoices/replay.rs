//! Invoices, sent.

use reqwest::Client;
use tokio::{task::JoinSet, time::Instant};

use super::{Fate, Plan, Report};
use crate::load::{Answer, Cancelled, Desk, Outcome, send};

/// Sends the orders to the intake at this address and the cancels to order-status, each when it is due; a cancel also
/// waits until its order is accepted. Tells `heard` every answer to an order as it comes.
pub async fn replay(
    client: Client,
    intake: &str,
    desk: &Desk,
    plan: Plan,
    in_flight: usize,
    mut heard: impl FnMut(&Answer),
) -> Report {
    let Plan { shots, totals, cancels, mut report } = plan;
    let start = Instant::now();
    let mut answers = send(client, intake, shots, in_flight);
    let mut asked = JoinSet::new();
    while let Some(answer) = answers.recv().await {
        report.requests.count(&answer);
        heard(&answer);
        let due = cancels.get(&answer.number).map(|due| start + *due);
        match (answer.outcome, due) {
            (Outcome::Accepted { order_id, replayed }, due) => {
                let total = if replayed { 0 } else { totals[answer.number] };
                report.accepted_total = report.accepted_total.saturating_add(total);
                let Some(due) = due else { continue };
                let desk = desk.clone();
                asked.spawn(async move {
                    tokio::time::sleep_until(due).await;
                    desk.cancel(order_id, "cancelled by its invoice").await
                });
            }
            (_, Some(_)) => report.count(Fate::NotOrdered),
            (_, None) => {}
        }
    }
    for answer in asked.join_all().await {
        let fate = match answer {
            Ok(Cancelled::Asked) => Fate::Requested,
            Ok(Cancelled::TooLate) => Fate::ReturnAfterTheEnd,
            Err(error) => {
                report.cancel_failure.get_or_insert(format!("{error:#}"));
                Fate::Failed
            }
        };
        report.count(fate);
    }
    report
}
