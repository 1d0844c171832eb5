//! From the words to the DID and back, and what happens to logs that were tampered with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};
use webx_identity::{
    Did, DidKey, DidLog, DidMethod, Error, Evidence, GENESIS, Identity, MAX_ENTRIES, MAX_ENTRY,
    MAX_LOG, Purpose, RecoveryWords, Webvh, did_key,
};

const NOW: OffsetDateTime = datetime!(2026-10-01 12:00 UTC);

/// The 24-word test vector of BIP-39 for 32 bytes of 0x7f.
const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank year \
                     wave sausage worth useful legal winner thank year wave sausage worth title";

fn identity() -> (RecoveryWords, Identity) {
    let words = RecoveryWords::parse(WORDS).unwrap();
    let identity = Identity::create(&words.seed(), NOW).unwrap();
    (words, identity)
}

#[test]
fn known_words_give_known_keys_and_a_known_did_for_ever() {
    let (words, identity) = identity();
    let seed = words.seed();
    assert_eq!(
        hex::encode(seed.vault_recovery_key().unwrap()),
        "7e1ac8b32f17517372695f95c6e1d52dfb3c446d2c0760fbea642370c0c955be"
    );
    assert_eq!(
        hex::encode(seed.drive_root_key().unwrap()),
        "55a1bb3226c78cbc1ac0596b60a86152e8149c11392fbeadf8723551b0e866c8"
    );
    assert_eq!(
        did_key(&seed.device_key(0).verifying_key()),
        "did:key:z6MkiK4XED2wbL76iHJxfPLGraBqWkTJLTtwmRJ9sHDpKDt6"
    );
    assert_eq!(
        did_key(&seed.update_key(0).verifying_key()),
        "did:key:z6MkoazS6RKuvuYdFknACKYSWdQ1JRUhaMDG9gqDhzt2gDV6"
    );
    assert_eq!(
        identity.did.as_str(),
        "did:scid:vh:1:QmRDWFN48GGy3ABFzkzHQio4iJFrPwuLXkb6ARDUyrD553"
    );
    let pinned: Value = serde_json::from_str(include_str!("first-entry.jsonl")).unwrap();
    assert_eq!(identity.log.entries(), [pinned]);
}

#[test]
fn the_words_alone_rebuild_every_key_and_the_same_did_verifies() {
    let words = RecoveryWords::generate(&[0x5a; 32]).unwrap();
    let before = Identity::create(&words.seed(), NOW).unwrap();
    let typed = format!("\n  {} \t", words.words().join("   ").to_uppercase());
    drop(words);

    let again = RecoveryWords::parse(&typed).unwrap().seed();
    let original = RecoveryWords::generate(&[0x5a; 32]).unwrap().seed();
    assert_eq!(
        *again.vault_recovery_key().unwrap(),
        *original.vault_recovery_key().unwrap()
    );
    assert_eq!(
        *again.drive_root_key().unwrap(),
        *original.drive_root_key().unwrap()
    );
    for n in [0, 1, 7, u32::MAX >> 1] {
        assert_eq!(
            again.device_key(n).to_bytes(),
            original.device_key(n).to_bytes()
        );
        assert_eq!(
            again.update_key(n).to_bytes(),
            original.update_key(n).to_bytes()
        );
    }

    let years_later = NOW + Duration::days(10);
    let after = Identity::create(&again, years_later).unwrap();
    assert_eq!(after.did, before.did);
    assert_eq!(after.log, before.log);
    let document = before
        .log
        .verify(years_later)
        .unwrap()
        .resolve(&after.did)
        .unwrap()
        .document;
    assert_eq!(document.id(), before.did.as_str());
    for purpose in [Purpose::Authentication, Purpose::AssertionMethod] {
        let keys = document.keys(purpose);
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].1, again.device_key(0).verifying_key());
        let message = b"it is me";
        let signature = again.device_key(0).sign(message);
        keys[0].1.verify_strict(message, &signature).unwrap();
    }
}

#[test]
fn keys_of_different_use_have_nothing_in_common() {
    let seed = RecoveryWords::parse(WORDS).unwrap().seed();
    let mut keys = vec![
        *seed.vault_recovery_key().unwrap(),
        *seed.drive_root_key().unwrap(),
        seed.device_key(0).to_bytes(),
        seed.device_key(1).to_bytes(),
        seed.update_key(0).to_bytes(),
        seed.update_key(1).to_bytes(),
    ];
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 6);
}

