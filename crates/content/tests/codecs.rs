//! The codecs against the fixtures of others, and against what nobody should send.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use webx_content::ipld::{
    self, Cid, DAG_CBOR, DAG_JSON, DAG_PB, Error, Ipld, cid_of, dag_cbor, dag_json, dag_pb::Node,
    parse_cid,
};

fn fixtures(below: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/fixtures")
        .join(below);
    if !root.exists() {
        println!("skipped: the fixtures are not on this machine");
        return None;
    }
    Some(root)
}

fn encode(codec: u64, value: &Ipld) -> Option<Vec<u8>> {
    match codec {
        DAG_PB => Node::from_ipld(value)
            .ok()
            .map(|node| node.encode().to_vec()),
        DAG_CBOR => Some(dag_cbor::encode(value).unwrap()),
        DAG_JSON => Some(dag_json::encode(value).unwrap().into_bytes()),
        other => panic!("{other:#x}"),
    }
}

#[test]
fn every_value_of_the_codec_fixtures_becomes_the_same_bytes_in_every_codec() {
    let Some(root) = fixtures("ipld-codec/fixtures") else {
        return;
    };
    let (mut conversions, mut values) = (0, 0);
    for folder in fs::read_dir(root).unwrap().map(Result::unwrap) {
        if !folder.file_type().unwrap().is_dir() {
            continue;
        }
        values += 1;
        let blocks: Vec<(Cid, Bytes)> = fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|file| {
                let cid = parse_cid(file.file_stem().unwrap().to_str().unwrap()).unwrap();
                (cid, Bytes::from(fs::read(file).unwrap()))
            })
            .collect();
        for (cid, block) in &blocks {
            ipld::verify(cid, block).unwrap();
            let value = ipld::decode(cid, block)
                .unwrap_or_else(|error| panic!("{:?} {cid}: {error}", folder.file_name()));
            for (other, expected) in &blocks {
                let written = encode(other.codec(), &value).unwrap();
                assert_eq!(
                    written[..],
                    expected[..],
                    "{:?} {cid} to {other}",
                    folder.file_name()
                );
                assert_eq!(cid_of(other.codec(), &written), *other);
                conversions += 1;
            }
        }
    }
    println!("{values} values, {conversions} conversions");
    assert!(values > 120 && conversions > 500);
}

#[test]
fn what_the_codec_fixtures_call_invalid_is_refused() {
    let Some(root) = fixtures("ipld-codec/negative-fixtures") else {
        return;
    };
    let mut refused = 0;
    for (codec, way) in [
        ("dag-cbor", "decode"),
        ("dag-json", "decode"),
        ("dag-pb", "decode"),
        ("dag-pb", "encode"),
    ] {
        for file in fs::read_dir(root.join(codec).join(way)).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
            for case in cases.as_array().unwrap() {
                let failed = match case.get("hex") {
                    Some(hex) => {
                        let bytes = Bytes::from(hex::decode(hex.as_str().unwrap()).unwrap());
                        match codec {
                            "dag-cbor" => dag_cbor::decode(&bytes).is_err(),
                            "dag-json" => dag_json::decode(&bytes).is_err(),
                            _ => Node::decode(&bytes).is_err(),
                        }
                    }
                    None => dag_json::decode(case["dag-json"].to_string().as_bytes())
                        .and_then(|value| Node::from_ipld(&value))
                        .is_err(),
                };
                assert!(failed, "{codec} {way}: {}", case["name"]);
                refused += 1;
            }
        }
    }
    println!("{refused} refused");
    assert!(refused > 30);
}

#[test]
fn both_orders_of_a_nodes_fields_are_read() {
    let link =
        hex::decode("12240a221220cf92fdefcdc34cac009c8b05eb662be0618db9de55ecd42785e9ec6712f8df65")
            .unwrap();
    let data = hex::decode("0a0408021806").unwrap();
    let links_first = Node::decode(&[&link[..], &link, &data].concat().into()).unwrap();
    let data_first = Node::decode(&[&data[..], &link, &link].concat().into()).unwrap();
    assert_eq!(links_first, data_first);
    assert_eq!(links_first.links.len(), 2);
}

