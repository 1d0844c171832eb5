//! Reading the content of one entry, counted and checked while it streams.

use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{Method, Record};
use crate::{Digest, EntryFault, Refusal};

/// A reader of the content of an entry. It ends in an error unless size, CRC and, where it is
/// known, the digest are right and the data has no bytes left over.
pub(crate) struct Inflate<'a> {
    name: String,
    source: Source<'a>,
    left: u64,
    crc: Crc,
    wanted_crc: u32,
    sha: Context,
    wanted: Option<Digest>,
    state: State,
}

enum Source<'a> {
    Stored(&'a [u8]),
    Deflate(&'a [u8], Box<Decompress>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Good,
    Bad(EntryFault),
}

impl<'a> Inflate<'a> {
    /// A reader of `record` in `bytes`; `wanted` is the digest that the content must have.
    pub(crate) fn new(bytes: &'a [u8], record: &Record, wanted: Option<Digest>) -> Self {
        let data = bytes.get(record.data()..record.end()).unwrap_or_default();
        Self {
            name: record.name.clone(),
            source: match record.method {
                Method::Stored => Source::Stored(data),
                Method::Deflate => Source::Deflate(data, Box::new(Decompress::new(false))),
            },
            left: u64::from(record.size),
            crc: Crc::new(),
            wanted_crc: record.crc,
            sha: Context::new(&SHA256),
            wanted,
            state: State::Reading,
        }
    }

    /// Reads to the end and gives the digest of the content.
    ///
    /// # Errors
    /// [`Refusal::Entry`] when the content is not what was promised.
    pub(crate) fn digest(mut self) -> Result<Digest, Refusal> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match self.step(&mut buffer) {
                Ok(0) => return Ok(Digest::from_context(&self.sha.finish())),
                Ok(_) => {}
                Err(fault) => return Err(Refusal::entry(self.name.as_bytes(), fault)),
            }
        }
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// As [`Inflate::digest`].
    pub(crate) fn all(mut self) -> Result<Vec<u8>, Refusal> {
        let mut out = vec![0; usize::try_from(self.left).unwrap_or(usize::MAX)];
        let mut at = 0;
        loop {
            match self.step(out.get_mut(at..).unwrap_or_default()) {
                Ok(0) => break,
                Ok(read) => at += read,
                Err(fault) => return Err(Refusal::entry(self.name.as_bytes(), fault)),
            }
        }
        Ok(out)
    }

    fn step(&mut self, out: &mut [u8]) -> Result<usize, EntryFault> {
        match self.state {
            State::Good => return Ok(0),
            State::Bad(fault) => return Err(fault),
            State::Reading if out.is_empty() && self.left > 0 => return Ok(0),
            State::Reading => {}
        }
        let result = if self.left == 0 {
            self.finish()
        } else {
            self.some(out)
        };
        match result {
            Ok(0) => self.state = State::Good,
            Ok(_) => {}
            Err(fault) => self.state = State::Bad(fault),
        }
        result
    }

    /// Reads at least one byte.
    fn some(&mut self, out: &mut [u8]) -> Result<usize, EntryFault> {
        let room = out
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let out = out.get_mut(..room).unwrap_or_default();
        let count = match &mut self.source {
            Source::Stored(data) => data.read(out).map_err(|_| EntryFault::Damaged)?,
            Source::Deflate(data, inflate) => inflate_some(data, inflate, out)?,
        };
        let read = out.get(..count).unwrap_or_default();
        if read.is_empty() {
            return Err(EntryFault::Damaged);
        }
        self.crc.update(read);
        self.sha.update(read);
        self.left -= read.len() as u64;
        Ok(count)
    }

    /// Checks what can be checked at the end.
    fn finish(&mut self) -> Result<usize, EntryFault> {
        let total = u64::from(self.crc.amount());
        match &mut self.source {
            Source::Stored(data) if !data.is_empty() => return Err(EntryFault::Damaged),
            Source::Stored(_) => {}
            Source::Deflate(data, inflate) => {
                // One more byte of output, or data without an end, is damage.
                let mut more = [0; 1];
                let before = inflate.total_in();
                let status = inflate.decompress(data, &mut more, FlushDecompress::Finish);
                let used = usize::try_from(inflate.total_in() - before).unwrap_or(usize::MAX);
                let ended = matches!(status, Ok(Status::StreamEnd));
                if !ended || inflate.total_out() != total || used != data.len() {
                    return Err(EntryFault::Damaged);
                }
                *data = &[];
            }
        }
        if self.crc.sum() != self.wanted_crc {
            return Err(EntryFault::Damaged);
        }
        if let Some(wanted) = self.wanted
            && Digest::from_context(&self.sha.clone().finish()) != wanted
        {
            return Err(EntryFault::Checksum);
        }
        Ok(0)
    }
}

fn inflate_some(
    data: &mut &[u8],
    inflate: &mut Decompress,
    out: &mut [u8],
) -> Result<usize, EntryFault> {
    loop {
        let (in_before, out_before) = (inflate.total_in(), inflate.total_out());
        let status = inflate
            .decompress(data, out, FlushDecompress::None)
            .map_err(|_| EntryFault::Damaged)?;
        let used = usize::try_from(inflate.total_in() - in_before).unwrap_or(usize::MAX);
        let made = usize::try_from(inflate.total_out() - out_before).unwrap_or(usize::MAX);
        *data = data.get(used..).unwrap_or_default();
        if made > 0 {
            return Ok(made);
        }
        // No output, and either the end or no progress: shorter than said.
        if status == Status::StreamEnd || used == 0 {
            return Err(EntryFault::Damaged);
        }
    }
}

impl Read for Inflate<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        self.step(out).map_err(|fault| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                Refusal::entry(self.name.as_bytes(), fault),
            )
        })
    }
}
