//! `orderflow dlq list`: what nobody has dealt with yet; or another system's dead letters.

use anyhow::Result;
use clap::Args;
use orderflow_letters::{Filter, Letter, Standing};

use super::{draw, foreign, found, group};
use crate::{
    commands::{print, print_json},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow dlq list
  orderflow dlq list --group payment --code gateway_rejects_request --older 1h --json
  orderflow dlq list --key 01939d5c-2f5e-7c9a-8f3e-6a1b2c3d4e5f
  orderflow dlq list --where 'order.total>100000'
  orderflow dlq list --parked
  orderflow dlq list --settled
  orderflow dlq list --topic orders-dlt

Whatever is listed blocks the later records of its order in that group, until it is redriven, edited or discarded; so does
what is parked. A topic that is none of Orderflow's is listed as it is: dead letters of Spring Kafka, Kafka Connect and Kafka
Streams tell by their headers where they come from and what went wrong.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct List {
    /// Only of this service's group [default: of all].
    #[arg(long, value_parser = group)]
    group: Option<String>,
    #[command(flatten)]
    filter: Filter,
    /// Those that are parked, instead.
    #[arg(long)]
    parked: bool,
    /// Those that have been dealt with, too.
    #[arg(long)]
    settled: bool,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) async fn run(self) -> Result<bool> {
        let access = self.connection.access()?;
        if let Some(topic) = self.filter.topic.as_ref().filter(|topic| foreign::is_foreign(topic)) {
            return foreign::list(&access, topic, self.json).await;
        }
        let mut found = found(&access, self.group.as_deref(), &self.filter).await?;
        found.retain(|letter| self.shows(&letter.standing));
        if self.json {
            print_json(&found.iter().map(Letter::as_json).collect::<Vec<_>>())?;
        } else if found.is_empty() {
            print("no dead letters")?;
        } else {
            print(draw(&found))?;
        }
        Ok(true)
    }

    fn shows(&self, standing: &Standing) -> bool {
        match standing {
            Standing::Open => !self.parked,
            Standing::Parked(_) => self.parked,
            Standing::Settled | Standing::Discarded => self.settled,
        }
    }
}
