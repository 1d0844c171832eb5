//! Who is not answered, and what is refused.

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use futures_util::stream;

use super::common::{Client, TOKEN, message};

#[tokio::test]
async fn nobody_is_answered_without_the_token() {
    let client = Client::new();
    for authorization in [
        None,
        Some("Bearer wrong"),
        Some(TOKEN),
        Some("bearer x"),
        Some(""),
    ] {
        let mut request = Request::post("/api/v0/id").header("host", "127.0.0.1:5001");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let (status, body) = client.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{authorization:?}");
        assert!(String::from_utf8(body).unwrap().contains("Access Denied"));
    }
    let twice = Client::request("id")
        .header("authorization", "Bearer x")
        .body(Body::empty())
        .unwrap();
    assert_eq!(client.send(twice).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn browsers_and_foreign_hosts_are_refused_even_with_the_token() {
    let client = Client::new();
    for (name, value) in [
        ("origin", "http://localhost:5001"),
        ("origin", "null"),
        ("referer", "http://127.0.0.1:5001/"),
        ("sec-fetch-site", "same-origin"),
        ("cookie", "a=b"),
    ] {
        let request = Client::request("id")
            .header(name, value)
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            client.send(request).await.0,
            StatusCode::FORBIDDEN,
            "{name}: {value}"
        );
    }
    for host in [
        "example.org",
        "127.0.0.1.example.org",
        "localhost.example.org:5001",
        "10.0.0.1",
        "id.ipfs.localhost",
        "",
    ] {
        let request = Request::post("/api/v0/id")
            .header("host", host)
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            client.send(request).await.0,
            StatusCode::FORBIDDEN,
            "{host}"
        );
    }
    let two = Client::request("id")
        .header("host", "localhost")
        .body(Body::empty())
        .unwrap();
    assert_eq!(client.send(two).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn only_post_is_a_call() {
    let client = Client::new();
    for method in [
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
    ] {
        let mut request = Client::request("id").body(Body::empty()).unwrap();
        *request.method_mut() = method.clone();
        assert_eq!(
            client.send(request).await.0,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method}"
        );
    }
}

#[tokio::test]
async fn what_is_no_command_is_not_found() {
    let client = Client::new();
    for command in ["", "no", "../id", "files", "add/x", "id%2f"] {
        assert_eq!(
            client.call(command).await.0,
            StatusCode::NOT_FOUND,
            "{command}"
        );
    }
    let request = Request::post("/id")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(Body::empty())
        .unwrap();
    assert_ne!(client.send(request).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_request_that_is_wrong_is_so_in_kubos_words() {
    let client = Client::new();
    for (command, said) in [
        ("cat", "argument \"ipfs-path\" is required"),
        ("pin/update?arg=x", "argument \"from-path\" is required"),
        (
            "ls?arg=x&size=perhaps",
            "could not convert value \"perhaps\" to type \"bool\"",
        ),
        (
            "cat?arg=x&offset=1.5",
            "could not convert value \"1.5\" to type \"int\"",
        ),
        ("add", "argument \"path\" is required"),
        (
            "block/get?arg=a&arg=b",
            "expected at most 1 arguments, got 2",
        ),
    ] {
        let (status, body) = client.call(command).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{command}");
        assert!(String::from_utf8(body).unwrap().contains(said), "{command}");
    }
    // Options that nobody knows are not looked at.
    client.one("id?no-such-option=1&encoding=json").await;
    for path in [
        "x",
        "/ipfs",
        "/ipfs/",
        "/ipns/",
        "/etc/passwd",
        "QmNothing",
        "../x",
        "/ipfs/QmNothing/../x",
    ] {
        client.refused(&format!("cat?arg={path}")).await;
    }
}

#[tokio::test]
async fn floods_of_headers_and_queries_are_refused() {
    let client = Client::new();
    let mut request = Client::request("id");
    for at in 0..100 {
        request = request.header(format!("x-{at}"), "y");
    }
    let (status, _) = client.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let many = format!("cat?{}", "arg=x&".repeat(2000));
    assert_eq!(client.call(&many).await.0, StatusCode::BAD_REQUEST);
    for query in ["arg=%", "arg=%zz", "arg=%ff"] {
        assert_eq!(
            client.call(&format!("cat?{query}")).await.0,
            StatusCode::BAD_REQUEST
        );
    }
}

#[tokio::test]
async fn uploads_that_are_none_add_nothing() {
    let client = Client::new();
    let send = |kind: &'static str, body: Vec<u8>| {
        let request = Client::request("add")
            .header("content-type", kind)
            .body(Body::from(body));
        client.send(request.unwrap())
    };
    let form = "multipart/form-data; boundary=mark";
    assert_eq!(
        send("text/plain", b"x".to_vec()).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        send("multipart/form-data", b"x".to_vec()).await.0,
        StatusCode::BAD_REQUEST
    );
    let head =
        b"--mark\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n".to_vec();
    for body in [
        b"".to_vec(),
        b"no mark".to_vec(),
        head.clone(),
        [head.clone(), b"content".to_vec()].concat(),
        [head.clone(), b"content\r\n--mark".to_vec()].concat(),
        [b"--mark\r\n".to_vec(), b"x: y\r\n".repeat(10_000)].concat(),
        [
            b"--mark\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".to_vec(),
            b"\r\n--mark--".to_vec(),
        ]
        .concat(),
    ] {
        message(send(form, body).await);
    }
    assert_eq!(client.one("pin/ls").await["Keys"], serde_json::json!({}));
}

#[tokio::test]
async fn an_upload_that_breaks_off_adds_nothing() {
    let client = Client::new();
    let head =
        "--mark\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nsome";
    let pieces = [Ok(Bytes::from(head)), Err(std::io::Error::other("gone"))];
    let request = Client::request("add")
        .header("content-type", "multipart/form-data; boundary=mark")
        .body(Body::from_stream(stream::iter(pieces)))
        .unwrap();
    message(client.send(request).await);
    assert_eq!(client.one("pin/ls").await["Keys"], serde_json::json!({}));
}

#[tokio::test]
async fn paths_of_an_upload_stay_in_it() {
    let client = Client::new();
    for path in ["..%2Fx", "a%2F..%2Fb", ".", "a%2F.%2Fb", "a%00"] {
        message(
            client
                .upload("add?wrap-with-directory=true", &[(path, Some(b"x"))])
                .await,
        );
    }
    let said = message(
        client
            .upload("add", &[("a", Some(b"x")), ("a%2Fb", Some(b"y"))])
            .await,
    );
    assert!(said.contains("is a file and a directory"), "{said}");
    assert_eq!(client.one("pin/ls").await["Keys"], serde_json::json!({}));
}

#[tokio::test]
async fn a_secret_is_nowhere_in_what_is_said() {
    let client = Client::new();
    let seed = client
        .bytes("key/export?arg=self&format=pem-pkcs8-cleartext")
        .await;
    let seed = String::from_utf8(seed).unwrap();
    let secret = seed.lines().nth(1).unwrap();
    for command in [
        "key/list",
        "id",
        "config/show",
        "repo/stat",
        "key/gen?arg=x",
    ] {
        let (_, body) = client.call(command).await;
        let text = String::from_utf8(body).unwrap();
        assert!(!text.contains(secret) && !text.contains(TOKEN), "{command}");
    }
}
