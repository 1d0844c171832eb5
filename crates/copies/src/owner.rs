//! The own blocks: where they lie, where they should, and the rounds that bring the one to the other.

use std::collections::{HashMap, HashSet};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use webx_comms::{Comms, OnRequest};
use webx_drive::Drive;
use webx_identity::Did;
use webx_peers::{Peers, contacts::Barred, fitness::Observation};
use webx_vault::{Vault, rusqlite};

use crate::{
    Agreement, Error,
    ask::{Asking, Unanswered},
    host::{self, sql},
    rows, slice,
    wire::{self, Answer, Ask, BATCH_BYTES, MAX_BLOCKS, MAX_DIGESTS, MAX_PIECES, PROTOCOL},
};

/// Blocks looked at together.
const SLICE: u32 = 256;
/// Hosts that are asked at the same time.
const AT_ONCE: usize = 4;
/// Contacts that are asked for terms in a round at most.
const MAX_HOSTS: u32 = 256;

/// How copies are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// On how many hosts each block should lie.
    pub copies: usize,
    /// A host that was not heard for this long counts as lost: its blocks are copied to others.
    pub gone: Duration,
    /// Pieces that each host shows in a round.
    pub audits: usize,
    /// After so many pieces that it could not show a host counts as lost.
    pub failures: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            copies: 3,
            gone: Duration::from_secs(3 * 24 * 3600),
            audits: 16,
            failures: 3,
        }
    }
}

/// What a round found and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Hosts that answered and keep something.
    pub hosts: u64,
    /// Blocks of the drive.
    pub blocks: u64,
    /// Copies that were made.
    pub copied: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Blocks that lie on fewer hosts than they should: for lack of hosts, or of space there.
    pub lacking: u64,
    /// Blocks that lie on no host at all.
    pub nowhere: u64,
    /// Pieces that hosts have shown.
    pub proved: u64,
    /// Pieces that they could not show.
    pub failed: u64,
    /// Copies that are not needed any more and were given up.
    pub dropped: u64,
}

/// Copies of a drive, and those kept for others. Clones share it.
#[derive(Clone)]
pub struct Copies(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) comms: Comms,
    pub(crate) peers: Peers,
    pub(crate) vault: Vault,
    pub(crate) drive: Drive,
    pub(crate) rules: Rules,
    /// One round at a time.
    turn: tokio::sync::Mutex<()>,
    last: parking_lot::Mutex<Option<Round>>,
    wake: tokio::sync::Notify,
    /// Somebody asked for a round.
    asked: AtomicBool,
}

impl std::fmt::Debug for Copies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Copies({:?})", self.0.rules)
    }
}

