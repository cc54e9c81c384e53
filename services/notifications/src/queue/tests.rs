//! The queues on a real Redis.

use jiff::SignedDuration;
use orderflow::{envelope::Tried, events::WEBHOOK, trace::TraceContext};
use orderflow_testkit::RedisServer;

use super::*;

const WINDOW: i64 = 1_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_764_590_000 + seconds).unwrap()
}

/// A due of this number, whose event happened then, for an endpoint.
fn entry(number: u128, happened: i64, subscription: u128) -> Entry {
    let due = NotificationDue {
        subscription_id: Uuid::from_u128(subscription),
        revision: 1,
        channel: WEBHOOK.to_owned(),
        event_id: Uuid::from_u128(number),
        event_type: "order.paid".to_owned(),
        order_id: String::new(),
        customer_id: String::new(),
        sealed: None,
        body: "{}".to_owned(),
        replay: String::new(),
        happened_at: at(happened),
    };
    let envelope = Envelope {
        id: Uuid::from_u128(number),
        source: "test".to_owned(),
        kind: "test".to_owned(),
        time: at(happened),
        subject: String::new(),
        dataschema: None,
        correlation_id: String::new(),
        causation_id: None,
        trace: TraceContext::root(),
        tried: Tried::default(),
    };
    Entry { item: Item { due, envelope }, partition: 0 }
}

struct Bench(Queue);

impl Bench {
    async fn take(&self, now: i64) -> Vec<Job> {
        self.0.take(WEBHOOK, &[0], 10, "t", [at(now), at(now + 20)]).await.unwrap()
    }

    /// The number of the only one that can be taken now.
    async fn only(&self, now: i64) -> Job {
        let mut taken = self.take(now).await;
        assert_eq!(taken.len(), 1, "{taken:?}");
        taken.remove(0)
    }

    async fn settle(&self, job: &Job, verdict: Verdict, now: i64) -> bool {
        self.0.settle(job, "t", &verdict, at(now)).await.unwrap()
    }

    /// Numbers and reasons of what is to be told.
    async fn ended(&self) -> Vec<(u128, Option<String>, Option<i64>)> {
        let mut ended = self.0.ended(&[0, 1], 100).await.unwrap();
        ended.sort_by_key(|one| one.item.due.event_id);
        ended.into_iter().map(|one| (number(&one.item), one.reason, one.disables)).collect()
    }
}

fn number(item: &Item) -> u128 {
    item.due.event_id.as_u128()
}

fn failed(reason: &str) -> Option<String> {
    Some(reason.to_owned())
}

const DELIVERED: Verdict = Verdict::Delivered { status: 204 };

async fn bench(redis: &RedisServer, waiting: u32) -> Bench {
    Bench(Queue::new(redis.fresh().await, Limits { waiting, window: WINDOW }))
}

#[tokio::test]
async fn an_endpoint_is_told_in_the_order_of_events_one_at_a_time() {
    let Some(redis) = RedisServer::start() else { return };
    let bench = bench(&redis, 0).await;
    let (second, first) = (entry(2, 5, 7), entry(1, 3, 7));
    bench.0.put(std::slice::from_ref(&second), at(10)).await.unwrap();
    bench.0.put(&[first, second], at(10)).await.unwrap();
    assert!(bench.take(10).await.is_empty(), "an earlier one may come within the window");
    let job = bench.only(11).await;
    assert_eq!(number(&job.item), 1);
    assert!(bench.take(12).await.is_empty(), "one at a time");
    assert!(bench.settle(&job, DELIVERED, 12).await);
    let job = bench.only(12).await;
    assert_eq!(number(&job.item), 2);
    assert!(bench.settle(&job, DELIVERED, 12).await);
    assert!(bench.take(100).await.is_empty(), "a repeat is queued once");
    assert_eq!(bench.ended().await, [(1, None, None), (2, None, None)]);
}

