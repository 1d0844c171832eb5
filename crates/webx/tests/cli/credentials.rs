//! Credentials with the real program: two people, files between them, and the addresses of VC-API.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::House;

fn statement() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", { "club": "https://club.example/terms#club" }],
        "type": ["VerifiableCredential"],
        "credentialSubject": { "id": "did:example:anna", "club": "Rowing" },
    })
}

/// The text of `arguments`, kept in a file.
fn kept(house: &House, name: &str, arguments: &[&str]) -> String {
    house.file(name, house.ok(arguments)).display().to_string()
}

/// One request with the control token: status and body.
fn http(house: &House, method: &str, path: &str, token: bool, body: &str) -> (u16, Value) {
    let control: Value =
        serde_json::from_slice(&std::fs::read(house.data().join("run/control.json")).unwrap())
            .unwrap();
    let addr = control["addr"].as_str().unwrap();
    let bearer = control["token"].as_str().unwrap();
    let auth = if token {
        format!("authorization: Bearer {bearer}\r\n")
    } else {
        String::new()
    };
    let mut stream = TcpStream::connect(addr).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {addr}\r\n{auth}content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let text = answer.split_once("\r\n\r\n").unwrap().1;
    (
        status,
        serde_json::from_str(text).unwrap_or_else(|_| panic!("{answer}")),
    )
}

#[test]
fn a_statement_is_issued_believed_elsewhere_shown_and_withdrawn() {
    let (ada, _) = House::with_person();
    let (ben, _) = House::with_person();
    let (_a, _b) = (ada.up(), ben.up());
    let file = ada
        .file("statement.json", statement().to_string())
        .display()
        .to_string();
    for suite in ["eddsa-rdfc-2022", "eddsa-jcs-2022"] {
        let signed = kept(
            &ada,
            "signed.json",
            &["cred", "issue", &file, "--suite", suite],
        );
        assert_eq!(
            ada.json(&["cred", "verify", &signed])["credentials"][0]["status"],
            json!(["clear"])
        );

        // Ben has neither Ada's log nor her list.
        assert!(
            ben.refused(&["cred", "verify", &signed])
                .contains("log is not at hand")
        );
        let log = kept(&ada, "ada.jsonl", &["id", "show", "--log"]);
        let judge = ["cred", "verify", &signed, "--log", &log];
        let found = ben.json(&judge);
        assert_eq!(found["credentials"][0]["status"], json!(["unknown"]));
        assert_eq!(found["credentials"][0]["suites"], json!([suite]));

        let forged = std::fs::read_to_string(&signed)
            .unwrap()
            .replace("Rowing", "Chess");
        let forged = ben.file("forged.json", forged).display().to_string();
        assert!(
            ben.refused(&["cred", "verify", &forged, "--log", &log])
                .contains("signature")
        );

        // Ben shows it to Ada.
        let answer = ["--challenge", "8f3a", "--domain", "shop.example"];
        let shown = kept(
            &ben,
            "shown.json",
            &[&["cred", "present", &signed, "--suite", suite][..], &answer].concat(),
        );
        let his = kept(&ben, "ben.jsonl", &["id", "show", "--log"]);
        let seen = ada.json(&[&["cred", "verify", &shown, "--log", &his][..], &answer].concat());
        assert_eq!(seen["holder"], ben.json(&["id", "show"])["did"]);
        for wrong in [
            ["--challenge", "other", "--domain", "shop.example"],
            ["--challenge", "8f3a", "--domain", "evil.example"],
        ] {
            ada.refused(&[&["cred", "verify", &shown, "--log", &his][..], &wrong].concat());
        }

        let clear = kept(&ada, "clear.json", &["cred", "status-list"]);
        let clear = [&judge[..], &["--status-list", &clear]].concat();
        assert_eq!(
            ben.json(&clear)["credentials"][0]["status"],
            json!(["clear"])
        );
        let id = ada
            .json(&["cred", "ls"])
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["revoked"] == false)
            .unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        ada.ok(&["cred", "revoke", &id]);
        assert!(
            ada.refused(&["cred", "verify", &signed])
                .contains("revocation")
        );
        let list = kept(&ada, "list.json", &["cred", "status-list"]);
        assert!(
            ben.refused(&[&judge[..], &["--status-list", &list]].concat())
                .contains("revocation")
        );
    }
    let forever = kept(&ada, "forever.json", &["cred", "issue", &file, "--forever"]);
    assert_eq!(
        ada.json(&["cred", "verify", &forever])["credentials"][0]["status"],
        json!([])
    );
    let all = ada.json(&["cred", "ls"]);
    let one = all
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["revocable"] == false)
        .unwrap();
    assert!(
        ada.refused(&["cred", "revoke", one["id"].as_str().unwrap()])
            .contains("status list")
    );
    assert!(
        ada.refused(&["cred", "revoke", "nothing"])
            .contains("credential")
    );
}

