//! One peer, one protocol: dials, sends in order, reads.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::id::NodeId;
use crate::protocol::Protocol;
use crate::transport::{Connection, Exposure, Hints, LinkError, RecvStream, Route, Transport};

/// Messages that wait to be sent.
pub(super) const QUEUE: usize = 64;
/// A connection of the table that is not used for this long is closed.
const IDLE: Duration = Duration::from_secs(30);
const DIAL: Duration = Duration::from_secs(10);
/// How long a message may take to be taken, or to come.
const STALLED: Duration = Duration::from_secs(10);
/// The last words of a line that is closed need this long to arrive.
const LINGER: Duration = Duration::from_millis(250);
/// Connections that both sides may open at the same time.
const CONNECTIONS: usize = 3;
/// Messages of one connection that are read at once.
const READS: usize = 8;
/// What the other side is told.
const DONE: u32 = 0;
const TOO_LONG: u32 = 2;
const STALL: u32 = 3;

/// What the node's task tells a line.
#[derive(Debug)]
pub(super) enum Order {
    Send(Bytes),
    Adopt(Arc<dyn Connection>),
}

/// What a line tells the node's task, with the number of the line.
#[derive(Debug)]
pub(super) enum Report {
    Connected {
        dialled: bool,
        ip: Option<IpAddr>,
    },
    Message(Bytes),
    /// No connection is left.
    Disconnected,
    DialFailed,
}

/// What a report is about.
pub(super) type Mark = (NodeId, Protocol, u64);

pub(super) struct Line {
    pub(super) mark: Mark,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) hints: Hints,
    pub(super) exposure: Exposure,
    pub(super) reports: mpsc::Sender<(Mark, Report)>,
}

impl Line {
    /// Runs until its orders end, its last connection is gone or nobody can be reached.
    pub(super) async fn run(self, mut orders: mpsc::Receiver<Order>) {
        let mut connections: Vec<Arc<dyn Connection>> = Vec::new();
        let mut readers: JoinSet<Arc<dyn Connection>> = JoinSet::new();
        let mut waiting: VecDeque<Bytes> = VecDeque::new();
        let mut dial = None;
        let mut used = Instant::now();
        // Messages that came, and how many there were at the last look. Bytes would not do: keep-alives are bytes too.
        let (heard, mut known) = (Arc::new(AtomicU64::new(0)), 0);
        let reports = self.reports.clone();
        let report = async |what| {
            // The node's task outlives its lines, or does not care any more.
            let _ = reports.send((self.mark, what)).await;
        };
        loop {
            if connections.is_empty() && dial.is_none() && !waiting.is_empty() {
                dial = Some(Box::pin(self.dial()));
            }
            while let (Some(connection), false) = (connections.last(), waiting.is_empty()) {
                let Some(bytes) = waiting.pop_front() else {
                    break;
                };
                let sent = timeout(STALLED, say(connection.as_ref(), &bytes)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    connection.close(STALL, "stalled");
                    connections.pop();
                    if connections.is_empty() {
                        report(Report::Disconnected).await;
                        return;
                    }
                }
                used = Instant::now();
            }
            let idle = self.mark.1 == Protocol::Table && !connections.is_empty();
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Send(bytes)) => {
                        if waiting.len() < QUEUE {
                            waiting.push_back(bytes);
                        }
                    }
                    Some(Order::Adopt(connection)) => {
                        used = Instant::now();
                        self.begin(connection, &heard, &mut connections, &mut readers).await;
                    }
                    None => break,
                },
                dialled = async { match dial.as_mut() {
                    Some(dial) => dial.await,
                    None => core::future::pending().await,
                } } => {
                    dial = None;
                    used = Instant::now();
                    match dialled {
                        Ok(connection) => {
                            self.begin(connection, &heard, &mut connections, &mut readers).await;
                        }
                        Err(_) if connections.is_empty() => {
                            report(Report::DialFailed).await;
                            return;
                        }
                        Err(_) => {}
                    }
                },
                Some(ended) = readers.join_next(), if !readers.is_empty() => {
                    if let Ok(ended) = ended {
                        ended.close(DONE, "");
                        connections.retain(|one| !Arc::ptr_eq(one, &ended));
                    }
                    if readers.is_empty() {
                        report(Report::Disconnected).await;
                        return;
                    }
                },
                () = sleep_until(used + IDLE), if idle => {
                    // Reading counts as use too.
                    let now = heard.load(Ordering::Relaxed);
                    if now == known {
                        for connection in &connections {
                            connection.close(DONE, "idle");
                        }
                    }
                    known = now;
                    used = Instant::now();
                },
            }
        }
        // The orders ended: the last words go out, then the connections close.
        for bytes in waiting {
            if let Some(connection) = connections.last() {
                let _ = timeout(STALLED, say(connection.as_ref(), &bytes)).await;
            }
        }
        if !connections.is_empty() {
            tokio::time::sleep(LINGER).await;
        }
        for connection in &connections {
            connection.close(DONE, "");
        }
    }

    async fn dial(&self) -> Result<Arc<dyn Connection>, LinkError> {
        let (peer, protocol, _) = self.mark;
        let dial = self
            .transport
            .dial(peer, &self.hints, self.exposure, protocol.alpn());
        timeout(DIAL, dial)
            .await
            .unwrap_or(Err(LinkError::TimedOut))
    }

    async fn begin(
        &self,
        connection: Arc<dyn Connection>,
        heard: &Arc<AtomicU64>,
        connections: &mut Vec<Arc<dyn Connection>>,
        readers: &mut JoinSet<Arc<dyn Connection>>,
    ) {
        if connections.len() >= CONNECTIONS {
            connection.close(DONE, "too many");
            return;
        }
        let ip = connection
            .paths()
            .into_iter()
            .find_map(|path| match path.route {
                Route::Direct(address) => Some(address.ip()),
                _ => None,
            });
        if connections.is_empty() {
            let dialled = connection.dialled();
            let connected = Report::Connected { dialled, ip };
            let _ = self.reports.send((self.mark, connected)).await;
        }
        connections.push(connection.clone());
        let (mark, reports, heard) = (self.mark, self.reports.clone(), heard.clone());
        readers.spawn(async move {
            read(&connection, mark, &heard, &reports).await;
            connection
        });
    }
}

