//! Folders, files, moving, copying, trash.

use std::io::{Read, Seek, SeekFrom, Write};

use crate::common::{ROOT, World, noise};
use webx_content::SEGMENT_LEN;
use webx_drive::{Error, FileMeta, Kind, ListQuery, OnConflict, Op, Sort};

#[test]
fn files_of_every_size_come_back_byte_for_byte() {
    let mut world = World::new();
    let sizes = [
        0,
        1,
        100,
        32 << 10,
        (32 << 10) + 1,
        SEGMENT_LEN - 1,
        SEGMENT_LEN,
        SEGMENT_LEN + 1,
        3 * SEGMENT_LEN,
        20 * SEGMENT_LEN + 12345,
    ];
    let files: Vec<_> = sizes
        .iter()
        .map(|size| world.put(ROOT, &format!("f{size}"), &noise(*size, *size as u64)))
        .collect();
    for round in 0..2 {
        for (file, size) in files.iter().zip(sizes) {
            assert_eq!(file.size, size as u64);
            assert!(
                world.get(file.id) == noise(size, size as u64),
                "{size} bytes, round {round}"
            );
        }
        world = world.reopen();
    }
}

#[test]
fn a_range_is_read_from_anywhere() {
    let world = World::new();
    let bytes = noise(5 * SEGMENT_LEN + 77, 5);
    let file = world.put(ROOT, "big", &bytes);
    let mut reader = world.drive.open_file(file.id, None).unwrap();
    for (at, len) in [
        (0, 10),
        (SEGMENT_LEN - 5, 10),
        (4 * SEGMENT_LEN, SEGMENT_LEN + 77),
        (bytes.len() - 1, 1),
        (3, 0),
    ] {
        reader.seek(SeekFrom::Start(at as u64)).unwrap();
        let mut out = vec![0; len];
        reader.read_exact(&mut out).unwrap();
        assert!(out == bytes[at..at + len], "{at}+{len}");
    }
    assert_eq!(
        reader.seek(SeekFrom::End(10)).unwrap(),
        bytes.len() as u64 + 10
    );
    assert_eq!(reader.read(&mut [0; 4]).unwrap(), 0);
    assert!(reader.seek(SeekFrom::Current(-(1 << 40))).is_err());
}

#[test]
fn a_dropped_writer_changes_nothing() {
    let world = World::new();
    world.put(ROOT, "a", b"old");
    let mut writer = world
        .drive
        .begin_write(ROOT, "a", FileMeta::default(), OnConflict::NewVersion)
        .unwrap();
    writer.write_all(&noise(3 * SEGMENT_LEN, 1)).unwrap();
    drop(writer);
    let file = world.drive.resolve("/a").unwrap();
    assert_eq!((world.get(file.id), file.version), (b"old".to_vec(), 1));
    let meta = FileMeta {
        size: Some(10),
        modified: None,
    };
    let cut = world
        .drive
        .write_file(ROOT, "a", meta, OnConflict::NewVersion, &b"short"[..]);
    assert!(matches!(
        cut,
        Err(Error::WrongSize {
            expected: 10,
            got: 5
        })
    ));
    assert_eq!(world.drive.versions(file.id).unwrap().len(), 1);
}

#[test]
fn a_taken_name_is_refused_numbered_or_gets_a_version() {
    let world = World::new();
    world.put(ROOT, "a.txt", b"1");
    let write = |on_conflict| {
        world
            .drive
            .write_file(ROOT, "a.txt", FileMeta::default(), on_conflict, &b"2"[..])
    };
    assert!(matches!(write(OnConflict::Fail), Err(Error::Exists(_))));
    assert_eq!(write(OnConflict::KeepBoth).unwrap().name, "a (2).txt");
    assert_eq!(write(OnConflict::KeepBoth).unwrap().name, "a (3).txt");
    assert_eq!(write(OnConflict::NewVersion).unwrap().version, 2);
    assert!(matches!(
        world
            .drive
            .create_folder(ROOT, "a.txt", OnConflict::NewVersion),
        Err(Error::NotAFolder(_))
    ));
    let folder = world.mkdir(ROOT, "folder");
    assert_eq!(
        world
            .drive
            .create_folder(ROOT, "folder", OnConflict::NewVersion)
            .unwrap()
            .id,
        folder.id
    );
    let over = world.drive.write_file(
        ROOT,
        "folder",
        FileMeta::default(),
        OnConflict::NewVersion,
        &b"2"[..],
    );
    assert!(matches!(over, Err(Error::NotAFile(_))));
    assert_eq!(
        world.names(ROOT),
        ["folder", "a (2).txt", "a (3).txt", "a.txt"]
    );
}

