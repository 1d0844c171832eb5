//! Files over a stream: offered with their length, resumed where they broke off, checked as a whole at the end.
//!
//! Who has the file calls [`send`] with the two halves of a stream; who takes it reads the [`Offer`] from the other end and
//! says how much of it he has. It does not matter who opened the stream. However long the file is, 64 KiB of it are in memory.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use webx_comms::{Comms, Limits, OnStream, Priority, file};
//! # async fn example(comms: Comms, ann: webx_identity::Did) -> Result<(), Box<dyn std::error::Error>> {
//! let limits = Limits { bytes: 1 << 40, priority: Priority::Bulk, ..Limits::default() };
//! let take: OnStream = Arc::new(|_, sender, receiver| Box::pin(async move {
//!     if let Ok(offer) = file::Offer::read(sender, receiver).await {
//!         let mut store = std::io::Cursor::new(Vec::new());
//!         let _ = offer.take(&mut store, 0).await;
//!     }
//! }));
//! comms.on_stream("files/1", limits, take)?;
//! let (sender, receiver) = comms.open_stream(ann, "files/1", Priority::Bulk).await?;
//! let mut source = std::io::Cursor::new(b"a photo".to_vec());
//! let sent = file::send(sender, receiver, b"photo.jpg", &mut source, 7).await?;
//! # Ok(())
//! # }
//! ```

mod blocking;

use std::io::SeekFrom;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncSeek, AsyncSeekExt as _, AsyncWrite, AsyncWriteExt as _,
};

use crate::{
    Error, Receiver, Refused, Sender,
    comms::refusal,
    error::code,
    wire::{self, status},
};

pub use blocking::Blocking;

const VERSION: u8 = 1;
/// Bytes that are read and written at once.
const PIECE: usize = 64 * 1024;
/// Longest description, in bytes.
pub const MAX_ABOUT: usize = 1024;
const MAX_ANNOUNCEMENT: usize = MAX_ABOUT + 64;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Announcement {
    v: u8,
    #[serde(with = "serde_bytes")]
    about: Vec<u8>,
    length: u64,
}

impl Announcement {
    /// `None` for anything but the one encoding of an announcement of this version within its limits.
    fn decode(body: &[u8]) -> Option<Self> {
        let read: Self = wire::canonical(body, MAX_ANNOUNCEMENT)?;
        (read.v == VERSION && read.about.len() <= MAX_ABOUT).then_some(read)
    }
}

/// Reads an announcement, for the fuzzer: what was read is written as it came.
pub(crate) fn fuzz(body: &[u8]) {
    if let Some(read) = Announcement::decode(body) {
        assert_eq!(
            serde_ipld_dagcbor::to_vec(&read).ok().as_deref(),
            Some(body)
        );
    }
}

/// What became of a file that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The other side had this much of it already.
    pub from: u64,
    /// BLAKE3 of the whole file; the other side has found the same.
    pub hash: [u8; 32],
}

/// Offers `length` bytes of `source`, sends what the other side lacks and waits until it has checked them.
///
/// # Errors
/// [`Error::Refused`] when the other side does not want it or could not keep it, [`Error::Corrupt`] when it received
/// something else, [`Error::Broken`] also when the source is shorter than `length`.
pub async fn send<S>(
    mut sender: Sender,
    mut receiver: Receiver,
    about: &[u8],
    source: &mut S,
    length: u64,
) -> Result<Sent, Error>
where
    S: AsyncRead + AsyncSeek + Unpin + Send,
{
    if about.len() > MAX_ABOUT {
        return Err(Error::TooLarge(MAX_ABOUT as u64));
    }
    let announcement = Announcement {
        v: VERSION,
        about: about.to_vec(),
        length,
    };
    let body = serde_ipld_dagcbor::to_vec(&announcement).unwrap_or_default();
    let size = u16::try_from(body.len()).unwrap_or(u16::MAX);
    sender.write_all(&size.to_be_bytes()).await?;
    sender.write_all(&body).await?;
    good(&mut receiver).await?;
    let mut resume = [0; 40];
    receiver.read_exact(&mut resume).await?;
    let (offset, prefix) = split(&resume);
    if offset > length {
        return Err(Error::Malformed("more of a file than there is"));
    }
    // What the other side has is a part of this file, or it starts anew.
    let mut hasher = blake3::Hasher::new();
    let mut from = 0;
    if offset > 0 {
        hash_prefix(source, offset, &mut hasher).await?;
        if hasher.finalize() == blake3::Hash::from_bytes(prefix) {
            from = offset;
        } else {
            hasher.reset();
        }
    }
    let sent = async {
        sender.write_all(&from.to_be_bytes()).await?;
        source.seek(SeekFrom::Start(from)).await?;
        let mut left = length - from;
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let read = read_piece(source, &mut piece, left).await?;
            hasher.update(read);
            sender.write_all(read).await?;
            left -= read.len() as u64;
        }
        let hash = *hasher.finalize().as_bytes();
        sender.write_all(&hash).await?;
        Ok::<_, Error>(hash)
    };
    match sent.await {
        Ok(hash) => {
            sender.finish().await?;
            good(&mut receiver).await?;
            Ok(Sent { from, hash })
        }
        // The other side stopped; perhaps it says why.
        Err(Error::Broken(broken)) if broken.kind() != std::io::ErrorKind::UnexpectedEof => {
            sender.reset(code::STALLED);
            match good(&mut receiver).await {
                Err(error @ Error::Refused(_)) => Err(error),
                _ => Err(Error::Broken(broken)),
            }
        }
        Err(error) => Err(error),
    }
}

