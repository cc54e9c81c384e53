//! The carrier over HTTP: requests, their keys and their deadline. [`answers`] reads what comes back.

use async_trait::async_trait;
use orderflow::{fault::Fault, faults, sealed::Person, telemetry};
use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    answers::{self, Booked, Bought, Said, VoidedOrder},
    carrier::{Answer, Carrier, Label, Parcel},
    config::CarrierSettings,
    pickups::Window,
};

/// The largest answer, in bytes; a thousand times the usual one.
const LARGEST_ANSWER: usize = 256 * 1024;

/// A carrier with a small JSON API and errors as problem details (RFC 9457).
pub struct HttpCarrier {
    client: Client,
    base: String,
}

impl HttpCarrier {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// `Fatal` when no HTTP client can be made.
    pub fn new(settings: &CarrierSettings) -> Result<Self, Fault> {
        let client = Client::builder()
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            .pool_max_idle_per_host(settings.concurrency.into())
            .redirect(Policy::none())
            .build()
            .map_err(|error| Fault::fatal("carrier_client", "cannot make an HTTP client").caused_by(error))?;
        Ok(Self { client, base: format!("{}/v1", settings.url.as_str().trim_end_matches('/')) })
    }

    fn post(&self, path: &str, key: &str, body: &Value) -> RequestBuilder {
        self.client.post(format!("{}/{path}", self.base)).header("Idempotency-Key", key).json(body)
    }
}

#[async_trait]
impl Carrier for HttpCarrier {
    async fn buy(&self, parcel: &Parcel<'_>) -> Result<Answer, Fault> {
        let order_id = parcel.order_id.to_string();
        let body = json!({
            "order_id": order_id,
            "service_level": parcel.service_level,
            "to": address(parcel.to),
            "weight_grams": parcel.weight_grams,
        });
        let (status, body) = send(self.post("labels", &order_id, &body), Some(parcel.order_id)).await?;
        match answers::read::<Bought>(status, &body)? {
            Said::Done(bought) => Ok(Answer::Label(bought.label(parcel.order_id)?)),
            Said::Refused(answer) => Ok(answer),
            Said::Absent => Err(answers::wrong_address()),
        }
    }

    async fn find(&self, order_id: Uuid) -> Result<Option<Label>, Fault> {
        let path = format!("{}/labels/by-order/{order_id}", self.base);
        let (status, body) = send(self.client.get(path), Some(order_id)).await?;
        match answers::read::<Bought>(status, &body)? {
            Said::Done(bought) if bought.is_void() => Ok(None),
            Said::Done(bought) => bought.label(order_id).map(Some),
            Said::Absent => Ok(None),
            Said::Refused(_) => Err(answers::out_of_place()),
        }
    }

    async fn void(&self, order_id: Uuid) -> Result<Option<Label>, Fault> {
        let path = format!("{}/labels/by-order/{order_id}/void", self.base);
        let (status, body) = send(self.client.post(path), Some(order_id)).await?;
        match answers::read::<VoidedOrder>(status, &body)? {
            Said::Done(voided) => voided.label(order_id),
            Said::Absent => Err(answers::wrong_address()),
            Said::Refused(_) => Err(answers::out_of_place()),
        }
    }

    async fn book(&self, window: Window, depot: &str) -> Result<String, Fault> {
        let Window { start, end } = window;
        let body = json!({ "window_start": start, "window_end": end, "depot": depot });
        let key = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{start}/{end}/{depot}").as_bytes()).to_string();
        let (status, body) = send(self.post("pickups", &key, &body), None).await?;
        match answers::read::<Booked>(status, &body)? {
            Said::Done(booked) => booked.pickup_id(),
            Said::Absent => Err(answers::wrong_address()),
            Said::Refused(_) => Err(answers::out_of_place()),
        }
    }
}

fn address(person: &Person) -> Value {
    let address = &person.address;
    json!({
        "name": person.name,
        "street": address.line1,
        "line2": address.line2,
        "city": address.city,
        "region": address.region,
        "postal_code": address.postal_code.as_deref().unwrap_or_default(),
        "country": address.country,
    })
}

async fn send(request: RequestBuilder, about: Option<Uuid>) -> Result<(StatusCode, Vec<u8>), Fault> {
    faults::point("before_call");
    let about = about.map(|order_id| order_id.to_string());
    let mut response = telemetry::send(request, about.as_deref()).await.map_err(unanswered)?;
    faults::point("after_call");
    let (status, mut body) = (response.status(), Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            let message = "the carrier's answer is larger than any should be";
            return Err(Fault::transient("carrier_unreadable", message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

/// The request may have arrived: the outcome is unknown until the carrier is asked again.
fn unanswered(error: reqwest::Error) -> Fault {
    // Without the URL: it may hold credentials.
    let error = error.without_url();
    if error.is_timeout() {
        Fault::transient("carrier_timeout", "the carrier did not answer in time").caused_by(error)
    } else {
        Fault::transient("carrier_unavailable", "the carrier cannot be reached").caused_by(error)
    }
}
