//! Files and folders, as the desktop and the command line use them.

use crate::common::{Node, browser::id, wire::part};
use serde_json::{Value, json};

#[test]
fn folders_are_made_listed_moved_copied_and_removed() {
    let (_node, browser) = Node::open();
    let photos = browser.folder("root", "Photos");
    browser
        .json(
            "POST",
            "/api/drive/nodes/root/children",
            json!({"name": "Photos"}),
        )
        .refused(409, "exists");
    browser
        .json(
            "POST",
            "/api/drive/nodes/root/children",
            json!({"name": "a/b"}),
        )
        .refused(422, "bad-name");
    let cat = browser.put(&photos, "cat é.txt", b"meow");
    browser.put(&photos, "b10.txt", b"0123456789");
    browser.put(&photos, "b9.txt", b"9");
    let names = |query: &str| -> Vec<String> {
        let page = browser.get(&format!("/api/drive/nodes/{photos}/children{query}"));
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(""), ["b9.txt", "b10.txt", "cat é.txt"]);
    assert_eq!(names("?sort=size&descending=true&limit=1"), ["b10.txt"]);
    assert_eq!(names("?offset=2"), ["cat é.txt"]);
    let before = time::OffsetDateTime::now_utc()
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap();

    let path = browser.get(&format!("/api/drive/nodes/{}/path", id(&cat)));
    assert_eq!(path["path"], "/Photos/cat é.txt");
    assert_eq!(
        path["ancestors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["name"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["", "Photos"]
    );
    assert_eq!(
        id(&browser.get(&format!(
            "/api/drive/resolve?path={}",
            part("/Photos/cat é.txt")
        ))),
        id(&cat)
    );
    assert_eq!(
        browser.get("/api/drive/search?q=cat")[0]["path"],
        "/Photos/cat é.txt"
    );

    let address = format!("/api/drive/nodes/{}", id(&cat));
    let moved = browser
        .json(
            "PATCH",
            &address,
            json!({"name": "dog.txt", "parent": "root"}),
        )
        .expect(200)
        .value();
    assert_eq!(
        (moved["name"].as_str(), moved["id"].as_str()),
        (Some("dog.txt"), cat["id"].as_str())
    );
    browser
        .json("PATCH", &address, json!({}))
        .refused(400, "bad-request");
    let copy = browser
        .json(
            "POST",
            &format!("{address}/copy"),
            json!({"parent": photos}),
        )
        .expect(200)
        .value();
    assert_eq!(
        browser
            .ask("GET", &format!("/api/drive/nodes/{}/content", id(&copy)))
            .expect(200)
            .text(),
        "meow"
    );

    browser.ask("DELETE", &address).expect(204);
    assert_eq!(
        browser.get("/api/drive/trash")["items"][0]["trashed"]["fromPath"],
        "/dog.txt"
    );
    let back = browser
        .ask("POST", &format!("/api/drive/trash/{}/restore", id(&cat)))
        .expect(200)
        .value();
    assert_eq!(back["path"], "/dog.txt");
    browser.ask("DELETE", &address).expect(204);
    browser
        .ask("DELETE", &format!("/api/drive/trash/{}", id(&cat)))
        .expect(204);
    browser.ask("GET", &address).refused(404, "not-found");
    let undo = browser
        .json(
            "POST",
            &format!("/api/drive/nodes/{photos}/restore-at"),
            json!({"at": before}),
        )
        .expect(200)
        .value();
    assert!(
        undo["trashed"].as_u64().unwrap()
            + undo["restored"].as_u64().unwrap()
            + undo["copied"].as_u64().unwrap()
            > 0,
        "{undo}"
    );
    browser.ask("DELETE", "/api/drive/trash").expect(204);
    assert_eq!(browser.get("/api/drive/trash")["total"], 0);
}

#[test]
fn a_file_is_read_whole_in_parts_and_only_when_it_changed() {
    let (_node, browser) = Node::open();
    let bytes: Vec<u8> = (0..700_001u32).map(|i| (i % 251) as u8).collect();
    let file = browser.put("root", "film \"1\".mp4", &bytes);
    assert_eq!(file["size"], 700_001);
    let path = format!("/api/drive/nodes/{}/content", id(&file));
    let whole = browser.ask("GET", &path).expect(200);
    assert!(whole.body == bytes && whole.whole);
    assert_eq!(whole.get("content-type"), "video/mp4");
    assert_eq!(whole.get("accept-ranges"), "bytes");
    assert!(
        whole
            .get("content-security-policy")
            .starts_with("sandbox; default-src 'none'")
    );
    assert_eq!(
        whole.get("content-disposition"),
        "inline; filename=\"film _1_.mp4\"; filename*=UTF-8''film%20%221%22.mp4"
    );
    assert!(
        browser
            .ask("GET", &format!("{path}?download=true"))
            .expect(200)
            .get("content-disposition")
            .starts_with("attachment")
    );
    let etag = whole.get("etag").to_owned();

    let part = browser
        .ask("GET", &path)
        .header("range", "bytes=262140-262150")
        .expect(206);
    assert_eq!(part.body, bytes[262_140..=262_150]);
    assert_eq!(part.get("content-range"), "bytes 262140-262150/700001");
    let tail = browser
        .ask("GET", &path)
        .header("range", "bytes=-5")
        .header("if-range", &etag)
        .expect(206);
    assert_eq!(tail.body, bytes[699_996..]);
    assert_eq!(
        browser
            .ask("GET", &path)
            .header("range", "bytes=-5")
            .header("if-range", "\"old\"")
            .expect(200)
            .body
            .len(),
        700_001
    );
    assert_eq!(
        browser
            .ask("GET", &path)
            .header("range", "bytes=700001-")
            .refused(416, "range")
            .get("content-range"),
        "bytes */700001"
    );
    browser
        .ask("GET", &path)
        .header("if-none-match", &etag)
        .expect(304);
    browser
        .ask("GET", &path)
        .header("if-match", "\"other\"")
        .refused(412, "changed");
    let head = browser
        .ask("HEAD", &path)
        .header("range", "bytes=0-9")
        .expect(206);
    assert!(head.body.is_empty() && head.get("content-length") == "10");

    browser.put("root", "film \"1\".mp4", b"second");
    assert_eq!(
        browser
            .ask("GET", &path)
            .header("if-none-match", &etag)
            .expect(200)
            .text(),
        "second"
    );
    let versions = browser.get(&format!("/api/drive/nodes/{}/versions", id(&file)));
    assert_eq!(versions.as_array().unwrap().len(), 2);
    let first = versions
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["current"] == false)
        .unwrap()["id"]
        .as_u64()
        .unwrap();
    assert_eq!(
        browser
            .ask("GET", &format!("{path}?version={first}"))
            .expect(200)
            .body
            .len(),
        700_001
    );
    browser
        .ask(
            "POST",
            &format!("/api/drive/nodes/{}/versions/{first}/restore", id(&file)),
        )
        .expect(200);
    assert_eq!(browser.ask("GET", &path).expect(200).body.len(), 700_001);
    browser
        .ask(
            "POST",
            &format!("/api/drive/nodes/{}/versions/999999/restore", id(&file)),
        )
        .refused(404, "no-such-version");
    let empty = browser.put("root", "empty", b"");
    assert_eq!(
        browser
            .ask("GET", &format!("/api/drive/nodes/{}/content", id(&empty)))
            .expect(200)
            .body,
        b""
    );
}

#[test]
fn the_drive_is_verified_as_a_job() {
    let (_node, browser) = Node::open();
    browser.put("root", "a.txt", &[7; 100_000]);
    let job = browser.ask("POST", "/api/drive/verify").expect(200).value()["job"].clone();
    let mut last = Value::Null;
    Node::eventually("the job ends", || {
        last = browser
            .get("/api/jobs")
            .as_array()
            .unwrap()
            .iter()
            .find(|j| j["id"] == job)
            .unwrap()
            .clone();
        last["state"] != "running"
    });
    assert_eq!(
        (last["state"].as_str(), last["kind"].as_str()),
        (Some("done"), Some("verify")),
        "{last}"
    );
    assert_eq!(last["result"]["damaged"], json!([]));
    let path = format!("/api/jobs/{}", job.as_str().unwrap());
    browser.ask("DELETE", &path).expect(204);
    browser.ask("DELETE", &path).refused(404, "not-found");
}
