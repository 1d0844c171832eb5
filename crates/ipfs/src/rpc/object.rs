//! Links of a folder's node: `object/patch/*`.

use serde_json::json;
use webx_content::ipld::{Cid, DAG_PB};
use webx_content::unixfs::{Folder, Imported, Profile, Stat, stat};

use super::answer::{Done, Failure};
use super::call::Call;

/// A folder that is changed, and how it is written.
fn open(call: &Call) -> Done<(Folder, Profile)> {
    let cid = call.end(call.ask.arg(0, "root")?)?;
    if cid.codec() != DAG_PB || stat(&call.store, &cid)? != Stat::Folder {
        return Err(Failure::new(
            "cannot patch: the root is no UnixFS directory",
        ));
    }
    let version = match cid.version() {
        cid::Version::V0 => 0,
        cid::Version::V1 => 1,
    };
    let profile = Profile::V0_2015.with_cid_version(version)?;
    Ok((Folder::open(&call.store, &cid)?, profile))
}

fn end(call: &mut Call, folder: Folder, profile: &Profile) -> Done {
    let mut writer = call.store.writer()?;
    let made = folder.finish(profile, &mut writer)?;
    writer.commit(|_| Ok(()))?;
    let hash = call.shown(&made.cid);
    call.out.line(&json!({ "Hash": hash }))
}

/// Bytes of everything below something.
fn total(call: &Call, cid: &Cid) -> Done<u64> {
    let mut total = 0_u64;
    call.store.visit(cid, &mut |_, size| {
        total = total.saturating_add(size);
        Ok(())
    })?;
    Ok(total)
}

pub(super) fn add_link(call: &mut Call) -> Done {
    let (mut folder, profile) = open(call)?;
    let name = call.ask.arg(1, "name")?.to_owned();
    let cid = call.end(call.ask.arg(2, "ref")?)?;
    let what = Imported {
        cid,
        total: total(call, &cid)?,
        size: 0,
    };
    folder.insert(&name, &what)?;
    end(call, folder, &profile)
}

pub(super) fn rm_link(call: &mut Call) -> Done {
    let (mut folder, profile) = open(call)?;
    let name = call.ask.arg(1, "name")?.to_owned();
    if !folder.remove(&name) {
        return Err(Failure::new(format!(
            "no link named {name:?} under that path"
        )));
    }
    end(call, folder, &profile)
}
