//! `GET /dead-letters…`: what there is.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, Query as Pairs, Request, State},
};
use orderflow::http::{Problem, query::Query};
use orderflow_letters::{
    Filter, Letter, Standing,
    access::groups,
    filter::{Condition, age},
    shelf::one,
    stats,
    values::Values,
};
use serde_json::{Value, json};

use super::{group, letters, problem, which};
use crate::{desk::Desk, problem_kind::INVALID_QUERY};

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;
const STANDINGS: [&str; 4] = ["open", "parked", "settled", "discarded"];

/// Which letters are asked for.
struct Asked {
    group: Option<String>,
    filter: Filter,
    standing: Option<String>,
    limit: usize,
    skip: usize,
}

/// Handles `GET /dead-letters`.
///
/// # Errors
/// 403 unless the caller is staff; 400 for parameters that cannot be meant; 503 when Kafka does not answer.
pub async fn list(
    State(desk): State<Arc<Desk>>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let _place = desk.in_flight.enter()?;
    desk.staff(&request)?;
    let asked = asked(pairs)?;
    let mut found = found(&desk, &asked).await?;
    let wanted = asked.standing.as_deref().unwrap_or(Standing::Open.name());
    found.retain(|letter| letter.standing.name() == wanted);
    let more = found.len() > asked.skip + asked.limit;
    let page: Vec<Value> = found.iter().skip(asked.skip).take(asked.limit).map(Letter::as_json).collect();
    let next = more.then(|| (asked.skip + asked.limit).to_string());
    Ok(Json(json!({ "dead_letters": page, "next": next })))
}

/// Handles `GET /dead-letters/stats`.
///
/// # Errors
/// As [`list`].
pub async fn stats(
    State(desk): State<Arc<Desk>>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let _place = desk.in_flight.enter()?;
    desk.staff(&request)?;
    let found = found(&desk, &asked(pairs)?).await?;
    Ok(Json(json!({ "stats": stats::as_json(&stats::stats(&found), desk.clock.now()) })))
}

/// Handles `GET /dead-letters/{group}/{letter}`: all of one, with its value by its schema.
///
/// # Errors
/// 403 unless the caller is staff; 404 when there is none; 503 when Kafka or the registry does not answer.
pub async fn show(
    State(desk): State<Arc<Desk>>,
    Path((name, letter)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let _place = desk.in_flight.enter()?;
    desk.staff(&request)?;
    let which = which(&letter)?;
    let letter = one(letters(&desk, group(&name)?).await?, which).map_err(problem)?;
    let mut values = Values::new(desk.letters.registry.clone()).map_err(problem)?;
    values.shown(&letter).await.map(Json).map_err(problem)
}

fn asked(pairs: Vec<(String, String)>) -> Result<Asked, Problem> {
    let mut query = Query::new(pairs);
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let known = |name: &str| group(name).ok().map(str::to_owned);
    let ago = |text: &str| -> Option<Duration> { age(text).ok() };
    let asked = Asked {
        group: query.take("group", "a service with a group of its own", known),
        filter: Filter {
            topic: query.take("topic", "a topic", text),
            code: query.take("code", "an error code", text),
            record: query.take("record", "a record type", text),
            key: query.take("key", "a key, such as an order's id", text),
            older: query.take("older", "an age such as 90s, 30m, 12h or 7d", ago),
            newer: query.take("newer", "an age such as 90s, 30m, 12h or 7d", ago),
            text: query.take("text", "a text", text),
            conditions: query
                .take("where", "PATH=VALUE", |text| Condition::parse(text).ok())
                .into_iter()
                .collect(),
        },
        standing: query.take("standing", &format!("one of {}", STANDINGS.join(", ")), |name| {
            STANDINGS.contains(&name).then(|| name.to_owned())
        }),
        limit: query.limit(DEFAULT_LIMIT, MAX_LIMIT),
        skip: query.take("cursor", "`next` of the page before", |text| text.parse().ok()).unwrap_or(0),
    };
    query.finish(&INVALID_QUERY)?;
    Ok(asked)
}

async fn found(desk: &Desk, asked: &Asked) -> Result<Vec<Letter>, Problem> {
    let groups = match &asked.group {
        Some(group) => vec![group.clone()],
        None => groups().map_err(problem)?,
    };
    let mut all = Vec::new();
    for group in groups {
        all.extend(letters(desk, &group).await?);
    }
    let mut values = Values::new(desk.letters.registry.clone()).map_err(problem)?;
    asked.filter.of(all, &mut values, desk.clock.now()).await.map_err(problem)
}
