//! Entering imported files into the tree, a batch in each transaction.
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::mpsc::Receiver,
};

use parking_lot::Mutex;
use webx_vault::BlockStore;

use super::{Batch, ImportReport, Place, Shared, fail};
use crate::{
    Error, NodeId, OnConflict, Result,
    counters::check_quota,
    drive::Inner,
    event::{DriveEvent, Op},
    name,
    tree::{self, Entry},
    txn::{New, Txn},
};

/// Commits batches until the importer is done or one fails.
pub(super) fn commit_all(
    inner: &Inner,
    parent: NodeId,
    on_conflict: OnConflict,
    batches: &Receiver<Batch>,
    shared: &Mutex<Shared>,
) {
    while let Ok(batch) = batches.recv() {
        if let Err(error) = commit(inner, parent, on_conflict, batch, shared) {
            shared.lock().fatal = Some(error);
            return;
        }
    }
}

fn commit(
    inner: &Inner,
    parent: NodeId,
    on_conflict: OnConflict,
    batch: Batch,
    shared: &Mutex<Shared>,
) -> Result<()> {
    let mut grouped = VecDeque::new();
    for group in batch.groups {
        grouped.extend(group.wait().unwrap_or(Err(Error::Stopped))?);
    }
    let mut items = Vec::with_capacity(batch.items.len());
    for item in batch.items {
        let draft = match item.draft {
            Place::Folder => None,
            Place::Grouped => Some(grouped.pop_front().ok_or(Error::Stopped)?),
            Place::Ready(draft) => Some(*draft),
        };
        items.push((item.folder, item.name, item.modified, draft));
    }
    inner.blocks().sync()?;
    let (done, failed, events) = inner.write(|txn| {
        txn.quiet = true;
        let top = txn.live(parent)?.folder()?;
        let mut places = Places {
            top: &top,
            known: HashMap::new(),
            made: 0,
            touched: HashSet::new(),
        };
        let (mut done, mut failed) = (ImportReport::default(), Vec::new());
        let mut bundle = None;
        for (folder, name, modified, draft) in &items {
            let put = places
                .folder(txn, folder)
                .and_then(|folder| match (name, draft) {
                    (Some(name), Some(draft)) => txn
                        .put_file(&folder, name, *modified, on_conflict, draft, &mut bundle)
                        .map(|_| Some(draft.size)),
                    _ => Ok(None),
                });
            match put {
                Ok(Some(size)) => {
                    done.files += 1;
                    done.bytes += size;
                }
                Ok(None) => {}
                Err(
                    error @ (Error::Exists(_)
                    | Error::NotAFolder(_)
                    | Error::NotAFile(_)
                    | Error::TooLarge { .. }
                    | Error::Damaged { .. }
                    | Error::BadName { .. }),
                ) => {
                    let name = name.as_deref().unwrap_or_default();
                    failed.push((
                        format!("{folder}{}{name}", if folder.is_empty() { "" } else { "/" }),
                        error,
                    ));
                }
                Err(error) => return Err(error),
            }
        }
        check_quota(&txn.counters, 0)?;
        done.folders = places.made;
        let events: Vec<DriveEvent> = places
            .touched
            .iter()
            .map(|(node, parent)| DriveEvent {
                op: Op::Changed,
                node: *node,
                parent: *parent,
            })
            .collect();
        Ok((done, failed, events))
    })?;
    inner.events.publish(&events);
    for (path, error) in failed {
        fail(shared, &path, &error);
    }
    let mut shared = shared.lock();
    shared.report.files += done.files;
    shared.report.folders += done.folders;
    shared.report.bytes += done.bytes;
    Ok(())
}

/// The folders of one batch, by their path below the target.
struct Places<'a> {
    top: &'a Entry,
    known: HashMap<String, Entry>,
    made: u64,
    touched: HashSet<(NodeId, Option<NodeId>)>,
}

impl Places<'_> {
    fn folder(&mut self, txn: &mut Txn<'_>, path: &str) -> Result<Entry> {
        if path.is_empty() {
            let parent = txn
                .id_of(self.top.parent)?
                .filter(|id| *id != NodeId::TRASH);
            self.touched.insert((self.top.id, parent));
            return Ok(self.top.clone());
        }
        if let Some(known) = self.known.get(path) {
            return Ok(known.clone());
        }
        let mut at = self.top.clone();
        let mut done = String::new();
        let mut depth = tree::lineage(txn.conn, self.top.n)?.steps.len();
        for part in path.split('/') {
            if !done.is_empty() {
                done.push('/');
            }
            done.push_str(part);
            depth += 1;
            if let Some(known) = self.known.get(&done) {
                at = known.clone();
                continue;
            }
            let next = match tree::child(txn.conn, at.n, part)? {
                Some(there) => there.folder()?,
                None if depth > name::MAX_DEPTH => {
                    return Err(Error::TooLarge {
                        what: "the depth of the tree",
                        max: name::MAX_DEPTH as u64,
                    });
                }
                None => {
                    let key = txn.key(&at)?;
                    let (made, _) = txn.insert(&at, &key, New::folder(part))?;
                    txn.count(at.n, 1);
                    self.made += 1;
                    let parent = txn.id_of(at.parent)?;
                    self.touched.insert((at.id, parent));
                    made
                }
            };
            self.known.insert(done.clone(), next.clone());
            at = next;
        }
        let parent = txn.id_of(at.parent)?;
        self.touched.insert((at.id, parent));
        Ok(at)
    }
}
