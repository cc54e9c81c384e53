//! Tracking numbers after UPU standard S10: two letters for the service, eight digits, a check digit, and the country
//! of the carrier (ISO 3166-1 alpha-2).

/// The standard's weights of the eight digits.
const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];

/// Whether this is a tracking number with the right check digit: 11 less the weighted sum modulo 11, where 10 is
/// written as 0 and 11 as 5.
#[must_use]
pub fn is_valid(number: &str) -> bool {
    let bytes = number.as_bytes();
    if bytes.len() != 13 {
        return false;
    }
    let (service, rest) = bytes.split_at(2);
    let (digits, country) = rest.split_at(9);
    let capitals = service.iter().chain(country).all(u8::is_ascii_uppercase);
    if !capitals || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => digit,
    };
    u32::from(digits[8] - b'0') == check
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_standards_own("RR473124829GB")]
    #[case::ten_is_written_as_zero("EE000000080DE")]
    #[case::eleven_is_written_as_five("CE000000005DE")]
    fn a_number_with_its_check_digit_is_valid(#[case] number: &str) {
        assert!(is_valid(number));
    }

    #[rstest]
    #[case("")]
    #[case("RR473124828GB")]
    #[case("RR47312482GB")]
    #[case("rr473124829gb")]
    #[case("RR473124829GB^XA")]
    #[case("éé47312482GB")]
    fn anything_else_is_not(#[case] number: &str) {
        assert!(!is_valid(number));
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at_without_a_panic(text in ".{0,20}") {
            let _ = is_valid(&text);
        }

        #[test]
        fn exactly_one_check_digit_fits(serial in 0u32..100_000_000) {
            let fits = (0..10).filter(|digit| is_valid(&format!("CE{serial:08}{digit}DE"))).count();
            prop_assert_eq!(fits, 1);
        }
    }
}
