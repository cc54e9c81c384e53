//! What a customer and a reviewer do: they look at orders, cancel and decide, at order-status.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Shop, waiting::eventually};

impl Shop {
    /// Asks order-status.
    pub async fn ask(&self, path: &str) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.environment.status_url());
        answer(self.http.get(url).send().await.unwrap()).await
    }

    /// Sends order-status JSON.
    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.environment.status_url());
        answer(self.http.post(url).json(body).send().await.unwrap()).await
    }

    /// Asks to cancel an order.
    pub async fn cancel(&self, order: Uuid) -> (StatusCode, Value) {
        let url = format!("{}/orders/{order}/cancel", self.environment.status_url());
        answer(self.http.post(url).json(&json!({ "reason": "a test" })).send().await.unwrap()).await
    }

    /// Decides about a held order.
    pub async fn decide(&self, order: Uuid, decision: &str) -> (StatusCode, Value) {
        let url = format!("{}/reviews/{order}", self.environment.status_url());
        let body = json!({ "decision": decision, "reviewer": "dana", "reason": "a test" });
        answer(self.http.post(url).json(&body).send().await.unwrap()).await
    }

    /// Says that an order was fraud, or honest.
    pub async fn label(&self, order: Uuid, fraud: bool) -> (StatusCode, Value) {
        let url = format!("{}/orders/{order}/label", self.environment.status_url());
        let body = json!({ "fraud": fraud, "source": "analyst", "labelled_by": "dana", "reason": "a test" });
        answer(self.http.post(url).json(&body).send().await.unwrap()).await
    }

    /// Waits until order-status shows an order so: state and step.
    pub async fn shown(&self, order: Uuid, state: &str, step: Option<&str>) -> Value {
        eventually(&format!("{order} to be shown as {state} {step:?}"), async || {
            let (status, shown) = self.ask(&format!("/orders/{order}")).await;
            match shown["state"] == state && shown["step"].as_str() == step {
                true => Ok(shown),
                false => Err(format!("{status}: {} {}", shown["state"], shown["step"])),
            }
        })
        .await
    }
}

async fn answer(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap_or_default())
}
