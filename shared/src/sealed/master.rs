//! The master key: wraps the customers' data keys. It lives in a file and never in a record, a log or a message.

use std::{fmt, path::Path};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    hmac,
};
use jiff::Timestamp;
use secrecy::zeroize::{Zeroize, Zeroizing};
use uuid::Uuid;

use super::DataKey;
use crate::{events::WrappedKey, fault::Fault};

/// Bytes of a master key and of a data key (AES-256).
const KEY_LENGTH: usize = 32;

/// The key that wraps data keys. `Debug` shows its id only.
pub struct MasterKey {
    key: RandomizedNonceKey,
    id: String,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

impl MasterKey {
    /// Reads the key from a file of 64 hex digits; white space around them does not matter.
    ///
    /// # Errors
    /// `Fatal` when the file cannot be read or holds anything else; the message never shows what it holds.
    pub fn from_file(path: &Path) -> Result<Self, Fault> {
        let unreadable = format!("cannot read the master key from {}", path.display());
        let text = std::fs::read_to_string(path)
            .map_err(|error| Fault::fatal("master_key", unreadable).caused_by(error))?;
        Self::from_hex(&Zeroizing::new(text)).ok_or_else(|| {
            let wanted = "it must be 64 hex digits (make one with `openssl rand -hex 32`)";
            Fault::fatal("master_key", format!("the master key in {} is not one: {wanted}", path.display()))
        })
    }

    /// Reads the key from the file a setting names.
    ///
    /// # Errors
    /// As [`Self::from_file`]; and when the setting is missing.
    pub fn from_setting(path: Option<&Path>) -> Result<Self, Fault> {
        let missing = "this service needs the master key: set MASTER_KEY_FILE to a file of 64 hex digits";
        Self::from_file(path.ok_or_else(|| Fault::fatal("master_key", missing))?)
    }

    fn from_hex(text: &str) -> Option<Self> {
        let text = text.trim().as_bytes();
        if text.len() != 2 * KEY_LENGTH {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes.as_slice()).ok()?;
        Some(Self { key, id: fingerprint(bytes.as_slice()) })
    }

    /// Which master key this is: eight bytes of an HMAC under it, so that the key cannot be had from its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Makes a data key for a customer and wraps it.
    ///
    /// # Errors
    /// `Fatal` when the system has no randomness to give.
    pub fn new_data_key(&self, customer_id: &str, created_at: Timestamp) -> Result<WrappedKey, Fault> {
        let failed = |_| Fault::fatal("seal_failed", "a data key cannot be made");
        let key_id = Uuid::new_v4();
        let mut bytes = vec![0; KEY_LENGTH];
        aws_lc_rs::rand::fill(&mut bytes).map_err(failed)?;
        // From here on `bytes` holds the wrapped key: it is encrypted in place.
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(owner(customer_id, key_id)), &mut bytes)
            .map_err(failed)?;
        Ok(WrappedKey {
            customer_id: customer_id.to_owned(),
            key_id,
            master_key_id: self.id.clone(),
            nonce: nonce.as_ref().to_vec(),
            wrapped: bytes,
            created_at,
        })
    }

    /// Unwraps a customer's data key.
    ///
    /// # Errors
    /// `Fatal` (`other_master_key`) when it is under another master key: this service is set up wrongly. `Poison`
    /// (`key_unreadable`) when it is damaged or another customer's.
    pub fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<DataKey, Fault> {
        if wrapped.master_key_id != self.id {
            let message = format!(
                "data key {} is under master key {}, but MASTER_KEY_FILE holds {}",
                wrapped.key_id, wrapped.master_key_id, self.id
            );
            return Err(Fault::fatal("other_master_key", message));
        }
        let damaged = || Fault::poison("key_unreadable", format!("data key {} is damaged", wrapped.key_id));
        let nonce = Nonce::try_assume_unique_for_key(&wrapped.nonce).map_err(|_| damaged())?;
        let mut buffer = Zeroizing::new(wrapped.wrapped.clone());
        let aad = Aad::from(owner(&wrapped.customer_id, wrapped.key_id));
        let plain = self.key.open_in_place(nonce, aad, &mut buffer).map_err(|_| damaged())?;
        let key = DataKey::new(plain);
        plain.zeroize();
        key
    }

    /// Seals a small secret that is no customer's, for what `owner` names; answers nonce and ciphertext.
    ///
    /// # Errors
    /// `Fatal` when the system has no randomness to give.
    pub fn seal(&self, owner: &str, secret: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Fault> {
        let mut buffer = secret.to_vec();
        let nonce = self.key.seal_in_place_append_tag(Aad::from(owner.as_bytes()), &mut buffer);
        let nonce = nonce.map_err(|_| Fault::fatal("seal_failed", "a secret cannot be sealed"))?;
        Ok((nonce.as_ref().to_vec(), buffer))
    }

    /// Opens what [`Self::seal`] has sealed for this owner, under the master key with this id.
    ///
    /// # Errors
    /// `Fatal` (`other_master_key`) when it is under another master key. `Poison` (`key_unreadable`) when it is damaged or
    /// another owner's.
    pub fn open(
        &self,
        owner: &str,
        master_key_id: &str,
        nonce: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        if master_key_id != self.id {
            let message = format!(
                "a secret of {owner} is under master key {master_key_id}, but MASTER_KEY_FILE holds {}",
                self.id
            );
            return Err(Fault::fatal("other_master_key", message));
        }
        let damaged = || Fault::poison("key_unreadable", format!("a secret of {owner} is damaged"));
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let length = {
            let plain = self.key.open_in_place(nonce, Aad::from(owner.as_bytes()), &mut buffer);
            plain.map_err(|_| damaged())?.len()
        };
        buffer.truncate(length);
        Ok(buffer)
    }
}

/// Whose key it is, as associated data: a wrapped key cannot be moved to another customer or id.
fn owner(customer_id: &str, key_id: Uuid) -> Vec<u8> {
    let mut owner = customer_id.as_bytes().to_vec();
    owner.push(0);
    owner.extend_from_slice(key_id.as_bytes());
    owner
}

fn fingerprint(bytes: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, bytes);
    let tag = hmac::sign(&key, b"orderflow master key id");
    tag.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
