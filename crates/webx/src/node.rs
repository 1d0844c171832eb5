//! The running node: `webx up`. Folder, floors, door, in this order; and back in reverse.

pub(crate) mod backends;
mod ipfs;
mod journal;
mod keeper;
mod network;
mod newcomer;
mod opener;
mod person;
pub(crate) mod proof;
pub(crate) mod rescue;
mod routes;
mod unfinished;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use webx_desktop::{Config, Home, HomeHandle, Limits, Opener as _};
use webx_vault::DataDir;

use crate::args::{SecretArgs, UpArgs};
use crate::client::Client;
use crate::control::Control;
use crate::failure::Failure;
use crate::folder::{DEFAULT_PORT, NodeFile};
use crate::output::Output;
use crate::secret::Secret;

pub(crate) use network::{Network, keep_record};
pub(crate) use opener::{House, check_person, failure};
pub(crate) use proof::open_with;
pub(crate) use unfinished::Unfinished;

/// Threads that serve requests. Disk and cryptography run on the blocking threads beside them.
const WORKERS: usize = 2;
/// Blocking threads at most; an idle one ends by itself.
const BLOCKING: usize = 64;
/// How long work that cannot be interrupted is waited for at the very end.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// The address a person types.
pub(crate) fn url(port: u16) -> String {
    format!("http://webx.localhost:{port}/")
}

/// Takes the data folder for this process, and removes what an interrupted start of a person left in it.
pub(crate) fn open_folder(data: &Path) -> anyhow::Result<DataDir> {
    let folder = DataDir::open(data).map_err(|error| match error {
        webx_vault::Error::InUse { pid } => {
            let who = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
            Failure::refused(
                "in-use",
                format!("another webx{who} uses {}", data.display()),
            )
            .todo("stop it with webx stop, or choose another folder with --data")
            .into()
        }
        other => anyhow::Error::new(other),
    })?;
    Unfinished::clean(&folder)?;
    Ok(folder)
}

/// Starts the node and serves until it is told to stop.
pub(crate) fn up(data: &Path, output: Output, args: &UpArgs) -> anyhow::Result<()> {
    log_to_stderr();
    let folder = open_folder(data)?;
    let runtime = runtime()?;
    let network = Arc::new(Network::new(
        args.qnet,
        data.to_owned(),
        runtime.handle().clone(),
    ));
    let house = House::new(folder.clone(), runtime.handle().clone()).on(network);
    let house = Arc::new(house);
    let opened = unlock_at_start(&house, output, args)?;
    let served = runtime.block_on(async {
        let listener = listen(data, args.port).await?;
        let address = listener.local_addr()?;
        let control = Control::new(address)?;
        let stop = CancellationToken::new();
        let signals = tokio::spawn(stop_on_signal(stop.clone()));
        let published = control.publish(data)?;
        announce(output, args, address, house.exists())?;
        let served = serve(listener, &house, opened, &control, stop).await;
        drop(published);
        signals.abort();
        let _ = signals.await;
        served
    });
    runtime.shutdown_timeout(LAST_WAIT);
    drop((house, folder));
    served
}

/// Where everything runs that does not block.
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .thread_keep_alive(Duration::from_secs(2))
        .thread_name("webx")
        .enable_all()
        .build()
}

/// Serves until `stop`; when it returns, every task has ended and the home is locked.
async fn serve(
    listener: TcpListener,
    house: &Arc<House>,
    opened: Option<Home>,
    control: &Control,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let home = HomeHandle::new();
    let config = Config {
        opener: house.clone(),
        home: home.clone(),
        opened,
        control_token: control.token.clone(),
        control: routes::routes(house.data().clone(), home, stop.clone())
            .nest("/ipfs", ipfs::routes(house.ipfs())),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        limits: Limits::default(),
    };
    webx_desktop::serve(listener, config, stop)
        .await
        .map_err(anyhow::Error::new)
}

