//! Power loss and failing disks at every moment.
use std::collections::HashMap;
use std::time::Duration;

use super::sim::{Faults, SimDisk};
use super::*;
use crate::error::Error;
use crate::pack::{BlockStore, Collect, Durability};

/// What must be true of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    Present,
    Absent,
    /// An operation on it was not acknowledged.
    Unknown,
}

struct World {
    seed: u64,
    rng: SmallRng,
    store: PackStore,
    facts: HashMap<Mh, Fact>,
    bodies: HashMap<Mh, Bytes>,
    /// Put without fsync since the last acknowledged sync.
    buffered: Vec<Mh>,
    /// An index was rebuilt in an earlier life.
    rebuilt: bool,
}

impl World {
    fn new(seed: u64, disk: &SimDisk) -> Self {
        let store = open_on(Arc::new(disk.clone())).unwrap();
        Self {
            seed,
            rng: seeded(seed),
            store,
            facts: HashMap::new(),
            bodies: HashMap::new(),
            buffered: Vec::new(),
            rebuilt: false,
        }
    }

    fn some_known(&mut self) -> Option<Mh> {
        let at = self.rng.random_range(0..self.bodies.len().max(1));
        let mut known: Vec<_> = self.bodies.keys().copied().collect();
        known.sort_unstable_by(|a, b| a.digest().cmp(b.digest()));
        known.get(at).copied()
    }

    /// One random operation; `Err` when it was not acknowledged.
    fn step(&mut self) -> Result<()> {
        match self.rng.random_range(0..10) {
            0..=4 => {
                let mut blocks: Vec<_> = (0..self.rng.random_range(1..6))
                    .map(|_| random_block(&mut self.rng, 3000))
                    .collect();
                if let Some(mh) = self.some_known().filter(|_| self.rng.random_bool(0.3)) {
                    blocks.push((mh, self.bodies[&mh].clone()));
                }
                let fsync = self.rng.random_bool(0.6);
                let durability = if fsync {
                    Durability::Fsync
                } else {
                    Durability::Buffered
                };
                self.bodies.extend(blocks.iter().cloned());
                let result = self.store.put_many(&blocks, durability);
                for (mh, _) in &blocks {
                    if result.is_ok() && fsync {
                        self.facts.insert(*mh, Fact::Present);
                    } else if self.facts.get(mh) != Some(&Fact::Present) {
                        self.facts.insert(*mh, Fact::Unknown);
                        self.buffered.extend(result.is_ok().then_some(*mh));
                    }
                }
                result
            }
            5 => {
                let result = self.store.sync();
                let buffered = std::mem::take(&mut self.buffered);
                if result.is_ok() {
                    self.facts
                        .extend(buffered.into_iter().map(|mh| (mh, Fact::Present)));
                }
                result
            }
            6 => {
                let Some(mh) = self.some_known() else {
                    return Ok(());
                };
                let result = self.store.delete_many(&[mh]);
                self.buffered.retain(|other| *other != mh);
                self.facts.insert(
                    mh,
                    if result.is_ok() {
                        Fact::Absent
                    } else {
                        Fact::Unknown
                    },
                );
                result
            }
            7 => self.store.checkpoint(),
            8 => {
                let dead = self.rng.random_range(0..4);
                let dies = |mh: &Mh| mh.digest()[1] % 4 == dead;
                let options = Collect {
                    grace: Duration::ZERO,
                    ..Collect::default()
                };
                let result = self.store.collect(&options, |mh| Ok::<_, Error>(!dies(mh)));
                // What was not fsynced when it began may have been left alone.
                self.facts
                    .iter_mut()
                    .filter(|(mh, _)| dies(mh))
                    .for_each(|(_, fact)| {
                        if *fact == Fact::Present {
                            *fact = Fact::Unknown;
                        }
                    });
                self.buffered.retain(|mh| !dies(mh));
                result.map(drop)
            }
            _ => {
                self.check();
                Ok(())
            }
        }
    }