#[test]
fn mistyped_words_are_named_by_their_place_and_never_repeated() {
    let mut wrong: Vec<&str> = WORDS.split_whitespace().collect();
    wrong[6] = "sesame";
    let error = RecoveryWords::parse(&wrong.join(" ")).unwrap_err();
    assert!(matches!(error, Error::UnknownWord { position: 7 }));
    assert!(!format!("{error} {error:?}").contains("sesame"));

    let mut swapped: Vec<&str> = WORDS.split_whitespace().collect();
    swapped.swap(22, 23);
    assert!(matches!(
        RecoveryWords::parse(&swapped.join(" ")),
        Err(Error::WordChecksum)
    ));

    let twelve = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    assert!(matches!(
        RecoveryWords::parse(twelve),
        Err(Error::WordCount { found: 12 })
    ));
    assert!(RecoveryWords::parse(&"a ".repeat(10_000_000)).is_err());
    assert!(RecoveryWords::parse("").is_err());
}

#[test]
fn secrets_do_not_print() {
    let words = RecoveryWords::parse(WORDS).unwrap();
    let seed = words.seed();
    let printed = format!("{words:?} {seed:?}");
    assert!(!printed.contains("legal"));
    assert!(printed.len() < 60, "{printed}");
}

#[test]
fn rotation_moves_to_the_committed_key_and_replaces_the_devices() {
    let (words, mut identity) = identity();
    let seed = words.seed();
    let laptop = seed.device_key(1).verifying_key();
    for round in 1..=3 {
        let now = NOW + Duration::hours(round);
        identity.rotate(&seed, &[laptop], now).unwrap();
    }
    let now = NOW + Duration::days(1);
    let verified = Identity::open(identity.log.as_str(), now)
        .unwrap()
        .log
        .verify(now)
        .unwrap();
    assert_eq!(verified.versions().len(), 4);
    assert_eq!(identity.devices(now).unwrap()[0].1, laptop);

    let first = verified.resolve_at(&identity.did, NOW).unwrap();
    assert_eq!(first.version_number, 1);
    assert_eq!(
        first.document.keys(Purpose::Authentication)[0].1,
        seed.device_key(0).verifying_key()
    );
    assert_eq!(
        verified
            .resolve_number(&identity.did, 3)
            .unwrap()
            .version_number,
        3
    );
    assert!(matches!(
        verified.resolve_number(&identity.did, 5),
        Err(Error::NoSuchVersion)
    ));
    assert!(matches!(
        verified.resolve_at(&identity.did, GENESIS - Duration::SECOND),
        Err(Error::NoSuchVersion)
    ));
}

#[test]
fn other_words_cannot_rotate_and_the_same_second_cannot_be_used_twice() {
    let (words, mut identity) = identity();
    let thief = RecoveryWords::generate(&[1; 32]).unwrap().seed();
    let before = identity.log.clone();
    assert!(matches!(
        identity.rotate(&thief, &[], NOW),
        Err(Error::NotTheController)
    ));
    assert_eq!(identity.log, before);

    identity.rotate(&words.seed(), &[], NOW).unwrap();
    assert!(matches!(
        identity.rotate(&words.seed(), &[], NOW),
        Err(Error::ClockBehind)
    ));
    assert!(matches!(
        identity.rotate(&words.seed(), &[], NOW - Duration::DAY),
        Err(Error::Shape {
            reason: "dated in the future",
            ..
        })
    ));
}

#[test]
fn a_clock_before_the_first_entry_is_told_so() {
    let (words, _) = identity();
    let early = datetime!(1970-01-01 00:00 UTC);
    assert!(matches!(
        Identity::create(&words.seed(), early),
        Err(Error::Shape {
            reason: "dated in the future",
            ..
        })
    ));
}

/// Every single byte of a log that carries meaning is covered by hash, signature or shape.
#[test]
fn a_log_with_any_changed_character_is_refused() {
    let (words, mut identity) = identity();
    identity
        .rotate(
            &words.seed(),
            &[words.seed().device_key(2).verifying_key()],
            NOW,
        )
        .unwrap();
    let honest = identity
        .log
        .verify(NOW)
        .unwrap()
        .resolve(&identity.did)
        .unwrap();
    let text = identity.log.as_str().to_owned();
    let mut accepted = 0;
    for place in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[place] = match bytes[place] {
            b'a' => b'b',
            b'0' => b'1',
            b'{' => b'[',
            _ => b'a',
        };
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        let Ok(log) = DidLog::parse(&changed) else {
            continue;
        };
        let Ok(verified) = log.verify(NOW) else {
            continue;
        };
        let Ok(resolved) = verified.resolve(&identity.did) else {
            continue;
        };
        assert_eq!(resolved.document, honest.document, "byte {place}");
        assert_eq!(resolved.version_id, honest.version_id, "byte {place}");
        accepted += 1;
    }
    assert_eq!(accepted, 0, "{accepted} changed logs were accepted");
}

