//! How stock and reservations follow from what inventory has said.

use std::collections::BTreeMap;

use async_trait::async_trait;
use orderflow::{
    clock::Clock,
    events::{
        InventoryReleased, InventoryReserved, InventoryShipped, InventoryShortage, StockAdjusted,
        StockAdjustmentRefused, StockSnapshot,
    },
    fault::Fault,
    state::{
        Args, State,
        rebuild::{Beyond, Fold, Logged, What},
    },
    topics::{INVENTORY, INVENTORY_LEVELS, INVENTORY_SNAPSHOTS, Topic},
};
use uuid::Uuid;

use crate::{
    domain::{Fact, wanted},
    snapshot::{self, Cut},
    stock::{KEPT, RESTORE, push_lines},
};

/// Seconds: while a fold runs, no mark may end.
const LEAST: i64 = 3_600;

/// Rebuilds stock, reservations and stored answers from the newest snapshot, `inventory` and `inventory.levels`.
#[derive(Clone)]
pub struct FoldStock {
    /// Tells what is left of the lives of answers.
    pub clock: Clock,
}

/// Something inventory has said.
#[derive(Debug, Clone)]
pub struct Past {
    /// The event's id.
    pub id: Uuid,
    /// The input event it answered.
    pub cause: Option<Uuid>,
    /// What it said.
    pub fact: Fact,
    /// For how many more seconds a repeat of the input is answered with it.
    pub life: i64,
    /// Whether its units count: a snapshot may have counted them.
    pub counts: bool,
}

impl Past {
    /// Something it says just now.
    #[must_use]
    pub fn now(id: Uuid, cause: Option<Uuid>, fact: Fact) -> Self {
        Self { id, cause, fact, life: KEPT, counts: true }
    }
}

#[async_trait]
impl Fold for FoldStock {
    fn sources(&self) -> Vec<Topic> {
        vec![INVENTORY_SNAPSHOTS, INVENTORY, INVENTORY_LEVELS]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let cut = Cut::of(state).await?;
        let (mut past, mut snapshots) = (Vec::with_capacity(batch.len()), Vec::new());
        for logged in batch {
            let age = self.clock.now().duration_since(logged.envelope.time).as_secs();
            let counts = !cut.includes(&logged.origin);
            if !counts && age > KEPT {
                continue; // counted, and its answer has ended
            }
            // A record type of a later version tells nothing to this one.
            if let Some(fact) = read(logged)? {
                let life = (KEPT - age).max(LEAST);
                let (id, cause) = (logged.envelope.id, logged.envelope.causation_id);
                past.push(Past { id, cause, fact, life, counts });
            } else {
                snapshots.extend(logged.read::<StockSnapshot>()?);
            }
        }
        snapshot::stage(state, &snapshots).await?;
        Self::restore(state, &past).await
    }

    async fn begins(
        &self,
        state: &State,
        topic: Topic,
        beginnings: &BTreeMap<i32, i64>,
    ) -> Result<(), Fault> {
        if topic == INVENTORY_SNAPSHOTS {
            return Ok(()); // compacted: the newest of each SKU is there
        }
        snapshot::apply(state).await?;
        Cut::of(state).await?.reaches(topic, beginnings)
    }

    fn beyond_the_log(&self) -> &'static [Beyond] {
        // Which snapshot a rebuild began with.
        &[Beyond { keys: "snapshot", what: What::All }]
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
fn push(args: &mut Args, Past { id, cause, fact, life, counts }: &Past) -> Result<(), Fault> {
    args.push(u8::from(*counts)).push(*life);
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
