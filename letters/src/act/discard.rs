//! Gives dead letters up for good: nobody will handle them, and what waits behind them goes on.
//!
//! The group itself does it: it reads the letter from `<group>.retry` with a header that says so, and notes in its journal
//! that it is answered, in one transaction. The order of the letter's event rests as Parked, unless what waited behind it,
//! or another of its events, ends it.

use anyhow::{Context, Result, bail};
use orderflow::{runtime::original, topics::GroupTopics};
use rdkafka::{Message, message::Header};

use super::{By, audit::Audit, post::Post};
use crate::{Access, Letter, Refusal};

/// What a service must not leave undone: money or stock would be kept from whom it belongs to.
const KEPT: [(&str, &str, &str); 7] = [
    ("payment", "InventoryReserved", "its stock is set aside, and only a payment that fails lets it go"),
    ("payment", "ShippingFailed", "the customer's money has to go back"),
    ("payment", "ShippingCancelled", "the customer's money has to go back"),
    ("inventory", "PaymentFailed", "its stock has to go back on the shelf"),
    ("inventory", "PaymentRefunded", "its stock has to go back on the shelf"),
    ("inventory", "ShippingLabelGenerated", "its stock has to leave the shelf"),
    ("shipping", "PaymentProcessed", "its customer has paid"),
];

/// Why a letter cannot be given up for good, if it cannot.
#[must_use]
pub fn kept_because(letter: &Letter) -> Option<&'static str> {
    let kept = KEPT.iter().find(|(group, record, _)| *group == letter.group && *record == letter.record);
    kept.map(|(.., why)| *why)
}

/// Gives these letters up for good, oldest first; returns those that were not dealt with before.
///
/// # Errors
/// When one of them must not be, before anything is done; or Kafka or the registry does not answer.
pub async fn discard(
    access: &Access,
    group: &str,
    mut letters: Vec<Letter>,
    by: &By,
    dry_run: bool,
) -> Result<Vec<Letter>> {
    letters.retain(|letter| !letter.standing.is_over());
    if let Some((letter, why)) = letters.iter().find_map(|letter| Some((letter, kept_because(letter)?))) {
        bail!(Refusal::Kept(format!("{letter} cannot be given up for good: {why}. Redrive it, or edit it")));
    }
    if dry_run || letters.is_empty() {
        return Ok(letters);
    }
    let retry = GroupTopics::of(group).context("there is no such group")?.retry;
    let (post, audit) = (Post::to(retry, access)?, Audit::open(access).await?);
    for letter in &letters {
        audit.discarded(letter, by).await?;
        let mark = Header { key: original::DISCARD, value: Some(&by.name) };
        post.send(letter, original::for_retry(letter.raw.headers()).insert(mark), None).await?;
    }
    Ok(letters)
}
