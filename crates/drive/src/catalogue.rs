//! The catalogue of the drive: its tree as sealed blocks beside those of the files, so that the 24 words and the blocks
//! are enough. Made anew in the background when the tree has changed; unchanged pages are the same blocks.
use rusqlite::{Connection, OptionalExtension, Row, params};
use time::OffsetDateTime;
use webx_content::{
    FileKey, Place, WRAPPED_LEN,
    catalogue::{
        Body, Entry, File, Listing, MAX_PARTS, Paging, Root, open_head, open_list, open_root,
        seal_head, seal_list, seal_root,
    },
};
use webx_vault::{BlockStore as _, Durability, kept};

use crate::{
    Drive, Error, Result,
    counters::Counters,
    drive::Inner,
    flight::Hold,
    node::{from_micros, to_micros},
    schema::{TRASH, form},
};

/// In whose name the vault keeps the blocks of the catalogue.
const OWNER: &[u8] = b"drive/catalogue";

/// The catalogue that was made last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Catalogue {
    /// BLAKE3-256 of its root block.
    pub root: [u8; 32],
    /// When the tree was so.
    pub at: OffsetDateTime,
    /// Folders and files in it, the trash included.
    pub nodes: u64,
    /// Whether the tree has not changed since.
    pub current: bool,
}

