//! Any interleaving of repeated keys does each thing once.

use std::collections::HashMap;

use axum::http::StatusCode;
use futures::future::join_all;
use proptest::prelude::*;
use serde_json::{Value, json};
use simulators::gateway::read_ledger;

use crate::bench::{Answer, Bench, charge};

/// A key, and one of the requests somebody may send with it.
type Attempt = (u8, u8);

fn request((key, variant): Attempt) -> (String, Value) {
    let token = ["tok_visa", "tok_chargeDeclined", "tok_mastercard"][variant as usize];
    (format!("k{key}"), charge(&format!("o{key}"), token))
}

async fn until_decided(bench: &Bench, attempt: Attempt) -> Answer {
    let (key, body) = request(attempt);
    loop {
        let answer = bench.post("/v1/payment_intents", &key, &body).await;
        if answer.status != StatusCode::CONFLICT {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

/// One request won each key: it has the line, its repeats have its answer, all others are refused.
fn check(attempts: &[Attempt], answers: &[Answer], bench: &Bench) -> Result<(), TestCaseError> {
    let lines = read_ledger(&bench.ledger()).unwrap();
    let mut winners: HashMap<u8, (u8, &Answer)> = HashMap::new();
    for (&(key, variant), answer) in attempts.iter().zip(answers) {
        if answer.status == StatusCode::BAD_REQUEST {
            prop_assert_eq!(&answer.body["error"]["type"], &json!("idempotency_error"));
            continue;
        }
        let (won, first) = winners.entry(key).or_insert((variant, answer));
        prop_assert_eq!(*won, variant, "two different requests were accepted with one key");
        prop_assert_eq!(first.content(), answer.content());
    }
    for (key, _) in attempts {
        let own = lines.iter().filter(|line| line.entry.order_id == format!("o{key}"));
        prop_assert_eq!(own.count(), 1);
        prop_assert!(winners.contains_key(key));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn every_key_is_decided_once_and_the_same_after_a_restart(
        attempts in prop::collection::vec((0u8..4, 0u8..3), 1..24),
        latency in 0u64..3,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut bench = Bench::gateway();
            let faults = json!({
                "latency_ms": {"min": 0, "max": latency}, "timeout_after_charge_rate": 0.3, "error_rate": 0.2,
            });
            bench.reopen(&faults);
            // First a storm with faults, whose answers may be lost; then what everybody is told in the end.
            join_all(attempts.iter().map(|attempt| until_decided(&bench, *attempt))).await;
            bench.reopen(&json!({}));
            let settled = join_all(attempts.iter().map(|attempt| until_decided(&bench, *attempt))).await;
            check(&attempts, &settled, &bench)?;

            bench.reopen(&json!({}));
            let later = join_all(attempts.iter().map(|attempt| until_decided(&bench, *attempt))).await;
            for (before, after) in settled.iter().zip(&later) {
                prop_assert_eq!(before.content(), after.content());
            }
            Ok(())
        })?;
    }
}
