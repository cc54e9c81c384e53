//! The scripts against the model, and the state rebuilt from the log against the state that was lost.

use std::{collections::BTreeMap, sync::Arc};

use inventory::{
    FoldStock, Past,
    domain::{self, Fact, Level, MOST_UNITS},
};
use jiff::{SignedDuration, Timestamp};
use orderflow::{
    envelope::ids,
    events::{Order, StockAdjustmentRequested},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use uuid::Uuid;

use crate::{
    model::Model,
    service::{Answer, Service, adjustment, order},
};
use orderflow_testkit::RedisServer;

const SKUS: [&str; 4] = ["apple", "pear: \"green\"", "плод", "never seen"];
const ORDERS: usize = 8;
const REQUESTS: usize = 10;

/// A batch of inputs for one step, by index into the case's orders and requests.
#[derive(Debug, Clone)]
enum Batch {
    Reserve(Vec<usize>),
    /// With which of an order's two failed payments.
    Release(Vec<usize>, u128),
    Refund(Vec<usize>),
    Ship(Vec<usize>),
    Adjust(Vec<usize>),
}

impl Batch {
    /// The batch, one input at a time.
    fn single(&self) -> Box<dyn Iterator<Item = Batch> + '_> {
        match self {
            Self::Reserve(chosen) => Box::new(chosen.iter().map(|n| Self::Reserve(vec![*n]))),
            Self::Release(chosen, which) => Box::new(chosen.iter().map(|n| Self::Release(vec![*n], *which))),
            Self::Refund(chosen) => Box::new(chosen.iter().map(|n| Self::Refund(vec![*n]))),
            Self::Ship(chosen) => Box::new(chosen.iter().map(|n| Self::Ship(vec![*n]))),
            Self::Adjust(chosen) => Box::new(chosen.iter().map(|n| Self::Adjust(vec![*n]))),
        }
    }
}

#[derive(Debug, Clone)]
struct Case {
    orders: Vec<Arc<Order>>,
    requests: Vec<(Uuid, StockAdjustmentRequested)>,
    batches: Vec<Batch>,
    /// Decides in which order the log is folded.
    fold_seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let lines = prop::collection::vec((0..SKUS.len(), 1..6), 1..4);
    let orders = prop::collection::vec(lines, ORDERS).prop_map(|orders| {
        let order = |(n, lines): (u128, &Vec<(usize, i32)>)| {
            let lines: Vec<_> = lines.iter().map(|&(sku, units)| (SKUS[sku], units)).collect();
            order(Uuid::from_u128(n), &lines)
        };
        (0..).zip(&orders).map(order).collect()
    });
    let extreme = prop::sample::select(vec![i64::MAX, i64::MIN, MOST_UNITS, -MOST_UNITS, MOST_UNITS + 1]);
    let delta = prop_oneof![12 => -12..=30_i64, 1 => extreme].prop_filter("not 0", |delta| *delta != 0);
    let requests = prop::collection::vec((0..3_usize, delta), REQUESTS).prop_map(|requests| {
        (1000..).zip(requests).map(|(id, (sku, delta))| adjustment(id, SKUS[sku], delta)).collect()
    });
    // The same one may stand twice in a batch.
    let some_of = |count: usize| prop::collection::vec(0..count, 1..=4);
    let batch = prop_oneof![
        3 => some_of(ORDERS).prop_map(Batch::Reserve),
        2 => (some_of(ORDERS), 0..2_u128).prop_map(|(orders, which)| Batch::Release(orders, which)),
        1 => some_of(ORDERS).prop_map(Batch::Refund),
        2 => some_of(ORDERS).prop_map(Batch::Ship),
        3 => some_of(REQUESTS).prop_map(Batch::Adjust),
    ];
    let batches = prop::collection::vec(batch, 1..40);
    (orders, requests, batches, any::<u64>()).prop_map(|(orders, requests, batches, fold_seed)| Case {
        orders,
        requests,
        batches,
        fold_seed,
    })
}

impl Case {
    /// Feeds a batch to the service.
    async fn feed(&self, service: &Service, batch: &Batch) -> Vec<Option<Past>> {
        let answers: Vec<Answer> = match batch {
            Batch::Reserve(chosen) => service.reserve(&self.keyed(chosen, 2000)).await,
            Batch::Release(chosen, which) => service.release(&self.keyed(chosen, 3000 + 100 * which)).await,
            Batch::Refund(chosen) => service.refund(&self.keyed(chosen, 4000)).await,
            Batch::Ship(chosen) => service.ship(&self.keyed(chosen, 5000)).await,
            Batch::Adjust(chosen) => {
                service.adjust(&chosen.iter().map(|n| self.requests[*n].clone()).collect::<Vec<_>>()).await
            }
        };
        answers.into_iter().map(Result::unwrap).collect()
    }

