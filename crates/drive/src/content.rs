//! The bytes of versions: what a writer hands to a change, and how the tables keep it.
use std::{collections::HashSet, sync::Arc};

use rusqlite::{Connection, OptionalExtension, params};
use webx_content::{
    BLOCK_LEN, FileKey, Manifest, PAGE_SEGMENTS, Place, SEGMENT_LEN, Segment, multihash_of_digest,
    open_manifest, padme, seal_manifest, seal_manifest_inline, seal_page,
};
use webx_vault::{BlockStore, Durability};

use crate::{Error, Result, drive::Inner, flight::Hold, random, schema::form, txn::Txn};

/// Segments up to which a manifest is kept in its row.
const INLINE_SEGMENTS: usize = 16;

/// Where the bytes of a version are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// The file has none.
    Empty,
    /// In a bundle.
    Small {
        digest: [u8; 32],
        block_len: u64,
        place: Place,
    },
    /// The sealed manifest itself.
    Inline(Vec<u8>),
    /// The block of the sealed manifest.
    Stored([u8; 32]),
}

/// A version that is stored but not yet part of the tree.
pub(crate) struct Draft {
    pub(crate) size: u64,
    pub(crate) file_key: FileKey,
    /// The row whose file key this is, where it was not made for this version.
    pub(crate) lineage: Option<i64>,
    pub(crate) body: Body,
    /// Blocks besides a bundle, with their lengths.
    pub(crate) blocks: Vec<([u8; 32], u64)>,
    /// Keeps the blocks until the draft is committed or dropped.
    pub(crate) _hold: Option<Arc<Hold>>,
}

/// A row of `drive_content`.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) size: u64,
    pub(crate) body: Body,
}

impl Draft {
    /// A file without bytes.
    pub(crate) fn empty(file_key: FileKey, lineage: Option<i64>) -> Draft {
        Draft {
            size: 0,
            file_key,
            lineage,
            body: Body::Empty,
            blocks: Vec::new(),
            _hold: None,
        }
    }
}

/// Bytes of the block of a segment.
pub(crate) fn block_len(segment: &Segment) -> u64 {
    padme(u64::from(segment.len)).min(SEGMENT_LEN as u64) + (BLOCK_LEN - SEGMENT_LEN) as u64
}

/// Seals the manifest of all segments of a file and stores what of it does not fit the row.
pub(crate) fn finish_segments(
    inner: &Inner,
    file_key: FileKey,
    lineage: Option<i64>,
    segments: Vec<Segment>,
    hold: Arc<Hold>,
) -> Result<Draft> {
    let mut blocks: Vec<([u8; 32], u64)> = segments
        .iter()
        .map(|segment| (segment.digest, block_len(segment)))
        .collect();
    let mut put = |block: bytes::Bytes, digest: [u8; 32]| -> Result<()> {
        hold.add(digest);
        blocks.push((digest, block.len() as u64));
        inner.blocks().put_many(
            &[(multihash_of_digest(&digest), block)],
            Durability::Buffered,
        )?;
        Ok(())
    };
    let inline = segments.len() <= INLINE_SEGMENTS;
    let manifest = if segments.len() <= PAGE_SEGMENTS {
        Manifest::flat(segments)?
    } else {
        let mut pages = Vec::new();
        for segments in segments.chunks(PAGE_SEGMENTS) {
            let (page, block) = seal_page(&file_key, salt()?, segments)?;
            put(block, page.digest)?;
            pages.push(page);
        }
        Manifest::paged(pages)?
    };
    let size = manifest.size();
    let body = if inline {
        Body::Inline(seal_manifest_inline(&file_key, salt()?, &manifest)?)
    } else {
        let block = seal_manifest(&file_key, salt()?, &manifest)?;
        let digest = digest_of(&block);
        put(block, digest)?;
        Body::Stored(digest)
    };
    Ok(Draft {
        size,
        file_key,
        lineage,
        body,
        blocks,
        _hold: Some(hold),
    })
}

pub(crate) fn digest_of(block: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(webx_content::multihash_of(block).digest());
    digest
}

pub(crate) fn salt() -> Result<[u8; 16]> {
    let mut salt = [0; 16];
    random(&mut salt)?;
    Ok(salt)
}

impl Inner {
    /// The opened manifest of a content that has segments.
    pub(crate) fn manifest(&self, body: &Body, key: &FileKey) -> Result<Option<Manifest>> {
        match body {
            Body::Empty | Body::Small { .. } => Ok(None),
            Body::Inline(sealed) => Ok(Some(open_manifest(key, sealed)?)),
            Body::Stored(digest) => Ok(Some(open_manifest(key, &self.block(digest)?)?)),
        }
    }
}

