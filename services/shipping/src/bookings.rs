//! Remembers which pickups are booked: a window that is booked takes more parcels without another call.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use orderflow::fault::Fault;
use uuid::Uuid;

use crate::{
    carrier::{Answer, Carrier, Label, Parcel},
    pickups::Window,
};

/// Most bookings remembered; the earliest go first. Parcels only ever need the next few windows.
const MOST: usize = 32;

/// A carrier that is asked for each pickup once.
pub struct Bookings {
    carrier: Arc<dyn Carrier>,
    booked: Mutex<BTreeMap<(Window, String), String>>,
}

impl Bookings {
    /// In front of this carrier.
    #[must_use]
    pub fn new(carrier: Arc<dyn Carrier>) -> Self {
        Self { carrier, booked: Mutex::default() }
    }

    fn remembered(&self, place: &(Window, String)) -> Option<String> {
        self.booked.lock().unwrap_or_else(PoisonError::into_inner).get(place).cloned()
    }
}

#[async_trait]
impl Carrier for Bookings {
    async fn buy(&self, parcel: &Parcel<'_>) -> Result<Answer, Fault> {
        self.carrier.buy(parcel).await
    }

    async fn find(&self, order_id: Uuid) -> Result<Option<Label>, Fault> {
        self.carrier.find(order_id).await
    }

    async fn void(&self, order_id: Uuid) -> Result<Option<Label>, Fault> {
        self.carrier.void(order_id).await
    }

    async fn book(&self, window: Window, depot: &str) -> Result<String, Fault> {
        let place = (window, depot.to_owned());
        if let Some(id) = self.remembered(&place) {
            return Ok(id);
        }
        let id = self.carrier.book(window, depot).await?;
        let mut booked = self.booked.lock().unwrap_or_else(PoisonError::into_inner);
        booked.insert(place, id.clone());
        while booked.len() > MOST {
            booked.pop_first();
        }
        Ok(id)
    }
}
