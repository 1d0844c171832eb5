//! Every leaf and every member of signed documents is changed, removed, renamed and added to; contexts are swapped,
//! challenges stripped. No mutant may be accepted.

use crate::common::{EXAMPLES, NOW, Party, V2, credential, with};
use serde_json::{Value, json};
use webx_credentials::{Credentials, Expect, Suite};

/// Signed credentials and presentations, each a little different.
fn seeds(credentials: &Credentials<'_>, count: usize) -> Vec<(bool, Value)> {
    (0..count)
        .map(|n| {
            let byte = u8::try_from(n % 250).unwrap() + 1;
            let suite = Suite::ALL[n % 4];
            let edwards = matches!(suite, Suite::EddsaJcs2022 | Suite::EddsaRdfc2022);
            let issuer = match (edwards, n % 8 < 4) {
                (true, _) => Party::ed25519(byte),
                (false, true) => Party::p256(byte),
                (false, false) => Party::p384(byte),
            };
            let mut document = credential(&issuer.did);
            if n % 3 == 0 {
                document["@context"] = json!([V2, EXAMPLES, { "ex": "https://e.example/", "grade": { "@id": "ex:grade", "@type": "ex:scale" } }]);
                document["credentialSubject"]["grade"] = json!(n);
                document["credentialSubject"]["ex:friend"] = json!({ "ex:name": "B", "ex:list": { "@list": ["x", "y"] } });
            }
            if n % 5 == 0 {
                document["credentialStatus"] = json!({ "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
                    "statusListIndex": n.to_string(), "statusListCredential": "https://issuer.example/status/1" });
            }
            let signed = credentials.issue(&document, &issuer.asserts(suite), issuer.key.as_ref()).unwrap();
            if n % 4 != 3 && n % 7 != 0 {
                return (false, signed);
            }
            let holder = Party::ed25519(byte);
            let suite = if n % 2 == 0 { Suite::EddsaJcs2022 } else { Suite::EddsaRdfc2022 };
            let options = holder.authenticates(suite, "c1", "shop.example");
            (true, credentials.present(&[signed], &holder.did, &options, holder.key.as_ref()).unwrap())
        })
        .collect()
}

/// The places of a document, as JSON pointers.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(member, &format!("{at}/{name}"), out);
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{n}"), out);
            }
        }
        _ => {}
    }
}

fn mutants(seed: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    let mut all = Vec::new();
    places(seed, "", &mut all);
    for place in all {
        let mut put = |value: Value| {
            let mut mutant = seed.clone();
            *mutant.pointer_mut(&place).unwrap() = value;
            if mutant != *seed {
                out.push(mutant);
            }
        };
        put(Value::Null);
        put(json!([]));
        put(json!({}));
        put(json!(["other", "more"]));
        match seed.pointer(&place).unwrap() {
            Value::String(text) => {
                for other in [
                    format!("{text}x"),
                    format!("x{text}"),
                    String::new(),
                    "@admin".to_owned(),
                    "did:example:other".to_owned(),
                    V2.to_owned(),
                    EXAMPLES.to_owned(),
                ] {
                    put(other.into());
                }
                put(json!({ "@value": text, "@index": "admin" }));
                put(json!({ "id": text, "role": "admin" }));
                put(json!([text, "extra"]));
                put(json!(7));
            }
            Value::Number(number) => {
                put(json!(number.as_f64().unwrap() + 1.5));
                put(json!(-1));
                put(json!("text"));
                put(json!(true));
            }
            Value::Bool(flag) => {
                put(json!(!flag));
                put(json!(1));
            }
            Value::Object(members) => {
                for name in members.keys() {
                    let mut fewer = members.clone();
                    let value = fewer.remove(name).unwrap();
                    put(fewer.clone().into());
                    fewer.insert(format!("{name}x"), value);
                    put(fewer.into());
                }
                // Inside a context a new definition that nothing uses says nothing; everywhere else a new member does.
                if !place.contains("@context") {
                    for (name, value) in [
                        ("role", json!("admin")),
                        ("x:role", json!("admin")),
                        ("role", json!(null)),
                        ("role", json!([])),
                        ("@index", json!("a")),
                        ("@admin", json!("a")),
                        ("_:role", json!("admin")),
                        ("@included", json!([{ "role": "admin" }])),
                        ("@context", json!({ "role": null })),
                        ("role", json!({})),
                    ] {
                        let mut more = members.clone();
                        more.insert(name.to_owned(), value);
                        put(more.into());
                    }
                }
            }
            Value::Array(items) => {
                for n in 0..items.len() {
                    let mut fewer = items.clone();
                    fewer.remove(n);
                    put(fewer.into());
                }
                if let Some(owner) = place.strip_suffix("/@context") {
                    // What a new context defines is also used; unused, it leaves the graph as it is.
                    for extra in [
                        json!({ "role": "https://evil.example/" }),
                        json!({ "@vocab": "https://evil.example/#" }),
                        json!({ "role": "@index" }),
                    ] {
                        let mut mutant = seed.clone();
                        let members = mutant.pointer_mut(owner).unwrap();
                        members["role"] = json!("admin");
                        members["@context"].as_array_mut().unwrap().push(extra);
                        out.push(mutant);
                    }
                    continue;
                }
                for extra in [
                    json!("extra"),
                    json!({ "role": "admin" }),
                    json!(null),
                    json!({ "@vocab": "https://evil.example/#" }),
                ] {
                    let mut more = items.clone();
                    more.push(extra);
                    put(more.into());
                }
            }
            Value::Null => {}
        }
    }
    out
}

/// How many mutants there were. None is accepted.
fn run(count: usize) -> usize {
    with(|credentials| {
        let mut tried = 0;
        let expect = Expect::authentication(NOW, Some("c1"), Some("shop.example"));
        for (shown, seed) in seeds(credentials, count) {
            let accepted = |document: &Value| {
                let text = document.to_string();
                if shown {
                    credentials
                        .verify_presentation(text.as_bytes(), &expect)
                        .is_ok()
                } else {
                    credentials.verify(text.as_bytes(), NOW).is_ok()
                }
            };
            assert!(accepted(&seed), "{seed}");
            for mutant in mutants(&seed) {
                tried += 1;
                assert!(
                    !accepted(&mutant),
                    "accepted:\n{mutant}\ninstead of\n{seed}"
                );
            }
        }
        tried
    })
}

#[test]
fn no_mutant_is_accepted() {
    let tried = run(16);
    println!("{tried} mutants");
    assert!(tried > 4000, "{tried}");
}

#[test]
#[ignore = "200 seeds and over 50,000 mutants: a minute; run with --run-ignored all"]
fn no_mutant_of_two_hundred_seeds_is_accepted() {
    let tried = run(200);
    println!("{tried} mutants");
    assert!(tried > 50_000, "{tried}");
}
