//! `bench-net streams ROUNDS MIB REQUESTS` takes our streams, bare iroh and libp2p-quic in turns; `bench-net idle PEERS
//! SECONDS` keeps idle peers. Each prints one JSON object; `net.py` makes a table of them.

mod bare;
mod idle;
mod ours;
mod p2p;
mod stack;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use stack::Stack;
use tokio::runtime::{Handle, Runtime};

/// Rounds that are not counted: windows, path MTU and branch predictors settle.
const WARM: usize = 2;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// MiB a second of one stream, to the far side's word that it has all.
async fn goodput(stack: &dyn Stack, mib: usize) -> Result<f64> {
    let start = Instant::now();
    stack.bulk(mib << 20).await?;
    Ok(mib as f64 / start.elapsed().as_secs_f64())
}

/// The median of one round's requests, in microseconds.
async fn request(stack: &dyn Stack, requests: usize) -> Result<f64> {
    let mut times = Vec::with_capacity(requests);
    for _ in 0..requests {
        let start = Instant::now();
        stack.request().await?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(times))
}

async fn streams(far: &Handle, rounds: usize, mib: usize, requests: usize) -> Result<Value> {
    let ours = ours::Pair::start(far).await.context("our nodes")?;
    let bare = bare::Pair::start(far).await.context("iroh")?;
    let p2p = p2p::Pair::start(far).await.context("libp2p")?;
    let stacks: [Arc<dyn Stack>; 3] = [Arc::new(ours), Arc::new(bare), Arc::new(p2p)];
    let mut rates = [const { Vec::new() }; 3];
    let mut times = [const { Vec::new() }; 3];
    for round in 0..rounds + WARM {
        for turn in 0..stacks.len() {
            // Another one begins each round.
            let at = (round + turn) % stacks.len();
            let rate = goodput(&*stacks[at], mib).await?;
            let time = request(&*stacks[at], requests).await?;
            if round >= WARM {
                rates[at].push(rate);
                times[at].push(time);
            }
        }
    }
    let [ours_rate, bare_rate, p2p_rate] = rates;
    let [ours_time, bare_time, p2p_time] = times;
    Ok(json!({
        "goodput": { "ours": ours_rate, "iroh": bare_rate, "libp2p": p2p_rate },
        "request": { "ours": ours_time, "iroh": bare_time, "libp2p": p2p_time },
    }))
}

async fn run(arguments: Vec<String>, far: Handle) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let figures = match arguments.as_slice() {
        ["streams", rounds, mib, requests] => {
            streams(&far, rounds.parse()?, mib.parse()?, requests.parse()?).await?
        }
        ["idle", peers, seconds] => {
            idle::measure(peers.parse()?, Duration::from_secs(seconds.parse()?)).await?
        }
        ["peers", first, count, hub, address] => {
            return idle::peers(
                first.parse()?,
                count.parse()?,
                hub.parse()?,
                address.parse()?,
            )
            .await;
        }
        _ => bail!("usage: bench-net streams ROUNDS MIB REQUESTS | idle PEERS SECONDS"),
    };
    println!("{figures}");
    Ok(())
}

fn main() -> Result<()> {
    // Two nodes share no threads, so the far ones have their own.
    let (near, far) = (Runtime::new()?, Runtime::new()?);
    let arguments = std::env::args().skip(1).collect();
    // On a worker, as in the product: what runs on the first thread is woken across threads.
    let done = near.spawn(run(arguments, far.handle().clone()));
    near.block_on(done)?
}
