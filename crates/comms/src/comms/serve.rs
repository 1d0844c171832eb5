//! What peers open.

use std::{pin::pin, sync::Arc};

use bytes::Bytes;
use tokio::{
    io::AsyncWriteExt as _,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until, timeout},
};
use webx_overlay::Offence;

use super::{Comms, Handler, OnRequest, Peer, ask::Pair};
use crate::{
    Error, Receiver, Sender, Stance,
    error::code,
    memory::Ration,
    pool::Line,
    protocol::{Protocol, Slot},
    stream::{PIECE, halves},
    wire::{self, Header, Kind, status},
};

/// Streams of one connection that are not yet at their handler.
const MAX_HEADS: usize = 64;

/// How a stream is turned away: the status byte of a request, the code of a stream.
#[derive(Clone, Copy)]
struct Turned(u8, u32);

const UNKNOWN: Turned = Turned(status::UNKNOWN, code::UNKNOWN);
const BUSY: Turned = Turned(status::BUSY, code::BUSY);

/// A stream that may go to its handler.
struct Admitted {
    protocol: Arc<Protocol>,
    handler: Handler,
    slot: Slot,
}

impl Comms {
    /// Takes what comes over a connection until it is gone or nobody has used it for long.
    pub(super) fn serve(&self, line: Arc<Line>) {
        let this = self.clone();
        self.run(async move {
            this.listen(&line).await;
            // While the node stops, what is under way goes on; the connection is closed at the end of it.
            if !this.0.stop.is_cancelled() {
                this.0.pool.remove(&line);
            }
        });
    }

    async fn listen(&self, line: &Arc<Line>) {
        let connection = &line.connection;
        let heads = Arc::new(Semaphore::new(MAX_HEADS));
        let mut datagrams = connection.max_datagram().is_some();
        // Made once, not for each stream.
        let mut closed = connection.closed();
        let mut stopped = pin!(self.0.stop.cancelled());
        let mut idle = pin!(sleep_until(Instant::now() + self.0.config.idle));
        loop {
            tokio::select! {
                () = &mut stopped => return,
                _ = &mut closed => return,
                () = &mut idle => {
                    let now = Instant::now();
                    let look = line.idle_since().unwrap_or(now) + self.0.config.idle;
                    if look <= now {
                        self.0.pool.remove(line);
                        connection.close(code::IDLE, "idle");
                        return;
                    }
                    idle.as_mut().reset(look);
                }
                opened = connection.accept_bi() => match (opened, heads.clone().try_acquire_owned()) {
                    (Ok(pair), Ok(head)) => {
                        let (this, line) = (self.clone(), line.clone());
                        self.run(async move { this.opened(line, pair, head).await });
                    }
                    (Ok(pair), Err(_)) => {
                        drop(pair);
                        if self.is_flood(line) {
                            return;
                        }
                    }
                    (Err(_), _) => return,
                },
                datagram = connection.read_datagram(), if datagrams => match datagram {
                    Ok(bytes) => self.datagram(line, &bytes).await,
                    Err(_) => datagrams = false,
                },
            }
        }
    }

    /// Counts a stream that is turned away; too many of them end the connection.
    fn is_flood(&self, line: &Line) -> bool {
        let flood = line.refused();
        if flood {
            let node = line.connection.peer();
            self.0.directory.blame(node, Offence::Flood);
            line.connection.close(code::BUSY, "too many streams");
        }
        flood
    }

    async fn datagram(&self, line: &Line, bytes: &Bytes) {
        let Some(tag) = bytes.first_chunk::<8>() else {
            return;
        };
        let protocol = self.0.tags.read().get(tag).cloned();
        let Some(protocol) = protocol else {
            return;
        };
        let mailbox = protocol.mailbox.read().clone();
        let (Some(mailbox), Stance::Open | Stance::Reserved) = (mailbox, self.stance(line).await)
        else {
            return;
        };
        line.touch();
        let peer = line.peer();
        let tally = protocol.tally(peer.node);
        let data = bytes.slice(8..);
        tally.add(|c| &c.received, data.len() as u64);
        tally.add(|c| &c.datagrams, 1);
        let lost = if protocol.admit_datagram(peer.node, Instant::now()) {
            mailbox.put(peer, data)
        } else {
            1
        };
        tally.add(|c| &c.refused, lost);
    }

