//! Held orders in Redis and their twin say the same, whatever comes in whatever sequence; and so they do after a rebuild.

use std::collections::BTreeMap;

use fraud_scoring::{
    domain::{Closing, Ending, decide},
    features::Features,
    held::{Expired, Held, HeldOrders, Past, Review},
    profiles::Profiles,
    reviews::Reviews,
    rules::Rules,
    scorer::Score,
    vector::vector,
};
use jiff::{SignedDuration, Timestamp};
use orderflow::{envelope::ids, state::State};
use proptest::{prelude::*, test_runner::TestRunner};
use uuid::Uuid;

use crate::support::{
    LIMITS, POLICY, micros,
    orders::{NOON, order},
    received,
};
use orderflow_testkit::{RedisServer, block_on};

const EXPIRED: Expired = Expired { reject_above: 0.6, reviewer: "policy", reason: "nobody decided in time" };
const SCORES: [f64; 5] = [0.30, 0.45, 0.60, 0.600_001, 0.85];
const BOTH: [i32; 2] = [0, 1];

#[derive(Debug, Clone)]
enum Op {
    /// Minutes.
    Pass(i64),
    /// Places an order, or the same again.
    Hold(u8),
    /// Reviews and cancels; the same numbers are the same event.
    Close(Vec<(u8, u8, Ending)>),
    Tick(Vec<i32>, usize),
    /// Commits what the last tick said.
    Settle,
}

fn op() -> impl Strategy<Value = Op> {
    let ending = prop::sample::select(vec![Ending::Approved, Ending::Rejected, Ending::Cancelled]);
    let partitions = prop::sample::select(vec![vec![], vec![0], vec![1], vec![1, 0]]);
    prop_oneof![
        3 => prop::sample::select(vec![1i64, 14, 15, 30]).prop_map(Op::Pass),
        4 => (0u8..5).prop_map(Op::Hold),
        2 => prop::collection::vec((0u8..6, 0u8..2, ending), 1..4).prop_map(Op::Close),
        4 => (partitions, 1usize..4).prop_map(|(partitions, limit)| Op::Tick(partitions, limit)),
        3 => Just(Op::Settle),
    ]
}

/// A shop with its held orders in Redis and, the same, in memory.
struct Shop {
    profiles: Profiles,
    reviews: Reviews,
    twin: HeldOrders,
    now: Timestamp,
    due: Vec<Review>,
    /// What is committed.
    log: Vec<Past>,
    /// How each order ended, as first told.
    ends: BTreeMap<Uuid, Closing>,
}

impl Shop {
    fn new(state: State) -> Self {
        Self {
            profiles: Profiles::new(state.clone(), LIMITS.small),
            reviews: Reviews::new(state),
            twin: HeldOrders::default(),
            now: micros(NOON),
            due: Vec::new(),
            log: Vec::new(),
            ends: BTreeMap::new(),
        }
    }

    async fn does(&mut self, op: Op) {
        match op {
            Op::Pass(minutes) => self.now += SignedDuration::from_mins(minutes),
            Op::Hold(number) => self.hold(number).await,
            Op::Close(closings) => {
                let closings: Vec<(Uuid, Closing)> = closings
                    .iter()
                    .map(|(number, which, ending)| self.closing(*number, *which, *ending))
                    .collect();
                self.close(&closings).await;
            }
            Op::Tick(partitions, limit) => {
                self.due = self.reviews.due(self.now, &partitions, limit, &EXPIRED).await.unwrap();
                assert_eq!(self.due, self.twin.due(self.now, &partitions, limit, &EXPIRED));
                assert!(self.due.len() <= limit);
            }
            Op::Settle => self.settle().await,
        }
    }

    async fn hold(&mut self, number: u8) {
        let mut placed = received(&order(u128::from(number), "c"));
        placed.origin.partition = i32::from(number % 2);
        let value = SCORES[usize::from(number)];
        let score = Score { value, reasons: Vec::new(), ..Rules::new(LIMITS).judge(&Features::default()) };
        let judged = decide(&score, &vector(&Features::default()), &POLICY, self.now);
        let kept = self.profiles.keep(std::slice::from_ref(&placed), vec![judged]).await.unwrap().remove(0);
        let held = Held {
            order: placed.event.order,
            decision: kept.decision,
            times: kept.review.unwrap(),
            // Traces are random: a repeat comes with the trace it came with first.
            cause: match self.known(number) {
                Some(held) => held.cause.clone(),
                None => placed.envelope,
            },
            partition: placed.origin.partition,
        };
        assert!(self.known(number).is_none_or(|first| *first == held), "a repeat says something else");
        self.twin.hold(held.clone());
        self.log.push(Past::Held(held.into()));
    }

