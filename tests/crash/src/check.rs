//! Is everything there that must be, and does the store verify clean?

use std::{
    collections::{BTreeMap, HashMap},
    io::Read,
};

use anyhow::{Result, bail};
use webx_drive::{Error, ListQuery, Node, NodeId};

use crate::{
    content::{Content, digest},
    home::{Home, folder_name},
    model::{FOLDERS, File, Found, Model, Op, Place, Worker},
    vault::{damages, found_events, found_setting},
};

/// Compares the store with the model and settles what was uncertain.
///
/// # Errors
/// A sentence for each thing that is not as it must be.
pub fn check(home: &Home, model: &mut Model) -> Result<(), Vec<String>> {
    let mut wrong = Vec::new();
    let known = known(model);
    let trash = trash(home).unwrap_or_else(|error| {
        wrong.push(format!("the trash cannot be listed: {error:#}"));
        Vec::new()
    });
    for (number, worker) in model.workers.iter_mut().enumerate() {
        if let Err(error) = resume(home, worker) {
            wrong.push(format!("worker {number}: {error:#}"));
        }
        match found(home, number, &trash, &known) {
            Ok(found) => {
                if let Err(sentences) = worker.settle(&found) {
                    wrong.extend(
                        sentences
                            .into_iter()
                            .map(|sentence| format!("worker {number}: {sentence}")),
                    );
                }
            }
            Err(error) => wrong.push(format!("worker {number}: cannot be read: {error:#}")),
        }
    }
    if let Err(error) = home.events.verify() {
        wrong.push(format!("event log: {error}"));
    }
    wrong.extend(damages(&home.vault));
    wrong.extend(verify(home));
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Contents that can be in the store, by length and digest.
type Known = HashMap<(u64, blake3::Hash), Content>;

fn known(model: &Model) -> Known {
    let mut known = Known::new();
    let mut add = |content: Content| {
        if let Ok(hash) = content.digest() {
            known.insert((content.len, hash), content);
        }
    };
    for worker in &model.workers {
        worker
            .files
            .values()
            .flat_map(|file| &file.versions)
            .for_each(|content| add(*content));
        for op in &worker.maybe {
            match op {
                Op::Put { content, .. } | Op::Upload { content, .. } => add(*content),
                Op::Import { files, .. } => files.iter().for_each(|(_, content)| add(*content)),
                _ => {}
            }
        }
    }
    known
}

fn found(home: &Home, worker: usize, trash: &[(Node, u8)], known: &Known) -> Result<Found> {
    let mut found = Found::default();
    for folder in 0..FOLDERS {
        for node in list(home, worker, folder)? {
            let file = File {
                place: Place::Folder(folder),
                versions: versions(home, &node, known)?,
            };
            insert(&mut found.files, &node.name, file)?;
        }
    }
    let own = format!("w{worker}-");
    for (node, folder) in trash.iter().filter(|(node, _)| node.name.starts_with(&own)) {
        let file = File {
            place: Place::Trash(*folder),
            versions: versions(home, node, known)?,
        };
        insert(&mut found.files, &node.name, file)?;
    }
    found.setting = found_setting(home.vault.db(), worker)?;
    found.events = found_events(&home.events, worker)?;
    Ok(found)
}

/// Goes on with every upload that was under way: what was acknowledged of it must be there.
fn resume(home: &Home, worker: &Worker) -> Result<()> {
    let unfinished = home.drive.uploads()?;
    for op in &worker.maybe {
        let Op::Upload {
            name,
            content,
            safe,
            ..
        } = op
        else {
            continue;
        };
        match unfinished.iter().find(|upload| upload.name == *name) {
            Some(upload) if upload.offset < *safe => {
                bail!(
                    "{name}: {safe} bytes of the upload were acknowledged, {} are there",
                    upload.offset
                )
            }
            Some(upload) => {
                let mut rest = content.reader();
                std::io::copy(&mut (&mut rest).take(upload.offset), &mut std::io::sink())?;
                home.drive.append_upload(upload.id, upload.offset, rest)?;
                home.drive.finish_upload(upload.id)?;
            }
            None if *safe > 0 && !finished(home, name)? => {
                bail!("{name}: the upload is gone, {safe} bytes with it")
            }
            None => {}
        }
    }
    Ok(())
}

fn finished(home: &Home, name: &str) -> Result<bool> {
    Ok(home
        .drive
        .search(name, 5)?
        .iter()
        .any(|hit| hit.node.name == name))
}

fn insert(files: &mut BTreeMap<String, File>, name: &str, file: File) -> Result<()> {
    match files.insert(name.to_owned(), file) {
        None => Ok(()),
        Some(_) => bail!("{name} is there twice"),
    }
}

/// The nodes in a worker's folder; none when the folder is not there.
///
/// # Errors
/// When it cannot be listed.
pub fn list(home: &Home, worker: usize, folder: u8) -> Result<Vec<Node>> {
    let folder = match home.drive.resolve(&folder_name(worker, folder)) {
        Ok(node) => node.id,
        Err(Error::NotFound(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut nodes = Vec::new();
    loop {
        let query = ListQuery {
            offset: nodes.len() as u64,
            ..ListQuery::default()
        };
        let page = home.drive.list(folder, &query)?;
        nodes.extend(page.items);
        if nodes.len() as u64 >= page.total {
            return Ok(nodes);
        }
    }
}

/// Everything in the trash, with the number of the folder it came from.
///
/// # Errors
/// When it cannot be listed.
pub fn trash(home: &Home) -> Result<Vec<(Node, u8)>> {
    let mut nodes = Vec::new();
    loop {
        let page = home.drive.trash_list(nodes.len() as u64, 1000)?;
        let total = page.total;
        for node in page.items {
            let from = node
                .trashed
                .as_ref()
                .map(|trashed| trashed.from_path.clone())
                .unwrap_or_default();
            let folder = from
                .split('/')
                .rev()
                .nth(1)
                .and_then(|name| name.rsplit(' ').next()?.parse().ok());
            nodes.push((node, folder.unwrap_or(u8::MAX)));
        }
        if nodes.len() as u64 >= total {
            return Ok(nodes);
        }
    }
}

fn versions(home: &Home, node: &Node, known: &Known) -> Result<Vec<Content>> {
    let mut contents = Vec::new();
    for version in home.drive.versions(node.id)?.into_iter().rev() {
        let hash = digest(home.drive.open_file(node.id, Some(version.id))?)?;
        contents.push(
            known
                .get(&(version.size, hash))
                .copied()
                .unwrap_or(Content {
                    tag: 0,
                    len: version.size,
                }),
        );
    }
    let current = digest(home.drive.open_file(node.id, None)?)?;
    match contents.last() {
        Some(last) if known.get(&(node.size, current)) == Some(last) => Ok(contents),
        last => bail!(
            "{}: what is read ({} bytes) is not the newest version {last:?}",
            node.name,
            node.size
        ),
    }
}

fn verify(home: &Home) -> Vec<String> {
    let drive = match home.drive.verify(|_| true) {
        // An index that was rebuilt is said there too; `damages` counts it and judges the rest.
        Ok(report)
            if report.damaged.is_empty()
                && report
                    .vault
                    .iter()
                    .all(|line| line.contains("no block is lost")) =>
        {
            None
        }
        Ok(report) => Some(format!("drive verify: {report:?}")),
        Err(error) => Some(format!("drive verify: {error}")),
    };
    let blocks = match home.vault.blocks().verify(|_| true) {
        Ok(report) if report.damaged.is_empty() => None,
        Ok(report) => Some(format!("block verify: {:?}", report.damaged)),
        Err(error) => Some(format!("block verify: {error}")),
    };
    drive.into_iter().chain(blocks).collect()
}

/// The node of every file of a worker, by name.
///
/// # Errors
/// When the store cannot be listed.
pub fn nodes(home: &Home, worker: usize) -> Result<HashMap<String, NodeId>> {
    let mut nodes = HashMap::new();
    for folder in 0..FOLDERS {
        nodes.extend(
            list(home, worker, folder)?
                .into_iter()
                .map(|node| (node.name, node.id)),
        );
    }
    let own = format!("w{worker}-");
    nodes.extend(
        trash(home)?
            .into_iter()
            .filter(|(node, _)| node.name.starts_with(&own))
            .map(|(node, _)| (node.name, node.id)),
    );
    Ok(nodes)
}
