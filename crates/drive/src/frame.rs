//! The stream by which many files come through one request.
use std::io::{ErrorKind, Read, Take};

use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Error, Result, node::from_micros};

/// Bytes of a header at most: a path of 256 names fits.
const MAX_HEADER: u32 = 128 << 10;

/// What comes before the bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) modified: Option<OffsetDateTime>,
    pub(crate) folder: bool,
}

#[derive(Deserialize)]
struct Json {
    path: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    modified: Option<Time>,
    #[serde(default)]
    folder: bool,
}

/// RFC 3339, or milliseconds since 1970 as browsers tell them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Millis(f64),
    Text(String),
}

impl Header {
    pub(crate) fn parse(json: &[u8]) -> Result<Header> {
        let json: Json = serde_json::from_slice(json)
            .map_err(|_| Error::BadFrame("a header is not JSON with path and size"))?;
        let modified = match json.modified {
            None => None,
            Some(Time::Millis(millis)) if millis.is_finite() => {
                // Beyond the years that can be written the time is clamped; it is a remark of the source, no more.
                Some(from_micros(
                    (millis.clamp(-62_135_596_800_000.0, 253_402_300_799_000.0) * 1000.0) as i64,
                ))
            }
            Some(Time::Millis(_)) => return Err(Error::BadFrame("a time is not a number")),
            Some(Time::Text(text)) => Some(
                OffsetDateTime::parse(&text, &Rfc3339)
                    .map_err(|_| Error::BadFrame("a time is not in RFC 3339"))?,
            ),
        };
        if json.folder && json.size > 0 {
            return Err(Error::BadFrame("a folder has no bytes"));
        }
        Ok(Header {
            path: json.path,
            size: json.size,
            modified,
            folder: json.folder,
        })
    }
}

/// Reads a stream of frames.
pub(crate) struct Frames<R> {
    from: Take<R>,
}

impl<R: Read> Frames<R> {
    pub(crate) fn new(from: R) -> Frames<R> {
        Frames { from: from.take(0) }
    }

    /// The next header; `None` at the end of the stream. The bytes of the frame before must have been read or skipped.
    pub(crate) fn next_header(&mut self) -> Result<Option<Header>> {
        let mut len = [0; 4];
        self.from.set_limit(4);
        let mut got = 0;
        while let Some(rest) = len.get_mut(got..).filter(|rest| !rest.is_empty()) {
            match self.from.read(rest) {
                Ok(0) if got == 0 => return Ok(None),
                Ok(0) => return Err(Error::BadFrame("the stream ends in a header")),
                Ok(read) => got += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let len = u32::from_le_bytes(len);
        if len == 0 || len > MAX_HEADER {
            return Err(Error::BadFrame("a header is empty or longer than 128 KiB"));
        }
        self.from.set_limit(u64::from(len));
        let mut json = Vec::with_capacity(len.min(4096) as usize);
        if self.from.read_to_end(&mut json)? < len as usize {
            return Err(Error::BadFrame("the stream ends in a header"));
        }
        let header = Header::parse(&json)?;
        self.from.set_limit(header.size);
        Ok(Some(header))
    }

    /// The bytes of the frame whose header was read last.
    pub(crate) fn content(&mut self) -> &mut impl Read {
        &mut self.from
    }

    /// Skips what was not read of a frame.
    pub(crate) fn skip(&mut self) -> Result<()> {
        std::io::copy(&mut self.from, &mut std::io::sink())?;
        if self.from.limit() > 0 {
            return Err(Error::BadFrame("the stream ends in the bytes of a file"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn frame(json: &str, bytes: &[u8]) -> Vec<u8> {
        [&(json.len() as u32).to_le_bytes(), json.as_bytes(), bytes].concat()
    }

    #[test]
    fn frames_are_read_one_after_the_other() {
        let stream = [
            frame(
                r#"{"path":"a/b.txt","size":3,"modified":"2026-01-02T03:04:05Z"}"#,
                b"abc",
            ),
            frame(
                r#"{"path":"empty","size":0,"modified":1700000000000.5,"new":"field"}"#,
                b"",
            ),
            frame(r#"{"path":"folder","folder":true}"#, b""),
            frame(r#"{"path":"c","size":5}"#, b"12345"),
        ]
        .concat();
        let mut frames = Frames::new(stream.as_slice());
        let first = frames.next_header().unwrap().unwrap();
        assert_eq!(
            (
                first.path.as_str(),
                first.size,
                first.modified.unwrap().year()
            ),
            ("a/b.txt", 3, 2026)
        );
        let mut bytes = Vec::new();
        frames.content().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"abc");
        frames.skip().unwrap();
        assert_eq!(
            frames
                .next_header()
                .unwrap()
                .unwrap()
                .modified
                .unwrap()
                .year(),
            2023
        );
        frames.skip().unwrap();
        assert!(frames.next_header().unwrap().unwrap().folder);
        frames.skip().unwrap();
        assert_eq!(frames.next_header().unwrap().unwrap().path, "c");
        frames.skip().unwrap();
        assert_eq!(frames.next_header().unwrap(), None);
    }

    #[test]
    fn malformed_streams_are_refused() {
        for stream in [
            vec![1],
            vec![0, 0, 0, 0],
            vec![255, 255, 255, 255, 1, 2],
            frame("{}", b""),
            frame("[]", b""),
            frame(r#"{"path":"a","size":-1}"#, b""),
            frame(r#"{"path":"a","size":1,"folder":true}"#, b"x"),
            frame(r#"{"path":"a","size":1,"modified":"yesterday"}"#, b"x"),
            frame(r#"{"path":"a","size":9}"#, b"short"),
            frame(r#"{"path":"a","size":9}"#, b"")[..10].to_vec(),
        ] {
            let mut frames = Frames::new(stream.as_slice());
            let read = frames.next_header().and_then(|_| frames.skip());
            assert!(matches!(read, Err(Error::BadFrame(_))), "{stream:?}");
        }
    }
}
