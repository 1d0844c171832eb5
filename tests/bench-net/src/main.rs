//! `bench-net`: goodput and the time of a request over our links, bare iroh and libp2p-quic, taken in turns in one process;
//! then what idle peers cost one node. One line for each figure, with its ratio and its mark.

mod idle;
mod stacks;

use std::time::{Duration, Instant};

use anyhow::Result;
use stacks::{Bare, Libp2p, Links, Stack};

const ROUNDS: usize = 5;
const BULK: usize = 192 << 20;
const REQUESTS: usize = 2000;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

async fn goodput(stack: &dyn Stack) -> Result<f64> {
    let start = Instant::now();
    stack.bulk(BULK).await?;
    Ok(BULK as f64 / f64::from(1 << 20) / start.elapsed().as_secs_f64())
}

async fn request(stack: &dyn Stack) -> Result<f64> {
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let start = Instant::now();
        stack.request().await?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(times))
}

fn line(
    name: &str,
    ours: f64,
    unit: &str,
    other: &str,
    theirs: f64,
    ratio: f64,
    good: bool,
    mark: &str,
) {
    let verdict = if good { "ok" } else { "MISSED" };
    println!(
        "{name}: {ours:.1} {unit}, {other} {theirs:.1} {unit}, ratio {ratio:.2} (mark {mark}) {verdict}"
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, count, id, address] = arguments.as_slice()
        && command == "peers"
    {
        return idle::peers(count.parse()?, id, address).await;
    }
    let (links, bare, libp2p) = (
        Links::start().await?,
        Bare::start().await?,
        Libp2p::start().await?,
    );
    let stacks: [&dyn Stack; 3] = [&links, &bare, &libp2p];
    let (mut rates, mut times) = ([const { Vec::new() }; 3], [const { Vec::new() }; 3]);
    for round in 0..=ROUNDS {
        for (n, stack) in stacks.iter().enumerate() {
            let (rate, time) = (goodput(*stack).await?, request(*stack).await?);
            // The first round warms up.
            if round > 0 {
                rates[n].push(rate);
                times[n].push(time);
            }
        }
    }
    let [our_rate, bare_rate, libp2p_rate] = rates.map(median);
    let [our_time, bare_time, libp2p_time] = times.map(median);
    let ratio = our_rate / bare_rate;
    line(
        "stream goodput",
        our_rate,
        "MiB/s",
        "bare iroh",
        bare_rate,
        ratio,
        ratio >= 0.9,
        ">= 0.9",
    );
    println!("stream goodput of libp2p-quic: {libp2p_rate:.1} MiB/s");
    let ratio = our_time / bare_time;
    line(
        "request on a new stream, p50",
        our_time,
        "us",
        "bare iroh",
        bare_time,
        ratio,
        ratio <= 1.3,
        "<= 1.3",
    );
    let ratio = libp2p_time / our_time;
    line(
        "request on a new stream, p50",
        our_time,
        "us",
        "libp2p-quic",
        libp2p_time,
        ratio,
        ratio >= 2.5,
        ">= 2.5",
    );
    let peers = std::env::var("BENCH_PEERS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1000);
    idle::measure(peers, Duration::from_secs(20)).await
}
