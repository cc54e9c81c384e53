//! Inventory without Redis, as plainly as it can be said: what the scripts must agree with.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use inventory::domain::{self, Ending, Fact, Level};
use jiff::Timestamp;
use orderflow::events::{
    InventoryReleased, InventoryReserved, InventoryShipped, InventoryShortage, Order, StockAdjusted,
    StockAdjustmentRefused, StockAdjustmentRequested,
};
use uuid::Uuid;

use crate::service::VALIDITY;

/// Inventory in plain maps.
#[derive(Default)]
pub struct Model {
    pub levels: BTreeMap<String, Level>,
    decided: HashMap<Uuid, Fact>,
    settled: HashMap<Uuid, (Uuid, Fact)>,
    answered: HashMap<Uuid, Fact>,
}

impl Model {
    /// `at` is when a new decision falls; a repeat ignores it.
    pub fn reserve(&mut self, order: &Arc<Order>, at: Timestamp) -> Fact {
        if let Some(first) = self.decided.get(&order.order_id) {
            return first.clone();
        }
        let wanted = domain::wanted(order).unwrap();
        let level = |sku: &str| self.levels.get(sku).copied().unwrap_or_default();
        let order = order.clone();
        let fact: Fact = match domain::reserve(&wanted, level) {
            Err(short) => InventoryShortage { order: order.clone(), short, refused_at: at }.into(),
            Ok(()) => {
                for line in wanted {
                    self.levels.entry(line.sku).or_default().reserved += line.units;
                }
                let valid_until = at + VALIDITY;
                InventoryReserved { order: order.clone(), reserved_at: at, valid_until }.into()
            }
        };
        self.decided.insert(order.order_id, fact.clone());
        fact
    }

    /// For this reason.
    pub fn release(&mut self, cause: Uuid, order: &Arc<Order>, reason: &str, at: Timestamp) -> Option<Fact> {
        let (order, reason) = (order.clone(), reason.to_owned());
        let fact = InventoryReleased { order: order.clone(), reason, released_at: at };
        self.settle(cause, &order, Ending::Released, fact.into())
    }

    pub fn ship(&mut self, cause: Uuid, order: &Arc<Order>, at: Timestamp) -> Option<Fact> {
        let fact = InventoryShipped { order: order.clone(), shipped_at: at };
        self.settle(cause, order, Ending::Shipped, fact.into())
    }

    fn settle(&mut self, cause: Uuid, order: &Order, ending: Ending, fact: Fact) -> Option<Fact> {
        if let Some((by, first)) = self.settled.get(&order.order_id) {
            return (*by == cause).then(|| first.clone());
        }
        let Some(Fact::InventoryReserved(reserved)) = self.decided.get(&order.order_id) else { return None };
        for line in &reserved.order.lines {
            let level = self.levels.entry(line.sku.clone()).or_default();
            *level = domain::settle(*level, line.quantity.into(), ending);
        }
        self.settled.insert(order.order_id, (cause, fact.clone()));
        Some(fact)
    }

    pub fn adjust(&mut self, cause: Uuid, request: &StockAdjustmentRequested, at: Timestamp) -> Fact {
        if let Some(first) = self.answered.get(&cause) {
            return first.clone();
        }
        let (sku, delta, kind) = (request.sku.clone(), request.delta, request.kind.clone());
        let level = self.levels.get(&sku).copied().unwrap_or_default();
        let fact: Fact = match domain::adjust(level, delta) {
            Ok(level) => {
                self.levels.insert(sku.clone(), level);
                let Level { on_hand, reserved } = level;
                StockAdjusted { sku, delta, kind, on_hand, reserved, adjusted_at: at }.into()
            }
            Err(refusal) => {
                let Level { on_hand, reserved } = level;
                let reason = refusal.code().to_owned();
                StockAdjustmentRefused { sku, delta, on_hand, reserved, reason, refused_at: at }.into()
            }
        };
        self.answered.insert(cause, fact.clone());
        fact
    }
}