    fn known(&self, number: u8) -> Option<&Held> {
        self.log.iter().find_map(|past| match past {
            Past::Held(held) if held.order.order_id.as_u128() == u128::from(number) => Some(&**held),
            _ => None,
        })
    }

    fn closing(&self, number: u8, which: u8, ending: Ending) -> (Uuid, Closing) {
        let by = ids::from_parts(&[&number.to_string(), &which.to_string(), ending.name()]);
        let (reviewer, reason) = (format!("r{which}"), "a \"reason\"\n€".to_owned());
        (Uuid::from_u128(number.into()), Closing { by, ending, at: self.now, reviewer, reason })
    }

    async fn close(&mut self, closings: &[(Uuid, Closing)]) {
        let answers = self.reviews.close(closings).await.unwrap();
        for ((order, closing), answer) in closings.iter().zip(answers) {
            assert_eq!(answer, self.twin.close(*order, closing.clone()));
            if let Some(review) = answer {
                self.ended(review);
            }
        }
    }

    async fn settle(&mut self) {
        let due = std::mem::take(&mut self.due);
        let entries: Vec<String> = due.iter().map(Review::entry).collect();
        self.reviews.settled(&entries).await.unwrap();
        for (review, entry) in due.into_iter().zip(entries) {
            self.twin.settled(&entry);
            match review.closing {
                Some(_) => self.ended(review),
                None => self.log.push(Past::Escalated(review.held.order.order_id)),
            }
        }
    }

    /// Never two ends of one order, and a repeat tells the same one.
    fn ended(&mut self, review: Review) {
        let (order, closing) = (review.held.order.order_id, review.closing.unwrap());
        assert_eq!(*self.ends.entry(order).or_insert_with(|| closing.clone()), closing);
        self.log.push(Past::Closed(order, closing));
    }
}

/// The state that follows from what was committed, told in a sequence that `seed` chooses.
async fn rebuilt(log: &[Past], seed: &str, state: State) -> (Reviews, HeldOrders) {
    let mut shuffled: Vec<(usize, &Past)> = log.iter().enumerate().collect();
    shuffled.sort_by_key(|(place, _)| ids::from_parts(&[seed, &place.to_string()]));
    let shuffled: Vec<(i64, Past)> = shuffled.into_iter().map(|(_, past)| (0, past.clone())).collect();
    let mut twin = HeldOrders::default();
    for past in shuffled.chunks(3) {
        Reviews::restore(&state, past).await.unwrap();
        past.iter().for_each(|(_, past)| twin.restore(past.clone()));
    }
    (Reviews::new(state), twin)
}

#[test]
fn redis_and_the_twin_agree_and_no_order_ends_twice() {
    let Some(server) = RedisServer::start() else { return };
    let mut runner = TestRunner::new(ProptestConfig { cases: 200, ..ProptestConfig::default() });
    runner
        .run(&(prop::collection::vec(op(), 1..60), "[a-z]{4}"), |(ops, seed)| {
            block_on(async {
                let mut shop = Shop::new(server.fresh().await);
                for op in ops {
                    shop.does(op).await;
                }
                let (reviews, twin) = rebuilt(&shop.log, &seed, server.fresh().await).await;
                let ends = shop.ends.clone();
                (shop.reviews, shop.twin, shop.due) = (reviews, twin, Vec::new());
                // What is committed is said again; what is open ends, once, at its deadline at the latest.
                shop.close(&ends.clone().into_iter().collect::<Vec<_>>()).await;
                for _ in 0..2 {
                    shop.does(Op::Pass(60)).await;
                    shop.does(Op::Tick(BOTH.to_vec(), 100)).await;
                    shop.does(Op::Settle).await;
                }
                shop.does(Op::Tick(BOTH.to_vec(), 100)).await;
                prop_assert_eq!(&shop.due, &[]);
                let held = (0..5).filter(|number| shop.known(*number).is_some()).count();
                prop_assert_eq!(shop.ends.len(), held);
                Ok(())
            })
        })
        .unwrap();
}
