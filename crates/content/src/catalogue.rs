//! The catalogue: a whole tree as sealed blocks, so that whoever has the root key and the blocks has everything.
//!
//! ```
//! use webx_content::{NodeKey, catalogue::{Entry, Listing, Paging, Root, open_list, open_page, open_root, seal_list, seal_root}};
//!
//! let key = NodeKey::from_bytes([7; 32]).catalogue_key()?;
//! let mut paging = Paging::new(&key);
//! let folder = Entry {
//!     id: [1; 16], parent: [0; 16], name: "Photos".into(), modified: 0, created: 0, versions: 0,
//!     generation: 1, key: [0; 60], origin: None, file: None,
//! };
//! assert!(paging.push(folder.clone())?.is_none(), "the page has room");
//! let page = paging.finish()?.expect("one page");
//! assert_eq!(open_page(&key, &page.block)?, [folder]);
//!
//! let list = seal_list(&key, &[page.digest])?;
//! let root = seal_root(&key, &Root { at: 0, nodes: 1, lists: vec![list.digest] })?;
//! assert_eq!(open_root(&key, &root.block)?.lists, [list.digest]);
//! # Ok::<(), webx_content::Error>(())
//! ```
//!
//! Entries are ordered by id. A page ends behind an entry whose id says so ([`ends_page`]), so that a change of one node
//! changes one page, its list and the root. The same page always gives the same block: its salt is a keyed fingerprint.
use bytes::Bytes;

use crate::{
    Error, FileKey, NodeKey, Place, WRAPPED_LEN,
    cbor::{Reader, Writer},
    manifest::{framed, limit_block, limited, read_multihash, unframed, version, write_multihash},
    sealed::{self, Label, OVERHEAD, derive},
    segment::{BLOCK_LEN, Mh, Salt, multihash_of_digest},
};

/// Pages in one list, and lists in a root, at most.
pub const MAX_PARTS: usize = 8192;
/// Entries of one page at most.
pub const PAGE_ENTRIES: usize = 4096;
/// Bytes of a name at most.
pub const MAX_NAME: usize = 255;
/// Bytes of a manifest that stands in its entry, at most.
pub const MAX_INLINE: usize = 4096;
/// A page is closed before it would be longer.
const PAGE_BYTES: usize = BLOCK_LEN - OVERHEAD - 1024;
/// Bytes an entry needs at least; a lying count is noticed before memory is taken.
const LEAST_ENTRY: usize = 100;
const FORMAT: u64 = 1;

/// A folder or file as the catalogue tells of it. Keys are wrapped, as in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name for good.
    pub id: [u8; 16],
    /// The folder it lies in.
    pub parent: [u8; 16],
    /// Its name, in the rules of the tree.
    pub name: String,
    /// Microseconds since 1970.
    pub modified: i64,
    /// Microseconds since 1970.
    pub created: i64,
    /// Versions written; 0 for a folder.
    pub versions: u64,
    /// Number of the node key.
    pub generation: u32,
    /// The node key, wrapped under the parent's.
    pub key: [u8; WRAPPED_LEN],
    /// Of something in the trash: the folder it came from.
    pub origin: Option<[u8; 16]>,
    /// What a file has more.
    pub file: Option<File>,
}

/// The bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The file key, wrapped under the node key.
    pub key: [u8; WRAPPED_LEN],
    /// Bytes of the file.
    pub size: u64,
    /// The file key seals content of another node, too.
    pub shared: bool,
    /// Where they are.
    pub body: Body,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// There are none.
    Empty,
    /// In a bundle.
    Small {
        /// BLAKE3-256 of the bundle.
        digest: [u8; 32],
        /// Bytes of the bundle.
        block_len: u32,
        /// Where in it.
        place: Place,
    },
    /// The sealed manifest itself.
    Inline(Vec<u8>),
    /// The block of the sealed manifest.
    Stored {
        /// Its BLAKE3-256.
        digest: [u8; 32],
        /// Its bytes.
        block_len: u32,
    },
}

/// The beginning of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// When the tree was so; microseconds since 1970.
    pub at: i64,
    /// Entries in all pages.
    pub nodes: u64,
    /// Blocks of lists, in order.
    pub lists: Vec<[u8; 32]>,
}

/// A block of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Its BLAKE3-256.
    pub digest: [u8; 32],
    /// The bytes to store.
    pub block: Bytes,
}

impl Listing {
    /// The name of the block.
    #[must_use]
    pub fn multihash(&self) -> Mh {
        multihash_of_digest(&self.digest)
    }
}

