//! Normative statements about credentials and presentations in tokens.

use crate::common::{EXAMPLES, NOW, Party, V2, credential, with};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::Duration;
use webx_credentials::{Answer, Error, Expect, Suite, enveloped};

/// Claims as a token of `party`, whatever they say.
fn token(party: &Party, header: Value, claims: &Value) -> String {
    let mut header = header;
    header["kid"] = json!(party.method);
    let b64 = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", b64(&header), b64(claims));
    let signature = party.key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A presentation in a token of Data Model 1.1, with a credential in such a token.
fn old() -> String {
    let (issuer, holder) = (Party::p256(2), Party::ed25519(4));
    let claims =
        json!({ "iss": issuer.did, "sub": "did:example:abcdefgh", "vc": credential(&issuer.did) });
    let inner = token(&issuer, json!({ "alg": "ES256" }), &claims);
    let shown = json!({ "@context": V2, "type": "EnvelopedVerifiableCredential", "id": format!("data:application/jwt,{inner}") });
    let claims = json!({ "iss": holder.did, "aud": "shop.example", "nonce": "c1", "vp": {
        "@context": [V2], "type": ["VerifiablePresentation"], "holder": holder.did, "verifiableCredential": [shown] } });
    token(&holder, json!({ "alg": "EdDSA", "typ": "JWT" }), &claims)
}

fn parties() -> [Party; 3] {
    [Party::ed25519(1), Party::p256(2), Party::p384(3)]
}

fn signed(party: &Party) -> String {
    with(|credentials| {
        credentials
            .envelop(&credential(&party.did), &party.method, party.key.as_ref())
            .unwrap()
    })
}

fn verdict(document: &Value) -> Result<(), Error> {
    with(|credentials| {
        credentials
            .verify(document.to_string().as_bytes(), NOW)
            .map(drop)
    })
}

/// A token with other parts, signed by nobody anew.
fn changed(token: &str, part: usize, change: impl FnOnce(&mut Value)) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&parts[part]).unwrap()).unwrap();
    change(&mut value);
    parts[part] = URL_SAFE_NO_PAD.encode(value.to_string());
    parts.join(".")
}

#[test]
fn a_credential_in_a_token_holds_with_each_kind_of_key_and_no_change_of_it_does() {
    for party in parties() {
        let token = signed(&party);
        with(|credentials| {
            let verified = credentials.verify_token(&token, NOW).unwrap();
            assert_eq!(verified.issuer, party.did);
            assert_eq!(verified.document, credential(&party.did));
            assert_eq!(verified.envelope.unwrap().verification_method, party.method);
            for bad in [
                changed(&token, 1, |c| {
                    c["credentialSubject"]["alumniOf"]["name"] = json!("B");
                }),
                changed(&token, 1, |c| c["role"] = json!("admin")),
                changed(&token, 0, |h| h["alg"] = json!("none")),
                changed(&token, 0, |h| h["typ"] = json!("JWT")),
                changed(&token, 0, |h| h["x"] = json!("y")),
                changed(&token, 0, |h| h["kid"] = json!(Party::ed25519(9).method)),
                token.replacen('.', "", 1),
                format!("{token}.x"),
                token[..token.len() - 4].to_owned(),
            ] {
                assert!(credentials.verify_token(&bad, NOW).is_err(), "{bad}");
            }
        });
    }
}

#[test]
fn context_of_the_envelope_must_be_present_and_define_its_terms() {
    let whole = enveloped(&signed(&parties()[1]));
    assert_eq!(verdict(&whole), Ok(()));
    let mut text = whole.clone();
    text["@context"] = json!(V2);
    assert_eq!(verdict(&text), Ok(()));
    for bad in [
        json!([]),
        json!(EXAMPLES),
        json!(null),
        json!([V2, { "id": "urn:a:b" }]),
    ] {
        let mut other = whole.clone();
        other["@context"] = bad;
        assert!(verdict(&other).is_err(), "{other}");
    }
}

