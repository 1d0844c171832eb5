//! What a component gets and what it gives: real guests, built from source.
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::{Rig, get, options, request, send};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use webx_backends::{CallError, Limits, State, WasmBackends};

#[tokio::test]
async fn a_component_answers_and_starts_by_itself() {
    let rig = Rig::new("probe", Limits::default());
    assert_eq!(rig.backend.status().state, State::Idle);
    rig.is_well().await;
    rig.is_well().await;
    let status = rig.backend.status();
    assert_eq!(
        (status.state, status.served, status.restarts),
        (State::Running, 2, 0)
    );
    rig.backend.stop().await;
    assert_eq!(rig.get("/hello").await, Err(CallError::Stopped));
    rig.backend.restart().await;
    rig.is_well().await;
}

#[tokio::test]
async fn an_idle_backend_gives_its_memory_back_and_starts_again() {
    let rig = Rig::new(
        "probe",
        Limits {
            idle: Duration::from_millis(30),
            ..Limits::default()
        },
    );
    rig.is_well().await;
    while rig.backend.status().state != State::Idle {
        tokio::task::yield_now().await;
    }
    rig.is_well().await;
}

#[tokio::test]
async fn the_guest_sees_who_asks_and_none_of_his_credentials() {
    let rig = Rig::new("probe", Limits::default());
    let mut asked = request("GET", "/headers", "");
    for (name, value) in [
        ("authorization", "DPoP secret"),
        ("cookie", "a=b"),
        ("x-webx-caller", "mallory"),
        ("accept", "a/b"),
    ] {
        asked.headers_mut().insert(name, value.parse().unwrap());
    }
    let (_, seen) = send(&rig.backend, asked).await.unwrap();
    assert!(seen.contains("x-webx-caller: did:key:z6MkTest\n"), "{seen}");
    assert!(
        seen.contains("x-webx-request: request-1\n") && seen.contains("accept: a/b\n"),
        "{seen}"
    );
    assert!(
        !seen.contains("secret") && !seen.contains("cookie") && !seen.contains("mallory"),
        "{seen}"
    );
}

#[tokio::test]
async fn bodies_stream_both_ways_within_their_limits() {
    let rig = Rig::new(
        "probe",
        Limits {
            request_body: 3 << 20,
            response_body: 3 << 20,
            ..Limits::default()
        },
    );
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let answer = rig
        .backend
        .call(
            crate::support::context(),
            request("POST", "/echo", bytes.clone()),
        )
        .await
        .unwrap();
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes(),
        bytes
    );
    let large = send(&rig.backend, request("POST", "/count", vec![0; 4 << 20])).await;
    assert_eq!(large, Err(CallError::TooLarge { limit: 3 << 20 }));
    rig.is_well().await;
}

#[tokio::test]
async fn an_answer_sets_no_cookie_and_no_rule_of_the_desktop() {
    let rig = Rig::new("probe", Limits::default());
    let answer = rig
        .backend
        .call(crate::support::context(), request("GET", "/cookie", ""))
        .await
        .unwrap();
    let names: Vec<_> = answer.headers().keys().map(ToString::to_string).collect();
    assert_eq!(names, ["content-type"]);
}

#[tokio::test]
async fn a_guest_has_clocks_and_chance_but_no_environment() {
    let rig = Rig::new("probe", Limits::default());
    assert_eq!(rig.text("/environment").await, "[] []");
    let (one, two) = (rig.text("/time").await, rig.text("/time").await);
    assert_ne!(one.split(' ').nth(1), two.split(' ').nth(1));
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert!(
        one.split(' ')
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            .abs_diff(now)
            < 10
    );
}

#[tokio::test]
async fn what_is_written_under_data_is_kept_before_the_answer() {
    let rig = Rig::new("probe", Limits::default());
    assert_eq!(
        rig.text("/files?mkdir:notes;write:notes/one:first").await,
        "/data made written"
    );
    assert_eq!(
        rig.storage.files.lock()["notes/one"].as_deref(),
        Some(&b"first"[..])
    );
    assert_eq!(rig.text("/files?read:notes/one").await, "/data first");
    assert_eq!(
        rig.storage.saves.lock().len(),
        1,
        "an answer that changed nothing keeps nothing"
    );
    let again = rig.again();
    assert_eq!(
        get(&again, "/files?list;read:notes/one").await.unwrap().1,
        "/data notes first"
    );
    assert_eq!(
        get(&again, "/files?remove:notes/one;list").await.unwrap().1,
        "/data removed notes"
    );
    assert_eq!(
        rig.storage.files.lock().keys().collect::<Vec<_>>(),
        ["notes"]
    );
}

