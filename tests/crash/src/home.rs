//! A vault with its drive.

use std::path::Path;

use anyhow::{Context, Result};
use time::OffsetDateTime;
use webx_drive::{Drive, NodeId, OnConflict};
use webx_services::EventLog;
use webx_vault::{DataDir, Secret32, Vault};

use crate::{
    model::{FOLDERS, Model},
    vault::open_vault,
};

/// An open store.
pub struct Home {
    /// Its vault.
    pub vault: Vault,
    /// Its drive.
    pub drive: Drive,
    /// Its event log.
    pub events: EventLog,
    _data: DataDir,
}

impl Home {
    /// Opens the store, making the vault when there is none.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open(path: &Path, model: &Model) -> Result<Self> {
        let (data, vault, events) = open_vault(path, model)?;
        let root_key = Secret32::new([9; 32]);
        let drive =
            Drive::open(vault.clone(), root_key, OffsetDateTime::now_utc).context("drive")?;
        Ok(Self {
            vault,
            drive,
            events,
            _data: data,
        })
    }

    /// The folders of a worker, made when they are not there.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn folders(&self, worker: usize) -> Result<Vec<NodeId>> {
        let folder = |number| {
            let name = folder_name(worker, number);
            Ok(self
                .drive
                .create_folder(NodeId::ROOT, &name, OnConflict::NewVersion)?
                .id)
        };
        (0..FOLDERS).map(folder).collect()
    }

    /// Ends as the product does.
    pub fn close(&self) {
        self.drive.close();
        self.vault.lock();
    }
}

/// The name of a worker's folder.
#[must_use]
pub fn folder_name(worker: usize, folder: u8) -> String {
    format!("worker {worker} folder {folder}")
}
