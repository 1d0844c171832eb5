//! The normative statements of Data Model 2.0, of proofs and of presentations, one test for each, named by the statement.

use crate::common::{NOW, Party, V2, credential, with};
use serde_json::{Value, json};
use time::{Duration, macros::datetime};
use webx_credentials::{Error, Expect, Suite};

/// The verdict of issuing and then verifying the sample after a change.
fn changed(change: impl FnOnce(&mut Value)) -> Result<(), Error> {
    let issuer = Party::ed25519(1);
    let mut document = credential(&issuer.did);
    change(&mut document);
    with(|credentials| {
        let signed = credentials.issue(
            &document,
            &issuer.asserts(Suite::EddsaRdfc2022),
            issuer.key.as_ref(),
        )?;
        credentials
            .verify(signed.to_string().as_bytes(), NOW)
            .map(drop)
    })
}

/// Sets `pointer` to each of the values: all of `good` pass, none of `bad` does. `null` removes.
fn rule(name: &str, good: &[Value], bad: &[Value]) {
    let set = |value: &Value| {
        changed(|document| {
            let members = document.as_object_mut().unwrap();
            members.remove(name);
            if !value.is_null() {
                members.insert(name.to_owned(), value.clone());
            }
        })
    };
    for value in good {
        assert_eq!(set(value), Ok(()), "{name}: {value}");
    }
    for value in bad {
        assert!(set(value).is_err(), "{name}: {value}");
    }
}

#[test]
fn context_must_be_an_ordered_set_whose_first_item_is_the_base_context() {
    let ours = json!({ "@vocab": "https://v.example/#" });
    rule(
        "@context",
        &[json!([V2, ours])],
        &[
            json!(null),
            json!(V2),
            json!([]),
            json!([ours, V2]),
            json!([V2, 1]),
            json!([V2, "no url"]),
            json!([V2, null]),
            json!([[V2]]),
        ],
    );
}

#[test]
fn id_is_optional_and_must_be_one_url() {
    rule(
        "id",
        &[json!(null), json!("https://a.example/1")],
        &[
            json!("not a url"),
            json!(1),
            json!(["urn:a:b"]),
            json!({}),
            json!(""),
        ],
    );
}

#[test]
fn type_must_name_the_credential_and_every_type_must_map_to_a_url() {
    rule(
        "type",
        &[
            json!("VerifiableCredential"),
            json!(["VerifiableCredential", "https://t.example/T"]),
        ],
        &[
            json!(null),
            json!("AlumniCredential"),
            json!([]),
            json!(1),
            json!(["VerifiableCredential", 1]),
            json!(["VerifiableCredential", "@id"]),
        ],
    );
    let undefined = changed(|document| {
        document["@context"] = json!([V2]);
        document["type"] = json!(["VerifiableCredential", "Unheard"]);
        document["credentialSubject"] = json!({ "id": "did:example:s" });
        document["evidence"] = json!({ "type": "https://e.example/E" });
    });
    assert!(
        matches!(undefined, Err(Error::JsonLd { .. })),
        "{undefined:?}"
    );
    let to_nowhere = changed(|document| {
        document["@context"] = json!([V2, crate::common::EXAMPLES, { "Bad": "no url" }]);
    });
    assert!(to_nowhere.is_err());
}

#[test]
fn name_and_description_must_be_strings_or_language_value_objects() {
    for name in ["name", "description"] {
        rule(
            name,
            &[
                json!(null),
                json!("A"),
                json!({ "@value": "A", "@language": "en" }),
                json!([{ "@value": "A", "@language": "en" }, { "@value": "B", "@language": "de" }]),
            ],
            &[
                json!(1),
                json!([]),
                json!({ "@value": 1 }),
                json!({ "@language": "en" }),
                json!({ "@value": "A", "@language": "no tag" }),
                json!({ "@value": "A", "x": "y" }),
            ],
        );
    }
}

#[test]
fn issuer_must_be_a_url_or_an_object_with_one() {
    let did = Party::ed25519(1).did;
    rule(
        "issuer",
        &[json!(did), json!({ "id": did })],
        &[
            json!(null),
            json!("school"),
            json!({ "name": "School" }),
            json!([did]),
            json!(1),
            json!({ "id": [did] }),
        ],
    );
}

