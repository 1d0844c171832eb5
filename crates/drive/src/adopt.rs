//! A drive out of a catalogue: the tree at once, the files' blocks when they are read or [`Drive::fetch_missing`] gets them.
use std::collections::HashMap;

use bytes::Bytes;
use webx_content::{
    FileKey, Manifest, NodeKey,
    catalogue::{self as format, Body as Form, Entry as Row, open_page},
    open_page as open_segments, unwrap_file_key, unwrap_key,
};
use webx_vault::BlockStore as _;

use crate::{
    Drive, Error, Exchange, Kind, NodeId, Result,
    catalogue::{self, Pages},
    content::{Body, Draft, block_len},
    drive::Inner,
    event::Op,
    flight::Hold,
    name,
    schema::{ROOT, TRASH},
    tree::Entry,
    txn::Txn,
};

/// What came of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Adopted {
    /// Folders.
    pub folders: u64,
    /// Files.
    pub files: u64,
    /// Bytes of the files as one reads them.
    pub bytes: u64,
}

/// A folder of the catalogue, with its key.
struct Folder {
    n: i64,
    parent: [u8; 16],
    key: NodeKey,
}

impl Drive {
    /// Makes this drive, which must be empty, the one that a catalogue of the same root key tells of. All of it is there
    /// when this returns, or nothing. The catalogue's blocks and the files' lists of segments come from `exchange` where
    /// they are not here; the files' bytes are not fetched.
    ///
    /// # Errors
    /// [`Error::NotEmpty`]; [`Error::Damaged`] when a block of the catalogue is nowhere; [`Error::Content`] when it is of
    /// another root key or breaks the format; [`Error::Vault`].
    pub fn adopt(&self, root: &[u8; 32], exchange: &dyn Exchange) -> Result<Adopted> {
        let inner = &self.0;
        inner.must_be_empty()?;
        let root_key = inner.root_key()?;
        let key = root_key.catalogue_key()?;
        let hold = inner.hold()?;
        let fetch = |digest: &[u8; 32]| inner.held(digest, &hold, exchange);
        let pages = catalogue::open(&key, root, fetch)?;
        let folders = folders(&key, &root_key, &pages, fetch)?;
        // Lists of segments come before the transaction: nothing waits for the network in it.
        let mut nodes = 0;
        for page in &pages.pages {
            for row in open_page(&key, &fetch(page)?)? {
                nodes += 1;
                if row.file.is_some() {
                    let file_key = file_key(&row, &folders)?;
                    blocks(&row, &file_key, fetch)?;
                }
            }
        }
        if nodes != pages.root.nodes {
            return Err(lost("the catalogue has another number of nodes"));
        }
        inner.blocks().sync()?;
        inner.write(|txn| {
            txn.quiet = true;
            if txn.counters.node != TRASH {
                return Err(Error::NotEmpty);
            }
            let mut adopted = Adopted::default();
            let seq = txn.next_seq();
            txn.counters.node += folders.len() as i64 - 2;
            let mut bundle = None;
            for page in &pages.pages {
                for row in open_page(&key, &fetch(page)?)? {
                    adopt(txn, &row, seq, &folders, &mut bundle, &mut adopted, fetch)?;
                }
            }
            txn.quiet = false;
            txn.event(Op::Missed, NodeId::ROOT, None);
            Ok(adopted)
        })
    }

    /// Brings blocks that the tree needs and that are not here, through what [`Drive::set_exchange`] named, until `go_on`
    /// says no. Returns how many came, and how many were not to be had.
    ///
    /// # Errors
    /// [`Error::Stopped`], [`Error::Vault`].
    pub fn fetch_missing(&self, mut go_on: impl FnMut(u64, u64) -> bool) -> Result<(u64, u64)> {
        const SLICE: u32 = 256;
        let (mut came, mut missing) = (0, 0);
        let mut after = None;
        loop {
            let slice = self.blocks_after(after.as_ref(), SLICE)?;
            let Some((last, _)) = slice.last() else { break };
            after = Some(*last);
            for (digest, _) in &slice {
                if !go_on(came, missing) {
                    return Err(Error::Stopped);
                }
                let mh = webx_content::multihash_of_digest(digest);
                if self.0.blocks().has(&mh)? {
                    continue;
                }
                match self.0.block(digest) {
                    Ok(_) => came += 1,
                    Err(Error::Damaged { .. }) => missing += 1,
                    Err(error) => return Err(error),
                }
            }
        }
        self.0.blocks().sync()?;
        Ok((came, missing))
    }
}

