//! Blocks that are not here, from where they are.
use std::sync::Arc;

use bytes::Bytes;
use webx_content::{BLOCK_LEN, multihash_of_digest};
use webx_vault::{BlockStore as _, Durability};

use crate::{Drive, Error, Result, drive::Inner};

/// Where blocks come from that are missing or damaged here: other nodes, an archive.
pub trait Exchange: Send + Sync {
    /// The block with this BLAKE3-256 digest, or `None` where it is not to be had. May block. The drive checks the hash.
    fn fetch(&self, digest: &[u8; 32]) -> Option<Bytes>;
}

impl Drive {
    /// From now on blocks that are missing or damaged come from `exchange`, and are stored again. `None` ends that.
    pub fn set_exchange(&self, exchange: Option<Arc<dyn Exchange>>) {
        *self.0.exchange.lock() = exchange;
    }
}

impl Inner {
    /// A block of the tree, its hash checked.
    pub(crate) fn block(&self, digest: &[u8; 32]) -> Result<Bytes> {
        let lost = match self.blocks().get(&multihash_of_digest(digest)) {
            Ok(Some(block)) => return Ok(block),
            Ok(None) => Error::Damaged {
                path: String::new(),
                what: "a block is missing".into(),
            },
            Err(webx_vault::Error::Damaged(damage)) => webx_vault::Error::Damaged(damage).into(),
            Err(error) => return Err(error.into()),
        };
        let exchange = self.exchange.lock().clone();
        match exchange.and_then(|exchange| self.fetched(digest, exchange.as_ref())) {
            Some(block) => Ok(block),
            None => Err(lost),
        }
    }

    /// A block from elsewhere. It is stored here if the disk takes it; if not, it is fetched again another time.
    pub(crate) fn fetched(&self, digest: &[u8; 32], exchange: &dyn Exchange) -> Option<Bytes> {
        let block = exchange.fetch(digest)?;
        if block.len() > BLOCK_LEN || blake3::hash(&block) != *digest {
            tracing::warn!("a block that came from elsewhere is another one; it was dropped");
            return None;
        }
        let one = [(multihash_of_digest(digest), block.clone())];
        if let Err(error) = self.blocks().put_many(&one, Durability::Buffered) {
            tracing::warn!(%error, "a block that came from elsewhere is not kept");
        }
        Some(block)
    }
}
