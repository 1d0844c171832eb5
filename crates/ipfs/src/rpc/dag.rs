//! Values and whole DAGs: `dag/get|put|resolve|stat|export|import`.

use std::collections::HashSet;

use bytes::Bytes;
use serde_json::json;
use webx_content::car::{self, Selection};
use webx_content::ipld::{
    self, CBOR, Cid, DAG_CBOR, DAG_JSON, DAG_PB, Ipld, JSON, RAW, SHA2_256, Sink as _, dag_cbor,
    dag_json, dag_pb::Node,
};

use super::answer::{Done, Failure};
use super::block::{codec, limit};
use super::call::{Call, Kind, whole};
use super::write::hash;
use crate::PublicStore;

/// A value in a codec.
fn encode(value: &Ipld, codec: u64) -> Done<Bytes> {
    match (codec, value) {
        (DAG_CBOR | CBOR, value) => Ok(dag_cbor::encode(value)?.into()),
        (DAG_JSON | JSON, value) => Ok(dag_json::encode(value)?.into_bytes().into()),
        (DAG_PB, value) => Ok(Node::from_ipld(value)?.encode()),
        (RAW, Ipld::Bytes(bytes)) => Ok(bytes.clone().into()),
        _ => Err(Failure::new("this value has no form in that codec")),
    }
}

pub(super) fn get(call: &mut Call) -> Done {
    let (_, found) = call.resolve(call.ask.arg(0, "ref")?)?;
    let to = codec(call.ask.text("output-codec").unwrap_or("dag-json"))?;
    let block = call.block(&found.cid)?;
    let bytes = if to == found.cid.codec() && found.within.is_empty() {
        block
    } else {
        let whole = ipld::decode(&found.cid, &block)?;
        encode(within(&whole, &found.within)?, to)?
    };
    call.out.begin(Kind::Bytes);
    call.out.piece(bytes)?;
    Ok(())
}

/// The part of a value that steps within it lead to.
fn within<'a>(value: &'a Ipld, steps: &[String]) -> Done<&'a Ipld> {
    steps.iter().try_fold(value, |value, step| {
        let next = match value {
            Ipld::Map(map) => map.get(step),
            Ipld::List(list) => step.parse().ok().and_then(|at: usize| list.get(at)),
            _ => None,
        };
        next.ok_or_else(|| Failure::new(format!("no link named {step:?} under that path")))
    })
}

pub(super) fn put(call: &mut Call) -> Done {
    let text = |name: &str, otherwise: &'static str| {
        let given = call.ask.text(name).filter(|text| !text.is_empty());
        given.unwrap_or(otherwise).to_owned()
    };
    let from = codec(&text("input-codec", "dag-json"))?;
    let to = codec(&text("store-codec", "dag-cbor"))?;
    let hash = hash(&text("hash", "sha2-256"))?;
    let pin = call.ask.flag("pin", false)?;
    let limit = limit(call)?;
    let mut writer = call.store.writer()?;
    let mut files = call.take_files("object data")?;
    call.out.hold();
    let mut put = Vec::new();
    while files.next_part()?.is_some() {
        let given = Bytes::from(whole(&mut files, limit)?);
        // Read in any case: what is stored under a codec's name is in that codec.
        let value = ipld::decode(&Cid::new_v1(from, ipld::hash(SHA2_256, &given)?), &given)?;
        let block = match from == to {
            true => given,
            false => encode(&value, to)?,
        };
        if block.len() > limit {
            return Err(Failure::new(format!(
                "produced block is over {limit} bytes"
            )));
        }
        let cid = Cid::new_v1(to, ipld::hash(hash, &block)?);
        writer.put(&cid, block)?;
        put.push(cid);
        if put.len() > 100_000 {
            return Err(Failure::new("too many values in one request"));
        }
    }
    if put.is_empty() {
        return Err(super::ask::missing("object data"));
    }
    let now = call.now();
    if pin {
        writer.settle()?;
        for cid in &put {
            call.store.visit(cid, &mut |_, _| Ok(()))?;
        }
    }
    writer.commit(|tx| match pin {
        true => put
            .iter()
            .try_for_each(|cid| PublicStore::note(tx, cid, "", now)),
        false => Ok(()),
    })?;
    for cid in put {
        let cid = call.shown(&cid);
        call.out.line(&json!({ "Cid": { "/": cid } }))?;
    }
    Ok(())
}

