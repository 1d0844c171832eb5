//! `META/content.json`: size and digest of every file outside `META/`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Digest, Refusal, json, refusal::shown};

/// What the list says of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) size: u64,
    pub(crate) sha256: Digest,
}

pub(crate) type Content = BTreeMap<String, Item>;

pub(crate) fn write(content: &Content) -> Vec<u8> {
    let member = |(path, item): (&String, &Item)| {
        let value = json!({"sha256": item.sha256.to_string(), "size": item.size});
        (path.clone(), value)
    };
    let members = content.iter().map(member).collect();
    json::canonical(&Value::Object(members)).unwrap_or_default()
}

/// Reads the list; there is one way to spell it.
pub(crate) fn read(bytes: &[u8]) -> Result<Content, Refusal> {
    let value = json::parse(bytes)
        .map_err(|error| Refusal::content(format!("it is no good JSON: {error}")))?;
    let Value::Object(members) = value else {
        return Err(Refusal::content("it is no JSON object"));
    };
    let mut content = Content::new();
    for (path, value) in members {
        let wrong = || {
            Refusal::content(format!(
                "“{}” has no size and sha256",
                shown(path.as_bytes())
            ))
        };
        let size = value.get("size").and_then(Value::as_u64);
        let sha256 = value.get("sha256").and_then(Value::as_str);
        let sha256 = sha256.and_then(|text| text.parse().ok());
        let (Some(size), Some(sha256)) = (size, sha256) else {
            return Err(wrong());
        };
        content.insert(path, Item { size, sha256 });
    }
    if write(&content) != bytes {
        return Err(Refusal::content("it is not in the canonical form"));
    }
    Ok(content)
}
