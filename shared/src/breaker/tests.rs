use std::sync::mpsc;

use jiff::SignedDuration;
use tokio::sync::oneshot;

use super::*;
use crate::{fault::Consequence, health::Readiness};

const GATEWAY: Dependency =
    Dependency { name: "gateway", refusal: "gateway_breaker_open", outages: &["gateway_timeout"] };

struct Bench {
    breaker: Breaker,
    clock: Clock,
    health: Health,
    moves: mpsc::Receiver<Move>,
}

fn bench() -> Bench {
    let (clock, health) = (Clock::system(), Health::default());
    let (sender, moves) = mpsc::channel();
    let listener = move |moved| sender.send(moved).unwrap();
    let breaker = Breaker::new(GATEWAY, Policy::default(), clock.clone(), health.clone(), listener);
    Bench { breaker, clock, health, moves }
}

impl Bench {
    async fn down(&self) -> Fault {
        let answer: Result<(), _> =
            self.breaker.call(async { Err(Fault::transient("gateway_timeout", "no answer")) }).await;
        answer.unwrap_err()
    }

    async fn up(&self) -> Result<(), Fault> {
        self.breaker.call(async { Ok(()) }).await
    }

    async fn opened(self) -> Self {
        for _ in 0..5 {
            assert_eq!(self.down().await.code(), "gateway_timeout");
        }
        self
    }

    fn at(&self, seconds: i64) {
        self.clock.set_offset(SignedDuration::from_secs(seconds));
    }

    /// What the listener has heard since the last time.
    fn heard(&self) -> Vec<(State, &'static str)> {
        self.moves.try_iter().map(|moved| (moved.to, moved.reason)).collect()
    }
}

#[tokio::test]
async fn while_it_is_open_no_call_is_made_and_no_attempt_counts() {
    let bench = bench().opened().await;
    let never = async { panic!("a call was made") };
    let refused: Result<(), Fault> = bench.breaker.call(never).await;
    let refused = refused.unwrap_err();
    assert_eq!((refused.consequence(), refused.code()), (Consequence::Transient, "gateway_breaker_open"));
    let pause = refused.pause().unwrap().as_secs_f64();
    assert!(pause > 1.0 && pause <= 2.0, "it says when to come back: {pause}");
    assert_eq!(refused.again().pause(), refused.pause(), "for each record of a batch");
}

#[tokio::test]
async fn an_outage_that_ends_leads_through_two_probes_back_to_ready() {
    let bench = bench().opened().await;
    assert_eq!(bench.health.readiness().0, Readiness::Degraded);
    bench.at(2);
    bench.up().await.unwrap();
    assert_eq!(bench.health.readiness().0, Readiness::Degraded, "one answer may be luck");
    bench.up().await.unwrap();
    assert_eq!(bench.health.readiness().0, Readiness::Ready);
    let told = [
        (State::Open, "gateway_timeout"),
        (State::HalfOpen, "wait_over"),
        (State::Closed, "probes_succeeded"),
    ];
    assert_eq!(bench.heard(), told);
}

#[tokio::test]
async fn faults_count_until_the_outage_is_known_and_not_after() {
    let bench = bench();
    for _ in 0..4 {
        assert_eq!(bench.down().await.pause(), None);
    }
    assert!(bench.down().await.pause().is_some(), "the one that opens it");
    bench.at(2);
    let probe = bench.down().await.pause().unwrap().as_secs_f64();
    assert!(probe > 3.0 && probe <= 4.0, "a probe that fails waits for the next: {probe}");
}

#[tokio::test]
async fn answers_never_open_it_whatever_they_say() {
    let bench = bench();
    for code in ["gateway_pending", "gateway_busy", "charge_mismatch"].into_iter().cycle().take(60) {
        let answer: Result<(), Fault> = bench.breaker.call(async { Err(Fault::transient(code, "")) }).await;
        assert_eq!(answer.unwrap_err().pause(), None);
    }
    assert_eq!(bench.heard(), []);
}