impl Txn<'_> {
    /// The row of a block; made when it is new.
    pub(crate) fn block(&mut self, digest: &[u8; 32], len: u64) -> Result<i64> {
        let known = self
            .conn
            .prepare_cached("SELECT b FROM drive_block WHERE digest = ?1")?
            .query_row([digest], |row| row.get(0))
            .optional()?;
        if let Some(b) = known {
            return Ok(b);
        }
        self.counters.block += 1;
        self.counters.stored += len as i64;
        self.conn
            .prepare_cached("INSERT INTO drive_block (b, digest, len) VALUES (?1, ?2, ?3)")?
            .execute(params![self.counters.block, digest, len as i64])?;
        Ok(self.counters.block)
    }

    /// Enters a stored version into the tables. `bundle` is the row of the last small file's bundle, to save look-ups.
    pub(crate) fn add_content(
        &mut self,
        draft: &Draft,
        bundle: &mut Option<([u8; 32], i64)>,
    ) -> Result<i64> {
        let (form, block, place, manifest) = match &draft.body {
            Body::Empty => (form::EMPTY, None, None, None),
            Body::Small {
                digest,
                block_len,
                place,
            } => {
                let b = match bundle {
                    Some((last, b)) if last == digest => *b,
                    _ => {
                        let b = self.block(digest, *block_len)?;
                        *bundle = Some((*digest, b));
                        b
                    }
                };
                (form::SMALL, Some(b), Some(*place), None)
            }
            Body::Inline(sealed) => (form::INLINE, None, None, Some(sealed.as_slice())),
            Body::Stored(digest) => {
                let len = draft
                    .blocks
                    .iter()
                    .rev()
                    .find(|(other, _)| other == digest)
                    .map_or(0, |(_, len)| *len);
                (form::STORED, Some(self.block(digest, len)?), None, None)
            }
        };
        self.counters.content += 1;
        let c = self.counters.content;
        self.conn
            .prepare_cached(
                "INSERT INTO drive_content (c, nodes, form, size, block, place, len, manifest) \
                 VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                c,
                form,
                draft.size as i64,
                block,
                place.map(|place| place.offset),
                place.map(|place| place.len),
                manifest
            ])?;
        let mut seen = HashSet::new();
        for (digest, len) in &draft.blocks {
            if !seen.insert(digest) {
                continue;
            }
            let b = self.block(digest, *len)?;
            self.conn
                .prepare_cached("INSERT INTO drive_content_block (content, block) VALUES (?1, ?2)")?
                .execute([c, b])?;
        }
        Ok(c)
    }

    /// One more node holds a content.
    pub(crate) fn hold_content(&self, c: i64) -> Result<()> {
        self.conn
            .prepare_cached("UPDATE drive_content SET nodes = nodes + 1 WHERE c = ?1")?
            .execute([c])?;
        Ok(())
    }

    /// One node less holds a content; with the last its row goes, and the rows of blocks that nothing else needs.
    pub(crate) fn drop_content(&mut self, c: i64) -> Result<()> {
        self.conn
            .prepare_cached("UPDATE drive_content SET nodes = nodes - 1 WHERE c = ?1")?
            .execute([c])?;
        let gone = self
            .conn
            .prepare_cached(
                "DELETE FROM drive_content WHERE c = ?1 AND nodes <= 0 RETURNING form, block",
            )?
            .query_row([c], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?))
            })
            .optional()?;
        let Some((form, block)) = gone else {
            return Ok(());
        };
        let mut blocks: Vec<i64> = self
            .conn
            .prepare_cached("DELETE FROM drive_content_block WHERE content = ?1 RETURNING block")?
            .query_map([c], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if form == form::SMALL {
            blocks.extend(block);
        }
        for b in blocks {
            self.drop_block(b)?;
        }
        Ok(())
    }

    /// Removes the row of a block that nothing needs any more.
    pub(crate) fn drop_block(&mut self, b: i64) -> Result<()> {
        let len: Option<i64> = self
            .conn
            .prepare_cached(
                "DELETE FROM drive_block WHERE b = ?1 \
                 AND NOT EXISTS (SELECT 1 FROM drive_content_block WHERE block = ?1) \
                 AND NOT EXISTS (SELECT 1 FROM drive_content WHERE block = ?1 AND form = 1) RETURNING len",
            )?
            .query_row([b], |row| row.get(0))
            .optional()?;
        self.counters.stored -= len.unwrap_or(0);
        Ok(())
    }
}

/// The row of a content.
pub(crate) fn content(conn: &Connection, c: i64) -> Result<Content> {
    let mut statement = conn.prepare_cached(
        "SELECT form, size, digest, b.len, place, drive_content.len, manifest \
         FROM drive_content LEFT JOIN drive_block b ON b.b = block WHERE c = ?1",
    )?;
    let row = statement
        .query_row([c], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)? as u64,
                row.get::<_, Option<[u8; 32]>>(2)?,
                row.get::<_, Option<i64>>(3)?,
                row.get::<_, Option<u32>>(4)?,
                row.get::<_, Option<u32>>(5)?,
                row.get::<_, Option<Vec<u8>>>(6)?,
            ))
        })
        .optional()?;
    let damaged = || Error::Damaged {
        path: String::new(),
        what: "its entry in the tables is incomplete".into(),
    };
    let (form, size, digest, block_len, offset, len, manifest) = row.ok_or_else(damaged)?;
    let body = match (form, digest, manifest) {
        (form::EMPTY, _, _) => Body::Empty,
        (form::SMALL, Some(digest), _) => Body::Small {
            digest,
            block_len: block_len.unwrap_or_default() as u64,
            place: Place {
                offset: offset.ok_or_else(damaged)?,
                len: len.ok_or_else(damaged)?,
            },
        },
        (form::INLINE, _, Some(sealed)) => Body::Inline(sealed),
        (form::STORED, Some(digest), _) => Body::Stored(digest),
        _ => return Err(damaged()),
    };
    Ok(Content { size, body })
}
