//! Guests that do what no backend may: each is stopped, the person is told why, and the next request is served.
use std::time::{Duration, Instant};

use crate::support::{Rig, get, request, send};
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use webx_backends::{CallError, Limits, State};

/// Asks for `path`, which must fail with `why`; the person is told so, and the next request is served.
async fn is_stopped(rig: &Rig, path: &str, why: &str) {
    let failed = rig.get(path).await.unwrap_err().to_string();
    assert!(failed.contains(why), "{path}: {failed}");
    assert!(
        rig.backend
            .status()
            .problem
            .is_some_and(|problem| problem.contains(why)),
        "{path}"
    );
    assert!(rig.log().contains(why), "{path}: {}", rig.log());
    rig.is_well().await;
}

#[tokio::test]
async fn a_loop_ends_when_its_processor_time_is_up() {
    let rig = Rig::new(
        "probe",
        Limits {
            cpu_time: Duration::from_millis(200),
            ..Limits::default()
        },
    );
    is_stopped(&rig, "/spin", "it computed for more than").await;
}

#[tokio::test]
async fn loops_of_one_app_leave_room_for_another() {
    let backends = crate::support::backends();
    let limits = Limits {
        cpu_time: Duration::from_secs(5),
        request_time: Duration::from_secs(3),
        ..Limits::default()
    };
    let (bad, good) = (
        Rig::with(&backends, "probe", limits),
        Rig::with(&backends, "probe", Limits::default()),
    );
    good.is_well().await;
    let loops: Vec<_> = (0..4)
        .map(|_| {
            let backend = std::sync::Arc::clone(&bad.backend);
            tokio::spawn(async move { get(&backend, "/spin").await })
        })
        .collect();
    while bad.backend.status().in_flight < 4 {
        tokio::task::yield_now().await;
    }
    let began = Instant::now();
    for _ in 0..5 {
        good.is_well().await;
    }
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "five answers took {:?}",
        began.elapsed()
    );
    for ended in loops {
        assert!(matches!(
            ended.await.unwrap(),
            Err(CallError::TimedOut(_) | CallError::Failed(_))
        ));
    }
}

#[tokio::test]
async fn memory_ends_at_the_limit() {
    let rig = Rig::new(
        "probe",
        Limits {
            memory: 32 << 20,
            ..Limits::default()
        },
    );
    is_stopped(&rig, "/grow", "it asked for more than 32 MiB of memory").await;
}

#[tokio::test]
async fn a_flooded_log_keeps_its_size_and_says_so() {
    let rig = Rig::new(
        "probe",
        Limits {
            log_lines: 100,
            log_rate: 20_000,
            ..Limits::default()
        },
    );
    assert_eq!(rig.text("/flood").await, "flooded");
    let lines = rig.backend.log();
    assert!(
        lines.len() <= 100 && lines.iter().map(|line| line.text.len()).sum::<usize>() < 100_000
    );
    rig.is_well().await;
}

#[tokio::test]
async fn what_a_guest_says_is_in_its_log() {
    let rig = Rig::new("probe", Limits::default());
    rig.text("/say?hello-there").await;
    assert!(rig.log().contains("hello-there"));
}

#[tokio::test]
async fn there_are_no_sockets() {
    let rig = Rig::new("probe", Limits::default());
    let said = rig.text("/socket").await;
    assert_eq!(said.matches("name: \"access-denied\"").count(), 3, "{said}");
    rig.is_well().await;
}

#[tokio::test]
async fn there_are_no_files_outside_of_data() {
    let rig = Rig::new("probe", Limits::default());
    for path in [
        "../etc/passwd",
        "/etc/passwd",
        "../../../../etc/passwd",
        "a/../../etc/passwd",
        "/proc/self/environ",
    ] {
        let said = rig
            .text(&format!(
                "/files?read:{path};write:{path}:x;mkdir:{path};remove:{path}"
            ))
            .await;
        let refused = said.matches("name: \"not-permitted\"").count()
            + said.matches("name: \"no-entry\"").count();
        assert_eq!(refused, 4, "{path}: {said}");
    }
    assert!(
        rig.text("/files?symlink:link:/etc;read:link/passwd")
            .await
            .contains("not-permitted")
    );
    assert!(rig.storage.files.lock().is_empty());
}

#[tokio::test]
async fn the_folder_is_full_at_its_quota() {
    let rig = Rig::new(
        "probe",
        Limits {
            data_bytes: 3 << 20,
            ..Limits::default()
        },
    );
    assert!(rig.text("/files?fill:big").await.contains("quota"));
    assert!(
        rig.text("/files?remove:big;write:small:ok;read:small")
            .await
            .ends_with("ok")
    );
}

