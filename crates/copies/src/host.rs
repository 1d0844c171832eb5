//! Keeping blocks for others: what was agreed, and not a byte more. Blocks the thread.

use bytes::Bytes;
use serde_bytes::ByteBuf;
use webx_comms::Peer;
use webx_content::multihash_of_digest;
use webx_identity::Did;
use webx_vault::{BlockStore as _, Durability, Vault, kept};

use crate::{
    Error, rows, slice,
    wire::{Answer, Ask, MAX_HEADS},
};

/// Not heard for this long, in seconds, an owner has given up what is kept for him: 90 days.
const LEASE: i64 = 90 * 24 * 3600;

/// The part of a node that keeps blocks for others.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) vault: Vault,
}

impl Host {
    /// Answers a question of somebody who has proved himself and is a contact.
    pub(crate) fn answer(&self, peer: &Peer, ask: Ask, now: i64) -> Result<Answer, Error> {
        let did = &peer.did;
        match ask {
            Ask::Terms => self.terms(did, now),
            Ask::Keep(blocks) => self.keep(did, blocks),
            Ask::Have(digests) => self.read(|db| {
                let mut have = Vec::with_capacity(digests.len());
                for digest in &digests {
                    have.push(u8::from(rows::is_held(db, did, digest)?.is_some()));
                }
                Ok(Answer::Have(ByteBuf::from(have)))
            }),
            Ask::Give(digest) => Ok(Answer::Block(
                self.block(did, &digest)?
                    .map(|block| ByteBuf::from(block.to_vec())),
            )),
            Ask::Prove(pieces) => {
                let mut slices = Vec::with_capacity(pieces.len());
                for (digest, piece) in &pieces {
                    let block = self.block(did, digest)?;
                    let shown = block.and_then(|block| slice::prove(&block, *piece));
                    slices.push(ByteBuf::from(shown.unwrap_or_default()));
                }
                Ok(Answer::Slices(slices))
            }
            Ask::Drop(digests) => {
                let owner = rows::keeper(did);
                self.vault.db().write(|tx| -> Result<(), Error> {
                    for digest in &digests {
                        if rows::let_go(tx, did, digest).map_err(sql)? {
                            kept::give_up(tx, &owner, digest)?;
                        }
                    }
                    Ok(())
                })?;
                Ok(Answer::Done)
            }
            Ask::SetHead(head) => {
                let stored = self.vault.db().write(|tx| -> Result<bool, Error> {
                    // A head is kept for whom something is kept.
                    let given = rows::given(tx, did).map_err(sql)?;
                    if given.is_none_or(|(bytes, _)| bytes == 0) {
                        return Ok(false);
                    }
                    rows::set_head(tx, did, peer.node, &head, now, MAX_HEADS).map_err(sql)?;
                    Ok(true)
                })?;
                Ok(if stored { Answer::Done } else { Answer::Full })
            }
            Ask::Heads => self.read(|db| {
                let heads = rows::heads(db, did)?;
                Ok(Answer::Heads(
                    heads.into_iter().map(ByteBuf::from).collect(),
                ))
            }),
        }
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&webx_vault::rusqlite::Connection) -> webx_vault::rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.vault.db().read(|db| work(db).map_err(sql))
    }

    fn terms(&self, did: &Did, now: i64) -> Result<Answer, Error> {
        let given = self.read(|db| rows::given(db, did))?;
        let Some((bytes, used)) = given else {
            return Ok(Answer::Terms(0, 0));
        };
        self.vault
            .db()
            .write(|tx| rows::renew(tx, did, now).map_err(sql))?;
        Ok(Answer::Terms(bytes, used))
    }

    /// A block that is kept for this owner, and for no other's asking.
    fn block(&self, did: &Did, digest: &[u8; 32]) -> Result<Option<Bytes>, Error> {
        if self.read(|db| rows::is_held(db, did, digest))?.is_none() {
            return Ok(None);
        }
        // What is damaged here is lost for the owner: he will hear that it cannot be shown.
        Ok(self
            .vault
            .blocks()
            .get(&multihash_of_digest(digest))
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "a block that is kept for a contact cannot be read");
                None
            }))
    }

    fn keep(&self, did: &Did, blocks: Vec<ByteBuf>) -> Result<Answer, Error> {
        let blocks: Vec<([u8; 32], Bytes)> = blocks
            .into_iter()
            .map(|block| {
                let block = Bytes::from(block.into_vec());
                (*blake3::hash(&block).as_bytes(), block)
            })
            .collect();
        // Asked before anything is stored, and again in the transaction: others of the same owner may come at once.
        if !self.read(|db| fits(db, did, &blocks))? {
            return Ok(Answer::Full);
        }
        let hold = self.vault.blocks().hold()?;
        let put: Vec<_> = blocks
            .iter()
            .map(|(digest, block)| (multihash_of_digest(digest), block.clone()))
            .collect();
        match self.vault.blocks().put_many(&put, Durability::Fsync) {
            Err(webx_vault::Error::DiskFull { .. }) => return Ok(Answer::Full),
            done => done?,
        }
        let owner = rows::keeper(did);
        let kept = self.vault.db().write(|tx| -> Result<bool, Error> {
            if !fits(tx, did, &blocks).map_err(sql)? {
                return Ok(false);
            }
            for (digest, block) in &blocks {
                rows::hold(tx, did, digest, block.len() as u64).map_err(sql)?;
            }
            kept::keep(tx, &owner, blocks.iter().map(|(digest, _)| digest))?;
            Ok(true)
        })?;
        drop(hold);
        Ok(if kept { Answer::Done } else { Answer::Full })
    }

    /// Gives up what is kept for those whose lease has run out, or to whom nothing is given any more.
    pub(crate) fn sweep(&self, now: i64) -> Result<(), Error> {
        for did in self.read(|db| rows::lapsed(db, now - LEASE))? {
            tracing::info!(
                "a contact's copies are given up: nothing is agreed, or the lease has run out"
            );
            self.vault.db().write(|tx| -> Result<(), Error> {
                rows::let_all_go(tx, &did).map_err(sql)?;
                kept::release(tx, &rows::keeper(&did))?;
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// Whether these blocks fit what is agreed with their owner.
fn fits(
    db: &webx_vault::rusqlite::Connection,
    did: &Did,
    blocks: &[([u8; 32], Bytes)],
) -> webx_vault::rusqlite::Result<bool> {
    let Some((bytes, used)) = rows::given(db, did)? else {
        return Ok(false);
    };
    let mut new = 0_u64;
    for (digest, block) in blocks {
        if rows::is_held(db, did, digest)?.is_none() {
            new += block.len() as u64;
        }
    }
    Ok(used.saturating_add(new) <= bytes)
}

pub(crate) fn sql(error: webx_vault::rusqlite::Error) -> Error {
    webx_vault::Error::from(error).into()
}
