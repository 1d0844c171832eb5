//! Files become blocks: pieces of one size, then rows of links above them, every leaf at the same depth.

use std::io::Read;

use bytes::Bytes;

use super::{Data, Kind, Profile};
use crate::ipld::{
    Cid, Error, Result, Sink,
    dag_pb::{Link, Node},
};

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its name.
    pub cid: Cid,
    /// Bytes of all its blocks, each as often as it is linked.
    pub total: u64,
    /// Bytes of the file; 0 for folders and symbolic links.
    pub size: u64,
}

/// A file that is being imported, as its bytes come.
#[derive(Debug)]
pub struct FileImport {
    profile: Profile,
    piece: Vec<u8>,
    /// Nodes without a parent yet: pieces first, then each row above.
    rows: Vec<Vec<Imported>>,
}

impl FileImport {
    /// Begins a file.
    pub fn new(profile: &Profile) -> Self {
        Self {
            profile: *profile,
            piece: Vec::new(),
            rows: vec![Vec::new()],
        }
    }

    /// Takes more bytes.
    ///
    /// # Errors
    /// What `sink` says.
    pub fn write(&mut self, mut bytes: &[u8], sink: &mut dyn Sink) -> Result<()> {
        while !bytes.is_empty() {
            let room = self.profile.chunk - self.piece.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() == self.profile.chunk {
                self.cut(sink)?;
            }
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// What `sink` says.
    pub fn finish(mut self, sink: &mut dyn Sink) -> Result<Imported> {
        let nothing_yet = self.rows.iter().all(Vec::is_empty);
        if nothing_yet || !self.piece.is_empty() {
            self.cut(sink)?;
        }
        let mut at = 0;
        loop {
            let row = std::mem::take(self.row(at));
            let is_top = at + 1 == self.rows.len();
            match <[Imported; 1]>::try_from(row) {
                Ok([only]) if is_top => return Ok(only),
                Ok(one) => {
                    let parent = self.parent(Vec::from(one), sink)?;
                    self.add(at + 1, parent, sink)?;
                }
                Err(row) => {
                    let parent = self.parent(row, sink)?;
                    if is_top {
                        return Ok(parent);
                    }
                    self.add(at + 1, parent, sink)?;
                }
            }
            at += 1;
        }
    }

    /// Makes a leaf of the bytes that wait.
    fn cut(&mut self, sink: &mut dyn Sink) -> Result<()> {
        let bytes = Bytes::from(std::mem::take(&mut self.piece));
        let size = bytes.len() as u64;
        let (cid, block) = if self.profile.raw_leaves {
            (self.profile.cid(crate::ipld::RAW, &bytes), bytes)
        } else {
            let mut data = Data::new(Kind::File);
            data.size = Some(size);
            data.bytes = bytes;
            let node = Node {
                data: Some(data.encode()),
                links: Vec::new(),
            };
            let block = node.encode();
            (self.profile.node_cid(&block), block)
        };
        let total = block.len() as u64;
        sink.put(&cid, block)?;
        self.add(0, Imported { cid, total, size }, sink)
    }

    fn row(&mut self, at: usize) -> &mut Vec<Imported> {
        if at >= self.rows.len() {
            self.rows.resize_with(at + 1, Vec::new);
        }
        &mut self.rows[at]
    }

    /// Puts a node into a row. A full row becomes a node of the row above when the next one comes, not before: the last
    /// one may be the root.
    fn add(&mut self, at: usize, node: Imported, sink: &mut dyn Sink) -> Result<()> {
        let width = self.profile.width;
        if self.row(at).len() == width {
            let full = std::mem::take(self.row(at));
            let parent = self.parent(full, sink)?;
            self.add(at + 1, parent, sink)?;
        }
        self.row(at).push(node);
        Ok(())
    }

    fn parent(&self, children: Vec<Imported>, sink: &mut dyn Sink) -> Result<Imported> {
        let mut data = Data::new(Kind::File);
        data.sizes = children.iter().map(|child| child.size).collect();
        let size = data.file_size()?;
        data.size = Some(size);
        let mut total = children
            .iter()
            .fold(0_u64, |sum, child| sum.saturating_add(child.total));
        let links = children.into_iter().map(|child| Link {
            cid: child.cid,
            name: Some(String::new()),
            size: Some(child.total),
        });
        let node = Node {
            data: Some(data.encode()),
            links: links.collect(),
        };
        let block = node.encode();
        total = total.saturating_add(block.len() as u64);
        let cid = self.profile.node_cid(&block);
        sink.put(&cid, block)?;
        Ok(Imported { cid, total, size })
    }
}

/// Imports all that a reader gives.
///
/// # Errors
/// What `reader` and `sink` say.
pub fn import_file(
    profile: &Profile,
    sink: &mut dyn Sink,
    reader: &mut dyn Read,
) -> Result<Imported> {
    let mut file = FileImport::new(profile);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => return file.finish(sink),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::from(error)),
        };
        file.write(buffer.get(..count).unwrap_or_default(), sink)?;
    }
}

/// Imports a symbolic link. Its target is a text that nobody follows here.
///
/// # Errors
/// What `sink` says.
pub fn symlink(profile: &Profile, sink: &mut dyn Sink, target: &str) -> Result<Imported> {
    let mut data = Data::new(Kind::Symlink);
    data.bytes = Bytes::copy_from_slice(target.as_bytes());
    data.size = Some(target.len() as u64);
    let node = Node {
        data: Some(data.encode()),
        links: Vec::new(),
    };
    let block = node.encode();
    let (cid, total) = (profile.node_cid(&block), block.len() as u64);
    sink.put(&cid, block)?;
    Ok(Imported {
        cid,
        total,
        size: 0,
    })
}