impl Copies {
    /// Answers those for whom something is kept, from now on. What is agreed stands in the vault.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Comms`].
    pub fn open(
        comms: Comms,
        peers: Peers,
        vault: Vault,
        drive: Drive,
        rules: Rules,
    ) -> Result<Self, Error> {
        vault.db().migrate(rows::COMPONENT, rows::STEPS)?;
        let host = host::Host {
            vault: vault.clone(),
        };
        host.sweep(now())?;
        let knows = peers.clone();
        let answer: OnRequest = Arc::new(move |peer, question| {
            let (host, knows) = (host.clone(), knows.clone());
            Box::pin(async move {
                let ask = Ask::decode(&question).ok_or("this is no question about copies")?;
                let answered = tokio::task::spawn_blocking(move || {
                    if knows.contacts().may_send(&peer.did)? != Ok(()) {
                        return Ok(match ask {
                            Ask::Terms => Answer::Terms(0, 0),
                            _ => Answer::Full,
                        });
                    }
                    host.answer(&peer, ask, now())
                });
                match answered.await {
                    Ok(Ok(answer)) => Ok(answer.encode().into()),
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "a question about copies was not answered");
                        Err("it failed here".to_owned())
                    }
                    Err(_) => Err("this node is stopping".to_owned()),
                }
            })
        });
        comms.on_request(PROTOCOL, wire::limits(), answer)?;
        Ok(Self(Arc::new(Inner {
            comms,
            peers,
            vault,
            drive,
            rules,
            turn: tokio::sync::Mutex::default(),
            last: parking_lot::Mutex::default(),
            wake: tokio::sync::Notify::new(),
            asked: AtomicBool::new(true),
        })))
    }

    /// Says how many bytes this node keeps for a contact at most. With 0 what is kept is given up.
    ///
    /// # Errors
    /// [`Error::Peers`] when he is no contact; [`Error::Vault`].
    pub fn give(&self, did: &Did, bytes: u64) -> Result<(), Error> {
        self.0.peers.contacts().get(did)?;
        self.0
            .vault
            .db()
            .write(|tx| rows::give(tx, did, bytes).map_err(sql))?;
        if bytes == 0 {
            host::Host {
                vault: self.0.vault.clone(),
            }
            .sweep(now())?;
        }
        Ok(())
    }

    /// What is agreed with whom.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn agreements(&self) -> Result<Vec<Agreement>, Error> {
        self.0.read(rows::agreements)
    }

    /// What the last round found; `None` before the first.
    #[must_use]
    pub fn last(&self) -> Option<Round> {
        *self.0.last.lock()
    }

    /// The next round is due at once.
    pub fn hurry(&self) {
        self.0.asked.store(true, Ordering::Relaxed);
        self.0.wake.notify_one();
    }

    /// Holds rounds until `stop`: after `quiet` when the drive has changed or somebody asked, and every `routine` anyway.
    pub async fn work(self, quiet: Duration, routine: Duration, stop: CancellationToken) {
        let changed = self.0.drive.subscribe();
        let watch = {
            let this = self.clone();
            tokio::task::spawn_blocking(move || {
                // Ends when the drive is closed.
                while changed.recv().is_some() {
                    this.0.wake.notify_one();
                }
            })
        };
        loop {
            let due = tokio::select! {
                () = stop.cancelled() => break,
                () = self.0.wake.notified() => {
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = tokio::time::sleep(quiet) => {}
                    }
                    self.0.asked.swap(false, Ordering::Relaxed)
                }
                () = tokio::time::sleep(routine) => true,
            };
            // A change is nobody's business while nobody keeps anything.
            let has_hosts = self.blocking(|inner| Ok(!inner.read(rows::hosts)?.is_empty()));
            if !due && !has_hosts.await.unwrap_or(false) {
                continue;
            }
            match stop.run_until_cancelled(self.round()).await {
                Some(Err(error)) => tracing::warn!(%error, "a round of copies broke off"),
                Some(Ok(_)) => {}
                None => break,
            }
        }
        drop(watch);
    }

    /// One round: see the crate's page. Does nothing but ask for terms while nobody keeps anything for this node.
    ///
    /// # Errors
    /// [`Error::Drive`], [`Error::Vault`]. A host that does not answer is no error.
    pub async fn round(&self) -> Result<Round, Error> {
        let _turn = self.0.turn.lock().await;
        let mut round = Round::default();
        let mut hosts = self.terms().await?;
        round.hosts = hosts.len() as u64;
        if !self
            .blocking(|inner| Ok(!inner.read(rows::hosts)?.is_empty()))
            .await?
        {
            *self.0.last.lock() = Some(round);
            return Ok(round);
        }
        self.audit(&mut hosts, &mut round).await?;
        let catalogue = self
            .blocking(|inner| Ok(inner.drive.make_catalogue(|| true)?))
            .await?;
        self.place(&mut hosts, &mut round).await?;
        if round.nowhere == 0 {
            let head = self
                .blocking(move |inner| Ok(inner.drive.seal_head(&catalogue)?))
                .await?;
            self.tell_head(&mut hosts, &head).await?;
            // Only now, and only where the new head is: what the one before needed is not needed any more.
            hosts.retain(|host| host.head.as_deref() == Some(&head[..]));
            self.drop_rest(&hosts, &mut round).await?;
        }
        if round.copied + round.dropped > 0 {
            // What the person sees is what they keep now.
            self.terms().await?;
        }
        *self.0.last.lock() = Some(round);
        Ok(round)
    }

    /// Asks all contacts, and writes down what they keep. Gives those that count as hosts.
    async fn terms(&self) -> Result<Vec<Live>, Error> {
        let contacts = self
            .blocking(|inner| {
                let known = inner.peers.contacts().list(0, MAX_HOSTS)?;
                let mut dids = Vec::new();
                for contact in known {
                    let bar: Result<(), Barred> = inner.peers.contacts().may_send(&contact.did)?;
                    if bar.is_ok() {
                        dids.push(contact.did);
                    }
                }
                Ok(dids)
            })
            .await?;
        let answers: Vec<_> = stream::iter(contacts)
            .map(|did| async move {
                let asking = Asking {
                    comms: &self.0.comms,
                    did: &did,
                };
                let terms = asking.terms().await;
                (did, terms)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let rules = self.0.rules;
        self.blocking(move |inner| {
            let at = now();
            inner.vault.db().write(|tx| -> Result<(), Error> {
                for (did, terms) in &answers {
                    if let Ok((granted, used)) = terms {
                        rows::heard(tx, did, *granted, *used, at).map_err(sql)?;
                    }
                }
                Ok(())
            })?;
            let answered: HashSet<&Did> = answers
                .iter()
                .filter(|(_, terms)| terms.is_ok())
                .map(|(did, _)| did)
                .collect();
            let gone = at - i64::try_from(rules.gone.as_secs()).unwrap_or(i64::MAX / 2);
            let known = inner.read(rows::hosts)?;
            // One that is away for a while still has what it has; one that is lost or has failed does not count.
            let counting = known
                .into_iter()
                .filter(|host| host.heard >= gone && host.failed < rules.failures);
            Ok(counting
                .map(|host| Live {
                    reached: answered.contains(&host.did),
                    room: host.granted.saturating_sub(host.used),
                    head: host.head,
                    failed: false,
                    did: host.did,
                })
                .collect())
        })
        .await
    }

    /// Brings every block to as many hosts as it should lie on.
    async fn place(&self, hosts: &mut [Live], round: &mut Round) -> Result<(), Error> {
        let mut after = None;
        loop {
            let looked = self
                .blocking(move |inner| {
                    let slice = inner.drive.blocks_after(after.as_ref(), SLICE)?;
                    let mut with = Vec::with_capacity(slice.len());
                    for (digest, len) in slice {
                        let at = inner.read(|db| rows::at(db, &digest))?;
                        with.push((digest, len, at));
                    }
                    Ok(with)
                })
                .await?;
            let Some((last, ..)) = looked.last() else {
                return Ok(());
            };
            after = Some(*last);
            let mut wanted: HashMap<usize, Vec<([u8; 32], u64)>> = HashMap::new();
            let mut lies: HashMap<[u8; 32], usize> = HashMap::new();
            for (digest, len, at) in &looked {
                round.blocks += 1;
                let mut has = 0;
                let mut may = Vec::new();
                for (number, host) in hosts.iter().enumerate() {
                    if at.iter().any(|did| did == host.did.as_str()) {
                        has += 1;
                    } else if host.reached && host.room >= *len {
                        may.push((weight(&host.did, digest), number));
                    }
                }
                lies.insert(*digest, has);
                may.sort_unstable_by(|a, b| b.cmp(a));
                for (_, number) in may
                    .into_iter()
                    .take(self.0.rules.copies.saturating_sub(has))
                {
                    wanted.entry(number).or_default().push((*digest, *len));
                    if let Some(host) = hosts.get_mut(number) {
                        host.room -= len;
                    }
                }
            }
            let sent: Vec<_> = stream::iter(wanted)
                .map(|(number, blocks)| {
                    let did = hosts.get(number).map(|host| host.did.clone());
                    async move {
                        match did {
                            Some(did) => (number, self.send(&did, blocks).await),
                            None => (number, Ok(Sent::default())),
                        }
                    }
                })
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            for (number, sent) in sent {
                let sent = sent?;
                round.copied += sent.copied;
                round.bytes += sent.bytes;
                for digest in &sent.placed {
                    *lies.entry(*digest).or_default() += 1;
                }
                if let Some(host) = hosts.get_mut(number)
                    && sent.stopped
                {
                    host.reached = false;
                }
            }
            for has in lies.values() {
                round.lacking += u64::from(*has < self.0.rules.copies);
                round.nowhere += u64::from(*has == 0);
            }
        }
    }

    /// Sends blocks to a host, those that it has already left out.
    async fn send(&self, did: &Did, blocks: Vec<([u8; 32], u64)>) -> Result<Sent, Error> {
        let asking = Asking {
            comms: &self.0.comms,
            did,
        };
        let mut sent = Sent::default();
        let mut batch = Batch::default();
        for known in blocks.chunks(MAX_DIGESTS) {
            let digests: Vec<_> = known.iter().map(|(digest, _)| *digest).collect();
            let Ok(have) = asking.have(&digests).await else {
                sent.stopped = true;
                return Ok(sent);
            };
            let (there, missing): (Vec<_>, Vec<_>) =
                known.iter().zip(have).partition(|(_, have)| *have);
            self.placed(
                did,
                there.into_iter().map(|(block, _)| *block).collect(),
                &mut sent,
            )
            .await?;
            for ((digest, len), _) in missing {
                let (digest, len) = (*digest, *len);
                // A block that is lost here cannot be copied; the drive's own check tells of it.
                let Ok(block) = self
                    .blocking(move |inner| Ok(inner.drive.sealed_block(&digest)?))
                    .await
                else {
                    continue;
                };
                if batch.bytes + block.len() > BATCH_BYTES || batch.blocks.len() == MAX_BLOCKS {
                    self.flush(&asking, &mut batch, &mut sent).await?;
                    if sent.stopped {
                        return Ok(sent);
                    }
                }
                batch.bytes += block.len();
                batch.blocks.push(block);
                batch.names.push((digest, len));
            }
        }
        self.flush(&asking, &mut batch, &mut sent).await?;
        Ok(sent)
    }

    async fn flush(
        &self,
        asking: &Asking<'_>,
        batch: &mut Batch,
        sent: &mut Sent,
    ) -> Result<(), Error> {
        let batch = std::mem::take(batch);
        if batch.blocks.is_empty() {
            return Ok(());
        }
        match asking.keep(batch.blocks).await {
            Ok(true) => {
                sent.copied += batch.names.len() as u64;
                sent.bytes += batch.bytes as u64;
                self.placed(asking.did, batch.names, sent).await
            }
            Ok(false) | Err(Unanswered::Away | Unanswered::Wrong) => {
                sent.stopped = true;
                Ok(())
            }
        }
    }

    /// Writes down that a host has said it keeps blocks: after it has, so a crash in between costs a question at most.
    async fn placed(
        &self,
        did: &Did,
        blocks: Vec<([u8; 32], u64)>,
        sent: &mut Sent,
    ) -> Result<(), Error> {
        if blocks.is_empty() {
            return Ok(());
        }
        sent.placed.extend(blocks.iter().map(|(digest, _)| *digest));
        let did = did.clone();
        self.blocking(move |inner| {
            inner
                .vault
                .db()
                .write(|tx| rows::placed(tx, &did, &blocks).map_err(sql))
        })
        .await
    }

    async fn tell_head(&self, hosts: &mut [Live], head: &Bytes) -> Result<(), Error> {
        for host in hosts.iter_mut().filter(|host| host.reached) {
            if host.head.as_deref() == Some(&head[..]) {
                continue;
            }
            let asking = Asking {
                comms: &self.0.comms,
                did: &host.did,
            };
            if let Ok(true) = asking.set_head(head).await {
                host.head = Some(head.to_vec());
                let (did, head) = (host.did.clone(), head.clone());
                self.blocking(move |inner| {
                    inner
                        .vault
                        .db()
                        .write(|tx| rows::told_head(tx, &did, &head).map_err(sql))
                })
                .await?;
            }
        }
        Ok(())
    }

    /// Gives up copies of what the drive does not need any more.
    async fn drop_rest(&self, hosts: &[Live], round: &mut Round) -> Result<(), Error> {
        for host in hosts.iter().filter(|host| host.reached) {
            let mut after = Vec::new();
            loop {
                let did = host.did.clone();
                let (next, unneeded) = self
                    .blocking(move |inner| {
                        let slice = inner.read(|db| rows::at_host(db, &did, &after, SLICE))?;
                        let next = slice.last().map(|(digest, _)| digest.to_vec());
                        let mut unneeded = Vec::new();
                        for (digest, _) in slice {
                            if !inner.drive.needs_block(&digest)? {
                                unneeded.push(digest);
                            }
                        }
                        Ok((next, unneeded))
                    })
                    .await?;
                let asking = Asking {
                    comms: &self.0.comms,
                    did: &host.did,
                };
                if !unneeded.is_empty() {
                    if asking.let_go(&unneeded).await.is_err() {
                        break;
                    }
                    round.dropped += unneeded.len() as u64;
                    self.gone(&host.did, unneeded).await?;
                }
                match next {
                    Some(next) => after = next,
                    None => break,
                }
            }
        }
        Ok(())
    }

    async fn gone(&self, did: &Did, digests: Vec<[u8; 32]>) -> Result<(), Error> {
        let did = did.clone();
        self.blocking(move |inner| {
            inner
                .vault
                .db()
                .write(|tx| rows::gone(tx, &did, &digests).map_err(sql))
        })
        .await
    }

    /// Lets every host that answers show a random sample of what it has said it keeps.
    async fn audit(&self, hosts: &mut Vec<Live>, round: &mut Round) -> Result<(), Error> {
        let sample = self.0.rules.audits.min(MAX_PIECES);
        for host in hosts.iter_mut().filter(|host| host.reached) {
            let did = host.did.clone();
            let pieces = self
                .blocking(move |inner| inner.sample(&did, sample))
                .await?;
            if pieces.is_empty() {
                continue;
            }
            let asked: Vec<_> = pieces
                .iter()
                .map(|(digest, _, piece)| (*digest, *piece))
                .collect();
            let asking = Asking {
                comms: &self.0.comms,
                did: &host.did,
            };
            let slices = match asking.prove(&asked).await {
                Ok(slices) => slices,
                Err(Unanswered::Away) => {
                    host.reached = false;
                    continue;
                }
                Err(Unanswered::Wrong) => vec![serde_bytes::ByteBuf::new(); pieces.len()],
            };
            let mut lost = Vec::new();
            for ((digest, len, piece), shown) in pieces.iter().zip(&slices) {
                if !slice::verify(digest, *len, *piece, shown) {
                    lost.push(*digest);
                }
            }
            let (proved, failed) = ((pieces.len() - lost.len()) as u64, lost.len() as u64);
            round.proved += proved;
            round.failed += failed;
            let did = host.did.clone();
            host.failed = self
                .blocking(move |inner| inner.audited(&did, proved, &lost))
                .await?;
        }
        hosts.retain(|host| !host.failed);
        Ok(())
    }

    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = self.0.clone();
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .map_err(|_| Error::Stopping)?
    }
}