#[test]
fn the_addresses_of_vc_api_answer_as_it_says_and_only_to_the_person() {
    let (ada, _) = House::with_person();
    let _node = ada.up();
    let device = ada.json(&["id", "show"])["deviceDid"]
        .as_str()
        .unwrap()
        .to_owned();
    let did = ada.json(&["id", "show"])["did"]
        .as_str()
        .unwrap()
        .to_owned();
    for (issuer, suite) in [(&device, "eddsa-rdfc-2022"), (&did, "eddsa-jcs-2022")] {
        let mut credential = statement();
        credential["issuer"] = json!(issuer);
        let body =
            json!({ "credential": credential, "options": { "cryptosuite": suite } }).to_string();
        let (status, issued) = http(&ada, "POST", "/vc-api/credentials/issue", true, &body);
        assert_eq!(status, 201, "{issued}");
        let (status, verdict) = http(
            &ada,
            "POST",
            "/vc-api/credentials/verify",
            true,
            &issued.to_string(),
        );
        assert_eq!((status, verdict), (200, json!({ "verified": true })));
        let mut forged = issued;
        forged["verifiableCredential"]["role"] = json!("admin");
        let (status, verdict) = http(
            &ada,
            "POST",
            "/vc-api/credentials/verify",
            true,
            &forged.to_string(),
        );
        assert_eq!((status, &verdict["verified"]), (400, &json!(false)));
        assert!(
            verdict["errors"][0].as_str().unwrap().contains("role"),
            "{verdict}"
        );
    }
    let other = json!({ "credential": { "@context": [], "issuer": "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp" } });
    assert_eq!(
        http(
            &ada,
            "POST",
            "/vc-api/credentials/issue",
            true,
            &other.to_string()
        )
        .0,
        400
    );
    let twice = r#"{"verifiableCredential":{},"verifiableCredential":{}}"#;
    assert_eq!(
        http(&ada, "POST", "/vc-api/credentials/verify", true, twice).0,
        400
    );

    let file = ada
        .file("statement.json", statement().to_string())
        .display()
        .to_string();
    let signed = kept(&ada, "signed.json", &["cred", "issue", &file]);
    let shown: Value = serde_json::from_str(&ada.ok(&[
        "cred",
        "present",
        &signed,
        "--challenge",
        "c",
        "--domain",
        "d",
    ]))
    .unwrap();
    for (options, status) in [
        (json!({ "challenge": "c", "domain": "d" }), 200),
        (json!({ "challenge": "x", "domain": "d" }), 400),
        (json!({}), 400),
    ] {
        let body = json!({ "verifiablePresentation": shown, "options": options }).to_string();
        assert_eq!(
            http(&ada, "POST", "/vc-api/presentations/verify", true, &body).0,
            status,
            "{options}"
        );
    }

    for name in [&device, &did] {
        let (status, found) = http(&ada, "GET", &format!("/1.0/identifiers/{name}"), true, "");
        assert_eq!(
            (status, found["didDocument"]["id"].as_str()),
            (200, Some(name.as_str()))
        );
    }
    assert_eq!(
        http(&ada, "GET", "/1.0/identifiers/did:example:x", true, "").0,
        501
    );
    for (method, path) in [
        ("POST", "/vc-api/credentials/issue"),
        ("POST", "/vc-api/credentials/verify"),
        ("POST", "/vc-api/presentations/verify"),
        ("GET", "/1.0/identifiers/did:example:x"),
        ("GET", "/api/credentials"),
    ] {
        assert_eq!(http(&ada, method, path, false, "").0, 401, "{path}");
    }
}

