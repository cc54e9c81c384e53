//! A planted bug is caught: by the invariant it breaks, on real servers, with the least that brings it out.

use std::collections::BTreeSet;

use clap::ValueEnum;
use orderflow::faults::plant::{Plant, VARIABLE};
use orderflow_tests::{checker::check, eventually, options};
use rstest::rstest;

use super::{
    day::{clean, evidence},
    trouble::{Day, Trouble},
};

#[rstest]
#[case(Plant::RandomEventId, Trouble::None, "I6")]
#[case(Plant::RefundLost, Trouble::None, "I3")]
#[case(Plant::ForgottenKey, Trouble::None, "I10")]
#[case(Plant::NoSeekAfterAbort, Trouble::Aborts, "I2")]
#[case(Plant::CommitBeforeFlush, Trouble::Aborts, "I2")]
#[case(Plant::DedupeBeforeWork, Trouble::Aborts, "I2")]
#[case(Plant::ReleaseTwice, Trouble::Aborts, "I4")]
#[case(Plant::ReadUncommitted, Trouble::Aborts, "I6")]
#[case(Plant::StaleEpoch, Trouble::AbortsUnderLoad, "I6")]
#[case(Plant::NoFencing, Trouble::Kills, "I6")]
#[case(Plant::LostHeader, Trouble::Poison, "I7")]
#[case(Plant::SwallowedPoison, Trouble::Poison, "I7")]
#[case(Plant::ForgottenState, Trouble::Flush, "I4")]
#[case(Plant::CancelRace, Trouble::Cancel, "I3")]
#[case(Plant::IgnoredDeliveryErrors, Trouble::Refusal, "I2")]
#[tokio::test]
async fn a_planted_bug_is_caught(#[case] plant: Plant, #[case] trouble: Trouble, #[case] invariant: &str) {
    let name = plant.to_possible_value().unwrap().get_name().to_owned();
    let mut planted = options();
    planted.variables.push((VARIABLE.to_owned(), name));
    let day = Day::of(trouble, planted).await;
    let Day { shop, journal, injected, .. } = &day;
    eventually(&format!("{plant:?} to be caught by {invariant}"), async || {
        let violations =
            check(&evidence(shop, journal, injected).await?).await.map_err(|error| format!("{error:#}"))?;
        let broken: BTreeSet<_> = violations.iter().map(|violation| violation.invariant).collect();
        if broken.contains(invariant) { Ok(()) } else { Err(format!("{broken:?}")) }
    })
    .await;
    day.shop.abandon().await;
}

#[rstest]
#[tokio::test]
async fn without_a_bug_the_same_trouble_leaves_nothing_to_say(
    #[values(
        Trouble::Aborts,
        Trouble::AbortsUnderLoad,
        Trouble::Kills,
        Trouble::Poison,
        Trouble::Flush,
        Trouble::Cancel,
        Trouble::Outage,
        Trouble::Refusal
    )]
    trouble: Trouble,
) {
    let day = Day::of(trouble, options()).await;
    clean(&day.shop, &day.journal, &day.injected).await;
    day.shop.abandon().await;
}

/// No trouble is known that brings them out every time.
const NEVER_SHOWN: [Plant; 2] = [Plant::Overtaking, Plant::UnackedAnswer];

#[test]
fn each_bug_has_its_case() {
    let here = orderflow_tests::sources::text("tests/it/checker/caught.rs");
    for plant in Plant::value_variants() {
        let is_shown = here.contains(&format!("#[case(Plant::{plant:?}, "));
        assert!(is_shown != NEVER_SHOWN.contains(plant), "{plant:?}");
    }
}
