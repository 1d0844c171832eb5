//! Related resources: named once each, with a digest (Data Model 2.0 §5.3).

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};

use crate::{
    Contexts, Error,
    model::{id, objects},
};

/// Longest digest that is read, in characters.
const MAX_DIGEST: usize = 512;

/// A resource by its address, with the digests it has to have.
type Related<'a> = (&'a str, Vec<Vec<u8>>);

/// The resources that `document` names, each with its digests.
pub(crate) fn read(document: &Map<String, Value>) -> Result<Vec<Related<'_>>, Error> {
    let mut seen = std::collections::HashSet::new();
    let mut found = Vec::new();
    for entry in objects(document, "relatedResource")? {
        id(entry, "relatedResource.id", true)?;
        let name = entry.get("id").and_then(Value::as_str).unwrap_or_default();
        if !seen.insert(name) {
            return Err(Error::model("relatedResource.id", "occurs twice"));
        }
        let mut digests = Vec::new();
        for (member, decode) in [
            ("digestSRI", integrity as fn(&str) -> Option<Vec<u8>>),
            ("digestMultibase", multibase),
        ] {
            let Some(value) = entry.get(member) else {
                continue;
            };
            let digest = value
                .as_str()
                .filter(|text| text.len() <= MAX_DIGEST)
                .and_then(decode);
            digests
                .push(digest.ok_or(Error::model("relatedResource", "has a digest that is none"))?);
        }
        if digests.is_empty() {
            return Err(Error::model(
                "relatedResource",
                "needs digestSRI or digestMultibase",
            ));
        }
        found.push((name, digests));
    }
    Ok(found)
}

/// Compares the digests with the resources that are at hand: the contexts. Nothing is fetched.
pub(crate) fn compare(contexts: &Contexts, document: &Map<String, Value>) -> Result<(), Error> {
    for (name, digests) in read(document)? {
        for digest in digests {
            if contexts.has_digest(name, &digest) == Some(false) {
                return Err(Error::model(
                    "relatedResource",
                    "has another digest than the resource",
                ));
            }
        }
    }
    Ok(())
}

/// One hash of Subresource Integrity: `sha384-…`.
pub(crate) fn integrity(text: &str) -> Option<Vec<u8>> {
    let (name, encoded) = text.split_once('-')?;
    let size = match name {
        "sha256" => 32,
        "sha384" => 48,
        "sha512" => 64,
        _ => return None,
    };
    let bytes = STANDARD.decode(encoded).ok()?;
    (bytes.len() == size).then_some(bytes)
}

/// A multihash in multibase, or the digest alone, which issuers write as well.
fn multibase(text: &str) -> Option<Vec<u8>> {
    let bytes = if let Some(encoded) = text.strip_prefix('u') {
        URL_SAFE_NO_PAD.decode(encoded).ok()?
    } else {
        bs58::decode(text.strip_prefix('z')?).into_vec().ok()?
    };
    for (prefix, size) in [([0x12, 0x20], 32), ([0x20, 0x30], 48), ([0x13, 0x40], 64)] {
        if let Some(digest) = bytes.strip_prefix(&prefix)
            && digest.len() == size
        {
            return Some(digest.to_vec());
        }
    }
    matches!(bytes.len(), 32 | 48 | 64).then_some(bytes)
}