#[test]
fn nesting_without_end_is_refused_in_every_codec() {
    let deep = 1_000_000;
    assert!(dag_cbor::decode(&vec![0x81; deep]).is_err());
    assert!(dag_json::decode(&vec![b'['; deep]).is_err());
    let mut value = Ipld::Null;
    for _ in 0..200 {
        value = Ipld::List(vec![value]);
    }
    assert!(matches!(dag_cbor::encode(&value), Err(Error::Limit { .. })));
    assert!(matches!(dag_json::encode(&value), Err(Error::Limit { .. })));
}

#[test]
fn promised_lengths_take_no_memory() {
    // A list of 2^60 elements, a text of 2^60 bytes, a map of 2^60 pairs: nothing follows.
    for head in [0x9b_u8, 0x7b, 0xbb, 0x5b] {
        let mut bytes = vec![head];
        bytes.extend_from_slice(&(1_u64 << 60).to_be_bytes());
        assert!(dag_cbor::decode(&bytes).is_err(), "{head:#x}");
    }
    assert!(Node::decode(&Bytes::from_static(&[0x12, 0xff, 0xff, 0xff, 0xff, 0x0f])).is_err());
}

#[test]
fn maps_that_would_read_as_links_are_neither_written_nor_read() {
    let map = |inner: Ipld| Ipld::Map([("/".to_owned(), inner)].into());
    assert!(dag_json::encode(&map(Ipld::String("x".into()))).is_err());
    for text in [
        r#"{"/":"not a cid"}"#,
        r#"{"/":"bafkqaaa","a":1}"#,
        r#"{"/":{"bytes":"YQ=="}}"#,
        r#"{"/":{"bytes":"YQ","more":1}}"#,
        r#""\ud800""#,
        "01",
        "1e999",
        "36893488147419103232",
        "\"a\u{1}\"",
        "[1,]",
        "{} {}",
    ] {
        assert!(dag_json::decode(text.as_bytes()).is_err(), "{text}");
    }
    assert_eq!(
        dag_json::decode(b" { \"a\" : [ 1 , \"\\u00e9\\ud83d\\ude00\" ] } ").unwrap(),
        Ipld::Map(
            [(
                "a".to_owned(),
                Ipld::List(vec![Ipld::Integer(1), Ipld::String("é😀".into())])
            )]
            .into()
        )
    );
}

#[test]
fn a_cid_that_is_content_is_bounded_and_so_is_its_text() {
    // Identity, 65 bytes.
    let mut long = vec![1, 0x55, 0, 65];
    long.extend([7; 65]);
    assert!(ipld::cid_from_bytes(&long).is_err());
    let small = parse_cid("bafkqabiaaebagba").unwrap();
    assert_eq!(ipld::inline(&small).unwrap().len(), 5);
    assert!(parse_cid(&"b".repeat(10_000)).is_err());
    assert!(parse_cid("/ipfs/bafkqabiaaebagba").is_err());
    assert!(parse_cid("").is_err());
}

#[test]
fn hashes_that_are_short_or_unknown_are_not_believed() {
    let of =
        |code, digest: &[u8]| Cid::new_v1(0x55, multihash::Multihash::wrap(code, digest).unwrap());
    assert!(matches!(
        ipld::verify(&of(0x12, &[0; 4]), b"x"),
        Err(Error::Unsupported(_))
    ));
    assert!(matches!(
        ipld::verify(&of(0x11, &[0; 20]), b"x"),
        Err(Error::Unsupported(_))
    ));
    assert!(matches!(
        ipld::verify(&of(0x12, &[0; 32]), b"x"),
        Err(Error::WrongHash(_))
    ));
}