#[test]
fn names_that_differ_in_case_are_two_and_in_unicode_form_are_one() {
    let world = World::new();
    world.put(ROOT, "Name", b"1");
    world.put(ROOT, "name", b"2");
    world.put(ROOT, "Cafe\u{301}", b"3");
    world.put(ROOT, "Café", b"4");
    assert_eq!(
        world.drive.list(ROOT, &ListQuery::default()).unwrap().total,
        3
    );
    assert_eq!(
        world.get(world.drive.resolve("Cafe\u{301}").unwrap().id),
        b"4"
    );
}

#[test]
fn paths_lead_to_nodes_and_back() {
    let world = World::new();
    let a = world.mkdir(ROOT, "a");
    let b = world.mkdir(a.id, "b c");
    let file = world.put(b.id, "ü.txt", b"x");
    assert_eq!(world.drive.resolve("/a/b c/ü.txt").unwrap(), file);
    assert_eq!(world.drive.resolve("a//b c/ü.txt/").unwrap().id, file.id);
    assert_eq!(world.drive.path_of(file.id).unwrap(), "/a/b c/ü.txt");
    assert_eq!(world.drive.path_of(ROOT).unwrap(), "/");
    assert_eq!(
        world.drive.ancestors(file.id).unwrap(),
        [(a.id, "a".into()), (b.id, "b c".into())]
    );
    assert_eq!(world.drive.resolve("/").unwrap().id, ROOT);
    assert!(matches!(
        world.drive.resolve("/a/../a"),
        Err(Error::BadName { .. })
    ));
    assert!(matches!(
        world.drive.resolve("/a/none"),
        Err(Error::NotFound(_))
    ));
    assert!(matches!(
        world.drive.resolve("/a/b c/ü.txt/z"),
        Err(Error::NotAFolder(_))
    ));
    assert_eq!(file.parent, Some(b.id));
    assert_eq!(file.mime, Some("text/plain"));
    assert_eq!(world.drive.root().unwrap().child_count, Some(1));
}

#[test]
fn a_node_is_renamed_and_moved() {
    let world = World::new();
    let (a, b) = (world.mkdir(ROOT, "a"), world.mkdir(ROOT, "b"));
    let file = world.put(a.id, "f", b"content");
    let other = world.put(b.id, "g", b"other");
    assert_eq!(
        world
            .drive
            .rename(file.id, "f2", OnConflict::Fail)
            .unwrap()
            .name,
        "f2"
    );
    assert!(matches!(
        world.drive.mv(file.id, b.id, Some("g"), OnConflict::Fail),
        Err(Error::Exists(_))
    ));
    assert_eq!(
        world
            .drive
            .mv(file.id, b.id, Some("g"), OnConflict::KeepBoth)
            .unwrap()
            .name,
        "g (2)"
    );
    let moved = world
        .drive
        .mv(file.id, b.id, Some("g"), OnConflict::NewVersion)
        .unwrap();
    assert_eq!((moved.id, moved.parent), (file.id, Some(b.id)));
    assert_eq!(world.drive.trash_list(0, 10).unwrap().items[0].id, other.id);
    assert_eq!(world.get(file.id), b"content");
    assert_eq!(
        (world.names(a.id).len(), world.names(b.id)),
        (0, vec!["g".into()])
    );
    let inner = world.mkdir(a.id, "inner");
    assert!(matches!(
        world.drive.mv(a.id, inner.id, None, OnConflict::Fail),
        Err(Error::IntoItself)
    ));
    assert!(matches!(
        world.drive.mv(a.id, a.id, None, OnConflict::Fail),
        Err(Error::IntoItself)
    ));
    assert!(matches!(
        world.drive.mv(ROOT, a.id, None, OnConflict::Fail),
        Err(Error::Root)
    ));
    assert!(matches!(
        world.drive.rename(ROOT, "x", OnConflict::Fail),
        Err(Error::Root)
    ));
    assert!(matches!(world.drive.remove(ROOT), Err(Error::Root)));
    world.drive.mv(a.id, b.id, None, OnConflict::Fail).unwrap();
    assert_eq!(world.drive.path_of(inner.id).unwrap(), "/b/a/inner");
    // What holds the moved node cannot make place for it.
    let a2 = world.mkdir(inner.id, "b");
    assert!(matches!(
        world.drive.mv(a2.id, ROOT, None, OnConflict::NewVersion),
        Err(Error::Exists(_))
    ));
}

