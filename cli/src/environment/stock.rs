//! Waiting for the first stock: an order before it would meet an empty shelf.

use std::{collections::HashSet, time::Duration};

use anyhow::{Result, ensure};
use orderflow::topics::{INVENTORY_LEVELS, INVENTORY_STOCK};

use crate::{
    connection::Connection,
    log::{Place, read},
};

const WITHIN: Duration = Duration::from_secs(60);
const BETWEEN: Duration = Duration::from_millis(100);

/// Waits until inventory has answered every stock adjustment there is. Intake asks for the seeds before it is ready, so
/// all of them are on the topic by now.
///
/// # Errors
/// When inventory does not answer in time.
pub(super) async fn wait_until_seeded(connection: &Connection) -> Result<()> {
    let deadline = tokio::time::Instant::now() + WITHIN;
    loop {
        let open = unanswered(connection).await?;
        if open == 0 {
            return Ok(());
        }
        ensure!(
            tokio::time::Instant::now() < deadline,
            "inventory has not answered {open} stock adjustments"
        );
        tokio::time::sleep(BETWEEN).await;
    }
}

async fn unanswered(connection: &Connection) -> Result<usize> {
    let topics = [INVENTORY_STOCK, INVENTORY_LEVELS];
    let entries = read(&connection.kafka_config(), &connection.names(), &topics, false).await?;
    let (mut asked, mut answered) = (HashSet::new(), HashSet::new());
    for entry in entries {
        match entry.place {
            Place::Topic(INVENTORY_STOCK) => drop(asked.insert(entry.envelope.id)),
            _ => answered.extend(entry.envelope.causation_id),
        }
    }
    Ok(asked.difference(&answered).count())
}
