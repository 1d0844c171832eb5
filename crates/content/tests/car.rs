//! CARs: what is written is read, what is broken is refused, and what a path needs is all that is exported.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::path::Path;

use bytes::Bytes;
use webx_content::car::{self, ByteRange, Scope, Selection};
use webx_content::ipld::{self, Blocks, Cid, Error, Memory, RAW, Result, Sink, cid_of, resolve};
use webx_content::ipns::{Name, Record};
use webx_content::unixfs::{Folder, Profile, import_file};

fn fixture(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/fixtures/ipfs-gateway")
        .join(name);
    let bytes = fs::read(path).ok();
    if bytes.is_none() {
        println!("skipped: the fixtures are not on this machine");
    }
    bytes
}

fn load(bytes: &[u8]) -> Result<(Vec<Cid>, Memory, Vec<Cid>)> {
    let mut reader = car::Reader::new(bytes)?;
    let (mut blocks, mut order) = (Memory::default(), Vec::new());
    while let Some((cid, block)) = reader.next_block()? {
        blocks.put(&cid, block)?;
        order.push(cid);
    }
    Ok((reader.roots().to_vec(), blocks, order))
}

#[derive(Default)]
struct Order(Vec<Cid>);

impl Sink for Order {
    fn put(&mut self, cid: &Cid, _: Bytes) -> Result<()> {
        self.0.push(*cid);
        Ok(())
    }
}

fn exported(
    blocks: &dyn Blocks,
    root: &Cid,
    path: &[&str],
    selection: Selection,
) -> Result<Vec<Cid>> {
    let mut order = Order::default();
    car::export(blocks, root, path, selection, &mut order)?;
    Ok(order.0)
}

fn selection(scope: Scope) -> Selection {
    Selection {
        scope,
        ..Selection::default()
    }
}

#[test]
fn every_car_of_the_gateway_fixtures_reads_and_writes_back() {
    let Some(_) = fixture("gateway-raw-block.car") else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/ipfs-gateway");
    let mut cars = 0;
    let folders = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for folder in folders.filter(|path| path.is_dir()) {
        for file in fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if file.extension().is_none_or(|extension| extension != "car") {
                continue;
            }
            let bytes = fs::read(&file).unwrap();
            let (roots, blocks, order) = load(&bytes).unwrap_or_else(|e| panic!("{file:?}: {e}"));
            let mut writer = car::Writer::new(Vec::new(), &roots).unwrap();
            for cid in &order {
                writer.put(cid, ipld::fetch(&blocks, cid).unwrap()).unwrap();
            }
            let written = writer.into_inner();
            assert_eq!(load(&written).unwrap().2, order, "{file:?}");
            for root in &roots {
                let missing = file.to_string_lossy().contains("missing-block");
                let all = exported(&blocks, root, &[], Selection::default());
                assert!(all.is_ok() || missing, "{file:?} {all:?}");
            }
            cars += 1;
        }
    }
    assert!(cars >= 20, "{cars}");
}

#[test]
fn a_file_with_a_missing_block_gives_the_ranges_that_do_not_need_it() {
    let Some(bytes) = fixture("trustless_gateway_car/file-3k-and-3-blocks-missing-block.car")
    else {
        return;
    };
    let (roots, blocks, _) = load(&bytes).unwrap();
    let root = roots[0];
    let range = |from, to| Selection {
        scope: Scope::Entity,
        bytes: Some(ByteRange { from, to }),
        duplicates: false,
    };
    for (from, to) in [(0, Some(1000)), (2200, None), (0, Some(3)), (-2, None)] {
        let got = exported(&blocks, &root, &[], range(from, to)).unwrap();
        assert_eq!(got.len(), 2, "{from} {to:?}");
    }
    assert!(matches!(
        exported(&blocks, &root, &[], range(0, None)),
        Err(Error::Missing(_))
    ));
    assert_eq!(
        exported(&blocks, &root, &[], selection(Scope::Block)).unwrap(),
        [root]
    );
}

