//! `webx drive`: your files from the command line.

mod fetch;
mod import;
mod list;
mod local;
mod put;
mod rescue;
mod trash;
mod tree;

use serde_json::json;

use super::Context;
use crate::args::DriveCommand;
use crate::client::{Client, RemotePath};
use crate::failure::Failure;
use crate::output::{bytes, number};

pub(super) use fetch::{fetch_file, walk_tree};
pub(super) use tree::{Node, Tree, items};

pub(super) fn run(context: &Context, command: &DriveCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    let tree = Tree::new(client.clone());
    match command {
        DriveCommand::Put(args) => put::put(context, &tree, args),
        DriveCommand::Import {
            folder,
            to,
            on_conflict,
        } => put::import(context, &tree, folder, to, *on_conflict),
        DriveCommand::Get(args) => fetch::get(context, &tree, args),
        DriveCommand::Export { from, to, force } => fetch::export(context, &tree, from, to, *force),
        DriveCommand::Cat { path, version } => fetch::cat(&tree, path, *version),
        DriveCommand::Ls(args) => list::ls(context, &tree, args),
        DriveCommand::Versions { path } => list::versions(context, &tree, path),
        DriveCommand::Search { query, limit } => list::search(context, &client, query, *limit),
        DriveCommand::Mkdir { paths, parents } => mkdir(context, &tree, paths, *parents),
        DriveCommand::Mv {
            from,
            to,
            on_conflict,
        } => mv(context, &tree, from, to, on_conflict.wire()),
        DriveCommand::Rm { paths, purge } => trash::rm(context, &tree, paths, *purge),
        DriveCommand::Restore(args) => trash::restore(context, &tree, args),
        DriveCommand::Trash(args) => trash::run(context, &client, args),
        DriveCommand::Usage => usage(context, &client),
        DriveCommand::Verify => verify(context, &client),
        DriveCommand::Rescue { file, force } => rescue::rescue(context, &client, file, *force),
        DriveCommand::Adopt { file } => rescue::adopt(context, &client, file),
    }
}

fn mkdir(context: &Context, tree: &Tree, paths: &[String], parents: bool) -> anyhow::Result<()> {
    let mut made = Vec::new();
    for path in paths {
        let path = RemotePath::parse(path)?;
        let node = match (path.name(), parents) {
            (_, true) => tree.ensure_folder(&path)?,
            (None, false) => {
                return Err(Failure::refused("name-taken", "the root exists already").into());
            }
            (Some(name), false) => {
                let parent = tree.folder(&path.parent())?;
                tree.make_folder(&parent, name)?
            }
        };
        made.push(node.into_json());
    }
    context.output.show(&made, |_| Ok(()))
}

fn mv(
    context: &Context,
    tree: &Tree,
    from: &str,
    to: &str,
    on_conflict: &str,
) -> anyhow::Result<()> {
    let source = tree.node(&RemotePath::parse(from)?)?;
    let to = RemotePath::parse(to)?;
    let (parent, name) = match tree.find(&to)? {
        Some(folder) if folder.is_folder() => (folder, source.name().to_owned()),
        Some(_) | None => {
            let name = to.name().unwrap_or(source.name()).to_owned();
            (tree.folder(&to.parent())?, name)
        }
    };
    let moved = tree.client().patch(
        &source.url(""),
        &json!({ "parent": parent.id(), "name": name, "onConflict": on_conflict }),
    )?;
    context.output.show(&moved, |_| Ok(()))
}

fn usage(context: &Context, client: &Client) -> anyhow::Result<()> {
    let usage = client.get("/api/drive/usage")?;
    context.output.show(&usage, |out| {
        writeln!(out, "files      {}", number(&usage, "files"))?;
        writeln!(out, "folders    {}", number(&usage, "folders"))?;
        for (label, name) in [
            ("content", "logical"),
            ("stored", "stored"),
            ("versions", "versions"),
            ("trash", "trash"),
        ] {
            writeln!(out, "{label:10} {}", bytes(number(&usage, name)))?;
        }
        match usage.get("quota").and_then(serde_json::Value::as_u64) {
            Some(quota) if quota > 0 => writeln!(out, "quota      {}", bytes(quota)),
            _ => writeln!(out, "quota      none"),
        }
    })
}

fn verify(context: &Context, client: &Client) -> anyhow::Result<()> {
    let job = client.post("/api/drive/verify", &json!({}))?;
    let result = super::drive_job::wait(context.output, client, &job, "verifying")?;
    let damaged = list::damage(&result);
    context.output.show(&result, |out| {
        if damaged.is_empty() {
            writeln!(out, "every stored byte is as it was written")?;
        }
        for line in &damaged {
            writeln!(out, "damaged    {line}")?;
        }
        Ok(())
    })?;
    if damaged.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(
        "damaged",
        format!("{} damaged; everything else can be read", damaged.len()),
    )
    .todo("bring earlier versions back with webx drive restore, or restore a backup")
    .into())
}
