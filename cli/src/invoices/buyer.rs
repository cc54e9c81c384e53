//! A made-up person for each buyer: the file has numbers only.

use rand::{SeedableRng, rngs::StdRng};
use serde_json::json;
use uuid::Uuid;

use super::Sale;
use crate::load::Customer;

/// Numbers that are not made of digits are spread over this many.
const SPREAD: u128 = 1_000_000;

/// Who bought: always the same name, address, card and device for one customer; for a guest, one of their own for each
/// invoice. A customer's id is the file's.
pub(super) fn buyer(sale: &Sale, country: &str) -> Customer {
    let (kind, name) = match &sale.customer {
        Some(customer) => ("buyers", customer),
        None => ("guests", &sale.invoice),
    };
    let number = number(name);
    let mut buyer = Customer::new(kind, number, &mut StdRng::seed_from_u64(number as u64));
    buyer.id.clone_from(&sale.customer);
    let line1 = buyer.address["line1"].clone();
    // No town is known: the country's name stands for it.
    buyer.address = json!({
        "line1": line1, "city": sale.country, "postal_code": (number + 1).to_string(), "country": country,
    });
    country.clone_into(&mut buyer.country);
    buyer
}

fn number(name: &str) -> usize {
    let spread = || Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).as_u128() % SPREAD;
    name.parse::<u32>().map_or_else(|_| spread() as usize, |number| number as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoices::books::tests::books;

    #[test]
    fn a_customer_is_always_the_same_person_and_a_guest_never() {
        let books = books(
            "1 A 1 09:00 1.50 7 France
             2 A 1 09:01 1.50 7 France
             3 A 1 09:02 1.50 - France
             4 A 1 09:03 1.50 - France
             5 A 1 09:04 1.50 anna France",
        );
        let cards: Vec<_> = books.sales.iter().map(|sale| buyer(sale, "FR").token).collect();
        assert_eq!(cards[0], cards[1]);
        let others: std::collections::HashSet<_> = cards[1..].iter().collect();
        assert_eq!(others.len(), 4, "{cards:?}");
        let ids: Vec<_> = books.sales.iter().map(|sale| buyer(sale, "FR").id).collect();
        assert_eq!(
            (ids[0].as_deref(), ids[2].as_deref(), ids[4].as_deref()),
            (Some("7"), None, Some("anna"))
        );
        assert_eq!(buyer(&books.sales[0], "FR").address["country"], "FR");
    }
}