#[test]
fn a_copy_shares_blocks_and_then_goes_its_own_way() {
    let world = World::new();
    let a = world.mkdir(ROOT, "a");
    let b = world.mkdir(a.id, "b");
    let big = noise(3 * SEGMENT_LEN, 3);
    let file = world.put(b.id, "big", &big);
    world.put(a.id, "small", b"small");
    let before = world.drive.usage().unwrap().stored;
    let copy = world
        .drive
        .copy(a.id, ROOT, Some("copy"), OnConflict::Fail)
        .unwrap();
    assert_eq!(copy.child_count, Some(2));
    assert_eq!(
        world.drive.usage().unwrap().stored,
        before,
        "nothing is stored twice"
    );
    let copied = world.drive.resolve("/copy/b/big").unwrap();
    assert!(copied.id != file.id && world.get(copied.id) == big);
    world.put(b.id, "big", b"changed");
    assert_eq!(world.get(copied.id), big);
    world.drive.remove(a.id).unwrap();
    world.drive.empty_trash().unwrap();
    world.drive.gc(|| true).unwrap();
    assert_eq!(world.get(copied.id), big);
    assert_eq!(
        world.get(world.drive.resolve("/copy/small").unwrap().id),
        b"small"
    );
    // Into itself: what is there when it begins is copied, once.
    world
        .drive
        .copy(copy.id, copy.id, Some("inside"), OnConflict::Fail)
        .unwrap();
    assert_eq!(world.names(copy.id), ["b", "inside", "small"]);
    assert_eq!(
        world.names(world.drive.resolve("/copy/inside").unwrap().id),
        ["b", "small"]
    );
    assert!(world.drive.verify(|_| true).unwrap().damaged.is_empty());
}

#[test]
fn a_file_copied_over_another_is_its_next_version() {
    let world = World::new();
    let (a, b) = (
        world.put(ROOT, "a", b"from a"),
        world.put(ROOT, "b", b"from b"),
    );
    let node = world
        .drive
        .copy(a.id, ROOT, Some("b"), OnConflict::NewVersion)
        .unwrap();
    assert_eq!(
        (node.id, node.version, world.get(b.id)),
        (b.id, 2, b"from a".to_vec())
    );
    let old = world.drive.versions(b.id).unwrap()[1].id;
    assert_eq!(world.get_version(b.id, Some(old)), b"from b");
    world.put(ROOT, "a", b"a again");
    assert_eq!(world.get(b.id), b"from a");
}

#[test]
fn the_trash_keeps_everything_until_it_is_purged() {
    let world = World::new();
    let folder = world.mkdir(ROOT, "folder");
    let file = world.put(folder.id, "file", b"precious");
    world.put(folder.id, "file", b"precious 2");
    world.tick();
    world.drive.remove(folder.id).unwrap();
    assert!(world.names(ROOT).is_empty());
    assert!(matches!(
        world.drive.resolve("/folder/file"),
        Err(Error::NotFound(_))
    ));
    assert!(matches!(
        world.drive.remove(folder.id),
        Err(Error::Trashed(_))
    ));
    assert!(matches!(
        world.drive.rename(file.id, "x", OnConflict::Fail),
        Err(Error::Trashed(_))
    ));
    let listed = world.drive.trash_list(0, 100).unwrap();
    assert_eq!(listed.total, 1);
    let trashed = listed.items[0].trashed.clone().unwrap();
    assert_eq!(
        (trashed.from_path.as_str(), trashed.at),
        ("/folder", world.now())
    );
    assert_eq!(
        world.names(folder.id),
        ["file"],
        "the trash can be looked into"
    );
    assert!(world.drive.node(file.id).unwrap().trashed.is_some());
    assert_eq!(world.get(file.id), b"precious 2");
    let restored = world.drive.restore(folder.id).unwrap();
    assert_eq!(restored.path, "/folder");
    assert_eq!(world.drive.versions(file.id).unwrap().len(), 2);
    assert!(matches!(
        world.drive.restore(folder.id),
        Err(Error::NotTrashed(_))
    ));
    assert!(matches!(
        world.drive.purge(folder.id),
        Err(Error::NotTrashed(_))
    ));
}

