//! What of an order is remembered: its time, its amount, and fingerprints of who and what was involved.

use orderflow::{
    envelope::ids,
    events::{Order, OrderPlaced},
    state::Args,
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

    /// The first 32 bits: the first 8 digits of the key. Entries have these.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.0.as_fields().0
    }
}

fn text(mark: Mark) -> String {
    format!("{mark:08x}")
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

    /// Appends it to a script's arguments, in the sequence of `read_order()` in `windows.lua`.
    pub fn push_to(&self, args: &mut Args) {
        let optional = |fingerprint: &Option<Fingerprint>| {
            fingerprint.as_ref().map(Fingerprint::key).unwrap_or_default()
        };
        args.push(self.event.simple().to_string())
            .push(self.placed)
            .push(format!("{:012x}", self.order))
            .push(self.amount)
            .push(text(self.currency.mark()))
            .push(self.customer.key())
            .push(self.card.key())
            .push(optional(&self.device))
            .push(self.address.key())
            .push(text(self.country.mark()))
            .push(optional(&self.ip));
    }
}
