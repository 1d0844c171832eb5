//! Bitstring Status List 1.0.

use crate::common::{NOW, Party, credential, with_lists};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use webx_credentials::{
    Error, MIN_ENTRIES, Status, StatusList, StatusLists, Suite, limits::MAX_STATUS_LIST,
};

const LIST: &str = "https://issuer.example/status/1";

struct One(Vec<u8>);

impl StatusLists for One {
    fn list(&self, address: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok((address == LIST).then(|| self.0.clone()))
    }
}

fn entry(index: &str) -> Value {
    json!({ "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": index, "statusListCredential": LIST })
}

/// The verdict on a credential with `entry` when `list` is published by `by`.
fn judged(entry: Value, list: &StatusList, by: &Party) -> Result<Vec<Status>, Error> {
    let issuer = Party::ed25519(1);
    let none = One(Vec::new());
    let published = with_lists(&none, |credentials| {
        let unsigned = list.credential(LIST, &by.did, "revocation")?;
        credentials.issue(&unsigned, &by.asserts(Suite::EddsaJcs2022), by.key.as_ref())
    })?;
    with_lists(&One(published.to_string().into_bytes()), |credentials| {
        let mut document = credential(&issuer.did);
        document["credentialStatus"] = entry;
        let signed = credentials.issue(
            &document,
            &issuer.asserts(Suite::EddsaRdfc2022),
            issuer.key.as_ref(),
        )?;
        credentials
            .verify(signed.to_string().as_bytes(), NOW)
            .map(|verified| verified.status)
    })
}

#[test]
fn a_withdrawn_credential_is_refused_and_its_neighbours_are_not() {
    let mut list = StatusList::default();
    list.set(94_567, true).unwrap();
    let issuer = Party::ed25519(1);
    assert_eq!(
        judged(entry("94567"), &list, &issuer),
        Err(Error::Withdrawn("revocation".to_owned()))
    );
    for clear in ["94566", "94568", "0"] {
        assert_eq!(
            judged(entry(clear), &list, &issuer),
            Ok(vec![Status::Clear {
                purpose: "revocation".to_owned()
            }])
        );
    }
}

#[test]
fn a_list_by_another_issuer_says_nothing() {
    let verdict = judged(entry("1"), &StatusList::default(), &Party::ed25519(9));
    assert_eq!(verdict, Err(Error::Status("the list is by another issuer")));
}

#[test]
fn an_entry_out_of_range_or_out_of_shape_is_refused() {
    let issuer = Party::ed25519(1);
    let list = StatusList::default();
    let with = |member: &str, value: Value| {
        let mut changed = entry("1");
        changed[member] = value;
        changed
    };
    for bad in [
        entry("131072"),
        entry("-1"),
        entry("1.5"),
        entry(""),
        entry("99999999999999999999999"),
        with("statusListIndex", json!(1)),
        with("statusListCredential", json!("nowhere")),
        with("statusPurpose", json!(["revocation"])),
        with("statusSize", json!(0)),
        with("statusSize", json!(9)),
        with("statusSize", json!(2)),
        with("statusPurpose", json!("message")),
        with("statusPurpose", json!("suspension")),
    ] {
        assert!(judged(bad.clone(), &list, &issuer).is_err(), "{bad}");
    }
}

#[test]
fn entries_of_two_bits_have_messages() {
    let mut list = StatusList::default();
    list.set(6, true).unwrap(); // entry 3 is bits 6 and 7
    let status = json!({
        "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "2", "statusListCredential": LIST, "statusSize": 2,
        "statusMessage": [{ "status": "0x0", "message": "a" }, { "status": "0x1", "message": "b" }, { "status": "0x2", "message": "c" }, { "status": "0x3", "message": "d" }],
    });
    assert_eq!(list.get(3, 2), Ok(2));
    let verdict = judged(status, &list, &Party::ed25519(1)).unwrap();
    assert_eq!(
        verdict,
        vec![Status::Message {
            value: 0,
            text: Some("a".to_owned())
        }]
    );
}

#[test]
fn a_list_packs_to_the_same_text_and_unpacks_to_the_same_bits() {
    let mut list = StatusList::default();
    for index in [0, 7, 8, MIN_ENTRIES - 1] {
        list.set(index, true).unwrap();
    }
    let text = list.encode().unwrap();
    assert_eq!(text, list.encode().unwrap());
    let back = StatusList::decode(&text).unwrap();
    assert_eq!(back, list);
    assert_eq!(
        (
            back.get(7, 1),
            back.get(6, 1),
            back.get(MIN_ENTRIES, 1).is_err()
        ),
        (Ok(1), Ok(0), true)
    );
}

#[test]
fn a_bomb_a_short_list_and_rubbish_are_refused() {
    use std::io::Write as _;
    let pack = |size: usize| {
        let mut packer = flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::best());
        let block = vec![0; 1024 * 1024];
        let mut left = size;
        while left > 0 {
            let now = left.min(block.len());
            packer.write_all(&block[..now]).unwrap();
            left -= now;
        }
        format!("u{}", URL_SAFE_NO_PAD.encode(packer.finish().unwrap()))
    };
    let bomb = pack(64 * MAX_STATUS_LIST);
    assert!(matches!(
        StatusList::decode(&bomb),
        Err(Error::TooLarge { .. })
    ));
    assert_eq!(
        StatusList::decode(&pack(100)),
        Err(Error::Status("the list is shorter than 16 KiB"))
    );
    for rubbish in ["", "u", "z111", "uAAAA", "u====", &bomb[1..]] {
        assert!(StatusList::decode(rubbish).is_err());
    }
}