#[test]
fn what_comes_back_finds_a_place() {
    let world = World::new();
    let folder = world.mkdir(ROOT, "folder");
    let file = world.put(folder.id, "file", b"1");
    let deep = world.put(folder.id, "deep", b"2");
    world.drive.remove(file.id).unwrap();
    world.put(folder.id, "file", b"another");
    assert_eq!(
        world.drive.restore(file.id).unwrap().path,
        "/folder/file (2)",
        "its name was taken"
    );
    world.drive.remove(file.id).unwrap();
    world.drive.remove(folder.id).unwrap();
    assert_eq!(
        world.drive.restore(file.id).unwrap().path,
        "/file (2)",
        "its folder is in the trash"
    );
    assert_eq!(
        world.drive.restore(deep.id).unwrap().path,
        "/deep",
        "alone, out of a removed folder"
    );
    world.drive.remove(file.id).unwrap();
    world.drive.purge(folder.id).unwrap();
    assert_eq!(world.drive.restore(file.id).unwrap().path, "/file (2)");
    assert_eq!(
        (world.get(file.id), world.get(deep.id)),
        (b"1".to_vec(), b"2".to_vec())
    );
    let world = world.reopen();
    assert_eq!(
        (world.get(file.id), world.get(deep.id)),
        (b"1".to_vec(), b"2".to_vec())
    );
}

#[test]
fn an_emptied_trash_gives_its_space_back() {
    let world = World::new();
    world.put(ROOT, "kept", &noise(2 * SEGMENT_LEN, 1));
    let kept = world.drive.usage().unwrap();
    let folder = world.mkdir(ROOT, "folder");
    for i in 0..40 {
        world.put(folder.id, &format!("small {i}"), &noise(1000, i));
    }
    world.put(folder.id, "big", &noise(4 * SEGMENT_LEN, 2));
    world.drive.remove(folder.id).unwrap();
    let with_trash = world.drive.usage().unwrap();
    assert_eq!((with_trash.files, with_trash.folders), (1, 0));
    assert_eq!(with_trash.trash, 40 * 1000 + 4 * SEGMENT_LEN as u64);
    assert_eq!(world.drive.empty_trash().unwrap(), 1);
    assert_eq!(world.drive.usage().unwrap(), kept);
    let collected = world.drive.gc(|| true).unwrap();
    assert_eq!(collected.blocks, 40 + 4);
    assert!(world.drive.node(folder.id).is_err());
    assert!(world.drive.search("small", 10).unwrap().is_empty());
    assert_eq!(
        world.get(world.drive.resolve("/kept").unwrap().id),
        noise(2 * SEGMENT_LEN, 1)
    );
}

#[test]
fn a_listing_is_sorted_and_paged_any_way() {
    let world = World::new();
    for (name, size) in [("b10.txt", 5), ("b9.md", 7), ("A.txt", 1), ("c", 3)] {
        world.put(ROOT, name, &noise(size, 1));
    }
    world.mkdir(ROOT, "zz");
    world.mkdir(ROOT, "Y");
    let list = |sort, descending| {
        world.names_with(
            ROOT,
            ListQuery {
                sort,
                descending,
                ..ListQuery::default()
            },
        )
    };
    assert_eq!(
        list(Sort::Name, false),
        ["Y", "zz", "A.txt", "b9.md", "b10.txt", "c"]
    );
    assert_eq!(
        list(Sort::Name, true),
        ["zz", "Y", "c", "b10.txt", "b9.md", "A.txt"]
    );
    assert_eq!(
        list(Sort::Size, false),
        ["Y", "zz", "A.txt", "c", "b10.txt", "b9.md"]
    );
    assert_eq!(
        list(Sort::Size, true)[2..],
        ["b9.md", "b10.txt", "c", "A.txt"]
    );
    assert_eq!(
        list(Sort::Modified, true),
        ["Y", "zz", "c", "A.txt", "b9.md", "b10.txt"]
    );
    assert_eq!(
        list(Sort::Kind, false),
        ["Y", "zz", "c", "b9.md", "A.txt", "b10.txt"]
    );
    for descending in [false, true] {
        let whole = list(Sort::Name, descending);
        for offset in 0..8 {
            let query = ListQuery {
                descending,
                offset,
                limit: 2,
                ..ListQuery::default()
            };
            let page = world.drive.list(ROOT, &query).unwrap();
            assert_eq!(page.total, 6);
            let names: Vec<_> = page.items.into_iter().map(|node| node.name).collect();
            let expected: Vec<_> = whole
                .iter()
                .skip(offset as usize)
                .take(2)
                .cloned()
                .collect();
            assert_eq!(names, expected, "offset {offset}");
        }
    }
    let past = world.tick();
    world.put(ROOT, "later", b"");
    for sort in [Sort::Name, Sort::Size, Sort::Modified, Sort::Kind] {
        for descending in [false, true] {
            let mut now = list(sort, descending);
            now.retain(|name| name != "later");
            let query = ListQuery {
                sort,
                descending,
                at: Some(past),
                ..ListQuery::default()
            };
            assert_eq!(world.names_with(ROOT, query), now, "{sort:?} {descending}");
        }
    }
}

