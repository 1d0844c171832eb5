//! `webx export` and `webx restore`.

use std::fs::File;
use std::io;

use anyhow::Context as _;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Context;
use super::landing::Landing;
use crate::args::{ExportArgs, RestoreBackupArgs};
use crate::client::{Client, Progress};
use crate::output::bytes;
use crate::secret::Secret;
use crate::{backup, node};

/// Writes one encrypted file that holds everything.
pub(super) fn export(context: &Context, args: &ExportArgs) -> anyhow::Result<()> {
    let mut landing = Landing::start(&args.file, args.force)?;
    let size = match Client::running(&context.data)? {
        Some(client) => from_node(context, &client, &mut landing)?,
        None => from_folder(context, args, &mut landing)?,
    };
    landing.sync()?;
    landing.land(None)?;
    context
        .output
        .show(&json!({ "file": args.file, "bytes": size }), |out| {
            writeln!(out, "{} written to {}", bytes(size), args.file.display())?;
            writeln!(
                out,
                "The passphrase of today or the 24 words open it: webx restore FILE"
            )
        })
}

fn from_node(context: &Context, client: &Client, landing: &mut Landing) -> anyhow::Result<u64> {
    let (body, length) = client.open("/api/control/backup")?;
    let progress = Progress::bytes(context.output, "backup", length.unwrap_or(0));
    let size = io::copy(&mut progress.meter(body), landing)
        .context("the node broke the backup off; see its log")?;
    progress.finish();
    Ok(size)
}

/// Without a running node the command opens the vault itself.
fn from_folder(context: &Context, args: &ExportArgs, landing: &mut Landing) -> anyhow::Result<u64> {
    let runtime = node::runtime()?;
    let folder = node::open_folder(&context.data)?;
    let house = node::House::new(folder, runtime.handle().clone());
    let secret = node::open_with(&Secret::read(&args.secret)?)?;
    let vault = house
        .unlock_vault(&secret)
        .map_err(|error| node::failure(&error))?;
    let progress = Progress::bytes(context.output, "backup", 0);
    let mut counted = progress.count(&mut *landing);
    let written = backup::write(&vault, &mut counted).map(drop);
    let size = counted.bytes();
    vault.lock();
    written?;
    progress.finish();
    Ok(size)
}

/// Brings a backup back into an empty data folder.
pub(super) fn restore(context: &Context, args: &RestoreBackupArgs) -> anyhow::Result<()> {
    let file =
        File::open(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let total = file.metadata()?.len();
    let data = node::open_folder(&context.data)?;
    let progress = Progress::bytes(context.output, "restore", total);
    let restored = backup::restore(&data, progress.meter(file), &mut || {
        node::open_with(&Secret::read(&args.secret)?)
    })?;
    progress.finish();
    let made_at = i64::try_from(restored.made_at)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default();
    let report = json!({
        "restored": true,
        "madeAt": made_at,
        "blocks": restored.counts.blocks,
        "bytes": restored.counts.bytes,
        "data": context.data,
    });
    context.output.show(&report, |out| {
        writeln!(
            out,
            "everything as of {made_at} is back; start the node with webx up"
        )
    })
}
