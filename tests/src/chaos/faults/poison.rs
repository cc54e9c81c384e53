//! Records that nobody can handle, among those that everybody can.

use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;
use rdkafka::message::{Header, Headers, OwnedHeaders, OwnedMessage};
use rdkafka::{Message, Timestamp};
use uuid::Uuid;

use super::{
    Fault, Lane, Strike,
    records::{append, producer, some_topic},
};
use crate::chaos::{dice::Dice, evidence::InjectedKind, ground::Ground};

/// One a second: at the usual load that is more than one in a hundred.
const PACE: Duration = Duration::from_secs(1);

/// Damages the value of a good record.
type Damage = fn(&[u8]) -> Vec<u8>;

/// What is wrong with a record's value, and how it gets there.
const KINDS: [(&str, Damage); 8] = [
    ("truncated", |good| good[..good.len() - good.len() / 3].to_vec()),
    ("wrong schema", |good| [&[0, 0x7f, 0xff, 0xff, 0xf0], &good[good.len().min(5)..]].concat()),
    ("no framing", |_| br#"{"order": "two mugs"}"#.to_vec()),
    // Each length in it is the largest there is: nobody may make room for that.
    ("bomb", |good| {
        [&good[..good.len().min(5)], &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01].repeat(8)]
            .concat()
    }),
    ("oversized", |good| [good, "x".repeat(900_000).as_bytes()].concat()),
    ("bytes behind its end", |good| [good, b"and more"].concat()),
    ("empty", |_| Vec::new()),
    (MISSING_HEADERS, <[u8]>::to_vec),
];
const MISSING_HEADERS: &str = "missing headers";

/// A record a second, each with another damage.
pub(super) struct Poison;

#[async_trait]
impl Fault for Poison {
    fn name(&self) -> &'static str {
        "poison"
    }

    fn about(&self) -> &'static str {
        "a damaged record a second on the topics, for 10 to 30 s: truncated, wrong schema, bomb, oversized, …"
    }

    fn lane(&self) -> Lane {
        Lane::Records
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let producer = producer(ground)?;
        let end = Instant::now() + dice.millis(10_000, 30_000);
        let mut count = 0;
        while Instant::now() < end {
            let (_, records) = some_topic(ground, dice).await?;
            let (name, damage) = *dice.one(&KINDS).unwrap_or(&KINDS[0]);
            let like = dice.one(&records).filter(|record| record.payload().is_some());
            if let Some(good) = like {
                let value = damage(good.payload().unwrap_or_default());
                append(ground, &producer, &stranger(good, name), Some(&value), kind(name)).await?;
                count += 1;
            }
            tokio::time::sleep(PACE).await;
        }
        Ok(Strike { count, ..Strike::once(format!("{count} records")) })
    }
}

fn kind(name: &str) -> InjectedKind {
    InjectedKind::Poison(name.to_owned())
}

/// The same under a key and an id of its own: behind what nobody can handle the other records of its key wait.
fn stranger(good: &OwnedMessage, name: &str) -> OwnedMessage {
    let (topic, partition, key) = (good.topic().to_owned(), good.partition(), Uuid::new_v4());
    let key = Some(format!("poison-{key}").into_bytes());
    let mut headers = OwnedHeaders::new();
    for header in good.headers().into_iter().flat_map(Headers::iter) {
        let id = Uuid::new_v4().to_string();
        let value = if header.key == "ce_id" { Some(id.as_bytes()) } else { header.value };
        headers = headers.insert(Header { key: header.key, value });
    }
    let headers = (name != MISSING_HEADERS).then_some(headers);
    OwnedMessage::new(None, key, topic, Timestamp::NotAvailable, partition, 0, headers)
}