impl NodeKey {
    /// The key that seals the catalogue of the tree below the node that has this key.
    ///
    /// # Errors
    /// [`Error::Crypto`].
    pub fn catalogue_key(&self) -> Result<FileKey, Error> {
        let mut key = [0; 32];
        derive(self.bytes(), &[], b"webx/catalogue/v1", &mut key)?;
        Ok(FileKey::from_bytes(key))
    }
}

/// Whether a page ends behind the node with this id: one in 256 does.
#[must_use]
pub fn ends_page(id: &[u8; 16]) -> bool {
    blake3::hash(id).as_bytes().first() == Some(&0)
}

/// Cuts entries, which come ordered by id, into pages.
#[derive(Debug)]
pub struct Paging<'k> {
    key: &'k FileKey,
    entries: Writer,
    count: usize,
    last: Option<[u8; 16]>,
}

impl<'k> Paging<'k> {
    /// Begins with no entry.
    #[must_use]
    pub fn new(key: &'k FileKey) -> Self {
        Self {
            key,
            entries: Writer::default(),
            count: 0,
            last: None,
        }
    }

    /// Adds an entry. Gives the page that this closes.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the entry does not come behind the last one or breaks a limit; [`Error::Crypto`].
    #[allow(clippy::needless_pass_by_value)] // each entry is told once
    pub fn push(&mut self, entry: Entry) -> Result<Option<Listing>, Error> {
        if self.last.is_some_and(|last| last >= entry.id) {
            return Err(Error::malformed(PAGE, "the entries are not in order"));
        }
        let mut one = Writer::default();
        write_entry(&mut one, &entry)?;
        let full = self.count == PAGE_ENTRIES || self.entries.0.len() + one.0.len() > PAGE_BYTES;
        let mut closed = if full { self.finish()? } else { None };
        self.entries.0.extend_from_slice(&one.0);
        self.count += 1;
        self.last = Some(entry.id);
        // One push closes one page at most: behind a full one, this entry begins the next.
        if closed.is_none() && ends_page(&entry.id) {
            closed = self.finish()?;
        }
        Ok(closed)
    }

    /// The page that is open, if it has entries.
    ///
    /// # Errors
    /// [`Error::Crypto`].
    pub fn finish(&mut self) -> Result<Option<Listing>, Error> {
        if self.count == 0 {
            return Ok(None);
        }
        let mut page = Writer::default();
        page.map(2);
        page.text("v");
        page.uint(FORMAT);
        page.text("nodes");
        page.array(self.count);
        page.0.append(&mut self.entries.0);
        self.count = 0;
        seal(self.key, Label::CataloguePage, &page.0).map(Some)
    }
}

const PAGE: &str = "catalogue page";

fn write_entry(out: &mut Writer, entry: &Entry) -> Result<(), Error> {
    if entry.name.len() > MAX_NAME {
        return Err(Error::malformed(PAGE, "a name is too long"));
    }
    out.array(if entry.file.is_some() { 10 } else { 9 });
    out.bytes(&entry.id);
    out.bytes(&entry.parent);
    out.text(&entry.name);
    out.int(entry.modified);
    out.int(entry.created);
    out.uint(entry.versions);
    out.uint(u64::from(entry.generation));
    out.bytes(&entry.key);
    out.bytes(entry.origin.as_ref().map_or(&[], |origin| &origin[..]));
    let Some(file) = &entry.file else {
        return Ok(());
    };
    let more = match &file.body {
        Body::Empty => 0,
        Body::Small { .. } => 4,
        Body::Inline(_) => 1,
        Body::Stored { .. } => 2,
    };
    out.array(4 + more);
    out.bytes(&file.key);
    out.uint(file.size);
    out.uint(u64::from(file.shared));
    match &file.body {
        Body::Empty => out.uint(0),
        Body::Small {
            digest,
            block_len,
            place,
        } => {
            out.uint(1);
            write_multihash(out, digest);
            out.uint(u64::from(*block_len));
            out.uint(u64::from(place.offset));
            out.uint(u64::from(place.len));
        }
        Body::Inline(sealed) if sealed.len() > MAX_INLINE => {
            return Err(Error::malformed(PAGE, "a manifest in an entry is too long"));
        }
        Body::Inline(sealed) => {
            out.uint(2);
            out.bytes(sealed);
        }
        Body::Stored { digest, block_len } => {
            out.uint(3);
            write_multihash(out, digest);
            out.uint(u64::from(*block_len));
        }
    }
    Ok(())
}

