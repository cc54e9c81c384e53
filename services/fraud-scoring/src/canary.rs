//! Whose orders a canary decides: always the same customers, on every instance and after every restart.

use orderflow::envelope::ids;

/// A share of all customers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(f64);

/// A fingerprint's first bits: those before its version.
const BITS: u32 = 48;

impl Share {
    /// From 0 (nobody) to 1 (everybody).
    ///
    /// # Errors
    /// When it is not from 0 to 1.
    pub fn new(share: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err(format!("{share} is no share from 0 to 1"))
        }
    }

    /// Whether a customer is one of them, for this version.
    ///
    /// Customer and version are hashed to a place from 0 to 1, and those below the share belong to it. So a share that
    /// grows keeps the customers it had, and each version gets other ones.
    #[must_use]
    pub fn has(self, customer_id: &str, version: &str) -> bool {
        let fingerprint = ids::from_parts(&["canary", version, customer_id]).as_u128();
        let place = (fingerprint >> (u128::BITS - BITS)) as f64 / 2f64.powi(BITS.cast_signed());
        place < self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::*;

    fn customers(share: f64, version: &str) -> BTreeSet<String> {
        let share = Share::new(share).unwrap();
        (0..10_000).map(|n| format!("c-{n}")).filter(|customer| share.has(customer, version)).collect()
    }

    #[rstest]
    #[case(0.01)]
    #[case(0.05)]
    #[case(0.5)]
    fn the_share_of_customers_is_the_one_asked_for(#[case] share: f64) {
        let (found, expected) = (customers(share, "7").len() as f64, share * 10_000.0);
        // Five standard deviations of a binomial distribution.
        assert!((found - expected).abs() < 5.0 * (expected * (1.0 - share)).sqrt(), "{found}");
    }

    #[test]
    fn nothing_is_nobody_and_one_is_everybody() {
        assert_eq!((customers(0.0, "7").len(), customers(1.0, "7").len()), (0, 10_000));
        assert!([-0.1, 1.1, f64::NAN].into_iter().all(|share| Share::new(share).is_err()));
    }

    #[test]
    fn a_share_that_grows_keeps_its_customers_and_versions_have_different_ones() {
        let (few, more) = (customers(0.05, "7"), customers(0.2, "7"));
        assert!(few.is_subset(&more));
        let both = few.intersection(&customers(0.05, "8")).count();
        assert!(both < few.len() / 4, "{both} of {}", few.len());
    }

    /// Told by another program (Python's hashlib). Another answer would move customers between versions.
    #[test]
    fn whose_orders_they_are_never_changes() {
        let some: Vec<String> = customers(0.001, "2025-12-01").into_iter().collect();
        assert_eq!(
            some,
            [
                "c-1502", "c-1524", "c-2040", "c-2134", "c-3622", "c-4546", "c-5456", "c-6329", "c-6351",
                "c-6452", "c-7072", "c-755", "c-9837"
            ]
        );
    }
}
