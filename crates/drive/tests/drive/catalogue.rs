//! A drive out of its root key and its blocks alone.
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use webx_drive::{Drive, Error, Exchange, ListQuery, NodeId, OnConflict};
use webx_vault::BlockStore as _;

use crate::common::{ROOT, World, noise};

/// Blocks as other nodes hold them.
#[derive(Default)]
struct Elsewhere {
    blocks: HashMap<[u8; 32], Bytes>,
    asked: AtomicU64,
    lies: AtomicBool,
}

impl Exchange for Elsewhere {
    fn fetch(&self, digest: &[u8; 32]) -> Option<Bytes> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.lies.load(Ordering::Relaxed) {
            return Some(Bytes::from_static(b"something else"));
        }
        self.blocks.get(digest).cloned()
    }
}

fn all_blocks(drive: &Drive) -> HashMap<[u8; 32], Bytes> {
    let (mut all, mut after) = (HashMap::new(), None);
    loop {
        let slice = drive.blocks_after(after.as_ref(), 3).unwrap();
        let Some((last, _)) = slice.last() else {
            return all;
        };
        after = Some(*last);
        for (digest, len) in slice {
            let block = drive.sealed_block(&digest).unwrap();
            assert_eq!(block.len() as u64, len);
            assert!(drive.needs_block(&digest).unwrap());
            all.insert(digest, block);
        }
    }
}

fn copied(world: &World) -> (Arc<Elsewhere>, [u8; 32]) {
    let root = world.drive.make_catalogue(|| true).unwrap().root;
    let elsewhere = Elsewhere {
        blocks: all_blocks(&world.drive),
        ..Elsewhere::default()
    };
    (Arc::new(elsewhere), root)
}

/// Every path with what is known of it and its bytes, the trash included.
fn told(world: &World) -> Vec<(String, String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![NodeId::ROOT];
    let trash = world.drive.trash_list(0, 1000).unwrap().items;
    for node in trash {
        let from = node.trashed.as_ref().unwrap().from_path.clone();
        all.push((format!("trash:{}", node.name), from, Vec::new()));
        match node.child_count {
            Some(_) => folders.push(node.id),
            None => all.push((node.id.to_string(), node.name, world.get(node.id))),
        }
    }
    while let Some(folder) = folders.pop() {
        let page = world.drive.list(folder, &ListQuery::default());
        for node in page.map(|page| page.items).unwrap_or_default() {
            let path = world.drive.path_of(node.id).unwrap();
            let about = format!(
                "{} {} {} {} {:?}",
                node.id, node.size, node.modified, node.version, node.child_count
            );
            match node.child_count {
                Some(_) => {
                    all.push((path, about, Vec::new()));
                    folders.push(node.id);
                }
                None => all.push((path, about, world.get(node.id))),
            }
        }
    }
    all.sort();
    all
}

/// A drive with every form of content, moves, copies, versions and a trash.
fn furnished() -> World {
    let world = World::new();
    let photos = world.mkdir(ROOT, "Photos");
    let year = world.mkdir(photos.id, "2026");
    for n in 0..40u64 {
        world.put(year.id, &format!("small {n}"), &noise(100 + n as usize, n));
    }
    world.put(ROOT, "empty", b"");
    let film = world.put(year.id, "film", &noise(3 << 20, 7));
    world.put(ROOT, "long", &noise((18 << 20) + 5, 8));
    let copy = world
        .drive
        .copy(film.id, ROOT, Some("film (copy)"), OnConflict::Fail);
    let copy = copy.unwrap();
    world.put(ROOT, "film (copy)", &noise((3 << 20) + 1, 9));
    assert_eq!(world.drive.node(copy.id).unwrap().version, 2);
    let late = world.mkdir(ROOT, "Late");
    world
        .drive
        .mv(photos.id, late.id, None, OnConflict::Fail)
        .unwrap();
    let gone = world.mkdir(late.id, "Gone");
    world.put(gone.id, "inside", &noise(50_000, 10));
    world.drive.remove(gone.id).unwrap();
    let alone = world.put(ROOT, "alone", b"in the trash");
    world.drive.remove(alone.id).unwrap();
    world
}