fn read_entry(reader: &mut Reader<'_>) -> Result<Entry, Error> {
    let fields = reader.array()?;
    if fields != 9 && fields != 10 {
        return reader.fail("an entry has other fields");
    }
    let id = sized(reader)?;
    let parent = sized(reader)?;
    let name = reader.string(MAX_NAME)?.to_owned();
    let (modified, created) = (reader.int()?, reader.int()?);
    let versions = reader.uint()?;
    let generation = small(reader)?;
    let key = sized(reader)?;
    let origin = match reader.bytes()? {
        [] => None,
        bytes => match bytes.try_into() {
            Ok(origin) => Some(origin),
            Err(_) => return reader.fail("an id has not 16 bytes"),
        },
    };
    let file = if fields == 10 {
        Some(read_file(reader)?)
    } else {
        None
    };
    Ok(Entry {
        id,
        parent,
        name,
        modified,
        created,
        versions,
        generation,
        key,
        origin,
        file,
    })
}

fn read_file(reader: &mut Reader<'_>) -> Result<File, Error> {
    let fields = reader.array()?;
    let (key, size) = (sized(reader)?, reader.uint()?);
    let shared = match reader.uint()? {
        0 => false,
        1 => true,
        _ => return reader.fail("a mark is neither 0 nor 1"),
    };
    let body = match (reader.uint()?, fields) {
        (0, 4) if size == 0 => Body::Empty,
        (1, 8) => Body::Small {
            digest: read_multihash(reader)?,
            block_len: small(reader)?,
            place: Place {
                offset: small(reader)?,
                len: small(reader)?,
            },
        },
        (2, 5) => match reader.bytes()? {
            sealed if sealed.len() <= MAX_INLINE => Body::Inline(sealed.to_vec()),
            _ => return reader.fail("a manifest in an entry is too long"),
        },
        (3, 6) => Body::Stored {
            digest: read_multihash(reader)?,
            block_len: small(reader)?,
        },
        _ => return reader.fail("the bytes of a file have no known form"),
    };
    Ok(File {
        key,
        size,
        shared,
        body,
    })
}

fn sized<const N: usize>(reader: &mut Reader<'_>) -> Result<[u8; N], Error> {
    match reader.bytes()?.try_into() {
        Ok(bytes) => Ok(bytes),
        Err(_) => reader.fail("an id or a key has another length"),
    }
}

fn small(reader: &mut Reader<'_>) -> Result<u32, Error> {
    match u32::try_from(reader.uint()?) {
        Ok(value) => Ok(value),
        Err(_) => reader.fail("a number is too large"),
    }
}

/// Opens a page: its entries, ordered by id.
///
/// # Errors
/// [`Error::Unopened`] when it is damaged or of another tree, [`Error::Malformed`], [`Error::TooLarge`].
pub fn open_page(key: &FileKey, block: &[u8]) -> Result<Vec<Entry>, Error> {
    let plaintext = open(key, Label::CataloguePage, block)?;
    decode_page(unframed(&plaintext, PAGE)?)
}

pub(crate) fn decode_page(bytes: &[u8]) -> Result<Vec<Entry>, Error> {
    let mut reader = Reader::new(bytes, PAGE);
    version(&mut reader, 2)?;
    reader.key("nodes")?;
    let count = limited(&mut reader, PAGE_ENTRIES, PAGE, LEAST_ENTRY)?;
    let mut entries: Vec<Entry> = Vec::with_capacity(count);
    for _ in 0..count {
        let entry = read_entry(&mut reader)?;
        if entries.last().is_some_and(|last| last.id >= entry.id) {
            return reader.fail("the entries are not in order");
        }
        entries.push(entry);
    }
    reader.end()?;
    Ok(entries)
}

/// Seals a list of pages.
///
/// # Errors
/// [`Error::TooLarge`] over [`MAX_PARTS`]; [`Error::Crypto`].
pub fn seal_list(key: &FileKey, pages: &[[u8; 32]]) -> Result<Listing, Error> {
    let mut out = Writer::default();
    out.map(2);
    out.text("v");
    out.uint(FORMAT);
    write_parts(&mut out, "pages", pages)?;
    seal(key, Label::CatalogueList, &out.0)
}

