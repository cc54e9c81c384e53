//! The bodies of orders, by kind.

use rand::{RngExt, seq::IndexedRandom};
use serde_json::{Value, json};

use super::Kind;
use crate::load::{Shop, customers::Customer};

/// Orders of one card test: small charges, then a large one.
pub(super) const CARD_TEST: usize = 5;
/// Up to here a charge counts as small, and from ten times that on as large, in minor units (fraud-scoring's defaults).
const SMALL: i64 = 1_000;
/// From here on an amount counts as high, in minor units.
const HIGH: i64 = 100_000;
/// What an ordinary basket is made of costs at most this, in minor units.
const EVERYDAY: i64 = 30_000;
/// What somebody comes back for costs at most this, in minor units.
const TRIFLE: i64 = 3_000;
/// Tokens of cards that are declined, and why (the names are Stripe's); each customer has one of its own.
const DECLINED: [&str; 3] =
    ["tok_chargeDeclined", "tok_chargeDeclinedInsufficientFunds", "tok_chargeDeclinedExpiredCard"];
/// Two countries where none of the customers lives.
const ABROAD: (&str, &str) = ("US", "BR");
/// Where phones on a journey come from: a carrier's address (RFC 5737, for documentation), shared as such addresses are.
const ROAMING: &str = "203.0.113.77";
/// A customer comes back at most this often in one run: more would look like an attack.
const VISITS: usize = 3;

/// Makes orders; remembers who has ordered.
pub(super) struct Maker<'a> {
    shop: &'a Shop,
    run: &'a str,
    next: usize,
    /// Customers who may come back, and how often they were here.
    regulars: Vec<(Customer, usize)>,
}

type Made = (Kind, Value, String, String);

impl<'a> Maker<'a> {
    pub(super) fn new(shop: &'a Shop, run: &'a str) -> Self {
        Self { shop, run, next: 0, regulars: Vec::new() }
    }

    pub(super) fn order(&mut self, kind: Kind, rng: &mut impl RngExt) -> Made {
        match kind {
            Kind::Repeat if !self.regulars.is_empty() => {
                let index = rng.random_range(0..self.regulars.len());
                self.regulars[index].1 += 1;
                let customer = self.regulars[index].0.clone();
                if self.regulars[index].1 >= VISITS {
                    self.regulars.swap_remove(index);
                }
                self.forgotten(&customer, rng)
            }
            Kind::Guest => {
                let guest = self.customer(rng).into_guest();
                self.basket(kind, &guest, rng)
            }
            Kind::Declined => {
                let mut customer = self.customer(rng);
                let card = DECLINED.choose(rng).copied().unwrap_or(DECLINED[0]);
                customer.token = format!("{card}_{}_{}", self.run, self.next);
                self.basket(kind, &customer, rng)
            }
            Kind::Scarce => self.scarce(rng),
            Kind::NewAccountAbroad => self.new_account_abroad(rng),
            Kind::Traveller => self.traveller(rng),
            Kind::Undeliverable => {
                let mut customer = self.customer(rng);
                customer.address["line1"] = json!(format!("UNDELIVERABLE {}", self.next));
                self.basket(kind, &customer, rng)
            }
            Kind::Regretted => {
                let customer = self.customer(rng);
                self.basket(kind, &customer, rng)
            }
            Kind::Ordinary | Kind::Repeat | Kind::CardTesting => {
                let customer = self.customer(rng);
                self.regulars.push((customer.clone(), 1));
                self.basket(Kind::Ordinary, &customer, rng)
            }
        }
    }

