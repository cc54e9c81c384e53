//! The scripts and their plain twins decide alike, on any sequence of operations.

use std::collections::HashMap;

use jiff::Timestamp;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use shipping::{
    papers::{Folder, Papers, Pickup},
    standing::{Outcome, Rejection, Said, Standing, too_late},
    states::{Ending, States},
};
use uuid::Uuid;

use crate::setup::Bench;

/// Which of three orders.
type Which = u8;

/// Operations on three orders. Events are few, so that they repeat.
#[derive(Debug, Clone)]
enum Operation {
    Begin(Vec<Which>),
    Cancel(Vec<(Which, Uuid)>, Timestamp),
    Settle(Vec<(Which, Uuid, Outcome)>),
    Recall(Vec<(Which, Said)>),
}

fn event() -> impl Strategy<Value = Uuid> {
    (0u128..3).prop_map(Uuid::from_u128)
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
        at().prop_map(|at| Outcome::Cancelled { at }),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    let reason = prop::sample::select(vec![too_late::LABEL_BOUGHT, too_late::UNDELIVERABLE]);
    let rejection = (event(), at(), reason).prop_map(|(event, at, reason)| Rejection {
        event,
        at,
        reason: reason.into(),
    });
    prop_oneof![
        Just(Said::CancelRequested),
        rejection.prop_map(Said::Rejected),
        outcome().prop_map(Said::Ended),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let some = 0..4;
    let which = 0u8..3;
    prop_oneof![
        2 => prop::collection::vec(which.clone(), some.clone()).prop_map(Operation::Begin),
        3 => (prop::collection::vec((which.clone(), event()), some.clone()), at())
            .prop_map(|(asked, at)| Operation::Cancel(asked, at)),
        3 => prop::collection::vec((which.clone(), event(), outcome()), some.clone()).prop_map(Operation::Settle),
        1 => prop::collection::vec((which, said()), some).prop_map(Operation::Recall),
    ]
}

/// Does the same to the states and to their twins: both must answer alike.
async fn apply(
    states: &States,
    orders: &[Uuid; 3],
    twins: &mut HashMap<Which, Standing>,
    operation: Operation,
) {
    let id = |which: &Which| orders[usize::from(*which)];
    match operation {
        Operation::Begin(which) => {
            let wanted: Vec<_> = which.iter().map(|n| twins.entry(*n).or_default().begin()).collect();
            assert_eq!(states.begin(which.iter().map(id)).await.unwrap(), wanted);
        }
        Operation::Cancel(asked, at) => {
            let wanted = asked.iter().map(|(n, event)| twins.entry(*n).or_default().cancel(*event, at));
            let wanted: Vec<_> = wanted.collect();
            assert_eq!(
                states.cancel(asked.iter().map(|(n, event)| (id(n), *event)), at).await.unwrap(),
                wanted
            );
        }
        Operation::Settle(ends) => {
            let ending = |(n, event, outcome): &(Which, Uuid, Outcome)| Ending {
                order_id: id(n),
                event: *event,
                outcome: outcome.clone(),
            };
            let given: Vec<_> = ends.iter().map(ending).collect();
            let wanted =
                ends.into_iter().map(|(n, event, end)| twins.entry(n).or_default().settle(event, end));
            let wanted: Vec<_> = wanted.collect();
            assert_eq!(states.settle(&given).await.unwrap(), wanted);
        }
        Operation::Recall(said) => {
            let given: Vec<_> = said.iter().map(|(n, said)| (id(n), said.clone())).collect();
            states.recall(&given).await.unwrap();
            said.into_iter().for_each(|(n, said)| twins.entry(n).or_default().recall(said));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scripts_decide_as_their_twins() {
    let Some(bench) = Bench::start().await else { return };
    let states = States::new(bench.state.clone());
    let runtime = tokio::runtime::Handle::current();
    let all = prop::collection::vec(operation(), 1..16);
    let check = move |operations: Vec<Operation>| {
        runtime.block_on(async {
            let (orders, mut twins) = ([0, 1, 2].map(|_| Uuid::new_v4()), HashMap::new());
            for operation in operations {
                apply(&states, &orders, &mut twins, operation).await;
            }
        });
        Ok(())
    };
    let config = Config { cases: 256, failure_persistence: None, ..Config::default() };
    let run = move || TestRunner::new(config).run(&all, check);
    tokio::task::spawn_blocking(run).await.unwrap().unwrap();
}

proptest! {
    #[test]
    fn what_the_log_says_gives_one_standing_in_any_order(
        ended in prop::option::of(outcome()), reason in prop::option::of(Just("label_bought")),
        cancelled in any::<bool>(), seed in prop::collection::vec(any::<prop::sample::Index>(), 6),
    ) {
        let rejection = |reason: &str| {
            Rejection { event: Uuid::nil(), at: Timestamp::UNIX_EPOCH, reason: reason.to_owned() }
        };
        let mut said: Vec<Said> = ended.map(Said::Ended).into_iter().collect();
        said.extend(reason.map(|reason| Said::Rejected(rejection(reason))));
        said.extend(cancelled.then_some(Said::CancelRequested));
        let standing = |said: &[Said]| {
            let mut standing = Standing::default();
            said.iter().for_each(|said| standing.recall(said.clone()));
            standing
        };
        let first = standing(&said);
        let mixed: Vec<Said> = if said.is_empty() {
            Vec::new()
        } else {
            seed.iter().map(|index| index.get(&said).clone()).chain(said.iter().rev().cloned()).collect()
        };
        prop_assert_eq!(standing(&mixed), first);
    }
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
    assert_eq!(keep(id, None, None).await, papers(Some(1), Some("a")));
    assert_eq!(keep(id, Some(3), Some("b")).await, papers(Some(1), Some("a")));
}
