//! Events, lessons and a service in a state of its own.

use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    envelope::{Envelope, Tried, ids},
    events::{
        CartLine, CartUpdated, Line, Order, OrderPlaced, ProductViewed, RecommendationsUpdated, Record,
        Sealed,
    },
    state::State,
    step::{Origin, Received, Step},
    trace::TraceContext,
};
use recommendation::{
    associations::Associations,
    decay::Decay,
    lesson::{Deed, Lesson},
    recommender::{Offer, Recommender},
};
use uuid::Uuid;

/// 2026-11-21T12:00:00Z, in microseconds.
pub const NOON: i64 = 1_795_262_400_000_000;
pub const SECOND: i64 = 1_000_000;
pub const HOUR: i64 = 3_600 * SECOND;
pub const EVERY: SignedDuration = SignedDuration::from_secs(30);
pub const OFFER: Offer = Offer { items: 5, valid_for: SignedDuration::from_hours(24) };

pub fn decay() -> Decay {
    Decay::new(SignedDuration::from_hours(60 * 24))
}

pub fn associations(state: &State) -> Associations {
    Associations::new(state.clone(), decay(), EVERY)
}

pub fn recommender(state: &State, clock: Clock) -> Recommender {
    Recommender::new(associations(state), clock, OFFER)
}

/// Microseconds after noon.
pub fn at(us: i64) -> Timestamp {
    Timestamp::from_microsecond(NOON + us).unwrap()
}

/// A clock that tells about this time.
pub fn standing_at(time: Timestamp) -> Clock {
    let clock = Clock::system();
    clock.set_offset(time.duration_since(clock.now()));
    clock
}

pub fn lesson(event: u128, customer: &str, us: i64, deed: Deed, skus: &[&str]) -> Lesson {
    let skus = skus.iter().map(|sku| (*sku).to_owned()).collect();
    Lesson { event: Uuid::from_u128(event), customer: customer.to_owned(), at: at(us), deed, skus }
}

/// An order of these products.
pub fn order(number: u128, customer: &str, us: i64, skus: &[&str]) -> Received<OrderPlaced> {
    let line = |sku: &&str| Line { sku: (*sku).to_owned(), quantity: 1, unit_price: 100 };
    let order = Order {
        order_id: Uuid::from_u128(number),
        customer_id: customer.to_owned(),
        lines: skus.iter().map(line).collect(),
        total: 100 * i64::try_from(skus.len()).unwrap(),
        currency: "EUR".to_owned(),
        payment_token: "tok_visa".to_owned(),
        billing_country: "DE".to_owned(),
        delivery_country: "DE".to_owned(),
        ip_country: None,
        card_hash: "00".to_owned(),
        device_hash: None,
        address_hash: "00".to_owned(),
        ip_hash: None,
        account_age_days: 1,
        priority: "standard".to_owned(),
        placed_at: at(us),
        sealed: Sealed { key_id: Uuid::nil(), nonce: Vec::new(), ciphertext: Vec::new() },
    };
    let event = OrderPlaced {
        order: order.into(),
        principal: "anonymous".to_owned(),
        idempotency_key_hash: None,
        request_hash: String::new(),
    };
    received(number, event)
}

pub fn view(number: u128, customer: &str, us: i64, sku: &str) -> Received<ProductViewed> {
    let event = ProductViewed { customer_id: customer.to_owned(), sku: sku.to_owned(), viewed_at: at(us) };
    received(number, event)
}

pub fn cart(number: u128, customer: &str, us: i64, skus: &[&str]) -> Received<CartUpdated> {
    let lines = skus.iter().map(|sku| CartLine { sku: (*sku).to_owned(), quantity: 1 }).collect();
    received(number, CartUpdated { customer_id: customer.to_owned(), lines, updated_at: at(us) })
}

/// A record as it comes off its topic.
pub fn received<R: Record>(number: u128, event: R) -> Received<R> {
    let time = event.occurred_at();
    let envelope = Envelope {
        id: ids::from_parts(&[R::NAME, &number.to_string()]),
        source: "elsewhere".to_owned(),
        kind: R::full_name(),
        time,
        subject: event.key(),
        dataschema: None,
        correlation_id: "request".to_owned(),
        causation_id: None,
        trace: TraceContext::root(),
        tried: Tried::default(),
    };
    Received { event, envelope, origin: Origin { topic: R::TOPIC, partition: 0, offset: 0, timestamp: time } }
}

/// What a step says to each record of a batch.
pub async fn said<S>(step: &S, batch: &[Received<S::In>]) -> Vec<Option<RecommendationsUpdated>>
where
    S: Step<Out = RecommendationsUpdated>,
{
    let answers = step.handle(batch).await.unwrap();
    let only = |mut events: Vec<RecommendationsUpdated>| {
        assert!(events.len() <= 1);
        events.pop()
    };
    answers.into_iter().map(|answer| only(answer.unwrap().into_events())).collect()
}

/// SKUs and reasons.
pub fn shown(event: &RecommendationsUpdated) -> Vec<(&str, &str, Option<&str>)> {
    let items = event.items.iter();
    items.map(|item| (item.sku.as_str(), item.reason.as_str(), item.because_of.as_deref())).collect()
}
