//! The first bytes of a stream: what it is for.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use webx_overlay::transport::{Incoming, RecvStream, SendStream};

use crate::Error;

const VERSION: u8 = 1;
/// Longest header, in bytes.
pub(crate) const MAX_HEADER: usize = 128;
/// Bytes that are looked at for a head.
const AT_ONCE: usize = 1024;
/// Longest name of a protocol, in bytes.
const MAX_NAME: usize = 64;
/// Longest reason that is sent with a refusal, in bytes.
pub(crate) const MAX_REASON: usize = 256;

/// The first byte of an answer.
pub(crate) mod status {
    pub(crate) const GOOD: u8 = 0;
    pub(crate) const UNKNOWN: u8 = 1;
    pub(crate) const BUSY: u8 = 2;
    pub(crate) const TOO_LARGE: u8 = 3;
    pub(crate) const FAILED: u8 = 4;
    pub(crate) const CORRUPT: u8 = 5;
}

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Bytes in both directions.
    Stream,
    /// One question, one answer.
    Request,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    v: u8,
    pub(crate) protocol: String,
    pub(crate) kind: Kind,
}

impl Header {
    pub(crate) fn new(protocol: &str, kind: Kind) -> Self {
        Self {
            v: VERSION,
            protocol: protocol.to_owned(),
            kind,
        }
    }

    /// With its length in front.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let body = serde_ipld_dagcbor::to_vec(self).unwrap_or_default();
        let mut frame = vec![u8::try_from(body.len()).unwrap_or(u8::MAX)];
        frame.extend_from_slice(&body);
        frame
    }

    /// `None` for anything but the one canonical encoding of a header of this version.
    pub(crate) fn decode(body: &[u8]) -> Option<Self> {
        let header: Self = canonical(body, MAX_HEADER)?;
        (header.v == VERSION && is_name(&header.protocol)).then_some(header)
    }
}

/// Reads deterministic CBOR of at most `most` bytes; `None` for any other bytes than those it encodes to.
pub(crate) fn canonical<T: Serialize + serde::de::DeserializeOwned>(
    bytes: &[u8],
    most: usize,
) -> Option<T> {
    if bytes.len() > most {
        return None;
    }
    let value: T = serde_ipld_dagcbor::from_slice(bytes).ok()?;
    (serde_ipld_dagcbor::to_vec(&value).ok()? == bytes).then_some(value)
}

pub(crate) fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Sends the first `head` bytes of `frame`, and as many of the others as the link takes along: who turns the stream away
/// reads no further. Gives how many of the others went.
pub(crate) async fn begin(
    stream: &mut SendStream,
    frame: &[u8],
    head: usize,
) -> Result<usize, std::io::Error> {
    let mut sent = 0;
    while sent < head {
        match stream.write(frame.get(sent..).unwrap_or_default()).await? {
            0 => return Err(std::io::ErrorKind::WriteZero.into()),
            count => sent += count,
        }
    }
    Ok(sent - head)
}

/// Reads a head, and gives what came along with it.
pub(crate) async fn read_header(stream: &mut RecvStream) -> Result<(Header, Bytes), Error> {
    let mut buffer = [0; AT_ONCE];
    let mut filled = 0;
    loop {
        let came = buffer.get(..filled).unwrap_or_default();
        if let Some((&length, body)) = came.split_first() {
            let length = usize::from(length);
            if length > MAX_HEADER {
                return Err(Error::Malformed("the head of a stream"));
            }
            if let Some((body, along)) = body.split_at_checked(length) {
                let header = Header::decode(body);
                let header = header.ok_or(Error::Malformed("the head of a stream"))?;
                return Ok((header, Bytes::copy_from_slice(along)));
            }
        }
        let room = buffer.get_mut(filled..).unwrap_or_default();
        match stream.read(room).await? {
            0 => return Err(Error::Broken(std::io::ErrorKind::UnexpectedEof.into())),
            count => filled += count,
        }
    }
}

/// The stream, with what came along with its head put back in front.
pub(crate) fn put_back(along: Bytes, stream: RecvStream) -> RecvStream {
    if along.is_empty() {
        return stream;
    }
    Box::new(PutBack { along, stream })
}

struct PutBack {
    along: Bytes,
    stream: RecvStream,
}

