//! Asking a host.

use bytes::Bytes;
use serde_bytes::ByteBuf;
use webx_comms::{Comms, Error as CommsError};
use webx_identity::Did;

use crate::wire::{Answer, Ask, Digest, PROTOCOL};

/// Why a host gave no good answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// It was not reached, or is busy. It may be another time.
    Away,
    /// It answered with what is no answer to the question.
    Wrong,
}

/// A host that is asked.
#[derive(Clone)]
pub(crate) struct Asking<'a> {
    pub(crate) comms: &'a Comms,
    pub(crate) did: &'a Did,
}

impl Asking<'_> {
    async fn ask(&self, ask: &Ask) -> Result<Answer, Unanswered> {
        let question = ask.encode();
        let asked = self.comms.request(self.did.clone(), PROTOCOL, &question);
        match asked.await {
            Ok(answer) => match Answer::decode(&answer) {
                // It gives this person nothing now: he was blocked, or must be compared again.
                Some(Answer::Full) if !matches!(ask, Ask::Keep(_) | Ask::SetHead(_)) => {
                    Err(Unanswered::Away)
                }
                Some(answer) => Ok(answer),
                None => Err(Unanswered::Wrong),
            },
            Err(CommsError::Malformed(_)) => Err(Unanswered::Wrong),
            Err(error) => {
                tracing::debug!(%error, "a host of copies does not answer");
                Err(Unanswered::Away)
            }
        }
    }

    /// Bytes that it keeps for this person at most, and now.
    pub(crate) async fn terms(&self) -> Result<(u64, u64), Unanswered> {
        match self.ask(&Ask::Terms).await? {
            Answer::Terms(granted, used) => Ok((granted, used)),
            _ => Err(Unanswered::Wrong),
        }
    }

    /// Whether it has them on its disk now; `false` when they do not fit.
    pub(crate) async fn keep(&self, blocks: Vec<Bytes>) -> Result<bool, Unanswered> {
        let blocks = blocks.iter().map(|block| ByteBuf::from(block.to_vec()));
        match self.ask(&Ask::Keep(blocks.collect())).await? {
            Answer::Done => Ok(true),
            Answer::Full => Ok(false),
            _ => Err(Unanswered::Wrong),
        }
    }

    /// Which of these it has.
    pub(crate) async fn have(&self, digests: &[[u8; 32]]) -> Result<Vec<bool>, Unanswered> {
        match self.ask(&Ask::Have(names(digests))).await? {
            Answer::Have(have) if have.len() == digests.len() => {
                Ok(have.iter().map(|one| *one == 1).collect())
            }
            _ => Err(Unanswered::Wrong),
        }
    }

    /// A block. Its hash is not checked here.
    pub(crate) async fn give(&self, digest: &[u8; 32]) -> Result<Option<Bytes>, Unanswered> {
        match self.ask(&Ask::Give(Digest::new(*digest))).await? {
            Answer::Block(block) => Ok(block.map(|block| Bytes::from(block.into_vec()))),
            _ => Err(Unanswered::Wrong),
        }
    }

    /// The slices it shows, one for each; not checked here.
    pub(crate) async fn prove(
        &self,
        pieces: &[([u8; 32], u32)],
    ) -> Result<Vec<ByteBuf>, Unanswered> {
        let asked = pieces
            .iter()
            .map(|(digest, piece)| (Digest::new(*digest), *piece));
        match self.ask(&Ask::Prove(asked.collect())).await? {
            Answer::Slices(slices) if slices.len() == pieces.len() => Ok(slices),
            _ => Err(Unanswered::Wrong),
        }
    }

    pub(crate) async fn let_go(&self, digests: &[[u8; 32]]) -> Result<(), Unanswered> {
        match self.ask(&Ask::Drop(names(digests))).await? {
            Answer::Done => Ok(()),
            _ => Err(Unanswered::Wrong),
        }
    }

    /// Whether it keeps the head now.
    pub(crate) async fn set_head(&self, head: &[u8]) -> Result<bool, Unanswered> {
        match self
            .ask(&Ask::SetHead(ByteBuf::from(head.to_vec())))
            .await?
        {
            Answer::Done => Ok(true),
            Answer::Full => Ok(false),
            _ => Err(Unanswered::Wrong),
        }
    }

    pub(crate) async fn heads(&self) -> Result<Vec<ByteBuf>, Unanswered> {
        match self.ask(&Ask::Heads).await? {
            Answer::Heads(heads) => Ok(heads),
            _ => Err(Unanswered::Wrong),
        }
    }
}

fn names(digests: &[[u8; 32]]) -> Vec<Digest> {
    digests.iter().map(|digest| Digest::new(*digest)).collect()
}
