//! The canonical JSON of TUF signatures (OLPC): sorted members, no white space, whole numbers, and
//! only `"` and `\` escaped.

use serde_json::Value;

/// The canonical bytes; `None` when a number is not whole.
pub(crate) fn canonical(value: &Value) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write(value, &mut out)?;
    Some(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Option<()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => out.extend_from_slice(number.to_string().as_bytes()),
            (None, Some(number)) => out.extend_from_slice(number.to_string().as_bytes()),
            (None, None) => return None,
        },
        Value::String(text) => write_text(text, out),
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
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            out.push(b'{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write(member, out)?;
            }
            out.push(b'}');
        }
    }
    Some(())
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn the_form_is_that_of_olpc() {
        let value = json!({"b": [1, -2, true, null], "a": "x\"\\\n\u{e9}", "\u{1f600}": {}, "\u{fb33}": ""});
        assert_eq!(
            String::from_utf8(canonical(&value).unwrap()).unwrap(),
            "{\"a\":\"x\\\"\\\\\n\u{e9}\",\"b\":[1,-2,true,null],\"\u{fb33}\":\"\",\"\u{1f600}\":{}}"
        );
        assert_eq!(canonical(&json!(1.5)), None);
    }
}