/// Opens a list: the blocks of its pages.
///
/// # Errors
/// As [`open_page`].
pub fn open_list(key: &FileKey, block: &[u8]) -> Result<Vec<[u8; 32]>, Error> {
    const WHAT: &str = "catalogue list";
    let plaintext = open(key, Label::CatalogueList, block)?;
    let mut reader = Reader::new(unframed(&plaintext, WHAT)?, WHAT);
    version(&mut reader, 2)?;
    let pages = read_parts(&mut reader, "pages", WHAT)?;
    reader.end()?;
    Ok(pages)
}

/// Seals the root.
///
/// # Errors
/// [`Error::TooLarge`] over [`MAX_PARTS`] lists; [`Error::Crypto`].
pub fn seal_root(key: &FileKey, root: &Root) -> Result<Listing, Error> {
    let mut out = Writer::default();
    out.map(4);
    out.text("v");
    out.uint(FORMAT);
    out.text("at");
    out.int(root.at);
    write_parts(&mut out, "lists", &root.lists)?;
    out.text("nodes");
    out.uint(root.nodes);
    seal(key, Label::CatalogueRoot, &out.0)
}

/// Opens a root.
///
/// # Errors
/// As [`open_page`].
pub fn open_root(key: &FileKey, block: &[u8]) -> Result<Root, Error> {
    const WHAT: &str = "catalogue root";
    let plaintext = open(key, Label::CatalogueRoot, block)?;
    let mut reader = Reader::new(unframed(&plaintext, WHAT)?, WHAT);
    version(&mut reader, 4)?;
    reader.key("at")?;
    let at = reader.int()?;
    let lists = read_parts(&mut reader, "lists", WHAT)?;
    reader.key("nodes")?;
    let nodes = reader.uint()?;
    reader.end()?;
    Ok(Root { at, nodes, lists })
}

/// Seals where a catalogue begins and when the tree was so, to be kept beside the copies. The same head gives the same bytes.
///
/// # Errors
/// [`Error::Crypto`].
pub fn seal_head(key: &FileKey, root: &[u8; 32], at: i64) -> Result<Bytes, Error> {
    let mut out = Writer::default();
    out.map(3);
    out.text("v");
    out.uint(FORMAT);
    out.text("at");
    out.int(at);
    out.text("root");
    write_multihash(&mut out, root);
    Ok(seal(key, Label::Head, &out.0)?.block)
}

/// Opens a head: the digest of the catalogue's root, and the time.
///
/// # Errors
/// As [`open_page`].
pub fn open_head(key: &FileKey, sealed: &[u8]) -> Result<([u8; 32], i64), Error> {
    const WHAT: &str = "head";
    let plaintext = open(key, Label::Head, sealed)?;
    let mut reader = Reader::new(unframed(&plaintext, WHAT)?, WHAT);
    version(&mut reader, 3)?;
    reader.key("at")?;
    let at = reader.int()?;
    reader.key("root")?;
    let root = read_multihash(&mut reader)?;
    reader.end()?;
    Ok((root, at))
}

fn write_parts(out: &mut Writer, name: &str, parts: &[[u8; 32]]) -> Result<(), Error> {
    if parts.len() > MAX_PARTS {
        return Err(Error::TooLarge {
            what: "catalogue",
            len: parts.len() as u64,
            max: MAX_PARTS as u64,
        });
    }
    out.text(name);
    out.array(parts.len());
    for part in parts {
        write_multihash(out, part);
    }
    Ok(())
}

fn read_parts(
    reader: &mut Reader<'_>,
    name: &'static str,
    what: &'static str,
) -> Result<Vec<[u8; 32]>, Error> {
    reader.key(name)?;
    let count = limited(reader, MAX_PARTS, what, 36)?;
    (0..count).map(|_| read_multihash(reader)).collect()
}

/// Seals a part of a catalogue; the same part gives the same block.
fn seal(key: &FileKey, label: Label, content: &[u8]) -> Result<Listing, Error> {
    let plaintext = framed(content, true);
    let fingerprint = blake3::derive_key("webx/fingerprint/catalogue/v1", key.bytes());
    let mut hasher = blake3::Hasher::new_keyed(&fingerprint);
    hasher.update(label.info()).update(&plaintext);
    let mut salt: Salt = [0; 16];
    hasher.finalize_xof().fill(&mut salt);
    let mut block = Vec::new();
    sealed::seal_into(key, salt, label, &plaintext, &mut block)?;
    Ok(Listing {
        digest: *blake3::hash(&block).as_bytes(),
        block: block.into(),
    })
}

fn open(key: &FileKey, label: Label, block: &[u8]) -> Result<Vec<u8>, Error> {
    limit_block(block)?;
    sealed::open(key, label, block)
}

#[cfg(test)]
mod tests;
