//! The little of Protocol Buffers that blocks and records are written in.

use super::{Error, Result};

/// The value of one field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Number(u64),
    /// Four bytes that nothing here reads.
    Fixed32,
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(crate) fn number(self, what: &'static str) -> Result<u64> {
        match self {
            Self::Number(number) => Ok(number),
            _ => Err(Error::malformed(what, "a field should be a number")),
        }
    }

    pub(crate) fn bytes(self, what: &'static str) -> Result<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Error::malformed(what, "a field should be bytes")),
        }
    }
}

/// The fields of a message, one after the other.
pub(crate) struct Fields<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, rest: bytes }
    }

    fn read(&mut self) -> Result<(u64, Value<'a>)> {
        let short = || Error::malformed(self.what, "it ends within a field");
        let (tag, rest) = varint(self.rest).ok_or_else(short)?;
        let (value, rest) = match tag & 7 {
            0 => {
                let (number, rest) = varint(rest).ok_or_else(short)?;
                (Value::Number(number), rest)
            }
            2 => {
                let (len, rest) = varint(rest).ok_or_else(short)?;
                let len = usize::try_from(len).map_err(|_| short())?;
                let (bytes, rest) = rest.split_at_checked(len).ok_or_else(short)?;
                (Value::Bytes(bytes), rest)
            }
            5 => {
                let (_, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
                (Value::Fixed32, rest)
            }
            _ => return Err(Error::malformed(self.what, "a field of unknown shape")),
        };
        self.rest = rest;
        Ok((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// An unsigned LEB128 number of at most 64 bits, and what follows.
pub(crate) fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        let part = u64::from(byte & 0x7f);
        if at == 9 && part > 1 {
            return None;
        }
        number |= part << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(crate) fn varint_len(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

pub(crate) fn put_number(out: &mut Vec<u8>, field: u64, number: u64) {
    put_varint(out, field << 3);
    put_varint(out, number);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(out, field << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Bytes that [`put_bytes`] adds for `len` bytes in a field below 16.
pub(crate) fn bytes_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}
