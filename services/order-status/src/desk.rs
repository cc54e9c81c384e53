//! What every route works with.

use std::time::Duration;

use axum::extract::Request;
use orderflow::{
    clock::Clock,
    http::{
        InFlight, Problem,
        callers::{Caller, Callers},
        kind::UNAVAILABLE,
    },
};
use orderflow_letters::Access;
use uuid::Uuid;

use crate::{
    changes::Changes,
    commands::Commands,
    flow::Flow,
    line::Reader,
    log_end::{LogEnd, has_passed},
    models::Reports,
    order::Order,
    parties::Parties,
    problem_kind::UNKNOWN_ORDER,
    records::Records,
    timelines::Timelines,
};

/// Most bytes of a body.
pub const MAX_BODY: usize = 16 * 1024;
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
    /// Places for requests that are answered at once.
    pub in_flight: InFlight,
    /// Places for long polls and streams of events: apart, so that many that wait never keep out one that does not.
    pub waiting: InFlight,
    pub changes: Changes,
    /// Where dead letters are.
    pub letters: Access,
    pub flow: Flow,
    /// How a version that is tried does.
    pub reports: Reports,
    /// Single records of the log.
    pub records: Box<dyn Records>,
    pub clock: Clock,
}

impl Desk {
    /// Who calls.
    ///
    /// # Errors
    /// 401 for a token that proves nothing.
    pub fn caller(&self, request: &Request) -> Result<Caller, Problem> {
        self.callers.caller(request.headers(), request.extensions(), self.clock.now())
    }

    /// Who calls, if it is staff.
    ///
    /// # Errors
    /// 401 for a token that proves nothing, 403 for anybody else.
    pub fn staff(&self, request: &Request) -> Result<Caller, Problem> {
        self.callers.staff(request.headers(), request.extensions(), self.clock.now())
    }

    /// For whom an answer is that everybody gets, and staff with more in it. Whoever shows nothing that proves it is
    /// not staff, and hears no complaint.
    pub fn reader(&self, request: &Request) -> Reader {
        if self.staff(request).is_ok() { Reader::Staff } else { Reader::Anybody }
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
                return Err(Problem::new(&UNKNOWN_ORDER, "no order has this id"));
            }
            if tokio::time::Instant::now() > deadline {
                let detail = "the order is not known yet, and this service lags behind: try again";
                return Err(Problem::new(&UNAVAILABLE, detail).retry_after(CATCH_UP));
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Whom and what an order names, also long after its timeline has gone.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub async fn parties(&self, order_id: Uuid) -> Result<Parties, Problem> {
        if let Some(parties) = self.timelines.parties(order_id).await? {
            return Ok(parties);
        }
        self.order(order_id).await?;
        self.timelines.parties(order_id).await?.ok_or_else(|| {
            let detail = "the order's placement is not known yet: try again";
            Problem::new(&UNAVAILABLE, detail).retry_after(CATCH_UP)
        })
    }
}

/// The order id in a path.
///
/// # Errors
/// 404: whatever is no UUID is no order's.
pub fn order_id(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| Problem::new(&UNKNOWN_ORDER, "an order's id is a UUID"))
}
