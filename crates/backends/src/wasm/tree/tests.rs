#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;

use super::*;
use crate::{DataFile, Limits};

const NEW: Create = Create {
    create: true,
    exclusive: false,
    truncate: false,
    folder: false,
};

fn tree() -> Tree {
    Tree::load(
        Vec::new(),
        &Limits {
            data_bytes: 1000,
            data_files: 20,
            ..Limits::default()
        },
    )
    .unwrap()
}

fn put(tree: &mut Tree, path: &str, bytes: &[u8]) {
    let id = tree
        .open(
            ROOT,
            path,
            Create {
                truncate: true,
                ..NEW
            },
        )
        .unwrap();
    tree.write(id, 0, bytes).unwrap();
    tree.close(id);
}

fn changes(tree: &mut Tree) -> Vec<String> {
    let Some(changes) = tree.changed() else {
        return Vec::new();
    };
    let list = changes.list.clone();
    tree.saved(changes);
    let said = |change| match change {
        DataChange::Put(DataFile {
            path,
            bytes: Some(bytes),
            ..
        }) => format!("{path}={}", bytes.len()),
        DataChange::Put(DataFile { path, .. }) => format!("{path}/"),
        DataChange::Remove(path) => format!("-{path}"),
    };
    list.into_iter().map(said).collect()
}

#[test]
fn only_what_changed_is_said() {
    let mut tree = tree();
    assert!(changes(&mut tree).is_empty());
    tree.make_folder(ROOT, "a").unwrap();
    put(&mut tree, "a/one", b"1");
    put(&mut tree, "two", b"22");
    assert_eq!(changes(&mut tree), ["a/", "a/one=1", "two=2"]);
    put(&mut tree, "two", b"333");
    assert_eq!(changes(&mut tree), ["two=3"]);
    tree.rename((ROOT, "a"), (ROOT, "b")).unwrap();
    assert_eq!(changes(&mut tree), ["-a/one", "-a", "b/", "b/one=1"]);
    tree.remove(ROOT, "b/one", false).unwrap();
    tree.remove(ROOT, "b", true).unwrap();
    put(&mut tree, "b", b"now a file");
    assert_eq!(changes(&mut tree), ["-b/one", "-b", "b=10"]);
    assert!(changes(&mut tree).is_empty());
}

#[test]
fn what_is_loaded_is_what_was_kept() {
    let file = |path: &str, bytes: Option<&'static [u8]>| DataFile {
        path: path.into(),
        bytes: bytes.map(Bytes::from_static),
        modified: OffsetDateTime::UNIX_EPOCH,
    };
    let tree = Tree::load(
        vec![file("x/y/deep", Some(b"5")), file("x/empty", None)],
        &Limits::default(),
    )
    .unwrap();
    assert!(tree.changed().is_none());
    let id = tree.lookup(ROOT, "x/y/deep").unwrap();
    assert_eq!(tree.read(id, 0, 10).unwrap(), b"5");
    assert!(
        tree.stat(tree.lookup(ROOT, "x/empty").unwrap())
            .unwrap()
            .folder
    );
    for hostile in ["../up", "/etc/passwd", "a\0b", "x/../../y", ""] {
        assert!(
            Tree::load(vec![file(hostile, Some(b"1"))], &Limits::default()).is_err(),
            "{hostile:?}"
        );
    }
}

#[test]
fn no_path_leads_out() {
    let mut tree = tree();
    tree.make_folder(ROOT, "in").unwrap();
    let inside = tree.lookup(ROOT, "in").unwrap();
    for path in ["..", "../..", "a/../..", "/", "/etc/passwd", "../in/../.."] {
        assert!(tree.lookup(inside, path).is_err(), "{path}");
        assert!(tree.open(inside, path, NEW).is_err(), "{path}");
        assert!(tree.remove(inside, path, true).is_err(), "{path}");
    }
    assert_eq!(tree.lookup(ROOT, "in/../in/."), Ok(inside));
    assert_eq!(
        tree.open(ROOT, &"x/".repeat(600), NEW),
        Err(Refusal::NameTooLong)
    );
    assert_eq!(
        tree.open(ROOT, &"x".repeat(256), NEW),
        Err(Refusal::NameTooLong)
    );
}

#[test]
fn the_quota_counts_holes_and_files_without_a_name() {
    let mut tree = tree();
    let id = tree.open(ROOT, "hole", NEW).unwrap();
    assert_eq!(tree.write(id, 2000, b"x"), Err(Refusal::Quota));
    assert_eq!(tree.resize(id, u64::MAX), Err(Refusal::Quota));
    tree.resize(id, 900).unwrap();
    tree.remove(ROOT, "hole", false).unwrap();
    let other = tree.open(ROOT, "other", NEW).unwrap();
    assert_eq!(tree.write(other, 0, &[0; 200]), Err(Refusal::Quota));
    assert_eq!(tree.read(id, 899, 10).unwrap(), [0]);
    tree.close(id);
    tree.write(other, 0, &[0; 1000]).unwrap();
    for n in 0..40 {
        let made = tree.open(ROOT, &n.to_string(), NEW);
        assert_eq!(made.is_ok(), n < 19, "{n}");
    }
}

#[test]
fn a_folder_never_goes_into_itself() {
    let mut tree = tree();
    tree.make_folder(ROOT, "a").unwrap();
    tree.make_folder(ROOT, "a/b").unwrap();
    assert_eq!(
        tree.rename((ROOT, "a"), (ROOT, "a/b/c")),
        Err(Refusal::Invalid)
    );
    put(&mut tree, "f", b"1");
    assert_eq!(
        tree.rename((ROOT, "f"), (ROOT, "a")),
        Err(Refusal::IsFolder)
    );
    assert_eq!(
        tree.rename((ROOT, "a"), (ROOT, "f")),
        Err(Refusal::NotFolder)
    );
    tree.rename((ROOT, "f"), (ROOT, "a/b/f")).unwrap();
    assert_eq!(tree.remove(ROOT, "a/b", true), Err(Refusal::NotEmpty));
}
