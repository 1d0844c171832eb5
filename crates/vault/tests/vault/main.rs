//! A vault from outside: ways in, delays, tampering, damage, canaries and sudden death.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod canary;
mod database;
mod kill;
mod slots;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use webx_vault::{
    DataDir, Error, KdfCost, Mh, NewVault, Options, PackOptions, Passphrase, Secret32, Vault,
};

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple").unwrap()
}

fn recovery() -> Secret32 {
    Secret32::new([3; 32])
}

fn options() -> Options {
    Options {
        packs: PackOptions {
            free_floor: 0,
            ..PackOptions::default()
        },
        ..Options::default()
    }
}

fn create(data: &DataDir) -> Vault {
    data.create(NewVault {
        passphrase: &passphrase(),
        recovery_key: &recovery(),
        kdf: KdfCost::insecure_for_tests(),
    })
    .unwrap()
}

fn block(bytes: &[u8]) -> (Mh, Bytes) {
    (
        Mh::wrap(0x1e, blake3::hash(bytes).as_bytes()).unwrap(),
        Bytes::copy_from_slice(bytes),
    )
}

fn write(vault: &Vault, sql: &str) {
    vault
        .db()
        .write(|tx| {
            tx.execute_batch(sql)?;
            Ok::<_, Error>(())
        })
        .unwrap();
}

fn count(vault: &Vault, sql: &str) -> i64 {
    vault
        .db()
        .read(|db| Ok::<_, Error>(db.query_row(sql, [], |row| row.get(0))?))
        .unwrap()
}

/// Every file below a folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}
