//! This person and his guardians: gives shares away, asks after them, tells who need not keep his any more.

use std::time::Duration;

use futures_util::future::join_all;
use time::OffsetDateTime;
use webx_comms::{Comms, Error, Refused};
use webx_desktop::GuardianState as State;
use webx_desktop::qnet::QnetError;
use webx_identity::slip39::{NoRandomness, Policy};
use webx_identity::{Did, RecoveryWords};
use webx_peers::Peers;
use webx_peers::guardian::{Ask, CheckKey, PROTOCOL, SetId, ShareText};
use webx_services::NotificationLevel;

use super::super::{blocking, failed, refused};
use super::rows::{self, Guardian, Set};
use super::{Guardians, keep::word};

/// How long a guardian may take to be met and to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// A guardian is asked again after this long, in seconds: a day.
const AGAIN: i64 = 24 * 3600;

impl Guardians {
    /// Gives each of these contacts a share of a new set. Until all of them have theirs, the set before stays the one that counts, here
    /// and with its guardians.
    pub(super) async fn appoint(
        &self,
        comms: &Comms,
        peers: &Peers,
        words: &RecoveryWords,
        threshold: u8,
        people: Vec<Did>,
    ) -> Result<(), QnetError> {
        let count = u8::try_from(people.len()).unwrap_or(u8::MAX);
        let policy = Policy::of(threshold, count).ok().filter(|_| threshold > 1);
        let policy =
            policy.ok_or_else(|| bad("2 to 16 guardians, of whom 2 or more are needed"))?;
        let mut once = people.clone();
        once.sort();
        once.dedup();
        if once.len() != people.len() {
            return Err(bad("the same guardian is named twice"));
        }
        let (known, named) = (peers.clone(), people.clone());
        let names = blocking(move || names(&known, &named)).await?;
        let met = people.iter().map(|did| {
            let connect = comms.connect(did.clone());
            async { tokio::time::timeout(PATIENCE, connect).await }
        });
        let met = join_all(met).await;
        let away: Vec<&str> = met
            .iter()
            .zip(&names)
            .filter(|(met, _)| !matches!(met, Ok(Ok(_))))
            .map(|(_, name)| name.as_str())
            .collect();
        if !away.is_empty() {
            return Err(QnetError::Conflict {
                code: "away",
                what: format!(
                    "not there now: {}. All guardians have to be reached to be given their shares; nothing was changed",
                    away.join(", ")
                ),
            });
        }
        let mut id: SetId = [0; 16];
        getrandom::fill(&mut id).map_err(|error| failed(&error))?;
        let this = self.clone();
        let before = blocking(move || this.read(rows::set)).await?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let set = Set {
            id,
            made: now.max(before.map_or(0, |before| before.made.saturating_add(1))),
            threshold,
        };
        let mut random = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|_| NoRandomness);
        let shares = words
            .split(&policy, &mut random)
            .map_err(|error| failed(&error))?;
        let mut keys = Vec::with_capacity(shares.len());
        for ((did, name), share) in people.iter().zip(&names).zip(&shares) {
            let share = ShareText::of(share);
            keys.push((did.clone(), CheckKey::of(&share)));
            let ask = Ask::Keep {
                set: id.into(),
                made: u64::try_from(set.made).unwrap_or_default(),
                share,
            };
            self.ask(comms, did, &ask)
                .await
                .map_err(|error| QnetError::Conflict {
                    code: "refused",
                    what: format!(
                        "{name} did not take a share: {}. The guardians that there were stay",
                        why(&error)
                    ),
                })?;
        }
        let this = self.clone();
        blocking(move || this.write(|db| rows::replace(db, &set, &keys))).await?;
        self.round(comms, peers, false).await
    }

    /// Asks the guardians, all or those who are due, and tells the former ones.
    pub(super) async fn round(
        &self,
        comms: &Comms,
        peers: &Peers,
        due: bool,
    ) -> Result<(), QnetError> {
        let this = self.clone();
        let (set, mut guardians) =
            blocking(move || this.read(|db| Ok((rows::set(db)?, rows::guardians(db)?)))).await?;
        if let Some(set) = set {
            let now = OffsetDateTime::now_utc().unix_timestamp();
            guardians
                .retain(|one| !due || now.saturating_sub(one.asked) >= AGAIN || now < one.asked);
            let asking = guardians
                .iter()
                .map(|one| self.ask_after(comms, peers, &set, one));
            for asked in join_all(asking).await {
                asked?;
            }
        }
        self.tell_former(comms).await;
        Ok(())
    }

    async fn ask_after(
        &self,
        comms: &Comms,
        peers: &Peers,
        set: &Set,
        one: &Guardian,
    ) -> Result<(), QnetError> {
        let mut settled = one.settled;
        if !settled {
            let ask = Ask::Settle { set: set.id.into() };
            settled = self.ask(comms, &one.did, &ask).await.is_ok();
        }
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce).map_err(|error| failed(&error))?;
        let ask = Ask::Check {
            set: set.id.into(),
            nonce: nonce.into(),
        };
        let state = match self.ask(comms, &one.did, &ask).await {
            Ok(answer) => {
                let own = peers.own();
                let proof = one.key.proof(&set.id, &nonce, own.did(), &one.did);
                let given = <[u8; 32]>::try_from(answer.as_slice()).map(blake3::Hash::from_bytes);
                match given.is_ok_and(|given| given == proof) {
                    true => State::Kept,
                    false => State::Lost,
                }
            }
            Err(Error::Refused(Refused::Failed(why))) if why == word::GONE => State::Lost,
            Err(Error::Refused(Refused::Unknown)) => State::Lost,
            Err(_) => State::Away,
        };
        let (this, known, did, id) = (self.clone(), peers.clone(), one.did.clone(), set.id);
        let is_news = state == State::Lost && one.state != State::Lost;
        blocking(move || {
            this.write(|db| {
                // The set may have been replaced while he was asked.
                if rows::set(db)?.is_none_or(|now| now.id != id) {
                    return Ok(());
                }
                if settled {
                    rows::settled(db, &did)?;
                }
                rows::asked(db, &did, state, OffsetDateTime::now_utc())
            })?;
            if is_news {
                let contact = known.contacts().find(&did).map_err(refused)?;
                let name = contact.map_or_else(|| did.to_string(), |contact| contact.petname);
                this.notify(
                    NotificationLevel::Warning,
                    format!("{name} does not have the share any more"),
                    "Choose guardians anew in Settings, Recovery, so that enough of them can bring you back.",
                );
            }
            Ok(())
        })
        .await
    }

    /// A guardian need not keep anything any more. Blocks.
    pub(super) fn release(&self, did: &Did) -> Result<(), QnetError> {
        self.write(|db| {
            let (set, guardians) = (rows::set(db)?, rows::guardians(db)?);
            let needed = set.map_or(0, |set| usize::from(set.threshold));
            let is_one = guardians.iter().any(|one| one.did == *did);
            if is_one && guardians.len() <= needed {
                return Ok(Err(QnetError::Conflict {
                    code: "too-few",
                    what: format!("{needed} guardians are needed to come back; choose others before this one goes"),
                }));
            }
            Ok(match rows::release(db, did)? {
                true => Ok(()),
                false => Err(QnetError::NotFound("that person is no guardian of yours".into())),
            })
        })?
    }

    /// Those who are guardians no more are told, as far as they are there.
    pub(super) async fn tell_former(&self, comms: &Comms) {
        let this = self.clone();
        let former = blocking(move || this.read(rows::former)).await;
        let telling = former
            .unwrap_or_default()
            .into_iter()
            .map(|did| async move {
                if self.ask(comms, &did, &Ask::Forget).await.is_ok() {
                    let this = self.clone();
                    let told =
                        blocking(move || this.write(|db| rows::forget_former(db, &did))).await;
                    if let Err(error) = told {
                        tracing::warn!("that a guardian was told is not kept: {error}");
                    }
                }
            });
        join_all(telling).await;
    }

    async fn ask(&self, comms: &Comms, did: &Did, ask: &Ask) -> Result<Vec<u8>, Error> {
        let question = ask.encode();
        let asking = comms.request(did.clone(), PROTOCOL, &question);
        let answer = tokio::time::timeout(PATIENCE, asking).await;
        Ok(answer.unwrap_or(Err(Error::TimedOut))?.to_vec())
    }
}

