//! Versions, and folders as they were.

use crate::common::{ROOT, World, noise};
use webx_content::SEGMENT_LEN;
use webx_drive::{Error, ListQuery, OnConflict, RestoredFolder, Retention, VersionId};

#[test]
fn every_version_stays_readable_and_can_come_back() {
    let world = World::new();
    let contents = [
        b"one".to_vec(),
        noise(2 * SEGMENT_LEN, 2),
        Vec::new(),
        b"four".to_vec(),
    ];
    let mut file = None;
    for content in &contents {
        file = Some(world.put(ROOT, "f", content));
    }
    let file = file.unwrap();
    world
        .drive
        .rename(file.id, "renamed", OnConflict::Fail)
        .unwrap();
    let versions = world.drive.versions(file.id).unwrap();
    assert_eq!(
        versions
            .iter()
            .map(|v| (v.number, v.current))
            .collect::<Vec<_>>(),
        [(4, true), (3, false), (2, false), (1, false)]
    );
    for (version, content) in versions.iter().rev().zip(&contents) {
        assert_eq!(version.size, content.len() as u64);
        assert!(world.get_version(file.id, Some(version.id)) == *content);
    }
    world.tick();
    let back = world
        .drive
        .restore_version(file.id, versions[2].id)
        .unwrap();
    assert_eq!((back.version, back.size), (5, contents[1].len() as u64));
    assert!(world.get(file.id) == contents[1]);
    assert_eq!(world.drive.versions(file.id).unwrap().len(), 5);
    assert!(matches!(
        world.drive.restore_version(file.id, VersionId(999)),
        Err(Error::NoSuchVersion(_))
    ));
    assert!(matches!(
        world.drive.open_file(file.id, Some(VersionId(999))),
        Err(Error::NoSuchVersion(_))
    ));
    assert!(world.drive.verify(|_| true).unwrap().damaged.is_empty());
}

#[test]
fn an_edited_file_stores_only_what_changed() {
    let world = World::new();
    let mut bytes = noise(10 * SEGMENT_LEN + 500, 1);
    world.put(ROOT, "f", &bytes);
    let stored = world.drive.usage().unwrap().stored;
    bytes[5 * SEGMENT_LEN + 7] ^= 1;
    let file = world.put(ROOT, "f", &bytes);
    let more = world.drive.usage().unwrap().stored - stored;
    assert!(more < 2 * SEGMENT_LEN as u64, "{more}");
    bytes.extend_from_slice(b"appended");
    world.put(ROOT, "f", &bytes);
    assert!(world.get(file.id) == bytes);
    // After a copy the key of the lineage is not used for new content again.
    world
        .drive
        .copy(file.id, ROOT, Some("copy"), OnConflict::Fail)
        .unwrap();
    let before = world.drive.usage().unwrap().stored;
    bytes[0] ^= 1;
    world.put(ROOT, "f", &bytes);
    assert!(world.drive.usage().unwrap().stored - before > 10 * SEGMENT_LEN as u64);
    let before = world.drive.usage().unwrap().stored;
    bytes[0] ^= 1;
    world.put(ROOT, "f", &bytes);
    assert!(world.drive.usage().unwrap().stored - before < 2 * SEGMENT_LEN as u64);
    assert!(world.get(file.id) == bytes);
    assert!(world.drive.verify(|_| true).unwrap().damaged.is_empty());
}

#[test]
fn a_folder_is_listed_as_it_was() {
    let world = World::new();
    let folder = world.mkdir(ROOT, "f");
    let a = world.put(folder.id, "a", b"1");
    let first = world.tick();
    world.put(folder.id, "b", b"2");
    world.drive.rename(a.id, "a2", OnConflict::Fail).unwrap();
    let second = world.tick();
    world.drive.remove(a.id).unwrap();
    world.put(folder.id, "b", b"22");
    let names = |at| {
        world.names_with(
            folder.id,
            ListQuery {
                at: Some(at),
                ..ListQuery::default()
            },
        )
    };
    assert_eq!(names(first), ["a"]);
    assert_eq!(names(second), ["a2", "b"]);
    assert_eq!(world.names(folder.id), ["b"]);
    let then = world
        .drive
        .list(
            folder.id,
            &ListQuery {
                at: Some(second),
                ..ListQuery::default()
            },
        )
        .unwrap();
    assert_eq!(
        (then.total, then.items[1].size, then.items[1].version),
        (2, 1, 1)
    );
    assert_eq!(
        world.get_version(then.items[1].id, Some(then.items[1].version_id)),
        b"2"
    );
    assert!(names(world.drive.root().unwrap().created - time::Duration::days(1)).is_empty());
}

