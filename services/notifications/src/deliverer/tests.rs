//! From what is due to what is told of it: a real Redis, real endpoints, a mail server on a socket.

mod mail_server;

use std::collections::BTreeMap;

use clap::Parser;
use orderflow::{
    envelope::{Envelope, Tried},
    events::{EMAIL, EndpointDisabled, NotificationDue, Record},
    fault::Fault,
    runtime::Tick,
    sealed::{DataKey, MasterKey, OpeningKeys, Person, seal},
    step::{Origin, Received, Step},
    topics::NOTIFICATIONS,
    trace::TraceContext,
};
use orderflow_testkit::RedisServer;

use super::*;
use crate::{
    at_delivery_ended::{AtDeliveryEnded, Told},
    config::Settings,
    email::Mailer,
    endpoint::Allowed,
    on_notification_due::OnNotificationDue,
    queue::Limits,
    secrets::{Secrets, tests::secrets},
    signature,
    subscriptions::tests::{followed, subscription},
    webhook::Webhooks,
};
use mail_server::MailServer;
use orderflow_testkit::endpoint::{self, Answer as Says, Endpoint};

const TAKES: Says = Says::Status(204);
const TIMEOUT: Duration = Duration::from_millis(800);

/// The service without Kafka.
struct Bench {
    step: OnNotificationDue,
    ended: AtDeliveryEnded,
    state: State,
    clock: Clock,
}

impl Bench {
    /// With these subscriptions and this schedule, in milliseconds.
    async fn new(
        redis: &RedisServer,
        known: &[Subscription],
        couriers: Vec<Arc<dyn Courier>>,
        schedule: &[u64],
    ) -> Self {
        let (state, clock) = (redis.fresh().await, Clock::system());
        state.hold(BTreeMap::from([((NOTIFICATIONS, 0), 0)]));
        let queue = Queue::new(state.clone(), Limits { waiting: 100, window: 0 });
        let (subscriptions, wake) = (followed(known), Arc::new(Notify::new()));
        let mut deliverers = JoinSet::new();
        for courier in couriers {
            let deliverer = Deliverer {
                queue: queue.clone(),
                state: state.clone(),
                subscriptions: subscriptions.clone(),
                courier,
                schedule: Schedule(schedule.iter().copied().map(Duration::from_millis).collect()),
                timeout: TIMEOUT,
                concurrency: 8,
                wake: Arc::clone(&wake),
                clock: clock.clone(),
            };
            deliverers.spawn(deliverer.run());
        }
        let step = OnNotificationDue { queue: queue.clone(), wake, clock: clock.clone(), deliverers };
        Self { step, ended: AtDeliveryEnded { queue, subscriptions }, state, clock }
    }

    /// Has these told.
    async fn tell(&self, dues: Vec<NotificationDue>) {
        for due in dues {
            let verdicts = self.step.handle(&[received(due)]).await.unwrap();
            assert!(verdicts.into_iter().all(|verdict| verdict.is_ok()));
        }
    }