    fn check(&self) {
        for (mh, fact) in &self.facts {
            match (self.store.get(mh), fact) {
                (Ok(Some(bytes)), Fact::Present | Fact::Unknown) => {
                    assert_eq!(bytes, self.bodies[mh], "seed {}", self.seed);
                }
                (Ok(None), Fact::Absent | Fact::Unknown) => {}
                (Err(Error::Damaged(_)), Fact::Unknown) => {}
                // An index that had to be rebuilt may bring back what was deleted: it is whole, and collected again.
                (Ok(Some(bytes)), Fact::Absent)
                    if !self.store.damage().is_empty() || self.rebuilt =>
                {
                    assert_eq!(bytes, self.bodies[mh], "seed {}", self.seed);
                }
                (got, fact) => {
                    let got = got.map(|block| block.map(|bytes| bytes.len()));
                    panic!("seed {}: {fact:?} but {got:?}", self.seed);
                }
            }
        }
    }

    /// After a restart: what must be there is, and the store works on.
    fn check_after_restart(&mut self, disk: &SimDisk) {
        self.rebuilt |= !self.store.damage().is_empty();
        self.store =
            open_on(Arc::new(disk.clone())).unwrap_or_else(|e| panic!("seed {}: {e}", self.seed));
        self.check();
        let report = self
            .store
            .verify(|_| true)
            .unwrap_or_else(|e| panic!("seed {}: {e}", self.seed));
        assert!(
            report.damaged.is_empty(),
            "seed {}: {:?}",
            self.seed,
            report.damaged
        );
        let new = random_block(&mut self.rng, 2000);
        self.store
            .put_many(std::slice::from_ref(&new), Durability::Fsync)
            .unwrap_or_else(|e| panic!("seed {}: {e}", self.seed));
        assert_eq!(self.store.get(&new.0).unwrap(), Some(new.1));
        // What was unknown is known now.
        for (mh, fact) in &mut self.facts {
            *fact = if self.store.has(mh).unwrap() {
                Fact::Present
            } else {
                Fact::Absent
            };
        }
        self.buffered.clear();
    }
}

fn run(seed: u64, faults: impl Fn(&mut SmallRng) -> Faults) {
    let mut disk = SimDisk::new(seed);
    let mut world = World::new(seed, &disk);
    for life in 0..3 {
        let faults = faults(&mut world.rng);
        let crash_at = faults.crash_at;
        disk.set_faults(faults);
        for _ in 0..40 {
            let acknowledged = world.step();
            if crash_at.is_some_and(|at| disk.operations() > at) {
                break;
            }
            if let Err(e) = acknowledged {
                assert!(
                    !matches!(e, Error::Locked | Error::Damaged(_)),
                    "seed {seed}: {e}"
                );
            }
        }
        disk.set_faults(Faults {
            crash_at: Some(0),
            ..Faults::default()
        });
        disk = disk.after_power_loss(seed.wrapping_mul(31) + life);
        world.check_after_restart(&disk);
    }
}

#[test]
fn power_loss_at_any_moment_loses_nothing_acknowledged() {
    for seed in 0..rounds(200) {
        run(seed, |rng| Faults {
            crash_at: Some(rng.random_range(0..120)),
            ..Faults::default()
        });
    }
}

#[test]
fn a_full_disk_refuses_writes_and_keeps_what_it_has() {
    for seed in 0..rounds(150) {
        run(1_000_000 + seed, |rng| {
            let from = rng.random_range(0..60);
            Faults {
                full: from..from + rng.random_range(1..30),
                ..Faults::default()
            }
        });
    }
}

#[test]
fn failing_writes_lose_nothing_acknowledged() {
    for seed in 0..rounds(150) {
        run(2_000_000 + seed, |rng| {
            let from = rng.random_range(0..60);
            let crash_at = rng.random_bool(0.5).then(|| rng.random_range(from..200));
            Faults {
                broken_writes: from..from + rng.random_range(1..10),
                crash_at,
                ..Faults::default()
            }
        });
    }
}

