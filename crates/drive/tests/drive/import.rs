//! Many files at once, and files in steps.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use crate::common::{ROOT, World, noise};
use webx_content::SEGMENT_LEN;
use webx_drive::{Error, FileMeta, ImportItem, ImportReport, Kind, OnConflict, Op, UPLOAD_STEP};

fn item(path: &str, bytes: Vec<u8>) -> ImportItem<io::Cursor<Vec<u8>>> {
    ImportItem {
        path: path.into(),
        meta: FileMeta::default(),
        content: Some(io::Cursor::new(bytes)),
    }
}

#[test]
fn a_folder_of_thousands_comes_in_whole() {
    let world = World::new();
    let target = world.mkdir(ROOT, "target");
    let mut expected = BTreeMap::new();
    for i in 0..6000usize {
        let size = match i % 100 {
            0 => 0,
            1 => 40_000,
            2 if i < 300 => SEGMENT_LEN + i,
            _ => i % 3000,
        };
        expected.insert(
            format!("a{}/b{}/file {i}.bin", i % 5, i % 3),
            noise(size, i as u64),
        );
    }
    let events = world.drive.subscribe();
    let items = expected
        .iter()
        .map(|(path, bytes)| item(path, bytes.clone()));
    let report = world
        .drive
        .import(target.id, OnConflict::Fail, items)
        .unwrap();
    assert_eq!(
        (report.files, report.folders, report.failed.len()),
        (6000, 5 + 15, 0)
    );
    assert_eq!(
        report.bytes,
        expected
            .values()
            .map(|bytes| bytes.len() as u64)
            .sum::<u64>()
    );
    let event = events.try_recv().unwrap();
    assert_eq!(event.op, Op::Changed);
    let world = world.reopen();
    let mut found = BTreeMap::new();
    for item in world.drive.export(target.id).unwrap() {
        let item = item.unwrap();
        if item.node.kind == Kind::File {
            found.insert(
                item.path.strip_prefix("target/").unwrap().to_owned(),
                world.get(item.node.id),
            );
        }
    }
    assert!(found == expected);
    let a0 = world.drive.resolve("/target/a0").unwrap();
    assert_eq!(a0.child_count, Some(3));
    assert!(world.drive.verify(|_| true).unwrap().damaged.is_empty());
    assert_eq!(
        world.drive.gc(|| true).unwrap().blocks,
        0,
        "an import leaves no garbage"
    );
}

#[test]
fn what_fails_alone_is_named_and_the_rest_comes_in() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("unplugged"))
        }
    }
    let world = World::new();
    world.put(ROOT, "taken", b"1");
    let mut importer = world.drive.importer(ROOT, OnConflict::Fail).unwrap();
    let meta = FileMeta::default();
    importer.file("good/one", meta, &b"1"[..]).unwrap();
    importer.file("../escape", meta, &b"1"[..]).unwrap();
    importer.file("good/../../escape", meta, &b"1"[..]).unwrap();
    importer.file("", meta, &b"1"[..]).unwrap();
    importer.file("nul\0", meta, &b"1"[..]).unwrap();
    importer.file(&"x".repeat(4096), meta, &b"1"[..]).unwrap();
    importer.file("taken", meta, &b"2"[..]).unwrap();
    importer.file("taken/below", meta, &b"2"[..]).unwrap();
    importer.file("broken", meta, Broken).unwrap();
    importer
        .file(
            "short",
            FileMeta {
                size: Some(3),
                modified: None,
            },
            &b"1"[..],
        )
        .unwrap();
    importer.file("good/one", meta, &b"again"[..]).unwrap();
    importer.folder("empty/folder").unwrap();
    importer
        .file("/absolute", meta, &b"taken as relative"[..])
        .unwrap();
    let report = importer.finish().unwrap();
    assert_eq!((report.files, report.folders), (2, 3));
    let mut failed: Vec<_> = report
        .failed
        .iter()
        .map(|failure| (failure.path.len(), failure.code))
        .collect();
    failed.sort_unstable();
    assert_eq!(
        failed,
        [
            (0, "bad-name"),
            (4, "bad-name"),
            (5, "exists"),
            (5, "wrong-size"),
            (6, "io"),
            (8, "exists"),
            (9, "bad-name"),
            (11, "not-a-folder"),
            (17, "bad-name"),
            (1024, "bad-name"),
        ]
    );
    assert_eq!(world.names(ROOT), ["empty", "good", "absolute", "taken"]);
}

