//! Files and folders: the CIDs of another implementation, ranges, and DAGs made to hurt.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::cell::Cell;

use bytes::Bytes;
use proptest::prelude::*;
use webx_content::ipld::{
    self, Blocks, Cid, DAG_PB, Error, Memory, RAW, Result, Sink, cid_of,
    dag_pb::{Link, Node},
};
use webx_content::unixfs::{
    self, Data, File, FileImport, Flow, Folder, Imported, Kind, Profile, import_file,
};

fn bytes(seed: u32, len: usize) -> Vec<u8> {
    let mut x = seed;
    std::iter::repeat_with(|| {
        x = x.wrapping_mul(1_103_515_245).wrapping_add(12345) & 0x7fff_ffff;
        (x >> 16) as u8
    })
    .take(len)
    .collect()
}

/// Takes blocks and forgets them.
struct Nowhere;

impl Sink for Nowhere {
    fn put(&mut self, _: &Cid, _: Bytes) -> Result<()> {
        Ok(())
    }
}

fn file(profile: &Profile, content: &[u8]) -> Imported {
    import_file(profile, &mut Nowhere, &mut &*content).unwrap()
}

fn folder(profile: &Profile, entries: &[(&str, &Imported)], sink: &mut dyn Sink) -> Imported {
    let mut folder = Folder::default();
    for (name, entry) in entries {
        folder.insert(name, entry).unwrap();
    }
    folder.finish(profile, sink).unwrap()
}

#[test]
fn cids_and_sizes_are_those_of_ipfs_unixfs_importer() {
    let mut compared = 0;
    for line in include_str!("fixtures/unixfs.txt").lines().skip(1) {
        let words: Vec<_> = line.split(' ').collect();
        let (what, cid, total) = match words[..] {
            ["n", profile, cid, total] => (nested(&Profile::named(profile).unwrap()), cid, total),
            ["f", len, profile, cid, total] => {
                let profile = Profile::named(profile).unwrap();
                (file(&profile, &bytes(7, len.parse().unwrap())), cid, total)
            }
            ["d", count, profile, cid, total] => {
                let profile = Profile::named(profile).unwrap();
                (
                    many(&profile, count.parse().unwrap(), &mut Nowhere),
                    cid,
                    total,
                )
            }
            _ => panic!("{line}"),
        };
        assert_eq!(what.cid.to_string(), cid, "{line}");
        assert_eq!(what.total.to_string(), total, "{line}");
        compared += 1;
    }
    assert_eq!(compared, 50);
}

fn many(profile: &Profile, count: u32, sink: &mut dyn Sink) -> Imported {
    let mut folder = Folder::default();
    for i in 0..count {
        let content = bytes(i, i as usize % 50);
        let entry = import_file(profile, sink, &mut &content[..]).unwrap();
        folder.insert(&format!("file-{i}"), &entry).unwrap();
    }
    folder.finish(profile, sink).unwrap()
}

fn nested(profile: &Profile) -> Imported {
    let sink = &mut Nowhere;
    let d = file(profile, &bytes(3, 300_000));
    let c = folder(profile, &[("d", &d)], sink);
    let ab = folder(profile, &[("c", &c)], sink);
    let inner = folder(profile, &[("𐅑", &file(profile, &bytes(2, 20)))], sink);
    folder(
        profile,
        &[
            ("größe.txt", &file(profile, &bytes(1, 10))),
            ("水", &inner),
            ("a b", &ab),
            ("a", &file(profile, &[])),
        ],
        sink,
    )
}

/// Counts what is fetched.
struct Counted<'a>(&'a Memory, Cell<usize>);

impl Blocks for Counted<'_> {
    fn get(&self, cid: &Cid) -> Result<Bytes> {
        self.1.set(self.1.get() + 1);
        self.0.get(cid)
    }
}

