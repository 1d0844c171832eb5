//! What idle peers cost: one node here, its peers in other processes.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ed25519_dalek::SigningKey;
use webx_links::{Admission, Config, IrohTransport};
use webx_overlay::Protocol;
use webx_overlay::transport::{Exposure, Hints, Transport};

/// Resident memory, in KiB.
fn resident() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// Processor time of this process, in seconds.
fn processor() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .context("stat")?
        .split_whitespace()
        .collect();
    let ticks: f64 = fields.get(11).context("utime")?.parse::<f64>()?
        + fields.get(12).context("stime")?.parse::<f64>()?;
    Ok(ticks / 100.0)
}

/// The other process: so many nodes, each with one control connection, until standard input ends.
pub async fn peers(count: u16, id: &str, address: &str) -> Result<()> {
    let hints = Hints {
        direct: vec![address.parse()?],
        relays: vec![],
    };
    let id = id.parse()?;
    let mut held = Vec::new();
    for n in 0..count {
        let mut seed = [0; 32];
        seed[..2].copy_from_slice(&n.to_le_bytes());
        seed[4..8].copy_from_slice(&std::process::id().to_le_bytes());
        let node = IrohTransport::bind(Config::loopback(), &SigningKey::from_bytes(&seed)).await?;
        let connection = node
            .dial(id, &hints, Exposure::Direct, Protocol::Control.alpn())
            .await?;
        held.push((node, connection));
    }
    println!("ready");
    tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await??;
    Ok(())
}

/// Measures `count` peers (and, on the way, the first twenty).
pub async fn measure(count: usize, time: Duration) -> Result<()> {
    let admission = Admission {
        per_address: count + 100,
        connections: count + 100,
        handshakes_per_second: 10_000,
        ..Admission::default()
    };
    let node = IrohTransport::bind(
        Config {
            admission,
            ..Config::loopback()
        },
        &SigningKey::from_bytes(&[3; 32]),
    )
    .await?;
    let hub = Arc::clone(&node);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Some(connection) = hub.accept().await {
            held.push(connection);
        }
    });
    let before = resident()?;
    let mut children = Vec::new();
    let address = node.bound().first().context("bound")?.to_string();
    for _ in 0..count.div_ceil(250) {
        let mut child = tokio::process::Command::new(std::env::current_exe()?)
            .args(["peers", "250", &node.id().to_string(), &address])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut out = tokio::io::BufReader::new(child.stdout.take().context("stdout")?);
        let mut ready = String::new();
        tokio::io::AsyncBufReadExt::read_line(&mut out, &mut ready).await?;
        children.push((child, out));
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (cpu, start) = (processor()?, Instant::now());
    tokio::time::sleep(time).await;
    let used = (processor()? - cpu) / start.elapsed().as_secs_f64() * 100.0;
    let peers = node.open_incoming();
    let memory = (resident()? - before) / peers as f64;
    println!(
        "idle peers on one node: {peers}, {memory:.1} KiB each, {used:.2} % of a core for all, {:.4} % each",
        used / peers as f64
    );
    Ok(())
}
