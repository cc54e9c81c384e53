//! One customer and her key: nobody has the key of the sealed part of an example.

use std::sync::Arc;

use jiff::Timestamp;
use orderflow::{
    events::Order,
    fault::Fault,
    sealed::{Address, DataKey, MasterKey, OpeningKeys, Person, seal},
};
use tempfile::TempDir;
use uuid::Uuid;

/// A postal code the carrier delivers to.
pub const LONDON: &str = "SW1Y 4JH";
/// One that there is not.
pub const NOWHERE: &str = "00000";

/// The key of one customer.
pub struct Keys {
    key_id: Uuid,
    key: DataKey,
}

impl Keys {
    /// A new key, under a master key of this folder.
    pub fn new(folder: &TempDir) -> Arc<Self> {
        let path = folder.path().join("master.key");
        std::fs::write(&path, "5a".repeat(32)).unwrap();
        let master = MasterKey::from_file(&path).unwrap();
        let wrapped = master.new_data_key("c-1042", Timestamp::UNIX_EPOCH).unwrap();
        Arc::new(Self { key_id: wrapped.key_id, key: master.unwrap_key(&wrapped).unwrap() })
    }

    /// Seals a person of this postal code into the order.
    pub fn seal(&self, order: &mut Arc<Order>, postal_code: &str) {
        let person = Person {
            name: "Ada Lovelace".to_owned(),
            email: "ada@shop.example".to_owned(),
            address: Address {
                line1: "12 St James's Square".to_owned(),
                line2: None,
                city: "London".to_owned(),
                postal_code: Some(postal_code.to_owned()),
                region: None,
                country: "GB".to_owned(),
            },
        };
        let sealed = seal(&self.key, self.key_id, order.order_id, &person).unwrap();
        Arc::make_mut(order).sealed = sealed;
    }
}

#[async_trait::async_trait]
impl OpeningKeys for Keys {
    async fn find(&self, _: &str, key_id: Uuid) -> Result<Option<DataKey>, Fault> {
        Ok((key_id == self.key_id).then(|| self.key.clone()))
    }

    async fn catch_up(&self) -> Result<(), Fault> {
        Ok(())
    }
}
