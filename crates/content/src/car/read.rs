//! Reading CAR versions 1 and 2.

use std::io::{self, Read};

use bytes::Bytes;

use super::MAX_HEADER;
use crate::ipld::{Cid, Error, Ipld, MAX_BLOCK, MAX_CID, Result, dag_cbor, verify};

const WHAT: &str = "CAR";
/// Bytes before the header of version 2 and in it.
const V2_HEAD: u64 = 11 + 40;
/// Most bytes that are skipped between that header and the data.
const MAX_PADDING: u64 = 1024 * 1024;

/// Reads blocks from a CAR.
#[derive(Debug)]
pub struct Reader<R> {
    from: io::Take<R>,
    roots: Vec<Cid>,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Limit`], what `from` says.
    pub fn new(from: R) -> Result<Self> {
        let mut from = from.take(u64::MAX);
        let (version, roots) = header(&mut from)?;
        if version == 1 {
            return Ok(Self { from, roots });
        }
        let mut head = [0; 40];
        from.read_exact(&mut head).map_err(cut)?;
        let number = |at: usize| {
            let bytes = head.get(at..at + 8).and_then(|b| b.first_chunk::<8>());
            u64::from_le_bytes(bytes.copied().unwrap_or_default())
        };
        let (offset, size) = (number(16), number(24));
        let padding = offset
            .checked_sub(V2_HEAD)
            .filter(|padding| *padding <= MAX_PADDING)
            .ok_or_else(|| Error::malformed(WHAT, "its data begin where they cannot"))?;
        let skipped = io::copy(&mut Read::by_ref(&mut from).take(padding), &mut io::sink())?;
        if skipped < padding {
            return Err(Error::malformed(WHAT, "it ends before its data"));
        }
        from.set_limit(size);
        match header(&mut from)? {
            (1, roots) => Ok(Self { from, roots }),
            _ => Err(Error::malformed(WHAT, "its data are of another version")),
        }
    }

    /// The roots it names.
    pub fn roots(&self) -> &[Cid] {
        &self.roots
    }

    /// The next block, its hash checked; `None` at the end.
    ///
    /// # Errors
    /// [`Error::WrongHash`], [`Error::Malformed`], [`Error::Limit`], what the stream says.
    pub fn next_block(&mut self) -> Result<Option<(Cid, Bytes)>> {
        let Some(len) = length(&mut self.from)? else {
            return Ok(None);
        };
        if len > (MAX_CID + MAX_BLOCK) as u64 {
            return Err(Error::Limit {
                what: "the size of a block",
                limit: MAX_BLOCK as u64,
            });
        }
        let section = exactly(&mut self.from, len)?;
        let mut rest = &section[..];
        let cid = Cid::read_bytes(&mut rest)
            .map_err(|error| Error::malformed(WHAT, error.to_string()))?;
        let block = section.slice_ref(rest);
        verify(&cid, &block)?;
        Ok(Some((cid, block)))
    }
}

fn header(from: &mut impl Read) -> Result<(i128, Vec<Cid>)> {
    let len = length(from)?.ok_or_else(|| Error::malformed(WHAT, "it is empty"))?;
    if len > MAX_HEADER {
        return Err(Error::Limit {
            what: "the header of a CAR",
            limit: MAX_HEADER,
        });
    }
    let bad = || Error::malformed(WHAT, "its header says neither version 1 nor 2");
    let Ipld::Map(map) = dag_cbor::decode(&exactly(from, len)?)? else {
        return Err(bad());
    };
    match (map.get("version"), map.get("roots"), map.len()) {
        (Some(Ipld::Integer(1)), Some(Ipld::List(list)), 2) => {
            let roots = list.iter().map(|root| match root {
                Ipld::Link(cid) => Ok(*cid),
                _ => Err(Error::malformed(WHAT, "a root is no CID")),
            });
            Ok((1, roots.collect::<Result<_>>()?))
        }
        (Some(Ipld::Integer(2)), None, 1) => Ok((2, Vec::new())),
        _ => Err(bad()),
    }
}

/// Bytes of what is known not to be large. Memory grows with what comes, not with what is promised.
fn exactly(from: &mut impl Read, len: u64) -> Result<Bytes> {
    let mut bytes = Vec::new();
    from.take(len).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < len {
        return Err(Error::malformed(WHAT, "it ends within a block"));
    }
    Ok(bytes.into())
}

/// A length; `None` at the end of the stream.
fn length(from: &mut impl Read) -> Result<Option<u64>> {
    let mut number = 0_u64;
    for at in 0..10 {
        let mut byte = [0];
        match from.read_exact(&mut byte) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && at == 0 => {
                return Ok(None);
            }
            read => read.map_err(cut)?,
        }
        let [byte] = byte;
        number |= u64::from(byte & 0x7f).checked_shl(7 * at).unwrap_or(0);
        if byte & 0x80 == 0 {
            if number == 0 {
                return Err(Error::malformed(WHAT, "a block of no length"));
            }
            return Ok(Some(number));
        }
    }
    Err(Error::malformed(WHAT, "a length that does not end"))
}

fn cut(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        Error::malformed(WHAT, "it ends too early")
    } else {
        error.into()
    }
}
