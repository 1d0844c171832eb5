//! Uploads in steps, and many files as one stream.

use crate::common::{Node, browser::id};
use serde_json::{Value, json};

#[test]
fn an_upload_goes_on_where_it_stopped() {
    let (_node, browser) = Node::open();
    let bytes: Vec<u8> = (0..2_500_000u32).map(|i| (i % 253) as u8).collect();
    let new = json!({"parent": "root", "name": "big.bin", "size": bytes.len(), "modified": "2020-01-02T03:04:05Z"});
    let upload = browser
        .json("POST", "/api/drive/uploads", new)
        .expect(200)
        .value();
    let path = format!("/api/drive/uploads/{}", id(&upload));
    let mut offset = 0;
    while offset < bytes.len() {
        let end = (offset + 1_000_000).min(bytes.len());
        let step = browser
            .ask("PATCH", &path)
            .header("upload-offset", &offset.to_string())
            .bytes(&bytes[offset..end]);
        let now = step.expect(200).value();
        offset = usize::try_from(now["offset"].as_u64().unwrap()).unwrap();
        assert_eq!(browser.get(&path)["offset"], offset);
    }
    browser
        .ask("PATCH", &path)
        .header("upload-offset", "5")
        .bytes(b"x")
        .refused(409, "wrong-offset");
    assert_eq!(browser.get("/api/drive/uploads")[0]["name"], "big.bin");
    let file = browser
        .ask("POST", &format!("{path}/finish"))
        .expect(200)
        .value();
    assert_eq!(file["modified"], "2020-01-02T03:04:05Z");
    assert!(
        browser
            .ask("GET", &format!("/api/drive/nodes/{}/content", id(&file)))
            .expect(200)
            .body
            == bytes
    );
    browser.ask("GET", &path).refused(404, "no-such-upload");

    let new = json!({"parent": "root", "name": "gone.bin", "size": 10});
    let upload = browser
        .json("POST", "/api/drive/uploads", new)
        .expect(200)
        .value();
    let path = format!("/api/drive/uploads/{}", id(&upload));
    browser
        .ask("PATCH", &path)
        .bytes(b"x")
        .refused(400, "bad-request");
    browser
        .ask("PATCH", &path)
        .header("upload-offset", "0")
        .refused(411, "length-required");
    browser
        .ask("POST", &format!("{path}/finish"))
        .refused(400, "wrong-size");
    browser.ask("DELETE", &path).expect(204);
}

fn frame(header: &Value, bytes: &[u8]) -> Vec<u8> {
    let header = header.to_string();
    [
        &u32::try_from(header.len()).unwrap().to_le_bytes()[..],
        header.as_bytes(),
        bytes,
    ]
    .concat()
}

#[test]
fn many_files_come_in_and_go_out_as_one_stream() {
    let (_node, browser) = Node::open();
    let mut stream = Vec::new();
    for i in 0..300 {
        let text = format!("file {i}");
        stream.extend(frame(
            &json!({"path": format!("album/{}/{i}.txt", i % 3), "size": text.len()}),
            text.as_bytes(),
        ));
    }
    stream.extend(frame(&json!({"path": "album/empty", "folder": true}), b""));
    stream.extend(frame(&json!({"path": "../evil", "size": 1}), b"x"));
    let report = browser
        .ask("POST", "/api/drive/import?parent=root")
        .bytes(&stream)
        .expect(200)
        .value();
    assert_eq!(
        (
            report["files"].as_u64(),
            report["failed"].as_array().unwrap().len()
        ),
        (Some(300), 1),
        "{report}"
    );
    assert_eq!(
        report["failed"][0],
        json!({"path": "../evil", "code": "bad-name"})
    );
    browser
        .ask("POST", "/api/drive/import?parent=root")
        .bytes(b"\xff\xff\xff\xffnonsense")
        .refused(400, "bad-frame");

    let album = browser.get("/api/drive/resolve?path=/album");
    let zip = browser
        .ask("GET", &format!("/api/drive/nodes/{}/archive", id(&album)))
        .expect(200);
    assert!(zip.whole);
    assert_eq!(zip.get("content-type"), "application/zip");
    assert!(
        zip.get("content-disposition")
            .starts_with("attachment; filename=\"album.zip\"")
    );
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip.body)).unwrap();
    assert_eq!(archive.len(), 300 + 4);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("2/299.txt").unwrap(), &mut text).unwrap();
    assert_eq!(text, "file 299");
    let file = browser.put("root", "one.txt", b"1");
    let both = browser
        .ask(
            "GET",
            &format!("/api/drive/archive?ids={},{}", id(&album), id(&file)),
        )
        .expect(200);
    let archive = zip::ZipArchive::new(std::io::Cursor::new(both.body)).unwrap();
    assert!(
        archive.index_for_name("album/0/0.txt").is_some()
            && archive.index_for_name("one.txt").is_some()
    );
    browser
        .ask("GET", &format!("/api/drive/nodes/{}/archive", id(&file)))
        .refused(422, "not-a-folder");
    browser
        .ask("GET", "/api/drive/archive?ids=")
        .refused(404, "not-found");
}
