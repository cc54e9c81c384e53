//! `POST /dead-letters/{group}/…`: what is done about them, each told to `audit`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State},
};
use orderflow::http::{Mistakes, Problem, body, callers::Caller, kind::INVALID_FIELDS};
use orderflow_letters::{
    Letter, Standing,
    act::{self, By, Done, Pace, RETURNS},
    edit::change,
    shelf::{chosen, one},
    values::Values,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{group, letters, problem, which};
use crate::{
    cancel_order::words,
    decide_review::{MAX_REASON, who},
    desk::{Desk, MAX_BODY},
    problem_kind::UNFIT_VALUE,
};

/// Most letters of one request: it is answered once all are dealt with.
const MOST: usize = 500;
/// Most bytes of a changed value.
const MAX_VALUE: usize = 512 * 1024;

/// What is to be done about which letters, by whom and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Places or event ids.
    #[serde(default)]
    letters: Vec<String>,
    /// Of a redrive: all that are open, instead.
    #[serde(default)]
    all: bool,
    /// Of a redrive: how often a letter may come back before it is parked.
    #[serde(default)]
    returns: Option<u32>,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Who does it; a token's subject goes before it.
    #[serde(default)]
    by: Option<String>,
    reason: String,
}

/// A changed value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    letter: String,
    /// The whole value as it is shown, with what shall be otherwise.
    value: Value,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    by: Option<String>,
    reason: String,
}

/// Handles `POST /dead-letters/{group}/redrive`.
///
/// # Errors
/// 403 unless the caller is staff; 404 for a letter there is not; a problem for whatever is wrong with the body.
pub async fn redrive(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let _place = desk.in_flight.enter()?;
    let (group, asked, by) = asked(&desk, &name, request, true).await?;
    let wanted = wanted(&desk, group, &asked).await?;
    let pace = Pace { rate: None, max: Some(MOST), returns: asked.returns.unwrap_or(RETURNS) };
    let done = act::redrive(&desk.letters, group, wanted, pace, &by, asked.dry_run).await.map_err(problem)?;
    let told = done.iter().map(|(letter, done): &(Letter, Done)| {
        let mut told = letter.as_json();
        told["done"] = done.name().into();
        told
    });
    Ok(Json(json!({ "dead_letters": told.collect::<Vec<_>>(), "dry_run": asked.dry_run })))
}

/// Handles `POST /dead-letters/{group}/park`.
///
/// # Errors
/// As [`redrive`].
pub async fn park(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let _place = desk.in_flight.enter()?;
    let (group, asked, by) = asked(&desk, &name, request, false).await?;
    let mut wanted = wanted(&desk, group, &asked).await?;
    if !asked.dry_run {
        wanted = act::park(&desk.letters, group, wanted, &by).await.map_err(problem)?;
    }
    Ok(told(&wanted, asked.dry_run))
}

/// Handles `POST /dead-letters/{group}/discard`.
///
/// # Errors
/// As [`redrive`]; 409 for one that must not be given up.
pub async fn discard(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let _place = desk.in_flight.enter()?;
    let (group, asked, by) = asked(&desk, &name, request, false).await?;
    let wanted = wanted(&desk, group, &asked).await?;
    let done = act::discard(&desk.letters, group, wanted, &by, asked.dry_run).await.map_err(problem)?;
    Ok(told(&done, asked.dry_run))
}

/// Handles `POST /dead-letters/{group}/edit`.
///
/// # Errors
/// As [`redrive`]; 409 for one that has been dealt with; 422 for a value that cannot be taken.
pub async fn edit(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let _place = desk.in_flight.enter()?;
    let caller = desk.staff(&request)?;
    let group = group(&name)?;
    let asked: Edit = body::json(request, MAX_VALUE).await?;
    let by = by(&desk, &caller, asked.by.as_deref(), &asked.reason, Mistakes::new())?;
    let letter = one(letters(&desk, group).await?, which(&asked.letter)?).map_err(problem)?;
    let mut values = Values::new(desk.letters.registry.clone()).map_err(problem)?;
    let unfit = |why: String| Problem::new(&UNFIT_VALUE, why);
    let decoded = values.decode(&letter).await.map_err(problem)?;
    let decoded = decoded.map_err(|why| unfit(format!("the value cannot be read: {why}")))?;
    let changed = change(&decoded, &asked.value, &letter.key_text());
    let changed = changed.map_err(|why| unfit(format!("{why:#}")))?;
    if asked.dry_run {
        let mut told = letter.as_json();
        told["fields"] = json!(changed.fields);
        return Ok(Json(told));
    }
    let edited = act::edit(&desk.letters, letter, changed, &by).await.map_err(problem)?;
    let mut told = edited.letter.as_json();
    told["edited_id"] = json!(edited.id);
    told["fields"] = json!(edited.fields);
    Ok(Json(told))
}

async fn asked<'n>(
    desk: &Desk,
    name: &'n str,
    request: Request,
    may_take_all: bool,
) -> Result<(&'n str, Asked, By), Problem> {
    let caller = desk.staff(&request)?;
    let group = group(name)?;
    let asked: Asked = body::json(request, MAX_BODY).await?;
    let mut mistakes = Mistakes::new();
    let some = asked.all || (1..=MOST).contains(&asked.letters.len());
    mistakes.expect(some, "/letters", "missing", &format!("1 to {MOST} places or event ids"));
    mistakes.expect(may_take_all || !asked.all, "/all", "malformed", "only a redrive takes all");
    let by = by(desk, &caller, asked.by.as_deref(), &asked.reason, mistakes)?;
    Ok((group, asked, by))
}

fn by(
    desk: &Desk,
    caller: &Caller,
    named: Option<&str>,
    reason: &str,
    mut mistakes: Mistakes,
) -> Result<By, Problem> {
    let name = who(caller, named, "/by", &mut mistakes);
    words(reason.trim(), 1..=MAX_REASON, "/reason", &mut mistakes);
    mistakes.none_or(&INVALID_FIELDS)?;
    Ok(By { name, reason: reason.trim().to_owned(), at: desk.clock.now() })
}

async fn wanted(desk: &Desk, group: &str, asked: &Asked) -> Result<Vec<Letter>, Problem> {
    let named = asked.letters.iter().map(|text| which(text)).collect::<Result<Vec<_>, _>>()?;
    let is_open = |letter: &Letter| asked.all && letter.standing == Standing::Open;
    let mut wanted = chosen(letters(desk, group).await?, &named, is_open).map_err(problem)?;
    wanted.retain(|letter| !letter.standing.is_over());
    Ok(wanted)
}

fn told(letters: &[Letter], dry_run: bool) -> Json<Value> {
    let all: Vec<Value> = letters.iter().map(Letter::as_json).collect();
    Json(json!({ "dead_letters": all, "dry_run": dry_run }))
}
