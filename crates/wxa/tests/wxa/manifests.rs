//! What a manifest may say.

use crate::common::{full, least, manifest, mistakes, with};
use serde_json::{Value, json};
use webx_wxa::{Manifest, Refusal};

#[test]
fn a_manifest_is_written_as_it_was_read() {
    for value in [full(), least()] {
        let read = manifest(&value);
        let again = Manifest::parse(&read.to_bytes()).unwrap();
        assert_eq!(read, again);
    }
    let written: Value = serde_json::from_slice(&manifest(&full()).to_bytes()).unwrap();
    let mut wanted = full();
    // Defaults are written out.
    wanted["services"][1]["idempotent"] = false.into();
    wanted["workflows"][0]["steps"][0]["attempts"] = 3.into();
    wanted["workflows"][0]["steps"][1]["timeoutSeconds"] = 30.into();
    assert_eq!(written, wanted);
}

#[test]
fn every_mistake_is_refused_at_its_place_and_in_words() {
    for (at, value, place, words) in mistakes() {
        let refusal = Manifest::from_value(&with(full(), at, value.clone())).unwrap_err();
        let sentence = refusal.to_string();
        let Refusal::Manifest { at: found, .. } = &refusal else {
            panic!("{at} {value}: {sentence}");
        };
        assert_eq!(found, place, "{at} {value}: {sentence}");
        assert!(sentence.contains(words), "{at} {value}: {sentence}");
    }
}

#[test]
fn a_permission_that_does_not_exist_is_refused_by_name() {
    let bad = with(
        full(),
        "/permissions/required/0",
        json!({"kind": "camera", "reason": "Sees you"}),
    );
    let refusal = Manifest::from_value(&bad).unwrap_err();
    assert_eq!(refusal.code(), "unknown-permission");
    assert!(refusal.to_string().contains("“camera”"), "{refusal}");
}

#[test]
fn native_wheels_need_the_permission_for_native_code() {
    let native =
        json!({"wsgi": {"app": "a:app", "source": "b/", "mount": "/", "native": {"wheels": []}}});
    let refusal = Manifest::from_value(&with(full(), "/backend", native.clone())).unwrap_err();
    assert!(refusal.to_string().contains("native-code"), "{refusal}");
    let mut good = with(least(), "/backend", native);
    good["permissions"] = json!({"required": [{"kind": "native-code", "reason": "Uses numpy"}]});
    assert!(Manifest::from_value(&good).is_ok());
}

#[test]
fn a_manifest_that_is_no_plain_json_is_refused() {
    for (text, words) in [
        ("", "EOF"),
        ("{\"format\":1,\"format\":1}", "occurs twice"),
        ("{} {}", "trailing"),
        ("{\"format\":1,}", "line 1"),
        ("[]", "must be an object"),
    ] {
        let refusal = Manifest::parse(text.as_bytes()).unwrap_err();
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
    assert!(Manifest::parse(b"\xff").is_err());
    assert_eq!(
        Manifest::parse(&vec![b' '; 64 * 1024 + 1])
            .unwrap_err()
            .code(),
        "too-large"
    );
    assert!(Manifest::parse("[".repeat(60_000).as_bytes()).is_err());
}

#[test]
fn every_piece_of_a_permission_has_its_own_key_and_reason() {
    let asks = manifest(&full()).permissions.asks();
    let keys: Vec<&str> = asks.iter().map(|ask| ask.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "storage:own",
            "network:api.example.org",
            "network:*.example.org",
            "storage:pick:read",
            "identity:name",
            "identity:did-auth",
            "messages",
            "notify",
            "compute",
            "wallet",
            "native-code",
            "clipboard",
            "services:own.image-resize",
            "services:webx.files"
        ]
    );
    for ask in &asks {
        assert_eq!(ask.key.permission().unwrap(), ask.permission);
        let number = keys
            .iter()
            .position(|key| *key == ask.key.as_str())
            .unwrap();
        assert_eq!(ask.required, number < 3);
        assert!(!ask.reason.is_empty());
    }
    let ask = serde_json::to_value(&manifest(&full()).permissions.asks()[1]).unwrap();
    assert_eq!(
        ask,
        json!({"key": "network:api.example.org", "permission": {"kind": "network", "hosts": ["api.example.org"]},
               "reason": "Looks up places", "required": true})
    );
}
