//! `webx doctor --salvage`: copies everything that can still be read to a folder of this machine.
//!
//! A file whose present content is damaged is tried in its earlier versions, newest first.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::drive::{Node, Tree, fetch_file, items, walk_tree};
use crate::client::{Client, Progress, RemotePath};
use crate::failure::Failure;
use crate::output::{Output, number, printable};

#[derive(Debug, Default, Serialize)]
struct Salvaged {
    files: u64,
    bytes: u64,
    /// Files of which only an earlier version could be read.
    older: Vec<Older>,
    lost: Vec<Lost>,
}

#[derive(Debug, Serialize)]
struct Older {
    path: String,
    version: u64,
}

#[derive(Debug, Serialize)]
struct Lost {
    path: String,
    what: String,
}

/// Walks the whole drive. What is lost is named, and costs nothing else.
pub(crate) fn salvage(client: &Client, output: Output, target: &Path) -> anyhow::Result<()> {
    let tree = Tree::new(client.clone());
    let root = tree.folder(&RemotePath::parse("/")?)?;
    let progress = Progress::bytes(output, "salvage", 0);
    let mut salvaged = Salvaged::default();
    let mut unreadable = Vec::new();
    walk_tree(&tree, &root, target, &mut unreadable, &mut |file, path| {
        save(&tree, &file, &path, &progress, &mut salvaged);
        Ok(())
    })?;
    progress.finish();
    salvaged.lost.extend(
        unreadable
            .into_iter()
            .map(|(path, what)| Lost { path, what }),
    );
    conclude(output, &salvaged)
}

fn save(tree: &Tree, file: &Node, path: &Path, progress: &Progress, salvaged: &mut Salvaged) {
    let what = match fetch_file(tree, file, None, path, progress) {
        Ok(size) => {
            salvaged.files += 1;
            salvaged.bytes += size;
            return;
        }
        Err(error) => format!("{error:#}"),
    };
    for (id, version) in earlier_versions(tree, file) {
        if let Ok(size) = fetch_file(tree, file, Some(&id), path, progress) {
            salvaged.files += 1;
            salvaged.bytes += size;
            salvaged.older.push(Older {
                path: path.display().to_string(),
                version,
            });
            return;
        }
    }
    salvaged.lost.push(Lost {
        path: path.display().to_string(),
        what,
    });
}

/// Ids and numbers of the versions before the current one, newest first.
fn earlier_versions(tree: &Tree, file: &Node) -> Vec<(String, u64)> {
    let Ok(versions) = tree.client().get(&file.url("/versions")) else {
        return Vec::new();
    };
    let mut earlier: Vec<(String, u64)> = items(versions)
        .iter()
        .filter(|version| version.get("current") != Some(&Value::Bool(true)))
        .filter_map(|version| {
            let id = match version.get("id")? {
                Value::String(id) => id.clone(),
                id => id.to_string(),
            };
            Some((id, number(version, "number")))
        })
        .collect();
    earlier.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    earlier
}

fn conclude(output: Output, salvaged: &Salvaged) -> anyhow::Result<()> {
    output.show(salvaged, |out| {
        writeln!(out, "{} files saved", salvaged.files)?;
        for older in &salvaged.older {
            let line = format!("version {} of {}", older.version, older.path);
            writeln!(out, "older      {}", printable(&line))?;
        }
        for lost in &salvaged.lost {
            let line = format!("{}  {}", lost.path, lost.what);
            writeln!(out, "lost       {}", printable(&line))?;
        }
        Ok(())
    })?;
    if salvaged.lost.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(
        "damaged",
        format!("{} could not be read", salvaged.lost.len()),
    )
    .todo("a backup may hold them: webx restore FILE --data OTHER")
    .into())
}
