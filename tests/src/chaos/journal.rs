//! What the load generator has sent, and what it was told.

use std::sync::{Mutex, MutexGuard, PoisonError};

use orderflow::clock::Clock;
use reqwest::{RequestBuilder, StatusCode};
use uuid::Uuid;

use super::evidence::{Answer, Sent};

/// The lines so far, in order of sending. A line is there before its request is sent.
#[derive(Default)]
pub struct Journal {
    lines: Mutex<Vec<Answer>>,
    clock: Clock,
}

impl Journal {
    /// Sends a request with this body, and notes it with its answer: the status and the body, if there is an answer.
    pub async fn send(
        &self,
        what: Sent,
        key: &str,
        request: RequestBuilder,
        body: Vec<u8>,
    ) -> Option<(StatusCode, Vec<u8>)> {
        let line = self.open(what, key, body.clone());
        let request = request.header("content-type", "application/json").body(body);
        let response = request.send().await.ok()?;
        let status = response.status();
        // Half an answer is none: whoever has read only its status does not know which order it is about.
        let answer = response.bytes().await.ok()?.to_vec();
        let mut lines = self.lines();
        let line = &mut lines[line];
        line.status = Some(status.as_u16());
        line.order_id = line.order_id.or_else(|| order_id(&answer));
        line.answer.clone_from(&answer);
        Some((status, answer))
    }

    fn open(&self, what: Sent, key: &str, body: Vec<u8>) -> usize {
        let order_id = match what {
            Sent::Cancelled { order } | Sent::Reviewed { order } => Some(order),
            Sent::Placed | Sent::Adjusted => None,
        };
        let sent_ms = self.clock.now().as_millisecond();
        let mut lines = self.lines();
        let key = key.to_owned();
        let answer = Vec::new();
        lines.push(Answer { idempotency_key: key, status: None, order_id, body, answer, sent_ms, what });
        lines.len() - 1
    }

    /// All lines.
    #[must_use]
    pub fn all(&self) -> Vec<Answer> {
        self.lines().clone()
    }

    /// The orders whose customers were told that they are accepted.
    #[must_use]
    pub fn accepted(&self) -> std::collections::BTreeSet<Uuid> {
        let lines = self.lines();
        let told = lines.iter().filter(|line| line.what == Sent::Placed && line.status == Some(202));
        told.filter_map(|line| line.order_id).collect()
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Answer>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The order that an answer names.
pub fn order_id(answer: &[u8]) -> Option<Uuid> {
    let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
    answer["order_id"].as_str()?.parse().ok()
}
