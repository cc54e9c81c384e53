//! What is on the shelf, as the log alone tells it.

use std::collections::{BTreeMap, BTreeSet};

use orderflow::events::Order;
use uuid::Uuid;

use super::{Fact, Level};

/// The level of every SKU as the log alone tells it: the events of `inventory` and `inventory.levels`, each with its
/// event id, in any order and any number of times. Equal to what Redis holds once both topics are read to their end.
#[must_use]
pub fn levels<'a>(log: impl IntoIterator<Item = (Uuid, &'a Fact)>) -> BTreeMap<String, Level> {
    let mut levels = BTreeMap::<String, Level>::new();
    let (mut reservations, mut shipped) = (BTreeMap::<Uuid, &Order>::new(), BTreeMap::new());
    let (mut released, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for (id, fact) in log {
        match fact {
            Fact::InventoryReserved(event) => {
                reservations.entry(event.order.order_id).or_insert(&event.order);
            }
            Fact::InventoryReleased(event) => {
                released.insert(event.order.order_id);
            }
            Fact::InventoryShipped(event) => {
                shipped.entry(event.order.order_id).or_insert(&event.order);
            }
            Fact::StockAdjusted(event) if seen.insert(id) => {
                let on_hand = &mut levels.entry(event.sku.clone()).or_default().on_hand;
                *on_hand = on_hand.saturating_add(event.delta);
            }
            Fact::StockAdjusted(_) | Fact::StockAdjustmentRefused(_) | Fact::InventoryShortage(_) => {}
        }
    }
    reservations.retain(|order_id, _| !released.contains(order_id) && !shipped.contains_key(order_id));
    for line in reservations.values().flat_map(|order| &order.lines) {
        levels.entry(line.sku.clone()).or_default().reserved += i64::from(line.quantity);
    }
    for line in shipped.values().flat_map(|order| &order.lines) {
        levels.entry(line.sku.clone()).or_default().on_hand -= i64::from(line.quantity);
    }
    levels
}
