//! IPNS names: `name/*`. Records are signed and kept here; no network hears of them.

use serde_json::json;
use time::Duration;
use webx_content::ipns::Statement;

use super::answer::{Done, Failure};
use super::call::{Call, Kind};
use super::key::shown;
use crate::store::{SELF, missing_key};

/// How long a record counts unless a client says otherwise, as Kubo has it.
const LIFETIME: Duration = Duration::hours(48);
/// How long it may be kept without asking again.
const TTL: Duration = Duration::minutes(5);
/// Longest time that a client may say.
const MAX_TIME: Duration = Duration::days(3650);

/// A length of time as Go writes it: `1h30m`, `300ms`.
fn duration(text: &str) -> Done<Duration> {
    let bad = || Failure::new(format!("invalid duration {text:?}"));
    let (mut rest, mut sum) = (text, 0.0_f64);
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .filter(|end| *end > 0)
            .ok_or_else(bad)?;
        let (number, unit) = rest.split_at(end);
        let end = unit
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(unit.len());
        let (unit, after) = unit.split_at(end);
        let scale = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(bad()),
        };
        sum += number.parse::<f64>().map_err(|_| bad())? * scale;
        rest = after;
    }
    let whole = Duration::checked_seconds_f64(sum).ok_or_else(bad)?;
    if text.is_empty() || whole > MAX_TIME {
        return Err(bad());
    }
    Ok(whole)
}

pub(super) fn publish(call: &mut Call) -> Done {
    let path = call.ask.arg(0, "ipfs-path")?.to_owned();
    if !call.ask.flag("allow-offline", false)? {
        return Err(Failure::new(
            "can't publish while offline: pass `--allow-offline` to override",
        ));
    }
    let time = |name: &str, otherwise| {
        let given = call.ask.text(name).filter(|text| !text.is_empty());
        given.map_or(Ok(otherwise), duration)
    };
    let (lifetime, ttl) = (time("lifetime", LIFETIME)?, time("ttl", TTL)?);
    let value = match call.ask.flag("resolve", true)? {
        // What is published is here.
        true => {
            let (_, found) = call.resolve(&path)?;
            call.block(&found.cid)?;
            match path.starts_with("/ipns/") {
                true => path,
                false => {
                    let read = call.path(&path)?;
                    let steps: String = read.steps.iter().map(|step| format!("/{step}")).collect();
                    format!("/ipfs/{}{steps}", read.root)
                }
            }
        }
        false if path.starts_with("/ipfs/") || path.starts_with("/ipns/") => path,
        false => format!("/ipfs/{path}"),
    };
    let wanted = call
        .ask
        .text("key")
        .filter(|key| !key.is_empty())
        .unwrap_or(SELF);
    let mut key = call.store.key(wanted)?;
    if key.is_none() {
        // A key may be named by the name it makes.
        let keys = call.store.keys()?.into_iter().map(|(_, key)| key);
        let mut keys = keys.filter(|key| {
            webx_content::ipns::Name::parse(wanted).is_ok_and(|name| name == key.name())
        });
        key = keys.next();
    }
    let key = key.ok_or_else(|| missing_key(wanted))?;
    let name = key.name();
    let known = call.store.record(&name)?.map(|(record, _)| record.sequence);
    let sequence = match call.ask.number::<u64>("sequence")? {
        Some(sequence) if known.is_none_or(|known| sequence > known) => sequence,
        Some(_) => {
            return Err(Failure::new(
                "sequence number must be greater than the current record's",
            ));
        }
        None => known.map_or(Ok(0), |known| {
            let next = known.checked_add(1);
            next.ok_or_else(|| Failure::new("this name has no further sequence number"))
        })?,
    };
    let now = call.now();
    let statement = Statement {
        value,
        until: now.saturating_add(lifetime),
        sequence,
        ttl: u64::try_from(ttl.whole_nanoseconds()).unwrap_or(0),
    };
    let bytes = key.sign(&statement)?;
    call.store.put_record(&name, &bytes, now)?;
    let name = shown(call, &name)?;
    call.out
        .line(&json!({ "Name": name, "Value": statement.value }))
}

pub(super) fn resolve(call: &mut Call) -> Done {
    let given = call.ask.args().first().map_or(SELF, String::as_str);
    let text = given.trim_start_matches("/ipns/").to_owned();
    let mut value = call.name_value(text.split('/').next().unwrap_or_default())?;
    if let Some((_, rest)) = text.split_once('/') {
        value = format!("{value}/{rest}");
    }
    if call.ask.flag("recursive", true)? && value.starts_with("/ipns/") {
        let path = call.path(&value)?;
        let steps: String = path.steps.iter().map(|step| format!("/{step}")).collect();
        value = format!("/ipfs/{}{steps}", path.root);
    }
    call.out.begin(Kind::Json);
    call.out.line(&json!({ "Path": value }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn lengths_of_time_are_those_of_go() {
        assert_eq!(duration("1h30m").unwrap(), Duration::minutes(90));
        assert_eq!(duration("1.5s").unwrap(), Duration::milliseconds(1500));
        assert_eq!(duration("300ms").unwrap(), Duration::milliseconds(300));
        for text in [
            "",
            "1",
            "h",
            "1d",
            "-1h",
            "1h ",
            "1e9h",
            "9999999999999h",
            "1..2s",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
