//! Answers to commits that are late, or never come: what they tell has happened all the same.

use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;
use orderflow::config::Delivery;

use super::{Fault, Lane, Strike};
use crate::chaos::{
    dice::Dice,
    ground::Ground,
    proxy::{Answers, Mishap, Rules, api},
};

/// How long the answers that are meant may take to come.
const PATIENCE: Duration = Duration::from_secs(15);
const GLANCE: Duration = Duration::from_millis(50);
/// What makes a batch durable, under each delivery setting.
const fn commits(delivery: Delivery) -> &'static [i16] {
    match delivery {
        Delivery::ExactlyOnce => {
            &[api::END_TXN, api::TXN_OFFSET_COMMIT, api::ADD_PARTITIONS, api::OFFSET_COMMIT, api::PRODUCE]
        }
        Delivery::AtLeastOnce => &[api::OFFSET_COMMIT, api::PRODUCE],
    }
}

/// The next answers to requests of one kind are late, or lost with their connection.
pub(super) struct CommitAnswers;

#[async_trait]
impl Fault for CommitAnswers {
    fn name(&self) -> &'static str {
        "commit-answers"
    }

    fn about(&self) -> &'static str {
        "answers to EndTxn, TxnOffsetCommit, AddPartitionsToTxn, OffsetCommit or Produce late by 0.2 to 12 s, or lost"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let asked = dice.one(commits(ground.delivery)).copied().unwrap_or(api::END_TXN);
        let mishap = match dice.between(1, 3) {
            1 => Mishap::Late(dice.millis(200, 2_000)),
            // Beyond what a transactional call may take.
            2 => Mishap::Late(dice.millis(8_000, 12_000)),
            _ => Mishap::Lost,
        };
        let wanted = dice.between(3, 12);
        let answers = Answers::next(wanted, &[asked], mishap);
        ground.proxies.rule_kafka(&Rules { answers: Some(answers.clone()), ..Rules::default() });
        let deadline = Instant::now() + PATIENCE;
        while answers.left() > 0 && Instant::now() < deadline {
            tokio::time::sleep(GLANCE).await;
        }
        let count = wanted - answers.left();
        Ok(Strike { count, ..Strike::once(format!("{count} answers to {}: {mishap:?}", name(asked))) })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        ground.proxies.rule_kafka(&Rules::default());
        Ok(())
    }
}

fn name(asked: i16) -> &'static str {
    match asked {
        api::END_TXN => "EndTxn",
        api::TXN_OFFSET_COMMIT => "TxnOffsetCommit",
        api::ADD_PARTITIONS => "AddPartitionsToTxn",
        api::OFFSET_COMMIT => "OffsetCommit",
        _ => "Produce",
    }
}