/// What they are called; all have to be contacts to whom something may be sent. Blocks.
fn names(peers: &Peers, people: &[Did]) -> Result<Vec<String>, QnetError> {
    let mut names = Vec::with_capacity(people.len());
    for did in people {
        if did == peers.own().did() {
            return Err(bad("one is no guardian of oneself"));
        }
        let contact = peers.contacts().get(did).map_err(refused)?;
        let may = peers.contacts().may_send(did).map_err(refused)?;
        may.map_err(|bar| QnetError::Conflict {
            code: "barred",
            what: format!("{}: {bar}", contact.petname),
        })?;
        names.push(contact.petname);
    }
    Ok(names)
}

fn why(error: &Error) -> String {
    match error {
        Error::Refused(Refused::Failed(word)) => match word.as_str() {
            word::STRANGER => "you are no contact there".into(),
            word::CHANGED => "your safety number changed and is not accepted there yet".into(),
            word::FULL => "shares are kept for too many people there".into(),
            word::OLDER => {
                "a newer set of yours is kept there; see that this machine's clock is right".into()
            }
            _ => "the other node failed; try again later".into(),
        },
        Error::Refused(Refused::Unknown) => {
            "that node is too old to keep shares, or you are blocked there".into()
        }
        other => other.to_string(),
    }
}

fn bad(what: &str) -> QnetError {
    QnetError::BadInput {
        code: "bad-guardians",
        what: what.into(),
    }
}