#[test]
fn the_root_key_and_the_blocks_give_everything_back() {
    let old = furnished();
    let before = told(&old);
    let (elsewhere, root) = copied(&old);
    drop(old);

    let new = World::new();
    let adopted = new.drive.adopt(&root, elsewhere.as_ref()).unwrap();
    assert_eq!((adopted.folders, adopted.files), (4, 46));
    new.drive.set_exchange(Some(elsewhere.clone()));
    assert_eq!(told(&new), before);

    // What was read is here now; the rest comes when it is asked for. Then nothing else is needed.
    let (_, missing) = new.drive.fetch_missing(|_, _| true).unwrap();
    assert_eq!(missing, 0);
    new.drive.set_exchange(None);
    let new = new.reopen();
    assert_eq!(told(&new), before);
    assert!(new.drive.verify(|_| true).unwrap().damaged.is_empty());
    // It is a drive like any other.
    let inside = new.drive.trash_list(0, 10).unwrap().items;
    new.drive.restore(inside[0].id).unwrap();
    new.put(ROOT, "more", b"more");
    assert_eq!(new.drive.search("small 39", 5).unwrap().len(), 1);
    new.drive.gc(|| true).unwrap();
    assert!(new.drive.verify(|_| true).unwrap().damaged.is_empty());
}

#[test]
fn a_catalogue_is_made_anew_only_after_a_change_and_then_shares_its_pages() {
    let world = World::new();
    let folder = world.mkdir(ROOT, "many");
    for n in 0..1200u64 {
        world
            .drive
            .create_folder(folder.id, &format!("{n}"), OnConflict::Fail)
            .unwrap();
    }
    assert_eq!(world.drive.catalogue().unwrap(), None);
    let first = world.drive.make_catalogue(|| true).unwrap();
    assert!(first.current);
    assert_eq!(world.drive.make_catalogue(|| true).unwrap(), first);
    let before = all_blocks(&world.drive);
    world.tick();
    world
        .drive
        .rename(folder.id, "still many", OnConflict::Fail)
        .unwrap();
    assert!(!world.drive.catalogue().unwrap().unwrap().current);
    let second = world.drive.make_catalogue(|| true).unwrap();
    assert_ne!(first.root, second.root);
    let after = all_blocks(&world.drive);
    let new = after.keys().filter(|digest| !before.contains_key(*digest));
    assert_eq!(new.count(), 3, "a page, the list, the root");
    // The last one's blocks stay, the ones before go.
    world.drive.gc(|| true).unwrap();
    assert_eq!(all_blocks(&world.drive), after);
    assert_eq!(
        world.vault.blocks().stat().unwrap().blocks,
        after.len() as u64
    );
}

#[test]
fn what_merges_or_purges_blocks_outdates_the_catalogue() {
    let world = furnished();
    world.drive.make_catalogue(|| true).unwrap();
    world.drive.gc(|| true).unwrap();
    let (elsewhere, root) = copied(&world);
    let new = World::new();
    new.drive.adopt(&root, elsewhere.as_ref()).unwrap();
    new.drive.set_exchange(Some(elsewhere));
    assert_eq!(told(&new), told(&world));
    let current = |world: &World| world.drive.catalogue().unwrap().unwrap().current;
    assert!(current(&world));
    world.drive.empty_trash().unwrap();
    assert!(!current(&world));
}