    /// Waits until so many ends are to be told, and tells them: reasons (nothing for what was delivered), and what was disabled.
    async fn ends(&self, count: usize) -> (Vec<Option<String>>, Vec<EndpointDisabled>) {
        let (mut reasons, mut disabled) = (Vec::new(), Vec::new());
        let deadline = Instant::now() + Duration::from_secs(60);
        while reasons.len() < count {
            assert!(Instant::now() < deadline, "{} of {count} ends: {reasons:?}", reasons.len());
            let dues = self.ended.due(self.clock.now(), &[(NOTIFICATIONS, 0)]).await.unwrap();
            let entries: Vec<String> = dues.iter().map(|due| due.entry.clone()).collect();
            for told in dues.into_iter().flat_map(|due| due.outcome.into_events()) {
                match told {
                    Told::NotificationDelivered(_) => reasons.push(None),
                    Told::NotificationFailed(failed) => reasons.push(Some(failed.reason)),
                    Told::EndpointDisabled(event) => disabled.push(event),
                    Told::Subscription(one) => assert_eq!(one.status, Subscription::SUSPENDED),
                }
            }
            self.ended.settled(&entries).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        (reasons, disabled)
    }
}

/// The number-th event, for this subscription.
fn due(number: u128, to: &Subscription) -> NotificationDue {
    NotificationDue {
        subscription_id: to.subscription_id,
        revision: to.revision,
        channel: to.channel.clone(),
        event_id: Uuid::from_u128(number),
        event_type: "order.fulfilled".to_owned(),
        order_id: Uuid::from_u128(number).to_string(),
        customer_id: String::new(),
        sealed: None,
        body: format!("{{\"number\":{number}}}"),
        replay: String::new(),
        happened_at: Timestamp::from_second(1_764_590_000 + i64::try_from(number).unwrap()).unwrap(),
    }
}

fn received(due: NotificationDue) -> Received<NotificationDue> {
    let time = due.happened_at;
    let id = Uuid::from_u128(due.event_id.as_u128() << 64 | due.subscription_id.as_u128());
    let envelope = Envelope {
        id,
        source: "test".to_owned(),
        kind: NotificationDue::full_name(),
        time,
        subject: due.key(),
        dataschema: None,
        correlation_id: String::new(),
        causation_id: None,
        trace: TraceContext::root(),
        tried: Tried::default(),
    };
    Received {
        event: due,
        envelope,
        origin: Origin { topic: NOTIFICATIONS, partition: 0, offset: 0, timestamp: time },
    }
}

/// A subscription of this endpoint, with a secret.
fn to(endpoint: &Endpoint, number: u128, secrets: &Secrets) -> Subscription {
    let subscription_id = Uuid::from_u128(number);
    let sealed = secrets.make(subscription_id).unwrap().0;
    Subscription { subscription_id, secrets: vec![sealed], ..subscription(&endpoint.url, &["*"]) }
}

fn webhooks(secrets: &Secrets) -> Vec<Arc<dyn Courier>> {
    vec![Arc::new(Webhooks::new(TIMEOUT, Allowed::Any, secrets.clone(), Clock::system()).unwrap())]
}

fn numbers(all: &[endpoint::Received]) -> Vec<u128> {
    all.iter().map(|one| one.id.parse::<Uuid>().unwrap().as_u128()).collect()
}

#[tokio::test]
async fn an_endpoint_that_fails_hears_again_of_the_same_event_before_any_other_and_holds_nobody() {
    let Some(redis) = RedisServer::start() else { return };
    let secrets = secrets();
    let [failing, hanging, good] = [
        Endpoint::start(Says::Status(500)).await,
        Endpoint::start(Says::Never).await,
        Endpoint::start(TAKES).await,
    ];
    let known = [to(&failing, 1, &secrets), to(&hanging, 2, &secrets), to(&good, 3, &secrets)];
    let bench = Bench::new(&redis, &known, webhooks(&secrets), &[50; 1000]).await;
    for number in 10..14 {
        bench.tell(known.iter().map(|to| due(number, to)).collect()).await;
    }
    assert_eq!(numbers(&good.has_taken(4).await), [10, 11, 12, 13]);
    let tried = failing.has_received(3).await;
    assert!(numbers(&tried).iter().all(|number| *number == 10), "{tried:?}");
    assert!(tried.iter().all(|one| one.body == tried[0].body));
    assert!(numbers(&hanging.received()).iter().all(|number| *number == 10));
    failing.answers(TAKES);
    let told = failing.has_taken(4).await;
    assert_eq!(numbers(&told), [10, 11, 12, 13]);
    let keys = secrets.open(&known[0], bench.clock.now()).unwrap();
    for one in told {
        let at = one.timestamp.parse().unwrap();
        assert_eq!(one.signature, signature::header(&keys, &one.id, at, &one.body));
        assert_eq!(one.content_type, "application/json");
    }
    assert_eq!(bench.ends(8).await.0, vec![None; 8]);
}

#[tokio::test]
async fn an_endpoint_is_given_up_by_410_or_at_the_end_of_its_schedule_and_no_redirect_is_followed() {
    let Some(redis) = RedisServer::start() else { return };
    let secrets = secrets();
    let [gone, elsewhere] =
        [Endpoint::start(Says::Status(410)).await, Endpoint::start(Says::Elsewhere).await];
    let known = [to(&gone, 1, &secrets), to(&elsewhere, 2, &secrets)];
    let bench = Bench::new(&redis, &known, webhooks(&secrets), &[20, 20]).await;
    bench.tell(vec![due(10, &known[0]), due(10, &known[1])]).await;
    let (mut reasons, mut disabled) = bench.ends(2).await;
    reasons.sort();
    disabled.sort_by_key(|event| event.subscription_id);
    assert_eq!(reasons, [Some("exhausted".to_owned()), Some("gone".to_owned())]);
    let told: Vec<_> = disabled.iter().map(|one| (one.reason.as_str(), one.revision, one.attempts)).collect();
    assert_eq!(told, [("gone", 1, 1), ("exhausted", 1, 3)]);
    assert_eq!((gone.received().len(), elsewhere.received().len()), (1, 3));
    bench.tell(vec![due(11, &known[0])]).await;
    assert_eq!(bench.ends(1).await.0, [Some("endpoint_disabled".to_owned())]);
    assert_eq!(gone.received().len(), 1, "it was called again");
}

#[tokio::test]
async fn what_was_on_its_way_when_a_deliverer_died_comes_again_under_its_id() {
    let Some(redis) = RedisServer::start() else { return };
    let secrets = secrets();
    let endpoint = Endpoint::start(Says::Never).await;
    let known = [to(&endpoint, 1, &secrets)];
    let mut bench = Bench::new(&redis, &known, webhooks(&secrets), &[50; 100]).await;
    bench.tell(vec![due(10, &known[0]), due(11, &known[0])]).await;
    let first = endpoint.has_received(1).await.remove(0);
    // As a crash would: nothing is kept of the attempt.
    bench.step.deliverers = JoinSet::new();
    endpoint.answers(TAKES);
    let deliverer = Deliverer {
        queue: bench.ended.queue.clone(),
        state: bench.state.clone(),
        subscriptions: followed(&known),
        courier: webhooks(&secrets).remove(0),
        schedule: Schedule(vec![Duration::from_millis(50)]),
        timeout: TIMEOUT,
        concurrency: 8,
        wake: Arc::clone(&bench.step.wake),
        clock: bench.clock.clone(),
    };
    // The lane is kept for the dead one until its time is over.
    bench.clock.set_offset(SignedDuration::from_secs(30));
    bench.step.deliverers.spawn(deliverer.run());
    let taken = endpoint.has_taken(2).await;
    assert_eq!(numbers(&taken), [10, 11]);
    assert_eq!((&taken[0].id, &taken[0].body), (&first.id, &first.body));
    assert_eq!(bench.ends(2).await.0, [None, None]);
}

struct Keys(Uuid, DataKey);

#[async_trait::async_trait]
impl OpeningKeys for Keys {
    async fn find(&self, _: &str, key_id: Uuid) -> Result<Option<DataKey>, Fault> {
        Ok((key_id == self.0).then(|| self.1.clone()))
    }

