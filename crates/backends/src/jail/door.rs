//! The one opening in the jail: a stream of one-byte words, some with a socket beside them.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::AsyncReadExt;

/// What the gateway says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// The application is loaded.
    Ready,
    /// It wants a connection to the proxy.
    Connect,
}

/// The node's end.
#[derive(Debug)]
pub(super) struct Door {
    end: UnixStream,
}

/// Hears what the gateway says.
#[derive(Debug)]
pub(super) struct Ear {
    end: tokio::net::UnixStream,
}

/// Makes a door: the node's two halves, and the end that becomes the gateway's standard input.
pub(super) fn door() -> io::Result<(Door, Ear, OwnedFd)> {
    let (near, far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    let ear = tokio::net::UnixStream::from_std(near.try_clone()?)?;
    Ok((Door { end: near }, Ear { end: ear }, far.into()))
}

impl Door {
    /// Asks for the request on the other end of what it gives to be served.
    pub(super) fn serve(&self) -> io::Result<tokio::net::UnixStream> {
        self.hand_in(b'S')
    }

    /// Gives the gateway a connection to the proxy; the proxy's end comes back.
    pub(super) fn connection(&self) -> io::Result<tokio::net::UnixStream> {
        self.hand_in(b'C')
    }

    /// Tells the gateway that there is no connection for it.
    pub(super) fn no_connection(&self) -> io::Result<()> {
        self.say(b'X', &[])
    }

    fn hand_in(&self, word: u8) -> io::Result<tokio::net::UnixStream> {
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        self.say(word, &[far.as_fd()])?;
        tokio::net::UnixStream::from_std(near)
    }

    /// Never waits: a gateway that does not read its words has its door closed.
    fn say(&self, word: u8, sockets: &[std::os::fd::BorrowedFd<'_>]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        if !sockets.is_empty() {
            beside.push(SendAncillaryMessage::ScmRights(sockets));
        }
        sendmsg(
            &self.end,
            &[IoSlice::new(&[word])],
            &mut beside,
            SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        )?;
        Ok(())
    }
}

impl Ear {
    /// The next word; none when the gateway is gone or says what is no word. Sockets beside it are closed by the kernel.
    pub(super) async fn hear(&mut self) -> Option<Word> {
        match self.end.read_u8().await {
            Ok(b'R') => Some(Word::Ready),
            Ok(b'C') => Some(Word::Connect),
            _ => None,
        }
    }
}
