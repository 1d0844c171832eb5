//! The published test vectors of vc-di-eddsa and vc-di-ecdsa (see `vectors/README.md`).

use serde_json::Value;
use time::{OffsetDateTime, macros::datetime};
use webx_credentials::{
    Contexts, Credentials, DidKey, Error, Expect, NoLists, ProofOptions, PublicKey, Purpose,
    Signer, Suite,
};

const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/tests/vectors/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn contexts() -> Contexts {
    let mut contexts = Contexts::shipped().unwrap();
    contexts
        .add(
            "https://w3id.org/citizenship/v4rc1",
            "5038c7383afd7ab2158f1b997913a8f60978a0abcf96e0b0d08e29f146d2db1e",
            &file("citizenship-v4rc1.jsonld"),
        )
        .unwrap();
    contexts
}

/// The secret half of a Multikey, without its two bytes of prefix.
fn secret(name: &str, pointer: &str) -> Vec<u8> {
    let keys: Value = serde_json::from_slice(&file(name)).unwrap();
    let text = keys.pointer(pointer).and_then(Value::as_str).unwrap();
    bs58::decode(&text[1..]).into_vec().unwrap()[2..].to_vec()
}

const SIGNED: [&str; 12] = [
    "eddsa-jcs-2022.json",
    "eddsa-rdfc-2022.json",
    "eddsa-rdfc-2022-employ.json",
    "eddsa-set1.json",
    "eddsa-set2.json",
    "eddsa-chain1.json",
    "eddsa-chain2.json",
    "ecdsa-jcs-2019-p256.json",
    "ecdsa-jcs-2019-p384.json",
    "ecdsa-rdfc-2019-p256.json",
    "ecdsa-rdfc-2019-p256-employ.json",
    "ecdsa-rdfc-2019-p384.json",
];

#[test]
fn every_published_vector_verifies() {
    let contexts = contexts();
    let credentials = Credentials::new(&contexts, &DidKey, &NoLists);
    for name in SIGNED.iter().chain(&["ecdsa-rdfc-2019-p384-employ.json"]) {
        let proofs = credentials.verify_proofs(&file(name), &Expect::assertion(NOW));
        assert!(proofs.is_ok(), "{name}: {proofs:?}");
    }
}

#[test]
fn every_published_vector_fails_when_a_word_is_another() {
    let contexts = contexts();
    let credentials = Credentials::new(&contexts, &DidKey, &NoLists);
    for name in SIGNED {
        for (from, to) in [
            ("2023-01-01", "2023-01-02"),
            ("2019-12-03", "2019-12-04"),
            ("Example", "Exemple"),
        ] {
            let text = String::from_utf8(file(name)).unwrap();
            let forged = text.replace(from, to);
            if forged != text {
                let verdict = credentials.verify_proofs(forged.as_bytes(), &Expect::assertion(NOW));
                assert_eq!(
                    verdict,
                    Err(Error::Proof("the signature is not one over this document")),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn ed25519_signs_the_published_vectors_to_the_byte() {
    let contexts = contexts();
    let credentials = Credentials::new(&contexts, &DidKey, &NoLists);
    let secret: [u8; 32] = secret("eddsa-key.json", "/privateKeyMultibase")
        .try_into()
        .unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&secret);
    for (name, suite) in [
        ("eddsa-jcs-2022.json", Suite::EddsaJcs2022),
        ("eddsa-rdfc-2022.json", Suite::EddsaRdfc2022),
    ] {
        let signed: Value = serde_json::from_slice(&file(name)).unwrap();
        let proof = &signed["proof"];
        let method = proof["verificationMethod"].as_str().unwrap();
        let options = ProofOptions::new(
            suite,
            method,
            Purpose::Assertion,
            datetime!(2023-02-24 23:36:38 UTC),
        );
        // The issuer of the vectors is a URL, which no key controls. It is made to be in a set.
        let mut unsigned = signed.clone();
        unsigned.as_object_mut().unwrap().remove("proof");
        assert_eq!(
            credentials.issue(&unsigned, &options, &key),
            Err(Error::Model {
                at: "issuer",
                reason: "is another than the controller of the key"
            })
        );
        let mut other = signed.clone();
        other["proof"]["id"] = "urn:uuid:1".into();
        let set = credentials.issue(&other, &options, &key).unwrap();
        assert_eq!(set["proof"][1]["proofValue"], proof["proofValue"], "{name}");
    }
}

#[test]
fn ecdsa_keys_read_and_write_the_published_multikeys() {
    for (name, size) in [("p256-key.json", 32), ("p384-key.json", 48)] {
        let keys: Value = serde_json::from_slice(&file(name)).unwrap();
        let public = keys["publicKeyMultibase"].as_str().unwrap();
        assert_eq!(PublicKey::from_multikey(public).unwrap().multikey(), public);
        let member = if keys.get("secretKeyMultibase").is_some() {
            "/secretKeyMultibase"
        } else {
            "/privateKeyMultibase"
        };
        let secret = secret(name, member);
        assert_eq!(secret.len(), size);
        let derived = if size == 32 {
            p256::ecdsa::SigningKey::from_slice(&secret)
                .unwrap()
                .public_key()
        } else {
            p384::ecdsa::SigningKey::from_slice(&secret)
                .unwrap()
                .public_key()
        };
        assert_eq!(derived.multikey(), public);
    }
}

#[test]
fn a_chain_without_one_of_its_links_is_refused() {
    let contexts = contexts();
    let credentials = Credentials::new(&contexts, &DidKey, &NoLists);
    let chain: Value = serde_json::from_slice(&file("eddsa-chain2.json")).unwrap();
    for link in 0..3 {
        let mut broken = chain.clone();
        broken["proof"].as_array_mut().unwrap().remove(link);
        let verdict =
            credentials.verify_proofs(broken.to_string().as_bytes(), &Expect::assertion(NOW));
        assert_eq!(
            verdict,
            Err(Error::Proof("it builds on a proof that is not there")),
            "{link}"
        );
    }
}
