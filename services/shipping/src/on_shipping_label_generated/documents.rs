//! The documents of a label: rendered, stored, and deleted again when their person is erased.
//!
//! No document outlives its person's erasure. Whoever erases writes the tombstones first, and then deletes the documents
//! of every label that is on the log. What is stored after that would stay; hence the second look at the key, after
//! storing, at the end of `customer.keys` as it is by then: a tombstone that is not there yet will be followed by that
//! deletion.

use futures::future::join_all;
use jiff::Timestamp;
use orderflow::{events::ShippingLabelGenerated, fault::Fault, step::Received};
use tokio::time::Instant;

use super::OnShippingLabelGenerated;
use crate::{
    domain,
    label::{Label, pdf, zpl},
    label_store::Paths,
    papers::Papers,
};

impl OnShippingLabelGenerated {
    /// Renders and stores the documents, unless it is known when that was done.
    pub(super) async fn stored(
        &self,
        event: &ShippingLabelGenerated,
        known: &Papers,
        deadline: Instant,
    ) -> Result<Timestamp, Fault> {
        if let Some(stored_at) = known.stored_at {
            return Ok(stored_at);
        }
        let order = &event.order;
        let Some(person) = self.addressees.of(order).await? else {
            return Err(self.unprinted(event).await);
        };
        let weight = domain::weight_grams(&order.lines, self.house.grams_per_unit);
        let label = Label::new(event, &person, &self.house.from, weight);
        let paths = Paths::of(order.order_id, event.generated_at);
        self.store.put(&paths, zpl(&label), pdf(&label)?, deadline).await?;
        Ok(self.clock.now())
    }

    /// Looks again at the keys of what was just stored: the documents of whoever was erased meanwhile go.
    pub(super) async fn lasting(
        &self,
        batch: &[Received<ShippingLabelGenerated>],
        known: &[Papers],
        stored: Vec<Result<Timestamp, Fault>>,
    ) -> Vec<Result<Timestamp, Fault>> {
        let is_new =
            |(papers, stored): (&Papers, &Result<_, _>)| papers.stored_at.is_none() && stored.is_ok();
        if !known.iter().zip(&stored).any(is_new) {
            return stored;
        }
        let caught_up = self.addressees.catch_up().await;
        let looking = batch.iter().zip(known).zip(stored).map(async |((r, papers), stored)| {
            if !is_new((papers, &stored)) {
                return stored;
            }
            caught_up.as_ref().map_err(Fault::again)?;
            match self.addressees.remembers(&r.event.order).await? {
                true => stored,
                false => Err(self.unprinted(&r.event).await),
            }
        });
        join_all(looking).await
    }

    /// Sees to it that nothing is printed for a person who was erased, and says so; or why that failed.
    async fn unprinted(&self, event: &ShippingLabelGenerated) -> Fault {
        let Paths { zpl, pdf } = Paths::of(event.order.order_id, event.generated_at);
        match self.store.delete(&[zpl, pdf]).await {
            Ok(_) => {
                let message = "the person was erased after the label was bought: void it at the carrier";
                Fault::poison("person_erased", message)
            }
            Err(fault) => fault,
        }
    }
}
