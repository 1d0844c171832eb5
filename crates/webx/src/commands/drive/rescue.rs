//! `webx drive rescue|adopt`: all sealed blocks in one archive, and back.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use ureq::http::Method;

use super::super::Context;
use super::super::landing::Landing;
use crate::client::{Client, Progress};
use crate::output::{bytes, number};

/// Writes the archive.
pub(super) fn rescue(
    context: &Context,
    client: &Client,
    file: &Path,
    force: bool,
) -> anyhow::Result<()> {
    let mut landing = Landing::start(file, force)?;
    let (body, length) = client.open("/api/drive/rescue")?;
    let progress = Progress::bytes(context.output, "rescue", length.unwrap_or(0));
    let size = io::copy(&mut progress.meter(body), &mut landing)
        .context("the node broke the archive off; see its log")?;
    progress.finish();
    landing.sync()?;
    landing.land(None)?;
    context
        .output
        .show(&json!({ "file": file, "bytes": size }), |out| {
            writeln!(out, "{} written to {}", bytes(size), file.display())?;
            writeln!(
                out,
                "The 24 words open it, here or with any reader of docs/format.md"
            )
        })
}

/// Makes an empty drive the one in the archive.
pub(super) fn adopt(context: &Context, client: &Client, file: &Path) -> anyhow::Result<()> {
    let cannot = || format!("cannot read {}", file.display());
    let archive = File::open(file).with_context(cannot)?;
    let size = archive.metadata().with_context(cannot)?.len();
    let progress = Progress::bytes(context.output, "adopt", size);
    let adopted = client.send(
        Method::POST,
        "/api/drive/rescue",
        &mut progress.meter(archive),
    );
    progress.finish();
    let adopted = adopted?;
    context.output.show(&adopted, |out| {
        writeln!(
            out,
            "{} files in {} folders are back, {}",
            number(&adopted, "files"),
            number(&adopted, "folders"),
            bytes(number(&adopted, "bytes")),
        )
    })
}
