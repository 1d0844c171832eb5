//! What idle peers cost: one node here, its peers in other processes.

use std::{
    net::SocketAddr,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};
use webx_links::{Admission, Config};
use webx_overlay::{
    NodeId,
    transport::{Hints, Transport as _},
};

use crate::ours::Node;

/// Nodes in one process.
const TOGETHER: usize = 100;
/// How long the last connection has to become idle.
const SETTLE: Duration = Duration::from_secs(10);
/// Ticks of processor time a second, which Linux gives to all programs.
const TICKS: f64 = 100.0;

fn above(peers: usize) -> webx_comms::Config {
    webx_comms::Config {
        connections: peers + 8,
        // They stay, though nothing is open on them.
        idle: Duration::from_secs(24 * 3600),
        ..webx_comms::Config::default()
    }
}

/// Resident memory of this process, in KiB.
fn resident() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let text = line.context("no VmRSS")?.trim().trim_end_matches("kB");
    Ok(text.trim().parse()?)
}

/// Processor time of this process, in seconds.
fn processor() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().context("stat")?;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let mut next = || anyhow::Ok(ticks.next().context("stat")??);
    Ok((next()? + next()?) / TICKS)
}

/// The other process: nodes of their own, each with one connection, until standard input ends.
pub async fn peers(first: u32, count: u32, hub: NodeId, address: SocketAddr) -> Result<()> {
    let known = Hints {
        direct: vec![address],
        relays: Vec::new(),
    };
    let mut held = Vec::new();
    for number in first..first + count {
        let mut seed = [9; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        let node = Node::start(seed, known.clone(), Config::loopback(), above(1)).await?;
        node.comms.connect(hub).await?;
        held.push(node);
    }
    println!("ready");
    tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await??;
    Ok(())
}

/// Starts the processes of the peers, and waits until all are connected.
async fn surround(hub: &Node, peers: usize) -> Result<Vec<Child>> {
    let address = hub
        .transport
        .bound()
        .first()
        .context("no address")?
        .to_string();
    let mut children = Vec::new();
    for first in (0..peers).step_by(TOGETHER) {
        let count = TOGETHER.min(peers - first);
        let mut child = Command::new(std::env::current_exe()?)
            .args(["peers", &first.to_string(), &count.to_string()])
            .args([&hub.transport.id().to_string(), &address])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut said = String::new();
        let mut out = BufReader::new(child.stdout.take().context("no output")?);
        out.read_line(&mut said).await?;
        ensure!(said.trim() == "ready", "the peers did not come up");
        children.push(child);
    }
    Ok(children)
}

/// Measures a node with so many idle peers for so long.
pub async fn measure(peers: usize, time: Duration) -> Result<Value> {
    let admission = Admission {
        connections: peers + 8,
        per_address: peers + 8,
        handshakes_per_second: 1_000,
        ..Admission::default()
    };
    let config = Config {
        admission,
        ..Config::loopback()
    };
    let hub = Node::start([3; 32], Hints::default(), config, above(peers)).await?;
    let before = resident()?;
    let children = surround(&hub, peers).await?;
    tokio::time::sleep(SETTLE).await;
    let (used, start) = (processor()?, Instant::now());
    tokio::time::sleep(time).await;
    let share = (processor()? - used) / start.elapsed().as_secs_f64() * 100.0;
    let connected = hub.comms.connections().len();
    ensure!(connected == peers, "{connected} of {peers} are connected");
    let kib = (resident()? - before) / peers as f64;
    drop(children);
    Ok(json!({ "peers": peers, "kibEach": kib, "cpuPercent": share }))
}
