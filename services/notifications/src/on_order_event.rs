//! What has become of an order, for whoever wants to be told.

use orderflow::{
    events::{EMAIL, NotificationDue, Subscription},
    step::{Outcome, Received, Step, Verdicts},
};

use crate::{
    announcement::{Announcement, OrderEvent},
    subscriptions::Subscriptions,
};

/// Finds who wants to be told of an event. Writes `notifications`.
pub struct OnOrderEvent(pub Subscriptions);

impl Step for OnOrderEvent {
    const NAME: &'static str = "notifications.on_order_event";
    const GATHERS: bool = true;
    type In = OrderEvent;
    type Out = NotificationDue;

    async fn handle(&self, batch: &[Received<OrderEvent>]) -> Verdicts<NotificationDue> {
        Ok(batch.iter().map(|received| Ok(Outcome::events(self.due(received)))).collect())
    }
}

impl OnOrderEvent {
    fn due(&self, received: &Received<OrderEvent>) -> Vec<NotificationDue> {
        let said = Announcement::of(&received.event);
        let wanting = self.0.wanting(said.name, said.happened_at);
        if wanting.is_empty() {
            return Vec::new();
        }
        let body = said.body();
        wanting.into_iter().map(|one| due(one, &said, &body, received)).collect()
    }
}

fn due(
    subscription: Subscription,
    said: &Announcement,
    body: &str,
    received: &Received<OrderEvent>,
) -> NotificationDue {
    // Only who writes to a person has to know whom.
    let is_email = subscription.channel == EMAIL;
    NotificationDue {
        subscription_id: subscription.subscription_id,
        revision: subscription.revision,
        event_id: received.envelope.id,
        event_type: said.name.to_owned(),
        order_id: said.order.order_id.to_string(),
        customer_id: if is_email { said.order.customer_id.clone() } else { String::new() },
        sealed: is_email.then(|| said.order.sealed.clone()),
        body: body.to_owned(),
        replay: String::new(),
        happened_at: said.happened_at,
        channel: subscription.channel,
    }
}
