//! `POST /v1/labels` and `POST /v1/labels/{id}/void`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::book::{Decision, Moment};
use crate::call::Change;
use crate::carrier::{Carrier, Entry, problem, s10};
use crate::reply::Reply;

/// What stands on the parcel beside the tracking number.
const CARRIER: &str = "Simulated Parcel Post";

/// The mark of a street nobody finds.
const NOWHERE: &str = "UNDELIVERABLE";

pub(super) const LONGEST_TEXT: usize = 200;
const HEAVIEST_GRAMS: u32 = 1_000_000;

/// How fast the parcel travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceLevel {
    /// Tracked letter post.
    Economy,
    /// Parcel post.
    Standard,
    /// Parcel post, handled first.
    Priority,
    /// EMS.
    Express,
}

impl ServiceLevel {
    /// The service indicator of S10: L tracked letters, C parcels, E EMS.
    fn indicator(self) -> &'static str {
        match self {
            Self::Economy => "LX",
            Self::Standard => "CE",
            Self::Priority => "CP",
            Self::Express => "EE",
        }
    }
}

/// The request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BuyLabel {
    order_id: String,
    service_level: ServiceLevel,
    to: Address,
    weight_grams: u32,
}

impl Change for BuyLabel {}

/// Where the parcel goes. Only the country is ever written out again: not into the ledger, and not
/// into the hash by which a repeat is recognised.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Address {
    #[serde(default, skip_serializing)]
    name: String,
    #[serde(default, skip_serializing)]
    street: String,
    #[serde(default, skip_serializing)]
    line2: Option<String>,
    #[serde(default, skip_serializing)]
    city: String,
    #[serde(default, skip_serializing)]
    postal_code: String,
    country: s10::Country,
}

impl Address {
    fn texts(&self) -> [&str; 5] {
        let line2 = self.line2.as_deref().unwrap_or_default();
        [&self.name, &self.street, line2, &self.city, &self.postal_code]
    }
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// `lbl_…`
    pub label_id: String,
    /// UPU S10.
    pub tracking_number: String,
    /// The serial inside the tracking number; never given twice.
    pub serial: u32,
    /// Whose parcel it is.
    pub carrier: String,
    /// The shop's order id.
    pub order_id: String,
    /// How fast it travels.
    pub service_level: ServiceLevel,
    /// Where it goes.
    pub country: s10::Country,
    /// How heavy it is.
    pub weight_grams: u32,
    /// Whether it can still be used.
    pub status: LabelStatus,
    /// When it was bought.
    pub created: Timestamp,
}

/// Whether a label can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelStatus {
    /// It can.
    Purchased,
    /// It was voided and cannot.
    Voided,
}

/// Decides whether the parcel can be delivered, and gives it a label.
pub fn buy(carrier: &Carrier, request: BuyLabel, moment: &Moment) -> Decision<Entry> {
    if carrier.voided_orders.contains_key(&request.order_id) {
        return Decision::Answer(problem::order_voided());
    }
    if let Err(reply) = check(carrier, &request) {
        return Decision::Answer(*reply);
    }
    let serial = carrier.last_serial + 1;
    if serial > s10::LAST_SERIAL {
        return Decision::Answer(problem::out_of_numbers());
    }
    Decision::Record(Entry::Label(Label {
        label_id: moment.id("lbl", &request.order_id),
        tracking_number: s10::tracking_number(request.service_level.indicator(), serial, carrier.origin),
        serial,
        carrier: CARRIER.into(),
        order_id: request.order_id,
        service_level: request.service_level,
        country: request.to.country,
        weight_grams: request.weight_grams,
        status: LabelStatus::Purchased,
        created: moment.now,
    }))
}

fn check(carrier: &Carrier, request: &BuyLabel) -> Result<(), Box<Reply>> {
    let to = &request.to;
    let undeliverable = |detail| Err(Box::new(problem::undeliverable(detail)));
    let invalid = |field, detail| Err(Box::new(problem::invalid(field, detail)));
    if !(1..=LONGEST_TEXT).contains(&request.order_id.len()) {
        return invalid("order_id", "An order id has 1 to 200 characters.");
    }
    if to.texts().iter().any(|text| text.chars().count() > LONGEST_TEXT) {
        return invalid("to", "A line of an address has at most 200 characters.");
    }
    if !(1..=HEAVIEST_GRAMS).contains(&request.weight_grams) {
        return invalid("weight_grams", "A parcel weighs 1 to 1000000 grams.");
    }
    let postal_code = to.postal_code.trim();
    if postal_code.is_empty() || postal_code == "00000" {
        return undeliverable("There is no such postal code.");
    }
    if carrier.not_served.contains(&to.country) {
        return undeliverable("This carrier does not deliver to that country.");
    }
    if to.texts().iter().any(|text| text.contains(NOWHERE)) {
        return undeliverable("There is no such address.");
    }
    Ok(())
}

/// Voids a label. Doing it again changes nothing.
pub fn void(carrier: &Carrier, label_id: &str) -> Decision<Entry> {
    match carrier.labels.get(label_id) {
        None => Decision::Answer(problem::not_found("There is no such label.")),
        Some(label) if label.status == LabelStatus::Voided => Decision::Answer(Reply::ok(label)),
        Some(label) => Decision::Record(Entry::Void(Label { status: LabelStatus::Voided, ..label.clone() })),
    }
}