#[test]
fn members_that_no_signature_covers_are_refused() {
    let (_, identity) = identity();
    let entry: Value = serde_json::from_str(identity.log.as_str()).unwrap();
    let attempts: [fn(&mut Value); 8] = [
        |entry| entry["role"] = json!("admin"),
        |entry| entry["parameters"]["role"] = json!("admin"),
        |entry| entry["proof"][0]["domain"] = json!("bank.example"),
        |entry| entry["state"]["role"] = json!("admin"),
        |entry| entry["parameters"]["witness"] = Value::Null,
        |entry| entry["versionTime"] = json!("2026-01-01T00:00:00.000Z"),
        |entry| entry["versionTime"] = json!("2026-01-01T01:00:00+01:00"),
        |entry| {
            let second = entry["proof"][0].clone();
            entry["proof"].as_array_mut().unwrap().push(second);
        },
    ];
    for (number, attempt) in attempts.iter().enumerate() {
        let mut tampered = entry.clone();
        attempt(&mut tampered);
        let result = DidLog::parse(&tampered.to_string()).and_then(|log| log.verify(NOW));
        assert!(result.is_err(), "attempt {number}");
    }
    let repeated =
        identity
            .log
            .as_str()
            .replacen("{\"versionId\"", "{\"state\":{},\"versionId\"", 1);
    assert!(DidLog::parse(&repeated).is_err());
}

#[test]
fn a_thief_with_todays_update_key_cannot_make_the_next_entry() {
    let (words, mut honest) = identity();
    let stolen = words.seed().update_key(0);
    honest.rotate(&words.seed(), &[], NOW).unwrap();
    let lines: Vec<&str> = honest.log.as_str().lines().collect();
    let mut forged: Value = serde_json::from_str(lines[1]).unwrap();
    let name = webx_identity::multikey(&stolen.verifying_key());
    forged["parameters"]["updateKeys"] = json!([name]);
    forged["proof"][0]["verificationMethod"] = json!(format!("did:key:{name}#{name}"));
    let log = DidLog::parse(&format!("{}\n{forged}", lines[0])).unwrap();
    assert!(matches!(log.verify(NOW), Err(Error::Verification { .. })));
}

#[test]
fn a_sound_log_does_not_prove_another_did() {
    let (_, mine) = identity();
    let other = Identity::create(&RecoveryWords::generate(&[9; 32]).unwrap().seed(), NOW).unwrap();
    let evidence = Evidence {
        log: other.log.as_str(),
        witnesses: None,
    };
    assert!(matches!(
        Webvh.resolve(&mine.did, evidence, NOW),
        Err(Error::OtherDid)
    ));
    let placed: Did = format!("did:webvh:{}:evil.example", mine.did.scid().unwrap())
        .parse()
        .unwrap();
    let evidence = Evidence {
        log: mine.log.as_str(),
        witnesses: None,
    };
    assert!(matches!(
        Webvh.resolve(&placed, evidence, NOW),
        Err(Error::OtherDid)
    ));
    assert_eq!(
        Webvh
            .resolve(&mine.did, evidence, NOW)
            .unwrap()
            .document
            .id(),
        mine.did.as_str()
    );
}

#[test]
fn sizes_are_refused_before_anything_is_parsed() {
    let (_, identity) = identity();
    let line = identity.log.as_str();
    for text in [
        String::new(),
        "\n".into(),
        "{".repeat(MAX_LOG + 1),
        "{}\n".repeat(MAX_ENTRIES + 1),
        format!("{{\"versionId\":\"{}\"}}", "x".repeat(MAX_ENTRY)),
        "[".repeat(MAX_ENTRY),
        "null".into(),
        line.replace('{', "\u{0}"),
    ] {
        assert!(matches!(DidLog::parse(&text), Err(Error::Shape { .. })));
    }
    let log = DidLog::parse(line).unwrap();
    assert!(
        log.verify_witnessed(&"[".repeat(2 * 1024 * 1024), NOW)
            .is_err()
    );
    assert!(log.verify_witnessed("{}", NOW).is_err());
}

#[test]
fn a_did_key_resolves_to_its_own_key() {
    let key = SigningKey::from_bytes(&[3; 32]).verifying_key();
    let did: Did = did_key(&key).parse().unwrap();
    assert!(DidKey.reads(&did) && !Webvh.reads(&did));
    let resolved = DidKey.resolve(&did, Evidence::default(), NOW).unwrap();
    assert_eq!(resolved.document.keys(Purpose::AssertionMethod)[0].1, key);
}
