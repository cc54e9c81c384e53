//! Both statistics by hand, and what holds for all of them.

use proptest::{collection::vec, prelude::*};
use rstest::rstest;

use super::*;

fn bins(edges: &[f64], shares: &[f64]) -> Bins {
    Bins::new(edges, shares)
}

/// Worked out by hand: each is a sum of (p − q) · ln(p ∕ q).
#[rstest]
#[case::nothing_has_moved(&[0.5, 0.5], &[50, 50], 0.0, 0.0)]
// 0.1 · ln(0.6 ∕ 0.5) − 0.1 · ln(0.4 ∕ 0.5) = 0.1 · ln 1.5
#[case::a_tenth_has_moved(&[0.5, 0.5], &[60, 40], 0.040_546_511, 0.1)]
// 0.3 · ln 2.5 twice: the outer bins have changed places, the middle one has not moved.
#[case::turned_round(&[0.2, 0.3, 0.5], &[500, 300, 200], 0.549_774_440, 0.3)]
// (0 → 0.005) and (1 → 0.995) of 100: half an order stands where there is none. 2 · 0.995 · ln 200
#[case::all_has_moved(&[1.0, 0.0], &[0, 100], 10.543_651_559, 1.0)]
#[case::nothing_was_seen(&[0.5, 0.5], &[0, 0], 0.0, 0.0)]
fn both_are_as_worked_out_by_hand(
    #[case] shares: &[f64],
    #[case] counts: &[u64],
    #[case] psi_by_hand: f64,
    #[case] ks_by_hand: f64,
) {
    assert!((psi(shares, counts) - psi_by_hand).abs() < 1e-8, "{}", psi(shares, counts));
    assert!((ks(shares, counts) - ks_by_hand).abs() < 1e-12, "{}", ks(shares, counts));
}

#[test]
fn a_number_is_in_the_bin_that_ends_with_it_and_unknown_in_the_last() {
    let bins = bins(&[1.0, 2.0], &[0.2, 0.3, 0.5]);
    let places = [-5.0, 1.0, 1.5, 2.0, 2.1, f32::INFINITY, f32::NAN].map(|number| bins.place(number));
    assert_eq!((bins.len(), places), (4, [0, 0, 1, 1, 2, 2, 3]));
}

/// The reader of JSON may be off by the last digit of 64 bits.
#[test]
fn a_number_that_is_an_edge_ends_its_bin_whatever_the_last_digit_says() {
    let edge = 1.7918_f32;
    for written in [f64::from(edge).next_down(), f64::from(edge), f64::from(edge).next_up()] {
        assert_eq!(bins(&[written], &[0.5, 0.5]).place(edge), 0);
    }
}

#[test]
fn numbers_that_were_known_and_are_not_any_more_have_moved() {
    let bins = bins(&[1.0], &[0.45, 0.45, 0.1]);
    assert_eq!(bins.distance(&[450, 450, 100]), Distance::default());
    let moved = bins.distance(&[250, 250, 500]);
    assert!((moved.ks - 0.4).abs() < 1e-12 && moved.psi > 0.5, "{moved:?}");
}

/// 200 samples of 500 numbers each, straight from the reference: the index shows 10 ∕ 500 too much on average, and what is
/// told shows none of it.
#[test]
fn what_few_numbers_show_by_chance_is_taken_off() {
    let shares = [0.1; 10].iter().copied().chain([0.0]).collect::<Vec<_>>();
    let bins = bins(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], &shares);
    let mut state = 7_u64;
    let mut next = || {
        // Knuth's MMIX generator: the high bits will do.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % 10
    };
    let (mut raw, mut told) = (0.0, 0.0);
    for _ in 0..200 {
        let mut counts = [0; 11];
        (0..500).for_each(|_| counts[next()] += 1);
        raw += psi(&bins.shares, &counts) / 200.0;
        told += (psi(&bins.shares, &counts) - expected_psi(&bins.shares, &counts)) / 200.0;
    }
    assert!((raw - 9.0 / 500.0).abs() < 0.003, "{raw}");
    assert!(told.abs() < 0.003, "{told}");
}

proptest! {
    #[test]
    fn what_is_spread_as_in_training_has_not_moved(counts in vec(0_u64..1_000, 2..14)) {
        let all: u64 = counts.iter().sum();
        prop_assume!(all > 0);
        let shares: Vec<f64> = counts.iter().map(|count| *count as f64 / all as f64).collect();
        prop_assert!(psi(&shares, &counts).abs() < 1e-9);
        prop_assert!(ks(&shares, &counts) < 1e-9);
        let edges: Vec<f64> = (0..counts.len() - 2).map(|edge| edge as f64).collect();
        prop_assert_eq!(bins(&edges, &shares).distance(&counts).psi, 0.0);
    }

    #[test]
    fn neither_is_negative_nor_without_end_and_the_index_bounds_the_other(
        pairs in vec((0_u64..1_000, 0_u64..1_000), 2..14)
    ) {
        let (before, now): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
        let (all, seen) = (before.iter().sum::<u64>(), now.iter().sum::<u64>());
        prop_assume!(all > 0 && seen > 0);
        let shares: Vec<f64> = before.iter().map(|count| *count as f64 / all as f64).collect();
        let (index, ks) = (psi(&shares, &now), ks(&shares, &now));
        prop_assert!(index >= 0.0 && index.is_finite(), "{}", index);
        prop_assert!((0.0..=1.0 + 1e-9).contains(&ks), "{}", ks);
        // Shares below the least one are raised to it, each moving the other statistic by as much at most.
        let raised = LEAST_SHARE.max(0.5 / seen as f64) * shares.len() as f64;
        prop_assert!(index >= 4.0 * (ks - raised).max(0.0).powi(2) - 1e-9, "{} {}", index, ks);
    }
}
