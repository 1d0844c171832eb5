//! Blocks: `block/get|put|stat|rm`.

use serde_json::json;
use webx_content::ipld::{
    self, CBOR, Cid, DAG_CBOR, DAG_JSON, DAG_PB, JSON, LIBP2P_KEY, MAX_BLOCK, RAW, SHA2_256,
    Sink as _,
};

use super::answer::{Done, Failure};
use super::call::{Call, Kind, whole};
use super::write::hash;
use crate::PublicStore;

/// What blocks are at most without `allow-big-block`; with it, [`MAX_BLOCK`].
const MAX_SMALL: usize = 1024 * 1024;

/// The code of a codec by its name.
pub(super) fn codec(name: &str) -> Done<u64> {
    match name {
        "raw" => Ok(RAW),
        "dag-pb" | "protobuf" => Ok(DAG_PB),
        "dag-cbor" | "cbor" if name.starts_with("dag") => Ok(DAG_CBOR),
        "cbor" => Ok(CBOR),
        "dag-json" => Ok(DAG_JSON),
        "json" => Ok(JSON),
        "libp2p-key" => Ok(LIBP2P_KEY),
        _ => Err(Failure::new(format!("unknown codec: {name:?}"))),
    }
}

/// Most bytes of a block that a request may put.
pub(super) fn limit(call: &Call) -> Done<usize> {
    Ok(match call.ask.flag("allow-big-block", false)? {
        true => MAX_BLOCK,
        false => MAX_SMALL,
    })
}

fn cid(call: &Call, text: &str) -> Done<Cid> {
    let cid = call.end(text)?;
    if call.store.has(&cid)? {
        Ok(cid)
    } else {
        Err(ipld::Error::Missing(cid).into())
    }
}

pub(super) fn get(call: &mut Call) -> Done {
    let cid = cid(call, call.ask.arg(0, "cid")?)?;
    let block = call.block(&cid)?;
    call.out.begin(Kind::Bytes);
    call.out.piece(block)?;
    Ok(())
}

pub(super) fn stat(call: &mut Call) -> Done {
    let cid = cid(call, call.ask.arg(0, "cid")?)?;
    let size = call.store.size_of(&cid)?.unwrap_or_default();
    let key = call.shown(&cid);
    call.out.line(&json!({ "Key": key, "Size": size }))
}

pub(super) fn put(call: &mut Call) -> Done {
    let named = call.ask.text("mhtype").filter(|name| !name.is_empty());
    let hash = named.map_or(Ok(SHA2_256), hash)?;
    if call
        .ask
        .number::<i64>("mhlen")?
        .is_some_and(|len| len != -1)
    {
        return Err(Failure::new("hashes are kept in full length here"));
    }
    // The older way to say the codec knows names of its own.
    let (codec, version) = match call.ask.text("format").filter(|name| !name.is_empty()) {
        Some("v0") => (DAG_PB, 0),
        Some("cbor") => (DAG_CBOR, 1),
        Some(name) => (codec(name)?, 1),
        None => {
            let name = call.ask.text("cid-codec").filter(|name| !name.is_empty());
            (name.map_or(Ok(RAW), codec)?, 1)
        }
    };
    let version = match call.ask.number::<u64>("version")? {
        Some(0) if codec == DAG_PB => 0,
        Some(0) => return Err(Failure::new("CIDv0 is for dag-pb alone")),
        _ => version,
    };
    if version == 0 && hash != SHA2_256 {
        return Err(Failure::new("CIDv0 only supports sha2-256"));
    }
    let pin = call.ask.flag("pin", false)?;
    let limit = limit(call)?;
    let mut writer = call.store.writer()?;
    let mut files = call.take_files("data")?;
    call.out.hold();
    let mut put = Vec::new();
    while files.next_part()?.is_some() {
        let block = whole(&mut files, limit)
            .map_err(|_| Failure::new(format!("produced block is over {limit} bytes")))?;
        let hash = ipld::hash(hash, &block)?;
        let cid = match version {
            0 => Cid::new_v0(hash).map_err(ipld::Error::outside)?,
            _ => Cid::new_v1(codec, hash),
        };
        let size = block.len();
        writer.put(&cid, block.into())?;
        put.push((cid, size));
        if put.len() > 100_000 {
            return Err(Failure::new("too many blocks in one request"));
        }
    }
    if put.is_empty() {
        return Err(super::ask::missing("data"));
    }
    let now = call.now();
    if pin {
        writer.settle()?;
        for (cid, _) in &put {
            // A root whose blocks are not all here is none.
            call.store.visit(cid, &mut |_, _| Ok(()))?;
        }
    }
    writer.commit(|tx| match pin {
        true => put
            .iter()
            .try_for_each(|(cid, _)| PublicStore::note(tx, cid, "", now)),
        false => Ok(()),
    })?;
    for (cid, size) in put {
        let key = call.shown(&cid);
        call.out.line(&json!({ "Key": key, "Size": size }))?;
    }
    Ok(())
}

pub(super) fn rm(call: &mut Call) -> Done {
    let force = call.ask.flag("force", false)?;
    let quiet = call.ask.flag("quiet", false)?;
    let cids = call.ask.args().iter().map(|text| Ok(call.path(text)?.root));
    for cid in cids.collect::<Done<Vec<_>>>()? {
        let hash = call.shown(&cid);
        let said = match call.store.forget(&cid) {
            Ok(true) => Some(json!({ "Hash": hash })),
            Ok(false) if force => None,
            Ok(false) => Some(json!({ "Hash": hash, "Error": "ipld: could not find the block" })),
            Err(crate::Error::Needed { why, .. }) => Some(json!({ "Hash": hash, "Error": why })),
            Err(error) => return Err(error.into()),
        };
        match said {
            Some(said) if !quiet || said.get("Error").is_some() => call.out.line(&said)?,
            _ => {}
        }
    }
    call.out.begin(Kind::Json);
    Ok(())
}
