//! What hostile pages, names and requests get.

use axum::body::Body;
use axum::http::Request;
use webx_content::ipld::{DAG_PB, Sink as _, cid_of};

use crate::common::{House, NOW};

#[tokio::test]
async fn a_hostile_page_runs_on_no_origin_but_its_own() {
    let house = House::new();
    let page = house.file(b"<!doctype html><script>fetch('/ipfs/other')</script>");
    let drawing = house.file(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>");
    let folder = house.folder(&[("index.html", &page)]);
    for path in [
        page.cid.to_string(),
        format!("{}?filename=a.html", page.cid),
        format!("{}?filename=a.xhtml", page.cid),
        format!("{}?filename=a.js", page.cid),
        format!("{}?filename=a.svg", drawing.cid),
        drawing.cid.to_string(),
        folder.cid.to_string(),
        format!("{}/", folder.cid),
        format!("{}/index.html", folder.cid),
    ] {
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"] {
            let answer = house.get(&format!("http://{host}/ipfs/{path}")).await;
            assert_eq!(answer.status, 301, "{host} {path}");
            assert!(answer.header("location").contains(".ipfs.localhost:8080"));
            assert!(answer.body.is_empty());
        }
    }
    // A name that promises text stays text, in a sandbox.
    let url = format!("http://127.0.0.1/ipfs/{}?filename=a.txt", page.cid);
    let answer = house.get(&url).await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(
        answer
            .header("content-security-policy")
            .starts_with("sandbox")
    );
}

#[tokio::test]
async fn other_hosts_than_this_machines_own_are_refused() {
    let house = House::new();
    let file = house.file(b"x");
    for host in [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "a.b.ipfs.localhost",
        "webx.localhost",
        "192.168.1.7",
        "",
    ] {
        let request = Request::get(format!("/ipfs/{}", file.cid))
            .header("host", host)
            .body(Body::empty())
            .unwrap();
        assert_eq!(house.send(request).await.status, 421, "{host}");
    }
    let two = Request::get(format!("/ipfs/{}", file.cid))
        .header("host", "localhost")
        .header("host", "evil.example")
        .body(Body::empty())
        .unwrap();
    assert_eq!(house.send(two).await.status, 421);
}

#[tokio::test]
async fn other_sites_cannot_find_out_what_is_here() {
    let house = House::new();
    let file = house.file(b"x");
    let url = format!("http://{}.ipfs.localhost/", file.cid);
    for (mode, dest) in [
        ("no-cors", "image"),
        ("cors", "empty"),
        ("navigate", "iframe"),
    ] {
        let headers = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", mode),
            ("sec-fetch-dest", dest),
        ];
        assert_eq!(
            house.get_with(&url, &headers).await.status,
            403,
            "{mode} {dest}"
        );
    }
    let link = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    let answer = house.get_with(&url, &link).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("set-cookie"), "");
    let worker = [("service-worker", "script")];
    let path = format!("http://127.0.0.1/ipfs/{}", file.cid);
    assert_eq!(house.get_with(&path, &worker).await.status, 400);
}

#[tokio::test]
async fn paths_that_climb_or_are_made_to_confuse_lead_nowhere() {
    let house = House::new();
    let file = house.file(b"x");
    let folder = house.folder(&[("x", &file)]);
    let inner = house.folder(&[("inner", &folder)]);
    let base = format!("http://127.0.0.1/ipfs/{}", inner.cid);
    for path in [
        "/inner/../inner/x",
        "/inner/%2e%2e/inner/x",
        "/inner%2Fx",
        "/inner/x%00",
        "/inner/./x",
        "/inner/..%2f..%2f..%2fetc%2fpasswd",
        "/ipfs/inner",
    ] {
        assert_eq!(
            house.get(&format!("{base}{path}")).await.status,
            404,
            "{path}"
        );
    }
    assert_eq!(house.get(&format!("{base}/%ff%fe")).await.status, 400);
    let deep = "/a".repeat(300);
    assert_eq!(house.get(&format!("{base}{deep}")).await.status, 400);
    let query = "x".repeat(5000);
    assert_eq!(
        house.get(&format!("{base}/inner?{query}")).await.status,
        400
    );
}

#[tokio::test]
async fn only_reading_is_possible() {
    let house = House::new();
    let file = house.file(b"x");
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let request = Request::builder()
            .method(method)
            .uri(format!("/ipfs/{}", file.cid))
            .header("host", "127.0.0.1")
            .body(Body::empty())
            .unwrap();
        assert_eq!(house.send(request).await.status, 405, "{method}");
    }
}

#[tokio::test]
async fn blocks_that_are_no_unixfs_are_an_answer_and_nothing_worse() {
    let house = House::new();
    for noise in [
        &b"\x0a\xff\xff\xff\xff\x0f"[..],
        b"\x0a\x02\x08\x05",
        b"\x0a\x02\x08\x63",
        b"",
        b"\x0a\x06\x08\x02\x18\x05\x20\x05",
    ] {
        let cid = cid_of(DAG_PB, noise);
        let mut writer = house.store.writer().unwrap();
        writer
            .put(&cid, bytes::Bytes::copy_from_slice(noise))
            .unwrap();
        writer.finish(&[cid], "noise", NOW).unwrap();
        for query in ["", "?format=raw", "?format=car", "?format=dag-json"] {
            for path in ["", "/", "/a"] {
                let url = format!("http://{cid}.ipfs.localhost/{path}{query}").replace("//", "/");
                let url = url.replacen("http:/", "http://", 1);
                let status = house.get(&url).await.status;
                assert!(status.as_u16() < 500, "{noise:?} {path}{query} {status}");
            }
        }
    }
}

#[tokio::test]
async fn names_in_headers_break_no_header() {
    let house = House::new();
    let file = house.file(b"x");
    let url = format!(
        "http://127.0.0.1/ipfs/{}?download=true&filename=a%22%0d%0aSet-Cookie:%20x%C3%BC.txt",
        file.cid
    );
    let answer = house.get(&url).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("set-cookie"), "");
    let shown = answer.header("content-disposition");
    assert!(
        shown.starts_with("attachment; filename=\"a___Set-Cookie: x_.txt\""),
        "{shown}"
    );
}
