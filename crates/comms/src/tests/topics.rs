//! Topics over running nodes.

use super::*;
use crate::pubsub::{Judge, PubSub};
use bytes::Bytes;
use webx_overlay::Verdict;

const PATIENCE: Duration = Duration::from_secs(60);

fn judge() -> Judge {
    Arc::new(|_, bytes| {
        Box::pin(async move {
            if bytes.starts_with(b"good") {
                Verdict::Accept
            } else {
                Verdict::Ignore
            }
        })
    })
}

#[tokio::test]
async fn only_what_was_judged_good_is_heard() {
    let net = MemoryNet::new();
    let nodes = [overlay(&net, 1), overlay(&net, 2)];
    let invite = nodes[0].own().await.unwrap();
    nodes[1].join(vec![invite]).await.unwrap();
    let (ann, ben) = (PubSub::new(nodes[0].clone()), PubSub::new(nodes[1].clone()));
    let _own = ann.subscribe("chess", 8, judge()).await.unwrap();
    let mut listening = ben.subscribe("chess", 8, judge()).await.unwrap();
    let twice = ben.subscribe("chess", 8, judge()).await;
    assert!(matches!(twice, Err(Error::Full(_))));
    let heard = async {
        // A swarm needs a moment to form; what is said before it stands is heard by nobody.
        for number in 1_u32.. {
            for word in ["bad", "good"] {
                let said = Bytes::from(format!("{word} move {number}"));
                ann.publish("chess", said).await.unwrap();
            }
            let next = tokio::time::timeout(Duration::from_millis(300), listening.next()).await;
            if let Ok(heard) = next {
                return heard.unwrap();
            }
        }
        unreachable!()
    };
    let heard = tokio::time::timeout(PATIENCE, heard)
        .await
        .expect("heard in time");
    assert!(heard.bytes.starts_with(b"good move "));
    assert_eq!(heard.from, id(1));
    let metrics = ben.metrics();
    assert_eq!(metrics[0].topic, "chess");
    assert!(
        metrics[0].accepted >= 1 && metrics[0].bytes > 0,
        "{metrics:?}"
    );
    let long = ann.publish("chess", vec![0; 40_000].into()).await;
    assert!(matches!(long, Err(Error::Broadcast(_))));
    assert!(matches!(
        ann.subscribe("", 8, judge()).await,
        Err(Error::Name)
    ));
    // Dropped, the topic is free again.
    drop(listening);
    tokio::time::timeout(PATIENCE, async {
        while !ben.metrics().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("left in time");
    for node in &nodes {
        node.shutdown().await;
    }
    assert!(matches!(
        ann.publish("chess", "late".into()).await,
        Err(Error::Stopping)
    ));
}

#[tokio::test]
async fn who_breaks_the_rules_above_loses_score_below() {
    let net = MemoryNet::new();
    let node = overlay(&net, 1);
    node.own().await.unwrap();
    let mut events = node.events();
    node.blame(id(2), Offence::Flood);
    let blamed = async {
        loop {
            if let webx_overlay::Event::Misbehaved { peer, what } = events.recv().await.unwrap() {
                return (peer, what);
            }
        }
    };
    assert_eq!(blamed.await, (id(2), Offence::Flood));
    node.shutdown().await;
}