    async fn catch_up(&self) -> Result<(), Fault> {
        Ok(())
    }
}

#[tokio::test]
async fn a_customer_gets_a_letter_and_an_erased_one_none() {
    let Some(redis) = RedisServer::start() else { return };
    let server = MailServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("master.key"), "5a".repeat(32)).unwrap();
    let master = MasterKey::from_file(&folder.path().join("master.key")).unwrap();
    let wrapped = master.new_data_key("ada", Timestamp::UNIX_EPOCH).unwrap();
    let key = master.unwrap_key(&wrapped).unwrap();
    let address = serde_json::json!({ "line1": "1 High Street", "city": "Leeds", "country": "GB" });
    let person = serde_json::json!({ "name": "Ada <b>", "email": "ada@nest.example", "address": address });
    let person: Person = serde_json::from_value(person).unwrap();

    let port = server.port.to_string();
    let settings = ["notifications", "--smtp-host=127.0.0.1", "--smtp-tls=none", "--smtp-port", &port];
    let settings = Settings::try_parse_from(settings).unwrap();
    let keys = Arc::new(Keys(wrapped.key_id, key.clone()));
    let mailer = Mailer::new(&settings.mail, keys).unwrap().unwrap();
    let known = Subscription { channel: EMAIL.to_owned(), url: None, ..subscription("", &["*"]) };
    let bench = Bench::new(&redis, std::slice::from_ref(&known), vec![Arc::new(mailer)], &[50]).await;

    let mut letter = due(10, &known);
    let lines = [serde_json::json!({ "sku": "MUG", "quantity": 1, "unit_price": 1290 })];
    let data = serde_json::json!({ "order_id": letter.order_id, "total": 1290, "currency": "EUR", "lines": lines,
        "carrier": "Post", "tracking_number": "RR123456785DE" });
    letter.body = serde_json::json!({ "type": "order.fulfilled", "data": data }).to_string();
    letter.sealed = Some(seal(&key, wrapped.key_id, Uuid::from_u128(10), &person).unwrap());
    let mut erased = letter.clone();
    erased.event_id = Uuid::from_u128(11);
    erased.order_id = Uuid::from_u128(11).to_string();
    let sealed = seal(&key, wrapped.key_id, Uuid::from_u128(11), &person).unwrap();
    erased.sealed = Some(orderflow::events::Sealed { key_id: Uuid::from_u128(99), ..sealed });
    bench.tell(vec![letter.clone(), erased]).await;

    let mut reasons = bench.ends(2).await.0;
    reasons.sort();
    assert_eq!(reasons, [None, Some("erased".to_owned())]);
    let letters = server.letters();
    assert_eq!(letters.len(), 1);
    let wanted = [
        "RCPT TO:<ada@nest.example>".to_owned(),
        format!("Message-ID: <{}@shop.example>", letter.event_id),
        "Auto-Submitted: auto-generated".to_owned(),
        "Hello Ada <b>,".to_owned(),
        "<p>Hello Ada &lt;b&gt;,</p>".to_owned(),
        "RR123456785DE".to_owned(),
    ];
    for wanted in wanted {
        assert!(letters[0].contains(&wanted), "{wanted} is missing: {}", letters[0]);
    }
}
