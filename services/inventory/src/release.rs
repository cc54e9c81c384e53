//! How a release is told, whatever brought it about.

use std::sync::Arc;

use jiff::Timestamp;
use orderflow::{
    events::{InventoryReleased, Order, Record},
    step::{Outcome, Received, Verdicts},
};

use crate::{
    domain::Ending,
    stock::{Settlement, Stock},
};

/// Frees what is set aside for these orders, for this reason.
///
/// An order for which nothing is set aside has nothing to free and nothing to say: its reservation has ended, and that
/// was told, or it was never reserved. Nothing is remembered then, so that a repeat after a late reservation still
/// frees it: units must not wait for an order that is over.
pub(crate) async fn release<R: Record>(
    stock: &Stock,
    now: Timestamp,
    batch: &[Received<R>],
    order: impl Fn(&R) -> &Arc<Order> + Send,
    reason: &str,
) -> Verdicts<InventoryReleased> {
    let asked = batch.iter().map(|received| Settlement {
        order_id: order(&received.event).order_id,
        cause: received.envelope.id,
    });
    let asked: Vec<_> = asked.collect();
    let released = stock.settle(Ending::Released, asked.into_iter(), now).await?;
    let outcomes = batch.iter().zip(released).map(|(received, released)| {
        let order = order(&received.event).clone();
        let Some(released_at) = released else {
            tracing::info!(order_id = %order.order_id, reason, "nothing is reserved for this order: nothing to release");
            return Ok(Outcome::nothing());
        };
        Ok(Outcome::event(InventoryReleased { order, reason: reason.to_owned(), released_at }))
    });
    Ok(outcomes.collect())
}
