//! The numbers a decision was made by.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// Numbers in the sequence of their definition. NaN stands for one that is unknown; JSON writes it as null.
///
/// Two vectors are equal when they are so bit by bit, so that unknown equals unknown.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct FeatureVector(pub Vec<f32>);

impl PartialEq for FeatureVector {
    fn eq(&self, other: &Self) -> bool {
        let bits = |vector: &Self| vector.0.iter().map(|number| number.to_bits()).collect::<Vec<u32>>();
        bits(self) == bits(other)
    }
}

impl<'de> Deserialize<'de> for FeatureVector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = Vec::<Number>::deserialize(deserializer)?;
        Ok(Self(numbers.into_iter().map(|Number(number)| number).collect()))
    }
}

/// A number as Avro has it, or as JSON has it: null is NaN there.
struct Number(f32);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl de::Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or null")
    }

    fn visit_f32<E>(self, number: f32) -> Result<Number, E> {
        Ok(Number(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(Number(number as f32))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
        Ok(Number(number as f32))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number as f32))
    }

    fn visit_unit<E>(self) -> Result<Number, E> {
        Ok(Number(f32::NAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_survives_json_with_what_is_unknown() {
        let vector = FeatureVector(vec![1.0, -0.25, f32::NAN, 13.8155]);
        let text = serde_json::to_string(&vector).unwrap();
        assert_eq!(text, "[1.0,-0.25,null,13.8155]");
        assert_eq!(serde_json::from_str::<FeatureVector>(&text).unwrap(), vector);
        assert_eq!(serde_json::from_str::<FeatureVector>("[1,-2]").unwrap(), FeatureVector(vec![1.0, -2.0]));
        assert!(serde_json::from_str::<FeatureVector>(r#"["1"]"#).is_err());
    }

    #[test]
    fn vectors_are_compared_bit_by_bit() {
        let vector = |numbers: &[f32]| FeatureVector(numbers.to_vec());
        assert_eq!(vector(&[f32::NAN]), vector(&[f32::NAN]));
        assert_ne!(vector(&[0.0]), vector(&[-0.0]));
        assert_ne!(vector(&[1.0]), vector(&[1.0, 1.0]));
    }
}
