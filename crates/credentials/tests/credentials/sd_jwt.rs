//! SD-JWT (RFC 9901), SD-JWT VC and Token Status Lists.

use crate::common::{NOW, Party, with_lists};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};
use webx_credentials::{
    Binding, Error, NoLists, PublicKey, SdJwt, SdJwtOptions, Status, StatusLists, TokenStatusList,
    VerifiedSdJwt, bind,
};

const SHOWN: &str = include_str!("../vectors/sd-jwt-rfc9901-5.2.txt");
const NESTED: &str = include_str!("../vectors/sd-jwt-rfc9901-a.2.txt");
/// When the example was shown.
const THEN: OffsetDateTime = datetime!(2025-05-29 16:50 UTC);

/// The issuer's key of the RFC (appendix A.5).
fn issuer_key() -> PublicKey {
    let jwk = json!({ "kty": "EC", "crv": "P-256",
        "x": "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ", "y": "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8" });
    PublicKey::from_jwk(jwk.as_object().unwrap()).unwrap()
}

#[test]
fn the_presentation_of_rfc_9901_section_5_2_gives_the_claims_it_prints() {
    let read = SdJwt::read(SHOWN.trim()).unwrap();
    let claims = read.claims(&issuer_key(), THEN).unwrap();
    let cnf = claims["cnf"].clone();
    assert_eq!(
        Value::Object(claims),
        json!({
            "iss": "https://issuer.example.com", "iat": 1_683_000_000, "exp": 1_883_000_000, "sub": "user_42",
            "nationalities": ["US"], "cnf": cnf, "family_name": "Doe", "given_name": "John",
            "address": { "street_address": "123 Main St", "locality": "Anytown", "region": "Anystate", "country": "US" },
        })
    );
    let asked = |nonce, audience| read.bound(&Binding::new(nonce, audience), THEN);
    let verifier = "https://verifier.example.org";
    assert_eq!(asked("1234567890", verifier), Ok(()));
    assert!(asked("1234567891", verifier).is_err());
    assert!(asked("1234567890", "https://evil.example.org").is_err());
    let binding = Binding::new("1234567890", verifier);
    assert!(read.bound(&binding, THEN + Duration::HOUR).is_err());
    assert!(read.bound(&binding, THEN - Duration::HOUR).is_err());
}

#[test]
fn the_structured_claims_of_rfc_9901_appendix_a_2_find_their_places() {
    let read = SdJwt::read(NESTED.trim()).unwrap();
    assert_eq!(
        Value::Object(read.claims(&issuer_key(), THEN).unwrap()),
        json!({
            "iss": "https://issuer.example.com", "iat": 1_683_000_000, "exp": 1_883_000_000,
            "verified_claims": {
                "verification": { "trust_framework": "de_aml", "evidence": [{ "method": "pipp" }], "time": "2012-04-23T18:25Z" },
                "claims": { "given_name": "Max", "family_name": "Müller",
                    "address": { "locality": "Maxstadt", "postal_code": "12344", "country": "DE", "street_address": "Weidenstraße 22" } },
            },
        })
    );
    // What stands inside brings what it stands in.
    let less = read
        .reveal(&["/verified_claims/verification/evidence/0/method"])
        .unwrap();
    assert_eq!(less.matches('~').count(), 3);
    let claims = SdJwt::read(&less)
        .unwrap()
        .claims(&issuer_key(), THEN)
        .unwrap();
    assert_eq!(
        claims["verified_claims"],
        json!({ "verification": { "trust_framework": "de_aml", "evidence": [{ "method": "pipp" }] }, "claims": {} })
    );
    assert!(read.reveal(&["/role"]).is_err());
}

