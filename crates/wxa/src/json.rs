//! JSON in which every member name occurs once, and its one canonical spelling (RFC 8785).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads a JSON document without repeated members, at most 128 levels deep.
///
/// # Errors
/// A sentence with line and column.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(value)) => Ok(value),
        Err(error) => Err(error.to_string()),
    }
}

/// The canonical bytes of `value` (JCS, RFC 8785) for values whose numbers are whole.
///
/// `None` when a number is not whole or is beyond 2⁵³: such a document has no canonical form here.
#[must_use]
pub fn canonical(value: &Value) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write(value, &mut out)?;
    Some(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Option<()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Number(number) => {
            let number = number.as_i64()?;
            if number.unsigned_abs() > 1 << 53 {
                return None;
            }
            out.extend_from_slice(number.to_string().as_bytes());
        }
        Value::String(text) => write_text(text, out)?,
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(name, out)?;
                out.push(b':');
                write(member, out)?;
            }
            out.push(b'}');
        }
    }
    Some(())
}

fn write_text(text: &str, out: &mut Vec<u8>) -> Option<()> {
    serde_json::to_writer(out, text).ok()
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated members")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
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
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if object.contains_key(&name) {
                let name = crate::refusal::shown(name.as_bytes());
                return Err(A::Error::custom(format!("“{name}” occurs twice")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_repeated_member_is_refused_at_any_depth() {
        assert!(parse(br#"{"a":1,"b":[{"a":2}]}"#).is_ok());
        assert!(
            parse(br#"{"a":1,"a":1}"#)
                .unwrap_err()
                .contains("occurs twice")
        );
        assert!(parse(br#"{"b":[{"a":2,"\u0061":3}]}"#).is_err());
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
        assert!(parse(b"{} {}").is_err());
    }

    #[test]
    fn the_canonical_form_is_that_of_rfc_8785() {
        let value = parse(
            "{\"\u{20ac}\":\"Euro\",\"\\r\":\"CR\",\"1\":[true,null],\"\u{1f600}\":\"\\u001f\\/\\\"\",\"\u{fb33}\":-7}"
                .as_bytes(),
        );
        assert_eq!(
            String::from_utf8(canonical(&value.unwrap()).unwrap()).unwrap(),
            "{\"\\r\":\"CR\",\"1\":[true,null],\"\u{20ac}\":\"Euro\",\"\u{1f600}\":\"\\u001f/\\\"\",\"\u{fb33}\":-7}"
        );
        assert_eq!(canonical(&parse(b"1.5").unwrap()), None);
        assert_eq!(canonical(&parse(b"18014398509481984").unwrap()), None);
    }
}
