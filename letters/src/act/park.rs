//! Gives dead letters up for now.

use std::collections::HashSet;

use anyhow::{Context, Result};
use orderflow::{
    envelope::Envelope,
    runtime::waiting::parked::Parking,
    step::Origin,
    topics::{AUDIT, GroupTopics},
};
use rdkafka::Message;
use uuid::Uuid;

use super::{
    By,
    audit::{Audit, event_id},
    post::Post,
};
use crate::{Access, Letter, Spot, Standing, reading::read_topic};

/// Parks those of the letters that nobody has parked or dealt with, tells `audit`, and returns all that are parked now.
///
/// # Errors
/// When Kafka or the registry does not answer: what was begun is finished by a repeat.
pub async fn park(access: &Access, group: &str, mut letters: Vec<Letter>, by: &By) -> Result<Vec<Letter>> {
    letters.retain(|letter| !letter.standing.is_over());
    let audit = Audit::open(access).await?;
    let noted = noted(access).await?;
    let topics = GroupTopics::of(group).context("there is no such group")?;
    let post = Post::to(topics.parked, access)?;
    for letter in &mut letters {
        // What a run that was cut off has written counts, in its own words.
        let parking = match &letter.standing {
            Standing::Parked(parking) => parking.clone(),
            Standing::Open | Standing::Settled | Standing::Discarded => send(&post, letter, by).await?,
        };
        let words = By { name: parking.by.clone(), reason: parking.reason.clone(), at: parking.at };
        if !noted.contains(&event_id("parked", letter, &words)) {
            let told = audit.parked(letter, &words).await;
            told.with_context(|| format!("{} is parked, but audit does not know", letter.spot))?;
        }
        letter.standing = Standing::Parked(parking);
    }
    Ok(letters)
}

async fn send(post: &Post, letter: &Letter, by: &By) -> Result<Parking> {
    let Spot { partition, offset } = letter.spot;
    let parking = Parking { partition, offset, by: by.name.clone(), reason: by.reason.clone(), at: by.at };
    let headers = letter.raw.headers().cloned().unwrap_or_default();
    // Kept as long as the letter: the state its event will need lives no longer for its being parked.
    post.send(letter, parking.stamp(headers), letter.raw.timestamp().to_millis()).await?;
    Ok(parking)
}

/// The events that `audit` has.
async fn noted(access: &Access) -> Result<HashSet<Uuid>> {
    let records = read_topic(&access.config, &access.names, AUDIT).await?;
    let id = |record: rdkafka::message::OwnedMessage| {
        let timestamp = jiff::Timestamp::UNIX_EPOCH;
        let origin =
            Origin { topic: AUDIT, partition: record.partition(), offset: record.offset(), timestamp };
        Envelope::from_headers(record.headers(), &origin, "", "").id
    };
    Ok(records.into_iter().map(id).collect())
}
