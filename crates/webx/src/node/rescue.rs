//! A fresh node asks guardians for the shares of a person who has lost everything: each by the code that he shows.

use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use time::OffsetDateTime;
use webx_identity::slip39::Share;
use webx_identity::{Did, DidLog, RecoveryWords};
use webx_links::{Config, IrohTransport};
use webx_overlay::NodeId;
use webx_overlay::record::PeerRecord;
use webx_overlay::transport::{Exposure, LinkError, Transport as _};
use webx_peers::pairing::{self, Joining, PairingCode, PairingError, Purpose, Returned};
use zeroize::Zeroizing;

use super::network::recovery_limits;
use crate::failure::Failure;

/// How long a dial may take.
const DIAL: Duration = Duration::from_secs(20);
/// How long a guardian may take to decide. His node ends it before.
const DECIDES: Duration = Duration::from_secs(660);

/// A guardian who was met and whose person has not decided yet.
pub(crate) struct Met {
    joining: Joining,
    transport: Arc<IrohTransport>,
    node: PeerRecord,
}

/// What guardians gave: shares, whose they are, the newest log that one of them has seen, and where they are.
#[derive(Default)]
pub(crate) struct Gathered {
    did: Option<Did>,
    log: Option<DidLog>,
    shares: Vec<Share>,
    nodes: Vec<PeerRecord>,
}

/// Meets the guardian of a code. The digits of [`Met::digits`] are to be compared with him.
pub(crate) async fn meet(code: &str, device_name: &str) -> Result<Met, Failure> {
    let code: PairingCode = code
        .trim()
        .parse()
        .ok()
        .filter(|code: &PairingCode| code.purpose() == Purpose::Recovery)
        .ok_or_else(|| {
            Failure::refused(
                "bad-code",
                "this is not a guardian's code, or a part of it is missing",
            )
            .todo("ask the guardian for a new one: webx id guardians approve")
        })?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    if u64::try_from(now).unwrap_or_default() >= code.expires().0 {
        return Err(Failure::refused("expired", "this code has expired")
            .todo("ask the guardian for a new one"));
    }
    let key = {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|error| {
            Failure::refused("failed", format!("the system gives no randomness: {error}"))
        })?;
        SigningKey::from_bytes(&bytes)
    };
    let hints = code.node().hints();
    let near = hints.relays.is_empty()
        && hints
            .direct
            .iter()
            .all(|address| address.ip().is_loopback());
    // The person has just named the node to dial: it may be anywhere.
    let config = if near {
        Config::loopback()
    } else {
        Config::any(0)
    };
    let transport = IrohTransport::bind(config.with(recovery_limits()), &key)
        .await
        .map_err(|error| Failure::refused("no-network", error.to_string()))?;
    let own = NodeId(key.verifying_key().to_bytes());
    let met = async {
        let alpn = Purpose::Recovery.alpn();
        let dial = transport.dial(code.node().id, &hints, Exposure::Direct, alpn);
        let connection = tokio::time::timeout(DIAL, dial)
            .await
            .map_err(|_| LinkError::Unreachable(code.node().id))??;
        pairing::join(connection, own, &code, device_name).await
    };
    match met.await {
        Ok(joining) => Ok(Met {
            joining,
            transport,
            node: code.node().clone(),
        }),
        Err(error) => {
            transport.close().await;
            Err(problem(&error))
        }
    }
}

impl Met {
    /// What the guardian sees, too.
    pub(crate) fn digits(&self) -> String {
        self.joining.digits().to_string()
    }

    /// Waits for the guardian's person.
    pub(crate) async fn wait(mut self) -> Result<(Returned, PeerRecord), Failure> {
        let receiving = self.joining.receive_shares(OffsetDateTime::now_utc);
        let received = tokio::time::timeout(DECIDES, receiving).await;
        let received = received.unwrap_or(Err(PairingError::TimedOut));
        if received.is_ok()
            && let Err(error) = self.joining.done().await
        {
            tracing::debug!("a guardian did not hear that his share has come: {error}");
        }
        self.transport.close().await;
        let returned = received.map_err(|error| problem(&error))?;
        Ok((returned, self.node))
    }
}

