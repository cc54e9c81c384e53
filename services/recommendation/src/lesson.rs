//! What an event teaches.

use std::collections::HashSet;

use jiff::Timestamp;
use orderflow::{
    envelope::Envelope,
    events::{CartUpdated, OrderPlaced, ProductViewed},
};
use uuid::Uuid;

/// What kind of event it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Products were ordered.
    Ordered,
    /// One was viewed.
    Viewed,
    /// The cart is now this.
    Cart,
}

impl Deed {
    /// How long a repeat of such an event is recognised, in seconds. Of an order longer than its dead letter can wait for
    /// its redrive; of activity a day longer than its topic keeps it.
    #[must_use]
    pub fn remembered(self) -> i64 {
        let days = match self {
            Self::Ordered => 35,
            Self::Viewed | Self::Cart => 4,
        };
        days * 86_400
    }
}

/// What an event teaches: who did what with which products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The event's id: it teaches once.
    pub event: Uuid,
    /// Whose it is.
    pub customer: String,
    /// When, by the event itself.
    pub at: Timestamp,
    /// What was done.
    pub deed: Deed,
    /// With which products, each once; one for a view.
    pub skus: Vec<String>,
}

impl Lesson {
    /// Of an order.
    #[must_use]
    pub fn of_order(event: &OrderPlaced, envelope: &Envelope) -> Self {
        let order = &event.order;
        Self {
            event: envelope.id,
            customer: order.customer_id.clone(),
            at: order.placed_at,
            deed: Deed::Ordered,
            skus: distinct(order.lines.iter().map(|line| line.sku.as_str())),
        }
    }

    /// Of a view.
    #[must_use]
    pub fn of_view(event: &ProductViewed, envelope: &Envelope) -> Self {
        Self {
            event: envelope.id,
            customer: event.customer_id.clone(),
            at: event.viewed_at,
            deed: Deed::Viewed,
            skus: distinct([event.sku.as_str()].into_iter()),
        }
    }

    /// Of a cart.
    #[must_use]
    pub fn of_cart(event: &CartUpdated, envelope: &Envelope) -> Self {
        Self {
            event: envelope.id,
            customer: event.customer_id.clone(),
            at: event.updated_at,
            deed: Deed::Cart,
            skus: distinct(event.lines.iter().map(|line| line.sku.as_str())),
        }
    }
}

/// Each once, where it stands first. A line break separates SKUs in a kept cart, so none may hold one; intake's never do.
fn distinct<'a>(skus: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = HashSet::new();
    skus.filter(|sku| !sku.contains('\n') && seen.insert(*sku)).map(str::to_owned).collect()
}
