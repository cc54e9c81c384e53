//! Server-sent events as order-status writes them: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use anyhow::Result;
use reqwest::Response;
use serde_json::Value;

/// One event.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sent {
    /// `event`.
    pub(super) event: String,
    /// `id`, where it has one.
    pub(super) id: Option<String>,
    /// `data`.
    pub(super) data: Value,
}

/// A connection's events, one by one.
pub(super) struct Stream {
    response: Response,
    /// What has come and is not an event yet. Bytes: a chunk may end within a character.
    left: Vec<u8>,
}

impl Stream {
    /// Of an answer.
    pub(super) fn of(response: Response) -> Self {
        Self { response, left: Vec::new() }
    }

    /// The next event; `None` at the connection's end.
    ///
    /// # Errors
    /// When it breaks, or what comes is not an event.
    pub(super) async fn next(&mut self) -> Result<Option<Sent>> {
        loop {
            while let Some(block) = take_block(&mut self.left) {
                if let Some(sent) = read(&block)? {
                    return Ok(Some(sent));
                }
            }
            match self.response.chunk().await? {
                Some(bytes) => self.left.extend_from_slice(&bytes),
                None => return Ok(None),
            }
        }
    }
}

/// The lines up to the next empty one.
fn take_block(left: &mut Vec<u8>) -> Option<String> {
    let end = left.windows(2).position(|two| two == b"\n\n")?;
    let block: Vec<u8> = left.drain(..end + 2).collect();
    Some(String::from_utf8_lossy(&block).into_owned())
}

/// An event; `None` for one without data, such as a sign of life.
fn read(block: &str) -> Result<Option<Sent>> {
    let (mut sent, mut data) = (Sent::default(), String::new());
    for line in block.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut sent.event),
            "id" => sent.id = Some(value.to_owned()),
            "data" => data.push_str(value),
            _ => {} // comments, and what a later version adds
        }
    }
    if data.is_empty() {
        return Ok(None);
    }
    sent.data = serde_json::from_str(&data)?;
    Ok(Some(sent))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut_up() {
        let whole = ":\n\nevent: OrderPlaced\ndata: {\"facts\":\"1 €\"}\n\nevent: end\nid: g1-2\ndata: {}\n\nevent: ha";
        let (mut left, mut events) = (Vec::new(), Vec::new());
        for byte in whole.bytes() {
            left.push(byte);
            events.extend(take_block(&mut left).and_then(|block| read(&block).unwrap()));
        }
        let placed = Sent { event: "OrderPlaced".to_owned(), id: None, data: json!({"facts": "1 €"}) };
        let end = Sent { event: "end".to_owned(), id: Some("g1-2".to_owned()), data: json!({}) };
        assert_eq!(events, [placed, end]);
        assert_eq!(left, b"event: ha");
    }
}
