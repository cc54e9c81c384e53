//! The rules, for any order of calls, answers and times.

use proptest::{collection::vec, prelude::*};

use super::*;

#[derive(Debug, Clone)]
enum Act {
    Ask,
    /// One of the calls under way ends.
    End(prop::sample::Index, Shown),
    /// Time passes; or the clock is set back, by milliseconds.
    Clock(i64),
}

fn act() -> impl Strategy<Value = Act> {
    let shown = prop_oneof![3 => Just(Shown::Fails), 2 => Just(Shown::Works), 1 => Just(Shown::Nothing)];
    prop_oneof![
        4 => Just(Act::Ask),
        4 => (any::<prop::sample::Index>(), shown).prop_map(|(which, shown)| Act::End(which, shown)),
        2 => (0..40_000i64).prop_map(Act::Clock),
        1 => (-40_000..0i64).prop_map(Act::Clock),
    ]
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
}

fn ms(wait: Duration) -> i64 {
    i64::try_from(wait.as_millis()).unwrap()
}

proptest! {
    #[test]
    fn no_call_passes_while_it_is_open_and_open_always_ends(acts in vec(act(), 0..200)) {
        let policy = Policy::default();
        let (mut circuit, mut now) = (Circuit::new(policy), 0i64);
        let mut under_way: Vec<Pass> = Vec::new();
        for act in acts {
            match act {
                Act::Clock(step) => now += step,
                Act::End(which, shown) if !under_way.is_empty() => {
                    let pass = under_way.swap_remove(which.index(under_way.len()));
                    let before = circuit.state();
                    circuit.settle(pass, shown, at(now));
                    prop_assert!(before != State::Open || circuit.state() == State::Open, "only a probe ends it");
                }
                Act::End(..) => {}
                Act::Ask => {
                    let (before, open_for) = (circuit.state(), circuit.pause(at(now)));
                    let asked = circuit.admit(at(now));
                    match (&asked, before) {
                        (Ok(_), State::Open) => prop_assert_eq!(open_for, Some(Duration::ZERO), "too early"),
                        (Err(wait), State::Open) => {
                            prop_assert!(!wait.is_zero() && *wait <= policy.longest_wait);
                            prop_assert_eq!(circuit.state(), State::Open);
                        }
                        (Err(_), State::Closed) => prop_assert!(false, "a closed one refuses nobody"),
                        _ => {}
                    }
                    under_way.extend(asked);
                }
            }
            let probes = under_way.iter().filter(|pass| pass.epoch == circuit.epoch).count();
            prop_assert!(circuit.state() != State::HalfOpen || probes <= 1, "{probes} probes at once");
            prop_assert!(circuit.state() != State::Open || probes == 0);
        }
        if circuit.state() == State::Open {
            let wait = circuit.admit(at(now)).err().unwrap_or_default();
            under_way.clear();
            prop_assert!(circuit.state() == State::HalfOpen || circuit.admit(at(now + ms(wait) + 1)).is_ok());
        }
    }

    #[test]
    fn it_opens_just_when_half_of_the_last_calls_or_five_in_a_row_have_failed(calls in vec(any::<bool>(), 0..60)) {
        let mut circuit = Circuit::new(Policy::default());
        for (i, failed) in calls.iter().enumerate() {
            let Ok(pass) = circuit.admit(at(0)) else { break };
            circuit.settle(pass, if *failed { Shown::Fails } else { Shown::Works }, at(0));
            let recent = &calls[(i + 1).saturating_sub(20)..=i];
            let failures = recent.iter().filter(|failed| **failed).count();
            let half = failures >= 5 && failures * 2 >= recent.len();
            let row = recent.len() >= 5 && recent[recent.len() - 5..].iter().all(|failed| *failed);
            prop_assert_eq!(circuit.state() == State::Open, half || row, "after {} calls", i + 1);
        }
    }
}

#[test]
fn a_full_window_of_successes_does_not_hide_an_outage() {
    let mut circuit = Circuit::new(Policy::default());
    for i in 0..25 {
        let pass = circuit.admit(at(0)).unwrap();
        circuit.settle(pass, if i < 20 { Shown::Works } else { Shown::Fails }, at(0));
    }
    assert_eq!(circuit.state(), State::Open);
}

#[test]
fn a_clock_that_is_set_back_keeps_it_open_for_no_longer_than_its_wait() {
    let mut circuit = Circuit::new(Policy::default());
    for _ in 0..5 {
        let pass = circuit.admit(at(0)).unwrap();
        circuit.settle(pass, Shown::Fails, at(0));
    }
    assert_eq!(circuit.admit(at(-3_600_000)).unwrap_err(), Duration::from_secs(2));
    assert!(circuit.admit(at(-3_600_000 + 2_000)).is_ok());
}
