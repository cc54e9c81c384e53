//! Nothing is accepted that is not durable, and what may be durable is not accepted twice.

use jiff::SignedDuration;
use serde_json::json;

use super::fixture::{Fixture, order};
use crate::claims::{Candidate, Claim, Claims, Held};

#[tokio::test]
async fn no_kafka_no_acceptance() {
    let Some(service) = Fixture::start().await else { return };
    service.log.set_down(true);
    for headers in [&[][..], &[("idempotency-key", "k")]] {
        let answer = service.order(&order(), headers).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (503, "unavailable"));
        assert_eq!(answer.header("retry-after"), "2");
    }
    assert!(service.log.sent().is_empty());
}

#[tokio::test]
async fn a_retry_after_a_failure_publishes_the_first_attempts_bytes() {
    let Some(service) = Fixture::start().await else { return };
    let key = [("idempotency-key", "k")];
    service.log.set_down(true);
    assert_eq!(service.order(&order(), &key).await.status, 503);
    service.log.set_down(false);
    service.clock.set_offset(SignedDuration::from_secs(3600));
    let answer = service.order(&order(), &key).await;
    assert_eq!(answer.status, 202);
    // One draft only: the retry sent what the first had kept, with its time.
    let [first] = &service.log.orders()[..] else { panic!("drafted twice") };
    assert_eq!(answer.body["placed_at"], json!(first.order.placed_at));
    assert_eq!(service.log.sent().len(), 1);
    assert_eq!(service.order(&order(), &key).await.body, answer.body);
    assert_eq!(service.log.sent().len(), 1);
}

#[tokio::test]
async fn a_crash_after_the_claim_is_taken_over_when_its_lease_ends() {
    let Some(service) = Fixture::start().await else { return };
    let key = [("idempotency-key", "k")];
    let answer = service.order(&order(), &key).await;
    // Back to where a crash between produce and the end of the claim would have left it.
    let event = service.log.orders().remove(0);
    let sent = service.log.sent().remove(0);
    let hash = event.idempotency_key_hash.as_deref().unwrap();
    let name = crate::idempotency::claim_name(&event.principal, hash, &event.request_hash);
    let () = redis::cmd("DEL")
        .arg(service.state.key(&format!("idem:{name}")))
        .query_async(&mut service.state.redis())
        .await
        .unwrap();
    let claim = Claim { name, request_hash: event.request_hash.clone() };
    let kept =
        Candidate { record: sent.text.clone().into_bytes(), answer: answer.body.to_string().into_bytes() };
    let claims = Claims::new(service.state.clone());
    assert_eq!(claims.take(&claim, service.clock.now(), &kept).await.unwrap(), Held::Mine);

    let early = service.order(&order(), &key).await;
    assert_eq!((early.status.as_u16(), early.code()), (409, "idempotency_in_progress"));
    service.clock.set_offset(SignedDuration::from_secs(11));
    let late = service.order(&order(), &key).await;
    assert_eq!((late.status.as_u16(), &late.body), (202, &answer.body));
    assert_eq!(service.log.sent(), [sent.clone(), sent], "the very same record");
}

#[tokio::test]
async fn no_redis_no_acceptance_of_a_keyed_request() {
    let Some(mut service) = Fixture::start().await else { return };
    service.redis.kill();
    let answer = service.order(&order(), &[("idempotency-key", "k")]).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (503, "unavailable"));
    assert!(service.log.sent().is_empty());
}

#[tokio::test]
async fn a_flushed_redis_accepts_nothing_until_it_is_rebuilt() {
    let Some(service) = Fixture::start().await else { return };
    let () = redis::cmd("FLUSHALL").query_async(&mut service.state.redis()).await.unwrap();
    let answer = service.order(&order(), &[("idempotency-key", "k")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "2"));
    assert!(service.log.sent().is_empty());
}
