//! Random changes, against a model that remembers everything.

use std::collections::BTreeMap;

use crate::common::{ROOT, World};
use proptest::prelude::*;
use time::OffsetDateTime;
use webx_drive::{Error, ImportItem, Kind, ListQuery, NodeId, OnConflict};

/// A path and what is there: the bytes of a file, or a folder.
type Tree = BTreeMap<String, Option<Vec<u8>>>;

#[derive(Debug, Clone)]
enum Action {
    Write(usize, usize, Vec<u8>),
    Mkdir(usize, usize),
    Rename(usize, usize),
    Move(usize, usize),
    Copy(usize, usize, usize),
    Remove(usize),
    Restore(usize),
    Purge(usize),
    RestoreVersion(usize, usize),
    RestoreAt(usize),
    Import(usize, usize, u8),
    Reopen,
    Collect,
    Index,
}

fn action() -> impl Strategy<Value = Action> {
    let at = 0usize..1000;
    prop_oneof![
        6 => (at.clone(), 0usize..5, prop::collection::vec(any::<u8>(), 0..50)).prop_map(|(a, n, b)| Action::Write(a, n, b)),
        4 => (at.clone(), 0usize..5).prop_map(|(a, n)| Action::Mkdir(a, n)),
        3 => (at.clone(), 0usize..5).prop_map(|(a, n)| Action::Rename(a, n)),
        4 => (at.clone(), at.clone()).prop_map(|(a, b)| Action::Move(a, b)),
        2 => (at.clone(), at.clone(), 0usize..5).prop_map(|(a, b, n)| Action::Copy(a, b, n)),
        3 => at.clone().prop_map(Action::Remove),
        3 => at.clone().prop_map(Action::Restore),
        1 => at.clone().prop_map(Action::Purge),
        2 => (at.clone(), at.clone()).prop_map(|(a, b)| Action::RestoreVersion(a, b)),
        2 => at.clone().prop_map(Action::RestoreAt),
        2 => (at.clone(), 0usize..5, any::<u8>()).prop_map(|(a, n, b)| Action::Import(a, n, b)),
        1 => Just(Action::Reopen),
        1 => Just(Action::Collect),
        1 => Just(Action::Index),
    ]
}

const NAMES: [&str; 5] = ["a", "b", "C", "d 10", "é"];

/// Reads the whole tree, now or at a time.
fn read(world: &World, at: Option<OffsetDateTime>) -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![(String::new(), ROOT)];
    while let Some((path, id)) = folders.pop() {
        let page = world
            .drive
            .list(
                id,
                &ListQuery {
                    at,
                    ..ListQuery::default()
                },
            )
            .unwrap();
        assert_eq!(page.total, page.items.len() as u64);
        if at.is_none() {
            assert_eq!(
                world.drive.node(id).unwrap().child_count,
                Some(page.total),
                "{path}"
            );
        }
        for node in page.items {
            let path = format!("{path}/{}", node.name);
            let content = match node.kind {
                Kind::File => Some(world.get_version(node.id, Some(node.version_id))),
                Kind::Folder => {
                    folders.push((path.clone(), node.id));
                    None
                }
            };
            if at.is_none() {
                assert_eq!(world.drive.path_of(node.id).unwrap(), path);
                assert_eq!(world.drive.resolve(&path).unwrap().id, node.id);
            }
            assert!(
                tree.insert(path, content).is_none(),
                "two nodes of one name"
            );
        }
    }
    tree
}

/// Moves everything at and below a path.
fn relocate(tree: &mut Tree, from: &str, to: &str) {
    let below = format!("{from}/");
    let moved: Vec<_> = tree
        .keys()
        .filter(|path| *path == from || path.starts_with(&below))
        .cloned()
        .collect();
    // All are taken out before any is put back: a new path may be the old path of another.
    let moved: Vec<_> = moved
        .into_iter()
        .map(|path| {
            let content = tree.remove(&path).unwrap();
            (format!("{to}{}", &path[from.len()..]), content)
        })
        .collect();
    tree.extend(moved);
}

fn parent(path: &str) -> &str {
    &path[..path.rfind('/').unwrap()]
}

struct Model {
    tree: Tree,
    /// What was in the trash with the id of the node: where it came from and what is in it.
    trash: Vec<(NodeId, Tree)>,
    /// The tree after each action, with the time of it.
    past: Vec<(OffsetDateTime, Tree)>,
    /// Nodes purged: times before a purge cannot be compared any more.
    purged: bool,
}

impl Model {
    fn any(&self, i: usize) -> Option<(String, bool)> {
        let (path, content) = self.tree.iter().nth(i.checked_rem(self.tree.len())?)?;
        Some((path.clone(), content.is_none()))
    }

