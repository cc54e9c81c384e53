//! Sets stock aside for orders that may go on.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    events::{InventoryReserved, InventoryShortage, Order, OrderValidatedForFraud},
    faults::{Plant, planted},
    step::{Outcome, Received, Step, Verdicts},
};

use crate::{
    domain,
    stock::{Reservation, Stock, Verdict},
};

orderflow::events! {
    /// What becomes of an order's lines.
    pub enum ReservationEvent { InventoryReserved, InventoryShortage }
}

/// Sets all lines of an order aside, or none. Reads `fraud`, writes `inventory`.
pub struct OnOrderValidated {
    stock: Stock,
    clock: Clock,
    validity: SignedDuration,
}

impl OnOrderValidated {
    /// The step; the payment of an order may start for `validity` after its reservation.
    #[must_use]
    pub fn new(stock: Stock, clock: Clock, validity: SignedDuration) -> Self {
        Self { stock, clock, validity }
    }
}

impl Step for OnOrderValidated {
    const NAME: &'static str = "inventory.on_order_validated";
    type In = OrderValidatedForFraud;
    type Out = ReservationEvent;

    async fn handle(&self, batch: &[Received<OrderValidatedForFraud>]) -> Verdicts<ReservationEvent> {
        let now = self.clock.now();
        let valid_until = now.checked_add(self.validity).unwrap_or(Timestamp::MAX);
        let asked: Vec<_> = batch
            .iter()
            .map(|Received { event, .. }| {
                let lines = domain::wanted(&event.order)?;
                Ok(Reservation { order_id: event.order.order_id, lines })
            })
            .collect();
        let verdicts = self.stock.reserve(asked, now, valid_until).await?;
        let events = batch.iter().zip(verdicts).map(|(received, verdict)| {
            let verdict = verdict?;
            if planted(Plant::DedupeBeforeWork) && verdict.at().as_microsecond() < now.as_microsecond() {
                return Ok(Outcome::nothing());
            }
            Ok(Outcome::event(event(&received.event.order, verdict)))
        });
        Ok(events.collect())
    }
}

fn event(order: &Arc<Order>, verdict: Verdict) -> ReservationEvent {
    let order = order.clone();
    match verdict {
        Verdict::Reserved { reserved_at, valid_until } => {
            InventoryReserved { order, reserved_at, valid_until }.into()
        }
        Verdict::Short { short, refused_at } => InventoryShortage { order, short, refused_at }.into(),
    }
}
