//! Devices tell each other what they are: `webx/profile/1`, one request after two nodes have proved themselves.
//!
//! The question is the signed profile of the one who dialled, the answer that of the other. Both keep what they got with
//! what they know of the node ([`Peers::add_profile`]).

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::broadcast::error::RecvError, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use webx_overlay::NodeId;
use webx_peers::{
    Peers,
    profile::{Detected, MAX_PROFILE, Profile},
};

use crate::{Comms, Error, Limits, OnRequest};

/// The name of the protocol.
pub const PROTOCOL: &str = "webx/profile/1";
/// One node is told again after this long.
const AGAIN: Duration = Duration::from_secs(3600);
/// Nodes whose last exchange is remembered.
const MAX_NODES: usize = 4096;
/// Exchanges under way at the same time.
const AT_ONCE: usize = 8;

/// Says what this machine is. It may block for a moment.
pub type Detect = Arc<dyn Fn() -> Detected + Send + Sync>;

/// Exchanges profiles. Clones share it.
#[derive(Clone)]
pub struct Profiles(Arc<Inner>);

struct Inner {
    comms: Comms,
    peers: Peers,
    detect: Detect,
    told: Mutex<HashMap<NodeId, Instant>>,
}

impl std::fmt::Debug for Profiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Profiles({:?})", self.0.comms)
    }
}

impl Profiles {
    /// Answers from now on with this device's profile, and keeps those of the ones who ask.
    ///
    /// # Errors
    /// [`Error::Full`] when there are too many protocols.
    pub fn open(comms: Comms, peers: Peers, detect: Detect) -> Result<Self, Error> {
        let this = Self(Arc::new(Inner {
            comms,
            peers,
            detect,
            told: Mutex::default(),
        }));
        let most = MAX_PROFILE as u64;
        let limits = Limits {
            streams: 2,
            bytes: most,
            answer: most,
            rate: 1,
            time: Duration::from_secs(15),
            weight: 1,
            ..Limits::default()
        };
        let answering = Arc::downgrade(&this.0);
        let answer: OnRequest = Arc::new(move |peer, question| {
            let answering = answering.upgrade();
            Box::pin(async move {
                let this = Self(answering.ok_or("this node is stopping")?);
                this.told(peer.node);
                let own = this.keep(peer.node, question.to_vec()).await;
                let own = own.and(this.own().await);
                // What went wrong here is not for the other side; that its profile did not hold is.
                own.map(Into::into).map_err(|error| match error {
                    Error::Peers(error @ webx_peers::Error::Refused { .. }) => error.to_string(),
                    error => {
                        tracing::warn!(%error, "a profile could not be exchanged");
                        "the profile is not at hand".to_owned()
                    }
                })
            })
        });
        this.0.comms.on_request(PROTOCOL, limits, answer)?;
        Ok(this)
    }

    /// Tells a node what this device is, and keeps what it says of itself.
    ///
    /// # Errors
    /// As [`Comms::request`]; [`Error::Peers`] when its profile does not hold.
    pub async fn exchange(&self, node: NodeId) -> Result<Profile, Error> {
        let own = self.own().await?;
        let answer = self.0.comms.request(node, PROTOCOL, &own).await?;
        self.told(node);
        self.keep(node, answer.to_vec()).await
    }

    /// Exchanges profiles with every node that this one dials, after the proof and then at most once an hour, until `stop`.
    pub async fn follow(self, stop: CancellationToken) {
        let mut met = self.0.comms.met();
        let mut under_way = JoinSet::new();
        loop {
            let next = tokio::select! {
                () = stop.cancelled() => return,
                Some(_) = under_way.join_next() => continue,
                next = met.recv(), if under_way.len() < AT_ONCE => next,
            };
            match next {
                Ok(met) if met.dialled && self.is_due(met.peer.node) => {
                    let (this, node) = (self.clone(), met.peer.node);
                    under_way.spawn(async move {
                        if let Err(error) = this.exchange(node).await {
                            tracing::debug!(%error, "no profile was exchanged");
                        }
                    });
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn is_due(&self, node: NodeId) -> bool {
        let told = self.0.told.lock();
        told.get(&node).is_none_or(|at| at.elapsed() >= AGAIN)
    }

    fn told(&self, node: NodeId) {
        let mut told = self.0.told.lock();
        if told.len() >= MAX_NODES && !told.contains_key(&node) {
            let oldest = told
                .iter()
                .min_by_key(|(_, at)| **at)
                .map(|(node, _)| *node);
            oldest.and_then(|oldest| told.remove(&oldest));
        }
        told.insert(node, Instant::now());
    }

    async fn own(&self) -> Result<Vec<u8>, Error> {
        self.work(|this| Ok(this.peers.own_profile(&(this.detect)())?))
            .await
    }

    async fn keep(&self, node: NodeId, bytes: Vec<u8>) -> Result<Profile, Error> {
        self.work(move |this| Ok(this.peers.add_profile(node, &bytes)?))
            .await
    }

    /// Runs what blocks on a thread that may.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = self.0.clone();
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .map_err(|_| Error::Stopping)?
    }
}
