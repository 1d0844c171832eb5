//! Large folders: a tree of blocks in which the hash of a name says where it stands.
//!
//! The hash is MurmurHash3 (x64, 128 bits), of which the first 64 bits count, from the top, 8 bits a level here.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::folder::link;
use super::{Data, Imported, Kind, Profile};
use crate::ipld::{
    Error, Result, Sink,
    dag_pb::{Link, Node},
};

/// Places of a shard that is written.
const FANOUT: u64 = 256;
/// Code of the hash function.
pub(super) const MURMUR3: u64 = 0x22;
/// Levels that are written: all the bits of the hash.
const DEPTH: u32 = 8;

enum Place {
    Entry(String, Imported, u64),
    Shard(Shard),
}

#[derive(Default)]
struct Shard(BTreeMap<u8, Place>);

impl Shard {
    fn insert(&mut self, name: String, entry: Imported, hash: u64, depth: u32) -> Result<()> {
        if depth >= DEPTH {
            return Err(Error::Limit {
                what: "the depth of a folder",
                limit: u64::from(DEPTH),
            });
        }
        let at = (hash >> (56 - 8 * depth)) as u8;
        match self.0.get_mut(&at) {
            None => {
                self.0.insert(at, Place::Entry(name, entry, hash));
                Ok(())
            }
            Some(Place::Shard(shard)) => shard.insert(name, entry, hash, depth + 1),
            Some(place) => {
                let taken = std::mem::replace(place, Place::Shard(Self::default()));
                if let (Place::Shard(shard), Place::Entry(other, its, its_hash)) = (place, taken) {
                    shard.insert(other, its, its_hash, depth + 1)?;
                    shard.insert(name, entry, hash, depth + 1)?;
                }
                Ok(())
            }
        }
    }

    fn write(self, profile: &Profile, sink: &mut dyn Sink) -> Result<Imported> {
        let mut field = [0_u8; 32];
        let mut links: Vec<Link> = Vec::with_capacity(self.0.len());
        let mut total = 0_u64;
        for (at, place) in self.0 {
            // The highest place is the first bit.
            if let Some(byte) = field.get_mut(31 - usize::from(at / 8)) {
                *byte |= 1 << (at % 8);
            }
            let (name, entry) = match place {
                Place::Entry(name, entry, _) => (name, entry),
                Place::Shard(shard) => (String::new(), shard.write(profile, sink)?),
            };
            total = total.saturating_add(entry.total);
            links.push(link(&format!("{at:02X}{name}"), &entry));
        }
        let zeros = field.iter().take(31).take_while(|byte| **byte == 0).count();
        let mut data = Data::new(Kind::Shard);
        data.bytes = Bytes::copy_from_slice(field.get(zeros..).unwrap_or_default());
        data.hash = Some(MURMUR3);
        data.fanout = Some(FANOUT);
        let node = Node {
            data: Some(data.encode()),
            links,
        };
        let block = node.encode();
        let cid = profile.node_cid(&block);
        total = total.saturating_add(block.len() as u64);
        sink.put(&cid, block)?;
        Ok(Imported {
            cid,
            total,
            size: 0,
        })
    }
}

pub(super) fn write(
    entries: BTreeMap<String, Imported>,
    profile: &Profile,
    sink: &mut dyn Sink,
) -> Result<Imported> {
    let mut root = Shard::default();
    for (name, entry) in entries {
        let hash = murmur3(name.as_bytes());
        root.insert(name, entry, hash, 0)?;
    }
    root.write(profile, sink)
}

/// How a shard that is read has its places named and found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    bits: u32,
    prefix: usize,
}

impl Layout {
    /// The layout that a shard says it has.
    pub(super) fn of(data: &Data) -> Result<Self> {
        let bad = |why: &str| Error::malformed("sharded folder", why);
        if data.hash != Some(MURMUR3) {
            return Err(bad("its hash function is not known"));
        }
        match data.fanout {
            Some(fanout) if fanout.is_power_of_two() && (8..=1024).contains(&fanout) => Ok(Self {
                bits: fanout.trailing_zeros(),
                prefix: format!("{:X}", fanout - 1).len(),
            }),
            _ => Err(bad("its number of places is not possible")),
        }
    }

    /// What a link in a shard is: the entry's name, or empty for a shard below.
    pub(super) fn name(self, link: &Link) -> Result<&str> {
        link.name
            .as_deref()
            .and_then(|name| name.split_at_checked(self.prefix))
            .filter(|(place, _)| place.bytes().all(|c| c.is_ascii_hexdigit()))
            .map(|(_, name)| name)
            .ok_or_else(|| Error::malformed("sharded folder", "a link without its place"))
    }

    /// The place of a hash at a depth; `None` when the hash has no more bits.
    pub(super) fn place(self, hash: u64, depth: u32) -> Option<String> {
        let used = depth.checked_mul(self.bits)?;
        let rest = 64_u32.checked_sub(used + self.bits)?;
        let at = hash >> rest & ((1 << self.bits) - 1);
        Some(format!("{at:0width$X}", width = self.prefix))
    }

    /// How deep such a tree can be.
    pub(super) fn depth(self) -> u32 {
        64 / self.bits
    }
}

/// The first 64 bits of MurmurHash3 x64 128 with seed 0.
pub(super) fn murmur3(bytes: &[u8]) -> u64 {
    const C1: u64 = 0x87c3_7b91_1142_53d5;
    const C2: u64 = 0x4cf5_ad43_2745_937f;
    let (mut h1, mut h2) = (0_u64, 0_u64);
    let mix1 = |k: u64| k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let mix2 = |k: u64| k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let (blocks, tail) = bytes.as_chunks::<16>();
    for block in blocks {
        let (low, high) = block.split_at(8);
        h1 ^= mix1(number(low));
        h1 = h1.rotate_left(27).wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mix2(number(high));
        h2 = h2.rotate_left(31).wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let (low, high) = tail.split_at(tail.len().min(8));
    h2 ^= mix2(number(high));
    h1 ^= mix1(number(low));
    h1 ^= bytes.len() as u64;
    h2 ^= bytes.len() as u64;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    h1 = finish(h1);
    h2 = finish(h2);
    h1.wrapping_add(h2)
}

fn finish(mut k: u64) -> u64 {
    k ^= k >> 33;
    k = k.wrapping_mul(0xff51_afd7_ed55_8ccd);
    k ^= k >> 33;
    k = k.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    k ^ k >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_reference() {
        // mmh3.hash64 of the reference implementation.
        assert_eq!(murmur3(b""), 0);
        assert_eq!(murmur3(b"hello"), 0xcbd8_a7b3_41bd_9b02);
        assert_eq!(
            murmur3(b"The quick brown fox jumps over the lazy dog"),
            0xe34b_bc7b_bc07_1b6c
        );
    }
}
