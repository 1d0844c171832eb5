//! Random samples of what hosts have said they keep.

use webx_identity::Did;
use webx_peers::fitness::Observation;

use super::{Copies, Inner, Live, Round, now};
use crate::{
    Error,
    ask::{Asking, Unanswered},
    host::sql,
    rows, slice,
    wire::MAX_PIECES,
};

impl Copies {
    /// Lets every host that answers show a random sample of what it has said it keeps.
    pub(super) async fn audit(
        &self,
        hosts: &mut Vec<Live>,
        round: &mut Round,
    ) -> Result<(), Error> {
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
}

impl Inner {
    /// Random pieces of random blocks that a host has said it keeps: digest, length of the block, number of the piece.
    fn sample(&self, did: &Did, most: usize) -> Result<Vec<([u8; 32], u64, u32)>, Error> {
        let mut pieces = Vec::new();
        for _ in 0..most {
            let mut from = [0; 32];
            random(&mut from)?;
            let found = self.read(|db| {
                let behind = rows::at_host(db, did, &from, 1, false)?;
                // Behind the last one it begins again.
                if behind.is_empty() {
                    rows::at_host(db, did, &[], 1, false)
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
        let failed = self.vault.db().write(|tx| -> Result<bool, Error> {
            rows::audited(tx, did, proved, lost.len() as u64, now()).map_err(sql)?;
            rows::gone(tx, did, lost).map_err(sql)?;
            let hosts = rows::hosts(tx).map_err(sql)?;
            let host = hosts.into_iter().find(|host| host.did == *did);
            Ok(host.is_some_and(|host| self.has_failed(&host, now())))
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
        Ok(failed)
    }
}

fn random(out: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(out)
        .map_err(|_| webx_vault::Error::Crypto("no randomness from the system").into())
}
