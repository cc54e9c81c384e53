//! Takes note that a customer was erased.

use orderflow::{
    events::{CustomerErased, Nothing},
    state::State,
    step::{Outcome, Received, Step, Verdicts},
};
use uuid::Uuid;

use crate::erased::take_note;

/// Remembers which data keys are gone. Reads `audit`, writes nothing.
///
/// Never by customer id: whoever comes back under the same id is somebody new, with a new key. The orders themselves are
/// not touched: whether one is erased is looked up when it is read, so either may come first.
pub struct OnCustomerErased(pub State);

impl Step for OnCustomerErased {
    const NAME: &'static str = "order-status.on_customer_erased";
    const GATHERS: bool = true;
    type In = CustomerErased;
    type Out = Nothing;

    async fn handle(&self, batch: &[Received<CustomerErased>]) -> Verdicts<Nothing> {
        let keys: Vec<Uuid> = batch.iter().flat_map(|received| received.event.keys.iter().copied()).collect();
        take_note(&self.0, &keys).await?;
        Ok(batch.iter().map(|_| Ok(Outcome::nothing())).collect())
    }
}
