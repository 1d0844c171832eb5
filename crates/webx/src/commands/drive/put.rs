//! `webx drive put` and `webx drive import`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use ureq::http::Method;

use super::super::Context;
use super::import::{self, Outcome};
use super::local::{self, Found};
use super::tree::{Node, Tree};
use crate::args::{Conflict, PutArgs};
use crate::client::{Progress, RemotePath, encode};
use crate::failure::Failure;
use crate::output::{bytes, printable};

pub(super) fn put(context: &Context, tree: &Tree, args: &PutArgs) -> anyhow::Result<()> {
    let to = RemotePath::parse(&args.to)?;
    let on_conflict = args.on_conflict.wire();
    if args.source == Path::new("-") {
        return put_input(context, tree, &to, on_conflict);
    }
    let metadata = std::fs::metadata(&args.source)
        .with_context(|| format!("cannot read {}", args.source.display()))?;
    let to = destination(tree, &to, &local_name(&args.source)?)?;
    if metadata.is_dir() {
        return put_folder(context, tree, &args.source, &to, args.on_conflict);
    }
    if !metadata.is_file() {
        return Err(Failure::refused(
            "not-a-file",
            format!("{} is neither a file nor a folder", args.source.display()),
        )
        .into());
    }
    let folder = tree.ensure_folder(&to.parent())?;
    let name = to.name().unwrap_or_default();
    let progress = Progress::bytes(context.output, name, metadata.len());
    let node = put_file(tree, &args.source, &folder, name, on_conflict, &progress)?;
    progress.finish();
    context.output.show(node.json(), |_| Ok(()))
}

/// Puts what is inside a folder, without the folder itself.
pub(super) fn import(
    context: &Context,
    tree: &Tree,
    folder: &Path,
    to: &str,
    on_conflict: Conflict,
) -> anyhow::Result<()> {
    put_folder(context, tree, folder, &RemotePath::parse(to)?, on_conflict)
}

fn put_folder(
    context: &Context,
    tree: &Tree,
    source: &Path,
    to: &RemotePath,
    on_conflict: Conflict,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let folder = tree.ensure_folder(to)?;
    let total = if context.output.progress() {
        total_size(source)?
    } else {
        0
    };
    let progress = Progress::bytes(context.output, &to.to_string(), total);
    let outcome = import::import(tree, source, &folder, to, on_conflict.wire(), &progress)?;
    progress.finish();
    report(context, &outcome, started)
}

fn report(context: &Context, outcome: &Outcome, started: Instant) -> anyhow::Result<()> {
    context.output.show(outcome, |_| Ok(()))?;
    let seconds = started.elapsed().as_secs_f64().max(0.001);
    let (files, size) = (outcome.files, bytes(outcome.bytes));
    let rate = outcome.bytes as f64 / 1e6 / seconds;
    context.output.remark(&format!(
        "{files} files, {size} in {seconds:.1} s ({rate:.0} MB/s)"
    ));
    for lost in &outcome.failed {
        context.output.remark(&printable(&format!(
            "not stored: {} ({})",
            lost.path, lost.code
        )));
    }
    match outcome.failed.len() {
        0 => Ok(()),
        count => Err(Failure::refused(
            "incomplete",
            format!("{count} of the files were not stored; all others are"),
        )
        .into()),
    }
}

/// Streams one file into a folder of the drive.
pub(super) fn put_file(
    tree: &Tree,
    source: &Path,
    folder: &Node,
    name: &str,
    on_conflict: &str,
    progress: &Progress,
) -> anyhow::Result<Node> {
    let file = File::open(source).with_context(|| format!("cannot read {}", source.display()))?;
    let modified = file
        .metadata()
        .ok()
        .and_then(|found| local::modified(&found));
    let mut body = progress.meter(file);
    send(tree, folder, name, on_conflict, modified, &mut body)
}

fn put_input(
    context: &Context,
    tree: &Tree,
    to: &RemotePath,
    on_conflict: &str,
) -> anyhow::Result<()> {
    let name = match to.name() {
        Some(name) if !to.names_a_folder() => name,
        _ => {
            return Err(Failure::usage("standard input has no name")
                .todo("write it like: webx drive put - /folder/name")
                .into());
        }
    };
    let folder = tree.ensure_folder(&to.parent())?;
    let progress = Progress::bytes(context.output, name, 0);
    let mut body = progress.meter(io::stdin().lock());
    let node = send(tree, &folder, name, on_conflict, None, &mut body)?;
    progress.finish();
    context.output.show(node.json(), |_| Ok(()))
}

fn send(
    tree: &Tree,
    folder: &Node,
    name: &str,
    on_conflict: &str,
    modified: Option<String>,
    body: &mut dyn Read,
) -> anyhow::Result<Node> {
    let mut path = folder.url(&format!("/files/{}?onConflict={on_conflict}", encode(name)));
    if let Some(modified) = modified {
        path.push_str("&modified=");
        path.push_str(&encode(&modified));
    }
    let node = tree.client().send(Method::PUT, &path, body)?;
    Ok(Node::from(node))
}

/// Where something called `name` goes when the person says `to`: into it when it is a folder (or ends
/// with a slash), else exactly there.
fn destination(tree: &Tree, to: &RemotePath, name: &str) -> anyhow::Result<RemotePath> {
    let into = to.names_a_folder() || tree.find(to)?.is_some_and(|node| node.is_folder());
    Ok(if into { to.join(name) } else { to.clone() })
}

/// The name of a local file, also for `.` and `dir/..`.
fn local_name(path: &Path) -> anyhow::Result<String> {
    let full = match path.file_name() {
        Some(_) => path.to_path_buf(),
        None => std::fs::canonicalize(path)
            .with_context(|| format!("cannot read {}", path.display()))?,
    };
    full.file_name()
        .and_then(|name| name.to_str())
        .map(str::to_owned)
        .ok_or_else(|| {
            Failure::refused(
                "invalid-name",
                format!("{} has no name in UTF-8", path.display()),
            )
            .todo("say the new name: webx drive put FILE /name")
            .into()
        })
}

fn total_size(folder: &Path) -> anyhow::Result<u64> {
    let mut total = 0u64;
    local::walk(folder, &mut |found| {
        if let Found::File { size, .. } = found {
            total = total.saturating_add(size);
        }
        true
    })?;
    Ok(total)
}
