//! Has a group handle a dead letter again with a changed value. It is another event then, with the original as its cause;
//! the group knows both by the original's id, so that what waits behind it goes on. The original value goes along.

use anyhow::{Context, Result, ensure};
use orderflow::{envelope::ids, runtime::original, topics::GroupTopics};
use rdkafka::{
    Message,
    message::{Header, Headers, OwnedHeaders},
};
use uuid::Uuid;

use super::{
    By,
    audit::{Audit, event_id},
    post::Post,
    redrive::once_more,
};
use crate::{Access, Letter, Refusal, edit::Changed};

/// A letter that was changed.
#[derive(Debug)]
pub struct Edited {
    /// The letter as it was.
    pub letter: Letter,
    /// The event it is handled as.
    pub id: Uuid,
    /// Paths of the fields that differ.
    pub fields: Vec<String>,
}

/// Has the group handle this letter with the changed value.
///
/// # Errors
/// When it has been dealt with, or Kafka or the registry does not answer.
pub async fn edit(access: &Access, letter: Letter, changed: Changed, by: &By) -> Result<Edited> {
    ensure!(!letter.standing.is_over(), Refusal::Kept(format!("{letter} has been dealt with")));
    let retry = GroupTopics::of(&letter.group).context("there is no such group")?.retry;
    let (post, audit) = (Post::to(retry, access)?, Audit::open(access).await?);
    let id = ids::from_parts(&[&event_id("edited", &letter, by).to_string(), "value"]);
    audit.edited(&letter, id, changed.fields.clone(), by).await?;
    let headers = headers(&letter, id);
    post.send_value(&letter, Some(&changed.value), headers, None).await?;
    Ok(Edited { letter, id, fields: changed.fields })
}

/// The letter's headers as those of another event, and which one it was.
fn headers(letter: &Letter, id: Uuid) -> OwnedHeaders {
    let (was, is) = (letter.id.to_string(), id.to_string());
    let (own, sent) =
        (original::as_it_came(letter.raw.headers()), once_more(letter.raw.headers(), letter.returns + 1));
    let mut headers = OwnedHeaders::new();
    for header in own.iter().filter(|header| !["ce_id", "ce_causationid"].contains(&header.key)) {
        headers = headers.insert(header);
    }
    let event = [("ce_id", &is), ("ce_causationid", &was)];
    headers = event
        .iter()
        .fold(headers, |all, (key, value)| all.insert(Header { key, value: Some(value.as_str()) }));
    for header in sent.iter().skip(own.count()) {
        headers = headers.insert(header);
    }
    headers = headers.insert(Header { key: original::EDITS, value: Some(&was) });
    // Of one that is edited again, the first value is the original.
    let carried = letter.raw.headers().and_then(|all| original::added(all, original::BEFORE_EDIT));
    let before = carried.or_else(|| letter.raw.payload());
    headers.insert(Header { key: original::BEFORE_EDIT, value: before })
}
