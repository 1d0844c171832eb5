//! The configuration document: `config/*`, `bootstrap/*`.

use serde_json::{Map, Value, json};

use super::answer::{Done, Failure};
use super::call::Call;

/// Largest document in bytes.
const MAX_CONFIG: usize = 256 * 1024;
/// How deep a key may lead.
const MAX_STEPS: usize = 16;

/// The place of a key in a document, `Addresses.API`.
fn steps(key: &str) -> Done<Vec<&str>> {
    let steps: Vec<_> = key.split('.').collect();
    if steps.len() > MAX_STEPS || steps.iter().any(|step| step.is_empty()) {
        return Err(Failure::new(format!("invalid config key {key:?}")));
    }
    Ok(steps)
}

/// What stands at a key of a configuration (`Addresses.API`); names are the same in capital and small letters.
pub fn config_value<'a>(config: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(config, |value, step| {
        let map = value.as_object()?;
        let same = |(name, _): &(&String, &Value)| name.eq_ignore_ascii_case(step);
        map.get(step)
            .or_else(|| map.iter().find(same).map(|(_, value)| value))
    })
}

/// Puts a value at a key of a configuration.
///
/// # Errors
/// A sentence that says why there is no such place.
pub fn set_config_value(config: &mut Value, key: &str, new: Value) -> Result<(), String> {
    let place = steps(key).map_err(|failure| failure.what().to_owned())?;
    set(config, &place, new).map_err(|failure| failure.what().to_owned())
}

/// Puts a value at a place.
fn set(config: &mut Value, steps: &[&str], new: Value) -> Done {
    let Some((step, rest)) = steps.split_first() else {
        *config = new;
        return Ok(());
    };
    if config.is_null() {
        *config = Value::Object(Map::new());
    }
    let map = config
        .as_object_mut()
        .ok_or_else(|| Failure::new(format!("{step:?} is below something that is no object")))?;
    set(map.entry(*step).or_insert(Value::Null), rest, new)
}

fn read(call: &Call) -> Done<Value> {
    call.host().config().map_err(Failure::new)
}

fn write(call: &Call, config: Value) -> Done {
    if !config.is_object() {
        return Err(Failure::new("a configuration is a JSON object"));
    }
    if config.to_string().len() > MAX_CONFIG {
        return Err(Failure::new("the configuration is too long"));
    }
    call.host().set_config(config).map_err(Failure::new)
}

pub(super) fn config(call: &mut Call) -> Done {
    let key = call.ask.arg(0, "key")?.to_owned();
    let place = steps(&key)?;
    if key.eq_ignore_ascii_case("Identity.PrivKey") {
        return Err(Failure::new(
            "cannot show or change private key through API",
        ));
    }
    let mut config = read(call)?;
    let value = match call.ask.args().get(1) {
        None => config_value(&config, &key)
            .cloned()
            .ok_or_else(|| Failure::new(format!("key {key:?} not found in config")))?,
        Some(text) => {
            let value = if call.ask.flag("bool", false)? {
                Value::Bool(text == "true")
            } else if call.ask.flag("json", false)? {
                serde_json::from_str(text)
                    .map_err(|error| Failure::new(format!("failed to unmarshal json. {error}")))?
            } else {
                Value::String(text.clone())
            };
            set(&mut config, &place, value.clone())?;
            write(call, config)?;
            value
        }
    };
    call.out.line(&json!({ "Key": key, "Value": value }))
}

pub(super) fn show(call: &mut Call) -> Done {
    let config = read(call)?;
    call.out.line(&config)
}

pub(super) fn replace(call: &mut Call) -> Done {
    let bytes = call.small_file("file", MAX_CONFIG)?;
    let config = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::new(format!("failed to decode file as config: {error}")))?;
    write(call, config)
}

pub(super) fn profile(call: &mut Call) -> Done {
    let name = call.ask.arg(0, "profile")?;
    Err(Failure::new(format!(
        "{name} is not a profile here: a node in no IPFS network has none to apply"
    )))
}

/// Peers that a node in the network would ask first. They are kept, and nobody asks them.
fn peers(config: &Value) -> Vec<String> {
    let list = config_value(config, "Bootstrap").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|peer| peer.as_str().map(str::to_owned))
        .collect()
}

pub(super) fn bootstrap(call: &mut Call) -> Done {
    let peers = peers(&read(call)?);
    call.out.line(&json!({ "Peers": peers }))
}

pub(super) fn bootstrap_add(call: &mut Call) -> Done {
    let given = call.ask.args().to_vec();
    for peer in &given {
        let parts: Vec<_> = peer.split('/').collect();
        let is_address = peer.starts_with('/') && parts.len() >= 4 && parts.contains(&"p2p");
        if !is_address || peer.len() > 1024 {
            return Err(Failure::new(format!(
                "failed to parse peer address {peer:?}"
            )));
        }
    }
    let mut config = read(call)?;
    let mut all = peers(&config);
    for peer in &given {
        if !all.contains(peer) {
            all.push(peer.clone());
        }
    }
    set(&mut config, &["Bootstrap"], json!(all))?;
    write(call, config)?;
    call.out.line(&json!({ "Peers": given }))
}

pub(super) fn bootstrap_rm(call: &mut Call) -> Done {
    let every = call.ask.flag("all", false)? || call.ask.args().is_empty();
    let mut config = read(call)?;
    let (gone, left): (Vec<_>, Vec<_>) = peers(&config)
        .into_iter()
        .partition(|peer| every || call.ask.args().contains(peer));
    set(&mut config, &["Bootstrap"], json!(left))?;
    write(call, config)?;
    call.out.line(&json!({ "Peers": gone }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_key_leads_into_the_document() {
        let mut config = json!({ "Addresses": { "API": "x" } });
        set(&mut config, &["Addresses", "Gateway"], json!("y")).unwrap();
        set(&mut config, &["A", "B"], json!(1)).unwrap();
        assert_eq!(
            config_value(&config, "addresses.gateway"),
            Some(&json!("y"))
        );
        assert_eq!(config_value(&config, "A.B"), Some(&json!(1)));
        assert_eq!(config_value(&config, "A.C"), None);
        assert!(set(&mut config, &["A", "B", "C"], json!(1)).is_err());
        assert!(steps("a..b").is_err() && steps(&"a.".repeat(20)).is_err());
    }
}
