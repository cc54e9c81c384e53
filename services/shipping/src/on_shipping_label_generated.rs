//! Makes a label printable and has the parcel fetched.

mod documents;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::{
    future::join_all,
    stream::{StreamExt, iter},
};
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    events::{LabelDocumentStored, PickupScheduled, ShippingLabelGenerated},
    fault::Fault,
    step::{Outcome, Received, Step, Verdicts},
};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::{
    addressees::Addressees,
    carrier::Carrier,
    label_store::{LabelStore, Paths},
    papers::{Folder, Papers, Pickup},
    pickups::{Schedule, Window},
};

/// Most labels rendered and stored at the same time: each document takes a thread while it is written to a folder, or a
/// connection to a bucket.
const SIDE_BY_SIDE: usize = 16;

orderflow::events! {
    /// What becomes of a label.
    #[derive(PartialEq)]
    pub enum DispatchEvent { LabelDocumentStored, PickupScheduled }
}

/// Renders and stores labels, and books pickups. Reads `shipping`, writes `shipping`.
///
/// Rendering again gives the same bytes at the same place, and parcels of one window share a pickup, so both are safe
/// to repeat; what was told of them is kept, and a repeat tells the same.
pub struct OnShippingLabelGenerated {
    /// What is done for each order.
    pub folder: Folder,
    /// Who gets the parcels.
    pub addressees: Addressees,
    /// Where documents go.
    pub store: LabelStore,
    /// Who fetches the parcels.
    pub carrier: Arc<dyn Carrier>,
    /// The time.
    pub clock: Clock,
    /// What is the same for every label.
    pub house: House,
}

/// What is the same for every label of this shop.
#[derive(Debug, Clone)]
pub struct House {
    /// The sender's address, line by line.
    pub from: Vec<String>,
    /// The carrier's name of the loading door.
    pub depot: String,
    /// When parcels are fetched.
    pub schedule: Schedule,
    /// The estimated weight of one unit of anything.
    pub grams_per_unit: u32,
    /// How long storing and booking of a batch may take.
    pub batch: Duration,
}

/// A pickup for each window the batch needs, or why there is none.
type Booked = BTreeMap<Window, Result<Pickup, Fault>>;

impl Step for OnShippingLabelGenerated {
    const NAME: &'static str = "shipping.on_shipping_label_generated";
    const GATHERS: bool = true;
    type In = ShippingLabelGenerated;
    type Out = DispatchEvent;

    async fn handle(&self, batch: &[Received<ShippingLabelGenerated>]) -> Verdicts<DispatchEvent> {
        let (now, deadline) = (self.clock.now(), Instant::now() + self.house.batch);
        let ids = batch.iter().map(|r| r.event.order.order_id);
        let nothing: Vec<(Uuid, Papers)> = ids.map(|id| (id, Papers::default())).collect();
        let known = self.folder.keep(&nothing).await?;
        let labels = || batch.iter().zip(&known);
        let storing: Vec<_> = labels().map(|(r, papers)| self.stored(&r.event, papers, deadline)).collect();
        let missing = labels().filter(|(_, papers)| papers.pickup.is_none());
        let windows = missing.filter_map(|(r, _)| self.window(&r.event, now)).collect();
        let few_at_a_time = iter(storing).buffered(SIDE_BY_SIDE).collect();
        let (stored, bookings) = tokio::join!(few_at_a_time, self.book(windows, deadline));
        let stored = self.lasting(batch, &known, stored).await;
        let done = batch.iter().zip(known).zip(stored).map(|((r, known), stored)| {
            let stored_at = Some(stored?);
            let pickup = match known.pickup {
                Some(pickup) => pickup,
                None => booked(self.window(&r.event, now), &bookings)?,
            };
            Ok(Papers { stored_at, pickup: Some(pickup) })
        });
        self.keep(batch, done.collect()).await
    }
}

impl OnShippingLabelGenerated {
    /// The window of a parcel: by when its label was made, or by now when that was long ago, since nobody comes
    /// yesterday.
    fn window(&self, event: &ShippingLabelGenerated, now: Timestamp) -> Option<Window> {
        self.house.schedule.next(event.generated_at.max(now), &event.service_level)
    }

    /// Books every window that parcels of the batch need, once.
    async fn book(&self, windows: BTreeSet<Window>, deadline: Instant) -> Booked {
        let booking = windows.into_iter().map(async |window| {
            let late =
                |_| Fault::transient("carrier_timeout", "no answer from the carrier in the batch's time");
            let asked = timeout_at(deadline, self.carrier.book(window, &self.house.depot)).await;
            let booked = asked.map_err(late).flatten().map(|pickup_id| {
                let Window { start, end } = window;
                Pickup { pickup_id, window_start: start, window_end: end, scheduled_at: self.clock.now() }
            });
            (window, booked)
        });
        join_all(booking).await.into_iter().collect()
    }

    /// Keeps what was done and turns what holds into events; a fault stays with its record.
    async fn keep(
        &self,
        batch: &[Received<ShippingLabelGenerated>],
        done: Vec<Result<Papers, Fault>>,
    ) -> Verdicts<DispatchEvent> {
        let known = batch.iter().zip(&done);
        let known = known.filter_map(|(r, done)| Some((r.event.order.order_id, done.as_ref().ok()?.clone())));
        let mut held = self.folder.keep(&known.collect::<Vec<_>>()).await?.into_iter();
        let verdict = |(r, done): (&Received<ShippingLabelGenerated>, Result<Papers, Fault>)| {
            // `keep` answers for each of the papers it was given, in their order.
            done.map(|done| Outcome::events(events(&r.event, held.next().unwrap_or(done))))
        };
        Ok(batch.iter().zip(done).map(verdict).collect())
    }
}

/// The pickup of this window.
fn booked(window: Option<Window>, bookings: &Booked) -> Result<Pickup, Fault> {
    match window.and_then(|window| bookings.get(&window)) {
        Some(Ok(pickup)) => Ok(pickup.clone()),
        Some(Err(fault)) => Err(fault.again()),
        None => Err(Fault::poison("no_pickup_window", "no pickup window follows the time of the label")),
    }
}

/// What to tell of the papers that hold.
fn events(event: &ShippingLabelGenerated, papers: Papers) -> Vec<DispatchEvent> {
    let order_id = event.order.order_id;
    let Paths { zpl, pdf } = Paths::of(order_id, event.generated_at);
    let stored = papers.stored_at.map(|stored_at| {
        let tracking_number = event.tracking_number.clone();
        LabelDocumentStored { order_id, tracking_number, zpl_path: zpl, pdf_path: pdf, stored_at }.into()
    });
    let scheduled = papers.pickup.map(|Pickup { pickup_id, window_start, window_end, scheduled_at }| {
        PickupScheduled { order_id, pickup_id, window_start, window_end, scheduled_at }.into()
    });
    stored.into_iter().chain(scheduled).collect()
}
