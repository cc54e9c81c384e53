//! Who has acted on an order, and why: names and words that only the log holds, read for staff when they ask.

use std::collections::HashMap;

use anyhow::Result;
use serde_json::Value;

use crate::{
    line::{ForStaff, Line},
    records::{MOST, Place, Records},
};

/// Fills in who has acted and why, where a line tells of a person's act: of the newest ones, where there are very many.
///
/// # Errors
/// As [`Records::read`]. The lines are as they were.
pub async fn fill_in(lines: &mut [Line], log: &dyn Records) -> Result<()> {
    let places: Vec<Place> =
        lines.iter().rev().filter_map(|line| line.staff.as_ref()?.words_at).take(MOST).collect();
    if places.is_empty() {
        return Ok(());
    }
    let said: HashMap<Place, Value> = log.read(places).await?;
    for staff in lines.iter_mut().filter_map(|line| line.staff.as_mut()) {
        if let Some(record) = staff.words_at.and_then(|place| said.get(&place)) {
            tell(staff, record);
        }
    }
    Ok(())
}

fn tell(staff: &mut ForStaff, record: &Value) {
    let (who, why) = words(record);
    staff.who = who.or_else(|| staff.who.take());
    staff.why = why;
}

/// Who acts in a record, and why: `reviewer`, or a field such as `redriven_by`, and `reason`.
#[must_use]
pub fn words(record: &Value) -> (Option<String>, Option<String>) {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    if let Some(decision) = record.get("decision").filter(|decision| decision.is_object()) {
        return (text(&decision["reviewer"]), text(&decision["review_reason"]));
    }
    let by = record.as_object().into_iter().flatten().find(|(name, _)| name.ends_with("_by"));
    (text(&record["reviewer"]).or_else(|| by.and_then(|(_, who)| text(who))), text(&record["reason"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_record_of_a_person_says_who_and_why() {
        let said = |record| {
            let (who, why) = words(&record);
            format!("{}: {}", who.unwrap_or_default(), why.unwrap_or_default())
        };
        assert_eq!(
            said(json!({ "decision": "approve", "reviewer": "dana", "reason": "known" })),
            "dana: known"
        );
        assert_eq!(said(json!({ "requested_by": "shop", "reason": "" })), "shop: ");
        assert_eq!(
            said(json!({ "service": "payment", "redriven_by": "ada", "reason": "fixed" })),
            "ada: fixed"
        );
        let judged = json!({ "decision": { "reviewer": "dana", "review_reason": "known", "score": 0.5 } });
        assert_eq!(said(judged), "dana: known");
        assert_eq!(said(json!({ "decision": { "reviewer": null } })), ": ");
    }
}
