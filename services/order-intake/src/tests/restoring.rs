//! After Redis has forgotten everything, the log answers repeats as the first was answered.

use jiff::SignedDuration;
use serde_json::json;

use super::{
    fixture::{Fixture, bearer, order, order_with},
    stock::{LOCAL, adjust, receipt},
};
use crate::{claims::mark_done, fold::served, stock};

/// Redis loses all claims.
async fn forget(service: &Fixture) {
    let key = service.state.key("idem:*");
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(key).query_async(&mut service.state.redis()).await.unwrap();
    let () = redis::cmd("DEL").arg(keys).query_async(&mut service.state.redis()).await.unwrap();
}

#[tokio::test]
async fn a_forgotten_claim_comes_back_from_the_log() {
    let Some(service) = Fixture::start().await else { return };
    let shop = bearer(&service.clock, "shop");
    for caller in [vec![("idempotency-key", "k")], vec![("idempotency-key", "k"), ("authorization", &shop)]] {
        let first = service.order(&order(), &caller).await;
        let event = service.log.orders().pop().unwrap();
        forget(&service).await;

        let claim = served(&event, service.clock.now()).unwrap();
        mark_done(&service.state, &[claim.clone(), claim]).await.unwrap();
        let again = service.order(&order(), &caller).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.header("idempotency-replayed"), "true");
    }
    assert_eq!(service.log.sent().len(), 2);
    let other = service
        .order(
            &order_with("/lines/0/quantity", json!(3)),
            &[("idempotency-key", "k"), ("authorization", &shop)],
        )
        .await;
    assert_eq!((other.status.as_u16(), other.code()), (422, "idempotency_key_reused"));
}

#[tokio::test]
async fn a_forgotten_claim_of_an_adjustment_comes_back_too() {
    let Some(service) = Fixture::start().await else { return };
    let key = [("idempotency-key", "k"), LOCAL];
    let first = adjust(&service, &receipt(), &key).await;
    let (sent, event) = (service.log.sent().remove(0), service.log.adjustments().remove(0));
    forget(&service).await;

    let claim = stock::served(sent.id, event, service.clock.now()).unwrap();
    mark_done(&service.state, &[claim]).await.unwrap();
    let again = adjust(&service, &receipt(), &key).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!((again.header("idempotency-replayed"), service.log.sent().len()), ("true", 1));
}

#[tokio::test]
async fn only_the_last_day_is_restored() {
    let Some(service) = Fixture::start().await else { return };
    service.order(&order(), &[("idempotency-key", "k")]).await;
    service.order(&order(), &[]).await;
    let (keyed, plain) = (service.log.orders().remove(0), service.log.orders().remove(1));
    let placed = keyed.order.placed_at;
    let life =
        |hours: i64| served(&keyed, placed + SignedDuration::from_hours(hours)).map(|served| served.life);
    assert_eq!(life(0).unwrap().as_secs(), 24 * 3600);
    assert_eq!(life(23).unwrap().as_secs(), 3600);
    assert_eq!(life(24), None);
    assert_eq!(served(&plain, placed), None);
}
