//! Paths: from a root through folders and values to a block, or to a place within one.

use super::{Blocks, Cid, DAG_PB, Error, Ipld, RAW, Result, decode, fetch};
use crate::unixfs;

/// Most steps of a path.
const MAX_STEPS: usize = 256;
/// Longest path in bytes.
const MAX_PATH: usize = 16 * 1024;

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The block.
    pub cid: Cid,
    /// Steps that lead on within the block's value, to something that is no link.
    pub within: Vec<String>,
}

/// The steps of a path. Empty ones between slashes count as none.
///
/// # Errors
/// [`Error::Limit`].
pub fn split_path(path: &str) -> Result<Vec<&str>> {
    let steps: Vec<_> = path.split('/').filter(|step| !step.is_empty()).collect();
    if path.len() > MAX_PATH || steps.len() > MAX_STEPS {
        return Err(Error::Limit {
            what: "the length of a path",
            limit: MAX_STEPS as u64,
        });
    }
    Ok(steps)
}

/// Follows a path. The block at its end is not fetched, those before it are. Names are only ever looked up, so `..` is
/// a name like any other, and one that no folder has.
///
/// # Errors
/// [`Error::NotFound`] names the step that leads nowhere; what the store says; [`Error::Malformed`].
pub fn resolve(blocks: &dyn Blocks, root: &Cid, steps: &[&str]) -> Result<Resolved> {
    let mut cid = *root;
    let mut rest = steps;
    while let Some((step, after)) = rest.split_first() {
        match cid.codec() {
            DAG_PB => {
                let below = match unixfs::child(blocks, &cid, step) {
                    Err(Error::WrongKind { .. }) => None,
                    found => found?,
                };
                cid = below.ok_or_else(|| Error::NotFound((*step).to_owned()))?;
                rest = after;
            }
            RAW => return Err(Error::NotFound((*step).to_owned())),
            _ => {
                let value = decode(&cid, &fetch(blocks, &cid)?)?;
                match within(&value, rest)? {
                    Some((next, after)) => {
                        cid = next;
                        rest = after;
                    }
                    None => {
                        return Ok(Resolved {
                            cid,
                            within: rest.iter().map(|step| (*step).to_owned()).collect(),
                        });
                    }
                }
            }
        }
    }
    Ok(Resolved {
        cid,
        within: Vec::new(),
    })
}

/// Follows steps within a value up to the first link; `None` when they end at something else.
fn within<'a, 's>(value: &Ipld, steps: &'a [&'s str]) -> Result<Option<(Cid, &'a [&'s str])>> {
    let mut value = value;
    let mut rest = steps;
    loop {
        if let Ipld::Link(cid) = value {
            return Ok(Some((*cid, rest)));
        }
        let Some((step, after)) = rest.split_first() else {
            return Ok(None);
        };
        let next = match value {
            Ipld::Map(map) => map.get(*step),
            Ipld::List(list) => step.parse().ok().and_then(|at: usize| list.get(at)),
            _ => None,
        };
        value = next.ok_or_else(|| Error::NotFound((*step).to_owned()))?;
        rest = after;
    }
}
