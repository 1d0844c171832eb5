//! `webx ipfs get`: public content into files of this machine.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{address, whole};
use crate::client::Client;
use crate::commands::Context;
use crate::commands::landing::Landing;
use crate::failure::Failure;
use crate::output::{field, printable};

/// Deeper folders are a loop or an attack.
const MAX_DEPTH: usize = 128;
/// Most files and folders of one command.
const MAX_ITEMS: u64 = 1_000_000;

/// What was written, and what was left out.
#[derive(Default)]
struct Written {
    files: u64,
    bytes: u64,
    items: u64,
    left_out: Vec<String>,
}

pub(super) fn run(
    context: &Context,
    path: &str,
    to: Option<&Path>,
    force: bool,
) -> anyhow::Result<()> {
    let client = context.client()?;
    let found = client.get(&address("list", path)?)?;
    let name = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path);
    let to = match to {
        Some(to) if !to.is_dir() => to.to_owned(),
        to => below(to.unwrap_or(Path::new(".")), name)?,
    };
    let mut written = Written::default();
    one(&client, path, &found, &to, force, 0, &mut written)?;
    for left in &written.left_out {
        context.output.remark(&format!("left out: {left}"));
    }
    let shown = json!({
        "path": to,
        "files": written.files,
        "bytes": written.bytes,
        "leftOut": written.left_out,
    });
    context.output.show(&shown, |_| Ok(()))
}

fn one(
    client: &Client,
    path: &str,
    found: &Value,
    to: &Path,
    force: bool,
    depth: usize,
    written: &mut Written,
) -> anyhow::Result<()> {
    written.items += 1;
    if depth > MAX_DEPTH || written.items > MAX_ITEMS {
        let what = "the content has too many or too deep folders to be written";
        return Err(Failure::refused("too-large", what).into());
    }
    let item = found.get("item").unwrap_or(found);
    match field(item, "kind") {
        "file" => file(client, path, to, force, written),
        "folder" => {
            fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
            let listed;
            let entries = match found.get("entries") {
                Some(entries) => entries,
                None => {
                    listed = client.get(&address("list", path)?)?;
                    listed.get("entries").unwrap_or(&Value::Null)
                }
            };
            for entry in entries.as_array().into_iter().flatten() {
                let name = field(entry, "name");
                let path = format!("{path}/{name}");
                one(
                    client,
                    &path,
                    entry,
                    &below(to, name)?,
                    force,
                    depth + 1,
                    written,
                )?;
            }
            Ok(())
        }
        kind => {
            written
                .left_out
                .push(format!("{} ({kind})", printable(path)));
            Ok(())
        }
    }
}

fn file(
    client: &Client,
    path: &str,
    to: &Path,
    force: bool,
    written: &mut Written,
) -> anyhow::Result<()> {
    let (mut body, length) = client.open(&address("file", path)?)?;
    let mut landing = Landing::start(to, force)?;
    let count = io::copy(&mut body, &mut landing)
        .with_context(|| format!("{} broke off", printable(path)))?;
    whole(count, length)?;
    landing.land(None)?;
    written.files += 1;
    written.bytes += count;
    Ok(())
}

/// A path below a folder, by a name that is one step and no more.
fn below(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(part)), None) if !name.contains(['/', '\\', '\0']) => {
            Ok(folder.join(part))
        }
        _ => Err(Failure::refused(
            "bad-name",
            format!("{} is no name for a file here", printable(name)),
        )
        .into()),
    }
}
