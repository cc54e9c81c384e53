//! What sealing promises.

use proptest::prelude::*;

use super::*;
use crate::events::WrappedKey;

pub(super) fn master_key() -> MasterKey {
    master_key_of("07".repeat(32).as_str())
}

fn master_key_of(hex: &str) -> MasterKey {
    let file = file(hex);
    let key = MasterKey::from_file(&file).unwrap();
    std::fs::remove_file(file).unwrap();
    key
}

fn file(content: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("orderflow-master-{}", Uuid::new_v4()));
    std::fs::write(&path, content).unwrap();
    path
}

fn data_key(byte: u8) -> DataKey {
    DataKey::new(&[byte; 32]).unwrap()
}

fn person() -> impl Strategy<Value = Person> {
    let text = || ".{0,40}";
    let address = (text(), proptest::option::of(text()), text(), proptest::option::of(text()), "[A-Z]{2}");
    (text(), text(), address).prop_map(|(name, email, (line1, line2, city, postal_code, country))| Person {
        name,
        email,
        address: Address { line1, line2, city, postal_code, region: None, country },
    })
}

fn code<T: std::fmt::Debug>(result: Result<T, Fault>) -> &'static str {
    result.unwrap_err().code()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_sealed_opens_for_its_order_and_key_only(who in person(), order: u128, other: u128) {
        let (order, other, key_id) = (Uuid::from_u128(order), Uuid::from_u128(other), Uuid::new_v4());
        let sealed = seal(&data_key(1), key_id, order, &who).unwrap();
        prop_assert_eq!(open(&data_key(1), order, &sealed).unwrap(), who);
        prop_assert_eq!(code(open(&data_key(2), order, &sealed)), "sealed_unreadable");
        if other != order {
            prop_assert_eq!(code(open(&data_key(1), other, &sealed)), "sealed_unreadable");
        }
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed(who in person(), at: prop::sample::Index, bit in 0..8u8) {
        let order = Uuid::from_u128(7);
        let sealed = seal(&data_key(1), Uuid::nil(), order, &who).unwrap();
        let mut all = [sealed.nonce.clone(), sealed.ciphertext.clone()].concat();
        let at = at.index(all.len());
        all[at] ^= 1 << bit;
        let ciphertext = all.split_off(sealed.nonce.len());
        let damaged = Sealed { nonce: all, ciphertext, ..sealed };
        prop_assert_eq!(code(open(&data_key(1), order, &damaged)), "sealed_unreadable");
    }

    #[test]
    fn sealed_data_of_any_shape_is_refused(nonce: Vec<u8>, ciphertext: Vec<u8>) {
        let sealed = Sealed { key_id: Uuid::nil(), nonce, ciphertext };
        prop_assert_eq!(code(open(&data_key(1), Uuid::nil(), &sealed)), "sealed_unreadable");
    }
}

#[test]
fn one_person_sealed_twice_looks_different() {
    let who = Person {
        name: "A".into(),
        email: "a@b.example".into(),
        address: Address {
            line1: "1 Street".into(),
            line2: None,
            city: "Town".into(),
            postal_code: None,
            region: None,
            country: "GB".into(),
        },
    };
    let [a, b] = [0, 1].map(|_| seal(&data_key(1), Uuid::nil(), Uuid::nil(), &who).unwrap());
    assert_ne!(a.nonce, b.nonce);
    assert_ne!(a.ciphertext, b.ciphertext);
    assert_eq!(format!("{who:?} {:?} {:?}", who.address, data_key(1)), "Person(…) Address(…) DataKey(…)");
}

#[test]
fn a_wrapped_key_opens_for_its_customer_and_master_key_only() {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let wrapped = master_key().new_data_key("c1", at).unwrap();
    assert_eq!((wrapped.nonce.len(), wrapped.wrapped.len()), (12, 48));
    assert!(master_key().unwrap_key(&wrapped).is_ok());
    let other = master_key_of("08".repeat(32).as_str());
    assert_eq!(code(other.unwrap_key(&wrapped)), "other_master_key");
    let moved = WrappedKey { customer_id: "c2".into(), ..wrapped.clone() };
    assert_eq!(code(master_key().unwrap_key(&moved)), "key_unreadable");
    let renamed = WrappedKey { key_id: Uuid::nil(), ..wrapped };
    assert_eq!(code(master_key().unwrap_key(&renamed)), "key_unreadable");
}

#[test]
fn a_wrong_master_key_file_is_refused_without_showing_it() {
    let secret = "abcd".repeat(15);
    for content in [secret.clone(), format!("{secret}xyz?"), "ab".repeat(33), String::new()] {
        let path = file(&content);
        let fault = MasterKey::from_file(&path).unwrap_err();
        std::fs::remove_file(path).unwrap();
        assert_eq!(fault.code(), "master_key");
        assert!(!fault.to_string().contains("abab") && !fault.to_string().contains("cdab"), "{fault}");
    }
    assert_eq!(code(MasterKey::from_file(std::path::Path::new("/nowhere"))), "master_key");
    assert!(MasterKey::from_setting(None).unwrap_err().to_string().contains("MASTER_KEY_FILE"));
}

#[test]
fn a_master_key_is_read_with_its_line_end_and_shows_only_its_id() {
    let key = master_key_of(&format!("{}\n", "0A".repeat(32)));
    assert_eq!(format!("{key:?}"), format!("MasterKey({})", key.id()));
    assert_ne!(key.id(), "0a0a0a0a0a0a0a0a");
}
