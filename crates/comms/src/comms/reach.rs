//! Connections: dialled and taken in, proved, kept.

use std::sync::Arc;

use tokio::{
    task::JoinSet,
    time::{Duration, Instant, sleep_until, timeout},
};
use webx_identity::Did;
use webx_overlay::{
    NodeId, Offence,
    transport::{Connection, LinkError},
};
use webx_peers::proof::{self, ProofError};

use super::{ALPN, Comms, Met, PING, Peer, Target};
use crate::{
    Error, Stance,
    error::code,
    pool::{Added, Line},
};

/// Devices of one person that are tried.
const DEVICES: usize = 16;
/// While one device does not answer, the next is tried after this long.
const STAGGER: Duration = Duration::from_millis(500);
/// Incoming proofs of one node under way at the same time.
const PROOFS_OF_ONE: u32 = 2;

impl Comms {
    /// Connects to a person or a node, or takes the best connection that stands. Both sides have proved who they are when
    /// this returns. Nothing is said: somebody whose safety number changed can be met, and only then accepted.
    ///
    /// # Errors
    /// [`Error::NoDevice`], [`Error::SomebodyElse`], [`Error::Barred`] for somebody who is blocked, [`Error::Proof`],
    /// [`Error::Link`], [`Error::Stopping`].
    pub async fn connect(&self, target: impl Into<Target>) -> Result<Peer, Error> {
        Ok(self.line(&target.into()).await?.peer())
    }

