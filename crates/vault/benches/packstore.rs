//! `cargo bench -p webx-vault`: the block store on the disk of this machine.
#![allow(clippy::unwrap_used, missing_docs)]

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use tempfile::TempDir;
use webx_vault::{
    BlockStore, DataDir, Durability, KdfCost, Mh, NewVault, Passphrase, Secret32, Vault,
};

fn main() {
    divan::main();
}

fn vault() -> (TempDir, Vault) {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open(dir.path()).unwrap();
    let vault = data
        .create(NewVault {
            passphrase: &Passphrase::new("only a benchmark").unwrap(),
            recovery_key: &Secret32::new([1; 32]),
            kdf: KdfCost::insecure_for_tests(),
        })
        .unwrap();
    (dir, vault)
}

/// `count` blocks that no other call gives.
fn blocks(count: usize, size: usize) -> Vec<(Mh, Bytes)> {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    (0..count)
        .map(|_| {
            let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let mut bytes = vec![0; size];
            blake3::Hasher::new()
                .update(&number.to_le_bytes())
                .finalize_xof()
                .fill(&mut bytes);
            let mh = Mh::wrap(0x1e, blake3::hash(&bytes).as_bytes()).unwrap();
            (mh, Bytes::from(bytes))
        })
        .collect()
}

/// 16 MiB a batch, fsynced.
#[divan::bench(name = "packstore::put", args = [4096, 65536, 1048576], sample_count = 10)]
fn put(bencher: Bencher<'_, '_>, size: usize) {
    let (_dir, vault) = vault();
    bencher
        .counter(BytesCount::new(16_usize << 20))
        .with_inputs(|| blocks((16 << 20) / size, size))
        .bench_local_values(|some| vault.blocks().put_many(&some, Durability::Fsync).unwrap());
}

#[divan::bench(name = "packstore::get", args = [4096, 65536, 1048576], sample_count = 10)]
fn get(bencher: Bencher<'_, '_>, size: usize) {
    let (_dir, vault) = vault();
    let all = blocks((16 << 20) / size, size);
    vault.blocks().put_many(&all, Durability::Fsync).unwrap();
    bencher
        .counter(BytesCount::new(16_usize << 20))
        .bench_local(|| {
            for (mh, _) in &all {
                divan::black_box(vault.blocks().get(mh).unwrap());
            }
        });
}

/// One small block, fsynced, beside so many others.
#[divan::bench(name = "packstore::put_one/present", args = [0, 100_000, 1_000_000], sample_count = 50)]
fn put_one(bencher: Bencher<'_, '_>, present: usize) {
    let (_dir, vault) = vault();
    for _ in 0..present / 10_000 {
        vault
            .blocks()
            .put_many(&blocks(10_000, 100), Durability::Buffered)
            .unwrap();
    }
    vault.blocks().checkpoint().unwrap();
    // Let the disk come to rest, so that the fill is not measured.
    let _ = std::process::Command::new("sync").status();
    bencher
        .with_inputs(|| blocks(1, 4096))
        .bench_local_values(|one| vault.blocks().put_many(&one, Durability::Fsync).unwrap());
}

#[divan::bench(name = "db::write/fsync", sample_count = 50)]
fn write(bencher: Bencher<'_, '_>) {
    let (_dir, vault) = vault();
    let db = vault.db();
    db.migrate("bench", &["CREATE TABLE t (x INTEGER)"])
        .unwrap();
    bencher.bench_local(|| {
        db.write(|tx| {
            tx.execute("INSERT INTO t VALUES (1)", [])?;
            Ok::<_, webx_vault::Error>(())
        })
        .unwrap();
    });
}
