//! Hashes. Keyed ones (HMAC-SHA-256, first 128 bits) stand for personal values on the log: they can be compared, not
//! looked up in a table of likely values, because the key is ours.

use std::{net::IpAddr, path::Path};

use aws_lc_rs::{
    digest,
    hkdf::{HKDF_SHA256, Salt},
    hmac,
};
use orderflow::fault::Fault;
use secrecy::zeroize::Zeroizing;

use crate::request::Address;

/// Names the derived key; another label is another key. Permanent: fraud profiles compare these hashes over years.
const LABEL: &[u8] = b"orderflow/intake/keyed-hashes/v1";

/// How much of a keyed hash is kept: 128 bits.
const KEPT: usize = 16;

/// Makes keyed hashes.
#[derive(Clone)]
pub struct KeyedHashes {
    key: hmac::Key,
}

impl KeyedHashes {
    /// Hashes under a key derived from the master key in a file of 64 hex digits.
    ///
    /// # Errors
    /// `Fatal` when the file cannot be read or holds anything else; the message never shows what it holds.
    pub fn from_master_key_file(path: &Path) -> Result<Self, Fault> {
        let bad =
            |what: &str| Fault::fatal("master_key", format!("the master key in {} {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| bad("cannot be read").caused_by(error))?;
        let key = unhex(Zeroizing::new(text).trim()).ok_or_else(|| bad("is not 64 hex digits"))?;
        Self::derived_from(&key).ok_or_else(|| bad("cannot be used"))
    }

    /// Hashes under a key derived from the master key by HKDF (RFC 5869), which fails for no key of this length.
    pub fn derived_from(master_key: &[u8; 32]) -> Option<Self> {
        let secret = Salt::none(HKDF_SHA256).extract(master_key);
        let key = secret.expand(&[LABEL], HKDF_SHA256.hmac_algorithm()).ok()?.into();
        Some(Self { key })
    }

    /// Of the payment token.
    pub fn card(&self, payment_token: &str) -> String {
        self.hash("card", payment_token)
    }

    /// Of the device's name.
    pub fn device(&self, device_id: &str) -> String {
        self.hash("device", device_id)
    }

    /// Of the network address.
    pub fn ip(&self, address: IpAddr) -> String {
        self.hash("ip", &address.to_canonical().to_string())
    }

    /// Of a delivery address, so that the same place written in another way is mostly the same hash.
    pub fn address(&self, address: &Address) -> String {
        let parts = [
            Some(&address.line1),
            address.line2.as_ref(),
            Some(&address.city),
            Some(&address.postal_code),
            address.region.as_ref(),
            Some(&address.country),
        ];
        let normalised: Vec<_> = parts.into_iter().flatten().map(|part| letters_and_digits(part)).collect();
        self.hash("address", &normalised.join("\n"))
    }

    /// A guest's lasting name: the same e-mail address is the same guest.
    pub fn guest(&self, email: &str) -> String {
        format!("{GUEST_PREFIX}{}", self.hash("guest", &email.trim().to_lowercase()))
    }

    /// Of a whole request, by its plain hash, which stands for name and address too: whoever could try values out would
    /// find an erased person again.
    pub fn request(&self, request_hash: &str) -> String {
        self.hash("request", request_hash)
    }

    /// `kind` keeps a device named like a token from having the token's hash.
    fn hash(&self, kind: &str, value: &str) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(value.as_bytes());
        hex(&context.sign().as_ref()[..KEPT])
    }
}

/// How a guest's customer id begins; no caller may send one.
pub const GUEST_PREFIX: &str = "guest-";

fn unhex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

fn letters_and_digits(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// SHA-256, hex. Not for personal values: see [`KeyedHashes`].
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String does not fail
        text
    })
}