#[test]
fn no_change_of_the_example_is_believed() {
    let text = SHOWN.trim();
    let binding = Binding::new("1234567890", "https://verifier.example.org");
    let judge = |text: &str| {
        let read = SdJwt::read(text)?;
        read.claims(&issuer_key(), THEN)?;
        read.bound(&binding, THEN)
    };
    assert_eq!(judge(text), Ok(()));
    for place in 0..text.len() {
        let mut bytes = text.as_bytes().to_vec();
        bytes[place] = if bytes[place] == b'A' { b'Q' } else { b'A' };
        assert!(
            judge(&String::from_utf8(bytes).unwrap()).is_err(),
            "{place}"
        );
    }
    let parts: Vec<&str> = text.split('~').collect();
    for without in 1..parts.len() - 1 {
        let mut fewer = parts.clone();
        fewer.remove(without);
        assert!(judge(&fewer.join("~")).is_err(), "without {without}");
        let mut twice = parts.clone();
        twice.insert(1, parts[without]);
        assert!(judge(&twice.join("~")).is_err(), "twice {without}");
    }
    let extra = URL_SAFE_NO_PAD.encode(r#"["salt","role","admin"]"#);
    assert!(judge(&text.replacen('~', &format!("~{extra}~"), 1)).is_err());
}

#[test]
fn disclosures_that_collide_or_hide_reserved_names_are_refused() {
    let issuer = Party::p256(1);
    // Whatever an issuer writes: signed here, so that only the disclosures are in question.
    let signed = |claims: Value, disclosures: &[String]| {
        let b64 = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", b64(&json!({ "alg": "ES256" })), b64(&claims));
        let signature = issuer.key.sign(signed.as_bytes()).unwrap();
        let mut text = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        for disclosure in disclosures {
            text = format!("{text}~{disclosure}");
        }
        let text = format!("{text}~");
        let read = SdJwt::read(&text)?;
        read.claims(&issuer.key.public_key(), NOW)
            .map(Value::Object)
    };
    let made = |value: Value| {
        use sha2::Digest as _;
        let text = URL_SAFE_NO_PAD.encode(value.to_string());
        let digest = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&text));
        (text, digest)
    };
    let (name, digest) = made(json!(["s", "name", "Ada"]));
    let good = signed(json!({ "_sd": [digest] }), std::slice::from_ref(&name));
    assert_eq!(good, Ok(json!({ "name": "Ada" })));
    let (item, of_item) = made(json!(["s", "Ada"]));
    let (sd, of_sd) = made(json!(["s", "_sd", []]));
    let (dots, of_dots) = made(json!(["s", "...", "x"]));
    let (short, of_short) = made(json!(["s"]));
    let (no_salt, of_no_salt) = made(json!([1, "name", "Ada"]));
    for (claims, disclosures) in [
        (
            json!({ "_sd": [digest], "name": "Eve" }),
            vec![name.clone()],
        ),
        (json!({ "_sd": [digest, digest] }), vec![name.clone()]),
        (
            json!({ "_sd": [digest], "a": { "_sd": [digest] } }),
            vec![name.clone()],
        ),
        (json!({ "_sd": [of_item] }), vec![item.clone()]),
        (json!({ "a": [{ "...": digest }] }), vec![name.clone()]),
        (json!({ "_sd": [of_sd] }), vec![sd]),
        (json!({ "_sd": [of_dots] }), vec![dots]),
        (json!({ "_sd": [of_short] }), vec![short]),
        (json!({ "_sd": [of_no_salt] }), vec![no_salt]),
        (json!({ "_sd": digest }), vec![name.clone()]),
        (json!({ "_sd": [1] }), vec![]),
        (
            json!({ "_sd": [digest], "_sd_alg": "md5" }),
            vec![name.clone()],
        ),
        (
            json!({ "_sd": [digest], "a": { "_sd_alg": "sha-256" } }),
            vec![name.clone()],
        ),
        (json!({ "a": { "...": digest, "b": 1 } }), vec![]),
        (json!({ "exp": NOW.unix_timestamp() }), vec![]),
        (json!({}), vec![name, item]),
    ] {
        assert!(signed(claims.clone(), &disclosures).is_err(), "{claims}");
    }
    // A digest that nothing discloses is nothing.
    assert_eq!(
        signed(json!({ "_sd": [digest], "a": [{ "...": of_item }] }), &[]),
        Ok(json!({ "a": [] }))
    );
    let many = vec![URL_SAFE_NO_PAD.encode("[]"); webx_credentials::limits::MAX_DISCLOSURES + 1];
    assert!(signed(json!({}), &many).is_err());
}

/// Salts that say which they are.
fn salts() -> impl FnMut() -> [u8; 16] {
    let mut count = 0_u8;
    move || {
        count += 1;
        [count; 16]
    }
}

fn claims() -> Map<String, Value> {
    let claims = json!({
        "vct": "https://club.example/member", "name": "Ada", "age": { "over_18": true, "years": 36 }, "clubs": ["Rowing", "Chess"],
    });
    claims.as_object().unwrap().clone()
}

