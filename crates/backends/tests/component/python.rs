//! An ordinary Flask application as a component.
use crate::support::{Rig, get, request, send};
use webx_backends::{Limits, Reuse};

#[tokio::test]
async fn flask_answers_keeps_its_files_and_stays_in_its_walls() {
    let rig = Rig::new("flask", Limits::default());
    rig.is_well().await;
    for _ in 0..20 {
        assert!(
            rig.text("/notes").await.contains("note 19"),
            "an instance serves one request after the other"
        );
    }
    let seen = rig.text("/who").await;
    assert!(seen.contains("did:key:z6MkTest"), "{seen}");
    let (_, echo) = send(&rig.backend, request("POST", "/echo", "x".repeat(300_000)))
        .await
        .unwrap();
    assert_eq!(echo.len(), 300_000);

    // Its working folder is /data.
    for count in 1..=3 {
        let (status, said) = send(&rig.backend, request("POST", "/visits", ""))
            .await
            .unwrap();
        assert_eq!((status, said), (200, count.to_string()), "{}", rig.log());
    }
    assert_eq!(
        rig.storage.files.lock()["visits.json"].as_deref(),
        Some(&b"3"[..])
    );
    let again = rig.again();
    assert_eq!(
        send(&again, request("POST", "/visits", ""))
            .await
            .unwrap()
            .1,
        "4"
    );

    assert!(rig.text("/socket").await.starts_with("refused"));
    rig.text("/print").await;
    assert!(
        rig.log().contains("out from flask") && rig.log().contains("err from flask"),
        "{}",
        rig.log()
    );

    assert_eq!(rig.get("/crash").await.unwrap().0, 500);
    rig.is_well().await;
    assert_eq!(get(&rig.backend, "/nowhere").await.unwrap().0, 404);
}

#[tokio::test]
async fn a_flask_app_keeps_a_database() {
    let rig = Rig::new("flask", Limits::default());
    let (status, said) = rig.get("/sqlite").await.unwrap();
    assert_eq!((status, said.as_str()), (200, "1"), "{}", rig.log());
    assert_eq!(get(&rig.again(), "/sqlite").await.unwrap().1, "2");
}

#[tokio::test]
async fn a_flask_app_that_loops_or_leaves_is_replaced() {
    let rig = Rig::new(
        "flask",
        Limits {
            cpu_time: std::time::Duration::from_millis(500),
            ..Limits::default()
        },
    );
    assert!(rig.get("/spin").await.is_err());
    rig.is_well().await;
    let _ = rig.get("/exit").await;
    rig.is_well().await;
}

#[test]
fn python_instances_are_kept_and_others_are_not() {
    assert_eq!(
        Reuse::suits(&crate::support::component("flask")),
        Reuse::Kept
    );
    assert_eq!(
        Reuse::suits(&crate::support::component("probe")),
        Reuse::Fresh
    );
}
