//! A webhook that came to an endpoint, as a receiver looks at it.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
pub use orderflow_testkit::endpoint::{Answer, Endpoint as Receiver, Received};
use serde_json::Value;

/// What a receiver makes of it.
pub trait Webhook {
    /// The public name of its event.
    fn name(&self) -> String;

    /// The order it is about.
    fn order(&self) -> String;

    /// Whether one of its signatures was made with this secret, as a receiver would check it.
    fn is_signed_with(&self, secret: &str) -> bool;
}

impl Webhook for Received {
    fn name(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["type"].as_str().unwrap().to_owned()
    }

    fn order(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["data"]["order_id"].as_str().unwrap_or_default().to_owned()
    }

    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = [format!("{}.{}.", self.id, self.timestamp).as_bytes(), &self.body].concat();
        let expected = format!("v1,{}", STANDARD.encode(hmac::sign(&key, &signed)));
        self.signature.split(' ').any(|one| one == expected)
    }
}
