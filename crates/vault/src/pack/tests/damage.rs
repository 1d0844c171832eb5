//! Bits that rot.
use super::sim::{Faults, SimDisk};
use super::*;
use crate::error::Error;
use crate::pack::{BlockStore, Durability};

fn filled(seed: u64) -> (SimDisk, Vec<(Mh, Bytes)>) {
    let disk = SimDisk::new(seed);
    let store = open_on(Arc::new(disk.clone())).unwrap();
    let mut rng = seeded(seed);
    let blocks: Vec<_> = (0..60).map(|_| random_block(&mut rng, 2500)).collect();
    blocks
        .chunks(4)
        .for_each(|some| store.put_many(some, Durability::Fsync).unwrap());
    drop(store);
    (disk, blocks)
}

#[test]
fn a_damaged_block_is_named_and_the_others_stay_readable() {
    let (disk, blocks) = filled(1);
    let path = Path::new("/vault/packs/00000002.pack");
    disk.alter(path, |bytes| bytes[700] ^= 1);
    let store = open_on(Arc::new(disk)).unwrap();
    let mut bad = Vec::new();
    for (mh, bytes) in &blocks {
        match store.get(mh) {
            Ok(Some(got)) => assert_eq!(got, bytes),
            Err(Error::Damaged(damage)) => bad.push((*mh, damage)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0].1.file, path);
    let report = store.verify(|_| true).unwrap();
    assert_eq!(
        report.damaged.iter().map(|d| d.mh).collect::<Vec<_>>(),
        [bad[0].0]
    );
}

#[test]
fn putting_a_damaged_block_again_heals_it() {
    let (disk, blocks) = filled(2);
    disk.alter(Path::new("/vault/packs/00000001.pack"), |bytes| {
        bytes[400..600].fill(0);
    });
    let store = open_on(Arc::new(disk.clone())).unwrap();
    let broken: Vec<_> = blocks
        .iter()
        .filter(|(mh, _)| store.get(mh).is_err())
        .cloned()
        .collect();
    assert!(!broken.is_empty());
    store.put_many(&broken, Durability::Fsync).unwrap();
    drop(store);
    let store = open_on(Arc::new(disk)).unwrap();
    assert!(store.verify(|_| true).unwrap().damaged.is_empty());
}

#[test]
fn a_lost_or_rotten_index_is_rebuilt() {
    for seed in 0..rounds(60) {
        let (disk, blocks) = filled(seed);
        let path = Path::new("/vault/index.redb");
        let len = disk.len_of(path);
        let mut rng = seeded(seed);
        match seed % 4 {
            0 => disk.delete(path),
            1 => disk.alter(path, |bytes| bytes.truncate(len / 2)),
            2 => disk.alter(path, |bytes| bytes.fill(0)),
            _ => disk.alter(path, |bytes| {
                for _ in 0..20 {
                    let at = rng.random_range(0..bytes.len());
                    bytes[at] ^= 1 << rng.random_range(0..8);
                }
            }),
        }
        let store = open_on(Arc::new(disk.clone())).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        store
            .verify(|_| true)
            .unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        for (mh, bytes) in &blocks {
            assert_eq!(store.get(mh).unwrap().as_ref(), Some(bytes), "seed {seed}");
        }
        drop(store);
        let store = open_on(Arc::new(disk)).unwrap();
        assert_eq!(
            store.verify(|_| true).unwrap().blocks,
            store.stat().unwrap().blocks
        );
    }
}

#[test]
fn random_rot_anywhere_never_yields_wrong_bytes_or_a_panic() {
    for seed in 0..rounds(150) {
        let (disk, blocks) = filled(10_000 + seed);
        let mut rng = seeded(seed);
        let paths = disk.paths();
        for _ in 0..rng.random_range(1..6) {
            let path = &paths[rng.random_range(0..paths.len())];
            disk.alter(path, |bytes| {
                if bytes.is_empty() {
                    return;
                }
                let at = rng.random_range(0..bytes.len());
                match rng.random_range(0..3) {
                    0 => bytes[at] ^= 1 << rng.random_range(0..8),
                    1 => {
                        let to = (at + 600).min(bytes.len());
                        rng.fill_bytes(&mut bytes[at..to]);
                    }
                    _ => bytes.truncate(at),
                }
            });
        }
        let Ok(store) = open_on(Arc::new(disk)) else {
            panic!("seed {seed}: the store did not open")
        };
        let mut readable = 0;
        for (mh, bytes) in &blocks {
            match store.get(mh) {
                Ok(Some(got)) => {
                    assert_eq!(got, bytes, "seed {seed}");
                    readable += 1;
                }
                Ok(None) | Err(Error::Damaged(_)) => {}
                Err(e) => panic!("seed {seed}: {e}"),
            }
        }
        assert!(readable > 0 || rng.random_bool(1.0), "seed {seed}");
        let new = random_block(&mut rng, 2000);
        store
            .put_many(std::slice::from_ref(&new), Durability::Fsync)
            .unwrap();
        assert_eq!(store.get(&new.0).unwrap(), Some(new.1), "seed {seed}");
    }
}

/// Opens the store while some reads fail, wherever they fall; afterwards everything must be there. A read that fails
/// says nothing about the bytes: no tail may be cut, no segment removed, no index completed on its account.
fn reads_fail_while_opening(without_index: bool) {
    let sample = |disk: &SimDisk| {
        if without_index {
            let _ = disk.remove(Path::new("/vault/index.redb"));
        }
    };
    let (disk, _) = filled(9);
    sample(&disk);
    disk.set_faults(Faults::default());
    drop(open_on(Arc::new(disk.clone())).unwrap());
    let reads = disk.reads();
    assert!(reads > 10, "{reads}");
    for first in 0..reads {
        for length in [1, 4, reads] {
            let (disk, blocks) = filled(9);
            sample(&disk);
            disk.set_faults(Faults {
                broken_reads: first..first + length,
                ..Faults::default()
            });
            drop(open_on(Arc::new(disk.clone())));
            disk.set_faults(Faults::default());
            let store = open_on(Arc::new(disk.clone())).unwrap();
            for (mh, bytes) in &blocks {
                let got = store.get(mh).unwrap();
                assert_eq!(got.as_ref(), Some(bytes), "reads {first}, {length} of them");
            }
        }
    }
}

#[test]
fn a_disk_that_does_not_answer_while_opening_costs_no_block() {
    reads_fail_while_opening(false);
}

#[test]
fn a_disk_that_does_not_answer_while_the_index_is_rebuilt_costs_no_block() {
    reads_fail_while_opening(true);
}