const HIDDEN: [&str; 5] = ["/name", "/age/years", "/age/over_18", "/age", "/clubs/1"];

fn issued(issuer: &Party, holder: &Party) -> String {
    with_lists(&NoLists, |credentials| {
        let key = holder.key.public_key();
        let mut options = SdJwtOptions::new(&issuer.method, NOW, &HIDDEN);
        options.holder = Some(&key);
        credentials
            .issue_sd_jwt(&claims(), &options, issuer.key.as_ref(), &mut salts())
            .unwrap()
    })
}

fn judged(text: &str, binding: Option<&Binding<'_>>) -> Result<VerifiedSdJwt, Error> {
    with_lists(&NoLists, |credentials| {
        credentials.verify_sd_jwt(text, binding, NOW)
    })
}

#[test]
fn an_sd_jwt_vc_is_issued_and_shown_in_part_to_one_verifier() {
    for (issuer, holder) in [
        (Party::ed25519(1), Party::p256(2)),
        (Party::p384(1), Party::ed25519(2)),
    ] {
        let text = issued(&issuer, &holder);
        let signed = URL_SAFE_NO_PAD
            .decode(text.split('.').nth(1).unwrap())
            .unwrap();
        let signed = String::from_utf8(signed).unwrap();
        assert!(signed.contains("Rowing"));
        for word in ["Ada", "Chess", "years", "name"] {
            assert!(!signed.contains(word), "{signed}");
        }
        let all = judged(&text, None).unwrap();
        assert_eq!(all.issuer, issuer.did);
        assert_eq!(all.claims["age"], claims()["age"]);
        assert_eq!(all.claims["clubs"], claims()["clubs"]);
        let mut places = SdJwt::read(&text).unwrap().places().unwrap();
        let mut hidden = HIDDEN.map(str::to_owned).to_vec();
        places.sort();
        hidden.sort();
        assert_eq!(places, hidden);

        let less = SdJwt::read(&text)
            .unwrap()
            .reveal(&["/age/over_18"])
            .unwrap();
        let asked = Binding::new("n1", "https://shop.example");
        let shown = bind(&less, &asked, NOW, holder.key.as_ref()).unwrap();
        let seen = judged(&shown, Some(&asked)).unwrap();
        assert!(seen.bound);
        assert_eq!(seen.claims["age"], json!({ "over_18": true }));
        assert_eq!(seen.claims["clubs"], json!(["Rowing"]));
        assert!(!seen.claims.contains_key("name"));

        assert!(judged(&less, Some(&asked)).is_err());
        assert!(judged(&shown, None).is_err());
        for other in [
            Binding::new("n2", "https://shop.example"),
            Binding::new("n1", "https://evil.example"),
        ] {
            assert!(judged(&shown, Some(&other)).is_err());
        }
        // More or less than was shown.
        let (_, binding) = shown.rsplit_once('~').unwrap();
        assert!(judged(&format!("{text}{binding}"), Some(&asked)).is_err());
        assert!(bind(&less, &asked, NOW, issuer.key.as_ref()).is_err());
        assert!(bind(&shown, &asked, NOW, holder.key.as_ref()).is_err());
    }
}

#[test]
fn what_a_credential_is_and_from_whom_cannot_be_hidden() {
    let issuer = Party::ed25519(1);
    with_lists(&NoLists, |credentials| {
        let issue = |claims: Value, hidden: &[&str]| {
            let options = SdJwtOptions::new(&issuer.method, NOW, hidden);
            credentials.issue_sd_jwt(
                claims.as_object().unwrap(),
                &options,
                issuer.key.as_ref(),
                &mut salts(),
            )
        };
        assert!(issue(json!({ "vct": "a", "b": 1 }), &["/b"]).is_ok());
        for hidden in [
            "/vct", "/iss", "/iat", "/cnf/jwk", "/status", "", "b", "/c", "/b/c",
        ] {
            assert!(
                issue(json!({ "vct": "a", "b": 1 }), &[hidden]).is_err(),
                "{hidden}"
            );
        }
        for claims in [
            json!({ "b": 1 }),
            json!({ "vct": 1 }),
            json!({ "vct": "" }),
            json!({ "vct": "a", "iss": "did:example:other" }),
            json!({ "vct": "a", "_sd": [] }),
            json!({ "vct": "a", "b": [{ "...": "x" }] }),
            json!({ "vct": "a", "b": { "_sd_alg": "x" } }),
        ] {
            assert!(issue(claims.clone(), &[]).is_err(), "{claims}");
        }
    });
    let jwk = judged(SHOWN.trim(), None);
    assert!(jwk.is_err(), "a token of another type");
}

