//! Tracking numbers after UPU standard S10: two letters for the service, eight digits, a check
//! digit, and the country of the carrier. The check digit finds every single wrong digit, but for
//! a few where it is 5, which stands for two remainders.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];

/// The largest serial of eight digits.
pub const LAST_SERIAL: u32 = 99_999_999;

/// A country by its two capital letters (ISO 3166-1 alpha-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

impl FromStr for Country {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.as_bytes() {
            &[first, second] if first.is_ascii_uppercase() && second.is_ascii_uppercase() => {
                Ok(Self([first, second]))
            }
            _ => Err("a country is two capital letters, as in ISO 3166".into()),
        }
    }
}

impl TryFrom<String> for Country {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.to_string()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", char::from(self.0[0]), char::from(self.0[1]))
    }
}

/// The tracking number of a serial of at most [`LAST_SERIAL`].
#[must_use]
pub fn tracking_number(service: &str, serial: u32, origin: Country) -> String {
    format!("{service}{serial:08}{}{origin}", check_digit(serial))
}

/// The check digit: 11 less the weighted sum modulo 11, with 10 written as 0 and 11 as 5.
#[must_use]
pub fn check_digit(serial: u32) -> u32 {
    let digits = (0..8u32).rev().map(|place| serial / 10u32.pow(place) % 10);
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => digit,
    }
}

/// Whether this is a tracking number with the right check digit.
#[must_use]
pub fn is_valid(number: &str) -> bool {
    let Some((service, rest)) = number.split_at_checked(2) else { return false };
    let Some((digits, origin)) = rest.split_at_checked(9) else { return false };
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    let checked = digits.parse::<u32>().is_ok_and(|digits| check_digit(digits / 10) == digits % 10);
    service.parse::<Country>().is_ok() && all_digits && checked && origin.parse::<Country>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::the_standards_own("RR473124829GB", 47_312_482, 9)]
    #[case::ten_is_written_as_zero("EE000000080DE", 8, 0)]
    #[case::eleven_is_written_as_five("CE000000005DE", 0, 5)]
    #[case("RA123456785GB", 12_345_678, 5)]
    fn check_digits_are_those_of_the_standard(#[case] number: &str, #[case] serial: u32, #[case] digit: u32) {
        assert_eq!(check_digit(serial), digit);
        assert!(is_valid(number), "{number}");
    }

    #[rstest]
    #[case("")]
    #[case("RR473124828GB")]
    #[case("RR47312482GB")]
    #[case("rr473124829GB")]
    #[case("RR+73124829GB")]
    #[case("éé473124829GB")]
    fn anything_else_is_invalid(#[case] number: &str) {
        assert!(!is_valid(number), "{number}");
    }

    fn with_digits(number: &str, change: impl FnOnce(&mut [u8])) -> String {
        let mut bytes = number.as_bytes().to_vec();
        change(&mut bytes[2..11]);
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn a_wrong_digit_of_the_serial_is_found(serial in 0..=LAST_SERIAL, place in 0usize..8, by in 1u8..10) {
            let number = tracking_number("CE", serial, "DE".parse().unwrap());
            prop_assert!(is_valid(&number));
            let wrong = with_digits(&number, |digits| digits[place] = b'0' + (digits[place] - b'0' + by) % 10);
            // A difference of 11 is written as 5 too, so two remainders share that digit.
            prop_assert!(check_digit(serial) == 5 || !is_valid(&wrong), "{number} {wrong}");
        }
    }
}
