//! Who gets a parcel: opens the personal data that travels sealed with the order.

use std::sync::Arc;

use orderflow::{
    events::Order,
    fault::Fault,
    sealed::{OpeningKeys, Person, open},
};

/// Opens sealed personal data.
#[derive(Clone)]
pub struct Addressees(Arc<dyn OpeningKeys>);

impl Addressees {
    /// With these keys.
    #[must_use]
    pub fn new(keys: Arc<dyn OpeningKeys>) -> Self {
        Self(keys)
    }

    /// Who gets the order. `None`: the person was erased, or the sealed data is damaged for good.
    ///
    /// # Errors
    /// Those of [`OpeningKeys::find`].
    pub async fn of(&self, order: &Order) -> Result<Option<Person>, Fault> {
        let Some(key) = self.0.find(&order.customer_id, order.sealed.key_id).await? else {
            return Ok(None);
        };
        let opened = open(&key, order.order_id, &order.sealed);
        if let Err(fault) = &opened {
            tracing::error!(order_id = %order.order_id, code = fault.code(), "personal data cannot be opened");
        }
        Ok(opened.ok())
    }

    /// Returns once it is known whom this instance must not know any more: see [`Self::remembers`].
    ///
    /// # Errors
    /// Those of [`OpeningKeys::catch_up`].
    pub async fn catch_up(&self) -> Result<(), Fault> {
        self.0.catch_up().await
    }

    /// Whether the person was not erased when [`Self::catch_up`] was called.
    ///
    /// # Errors
    /// Those of [`OpeningKeys::find`].
    pub async fn remembers(&self, order: &Order) -> Result<bool, Fault> {
        Ok(self.0.find(&order.customer_id, order.sealed.key_id).await?.is_some())
    }
}
