//! What of an order is remembered: its time, its amount, and fingerprints of who and what was involved.

use std::collections::HashSet;

use orderflow::{
    envelope::ids,
    events::{Order, OrderPlaced},
    step::Received,
};
use uuid::Uuid;

/// An order as the windows see it. Holds no name, address or id of a customer in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The input event: outcomes are stored under it.
    pub event: Uuid,
    /// When the order was placed, microseconds since 1970 UTC.
    pub placed: i64,
    /// The order, by the last 48 bits of its id: of a v7 id random ones, not the time.
    pub order: u64,
    /// The total, minor units.
    pub amount: i64,
    /// The total's currency.
    pub currency: Fingerprint,
    /// Who ordered.
    pub customer: Fingerprint,
    /// The card, or another means of payment.
    pub card: Fingerprint,
    /// The device, where known.
    pub device: Option<Fingerprint>,
    /// Where the parcel goes.
    pub address: Fingerprint,
    /// The country it goes to.
    pub country: Fingerprint,
    /// The caller's network address, where known.
    pub ip: Option<Fingerprint>,
}

/// 128 bits that stand for a text: of one length and alphabet whatever the text was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(Uuid);

/// The first 32 bits of a fingerprint: enough to tell the few entries of one window apart.
pub type Mark = u32;

impl Fingerprint {
    /// The fingerprint of a text of some kind.
    #[must_use]
    pub fn of(kind: &str, text: &str) -> Self {
        Self(ids::from_parts(&[kind, text]))
    }

    /// All of it, as 32 hex digits: names a key.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.simple().to_string()
    }

    /// The first 32 bits. Entries have these.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.0.as_fields().0
    }
}

impl Sighting {
    /// What is remembered of an order that came by this event.
    #[must_use]
    pub fn of(event: Uuid, order: &Order) -> Self {
        Self {
            event,
            placed: order.placed_at.as_microsecond(),
            order: order.order_id.as_u64_pair().1 & 0xffff_ffff_ffff,
            amount: order.total,
            currency: Fingerprint::of("currency", &order.currency),
            customer: Fingerprint::of("customer", &order.customer_id),
            card: Fingerprint::of("card", &order.card_hash),
            device: order.device_hash.as_deref().map(|hash| Fingerprint::of("device", hash)),
            address: Fingerprint::of("address", &order.address_hash),
            country: Fingerprint::of("country", &order.delivery_country),
            ip: order.ip_hash.as_deref().map(|hash| Fingerprint::of("ip", hash)),
        }
    }

    /// What is remembered of a received order.
    #[must_use]
    pub fn received(received: &Received<OrderPlaced>) -> Self {
        Self::of(received.envelope.id, &received.event.order)
    }

    /// Whom and what labels can be of: its customer, card, device and address.
    pub(crate) fn named(&self) -> [Option<Fingerprint>; 4] {
        [Some(self.customer), Some(self.card), self.device, Some(self.address)]
    }

    /// Whether it is one of these customers, or has one of these cards, devices or addresses.
    pub(crate) fn names_any(&self, known: &HashSet<Fingerprint>) -> bool {
        self.named().iter().flatten().any(|named| known.contains(named))
    }
}
