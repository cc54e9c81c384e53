//! A decision as Redis keeps it for weeks, beside very many others: JSON, without what is null, its vector as short text.

use std::fmt::Write;

use jiff::Timestamp;
use orderflow::{
    events::{FeatureVector, Reason},
    fault::Fault,
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    domain::{Judged, ReviewTimes},
    shadow::Shadow,
};

const FEATURES: &str = "features";

/// What stands in the text; [`Judged`] reads it, but for the vector.
#[derive(Serialize)]
struct Text<'j> {
    score: f64,
    threshold: f64,
    hold_threshold: f64,
    reasons: &'j [Reason],
    scorer: &'j str,
    scorer_version: &'j str,
    decided_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewer: Option<&'j str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_reason: Option<&'j str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    features: String,
    features_definition: i32,
    engine: &'j str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<&'j str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<ReviewTimes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow: Option<&'j Shadow>,
}

/// A decision as text.
///
/// # Errors
/// `Poison` when it cannot be written as JSON.
pub fn to_text(Judged { decision, review, shadow }: &Judged) -> Result<String, Fault> {
    let text = Text {
        score: decision.score,
        threshold: decision.threshold,
        hold_threshold: decision.hold_threshold,
        reasons: &decision.reasons,
        scorer: &decision.scorer,
        scorer_version: &decision.scorer_version,
        decided_at: decision.decided_at.as_microsecond(),
        reviewer: decision.reviewer.as_deref(),
        review_reason: decision.review_reason.as_deref(),
        features: numbers(&decision.features),
        features_definition: decision.features_definition,
        engine: &decision.engine,
        fallback: decision.fallback.as_deref(),
        valid_until: decision.valid_until.map(Timestamp::as_microsecond),
        review: *review,
        shadow: shadow.as_ref(),
    };
    serde_json::to_string(&text)
        .map_err(|error| Fault::poison("decision_unwritable", "a decision cannot be stored").caused_by(error))
}

/// Reads what [`to_text`] wrote, now or in an earlier version.
///
/// # Errors
/// `Fatal` when it is of another shape.
pub fn from_text(text: &str) -> Result<Judged, Fault> {
    let read = || {
        let mut fields: Map<String, Value> = serde_json::from_str(text)?;
        let features = fields.remove(FEATURES);
        let mut judged: Judged = serde_json::from_value(fields.into())?;
        judged.decision.features = vector(features.as_ref().and_then(Value::as_str).unwrap_or_default())?;
        Ok(judged)
    };
    read().map_err(|error: Box<dyn std::error::Error + Send + Sync>| {
        Fault::fatal("stored_decision_unreadable", "a stored decision is not of this version's shape")
            .caused_by(error)
    })
}

/// The numbers between commas, each as short as it comes back bit by bit; nothing where one is unknown.
fn numbers(vector: &FeatureVector) -> String {
    let mut numbers = String::with_capacity(4 * vector.0.len());
    for (place, number) in vector.0.iter().enumerate() {
        numbers.push_str(if place > 0 { "," } else { "" });
        if !number.is_nan() {
            let _ = write!(numbers, "{number}"); // a String takes everything
        }
    }
    numbers
}

fn vector(numbers: &str) -> Result<FeatureVector, std::num::ParseFloatError> {
    if numbers.is_empty() {
        return Ok(FeatureVector::default());
    }
    let number = |number: &str| if number.is_empty() { Ok(f32::NAN) } else { number.parse() };
    numbers.split(',').map(number).collect::<Result<_, _>>().map(FeatureVector)
}

#[cfg(test)]
mod tests {
    use orderflow::events::FraudDecision;

    use super::*;

    fn judged(features: &[f32]) -> Judged {
        let text = r#"{"score":0.4917,"threshold":0.85,"hold_threshold":0.3,"reasons":[{"code":"c","text":"t","weight":0.1}],
            "scorer":"rules","scorer_version":"1","decided_at":5,"reviewer":null,"review_reason":null,
            "features":[],"features_definition":1,"engine":"rules","fallback":"slow","valid_until":7}"#;
        let decision: FraudDecision = serde_json::from_str(text).unwrap();
        Judged {
            decision: FraudDecision { features: FeatureVector(features.to_vec()), ..decision },
            review: None,
            shadow: None,
        }
    }

    #[test]
    fn a_decision_comes_back_bit_by_bit() {
        let third = 1.0 / 3.0;
        for vector in
            [&[][..], &[f32::NAN, 1.0], &[1.0, f32::NAN], &[-0.0, third, f32::MAX, f32::MIN_POSITIVE]]
        {
            let judged = judged(vector);
            assert_eq!(from_text(&to_text(&judged).unwrap()).unwrap(), judged);
        }
    }

    #[test]
    fn what_is_null_takes_no_room_and_whole_numbers_little() {
        let text = to_text(&judged(&[1.0, f32::NAN, 0.25])).unwrap();
        assert!(text.contains(r#""features":"1,,0.25""#) && !text.contains("null"), "{text}");
    }

    #[test]
    fn what_an_earlier_version_kept_is_read() {
        let kept = r#"{"score":1.0,"threshold":1.0,"reasons":[],"scorer":"rules","scorer_version":"1","decided_at":5,"reviewer":null}"#;
        let decision = from_text(kept).unwrap().decision;
        assert_eq!(decision.decided_at, Timestamp::from_microsecond(5).unwrap());
        assert_eq!((decision.features, decision.features_definition), (FeatureVector::default(), 0));
    }

    #[test]
    fn a_text_of_another_shape_is_a_fault() {
        let text = to_text(&judged(&[1.0])).unwrap();
        for text in ["", "[]", "{}", &text.replace(r#""1""#, r#""one""#)] {
            assert_eq!(from_text(text).unwrap_err().code(), "stored_decision_unreadable", "{text}");
        }
    }
}
