//! A drive brought back from its copies.

use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use webx_drive::{Adopted, Exchange};
use webx_identity::Did;

use crate::{Copies, Error, ask::Asking, host::sql, owner::now, rows};

/// Blocks that are not here, from the hosts that have them.
struct FromHosts {
    copies: Copies,
    runtime: Handle,
    /// Asked when nothing says who has a block.
    all: Vec<Did>,
}

impl Exchange for FromHosts {
    fn fetch(&self, digest: &[u8; 32]) -> Option<Bytes> {
        let said = self.copies.0.read(|db| rows::at(db, digest)).ok()?;
        let mut hosts: Vec<Did> = said.iter().filter_map(|did| did.parse().ok()).collect();
        for did in &self.all {
            if !hosts.contains(did) {
                hosts.push(did.clone());
            }
        }
        for did in &hosts {
            let asking = Asking {
                comms: &self.copies.0.comms,
                did,
            };
            if let Ok(Some(block)) = self.runtime.block_on(asking.give(digest))
                && blake3::hash(&block) == *digest
            {
                return Some(block);
            }
        }
        None
    }
}

impl Copies {
    /// From now on the drive takes blocks that are lost here from the hosts. To be called from inside a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn heal(&self) -> Result<(), Error> {
        let all = self.0.read(rows::hosts)?;
        self.exchange(all.into_iter().map(|host| host.did).collect());
        Ok(())
    }

    fn exchange(&self, all: Vec<Did>) -> Arc<FromHosts> {
        let exchange = Arc::new(FromHosts {
            copies: self.clone(),
            runtime: Handle::current(),
            all,
        });
        self.0.drive.set_exchange(Some(exchange.clone()));
        exchange
    }

    /// Makes the drive, which must be empty, the newest one that contacts keep copies of. The tree is there when this
    /// returns; the bytes of files come when they are read, or by [`Copies::fetch_all`].
    ///
    /// # Errors
    /// [`Error::NoCopy`] when no contact that was reached has a head that opens; [`Error::Drive`].
    pub async fn restore(&self) -> Result<Adopted, Error> {
        let contacts = self
            .blocking(|inner| Ok(inner.peers.contacts().list(0, 1000)?))
            .await?;
        let mut newest: Option<([u8; 32], time::OffsetDateTime)> = None;
        let mut hosts = Vec::new();
        for contact in contacts {
            let asking = Asking {
                comms: &self.0.comms,
                did: &contact.did,
            };
            let (Ok((granted, used)), Ok(heads)) = (asking.terms().await, asking.heads().await)
            else {
                continue;
            };
            let drive = self.0.drive.clone();
            let opened = self
                .blocking(move |_| {
                    // What does not open is of another drive, or the host's invention.
                    Ok(heads
                        .iter()
                        .filter_map(|head| drive.open_head(head).ok())
                        .max_by_key(|(_, at)| *at))
                })
                .await?;
            let Some(head) = opened else { continue };
            if newest.is_none_or(|(_, at)| at < head.1) {
                newest = Some(head);
            }
            hosts.push((contact.did, granted, used));
        }
        let (root, _) = newest.ok_or(Error::NoCopy)?;
        let dids = hosts.iter().map(|(did, ..)| did.clone()).collect();
        let exchange = self.exchange(dids);
        self.blocking(move |inner| {
            inner.vault.db().write(|tx| -> Result<(), Error> {
                for (did, granted, used) in &hosts {
                    rows::heard(tx, did, *granted, *used, now()).map_err(sql)?;
                }
                Ok(())
            })?;
            Ok(inner.drive.adopt(&root, exchange.as_ref())?)
        })
        .await
    }

    /// Goes on bringing what is missing, if anybody keeps copies: a restoration may have been cut off. Ends with `stop`.
    pub async fn resume(self, stop: CancellationToken) {
        let has_hosts = self.blocking(|inner| Ok(!inner.read(rows::hosts)?.is_empty()));
        if !has_hosts.await.unwrap_or(false) {
            return;
        }
        match self.fetch_all(move |_, _| !stop.is_cancelled()).await {
            Ok((0, 0)) | Err(Error::Drive(webx_drive::Error::Stopped)) => {}
            Ok((came, missing)) => {
                tracing::info!(came, missing, "brought blocks back from the copies");
            }
            Err(error) => tracing::warn!(%error, "bringing blocks back broke off"),
        }
    }

    /// Brings all blocks here that are missing. Says how many came, and how many are nowhere.
    ///
    /// # Errors
    /// [`Error::Drive`].
    pub async fn fetch_all(
        &self,
        go_on: impl FnMut(u64, u64) -> bool + Send + 'static,
    ) -> Result<(u64, u64), Error> {
        self.blocking(move |inner| Ok(inner.drive.fetch_missing(go_on)?))
            .await
    }
}