#[tokio::test]
async fn an_answer_whose_files_could_not_be_kept_does_not_go_out() {
    let rig = Rig::new("probe", Limits::default());
    rig.storage.broken.store(true, Ordering::SeqCst);
    let lost = rig.get("/files?write:a:b").await;
    assert_eq!(lost, Err(CallError::NotKept("no room".into())));
    rig.storage.broken.store(false, Ordering::SeqCst);
    assert_eq!(
        rig.text("/files?list").await,
        "/data ",
        "what was not kept is not shown"
    );
}

#[tokio::test]
async fn storage_answers_at_webx_internal() {
    let rig = Rig::new("probe", Limits::default());
    let put = async |name: &str, value: &'static str| {
        let path = format!("/put?http://webx.internal/{name}");
        send(&rig.backend, request("POST", &path, value))
            .await
            .unwrap()
            .1
    };
    assert_eq!(put("kv/colour", r#""red""#).await, "204 ");
    assert_eq!(
        rig.text("/fetch?http://webx.internal/kv/colour").await,
        r#"200 "red""#
    );
    assert_eq!(
        rig.text("/fetch?http://webx.internal/kv").await,
        r#"200 {"items":["colour"],"next":null}"#
    );
    assert!(put("kv/x", "not json").await.starts_with("400 "));
    assert!(
        put("docs/cards/one", r#"{"a":1}"#)
            .await
            .contains(r#""version":1"#)
    );
    assert!(
        rig.text("/fetch?http://webx.internal/docs/cards")
            .await
            .contains(r#""value":{"a":1}"#)
    );
    assert_eq!(put("blobs/b", "bytes").await, "204 ");
    assert_eq!(
        rig.text("/fetch?http://webx.internal/blobs/b").await,
        "200 bytes"
    );
    assert!(
        rig.text("/fetch?http://webx.internal/etc/passwd")
            .await
            .starts_with("404 ")
    );
    assert!(
        rig.network.asked.lock().is_empty(),
        "its own storage is no network"
    );
}

#[tokio::test]
async fn a_granted_host_is_reached_and_no_other() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            let head = String::from_utf8_lossy(&head[..length]).to_lowercase();
            assert!(head.contains("host: localhost"), "{head}");
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
                .await
                .unwrap();
        }
    });
    let mut open = options();
    open.reachable = |address| address.is_loopback();
    let backends = WasmBackends::new(open).unwrap();
    let rig = Rig::with(
        &backends,
        "probe",
        Limits {
            outgoing_requests: 4,
            ..Limits::default()
        },
    );
    rig.network.granted.lock().push("localhost".into());
    assert_eq!(
        rig.text(&format!("/fetch?http://localhost:{port}/x")).await,
        "200 hi"
    );
    assert!(
        rig.text(&format!("/fetch?http://127.0.0.1:{port}/x"))
            .await
            .contains("HttpRequestDenied")
    );
    assert!(rig.log().contains("not granted"), "{}", rig.log());
    assert_eq!(
        rig.text(&format!("/fetch?http://LOCALHOST.:{port}/x"))
            .await,
        "200 hi"
    );
    assert!(
        rig.text(&format!("/fetch?http://other.example:{port}/x"))
            .await
            .contains("HttpRequestDenied")
    );
    assert!(
        rig.text(&format!("/fetch?http://localhost:{port}/x"))
            .await
            .contains("ConnectionLimitReached")
    );
}

#[tokio::test]
async fn a_granted_name_that_leads_back_to_this_machine_is_refused() {
    let rig = Rig::new("probe", Limits::default());
    rig.network.granted.lock().extend([
        "localhost".into(),
        "127.0.0.1".into(),
        "[::1]".into(),
        "169.254.169.254".into(),
    ]);
    for host in [
        "localhost:7700",
        "127.0.0.1:7700",
        "[::1]:7700",
        "169.254.169.254",
    ] {
        let said = rig.text(&format!("/fetch?http://{host}/")).await;
        assert!(said.contains("DestinationIpProhibited"), "{host}: {said}");
    }
    assert!(rig.log().contains("leads to this machine"));
}