impl Drive {
    /// The catalogue that was made last, if any.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn catalogue(&self) -> Result<Option<Catalogue>> {
        self.0.read(last)
    }

    /// Makes the catalogue of the tree as it is now and keeps its blocks in the place of the last one's. Does nothing when
    /// the tree has not changed. `go_on` is asked now and then; `false` ends it with nothing changed.
    ///
    /// # Errors
    /// [`Error::Stopped`], [`Error::Vault`].
    pub fn make_catalogue(&self, go_on: impl Fn() -> bool) -> Result<Catalogue> {
        let inner = &self.0;
        if let Some(last) = inner.read(last)?
            && last.current
        {
            return Ok(last);
        }
        let key = inner.root_key()?.catalogue_key()?;
        let hold = inner.hold()?;
        let mut made = Made {
            inner,
            hold: &hold,
            pages: Vec::new(),
            blocks: Vec::new(),
        };
        // One state of the tree, however long it takes to read.
        let (seq, at, nodes) = inner.read(|conn| made.pages(conn, &key, &go_on))?;
        let mut lists = Vec::new();
        for pages in std::mem::take(&mut made.pages).chunks(MAX_PARTS) {
            let list = seal_list(&key, pages)?;
            lists.push(list.digest);
            made.store(list)?;
        }
        let root = seal_root(&key, &Root { at, nodes, lists })?;
        let digest = root.digest;
        made.store(root)?;
        let blocks = made.blocks;
        inner.blocks().sync()?;
        inner.db().write(|tx| -> Result<()> {
            kept::release(tx, OWNER)?;
            kept::keep(tx, OWNER, blocks.iter().map(|(digest, _)| digest))?;
            tx.execute("DELETE FROM drive_catalogue_block", [])?;
            let mut add = tx.prepare_cached(
                "INSERT INTO drive_catalogue_block (digest, len) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?;
            for (digest, len) in &blocks {
                add.execute(params![digest, *len as i64])?;
            }
            tx.execute(
                "INSERT OR REPLACE INTO drive_catalogue (one, seq, at, root, nodes) VALUES (1, ?1, ?2, ?3, ?4)",
                params![seq, at, digest, nodes as i64],
            )?;
            Ok(())
        })?;
        let current = inner.read(last)?.is_some_and(|last| last.current);
        Ok(Catalogue {
            root: digest,
            at: from_micros(at),
            nodes,
            current,
        })
    }

    /// Where a catalogue begins, sealed so that the root key opens it: what is kept beside the copies of the blocks.
    ///
    /// # Errors
    /// [`Error::Vault`] after [`Drive::close`].
    pub fn seal_head(&self, catalogue: &Catalogue) -> Result<bytes::Bytes> {
        let key = self.0.root_key()?.catalogue_key()?;
        Ok(seal_head(&key, &catalogue.root, to_micros(catalogue.at))?)
    }

    /// Opens a head of a drive with this root key: the digest of the catalogue's root, and when the tree was so.
    ///
    /// # Errors
    /// [`Error::Content`] when it is of another drive or damaged.
    pub fn open_head(&self, head: &[u8]) -> Result<([u8; 32], OffsetDateTime)> {
        let (root, at) = open_head(&self.0.root_key()?.catalogue_key()?, head)?;
        Ok((root, from_micros(at)))
    }

    /// Blocks that a copy of the drive needs, by digest, with their lengths: those behind `after`, at most `limit`. The
    /// catalogue's are among them, and those of older versions and of the trash.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn blocks_after(
        &self,
        after: Option<&[u8; 32]>,
        limit: u32,
    ) -> Result<Vec<([u8; 32], u64)>> {
        const SQL: &str = "SELECT digest, len FROM (\
             SELECT digest, len FROM (SELECT digest, len FROM drive_block WHERE digest > ?1 ORDER BY digest LIMIT ?2) \
             UNION SELECT digest, len FROM (SELECT digest, len FROM drive_catalogue_block WHERE digest > ?1 ORDER BY digest LIMIT ?2)\
             ) ORDER BY digest LIMIT ?2";
        let after: &[u8] = after.map_or(&[], |digest| digest);
        self.0.read(|conn| {
            let mut statement = conn.prepare_cached(SQL)?;
            let rows = statement.query_map(params![after, limit], |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Whether the tree or its catalogue needs a block.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn needs_block(&self, digest: &[u8; 32]) -> Result<bool> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM drive_block WHERE digest = ?1) \
             OR EXISTS (SELECT 1 FROM drive_catalogue_block WHERE digest = ?1)";
        self.0.read(|conn| {
            Ok(conn
                .prepare_cached(SQL)?
                .query_row([digest], |row| row.get(0))?)
        })
    }

    /// A sealed block that is here, its hash checked; from elsewhere ([`Drive::set_exchange`]) when it is lost here.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is nowhere, [`Error::Vault`].
    pub fn sealed_block(&self, digest: &[u8; 32]) -> Result<bytes::Bytes> {
        self.0.block(digest)
    }
}

/// The row of the last catalogue.
fn last(conn: &Connection) -> Result<Option<Catalogue>> {
    let seq = Counters::load(conn)?.seq;
    let row = conn
        .prepare_cached("SELECT root, at, nodes, seq FROM drive_catalogue")?
        .query_row([], |row| {
            Ok(Catalogue {
                root: row.get(0)?,
                at: from_micros(row.get(1)?),
                nodes: row.get::<_, i64>(2)? as u64,
                current: row.get::<_, i64>(3)? == seq,
            })
        })
        .optional()?;
    Ok(row)
}

/// What is made of a catalogue so far.
struct Made<'a> {
    inner: &'a Inner,
    hold: &'a Hold,
    pages: Vec<[u8; 32]>,
    blocks: Vec<([u8; 32], u64)>,
}

