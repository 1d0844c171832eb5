//! What runs inside the sealed stream: the database, the blocks, and how many there were.

use std::io::{self, Read, Write};

use super::{Error, Sealer, read_exact, unwrapped};

/// Largest block, in bytes.
pub const MAX_BLOCK: u32 = 2 * 1024 * 1024;
/// Longest multihash, in bytes.
pub const MAX_MULTIHASH: u8 = 80;

const DATABASE: u8 = 1;
const BLOCK: u8 = 2;
const END: u8 = 3;

/// One record of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The snapshot of the database; its bytes are read next with [`RecordReader::database`].
    Database {
        /// Length in bytes.
        length: u64,
    },
    /// A block of the block store.
    Block {
        /// Its address: a multihash.
        multihash: Vec<u8>,
        /// Its content (ciphertext).
        data: Vec<u8>,
    },
    /// Everything was read.
    End(Counts),
}

/// How much a backup holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Number of blocks.
    pub blocks: u64,
    /// Bytes of those blocks.
    pub bytes: u64,
}

/// Writes records into a sealed stream: one database, then blocks, then the end.
pub struct RecordWriter<W: Write> {
    to: Sealer<W>,
    counts: Counts,
}

impl<W: Write> RecordWriter<W> {
    /// Starts writing records.
    pub fn new(to: Sealer<W>) -> Self {
        Self {
            to,
            counts: Counts::default(),
        }
    }

    /// Writes the database snapshot of exactly `length` bytes.
    ///
    /// # Errors
    /// [`Error::Truncated`] when `from` is shorter; [`Error::Io`].
    pub fn database(&mut self, from: &mut impl Read, length: u64) -> Result<(), Error> {
        self.to.write_all(&[DATABASE])?;
        self.to.write_all(&length.to_le_bytes())?;
        if io::copy(&mut from.take(length), &mut self.to).map_err(unwrapped)? != length {
            return Err(Error::Truncated);
        }
        Ok(())
    }

    /// Writes one block.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Io`].
    pub fn block(&mut self, multihash: &[u8], data: &[u8]) -> Result<(), Error> {
        let hash_length = u8::try_from(multihash.len())
            .ok()
            .filter(|length| *length <= MAX_MULTIHASH)
            .ok_or(HASH_TOO_LONG)?;
        let length = u32::try_from(data.len())
            .ok()
            .filter(|length| *length <= MAX_BLOCK)
            .ok_or(BLOCK_TOO_LARGE)?;
        self.to.write_all(&[BLOCK, hash_length])?;
        self.to.write_all(multihash)?;
        self.to.write_all(&length.to_le_bytes())?;
        self.to.write_all(data)?;
        self.counts.blocks += 1;
        self.counts.bytes += u64::from(length);
        Ok(())
    }

    /// Writes the counts and the last frame.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Crypto`].
    pub fn end(mut self) -> Result<(W, Counts), Error> {
        self.to.write_all(&[END])?;
        self.to.write_all(&self.counts.blocks.to_le_bytes())?;
        self.to.write_all(&self.counts.bytes.to_le_bytes())?;
        Ok((self.to.finish()?, self.counts))
    }
}

/// What the reader expects next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    InDatabase(u64),
    Blocks,
    Ended,
}

/// Reads records strictly: the order is fixed, the counts must agree, nothing may follow.
pub struct RecordReader<R: Read> {
    from: R,
    state: State,
    counts: Counts,
}

impl<R: Read> RecordReader<R> {
    /// Starts reading records.
    pub fn new(from: R) -> Self {
        Self {
            from,
            state: State::Start,
            counts: Counts::default(),
        }
    }

