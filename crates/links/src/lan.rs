//! LAN discovery: nodes in one local network find each other without an invite.
//!
//! A node that takes part announces by multicast DNS (RFC 6762) that somebody is there: a key made for this stay in this
//! network, a port, and the address. Who hears it dials that key; over the encrypted connection both tell which nodes they
//! are, each with the one address it speaks from, and meet in the overlay. So what anybody in the network can overhear or
//! collect is not the node's id, which is the same everywhere, and names nobody. Who takes the trouble to dial learns the id.
//!
//! IPv4 alone, and only private and link-local addresses: a network without them is not served.

mod introduce;
mod machine;
mod message;
mod socket;

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use webx_overlay::driver::Handle;
use webx_overlay::record::PeerRecord;
use webx_overlay::transport::{Hints, Transport as _};
use webx_overlay::{NodeId, Time};

use crate::transport::IrohTransport;
use introduce::Introductions;
use machine::{Act, Machine, is_local};
use message::LONGEST;
use socket::Multicast;

/// Nodes that are remembered as found here.
const MOST: usize = 64;
/// Before it is tried again after it failed.
const AGAIN: Duration = Duration::from_secs(60);
/// Addresses come one by one when a network comes up.
const SETTLE: Duration = Duration::from_millis(300);

/// How LAN discovery stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LanStatus {
    /// Not wanted.
    #[default]
    Off,
    /// Wanted, but there is no local network: no private or link-local IPv4 address.
    NoNetwork,
    /// It listens and announces.
    On,
    /// It could not begin, and why. It is tried again.
    Failed(String),
}

/// What LAN discovery shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LanView {
    /// How it stands.
    pub status: LanStatus,
    /// Nodes that were found by it since it was last switched on, at most 64.
    pub found: BTreeSet<NodeId>,
}

/// Finds nodes of the local networks for an overlay.
#[derive(Debug)]
pub struct LanDiscovery {
    key: Arc<SigningKey>,
    transport: Arc<IrohTransport>,
    overlay: Handle,
    view: watch::Sender<LanView>,
}

impl LanDiscovery {
    /// For the node of this key. Nothing happens before [`Self::run`].
    #[must_use]
    pub fn new(key: Arc<SigningKey>, transport: Arc<IrohTransport>, overlay: Handle) -> Self {
        Self {
            key,
            transport,
            overlay,
            view: watch::Sender::default(),
        }
    }

    /// How it stands, now and later.
    #[must_use]
    pub fn view(&self) -> watch::Receiver<LanView> {
        self.view.subscribe()
    }