pub(super) fn resolve(call: &mut Call) -> Done {
    let (_, found) = call.resolve(call.ask.arg(0, "ref")?)?;
    let cid = call.shown(&found.cid);
    let rest = found.within.join("/");
    call.out
        .line(&json!({ "Cid": { "/": cid }, "RemPath": rest }))
}

pub(super) fn stat(call: &mut Call) -> Done {
    let (mut seen, mut stats) = (HashSet::new(), Vec::new());
    let (mut total, mut shared) = (0_u64, 0_u64);
    for path in call.ask.args() {
        let cid = call.end(path)?;
        let (mut size, mut blocks) = (0_u64, 0_u64);
        call.store.visit(&cid, &mut |cid, bytes| {
            size = size.saturating_add(bytes);
            blocks += 1;
            match seen.insert(*cid) {
                true => total = total.saturating_add(bytes),
                false => shared = shared.saturating_add(bytes),
            }
            Ok(())
        })?;
        stats.push(json!({
            "Cid": { "/": call.shown(&cid) },
            "Size": size,
            "NumBlocks": blocks,
        }));
    }
    let whole = total.saturating_add(shared);
    let ratio = if total == 0 {
        1.0
    } else {
        whole as f64 / total as f64
    };
    call.out.line(&json!({
        "DagStats": stats,
        "UniqueBlocks": seen.len(),
        "TotalSize": total,
        "SharedSize": shared,
        "Ratio": ratio,
    }))
}

pub(super) fn export(call: &mut Call) -> Done {
    let root = call.end(call.ask.arg(0, "root")?)?;
    call.block(&root)?;
    let store = call.store.clone();
    call.out.begin(Kind::Car);
    let mut writer = car::Writer::new(call.out.body(), &[root])?;
    car::export(&store, &root, &[], Selection::default(), &mut writer)?;
    Ok(())
}

pub(super) fn import(call: &mut Call) -> Done {
    let pin = call.ask.flag("pin-roots", true)?;
    let stats = call.ask.flag("stats", false)?;
    let silent = call.ask.flag("silent", false)?;
    let mut writer = call.store.writer()?;
    let mut files = call.take_files("path")?;
    call.out.hold();
    let (mut roots, mut blocks, mut bytes) = (Vec::new(), 0_u64, 0_u64);
    let mut any = false;
    while files.next_part()?.is_some() {
        any = true;
        let mut car = car::Reader::new(&mut files)?;
        while let Some((cid, block)) = car.next_block()? {
            blocks += 1;
            bytes = bytes.saturating_add(block.len() as u64);
            writer.put(&cid, block)?;
        }
        for root in car.roots() {
            if !roots.contains(root) {
                roots.push(*root);
            }
        }
        if roots.len() > 1000 {
            return Err(Failure::new("too many roots"));
        }
    }
    if !any {
        return Err(super::ask::missing("path"));
    }
    writer.settle()?;
    let mut said = Vec::new();
    let mut whole = Vec::new();
    for root in roots.iter().filter(|_| pin) {
        let error = match call.store.visit(root, &mut |_, _| Ok(())) {
            Ok(()) => {
                whole.push(*root);
                String::new()
            }
            Err(error) => Failure::from(error).what().to_owned(),
        };
        said.push((*root, error));
    }
    let now = call.now();
    writer.commit(|tx| {
        whole
            .iter()
            .try_for_each(|root| PublicStore::note(tx, root, "", now))
    })?;
    for (root, error) in said.into_iter().filter(|_| !silent) {
        let cid = call.shown(&root);
        call.out
            .line(&json!({ "Root": { "Cid": { "/": cid }, "PinErrorMsg": error } }))?;
    }
    if stats {
        let line = json!({ "Stats": { "BlockCount": blocks, "BlockBytesCount": bytes } });
        call.out.line(&line)?;
    }
    call.out.release_all()
}
