use bytes::Bytes;

use crate::{
    Error, FileKey,
    cbor::{Reader, Writer},
    padme,
    sealed::{self, Label, OVERHEAD},
    segment::{BLOCK_LEN, Mh, SEGMENT_LEN, Salt, Segment, multihash_of_digest},
};

/// Segments in one page, and in a manifest without pages, at most.
pub const PAGE_SEGMENTS: usize = 8192;
/// Pages of a manifest at most: files reach 64 TiB.
pub const MAX_PAGES: usize = 8192;
const FORMAT: u64 = 1;
const PREFIX: &[u8] = &[0x1e, 0x20];

/// A run of [`PAGE_SEGMENTS`] segments (the last page may be shorter), kept in a block of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// BLAKE3-256 of the page's block.
    pub digest: [u8; 32],
    /// Bytes of the file in the page's segments.
    pub len: u64,
}

impl Page {
    /// The name of the page's block.
    #[must_use]
    pub fn multihash(&self) -> Mh {
        multihash_of_digest(&self.digest)
    }
}

/// The size of a file and where its bytes are, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Manifest {
    /// At most [`PAGE_SEGMENTS`] segments.
    Flat {
        /// Bytes of the file.
        size: u64,
        /// All segments; all but the last are full.
        segments: Vec<Segment>,
    },
    /// More segments, in pages.
    Paged {
        /// Bytes of the file.
        size: u64,
        /// All pages; all but the last are full.
        pages: Vec<Page>,
    },
}

impl Manifest {
    /// A manifest of the given segments.
    ///
    /// # Errors
    /// [`Error::Malformed`] when a segment but the last is not full, [`Error::TooLarge`] when pages are needed.
    pub fn flat(segments: Vec<Segment>) -> Result<Manifest, Error> {
        let size = check_segments(&segments, "manifest")?;
        Ok(Manifest::Flat { size, segments })
    }

    /// A manifest of the given pages.
    ///
    /// # Errors
    /// [`Error::Malformed`] when a page but the last is not full, [`Error::TooLarge`] when there are too many.
    pub fn paged(pages: Vec<Page>) -> Result<Manifest, Error> {
        let size = check_pages(&pages)?;
        Ok(Manifest::Paged { size, pages })
    }

    /// Bytes of the file.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Manifest::Flat { size, .. } | Manifest::Paged { size, .. } => *size,
        }
    }

    /// The canonical DAG-CBOR of the manifest.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.map(3);
        out.text("v");
        out.uint(FORMAT);
        match self {
            Manifest::Flat { size, segments } => {
                write_segments(&mut out, segments);
                out.text("size");
                out.uint(*size);
            }
            Manifest::Paged { size, pages } => {
                out.text("size");
                out.uint(*size);
                out.text("pages");
                out.array(pages.len());
                for page in pages {
                    out.array(2);
                    write_multihash(&mut out, &page.digest);
                    out.uint(page.len);
                }
            }
        }
        out.0
    }

    /// Reads what [`Manifest::encode`] writes, and nothing else.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::TooLarge`].
    pub fn decode(bytes: &[u8]) -> Result<Manifest, Error> {
        let mut flat = Reader::new(bytes, "manifest");
        version(&mut flat, 3)?;
        let mut paged = Reader::new(bytes, "manifest");
        version(&mut paged, 3)?;
        if flat.key("segs").is_ok() {
            let segments = read_segments(&mut flat)?;
            flat.key("size")?;
            let size = flat.uint()?;
            flat.end()?;
            if size != check_segments(&segments, "manifest")? {
                return flat.fail("its size is not that of its segments");
            }
            return Ok(Manifest::Flat { size, segments });
        }
        paged.key("size")?;
        let size = paged.uint()?;
        paged.key("pages")?;
        let count = limited(&mut paged, MAX_PAGES, "manifest", 37)?;
        let mut pages = Vec::with_capacity(count);
        for _ in 0..count {
            if paged.array()? != 2 {
                return paged.fail("a page has other fields");
            }
            pages.push(Page {
                digest: read_multihash(&mut paged)?,
                len: paged.uint()?,
            });
        }
        paged.end()?;
        if size != check_pages(&pages)? {
            return paged.fail("its size is not that of its pages");
        }
        Ok(Manifest::Paged { size, pages })
    }
}

pub(crate) fn version(reader: &mut Reader<'_>, fields: u64) -> Result<(), Error> {
    if reader.map()? != fields {
        return reader.fail("it has other fields");
    }
    reader.key("v")?;
    if reader.uint()? == FORMAT {
        Ok(())
    } else {
        reader.fail("it is of a version this program does not know")
    }
}