    /// The next record.
    ///
    /// # Errors
    /// [`Error::Damaged`] for a wrong order or count, [`Error::TooLarge`], [`Error::Truncated`],
    /// [`Error::Trailing`], and the errors of the stream below.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Record, Error> {
        let [kind] = self.array::<1>()?;
        match (self.state, kind) {
            (State::Start, DATABASE) => {
                let length = u64::from_le_bytes(self.array()?);
                self.state = State::InDatabase(length);
                Ok(Record::Database { length })
            }
            (State::Blocks, BLOCK) => self.block(),
            (State::Blocks, END) => self.end(),
            _ => Err(Error::damaged(format!("record {}", self.counts.blocks + 1))),
        }
    }

    /// Copies the database's bytes after [`Record::Database`].
    ///
    /// # Errors
    /// [`Error::Truncated`]; [`Error::Damaged`] when no database record was read before; [`Error::Io`].
    pub fn database(&mut self, to: &mut impl Write) -> Result<(), Error> {
        let State::InDatabase(length) = self.state else {
            return Err(Error::damaged("the database"));
        };
        let copied = io::copy(&mut (&mut self.from).take(length), to).map_err(unwrapped)?;
        if copied != length {
            return Err(Error::Truncated);
        }
        self.state = State::Blocks;
        Ok(())
    }

    fn block(&mut self) -> Result<Record, Error> {
        let [hash_length] = self.array::<1>()?;
        if hash_length > MAX_MULTIHASH {
            return Err(HASH_TOO_LONG);
        }
        let mut multihash = vec![0; usize::from(hash_length)];
        read_exact(&mut self.from, &mut multihash)?;
        let length = u32::from_le_bytes(self.array()?);
        if length > MAX_BLOCK {
            return Err(BLOCK_TOO_LARGE);
        }
        let mut data = vec![0; length as usize];
        read_exact(&mut self.from, &mut data)?;
        self.counts.blocks += 1;
        self.counts.bytes = self.counts.bytes.saturating_add(u64::from(length));
        Ok(Record::Block { multihash, data })
    }

    fn end(&mut self) -> Result<Record, Error> {
        let said = Counts {
            blocks: u64::from_le_bytes(self.array()?),
            bytes: u64::from_le_bytes(self.array()?),
        };
        if said != self.counts {
            return Err(Error::damaged("its counts"));
        }
        if self.from.read(&mut [0]).map_err(unwrapped)? != 0 {
            return Err(Error::Trailing);
        }
        self.state = State::Ended;
        Ok(Record::End(said))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        read_exact(&mut self.from, &mut bytes)?;
        Ok(bytes)
    }
}

const HASH_TOO_LONG: Error = Error::TooLarge {
    what: "multihash",
    limit: MAX_MULTIHASH as u64,
};
const BLOCK_TOO_LARGE: Error = Error::TooLarge {
    what: "block",
    limit: MAX_BLOCK as u64,
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn database(length: u64, content: &[u8]) -> Vec<u8> {
        [&[DATABASE][..], &length.to_le_bytes(), content].concat()
    }

    fn block(hash: &[u8], length: u32, data: &[u8]) -> Vec<u8> {
        [
            &[BLOCK, hash.len() as u8][..],
            hash,
            &length.to_le_bytes(),
            data,
        ]
        .concat()
    }

    fn end(blocks: u64, bytes: u64) -> Vec<u8> {
        [&[END][..], &blocks.to_le_bytes(), &bytes.to_le_bytes()].concat()
    }

    fn read(parts: &[Vec<u8>]) -> Result<Counts, Error> {
        let stream = parts.concat();
        let mut reader = RecordReader::new(&stream[..]);
        loop {
            match reader.next()? {
                Record::Database { .. } => reader.database(&mut io::sink())?,
                Record::Block { .. } => {}
                Record::End(counts) => return Ok(counts),
            }
        }
    }

    #[test]
    fn a_database_then_blocks_then_the_counts() {
        let counts = read(&[
            database(3, b"abc"),
            block(b"h", 2, b"xy"),
            block(b"h", 0, b""),
            end(2, 2),
        ]);
        assert_eq!(
            counts.unwrap(),
            Counts {
                blocks: 2,
                bytes: 2
            }
        );
    }

    #[test]
    fn any_other_order_or_count_is_refused() {
        for parts in [
            vec![end(0, 0)],
            vec![block(b"h", 0, b""), end(1, 0)],
            vec![database(0, b""), database(0, b""), end(0, 0)],
            vec![database(0, b""), end(1, 0)],
            vec![database(0, b""), block(b"h", 1, b"x"), end(1, 2)],
            vec![database(0, b""), vec![9]],
            vec![database(0, b""), end(0, 0), vec![0]],
            vec![database(9, b"short")],
            vec![database(0, b"")],
        ] {
            assert!(read(&parts).is_err(), "{parts:?}");
        }
    }

    #[test]
    fn lengths_are_checked_before_memory_is_taken() {
        assert!(matches!(
            read(&[database(0, b""), block(b"h", u32::MAX, b"")]),
            Err(Error::TooLarge { .. })
        ));
        assert!(matches!(
            read(&[database(0, b""), block(&[0; 200], 0, b"")]),
            Err(Error::TooLarge { .. })
        ));
    }
}
