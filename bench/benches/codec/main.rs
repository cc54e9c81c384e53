//! What reading and writing a record costs: `cargo bench -p bench --bench codec`. See `bench/README.md`.

mod envelopes;
mod turns;
mod ways;

use anyhow::Result;
use bench::records::example;
use orderflow::events::{Order, OrderPlaced, ShippingLabelGenerated};

/// As long as a name, an e-mail and an address are once they are sealed; the schemas' examples are shorter.
const SEALED: u8 = 180;

fn main() -> Result<()> {
    // Ids are texts in our schemas; apache-avro makes bytes of them unless it is told.
    apache_avro::util::set_serde_human_readable(true);
    let mut placed: OrderPlaced = example()?;
    placed.order = sealed(&placed.order).into();
    let mut labelled: ShippingLabelGenerated = example()?;
    labelled.order = sealed(&labelled.order).into();
    let envelope = envelopes::envelope(&placed);
    turns::measure(placed)?;
    turns::measure(labelled)?;
    envelopes::measure(&envelope)
}

fn sealed(order: &Order) -> Order {
    let mut order = order.clone();
    order.sealed.ciphertext = (0..SEALED).collect();
    order
}
