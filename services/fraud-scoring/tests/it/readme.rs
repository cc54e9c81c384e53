//! The README lists every rule and every feature as it is.

use fraud_scoring::{families, known_fraud, rules, vector};

const README: &str = include_str!("../../README.md");

/// The rules of a score, and those that come on top.
fn every_rule() -> impl Iterator<Item = &'static rules::Rule> {
    rules::all().chain(known_fraud::RULES)
}

fn row(rule: &rules::Rule) -> String {
    let ladder: Vec<String> =
        rule.ladder.iter().map(|(least, weight)| format!("{least} → {weight:.2}")).collect();
    format!("| `{}` | {} | {} |", rule.code, ladder.join(", "), rule.text.replace("{}", "N"))
}

#[test]
fn the_readme_lists_every_rule_with_its_weights() {
    let missing: Vec<String> = every_rule().map(row).filter(|row| !README.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "rows missing from README.md:\n{}", missing.join("\n"));
    let listed = README.lines().filter(|line| line.contains(" → 0.")).count();
    assert_eq!(listed, every_rule().count(), "README.md lists a rule that is gone");
}

#[test]
fn the_readme_lists_every_feature_in_the_sequence_of_the_vector() {
    let row =
        |feature: &vector::Feature| format!("| `{}` | {} | {} |\n", feature.name, feature.unit, feature.doc);
    let table: String = vector::all().map(row).collect();
    let table = format!("| feature | unit | |\n|---|---|---|\n{table}\n");
    assert!(README.contains(&table), "README.md must have this table:\n{table}");
    let version = format!("**Version {}**, {} numbers", vector::DEFINITION, vector::LEN);
    assert!(README.contains(&version), "README.md must say: {version}");
}

#[test]
fn the_readme_lists_every_family_of_features() {
    let row = |family: &families::Family| {
        let features: Vec<String> = family.features.iter().map(|name| format!("`{name}`")).collect();
        format!("| `{}` | {} | {} |\n", family.code, family.text, features.join(", "))
    };
    let table: String = families::ALL.iter().map(row).collect();
    let table = format!("| code | text | features |\n|---|---|---|\n{table}\n");
    assert!(README.contains(&table), "README.md must have this table:\n{table}");
}

#[test]
fn ladders_ascend_and_codes_are_unique() {
    let mut codes: Vec<&str> = every_rule().map(|rule| rule.code).collect();
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all);
    for rule in every_rule() {
        assert!(
            rule.ladder.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1),
            "{}",
            rule.code
        );
        assert!(
            rule.ladder.iter().all(|(least, weight)| *least > 0.0 && (0.0..1.0).contains(weight)),
            "{}",
            rule.code
        );
    }
}
