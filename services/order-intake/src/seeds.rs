//! The catalogue's first stock, as receipts. Their ids and contents follow from the catalogue alone, so that seeding
//! again, by any instance, adds nothing.

use orderflow::{
    envelope::ids, events::StockAdjustmentRequested, fault::Fault, runtime::Root, trace::TraceContext,
};
use uuid::Uuid;

use crate::{
    catalogue::{Catalogue, Product},
    outbox::Outbox,
};

/// The source of seeds, and who asks for them.
const SOURCE: &str = "order-intake.seeds";

/// Publishes a receipt for every product with stock. Returns how many.
///
/// # Errors
/// As [`Outbox::send`].
pub async fn seed(catalogue: &Catalogue, outbox: &dyn Outbox) -> Result<usize, Fault> {
    let stocked = || catalogue.products().iter().filter(|product| product.stock > 0);
    let records = stocked()
        .map(|product| outbox.adjustment(&receipt(catalogue, product), root(catalogue, product)))
        .collect::<Result<Vec<_>, _>>()?;
    futures::future::try_join_all(records.iter().map(|record| outbox.send(record))).await?;
    Ok(records.len())
}

/// The receipt of one product's stock.
pub fn receipt(catalogue: &Catalogue, product: &Product) -> StockAdjustmentRequested {
    StockAdjustmentRequested {
        sku: product.sku.clone(),
        delta: product.stock,
        kind: "receipt".to_owned(),
        reason: format!("first stock of catalogue {}", catalogue.version()),
        requested_by: SOURCE.to_owned(),
        // Not now: a repeat of an event says the same.
        requested_at: catalogue.published_at(),
    }
}

/// The id of that receipt: once per SKU and catalogue version.
pub fn seed_id(catalogue: &Catalogue, product: &Product) -> Uuid {
    ids::of_root(&format!("{}@{}", product.sku, catalogue.version()), "seed")
}

fn root(catalogue: &Catalogue, product: &Product) -> Root {
    Root {
        id: seed_id(catalogue, product),
        source: SOURCE.to_owned(),
        correlation_id: format!("seed-{}", catalogue.version()),
        trace: TraceContext::root(),
    }
}