impl Inner {
    pub(crate) fn must_be_empty(&self) -> Result<()> {
        let last = self.read(|conn| Ok(crate::counters::Counters::load(conn)?.node))?;
        if last == TRASH {
            Ok(())
        } else {
            Err(Error::NotEmpty)
        }
    }

    /// A block, from here or from elsewhere, that stays until the hold ends.
    fn held(&self, digest: &[u8; 32], hold: &Hold, exchange: &dyn Exchange) -> Result<Bytes> {
        hold.add(*digest);
        match self.block(digest) {
            Err(error @ (Error::Damaged { .. } | Error::Vault(webx_vault::Error::Damaged(_)))) => {
                self.fetched(digest, exchange).ok_or(error)
            }
            other => other,
        }
    }
}

fn lost(what: &str) -> Error {
    Error::Damaged {
        path: String::new(),
        what: what.into(),
    }
}

/// All folders by id, with the numbers they get and their keys. Each leads up to the root or the trash.
fn folders(
    key: &FileKey,
    root_key: &NodeKey,
    pages: &Pages,
    fetch: impl Fn(&[u8; 32]) -> Result<Bytes>,
) -> Result<HashMap<[u8; 16], Folder>> {
    let mut rows: HashMap<[u8; 16], ([u8; 16], u32, [u8; 60])> = HashMap::new();
    let mut order = Vec::new();
    for page in &pages.pages {
        for row in open_page(key, &fetch(page)?)? {
            if row.file.is_none() {
                order.push(row.id);
                rows.insert(row.id, (row.parent, row.generation, row.key));
            }
        }
    }
    let mut folders = HashMap::with_capacity(order.len() + 2);
    for (id, n) in [(NodeId::ROOT, ROOT), (NodeId::TRASH, TRASH)] {
        let top = Folder {
            n,
            parent: *id.as_bytes(),
            key: root_key.clone(),
        };
        folders.insert(*id.as_bytes(), top);
    }
    for (number, id) in (TRASH + 1..).zip(&order) {
        // From the folder up to one whose key is known, and down again.
        let mut path = Vec::new();
        let mut at = *id;
        while !folders.contains_key(&at) {
            let row = rows
                .get(&at)
                .ok_or_else(|| lost("a folder above is not in the catalogue"))?;
            if path.len() > name::MAX_DEPTH {
                return Err(lost("folders of the catalogue lie in each other"));
            }
            path.push(at);
            at = row.0;
        }
        while let Some(id) = path.pop() {
            let above = folders.get(&at).map(|folder| folder.key.clone());
            let (Some(above), Some((parent, generation, wrapped))) = (above, rows.get(&id)) else {
                return Err(lost("a folder above is not in the catalogue"));
            };
            let folder = Folder {
                n: 0,
                parent: *parent,
                key: unwrap_key(&above, wrapped, &id, *generation)?,
            };
            folders.insert(id, folder);
            at = id;
        }
        if let Some(folder) = folders.get_mut(id) {
            folder.n = number;
        }
    }
    Ok(folders)
}

fn file_key(row: &Row, folders: &HashMap<[u8; 16], Folder>) -> Result<FileKey> {
    let folder = folders
        .get(&row.parent)
        .ok_or_else(|| lost("a folder of the catalogue is missing"))?;
    let node = unwrap_key(&folder.key, &row.key, &row.id, row.generation)?;
    let wrapped = row.file.as_ref().map(|file| file.key).unwrap_or([0; 60]);
    Ok(unwrap_file_key(&node, &wrapped, &row.id, row.generation)?)
}

