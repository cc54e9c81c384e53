//! How records stand on a contestant's topics.

use anyhow::Result;
use base64::{Engine, prelude::BASE64_STANDARD};
use orderflow::{
    codec::{Codec, schema_id},
    events::{OrderPlaced, Record, ShippingLabelGenerated},
};
use serde::Deserialize;

use super::orders::number;

/// What the load writes and the sink reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Avro behind a schema's id.
    Avro,
    /// An object with the record's name as its `type`.
    Json,
}

/// What a sink looks at in a label as JSON.
#[derive(Deserialize)]
struct Label<'j> {
    r#type: &'j str,
    order: Ordered<'j>,
}

#[derive(Deserialize)]
struct Ordered<'j> {
    order_id: &'j str,
}

impl Format {
    /// An order as the load writes it.
    pub fn order(self, codec: &Codec, placed: &OrderPlaced) -> Result<Vec<u8>> {
        match self {
            Self::Avro => Ok(codec.encode(placed)?),
            Self::Json => json(placed),
        }
    }

    /// The number of the order that this record is the label of; `id` is the schema's of labels.
    pub fn labelled(self, id: u32, key: Option<&[u8]>, value: Option<&[u8]>) -> Option<usize> {
        match self {
            Self::Avro if schema_id(value?).is_ok_and(|found| found == id) => number(key?),
            Self::Avro => None,
            Self::Json => {
                let label: Label<'_> = serde_json::from_slice(value?).ok()?;
                let is_label = label.r#type == ShippingLabelGenerated::NAME;
                is_label.then(|| number(label.order.order_id.as_bytes())).flatten()
            }
        }
    }
}

fn json(placed: &OrderPlaced) -> Result<Vec<u8>> {
    let mut record = serde_json::to_value(placed)?;
    record["type"] = OrderPlaced::NAME.into();
    // Bytes would become lists of numbers.
    let sealed = &placed.order.sealed;
    record["order"]["sealed"]["nonce"] = BASE64_STANDARD.encode(&sealed.nonce).into();
    record["order"]["sealed"]["ciphertext"] = BASE64_STANDARD.encode(&sealed.ciphertext).into();
    Ok(serde_json::to_vec(&record)?)
}

#[cfg(test)]
mod tests {
    use orderflow::{clock::Clock, sealed::MasterKey};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::rivals::orders::Orders;

    #[test]
    fn an_order_as_json_is_called_by_its_name_and_holds_no_lists_of_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "0".repeat(64)).unwrap();
        let master = MasterKey::from_file(&file).unwrap();
        let now = Clock::system().now();
        let wrapped = master.new_data_key("bench", now).unwrap();
        let mut orders = Orders::new(master.unwrap_key(&wrapped).unwrap(), wrapped.key_id);
        let placed = orders.order(7, now).unwrap();
        let value: Value = serde_json::from_slice(&super::json(&placed).unwrap()).unwrap();
        assert_eq!(value["type"], "OrderPlaced");
        assert_eq!(value["order"]["order_id"], placed.key());
        assert_eq!(value["order"]["placed_at"], now.as_microsecond());
        let sealed = value["order"]["sealed"]["ciphertext"].as_str().unwrap();
        assert_eq!(BASE64_STANDARD.decode(sealed).unwrap(), placed.order.sealed.ciphertext);
    }

    #[test]
    fn a_label_as_avro_is_known_by_its_schema_and_its_key() {
        let id = Uuid::from_u64_pair(7, 12).to_string();
        let labelled = |key: &str, schema| {
            Format::Avro.labelled(3, Some(key.as_bytes()), Some(&[0, 0, 0, 0, schema, 1]))
        };
        assert_eq!(labelled(&id, 3), Some(12));
        assert_eq!(labelled(&id, 4), None);
        assert_eq!(labelled("?", 3), None);
    }

    #[test]
    fn a_label_as_json_tells_its_orders_number() {
        let labelled = |kind: &str, order_id: &str| {
            let record = json!({ "type": kind, "order": { "total": 1, "order_id": order_id } });
            Format::Json.labelled(3, None, Some(record.to_string().as_bytes()))
        };
        let id = Uuid::from_u64_pair(u64::MAX, 12).to_string();
        assert_eq!(labelled("ShippingLabelGenerated", &id), Some(12));
        assert_eq!(labelled("ShippingFailed", &id), None);
        assert_eq!(labelled("ShippingLabelGenerated", "SKU-00001"), None);
        assert_eq!(Format::Json.labelled(3, None, Some(b"?")), None);
        assert_eq!(Format::Json.labelled(3, None, None), None);
    }
}
