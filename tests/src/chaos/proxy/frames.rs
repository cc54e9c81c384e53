//! Kafka's frames: a length of four bytes, then a request (what it asks for, version, number, client) or an answer (the
//! number of its request). <https://kafka.apache.org/protocol>

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncRead, AsyncReadExt};

/// What a request asks for, by Kafka's numbers.
pub mod api {
    /// Produce.
    pub const PRODUCE: i16 = 0;
    /// OffsetCommit.
    pub const OFFSET_COMMIT: i16 = 8;
    /// InitProducerId.
    pub const INIT_PRODUCER: i16 = 22;
    /// AddPartitionsToTxn.
    pub const ADD_PARTITIONS: i16 = 24;
    /// EndTxn.
    pub const END_TXN: i16 = 26;
    /// TxnOffsetCommit.
    pub const TXN_OFFSET_COMMIT: i16 = 28;
}

/// The largest frame, in bytes: what a broker takes by default.
const LARGEST: usize = 100 * 1024 * 1024;

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) asks: i16,
    pub(super) number: i32,
    pub(super) client: Option<String>,
}

/// Reads a whole frame, its length in front.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    from.read_exact(&mut frame).await?;
    let length = usize::try_from(number(&frame, 0).unwrap_or(-1)).unwrap_or(usize::MAX);
    if length > LARGEST {
        return Err(Error::new(ErrorKind::InvalidData, "no frame is that long"));
    }
    frame.resize(4 + length, 0);
    from.read_exact(&mut frame[4..]).await?;
    Ok(frame)
}

/// The head of a frame that is a request.
pub(super) fn head(frame: &[u8]) -> Option<Head> {
    let asks = i16::from_be_bytes(frame.get(4..6)?.try_into().ok()?);
    let length = i16::from_be_bytes(frame.get(12..14)?.try_into().ok()?);
    let name = usize::try_from(length).ok().and_then(|length| frame.get(14..14 + length));
    let client = name.map(|name| String::from_utf8_lossy(name).into_owned());
    Some(Head { asks, number: number(frame, 8)?, client })
}

/// The number of the request that a frame answers.
pub(super) fn answers(frame: &[u8]) -> Option<i32> {
    number(frame, 4)
}

fn number(bytes: &[u8], at: usize) -> Option<i32> {
    Some(i32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