    async fn opened(
        &self,
        line: Arc<Line>,
        (mut sender, mut receiver): Pair,
        head: OwnedSemaphorePermit,
    ) {
        let _hold = line.hold();
        let header = timeout(self.0.config.head, wire::read_header(&mut receiver)).await;
        let code = match header {
            Ok(Ok((header, along))) => match self.admit(&line, &header).await {
                Ok(admitted) => {
                    drop(head);
                    let receiver = wire::put_back(along, receiver);
                    self.handle(&line, (sender, receiver), admitted).await;
                    return;
                }
                Err(turned) => {
                    let away = turn_away((sender, receiver), header.kind, turned);
                    // A status that is not taken is not waited for; until then the place counts as taken.
                    let _ = timeout(self.0.config.head, away).await;
                    drop(head);
                    self.is_flood(&line);
                    return;
                }
            },
            Ok(Err(Error::Malformed(_))) => {
                let node = line.connection.peer();
                self.0.directory.blame(node, Offence::Malformed);
                code::MALFORMED
            }
            Ok(Err(_)) => code::MALFORMED,
            Err(_) => code::STALLED,
        };
        drop(head);
        sender.reset(code);
        receiver.stop(code);
        self.is_flood(&line);
    }

    async fn admit(&self, line: &Line, header: &Header) -> Result<Admitted, Turned> {
        let protocol = self.0.protocols.read().get(&header.protocol).cloned();
        let protocol = protocol.ok_or(UNKNOWN)?;
        let handler = protocol.handler.read().clone().ok_or(UNKNOWN)?;
        let fits = matches!(
            (&handler, header.kind),
            (Handler::Request(_), Kind::Request) | (Handler::Stream(_), Kind::Stream)
        );
        // Who is blocked meets a node that speaks nothing.
        if !fits || self.stance(line).await == Stance::Blocked {
            return Err(UNKNOWN);
        }
        let node = line.connection.peer();
        let tally = protocol.tally(node);
        let Some(slot) = protocol.admit(node, Instant::now()) else {
            tally.add(|c| &c.refused, 1);
            return Err(BUSY);
        };
        tally.add(|c| &c.accepted, 1);
        Ok(Admitted {
            protocol,
            handler,
            slot,
        })
    }

    async fn handle(&self, line: &Arc<Line>, pair: Pair, admitted: Admitted) {
        let Admitted {
            protocol,
            handler,
            slot,
        } = admitted;
        let (limits, peer) = (protocol.limits(), line.peer());
        let place = self.place(line, &protocol, Some(slot));
        let tally = place.tally.clone();
        let (sender, receiver) = halves(pair, place, limits.bytes);
        match handler {
            Handler::Stream(handler) => handler(peer, sender, receiver).await,
            Handler::Request(handler) => {
                let ration = self.0.memory.ration(peer.node);
                let answered = answer(&protocol, &handler, peer, (sender, receiver), ration);
                if !matches!(timeout(limits.time, answered).await, Ok(Ok(()))) {
                    tally.add(|c| &c.errors, 1);
                }
            }
        }
    }
}

async fn turn_away((mut sender, mut receiver): Pair, kind: Kind, Turned(status, code): Turned) {
    receiver.stop(code);
    if kind == Kind::Request && sender.write_all(&[status]).await.is_ok() {
        let _ = sender.finish();
    } else {
        sender.reset(code);
    }
}

async fn answer(
    protocol: &Protocol,
    handler: &OnRequest,
    peer: Peer,
    (mut sender, mut receiver): (Sender, Receiver),
    mut ration: Ration,
) -> Result<(), Error> {
    let limits = protocol.limits();
    let question = match receiver.read_rationed(limits.bytes, &mut ration).await {
        Ok(question) => question,
        Err(error) => {
            let status = match error {
                Error::TooLarge(_) => status::TOO_LARGE,
                Error::Full(_) => status::BUSY,
                _ => return Err(error),
            };
            sender.write_all(&[status]).await?;
            sender.finish().await?;
            return Err(error);
        }
    };
    let answer = match handler(peer, question).await {
        Ok(answer) if answer.len() as u64 > limits.answer => {
            Err("the answer is too large".to_owned())
        }
        answer => answer,
    };
    let (status, answer) = match answer {
        Ok(answer) => (status::GOOD, answer),
        Err(reason) => (status::FAILED, wire::reason(reason).into()),
    };
    // The status and what fits beside it go in one packet.
    let (along, rest) = answer.split_at(answer.len().min(PIECE - 1));
    sender.write_all(&[&[status], along].concat()).await?;
    sender.write_all(rest).await?;
    sender.finish().await
}