#[test]
fn id_of_the_envelope_must_be_a_data_url_of_a_secured_credential() {
    let whole = enveloped(&signed(&parties()[1]));
    let token = whole["id"]
        .as_str()
        .unwrap()
        .split_once(',')
        .unwrap()
        .1
        .to_owned();
    let mut id = whole.clone();
    id["id"] = json!(format!("data:application/jwt,{token}"));
    assert_eq!(verdict(&id), Ok(()));
    for bad in [
        token.clone(),
        format!("data:application/vp+jwt,{token}"),
        format!("data:text/plain,{token}"),
        format!("https://a.example/{token}"),
        "data:application/vc+jwt,".to_owned(),
    ] {
        id["id"] = json!(bad);
        assert!(verdict(&id).is_err(), "{bad}");
    }
}

#[test]
fn type_of_the_envelope_must_be_enveloped_verifiable_credential() {
    let whole = enveloped(&signed(&parties()[1]));
    for bad in [
        json!(null),
        json!("VerifiableCredential"),
        json!(["EnvelopedVerifiableCredential", "VerifiableCredential"]),
        json!("EnvelopedVerifiablePresentation"),
    ] {
        let mut other = whole.clone();
        other["type"] = bad;
        assert!(verdict(&other).is_err(), "{other}");
    }
    let mut beside = whole;
    beside["credentialSubject"] = json!({ "role": "admin" });
    assert!(verdict(&beside).is_err());
}

#[test]
fn claims_must_not_say_something_else_than_the_document() {
    let party = Party::ed25519(1);
    let with_claims = |name: &str, value: Value| {
        let mut document = credential(&party.did);
        document[name] = value;
        // The issuing half refuses such names, so the token is signed here.
        let token = token(
            &party,
            json!({ "alg": "EdDSA", "typ": "vc+jwt" }),
            &document,
        );
        with(|credentials| credentials.verify_token(&token, NOW).map(drop))
    };
    let now = NOW.unix_timestamp();
    for (name, value) in [
        ("iss", json!(party.did)),
        ("sub", json!("did:example:abcdefgh")),
        (
            "jti",
            json!("urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33"),
        ),
        ("exp", json!(now + 1)),
        ("nbf", json!(now)),
        ("iat", json!(now)),
    ] {
        assert_eq!(with_claims(name, value), Ok(()), "{name}");
    }
    for (name, value) in [
        ("iss", json!("did:example:other")),
        ("sub", json!("did:example:other")),
        ("jti", json!("urn:uuid:1")),
        ("exp", json!(now)),
        ("exp", json!("soon")),
        ("nbf", json!(now + 3600)),
        ("iat", json!(now + 3600)),
        ("iss", json!(1)),
        ("vc", json!({})),
        ("vp", json!({})),
        ("proof", json!({})),
    ] {
        assert!(with_claims(name, value.clone()).is_err(), "{name} {value}");
    }
    with(|credentials| {
        let mut document = credential(&party.did);
        document["iss"] = json!(party.did);
        assert!(
            credentials
                .envelop(&document, &party.method, party.key.as_ref())
                .is_err()
        );
    });
}