#[test]
fn a_token_is_issued_believed_elsewhere_shown_and_withdrawn_by_a_list_on_the_web() {
    let (ada, _) = House::with_person();
    let (ben, _) = House::with_person();
    let (_a, _b) = (ada.up(), ben.up());
    let file = ada
        .file("statement.json", statement().to_string())
        .display()
        .to_string();
    let url = "https://ada.example/list";
    let issue = ["cred", "issue", &file, "--suite", "vc+jwt"];
    let signed = kept(
        &ada,
        "signed.json",
        &[&issue[..], &["--list-at", url]].concat(),
    );
    let document: Value = serde_json::from_slice(&std::fs::read(&signed).unwrap()).unwrap();
    assert_eq!(document["type"], "EnvelopedVerifiableCredential");
    let token = document["id"]
        .as_str()
        .unwrap()
        .strip_prefix("data:application/vc+jwt,")
        .unwrap();
    let bare = ada.file("signed.jwt", token).display().to_string();
    let log = kept(&ada, "ada.jsonl", &["id", "show", "--log"]);
    let list = kept(&ada, "list.json", &["cred", "status-list", "--at", url]);
    let along = ["--log", &log, "--status-list", &list];
    for form in [&signed, &bare] {
        let found = ben.json(&[&["cred", "verify", form][..], &along].concat());
        assert_eq!(found["credentials"][0]["suites"], json!(["EdDSA"]));
        assert_eq!(found["credentials"][0]["status"], json!(["clear"]));
    }
    let forged = ben.file("forged.jwt", token.replacen("ey", "eY", 1));
    ben.refused(
        &[
            &["cred", "verify", &forged.display().to_string()][..],
            &along,
        ]
        .concat(),
    );

    let answer = ["--challenge", "8f3a", "--domain", "shop.example"];
    let present = ["cred", "present", &signed, "--suite", "vp+jwt"];
    let shown = kept(&ben, "shown.json", &[&present[..], &answer].concat());
    let his = kept(&ben, "ben.jsonl", &["id", "show", "--log"]);
    let judge = ["cred", "verify", &shown, "--log", &his];
    let seen = ada.json(&[&judge[..], &answer].concat());
    assert_eq!(seen["holder"], ben.json(&["id", "show"])["did"]);
    let wrong = ["--challenge", "other", "--domain", "shop.example"];
    ada.refused(&[&judge[..], &wrong].concat());
    ada.refused(&judge);

    let id = ada.json(&["cred", "ls"])[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    ada.ok(&["cred", "revoke", &id]);
    let list = kept(&ada, "list.json", &["cred", "status-list", "--at", url]);
    let along = ["--log", &log, "--status-list", &list];
    assert!(
        ben.refused(&[&["cred", "verify", &signed][..], &along].concat())
            .contains("revocation")
    );
    let bad = ["--list-at", "http://ada.example/list"];
    assert!(ada.refused(&[&issue[..], &bad].concat()).contains("https"));
}

#[test]
fn the_holder_of_an_sd_jwt_shows_what_he_wants_to_one_verifier() {
    let (ada, _) = House::with_person();
    let (ben, _) = House::with_person();
    let (_a, _b) = (ada.up(), ben.up());
    let claims = json!({ "vct": "https://club.example/member", "name": "Ben", "over18": true, "clubs": ["Rowing", "Chess"] });
    let file = ada
        .file("claims.json", claims.to_string())
        .display()
        .to_string();
    let device = ben.json(&["id", "show"])["deviceDid"]
        .as_str()
        .unwrap()
        .to_owned();
    let hide = ["--hide", "/name", "--hide", "/over18", "--hide", "/clubs/1"];
    let issue = ["cred", "sd-jwt", &file, "--holder", &device];
    let token = kept(&ada, "member.sdjwt", &[&issue[..], &hide].concat());
    let log = kept(&ada, "ada.jsonl", &["id", "show", "--log"]);
    let list = kept(&ada, "list.jwt", &["cred", "status-list", "--token"]);

    let whole = ben.json(&[
        "cred",
        "verify",
        &token,
        "--log",
        &log,
        "--status-list",
        &list,
    ]);
    assert_eq!(whole["credentials"][0]["claims"]["name"], "Ben");
    assert_eq!(whole["credentials"][0]["status"], json!(["clear"]));

    let answer = ["--challenge", "8f3a", "--domain", "shop.example"];
    let show = ["cred", "show", &token, "--reveal", "/over18"];
    let shown = kept(&ben, "shown.sdjwt", &[&show[..], &answer].concat());
    let judge = ["cred", "verify", &shown, "--log", &log];
    let seen = ben.json(&[&judge[..], &answer].concat());
    let seen = &seen["credentials"][0]["claims"];
    assert_eq!(seen["over18"], true);
    assert_eq!(seen["clubs"], json!(["Rowing"]));
    assert!(seen.get("name").is_none());
    ben.refused(
        &[
            &judge[..],
            &["--challenge", "x", "--domain", "shop.example"],
        ]
        .concat(),
    );
    ben.refused(&[&judge[..], &["--challenge", "8f3a"]].concat());
    ben.refused(&judge);
    // It was issued to Ben's device; Ada cannot show it.
    assert!(
        ada.refused(&[&show[..], &answer].concat())
            .contains("key of the holder")
    );
    assert!(
        ben.refused(&[&["cred", "show", &token, "--reveal", "/role"][..], &answer].concat())
            .contains("nothing of that name")
    );
    ada.refused(&[&issue[..], &["--hide", "/vct"]].concat());

    let id = ada.json(&["cred", "ls"])[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    ada.ok(&["cred", "revoke", &id]);
    let list = kept(&ada, "list.jwt", &["cred", "status-list", "--token"]);
    assert!(
        ben.refused(&[
            "cred",
            "verify",
            &token,
            "--log",
            &log,
            "--status-list",
            &list
        ])
        .contains("invalid")
    );
    assert!(ada.refused(&["cred", "verify", &token]).contains("invalid"));
}

#[test]
fn the_resolver_answers_with_the_codes_of_did_resolution_and_leads_to_keys() {
    let (ada, _) = House::with_person();
    let _node = ada.up();
    let device = ada.json(&["id", "show"])["deviceDid"]
        .as_str()
        .unwrap()
        .to_owned();
    let name = device.strip_prefix("did:key:").unwrap().to_owned();
    let get = |path: &str| http(&ada, "GET", &format!("/1.0/identifiers/{path}"), true, "");
    let (status, found) = get(&format!("{device}%23{name}"));
    assert_eq!(
        (status, &found["didDocument"]["controller"]),
        (200, &json!(device))
    );
    let (_, found) = get(&format!("{device}?publicKeyFormat=JsonWebKey2020"));
    let jwk = &found["didDocument"]["verificationMethod"][0]["publicKeyJwk"];
    assert_eq!(jwk["crv"], "Ed25519");
    for (path, status, place, code) in [
        (
            "notDid:key:z6Mk".to_owned(),
            400,
            "didResolutionMetadata",
            "invalidDid",
        ),
        (
            "did:web:a.example".to_owned(),
            501,
            "didResolutionMetadata",
            "methodNotSupported",
        ),
        (
            format!("{device}%2F%5Ebar"),
            400,
            "didDereferencingMetadata",
            "invalidDidUrl",
        ),
        (
            format!("{device}%23other"),
            404,
            "didDereferencingMetadata",
            "notFound",
        ),
        (
            format!("{device}?publicKeyFormat=other"),
            400,
            "didResolutionMetadata",
            "unsupportedPublicKeyType",
        ),
    ] {
        let (got, answer) = get(&path);
        assert_eq!(
            (got, answer[place]["error"].as_str()),
            (status, Some(code)),
            "{path}"
        );
    }
}
