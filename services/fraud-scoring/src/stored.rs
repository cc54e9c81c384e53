//! A decision as Redis keeps it for weeks, beside very many others: JSON, without what is null, its vector as short text.

use orderflow::{events::FeatureVector, fault::Fault};
use serde_json::{Map, Value};

use crate::domain::Judged;

const FEATURES: &str = "features";

/// A decision as text.
///
/// # Errors
/// `Poison` when it cannot be written as JSON.
pub fn to_text(judged: &Judged) -> Result<String, Fault> {
    let written = || {
        let mut fields: Map<String, Value> = serde_json::from_value(serde_json::to_value(judged)?)?;
        fields.insert(FEATURES.to_owned(), numbers(&judged.decision.features).into());
        fields.retain(|_, value| !value.is_null());
        serde_json::to_string(&fields)
    };
    written()
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
fn numbers(vector: &FeatureVector) -> Option<String> {
    let number = |number: &f32| if number.is_nan() { String::new() } else { number.to_string() };
    let numbers: Vec<String> = vector.0.iter().map(number).collect();
    (!numbers.is_empty()).then(|| numbers.join(","))
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
    use jiff::Timestamp;
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
