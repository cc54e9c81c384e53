//! Notifications: an event is due for whoever wants it, and told of once it has ended.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use notifications::{
    at_delivery_ended::AtDeliveryEnded,
    on_notification_due::OnNotificationDue,
    on_order_event::OnOrderEvent,
    queue::{Limits, Queue},
    subscriptions::Subscriptions,
    verdict::Verdict,
};
use orderflow::{
    events::{EMAIL, NotificationDue, Record, Subscription, WEBHOOK},
    topics::NOTIFICATIONS,
};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use uuid::Uuid;

use super::{
    bench::{Bench, before},
    record::{example, examples, received},
    run, twice,
};

const LIMITS: Limits = Limits { waiting: 10, window: 0 };

/// Steps that read all that may become of an order: each example of each record.
mod of_orders {
    use jiff::SignedDuration;
    use notifications::announcement::OrderEvent;
    use orderflow::{
        events::{
            InventoryShortage, OrderFraudDetected, OrderHeldForReview, OrderPlaced, OrderReviewCancelled,
            PaymentActionRequired, PaymentFailed, PaymentProcessed, PaymentRefunded, Record,
            ShippingCancelled, ShippingFailed, ShippingLabelGenerated,
        },
        step::{Received, Step},
    };

    use super::super::{
        record::{examples, received},
        shown::{Shown, said},
    };

    pub async fn run<S: Step<In = OrderEvent>>(step: &S) {
        each::<OrderPlaced, S>(step).await;
        each::<OrderHeldForReview, S>(step).await;
        each::<OrderFraudDetected, S>(step).await;
        each::<OrderReviewCancelled, S>(step).await;
        each::<InventoryShortage, S>(step).await;
        each::<PaymentActionRequired, S>(step).await;
        each::<PaymentProcessed, S>(step).await;
        each::<PaymentFailed, S>(step).await;
        each::<PaymentRefunded, S>(step).await;
        each::<ShippingLabelGenerated, S>(step).await;
        each::<ShippingFailed, S>(step).await;
        each::<ShippingCancelled, S>(step).await;
    }

    async fn each<R: Record + Into<OrderEvent>, S: Step<In = OrderEvent>>(step: &S) {
        for (name, event) in examples::<R>() {
            let began = event.occurred_at() + SignedDuration::from_secs(1);
            let Received { event: record, envelope, origin } = received(&name, event.clone());
            let batch = [Received { event: record.into(), envelope, origin }];
            let mut says = Vec::new();
            for _ in 0..2 {
                says.push(said(step.handle(&batch).await.unwrap().remove(0)));
            }
            assert_eq!(says[0], says[1], "a repeat of {name} says something else");
            let shown = Shown { step: S::NAME, example: &name, given: "", began, input: &event };
            shown.snapshot(says.remove(0));
        }
    }
}

#[tokio::test]
async fn what_becomes_of_an_order_is_due_for_whoever_wants_to_be_told() {
    let webhook = Subscription { created_at: Timestamp::UNIX_EPOCH, events: all(), ..example() };
    let email = Subscription {
        subscription_id: Uuid::from_u128(2),
        channel: EMAIL.to_owned(),
        events: vec!["order.fulfilled".to_owned()],
        url: None,
        ..webhook.clone()
    };
    let disabled = Subscription {
        subscription_id: Uuid::from_u128(3),
        status: Subscription::DISABLED.to_owned(),
        ..webhook.clone()
    };
    of_orders::run::<OnOrderEvent>(&OnOrderEvent(known(&[webhook, email, disabled]))).await;
}

#[tokio::test]
async fn what_is_due_is_queued_in_silence() {
    run::<OnNotificationDue>("", async |_, bench| queueing(bench)).await;
}

#[tokio::test]
async fn what_was_delivered_and_what_was_given_up_is_told() {
    let dues = examples::<NotificationDue>().into_iter().map(|(_, due)| due);
    let due = dues.into_iter().find(|due| due.channel == WEBHOOK).unwrap();
    let bench = Bench::new("notifications", due.happened_at).await;
    let subscription = Subscription { revision: 2, subscription_id: due.subscription_id, ..example() };
    let ended = AtDeliveryEnded { queue: queue(&bench), subscriptions: known(&[subscription]) };
    for (event, verdict) in [
        ("first", Verdict::Delivered { status: 204 }),
        ("second", Verdict::Failed { reason: "gone", status: 410, disables: Some(2) }),
    ] {
        before(&queueing(&bench), received(event, due.clone())).await;
        let now = bench.clock.now() + SignedDuration::from_secs(1);
        let jobs = ended.queue.take(WEBHOOK, &[0], 1, "t", [now, now]).await.unwrap();
        assert!(ended.queue.settle(&jobs[0], "t", &verdict, now).await.unwrap());
        let says = twice::<AtDeliveryEnded>(&ended, &[(NOTIFICATIONS, 0)], now).await;
        let told: Vec<&str> = says[0]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|event| event.as_object().unwrap().keys())
            .map(String::as_str)
            .collect();
        let expected: &[&str] = match verdict {
            Verdict::Delivered { .. } => &["NotificationDelivered"],
            _ => &["NotificationFailed", "Subscription", "EndpointDisabled"],
        };
        assert_eq!(told, expected, "{says}");
    }
}

fn queueing(bench: &Bench) -> OnNotificationDue {
    let wake = Arc::new(Notify::new());
    OnNotificationDue { queue: queue(bench), wake, clock: bench.clock.clone(), deliverers: JoinSet::new() }
}

fn queue(bench: &Bench) -> Queue {
    Queue::new(bench.state.clone(), LIMITS)
}

fn all() -> Vec<String> {
    vec!["*".to_owned()]
}

fn known(subscriptions: &[Subscription]) -> Subscriptions {
    let known = subscriptions.iter().map(|one| (one.key(), one.clone()));
    Subscriptions::new(watch::channel(Some(known.collect())).1)
}
