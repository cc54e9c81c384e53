//! What every route works with.

use std::time::Duration;

use axum::http::{Extensions, HeaderMap};
use orderflow::clock::Clock;
use uuid::Uuid;

use crate::{
    changes::Changes,
    commands::Commands,
    http::{
        kind::Kind,
        limits::Places,
        problem::Problem,
        staff::{Caller, Callers},
    },
    log_end::{LogEnd, has_passed},
    order::Order,
    timelines::Timelines,
};

/// How long a question after an unknown order waits for the timelines to catch up with the log.
const CATCH_UP: Duration = Duration::from_secs(5);
/// How often it looks.
const GLANCE: Duration = Duration::from_millis(50);

/// The adapters and settings behind the routes.
pub struct Desk {
    pub timelines: Timelines,
    pub commands: Commands,
    /// Where `orders` ends.
    pub log_end: Box<dyn LogEnd>,
    pub callers: Callers,
    pub places: Places,
    pub changes: Changes,
    pub clock: Clock,
}

impl Desk {
    /// Who calls.
    ///
    /// # Errors
    /// 401 for a token that proves nothing.
    pub fn caller(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<Caller, Problem> {
        self.callers.caller(headers, extensions, self.clock.now())
    }

    /// The order. One that is not known yet is looked for until the timelines have passed the end that `orders` had
    /// when it was asked for: whoever has got its 202 never gets a 404.
    ///
    /// # Errors
    /// 404 when there is none; 503 when that cannot be told now.
    pub async fn order(&self, order_id: Uuid) -> Result<Order, Problem> {
        if let Some(order) = self.timelines.order(order_id).await? {
            return Ok(order);
        }
        let ends = self.log_end.ends().await?;
        let deadline = tokio::time::Instant::now() + CATCH_UP;
        loop {
            // Offsets first: what they cover is on a timeline that is read afterwards.
            let passed = has_passed(&self.timelines.applied().await?, &ends);
            if let Some(order) = self.timelines.order(order_id).await? {
                return Ok(order);
            }
            if passed {
                return Err(Problem::new(Kind::UnknownOrder, "no order has this id"));
            }
            if tokio::time::Instant::now() > deadline {
                let detail = "the order is not known yet, and this service lags behind: try again";
                return Err(Problem::new(Kind::Unavailable, detail).retry_after(CATCH_UP));
            }
            tokio::time::sleep(GLANCE).await;
        }
    }
}

/// The order id in a path.
///
/// # Errors
/// 404: whatever is no UUID is no order's.
pub fn order_id(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| Problem::new(Kind::UnknownOrder, "an order's id is a UUID"))
}
