//! What this node opens: streams, requests, datagrams.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::timeout;
use webx_overlay::{
    Offence,
    transport::{LinkError, RecvStream, SendStream},
};

use super::{Comms, PING, Target};
use crate::{
    Error, Priority, Receiver, Refused, Sender,
    error::code,
    pool::Line,
    protocol::{Protocol, Slot},
    stream::{Place, halves},
    wire::{self, Header, Kind, MAX_REASON, status},
};

/// A datagram that does not get its turn within this time is lost.
const DATAGRAM: Duration = Duration::from_millis(50);

/// A stream whose head is sent.
struct Opened<'a> {
    line: Arc<Line>,
    halves: (Sender, Receiver),
    /// What was to go along with the head and did not.
    rest: &'a [u8],
}

/// Why an answer did not come.
struct Unanswered {
    error: Error,
    /// The connection it was asked over.
    line: Arc<Line>,
}

impl Comms {
    /// Opens a stream of a protocol to a person or a node.
    ///
    /// # Errors
    /// As [`Comms::connect`]; [`Error::Name`], [`Error::Broken`].
    pub async fn open_stream(
        &self,
        target: impl Into<Target>,
        protocol: &str,
        priority: Priority,
    ) -> Result<(Sender, Receiver), Error> {
        let protocol = self.register(protocol, None)?;
        let most = protocol.limits().bytes;
        let (target, header) = (target.into(), Header::new(&protocol.name, Kind::Stream));
        let opened = self
            .stream(&target, &protocol, &header, priority, most, b"")
            .await?;
        Ok(opened.halves)
    }

    /// Opens a stream and sends its head, and what fits of `data` in the same packet.
    async fn stream<'a>(
        &self,
        target: &Target,
        protocol: &Arc<Protocol>,
        header: &Header,
        priority: Priority,
        most: u64,
        data: &'a [u8],
    ) -> Result<Opened<'a>, Error> {
        let stall = protocol.limits().stall;
        let head = header.encode();
        let mut again = true;
        loop {
            let line = if protocol.name == PING {
                // It says nothing.
                self.line(target).await?
            } else {
                self.reach(target).await?
            };
            // Counted before it is opened, so that the connection is not given up as idle meanwhile.
            let place = self.place(&line, protocol, None);
            let along = data.get(..place.piece(data.len())).unwrap_or_default();
            let frame = [&head, along].concat();
            place.turn(along.len()).await;
            let opened = async {
                let mut pair = line.connection.open_bi().await?;
                if priority != Priority::default() {
                    pair.0.set_priority(priority.number());
                }
                let sent = wire::begin(&mut pair.0, &frame, head.len()).await?;
                Ok::<_, Error>((pair, sent))
            };
            let (pair, sent) = match timeout(stall, opened).await {
                Ok(Ok(opened)) => opened,
                Ok(Err(error)) => {
                    let gone = timeout(Duration::ZERO, line.connection.closed()).await;
                    if gone.is_err() {
                        return Err(error);
                    }
                    // The connection went away unnoticed: once more, on another one.
                    self.0.pool.remove(&line);
                    if !std::mem::take(&mut again) {
                        return Err(error);
                    }
                    continue;
                }
                Err(_) => return Err(Error::Stalled),
            };
            place.tally.add(|c| &c.opened, 1);
            place.tally.add(|c| &c.sent, sent as u64);
            return Ok(Opened {
                line,
                halves: halves(pair, place, most),
                rest: data.get(sent..).unwrap_or_default(),
            });
        }
    }

    pub(super) fn place(
        &self,
        line: &Arc<Line>,
        protocol: &Arc<Protocol>,
        slot: Option<Slot>,
    ) -> Place {
        Place {
            protocol: protocol.clone(),
            tally: protocol.tally(line.connection.peer()),
            bandwidth: self.0.bandwidth.clone(),
            stall: protocol.limits().stall,
            _slot: slot,
            _hold: line.hold(),
        }
    }

    /// Asks a question and waits for the answer.
    ///
    /// # Errors
    /// As [`Comms::connect`]; [`Error::TooLarge`], [`Error::TimedOut`], [`Error::Refused`].
    pub async fn request(
        &self,
        target: impl Into<Target>,
        protocol: &str,
        question: &[u8],
    ) -> Result<Bytes, Error> {
        let protocol = self.register(protocol, None)?;
        let limits = protocol.limits();
        if question.len() as u64 > limits.bytes {
            return Err(Error::TooLarge(limits.bytes));
        }
        let target = target.into();
        let answered = self.ask_twice(&target, &protocol, question);
        timeout(limits.time, answered)
            .await
            .map_err(|_| Error::TimedOut)
            .and_then(|answer| answer)
    }

    async fn ask_twice(
        &self,
        target: &Target,
        protocol: &Arc<Protocol>,
        question: &[u8],
    ) -> Result<Bytes, Error> {
        let first = match self.ask(target, protocol, question).await? {
            Ok(answer) => return Ok(answer),
            Err(first) => first,
        };
        // The other side closed the connection as idle and has not looked at the question: it may be asked again.
        let ended = timeout(Duration::ZERO, first.line.connection.closed()).await;
        if ended != Ok(LinkError::Closed(code::IDLE)) {
            let node = first.line.connection.peer();
            match &first.error {
                // The connection stands: the question was taken and dropped.
                Error::Broken(_) if ended.is_err() => {
                    self.0.directory.blame(node, Offence::Silent);
                }
                Error::Malformed(_) => self.0.directory.blame(node, Offence::Malformed),
                _ => {}
            }
            return Err(first.error);
        }
        self.0.pool.remove(&first.line);
        let second = self.ask(target, protocol, question).await?;
        second.map_err(|second| second.error)
    }

    async fn ask(
        &self,
        target: &Target,
        protocol: &Arc<Protocol>,
        question: &[u8],
    ) -> Result<Result<Bytes, Unanswered>, Error> {
        let limits = protocol.limits();
        // A status, and an answer or the reason why there is none.
        let most = limits.answer.max(MAX_REASON as u64).saturating_add(1);
        let header = Header::new(&protocol.name, Kind::Request);
        let Opened { line, halves, rest } = self
            .stream(target, protocol, &header, limits.priority, most, question)
            .await?;
        let answer = exchange(halves, rest, limits.answer).await;
        Ok(answer.map_err(|error| {
            let node = line.connection.peer();
            protocol.tally(node).add(|c| &c.errors, 1);
            Unanswered { error, line }
        }))
    }

    /// Sends a datagram within 50 ms or not at all, over a connection that stands or is made for it.
    ///
    /// # Errors
    /// As [`Comms::connect`]; [`Error::TooLarge`] for more than the path takes.
    pub async fn send_datagram(
        &self,
        target: impl Into<Target>,
        protocol: &str,
        data: &[u8],
    ) -> Result<(), Error> {
        let protocol = self.register(protocol, None)?;
        let line = self.reach(&target.into()).await?;
        let most = line.connection.max_datagram().unwrap_or(0);
        let most = most.saturating_sub(8);
        if data.len() > most {
            return Err(Error::TooLarge(most as u64));
        }
        let tally = protocol.tally(line.connection.peer());
        let whole = [&wire::tag(&protocol.name), data].concat();
        let turn = self.0.bandwidth.take(protocol.class, whole.len());
        if timeout(DATAGRAM, turn).await.is_err() {
            tally.add(|c| &c.refused, 1);
            return Ok(());
        }
        line.touch();
        line.connection.send_datagram(whole.into())?;
        tally.add(|c| &c.sent, data.len() as u64);
        tally.add(|c| &c.datagrams, 1);
        Ok(())
    }
}

