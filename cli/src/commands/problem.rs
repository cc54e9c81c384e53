//! What a service has refused, in words: its problem (RFC 9457).

use serde_json::Value;

/// A problem (RFC 9457) for people: what, what to do, and every field at fault.
pub(super) fn words(problem: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut words = format!("{}: {}", text(&problem["title"]), text(&problem["detail"]));
    for error in problem["errors"].as_array().into_iter().flatten() {
        words.push_str(&format!("\n  {}: {}", text(&error["field"]), text(&error["detail"])));
    }
    if let Some(first) = problem["decision"].as_object() {
        let by = first["reviewer"].as_str().unwrap_or("policy, or its customer");
        words.push_str(&format!(
            "\n  {} by {by} at {}",
            text(&first["decision"]),
            text(&first["decided_at"])
        ));
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::words;

    #[test]
    fn a_problem_names_every_field_at_fault() {
        let problem = json!({
            "title": "Some fields hold values that are not allowed", "detail": "2 fields are wrong: see `errors`",
            "errors": [
                {"field": "/decision", "code": "unknown", "detail": "approve or reject"},
                {"field": "/reason", "code": "missing", "detail": "1 to 500 characters"},
            ],
        });
        assert_eq!(
            words(&problem),
            "Some fields hold values that are not allowed: 2 fields are wrong: see `errors`\n  \
             /decision: approve or reject\n  /reason: 1 to 500 characters"
        );
    }

    #[test]
    fn a_decision_that_came_first_is_told() {
        let problem = json!({
            "title": "The order's review is decided already", "detail": "the first decision counts: see `decision`",
            "decision": {"decision": "reject", "reviewer": null, "decided_at": "2026-11-21T12:00:00Z"},
        });
        assert!(words(&problem).ends_with("\n  reject by policy, or its customer at 2026-11-21T12:00:00Z"));
    }
}