impl Inner {
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.vault.db().read(|db| work(db).map_err(sql))
    }

    /// Random pieces of random blocks that a host has said it keeps: digest, length of the block, number of the piece.
    fn sample(&self, did: &Did, most: usize) -> Result<Vec<([u8; 32], u64, u32)>, Error> {
        let mut pieces = Vec::new();
        for _ in 0..most {
            let mut from = [0; 32];
            random(&mut from)?;
            let found = self.read(|db| {
                let behind = rows::at_host(db, did, &from, 1)?;
                // Behind the last one it begins again.
                if behind.is_empty() {
                    rows::at_host(db, did, &[], 1)
                } else {
                    Ok(behind)
                }
            })?;
            let Some((digest, len)) = found.first().copied() else {
                break;
            };
            let mut number = [0; 8];
            random(&mut number)?;
            let count = u64::from(slice::pieces(len));
            let piece = u32::try_from(u64::from_le_bytes(number) % count).unwrap_or(0);
            if !pieces.contains(&(digest, len, piece)) {
                pieces.push((digest, len, piece));
            }
        }
        Ok(pieces)
    }

    /// Notes what an audit found. What was not shown is copied anew. Says whether the host does not count any more.
    fn audited(&self, did: &Did, proved: u64, lost: &[[u8; 32]]) -> Result<bool, Error> {
        let failed = self.vault.db().write(|tx| -> Result<u64, Error> {
            rows::audited(tx, did, proved, lost.len() as u64).map_err(sql)?;
            rows::gone(tx, did, lost).map_err(sql)?;
            let hosts = rows::hosts(tx).map_err(sql)?;
            let host = hosts.into_iter().find(|host| host.did == *did);
            Ok(host.map_or(0, |host| host.failed))
        })?;
        let connected = self.comms.connections().into_iter();
        let node = connected
            .map(|(peer, _)| peer)
            .find(|peer| peer.did == *did)
            .map(|peer| peer.node);
        if let Some(node) = node {
            for _ in 0..proved.min(4) {
                self.peers.observe(node, Observation::StorageProof(true))?;
            }
            for _ in lost {
                self.peers.observe(node, Observation::StorageProof(false))?;
            }
        }
        Ok(failed >= self.rules.failures)
    }
}

/// A host that counts.
struct Live {
    did: Did,
    /// It answered in this round, and took what it was given.
    reached: bool,
    room: u64,
    head: Option<Vec<u8>>,
    failed: bool,
}

#[derive(Default)]
struct Batch {
    blocks: Vec<Bytes>,
    names: Vec<([u8; 32], u64)>,
    bytes: usize,
}

#[derive(Default)]
struct Sent {
    placed: Vec<[u8; 32]>,
    copied: u64,
    bytes: u64,
    /// The host took no more.
    stopped: bool,
}

/// Rendezvous hashing: for each block another order of the hosts, the same each time.
fn weight(did: &Did, digest: &[u8; 32]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(digest).update(did.as_str().as_bytes());
    let hash = hasher.finalize();
    let first = hash.as_bytes().first_chunk::<8>().copied();
    u64::from_le_bytes(first.unwrap_or_default())
}

pub(crate) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

fn random(out: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(out)
        .map_err(|_| webx_vault::Error::Crypto("no randomness from the system").into())
}
