//! The few forms of DAG-CBOR that manifests use, written and read strictly: shortest integers, definite lengths, no
//! byte left over. What is not the one canonical encoding is refused.
use crate::Error;

const UINT: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;

#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        match value {
            0..=23 => self.0.push(major | value as u8),
            24..=0xff => self.0.extend_from_slice(&[major | 24, value as u8]),
            0x100..=0xffff => {
                self.0.push(major | 25);
                self.0.extend_from_slice(&(value as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.0.push(major | 26);
                self.0.extend_from_slice(&(value as u32).to_be_bytes());
            }
            _ => {
                self.0.push(major | 27);
                self.0.extend_from_slice(&value.to_be_bytes());
            }
        }
    }

    pub(crate) fn uint(&mut self, value: u64) {
        self.head(UINT, value);
    }

    pub(crate) fn int(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.head(UINT, value),
            Err(_) => self.head(NEGATIVE, !value.cast_unsigned()),
        }
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        self.head(BYTES, value.len() as u64);
        self.0.extend_from_slice(value);
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.head(TEXT, value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
    }

    pub(crate) fn array(&mut self, len: usize) {
        self.head(ARRAY, len as u64);
    }

    pub(crate) fn map(&mut self, len: usize) {
        self.head(MAP, len as u64);
    }
}

pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], what: &'static str) -> Reader<'a> {
        Reader { rest: bytes, what }
    }

    pub(crate) fn fail<T>(&self, why: &'static str) -> Result<T, Error> {
        Err(Error::malformed(self.what, why))
    }

    fn take(&mut self, len: u64) -> Result<&'a [u8], Error> {
        match usize::try_from(len)
            .ok()
            .and_then(|len| self.rest.split_at_checked(len))
        {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => self.fail("it ends too early"),
        }
    }

    fn head(&mut self, major: u8) -> Result<u64, Error> {
        let first = self.take(1)?.first().copied().unwrap_or_default();
        if first >> 5 != major {
            return self.fail("an item has another type than the format says");
        }
        let (len, least) = match first & 31 {
            value @ 0..=23 => return Ok(u64::from(value)),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return self.fail("an item has no definite length"),
        };
        let value = self
            .take(len)?
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte));
        if value < least {
            self.fail("an integer is not in its shortest form")
        } else {
            Ok(value)
        }
    }

    pub(crate) fn uint(&mut self) -> Result<u64, Error> {
        self.head(UINT)
    }

    pub(crate) fn int(&mut self) -> Result<i64, Error> {
        let is_negative = self
            .rest
            .first()
            .is_some_and(|first| first >> 5 == NEGATIVE);
        let value = self.head(if is_negative { NEGATIVE } else { UINT })?;
        match i64::try_from(value) {
            Ok(value) if is_negative => Ok(!value),
            Ok(value) => Ok(value),
            Err(_) => self.fail("a number is too large"),
        }
    }

    /// A text of at most `most` bytes.
    pub(crate) fn string(&mut self, most: usize) -> Result<&'a str, Error> {
        let len = self.head(TEXT)?;
        if len > most as u64 {
            return self.fail("a text is too long");
        }
        match std::str::from_utf8(self.take(len)?) {
            Ok(text) => Ok(text),
            Err(_) => self.fail("a text is not UTF-8"),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let len = self.head(BYTES)?;
        self.take(len)
    }

    pub(crate) fn key(&mut self, key: &'static str) -> Result<(), Error> {
        let len = self.head(TEXT)?;
        if self.take(len)? == key.as_bytes() {
            Ok(())
        } else {
            self.fail("a field is missing, unknown or out of order")
        }
    }

    pub(crate) fn array(&mut self) -> Result<u64, Error> {
        self.head(ARRAY)
    }

    pub(crate) fn map(&mut self) -> Result<u64, Error> {
        self.head(MAP)
    }

    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            self.fail("there are bytes behind its end")
        }
    }
}
