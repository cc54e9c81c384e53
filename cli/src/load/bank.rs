//! Customers' banks: they report fraud on orders that were charged, late and not all of it, and now and then an honest
//! order too. They use what whoever runs payments would: `POST /orders/{id}/label` of order-status.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use fraud_model::simulate::{DAY, Dice, Scenario, reported};
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet};
use uuid::Uuid;

use super::{Desk, End, Kind};

/// Share of the honest orders whose customers dispute them all the same. The shop finds out, as long again after that.
const DISPUTED: f64 = 0.003;
/// Most reports under way, so that those who look at their orders find a place.
const AT_ONCE: usize = 32;
/// How often a report is tried, and what passes in between: a bank does not give up at once.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// How long a bank waits for an order's end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The banks of all customers.
pub struct Bank {
    desk: Desk,
    /// How long one of their days takes here.
    day: Duration,
    dice: Dice,
    places: Arc<Semaphore>,
    reports: JoinSet<Result<Reported>>,
    said: Chargebacks,
}

/// What they have reported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Chargebacks {
    /// Fraud that was charged and reported.
    pub frauds: u64,
    /// Fraud that nobody ever reports, whether it was charged or not.
    pub unreported: u64,
    /// Honest orders that were charged and disputed, and cleared later.
    pub disputed: u64,
    /// Orders of which nothing was reported after all: their money was not taken.
    pub not_charged: u64,
    /// Orders that still waited for a person when their reports were due, and long after.
    pub open: u64,
    /// Reports that were not taken: why, and how often.
    pub failed: std::collections::BTreeMap<String, u64>,
}

/// What a bank has to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Fraud,
    Dispute,
}

/// What became of a report.
enum Reported {
    Labelled(Cause),
    NotCharged,
    Open,
}

impl Bank {
    /// Banks that report to this desk, and whose days take so long here. What they report is drawn from the seed.
    #[must_use]
    pub fn new(desk: Desk, day: Duration, seed: u64) -> Self {
        let (dice, places) = (Dice::seed_from_u64(seed), Arc::new(Semaphore::new(AT_ONCE)));
        Self { desk, day, dice, places, reports: JoinSet::new(), said: Chargebacks::default() }
    }

    /// An order of this kind was accepted: whoever has to report it will.
    pub fn hear(&mut self, order: Uuid, kind: Kind) {
        let cause = if kind.is_fraud() { Cause::Fraud } else { Cause::Dispute };
        if cause == Cause::Dispute && !self.dice.random_bool(DISPUTED) {
            return;
        }
        // After days, as any card in a stranger's hands.
        let Some(after) = reported(&mut self.dice, Scenario::StolenCard, 0) else {
            self.said.unreported += u64::from(cause == Cause::Fraud);
            return;
        };
        let delay = self.day.mul_f64(after.max(0) as f64 / DAY as f64);
        let (desk, places) = (self.desk.clone(), Arc::clone(&self.places));
        self.reports.spawn(report(desk, places, order, cause, delay));
    }

    /// Waits for every report, and says what they were.
    pub async fn close(mut self) -> Chargebacks {
        while let Some(done) = self.reports.join_next().await {
            match done {
                Ok(Ok(Reported::Labelled(Cause::Fraud))) => self.said.frauds += 1,
                Ok(Ok(Reported::Labelled(Cause::Dispute))) => self.said.disputed += 1,
                Ok(Ok(Reported::NotCharged)) => self.said.not_charged += 1,
                Ok(Ok(Reported::Open)) => self.said.open += 1,
                Ok(Err(error)) => *self.said.failed.entry(error.root_cause().to_string()).or_default() += 1,
                Err(error) => *self.said.failed.entry(error.to_string()).or_default() += 1,
            }
        }
        self.said
    }
}

/// Reports an order once its time has come, if it was charged.
async fn report(
    desk: Desk,
    places: Arc<Semaphore>,
    order: Uuid,
    cause: Cause,
    delay: Duration,
) -> Result<Reported> {
    tokio::time::sleep(delay).await;
    {
        let _place = places.acquire().await;
        match end(&desk, order).await? {
            End::Charged => {}
            End::NotCharged => return Ok(Reported::NotCharged),
            End::Open => return Ok(Reported::Open),
        }
        label(&desk, order, &chargeback(cause)).await?;
    }
    if cause == Cause::Dispute {
        tokio::time::sleep(delay).await;
        label(&desk, order, &cleared()).await?;
    }
    Ok(Reported::Labelled(cause))
}

/// An order's end; one that waits for a person may wait for longer than a bank does.
async fn end(desk: &Desk, order: Uuid) -> Result<End> {
    let (begun, mut attempt) = (Instant::now(), 1);
    loop {
        match desk.end(order).await {
            Ok(End::Open) if begun.elapsed() < PATIENCE => {}
            Ok(end) => return Ok(end),
            Err(error) if attempt >= ATTEMPTS => return Err(error),
            Err(_) => {
                attempt += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn label(desk: &Desk, order: Uuid, label: &Value) -> Result<()> {
    let mut attempt = 1;
    loop {
        match desk.label(order, label).await {
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            done => return done,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// To a bank both look alike.
fn chargeback(cause: Cause) -> Value {
    let reason = match cause {
        Cause::Fraud => "the cardholder did not order this",
        Cause::Dispute => "the cardholder does not recognise this",
    };
    json!({ "fraud": true, "source": "chargeback", "labelled_by": "bank", "reason": reason })
}

fn cleared() -> Value {
    json!({ "fraud": false, "source": "analyst", "labelled_by": "shop", "reason": "the parcel was signed for" })
}

impl fmt::Display for Chargebacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frauds, unreported, disputed, not_charged, open, failed } = self;
        write!(
            f,
            "chargebacks: {frauds} frauds that were charged reported by banks, {not_charged} were not charged, {unreported} \
             nobody reports; {disputed} honest orders disputed, and cleared later"
        )?;
        if *open > 0 {
            write!(f, "\n  {open} that still wait for a person, of which banks would report more")?;
        }
        failed.iter().try_for_each(|(why, count)| write!(f, "\n  {count} not taken: {why}"))
    }
}
