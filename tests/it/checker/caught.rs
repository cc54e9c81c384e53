//! A planted bug is caught: by the invariant it breaks, on real servers, with the least that brings it out.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use clap::ValueEnum;
use orderflow::{
    faults::plant::{Plant, VARIABLE},
    topics,
};
use orderflow_cli::environment::Options;
use orderflow_stack::Servers;
use orderflow_tests::{
    Request, Shop,
    chaos::evidence::{Answer, Injected, InjectedKind},
    checker::check,
    eventually, options,
    raw::{self, Raw},
    servers::{self, flush},
};
use rstest::rstest;

use super::day::{ask, clean, evidence, orders};

const HOPS: [&str; 4] = ["fraud-scoring-0", "inventory-0", "payment-0", "shipping-0"];
/// Nothing that goes on is silent for longer.
const STILL: Duration = Duration::from_secs(4);

/// What brings a bug out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// Nothing but orders.
    None,
    /// Each service aborts its first batch; inventory its second too.
    Aborts,
    /// Each service is killed before it commits.
    Kills,
    /// A record that nobody can read.
    Poison,
    /// Redis forgets everything.
    Flush,
}

#[rstest]
#[case(Plant::RandomEventId, Trouble::None, "I6")]
#[case(Plant::RefundLost, Trouble::None, "I3")]
#[case(Plant::ForgottenKey, Trouble::None, "I10")]
#[case(Plant::NoSeekAfterAbort, Trouble::Aborts, "I2")]
#[case(Plant::CommitBeforeFlush, Trouble::Aborts, "I2")]
#[case(Plant::DedupeBeforeWork, Trouble::Aborts, "I2")]
#[case(Plant::ReleaseTwice, Trouble::Aborts, "I4")]
#[case(Plant::ReadUncommitted, Trouble::Aborts, "I6")]
#[case(Plant::LostHeader, Trouble::Poison, "I7")]
#[case(Plant::SwallowedPoison, Trouble::Poison, "I7")]
#[case(Plant::ForgottenState, Trouble::Flush, "I4")]
#[tokio::test]
async fn a_planted_bug_is_caught(#[case] plant: Plant, #[case] trouble: Trouble, #[case] invariant: &str) {
    let name = plant.to_possible_value().unwrap().get_name().to_owned();
    let mut planted = options();
    planted.variables.push((VARIABLE.to_owned(), name));
    let day = Day::of(trouble, planted).await;
    let Day { shop, journal, injected, .. } = &day;
    eventually(&format!("{plant:?} to be caught by {invariant}"), async || {
        let violations =
            check(&evidence(shop, journal, injected).await?).await.map_err(|error| format!("{error:#}"))?;
        let broken: BTreeSet<_> = violations.iter().map(|violation| violation.invariant).collect();
        if broken.contains(invariant) { Ok(()) } else { Err(format!("{broken:?}")) }
    })
    .await;
    day.shop.abandon().await;
}

#[rstest]
#[tokio::test]
async fn without_a_bug_the_same_trouble_leaves_nothing_to_say(
    #[values(Trouble::Aborts, Trouble::Kills, Trouble::Poison, Trouble::Flush)] trouble: Trouble,
) {
    let day = Day::of(trouble, options()).await;
    clean(&day.shop, &day.journal, &day.injected).await;
    day.shop.abandon().await;
}

/// A shop that has had its trouble and is still again.
struct Day {
    shop: Shop,
    journal: Vec<Answer>,
    injected: Vec<Injected>,
    /// Its own, where they must break.
    servers: Option<Servers>,
}

impl Day {
    async fn of(trouble: Trouble, options: Options) -> Self {
        let servers = if trouble == Trouble::Flush { Some(servers::own_redis().await) } else { None };
        let shop = match &servers {
            Some(servers) => Shop::open_on(servers, options).await,
            None => Shop::open(options).await,
        };
        for name in HOPS {
            match trouble {
                Trouble::Aborts => shop.fail(name, "before_commit", 1).await,
                Trouble::Kills => shop.arm(name, "before_commit", 1).await,
                Trouble::None | Trouble::Poison | Trouble::Flush => {}
            }
        }
        let (_, journal) = orders(&shop, 10).await;
        let mut day = Self { shop, journal, injected: Vec::new(), servers };
        day.goes_on(trouble).await;
        still(&day.shop).await;
        day
    }

    async fn goes_on(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::None => {}
            Trouble::Aborts => {
                // One order alone, that is declined: the second batch of inventory is its release.
                still(&self.shop).await;
                self.shop.fail("inventory-0", "before_commit", 2).await;
                let declined = Request::declined().keyed("one alone");
                self.journal.extend(ask(&self.shop.counter(), &declined).await);
            }
            Trouble::Kills => {
                for name in HOPS {
                    self.shop.died(name).await;
                    self.shop.start_again(name).await;
                }
            }
            Trouble::Poison => {
                let topic = self.shop.environment().names().topic(topics::ORDERS);
                let poison = Raw::new("poison", Some(b"no framing".to_vec())).with("x-own", "header");
                let Raw { partition, offset, .. } = raw::write(&self.shop.kafka(), &topic, poison).await;
                let what = InjectedKind::Poison("no framing".to_owned());
                self.injected.push(Injected { topic, partition, offset, what });
            }
            Trouble::Flush => {
                still(&self.shop).await;
                if let Some(servers) = &self.servers {
                    flush(servers).await;
                }
                self.journal.extend(orders(&self.shop, 10).await.1);
            }
        }
    }
}

/// Waits until nothing more is written.
async fn still(shop: &Shop) {
    let mut last = (0, Instant::now());
    eventually("the shop to be still", async || {
        let count = shop.entries().len();
        if count != last.0 {
            last = (count, Instant::now());
        }
        if last.1.elapsed() > STILL { Ok(()) } else { Err(format!("{count} records")) }
    })
    .await;
}
