//! Tests of the block store on a disk that tears, lies and fills up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod crash;
mod damage;
mod sim;
mod store;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rand::{Rng, RngExt, SeedableRng, rngs::SmallRng};
use uuid::Uuid;

use super::{Mh, PackOptions, PackStore};
use crate::disk::Disk;
use crate::error::Result;

const VAULT: Uuid = Uuid::from_u128(7);

fn small() -> PackOptions {
    PackOptions {
        segment_bytes: 16 * 1024,
        free_floor: 0,
    }
}

fn open_on(disk: Arc<dyn Disk>) -> Result<PackStore> {
    PackStore::open_quiet(disk, Path::new("/vault"), VAULT, small())
}

fn block(bytes: Vec<u8>) -> (Mh, Bytes) {
    (
        Mh::wrap(0x1e, blake3::hash(&bytes).as_bytes()).unwrap(),
        Bytes::from(bytes),
    )
}

fn random_block(rng: &mut SmallRng, most: usize) -> (Mh, Bytes) {
    let mut bytes = vec![0; rng.random_range(0..most)];
    rng.fill_bytes(&mut bytes);
    block(bytes)
}

fn seeded(seed: u64) -> SmallRng {
    SmallRng::seed_from_u64(seed)
}

/// More seeds for a longer run: `WEBX_TEST_ROUNDS=5000`.
fn rounds(usual: u64) -> u64 {
    std::env::var("WEBX_TEST_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(usual)
}
