//! Looking into folders, flat and sharded.

use super::folder::check_name;
use super::hamt::{Layout, murmur3};
use super::{Data, Kind};
use crate::ipld::{
    Blocks, Cid, DAG_PB, Error, Result,
    dag_pb::{Link, Node},
    fetch,
};

/// Most entries of one folder that are listed.
pub const MAX_ENTRIES: usize = 1_000_000;
/// Most shards of one folder that are fetched: what [`MAX_ENTRIES`] need at most, several times.
const MAX_SHARDS: usize = 65_536;

/// What stands in a folder under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name: not empty, without a slash, neither `.` nor `..`.
    pub name: String,
    /// What it leads to.
    pub cid: Cid,
    /// Bytes of everything below, as the folder says.
    pub total: Option<u64>,
}

/// Whether a listing goes on.
pub type Flow = std::ops::ControlFlow<()>;

/// Finds an entry by its name; `None` when there is none.
///
/// # Errors
/// [`Error::WrongKind`] when `folder` is none; what the store says; [`Error::Malformed`].
pub fn child(blocks: &dyn Blocks, folder: &Cid, name: &str) -> Result<Option<Cid>> {
    let (node, data) = open(folder, &fetch(blocks, folder)?)?;
    // A shard below has the empty name; it is no entry.
    if check_name(name).is_err() {
        return Ok(None);
    }
    if data.kind == Kind::Folder {
        let found = node
            .links
            .iter()
            .find(|link| link.name.as_deref() == Some(name));
        return Ok(found.map(|link| link.cid));
    }
    let layout = Layout::of(&data)?;
    let hash = murmur3(name.as_bytes());
    let mut links = node.links;
    for depth in 0..layout.depth() {
        let Some(place) = layout.place(hash, depth) else {
            return Ok(None);
        };
        let whole = format!("{place}{name}");
        let named = |link: &&Link, text: &str| link.name.as_deref() == Some(text);
        if let Some(link) = links.iter().find(|link| named(link, &whole)) {
            return Ok(Some(link.cid));
        }
        let Some(below) = links.iter().find(|link| named(link, &place)) else {
            return Ok(None);
        };
        links = shard(&below.cid, &fetch(blocks, &below.cid)?)?.0.links;
    }
    Ok(None)
}

/// Calls `visit` for each entry of a folder, until it breaks or the end. Names that no folder on a disk may have are an
/// error, so that nobody writes outside of where he meant to.
///
/// # Errors
/// As [`child`]; [`Error::Limit`] for more than [`MAX_ENTRIES`].
pub fn list(
    blocks: &dyn Blocks,
    folder: &Cid,
    visit: &mut dyn FnMut(Entry) -> Result<Flow>,
) -> Result<()> {
    list_block(blocks, folder, &fetch(blocks, folder)?, visit)
}

/// As [`list`], of a folder whose first block is at hand.
pub(crate) fn list_block(
    blocks: &dyn Blocks,
    folder: &Cid,
    block: &bytes::Bytes,
    visit: &mut dyn FnMut(Entry) -> Result<Flow>,
) -> Result<()> {
    let (node, data) = open(folder, block)?;
    let layout = match data.kind {
        Kind::Shard => Some(Layout::of(&data)?),
        _ => None,
    };
    let (mut entries, mut shards) = (0_usize, 0_usize);
    let mut open_nodes = vec![node.links.into_iter()];
    while let Some(links) = open_nodes.last_mut() {
        let Some(link) = links.next() else {
            open_nodes.pop();
            continue;
        };
        let name = match layout {
            Some(layout) => layout.name(&link)?,
            None => link.name.as_deref().unwrap_or_default(),
        };
        if let (Some(layout), "") = (layout, name) {
            shards += 1;
            if shards > MAX_SHARDS || open_nodes.len() >= layout.depth() as usize {
                return Err(Error::Limit {
                    what: "the number of shards of a folder",
                    limit: MAX_SHARDS as u64,
                });
            }
            let (node, _) = shard(&link.cid, &fetch(blocks, &link.cid)?)?;
            open_nodes.push(node.links.into_iter());
            continue;
        }
        entries += 1;
        if entries > MAX_ENTRIES {
            return Err(Error::Limit {
                what: "the number of entries of a folder",
                limit: MAX_ENTRIES as u64,
            });
        }
        check_name(name)?;
        let entry = Entry {
            name: name.to_owned(),
            cid: link.cid,
            total: link.size,
        };
        if visit(entry)?.is_break() {
            return Ok(());
        }
    }
    Ok(())
}

fn open(cid: &Cid, block: &bytes::Bytes) -> Result<(Node, Data)> {
    let wrong = Error::WrongKind {
        cid: *cid,
        wanted: "folder",
    };
    if cid.codec() != DAG_PB {
        return Err(wrong);
    }
    let node = Node::decode(block)?;
    let data = Data::of(&node)?;
    match data.kind {
        Kind::Folder | Kind::Shard => Ok((node, data)),
        _ => Err(wrong),
    }
}

fn shard(cid: &Cid, block: &bytes::Bytes) -> Result<(Node, Data)> {
    let (node, data) = open(cid, block)?;
    if data.kind != Kind::Shard {
        return Err(Error::malformed(
            "sharded folder",
            "something else hangs in it where a shard should",
        ));
    }
    Ok((node, data))
}
