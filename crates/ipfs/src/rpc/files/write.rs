//! `files/write`: bytes into a file of the tree, at any place in it.

use std::io::Read as _;
use std::ops::Range;

use webx_content::unixfs::{File, FileImport, Imported, Profile};

use super::change::Change;
use super::{Place, is_folder, look, not_there, profile};
use crate::PublicStore;
use crate::rpc::answer::{Done, Failure};
use crate::rpc::call::Call;

/// How many zeros may be put between the end of a file and what is written behind it.
const MAX_GAP: u64 = 1 << 30;

pub(in crate::rpc) fn write(call: &mut Call) -> Done {
    let place = Place::parse(call.ask.arg(0, "path")?)?;
    let offset = match call.ask.number::<i64>("offset")? {
        Some(offset) => {
            u64::try_from(offset).map_err(|_| Failure::new("cannot have negative write offset"))?
        }
        None => 0,
    };
    let most = match call.ask.number::<i64>("count")? {
        Some(count) => {
            u64::try_from(count).map_err(|_| Failure::new("cannot have negative byte count"))?
        }
        None => u64::MAX,
    };
    let create = call.ask.flag("create", false)?;
    let parents = call.ask.flag("parents", false)?;
    let truncate = call.ask.flag("truncate", false)?;
    let store = call.store.clone();
    let root = super::change::root(&store)?;
    let profile = profile(call, &root)?;
    if look(&store, &root, &place.steps)?.is_none() && !create {
        return Err(not_there());
    }
    // What is sent becomes a file of its own first, so that a slow client holds nobody up.
    let mut writer = store.writer()?;
    let mut sent = FileImport::new(&profile);
    let mut files = call.take_files("data")?;
    if files.next_part()?.is_none() {
        return Err(super::super::ask::missing("data"));
    }
    let mut buffer = vec![0; 64 * 1024];
    let mut left = most;
    while left > 0 {
        let room = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let count = files.read(buffer.get_mut(..room).unwrap_or_default())?;
        if count == 0 {
            break;
        }
        left -= count as u64;
        sent.write(buffer.get(..count).unwrap_or_default(), &mut writer)?;
    }
    let sent = sent.finish(&mut writer)?;
    writer.settle()?;
    let mut change = Change::begin(&store)?;
    let known = look(&store, &change.root, &place.steps)?;
    let made = match known {
        Some(known) if is_folder(&store, &known)? => {
            return Err(Failure::new(format!(
                "/{} was not a file",
                place.steps.join("/")
            )));
        }
        Some(known) => {
            let old = File::open(&store, &known)?;
            merge(
                &store,
                &mut change,
                &profile,
                Some(&old),
                sent,
                offset,
                truncate,
            )?
        }
        None if create => merge(&store, &mut change, &profile, None, sent, offset, truncate)?,
        None => return Err(not_there()),
    };
    change.place(&place.steps, Some(made), parents)?;
    change.end()?;
    drop(writer);
    Ok(())
}

/// The old file with what was sent in its place.
fn merge(
    store: &PublicStore,
    change: &mut Change<'_>,
    profile: &Profile,
    old: Option<&File>,
    sent: Imported,
    offset: u64,
    truncate: bool,
) -> Done<Imported> {
    let had = old.map_or(0, File::size);
    let end = offset.saturating_add(sent.size);
    if offset == 0 && (truncate || end >= had) {
        return Ok(sent);
    }
    if offset.saturating_sub(had) > MAX_GAP {
        return Err(Failure::new(format!(
            "the gap before the offset is over {MAX_GAP} bytes"
        )));
    }
    let mut file = FileImport::new(profile);
    if let Some(old) = old {
        copy(store, old, 0..offset, &mut file, change)?;
    }
    let new = File::open(store, &sent.cid)?;
    if offset > had {
        let zeros = vec![0; 64 * 1024];
        let mut left = offset - had;
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
            file.write(zeros.get(..count).unwrap_or_default(), change.writer())?;
            left -= count as u64;
        }
    }
    copy(store, &new, 0..u64::MAX, &mut file, change)?;
    if let (Some(old), false) = (old, truncate) {
        copy(store, old, end..u64::MAX, &mut file, change)?;
    }
    Ok(file.finish(change.writer())?)
}

fn copy(
    store: &PublicStore,
    from: &File,
    range: Range<u64>,
    to: &mut FileImport,
    change: &mut Change<'_>,
) -> Done {
    for piece in from.read(store, range) {
        to.write(&piece?, change.writer())?;
    }
    Ok(())
}
