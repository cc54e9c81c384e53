//! Which release of Kafka a cluster runs, as far as it tells: the finalised level of its feature `metadata.version`, in
//! the answer to ApiVersions version 3 (KIP-584). Kafka's protocol has no other word for its version.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PATIENCE: Duration = Duration::from_secs(2);
/// An answer has about 1 KB.
const LONGEST: usize = 64 * 1024;
/// Size 33, api key 18 version 3, correlation id 1, client id "orderflow", no tags; then the client's software name
/// and version as compact strings, no tags.
const QUESTION: &[u8] = b"\0\0\0\x21\0\x12\0\x03\0\0\0\x01\0\x09orderflow\0\x0aorderflow\x020\0";
const FEATURE: &[u8] = b"metadata.version";
/// Levels from which on a release is at least this one (Kafka's MetadataVersion).
const RELEASES: [(i16, &str); 12] = [
    (30, "4.3"),
    (28, "4.2"),
    (26, "4.1"),
    (22, "4.0"),
    (21, "3.9"),
    (20, "3.8"),
    (15, "3.7"),
    (12, "3.6"),
    (9, "3.5"),
    (8, "3.4"),
    (4, "3.3"),
    (1, "3.0"),
];

/// The release, such as `4.3`; none over TLS, behind SASL, or where the cluster does not tell.
pub(super) async fn release(brokers: &str) -> Option<&'static str> {
    let first = brokers.split(',').next()?.trim();
    let level = tokio::time::timeout(PATIENCE, level(first)).await.ok()?.ok()??;
    RELEASES.iter().find(|(least, _)| level >= *least).map(|(_, release)| *release)
}

async fn level(broker: &str) -> Result<Option<i16>> {
    let mut stream = TcpStream::connect(broker).await?;
    stream.write_all(QUESTION).await?;
    let size = usize::try_from(stream.read_i32().await?)?;
    ensure!(size <= LONGEST, "an answer of {size} bytes");
    let mut answer = vec![0; size];
    stream.read_exact(&mut answer).await?;
    finalised(&mut Reader(&answer)).context("the answer ends early")
}

/// The outer `None`: the answer ends early.
fn finalised(answer: &mut Reader<'_>) -> Option<Option<i16>> {
    answer.skip(4 + 2)?; // correlation id, error code
    for _ in 0..answer.length()? {
        answer.skip(3 * 2)?; // api key, oldest and newest version
        answer.skip_tags()?;
    }
    answer.skip(4)?; // throttle time
    for _ in 0..answer.varint()? {
        let (tag, size) = (answer.varint()?, answer.varint()?);
        let field = answer.take(size)?;
        if tag == 2 {
            return of_feature(&mut Reader(field));
        }
    }
    Some(None)
}

fn of_feature(features: &mut Reader<'_>) -> Option<Option<i16>> {
    for _ in 0..features.length()? {
        let length = features.length()?;
        let name = features.take(length)?;
        let highest = features.take(2)?;
        features.skip(2)?;
        features.skip_tags()?;
        if name == FEATURE {
            return Some(Some(i16::from_be_bytes(highest.try_into().ok()?)));
        }
    }
    Some(None)
}

/// Kafka's flexible encoding, as far as needed; everything answers `None` at the end of the bytes.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    /// An unsigned varint.
    fn varint(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = usize::from(*self.take(1)?.first()?);
            value |= (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// The length of a compact array or string, which is written as one more.
    fn length(&mut self) -> Option<usize> {
        self.varint().map(|length| length.saturating_sub(1))
    }

    fn skip_tags(&mut self) -> Option<()> {
        for _ in 0..self.varint()? {
            self.varint()?;
            let size = self.varint()?;
            self.skip(size)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_says_its_own_length() {
        assert_eq!(i32::from_be_bytes(QUESTION[..4].try_into().unwrap()) as usize, QUESTION.len() - 4);
    }

    #[test]
    fn the_level_is_found_behind_everything_else_and_a_cut_answer_is_none() {
        let mut answer = vec![0, 0, 0, 1, 0, 0]; // correlation id, no error
        answer.extend([2, 0, 18, 0, 0, 0, 4, 0]); // one api
        answer.extend([0; 4]);
        let feature = [&[2, 17][..], FEATURE, &[0, 30, 0, 30, 0]].concat();
        answer.extend([2, 1, 1, 0, 2, feature.len() as u8]); // two tags: 1 with one byte, then 2
        answer.extend(&feature);
        assert_eq!(finalised(&mut Reader(&answer)), Some(Some(30)));
        for cut in 0..answer.len() {
            assert_eq!(finalised(&mut Reader(&answer[..cut])), None, "cut at {cut}");
        }
    }
}
