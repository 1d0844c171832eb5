//! A node for the NAT lab (`tests/netlab`), for what the command line has no use for: one long stream between two nodes.
//! It speaks to the lab in lines of words.
//!
//! ```text
//! nat_probe relay SEED ADDRESS            a public relay; says `relay URL`
//! nat_probe listen SEED RELAY             says `node ID`, `at ADDRESS` for each address, `ready`
//! nat_probe send SEED RELAY ID RATE [ADDRESS…]
//! ```
//!
//! The sender writes RATE bytes a second into one stream until it reads a line, says `path direct|relay` at the beginning and at
//! every change, and at the end `sent BYTES SHA-256`, `came BYTES SHA-256` (the listener's word) and `route direct|relay`.

use std::error::Error;
use std::io::Write as _;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use ed25519_dalek::SigningKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use webx_links::{
    Config, IrohTransport, PathFate, ProtocolLimits, Rates, RelayConfig, RelayServer,
};
use webx_overlay::transport::{Connection, Exposure, Hints, Route, Transport as _};

const ALPN: &[u8] = b"nat-probe/1";
const PORT: u16 = 7701;
const PATIENCE: Duration = Duration::from_secs(30);

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn say(what: &str) {
    let mut out = std::io::stdout();
    // A lab that has gone reads no more.
    let _gone = writeln!(out, "{what}").and_then(|()| out.flush());
}

/// Becomes true when the lab says a line, or is gone.
fn told() -> watch::Receiver<bool> {
    let (tell, told) = watch::channel(false);
    std::thread::spawn(move || {
        let mut line = String::new();
        let _heard = std::io::stdin().read_line(&mut line);
        tell.send_replace(true);
    });
    told
}

fn name(route: &Route) -> &'static str {
    match route {
        Route::Direct(_) => "direct",
        Route::Relay(_) => "relay",
        Route::Memory => "memory",
    }
}

/// How the data goes now.
fn selected(connection: &dyn Connection) -> &'static str {
    let paths = connection.paths();
    let selected = paths.iter().find(|path| path.selected);
    selected.map_or("nowhere", |path| name(&path.route))
}

/// A total and a digest, as both ends say them.
fn sum(bytes: u64, digest: Context) -> String {
    let digest = digest.finish();
    let hex: Vec<String> = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("{bytes} {}", hex.concat())
}

fn key(seed: &str) -> Result<SigningKey> {
    Ok(SigningKey::from_bytes(&[seed.parse()?; 32]))
}

async fn node(seed: &str, relay: &str) -> Result<Arc<IrohTransport>> {
    let limits = ProtocolLimits {
        stream_window: 256 << 10,
        window: 512 << 10,
        ..ProtocolLimits::streams(ALPN)
    };
    let mut config = Config::any(PORT).with(limits);
    config.relays = vec![relay.to_owned()];
    let node = IrohTransport::bind(config, &key(seed)?).await?;
    tokio::time::timeout(PATIENCE, node.online()).await?;
    Ok(node)
}

async fn relay(seed: &str, address: &str) -> Result<()> {
    let relay = RelayServer::start(RelayConfig::at(address.parse()?), &key(seed)?).await?;
    say(&format!("relay {}", relay.address()));
    told().wait_for(|told| *told).await?;
    relay.close().await;
    Ok(())
}

async fn listen(seed: &str, relay: &str) -> Result<()> {
    let node = node(seed, relay).await?;
    say(&format!("node {}", node.id()));
    for address in node.hints().direct {
        say(&format!("at {address}"));
    }
    say("ready");
    let mut end = told();
    loop {
        let connection = tokio::select! {
            _ = end.wait_for(|told| *told) => break,
            connection = node.accept() => connection,
        };
        let Some(connection) = connection else { break };
        tokio::spawn(take(connection));
    }
    node.close().await;
    Ok(())
}

/// Reads one stream and says what came.
async fn take(connection: Arc<dyn Connection>) -> Result<()> {
    let (mut answer, mut stream) = connection.accept_bi().await?;
    let (mut digest, mut bytes, mut buffer) = (Context::new(&SHA256), 0, vec![0; 64 << 10]);
    loop {
        let read = stream.read(&mut buffer).await?;
        let Some(came) = buffer.get(..read).filter(|came| !came.is_empty()) else {
            break;
        };
        digest.update(came);
        bytes += u64::try_from(came.len())?;
    }
    answer.write_all(sum(bytes, digest).as_bytes()).await?;
    answer.finish()?;
    connection.closed().await;
    Ok(())
}

async fn send(seed: &str, relay: &str, to: &str, rate: &str, at: &[&str]) -> Result<()> {
    let node = node(seed, relay).await?;
    let hints = Hints {
        direct: at
            .iter()
            .filter_map(|address| address.parse().ok())
            .collect(),
        relays: vec![relay.to_owned()],
    };
    let mut changes = node.path_changes();
    tokio::spawn(async move {
        while let Ok(change) = changes.recv().await {
            if change.fate == PathFate::Selected {
                say(&format!("path {}", name(&change.route)));
            }
        }
    });
    let connection = node
        .dial(to.parse()?, &hints, Exposure::Direct, ALPN)
        .await?;
    // What was chosen in the handshake is no change.
    say(&format!("path {}", selected(connection.as_ref())));
    let rates = Rates {
        peer_up: NonZeroU64::new(rate.parse()?),
        ..Rates::default()
    };
    node.bandwidth().set(rates, rates);
    let (mut stream, mut answer) = connection.open_bi().await?;
    let told = told();
    let (mut digest, mut bytes, mut piece) = (Context::new(&SHA256), 0u64, vec![0; 16 << 10]);
    while !*told.borrow() {
        for (byte, place) in piece.iter_mut().zip(bytes..) {
            *byte = (place.wrapping_mul(31) ^ (place >> 11)).to_le_bytes()[0];
        }
        stream.write_all(&piece).await?;
        digest.update(&piece);
        bytes += u64::try_from(piece.len())?;
    }
    stream.finish()?;
    say(&format!("sent {}", sum(bytes, digest)));
    let mut came = String::new();
    tokio::time::timeout(PATIENCE, answer.read_to_string(&mut came)).await??;
    say(&format!("came {came}"));
    say(&format!("route {}", selected(connection.as_ref())));
    connection.close(0, "done");
    node.close().await;
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["relay", seed, address] => relay(seed, address).await,
        ["listen", seed, relay] => listen(seed, relay).await,
        ["send", seed, relay, to, rate, at @ ..] => send(seed, relay, to, rate, at).await,
        _ => Err(
            "relay SEED ADDRESS | listen SEED RELAY | send SEED RELAY ID RATE [ADDRESS…]".into(),
        ),
    }
}