#[test]
fn a_range_reads_only_the_blocks_it_touches() {
    let content = bytes(9, 5 << 20);
    let mut blocks = Memory::default();
    let root = import_file(&Profile::V0_2015, &mut blocks, &mut &content[..]).unwrap();
    let counted = Counted(&blocks, Cell::new(0));
    let file = File::open(&counted, &root.cid).unwrap();
    let range = 262_140..262_150;
    let read: Vec<_> = file
        .read(&counted, range.clone())
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        read.concat(),
        content[range.start as usize..range.end as usize]
    );
    assert_eq!(counted.1.get(), 3, "the root and two pieces");
    let past: Vec<_> = file.read(&counted, 6 << 20..7 << 20).collect();
    assert!(past.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_file_in_any_pieces_reads_back_over_any_range(
        len in 0_usize..1_200_000, piece in 1_usize..400_000, from in 0_u64..1_300_000, count in 0_u64..1_300_000,
        v0: bool,
    ) {
        let profile = if v0 { Profile::V0_2015 } else { Profile::V1_2025 };
        let content = bytes(len as u32, len);
        let mut blocks = Memory::default();
        let mut import = FileImport::new(&profile);
        for part in content.chunks(piece) {
            import.write(part, &mut blocks).unwrap();
        }
        let root = import.finish(&mut blocks).unwrap();
        prop_assert_eq!(root.cid, file(&profile, &content).cid);
        let opened = File::open(&blocks, &root.cid).unwrap();
        prop_assert_eq!(opened.size(), len as u64);
        let read: Vec<_> = opened.read(&blocks, from..from + count).map(Result::unwrap).collect();
        let start = (from as usize).min(len);
        let end = ((from + count) as usize).min(len);
        prop_assert_eq!(read.concat(), &content[start..end]);
    }

    #[test]
    fn bytes_of_no_meaning_are_an_error_and_nothing_worse(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        webx_content::fuzz::public(&noise);
        let block = Bytes::from(noise);
        for codec in [DAG_PB, 0x71, 0x129, RAW, 0x99] {
            let cid = cid_of(codec, &block);
            let mut blocks = Memory::default();
            blocks.put(&cid, block.clone()).unwrap();
            let _ = ipld::decode(&cid, &block);
            let _ = ipld::links(&cid, &block);
            let _ = unixfs::stat(&blocks, &cid);
            let _ = unixfs::child(&blocks, &cid, "a");
            let _ = unixfs::list(&blocks, &cid, &mut |_| Ok(Flow::Continue(())));
            if let Ok(file) = File::open(&blocks, &cid) {
                let _ = file.read(&blocks, 0..u64::MAX).take(1000).count();
            }
        }
    }
}

#[test]
fn every_entry_of_a_sharded_folder_is_found_and_listed_and_no_other() {
    let mut blocks = Memory::default();
    let root = many(&Profile::V1_2025, 7000, &mut blocks);
    for i in (0..7000).step_by(97) {
        let found = unixfs::child(&blocks, &root.cid, &format!("file-{i}")).unwrap();
        let expected = file(&Profile::V1_2025, &bytes(i, i as usize % 50));
        assert_eq!(found, Some(expected.cid));
    }
    for absent in ["file-7000", "", "..", "0A", "0Afile-1"] {
        assert_eq!(
            unixfs::child(&blocks, &root.cid, absent).unwrap(),
            None,
            "{absent}"
        );
    }
    let mut names = Vec::new();
    unixfs::list(&blocks, &root.cid, &mut |entry| {
        names.push(entry.name);
        Ok(Flow::Continue(()))
    })
    .unwrap();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 7000);
}

#[test]
fn a_file_streams_through_the_memory_of_one_piece() {
    struct Largest(usize, u64);
    impl Sink for Largest {
        fn put(&mut self, _: &Cid, block: Bytes) -> Result<()> {
            self.0 = self.0.max(block.len());
            self.1 += block.len() as u64;
            Ok(())
        }
    }
    let mut sink = Largest(0, 0);
    let mut import = FileImport::new(&Profile::V1_2025);
    let piece = vec![0; 1 << 20];
    for _ in 0..1100 {
        import.write(&piece, &mut sink).unwrap();
    }
    let root = import.finish(&mut sink).unwrap();
    assert_eq!(root.size, 1100 << 20);
    assert_eq!(sink.0, 1 << 20);
    assert_eq!(root.total, sink.1);
}

fn put(blocks: &mut Memory, data: &Data, links: Vec<Link>) -> Cid {
    let block = Node {
        data: Some(data.encode()),
        links,
    }
    .encode();
    let cid = cid_of(DAG_PB, &block);
    blocks.put(&cid, block).unwrap();
    cid
}

fn data(kind: Kind) -> Data {
    let mut bytes = vec![8, kind as u8];
    if kind == Kind::Shard {
        bytes.extend([0x28, 0x22, 0x30, 0x80, 0x02]);
    }
    Data::decode(&bytes.into()).unwrap()
}

fn link(cid: Cid, name: &str) -> Link {
    Link {
        cid,
        name: Some(name.to_owned()),
        size: Some(1),
    }
}

