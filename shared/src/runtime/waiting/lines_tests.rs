//! The scripts and their twin in plain Rust do the same, on a real Redis.

use std::collections::BTreeMap;

use jiff::Timestamp;
use orderflow_testkit::RedisServer;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use redis::AsyncCommands;
use uuid::Uuid;

use super::{
    Ended, Limits, Lines,
    lines::{Asked, Change, Move, Picked, Restored},
    twin::{Blocked, Twin},
};
use crate::state::State;

const LIMITS: Limits = Limits { waiting: 2, blocked: 2 };
const KEYS: [&[u8]; 3] = [b"a", b"b", b"a key \xff"];

/// One call.
#[derive(Debug, Clone)]
enum Call {
    Check(usize, u8, bool),
    Apply(Vec<(Change, usize, u8)>),
    Finish(usize, Vec<u8>, Option<u8>),
    Restore(Vec<u8>, usize, Option<u8>, Vec<u8>),
}

fn id(number: u8) -> Uuid {
    Uuid::from_u128(number.into())
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let change = prop::sample::select(vec![Change::Block, Change::Wait, Change::Settle, Change::Bury]);
    let (key, number) = (0..KEYS.len(), 0u8..5);
    let call = prop_oneof![
        2 => (key.clone(), number.clone(), any::<bool>()).prop_map(|(k, id, again)| Call::Check(k, id, again)),
        4 => vec((change, key.clone(), number.clone()), 0..4).prop_map(Call::Apply),
        3 => (key.clone(), vec(number.clone(), 0..3), prop::option::of(number.clone()))
            .prop_map(|(key, settled, stopped)| Call::Finish(key, settled, stopped)),
        1 => (vec(number.clone(), 0..2), key, prop::option::of(number.clone()), vec(number, 0..3))
            .prop_map(|(settled, key, blocker, waits)| Call::Restore(settled, key, blocker, waits)),
    ];
    vec(call, 0..20)
}

#[test]
fn the_scripts_and_their_twin_do_the_same() {
    let Some(server) = RedisServer::start() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let state = State::new(runtime.block_on(server.connect()), "test:");
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    runner
        .run(&calls(), |calls| {
            runtime.block_on(async {
                let () = redis::cmd("FLUSHALL").query_async(&mut state.redis()).await.unwrap();
                state.initialise("cluster").await.unwrap();
                let lines = Lines { state: state.clone(), limits: LIMITS };
                let mut twin = Twin::default();
                for call in &calls {
                    both(&lines, &mut twin, call).await?;
                    prop_assert_eq!(found(&state).await, twin.clone(), "after {:?}", call);
                }
                Ok(())
            })
        })
        .unwrap();
}

/// Makes one call on both, and compares the answers.
async fn both(lines: &Lines, twin: &mut Twin, call: &Call) -> Result<(), TestCaseError> {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    match call {
        Call::Check(key, number, again) => {
            let asked = Asked { key: KEYS[*key], id: id(*number), partition: partition(*key), again: *again };
            let answer = twin.check(&asked);
            prop_assert_eq!(lines.check(&[asked]).await.unwrap(), vec![answer]);
        }
        Call::Apply(changes) => {
            let one = |(change, key, number): &(Change, usize, u8)| {
                let (partition, from) = (partition(*key), i64::from(*number));
                Move { change: *change, key: KEYS[*key], id: id(*number), partition, from }
            };
            let moves: Vec<Move<'_>> = changes.iter().map(one).collect();
            let answers: Vec<_> = moves.iter().map(|one| twin.apply(one, LIMITS)).collect();
            prop_assert_eq!(lines.apply(&moves, now).await.unwrap(), answers);
        }
        Call::Finish(key, settled, stopped) => {
            let settled = settled.iter().copied().map(id).collect();
            let key_bytes = KEYS[*key].to_vec();
            let ended =
                Ended { key: key_bytes, partition: partition(*key), settled, stopped: stopped.map(id) };
            let left = twin.finish(&ended);
            prop_assert_eq!(lines.finish(&[ended]).await.unwrap(), vec![left]);
        }
        Call::Restore(settled, key, blocker, waits) => {
            let line = Picked {
                key: KEYS[*key].to_vec(),
                partition: partition(*key),
                blocker: blocker.map(id),
                from: 7,
            };
            // As from the log: onto nothing.
            if twin.lines.contains_key(&line.key) {
                return Ok(());
            }
            let settled: Vec<Uuid> = settled.iter().copied().map(id).collect();
            let restored = [Restored { line, waits: waits.iter().copied().map(id).collect() }];
            twin.restore(&settled, &restored);
            lines.restore(&settled, &restored, now).await.unwrap();
        }
    }
    let mut picked = lines.pick(&[0, 1]).await.unwrap();
    picked.sort_by(|a, b| a.key.cmp(&b.key));
    let picked: Vec<_> = picked.into_iter().map(|line| (line.partition, line.key)).collect();
    let mut drains: Vec<_> = twin.drains.iter().cloned().collect();
    drains.sort_by(|a, b| a.1.cmp(&b.1));
    prop_assert_eq!(picked, drains);
    let (blocked, drains) = lines.extent(&[0, 1], now).await.unwrap();
    prop_assert_eq!((blocked, drains), (twin.lines.len() as u64, twin.drains.len() as u64));
    Ok(())
}

fn partition(key: usize) -> i32 {
    i32::try_from(key % 2).unwrap()
}

/// What Redis holds.
async fn found(state: &State) -> Twin {
    let mut redis = state.redis();
    let mut twin = Twin::default();
    for (index, key) in KEYS.iter().enumerate() {
        let of = |name: &str| [state.key(name).as_bytes(), key].concat();
        let line: BTreeMap<String, String> = redis.hgetall(of("block:")).await.unwrap();
        let waits: Vec<String> = redis.smembers(of("waits:")).await.unwrap();
        if let Some(blocker) = line.get("blocker") {
            let blocker = Uuid::parse_str(blocker).ok();
            let waits = waits.iter().map(|id| Uuid::parse_str(id).unwrap()).collect();
            let from = line.get("from").map_or(0, |from| from.parse().unwrap());
            twin.lines.insert(key.to_vec(), Blocked { blocker, from, waits });
        }
        let drains = state.key(&format!("drains:{}", partition(index)));
        if redis.sismember(drains, *key).await.unwrap() {
            twin.drains.insert((partition(index), key.to_vec()));
        }
    }
    for number in 0..5 {
        let settled: bool = redis.exists(state.key(&format!("settled:{}", id(number)))).await.unwrap();
        twin.settled.extend(settled.then_some(id(number)));
    }
    twin
}
