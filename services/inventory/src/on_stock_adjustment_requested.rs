//! Answers requests to change what is on the shelf.

use orderflow::{
    clock::Clock,
    events::{StockAdjusted, StockAdjustmentRefused, StockAdjustmentRequested},
    step::{Outcome, Received, Step, Verdicts},
};

use crate::{
    domain,
    stock::{Adjusted, Adjustment, Stock},
};

orderflow::events! {
    /// The answer to a stock adjustment.
    pub enum LevelEvent { StockAdjusted, StockAdjustmentRefused }
}

/// Applies stock adjustments, or refuses them. Reads `inventory.stock`, writes `inventory.levels`.
pub struct OnStockAdjustmentRequested {
    stock: Stock,
    clock: Clock,
}

impl OnStockAdjustmentRequested {
    /// The step.
    #[must_use]
    pub fn new(stock: Stock, clock: Clock) -> Self {
        Self { stock, clock }
    }
}

impl Step for OnStockAdjustmentRequested {
    const NAME: &'static str = "inventory.on_stock_adjustment_requested";
    type In = StockAdjustmentRequested;
    type Out = LevelEvent;

    async fn handle(&self, batch: &[Received<StockAdjustmentRequested>]) -> Verdicts<LevelEvent> {
        let asked = batch.iter().map(|Received { event, envelope, .. }| {
            domain::check(event)?;
            Ok(Adjustment { cause: envelope.id, sku: event.sku.clone(), delta: event.delta })
        });
        let answers = self.stock.adjust(asked.collect(), self.clock.now()).await?;
        let events = batch.iter().zip(answers).map(|(received, adjusted)| {
            adjusted.map(|adjusted| Outcome::event(event(&received.event, adjusted)))
        });
        Ok(events.collect())
    }
}

fn event(request: &StockAdjustmentRequested, Adjusted { refused, level, at }: Adjusted) -> LevelEvent {
    let (sku, delta, kind) = (request.sku.clone(), request.delta, request.kind.clone());
    let domain::Level { on_hand, reserved } = level;
    match refused {
        None => StockAdjusted { sku, delta, kind, on_hand, reserved, adjusted_at: at }.into(),
        Some(refusal) => {
            let reason = refusal.code().to_owned();
            StockAdjustmentRefused { sku, delta, on_hand, reserved, reason, refused_at: at }.into()
        }
    }
}
