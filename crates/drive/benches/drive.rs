//! What a drive moves in a second. `cargo bench -p webx-drive`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::io::{Cursor, Read};

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use time::OffsetDateTime;
use webx_drive::{Drive, FileMeta, ImportItem, ListQuery, NodeId, OnConflict, Sort};
use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32};

fn main() {
    divan::main();
}

struct World {
    drive: Drive,
    _data: DataDir,
    _folder: tempfile::TempDir,
}

fn world() -> World {
    // The folder of the build is on a real disk; the system's temporary folder may be memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let data = DataDir::open(folder.path()).unwrap();
    let passphrase = Passphrase::new("correct horse battery staple").unwrap();
    let recovery_key = Secret32::new([1; 32]);
    let kdf = KdfCost::insecure_for_tests();
    let vault = data
        .create(NewVault {
            passphrase: &passphrase,
            recovery_key: &recovery_key,
            kdf,
        })
        .unwrap();
    let drive = Drive::open(vault, Secret32::new([2; 32]), OffsetDateTime::now_utc).unwrap();
    World {
        drive,
        _data: data,
        _folder: folder,
    }
}

fn noise(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let mut xof = blake3::Hasher::new().finalize_xof();
    xof.fill(&mut bytes);
    bytes
}

fn add(drive: &Drive, bytes: &[u8]) -> NodeId {
    let meta = FileMeta {
        size: Some(bytes.len() as u64),
        modified: None,
    };
    drive
        .write_file(NodeId::ROOT, "file", meta, OnConflict::KeepBoth, bytes)
        .unwrap()
        .id
}

fn import(drive: &Drive, files: usize, bytes: &[u8]) {
    let items = (0..files).map(|i| ImportItem {
        path: format!("folder {}/file {i}.bin", i / 1000),
        meta: FileMeta {
            size: Some(bytes.len() as u64),
            modified: None,
        },
        content: Some(Cursor::new(bytes)),
    });
    assert_eq!(
        drive
            .import(NodeId::ROOT, OnConflict::Fail, items)
            .unwrap()
            .files,
        files as u64
    );
}

#[divan::bench(args = [64, 1024], sample_count = 3, sample_size = 1)]
fn add_mib(bencher: Bencher<'_, '_>, mib: usize) {
    let bytes = noise(mib << 20);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .with_inputs(world)
        .bench_refs(|world| add(&world.drive, &bytes));
}

#[divan::bench(args = [64, 1024], sample_count = 3, sample_size = 1)]
fn read_mib(bencher: Bencher<'_, '_>, mib: usize) {
    let (world, bytes) = (world(), noise(mib << 20));
    let id = add(&world.drive, &bytes);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| {
            let mut reader = world.drive.open_file(id, None).unwrap();
            let mut buffer = vec![0; 256 << 10];
            let mut total = 0;
            while let read @ 1.. = reader.read(&mut buffer).unwrap() {
                total += read;
            }
            assert_eq!(total, bytes.len());
        });
}

#[divan::bench(args = [10_000, 100_000], sample_count = 3, sample_size = 1)]
fn import_files_of_4_kib(bencher: Bencher<'_, '_>, files: usize) {
    let bytes = noise(4096);
    bencher
        .counter(ItemsCount::new(files))
        .with_inputs(world)
        .bench_refs(|world| import(&world.drive, files, &bytes));
}

#[divan::bench(sample_count = 20)]
fn add_one_small_file(bencher: Bencher<'_, '_>) {
    let world = world();
    bencher.bench_local(|| add(&world.drive, b"a few bytes"));
}

#[divan::bench(args = [Sort::Name, Sort::Size, Sort::Modified, Sort::Kind], sample_count = 20)]
fn list_100_000_first_page(bencher: Bencher<'_, '_>, sort: Sort) {
    let world = world();
    let items = (0..100_000).map(|i| ImportItem {
        path: format!("IMG_{i}.jpg"),
        meta: FileMeta::default(),
        content: Some(Cursor::new(i.to_string().into_bytes())),
    });
    world
        .drive
        .import(NodeId::ROOT, OnConflict::Fail, items)
        .unwrap();
    let query = ListQuery {
        sort,
        descending: true,
        limit: 200,
        ..ListQuery::default()
    };
    bencher.bench_local(|| world.drive.list(NodeId::ROOT, &query).unwrap());
}

#[divan::bench(args = ["IMG_77777", "jpg 123"], sample_count = 10)]
fn search_100_000(bencher: Bencher<'_, '_>, query: &str) {
    let world = world();
    let items = (0..100_000).map(|i| ImportItem {
        path: format!("IMG_{i}.jpg"),
        meta: FileMeta::default(),
        content: Some(Cursor::new(Vec::new())),
    });
    world
        .drive
        .import(NodeId::ROOT, OnConflict::Fail, items)
        .unwrap();
    world.drive.index_names().unwrap();
    bencher.bench_local(|| world.drive.search(query, 100).unwrap());
}