/// Reads an array length; each entry needs `least` bytes, so a lying length is noticed before memory is taken.
pub(crate) fn limited(
    reader: &mut Reader<'_>,
    max: usize,
    what: &'static str,
    least: usize,
) -> Result<usize, Error> {
    let len = reader.array()?;
    if len > max as u64 {
        return Err(Error::TooLarge {
            what,
            len,
            max: max as u64,
        });
    }
    if len as usize * least > reader.left() {
        reader.fail("it ends too early")
    } else {
        Ok(len as usize)
    }
}

pub(crate) fn write_multihash(out: &mut Writer, digest: &[u8; 32]) {
    let mut multihash = [0; 34];
    let (prefix, rest) = multihash.split_at_mut(2);
    prefix.copy_from_slice(PREFIX);
    rest.copy_from_slice(digest);
    out.bytes(&multihash);
}

pub(crate) fn read_multihash(reader: &mut Reader<'_>) -> Result<[u8; 32], Error> {
    let digest = reader
        .bytes()?
        .strip_prefix(PREFIX)
        .and_then(|digest| <[u8; 32]>::try_from(digest).ok());
    match digest {
        Some(digest) => Ok(digest),
        None => reader.fail("a block is not named by a BLAKE3-256 multihash"),
    }
}

fn write_segments(out: &mut Writer, segments: &[Segment]) {
    out.0.reserve(segments.len() * 60 + 16);
    out.text("segs");
    out.array(segments.len());
    for segment in segments {
        out.array(3);
        write_multihash(out, &segment.digest);
        out.bytes(&segment.salt);
        out.uint(u64::from(segment.len));
    }
}

fn read_segments(reader: &mut Reader<'_>) -> Result<Vec<Segment>, Error> {
    let count = limited(reader, PAGE_SEGMENTS, "list of segments", 55)?;
    let mut segments = Vec::with_capacity(count);
    for _ in 0..count {
        if reader.array()? != 3 {
            return reader.fail("a segment has other fields");
        }
        let digest = read_multihash(reader)?;
        let Ok(salt) = Salt::try_from(reader.bytes()?) else {
            return reader.fail("a salt has not 16 bytes");
        };
        let Ok(len) = u32::try_from(reader.uint()?) else {
            return reader.fail("a segment is too long");
        };
        segments.push(Segment { digest, salt, len });
    }
    Ok(segments)
}

fn check_segments(segments: &[Segment], what: &'static str) -> Result<u64, Error> {
    if segments.len() > PAGE_SEGMENTS {
        return Err(Error::TooLarge {
            what,
            len: segments.len() as u64,
            max: PAGE_SEGMENTS as u64,
        });
    }
    let Some((last, full)) = segments.split_last() else {
        return Err(Error::malformed(what, "it has no segment"));
    };
    if full
        .iter()
        .any(|segment| segment.len as usize != SEGMENT_LEN)
    {
        return Err(Error::malformed(
            what,
            "a segment before the last is not full",
        ));
    }
    if last.len == 0 || last.len as usize > SEGMENT_LEN {
        return Err(Error::malformed(
            what,
            "the last segment is empty or too long",
        ));
    }
    Ok(full.len() as u64 * SEGMENT_LEN as u64 + u64::from(last.len))
}

fn check_pages(pages: &[Page]) -> Result<u64, Error> {
    const FULL: u64 = PAGE_SEGMENTS as u64 * SEGMENT_LEN as u64;
    let what = "manifest";
    if pages.len() > MAX_PAGES {
        return Err(Error::TooLarge {
            what,
            len: pages.len() as u64,
            max: MAX_PAGES as u64,
        });
    }
    let Some((last, full)) = pages.split_last() else {
        return Err(Error::malformed(what, "it has no page"));
    };
    if full.is_empty() {
        return Err(Error::malformed(what, "one page is no reason for pages"));
    }
    if full.iter().any(|page| page.len != FULL) || last.len == 0 || last.len > FULL {
        return Err(Error::malformed(
            what,
            "a page before the last is not full, or the last is empty or too long",
        ));
    }
    Ok(full.len() as u64 * FULL + last.len)
}

pub(crate) fn encode_page(segments: &[Segment]) -> Vec<u8> {
    let mut out = Writer::default();
    out.map(2);
    out.text("v");
    out.uint(FORMAT);
    write_segments(&mut out, segments);
    out.0
}