/// Runs `work` against a node that serves this process alone: on a free port, with a token nobody
/// else knows.
pub(crate) fn with_temporary_node(
    folder: DataDir,
    secret: &Secret,
    work: impl FnOnce(&Client) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let house = Arc::new(House::new(folder, runtime.handle().clone()));
    let home = house
        .unlock(open_with(secret)?)
        .map_err(|error| failure(&error))?;
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let control = Control::new(listener.local_addr()?)?;
    let stop = CancellationToken::new();
    let served = runtime.spawn({
        let (house, control, stop) = (house.clone(), control.clone(), stop.clone());
        async move { serve(listener, &house, Some(home), &control, stop).await }
    });
    let worked = Client::new(&control).and_then(|client| work(&client));
    stop.cancel();
    let ended = runtime.block_on(served);
    runtime.shutdown_timeout(LAST_WAIT);
    worked?;
    ended?
}

/// `--passphrase-file`: the home is open before the first request is answered.
fn unlock_at_start(house: &House, output: Output, args: &UpArgs) -> anyhow::Result<Option<Home>> {
    let Some(file) = &args.passphrase_file else {
        return Ok(None);
    };
    if !house.exists() {
        output.remark("there is no identity here yet; create it with webx init or in the browser");
        return Ok(None);
    }
    let secret = Secret::read(&SecretArgs {
        passphrase_file: Some(file.clone()),
        words_file: None,
    })?;
    Ok(Some(
        house
            .unlock(open_with(&secret)?)
            .map_err(|error| failure(&error))?,
    ))
}

/// Listens on loopback, on the port asked for, the one used last, or the default.
async fn listen(data: &Path, asked: Option<u16>) -> anyhow::Result<TcpListener> {
    let known = NodeFile::read(data)?;
    let port = asked
        .or(known.as_ref().map(|file| file.port))
        .unwrap_or(DEFAULT_PORT);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => Failure::refused(
                "port-in-use",
                format!("port {port} is used by another program"),
            )
            .todo("choose another one with --port"),
            std::io::ErrorKind::PermissionDenied => Failure::refused(
                "port-refused",
                format!("this account may not use port {port}"),
            )
            .todo("choose one above 1023 with --port"),
            _ => Failure::refused("port", format!("cannot listen on port {port}: {error}")),
        })?;
    let chosen = NodeFile::new(port);
    if port != 0 && known.as_ref() != Some(&chosen) {
        chosen.write(data)?;
    }
    Ok(listener)
}

fn announce(
    output: Output,
    args: &UpArgs,
    address: SocketAddr,
    exists: bool,
) -> anyhow::Result<()> {
    let url = url(address.port());
    let line = json!({
        "ready": true,
        "url": url,
        "addr": address.to_string(),
        "pid": std::process::id(),
    });
    output.row(&line, &format!("WEB X. OS is ready: {url}"))?;
    if !exists {
        output.remark("Open it in the browser to create your identity, or run webx init.");
    }
    if !args.no_open && !output.json && has_display() && open::that_detached(&url).is_err() {
        output.remark("The browser could not be opened; type the address into it.");
    }
    Ok(())
}

/// Whether a browser could show anything.
fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(any(
        target_os = "linux",
        target_os = "freebsd",
        target_os = "openbsd",
        target_os = "netbsd"
    )) || set("DISPLAY")
        || set("WAYLAND_DISPLAY")
}

/// Stops the node in order at the first signal; the second ends the process at once, which loses
/// nothing acknowledged.
/// Waits until somebody wants this process to end.
pub(crate) async fn stop_signal() {
    if wait_for_signal().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn stop_on_signal(stop: CancellationToken) {
    for turn in 0.. {
        if wait_for_signal().await.is_err() {
            return;
        }
        if turn > 0 {
            std::process::exit(130);
        }
        stop.cancel();
    }
}

#[cfg(unix)]
async fn wait_for_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn wait_for_signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// What iroh calls an error while it closes is none.
const QUIET: &str = "warn,iroh::socket::transports::relay=off";

/// Warnings and errors go to standard error. `WEBX_LOG` asks for more (`info`, `webx_drive=debug`).
fn log_to_stderr() {
    use std::io::IsTerminal as _;
    let filter = tracing_subscriber::EnvFilter::try_from_env("WEBX_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(QUIET));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
}
