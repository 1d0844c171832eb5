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
        404
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
