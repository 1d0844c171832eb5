//! DAG-JSON: JSON with integers kept apart from floating point numbers, `{"/": "…"}` for links and
//! `{"/": {"bytes": "…"}}` for bytes. What is written has its keys in order and no white space.

mod parse;

use std::fmt::Write as _;

use data_encoding::BASE64_NOPAD;

use super::{Error, Ipld, MAX_NESTING, Result, check_nesting, check_size};

const WHAT: &str = "DAG-JSON";

/// Reads a value. White space is allowed, repeated keys are not.
///
/// # Errors
/// [`Error::Malformed`], [`Error::Limit`].
pub fn decode(block: &[u8]) -> Result<Ipld> {
    check_size(block.len())?;
    let text = std::str::from_utf8(block).map_err(|_| Error::malformed(WHAT, "it is no UTF-8"))?;
    parse::parse(text)
}

/// Writes a value.
///
/// # Errors
/// [`Error::Malformed`] for a number that is infinite or none, and for a map that would be read as a link or as bytes.
pub fn encode(value: &Ipld) -> Result<String> {
    check_nesting(value, MAX_NESTING)?;
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Ipld, out: &mut String) -> Result<()> {
    match value {
        Ipld::Null => out.push_str("null"),
        Ipld::Bool(true) => out.push_str("true"),
        Ipld::Bool(false) => out.push_str("false"),
        Ipld::Integer(number) => {
            let _ = write!(out, "{number}");
        }
        Ipld::Float(number) if number.is_finite() => {
            let _ = write!(out, "{number:?}");
        }
        Ipld::Float(_) => return Err(Error::malformed(WHAT, "a number that is not finite")),
        Ipld::String(text) => string(text, out),
        Ipld::Bytes(bytes) => {
            out.push_str(r#"{"/":{"bytes":""#);
            BASE64_NOPAD.encode_append(bytes, out);
            out.push_str(r#""}}"#);
        }
        Ipld::Link(cid) => {
            let _ = write!(out, r#"{{"/":"{cid}"}}"#);
        }
        Ipld::List(list) => {
            out.push('[');
            for (at, value) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(value, out)?;
            }
            out.push(']');
        }
        Ipld::Map(map) => {
            if is_reserved(map.get("/")) {
                return Err(Error::malformed(WHAT, "a map that reads as something else"));
            }
            out.push('{');
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                string(key, out);
                out.push(':');
                write(value, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// Whether a map with this under `/` is none.
fn is_reserved(value: Option<&Ipld>) -> bool {
    match value {
        Some(Ipld::String(_)) => true,
        Some(Ipld::Map(inner)) => matches!(inner.get("bytes"), Some(Ipld::String(_))),
        _ => false,
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