#[test]
fn a_presentation_in_a_token_answers_its_challenge_and_is_for_its_verifier() {
    let (issuer, holder) = (Party::p256(2), Party::ed25519(4));
    let inner = enveloped(&signed(&issuer));
    with(|credentials| {
        let proofs = credentials
            .issue(
                &credential(&issuer.did),
                &issuer.asserts(Suite::EcdsaRdfc2019),
                issuer.key.as_ref(),
            )
            .unwrap();
        let answer = Answer::new("c1", "shop.example", NOW);
        let token = credentials
            .envelop_presentation(
                &[inner.clone(), proofs],
                &holder.did,
                &answer,
                &holder.method,
                holder.key.as_ref(),
            )
            .unwrap();
        let judge = |token: &str, challenge, domain| {
            credentials
                .verify_presentation_token(token, &Expect::authentication(NOW, challenge, domain))
                .map(|shown| (shown.holder, shown.credentials.len()))
        };
        assert_eq!(
            judge(&token, Some("c1"), Some("shop.example")),
            Ok((Some(holder.did.clone()), 2))
        );
        for (challenge, domain) in [
            (Some("c2"), Some("shop.example")),
            (Some("c1"), Some("evil.example")),
            (Some("c1"), None),
            (None, Some("shop.example")),
            (None, None),
        ] {
            assert!(
                judge(&token, challenge, domain).is_err(),
                "{challenge:?} {domain:?}"
            );
        }
        let other = changed(&token, 1, |claims| claims["holder"] = json!(issuer.did));
        assert!(judge(&other, Some("c1"), Some("shop.example")).is_err());
        // A token of one kind is not one of the other.
        assert!(credentials.verify_token(&token, NOW).is_err());
        // Shown inside a presentation with proofs.
        let options = holder.authenticates(Suite::EddsaRdfc2022, "c1", "shop.example");
        let whole = credentials
            .present(&[inner], &holder.did, &options, holder.key.as_ref())
            .unwrap();
        let expect = Expect::authentication(NOW, Some("c1"), Some("shop.example"));
        let shown = credentials.verify_presentation(whole.to_string().as_bytes(), &expect);
        assert!(shown.unwrap().credentials[0].envelope.is_some());
    });
}

#[test]
fn a_presentation_of_edition_1_1_in_a_token_is_read_with_its_credential() {
    let whole = json!({ "@context": V2, "type": "EnvelopedVerifiablePresentation", "id": format!("data:application/jwt,{}", old()) });
    let judge = |document: &Value, challenge, domain| {
        with(|credentials| {
            credentials
                .verify_presentation(
                    document.to_string().as_bytes(),
                    &Expect::authentication(NOW, challenge, domain),
                )
                .map(|shown| shown.credentials.len())
        })
    };
    assert_eq!(judge(&whole, Some("c1"), Some("shop.example")), Ok(1));
    for (challenge, domain) in [
        (Some("c1"), None),
        (None, Some("shop.example")),
        (Some("c2"), Some("shop.example")),
    ] {
        assert!(judge(&whole, challenge, domain).is_err());
    }
    for (member, value) in [
        ("@context", json!([])),
        ("@context", json!([EXAMPLES])),
        ("id", json!(old())),
        ("type", json!(["VerifiablePresentation"])),
    ] {
        let mut other = whole.clone();
        other[member] = value;
        assert!(
            judge(&other, Some("c1"), Some("shop.example")).is_err(),
            "{member}"
        );
    }
}

#[test]
fn a_did_jwk_signs_tokens_and_no_proofs() {
    let key = Party::p256(5);
    let jwk = key.key.public_key().jwk();
    let did = format!("did:jwk:{}", URL_SAFE_NO_PAD.encode(jwk.to_string()));
    let contexts = webx_credentials::Contexts::shipped().unwrap();
    let credentials = webx_credentials::Credentials::new(
        &contexts,
        &webx_credentials::DidJwk,
        &webx_credentials::NoLists,
    );
    let token = credentials
        .envelop(&credential(&did), &format!("{did}#0"), key.key.as_ref())
        .unwrap();
    assert_eq!(credentials.verify_token(&token, NOW).unwrap().issuer, did);
    let mut options = key.asserts(Suite::EcdsaRdfc2019);
    options.verification_method = format!("{did}#0");
    let proofs = credentials
        .issue(&credential(&did), &options, key.key.as_ref())
        .unwrap();
    assert!(
        credentials
            .verify(proofs.to_string().as_bytes(), NOW + Duration::SECOND)
            .is_err()
    );
}
