//! Personal data (name, e-mail, address), readable only with the customer's own data key.
//!
//! AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce and the order id as associated data: what was sealed for
//! one order cannot be passed off as another's. Each customer has a data key; it stands on `customer.keys`, encrypted
//! ("wrapped") under the [`MasterKey`]. Deleting it there erases the person everywhere, on every topic and archive.
//! One data key may seal at most 2^32 documents under random nonces (SP 800-38D, section 8.3).
//!
//! Pure functions here; the two sides of the key's way are ports with one adapter each: [`SealingKeys`] gives a
//! customer's current key to the service that seals ([`WritingKeys`]), [`OpeningKeys`] finds the key of what was sealed
//! ([`ReadingKeys`]).

mod follower;
mod following;
mod master;
mod memory;
mod reading;
mod writing;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use master::MasterKey;
pub use reading::ReadingKeys;
pub use writing::WritingKeys;

use crate::{events::Sealed, fault::Fault};

/// Who gets the parcel. Never logged: `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Full name, as it goes on the label.
    pub name: String,
    /// Where to write to.
    pub email: String,
    /// Where the parcel goes.
    pub address: Address,
}

/// A delivery address. Never logged: `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Street and number.
    pub line1: String,
    /// Flat, floor, company.
    #[serde(default)]
    pub line2: Option<String>,
    /// Town.
    pub city: String,
    /// As the country writes it.
    #[serde(default)]
    pub postal_code: Option<String>,
    /// State or province, where the country has them in addresses.
    #[serde(default)]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(…)")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// A customer's key, ready for use. Clones share it; `Debug` shows nothing.
#[derive(Clone)]
pub struct DataKey(Arc<RandomizedNonceKey>);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl DataKey {
    fn new(bytes: &[u8]) -> Result<Self, Fault> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes)
            .map_err(|_| Fault::poison("key_unreadable", "a data key does not have 32 bytes"))?;
        Ok(Self(Arc::new(key)))
    }
}

/// Gives the key to seal with. The port of the service that takes personal data in.
#[async_trait]
pub trait SealingKeys: Send + Sync {
    /// The customer's current key and its id; made when there is none. It is on `customer.keys` when this returns, and
    /// was not erased when this was called, as far as the topic has been read.
    ///
    /// # Errors
    /// `Transient` when it cannot be stored or published now; `Lost` and `Fatal` as any effect.
    async fn current(&self, customer_id: &str) -> Result<(Uuid, DataKey), Fault>;
}

/// Finds the key of what was sealed. The port of every service that may open personal data.
#[async_trait]
pub trait OpeningKeys: Send + Sync {
    /// The customer's key with this id. `None`: the person was erased, or there never was such a key.
    ///
    /// # Errors
    /// `Transient` when it is not known yet whether there is one; `Poison` when the stored key cannot be unwrapped;
    /// `Fatal` when it is under another master key.
    async fn find(&self, customer_id: &str, key_id: Uuid) -> Result<Option<DataKey>, Fault>;

    /// Returns once everything that is on `customer.keys` now is known here: whoever finds a key after that knows that
    /// its person had not been erased when this was called.
    ///
    /// # Errors
    /// `Transient` when the topic cannot be read now.
    async fn catch_up(&self) -> Result<(), Fault>;
}

/// Seals a person for one order.
///
/// # Errors
/// `Fatal` when the system has no randomness to give.
pub fn seal(key: &DataKey, key_id: Uuid, order_id: Uuid, person: &Person) -> Result<Sealed, Fault> {
    let failed = || Fault::fatal("seal_failed", "personal data cannot be sealed");
    let mut ciphertext = serde_json::to_vec(person).map_err(|error| failed().caused_by(error))?;
    let nonce = key
        .0
        .seal_in_place_append_tag(Aad::from(order_id.as_bytes()), &mut ciphertext)
        .map_err(|_| failed())?;
    Ok(Sealed { key_id, nonce: nonce.as_ref().to_vec(), ciphertext })
}

/// Opens what was sealed for this order.
///
/// # Errors
/// `Poison` (`sealed_unreadable`) when key, order or a single bit is another one. The message holds nothing of the
/// content.
pub fn open(key: &DataKey, order_id: Uuid, sealed: &Sealed) -> Result<Person, Fault> {
    let unreadable = |what| Fault::poison("sealed_unreadable", format!("order {order_id}: {what}"));
    let nonce = Nonce::try_assume_unique_for_key(&sealed.nonce)
        .map_err(|_| unreadable("the nonce of the sealed data does not have 12 bytes"))?;
    let mut buffer = sealed.ciphertext.clone();
    let plain = key
        .0
        .open_in_place(nonce, Aad::from(order_id.as_bytes()), &mut buffer)
        .map_err(|_| unreadable("the sealed data does not open with its key"))?;
    // The parser's own message could quote the content.
    serde_json::from_slice(plain).map_err(|_| unreadable("the sealed data is not a person"))
}

#[cfg(test)]
mod bench;
#[cfg(test)]
mod tests;
