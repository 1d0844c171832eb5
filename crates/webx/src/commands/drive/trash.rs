//! `webx drive rm|restore|trash`.

use serde_json::{Value, json};

use super::super::Context;
use super::list::{time, version_id};
use super::tree::{Tree, items};
use crate::args::{RestoreArgs, TrashArgs};
use crate::client::{Client, RemotePath, encode};
use crate::failure::Failure;
use crate::output::{bytes, field, number, printable};

pub(super) fn rm(
    context: &Context,
    tree: &Tree,
    paths: &[String],
    purge: bool,
) -> anyhow::Result<()> {
    let mut nodes = Vec::new();
    for path in paths {
        nodes.push(tree.node(&RemotePath::parse(path)?)?);
    }
    if purge {
        context
            .output
            .confirm(&format!("Delete {} for good?", paths.join(", ")))?;
    }
    let mut removed = Vec::new();
    for node in &nodes {
        tree.client().delete(&node.url(""))?;
        if purge {
            tree.client()
                .delete(&format!("/api/drive/trash/{}", encode(node.id())))?;
        }
        removed.push(node.json());
    }
    context.output.show(&removed, |_| Ok(()))
}

pub(super) fn restore(context: &Context, tree: &Tree, args: &RestoreArgs) -> anyhow::Result<()> {
    let client = tree.client();
    let restored = if let Some(number) = args.version {
        let node = tree.node(&RemotePath::parse(&args.path)?)?;
        let id = version_id(tree, &node, number)?;
        client.post(
            &node.url(&format!("/versions/{}/restore", encode(&id))),
            &json!({}),
        )?
    } else if let Some(at) = &args.at {
        let at = time(at)?;
        let node = tree.folder(&RemotePath::parse(&args.path)?)?;
        client.post(&node.url("/restore-at"), &json!({ "at": at }))?
    } else {
        let id = trashed(client, &args.path)?;
        client.post(
            &format!("/api/drive/trash/{}/restore", encode(&id)),
            &json!({}),
        )?
    };
    context.output.show(&restored, |_| Ok(()))
}

/// What lies in the trash under this id or former path; the latest when several do.
fn trashed(client: &Client, wanted: &str) -> anyhow::Result<String> {
    let path = RemotePath::parse(wanted).map(|path| path.to_string()).ok();
    let all = items(client.get("/api/drive/trash")?);
    all.iter()
        .filter(|node| {
            field(node, "id") == wanted || path.as_deref() == Some(former_path(node).as_str())
        })
        .max_by_key(|node| trashed_at(node).to_owned())
        .map(|node| field(node, "id").to_owned())
        .ok_or_else(|| {
            Failure::refused("not-found", format!("there is no {wanted} in the trash"))
                .todo("look with webx drive trash")
                .into()
        })
}

fn former_path(node: &Value) -> String {
    node.get("trashed")
        .map(|trashed| field(trashed, "fromPath"))
        .unwrap_or_default()
        .to_owned()
}

fn trashed_at(node: &Value) -> &str {
    node.get("trashed")
        .map(|trashed| field(trashed, "at"))
        .unwrap_or_default()
}

pub(super) fn run(context: &Context, client: &Client, args: &TrashArgs) -> anyhow::Result<()> {
    if args.empty {
        context
            .output
            .confirm("Delete everything in the trash for good?")?;
        client.delete("/api/drive/trash")?;
        return context.output.show(&json!({ "emptied": true }), |out| {
            writeln!(out, "the trash is empty")
        });
    }
    let nodes = items(client.get("/api/drive/trash")?);
    context.output.show(&nodes, |out| {
        for node in &nodes {
            writeln!(
                out,
                "{}  {:>12}  {:25}  {}",
                field(node, "id"),
                bytes(number(node, "size")),
                trashed_at(node),
                printable(&former_path(node)),
            )?;
        }
        Ok(())
    })
}