#[test]
fn failing_fsyncs_are_never_taken_for_stored_data() {
    for seed in 0..rounds(200) {
        run(3_000_000 + seed, |rng| {
            let from = rng.random_range(0..60);
            let crash_at = rng.random_bool(0.5).then(|| rng.random_range(from..200));
            Faults {
                broken_syncs: from..from + rng.random_range(1..12),
                crash_at,
                ..Faults::default()
            }
        });
    }
}

#[test]
fn everything_going_wrong_together_still_loses_nothing_acknowledged() {
    for seed in 0..rounds(200) {
        run(4_000_000 + seed, |rng| {
            let mut range = |most| {
                let from = rng.random_range(0..100);
                from..from + rng.random_range(0..most)
            };
            let (full, broken_writes, broken_syncs) = (range(6), range(4), range(6));
            Faults {
                full,
                broken_writes,
                broken_syncs,
                crash_at: Some(rng.random_range(0..150)),
                lying_syncs: false,
                broken_reads: 0..0,
            }
        });
    }
}

#[test]
fn a_disk_that_lies_about_fsync_never_yields_wrong_bytes_or_an_unusable_store() {
    for seed in 0..rounds(150) {
        let disk = SimDisk::new(seed);
        let mut world = World::new(5_000_000 + seed, &disk);
        world.store.checkpoint().unwrap();
        let crash_at = Some(world.rng.random_range(0..150));
        disk.set_faults(Faults {
            lying_syncs: true,
            crash_at,
            ..Faults::default()
        });
        for _ in 0..40 {
            let _ = world.step();
        }
        let disk = disk.after_power_loss(seed);
        // Acknowledged data may be gone, for the disk said it was stored; what is there must be right.
        world
            .facts
            .values_mut()
            .for_each(|fact| *fact = Fact::Unknown);
        world.store = open_on(Arc::new(disk)).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        world.check();
        let new = random_block(&mut world.rng, 2000);
        world
            .store
            .put_many(std::slice::from_ref(&new), Durability::Fsync)
            .unwrap();
        assert_eq!(world.store.get(&new.0).unwrap(), Some(new.1));
    }
}

/// A file of a segment that could not be begun may be there after all, and its head says where the segment before ends. So
/// nothing may be added to that one any more.
#[test]
fn what_follows_a_segment_that_could_not_be_begun_survives_a_power_cut() {
    for failing in 0..8 {
        for seed in 0..24 {
            let disk = SimDisk::new(seed);
            let store = open_on(Arc::new(disk.clone())).unwrap();
            let mut rng = seeded(seed);
            let mut body = |len: usize| {
                let mut bytes = vec![0; len];
                rng.fill_bytes(&mut bytes);
                block(bytes)
            };
            let first = body(12_000);
            store
                .put_many(std::slice::from_ref(&first), Durability::Fsync)
                .unwrap();
            disk.set_faults(Faults {
                broken_syncs: failing..failing + 1,
                ..Faults::default()
            });
            // Too long for what is left of the segment.
            let long = body(8_000);
            let begun = store
                .put_many(std::slice::from_ref(&long), Durability::Fsync)
                .is_ok();
            let small = body(500);
            store
                .put_many(std::slice::from_ref(&small), Durability::Fsync)
                .unwrap();
            let after = disk.after_power_loss(seed);
            let store = open_on(Arc::new(after)).unwrap();
            for (mh, bytes) in [Some(first), begun.then_some(long), Some(small)]
                .into_iter()
                .flatten()
            {
                assert_eq!(
                    store.get(&mh).unwrap(),
                    Some(bytes),
                    "failing {failing}, seed {seed}"
                );
            }
        }
    }
}