#[test]
fn credential_subject_must_be_objects_that_say_something() {
    rule(
        "credentialSubject",
        &[
            json!({ "a": "b" }),
            json!([{ "a": "b" }, { "id": "did:example:x" }]),
        ],
        &[
            json!(null),
            json!("did:example:x"),
            json!([]),
            json!({}),
            json!([{}]),
            json!({ "id": "no url" }),
            json!({ "id": ["did:a:b"] }),
        ],
    );
}

#[test]
fn valid_from_and_valid_until_must_be_date_time_stamps_in_their_order() {
    rule(
        "validFrom",
        &[json!(null), json!("2020-01-01T00:00:00+02:00")],
        &[
            json!("2020-01-01"),
            json!("2020-01-01T00:00:00"),
            json!(2020),
            json!(["2020-01-01T00:00:00Z"]),
        ],
    );
    rule(
        "validUntil",
        &[json!(null), json!("2027-01-01T00:00:00.5Z")],
        &[json!("2022-01-01T00:00:00Z"), json!("soon")],
    );
}

#[test]
fn a_credential_is_refused_before_its_time_and_after_it() {
    let until = json!("2025-01-01T00:00:00Z");
    assert_eq!(
        changed(|document| document["validUntil"] = until),
        Err(Error::Model {
            at: "validUntil",
            reason: "has passed"
        })
    );
    assert_eq!(
        changed(|document| document["validFrom"] = json!("2030-01-01T00:00:00Z")),
        Err(Error::Model {
            at: "validFrom",
            reason: "has not come yet"
        })
    );
}

#[test]
fn schema_status_evidence_terms_and_refresh_must_have_a_type_and_schemas_an_id() {
    let typed = json!({ "type": "https://t.example/T" });
    for name in [
        "evidence",
        "termsOfUse",
        "refreshService",
        "credentialStatus",
    ] {
        rule(
            name,
            &[json!(null), typed.clone(), json!([typed])],
            &[
                json!({ "id": "urn:a:b" }),
                json!("urn:a:b"),
                json!([]),
                json!({ "type": typed["type"], "id": "no url" }),
            ],
        );
    }
    rule(
        "credentialSchema",
        &[json!({ "id": "https://s.example/", "type": "JsonSchema" })],
        &[
            json!({ "type": "JsonSchema" }),
            json!({ "id": "https://s.example/" }),
        ],
    );
}

#[test]
fn related_resources_must_be_named_once_with_a_digest() {
    let sri = "sha384-S57yQDg1MTzF56Oi9DbSQ14u7jBy0RDdx0YbeV7shwhCS88G8SCXeFq82PafhCrW";
    let one = json!({ "id": "https://r.example/", "digestSRI": sri });
    rule(
        "relatedResource",
        &[one.clone(), json!([one])],
        &[
            json!([one, one]),
            json!({ "digestSRI": sri }),
            json!({ "id": "https://r.example/" }),
            json!("https://r.example/"),
            json!({ "id": "https://r.example/", "digestSRI": "md5-x" }),
        ],
    );
}

#[test]
fn the_issuer_must_control_at_least_one_assertion_proof() {
    let (issuer, other) = (Party::ed25519(1), Party::p256(2));
    let document = credential(&issuer.did);
    with(|credentials| {
        assert!(
            credentials
                .issue(
                    &document,
                    &other.asserts(Suite::EcdsaRdfc2019),
                    other.key.as_ref()
                )
                .is_err()
        );
        let signed = credentials
            .issue(
                &document,
                &issuer.asserts(Suite::EddsaJcs2022),
                issuer.key.as_ref(),
            )
            .unwrap();
        let both = credentials
            .issue(
                &signed,
                &other.asserts(Suite::EcdsaRdfc2019),
                other.key.as_ref(),
            )
            .unwrap();
        assert_eq!(
            credentials
                .verify(both.to_string().as_bytes(), NOW)
                .unwrap()
                .proofs
                .len(),
            2
        );
        let mut theirs = both;
        theirs["proof"].as_array_mut().unwrap().remove(0);
        let verdict = credentials
            .verify(theirs.to_string().as_bytes(), NOW)
            .map(drop);
        assert_eq!(verdict, Err(Error::Proof("none is by the issuer")));
    });
}