#[tokio::test]
async fn one_probe_at_a_time_and_the_others_come_back_soon() {
    let bench = bench().opened().await;
    bench.at(2);
    let (answer, waits) = oneshot::channel();
    let probe = bench.breaker.call(async { Ok(waits.await.unwrap()) });
    let other = async {
        let refused = bench.up().await.unwrap_err();
        assert_eq!((refused.code(), refused.pause().unwrap().as_millis()), ("gateway_breaker_open", 100));
        answer.send(7).unwrap();
    };
    assert_eq!(tokio::join!(probe, other).0.unwrap(), 7);
    bench.up().await.unwrap();
}

#[tokio::test]
async fn a_probe_nobody_waits_for_makes_room_for_the_next() {
    let bench = bench().opened().await;
    bench.at(2);
    let mut probe = Box::pin(bench.breaker.call(std::future::pending::<Result<(), Fault>>()));
    assert!(futures::poll!(&mut probe).is_pending());
    assert_eq!(bench.up().await.unwrap_err().code(), "gateway_breaker_open");
    drop(probe);
    bench.up().await.unwrap();
}

#[tokio::test]
async fn an_answer_from_before_it_opened_does_not_move_it() {
    let bench = bench();
    let (answer, waits) = oneshot::channel::<Result<(), Fault>>();
    let slow = bench.breaker.call(async { waits.await.unwrap() });
    let rest = async {
        for _ in 0..5 {
            bench.down().await;
        }
        bench.at(2);
        bench.up().await.unwrap(); // half-open
        answer.send(Err(Fault::transient("gateway_timeout", ""))).unwrap();
    };
    let (slow, ()) = tokio::join!(slow, rest);
    assert!(slow.unwrap_err().pause().is_some(), "it is the outage's all the same");
    bench.up().await.unwrap();
    assert_eq!(bench.heard().last(), Some(&(State::Closed, "probes_succeeded")));
}

#[tokio::test]
async fn its_waits_double_up_to_thirty_seconds_and_begin_anew_once_it_has_closed() {
    let bench = bench().opened().await;
    let mut now = 0;
    for wait in [2, 4, 8, 16, 30, 30] {
        bench.at(now + wait - 1);
        assert_eq!(bench.up().await.unwrap_err().code(), "gateway_breaker_open", "{wait} s are not over");
        now += wait;
        bench.at(now);
        assert_eq!(bench.down().await.code(), "gateway_timeout", "after {wait} s");
    }
    bench.at(now + 30);
    bench.up().await.unwrap();
    bench.up().await.unwrap();
    let pause = bench.opened().await.up().await.unwrap_err().pause().unwrap();
    assert!(pause.as_secs_f64() <= 2.0);
}

#[tokio::test]
async fn one_that_answers_now_and_then_is_not_left_alone_for_longer_and_longer() {
    let bench = bench().opened().await;
    for now in [2, 4, 6, 8] {
        bench.at(now);
        bench.up().await.unwrap();
        assert!(bench.down().await.pause().unwrap().as_secs_f64() <= 2.0);
    }
}

#[tokio::test]
async fn a_reset_closes_it_and_calls_under_way_say_nothing_any_more() {
    let bench = bench().opened().await;
    bench.heard();
    bench.breaker.reset("replaced");
    assert_eq!(bench.heard(), [(State::Closed, "replaced")]);
    assert_eq!(bench.health.readiness().0, Readiness::Ready);
    // Four failures, a reset during the fifth: it is not the fifth in a row, nor is it the first of those to come.
    let fails = || Err::<(), Fault>(Fault::transient("gateway_timeout", "no answer"));
    for _ in 0..4 {
        assert!(bench.breaker.call_now(fails).is_err());
    }
    let reset_meanwhile = || {
        bench.breaker.reset("replaced");
        fails()
    };
    assert!(bench.breaker.call_now(reset_meanwhile).is_err());
    for _ in 0..4 {
        assert_eq!(bench.breaker.call_now(fails).unwrap_err().code(), "gateway_timeout");
    }
    assert_eq!(bench.heard(), []);
    assert!(bench.breaker.call_now(fails).is_err());
    assert_eq!(bench.heard(), [(State::Open, "gateway_timeout")]);
    assert_eq!(bench.breaker.call_now(fails).unwrap_err().code(), "gateway_breaker_open");
}