/// A file that the other side wants to send.
#[derive(Debug)]
pub struct Offer {
    /// What it says of it; at most 1 KiB.
    pub about: Bytes,
    /// How long the file is.
    pub length: u64,
    sender: Sender,
    receiver: Receiver,
}

impl Offer {
    /// Reads an offer from the other end of [`send`].
    ///
    /// # Errors
    /// [`Error::Malformed`]; [`Error::TooLarge`] for a file longer than the protocol allows, which is refused.
    pub async fn read(sender: Sender, mut receiver: Receiver) -> Result<Self, Error> {
        let malformed = Error::Malformed("the announcement of a file");
        let mut size = [0; 2];
        receiver.read_exact(&mut size).await?;
        let size = usize::from(u16::from_be_bytes(size));
        if size > MAX_ANNOUNCEMENT {
            return Err(malformed);
        }
        let mut body = vec![0; size];
        receiver.read_exact(&mut body).await?;
        let announcement = Announcement::decode(&body).ok_or(malformed)?;
        // The offset and the hash come with it.
        let most = receiver.left().saturating_sub(40);
        if announcement.length > most {
            say(sender, status::TOO_LARGE, b"").await?;
            return Err(Error::TooLarge(most));
        }
        Ok(Self {
            about: announcement.about.into(),
            length: announcement.length,
            sender,
            receiver,
        })
    }

    /// Does not want it; the other side is told why.
    ///
    /// # Errors
    /// [`Error::Broken`] when the other side is gone.
    pub async fn refuse(self, why: &str) -> Result<(), Error> {
        let why = wire::reason(why.to_owned());
        say(self.sender, status::FAILED, why.as_bytes()).await
    }

    /// Takes the file into `store`, of which the first `have` bytes may be an earlier part of it. Gives the BLAKE3 of the
    /// whole, which is what `store` holds then, from its beginning.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when what arrived is not what was sent: what `store` has is worth nothing then. After any other
    /// error the next offer of the same file goes on from what `store` has.
    pub async fn take<S>(self, store: &mut S, have: u64) -> Result<[u8; 32], Error>
    where
        S: AsyncRead + AsyncWrite + AsyncSeek + Unpin + Send,
    {
        let received = self.receive(store, have).await?;
        let hash = received.hash;
        received.confirm().await?;
        Ok(hash)
    }

    /// As [`Offer::take`], but the other side is not told yet that all is well: first the store can be brought to safety.
    ///
    /// # Errors
    /// As [`Offer::take`].
    pub async fn receive<S>(mut self, store: &mut S, have: u64) -> Result<Received, Error>
    where
        S: AsyncRead + AsyncWrite + AsyncSeek + Unpin + Send,
    {
        let mut hasher = blake3::Hasher::new();
        let have = if have <= self.length { have } else { 0 };
        hash_prefix(store, have, &mut hasher).await?;
        self.sender.write_all(&[status::GOOD]).await?;
        self.sender.write_all(&have.to_be_bytes()).await?;
        let prefix = *hasher.finalize().as_bytes();
        self.sender.write_all(&prefix).await?;
        let mut from = [0; 8];
        self.receiver.read_exact(&mut from).await?;
        let from = u64::from_be_bytes(from);
        if from == 0 {
            hasher.reset();
        } else if from != have {
            return Err(Error::Malformed("another offset than was asked for"));
        }
        if let Err(error) = self.fill(store, from, &mut hasher).await {
            if let Error::Broken(broken) = &error
                && broken.kind() == std::io::ErrorKind::StorageFull
            {
                say(self.sender, status::FAILED, b"no space is left").await?;
            }
            return Err(error);
        }
        let mut announced = [0; 32];
        self.receiver.read_exact(&mut announced).await?;
        let hash = hasher.finalize();
        if hash != blake3::Hash::from_bytes(announced) {
            say(self.sender, status::CORRUPT, b"").await?;
            return Err(Error::Corrupt);
        }
        Ok(Received {
            hash: announced,
            sender: self.sender,
        })
    }

