//! A shop at work, and what the checker says of it.

use std::collections::BTreeSet;

use orderflow_tests::{
    Request, Shop,
    chaos::{
        collect,
        evidence::{Answer, Evidence, Injected, Sent},
    },
    checker::check,
    eventually,
    load::{Counter, Placed},
};
use uuid::Uuid;

/// Orders of every kind, each asked for twice under its key; those that were accepted, and what was answered.
pub async fn orders(shop: &Shop, count: usize) -> (Vec<Placed>, Vec<Answer>) {
    let (mut placed, mut journal) = (Vec::new(), Vec::new());
    for number in 0..count {
        let request = if number == 0 { Request::undeliverable() } else { Request::mixed(number) };
        let request = request.keyed(&Uuid::new_v4().to_string());
        for _ in 0..2 {
            journal.extend(ask(&shop.counter(), &request).await);
        }
        let order_id = journal.last().and_then(|answer| answer.order_id).unwrap();
        placed.push(Placed { order_id, becomes: request.becomes });
    }
    (placed, journal)
}

/// Sends a request until it is accepted; every attempt.
pub async fn ask(counter: &Counter, request: &Request) -> Vec<Answer> {
    let mut attempts = Vec::new();
    eventually("an order to be accepted", async || {
        let answer = attempt(counter, request).await.map_err(|error| error.to_string())?;
        let status = answer.status;
        attempts.push(answer);
        if status == Some(202) { Ok(()) } else { Err(format!("{status:?}")) }
    })
    .await;
    attempts
}

/// Sends a request once.
pub async fn attempt(counter: &Counter, request: &Request) -> reqwest::Result<Answer> {
    let response = counter.post(request).await?;
    let status = response.status().as_u16();
    let answer = response.bytes().await?.to_vec();
    let told: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
    Ok(Answer {
        idempotency_key: request.key.clone().unwrap_or_default(),
        status: Some(status),
        order_id: told["order_id"].as_str().and_then(|id| id.parse().ok()),
        body: request.body.to_string().into_bytes(),
        answer,
        sent_ms: 0,
        what: Sent::Placed,
    })
}

/// Waits until the checker has nothing to say; what it has looked at.
pub async fn clean(shop: &Shop, journal: &[Answer], injected: &[Injected]) -> Evidence {
    eventually("the checker to have nothing to say", async || {
        let evidence = evidence(shop, journal, injected).await?;
        let violations = check(&evidence).await.map_err(|error| format!("{error:#}"))?;
        match violations.first() {
            None => Ok(evidence),
            Some(first) => Err(format!("{} violations, first {first}", violations.len())),
        }
    })
    .await
}

/// Which invariants are broken.
pub async fn broken(evidence: &Evidence) -> BTreeSet<&'static str> {
    check(evidence).await.unwrap().into_iter().map(|violation| violation.invariant).collect()
}

/// What the shop leaves behind.
pub async fn evidence(shop: &Shop, journal: &[Answer], injected: &[Injected]) -> Result<Evidence, String> {
    let (journal, injected) = (journal.to_vec(), injected.to_vec());
    let gathered = collect::evidence(shop.environment(), shop.delivery(), journal, injected).await;
    gathered.map_err(|error| format!("{error:#}"))
}
