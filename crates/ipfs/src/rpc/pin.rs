//! What is kept: `pin/*`.

use serde_json::{Map, Value, json};
use webx_content::ipld::Cid;

use super::answer::{Done, Failure};
use super::call::{Call, Kind};
use crate::Error;

/// Longest name of a pin in bytes.
const MAX_NAME: usize = 255;

pub(super) fn add(call: &mut Call) -> Done {
    let recursive = call.ask.flag("recursive", true)?;
    let name = call.ask.text("name").unwrap_or_default().to_owned();
    if name.len() > MAX_NAME {
        return Err(Failure::new(format!(
            "pin name is too long: it has at most {MAX_NAME} bytes"
        )));
    }
    let mut pins = Vec::new();
    for path in call.ask.args() {
        let cid = call.end(path)?;
        if !recursive && call.store.root(&cid)?.is_some_and(|root| !root.direct) {
            return Err(Failure::new(format!(
                "{} already pinned recursively",
                call.shown(&cid)
            )));
        }
        call.store.pin(&cid, &name, !recursive, call.now())?;
        pins.push(call.shown(&cid));
    }
    call.out.line(&json!({ "Pins": pins }))
}

pub(super) fn rm(call: &mut Call) -> Done {
    let recursive = call.ask.flag("recursive", true)?;
    let mut pins = Vec::new();
    for path in call.ask.args() {
        let cid = call.end(path)?;
        match call.store.root(&cid)? {
            Some(root) if root.direct || recursive => {
                call.store.unpin(&root.cid)?;
                pins.push(call.shown(&cid));
            }
            Some(_) => {
                return Err(Failure::new(format!(
                    "{} is pinned recursively",
                    call.shown(&cid)
                )));
            }
            None => return Err(Failure::new("not pinned or pinned indirectly")),
        }
    }
    call.out.line(&json!({ "Pins": pins }))
}

pub(super) fn update(call: &mut Call) -> Done {
    let from = call.end(call.ask.arg(0, "from-path")?)?;
    let to = call.end(call.ask.arg(1, "to-path")?)?;
    let known = call.store.root(&from)?.filter(|root| !root.direct);
    let Some(known) = known else {
        return Err(Failure::new(
            "'from' cid was not recursively pinned already",
        ));
    };
    call.store.pin(&to, &known.name, false, call.now())?;
    if call.ask.flag("unpin", true)? && from.hash() != to.hash() {
        call.store.unpin(&known.cid)?;
    }
    let pins = [call.shown(&from), call.shown(&to)];
    call.out.line(&json!({ "Pins": pins }))
}

/// A pin that is listed.
struct Listed {
    cid: Cid,
    kind: String,
    name: String,
}

pub(super) fn ls(call: &mut Call) -> Done {
    let kind = call.ask.text("type").filter(|kind| !kind.is_empty());
    let kind = kind.unwrap_or("all").to_owned();
    if !matches!(kind.as_str(), "all" | "recursive" | "direct" | "indirect") {
        return Err(Failure::new(format!(
            "invalid type '{kind}', must be one of {{direct, indirect, recursive, all}}"
        )));
    }
    let wanted = call.ask.text("name").filter(|name| !name.is_empty());
    let wanted = wanted.map(str::to_owned);
    let names = call.ask.flag("names", false)? || wanted.is_some();
    let streams = call.ask.flag("stream", false)?;
    let mut pins = match call.ask.args().is_empty() {
        true => all(call, &kind)?,
        false => some(call, &kind)?,
    };
    if let Some(wanted) = wanted {
        pins.retain(|pin| pin.name.contains(&wanted));
    }
    let mut keys = Map::new();
    for pin in pins {
        let mut shown = Map::from_iter([("Type".to_owned(), json!(pin.kind))]);
        if names && !pin.name.is_empty() {
            shown.insert("Name".to_owned(), json!(pin.name));
        }
        let cid = call.shown(&pin.cid);
        if streams {
            shown.insert("Cid".to_owned(), json!(cid));
            call.out.line(&Value::Object(shown))?;
        } else {
            keys.insert(cid, Value::Object(shown));
        }
    }
    match streams {
        true => {
            call.out.begin(Kind::Json);
            Ok(())
        }
        false => call.out.line(&json!({ "Keys": keys })),
    }
}

fn all(call: &Call, kind: &str) -> Done<Vec<Listed>> {
    let mut pins = Vec::new();
    for root in call.store.roots()? {
        let own = if root.direct { "direct" } else { "recursive" };
        if kind == "all" || kind == own {
            pins.push(Listed {
                cid: root.cid,
                kind: own.to_owned(),
                name: root.name,
            });
        }
    }
    if kind == "all" || kind == "indirect" {
        for (cid, _) in call.store.indirect()? {
            pins.push(Listed {
                cid,
                kind: "indirect".to_owned(),
                name: String::new(),
            });
        }
    }
    Ok(pins)
}

fn some(call: &Call, kind: &str) -> Done<Vec<Listed>> {
    let mut pins = Vec::new();
    for path in call.ask.args() {
        let cid = call.end(path)?;
        let root = call.store.root(&cid)?;
        let found = match root {
            Some(root) => {
                let own = if root.direct { "direct" } else { "recursive" };
                Some((own.to_owned(), root.name)).filter(|_| kind == "all" || kind == own)
            }
            None if kind == "all" || kind == "indirect" => {
                let above = call.store.indirect()?;
                let above = above
                    .into_iter()
                    .find(|(below, _)| below.hash() == cid.hash());
                above.map(|(_, root)| {
                    (
                        format!("indirect through {}", call.shown(&root)),
                        String::new(),
                    )
                })
            }
            None => None,
        };
        match found {
            Some((kind, name)) => pins.push(Listed { cid, kind, name }),
            None => return Err(Failure::new(format!("path '{path}' is not pinned"))),
        }
    }
    Ok(pins)
}

pub(super) fn verify(call: &mut Call) -> Done {
    let verbose = call.ask.flag("verbose", false)?;
    for root in call.store.roots()? {
        let cid = call.shown(&root.cid);
        let checked = match root.direct {
            true => call
                .block(&root.cid)
                .map(drop)
                .map_err(|error| error.what().to_owned()),
            false => whole(call, &root.cid),
        };
        match checked {
            Ok(()) if verbose => call.out.line(&json!({ "Cid": cid, "Ok": true }))?,
            Ok(()) => {}
            Err(why) => {
                let bad = json!([{ "Cid": cid, "Err": why }]);
                call.out
                    .line(&json!({ "Cid": cid, "Ok": false, "BadNodes": bad }))?;
            }
        }
    }
    call.out.begin(Kind::Json);
    Ok(())
}

/// Whether everything below a root is here and opens.
fn whole(call: &Call, root: &Cid) -> Result<(), String> {
    let looked = call.store.visit(root, &mut |cid, _| {
        let block = webx_content::ipld::fetch(&call.store, cid)?;
        Ok(webx_content::ipld::verify(cid, &block)?)
    });
    looked.map_err(|error: Error| Failure::from(error).what().to_owned())
}
