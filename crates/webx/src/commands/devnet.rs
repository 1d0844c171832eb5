//! `webx devnet`: several nodes on this machine, each a process with a folder of its own, introduced to each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Context;
use crate::args::{DevnetArgs, DevnetCommand};
use crate::client::Client;
use crate::failure::Failure;
use crate::output::field;

/// How often a starting node is asked whether it is there.
const STEP: Duration = Duration::from_millis(25);
/// How long a node may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn run(context: &Context, command: &DevnetCommand) -> anyhow::Result<()> {
    let DevnetCommand::Up(args) = command;
    let (dir, _temporary) = folder(args)?;
    let program = std::env::current_exe().context("this program cannot find its own file")?;
    let secret = dir.join("passphrase");
    write_private(&secret, "a passphrase for nodes that hold nothing\n")?;
    let mut nodes = Vec::new();
    for number in 1..=args.nodes {
        nodes.push(Node::start(
            &program,
            &dir.join(format!("{number:02}")),
            &secret,
            number,
        )?);
    }
    let mut clients = Vec::new();
    for node in &mut nodes {
        clients.push(node.ready()?);
    }
    if let Some((first, others)) = clients.split_first() {
        let invite = first.post(
            "/api/net/invite",
            &json!({ "label": "devnet", "hours": 24 }),
        )?;
        for other in others {
            other.post(
                "/api/net/join",
                &json!({ "invite": field(&invite, "invite") }),
            )?;
        }
        for (node, client) in nodes.iter().zip(&clients) {
            let seen = client.get("/api/net")?;
            let net = seen.get("node").unwrap_or(&Value::Null);
            let shown = json!({ "data": node.data, "desktop": client.desktop(), "id": field(net, "id"), "pid": node.child.id() });
            context.output.row(
                &shown,
                &format!(
                    "{}  {}  {}",
                    node.data.display(),
                    client.desktop(),
                    field(net, "id")
                ),
            )?;
        }
        context.output.remark(&format!(
            "{} nodes run; the passphrase is in {}; Ctrl-C stops them",
            nodes.len(),
            secret.display()
        ));
    }
    wait_for_signal()?;
    for node in &mut nodes {
        node.stop();
    }
    Ok(())
}

/// The folder, and what removes it again if it is a temporary one.
fn folder(args: &DevnetArgs) -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
    match &args.dir {
        Some(dir) => {
            fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
            Ok((fs::canonicalize(dir)?, None))
        }
        None => {
            let made = tempfile::Builder::new().prefix("webx-devnet-").tempdir()?;
            Ok((made.path().to_owned(), Some(made)))
        }
    }
}

fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())?;
    Ok(())
}

fn wait_for_signal() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(crate::node::stop_signal());
    Ok(())
}

fn runs(seen: &Value) -> bool {
    seen.get("running").and_then(Value::as_bool) == Some(true)
}

/// One node: a process of this very program.
struct Node {
    data: PathBuf,
    child: Child,
}

impl Node {
    fn start(program: &Path, data: &Path, secret: &Path, number: u16) -> anyhow::Result<Self> {
        if !data.join("people").exists() {
            let name = format!("Node {number}");
            let made = Command::new(program)
                .arg("--data")
                .arg(data)
                .args([
                    "--yes",
                    "--json",
                    "init",
                    "--name",
                    &name,
                    "--device",
                    &name,
                    "--passphrase-file",
                ])
                .arg(secret)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .output()?;
            if !made.status.success() {
                let why = String::from_utf8_lossy(&made.stderr).trim().to_owned();
                return Err(Failure::refused(
                    "devnet",
                    format!("node {number} has no identity: {why}"),
                )
                .into());
            }
        }
        let log = fs::File::create(data.join("log"))?;
        let child = Command::new(program)
            .arg("--data")
            .arg(data)
            .args([
                "up",
                "--port",
                "0",
                "--no-open",
                "--qnet",
                "loopback",
                "--passphrase-file",
            ])
            .arg(secret)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        Ok(Self {
            data: data.to_owned(),
            child,
        })
    }

    /// Waits until the node answers.
    fn ready(&mut self) -> anyhow::Result<Client> {
        let started = Instant::now();
        loop {
            if let Ok(Some(client)) = Client::running(&self.data)
                && client.get("/api/net").is_ok_and(|seen| runs(&seen))
            {
                return Ok(client);
            }
            let log = self.data.join("log");
            if let Some(status) = self.child.try_wait()? {
                let text = format!(
                    "the node in {} ended ({status}); see {}",
                    self.data.display(),
                    log.display()
                );
                return Err(Failure::refused("devnet", text).into());
            }
            if started.elapsed() > PATIENCE {
                let text = format!(
                    "the node in {} does not answer; see {}",
                    self.data.display(),
                    log.display()
                );
                return Err(Failure::refused("devnet", text).into());
            }
            std::thread::sleep(STEP);
        }
    }

    /// Asks the node to end, and waits for it.
    fn stop(&mut self) {
        let asked = Client::running(&self.data)
            .ok()
            .flatten()
            .is_some_and(|client| client.post("/api/control/stop", &json!({})).is_ok());
        if !asked {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}