/// The blocks of a file besides a bundle, with their lengths.
fn blocks(
    row: &Row,
    key: &FileKey,
    fetch: impl Fn(&[u8; 32]) -> Result<Bytes>,
) -> Result<Vec<([u8; 32], u64)>> {
    let Some(file) = &row.file else {
        return Ok(Vec::new());
    };
    let mut blocks = Vec::new();
    let manifest = match &file.body {
        Form::Empty | Form::Small { .. } => return Ok(blocks),
        Form::Inline(sealed) => webx_content::open_manifest(key, sealed)?,
        Form::Stored { digest, .. } => {
            let block = fetch(digest)?;
            blocks.push((*digest, block.len() as u64));
            webx_content::open_manifest(key, &block)?
        }
    };
    if manifest.size() != file.size {
        return Err(lost("a file of the catalogue has another size"));
    }
    match manifest {
        Manifest::Flat { segments, .. } => {
            blocks.extend(segments.iter().map(|s| (s.digest, block_len(s))));
        }
        Manifest::Paged { pages, .. } => {
            for page in pages {
                let block = fetch(&page.digest)?;
                let segments = open_segments(key, &page, &block)?;
                blocks.extend(segments.iter().map(|s| (s.digest, block_len(s))));
                blocks.push((page.digest, block.len() as u64));
            }
        }
        _ => return Err(lost("a list of segments has an unknown form")),
    }
    // Where the manifest stands is looked for from the end.
    if matches!(file.body, Form::Stored { .. }) && !blocks.is_empty() {
        blocks.rotate_left(1);
    }
    Ok(blocks)
}

/// Enters one node.
fn adopt(
    txn: &mut Txn<'_>,
    row: &Row,
    seq: i64,
    folders: &HashMap<[u8; 16], Folder>,
    bundle: &mut Option<([u8; 32], i64)>,
    adopted: &mut Adopted,
    fetch: impl Fn(&[u8; 32]) -> Result<Bytes>,
) -> Result<()> {
    let above = folders
        .get(&row.parent)
        .ok_or_else(|| lost("a folder of the catalogue is missing"))?;
    if name::check(&row.name)? != row.name {
        return Err(lost("a name of the catalogue breaks a rule"));
    }
    let origin = match row.origin {
        Some(origin) if above.n == TRASH => {
            Some(folders.get(&origin).map_or(ROOT, |folder| folder.n))
        }
        _ => None,
    };
    let mut entry = Entry {
        n: 0,
        id: NodeId::from_bytes(row.id),
        parent: above.n,
        kind: Kind::Folder,
        name: row.name.clone(),
        size: 0,
        modified: row.modified,
        created: row.created,
        born: seq,
        since: seq,
        versions: row.versions,
        content: None,
        shared: false,
        generation: row.generation,
        key: row.key.to_vec(),
        file_key: None,
        items: 0,
        origin,
    };
    match &row.file {
        None => {
            let own = folders.get(&row.id).map(|folder| (folder.n, folder.parent));
            let Some((n, _)) = own.filter(|(_, parent)| *parent == row.parent) else {
                return Err(lost("a folder of the catalogue is told of twice"));
            };
            entry.n = n;
            adopted.folders += 1;
        }
        Some(file) => {
            let key = file_key(row, folders)?;
            let draft = Draft {
                size: file.size,
                blocks: blocks(row, &key, fetch)?,
                file_key: key,
                lineage: None,
                body: body(&file.body),
                _hold: None,
            };
            txn.counters.node += 1;
            entry.n = txn.counters.node;
            entry.kind = Kind::File;
            entry.size = file.size;
            entry.shared = file.shared;
            entry.file_key = Some(file.key.to_vec());
            entry.content = Some(txn.add_content(&draft, bundle)?);
            adopted.files += 1;
            adopted.bytes = adopted.bytes.saturating_add(file.size);
        }
    }
    txn.insert_row(&entry)?;
    txn.count(above.n, 1);
    Ok(())
}

fn body(form: &format::Body) -> Body {
    match form {
        Form::Empty => Body::Empty,
        Form::Small {
            digest,
            block_len,
            place,
        } => Body::Small {
            digest: *digest,
            block_len: u64::from(*block_len),
            place: *place,
        },
        Form::Inline(sealed) => Body::Inline(sealed.clone()),
        Form::Stored { digest, .. } => Body::Stored(*digest),
    }
}
