//! Folders become blocks: one, or a HAMT when one would be too large.

use std::collections::BTreeMap;

use super::{Data, Flow, Imported, Kind, MAX_NAME, Measure, Profile, SHARD_OVER, hamt, list};
use crate::ipld::{
    Blocks, Cid, Error, Result, Sink,
    dag_pb::{Link, Node},
};

/// A folder that is being made.
#[derive(Debug, Default)]
pub struct Folder(BTreeMap<String, Imported>);

impl Folder {
    /// Puts something into the folder under a name; replaces what was there.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a name that is empty, `.` or `..`, has a slash or a zero in it, or is too long.
    pub fn insert(&mut self, name: &str, what: &Imported) -> Result<()> {
        check_name(name)?;
        self.0.insert(name.to_owned(), what.clone());
        Ok(())
    }

    /// A folder that is here already, to be changed.
    ///
    /// # Errors
    /// As [`list`].
    pub fn open(blocks: &dyn Blocks, cid: &Cid) -> Result<Self> {
        let mut folder = Self::default();
        list(blocks, cid, &mut |entry| {
            let what = Imported {
                cid: entry.cid,
                total: entry.total.unwrap_or_default(),
                size: 0,
            };
            folder.0.insert(entry.name, what);
            Ok(Flow::Continue(()))
        })?;
        Ok(folder)
    }

    /// What stands in the folder under a name.
    pub fn get(&self, name: &str) -> Option<&Imported> {
        self.0.get(name)
    }

    /// Takes an entry out; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// Writes the folder.
    ///
    /// # Errors
    /// What `sink` says; [`Error::Limit`] when names were made so that they fill the whole depth of a HAMT.
    pub fn finish(self, profile: &Profile, sink: &mut dyn Sink) -> Result<Imported> {
        let below = self
            .0
            .values()
            .fold(0_u64, |sum, entry| sum.saturating_add(entry.total));
        let by_links: usize = self
            .0
            .iter()
            .map(|(name, entry)| name.len() + entry.cid.encoded_len())
            .sum();
        if profile.measure == Measure::Links && by_links > SHARD_OVER {
            return hamt::write(self.0, profile, sink);
        }
        let node = Node {
            data: Some(Data::new(Kind::Folder).encode()),
            links: self
                .0
                .iter()
                .map(|(name, entry)| link(name, entry))
                .collect(),
        };
        if profile.measure == Measure::Block && node.encoded_len() > SHARD_OVER {
            return hamt::write(self.0, profile, sink);
        }
        let block = node.encode();
        let cid = profile.node_cid(&block);
        let total = below.saturating_add(block.len() as u64);
        sink.put(&cid, block)?;
        Ok(Imported {
            cid,
            total,
            size: 0,
        })
    }
}

pub(super) fn link(name: &str, entry: &Imported) -> Link {
    Link {
        cid: entry.cid,
        name: Some(name.to_owned()),
        size: Some(entry.total),
    }
}

/// Refuses names that no folder on a disk may have.
pub(super) fn check_name(name: &str) -> Result<()> {
    let why = match name {
        "" => "it is empty",
        "." | ".." => "it means another folder",
        _ if name.contains(['/', '\0']) => "it has a slash or a zero in it",
        _ if name.len() > MAX_NAME => "it is too long",
        _ => return Ok(()),
    };
    Err(Error::malformed("name in a folder", why))
}