async fn exchange(
    (mut sender, mut receiver): (Sender, Receiver),
    question: &[u8],
    most: u64,
) -> Result<Bytes, Error> {
    // One that is refused is answered before it is read to its end; the answer says why.
    let sent = async {
        sender.write_all(question).await?;
        sender.finish().await
    };
    // A status, and an answer or the reason why there is none.
    let whole = most.max(MAX_REASON as u64).saturating_add(1);
    let (_, answer) = tokio::join!(sent, receiver.read_to_end(whole));
    let answer = answer.map_err(|error| match error {
        Error::TooLarge(_) => Error::TooLarge(most),
        error => error,
    })?;
    match answer.first() {
        Some(&status::GOOD) if answer.len() as u64 > most.saturating_add(1) => {
            Err(Error::TooLarge(most))
        }
        Some(&status::GOOD) => Ok(answer.slice(1..)),
        Some(&other) => Err(Error::Refused(reason_of(other, &answer.slice(1..))?)),
        None => Err(Error::Broken(std::io::ErrorKind::UnexpectedEof.into())),
    }
}

/// Why something was refused.
pub(crate) async fn refusal(status: u8, receiver: &mut Receiver) -> Result<Refused, Error> {
    let why = match status {
        status::FAILED => receiver.read_to_end(MAX_REASON as u64).await?,
        _ => Bytes::new(),
    };
    reason_of(status, &why)
}

fn reason_of(status: u8, why: &[u8]) -> Result<Refused, Error> {
    Ok(match status {
        status::UNKNOWN => Refused::Unknown,
        status::BUSY => Refused::Busy,
        status::TOO_LARGE => Refused::TooLarge,
        status::FAILED if why.len() > MAX_REASON => {
            return Err(Error::TooLarge(MAX_REASON as u64));
        }
        status::FAILED => Refused::Failed(String::from_utf8_lossy(why).into_owned()),
        _ => return Err(Error::Malformed("the status of an answer")),
    })
}

/// Both halves of a stream as the transport gives them.
pub(super) type Pair = (SendStream, RecvStream);