#[test]
fn every_suite_issues_what_it_verifies_and_signs_with_its_own_kind_of_key_alone() {
    let all = [
        (Party::ed25519(1), true),
        (Party::p256(1), false),
        (Party::p384(1), false),
    ];
    with(|credentials| {
        for (party, edwards) in &all {
            for suite in Suite::ALL {
                let fits = matches!(suite, Suite::EddsaJcs2022 | Suite::EddsaRdfc2022) == *edwards;
                let issued = credentials.issue(
                    &credential(&party.did),
                    &party.asserts(suite),
                    party.key.as_ref(),
                );
                assert_eq!(issued.is_ok(), fits, "{suite}");
                if let Ok(signed) = issued {
                    let verified = credentials
                        .verify(signed.to_string().as_bytes(), NOW)
                        .unwrap();
                    assert_eq!(verified.proofs[0].suite, suite);
                }
            }
        }
    });
}

#[test]
fn a_proof_must_be_for_its_purpose_and_must_not_have_expired() {
    let issuer = Party::ed25519(1);
    with(|credentials| {
        let mut early = issuer.asserts(Suite::EddsaRdfc2022);
        early.created = NOW + Duration::HOUR;
        let signed = credentials
            .issue(&credential(&issuer.did), &early, issuer.key.as_ref())
            .unwrap();
        let verdict = credentials
            .verify(signed.to_string().as_bytes(), NOW)
            .map(drop);
        assert_eq!(verdict, Err(Error::Proof("it was made in the future")));
        let document = credential(&issuer.did);
        let wrong = issuer.authenticates(Suite::EddsaRdfc2022, "c", "d");
        let signed = credentials
            .issue(&document, &wrong, issuer.key.as_ref())
            .unwrap();
        let verdict = credentials
            .verify(signed.to_string().as_bytes(), NOW)
            .map(drop);
        assert_eq!(
            verdict,
            Err(Error::Proof("it was made for another purpose"))
        );
        let mut short = issuer.asserts(Suite::EddsaRdfc2022);
        short.expires = Some(NOW + Duration::HOUR);
        let signed = credentials
            .issue(&document, &short, issuer.key.as_ref())
            .unwrap()
            .to_string();
        assert!(credentials.verify(signed.as_bytes(), NOW).is_ok());
        let verdict = credentials
            .verify(signed.as_bytes(), NOW + Duration::HOUR)
            .map(drop);
        assert_eq!(verdict, Err(Error::Proof("it has expired")));
    });
}

#[test]
fn a_chain_binds_the_proofs_it_builds_on() {
    let (issuer, notary) = (Party::ed25519(1), Party::p384(2));
    with(|credentials| {
        for suite in [Suite::EcdsaRdfc2019, Suite::EcdsaJcs2019] {
            let mut first = issuer.asserts(Suite::EddsaRdfc2022);
            first.id = Some("urn:uuid:1".to_owned());
            let signed = credentials
                .issue(&credential(&issuer.did), &first, issuer.key.as_ref())
                .unwrap();
            let mut second = notary.asserts(suite);
            second.previous = vec!["urn:uuid:1".to_owned()];
            let chain = credentials
                .issue(&signed, &second, notary.key.as_ref())
                .unwrap();
            assert!(
                credentials
                    .verify(chain.to_string().as_bytes(), NOW)
                    .is_ok()
            );
            // The same statement signed again: the first proof is another, so the second falls.
            first.created = datetime!(2026-11-23 12:00:01 UTC);
            let again = credentials
                .issue(&credential(&issuer.did), &first, issuer.key.as_ref())
                .unwrap();
            let mut swapped = chain;
            swapped["proof"][0] = again["proof"].clone();
            assert!(
                credentials
                    .verify(swapped.to_string().as_bytes(), NOW)
                    .is_err()
            );
        }
    });
}