    /// What the model says to a batch; its new decisions fall when the service's did.
    fn expect(&self, model: &mut Model, batch: &Batch, answers: &[Option<Past>]) -> Vec<Option<Fact>> {
        let times =
            answers.iter().map(|past| past.as_ref().map_or(Timestamp::UNIX_EPOCH, |past| time(&past.fact)));
        match batch {
            Batch::Reserve(chosen) => {
                chosen.iter().zip(times).map(|(n, at)| Some(model.reserve(&self.orders[*n], at))).collect()
            }
            Batch::Release(chosen, which) => {
                let events = self.keyed(chosen, 3000 + 100 * which);
                let release =
                    |((id, order), at): (&(_, _), _)| model.release(*id, order, "payment_failed", at);
                events.iter().zip(times).map(release).collect()
            }
            Batch::Refund(chosen) => {
                let events = self.keyed(chosen, 4000);
                let release = |((id, order), at): (&(_, _), _)| model.release(*id, order, "refunded", at);
                events.iter().zip(times).map(release).collect()
            }
            Batch::Ship(chosen) => {
                let events = self.keyed(chosen, 5000);
                events.iter().zip(times).map(|((id, order), at)| model.ship(*id, order, at)).collect()
            }
            Batch::Adjust(chosen) => {
                let requests = chosen.iter().map(|n| &self.requests[*n]);
                requests.zip(times).map(|((id, request), at)| Some(model.adjust(*id, request, at))).collect()
            }
        }
    }

    fn keyed(&self, chosen: &[usize], stem: u128) -> Vec<(Uuid, Arc<Order>)> {
        let event = |n: &usize| (Uuid::from_u128(stem + *n as u128), self.orders[*n].clone());
        chosen.iter().map(event).collect()
    }

    /// The log in some order: a rebuild meets topics and partitions in any.
    fn shuffled(&self, log: &[Past]) -> Vec<Past> {
        let mut shuffled = log.to_vec();
        shuffled
            .sort_by_cached_key(|past| ids::from_parts(&[&past.id.to_string(), &self.fold_seed.to_string()]));
        shuffled
    }
}

fn time(fact: &Fact) -> Timestamp {
    match fact {
        Fact::InventoryReserved(event) => event.reserved_at,
        Fact::InventoryShortage(event) => event.refused_at,
        Fact::InventoryReleased(event) => event.released_at,
        Fact::InventoryShipped(event) => event.shipped_at,
        Fact::StockAdjusted(event) => event.adjusted_at,
        Fact::StockAdjustmentRefused(event) => event.refused_at,
    }
}

fn facts(answers: Vec<Option<Past>>) -> String {
    format!("{:#?}", answers.into_iter().map(|past| past.map(|past| past.fact)).collect::<Vec<_>>())
}

fn counted(mut levels: BTreeMap<String, Level>) -> BTreeMap<String, Level> {
    levels.retain(|_, level| *level != Level::default());
    levels
}

/// Plays a case on two instances in turn: answers and stock must be the model's. Then rebuilds from the log: stock and
/// answers to repeats must be the same again.
async fn check(case: Case, instances: [Service; 2], fresh: Service) {
    let (mut model, mut log, mut inputs) = (Model::default(), Vec::new(), Vec::new());
    for (n, batch) in case.batches.iter().enumerate() {
        let service = &instances[n % 2];
        service.clock.set_offset(SignedDuration::from_secs(60 * n as i64));
        let answers = case.feed(service, batch).await;
        let expected = case.expect(&mut model, batch, &answers);
        for (input, said) in batch.single().zip(&answers) {
            let Some(said) = said else { continue };
            inputs.push(input);
            log.push(said.clone());
        }
        assert_eq!(facts(answers), format!("{expected:#?}"), "{batch:?}");
        assert!(model.levels.values().all(|level| level.is_sound()), "{:?}", model.levels);
    }
    let live = counted(instances[0].levels().await);
    assert_eq!(live, counted(model.levels.clone()), "Redis and the model");
    assert_eq!(
        live,
        counted(domain::levels(log.iter().map(|past| (past.id, &past.fact)))),
        "Redis and the log"
    );

    for some in case.shuffled(&log).chunks(7) {
        FoldStock::restore(&fresh.state, some).await.unwrap();
    }
    FoldStock::restore(&fresh.state, &log[log.len() / 2..]).await.unwrap(); // a part of it twice
    assert_eq!(counted(fresh.levels().await), live, "rebuilt");
    for (input, said) in inputs.iter().zip(&log) {
        let again = case.feed(&fresh, input).await.remove(0);
        assert_eq!(
            format!("{again:#?}"),
            format!("{:#?}", Some(said)),
            "repeated after the rebuild: {input:?}"
        );
    }
    assert_eq!(counted(fresh.levels().await), live, "after all repeats");
}

#[test]
fn scripts_agree_with_the_model_and_a_rebuild_with_the_scripts() {
    let Some(server) = RedisServer::start() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let numbers = std::cell::Cell::new(0);
    let result = runner.run(&cases(), |case| {
        let number = numbers.replace(numbers.get() + 1);
        runtime.block_on(async {
            let (live, rebuilt) = (format!("test:{number}:live:"), format!("test:{number}:rebuilt:"));
            let one = Service::new(server.state(&live).await);
            let other = Service::new(server.state(&live).await);
            check(case, [one, other], Service::new(server.state(&rebuilt).await)).await;
        });
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
