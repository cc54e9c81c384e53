//! `orderflow models train fraud --from-topics`: the shop's own orders, and what was learned of them.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result, ensure};
use clap::Args;
use comfy_table::Table;
use fraud_model::recorded::{self, Decided, Label, Source, Wanted};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use orderflow::{
    clock::Clock,
    events::{OrderFraudDetected, PaymentProcessed, Record},
    topics::{FRAUD, PAYMENTS},
};
use orderflow_versions::gather::newest_labels;
use uuid::Uuid;

use crate::{
    commands::{
        replay::{self, Past},
        table::table,
    },
    connection::Connection,
    log::{Decoder, read},
};

/// Which of the shop's orders train.
#[derive(Debug, Args)]
pub(super) struct Topics {
    /// Trains on the orders of this shop: `fraud`, `payments` and `fraud.labels`.
    #[arg(long, conflicts_with_all = ["csv", "days", "customers"])]
    from_topics: bool,
    /// Only orders placed from then on; earlier ones are their histories all the same.
    #[arg(long, value_name = "TIME", requires = "from_topics")]
    from: Option<Timestamp>,
    /// Only orders placed before then.
    #[arg(long, value_name = "TIME", requires = "from_topics")]
    until: Option<Timestamp>,
    /// With --from-topics: how old an order must be. Younger ones are left out, for their fraud may still be reported.
    #[arg(long, value_name = "DURATION", default_value = "45d", value_parser = duration)]
    maturity: SignedDuration,
    /// With --from-topics: up to this total, in minor units, an order is a small charge: fraud-scoring's setting.
    #[arg(long, env = "FRAUD_SMALL_AMOUNT", default_value_t = 1_000)]
    small_amount: i64,
    #[command(flatten)]
    connection: Connection,
}

/// What the topics say.
pub(super) struct Gathered {
    decided: Vec<Decided>,
    wanted: Wanted,
    /// Orders whose features were made again.
    made_again: usize,
}

impl Topics {
    /// Reads the topics, where they are asked for.
    pub async fn gather(&self) -> Result<Option<Gathered>> {
        if !self.from_topics {
            return Ok(None);
        }
        let decoder = Decoder::new(self.connection.registry()?);
        eprintln!("reading decisions, payments and labels");
        let mut history = replay::decisions(&self.connection, &decoder).await?;
        ensure!(!history.is_empty(), "there is no decision on `fraud`: nothing to train on");
        let made_again = replay::renew(&mut history, self.small_amount);
        let labels = newest_labels(&self.connection.access()?, &decoder, |_| true).await?;
        let (refused, charged) = self.fates().await?;
        eprintln!("{} orders were decided, {} orders are labelled", history.len(), labels.len());
        let decided = history.iter().map(|one| {
            let id = one.order.order_id;
            let label = labels.get(&id).map(|label| Label {
                fraud: label.fraud,
                source: label.source.clone(),
                at: label.labelled_at,
            });
            let vector = vector(one)?;
            let (refused, charged) = (refused.contains(&id), charged.contains(&id));
            Ok(Decided { order: one.order.clone(), vector, refused, charged, label })
        });
        let decided = decided.collect::<Result<_>>()?;
        let wanted = Wanted {
            as_of: Clock::system().now(),
            maturity: self.maturity,
            from: self.from,
            until: self.until,
            small: self.small_amount,
        };
        Ok(Some(Gathered { decided, wanted, made_again }))
    }

    /// Which orders were refused, and which were charged.
    async fn fates(&self) -> Result<(BTreeSet<Uuid>, BTreeSet<Uuid>)> {
        let (config, names) = (self.connection.kafka_config(), self.connection.names());
        let entries = read(&config, &names, &[FRAUD, PAYMENTS], false).await?;
        let told = |is: fn(&str) -> bool| {
            let told = entries.iter().filter(move |entry| is(&entry.envelope.kind));
            told.filter_map(|entry| entry.order_id()).collect()
        };
        Ok((told(OrderFraudDetected::is_named), told(PaymentProcessed::is_named)))
    }
}

fn vector(one: &Past) -> Result<[f32; fraud_scoring::vector::LEN]> {
    let features = &one.judged.decision.features.0;
    features.as_slice().try_into().with_context(|| {
        format!("the decision on order {} has {} features", one.order.order_id, features.len())
    })
}

impl Gathered {
    /// Writes the table into a folder, and tells what is in it.
    pub fn write_table(&self, folder: &Path) -> Result<()> {
        let source = recorded::write(folder, &self.decided, &self.wanted, self.made_again)?;
        eprintln!("{}", told(&source));
        Ok(())
    }
}

/// What was taken and what was not, for people.
fn told(source: &Source) -> Table {
    let mut table = table(["orders to train on", "count"]);
    let fraud: usize = source.labels.values().map(|labels| labels.fraud).sum();
    let labelled: usize = source.labels.values().map(|labels| labels.fraud + labels.honest).sum();
    for (name, labels) in &source.labels {
        table.add_row([format!("labelled as fraud: {name}"), labels.fraud.to_string()]);
        table.add_row([format!("labelled as honest: {name}"), labels.honest.to_string()]);
    }
    table.add_row(["charged, not labelled: honest".to_owned(), (source.orders - labelled).to_string()]);
    table.add_row(["all".to_owned(), format!("{}, {fraud} of them fraud", source.orders)]);
    for (why, count) in &source.left_out {
        table.add_row([format!("left out: {}", why.replace('_', " ")), count.to_string()]);
    }
    table.add_row(["features made again".to_owned(), source.made_again.to_string()]);
    table
}

/// Reads a duration such as `45d` or `90s`; a day has 24 hours.
fn duration(text: &str) -> Result<SignedDuration, String> {
    let span: Option<Span> = text.parse().ok();
    let duration = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let duration = duration.filter(|duration| !duration.is_negative());
    duration.ok_or_else(|| format!("`{text}` is not a duration such as 45d, 12h or 90s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_days_hours_or_seconds_and_not_negative() {
        assert_eq!(duration("45d"), Ok(SignedDuration::from_hours(45 * 24)));
        assert_eq!(duration("90s"), Ok(SignedDuration::from_secs(90)));
        assert_eq!(duration("0s"), Ok(SignedDuration::ZERO));
        for wrong in ["", "45", "-1d", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