    /// Runs until `stop`, or until nobody can want it any more. While it is not `wanted` nothing is opened and nothing sent.
    pub async fn run(self, mut wanted: watch::Receiver<bool>, stop: CancellationToken) {
        let mut hints = self.transport.watch_hints();
        loop {
            let is_wanted = *wanted.borrow_and_update();
            let networks = networks(&hints.borrow_and_update());
            if !is_wanted {
                self.view.send_replace(LanView::default());
            } else if networks.is_empty() {
                self.status(LanStatus::NoNetwork);
            } else {
                let stay = self.stay(&networks, async {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        _ = wanted.changed() => {}
                        () = moved(&mut hints, &networks) => {}
                    }
                });
                match stay.await {
                    Ok(()) if stop.is_cancelled() || wanted.has_changed().is_err() => return,
                    Ok(()) => tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(SETTLE) => continue,
                    },
                    Err(error) => self.status(LanStatus::Failed(error)),
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                changed = wanted.changed() => if changed.is_err() { return },
                changed = hints.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(AGAIN), if is_wanted && !networks.is_empty() => {}
            }
        }
    }

    fn status(&self, status: LanStatus) {
        self.view.send_if_modified(|view| {
            let changed = view.status != status;
            view.status = status;
            changed
        });
    }

    /// One stay in these networks, under a key of its own, until `end`.
    async fn stay(
        &self,
        networks: &[Ipv4Addr],
        end: impl Future<Output = ()>,
    ) -> Result<(), String> {
        let opened = Introductions::open(self.key.clone(), self.transport.clone()).await;
        let introductions = Arc::new(opened.map_err(|error| error.to_string())?);
        let done = self.speak(networks, &introductions, end).await;
        introductions.door.close().await;
        done
    }

    async fn speak(
        &self,
        networks: &[Ipv4Addr],
        introductions: &Arc<Introductions>,
        end: impl Future<Output = ()>,
    ) -> Result<(), String> {
        let socket = Multicast::open(networks)
            .map_err(|error| format!("port 5353 for multicast: {error}"))?;
        let port = introductions.port().ok_or("no port for introductions")?;
        let begin = Instant::now();
        let now = || Time(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX));
        let key = introductions.door.id();
        let mut machine = Machine::new(key, now());
        let mut meetings = JoinSet::new();
        let mut buffer = [0; LONGEST + 1];
        self.status(LanStatus::On);
        tokio::pin!(end);
        loop {
            let wake = begin + Duration::from_micros(machine.next_wake().0);
            tokio::select! {
                () = &mut end => break,
                heard = socket.hear(&mut buffer) => match heard {
                    Ok((length, from)) => {
                        machine.heard(now(), from, buffer.get(..length).unwrap_or_default());
                    }
                    // Another program's refusal of a datagram may come back here; the socket stays.
                    Err(error) => {
                        tracing::debug!(%error, "a datagram of the local network was not read");
                        tokio::select! {
                            () = &mut end => break,
                            () = tokio::time::sleep(SETTLE) => {}
                        }
                    }
                },
                () = tokio::time::sleep_until(wake) => {}
                dialled = introductions.door.accept() => {
                    let Some(dialled) = dialled else { break };
                    let stranger = dialled.peer();
                    if machine.admit(now(), stranger) {
                        let introductions = introductions.clone();
                        meetings.spawn(async move { (stranger, introductions.answer(dialled).await) });
                    } else {
                        dialled.close(crate::transport::BUSY, "busy");
                    }
                }
                Some(met) = meetings.join_next() => if let Ok((stranger, record)) = met {
                    machine.ended(now(), stranger, record.is_some());
                    if let Some(record) = record {
                        self.found(record).await;
                    }
                },
            }
            for act in machine.wake(now()) {
                match act {
                    Act::Ask => socket.say(|_| message::question()).await,
                    Act::Announce => {
                        socket
                            .say(|here| message::announcement(key, port, here))
                            .await;
                    }
                    Act::Meet(stranger, at) => {
                        let introductions = introductions.clone();
                        meetings.spawn(async move {
                            (stranger, introductions.meet(stranger, at).await)
                        });
                    }
                }
            }
        }
        meetings.shutdown().await;
        Ok(())
    }

    /// Hands a node to the overlay, unless it is connected already.
    async fn found(&self, record: PeerRecord) {
        let node = record.id;
        self.view.send_if_modified(|view| {
            while view.found.len() >= MOST && !view.found.contains(&node) {
                view.found.pop_first();
            }
            view.found.insert(node)
        });
        if let Ok(view) = self.overlay.view().await
            && view.peers.iter().all(|peer| peer.id != node)
        {
            // An overlay that has stopped meets nobody.
            let _stopped = self.overlay.join(vec![record]).await;
        }
    }
}

/// The own addresses in local networks.
fn networks(hints: &Hints) -> Vec<Ipv4Addr> {
    let own = hints
        .direct
        .iter()
        .filter_map(|address| match address.ip() {
            IpAddr::V4(ip) if is_local(ip) => Some(ip),
            _ => None,
        });
    let own: BTreeSet<_> = own.collect();
    own.into_iter().take(socket::MOST).collect()
}

/// Waits until this machine has other local networks.
async fn moved(hints: &mut watch::Receiver<Hints>, from: &[Ipv4Addr]) {
    while hints.changed().await.is_ok() {
        if networks(&hints.borrow_and_update()) != from {
            return;
        }
    }
}

/// For the fuzzer: reads anything as a datagram of the local network.
#[doc(hidden)]
pub fn fuzz_lan(bytes: &[u8]) {
    let mut machine = Machine::new(NodeId([7; 32]), Time(0));
    machine.heard(
        Time(0),
        core::net::SocketAddrV4::new([10, 0, 0, 1].into(), 5353),
        bytes,
    );
    assert!(machine.wake(Time(0)).len() <= 3);
}
