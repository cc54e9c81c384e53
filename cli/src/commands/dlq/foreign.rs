//! Another system's dead letters: of Spring Kafka, Kafka Connect or Kafka Streams.

use anyhow::Result;
use orderflow::topics::Names;
use orderflow_letters::{Access, foreign::read};

use crate::commands::{print, print_json, table::table};

/// Whether a topic is none of ours.
pub(super) fn is_foreign(topic: &str) -> bool {
    Names::default().logical(topic).is_none()
}

/// Prints what is on the topic of that name.
pub(super) async fn list(access: &Access, topic: &str, json: bool) -> Result<bool> {
    let found = read(access, topic).await?;
    if json {
        let all = found.iter().map(|(letter, value)| {
            let mut shown = letter.as_json();
            shown["value"] = value.clone();
            shown
        });
        print_json(&all.collect::<Vec<_>>())?;
    } else if found.is_empty() {
        print(format!("no records on {topic}"))?;
    } else {
        let mut table = table(["place", "written (UTC)", "of", "from", "key", "exception", "message"]);
        for (letter, _) in &found {
            let (topic, partition, offset) = &letter.from;
            let number = |number: &Option<i64>| number.map_or_else(|| "?".to_owned(), |n| n.to_string());
            let topic = topic.as_deref().unwrap_or("?");
            table.add_row([
                format!("{}:{}", letter.place.0, letter.place.1),
                letter.time.strftime("%F %T").to_string(),
                letter.system.name().to_owned(),
                format!("{topic} {}:{}", number(partition), number(offset)),
                letter.key.clone(),
                letter.exception.clone().unwrap_or_default(),
                letter.message.clone().unwrap_or_default(),
            ]);
        }
        print(table)?;
    }
    Ok(true)
}
