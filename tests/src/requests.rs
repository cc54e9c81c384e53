//! Orders of customers, named by what must become of them.

use orderflow::order_state::State;
use serde_json::{Value, json};
use uuid::Uuid;

/// A `POST /orders` and what its order must come to.
#[derive(Debug, Clone)]
pub struct Request {
    /// The JSON body.
    pub body: Value,
    /// The `Idempotency-Key`.
    pub key: Option<String>,
    /// The country the caller's address is in, as a proxy tells it.
    pub ip_country: &'static str,
    /// The final state of the order.
    pub becomes: State,
}

impl Request {
    /// An honest customer, not seen before, who buys `lines` (SKU, units) and pays.
    #[must_use]
    pub fn for_lines(lines: &[(&str, i64)]) -> Self {
        let who = Uuid::new_v4().simple().to_string();
        let lines: Vec<Value> =
            lines.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
        let body = json!({
            "customer": {
                "id": format!("customer-{who}"), "name": "Ada Lovelace",
                "email": format!("ada.{who}@shop.example"), "account_age_days": 400,
            },
            "delivery_address":
                { "line1": format!("Canal Street {who}"), "city": "Berlin", "postal_code": "10117", "country": "DE" },
            "lines": lines,
            "currency": "EUR",
            "payment_token": format!("tok_visa_{who}"),
            "device_id": format!("device-{who}"),
        });
        Self { body, key: None, ip_country: "DE", becomes: State::Fulfilled }
    }

    /// Will be fulfilled.
    #[must_use]
    pub fn good() -> Self {
        Self::for_lines(&[("MUG", 2), ("TEA", 1)])
    }

    /// Asks for what is sold out.
    #[must_use]
    pub fn short() -> Self {
        Self { becomes: State::OutOfStock, ..Self::for_lines(&[("MUG", 1), ("EMPTY", 1)]) }
    }

    /// Has a card the bank declines.
    #[must_use]
    pub fn declined() -> Self {
        // A card of its own: one that many share looks like fraud.
        Self::good().paid_with(&format!("tok_chargeDeclined_{}", Uuid::new_v4().simple()))
    }

    /// A dear order from a new account, with bill, parcel and caller in three countries.
    #[must_use]
    pub fn fraudulent() -> Self {
        let mut request =
            Self { ip_country: "NG", becomes: State::Rejected, ..Self::for_lines(&[("DEAR", 1)]) };
        request.body["customer"]["account_age_days"] = json!(0);
        request.body["billing_country"] = json!("US");
        request
    }

    /// An ordinary order with bill, parcel and caller in three countries: a person looks at it.
    #[must_use]
    pub fn suspicious() -> Self {
        let mut request = Self { ip_country: "BR", ..Self::good() };
        request.body["billing_country"] = json!("US");
        request
    }

    /// Goes where no carrier delivers.
    #[must_use]
    pub fn undeliverable() -> Self {
        let mut request = Self { becomes: State::Undeliverable, ..Self::good() };
        request.body["delivery_address"]["line1"] = json!("UNDELIVERABLE 1");
        request
    }

    /// The same order with a card that fails.
    #[must_use]
    pub fn paid_with(mut self, token: &str) -> Self {
        self.body["payment_token"] = json!(token);
        Self { becomes: State::Declined, ..self }
    }

    /// The same order, which must come to this.
    #[must_use]
    pub fn becoming(self, becomes: State) -> Self {
        Self { becomes, ..self }
    }

    /// The same order under this `Idempotency-Key`.
    #[must_use]
    pub fn keyed(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// The `number`-th of a mixture of all kinds: most are good.
    #[must_use]
    pub fn mixed(number: usize) -> Self {
        match number % 10 {
            3 => Self::declined(),
            5 => Self::short(),
            7 => Self::fraudulent(),
            _ => Self::good(),
        }
    }
}
