//! The own blocks: where they lie, where they should, and the rounds that bring the one to the other.

mod audit;
mod place;

use std::collections::HashSet;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use webx_comms::{Comms, OnRequest};
use webx_drive::Drive;
use webx_identity::Did;
use webx_peers::{Peers, contacts::Barred};
use webx_vault::{Vault, rusqlite};

use crate::{
    Agreement, Error,
    ask::Asking,
    host::{self, sql},
    rows,
    wire::{self, Answer, Ask, PROTOCOL},
};

/// Blocks looked at together.
const SLICE: u32 = 256;
/// Hosts that are asked at the same time.
const AT_ONCE: usize = 4;
/// Contacts that are asked for terms in a round at most.
const MAX_HOSTS: u32 = 256;

/// A host that could not show what it keeps may be given blocks again after so many seconds: 30 days.
const FORGIVEN: i64 = 30 * 24 * 3600;

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
                        return Ok(Answer::Full);
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
        let inner = Arc::downgrade(&self.0);
        // A thread of its own, which holds nothing: it ends when the drive is closed, and no runtime waits for it.
        let watch = std::thread::Builder::new().name("copies".into());
        let watched = watch.spawn(move || {
            while changed.recv().is_some() {
                match inner.upgrade() {
                    Some(inner) => inner.wake.notify_one(),
                    None => return,
                }
            }
        });
        if let Err(error) = watched {
            tracing::warn!(%error, "no thread to hear of changes; copies are made every hour");
        }
        loop {
            let due = tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.wake.notified() => {
                    tokio::select! {
                        () = stop.cancelled() => return,
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
                None => return,
            }
        }
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
                .filter(|host| host.heard >= gone && !inner.has_failed(host, at));
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
    /// Whether a host could not show too much, and not long ago.
    fn has_failed(&self, host: &rows::Host, now: i64) -> bool {
        host.failed >= self.rules.failures && host.failed_at > now - FORGIVEN
    }

    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.vault.db().read(|db| work(db).map_err(sql))
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

pub(crate) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}
