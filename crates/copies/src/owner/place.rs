//! Bringing blocks to as many hosts as they should lie on, and giving up what is not needed.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use webx_identity::Did;

use super::{AT_ONCE, Copies, Live, Round, SLICE};
use crate::{
    Error,
    ask::{Asking, Unanswered},
    host::sql,
    rows,
    wire::{BATCH_BYTES, MAX_BLOCKS, MAX_DIGESTS},
};

impl Copies {
    /// Brings every block to as many hosts as it should lie on.
    pub(super) async fn place(&self, hosts: &mut [Live], round: &mut Round) -> Result<(), Error> {
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

    pub(super) async fn tell_head(&self, hosts: &mut [Live], head: &Bytes) -> Result<(), Error> {
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
    pub(super) async fn drop_rest(&self, hosts: &[Live], round: &mut Round) -> Result<(), Error> {
        for host in hosts.iter().filter(|host| host.reached) {
            let mut after = Vec::new();
            loop {
                let did = host.did.clone();
                let (next, unneeded) = self
                    .blocking(move |inner| {
                        let slice =
                            inner.read(|db| rows::at_host(db, &did, &after, SLICE, true))?;
                        let next = slice.last().map(|(digest, _)| digest.to_vec());
                        let mut unneeded = Vec::new();
                        for (digest, _) in slice {
                            if !inner.drive.needs_block(&digest)? {
                                unneeded.push(digest);
                            }
                        }
                        // Written down first: a crash in between must not leave rows of what the host has given up.
                        if !unneeded.is_empty() {
                            let db = inner.vault.db();
                            db.write(|tx| rows::going(tx, &did, &unneeded).map_err(sql))?;
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
