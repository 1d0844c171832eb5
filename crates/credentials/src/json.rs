//! JSON that means the same to every reader: no repeated members, no numbers that lose digits.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::{
    Error,
    error::short,
    limits::{MAX_DEPTH, MAX_DOCUMENT, MAX_VALUES},
};

/// The largest integer all readers of JSON agree on, 2^53 - 1.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Reads JSON within the [`limits`](crate::limits): what is judged has to be read in this way.
///
/// # Errors
/// [`Error::Syntax`] for what readers of JSON disagree about, [`Error::TooLarge`].
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    if bytes.len() > MAX_DOCUMENT {
        return Err(Error::TooLarge {
            what: "bytes of the document",
            limit: MAX_DOCUMENT,
        });
    }
    let left = Cell::new(MAX_VALUES);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict {
        left: &left,
        depth: 0,
    }
    .deserialize(&mut deserializer)
    .and_then(|value| deserializer.end().map(|()| value))
    .map_err(|error| Error::Syntax(short(&error.to_string())))?;
    Ok(value)
}

/// Takes up a value that was not read by [`parse`], with the same rules.
pub(crate) fn check(value: &Value) -> Result<(), Error> {
    let bytes = serde_json::to_vec(value).map_err(|e| Error::Syntax(short(&e.to_string())))?;
    parse(&bytes).map(drop)
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    left: &'a Cell<usize>,
    depth: usize,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.left.get();
        if left == 0 {
            return Err(D::Error::custom("too many values"));
        }
        self.left.set(left - 1);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated members")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > MAX_INTEGER {
            return Err(E::custom("an integer beyond 2^53 - 1"));
        }
        Ok(value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value > MAX_INTEGER {
            return Err(E::custom("an integer beyond 2^53 - 1"));
        }
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(seed)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(seed)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a repeated member"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_readers_disagree_about_is_refused() {
        assert!(parse(br#"{"a":1,"b":[{"a":2.5}]}"#).is_ok());
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"b":[{"a":2,"\u0061":3}]}"#,
            r#"{"a":9007199254740992}"#,
            r#"{"a":-9007199254740993}"#,
            r#"{"a":1e400}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1} {"#,
            "",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn too_deep_too_many_and_too_long_are_refused_before_they_are_built() {
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
        let deep = format!(
            "{}1{}",
            "[".repeat(MAX_DEPTH + 1),
            "]".repeat(MAX_DEPTH + 1)
        );
        assert!(parse(deep.as_bytes()).is_err());
        let many = format!("[{}1]", "1,".repeat(MAX_VALUES));
        assert!(parse(many.as_bytes()).is_err());
        assert_eq!(
            parse(&vec![b' '; MAX_DOCUMENT + 1]),
            Err(Error::TooLarge {
                what: "bytes of the document",
                limit: MAX_DOCUMENT
            })
        );
    }
}
