//! Does what is due while QNet runs: a few things at a time, again after a while when the other side was not there, and at
//! once when it is met.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use webx_comms::Comms;
use webx_identity::Did;

use super::fetch::Outcome;
use super::rows::{self, State, Transfer};
use super::{Transfers, blocking};

/// Offers and fetches under way at the same time; of one person a part of them.
const AT_ONCE: usize = 8;
const OF_ONE: usize = 2;
/// The first try is repeated after this long, then after twice as long each time, up to the last.
const FIRST: Duration = Duration::from_secs(2);
const LAST: Duration = Duration::from_secs(1800);
/// Somebody who is met is not asked again before this long how an offer stands.
const ASKED: Duration = Duration::from_secs(600);
/// How often screens hear how much has moved.
const TICK: Duration = Duration::from_secs(1);

/// When something is tried next.
struct Try {
    did: Did,
    failed: u32,
    ended: Instant,
    /// `None`: when the other side is met.
    next: Option<Instant>,
    runs: bool,
}

impl Try {
    fn new(one: &Transfer, now: Instant) -> Self {
        Self {
            did: one.did.clone(),
            failed: 0,
            ended: now,
            // How an offer of an earlier day stands is asked when its person is met.
            next: (one.state != State::Offered).then_some(now),
            runs: false,
        }
    }

    fn ended(&mut self, outcome: Outcome, now: Instant) {
        self.runs = false;
        self.ended = now;
        self.next = match outcome {
            Outcome::Settled => {
                self.failed = 0;
                None
            }
            Outcome::Later => {
                let wait = FIRST
                    .saturating_mul(2_u32.saturating_pow(self.failed))
                    .min(LAST);
                self.failed = self.failed.saturating_add(1);
                Some(now + wait)
            }
        };
    }

    fn met(&mut self) {
        let pause = match self.next {
            Some(_) => FIRST,
            None => ASKED,
        };
        let at = self.ended + pause;
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}

impl Transfers {
    /// Works until `stop`; what is under way then goes on the next time.
    pub(in super::super) async fn work(self, comms: Comms, stop: CancellationToken) {
        let mut met = comms.met();
        let mut tries: HashMap<i64, Try> = HashMap::new();
        let mut under_way: JoinSet<(i64, Outcome)> = JoinSet::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let this = self.clone();
            let pending = blocking(move || this.read(rows::pending)).await;
            // A home that was locked is left in a moment; a database that failed once may answer later.
            let pending = pending.unwrap_or_default();
            let now = Instant::now();
            let ids: HashSet<i64> = pending.iter().map(|one| one.id).collect();
            tries.retain(|id, one| one.runs || ids.contains(id));
            for id in self.0.hurry.lock().drain() {
                if let Some(one) = tries.get_mut(&id) {
                    one.next = Some(now);
                }
            }
            for one in pending {
                let of_one = tries
                    .values()
                    .filter(|t| t.runs && t.did == one.did)
                    .count();
                let due = tries.entry(one.id).or_insert_with(|| Try::new(&one, now));
                let is_due = due.next.is_some_and(|next| next <= now);
                if due.runs || !is_due || of_one >= OF_ONE || under_way.len() >= AT_ONCE {
                    continue;
                }
                due.runs = true;
                let (this, comms) = (self.clone(), comms.clone());
                under_way.spawn(async move {
                    let id = one.id;
                    let outcome = match one.incoming {
                        true => this.fetch(comms, one).await,
                        false => this.offer(comms, one).await,
                    };
                    (id, outcome)
                });
            }
            // What is due already waits for a place.
            let next = tries
                .values()
                .filter(|one| !one.runs)
                .filter_map(|one| one.next);
            let next = next.filter(|next| *next > now).min();
            let due = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.0.wake.notified() => {}
                () = due => {}
                Some(ended) = under_way.join_next() => {
                    if let Ok((id, outcome)) = ended
                        && let Some(one) = tries.get_mut(&id)
                    {
                        one.ended(outcome, Instant::now());
                    }
                }
                news = met.recv() => match news {
                    Ok(news) => tries
                        .values_mut()
                        .filter(|one| one.did == news.peer.did)
                        .for_each(Try::met),
                    Err(RecvError::Lagged(_)) => tries.values_mut().for_each(Try::met),
                    Err(RecvError::Closed) => break,
                },
                _ = tick.tick(), if self.moves() => self.tell_progress(),
            }
        }
        // What is sent right now does not hold up the end of this node.
        for active in self.0.active.lock().values() {
            active.stop.cancel();
        }
        under_way.shutdown().await;
    }

    fn tell_progress(&self) {
        let change = webx_desktop::qnet::TransfersChange { did: None };
        let change = webx_desktop::qnet::QnetChange::Transfers(change);
        let _ = self.0.changes.send(change);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_try_that_fails_is_repeated_ever_later_and_sooner_when_the_other_side_is_met() {
        let start = Instant::now();
        let mut one = Try {
            did: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
                .parse()
                .unwrap(),
            failed: 0,
            ended: start,
            next: Some(start),
            runs: true,
        };
        let mut waits = Vec::new();
        for _ in 0..40 {
            one.ended(Outcome::Later, start);
            waits.push((one.next.unwrap() - start).as_secs());
        }
        assert_eq!(waits[..4], [2, 4, 8, 16]);
        assert_eq!(waits.last(), Some(&1800));
        one.met();
        assert_eq!(one.next, Some(start + FIRST));
        one.ended(Outcome::Settled, start);
        assert_eq!(one.next, None);
        one.met();
        assert_eq!(one.next, Some(start + ASKED));
    }
}