    /// Meets a node and asks it to answer, which shows that it is there now. Gives the round trip of the question.
    ///
    /// # Errors
    /// As [`Comms::request`].
    pub async fn ping(&self, node: NodeId) -> Result<(Peer, Duration), Error> {
        let mut again = true;
        loop {
            let line = self.line(&Target::Node(node)).await?;
            let began = Instant::now();
            match self.request(node, PING, b"").await {
                Ok(_) => return Ok((line.peer(), began.elapsed())),
                // A connection that stood and does not answer may be of a node that has started anew.
                Err(Error::TimedOut | Error::Stalled)
                    if line.idle_since().is_some() && std::mem::take(&mut again) =>
                {
                    self.0.pool.remove(&line);
                    line.connection.close(code::STALLED, "no answer");
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes an incoming connection, if it is one of this floor's ([`ALPN`]). Gives it back otherwise.
    ///
    /// # Errors
    /// The connection, when it is for somebody else.
    pub fn accept(&self, connection: Arc<dyn Connection>) -> Result<(), Arc<dyn Connection>> {
        if connection.alpn() != ALPN {
            return Err(connection);
        }
        let node = connection.peer();
        let place = self.0.proofs.clone().try_acquire_owned();
        if self.0.stop.is_cancelled() {
            connection.close(code::STOPPING, "this node is stopping");
        } else if let (Ok(place), true) = (place, self.begin_proof(node)) {
            let this = self.clone();
            self.run(async move {
                let proved = this.proved(&connection).await;
                this.end_proof(node);
                drop(place);
                if let Ok(line) = proved {
                    this.keep(&line);
                }
            });
        } else {
            connection.close(code::BUSY, "too many connections");
        }
        Ok(())
    }

    fn begin_proof(&self, node: NodeId) -> bool {
        let mut proving = self.0.proving.lock();
        let under_way = proving.entry(node).or_default();
        let begun = *under_way < PROOFS_OF_ONE;
        *under_way += u32::from(begun);
        begun
    }

    fn end_proof(&self, node: NodeId) {
        let mut proving = self.0.proving.lock();
        if let Some(under_way) = proving.get_mut(&node) {
            *under_way -= 1;
            if *under_way == 0 {
                proving.remove(&node);
            }
        }
    }

    pub(super) async fn line(&self, target: &Target) -> Result<Arc<Line>, Error> {
        if self.0.stop.is_cancelled() {
            return Err(Error::Stopping);
        }
        match target {
            Target::Node(node) => self.node(*node).await,
            Target::Person(did) => self.person(did).await,
        }
    }

    /// A connection to speak over.
    pub(super) async fn reach(&self, target: &Target) -> Result<Arc<Line>, Error> {
        let line = self.line(target).await?;
        match self.stance(&line).await {
            Stance::Open => Ok(line),
            Stance::Reserved | Stance::Blocked => Err(Error::Barred(line.did.clone())),
        }
    }

    /// What is wanted of the person at the other end.
    pub(super) async fn stance(&self, line: &Line) -> Stance {
        if let Some(stance) = line.stance() {
            return stance;
        }
        let stance = self.ask_stance(line.did.clone()).await;
        line.set_stance(stance);
        stance.1
    }

    /// Dated by the question: what the person decides while the answer is under way is not kept off by it.
    async fn ask_stance(&self, did: Did) -> (Instant, Stance) {
        let (people, at) = (self.0.people.clone(), Instant::now());
        let asked = tokio::task::spawn_blocking(move || people.stance(&did));
        // A look-up that broke down opens nothing.
        (at, asked.await.unwrap_or(Stance::Reserved))
    }

    /// The first of a person's devices that answers; those that are connected are asked first.
    async fn person(&self, did: &Did) -> Result<Arc<Line>, Error> {
        let devices = timeout(self.0.config.dial, self.0.directory.devices(did)).await;
        let mut devices = devices.unwrap_or_default();
        devices.truncate(DEVICES);
        let connected = devices.iter().filter_map(|node| self.0.pool.best(*node));
        if let Some(line) = connected.into_iter().find(|line| line.did == *did) {
            return Ok(line);
        }
        let mut failed = Error::NoDevice(did.clone());
        let mut devices = devices.into_iter().peekable();
        let mut tries = JoinSet::new();
        let mut next = Instant::now();
        loop {
            tokio::select! {
                () = sleep_until(next), if devices.peek().is_some() => {
                    if let Some(node) = devices.next() {
                        let this = self.clone();
                        tries.spawn(async move { (node, this.node(node).await) });
                    }
                    next = Instant::now() + STAGGER;
                }
                Some(tried) = tries.join_next() => {
                    match tried {
                        Ok((_, Ok(line))) if line.did == *did => return Ok(line),
                        Ok((node, Ok(line))) => {
                            let (wanted, found) = (did.clone(), line.did.clone());
                            failed = Error::SomebodyElse { node, wanted, found };
                        }
                        Ok((_, Err(error))) => failed = error,
                        Err(_) => {}
                    }
                    next = Instant::now();
                }
                else => return Err(failed),
            }
        }
    }

    async fn node(&self, node: NodeId) -> Result<Arc<Line>, Error> {
        if let Some(line) = self.0.pool.best(node) {
            return Ok(line);
        }
        let lock = self.0.pool.dialling(node);
        let _only = lock.lock().await;
        if let Some(line) = self.0.pool.best(node) {
            return Ok(line);
        }
        let patience = self.0.config.dial;
        let hints = timeout(patience, self.0.directory.hints(node)).await;
        let hints = hints.unwrap_or_default();
        let exposure = self.0.directory.exposure(node);
        let dialled = self.0.transport.dial(node, &hints, exposure, ALPN);
        let connection = timeout(patience, dialled)
            .await
            .map_err(|_| LinkError::TimedOut)??;
        let line = self.proved(&connection).await?;
        if self.keep(&line) {
            Ok(line)
        } else {
            Err(Error::Full("connections"))
        }
    }

    /// Both sides prove who they are. A connection on which that fails is closed.
    async fn proved(&self, connection: &Arc<dyn Connection>) -> Result<Arc<Line>, Error> {
        let people = self.0.people.clone();
        let (own, now) = (people.own(), people.now());
        let proved = proof::prove(&**connection, &own, people.memory(), now).await;
        let did = match proved {
            Ok(proven) => {
                let did = proven.did.clone();
                let remembered = tokio::task::spawn_blocking(move || people.met(&proven));
                // What could not be remembered was said by `met`; the proof holds.
                let _ = remembered.await;
                did
            }
            Err(error) => {
                connection.close(code::UNPROVEN, "not proved");
                if let ProofError::Refused(refusal) = &error {
                    if let proof::Refusal::Protocol(_) = refusal {
                        let node = connection.peer();
                        self.0.directory.blame(node, Offence::Malformed);
                    }
                    let refusal = refusal.clone();
                    let noted = tokio::task::spawn_blocking(move || people.refused(&refusal));
                    let _ = noted.await;
                }
                return Err(error.into());
            }
        };
        let stance = self.ask_stance(did.clone()).await;
        if stance.1 == Stance::Blocked {
            connection.close(code::UNKNOWN, "");
            return Err(Error::Barred(did));
        }
        Ok(Line::new(connection.clone(), did, stance))
    }

    /// Puts a connection among those that stand. Says whether there was a place for it.
    fn keep(&self, line: &Arc<Line>) -> bool {
        match self.0.pool.add(line, self.0.config.connections) {
            Added::Full => {
                line.connection.close(code::BUSY, "too many connections");
                false
            }
            Added::Instead(other) => {
                if let Some(other) = other {
                    other.connection.close(code::IDLE, "");
                }
                self.serve(line.clone());
                let met = Met {
                    peer: line.peer(),
                    dialled: line.connection.dialled(),
                };
                // Nobody has to listen.
                let _ = self.0.met.send(met);
                true
            }
        }
    }
}