#[test]
fn a_damaged_or_lost_block_comes_back_from_elsewhere() {
    let world = furnished();
    let before = told(&world);
    let (elsewhere, _) = copied(&world);
    for digest in elsewhere.blocks.keys() {
        let mh = webx_content::multihash_of_digest(digest);
        world.vault.blocks().delete_many(&[mh]).unwrap();
    }
    assert!(!world.drive.verify(|_| true).unwrap().damaged.is_empty());
    let world = world.reopen();
    world.drive.set_exchange(Some(elsewhere.clone()));
    elsewhere.lies.store(true, Ordering::Relaxed);
    assert!(!world.drive.verify(|_| true).unwrap().damaged.is_empty());
    elsewhere.lies.store(false, Ordering::Relaxed);
    assert!(world.drive.verify(|_| true).unwrap().damaged.is_empty());
    assert_eq!(told(&world), before);
}

#[test]
fn a_catalogue_that_is_not_whole_changes_nothing() {
    let old = furnished();
    let (elsewhere, root) = copied(&old);
    let new = World::new();
    for lost in elsewhere.blocks.keys() {
        let mut blocks = elsewhere.blocks.clone();
        blocks.remove(lost);
        let rest = Elsewhere {
            blocks,
            ..Elsewhere::default()
        };
        let fresh = new.drive.adopt(&root, &rest);
        match fresh {
            Err(Error::Damaged { .. }) => {}
            // A block of a file's bytes: the tree is whole without it.
            Ok(_) => {
                let again = new.drive.adopt(&root, &rest);
                assert!(matches!(again, Err(Error::NotEmpty)), "{again:?}");
                return;
            }
            Err(error) => panic!("{error}"),
        }
        assert_eq!(new.names(ROOT), Vec::<String>::new());
    }
}

#[test]
fn a_catalogue_of_another_root_key_is_refused() {
    let old = furnished();
    let (elsewhere, root) = copied(&old);
    let new = World::with_root_key([8; 32]);
    let refused = new.drive.adopt(&root, elsewhere.as_ref());
    assert!(matches!(refused, Err(Error::Content(_))), "{refused:?}");
    let lying = Elsewhere {
        lies: AtomicBool::new(true),
        ..Elsewhere::default()
    };
    assert!(new.drive.adopt(&root, &lying).is_err());
    new.put(ROOT, "a drive still", b"x");
}

#[test]
fn a_catalogue_under_way_ends_when_asked() {
    let world = World::new();
    for n in 0..700 {
        world
            .drive
            .create_folder(ROOT, &format!("{n}"), OnConflict::Fail)
            .unwrap();
    }
    assert!(matches!(
        world.drive.make_catalogue(|| false),
        Err(Error::Stopped)
    ));
    assert_eq!(world.drive.catalogue().unwrap(), None);
}

#[test]
fn an_archive_of_all_blocks_becomes_the_same_drive() {
    let old = furnished();
    let before = told(&old);
    let mut archive = Vec::new();
    let written = old.drive.rescue(&mut archive, |_| true).unwrap();
    assert!(written.bytes < archive.len() as u64);
    assert!(matches!(
        old.drive.rescue(std::io::sink(), |_| false),
        Err(Error::Stopped)
    ));
    assert!(matches!(
        old.drive.adopt_archive(&archive[..], |_| true),
        Err(Error::NotEmpty)
    ));

    let new = World::new();
    for (cut, at) in [
        (true, 0),
        (true, 40),
        (true, archive.len() / 2),
        (false, 100),
        (false, archive.len() - 9),
    ] {
        let mut bad = archive.clone();
        if cut {
            bad.truncate(at);
        } else {
            bad[at] ^= 1;
        }
        let refused = new.drive.adopt_archive(&bad[..], |_| true);
        assert!(refused.is_err(), "{cut} {at}");
        assert_eq!(new.names(ROOT), Vec::<String>::new());
    }
    new.drive.gc(|| true).unwrap();
    assert_eq!(new.vault.blocks().stat().unwrap().blocks, 0);
    new.drive.adopt_archive(&archive[..], |_| true).unwrap();
    assert_eq!(told(&new), before);
    assert!(new.drive.verify(|_| true).unwrap().damaged.is_empty());
}