async fn say(connection: &dyn Connection, bytes: &[u8]) -> Result<(), LinkError> {
    let mut stream = connection.open_uni().await?;
    stream
        .write_all(bytes)
        .await
        .map_err(|error| LinkError::Other(error.to_string()))?;
    stream.finish()
}

/// Reads messages until the connection ends or the peer breaks a limit.
async fn read(
    connection: &Arc<dyn Connection>,
    mark: Mark,
    heard: &AtomicU64,
    reports: &mpsc::Sender<(Mark, Report)>,
) {
    let mut messages = JoinSet::new();
    loop {
        tokio::select! {
            stream = connection.accept_uni(), if messages.len() < READS => {
                let Ok(stream) = stream else { break };
                messages.spawn(whole(stream, mark.1.max_message()));
            }
            Some(message) = messages.join_next(), if !messages.is_empty() => match message {
                Ok(Ok(bytes)) => {
                    heard.fetch_add(1, Ordering::Relaxed);
                    if reports.send((mark, Report::Message(bytes))).await.is_err() {
                        break;
                    }
                }
                Ok(Err(code)) => {
                    connection.close(code, "");
                    break;
                }
                Err(_) => break,
            },
        }
    }
    // What had come whole before the end still counts.
    while let Some(message) = messages.join_next().await {
        if let Ok(Ok(bytes)) = message {
            let _ = reports.send((mark, Report::Message(bytes))).await;
        }
    }
}

/// One message, all of it, in time.
async fn whole(mut stream: RecvStream, most: usize) -> Result<Bytes, u32> {
    let mut bytes = Vec::new();
    let limit = most as u64 + 1;
    let read = timeout(STALLED, (&mut stream).take(limit).read_to_end(&mut bytes)).await;
    match read {
        Err(_) => Err(STALL),
        Ok(Ok(length)) if length <= most => Ok(Bytes::from(bytes)),
        Ok(Ok(_)) => Err(TOO_LONG),
        // A stream that was reset is a message less, and no reason to end the connection; empty is no message.
        Ok(Err(_)) => Ok(Bytes::new()),
    }
}