#[tokio::test]
async fn a_failure_holds_its_endpoint_and_no_other() {
    let Some(redis) = RedisServer::start() else { return };
    let bench = bench(&redis, 0).await;
    bench.0.put(&[entry(1, 1, 7), entry(2, 2, 7), entry(3, 3, 8)], at(10)).await.unwrap();
    let taken = bench.take(11).await;
    assert_eq!(taken.iter().map(|job| number(&job.item)).collect::<Vec<_>>(), [1, 3]);
    bench.settle(&taken[0], Verdict::Later(at(60)), 12).await;
    bench.settle(&taken[1], DELIVERED, 12).await;
    assert!(bench.take(59).await.is_empty());
    let standing = bench.0.look(&[taken[0].lane.clone(), "webhook/none".to_owned()]).await.unwrap();
    assert_eq!(standing[0], Standing { waiting: 2, failed_attempts: 1, next_attempt_at: Some(at(60)) });
    assert_eq!(standing[1], Standing { waiting: 0, failed_attempts: 0, next_attempt_at: None });
    let job = bench.only(60).await;
    assert_eq!((number(&job.item), job.failed), (1, 1));
    bench.settle(&job, DELIVERED, 61).await;
    assert_eq!(bench.only(61).await.failed, 0, "a success ends the count");
}

#[tokio::test]
async fn a_deliverer_that_has_died_is_followed_by_another_and_heard_no_more() {
    let Some(redis) = RedisServer::start() else { return };
    let bench = bench(&redis, 0).await;
    bench.0.put(&[entry(1, 1, 7)], at(10)).await.unwrap();
    let lost = bench.only(11).await;
    assert!(bench.take(30).await.is_empty());
    let lease = [at(31), at(31) + SignedDuration::from_secs(20)];
    let other = bench.0.take(WEBHOOK, &[0], 10, "other", lease).await.unwrap().remove(0);
    assert!(!bench.settle(&lost, DELIVERED, 32).await);
    assert!(bench.0.settle(&other, "other", &DELIVERED, at(33)).await.unwrap());
    assert_eq!(bench.ended().await, [(1, None, None)]);
}

#[tokio::test]
async fn an_endpoint_that_is_given_up_ends_all_that_waits_until_it_is_enabled_again() {
    let Some(redis) = RedisServer::start() else { return };
    let bench = bench(&redis, 0).await;
    bench.0.put(&[entry(1, 1, 7), entry(2, 2, 7)], at(10)).await.unwrap();
    let job = bench.only(11).await;
    let gone = Verdict::Failed { reason: "gone", status: 410, disables: Some(1) };
    bench.settle(&job, gone, 12).await;
    bench.0.put(&[entry(3, 3, 7)], at(13)).await.unwrap();
    let disabled = || failed("endpoint_disabled");
    let expected = [(1, failed("gone"), Some(1)), (2, disabled(), None), (3, disabled(), None)];
    assert_eq!(bench.ended().await, expected);
    let mut enabled = entry(4, 4, 7);
    enabled.item.due.revision = 2;
    bench.0.put(&[enabled], at(14)).await.unwrap();
    assert_eq!(number(&bench.only(20).await.item), 4);
}

#[tokio::test]
async fn a_queue_that_is_too_long_gives_its_endpoint_up() {
    let Some(redis) = RedisServer::start() else { return };
    let bench = bench(&redis, 2).await;
    bench.0.put(&[entry(1, 1, 7), entry(2, 2, 7), entry(3, 3, 7), entry(9, 9, 8)], at(10)).await.unwrap();
    let disabled = || failed("endpoint_disabled");
    let expected = [(1, disabled(), None), (2, disabled(), None), (3, failed("queue_full"), Some(1))];
    assert_eq!(bench.ended().await, expected);
    assert_eq!(number(&bench.only(20).await.item), 9, "another endpoint is not touched");
}

#[tokio::test]
async fn what_is_told_is_forgotten_and_what_the_log_says_is_believed() {
    let Some(redis) = RedisServer::start() else { return };
    let bench = bench(&redis, 0).await;
    let dues = [entry(1, 1, 7), entry(2, 2, 7), entry(3, 3, 7)];
    bench.0.put(&dues, at(10)).await.unwrap();
    let lane = "webhook/00000000-0000-0000-0000-000000000007".to_owned();
    let said = (lane.clone(), 0, Said::Told(Uuid::from_u128(1)));
    bench.0.recall(&[said], at(10)).await.unwrap();
    bench.0.put(&dues, at(10)).await.unwrap();
    let job = bench.only(11).await;
    assert_eq!((number(&job.item), &job.lane), (2, &lane));
    bench.settle(&job, DELIVERED, 12).await;
    let entries: Vec<String> =
        bench.0.ended(&[0], 10).await.unwrap().into_iter().map(|one| one.entry).collect();
    bench.0.told(&entries).await.unwrap();
    assert!(bench.ended().await.is_empty());
    bench.0.recall(&[(lane, 0, Said::Disabled(1))], at(13)).await.unwrap();
    assert_eq!(bench.ended().await, [(3, failed("endpoint_disabled"), None)]);
}