#[test]
fn duplicates_come_once_or_as_often_as_they_are_linked() {
    let Some(bytes) = fixture("trustless_gateway_car/dir-with-duplicate-files.car") else {
        return;
    };
    let (roots, blocks, _) = load(&bytes).unwrap();
    let once = exported(&blocks, &roots[0], &[], Selection::default()).unwrap();
    let all = Selection {
        duplicates: true,
        ..Selection::default()
    };
    let often = exported(&blocks, &roots[0], &[], all).unwrap();
    assert!(often.len() > once.len());
    let mut set = often.clone();
    set.sort();
    set.dedup();
    assert_eq!(set.len(), once.len());
}

#[test]
fn a_path_brings_the_blocks_of_the_way_and_the_end_in_this_order() {
    let mut blocks = Memory::default();
    let content = vec![5; 3 << 20];
    let file = import_file(&Profile::V1_2025, &mut blocks, &mut &content[..]).unwrap();
    let other = import_file(&Profile::V1_2025, &mut blocks, &mut &b"other"[..]).unwrap();
    let mut inner = Folder::default();
    inner.insert("film", &file).unwrap();
    inner.insert("other", &other).unwrap();
    let inner = inner.finish(&Profile::V1_2025, &mut blocks).unwrap();
    let mut root = Folder::default();
    root.insert("inner", &inner).unwrap();
    let root = root.finish(&Profile::V1_2025, &mut blocks).unwrap();

    let way = ["inner", "film"];
    let block = exported(&blocks, &root.cid, &way, selection(Scope::Block)).unwrap();
    assert_eq!(block, [root.cid, inner.cid, file.cid]);
    let entity = exported(&blocks, &root.cid, &["inner"], selection(Scope::Entity)).unwrap();
    assert_eq!(entity, [root.cid, inner.cid]);
    // Three pieces of the same bytes are one block.
    let all = exported(&blocks, &root.cid, &[], Selection::default()).unwrap();
    assert_eq!(all.len(), 5);
    let absent = exported(
        &blocks,
        &root.cid,
        &["inner", "nothing"],
        Selection::default(),
    );
    assert!(matches!(absent, Err(Error::NotFound(name)) if name == "nothing"));
    for trick in [
        &["..", "inner"][..],
        &[".", "inner"],
        &["inner", "..", "inner"],
    ] {
        assert!(resolve(&blocks, &root.cid, trick).is_err(), "{trick:?}");
    }
}

#[test]
fn repetitions_that_never_end_are_cut() {
    let mut blocks = Memory::default();
    let mut below = import_file(&Profile::V1_2025, &mut blocks, &mut &b"x"[..]).unwrap();
    for _ in 0..12 {
        let mut folder = Folder::default();
        for name in 0..30 {
            folder.insert(&name.to_string(), &below).unwrap();
        }
        below = folder.finish(&Profile::V1_2025, &mut blocks).unwrap();
    }
    assert_eq!(
        exported(&blocks, &below.cid, &[], Selection::default())
            .unwrap()
            .len(),
        13
    );
    let often = Selection {
        duplicates: true,
        ..Selection::default()
    };
    struct Nothing;
    impl Sink for Nothing {
        fn put(&mut self, _: &Cid, _: Bytes) -> Result<()> {
            Ok(())
        }
    }
    let cut = car::export(&blocks, &below.cid, &[], often, &mut Nothing);
    assert!(matches!(cut, Err(Error::Limit { .. })));
}

#[test]
fn broken_cars_are_refused_without_taking_memory() {
    let cid = cid_of(RAW, b"hello");
    let mut whole = car::Writer::new(Vec::new(), &[cid]).unwrap();
    whole.put(&cid, Bytes::from_static(b"hello")).unwrap();
    let whole = whole.into_inner();
    assert!(load(&whole).is_ok());
    for end in 0..whole.len() {
        let cut = load(&whole[..end]);
        // Cut between two blocks, a CAR is a shorter CAR.
        assert_eq!(cut.is_ok(), end == whole.len() - 42, "{end}");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        if let Ok((_, blocks, order)) = load(&changed) {
            // The hash still holds for whatever is read.
            for cid in order {
                ipld::verify(&cid, &ipld::fetch(&blocks, &cid).unwrap()).unwrap();
            }
        }
    }
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert!(matches!(load(&huge), Err(Error::Limit { .. })));
    let mut section = car::Writer::new(Vec::new(), &[]).unwrap().into_inner();
    section.extend_from_slice(&huge);
    assert!(matches!(load(&section), Err(Error::Limit { .. })));
    let mut nothing = car::Writer::new(Vec::new(), &[]).unwrap().into_inner();
    nothing.push(0);
    assert!(load(&nothing).is_err());
}

