//! What a node keeps for others.

use std::collections::{BTreeMap, HashMap};

use super::buckets::Prefix;
use super::message::MOST_VALUES;
use crate::id::NodeId;
use crate::machine::UnixTime;
use crate::record::{Key, SignedRecord};

const MOST_RECORDS: usize = 4096;
const MOST_BYTES: usize = 4 * 1024 * 1024;
const MOST_OF_OWNER: usize = 64;
const MOST_OF_SOURCE: usize = 256;

/// Who brought a record: the network it came from, or the node where networks are exempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    Network(Prefix),
    Node(NodeId),
}

#[derive(Debug)]
struct Kept {
    record: SignedRecord,
    source: Source,
}

/// Why a record was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// A newer one is here.
    Older,
    /// Owner, source or key have used up their share, or the store is full of closer ones.
    Full,
}

/// Bounded by records, bytes, owner, source and key.
#[derive(Debug, Default)]
pub(crate) struct Store {
    own: Option<Key>,
    records: BTreeMap<Key, Vec<Kept>>,
    owners: HashMap<NodeId, usize>,
    sources: HashMap<Source, usize>,
    count: usize,
    bytes: usize,
}

impl Store {
    pub(crate) fn new(own: Key) -> Self {
        Self {
            own: Some(own),
            ..Self::default()
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// All records of a key that are alive.
    pub(crate) fn get(&self, key: &Key, now: UnixTime) -> Vec<SignedRecord> {
        let kept = self.records.get(key).map(Vec::as_slice).unwrap_or_default();
        let alive = kept.iter().filter(|one| one.record.alive(now));
        alive.map(|one| one.record.clone()).collect()
    }

    /// Keeps a verified record.
    pub(crate) fn put(
        &mut self,
        record: SignedRecord,
        source: Source,
        now: UnixTime,
    ) -> Result<(), Refused> {
        let owned = record.is_owned();
        let mut replaces = false;
        if let Some(here) = self.records.get(&record.key) {
            let same = here.iter().find(|one| one.record.owner == record.owner);
            if let Some(same) = same {
                if same.record == record {
                    return Ok(());
                }
                if !record.replaces(&same.record) {
                    return Err(Refused::Older);
                }
                replaces = true;
            } else if !owned && here.iter().any(|one| one.record.is_owned()) {
                return Err(Refused::Full);
            }
        }
        let (key, owner) = (record.key, record.owner);
        self.drop_where(&key, |one| {
            one.owner == owner || (owned && !one.is_owned()) || !one.alive(now)
        });
        let here = self.records.get(&key).map_or(0, Vec::len);
        let of_owner = self.owners.get(&owner).copied().unwrap_or_default();
        let of_source = self.sources.get(&source).copied().unwrap_or_default();
        let shares =
            here >= MOST_VALUES || of_owner >= MOST_OF_OWNER || of_source >= MOST_OF_SOURCE;
        if shares && !replaces {
            return Err(Refused::Full);
        }
        while self.count >= MOST_RECORDS || self.bytes + record.size() > MOST_BYTES {
            self.make_room(&key)?;
        }
        self.count += 1;
        self.bytes += record.size();
        *self.owners.entry(owner).or_default() += 1;
        *self.sources.entry(source.clone()).or_default() += 1;
        let kept = Kept { record, source };
        self.records.entry(key).or_default().push(kept);
        Ok(())
    }

    /// Drops what has expired.
    pub(crate) fn sweep(&mut self, now: UnixTime) {
        let keys: Vec<Key> = self.records.keys().copied().collect();
        for key in keys {
            self.drop_where(&key, |one| !one.alive(now));
        }
    }

    /// Gives up the key farthest from this node, if it is farther than `key`.
    fn make_room(&mut self, key: &Key) -> Result<(), Refused> {
        let own = self.own.unwrap_or(*key);
        let farthest = self
            .records
            .keys()
            .max_by_key(|one| one.distance(&own))
            .copied();
        match farthest {
            Some(far) if far.distance(&own) > key.distance(&own) => {
                self.drop_where(&far, |_| true);
                Ok(())
            }
            _ => Err(Refused::Full),
        }
    }

    fn drop_where(&mut self, key: &Key, gone: impl Fn(&SignedRecord) -> bool) {
        let Some(here) = self.records.get_mut(key) else {
            return;
        };
        let (leave, stay): (Vec<Kept>, Vec<Kept>) = core::mem::take(here)
            .into_iter()
            .partition(|one| gone(&one.record));
        if stay.is_empty() {
            self.records.remove(key);
        } else {
            *here = stay;
        }
        for one in leave {
            self.count -= 1;
            self.bytes -= one.record.size();
            less(&mut self.owners, one.record.owner);
            less(&mut self.sources, one.source);
        }
    }
}

fn less<T: core::hash::Hash + Eq>(counts: &mut HashMap<T, usize>, of: T) {
    if let std::collections::hash_map::Entry::Occupied(mut count) = counts.entry(of) {
        *count.get_mut() = count.get().saturating_sub(1);
        if *count.get() == 0 {
            count.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use ed25519_dalek::SigningKey;

    const NOW: UnixTime = UnixTime(1_800_000_000);
    const SOON: UnixTime = UnixTime(1_800_000_060);

    fn key(seed: u16) -> SigningKey {
        let mut bytes = [1; 32];
        bytes[..2].copy_from_slice(&seed.to_be_bytes());
        SigningKey::from_bytes(&bytes)
    }

    fn open(owner: u16, place: u32) -> SignedRecord {
        let place = Key::open(&place.to_be_bytes());
        SignedRecord::open(&key(owner), place, 1, SOON, vec![1]).unwrap()
    }

    fn from(network: u16) -> Source {
        let [a, b] = network.to_be_bytes();
        Source::Network(Prefix::V4([9, a, b]))
    }

    #[test]
    fn the_newest_record_of_an_owner_stands() {
        let mut store = Store::new(Key([0; 32]));
        let make = |sequence| SignedRecord::owned(&key(1), b"x", sequence, SOON, vec![]).unwrap();
        assert_eq!(store.put(make(2), from(1), NOW), Ok(()));
        assert_eq!(store.put(make(1), from(1), NOW), Err(Refused::Older));
        assert_eq!(store.put(make(3), from(1), NOW), Ok(()));
        assert_eq!(store.get(&make(1).key, NOW), [make(3)]);
        assert_eq!(store.len(), 1);
    }

    #[test]
    fn a_squatter_gives_way_to_the_owner_of_a_key() {
        let mut store = Store::new(Key([0; 32]));
        let real = SignedRecord::owned(&key(1), b"x", 1, SOON, vec![]).unwrap();
        let squat = SignedRecord::open(&key(2), real.key, 9, SOON, vec![]).unwrap();
        assert_eq!(store.put(squat.clone(), from(1), NOW), Ok(()));
        assert_eq!(store.put(real.clone(), from(1), NOW), Ok(()));
        assert_eq!(store.put(squat, from(1), NOW), Err(Refused::Full));
        assert_eq!(store.get(&real.key, NOW), [real]);
    }

    #[test]
    fn owner_source_and_key_have_their_share() {
        let mut store = Store::new(Key([0; 32]));
        let taken = (0..200).filter(|n| store.put(open(1, *n), from(1), NOW).is_ok());
        assert_eq!(taken.count(), MOST_OF_OWNER);
        let mut store = Store::new(Key([0; 32]));
        let taken = (0..300).filter(|n| store.put(open(*n, u32::from(*n)), from(1), NOW).is_ok());
        assert_eq!(taken.count(), MOST_OF_SOURCE);
        let mut store = Store::new(Key([0; 32]));
        let taken = (0..40).filter(|n| store.put(open(*n, 1), from(*n), NOW).is_ok());
        assert_eq!(taken.count(), MOST_VALUES);
    }

    #[test]
    fn expired_records_make_room() {
        let mut store = Store::new(Key([0; 32]));
        for n in 0..40 {
            store.put(open(n, 1), from(n), NOW).ok();
        }
        assert!(store.get(&Key::open(&1_u32.to_be_bytes()), SOON).is_empty());
        store.sweep(SOON);
        assert_eq!((store.len(), store.bytes), (0, 0));
        assert!(store.owners.is_empty() && store.sources.is_empty());
    }
}