#[test]
fn parts_that_lie_about_their_size_are_noticed() {
    let mut blocks = Memory::default();
    let leaf = cid_of(RAW, b"abc");
    blocks.put(&leaf, Bytes::from_static(b"abc")).unwrap();
    for claim in [2, 4, u64::MAX] {
        let mut parent = data(Kind::File);
        parent.sizes = vec![claim];
        let cid = put(&mut blocks, &parent, vec![link(leaf, "")]);
        let read: Result<Vec<_>> =
            File::open(&blocks, &cid).and_then(|file| file.read(&blocks, 0..u64::MAX).collect());
        assert!(read.is_err(), "{claim}");
    }
    let mut parent = data(Kind::File);
    parent.sizes = vec![u64::MAX, 2];
    let cid = put(&mut blocks, &parent, vec![link(leaf, ""), link(leaf, "")]);
    assert!(File::open(&blocks, &cid).is_err(), "the sum overflows");
    parent.sizes = vec![3];
    let cid = put(&mut blocks, &parent, vec![link(leaf, ""), link(leaf, "")]);
    assert!(File::open(&blocks, &cid).is_err(), "a part without a size");
}

#[test]
fn a_file_of_nothing_in_endless_parts_takes_no_work() {
    // Each level links the one below a hundred times; all of it holds no byte.
    let mut blocks = Memory::default();
    let mut below = put(&mut blocks, &data(Kind::File), Vec::new());
    for _ in 0..20 {
        let mut node = data(Kind::File);
        node.sizes = vec![0; 100];
        below = put(&mut blocks, &node, vec![link(below, ""); 100]);
    }
    let counted = Counted(&blocks, Cell::new(0));
    let file = File::open(&counted, &below).unwrap();
    assert_eq!(file.read(&counted, 0..u64::MAX).count(), 0);
    assert_eq!(counted.1.get(), 1);
}

#[test]
fn a_file_without_end_is_cut_at_its_depth() {
    let mut blocks = Memory::default();
    let mut below = cid_of(RAW, b"x");
    blocks.put(&below, Bytes::from_static(b"x")).unwrap();
    for _ in 0..100 {
        let mut node = data(Kind::File);
        node.sizes = vec![1];
        below = put(&mut blocks, &node, vec![link(below, "")]);
    }
    let file = File::open(&blocks, &below).unwrap();
    let read: Result<Vec<_>> = file.read(&blocks, 0..1).collect();
    assert!(matches!(read, Err(Error::Limit { .. })));
}

#[test]
fn a_folder_of_shards_within_shards_ends() {
    // Every place of every level leads to the same shard below: 256 to the power of 7 ways.
    let mut blocks = Memory::default();
    let mut below = put(&mut blocks, &data(Kind::Shard), Vec::new());
    for _ in 0..20 {
        let links = (0..256)
            .map(|at| link(below, &format!("{at:02X}")))
            .collect();
        below = put(&mut blocks, &data(Kind::Shard), links);
    }
    let counted = Counted(&blocks, Cell::new(0));
    let listed = unixfs::list(&counted, &below, &mut |_| Ok(Flow::Continue(())));
    assert!(matches!(listed, Err(Error::Limit { .. })));
    assert_eq!(unixfs::child(&counted, &below, "a").unwrap(), None);
    assert!(counted.1.get() < 100_000);
}

#[test]
fn names_that_lead_out_of_a_folder_are_refused() {
    let mut blocks = Memory::default();
    for name in ["", ".", "..", "a/b", "/etc/passwd", "a\0b"] {
        let leaf = cid_of(RAW, b"");
        let cid = put(&mut blocks, &data(Kind::Folder), vec![link(leaf, name)]);
        let listed = unixfs::list(&blocks, &cid, &mut |_| Ok(Flow::Continue(())));
        assert!(listed.is_err(), "{name:?}");
        assert!(
            Folder::default()
                .insert(name, &file(&Profile::V1_2025, b""))
                .is_err()
        );
    }
}

#[test]
fn shards_of_impossible_shape_are_refused() {
    let mut blocks = Memory::default();
    for fanout in [0, 1, 3, 4, 2048, 1 << 40] {
        let mut shard = data(Kind::Shard);
        shard.fanout = Some(fanout);
        let cid = put(&mut blocks, &shard, Vec::new());
        assert!(unixfs::child(&blocks, &cid, "a").is_err(), "{fanout}");
    }
    let mut shard = data(Kind::Shard);
    shard.hash = Some(0x12);
    let cid = put(&mut blocks, &shard, Vec::new());
    assert!(unixfs::child(&blocks, &cid, "a").is_err());
}
