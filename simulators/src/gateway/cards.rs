//! The test cards: which token does what. Names and codes are Stripe's
//! (<https://docs.stripe.com/testing#declined-payments>).

use crate::gateway::intent::PaymentError;

const LONGEST_NAME: usize = 64;

/// Whether this is a token of a card or another way of payment: `tok_…` or `pm_…`, then 1 to 64
/// letters, digits and underscores.
#[must_use]
pub fn is_well_formed(token: &str) -> bool {
    name(token).is_some()
}

fn name(token: &str) -> Option<&str> {
    let name = token.strip_prefix("tok_").or_else(|| token.strip_prefix("pm_"))?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    ((1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(known)).then_some(name)
}

/// What kind of card it is. What stands behind a `_` tells cards of one kind apart.
fn kind(token: &str) -> Option<&str> {
    let name = name(token)?;
    let name = name.strip_prefix("card_").unwrap_or(name);
    let name = name.strip_prefix("visa_").unwrap_or(name);
    Some(name.split_once('_').map_or(name, |(kind, _)| kind))
}

/// Why the bank declines this token; `None` for every card that pays.
#[must_use]
pub fn declines(token: &str) -> Option<PaymentError> {
    let (code, decline_code, message) = match kind(token)? {
        "chargeDeclined" => return Some(generic()),
        "chargeDeclinedInsufficientFunds" => {
            ("card_declined", Some("insufficient_funds"), "Your card has insufficient funds.")
        }
        "chargeDeclinedLostCard" => ("card_declined", Some("lost_card"), "Your card was declined."),
        "chargeDeclinedStolenCard" => ("card_declined", Some("stolen_card"), "Your card was declined."),
        "chargeDeclinedFraudulent" => ("card_declined", Some("fraudulent"), "Your card was declined."),
        "chargeDeclinedExpiredCard" => ("expired_card", None, "Your card has expired."),
        "chargeDeclinedIncorrectCvc" => ("incorrect_cvc", None, "Your card's security code is incorrect."),
        "chargeDeclinedProcessingError" => (
            "processing_error",
            None,
            "An error occurred while processing your card. Try again in a little bit.",
        ),
        _ => return None,
    };
    Some(decline(code, decline_code, message))
}

/// Whether the bank asks the customer first (3-D Secure).
#[must_use]
pub fn asks_customer(token: &str) -> bool {
    kind(token).is_some_and(|kind| matches!(kind, "authenticationRequired" | "threeDSecure2Required"))
}

/// Why a payment fails whose customer has refused it.
#[must_use]
pub fn unauthenticated() -> PaymentError {
    decline(
        "payment_intent_authentication_failure",
        None,
        "The provided payment method has failed authentication.",
    )
}

/// The decline without a reason.
#[must_use]
pub fn generic() -> PaymentError {
    decline("card_declined", Some("generic_decline"), "Your card was declined.")
}

fn decline(code: &str, decline_code: Option<&str>, message: &str) -> PaymentError {
    PaymentError {
        r#type: "card_error".into(),
        code: code.into(),
        decline_code: decline_code.map(str::to_owned),
        message: message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::by_token("tok_chargeDeclined", "card_declined", Some("generic_decline"))]
    #[case::one_of_many("tok_chargeDeclined_of_ada_7", "card_declined", Some("generic_decline"))]
    #[case::by_method("pm_card_chargeDeclined", "card_declined", Some("generic_decline"))]
    #[case::newer_name(
        "tok_visa_chargeDeclinedInsufficientFunds",
        "card_declined",
        Some("insufficient_funds")
    )]
    #[case::expired("tok_chargeDeclinedExpiredCard", "expired_card", None)]
    #[case::fraudulent("pm_card_visa_chargeDeclinedFraudulent", "card_declined", Some("fraudulent"))]
    fn a_declining_card_says_why(#[case] token: &str, #[case] code: &str, #[case] reason: Option<&str>) {
        let error = declines(token).unwrap();
        assert_eq!((error.code.as_str(), error.decline_code.as_deref()), (code, reason));
    }

    #[rstest]
    #[case("tok_authenticationRequired", true)]
    #[case("pm_card_threeDSecure2Required_7", true)]
    #[case("tok_visa", false)]
    fn some_cards_ask_their_customers(#[case] token: &str, #[case] asks: bool) {
        assert_eq!((asks_customer(token), declines(token)), (asks, None));
    }

    #[rstest]
    #[case("tok_visa")]
    #[case("pm_card_visa")]
    #[case("tok_a1B2_")]
    fn any_other_well_formed_token_pays(#[case] token: &str) {
        assert!(is_well_formed(token));
        assert_eq!(declines(token), None);
    }

    #[rstest]
    #[case("")]
    #[case("tok_")]
    #[case("visa")]
    #[case("tok_a b")]
    #[case("tok_é")]
    #[case(&format!("tok_{}", "a".repeat(65)))]
    fn anything_else_is_malformed(#[case] token: &str) {
        assert!(!is_well_formed(token));
    }
}
