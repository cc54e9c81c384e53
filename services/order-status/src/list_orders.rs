//! `GET /orders`: orders, newest first, by customer, state and time, page by page. For staff.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query as Pairs, Request, State},
};
use jiff::Timestamp;
use orderflow::http::{Problem, query::Query};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    desk::Desk,
    order::{STATES, Summary},
    problem_kind::INVALID_QUERY,
    timelines::Index,
};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;
/// Entries of the index asked for at a time.
const CHUNK: usize = 100;
/// Most entries looked at for one page: a filter that hardly anything passes gives short pages, not slow ones.
const LOOKED_AT: usize = 1_000;

const TIME: &str = "a time such as 2025-11-21T12:00:00Z (RFC 3339)";

/// The answer.
#[derive(Debug, Serialize)]
pub struct Page {
    orders: Vec<Summary>,
    /// For the next page; `null` after the last. A page may be short and still have a next one.
    next: Option<String>,
}

/// What is asked for.
struct Asked {
    customer: Option<String>,
    state: Option<String>,
    /// Placed at that time or later, in microseconds.
    from: Option<i64>,
    /// Placed before that time, in microseconds.
    to: Option<i64>,
    limit: usize,
    after: Option<Cursor>,
}

/// A place in a list: the order that was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cursor {
    /// When it was placed, in microseconds.
    placed_at: i64,
    order_id: Uuid,
}

impl Cursor {
    fn read(text: &str) -> Option<Self> {
        let (placed_at, order_id) = text.split_once('-')?;
        Some(Self { placed_at: placed_at.parse().ok()?, order_id: order_id.parse().ok()? })
    }

    fn text(self) -> String {
        format!("{}-{}", self.placed_at, self.order_id)
    }
}

/// Handles `GET /orders`.
///
/// # Errors
/// 403 unless the caller is staff; 400 for parameters that cannot be meant.
pub async fn list_orders(
    State(desk): State<Arc<Desk>>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
    request: Request,
) -> Result<Json<Page>, Problem> {
    let _place = desk.in_flight.enter()?;
    desk.staff(&request)?;
    let asked = asked(pairs)?;
    desk.timelines.require_whole().await?;
    page(&desk, &asked).await.map(Json)
}

fn asked(pairs: Vec<(String, String)>) -> Result<Asked, Problem> {
    let mut query = Query::new(pairs);
    let time = |text: &str| text.parse().ok().map(Timestamp::as_microsecond);
    let asked = Asked {
        from: query.take("from", TIME, time),
        to: query.take("to", TIME, time),
        customer: query.take("customer", "a customer's id", |id| (!id.is_empty()).then(|| id.to_owned())),
        state: query.take("state", &format!("one of {}", STATES.join(", ")), |state| {
            STATES.contains(&state).then(|| state.to_owned())
        }),
        limit: query.limit(DEFAULT_LIMIT, MAX_LIMIT),
        after: query.take("cursor", "`next` of the page before", Cursor::read),
    };
    query.finish(&INVALID_QUERY)?;
    Ok(asked)
}

async fn page(desk: &Desk, asked: &Asked) -> Result<Page, Problem> {
    let index = match (&asked.customer, &asked.state) {
        (Some(customer), _) => Index::Customer(customer),
        (None, Some(state)) => Index::State(state),
        (None, None) => Index::All,
    };
    let mut orders = Vec::new();
    let mut last = asked.after;
    for _ in 0..LOOKED_AT / CHUNK {
        let chunk = chunk(desk, index, asked, last).await?;
        let ids: Vec<Uuid> = chunk.iter().map(|cursor| cursor.order_id).collect();
        for (cursor, summary) in chunk.iter().zip(desk.timelines.summaries(&ids).await?) {
            last = Some(*cursor);
            let wanted = |order: &Summary| asked.state.as_ref().is_none_or(|state| *state == order.state);
            orders.extend(summary.filter(wanted));
            if orders.len() == asked.limit {
                return Ok(Page { orders, next: last.map(Cursor::text) });
            }
        }
        if chunk.len() < CHUNK {
            return Ok(Page { orders, next: None });
        }
    }
    Ok(Page { orders, next: last.map(Cursor::text) })
}

/// The next entries of an index. Orders placed in one microsecond stand in falling order of their ids.
async fn chunk(
    desk: &Desk,
    index: Index<'_>,
    asked: &Asked,
    after: Option<Cursor>,
) -> Result<Vec<Cursor>, Problem> {
    let mut skip = 0;
    let latest = asked.to.map(|to| to.saturating_sub(1));
    let from = after.map(|cursor| cursor.placed_at).into_iter().chain(latest).min();
    let mut found: Vec<Cursor> = Vec::new();
    loop {
        let read = desk.timelines.newest(index, from, asked.from, skip, CHUNK).await?;
        let at_end = read.len() < CHUNK;
        skip += read.len();
        let cursors = read.into_iter().map(|(order_id, placed_at)| Cursor { placed_at, order_id });
        found.extend(cursors.filter(|cursor| after.is_none_or(|after| *cursor < after)));
        if at_end || found.len() >= CHUNK {
            found.truncate(CHUNK);
            return Ok(found);
        }
    }
}
