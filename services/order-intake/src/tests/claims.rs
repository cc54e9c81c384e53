//! The claim's script on a real Redis: one attempt at a time, no second order, a day's memory.

use jiff::{SignedDuration, Timestamp};
use orderflow::state::State;
use redis::AsyncCommands;

use crate::claims::{Candidate, Claim, Claims, Held, LEASE, LIFE};
use orderflow_testkit::RedisServer;

fn claim(name: &str, request: &str) -> Claim {
    Claim { name: name.to_owned(), request_hash: request.to_owned() }
}

fn candidate(text: &str) -> Candidate {
    Candidate {
        record: format!("record {text}\0\u{ff}").into_bytes(),
        answer: format!("answer {text}").into_bytes(),
    }
}

async fn claims() -> Option<(RedisServer, State, Claims)> {
    let redis = RedisServer::start()?;
    let state = redis.state("test:order-intake:").await;
    Some((redis, state.clone(), Claims::new(state)))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

#[tokio::test]
async fn of_two_attempts_at_once_one_gets_the_claim() {
    let Some((_redis, _, claims)) = claims().await else { return };
    let (claim, one, other) = (claim("a", "r"), candidate("one"), candidate("other"));
    assert_eq!(claims.look(&claim, at(0)).await.unwrap(), Held::Free);
    let (first, second) = tokio::join!(claims.take(&claim, at(0), &one), claims.take(&claim, at(0), &other));
    let held = [first.unwrap(), second.unwrap()];
    assert!(held.contains(&Held::Mine) && held.contains(&Held::Busy(LEASE)), "{held:?}");
}

#[tokio::test]
async fn after_the_lease_a_retry_gets_the_bytes_of_the_first() {
    let Some((_redis, _, claims)) = claims().await else { return };
    let (claim, first) = (claim("a", "r"), candidate("first"));
    assert_eq!(claims.take(&claim, at(0), &first).await.unwrap(), Held::Mine);
    let almost = at(10) - SignedDuration::from_micros(1);
    assert_eq!(claims.look(&claim, almost).await.unwrap(), Held::Busy(std::time::Duration::from_micros(1)));
    assert_eq!(claims.take(&claim, at(10), &candidate("second")).await.unwrap(), Held::Retry(first.clone()));
    assert_eq!(claims.look(&claim, at(11)).await.unwrap(), Held::Busy(std::time::Duration::from_secs(9)));
    assert_eq!(claims.look(&claim, at(20)).await.unwrap(), Held::Retry(first));
}

#[tokio::test]
async fn a_released_claim_is_taken_over_at_once() {
    let Some((_redis, _, claims)) = claims().await else { return };
    let (claim, first) = (claim("a", "r"), candidate("first"));
    claims.take(&claim, at(0), &first).await.unwrap();
    claims.release(&claim).await.unwrap();
    assert_eq!(claims.look(&claim, at(0)).await.unwrap(), Held::Retry(first));
}

#[tokio::test]
async fn a_claim_that_is_done_keeps_the_answer_and_not_the_record() {
    let Some((_redis, state, claims)) = claims().await else { return };
    let (claim, first) = (claim("a", "r"), candidate("first"));
    claims.take(&claim, at(0), &first).await.unwrap();
    claims.done(&claim, &first.answer).await.unwrap();
    claims.release(&claim).await.unwrap();
    for now in [at(0), at(3600)] {
        assert_eq!(
            claims.take(&claim, now, &candidate("second")).await.unwrap(),
            Held::Done(first.answer.clone())
        );
    }
    let key = state.key("idem:a");
    let fields: Vec<String> = state.redis().hkeys(&key).await.unwrap();
    assert_eq!(
        std::collections::BTreeSet::from_iter(fields),
        ["answer".to_owned(), "request".to_owned()].into()
    );
    let life: i64 = state.redis().pttl(&key).await.unwrap();
    let day = i64::try_from(LIFE.as_millis()).unwrap();
    assert!((day - 60_000..=day).contains(&life), "{life}");
}

#[tokio::test]
async fn another_request_under_the_key_is_told_so() {
    let Some((_redis, _, claims)) = claims().await else { return };
    let first = candidate("first");
    claims.take(&claim("a", "r"), at(0), &first).await.unwrap();
    assert_eq!(claims.look(&claim("a", "other"), at(0)).await.unwrap(), Held::Other);
    assert_eq!(claims.take(&claim("a", "other"), at(60), &candidate("b")).await.unwrap(), Held::Other);
    claims.release(&claim("a", "other")).await.unwrap();
    assert_eq!(claims.look(&claim("a", "r"), at(0)).await.unwrap(), Held::Busy(LEASE));
    assert_eq!(claims.look(&claim("b", "other"), at(0)).await.unwrap(), Held::Free);
}

#[tokio::test]
async fn a_flush_is_noticed() {
    let Some((_redis, state, claims)) = claims().await else { return };
    claims.take(&claim("a", "r"), at(0), &candidate("first")).await.unwrap();
    let () = redis::cmd("FLUSHALL").query_async(&mut state.redis()).await.unwrap();
    let fault = claims.look(&claim("a", "r"), at(0)).await.unwrap_err();
    assert_eq!(fault.code(), "state_lost");
}
