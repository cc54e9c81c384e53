//! How stock and reservations follow from what inventory has said.

use async_trait::async_trait;
use orderflow::{
    events::{
        InventoryReleased, InventoryReserved, InventoryShipped, InventoryShortage, StockAdjusted,
        StockAdjustmentRefused,
    },
    fault::Fault,
    state::{
        Args, State,
        rebuild::{Fold, Logged},
    },
    topics::{INVENTORY, INVENTORY_LEVELS, Topic},
};
use uuid::Uuid;

use crate::{
    domain::{Fact, wanted},
    stock::{KEPT, RESTORE, push_lines},
};

/// Rebuilds stock, reservations and stored answers from `inventory` and `inventory.levels`.
#[derive(Debug, Clone, Copy)]
pub struct FoldStock;

/// Something inventory has said.
#[derive(Debug, Clone)]
pub struct Past {
    /// The event's id.
    pub id: Uuid,
    /// The input event it answered.
    pub cause: Option<Uuid>,
    /// What it said.
    pub fact: Fact,
}

#[async_trait]
impl Fold for FoldStock {
    fn sources(&self) -> Vec<Topic> {
        vec![INVENTORY, INVENTORY_LEVELS]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let mut past = Vec::with_capacity(batch.len());
        for logged in batch {
            // A record type of a later version tells nothing to this one.
            if let Some(fact) = read(logged)? {
                past.push(Past { id: logged.envelope.id, cause: logged.envelope.causation_id, fact });
            }
        }
        Self::restore(state, &past).await
    }
}

impl FoldStock {
    /// Puts events into the state, in one call: in any order, any number of times.
    ///
    /// # Errors
    /// As [`State::call`]; `Poison` for an order without lines to reserve.
    pub async fn restore(state: &State, past: &[Past]) -> Result<(), Fault> {
        let mut args = Args::new();
        args.push(KEPT).push(past.len());
        for past in past {
            push(&mut args, past)?;
        }
        if past.is_empty() { Ok(()) } else { state.call(&RESTORE, args).await }
    }
}

fn read(logged: &Logged<'_>) -> Result<Option<Fact>, Fault> {
    Ok(if let Some(event) = logged.read::<InventoryReserved>()? {
        Some(event.into())
    } else if let Some(event) = logged.read::<InventoryShortage>()? {
        Some(event.into())
    } else if let Some(event) = logged.read::<InventoryReleased>()? {
        Some(event.into())
    } else if let Some(event) = logged.read::<InventoryShipped>()? {
        Some(event.into())
    } else if let Some(event) = logged.read::<StockAdjusted>()? {
        Some(event.into())
    } else {
        logged.read::<StockAdjustmentRefused>()?.map(Into::into)
    })
}

/// The arguments of one event, as `restore.lua` takes them.
fn push(args: &mut Args, Past { id, cause, fact }: &Past) -> Result<(), Fault> {
    // An answer is stored under the event it answered, as it was when it was given.
    let cause = cause.unwrap_or(*id).to_string();
    match fact {
        Fact::InventoryReserved(event) => {
            args.push("reserved").push(event.order.order_id.to_string());
            args.push(event.reserved_at.as_microsecond()).push(event.valid_until.as_microsecond());
            push_lines(args, &wanted(&event.order)?);
        }
        Fact::InventoryShortage(event) => {
            args.push("short").push(event.order.order_id.to_string()).push(event.refused_at.as_microsecond());
            args.push(event.short.len());
            for line in &event.short {
                args.push(&line.sku).push(line.requested).push(line.available);
            }
        }
        Fact::InventoryReleased(event) => {
            args.push("released").push(event.order.order_id.to_string());
            args.push(event.released_at.as_microsecond()).push(cause);
        }
        Fact::InventoryShipped(event) => {
            args.push("shipped").push(event.order.order_id.to_string());
            args.push(event.shipped_at.as_microsecond()).push(cause);
            push_lines(args, &wanted(&event.order)?);
        }
        Fact::StockAdjusted(event) => {
            args.push("answered").push(cause).push("").push(&event.sku).push(event.delta);
            args.push(event.on_hand).push(event.reserved).push(event.adjusted_at.as_microsecond());
        }
        Fact::StockAdjustmentRefused(event) => {
            args.push("answered").push(cause).push(&event.reason).push(&event.sku).push(event.delta);
            args.push(event.on_hand).push(event.reserved).push(event.refused_at.as_microsecond());
        }
    }
    Ok(())
}