#[test]
fn a_folder_goes_back_to_what_it_was_and_forth_again() {
    let world = World::new();
    let top = world.mkdir(ROOT, "top");
    let sub = world.mkdir(top.id, "sub");
    let a = world.put(sub.id, "a", b"a1");
    let b = world.put(sub.id, "b", b"b1");
    let c = world.put(top.id, "c", b"c1");
    let d = world.put(top.id, "d", b"d1");
    let then = world.tick();
    world.put(sub.id, "a", b"a2");
    world.drive.rename(b.id, "c", OnConflict::Fail).unwrap(); // takes another's name, in another folder
    world
        .drive
        .mv(c.id, sub.id, Some("b"), OnConflict::Fail)
        .unwrap(); // and the other way round
    world.drive.mv(d.id, ROOT, None, OnConflict::Fail).unwrap(); // lives elsewhere now
    let new = world.put(top.id, "new", b"n");
    let gone = world.mkdir(top.id, "gone");
    world
        .drive
        .mv(sub.id, gone.id, None, OnConflict::Fail)
        .unwrap(); // inside of something that was not there
    world.drive.remove(a.id).unwrap();
    let changed = world.tick();
    let done = world.drive.restore_folder_at(top.id, then).unwrap();
    assert_eq!(
        done,
        RestoredFolder {
            restored: 4,
            copied: 1,
            trashed: 2
        }
    );
    assert_eq!(world.names(top.id), ["sub", "c", "d"]);
    assert_eq!(world.names(sub.id), ["a", "b"]);
    for (path, content) in [
        ("/top/sub/a", "a1"),
        ("/top/sub/b", "b1"),
        ("/top/c", "c1"),
        ("/top/d", "d1"),
        ("/d", "d1"),
    ] {
        assert_eq!(
            world.get(world.drive.resolve(path).unwrap().id),
            content.as_bytes(),
            "{path}"
        );
    }
    assert_eq!(world.drive.resolve("/top/sub/a").unwrap().id, a.id);
    assert!(world.drive.node(new.id).unwrap().trashed.is_some());
    world.tick();
    world.drive.restore_folder_at(top.id, changed).unwrap();
    assert_eq!(world.names(top.id), ["gone", "new"]);
    assert_eq!(
        world.names(world.drive.resolve("/top/gone/sub").unwrap().id),
        ["b", "c"]
    );
    assert!(world.drive.verify(|_| true).unwrap().damaged.is_empty());
    assert_eq!(
        world.drive.restore_folder_at(top.id, world.now()).unwrap(),
        RestoredFolder::default()
    );
}

#[test]
fn old_versions_go_only_when_a_limit_is_set() {
    let world = World::new();
    let mut file = None;
    for i in 0..6u64 {
        file = Some(world.put(ROOT, "f", &noise(SEGMENT_LEN, i)));
        world.pass(24 * 3600);
    }
    let file = file.unwrap();
    world.drive.gc(|| true).unwrap();
    assert_eq!(world.drive.versions(file.id).unwrap().len(), 6);
    world
        .drive
        .set_retention(Retention {
            versions: Some(4),
            days: None,
        })
        .unwrap();
    assert_eq!(world.drive.gc(|| true).unwrap().versions, 2);
    let numbers = |world: &World| {
        world
            .drive
            .versions(file.id)
            .unwrap()
            .iter()
            .map(|v| v.number)
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&world), [6, 5, 4, 3]);
    world
        .drive
        .set_retention(Retention {
            versions: None,
            days: Some(2),
        })
        .unwrap();
    let collected = world.drive.gc(|| true).unwrap();
    assert_eq!(numbers(&world), [6, 5]);
    assert_eq!((collected.versions, collected.blocks), (2, 2));
    assert!(world.get(file.id) == noise(SEGMENT_LEN, 5));
    let usage = world.drive.usage().unwrap();
    assert_eq!(
        (usage.versions, usage.stored),
        (SEGMENT_LEN as u64, 2 << 20)
    );
}
