//! Against the oracles `oxjsonld` and `oxrdf`, and against graphs made to be expensive.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{Contexts, Hash, canonicalize, graph};
use crate::{Error, limits::MAX_QUADS};

fn members(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

fn ours(value: &Value) -> Result<String, Error> {
    let contexts = Contexts::shipped()?;
    canonicalize(&graph(&contexts, members(value))?, Hash::Sha256)
}

/// The canonical N-Quads by oxjsonld and oxrdf, with contexts written out in place of their addresses.
fn theirs(value: &Value) -> String {
    let contexts = Contexts::shipped().unwrap();
    let mut value = value.clone();
    write_out(&contexts, &mut value);
    let mut dataset = oxrdf::Dataset::new();
    let text = value.to_string();
    for quad in oxjsonld::JsonLdParser::new().for_slice(&text) {
        dataset.insert(&quad.unwrap());
    }
    dataset.canonicalize(oxrdf::dataset::CanonicalizationAlgorithm::Rdfc10 {
        hash_algorithm: oxrdf::dataset::CanonicalizationHashAlgorithm::Sha256,
    });
    let mut lines: Vec<String> = dataset.iter().map(|quad| format!("{quad} .\n")).collect();
    lines.sort_unstable();
    lines.concat()
}

fn write_out(contexts: &Contexts, value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::Array(list)) = object.get_mut("@context") {
                let mut flat = Vec::new();
                for item in std::mem::take(list) {
                    match item.as_str() {
                        Some(address) => match contexts.get(address).unwrap().as_ref() {
                            Value::Array(inner) => flat.extend(inner.clone()),
                            one => flat.push(one.clone()),
                        },
                        None => flat.push(item),
                    }
                }
                *list = flat;
            }
            for (name, member) in object {
                if name != "@context" {
                    write_out(contexts, member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| write_out(contexts, item)),
        _ => {}
    }
}

const V2: &str = "https://www.w3.org/ns/credentials/v2";

fn samples() -> Vec<Value> {
    let inner = json!({
        "@context": [V2, "https://www.w3.org/ns/credentials/examples/v2"],
        "id": "urn:x:inner", "type": ["VerifiableCredential", "AlumniCredential"], "issuer": "did:example:i",
        "validFrom": "2020-01-01T00:00:00Z",
        "credentialSubject": [{ "alumniOf": { "name": "A" } }, { "id": "did:example:s", "age": 5, "share": 0.1, "of": 5.0, "ok": true }],
        "credentialSchema": { "id": "https://a.example/s", "type": "JsonSchema", "jsonSchema": { "b": [1, null, {}], "a": "ü" } },
        "proof": { "type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofPurpose": "assertionMethod",
            "verificationMethod": "did:example:i#1", "created": "2020-01-01T00:00:00Z", "proofValue": "z1" },
    });
    vec![
        inner.clone(),
        json!({ "@context": [V2], "type": "VerifiablePresentation", "holder": "did:example:h",
            "verifiableCredential": [inner.clone(), inner] }),
        json!({ "@context": ["https://www.w3.org/2018/credentials/v1", { "@vocab": "https://v.example/#" }],
            "id": "http://example.edu/credentials/3732", "type": ["VerifiableCredential", "UniversityDegreeCredential"],
            "issuer": "https://example.edu/issuers/565049", "issuanceDate": "2010-01-01T00:00:00Z",
            "credentialSubject": { "id": "did:example:e", "degree": { "type": "BachelorDegree", "name": "Bachelor" } } }),
        json!({ "@context": [V2, { "@vocab": "https://v.example/#", "list": { "@container": "@list" }, "ex": "https://e.example/",
                "typed": { "@id": "ex:typed", "@type": "ex:datatype" }, "linked": { "@id": "ex:linked", "@type": "@vocab" },
                "said": { "@id": "ex:said", "@language": "de" } }],
            "type": "VerifiableCredential", "issuer": { "id": "did:example:i", "name": { "@value": "N", "@language": "en" } },
            "credentialSubject": { "id": "_:a", "ex:knows": { "id": "_:b", "ex:knows": { "id": "_:a" } }, "list": ["b", "a", "b", 1.5e300],
                "typed": [true, 1, "x"], "linked": "list", "said": "Wort\n\"\\\t\u{1}", "none": { "@list": [] },
                "value": { "@value": 3, "@type": "ex:three" } } }),
        json!({ "@context": { "@vocab": "https://v.example/" }, "@id": "_:x",
            "p": [{ "p": { "p": "_:x", "q": [{}, {}] } }, { "p": { "q": [{}, {}] } }, { "r": { "@id": "_:x" } }] }),
    ]
}

#[test]
fn graphs_are_those_of_oxjsonld_in_the_order_of_oxrdf() {
    for sample in samples() {
        assert_eq!(ours(&sample).unwrap(), theirs(&sample), "{sample}");
    }
}

#[test]
fn the_published_canonical_graph_comes_out() {
    let file = |name: &str| {
        std::fs::read_to_string(format!(
            "{}/tests/vectors/{name}",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap()
    };
    let mut signed: Value = serde_json::from_str(&file("eddsa-rdfc-2022.json")).unwrap();
    signed.as_object_mut().unwrap().remove("proof");
    assert_eq!(ours(&signed).unwrap(), file("eddsa-rdfc-2022.nq"));
}

#[test]
fn what_no_graph_would_keep_is_refused() {
    let base = json!({ "@context": [V2], "type": ["VerifiableCredential"], "issuer": "did:example:i",
        "credentialSubject": { "id": "did:example:s", "name": "A" } });
    assert!(ours(&base).is_ok());
    let with = |pointer: &str, name: &str, value: Value| {
        let mut changed = base.clone();
        let place = changed.pointer_mut(pointer).unwrap();
        place
            .as_object_mut()
            .unwrap()
            .insert(name.to_owned(), value);
        changed
    };
    let context = |extra: Value| json!([V2, extra]);
    for bad in [
        with("", "role", json!("admin")),
        with("/credentialSubject", "role", json!("admin")),
        with("/credentialSubject", "name", json!(null)),
        with("/credentialSubject", "name", json!([])),
        with("/credentialSubject", "name", json!([["A"]])),
        with("/credentialSubject", "id", json!("relative")),
        with("/credentialSubject", "id", json!("@admin")),
        with("/credentialSubject", "@admin", json!("x")),
        with("/credentialSubject", "@index", json!("x")),
        with(
            "/credentialSubject",
            "@reverse",
            json!({ "name": "did:example:x" }),
        ),
        with("/credentialSubject", "@included", json!([])),
        with("/credentialSubject", "@nest", json!({ "name": "B" })),
        with("/credentialSubject", "_:role", json!("admin")),
        with("/credentialSubject", "x:ro le", json!("admin")),
        with(
            "/credentialSubject",
            "name",
            json!({ "@value": "A", "@index": "admin" }),
        ),
        with(
            "/credentialSubject",
            "name",
            json!({ "@value": "A", "@direction": "rtl" }),
        ),
        with(
            "/credentialSubject",
            "name",
            json!({ "@value": "A", "role": "admin" }),
        ),
        with(
            "/credentialSubject",
            "name",
            json!({ "@list": ["A"], "role": "admin" }),
        ),
        with("/credentialSubject", "name", json!({ "@value": null })),
        with("/credentialSubject", "name", json!({ "@set": [] })),
        with("", "type", json!(["VerifiableCredential", "Admin"])),
        with("", "type", json!(["VerifiableCredential", "@json"])),
        with("", "proof", json!("did:example:x")),
        with("", "proof", json!({ "id": "did:example:x" })),
        with("", "@context", json!(null)),
        with("", "@context", json!([V2, null])),
        with("", "@context", json!([V2, "https://unknown.example/"])),
        with(
            "",
            "@context",
            context(json!({ "@base": "https://b.example/" })),
        ),
        with("", "@context", context(json!({ "@vocab": null }))),
        with("", "@context", context(json!({ "@import": V2 }))),
        with("", "@context", context(json!({ "@propagate": false }))),
        with("", "@context", context(json!({ "role": null }))),
        with("", "@context", context(json!({ "role": { "@id": null } }))),
        with("", "@context", context(json!({ "role": "@index" }))),
        with("", "@context", context(json!({ "role": "@nest" }))),
        with(
            "",
            "@context",
            context(json!({ "role": { "@reverse": "https://a.example/" } })),
        ),
        with(
            "",
            "@context",
            context(json!({ "role": { "@id": "https://a.example/", "@container": "@index" } })),
        ),
        with(
            "",
            "@context",
            context(json!({ "role": { "@id": "https://a.example/", "@context": null } })),
        ),
        with(
            "",
            "@context",
            context(
                json!({ "issuer": "https://a.example/", "VerifiableCredential": "https://b.example/" }),
            ),
        ),
        with(
            "",
            "@context",
            context(json!({ "name": "https://a.example/" })),
        ),
        with("", "@context", context(json!({ "a": "b:x", "b": "a:x" }))),
        with(
            "/credentialSubject",
            "@context",
            json!({ "id": "https://a.example/" }),
        ),
    ] {
        assert!(ours(&bad).is_err(), "{bad}");
    }
}

/// A graph in which nobody can be told from anybody: every node knows every other.
fn clique(size: usize) -> Value {
    let nodes: Vec<Value> = (0..size)
        .map(|a| {
            let others: Vec<Value> = (0..size)
                .filter(|b| a != *b)
                .map(|b| json!(format!("_:n{b}")))
                .collect();
            json!({ "@id": format!("_:n{a}"), "knows": others })
        })
        .collect();
    json!({ "@context": { "knows": { "@id": "https://e.example/knows", "@type": "@id" }, "has": "https://e.example/has" }, "has": nodes })
}

/// Loaded machines are slow; what is meant is that nothing hangs.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_poison_graph_is_refused_in_bounded_work() {
    assert!(ours(&clique(4)).is_ok());
    let started = Instant::now();
    for size in [10, 20, 40] {
        assert_eq!(ours(&clique(size)), Err(Error::Poison), "{size}");
    }
    // A ring of nodes without names, and a chain.
    for closed in [true, false] {
        let nodes: Vec<Value> = (0..500)
            .map(|n| json!({ "@id": format!("_:n{n}"), "knows": format!("_:n{}", if closed { (n + 1) % 500 } else { n + 1 }) }))
            .collect();
        let ring = json!({ "@context": { "knows": { "@id": "https://e.example/knows", "@type": "@id" }, "has": "https://e.example/has" }, "has": nodes });
        assert_eq!(ours(&ring), Err(Error::Poison));
    }
    assert!(started.elapsed() < SOON);
}

#[test]
fn too_many_statements_are_refused() {
    let many: Vec<usize> = (0..=MAX_QUADS).collect();
    let document = json!({ "@context": { "n": "https://e.example/n" }, "n": many });
    assert!(matches!(ours(&document), Err(Error::TooLarge { .. })));
}

#[test]
fn contexts_that_multiply_are_refused() {
    let terms: Map<String, Value> = (0..500)
        .map(|n| {
            let more: Map<String, Value> = (0..500)
                .map(|m| (format!("t{n}x{m}"), json!("https://e.example/")))
                .collect();
            (
                format!("t{n}"),
                json!({ "@id": "https://e.example/", "@context": more }),
            )
        })
        .collect();
    let nodes: Map<String, Value> = (0..500)
        .map(|n| (format!("t{n}"), json!({ "t0": { "t1": {} } })))
        .collect();
    let mut document = nodes;
    document.insert("@context".to_owned(), terms.into());
    let started = Instant::now();
    assert!(matches!(
        ours(&Value::Object(document)),
        Err(Error::TooLarge { .. })
    ));
    let inline: Vec<Value> = (0..40)
        .map(|_| json!({ "a": "https://e.example/" }))
        .collect();
    let listed = json!({ "@context": inline, "a": "b" });
    assert!(matches!(ours(&listed), Err(Error::TooLarge { .. })));
    assert!(started.elapsed() < SOON);
}
