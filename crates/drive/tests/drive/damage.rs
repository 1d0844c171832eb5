//! Damage is named, costs what it hit, and never yields wrong bytes.

use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

use crate::common::{ROOT, World, noise};
use webx_content::SEGMENT_LEN;
use webx_drive::{Error, FileMeta, ImportItem, NodeId, OnConflict};

fn flip(path: &Path, at: u64) {
    let mut file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut byte).unwrap();
    byte[0] ^= 0x10;
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&byte).unwrap();
}

/// Reads a file: its bytes, or that it is damaged, by its name.
fn read(world: &World, id: NodeId, path: &str) -> Option<Vec<u8>> {
    let named = |error: Error| match error {
        Error::Damaged { path: named, .. } => assert_eq!(named, path),
        other => panic!("{path}: {other}"),
    };
    let mut reader = world.drive.open_file(id, None).map_err(named).ok()?;
    let mut bytes = Vec::new();
    match reader.read_to_end(&mut bytes) {
        Ok(_) => Some(bytes),
        Err(error) => {
            named(*error.into_inner().unwrap().downcast::<Error>().unwrap());
            None
        }
    }
}

#[test]
fn a_flipped_byte_anywhere_costs_only_the_file_it_hits() {
    let mut world = World::new();
    let mut contents = BTreeMap::new();
    let mut items = Vec::new();
    for i in 0..60usize {
        let bytes = noise(500 + 37 * i, i as u64);
        contents.insert(format!("/small/{i}"), bytes.clone());
        items.push(ImportItem {
            path: format!("small/{i}"),
            meta: FileMeta::default(),
            content: Some(std::io::Cursor::new(bytes)),
        });
    }
    world.drive.import(ROOT, OnConflict::Fail, items).unwrap();
    for (name, size) in [
        ("one", 40_000),
        ("two", 2 * SEGMENT_LEN + 5),
        ("many", 20 * SEGMENT_LEN),
    ] {
        let bytes = noise(size, size as u64);
        world.put(ROOT, name, &bytes);
        contents.insert(format!("/{name}"), bytes);
    }
    let ids: BTreeMap<_, _> = contents
        .keys()
        .map(|path| (path.clone(), world.drive.resolve(path).unwrap().id))
        .collect();
    let (mut hurt, mut single) = (0, 0);
    for round in 0..60u64 {
        world.close();
        let packs = world.packs();
        let pack = &packs[0];
        let len = std::fs::metadata(pack).unwrap().len();
        // Anywhere behind the pack's own head, the small files more often than their size would have it.
        let at = 4096
            + u64::from_le_bytes(noise(8, round)[..8].try_into().unwrap())
                % if round % 2 == 0 { len - 4096 } else { 100_000 };
        flip(pack, at);
        world = world.open_again();
        let mut damaged = Vec::new();
        for (path, expected) in &contents {
            match read(&world, ids[path], path) {
                Some(bytes) => assert!(bytes == *expected, "{path} has wrong bytes, round {round}"),
                None => damaged.push(path.clone()),
            }
        }
        let report = world.drive.verify(|_| true).unwrap();
        let mut named: Vec<_> = report
            .damaged
            .iter()
            .map(|file| file.path.clone())
            .collect();
        named.sort();
        damaged.sort();
        assert_eq!(named, damaged, "round {round}, byte {at}");
        assert_eq!(report.files, contents.len() as u64);
        for file in &report.damaged {
            assert!(!file.lost.is_empty() && !file.what.is_empty());
            if file.path == "/many"
                && file.lost != std::iter::once(0..file.size).collect::<Vec<_>>()
            {
                assert_eq!(file.readable(), 19 * SEGMENT_LEN as u64);
                let mut reader = world.drive.open_file(file.node, None).unwrap();
                let mut out = vec![0; 100];
                let free = if file.lost[0].start == 0 {
                    19 * SEGMENT_LEN as u64
                } else {
                    0
                };
                reader.seek(SeekFrom::Start(free)).unwrap();
                reader.read_exact(&mut out).unwrap();
                assert!(out == contents["/many"][free as usize..][..100]);
            }
        }
        hurt += usize::from(!damaged.is_empty());
        single += usize::from(damaged.len() == 1);
        assert!(world.drive.list(ROOT, &Default::default()).is_ok());
        world.close();
        flip(pack, at);
        world = world.open_again();
    }
    assert!(hurt > 40, "{hurt} of 60 flips hit a file");
    assert!(
        single * 10 > hurt * 9,
        "{single} of {hurt} cost one file only"
    );
    assert!(world.drive.verify(|_| true).unwrap().damaged.is_empty());
}

#[test]
fn writing_a_damaged_file_again_heals_it() {
    let mut world = World::new();
    let bytes = noise(6 * SEGMENT_LEN, 1);
    let file = world.put(ROOT, "f", &bytes);
    world.close();
    let pack = world.packs()[0].clone();
    flip(&pack, 3 << 20);
    let world = world.open_again();
    assert!(read(&world, file.id, "/f").is_none());
    world.put(ROOT, "f", &bytes);
    assert!(read(&world, file.id, "/f").unwrap() == bytes);
    let report = world.drive.verify(|_| true).unwrap();
    assert_eq!(report.damaged.len(), 1);
    assert!(
        !report.damaged[0].current,
        "only the old version is damaged"
    );
    let again = world.drive.gc(|| true).unwrap();
    assert_eq!(again.blocks, 0);
    assert!(read(&world, file.id, "/f").unwrap() == bytes);
}

#[test]
fn a_lost_pack_costs_its_files_and_not_the_tree() {
    let mut world = World::new();
    let folder = world.mkdir(ROOT, "folder");
    let file = world.put(folder.id, "f", &noise(SEGMENT_LEN, 1));
    world.close();
    for pack in world.packs() {
        std::fs::remove_file(pack).unwrap();
    }
    let world = world.open_again();
    assert_eq!(world.names(folder.id), ["f"]);
    assert!(read(&world, file.id, "/folder/f").is_none());
    assert_eq!(world.drive.verify(|_| true).unwrap().damaged.len(), 1);
    let new = world.put(folder.id, "g", b"new");
    assert_eq!(world.get(new.id), b"new");
}

#[test]
fn a_verification_can_be_stopped() {
    let world = World::new();
    world.put(ROOT, "f", &noise(5 * SEGMENT_LEN, 1));
    let mut calls = 0;
    let stopped = world.drive.verify(|progress| {
        calls += 1;
        assert_eq!(progress.total_bytes, 5 * SEGMENT_LEN as u64);
        calls < 3
    });
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert_eq!(calls, 3);
}
