//! The two halves of a stream, with the limits of its protocol.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, timeout},
};
use webx_overlay::transport::{RecvStream, SendStream};

use crate::{
    Error, Priority,
    bandwidth::Bandwidth,
    error::code,
    limits::Tally,
    memory::Ration,
    pool::Hold,
    protocol::{Protocol, Slot},
};

/// Bytes that are sent at once where bandwidth is limited; between two pieces other streams have their turn.
pub(crate) const PIECE: usize = 16 * 1024;
/// Bytes that are handed to the link at once where it is not: fewer ways through its lock.
const STRIDE: usize = 64 * 1024;

/// Bytes that are read at first of what is read whole: most questions and answers are short.
const FIRST: usize = 512;

/// What both halves share: the stream counts as open until both are dropped.
pub(crate) struct Place {
    pub(crate) protocol: Arc<Protocol>,
    pub(crate) tally: Tally,
    pub(crate) bandwidth: Arc<Bandwidth>,
    pub(crate) stall: Duration,
    pub(crate) _slot: Option<Slot>,
    pub(crate) _hold: Hold,
}

/// The sending half. Dropped without [`Sender::finish`], it is reset.
pub struct Sender {
    stream: SendStream,
    place: Arc<Place>,
}

/// The receiving half. Dropped before its end, the other side is told to stop.
pub struct Receiver {
    stream: RecvStream,
    place: Arc<Place>,
    most: u64,
    left: u64,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({})", self.place.protocol.name)
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.place.protocol.name;
        write!(f, "Receiver({name}, {} bytes left)", self.left)
    }
}

pub(crate) fn halves(
    (sending, receiving): (SendStream, RecvStream),
    place: Place,
    most: u64,
) -> (Sender, Receiver) {
    let place = Arc::new(place);
    let sender = Sender {
        stream: sending,
        place: place.clone(),
    };
    let receiver = Receiver {
        stream: receiving,
        place,
        most,
        left: most,
    };
    (sender, receiver)
}

impl Place {
    /// How many of `bytes` are sent next.
    pub(crate) fn piece(&self, bytes: usize) -> usize {
        let limited = self.bandwidth.is_limited();
        bytes.min(if limited { PIECE } else { STRIDE })
    }

    /// Waits for the turn of `bytes`.
    pub(crate) async fn turn(&self, bytes: usize) {
        if bytes == 0 || !self.bandwidth.is_limited() {
            return;
        }
        let began = Instant::now();
        let waiting = self.tally.waits();
        self.bandwidth.take(self.protocol.class, bytes).await;
        drop(waiting);
        let waited = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.tally.add(|c| &c.waited_micros, waited);
    }
}

impl Sender {
    /// Sends all of `data`, as fast as the protocol's share and the other side allow.
    ///
    /// # Errors
    /// [`Error::Stalled`] when the other side takes nothing for too long, [`Error::Broken`] when it gave up.
    pub async fn write_all(&mut self, data: &[u8]) -> Result<(), Error> {
        let mut data = data;
        while !data.is_empty() {
            let (mut rest, later) = data.split_at(self.place.piece(data.len()));
            data = later;
            self.place.turn(rest.len()).await;
            while !rest.is_empty() {
                // Any progress starts the patience anew.
                let written = timeout(self.place.stall, self.stream.write(rest)).await;
                let Ok(written) = written else {
                    self.stream.reset(code::STALLED);
                    return Err(Error::Stalled);
                };
                match written? {
                    0 => return Err(Error::Broken(std::io::ErrorKind::WriteZero.into())),
                    count => {
                        self.place.tally.add(|c| &c.sent, count as u64);
                        rest = rest.get(count..).unwrap_or_default();
                    }
                }
            }
        }
        Ok(())
    }

    /// All is said.
    ///
    /// # Errors
    /// [`Error::Link`] when the other side has given up.
    pub async fn finish(mut self) -> Result<(), Error> {
        timeout(self.place.stall, self.stream.flush())
            .await
            .map_err(|_| Error::Stalled)??;
        Ok(self.stream.finish()?)
    }

    /// Gives up; the other side sees `code`.
    pub fn reset(mut self, code: u32) {
        self.stream.reset(code);
    }

    /// Changes how urgent the stream is.
    pub fn set_priority(&self, priority: Priority) {
        self.stream.set_priority(priority.number());
    }
}

impl Receiver {
    /// Reads some bytes; 0 at the end.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond the protocol's limit, [`Error::Stalled`] when nothing comes for too long,
    /// [`Error::Broken`] when the other side gave up.
    pub async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let Ok(read) = timeout(self.place.stall, self.stream.read(buffer)).await else {
            self.stream.stop(code::STALLED);
            return Err(Error::Stalled);
        };
        let count = read?;
        self.place.tally.add(|c| &c.received, count as u64);
        let Some(left) = self.left.checked_sub(count as u64) else {
            self.stream.stop(code::TOO_LARGE);
            return Err(Error::TooLarge(self.most));
        };
        self.left = left;
        Ok(count)
    }

    /// Fills the buffer.
    ///
    /// # Errors
    /// As [`Receiver::read`]; [`Error::Broken`] when the stream ends before.
    pub async fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest).await? {
                0 => return Err(Error::Broken(std::io::ErrorKind::UnexpectedEof.into())),
                count => filled += count,
            }
        }
        Ok(())
    }

    /// Reads to the end, at most `most` bytes.
    ///
    /// # Errors
    /// As [`Receiver::read`]; [`Error::TooLarge`].
    pub async fn read_to_end(&mut self, most: u64) -> Result<Bytes, Error> {
        self.read_within(most, |_| true).await
    }

    /// The same, while there is memory for it.
    pub(crate) async fn read_rationed(
        &mut self,
        most: u64,
        ration: &mut Ration,
    ) -> Result<Bytes, Error> {
        self.read_within(most, |more| ration.grow(more)).await
    }

    async fn read_within(
        &mut self,
        most: u64,
        mut room: impl FnMut(u64) -> bool,
    ) -> Result<Bytes, Error> {
        let mut all = Vec::new();
        let mut room_for = FIRST;
        loop {
            let filled = all.len();
            all.resize(filled + room_for, 0);
            let count = self.read(all.get_mut(filled..).unwrap_or_default()).await?;
            all.truncate(filled + count);
            if count == 0 {
                return Ok(all.into());
            }
            if all.len() as u64 > most {
                self.stream.stop(code::TOO_LARGE);
                return Err(Error::TooLarge(most));
            }
            if !room(count as u64) {
                self.stream.stop(code::BUSY);
                return Err(Error::Full("bytes of questions"));
            }
            if count == room_for {
                room_for = PIECE;
            }
        }
    }

    /// How many bytes more may come.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Wants nothing more; the other side sees `code`.
    pub fn stop(mut self, code: u32) {
        self.stream.stop(code);
    }
}
