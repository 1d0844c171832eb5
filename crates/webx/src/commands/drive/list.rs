//! `webx drive ls|versions|search`.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::Context;
use super::tree::{Node, Tree, items};
use crate::args::ListArgs;
use crate::client::{Client, RemotePath, encode};
use crate::failure::Failure;
use crate::output::{bytes, field, number, printable};

pub(super) fn ls(context: &Context, tree: &Tree, args: &ListArgs) -> anyhow::Result<()> {
    let mut query = format!("&sort={}&descending={}", args.sort.wire(), args.reverse);
    if let Some(at) = &args.at {
        query.push_str("&at=");
        query.push_str(&encode(&time(at)?));
    }
    let node = tree.node(&RemotePath::parse(&args.path)?)?;
    let mut nodes = Vec::new();
    if node.is_folder() {
        tree.children(&node, &query, &mut |child| {
            nodes.push(child.into_json());
            Ok(())
        })?;
    } else {
        nodes.push(node.into_json());
    }
    context.output.show(&nodes, |out| {
        for node in &nodes {
            writeln!(out, "{}", line(&Node::from(node.clone()), args.long))?;
        }
        Ok(())
    })
}

fn line(node: &Node, long: bool) -> String {
    let slash = if node.is_folder() { "/" } else { "" };
    let name = printable(node.name());
    if !long {
        return format!("{name}{slash}");
    }
    let size = if node.is_folder() {
        "-".to_owned()
    } else {
        bytes(node.size())
    };
    format!("{size:>12}  {:25}  {name}{slash}", node.field("modified"))
}

pub(super) fn versions(context: &Context, tree: &Tree, path: &str) -> anyhow::Result<()> {
    let node = tree.node(&RemotePath::parse(path)?)?;
    let versions = items(tree.client().get(&node.url("/versions"))?);
    context.output.show(&versions, |out| {
        for version in &versions {
            let mark = if version.get("current") == Some(&Value::Bool(true)) {
                "current"
            } else {
                ""
            };
            writeln!(
                out,
                "{:>6}  {:>12}  {:25}  {mark}",
                number(version, "number"),
                bytes(number(version, "size")),
                field(version, "createdAt"),
            )?;
        }
        Ok(())
    })
}

/// The id of version `number` of a file.
pub(super) fn version_id(tree: &Tree, node: &Node, wanted: u64) -> anyhow::Result<String> {
    items(tree.client().get(&node.url("/versions"))?)
        .iter()
        .find(|version| number(version, "number") == wanted)
        .map(|version| match version.get("id") {
            Some(Value::String(id)) => id.clone(),
            Some(id) => id.to_string(),
            None => String::new(),
        })
        .ok_or_else(|| {
            Failure::refused(
                "not-found",
                format!("{} has no version {wanted}", printable(node.name())),
            )
            .todo("see webx drive versions")
            .into()
        })
}

pub(super) fn search(
    context: &Context,
    client: &Client,
    query: &str,
    limit: u32,
) -> anyhow::Result<()> {
    let hits = items(client.get(&format!(
        "/api/drive/search?q={}&limit={limit}",
        encode(query)
    ))?);
    context.output.show(&hits, |out| {
        for hit in &hits {
            writeln!(out, "{}", printable(field(hit, "path")))?;
        }
        Ok(())
    })
}

/// A time as the API takes it, checked here so that the message names the argument.
pub(super) fn time(text: &str) -> Result<String, Failure> {
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .ok_or_else(|| {
            Failure::usage(format!("{text} is not a time"))
                .todo("write it like 2026-11-22T10:00:00Z")
        })
}

/// The damaged files of a verify job, as lines.
pub(super) fn damage(result: &Value) -> Vec<String> {
    result
        .get("damaged")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|damage| match damage {
            Value::String(path) => printable(path),
            other => printable(&format!(
                "{}  {}",
                [field(other, "path"), field(other, "file")].concat(),
                field(other, "what")
            )),
        })
        .collect()
}
