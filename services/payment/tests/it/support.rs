//! Orders, records and servers for the tests.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    envelope::{Envelope, Tried},
    events::{
        GatewayAnswered, InventoryReserved, Line, Order, OrderCancelRequested, Record, Sealed,
        ShippingCancelled, ShippingFailed,
    },
    fault::Fault,
    step::{Origin, Received},
    trace::TraceContext,
};
use payment::{
    calls::Limits,
    config::GatewaySettings,
    gateway::{Answer, Gateway, Opened, Standing},
    http_gateway::HttpGateway,
};
use uuid::Uuid;

/// How long a customer has to confirm a payment.
pub const CONFIRM_WITHIN: SignedDuration = SignedDuration::from_mins(15);

pub const LIMITS: Limits =
    Limits { concurrency: 32, batch: Duration::from_secs(20), key_life: SignedDuration::from_hours(23) };

/// An order over 25.00 EUR, paid with this token.
pub fn order(token: &str) -> Order {
    Order {
        order_id: Uuid::now_v7(),
        customer_id: "customer-1".into(),
        lines: vec![Line { sku: "TEA-1".into(), quantity: 2, unit_price: 1_250 }],
        total: 2_500,
        currency: "EUR".into(),
        payment_token: token.into(),
        billing_country: "DE".into(),
        delivery_country: "DE".into(),
        ip_country: None,
        card_hash: "00".repeat(16),
        device_hash: None,
        address_hash: "00".repeat(16),
        ip_hash: None,
        account_age_days: 400,
        priority: "standard".into(),
        placed_at: Clock::system().now(),
        sealed: Sealed { key_id: Uuid::nil(), nonce: vec![0; 12], ciphertext: vec![0; 32] },
    }
}

/// A record that says: reserved just now, for this long.
pub fn reserved(order: Order, valid_for: SignedDuration) -> Received<InventoryReserved> {
    let now = Clock::system().now();
    reserved_at(order, now, now + valid_for)
}

/// A record that says when the order was reserved, and until when.
pub fn reserved_at(
    order: Order,
    reserved_at: Timestamp,
    valid_until: Timestamp,
) -> Received<InventoryReserved> {
    received(InventoryReserved { order: Arc::new(order), reserved_at, valid_until })
}

/// A record that says: its customer wants to cancel this order.
pub fn cancel(order: &Order) -> Received<OrderCancelRequested> {
    let (reason, requested_by) = (String::new(), "anonymous".to_owned());
    let requested_at = Clock::system().now();
    received(OrderCancelRequested { order_id: order.order_id, reason, requested_by, requested_at })
}

/// A record that says: the carrier does not take this order.
pub fn shipping_failed(order: &Arc<Order>) -> Received<ShippingFailed> {
    let (order, reason) = (order.clone(), "undeliverable_address".to_owned());
    received(ShippingFailed { order, reason, carrier_code: None, failed_at: Clock::system().now() })
}

/// A record that says: this order was cancelled before it was shipped.
pub fn shipping_cancelled(order: &Arc<Order>) -> Received<ShippingCancelled> {
    received(ShippingCancelled { order: order.clone(), cancelled_at: Clock::system().now() })
}

fn received<R: Record>(event: R) -> Received<R> {
    let time = event.occurred_at();
    let envelope = Envelope {
        id: Uuid::now_v7(),
        source: "a-service.on_something".into(),
        kind: R::full_name(),
        time,
        subject: event.key(),
        dataschema: None,
        correlation_id: "test".into(),
        causation_id: None,
        trace: TraceContext::root(),
        tried: Tried::default(),
    };
    Received { event, envelope, origin: Origin { topic: R::TOPIC, partition: 0, offset: 0, timestamp: time } }
}

/// A record that says: the gateway has something to say of this order's payment. Each time it is an event of its own.
pub fn answered(order: &Order, kind: &str) -> Received<GatewayAnswered> {
    received(GatewayAnswered {
        order_id: order.order_id,
        callback_id: "evt_1".into(),
        kind: kind.into(),
        intent_id: None,
        answered_at: Clock::system().now(),
    })
}

/// Charges an order as the step does, without its state.
pub async fn charge(gateway: &impl Gateway, order: &Order) -> Result<Answer, Fault> {
    let standing = match gateway.open(order, true).await? {
        Opened::Refused(answer) => return Ok(answer),
        Opened::Fresh { intent_id } => gateway.confirm(order, &intent_id).await?,
        Opened::Known { intent_id } => match gateway.look(order, &intent_id).await? {
            Standing::Unconfirmed => gateway.confirm(order, &intent_id).await?,
            standing => standing,
        },
    };
    match standing {
        Standing::Decided(answer) => Ok(answer),
        _ => Err(Fault::transient("gateway_pending", "it waits")),
    }
}

/// A client of the gateway at this address.
pub fn client(url: &str, timeout: Duration) -> HttpGateway {
    let url = url.parse().unwrap();
    let (key_life, confirm_within) = (Duration::from_secs(23 * 3600), Duration::from_secs(900));
    let (token, token_file, return_url) = (None, None, None);
    let settings = GatewaySettings {
        url,
        token,
        token_file,
        return_url,
        timeout,
        concurrency: 32,
        key_life,
        confirm_within,
    };
    HttpGateway::new(&settings).unwrap()
}
