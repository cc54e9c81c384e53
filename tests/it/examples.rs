//! Each published example of a record through each step that reads it, on a real Redis, with real simulators: what it
//! says, as a snapshot. The clock stands one second after the example's own time, and each example has a state of its
//! own.
//!
//! | module | answers |
//! |---|---|
//! | [`mod@fraud_scoring`], [`mod@inventory`], [`mod@notifications`], [`mod@payment`], [`mod@recommendation`], [`mod@shipping`] | each step, with nothing known before and with what it waits for |
//! | [`order_status`] | the words of every event on a timeline, from the running service |
//! | [`coverage`] | that no step, no record and no snapshot is left over |
//! | [`bench`], [`keys`] | what a step stands on |
//! | [`record`] | examples as a step receives them |
//! | [`shown`], [`avro`] | what is shown of an event |

mod avro;
mod bench;
mod coverage;
mod fraud_scoring;
mod inventory;
mod keys;
mod notifications;
mod order_status;
mod payment;
mod recommendation;
mod record;
mod shipping;
mod shown;

use jiff::{SignedDuration, Timestamp};
use orderflow::{events::Record, runtime::Tick, step::Step, topics::Topic};
use serde_json::Value;

use bench::Bench;
use record::{examples, received};
use shown::{Shown, said};

/// Runs every example of the record a step reads through it, twice: a repeat must say the same. `given` names what
/// `prepare` has done before; it may also change the example.
async fn run<S>(given: &str, prepare: impl AsyncFn(&mut S::In, &Bench) -> S)
where
    S: Step,
    S::In: Record,
{
    let service = S::NAME.split('.').next().unwrap();
    for (name, mut event) in examples::<S::In>() {
        let began = event.occurred_at() + SignedDuration::from_secs(1);
        let bench = Bench::new(service, began).await;
        let step = prepare(&mut event, &bench).await;
        let batch = [received(&name, event.clone())];
        let mut says = Vec::new();
        for _ in 0..2 {
            says.push(said(step.handle(&batch).await.unwrap().remove(0)));
        }
        assert_eq!(says[0], says[1], "a repeat of {name} says something else");
        let shown = Shown { step: S::NAME, example: &name, given, began, input: &event };
        shown.snapshot(says.remove(0));
    }
}

/// What is due at `now` in these partitions, twice: until it is settled it is due again, and the same.
async fn twice<T: Tick>(deadline: &T, held: &[(Topic, i32)], now: Timestamp) -> Value {
    let (mut says, mut entries) = (Vec::new(), Vec::new());
    for later in [0, 5] {
        let due = deadline.due(now + SignedDuration::from_secs(later), held).await.unwrap();
        entries = due.iter().map(|due| due.entry.clone()).collect();
        says.push(due.into_iter().map(|due| said(Ok(due.outcome))).collect::<Value>());
    }
    assert_eq!(says[0], says[1], "what is due is not the same again");
    deadline.settled(&entries).await.unwrap();
    says.remove(0)
}

/// Compares what is shown with the snapshot of this name. Here, so that all lie in one folder under one name.
fn matches_snapshot(name: &str, shown: &Value) {
    insta::assert_json_snapshot!(name, shown);
}
