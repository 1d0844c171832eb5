//! The store as a whole: `repo/*`, `stats/repo`.

use serde_json::json;
use webx_content::ipld::{self, Cid};

use super::answer::{Done, Failure};
use super::call::{Call, Kind};

/// The version that clients know of a store with these abilities.
pub(super) const VERSION: &str = "16";

pub(super) fn stat(call: &mut Call) -> Done {
    let stat = call.store.stat()?;
    let answer = json!({
        "NumObjects": stat.blocks,
        "RepoSize": stat.bytes,
        // There is no limit of its own; the disk has one.
        "StorageMax": 0,
        "RepoPath": call.host().repo_path(),
        "Version": format!("fs-repo@{VERSION}"),
    });
    call.out.line(&answer)
}

pub(super) fn version(call: &mut Call) -> Done {
    call.out.line(&json!({ "Version": VERSION }))
}

fn plain(multihash: &[u8]) -> Option<Cid> {
    let hash = cid::multihash::Multihash::from_bytes(multihash).ok()?;
    Some(Cid::new_v1(ipld::RAW, hash))
}

pub(super) fn gc(call: &mut Call) -> Done {
    let silent = call.ask.flag("silent", false)?;
    let mut gone = Vec::new();
    call.store
        .collect(&mut |multihash| gone.extend(plain(multihash)))?;
    call.out.begin(Kind::Json);
    for cid in gone.iter().filter(|_| !silent) {
        let cid = call.shown(cid);
        call.out.line(&json!({ "Key": { "/": cid } }))?;
    }
    Ok(())
}

pub(super) fn verify(call: &mut Call) -> Done {
    call.out.begin(Kind::Json);
    let (mut after, mut looked, mut bad) = (Vec::new(), 0_u64, 0_u64);
    loop {
        let page = call.store.multihashes(&after)?;
        let Some(last) = page.last() else { break };
        after.clone_from(last);
        for multihash in &page {
            looked += 1;
            let Some(cid) = plain(multihash) else {
                continue;
            };
            let block = ipld::fetch(&call.store, &cid);
            if let Err(error) = block.and_then(|block| ipld::verify(&cid, &block)) {
                bad += 1;
                let what = format!("block {cid} was corrupt ({error})");
                call.out.line(&json!({ "Msg": what, "Progress": 0 }))?;
            }
        }
        call.out.line(&json!({ "Msg": "", "Progress": looked }))?;
    }
    if bad > 0 {
        return Err(Failure::new("verify complete, some blocks were corrupt"));
    }
    let what = "verify complete, all blocks validated.";
    call.out.line(&json!({ "Msg": what, "Progress": 0 }))
}