impl AsyncRead for PutBack {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.along.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let count = self.along.len().min(buffer.remaining());
        buffer.put_slice(&self.along.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl Incoming for PutBack {
    fn stop(&mut self, code: u32) {
        self.stream.stop(code);
    }
}

/// The part of a reason that is sent.
pub(crate) fn reason(mut text: String) -> String {
    while text.len() > MAX_REASON {
        text.pop();
    }
    text
}

/// The first eight bytes of a datagram: which protocol it belongs to.
pub(crate) fn tag(protocol: &str) -> [u8; 8] {
    let hash = blake3::derive_key("webx 2026 datagram protocol v1", protocol.as_bytes());
    let mut tag = [0; 8];
    tag.copy_from_slice(hash.first_chunk::<8>().unwrap_or(&[0; 8]));
    tag
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use parking_lot::Mutex;
    use proptest::prelude::*;
    use std::sync::Arc;
    use tokio::io::AsyncWrite;
    use webx_overlay::transport::{LinkError, Outgoing};

    #[test]
    fn a_header_keeps_its_bytes() {
        let header = Header::new("chat/1", Kind::Request);
        let frame = header.encode();
        assert_eq!(
            frame,
            b"\x21\xa3\x61v\x01\x64kind\x67Request\x68protocol\x66chat/1"
        );
        assert_eq!(Header::decode(&frame[1..]).unwrap(), header);
    }

    #[test]
    fn a_tag_keeps_its_bytes() {
        let pinned = blake3::derive_key("webx 2026 datagram protocol v1", b"voice/1");
        assert_eq!(tag("voice/1"), pinned[..8]);
        assert_ne!(tag("voice/1"), tag("voice/2"));
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for name in ["", "a b", "ä", "x\n", &"x".repeat(65)] {
            let frame = Header::new(name, Kind::Stream).encode();
            assert_eq!(Header::decode(&frame[1..]), None, "{name}");
        }
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        assert_eq!(reason("ö".repeat(200)), "ö".repeat(128));
        assert_eq!(reason("short".into()), "short");
    }

    /// A link that takes so many bytes at a time.
    struct Narrow(usize, Arc<Mutex<Vec<u8>>>);

    impl AsyncWrite for Narrow {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<std::io::Result<usize>> {
            let count = bytes.len().min(self.0);
            self.1.lock().extend_from_slice(&bytes[..count]);
            Poll::Ready(Ok(count))
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl Outgoing for Narrow {
        fn finish(&mut self) -> Result<(), LinkError> {
            Ok(())
        }
        fn reset(&mut self, _: u32) {}
        fn set_priority(&self, _: i32) {}
    }

    #[tokio::test]
    async fn a_head_is_sent_whole_and_takes_along_what_fits() {
        for (at_once, expected) in [(1, 0), (5, 3), (12, 0), (16, 4), (100, 8)] {
            let taken = Arc::default();
            let mut stream: SendStream = Box::new(Narrow(at_once, Arc::clone(&taken)));
            let frame = b"twelve bytesand more";
            let along = begin(&mut stream, frame, 12).await.unwrap();
            assert_eq!(along, expected, "{at_once}");
            assert_eq!(*taken.lock(), frame[..12 + along]);
        }
        let mut closed: SendStream = Box::new(Narrow(0, Arc::default()));
        assert!(begin(&mut closed, b"head", 4).await.is_err());
    }

    /// Bytes that come so many at a time, and then the end.
    struct Slow(usize, Bytes);

    impl AsyncRead for Slow {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            let count = self.0.min(self.1.len()).min(buffer.remaining());
            buffer.put_slice(&self.1.split_to(count));
            Poll::Ready(Ok(()))
        }
    }

    impl Incoming for Slow {
        fn stop(&mut self, _: u32) {}
    }

    #[tokio::test]
    async fn what_came_along_with_a_head_is_not_lost() {
        let header = Header::new("chat/1", Kind::Request);
        let body: Vec<u8> = (0..3000_u32).map(|n| n as u8).collect();
        let whole = Bytes::from([header.encode(), body.clone()].concat());
        for at_once in [1, 7, 34, 35, 1000, 5000] {
            let mut stream: RecvStream = Box::new(Slow(at_once, whole.clone()));
            let (read, along) = read_header(&mut stream).await.unwrap();
            assert_eq!(read, header);
            let mut rest = Vec::new();
            let mut stream = put_back(along, stream);
            stream.read_to_end(&mut rest).await.unwrap();
            assert!(rest == body, "{at_once}");
        }
        let cut = whole.slice(..20);
        let mut stream: RecvStream = Box::new(Slow(7, cut));
        assert!(matches!(
            read_header(&mut stream).await,
            Err(Error::Broken(_))
        ));
        let mut stream: RecvStream = Box::new(Slow(7, Bytes::from(vec![200; 300])));
        assert!(matches!(
            read_header(&mut stream).await,
            Err(Error::Malformed(_))
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_header_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(header) = Header::decode(&bytes) {
                prop_assert_eq!(&header.encode()[1..], &bytes[..]);
            }
        }
    }
}
