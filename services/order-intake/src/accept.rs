//! Makes a request durable exactly once: claim, publish, remember the answer.

use std::{future::Future, sync::Arc};

use orderflow::{
    clock::Clock,
    fault::Fault,
    faults::{Plant, planted},
    http::Problem,
    runtime::Prepared,
};

use crate::{
    claims::{Candidate, Claim, Claims, Held},
    outbox::Outbox,
    problem_kind::{IN_PROGRESS, KEY_REUSED},
};

/// A record to publish, and the JSON body to answer with once it is durable.
pub struct Draft {
    /// The record.
    pub record: Prepared,
    /// The body.
    pub answer: Vec<u8>,
}

/// What a request was answered.
#[derive(Debug)]
pub struct Accepted {
    /// The JSON body.
    pub answer: Vec<u8>,
    /// Whether an earlier attempt made it.
    pub replayed: bool,
}

/// Accepts requests.
#[derive(Clone)]
pub struct Acceptor {
    /// Claims on idempotency keys.
    pub claims: Claims,
    /// The way onto the log.
    pub outbox: Arc<dyn Outbox>,
    /// For leases.
    pub clock: Clock,
}

impl Acceptor {
    /// Without a key: each request is a new one.
    ///
    /// # Errors
    /// The draft's own, and 503 when the record is not durable.
    pub async fn once(
        &self,
        draft: impl Future<Output = Result<Draft, Problem>>,
    ) -> Result<Accepted, Problem> {
        let Draft { record, answer } = draft.await?;
        self.outbox.send(&record).await?;
        Ok(Accepted { answer, replayed: false })
    }

    /// With a key: the first attempt makes the draft, every other gets its answer. A draft is made only when it is
    /// needed, so that a retry is answered as the first was even if the catalogue has changed since.
    ///
    /// # Errors
    /// As [`Self::once`]; 409 while another attempt is at it, 422 when the key belongs to another request.
    pub async fn keyed(
        &self,
        claim: &Claim,
        draft: impl Future<Output = Result<Draft, Problem>>,
    ) -> Result<Accepted, Problem> {
        if planted(Plant::ForgottenKey) {
            return self.once(draft).await;
        }
        let held = self.claims.look(claim, self.clock.now()).await?;
        if held != Held::Free {
            return self.as_held(claim, held).await;
        }
        let Draft { record, answer } = draft.await?;
        let candidate = Candidate { record: bytes(&record)?, answer };
        match self.claims.take(claim, self.clock.now(), &candidate).await? {
            Held::Mine => self.publish(claim, &record, candidate.answer, false).await,
            held => self.as_held(claim, held).await,
        }
    }

    async fn as_held(&self, claim: &Claim, held: Held) -> Result<Accepted, Problem> {
        match held {
            Held::Done(answer) => Ok(Accepted { answer, replayed: true }),
            Held::Retry(Candidate { record, answer }) => {
                self.publish(claim, &kept(&record)?, answer, true).await
            }
            Held::Busy(left) => {
                let detail = "another request with this key is being handled: its answer will be yours";
                Err(Problem::new(&IN_PROGRESS, detail).retry_after(left))
            }
            Held::Other => {
                let detail = "this key was used with another body: send a new key with a new request";
                Err(Problem::new(&KEY_REUSED, detail))
            }
            Held::Free | Held::Mine => {
                Err(Fault::fatal("redis_script", "a claim is free that was held").into())
            }
        }
    }

    async fn publish(
        &self,
        claim: &Claim,
        record: &Prepared,
        answer: Vec<u8>,
        replayed: bool,
    ) -> Result<Accepted, Problem> {
        if let Err(fault) = self.outbox.send(record).await {
            if let Err(second) = self.claims.release(claim).await {
                tracing::warn!(code = second.code(), error = %second, "a claim keeps its lease");
            }
            return Err(fault.into());
        }
        // The record is durable, so the answer stands; a claim left open republishes the same bytes.
        if let Err(fault) = self.claims.done(claim, &answer).await {
            tracing::warn!(code = fault.code(), error = %fault, "a claim is not closed");
        }
        Ok(Accepted { answer, replayed })
    }
}

fn bytes(record: &Prepared) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(record)
        .map_err(|error| Fault::fatal("claim_record", "a record cannot be kept").caused_by(error))
}

fn kept(bytes: &[u8]) -> Result<Prepared, Fault> {
    serde_json::from_slice(bytes)
        .map_err(|error| Fault::fatal("claim_record", "a kept record cannot be read").caused_by(error))
}