#[test]
fn events_tell_what_happened() {
    let world = World::new();
    let events = world.drive.subscribe();
    let a = world.mkdir(ROOT, "a");
    let f = world.put(a.id, "f", b"1");
    world.put(a.id, "f", b"2");
    world.drive.rename(f.id, "g", OnConflict::Fail).unwrap();
    world.drive.mv(f.id, ROOT, None, OnConflict::Fail).unwrap();
    world.drive.remove(f.id).unwrap();
    world.drive.restore(f.id).unwrap();
    world.drive.remove(f.id).unwrap();
    world.drive.purge(f.id).unwrap();
    let mut seen = Vec::new();
    while let Some(event) = events.try_recv() {
        seen.push((event.op, event.node, event.parent));
    }
    assert_eq!(
        seen,
        [
            (Op::Created, a.id, Some(ROOT)),
            (Op::Created, f.id, Some(a.id)),
            (Op::Changed, f.id, Some(a.id)),
            (Op::Renamed, f.id, Some(a.id)),
            (Op::Moved, f.id, Some(ROOT)),
            (Op::Trashed, f.id, Some(ROOT)),
            (Op::Restored, f.id, Some(ROOT)),
            (Op::Trashed, f.id, Some(ROOT)),
            (Op::Purged, f.id, None),
        ]
    );
    world.drive.close();
    assert!(events.recv().is_none());
}

#[test]
fn a_write_over_the_quota_is_refused_before_anything_is_stored() {
    let world = World::new();
    world.put(ROOT, "a", &noise(SEGMENT_LEN, 1));
    let used = world.drive.usage().unwrap().stored;
    world.drive.set_quota(Some(used + 100_000)).unwrap();
    let announced = FileMeta {
        size: Some(200_000),
        modified: None,
    };
    let refused = world
        .drive
        .begin_write(ROOT, "b", announced, OnConflict::Fail);
    assert!(matches!(
        refused,
        Err(Error::Quota {
            needed: 200_000,
            ..
        })
    ));
    let silent = world.drive.write_file(
        ROOT,
        "b",
        FileMeta::default(),
        OnConflict::Fail,
        noise(200_000, 2).as_slice(),
    );
    assert!(matches!(silent, Err(Error::Quota { .. })));
    assert_eq!(world.names(ROOT), ["a"]);
    world.put(ROOT, "small", &noise(50_000, 3));
    world.drive.set_quota(None).unwrap();
    world.put(ROOT, "b", &noise(200_000, 2));
    assert_eq!(world.drive.usage().unwrap().quota, None);
}

#[test]
fn a_tree_can_be_deep_but_not_bottomless() {
    let world = World::new();
    let mut at = ROOT;
    for _ in 0..256 {
        at = world
            .drive
            .create_folder(at, "d", OnConflict::Fail)
            .unwrap()
            .id;
    }
    assert!(matches!(
        world.drive.create_folder(at, "d", OnConflict::Fail),
        Err(Error::TooLarge { .. })
    ));
    let file = world.put(at, "bottom", b"deep");
    assert_eq!(
        world.drive.path_of(file.id).unwrap().len(),
        2 * 256 + "/bottom".len()
    );
    assert_eq!(world.get(file.id), b"deep");
    let top = world.drive.resolve("/d").unwrap();
    assert_eq!(world.drive.export(top.id).unwrap().count(), 257);
    world.drive.remove(top.id).unwrap();
    world.drive.purge(top.id).unwrap();
    assert_eq!(world.drive.usage().unwrap().folders, 0);
}

#[test]
fn an_export_has_names_that_other_systems_take() {
    let world = World::new();
    let top = world.mkdir(ROOT, "top: a");
    let con = world.mkdir(top.id, "CON");
    world.put(con.id, "a?.txt", b"1");
    world.put(top.id, "Same", b"2");
    world.put(top.id, "same", b"3");
    let items: Vec<_> = world
        .drive
        .export(top.id)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let paths: Vec<_> = items.iter().map(|item| item.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "top_ a",
            "top_ a/_CON",
            "top_ a/_CON/a_.txt",
            "top_ a/Same",
            "top_ a/same (2)"
        ]
    );
    assert_eq!(
        items
            .iter()
            .filter(|item| item.node.kind == Kind::File)
            .count(),
        3
    );
    let file = world.drive.resolve("/top: a/same").unwrap();
    assert_eq!(world.drive.export(file.id).unwrap().count(), 1);
    assert_eq!(world.drive.export(ROOT).unwrap().count(), 5);
}