#[tokio::test]
async fn a_panic_an_exit_and_a_bottomless_recursion_end_one_instance() {
    let rig = Rig::new("probe", Limits::default());
    is_stopped(&rig, "/panic", "it gave up").await;
    is_stopped(&rig, "/exit", "it ended itself").await;
    assert!(rig.get("/recurse").await.is_err());
    rig.is_well().await;
}

#[tokio::test]
async fn garbage_is_no_answer() {
    let rig = Rig::new("probe", Limits::default());
    is_stopped(&rig, "/silent", "it gave no answer").await;
    is_stopped(&rig, "/huge-headers", "exceeds limit").await;
    assert_ne!(
        rig.get("/bad-status").await.map(|(status, _)| status),
        Ok(1999)
    );
    rig.is_well().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_taken_for_a_whole_one() {
    let rig = Rig::new("probe", Limits::default());
    assert!(rig.get("/half").await.is_err());
    rig.is_well().await;
}

#[tokio::test]
async fn an_endless_answer_ends_at_the_limit() {
    let rig = Rig::new(
        "probe",
        Limits {
            response_body: 1 << 20,
            ..Limits::default()
        },
    );
    let answer = rig
        .backend
        .call(crate::support::context(), request("GET", "/endless", ""))
        .await
        .unwrap();
    assert!(answer.into_body().collect().await.is_err());
    rig.is_well().await;
}

#[tokio::test]
async fn handles_of_the_host_are_counted() {
    let rig = Rig::new("probe", Limits::default());
    assert!(rig.get("/handles").await.is_err());
    rig.is_well().await;
}

#[tokio::test]
async fn a_guest_that_sleeps_is_waited_for_no_longer_than_the_limit() {
    let limit = Duration::from_millis(200);
    let rig = Rig::new(
        "probe",
        Limits {
            request_time: limit,
            ..Limits::default()
        },
    );
    assert_eq!(
        rig.get("/sleep?60000").await,
        Err(CallError::TimedOut(limit))
    );
    rig.is_well().await;
}

#[tokio::test]
async fn a_client_that_sends_slower_than_the_limit_is_dropped() {
    let rig = Rig::new(
        "probe",
        Limits {
            stall: Duration::from_millis(100),
            ..Limits::default()
        },
    );
    let drip = stream::once(async {
        Ok::<_, webx_backends::BodyError>(Frame::data(Bytes::from_static(b"a")))
    });
    let never = futures_util::StreamExt::chain(drip, stream::pending());
    let request = request("POST", "/count", "").map(|_| StreamBody::new(never).boxed_unsync());
    assert!(matches!(
        send(&rig.backend, request).await,
        Err(CallError::BadBody(_))
    ));
    rig.is_well().await;
    assert_eq!(rig.backend.status().restarts, 0);
}

#[tokio::test]
async fn huge_headers_of_a_client_never_reach_the_guest() {
    let rig = Rig::new("probe", Limits::default());
    let mut asked = request("GET", "/hello", "");
    asked
        .headers_mut()
        .insert("x-large", "y".repeat(100_000).parse().unwrap());
    assert!(matches!(
        send(&rig.backend, asked).await,
        Err(CallError::BadBody(_))
    ));
    rig.is_well().await;
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let limits = Limits {
        concurrency: 1,
        queue: 2,
        request_time: Duration::from_secs(2),
        ..Limits::default()
    };
    let rig = Rig::new("probe", limits);
    rig.is_well().await;
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let backend = std::sync::Arc::clone(&rig.backend);
            tokio::spawn(async move { get(&backend, "/sleep?300").await })
        })
        .collect();
    while rig.backend.status().in_flight < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.get("/hello").await, Err(CallError::Busy));
    for done in waiting {
        assert_eq!(done.await.unwrap().unwrap().1, "slept");
    }
    rig.is_well().await;
}

#[tokio::test]
async fn a_backend_that_keeps_failing_rests_and_a_restart_wakes_it() {
    let rig = Rig::new("probe", Limits::default());
    for _ in 0..4 {
        assert!(matches!(rig.get("/panic").await, Err(CallError::Failed(_))));
    }
    assert!(matches!(
        rig.get("/hello").await,
        Err(CallError::Resting { .. })
    ));
    let status = rig.backend.status();
    assert_eq!(status.state, State::Resting);
    assert!(status.next_start_at.is_some());
    assert!(rig.log().contains("rests for"), "{}", rig.log());
    rig.backend.restart().await;
    rig.is_well().await;
    assert_eq!(rig.backend.status().restarts, 1);
}
