//! The reader of DAG-JSON. An own one, because integers of 64 bits and more must stay what they are.

use std::collections::BTreeMap;

use data_encoding::BASE64_NOPAD;

use super::super::{Error, Ipld, MAX_NESTING, Result, parse_cid};
use super::{WHAT, is_reserved};

pub(super) fn parse(text: &str) -> Result<Ipld> {
    let mut parser = Parser { rest: text };
    let value = parser.value(MAX_NESTING)?;
    parser.space();
    if parser.rest.is_empty() {
        Ok(value)
    } else {
        Err(bad("something follows the value"))
    }
}

fn bad(why: &str) -> Error {
    Error::malformed(WHAT, why)
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, left: usize) -> Result<Ipld> {
        let left = left.checked_sub(1).ok_or(Error::Limit {
            what: "the nesting of a value",
            limit: MAX_NESTING as u64,
        })?;
        self.space();
        match self.rest.as_bytes().first() {
            Some(b'{') => self.map(left),
            Some(b'[') => self.list(left),
            Some(b'"') => self.string().map(Ipld::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.take("null") => Ok(Ipld::Null),
            _ if self.take("true") => Ok(Ipld::Bool(true)),
            _ if self.take("false") => Ok(Ipld::Bool(false)),
            _ => Err(bad("a value is missing")),
        }
    }

    fn list(&mut self, left: usize) -> Result<Ipld> {
        self.take("[");
        let mut list = Vec::new();
        self.space();
        if self.take("]") {
            return Ok(Ipld::List(list));
        }
        loop {
            list.push(self.value(left)?);
            self.space();
            if self.take("]") {
                return Ok(Ipld::List(list));
            }
            if !self.take(",") {
                return Err(bad("a list does not end"));
            }
        }
    }

    fn map(&mut self, left: usize) -> Result<Ipld> {
        self.take("{");
        let mut map = BTreeMap::new();
        self.space();
        if self.take("}") {
            return Ok(Ipld::Map(map));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            if !self.take(":") {
                return Err(bad("a key without a value"));
            }
            let value = self.value(left)?;
            if map.insert(key, value).is_some() {
                return Err(bad("a key stands there twice"));
            }
            self.space();
            if self.take("}") {
                return special(map);
            }
            if !self.take(",") {
                return Err(bad("a map does not end"));
            }
        }
    }

    fn string(&mut self) -> Result<String> {
        if !self.take("\"") {
            return Err(bad("text is missing"));
        }
        let mut out = String::new();
        loop {
            let end = self
                .rest
                .find(|c: char| c == '"' || c == '\\' || c < ' ')
                .ok_or_else(|| bad("text does not end"))?;
            let (plain, rest) = self.rest.split_at(end);
            out.push_str(plain);
            self.rest = rest;
            if self.take("\"") {
                return Ok(out);
            }
            if !self.take("\\") {
                return Err(bad("a control character in text"));
            }
            out.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Result<char> {
        let mut characters = self.rest.chars();
        let escape = characters.next().ok_or_else(|| bad("text does not end"))?;
        self.rest = characters.as_str();
        Ok(match escape {
            '"' | '\\' | '/' => escape,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let first = self.hex4()?;
                let code = if (0xd800..0xdc00).contains(&first) && self.take("\\u") {
                    let second = self.hex4()?;
                    if !(0xdc00..0xe000).contains(&second) {
                        return Err(bad("half a character in text"));
                    }
                    0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                } else {
                    first
                };
                char::from_u32(code).ok_or_else(|| bad("half a character in text"))?
            }
            _ => return Err(bad("an unknown escape in text")),
        })
    }

    fn hex4(&mut self) -> Result<u32> {
        let (digits, rest) = self
            .rest
            .split_at_checked(4)
            .filter(|(digits, _)| digits.bytes().all(|c| c.is_ascii_hexdigit()))
            .ok_or_else(|| bad("an unknown escape in text"))?;
        self.rest = rest;
        u32::from_str_radix(digits, 16).map_err(|_| bad("an unknown escape in text"))
    }

    fn digits(&mut self) -> Result<&'a str> {
        let len = self
            .rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(len);
        self.rest = rest;
        if digits.is_empty() {
            return Err(bad("a number without digits"));
        }
        Ok(digits)
    }

    fn number(&mut self) -> Result<Ipld> {
        let start = self.rest;
        self.take("-");
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(bad("a number that begins with zero"));
        }
        let mut float = false;
        if self.take(".") {
            self.digits()?;
            float = true;
        }
        if self.take("e") || self.take("E") {
            let _ = self.take("+") || self.take("-");
            self.digits()?;
            float = true;
        }
        let text = start
            .get(..start.len() - self.rest.len())
            .unwrap_or_default();
        if float {
            let number: f64 = text.parse().map_err(|_| bad("a number"))?;
            if !number.is_finite() {
                return Err(bad("a number out of range"));
            }
            return Ok(Ipld::Float(number));
        }
        let number: i128 = text.parse().map_err(|_| bad("an integer out of range"))?;
        if !(-(1_i128 << 64)..1_i128 << 64).contains(&number) {
            return Err(bad("an integer out of range"));
        }
        Ok(Ipld::Integer(number))
    }
}

/// Links and bytes, which are written as maps.
fn special(map: BTreeMap<String, Ipld>) -> Result<Ipld> {
    if !is_reserved(map.get("/")) {
        return Ok(Ipld::Map(map));
    }
    let reserved = || bad("a map that is neither a link nor bytes");
    if map.len() != 1 {
        return Err(reserved());
    }
    match map.get("/") {
        Some(Ipld::String(cid)) => Ok(Ipld::Link(parse_cid(cid)?)),
        Some(Ipld::Map(inner)) if inner.len() == 1 => match inner.get("bytes") {
            Some(Ipld::String(text)) => BASE64_NOPAD
                .decode(text.as_bytes())
                .map(Ipld::Bytes)
                .map_err(|_| bad("bytes that are no base64")),
            _ => Err(reserved()),
        },
        _ => Err(reserved()),
    }
}