pub(crate) fn decode_page(bytes: &[u8]) -> Result<Vec<Segment>, Error> {
    let mut reader = Reader::new(bytes, "manifest page");
    version(&mut reader, 2)?;
    reader.key("segs")?;
    let segments = read_segments(&mut reader)?;
    reader.end()?;
    check_segments(&segments, "manifest page")?;
    Ok(segments)
}

/// `length (4, little endian) ‖ content ‖ zeros` up to the Padmé length of a block, or without zeros when inline.
pub(crate) fn framed(content: &[u8], pad: bool) -> Vec<u8> {
    let len = content.len() + 4;
    let padded = if pad {
        (padme(len as u64) as usize).clamp(len, (BLOCK_LEN - OVERHEAD).max(len))
    } else {
        len
    };
    let mut out = Vec::with_capacity(padded);
    out.extend_from_slice(&(content.len() as u32).to_le_bytes());
    out.extend_from_slice(content);
    out.resize(padded, 0);
    out
}

pub(crate) fn unframed<'a>(plaintext: &'a [u8], what: &'static str) -> Result<&'a [u8], Error> {
    let short = || Error::malformed(what, "it ends too early");
    let (len, rest) = plaintext.split_first_chunk::<4>().ok_or_else(short)?;
    let (content, padding) = rest
        .split_at_checked(u32::from_le_bytes(*len) as usize)
        .ok_or_else(short)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(Error::malformed(what, "its padding is not zero"));
    }
    Ok(content)
}

fn seal(
    file_key: &FileKey,
    salt: Salt,
    label: Label,
    content: &[u8],
    pad: bool,
) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    sealed::seal_into(file_key, salt, label, &framed(content, pad), &mut out)?;
    Ok(out)
}

/// Seals a manifest as a block, padded. `salt` must be random.
///
/// # Errors
/// [`Error::Crypto`].
pub fn seal_manifest(file_key: &FileKey, salt: Salt, manifest: &Manifest) -> Result<Bytes, Error> {
    seal(file_key, salt, Label::Manifest, &manifest.encode(), true).map(Bytes::from)
}

/// Seals a manifest to be kept beside the file's name, without padding. `salt` must be random.
///
/// # Errors
/// [`Error::Crypto`].
pub fn seal_manifest_inline(
    file_key: &FileKey,
    salt: Salt,
    manifest: &Manifest,
) -> Result<Vec<u8>, Error> {
    seal(file_key, salt, Label::Manifest, &manifest.encode(), false)
}

/// Opens a sealed manifest, block or inline.
///
/// # Errors
/// [`Error::Unopened`] when it is damaged or belongs to another file, [`Error::Malformed`] when its content breaks the
/// format.
pub fn open_manifest(file_key: &FileKey, sealed: &[u8]) -> Result<Manifest, Error> {
    limit_block(sealed)?;
    Manifest::decode(unframed(
        &sealed::open(file_key, Label::Manifest, sealed)?,
        "manifest",
    )?)
}

/// Seals a page of segments as a block. `salt` must be random.
///
/// # Errors
/// [`Error::Malformed`] when a segment but the last is not full, [`Error::TooLarge`].
pub fn seal_page(
    file_key: &FileKey,
    salt: Salt,
    segments: &[Segment],
) -> Result<(Page, Bytes), Error> {
    let len = check_segments(segments, "manifest page")?;
    let block = seal(file_key, salt, Label::Page, &encode_page(segments), true)?;
    Ok((
        Page {
            digest: *blake3::hash(&block).as_bytes(),
            len,
        },
        Bytes::from(block),
    ))
}

/// Opens the block of a page and checks that it holds as many bytes as the manifest says.
///
/// # Errors
/// As [`open_manifest`].
pub fn open_page(file_key: &FileKey, page: &Page, sealed: &[u8]) -> Result<Vec<Segment>, Error> {
    limit_block(sealed)?;
    let segments = decode_page(unframed(
        &sealed::open(file_key, Label::Page, sealed)?,
        "manifest page",
    )?)?;
    if check_segments(&segments, "manifest page")? != page.len {
        return Err(Error::malformed(
            "manifest page",
            "it holds another number of bytes than the manifest says",
        ));
    }
    Ok(segments)
}

pub(crate) fn limit_block(sealed: &[u8]) -> Result<(), Error> {
    if sealed.len() > BLOCK_LEN {
        return Err(Error::TooLarge {
            what: "manifest",
            len: sealed.len() as u64,
            max: BLOCK_LEN as u64,
        });
    }
    Ok(())
}
