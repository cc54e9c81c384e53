//! Orders of the demo shop's customers, as JSON.

use serde_json::json;

/// Different customers; each has a key to seal with.
pub const CUSTOMERS: usize = 1_000;

/// The order of this customer.
pub fn body(customer: usize) -> Vec<u8> {
    json!({
        "customer": {
            "id": format!("customer-{customer}"),
            "name": format!("Customer {customer}"),
            "email": format!("customer-{customer}@shop.example"),
            "account_age_days": 400,
        },
        "delivery_address": {
            "line1": format!("Station Street {}", customer + 1),
            "city": "Sampletown",
            "postal_code": "10115",
            "country": "DE",
        },
        "lines": [
            { "sku": "KIT-MUG-350", "quantity": 2 },
            { "sku": "KIT-TEA-EARL", "quantity": 1 },
        ],
        "currency": "EUR",
        "payment_token": format!("tok_visa_{customer}"),
        "device_id": format!("device-{customer}"),
    })
    .to_string()
    .into_bytes()
}