#[test]
fn version_2_is_read_and_its_tricks_are_refused() {
    let cid = cid_of(RAW, b"hello");
    let mut inner = car::Writer::new(Vec::new(), &[cid]).unwrap();
    inner.put(&cid, Bytes::from_static(b"hello")).unwrap();
    let inner = inner.into_inner();
    let build = |offset: u64, size: u64| {
        let mut outer = hex::decode("0aa16776657273696f6e02").unwrap();
        outer.extend([0; 16]);
        outer.extend(offset.to_le_bytes());
        outer.extend(size.to_le_bytes());
        outer.extend([0; 8 + 9]);
        outer.extend(&inner);
        outer.extend(b"an index that nobody reads");
        outer
    };
    let size = inner.len() as u64;
    let (roots, _, order) = load(&build(60, size)).unwrap();
    assert_eq!((roots, order), (vec![cid], vec![cid]));
    for (offset, size) in [
        (0, size),
        (50, size),
        (u64::MAX, size),
        (60, 3),
        (1 << 40, size),
    ] {
        assert!(load(&build(offset, size)).is_err(), "{offset} {size}");
    }
}

#[test]
fn ipns_records_are_valid_or_not_as_the_fixtures_say() {
    let cases = [
        (
            "k51qzi5uqu5dit2ku9mutlfgwyz8u730on38kd10m97m36bjt66my99hb6103f",
            "_v2",
            true,
        ),
        (
            "k51qzi5uqu5dlkw8pxuw9qmqayfdeh4kfebhmreauqdc6a7c3y7d5i9fi8mk9w",
            "_v1-v2",
            true,
        ),
        (
            "k51qzi5uqu5dm4tm0wt8srkg9h9suud4wuiwjimndrkydqm81cqtlb5ak6p7ku",
            "_v1",
            false,
        ),
        (
            "k51qzi5uqu5dilgf7gorsh9vcqqq4myo6jd4zmqkuy9pxyxi5fua3uf7axph4y",
            "_v1-v2-broken-signature-v1",
            true,
        ),
        (
            "k51qzi5uqu5diamp7qnnvs1p1gzmku3eijkeijs3418j23j077zrkok63xdm8c",
            "_v1-v2-broken-signature-v2",
            false,
        ),
        (
            "k51qzi5uqu5dlmit2tuwdvnx4sbnyqgmvbxftl0eo3f33wwtb9gr7yozae9kpw",
            "_v1-v2-broken-v1-value",
            false,
        ),
    ];
    for (text, kind, valid) in cases {
        let Some(bytes) = fixture(&format!("ipns_records/{text}{kind}.ipns-record")) else {
            return;
        };
        let name = Name::parse(text).unwrap();
        assert_eq!(name.to_string(), text);
        let record = Record::verify(&name, &bytes);
        assert_eq!(record.is_ok(), valid, "{kind}: {record:?}");
        let other = Name::parse(cases[usize::from(kind == "_v2")].0).unwrap();
        assert!(
            Record::verify(&other, &bytes).is_err(),
            "another name's record"
        );
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 4;
            // What is not signed may change, what it says may not.
            if let (Ok(was), Ok(is)) = (&record, Record::verify(&name, &changed)) {
                assert_eq!(*was, is, "{kind} {at}");
            }
        }
    }
    for text in [
        "QmVujd5Vb7moysJj8itnGufN7MEtPRCNHkKpNuA4onsRa3",
        "12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d",
    ] {
        let bytes = fixture(&format!("subdomain_gateway/{text}.ipns-record")).unwrap();
        Record::verify(&Name::parse(text).unwrap(), &bytes)
            .unwrap_or_else(|e| panic!("{text}: {e}"));
    }
}
