//! What the tests share: nodes on a network inside one process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod abuse;
mod files;
mod links;
mod lookup;
mod paths;
mod profiles;
mod talk;
mod topics;

use std::{collections::HashMap, sync::Arc, time::Duration};

use ed25519_dalek::SigningKey;
use parking_lot::Mutex;
use time::OffsetDateTime;
use webx_identity::Did;
use webx_overlay::{
    NodeId, Offence,
    driver::{Driver, Handle},
    memory::MemoryNet,
    transport::{Connection, Exposure, Hints, Pending, Transport},
};
use webx_peers::proof::{self, Memory, NoMemory, Own, Proven, Refusal};

use crate::*;

#[derive(Default)]
struct Somebody {
    own: Option<Own>,
    stances: Mutex<HashMap<Did, Stance>>,
}

impl People for Somebody {
    fn own(&self) -> Own {
        self.own.clone().unwrap()
    }
    fn memory(&self) -> &(dyn Memory + Sync) {
        &NoMemory
    }
    fn met(&self, _: &Proven) {}
    fn refused(&self, _: &Refusal) {}
    fn stance(&self, did: &Did) -> Stance {
        let stances = self.stances.lock();
        stances.get(did).copied().unwrap_or(Stance::Open)
    }
    fn now(&self) -> OffsetDateTime {
        now()
    }
}

fn now() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

#[derive(Default)]
struct Book {
    devices: HashMap<Did, Vec<NodeId>>,
    blamed: Mutex<Vec<(NodeId, Offence)>>,
}

impl Directory for Book {
    fn devices<'a>(&'a self, did: &'a Did) -> Pending<'a, Vec<NodeId>> {
        let found = self.devices.get(did).cloned().unwrap_or_default();
        Box::pin(async move { found })
    }
    fn hints(&self, _: NodeId) -> Pending<'_, Hints> {
        Box::pin(async { Hints::default() })
    }
    fn blame(&self, node: NodeId, what: Offence) {
        self.blamed.lock().push((node, what));
    }
}

fn own(n: u8) -> Own {
    Own::anonymous(Arc::new(SigningKey::from_bytes(&[n; 32]))).unwrap()
}

fn id(n: u8) -> NodeId {
    own(n).node()
}

fn did(n: u8) -> Did {
    own(n).did().clone()
}

/// The overlay of a node.
fn overlay(net: &MemoryNet, n: u8) -> Handle {
    Driver {
        config: webx_overlay::Config::default(),
        key: SigningKey::from_bytes(&[n; 32]),
        seed: [n; 32],
        transport: net.transport(id(n)),
        cache: Arc::new(()),
        exposure: Exposure::Direct,
        others: None,
    }
    .spawn()
}

/// A node with what stands beside it.
struct TestNode {
    comms: Comms,
    book: Arc<Book>,
    people: Arc<Somebody>,
}

impl std::ops::Deref for TestNode {
    type Target = Comms;
    fn deref(&self) -> &Comms {
        &self.comms
    }
}

fn open_over(transport: Arc<dyn Transport>, n: u8, config: Config) -> TestNode {
    let mut devices: HashMap<_, _> = (1..5).map(|n| (did(n), vec![id(n)])).collect();
    // Number nine is listed with the node of number two, number eight with one that is not there and number two's.
    devices.insert(did(9), vec![id(2)]);
    let book = Arc::new(Book {
        devices,
        ..Book::default()
    });
    let people = Arc::new(Somebody {
        own: Some(own(n)),
        ..Somebody::default()
    });
    let comms = Comms::open(transport.clone(), book.clone(), people.clone(), config);
    let door = comms.clone();
    tokio::spawn(async move {
        while let Some(connection) = transport.accept().await {
            let _ = door.accept(connection);
        }
    });
    TestNode {
        comms,
        book,
        people,
    }
}

fn open(net: &MemoryNet, n: u8) -> TestNode {
    open_with(net, n, Config::default())
}

fn open_with(net: &MemoryNet, n: u8, config: Config) -> TestNode {
    open_over(net.transport(id(n)), n, config)
}

fn two() -> (MemoryNet, TestNode, TestNode) {
    let net = MemoryNet::new();
    let (ann, ben) = (open(&net, 1), open(&net, 2));
    (net, ann, ben)
}

/// A connection of somebody who has proved himself and then does what he likes.
async fn hostile(net: &MemoryNet, n: u8, to: u8) -> Arc<dyn Connection> {
    let transport = net.transport(id(n));
    let hints = Hints::default();
    let dialled = transport.dial(id(to), &hints, Exposure::Direct, ALPN);
    let connection = dialled.await.unwrap();
    proof::prove(&*connection, &own(n), &NoMemory, now())
        .await
        .unwrap();
    connection
}

fn echo() -> OnRequest {
    Arc::new(|_, question| Box::pin(async move { Ok(question) }))
}

fn metrics(comms: &Comms, protocol: &str) -> Metrics {
    let mut all = comms.metrics().into_iter();
    all.find(|one| one.protocol == protocol).unwrap_or_default()
}

/// Lets everything else run until something is so. What runs on other threads gets real time for it, as on a busy machine a
/// number of turns says nothing.
async fn until(so: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !so() {
        assert!(began.elapsed().as_secs() < 60, "it never came to be so");
        std::thread::yield_now();
        tokio::task::yield_now().await;
    }
}
