//! A drive in a temporary folder, with a clock that the test moves.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::{
    io::Read,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use time::OffsetDateTime;
use webx_drive::{Drive, FileMeta, ListQuery, Node, NodeId, OnConflict, VersionId};
use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32, Unlock, Vault};

pub const ROOT: NodeId = NodeId::ROOT;

pub struct World {
    pub folder: tempfile::TempDir,
    pub data: Option<DataDir>,
    pub vault: Vault,
    pub drive: Drive,
    clock: Arc<AtomicI64>,
    root_key: [u8; 32],
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple").unwrap()
}

fn open(vault: &Vault, root_key: [u8; 32], clock: &Arc<AtomicI64>) -> Drive {
    let clock = Arc::clone(clock);
    Drive::open(vault.clone(), Secret32::new(root_key), move || {
        at(clock.load(Ordering::Relaxed))
    })
    .unwrap()
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

impl World {
    pub fn new() -> World {
        World::with_root_key([9; 32])
    }

    pub fn with_root_key(root_key: [u8; 32]) -> World {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let recovery_key = Secret32::new([1; 32]);
        let new = NewVault {
            passphrase: &passphrase(),
            recovery_key: &recovery_key,
            kdf: KdfCost::insecure_for_tests(),
        };
        let vault = data.create(new).unwrap();
        let clock = Arc::new(AtomicI64::new(1_700_000_000));
        let drive = open(&vault, root_key, &clock);
        World {
            folder,
            data: Some(data),
            vault,
            drive,
            clock,
            root_key,
        }
    }

    /// Locks and opens again, as a restart does.
    pub fn reopen(mut self) -> World {
        self.close();
        self.open_again()
    }

    /// Locks; files may be touched until [`World::open_again`].
    pub fn close(&mut self) {
        self.drive.close();
        self.vault.lock();
    }

    pub fn open_again(mut self) -> World {
        let id = self.vault.id();
        let data = self.data.as_ref().unwrap();
        self.vault = data
            .locked(id)
            .unwrap()
            .unlock(Unlock::Passphrase(&passphrase()))
            .unwrap();
        self.drive = open(&self.vault, self.root_key, &self.clock);
        self
    }

    /// A second passes; returns the time before it.
    pub fn tick(&self) -> OffsetDateTime {
        at(self.clock.fetch_add(1, Ordering::Relaxed))
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    pub fn now(&self) -> OffsetDateTime {
        at(self.clock.load(Ordering::Relaxed))
    }

    pub fn put(&self, parent: NodeId, name: &str, bytes: &[u8]) -> Node {
        self.tick();
        self.drive
            .write_file(
                parent,
                name,
                FileMeta::default(),
                OnConflict::NewVersion,
                bytes,
            )
            .unwrap()
    }

    pub fn mkdir(&self, parent: NodeId, name: &str) -> Node {
        self.tick();
        self.drive
            .create_folder(parent, name, OnConflict::Fail)
            .unwrap()
    }

    pub fn get(&self, id: NodeId) -> Vec<u8> {
        self.get_version(id, None)
    }

    pub fn get_version(&self, id: NodeId, version: Option<VersionId>) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.drive
            .open_file(id, version)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        bytes
    }

    pub fn names(&self, folder: NodeId) -> Vec<String> {
        self.names_with(folder, ListQuery::default())
    }

    pub fn names_with(&self, folder: NodeId, query: ListQuery) -> Vec<String> {
        let page = self.drive.list(folder, &query).unwrap();
        page.items.into_iter().map(|node| node.name).collect()
    }

    pub fn packs(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ext| ext == "pack") {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

/// Bytes that look random but are the same for the same seed.
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(len);
    out
}
