//! Relays of peers, found by the overlay.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{config, key, node_with};
use tokio_util::sync::CancellationToken;
use webx_links::{Config, IrohTransport, RelayConfig, follow_relays};
use webx_overlay::driver::{Driver, Handle};
use webx_overlay::transport::{Exposure, Transport as _};

fn drive(seed: u8, transport: &Arc<IrohTransport>, serves: bool) -> Handle {
    let mut config = webx_overlay::Config::default();
    config.serves = serves;
    Driver {
        config,
        key: key(seed),
        seed: [seed; 32],
        transport: transport.clone(),
        cache: Arc::new(()),
        exposure: Exposure::Direct,
        others: None,
    }
    .spawn()
}

async fn until_relays_are(node: &IrohTransport, wanted: &[String]) {
    let mut hints = node.watch_hints();
    let reached = hints.wait_for(|hints| hints.relays == wanted);
    tokio::time::timeout(Duration::from_secs(20), reached)
        .await
        .expect("in time")
        .expect("the node runs");
}

#[tokio::test]
async fn a_node_listens_on_the_relay_of_a_peer_that_serves() {
    let serve = RelayConfig::at(SocketAddr::from(([127, 0, 0, 1], 0)));
    let serving = Config {
        serve: Some(serve),
        ..config()
    };
    let (server, guest) = (node_with(1, serving).await, node_with(2, config()).await);
    let (serves, joins) = (drive(1, &server, true), drive(2, &guest, false));
    let stop = CancellationToken::new();
    let follows = tokio::spawn(follow_relays(guest.clone(), joins.clone(), stop.clone()));
    assert!(guest.hints().relays.is_empty());

    let relay = server.relay().expect("a relay").address().to_string();
    serves.hints_changed().await.expect("it runs");
    let record = serves.own().await.expect("a record");
    joins.join(vec![record]).await.expect("it runs");
    until_relays_are(&guest, std::slice::from_ref(&relay)).await;
    assert_eq!(server.hints().relays, [relay], "its own and no other");

    stop.cancel();
    follows.await.expect("the task ends");
    tokio::join!(serves.shutdown(), joins.shutdown());
}
