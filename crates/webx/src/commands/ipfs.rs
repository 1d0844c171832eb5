//! `webx ipfs`: public content. Files are cut and hashed here; the node takes blocks and checks them.

mod add;
mod daemon;
mod get;
mod repo;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};
use ureq::http::Method;

use super::Context;
use super::landing::Landing;
use crate::args::{CarCommand, GatewayCommand, IpfsCommand};
use crate::client::{Client, Progress, encode};
use crate::failure::Failure;
use crate::output::{bytes, field, number, printable};

const ROOT: &str = "/api/control/ipfs";

pub(super) fn run(context: &Context, command: &IpfsCommand) -> anyhow::Result<()> {
    match command {
        IpfsCommand::Add(args) => add::run(context, args),
        IpfsCommand::Get { path, to, force } => get::run(context, path, to.as_deref(), *force),
        IpfsCommand::Cat { path } => cat(context, path),
        IpfsCommand::Ls { path: Some(path) } => list(context, path),
        IpfsCommand::Ls { path: None } => roots(context),
        IpfsCommand::Rm { cid } => remove(context, cid),
        IpfsCommand::Car(CarCommand::Import { file }) => import(context, file),
        IpfsCommand::Car(CarCommand::Export { path, file, force }) => {
            export(context, path, file, *force)
        }
        IpfsCommand::Gateway(command) => door(context, "gateway", *command),
        IpfsCommand::Rpc(command) => door(context, "rpc", *command),
        IpfsCommand::Init(args) => repo::init(args),
        IpfsCommand::Daemon(args) => daemon::run(args),
        IpfsCommand::Config { repo, args } => repo::config(context, repo, args),
        IpfsCommand::Id { repo } => repo::id(context, repo),
        IpfsCommand::Version => repo::version(context),
        IpfsCommand::Name { name, file } => put_name(context, name, file),
    }
}

/// The address of something at a path of public content.
fn address(what: &str, path: &str) -> Result<String, Failure> {
    let steps: Vec<String> = path
        .split('/')
        .filter(|step| !step.is_empty())
        .map(encode)
        .collect();
    if steps.is_empty() {
        return Err(Failure::usage("a path begins with a CID"));
    }
    Ok(format!("{ROOT}/{what}/{}", steps.join("/")))
}

fn cat(context: &Context, path: &str) -> anyhow::Result<()> {
    let (mut body, length) = context.client()?.open(&address("file", path)?)?;
    let mut out = io::stdout().lock();
    let count = io::copy(&mut body, &mut out).context("the file broke off")?;
    whole(count, length)
}

/// A body that ended early is not taken for a whole one.
fn whole(count: u64, length: Option<u64>) -> anyhow::Result<()> {
    match length {
        Some(length) if length != count => {
            Err(Failure::refused("broken-off", "the node broke the file off").into())
        }
        _ => Ok(()),
    }
}

fn roots(context: &Context) -> anyhow::Result<()> {
    let roots = context.client()?.get(&format!("{ROOT}/roots"))?;
    context.output.show(&roots, |out| {
        for root in roots.as_array().into_iter().flatten() {
            let name = printable(field(root, "name"));
            writeln!(out, "{}  {name}", field(root, "cid"))?;
        }
        Ok(())
    })
}

fn list(context: &Context, path: &str) -> anyhow::Result<()> {
    let found = context.client()?.get(&address("list", path)?)?;
    let item = found.get("item").cloned().unwrap_or_default();
    let entries = match field(&item, "kind") {
        "folder" => found.get("entries").cloned().unwrap_or_default(),
        _ => json!([item]),
    };
    context.output.show(&entries, |out| {
        for entry in entries.as_array().into_iter().flatten() {
            let size = match field(entry, "kind") {
                "file" => bytes(number(entry, "size")),
                kind => kind.to_owned(),
            };
            let name = printable(field(entry, "name"));
            writeln!(out, "{}  {size:>12}  {name}", field(entry, "cid"))?;
        }
        Ok(())
    })
}

fn remove(context: &Context, cid: &str) -> anyhow::Result<()> {
    let path = format!("{ROOT}/roots/{}", encode(cid));
    let swept = context.client()?.delete(&path)?;
    context.output.show(&swept, |out| {
        writeln!(
            out,
            "Forgotten, with {} blocks of {}.",
            number(&swept, "blocks"),
            bytes(number(&swept, "bytes"))
        )
    })
}

fn import(context: &Context, file: &Path) -> anyhow::Result<()> {
    let client = context.client()?;
    let (mut from, size): (Box<dyn Read>, u64) = if file == Path::new("-") {
        (Box::new(io::stdin().lock()), 0)
    } else {
        let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
        let size = opened.metadata()?.len();
        (Box::new(opened), size)
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let progress = Progress::bytes(context.output, &name, size);
    let url = format!("{ROOT}/car?name={}", encode(&name));
    let taken = client.send(Method::POST, &url, &mut progress.meter(&mut from))?;
    progress.finish();
    context.output.show(&taken, |out| {
        for root in taken
            .get("roots")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            writeln!(out, "{}", root.as_str().unwrap_or_default())?;
        }
        Ok(())
    })
}

fn export(context: &Context, path: &str, file: &Path, force: bool) -> anyhow::Result<()> {
    let (body, _) = context.client()?.open(&address("car", path)?)?;
    let mut landing = Landing::start(file, force)?;
    let progress = Progress::bytes(context.output, path, 0);
    let size = io::copy(&mut progress.meter(body), &mut landing)
        .context("the node broke the CAR off: a block is missing or damaged")?;
    landing.land(None)?;
    progress.finish();
    context
        .output
        .show(&json!({ "file": file, "bytes": size }), |_| Ok(()))
}

fn door(context: &Context, door: &str, command: GatewayCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    let path = format!("{ROOT}/{door}");
    let shown = match command {
        GatewayCommand::On { port } => {
            client.put(&path, &json!({ "enabled": true, "port": port }))?
        }
        GatewayCommand::Off => client.put(&path, &json!({ "enabled": false, "port": null }))?,
        GatewayCommand::Status => client.get(&path)?,
    };
    let (name, rest) = match door {
        "rpc" => ("RPC", ""),
        _ => ("gateway", "CID"),
    };
    context.output.show(&shown, |out| {
        match (
            shown.get("url").and_then(Value::as_str),
            field(&shown, "trouble"),
        ) {
            (Some(url), _) => writeln!(out, "the {name} is open: {url}{rest}")?,
            (None, "") => writeln!(out, "the {name} is closed")?,
            (None, trouble) => writeln!(out, "the {name} should be open, but {trouble}")?,
        }
        if let Some(token) = shown.get("token").and_then(Value::as_str) {
            writeln!(out, "its token: {token}")?;
        }
        Ok(())
    })
}

fn put_name(context: &Context, name: &str, file: &Path) -> anyhow::Result<()> {
    let client: Client = context.client()?;
    let mut record = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let url = format!("{ROOT}/names/{}", encode(name));
    let taken = client.send(Method::POST, &url, &mut record)?;
    context.output.show(&taken, |out| {
        let value = printable(field(&taken, "value"));
        writeln!(out, "{} points to {value}", field(&taken, "name"))
    })
}
