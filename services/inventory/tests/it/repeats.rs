//! What repeats, late comers and broken records meet.

use inventory::domain::Fact;
use jiff::SignedDuration;
use orderflow::fault::Consequence;
use redis::AsyncCommands;
use uuid::Uuid;

use crate::service::{Service, VALIDITY, adjustment, order};
use orderflow_testkit::RedisServer;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

#[tokio::test]
async fn a_repeat_carries_the_first_times_however_late_and_under_whatever_event_id() {
    let Some(server) = RedisServer::start() else { return };
    let service = Service::new(server.state("test:times:").await);
    service.adjust(&[adjustment(1, "red", 10)]).await;
    let order = order(id(1), &[("red", 4)]);
    let first = service.reserve(&[(id(100), order.clone())]).await.remove(0).unwrap().unwrap();
    let Fact::InventoryReserved(reserved) = &first.fact else { panic!("{first:?}") };
    assert_eq!(reserved.valid_until, reserved.reserved_at + VALIDITY);

    service.clock.set_offset(SignedDuration::from_hours(48));
    for event in [100, 101] {
        let again = service.reserve(&[(id(event), order.clone())]).await.remove(0).unwrap().unwrap();
        assert_eq!(format!("{:?}", again.fact), format!("{:?}", first.fact));
    }
    assert_eq!(service.levels().await["red"].reserved, 4);
}

#[tokio::test]
async fn a_failed_payment_frees_once_and_says_so_once() {
    let Some(server) = RedisServer::start() else { return };
    let service = Service::new(server.state("test:free:").await);
    service.adjust(&[adjustment(1, "red", 10)]).await;
    let order = order(id(1), &[("red", 4), ("red", 3)]);
    let early = service.release(&[(id(200), order.clone())]).await.remove(0).unwrap();
    assert!(early.is_none(), "nothing was reserved yet");

    service.reserve(&[(id(100), order.clone())]).await;
    assert_eq!(service.levels().await["red"].reserved, 7);
    let freed = service.release(&[(id(200), order.clone())]).await.remove(0).unwrap().unwrap();
    let again = service.release(&[(id(200), order.clone())]).await.remove(0).unwrap().unwrap();
    assert_eq!(format!("{freed:?}"), format!("{again:?}"));
    let other = service.release(&[(id(201), order.clone())]).await.remove(0).unwrap();
    assert!(other.is_none(), "another event finds nothing to release");
    assert_eq!(service.levels().await["red"].reserved, 0);
}

#[tokio::test]
async fn a_label_takes_the_units_off_the_shelf_once_and_nothing_frees_them_after() {
    let Some(server) = RedisServer::start() else { return };
    let service = Service::new(server.state("test:ship:").await);
    service.adjust(&[adjustment(1, "red", 10)]).await;
    let order = order(id(1), &[("red", 4), ("red", 3)]);
    let unknown = service.ship(&[(id(300), order.clone())]).await.remove(0).unwrap();
    assert!(unknown.is_none(), "nothing is known of this order");

    service.reserve(&[(id(100), order.clone())]).await;
    let shipped = service.ship(&[(id(300), order.clone())]).await.remove(0).unwrap().unwrap();
    assert!(matches!(shipped.fact, Fact::InventoryShipped(_)));
    service.clock.set_offset(SignedDuration::from_hours(48));
    let again = service.ship(&[(id(300), order.clone())]).await.remove(0).unwrap().unwrap();
    assert_eq!(format!("{shipped:?}"), format!("{again:?}"));
    for late in
        [service.release(&[(id(200), order.clone())]).await, service.refund(&[(id(201), order)]).await]
    {
        assert!(late[0].as_ref().unwrap().is_none(), "a release after the label says nothing");
    }
    let left = service.levels().await["red"];
    assert_eq!((left.on_hand, left.reserved), (3, 0));
}

#[tokio::test]
async fn a_refund_frees_what_a_label_then_cannot_take() {
    let Some(server) = RedisServer::start() else { return };
    let service = Service::new(server.state("test:refund:").await);
    service.adjust(&[adjustment(1, "red", 10)]).await;
    let order = order(id(1), &[("red", 4)]);
    service.reserve(&[(id(100), order.clone())]).await;
    let freed = service.refund(&[(id(200), order.clone())]).await.remove(0).unwrap().unwrap();
    assert!(matches!(&freed.fact, Fact::InventoryReleased(event) if event.reason == "refunded"));
    let again = service.refund(&[(id(200), order.clone())]).await.remove(0).unwrap().unwrap();
    assert_eq!(format!("{freed:?}"), format!("{again:?}"));
    assert!(service.ship(&[(id(300), order)]).await[0].as_ref().unwrap().is_none());
    let left = service.levels().await["red"];
    assert_eq!((left.on_hand, left.reserved), (10, 0));
}

#[tokio::test]
async fn a_broken_record_does_not_take_its_neighbours() {
    let Some(server) = RedisServer::start() else { return };
    let service = Service::new(server.state("test:poison:").await);
    let changes = [adjustment(1, "red", 10), adjustment(2, "red", 0), adjustment(3, "blue", 5)];
    let [good, bad, also_good] = <[_; 3]>::try_from(service.adjust(&changes).await).unwrap();
    assert!(matches!(good.unwrap().unwrap().fact, Fact::StockAdjusted(event) if event.on_hand == 10));
    let fault = bad.unwrap_err();
    assert_eq!((fault.consequence(), fault.code()), (Consequence::Poison, "invalid_stock_adjustment"));
    assert!(matches!(also_good.unwrap().unwrap().fact, Fact::StockAdjusted(event) if event.sku == "blue"));

    let orders = [(id(100), order(id(1), &[("red", -1)])), (id(101), order(id(2), &[("red", 10)]))];
    let [bad, good] = <[_; 2]>::try_from(service.reserve(&orders).await).unwrap();
    assert_eq!(bad.unwrap_err().code(), "invalid_order_lines");
    assert!(matches!(good.unwrap().unwrap().fact, Fact::InventoryReserved(_)));
    let only_bad = service.reserve(&orders[..1]).await.remove(0);
    assert_eq!(only_bad.unwrap_err().code(), "invalid_order_lines");
}

#[tokio::test]
async fn only_what_is_settled_has_an_end() {
    let Some(server) = RedisServer::start() else { return };
    let service = Service::new(server.state("test:lives:").await);
    service.adjust(&[adjustment(1, "red", 10)]).await;
    let orders = [
        (id(100), order(id(1), &[("red", 4)])),
        (id(101), order(id(2), &[("red", 400)])),
        (id(102), order(id(3), &[("red", 1)])),
    ];
    service.reserve(&orders).await;

    let ttl =
        async |name: String| -> i64 { service.state.redis().ttl(service.state.key(&name)).await.unwrap() };
    let (forever, kept) = (-1, 34 * 86_400..=35 * 86_400);
    assert_eq!(ttl("stock:red".to_owned()).await, forever);
    assert_eq!(ttl(format!("order:{}", id(1))).await, forever, "its units count as reserved");
    assert!(kept.contains(&ttl(format!("order:{}", id(2))).await), "short");
    assert!(kept.contains(&ttl(format!("adjustment:{}", id(1))).await), "answered");
    service.release(&[(id(200), orders[0].1.clone())]).await;
    assert!(kept.contains(&ttl(format!("order:{}", id(1))).await), "released");
    service.ship(&[(id(300), orders[2].1.clone())]).await;
    assert!(kept.contains(&ttl(format!("order:{}", id(3))).await), "shipped");
}
