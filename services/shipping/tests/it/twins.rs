//! The scripts and their plain twins decide alike, on any sequence of operations.

use std::collections::HashMap;

use jiff::Timestamp;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use shipping::{
    domain::{self, Outcome, Phase},
    papers::{Folder, Papers, Pickup},
    states::States,
};
use uuid::Uuid;

use crate::setup::Bench;

/// Operations on three orders.
#[derive(Debug, Clone)]
enum Operation {
    Begin(Vec<u8>),
    Settle(Vec<(u8, Outcome)>),
}

fn at() -> impl Strategy<Value = Timestamp> {
    (0i64..=253_402_207_200_000_000).prop_map(|us| Timestamp::from_microsecond(us).unwrap())
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        (at(), ".{0,20}", ".{0,20}").prop_map(|(at, label_id, carrier)| Outcome::Labelled {
            at,
            label_id,
            tracking_number: "EE000000080DE".into(),
            carrier,
            service_level: "express".into(),
        }),
        (at(), ".{0,20}", prop::option::of(".{0,20}")).prop_map(|(at, reason, code)| Outcome::Failed {
            at,
            reason,
            code
        }),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        prop::collection::vec(0u8..3, 0..4).prop_map(Operation::Begin),
        prop::collection::vec((0u8..3, outcome()), 0..4).prop_map(Operation::Settle),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_begin_and_settle_as_the_domain_says() {
    let Some(bench) = Bench::start().await else { return };
    let states = States::new(bench.state.clone());
    let runtime = tokio::runtime::Handle::current();
    let all = prop::collection::vec(operation(), 1..12);
    let check = move |operations: Vec<Operation>| {
        runtime.block_on(async {
            let orders = [0, 1, 2].map(|_| Uuid::new_v4());
            let mut model: HashMap<u8, Phase> = HashMap::new();
            for operation in operations {
                match operation {
                    Operation::Begin(which) => {
                        let ids: Vec<Uuid> = which.iter().map(|&n| orders[usize::from(n)]).collect();
                        let wanted = which.iter().map(|n| {
                            let phase = domain::begin(model.get(n).cloned());
                            model.insert(*n, phase.clone());
                            phase
                        });
                        let wanted: Vec<Phase> = wanted.collect();
                        assert_eq!(states.begin(ids.into_iter()).await.unwrap(), wanted);
                    }
                    Operation::Settle(which) => {
                        let given: Vec<_> =
                            which.iter().map(|(n, o)| (orders[usize::from(*n)], o.clone())).collect();
                        let wanted = which.into_iter().map(|(n, outcome)| {
                            let held = domain::settle(model.get(&n).cloned(), outcome);
                            model.insert(n, Phase::Settled(held.clone()));
                            held
                        });
                        let wanted: Vec<Outcome> = wanted.collect();
                        assert_eq!(states.settle(&given).await.unwrap(), wanted);
                    }
                }
            }
        });
        Ok(())
    };
    let run = move || TestRunner::new(Config::with_cases(64)).run(&all, check);
    tokio::task::spawn_blocking(run).await.unwrap().unwrap();
}

#[tokio::test]
async fn of_the_papers_the_first_of_each_holds() {
    let Some(bench) = Bench::start().await else { return };
    let folder = Folder::new(bench.state.clone());
    let (id, other) = (Uuid::new_v4(), Uuid::new_v4());
    let at = |second| Timestamp::from_second(second).unwrap();
    let pickup = |name: &str| Pickup {
        pickup_id: name.into(),
        window_start: at(10),
        window_end: at(20),
        scheduled_at: at(5),
    };
    let papers = |stored: Option<i64>, name: Option<&str>| Papers {
        stored_at: stored.map(at),
        pickup: name.map(pickup),
    };
    let keep = async |id, stored, name| {
        let kept = folder.keep(&[(other, Papers::default()), (id, papers(stored, name))]).await.unwrap();
        assert_eq!(kept[0], Papers::default());
        kept[1].clone()
    };
    assert_eq!(keep(id, None, None).await, papers(None, None));
    assert_eq!(keep(id, Some(1), None).await, papers(Some(1), None));
    assert_eq!(keep(id, Some(2), Some("a")).await, papers(Some(1), Some("a")));
    assert_eq!(keep(id, Some(3), Some("b")).await, papers(Some(1), Some("a")));
}