impl Made<'_> {
    fn store(&mut self, listing: Listing) -> Result<()> {
        self.hold.add(listing.digest);
        self.blocks
            .push((listing.digest, listing.block.len() as u64));
        let one = [(listing.multihash(), listing.block)];
        Ok(self.inner.blocks().put_many(&one, Durability::Buffered)?)
    }

    /// Writes all pages. Gives the number of the last change, the time of it, and how many nodes there are.
    fn pages(
        &mut self,
        conn: &Connection,
        key: &FileKey,
        go_on: &dyn Fn() -> bool,
    ) -> Result<(i64, i64, u64)> {
        let counters = Counters::load(conn)?;
        let mut paging = Paging::new(key);
        let mut nodes = 0;
        let mut statement = conn.prepare_cached(SELECT)?;
        let mut rows = statement.query([TRASH])?;
        while let Some(row) = rows.next()? {
            nodes += 1;
            if let Some(page) = paging.push(entry(row)?)? {
                if !go_on() {
                    return Err(Error::Stopped);
                }
                self.pages.push(page.digest);
                self.store(page)?;
            }
        }
        if let Some(page) = paging.finish()? {
            self.pages.push(page.digest);
            self.store(page)?;
        }
        Ok((counters.seq, counters.at, nodes))
    }
}

const SELECT: &str = "SELECT d.id, p.id, d.name, d.modified, d.created, d.versions, d.generation, d.key, \
     (SELECT id FROM drive_node o WHERE o.n = d.origin), d.kind, d.file_key, d.size, d.shared, \
     c.form, b.digest, b.len, c.place, c.len, c.manifest \
     FROM drive_node d JOIN drive_node p ON p.n = d.parent \
     LEFT JOIN drive_content c ON c.c = d.content LEFT JOIN drive_block b ON b.b = c.block \
     WHERE d.n > ?1 ORDER BY d.id";

fn entry(row: &Row<'_>) -> Result<Entry> {
    let name: String = row.get(2)?;
    let damaged = || Error::Damaged {
        path: name.clone(),
        what: "its entry in the tables is incomplete".into(),
    };
    let wrapped = |column| -> Result<[u8; WRAPPED_LEN]> {
        let key: Option<Vec<u8>> = row.get(column)?;
        key.unwrap_or_default().try_into().map_err(|_| damaged())
    };
    let file = if row.get::<_, i64>(9)? == 0 {
        None
    } else {
        let form: Option<i64> = row.get(13)?;
        let (digest, block_len) = (
            row.get::<_, Option<[u8; 32]>>(14)?,
            row.get::<_, Option<u32>>(15)?,
        );
        let body = match (form, digest, block_len) {
            (Some(form::EMPTY), _, _) => Body::Empty,
            (Some(form::SMALL), Some(digest), Some(block_len)) => Body::Small {
                digest,
                block_len,
                place: Place {
                    offset: row.get(16)?,
                    len: row.get(17)?,
                },
            },
            (Some(form::INLINE), _, _) => {
                Body::Inline(row.get::<_, Option<_>>(18)?.ok_or_else(damaged)?)
            }
            (Some(form::STORED), Some(digest), Some(block_len)) => {
                Body::Stored { digest, block_len }
            }
            _ => return Err(damaged()),
        };
        Some(File {
            key: wrapped(10)?,
            size: row.get::<_, i64>(11)? as u64,
            shared: row.get::<_, i64>(12)? != 0,
            body,
        })
    };
    Ok(Entry {
        id: row.get(0)?,
        parent: row.get(1)?,
        modified: row.get(3)?,
        created: row.get(4)?,
        versions: row.get::<_, i64>(5)? as u64,
        generation: row.get(6)?,
        key: wrapped(7)?,
        origin: row.get(8)?,
        file,
        name,
    })
}

/// A catalogue that is read: the root and its pages in order.
pub(crate) struct Pages {
    pub(crate) root: Root,
    pub(crate) pages: Vec<[u8; 32]>,
}

/// Reads the root and the lists of a catalogue. `block` gives each block and makes sure that it is stored.
pub(crate) fn open(
    key: &FileKey,
    root: &[u8; 32],
    mut block: impl FnMut(&[u8; 32]) -> Result<bytes::Bytes>,
) -> Result<Pages> {
    let root = open_root(key, &block(root)?)?;
    let mut pages = Vec::new();
    for list in &root.lists {
        pages.extend(open_list(key, &block(list)?)?);
    }
    Ok(Pages { root, pages })
}