    /// A folder; the root is the empty path.
    fn folder(&self, i: usize) -> String {
        let mut folders: Vec<String> = self
            .tree
            .iter()
            .filter(|(_, content)| content.is_none())
            .map(|(path, _)| path.clone())
            .collect();
        folders.push(String::new());
        folders.swap_remove(i % folders.len())
    }

    fn id(&self, world: &World, path: &str) -> NodeId {
        world.drive.resolve(path).unwrap().id
    }

    fn apply(&mut self, world: &World, action: &Action) {
        match action {
            Action::Write(at, name, bytes) => {
                let folder = self.folder(*at);
                let path = format!("{folder}/{}", NAMES[*name]);
                let written = world.drive.write_file(
                    self.id(world, &folder),
                    NAMES[*name],
                    Default::default(),
                    OnConflict::NewVersion,
                    bytes.as_slice(),
                );
                if self.tree.get(&path).is_some_and(Option::is_none) {
                    assert!(matches!(written, Err(Error::NotAFile(_))));
                } else {
                    written.unwrap();
                    self.tree.insert(path, Some(bytes.clone()));
                }
            }
            Action::Mkdir(at, name) => {
                let folder = self.folder(*at);
                let path = format!("{folder}/{}", NAMES[*name]);
                let made = world.drive.create_folder(
                    self.id(world, &folder),
                    NAMES[*name],
                    OnConflict::Fail,
                );
                match made {
                    Err(Error::Exists(_)) => assert!(self.tree.contains_key(&path)),
                    made => {
                        made.unwrap();
                        assert!(self.tree.insert(path, None).is_none());
                    }
                }
            }
            Action::Rename(at, name) => {
                let Some((path, _)) = self.any(*at) else {
                    return;
                };
                let to = format!("{}/{}", parent(&path), NAMES[*name]);
                let renamed =
                    world
                        .drive
                        .rename(self.id(world, &path), NAMES[*name], OnConflict::Fail);
                if to != path && self.tree.contains_key(&to) {
                    assert!(matches!(renamed, Err(Error::Exists(_))));
                } else {
                    renamed.unwrap();
                    relocate(&mut self.tree, &path, &to);
                }
            }
            Action::Move(at, to) => {
                let Some((path, is_folder)) = self.any(*at) else {
                    return;
                };
                let folder = self.folder(*to);
                let to = format!("{folder}{}", &path[parent(&path).len()..]);
                let moved = world.drive.mv(
                    self.id(world, &path),
                    self.id(world, &folder),
                    None,
                    OnConflict::Fail,
                );
                if to == path {
                    moved.unwrap();
                } else if is_folder && (folder == path || folder.starts_with(&format!("{path}/"))) {
                    assert!(matches!(moved, Err(Error::IntoItself)));
                } else if self.tree.contains_key(&to) {
                    assert!(matches!(moved, Err(Error::Exists(_))));
                } else {
                    moved.unwrap();
                    relocate(&mut self.tree, &path, &to);
                }
            }
            Action::Copy(at, to, name) => {
                let Some((path, _)) = self.any(*at) else {
                    return;
                };
                let folder = self.folder(*to);
                let to = format!("{folder}/{}", NAMES[*name]);
                let (from_id, folder_id) = (self.id(world, &path), self.id(world, &folder));
                let copied =
                    world
                        .drive
                        .copy(from_id, folder_id, Some(NAMES[*name]), OnConflict::Fail);
                if self.tree.contains_key(&to) {
                    assert!(matches!(copied, Err(Error::Exists(_))));
                } else {
                    copied.unwrap();
                    let mut copy = self.tree.clone();
                    copy.retain(|other, _| {
                        *other == path || other.starts_with(&format!("{path}/"))
                    });
                    relocate(&mut copy, &path, &to);
                    self.tree.extend(copy);
                }
            }
            Action::Remove(at) => {
                let Some((path, _)) = self.any(*at) else {
                    return;
                };
                let id = self.id(world, &path);
                world.drive.remove(id).unwrap();
                let mut gone = Tree::new();
                self.tree.retain(|other, content| {
                    let below = *other == path || other.starts_with(&format!("{path}/"));
                    if below {
                        gone.insert(other[parent(&path).len()..].to_owned(), content.clone());
                    }
                    !below
                });
                self.trash.push((id, gone));
            }
            Action::Restore(at) => {
                if self.trash.is_empty() {
                    return;
                }
                let (id, tree) = self.trash.swap_remove(at % self.trash.len());
                let to = world.drive.restore(id).unwrap().path;
                let mut tree = tree;
                let top = tree.keys().next().unwrap().clone();
                relocate(&mut tree, &top, &to);
                assert!(!self.tree.contains_key(&to));
                assert!(parent(&to).is_empty() || self.tree[parent(&to)].is_none());
                self.tree.extend(tree);
            }
            Action::Purge(at) => {
                if self.trash.is_empty() {
                    return;
                }
                let (id, _) = self.trash.swap_remove(at % self.trash.len());
                world.drive.purge(id).unwrap();
                assert!(matches!(world.drive.node(id), Err(Error::NotFound(_))));
                self.purged = true;
                self.past.clear();
            }
            Action::RestoreVersion(at, version) => {
                let Some((path, false)) = self.any(*at) else {
                    return;
                };
                let id = self.id(world, &path);
                let versions = world.drive.versions(id).unwrap();
                let version = &versions[version % versions.len()];
                let bytes = world.get_version(id, Some(version.id));
                world.drive.restore_version(id, version.id).unwrap();
                self.tree.insert(path, Some(bytes));
            }
            Action::RestoreAt(at) => {
                if self.past.is_empty() {
                    return;
                }
                let (then, tree) = self.past[at % self.past.len()].clone();
                world.drive.restore_folder_at(ROOT, then).unwrap();
                self.tree = tree;
                // Things went into the trash and came out of it: learn anew what is there.
                self.trash.clear();
                for node in world.drive.trash_list(0, 1000).unwrap().items {
                    let mut gone = Tree::new();
                    let mut todo = vec![(format!("/{}", node.name), node.clone())];
                    while let Some((path, node)) = todo.pop() {
                        if node.kind == Kind::File {
                            gone.insert(path, Some(world.get(node.id)));
                            continue;
                        }
                        for child in world
                            .drive
                            .list(node.id, &ListQuery::default())
                            .unwrap()
                            .items
                        {
                            todo.push((format!("{path}/{}", child.name), child));
                        }
                        gone.insert(path, None);
                    }
                    self.trash.push((node.id, gone));
                }
            }
            Action::Import(at, name, byte) => {
                let folder = self.folder(*at);
                let top = format!("{folder}/{}", NAMES[*name]);
                let items: Vec<_> = (0..3)
                    .map(|i| ImportItem {
                        path: format!("{}/{}", NAMES[*name], NAMES[i]),
                        meta: Default::default(),
                        content: Some(std::io::Cursor::new(vec![*byte; i])),
                    })
                    .collect();
                let report = world
                    .drive
                    .import(self.id(world, &folder), OnConflict::NewVersion, items)
                    .unwrap();
                if self.tree.get(&top).is_some_and(Option::is_some) {
                    assert_eq!(report.failed.len(), 3);
                    return;
                }
                self.tree.insert(top.clone(), None);
                for (i, name) in NAMES.iter().enumerate().take(3) {
                    let path = format!("{top}/{name}");
                    if self.tree.get(&path).is_some_and(Option::is_none) {
                        assert!(
                            report
                                .failed
                                .iter()
                                .any(|failure| failure.code == "not-a-file")
                        );
                    } else {
                        self.tree.insert(path, Some(vec![*byte; i]));
                    }
                }
            }
            Action::Reopen => {}
            Action::Collect => {
                world.drive.gc(|| true).unwrap();
            }
            Action::Index => world.drive.index_names().unwrap(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_drive_does_what_a_model_does(actions in prop::collection::vec(action(), 1..60)) {
        let mut world = World::new();
        let mut model = Model { tree: Tree::new(), trash: Vec::new(), past: Vec::new(), purged: false };
        for action in &actions {
            world.tick();
            if matches!(action, Action::Reopen) {
                world = world.reopen();
            }
            model.apply(&world, action);
            let now = read(&world, None);
            prop_assert_eq!(&now, &model.tree, "after {:?}", action);
            model.past.push((world.tick(), now));
            let files = model.tree.values().filter(|content| content.is_some()).count() as u64;
            let usage = world.drive.usage().unwrap();
            prop_assert_eq!((usage.files, usage.folders), (files, model.tree.len() as u64 - files));
            prop_assert_eq!(world.drive.trash_list(0, 1000).unwrap().items.len(), model.trash.len());
        }
        for (then, tree) in &model.past {
            prop_assert_eq!(&read(&world, Some(*then)), tree, "at {}", then);
        }
        for name in NAMES {
            // The five names differ in every character, so one is found exactly where it stands.
            let plain = |path: &str| path[parent(path).len()..].to_lowercase().replace('é', "e");
            let paths: Vec<_> = model.tree.keys().filter(|path| plain(path).contains(&plain(&format!("/{name}"))[1..])).collect();
            prop_assert_eq!(world.drive.search(name, 1000).unwrap().len(), paths.len(), "{}", name);
        }
        prop_assert!(world.drive.verify(|_| true).unwrap().damaged.is_empty());
        let before = world.drive.usage().unwrap().stored;
        world.drive.gc(|| true).unwrap();
        // Bringing small files together may add some padding.
        let after = world.drive.usage().unwrap().stored;
        prop_assert!(after <= before + before / 8 + 64, "{} {}", after, before);
        prop_assert!(world.drive.verify(|_| true).unwrap().damaged.is_empty());
        prop_assert_eq!(&read(&world, None), &model.tree);
    }
}
