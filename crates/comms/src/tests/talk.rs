//! Requests, streams and datagrams between those who mean well.

use super::*;
use bytes::Bytes;
use tokio::sync::mpsc;

#[tokio::test]
async fn a_request_by_did_is_answered_by_the_person_who_proved_it() {
    let (_net, ann, ben) = two();
    let asked = Arc::new(Mutex::new(None));
    let noted = asked.clone();
    let handler: OnRequest = Arc::new(move |peer, question| {
        *noted.lock() = Some(peer);
        Box::pin(async move { Ok([b"you said ", &question[..]].concat().into()) })
    });
    ben.on_request("chat/1", Limits::default(), handler)
        .unwrap();
    let mut met = ben.met();
    let answer = ann.request(did(2), "chat/1", b"hello").await.unwrap();
    assert_eq!(answer, "you said hello");
    let peer = asked.lock().clone().unwrap();
    assert_eq!((peer.node, &peer.did), (id(1), &did(1)));
    let met = met.recv().await.unwrap();
    assert_eq!((met.peer, met.dialled), (peer, false));
}

#[tokio::test]
async fn many_requests_share_one_connection_whoever_dialled_it() {
    let (_net, ann, ben) = two();
    for node in [&ann, &ben] {
        node.on_request("echo/1", Limits::default(), echo())
            .unwrap();
    }
    for n in 0..20_u8 {
        let (there, back) = (
            ann.request(id(2), "echo/1", &[n]).await.unwrap(),
            ben.request(id(1), "echo/1", &[n]).await.unwrap(),
        );
        assert_eq!((there, back), (vec![n].into(), vec![n].into()));
    }
    assert_eq!((ann.connections().len(), ben.connections().len()), (1, 1));
}

#[tokio::test]
async fn a_node_that_belongs_to_somebody_else_is_not_talked_to() {
    let (_net, ann, ben) = two();
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    let wrong = ann.request(did(9), "echo/1", b"secret").await;
    let is_other = matches!(&wrong, Err(Error::SomebodyElse { found, .. }) if *found == did(2));
    assert!(is_other, "{wrong:?}");
    assert_eq!(metrics(&ben, "echo/1").accepted, 0);
    let nobody = ann.connect(did(7)).await;
    assert!(matches!(nobody, Err(Error::NoDevice(_))));
}