    async fn fill<S>(
        &mut self,
        store: &mut S,
        from: u64,
        hasher: &mut blake3::Hasher,
    ) -> Result<(), Error>
    where
        S: AsyncWrite + AsyncSeek + Unpin + Send,
    {
        store.seek(SeekFrom::Start(from)).await?;
        let mut left = self.length - from;
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let want = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let room = piece.get_mut(..want).unwrap_or_default();
            let count = self.receiver.read(room).await?;
            if count == 0 {
                return Err(Error::Broken(std::io::ErrorKind::UnexpectedEof.into()));
            }
            let read = room.get(..count).unwrap_or_default();
            hasher.update(read);
            store.write_all(read).await?;
            left -= count as u64;
        }
        Ok(store.flush().await?)
    }
}

/// A file that arrived whole and right. Its sender waits to hear so; dropped, this says that it was not kept.
#[derive(Debug)]
pub struct Received {
    /// BLAKE3 of the whole.
    pub hash: [u8; 32],
    sender: Sender,
}

impl Received {
    /// It is kept.
    ///
    /// # Errors
    /// [`Error::Broken`] when the other side is gone; it may offer the file again.
    pub async fn confirm(self) -> Result<(), Error> {
        say(self.sender, status::GOOD, b"").await
    }

    /// It could not be kept; the other side is told why.
    ///
    /// # Errors
    /// [`Error::Broken`] when the other side is gone.
    pub async fn fail(self, why: &str) -> Result<(), Error> {
        let why = wire::reason(why.to_owned());
        say(self.sender, status::FAILED, why.as_bytes()).await
    }
}

/// Hashes the first `length` bytes.
async fn hash_prefix<S: AsyncRead + AsyncSeek + Unpin>(
    source: &mut S,
    length: u64,
    hasher: &mut blake3::Hasher,
) -> Result<(), Error> {
    source.seek(SeekFrom::Start(0)).await?;
    let mut left = length;
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let read = read_piece(source, &mut piece, left).await?;
        hasher.update(read);
        left -= read.len() as u64;
        // A source in memory is always ready; others have their turn too.
        tokio::task::coop::consume_budget().await;
    }
    Ok(())
}

/// Some bytes of `source`, at most `left`.
async fn read_piece<'a, S: AsyncRead + Unpin>(
    source: &mut S,
    piece: &'a mut [u8],
    left: u64,
) -> Result<&'a [u8], Error> {
    let want = usize::try_from(left).unwrap_or(PIECE).min(piece.len());
    let room = piece.get_mut(..want).unwrap_or_default();
    match source.read(room).await? {
        0 => Err(Error::Broken(std::io::ErrorKind::UnexpectedEof.into())),
        count => Ok(room.get(..count).unwrap_or_default()),
    }
}

async fn say(mut sender: Sender, status: u8, why: &[u8]) -> Result<(), Error> {
    sender.write_all(&[status]).await?;
    sender.write_all(why).await?;
    sender.finish().await
}

/// Reads a status that should be good.
async fn good(receiver: &mut Receiver) -> Result<(), Error> {
    let mut status = [0];
    receiver.read_exact(&mut status).await?;
    match status {
        [status::GOOD] => Ok(()),
        [status::CORRUPT] => Err(Error::Corrupt),
        [other] => {
            let refused: Refused = refusal(other, receiver).await?;
            Err(Error::Refused(refused))
        }
    }
}

fn split(bytes: &[u8; 40]) -> (u64, [u8; 32]) {
    let (offset, hash) = bytes.split_at(8);
    let offset = offset.try_into().map_or(0, u64::from_be_bytes);
    (offset, hash.try_into().unwrap_or([0; 32]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_announcement_keeps_its_bytes() {
        let announcement = Announcement {
            v: 1,
            about: b"cat".to_vec(),
            length: 1 << 20,
        };
        let bytes = serde_ipld_dagcbor::to_vec(&announcement).unwrap();
        assert_eq!(
            bytes,
            b"\xa3\x61v\x01\x65about\x43cat\x66length\x1a\x00\x10\x00\x00"
        );
        assert_eq!(wire::canonical(&bytes, 64), Some(announcement));
    }
}
