//! Goods on the shelf before anybody runs.

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use orderflow::{
    clock::Clock,
    envelope::ids,
    events::StockAdjusted,
    runtime::{Publisher, Root},
    trace::TraceContext,
};

use super::{
    ground::Field,
    orders::{SKUS, sku},
};

/// More than any run sells.
pub const UNITS: i64 = 1_000_000_000;
const AT_ONCE: usize = 500;

/// Writes what inventory would have answered to deliveries: it folds that when it starts.
pub async fn fill(field: &Field) -> Result<()> {
    let publisher = Publisher::new(field.kafka(), field.codec.clone(), field.place.names())?;
    let put = async |number: u32| {
        let event = StockAdjusted {
            sku: sku(number),
            delta: UNITS,
            kind: "receipt".to_owned(),
            on_hand: UNITS,
            reserved: 0,
            adjusted_at: Clock::system().now(),
        };
        let root = Root {
            id: ids::from_parts(&["bench", &event.sku]),
            source: "bench".to_owned(),
            correlation_id: "bench".to_owned(),
            trace: TraceContext::root(),
        };
        publisher.send(&publisher.prepare(&event, root)?).await?;
        anyhow::Ok(())
    };
    stream::iter(0..SKUS).map(put).buffer_unordered(AT_ONCE).try_collect().await
}