impl Gathered {
    /// Adds what a guardian gave. All have to keep shares of one person, whose logs are one history.
    pub(crate) fn add(&mut self, returned: &Returned, node: PeerRecord) -> Result<(), Failure> {
        let refused = |what: &str| Failure::refused("bad-guardian", what);
        let did = returned.did().map_err(|error| problem(&error))?;
        let log = returned.log().map_err(|error| problem(&error))?;
        if self.did.as_ref().is_some_and(|known| *known != did) {
            return Err(refused("these guardians keep shares of different people"));
        }
        let longer = match &self.log {
            None => true,
            Some(known) if log.as_str().starts_with(known.as_str()) => true,
            Some(known) if known.as_str().starts_with(log.as_str()) => false,
            Some(_) => {
                return Err(refused(
                    "these guardians have seen two histories of this identity; somebody has changed it in two places",
                ));
            }
        };
        for share in returned.shares() {
            let share: Share = share
                .as_str()
                .parse()
                .map_err(|_| refused("a share is malformed"))?;
            self.shares.push(share);
        }
        if longer {
            self.log = Some(log);
        }
        self.did = Some(did);
        self.nodes.push(node);
        Ok(())
    }

    /// Adds shares that came on paper or as files.
    pub(crate) fn add_shares(&mut self, shares: Vec<Share>) {
        self.shares.extend(shares);
    }

    /// The words, from whichever set there are enough shares of; and the newest log. A guardian keeps shares of two sets while a new
    /// one is handed out.
    pub(crate) fn finish(
        self,
    ) -> Result<(RecoveryWords, Option<DidLog>, Vec<PeerRecord>), Failure> {
        let mut sets: Vec<(u16, Vec<Share>)> = Vec::new();
        for share in self.shares {
            let same = |one: &Share| one.text().as_str() == share.text().as_str();
            match sets.iter_mut().find(|(id, _)| *id == share.identifier()) {
                Some((_, shares)) if shares.iter().any(same) => {}
                Some((_, shares)) => shares.push(share),
                None => sets.push((share.identifier(), vec![share])),
            }
        }
        sets.sort_by_key(|(_, shares)| std::cmp::Reverse(shares.len()));
        let mut why = None;
        for (_, shares) in &sets {
            match RecoveryWords::from_shares(shares) {
                Ok(words) => return self_check(words, self.did, self.log, self.nodes),
                Err(error) => {
                    why.get_or_insert(error);
                }
            }
        }
        let why = why.unwrap_or(webx_identity::slip39::ShareError::Nothing);
        Err(Failure::refused("wrong-shares", why.to_string()))
    }
}

/// The words have to be those of the person whose shares the guardians said they keep.
fn self_check(
    words: RecoveryWords,
    did: Option<Did>,
    log: Option<DidLog>,
    nodes: Vec<PeerRecord>,
) -> Result<(RecoveryWords, Option<DidLog>, Vec<PeerRecord>), Failure> {
    let born = webx_identity::Identity::create(&words.seed(), OffsetDateTime::now_utc())
        .map_err(|error| Failure::refused("failed", error.to_string()))?;
    if did.is_some_and(|did| did != born.did) {
        return Err(Failure::refused(
            "bad-guardian",
            "the words that these shares give are not those of the person whom the guardians named",
        ));
    }
    Ok((words, log, nodes))
}

fn problem(error: &PairingError) -> Failure {
    let code = match error {
        PairingError::NotOpen => "not-open",
        PairingError::Busy => "busy",
        PairingError::WrongSecret => "wrong-secret",
        PairingError::Package(_) => "bad-guardian",
        PairingError::Link(LinkError::Unreachable(_)) => {
            return Failure::refused("unreachable", "the guardian's node does not answer")
                .todo("see that it is on, unlocked and in a network that this machine reaches");
        }
        PairingError::Link(_) | PairingError::Ended(_) | PairingError::TimedOut => "unreachable",
        PairingError::Refused(pairing::Cause::Declined) => "declined",
        PairingError::Refused(pairing::Cause::Expired) => "expired",
        _ => "failed",
    };
    Failure::refused(code, error.to_string())
}