const URI: &str = "https://issuer.example/tokens/1";

struct One(String);

impl StatusLists for One {
    fn list(&self, address: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok((address == URI).then(|| self.0.clone().into_bytes()))
    }
}

#[test]
fn the_lists_of_the_token_status_list_specification_are_read_and_written() {
    // The examples of the specification: one bit and two bits for each token.
    let one = TokenStatusList::decode(1, "eNrbuRgAAhcBXQ").unwrap();
    let bits = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
    let two = TokenStatusList::decode(2, "eNo76fITAAPfAgc").unwrap();
    let pairs = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
    for (list, width, values) in [(one, 1, &bits[..]), (two, 2, &pairs[..])] {
        let mut own = TokenStatusList::new(values.len(), width).unwrap();
        for (index, value) in values.iter().enumerate() {
            assert_eq!(list.get(index), Ok(*value), "{width} {index}");
            own.set(index, *value).unwrap();
        }
        assert_eq!(own, list);
        assert_eq!(
            TokenStatusList::decode(width, &own.encode().unwrap()),
            Ok(own)
        );
        assert!(list.get(values.len()).is_err());
        assert!(list.get(usize::MAX).is_err());
    }
    assert!(TokenStatusList::new(8, 3).is_err());
    assert!(TokenStatusList::new(usize::MAX, 8).is_err());
    assert!(TokenStatusList::new(8, 1).unwrap().set(0, 2).is_err());
    for bad in ["", "AAAA", "eNrbuRgAAhcBXQ=", "eNrbuRgAAhcBX"] {
        assert!(TokenStatusList::decode(1, bad).is_err(), "{bad}");
    }
    // A list that grows beyond the limit is not inflated whole.
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(0), 64 << 20),
        &mut packer,
    )
    .unwrap();
    let bomb = URL_SAFE_NO_PAD.encode(packer.finish().unwrap());
    assert!(matches!(
        TokenStatusList::decode(1, &bomb),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn a_token_that_the_issuer_has_withdrawn_is_refused() {
    let (issuer, other) = (Party::ed25519(1), Party::ed25519(9));
    let mut list = TokenStatusList::new(1000, 2).unwrap();
    for (index, value) in [(1, 1), (2, 2), (3, 3)] {
        list.set(index, value).unwrap();
    }
    let judge = |index: Value, by: &Party, uri: &str, at: OffsetDateTime| {
        let published = One(list.token(uri, &by.method, NOW, by.key.as_ref()).unwrap());
        with_lists(&published, |credentials| {
            let mut claims = claims();
            claims.insert(
                "status".to_owned(),
                json!({ "status_list": { "idx": index, "uri": URI } }),
            );
            let options = SdJwtOptions::new(&issuer.method, NOW, &[]);
            let text =
                credentials.issue_sd_jwt(&claims, &options, issuer.key.as_ref(), &mut salts())?;
            credentials
                .verify_sd_jwt(&text, None, at)
                .map(|found| found.status)
        })
    };
    let clear = Some(Status::Clear {
        purpose: "status".to_owned(),
    });
    assert_eq!(judge(json!(0), &issuer, URI, NOW), Ok(clear));
    assert_eq!(
        judge(json!(1), &issuer, URI, NOW),
        Err(Error::Withdrawn("invalid".to_owned()))
    );
    assert_eq!(
        judge(json!(2), &issuer, URI, NOW),
        Err(Error::Withdrawn("suspended".to_owned()))
    );
    assert_eq!(
        judge(json!(3), &issuer, URI, NOW),
        Ok(Some(Status::Message {
            value: 3,
            text: None
        }))
    );
    for (index, by, uri, at) in [
        (json!(1000), &issuer, URI, NOW),
        (json!("0"), &issuer, URI, NOW),
        (json!(-1), &issuer, URI, NOW),
        (json!(0), &other, URI, NOW),
        (json!(0), &issuer, "https://issuer.example/tokens/2", NOW),
        (json!(0), &issuer, URI, NOW + Duration::days(2)),
        (json!(0), &issuer, URI, NOW - Duration::days(2)),
    ] {
        assert!(judge(index.clone(), by, uri, at).is_err(), "{index} {uri}");
    }
}
