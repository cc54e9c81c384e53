//! What was answered survives kill -9; what was not can be asked again.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::join_all;
use serde_json::{Value, json};
use simulators::{carrier, gateway};

use crate::bench::{charge, parcel};
use crate::process::Process;

const CALLERS: u32 = 16;
const QUICK: &str = r#"{"latency_ms": {"min": 0, "max": 2}}"#;

/// Callers ask for one thing after the other until the process is gone; it is killed after
/// `answers` answers. Returns the keys asked for, and the answers.
async fn kill_under_load(
    process: &mut Process,
    path: &str,
    prefix: &str,
    body: fn(&str) -> Value,
    answers: usize,
) -> (HashSet<String>, Vec<Value>) {
    let (asked, answered) = (Mutex::new(HashSet::new()), Mutex::new(Vec::new()));
    let next = AtomicU32::new(0);
    let enough = tokio::sync::Notify::new();
    {
        let server = &*process;
        let caller = async || {
            loop {
                let key = format!("{prefix}-{}", next.fetch_add(1, Ordering::Relaxed));
                asked.lock().unwrap().insert(key.clone());
                let Ok(response) = server.post(path, &key, &body(&key)).await else { return };
                let Ok(answer) = response.json().await else { return };
                let mut answered = answered.lock().unwrap();
                answered.push(answer);
                if answered.len() == answers {
                    enough.notify_one();
                }
            }
        };
        tokio::select! {
            _ = join_all((0..CALLERS).map(|_| caller())) => panic!("the process ended by itself"),
            () = enough.notified() => {}
        }
    }
    process.kill();
    (asked.into_inner().unwrap(), answered.into_inner().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_charge_survives_kill_9_and_a_repeat_charges_nobody_twice() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("gateway.jsonl");
    let body = |key: &str| charge(key, "tok_visa");
    let (mut keys, mut answers) = (HashSet::new(), Vec::new());
    for round in 0..3 {
        let mut process = Process::gateway(&ledger, QUICK);
        let prefix = format!("round{round}");
        let (asked, answered) =
            kill_under_load(&mut process, "/v1/payment_intents", &prefix, body, 200).await;
        keys.extend(asked);
        answers.extend(answered);
    }
    assert!(answers.len() >= 600);

    let process = Process::gateway(&ledger, QUICK);
    let charged: HashSet<String> =
        gateway::read_ledger(&ledger).unwrap().into_iter().map(|line| line.entry.intent_id).collect();
    assert!(answers.iter().all(|answer| charged.contains(answer["id"].as_str().unwrap())));

    for key in &keys {
        let again = process.post("/v1/payment_intents", key, &body(key)).await.unwrap();
        assert_eq!(again.status(), 200);
    }
    let lines = gateway::read_ledger(&ledger).unwrap();
    let moved = gateway::moved_by_order(&lines);
    assert_eq!(moved.len(), keys.len());
    assert!(moved.values().all(|moved| moved.charges == 1));
    assert_eq!(process.get("/ledger").await, json!(lines));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_label_survives_kill_9_and_no_number_is_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("carrier.jsonl");
    let (mut keys, mut answers) = (HashSet::new(), Vec::new());
    for round in 0..2 {
        let mut process = Process::carrier(&ledger, QUICK);
        let prefix = format!("round{round}");
        let (asked, answered) = kill_under_load(&mut process, "/v1/labels", &prefix, parcel, 200).await;
        keys.extend(asked);
        answers.extend(answered);
    }
    let process = Process::carrier(&ledger, QUICK);
    for key in &keys {
        assert_eq!(process.post("/v1/labels", key, &parcel(key)).await.unwrap().status(), 200);
    }
    let labels: Vec<_> = carrier::read_ledger(&ledger)
        .unwrap()
        .into_iter()
        .filter_map(|line| match line.entry {
            carrier::Entry::Label(label) => Some(label),
            _ => None,
        })
        .collect();
    let numbers: HashSet<_> = labels.iter().map(|label| label.tracking_number.as_str()).collect();
    assert_eq!((labels.len(), numbers.len()), (keys.len(), keys.len()));
    // By id: a lost serial would be given again, to another label.
    let ids: HashSet<_> = labels.iter().map(|label| label.label_id.as_str()).collect();
    assert!(answers.iter().all(|answer| ids.contains(answer["label_id"].as_str().unwrap())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_void_survives_kill_9_and_the_order_is_never_sold_a_label() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("carrier.jsonl");
    let path = |order: usize| format!("/v1/labels/by-order/o{order}/void");
    let mut process = Process::carrier(&ledger, QUICK);
    for order in 0..20 {
        let answer = process.post(&path(order), "unused", &json!({})).await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap()["status"], json!("voided"));
    }
    process.kill();

    let process = Process::carrier(&ledger, QUICK);
    for order in (0..20).map(|n| format!("o{n}")) {
        let refused = process.post("/v1/labels", &order, &parcel(&order)).await.unwrap();
        assert_eq!(refused.json::<Value>().await.unwrap()["code"], json!("order_voided"));
    }
    assert_eq!(carrier::read_ledger(&ledger).unwrap().len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_finishes_what_is_in_flight_and_lets_withheld_answers_go() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("gateway.jsonl");
    let slow =
        r#"{"latency_ms": {"min": 1500, "max": 1500}, "timeout_after_charge_rate": 1, "hold_ms": 600000}"#;
    let mut process = Process::gateway(&ledger, slow);
    let (charged, declined) = (charge("o1", "tok_visa"), charge("o2", "tok_chargeDeclined"));
    let (withheld, answered, ()) = tokio::join!(
        process.post("/v1/payment_intents", "k1", &charged),
        process.post("/v1/payment_intents", "k2", &declined),
        async {
            while process.get("/health/ready").await["in_progress"] != json!(2) {}
            process.terminate();
        }
    );
    assert_eq!(answered.unwrap().status(), 402);
    assert_eq!(withheld.unwrap().status(), 504);
    assert!(process.wait().success());
    assert_eq!(gateway::read_ledger(&ledger).unwrap().len(), 2);
}
