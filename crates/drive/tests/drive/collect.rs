//! Giving space back, beside everything else.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::{ROOT, World, noise};
use webx_content::SEGMENT_LEN;
use webx_drive::{Error, FileMeta, ImportItem, OnConflict};
use webx_vault::BlockStore;

fn blocks(world: &World) -> u64 {
    world.vault.blocks().stat().unwrap().blocks
}

#[test]
fn small_files_that_came_alone_are_brought_together() {
    let world = World::new();
    let mut ids = Vec::new();
    for i in 0..200u64 {
        ids.push(
            world
                .put(ROOT, &format!("f{i}"), &noise(1000 + i as usize, i))
                .id,
        );
    }
    assert_eq!(blocks(&world), 200);
    let collected = world.drive.gc(|| true).unwrap();
    assert_eq!((collected.moved, collected.blocks), (200, 200));
    assert_eq!(blocks(&world), 1);
    for (i, id) in ids.iter().enumerate() {
        assert!(world.get(*id) == noise(1000 + i, i as u64));
    }
    assert_eq!(world.drive.gc(|| true).unwrap().moved, 0, "once is enough");
    for id in &ids[..150] {
        world.drive.remove(*id).unwrap();
    }
    world.drive.empty_trash().unwrap();
    for i in 0..100u64 {
        world.put(ROOT, &format!("g{i}"), &noise(1000, i));
    }
    assert_eq!(world.drive.gc(|| true).unwrap().moved, 150);
    assert_eq!(blocks(&world), 1);
    let world = world.reopen();
    for (i, id) in ids.iter().enumerate().skip(150) {
        assert!(world.get(*id) == noise(1000 + i, i as u64));
    }
    assert!(world.drive.verify(|_| true).unwrap().damaged.is_empty());
}

#[test]
fn a_collection_beside_writers_takes_nothing_that_is_needed() {
    let world = World::new();
    let (done, drive) = (AtomicBool::new(false), &world.drive);
    let written = std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                drive.gc(|| true).unwrap();
                rounds += 1;
            }
            rounds
        });
        let writers: Vec<_> = (0..3u64)
            .map(|t| {
                scope.spawn(move || {
                    let mut files = Vec::new();
                    for i in 0..25u64 {
                        let bytes = noise(
                            if i % 5 == 0 {
                                2 * SEGMENT_LEN + 9
                            } else {
                                2000
                            },
                            t * 100 + i,
                        );
                        let name = format!("t{t} {}", i % 7);
                        let file = drive
                            .write_file(
                                ROOT,
                                &name,
                                FileMeta::default(),
                                OnConflict::NewVersion,
                                bytes.as_slice(),
                            )
                            .unwrap();
                        files.push((file.id, file.version_id, bytes));
                        if i % 6 == 5 {
                            drive.remove(file.id).unwrap();
                            drive.purge(file.id).unwrap();
                            files.retain(|(id, ..)| *id != file.id);
                        }
                        let items = (0..50).map(|k| ImportItem {
                            path: format!("import {t}/{i}/{k}"),
                            meta: FileMeta::default(),
                            content: Some(std::io::Cursor::new(noise(300, k))),
                        });
                        drive.import(ROOT, OnConflict::Fail, items).unwrap();
                    }
                    files
                })
            })
            .collect();
        let written: Vec<_> = writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect();
        done.store(true, Ordering::Relaxed);
        assert!(collector.join().unwrap() > 0);
        written
    });
    let world = world.reopen();
    for (id, version, bytes) in written {
        assert!(world.get_version(id, Some(version)) == bytes);
    }
    let report = world.drive.verify(|_| true).unwrap();
    assert!(report.damaged.is_empty(), "{:?}", report.damaged.first());
    assert!(report.files >= 3 * 25 * 50);
}

#[test]
fn what_was_not_finished_is_garbage() {
    use std::io::Write;
    let world = World::new();
    let mut writer = world
        .drive
        .begin_write(ROOT, "f", FileMeta::default(), OnConflict::Fail)
        .unwrap();
    writer.write_all(&noise(8 * SEGMENT_LEN, 1)).unwrap();
    world.drive.gc(|| true).unwrap();
    let file = writer.finish().unwrap();
    assert!(
        world.get(file.id) == noise(8 * SEGMENT_LEN, 1),
        "a collection in the middle takes nothing"
    );
    let mut writer = world
        .drive
        .begin_write(ROOT, "g", FileMeta::default(), OnConflict::Fail)
        .unwrap();
    writer.write_all(&noise(4 * SEGMENT_LEN, 2)).unwrap();
    drop(writer);
    let world = world.reopen();
    // What was still on its way to a worker may not have been stored at all.
    assert!(world.drive.gc(|| true).unwrap().blocks <= 4);
    assert_eq!(blocks(&world), 8, "only the finished file is left");
    assert!(matches!(world.drive.gc(|| false), Err(Error::Stopped)));
}

#[test]
fn a_closed_drive_refuses_and_harms_nothing() {
    let world = World::new();
    let file = world.put(ROOT, "f", b"content");
    let mut reader = world.drive.open_file(file.id, None).unwrap();
    world.drive.close();
    let locked = |error: Error| assert_eq!(error.code(), "locked");
    locked(
        world
            .drive
            .create_folder(ROOT, "x", OnConflict::Fail)
            .unwrap_err(),
    );
    locked(world.drive.list(ROOT, &Default::default()).unwrap_err());
    locked(world.drive.open_file(file.id, None).map(drop).unwrap_err());
    assert_eq!(
        reader.read_at(0, &mut [0; 7]).unwrap(),
        7,
        "what is open has what it needs"
    );
    let world = world.reopen();
    assert_eq!(world.names(ROOT), ["f"]);
}

#[test]
fn blocks_that_another_part_of_the_program_keeps_stay_until_it_gives_them_up() {
    use webx_vault::{BlockStore, Durability, kept};
    let world = World::new();
    let block = bytes::Bytes::from_static(b"sealed bytes of an app");
    let mh = webx_content::multihash_of(&block);
    let digest: [u8; 32] = mh.digest().try_into().unwrap();
    let (db, blocks) = (world.vault.db(), world.vault.blocks());
    let hold = blocks.hold().unwrap();
    blocks.put_many(&[(mh, block)], Durability::Fsync).unwrap();
    world.drive.gc(|| true).unwrap();
    assert!(blocks.has(&mh).unwrap(), "held before the commit");
    db.write(|tx| kept::keep(tx, b"app", [&digest])).unwrap();
    db.write(|tx| kept::keep(tx, b"another app", [&digest]))
        .unwrap();
    drop(hold);
    world.drive.gc(|| true).unwrap();
    assert!(blocks.has(&mh).unwrap(), "kept by two");
    assert_eq!(db.write(|tx| kept::release(tx, b"app")).unwrap(), 1);
    world.drive.gc(|| true).unwrap();
    assert!(blocks.has(&mh).unwrap(), "kept by one");
    db.write(|tx| kept::release(tx, b"another app")).unwrap();
    assert_eq!(world.drive.gc(|| true).unwrap().blocks, 1);
    assert!(!blocks.has(&mh).unwrap());
}