#[tokio::test]
async fn requests_that_are_too_large_unknown_or_failing_are_refused_with_the_reason() {
    let (_net, ann, ben) = two();
    let small = Limits {
        bytes: 1000,
        ..Limits::default()
    };
    ben.on_request("small/1", small, echo()).unwrap();
    let failing: OnRequest = Arc::new(|_, _| Box::pin(async { Err("the cat sat on it".into()) }));
    ben.on_request("failing/1", Limits::default(), failing)
        .unwrap();
    let ask = async |protocol: &str, bytes: usize| match ann
        .request(id(2), protocol, &vec![0; bytes])
        .await
    {
        Err(Error::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    };
    assert_eq!(ask("small/1", 5000).await, Refused::TooLarge);
    assert_eq!(ask("nothing/1", 1).await, Refused::Unknown);
    let failed = Refused::Failed("the cat sat on it".into());
    assert_eq!(ask("failing/1", 1).await, failed);
    // The reason is heard even where an answer would be shorter.
    let curt = Limits {
        answer: 1,
        ..Limits::default()
    };
    ann.limit("failing/1", curt).unwrap();
    assert_eq!(ask("failing/1", 1).await, failed);
    let nameless = ann.request(id(2), "a b", b"").await;
    assert!(matches!(nameless, Err(Error::Name)));
    let own_limit = ann.request(id(2), "small/1", &vec![0; 2 << 20]).await;
    assert!(matches!(own_limit, Err(Error::TooLarge(_))));
}

#[tokio::test]
async fn a_blocked_person_meets_a_node_that_speaks_nothing_and_is_sent_nothing() {
    let (_net, ann, ben) = two();
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    ben.people.stances.lock().insert(did(1), Stance::Blocked);
    assert!(ann.request(id(2), "echo/1", b"?").await.is_err());
    assert_eq!(metrics(&ben, "echo/1").accepted, 0);
    assert!(matches!(
        ben.connect(id(1)).await,
        Err(Error::Barred(barred)) if barred == did(1)
    ));
    until(|| ben.connections().is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn one_whose_safety_number_changed_is_heard_and_not_written_to() {
    let (_net, ann, ben) = two();
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    ann.connect(id(2)).await.unwrap();
    ben.people.stances.lock().insert(did(1), Stance::Reserved);
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(ann.request(id(2), "echo/1", b"hi").await.unwrap(), "hi");
    let barred = ben.request(id(1), "echo/1", b"hi").await;
    assert!(matches!(barred, Err(Error::Barred(_))), "{barred:?}");
    assert_eq!(ben.ping(id(1)).await.unwrap().0.did, did(1));
    // Blocked while connected: the door closes within two seconds, or at once when it is told.
    ben.people.stances.lock().insert(did(1), Stance::Blocked);
    tokio::time::advance(Duration::from_secs(3)).await;
    let unknown = ann.request(id(2), "echo/1", b"hi").await;
    assert!(
        matches!(unknown, Err(Error::Refused(Refused::Unknown))),
        "{unknown:?}"
    );
    ben.hang_up(&did(1));
    assert!(ben.connections().is_empty());
}

#[tokio::test]
async fn streams_carry_bytes_in_both_directions_and_are_counted_by_protocol_and_peer() {
    let (_net, ann, ben) = two();
    let upper: OnStream = Arc::new(|_, mut sender, mut receiver| {
        Box::pin(async move {
            let mut piece = vec![0; 1000];
            while let Ok(count @ 1..) = receiver.read(&mut piece).await {
                let loud = piece[..count].to_ascii_uppercase();
                sender.write_all(&loud).await.unwrap();
            }
            sender.finish().await.unwrap();
        })
    });
    ben.on_stream("upper/1", Limits::default(), upper).unwrap();
    let (mut sender, mut receiver) = ann
        .open_stream(id(2), "upper/1", Priority::Interactive)
        .await
        .unwrap();
    let said = "all the world ".repeat(10_000);
    let (_, heard) = tokio::join!(
        async {
            sender.write_all(said.as_bytes()).await.unwrap();
            sender.finish().await.unwrap();
        },
        receiver.read_to_end(1 << 20)
    );
    assert_eq!(heard.unwrap(), said.to_uppercase());
    let all = metrics(&ann, "upper/1");
    let bytes = said.len() as u64;
    assert_eq!((all.sent, all.received, all.opened), (bytes, bytes, 1));
    let by_peer = ben.metrics_by_peer();
    assert_eq!(by_peer.len(), 1);
    assert_eq!((by_peer[0].node, by_peer[0].accepted), (Some(id(1)), 1));
}

#[tokio::test]
async fn datagrams_arrive_with_the_person_who_sent_them() {
    let (_net, ann, ben) = two();
    let mut incoming = ben.on_datagram("voice/1", Limits::default(), 2).unwrap();
    for n in 0..4_u8 {
        ann.send_datagram(id(2), "voice/1", &[n]).await.unwrap();
    }
    until(|| metrics(&ben, "voice/1").datagrams == 4).await;
    for n in 2..4_u8 {
        let (peer, data) = incoming.recv().await.unwrap();
        assert_eq!((peer.did, data), (did(1), Bytes::from(vec![n])));
    }
    assert_eq!(metrics(&ben, "voice/1").refused, 2);
    let long = ann.send_datagram(id(2), "voice/1", &[0; 1500]).await;
    assert!(matches!(long, Err(Error::TooLarge(1192))), "{long:?}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_and_made_again_when_needed() {
    let (_net, ann, ben) = two();
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    ann.request(id(2), "echo/1", b"1").await.unwrap();
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert!(ann.connections().is_empty() && ben.connections().is_empty());
    assert_eq!(ann.request(id(2), "echo/1", b"2").await.unwrap(), "2");
    // One with an open stream is not idle.
    let (sender, mut streams) = mpsc::channel(1);
    let keep: OnStream = Arc::new(move |_, out, inward| {
        let sender = sender.clone();
        Box::pin(async move { sender.send((out, inward)).await.unwrap() })
    });
    ben.on_stream("open/1", Limits::default(), keep).unwrap();
    let halves = ann.open_stream(id(2), "open/1", Priority::Normal).await;
    let _kept = (halves.unwrap(), streams.recv().await.unwrap());
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!((ann.connections().len(), ben.connections().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_what_runs_finish_and_ends_what_does_not() {
    let (_net, ann, ben) = two();
    let stuck: OnRequest = Arc::new(|_, _| Box::pin(std::future::pending()));
    ben.on_request("stuck/1", Limits::default(), stuck).unwrap();
    let mut incoming = ben.on_datagram("voice/1", Limits::default(), 1).unwrap();
    let asking = ann.comms.clone();
    let asked = tokio::spawn(async move { asking.request(id(2), "stuck/1", b"").await });
    until(|| metrics(&ben, "stuck/1").accepted > 0).await;
    ben.shutdown().await;
    assert!(asked.await.unwrap().is_err());
    assert!(ben.connections().is_empty());
    assert_eq!(incoming.recv().await, None);
    assert!(matches!(ben.connect(id(1)).await, Err(Error::Stopping)));
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_the_bandwidth_holds_over_all_streams_and_waiting_is_counted() {
    let (_net, ann, ben) = two();
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    ann.connect(id(2)).await.unwrap();
    ann.set_bandwidth(Some(100_000));
    let start = tokio::time::Instant::now();
    let ask = || ann.request(id(2), "echo/1", &[0; 200_000]);
    let (one, two) = tokio::join!(ask(), ask());
    assert!(one.is_ok() && two.is_ok());
    let took = start.elapsed().as_secs_f64();
    assert!((3.0..5.0).contains(&took), "{took}");
    let metrics = metrics(&ann, "echo/1");
    assert!(metrics.waited > Duration::from_secs(3), "{metrics:?}");
    assert_eq!(metrics.waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn two_protocols_share_the_bandwidth_by_their_weights() {
    let (_net, ann, ben) = two();
    let drain: OnStream = Arc::new(|_, _sender, mut receiver| {
        Box::pin(async move {
            let mut piece = vec![0; 65_536];
            while let Ok(1..) = receiver.read(&mut piece).await {}
        })
    });
    for (protocol, weight) in [("light/1", 1), ("heavy/1", 4)] {
        let limits = Limits {
            bytes: u64::MAX,
            weight,
            ..Limits::default()
        };
        ben.on_stream(protocol, limits, drain.clone()).unwrap();
        ann.limit(protocol, limits).unwrap();
    }
    ann.connect(id(2)).await.unwrap();
    ann.set_bandwidth(Some(10_000_000));
    let send = async |protocol| {
        let (mut sender, _receiver) = ann
            .open_stream(id(2), protocol, Priority::Bulk)
            .await
            .unwrap();
        let second = vec![0; 1 << 20];
        while sender.write_all(&second).await.is_ok() {}
    };
    let both = async { tokio::join!(send("light/1"), send("heavy/1")) };
    let ended = tokio::time::timeout(Duration::from_secs(10), both).await;
    assert!(ended.is_err());
    let (light, heavy) = (metrics(&ann, "light/1").sent, metrics(&ann, "heavy/1").sent);
    let (all, ratio) = (light + heavy, heavy as f64 / light as f64);
    assert!((95_000_000..105_000_000).contains(&all), "{all}");
    assert!((3.6..4.4).contains(&ratio), "{ratio}");
}