#[test]
fn a_stream_of_frames_is_imported() {
    let world = World::new();
    let mut stream = Vec::new();
    let mut frame = |json: &str, bytes: &[u8]| {
        stream.extend_from_slice(&(json.len() as u32).to_le_bytes());
        stream.extend_from_slice(json.as_bytes());
        stream.extend_from_slice(bytes);
    };
    let big = noise(2 * SEGMENT_LEN, 1);
    frame(
        r#"{"path":"a/small","size":5,"modified":"2026-03-04T05:06:07Z"}"#,
        b"small",
    );
    frame(r#"{"path":"..","size":3}"#, b"bad");
    frame(&format!(r#"{{"path":"a/big","size":{}}}"#, big.len()), &big);
    frame(r#"{"path":"b","folder":true}"#, b"");
    let mut calls = 0;
    let report = world
        .drive
        .import_stream(ROOT, OnConflict::Fail, stream.as_slice(), |_| {
            calls += 1;
            true
        })
        .unwrap();
    assert_eq!(
        (report.files, report.folders, report.failed.len(), calls),
        (2, 2, 1, 4)
    );
    assert!(world.get(world.drive.resolve("/a/big").unwrap().id) == big);
    assert_eq!(
        world
            .drive
            .resolve("/a/small")
            .unwrap()
            .modified
            .unix_timestamp(),
        1_772_600_767
    );
    // A stream that breaks off keeps what was complete.
    let cut = world.drive.import_stream(
        ROOT,
        OnConflict::KeepBoth,
        &stream[..stream.len() - 500_000],
        |_| true,
    );
    assert!(matches!(cut, Err(Error::BadFrame(_))), "{cut:?}");
    assert!(world.drive.resolve("/a/small (2)").is_ok());
    assert!(world.drive.resolve("/a/big (2)").is_err());
    let stopped = world
        .drive
        .import_stream(ROOT, OnConflict::KeepBoth, stream.as_slice(), |_| false);
    assert!(matches!(stopped, Err(Error::Stopped)));
}

#[test]
fn an_import_over_the_quota_stops() {
    let world = World::new();
    world.drive.set_quota(Some(1 << 20)).unwrap();
    let items = (0..200).map(|i| item(&format!("f{i}"), noise(30_000, i)));
    let stopped = world.drive.import(ROOT, OnConflict::Fail, items);
    assert!(matches!(stopped, Err(Error::Quota { .. })), "{stopped:?}");
    assert_eq!(world.drive.usage().unwrap().files, 0);
    assert_eq!(
        world
            .drive
            .import(ROOT, OnConflict::Fail, [item("f", vec![1])])
            .unwrap()
            .files,
        1
    );
    let nothing = world
        .drive
        .import(ROOT, OnConflict::Fail, Vec::<ImportItem<io::Empty>>::new())
        .unwrap();
    assert_eq!(nothing, ImportReport::default());
}

#[test]
fn an_upload_goes_on_after_a_restart() {
    let mut world = World::new();
    let bytes = noise(3 * UPLOAD_STEP as usize + 1234, 4);
    let meta = FileMeta {
        size: Some(bytes.len() as u64),
        modified: None,
    };
    let upload = world
        .drive
        .begin_upload(ROOT, "big.bin", meta, OnConflict::Fail)
        .unwrap();
    assert_eq!((upload.offset, upload.chunk_size), (0, UPLOAD_STEP));
    let mut at = 0;
    // Steps of all kinds: whole segments, parts of one, single bytes.
    for len in [
        UPLOAD_STEP as usize,
        1,
        700_000,
        700_000,
        5,
        SEGMENT_LEN,
        12_000_000,
    ]
    .iter()
    .cycle()
    {
        let step = &bytes[at..(at + len).min(bytes.len())];
        let offset = world
            .drive
            .append_upload(upload.id, at as u64, step)
            .unwrap();
        at += step.len();
        assert_eq!(offset, at as u64);
        let mut read = Vec::new();
        let mut so_far = world.drive.read_upload(upload.id).unwrap();
        so_far.read_to_end(&mut read).unwrap();
        assert!(read == bytes[..at]);
        if at == bytes.len() {
            break;
        }
        world = world.reopen();
        assert_eq!(
            world.drive.upload_status(upload.id).unwrap().offset,
            at as u64
        );
        assert_eq!(
            world.drive.gc(|| true).unwrap().blocks,
            0,
            "what is uploaded is not garbage"
        );
        let wrong = world
            .drive
            .append_upload(upload.id, at as u64 - 1, &b"x"[..]);
        assert!(matches!(wrong, Err(Error::WrongOffset { expected }) if expected == at as u64));
    }
    assert_eq!(world.drive.uploads().unwrap().len(), 1);
    let node = world.drive.finish_upload(upload.id).unwrap();
    assert!(world.get(node.id) == bytes);
    assert!(matches!(
        world.drive.finish_upload(upload.id),
        Err(Error::NoSuchUpload(_))
    ));
    assert!(world.drive.uploads().unwrap().is_empty());
    let usage = world.drive.usage().unwrap();
    world.drive.gc(|| true).unwrap();
    assert_eq!(world.drive.usage().unwrap(), usage);
    assert!(world.get(node.id) == bytes);
}

#[test]
fn an_upload_of_a_changed_file_uses_what_is_there() {
    let world = World::new();
    let mut bytes = noise(8 * SEGMENT_LEN + 10, 4);
    let file = world.put(ROOT, "f", &bytes);
    let before = world.drive.usage().unwrap().stored;
    bytes[3] ^= 1;
    let upload = world
        .drive
        .begin_upload(ROOT, "f", FileMeta::default(), OnConflict::NewVersion)
        .unwrap();
    let middle = 4_000_000;
    world
        .drive
        .append_upload(upload.id, 0, &bytes[..middle])
        .unwrap();
    world
        .drive
        .append_upload(upload.id, middle as u64, &bytes[middle..])
        .unwrap();
    let node = world.drive.finish_upload(upload.id).unwrap();
    assert_eq!((node.id, node.version), (file.id, 2));
    assert!(world.drive.usage().unwrap().stored - before <= 2 << 20);
    assert!(world.get(node.id) == bytes);
}

#[test]
fn small_empty_and_given_up_uploads() {
    let world = World::new();
    let begin = |name| {
        world
            .drive
            .begin_upload(ROOT, name, FileMeta::default(), OnConflict::Fail)
            .unwrap()
            .id
    };
    let (empty, small, gone) = (begin("empty"), begin("small"), begin("gone"));
    assert_eq!(world.drive.finish_upload(empty).unwrap().size, 0);
    world.drive.append_upload(small, 0, &b"sm"[..]).unwrap();
    world.drive.append_upload(small, 2, &b"all"[..]).unwrap();
    let small = world.drive.finish_upload(small).unwrap();
    assert_eq!(world.get(small.id), b"small");
    let before = world.drive.usage().unwrap().stored;
    world
        .drive
        .append_upload(gone, 0, noise(SEGMENT_LEN * 2, 1).as_slice())
        .unwrap();
    assert!(world.drive.usage().unwrap().stored > before);
    world.drive.abort_upload(gone).unwrap();
    assert_eq!(world.drive.usage().unwrap().stored, before);
    assert_eq!(world.drive.gc(|| true).unwrap().blocks, 2);
    let meta = FileMeta {
        size: Some(5),
        modified: None,
    };
    let sized = world
        .drive
        .begin_upload(ROOT, "sized", meta, OnConflict::Fail)
        .unwrap()
        .id;
    assert!(matches!(
        world.drive.append_upload(sized, 0, &b"too long"[..]),
        Err(Error::WrongSize { .. })
    ));
    assert!(matches!(
        world.drive.finish_upload(sized),
        Err(Error::WrongSize { .. })
    ));
    let huge = world
        .drive
        .append_upload(sized, 0, io::repeat(0).take((16 << 20) + 1));
    assert!(matches!(huge, Err(Error::TooLarge { .. })));
    assert!(matches!(
        world
            .drive
            .begin_upload(ROOT, "small", FileMeta::default(), OnConflict::Fail),
        Err(Error::Exists(_))
    ));
    // Long untouched: given up.
    world.pass(30 * 24 * 3600);
    assert_eq!(world.drive.gc(|| true).unwrap().uploads, 1);
}