    /// Small charges to learn whether a stolen card works, then a large one. The card is somebody else's, who lives where
    /// customers live: mostly not where the thief does.
    pub(super) fn card_test(&mut self, rng: &mut impl RngExt) -> Vec<Made> {
        let (mut thief, owner) = (self.customer(rng).into_guest(), self.customer(rng));
        thief.token.clone_from(&owner.token);
        let products = self.shop.by_price("EUR");
        let small = products.iter().rev().find(|(_, price)| *price <= SMALL).or(products.first());
        let large = products.iter().find(|(_, price)| *price >= 20 * SMALL).or(products.last());
        let line = |product: Option<&(&str, i64)>| vec![(product.map_or("", |p| p.0).to_owned(), 1)];
        (0..CARD_TEST)
            .map(|number| if number + 1 < CARD_TEST { line(small) } else { line(large) })
            .map(|lines| made(Kind::CardTesting, &thief, "EUR", &lines, Some(&owner.country), None))
            .collect()
    }

    /// A shop has the fewest of its dearest product; nobody wants dozens of it, except here.
    fn scarce(&mut self, rng: &mut impl RngExt) -> Made {
        let customer = self.customer(rng);
        let dearest = self.shop.by_price("EUR").last().map_or("", |product| product.0).to_owned();
        made(Kind::Scarce, &customer, "EUR", &[(dearest, rng.random_range(40..=60))], None, None)
    }

    fn new_account_abroad(&mut self, rng: &mut impl RngExt) -> Made {
        let mut customer = self.customer(rng);
        customer.account_age_days = rng.random_range(0..=1);
        let products = self.shop.by_price("EUR");
        let (sku, price) = products
            .iter()
            .rev()
            .find(|(_, price)| *price <= HIGH)
            .or(products.last())
            .map_or(("", 1), |p| *p);
        let quantity = HIGH / price.max(1) + 1;
        let lines = [(sku.to_owned(), quantity)];
        made(Kind::NewAccountAbroad, &customer, "EUR", &lines, Some(ABROAD.0), Some(ABROAD.1))
    }

    /// Somebody orders home from a journey: bill and parcel where they always go, the caller far away.
    fn traveller(&mut self, rng: &mut impl RngExt) -> Made {
        let customer = self.customer(rng);
        let (kind, body, ..) = self.basket(Kind::Traveller, &customer, rng);
        (kind, body, ROAMING.to_owned(), ABROAD.1.to_owned())
    }

    /// Whoever comes back within the minute does so for a small thing that was forgotten, not for a dearer basket.
    fn forgotten(&self, customer: &Customer, rng: &mut impl RngExt) -> Made {
        let currency = currency(customer);
        let products = self.shop.by_price(currency);
        let small: Vec<_> = products.iter().filter(|(_, price)| *price <= TRIFLE).collect();
        let thing = small.choose(rng).copied().or(products.first()).map_or("", |product| product.0);
        made(Kind::Repeat, customer, currency, &[(thing.to_owned(), 1)], None, None)
    }

    fn basket(&self, kind: Kind, customer: &Customer, rng: &mut impl RngExt) -> Made {
        let currency = currency(customer);
        let products = self.shop.by_price(currency);
        let everyday: Vec<_> = products.iter().filter(|(_, price)| *price <= EVERYDAY).collect();
        let wanted = rng.random_range(1..=3);
        let mut lines: Vec<(String, i64)> = everyday
            .sample(rng, wanted)
            .map(|(sku, price)| ((*sku).to_owned(), if *price < 5_000 { rng.random_range(1..=3) } else { 1 }))
            .collect();
        if lines.is_empty() {
            lines.push((products.first().map_or("", |product| product.0).to_owned(), 1));
        }
        made(kind, customer, currency, &lines, None, None)
    }

    fn customer(&mut self, rng: &mut impl RngExt) -> Customer {
        self.next += 1;
        Customer::new(self.run, self.next, rng)
    }
}

/// What is paid where the customer lives.
fn currency(customer: &Customer) -> &'static str {
    if customer.country == "GB" { "GBP" } else { "EUR" }
}

fn made(
    kind: Kind,
    customer: &Customer,
    currency: &str,
    lines: &[(String, i64)],
    billing: Option<&str>,
    caller: Option<&str>,
) -> Made {
    let body = customer.order(currency, lines, billing);
    (kind, body, customer.ip.clone(), caller.unwrap_or(&customer.country).to_owned())
}