#[test]
fn a_presentation_must_answer_the_challenge_and_the_domain() {
    let (issuer, holder) = (Party::p256(1), Party::ed25519(2));
    with(|credentials| {
        let shown = credentials
            .issue(
                &credential(&issuer.did),
                &issuer.asserts(Suite::EcdsaRdfc2019),
                issuer.key.as_ref(),
            )
            .unwrap();
        let present = |options, holder: &Party| {
            credentials
                .present(
                    std::slice::from_ref(&shown),
                    &holder.did,
                    &options,
                    holder.key.as_ref(),
                )
                .unwrap()
                .to_string()
        };
        for suite in [Suite::EddsaRdfc2022, Suite::EddsaJcs2022] {
            let text = present(holder.authenticates(suite, "c1", "shop.example"), &holder);
            let judge = |challenge, domain| {
                credentials
                    .verify_presentation(
                        text.as_bytes(),
                        &Expect::authentication(NOW, challenge, domain),
                    )
                    .map(|p| p.credentials.len())
            };
            assert_eq!(judge(Some("c1"), Some("shop.example")), Ok(1));
            for (challenge, domain) in [
                (Some("c2"), Some("shop.example")),
                (Some("c1"), Some("evil.example")),
                (None, Some("shop.example")),
                (Some("c1"), None),
                (None, None),
            ] {
                assert!(
                    judge(challenge, domain).is_err(),
                    "{challenge:?} {domain:?}"
                );
            }
        }
        // Somebody else's proof under the holder's name.
        let thief = Party::ed25519(3);
        let stolen = credentials
            .present(
                std::slice::from_ref(&shown),
                &holder.did,
                &thief.authenticates(Suite::EddsaRdfc2022, "c", "d"),
                thief.key.as_ref(),
            )
            .unwrap();
        let verdict = credentials
            .verify_presentation(
                stolen.to_string().as_bytes(),
                &Expect::authentication(NOW, Some("c"), Some("d")),
            )
            .map(drop);
        assert_eq!(verdict, Err(Error::Proof("none is by the holder")));
    });
}

/// A DID whose document listed the key until noon.
struct Removed(String);

impl webx_credentials::Resolver for Removed {
    fn resolve(&self, did: &str, at: Option<time::OffsetDateTime>) -> Result<Value, Error> {
        let key = self.0.trim_start_matches("did:key:");
        let listed = at.is_some_and(|at| at < NOW);
        let method = json!([{ "id": format!("{did}#{key}"), "type": "Multikey", "controller": did, "publicKeyMultibase": key }]);
        let none = json!([]);
        let methods = if listed { &method } else { &none };
        Ok(
            json!({ "id": did, "verificationMethod": methods, "assertionMethod": methods, "authentication": methods }),
        )
    }
}

#[test]
fn a_removed_key_keeps_its_statements_and_shows_nobody_any_more() {
    let issuer = Party::ed25519(1);
    let contexts = webx_credentials::Contexts::shipped().unwrap();
    let resolver = Removed(issuer.did.clone());
    let credentials =
        webx_credentials::Credentials::new(&contexts, &resolver, &webx_credentials::NoLists);
    let before = NOW - Duration::HOUR;
    let mut asserts = issuer.asserts(Suite::EddsaRdfc2022);
    asserts.created = before;
    let signed = credentials
        .issue(&credential(&issuer.did), &asserts, issuer.key.as_ref())
        .unwrap();
    assert!(
        credentials
            .verify(signed.to_string().as_bytes(), NOW)
            .is_ok()
    );
    let mut shows = issuer.authenticates(Suite::EddsaRdfc2022, "c", "d");
    shows.created = before;
    let shown = credentials
        .present(&[signed], &issuer.did, &shows, issuer.key.as_ref())
        .unwrap();
    let expect = Expect::authentication(NOW, Some("c"), Some("d"));
    let verdict = credentials.verify_presentation(shown.to_string().as_bytes(), &expect);
    assert!(matches!(verdict, Err(Error::Did { .. })), "{verdict:?}");
}
