//! Keys of IPNS names: `key/*`.

use cid::multibase::Base;
use serde_json::json;
use webx_content::ipns::{Key, Name};

use super::answer::{Done, Failure};
use super::call::{Call, Kind, whole};
use crate::store::{SELF, missing_key};

/// Longest form of a key.
const MAX_KEY: usize = 4096;

/// A name in the form that a client asked for.
pub(super) fn shown(call: &Call, name: &Name) -> Done<String> {
    match call.ask.text("ipns-base").filter(|base| !base.is_empty()) {
        None | Some("base36" | "k") => Ok(name.to_string()),
        Some("b58mh") => Ok(peer_id(name)),
        Some("base32" | "b") => Ok(name.cid().to_string()),
        Some(other) => Err(Failure::new(format!("unsupported IPNS base {other:?}"))),
    }
}

/// A name as the older form has it: `12D3KooW…`.
pub(super) fn peer_id(name: &Name) -> String {
    let text = cid::multibase::encode(Base::Base58Btc, name.cid().hash().to_bytes());
    text.get(1..).unwrap_or_default().to_owned()
}

fn row(call: &Call, name: &str, key: &Key) -> Done<serde_json::Value> {
    let id = shown(call, &key.name())?;
    Ok(json!({ "Name": name, "Id": id }))
}

pub(super) fn generate(call: &mut Call) -> Done {
    match call.ask.text("type").filter(|kind| !kind.is_empty()) {
        None | Some("ed25519") => {}
        Some(other) => {
            return Err(Failure::new(format!(
                "keys of type {other} are not made here; ed25519 is"
            )));
        }
    }
    let name = call.ask.arg(0, "name")?;
    let key = call.store.add_key(name, None)?;
    let row = row(call, name, &key)?;
    call.out.line(&row)
}

pub(super) fn list(call: &mut Call) -> Done {
    let keys = call.store.keys()?;
    // The key that is always there comes first.
    let (own, others): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(name, _)| name == SELF);
    let rows = own
        .iter()
        .chain(&others)
        .map(|(name, key)| row(call, name, key));
    let rows = rows.collect::<Done<Vec<_>>>()?;
    call.out.line(&json!({ "Keys": rows }))
}

pub(super) fn rename(call: &mut Call) -> Done {
    let from = call.ask.arg(0, "name")?.to_owned();
    let to = call.ask.arg(1, "newName")?.to_owned();
    let replaced = call
        .store
        .rename_key(&from, &to, call.ask.flag("force", false)?)?;
    let key = call.store.key(&to)?.ok_or_else(|| missing_key(&to))?;
    let id = shown(call, &key.name())?;
    call.out
        .line(&json!({ "Was": from, "Now": to, "Id": id, "Overwrite": replaced }))
}

pub(super) fn rm(call: &mut Call) -> Done {
    let removed = call.store.remove_keys(call.ask.args())?;
    let rows = removed.iter().map(|(name, key)| row(call, name, key));
    let rows = rows.collect::<Done<Vec<_>>>()?;
    call.out.line(&json!({ "Keys": rows }))
}

/// Whether a key is handed over in PEM.
fn is_pem(call: &Call) -> Done<bool> {
    match call.ask.text("format").filter(|format| !format.is_empty()) {
        None | Some("libp2p-protobuf-cleartext") => Ok(false),
        Some("pem-pkcs8-cleartext") => Ok(true),
        Some(other) => Err(Failure::new(format!("unrecognized key format: {other}"))),
    }
}

pub(super) fn import(call: &mut Call) -> Done {
    let pem = is_pem(call)?;
    let name = call.ask.arg(0, "name")?.to_owned();
    let mut files = call.take_files("key")?;
    if files.next_part()?.is_none() {
        return Err(super::ask::missing("key"));
    }
    let bytes = zeroize::Zeroizing::new(whole(&mut files, MAX_KEY)?);
    let key = match pem {
        true => {
            let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new("PEM is text"))?;
            Key::from_pem(text)?
        }
        false => Key::from_protobuf(&bytes)?,
    };
    let key = call.store.add_key(&name, Some(key))?;
    let row = row(call, &name, &key)?;
    call.out.line(&row)
}

pub(super) fn export(call: &mut Call) -> Done {
    let name = call.ask.arg(0, "name")?;
    let key = call.store.key(name)?.ok_or_else(|| missing_key(name))?;
    let bytes = match is_pem(call)? {
        true => key.to_pem().as_bytes().to_vec(),
        false => key.to_protobuf().to_vec(),
    };
    call.out.begin(Kind::Bytes);
    call.out.piece(bytes.into())?;
    Ok(())
}
