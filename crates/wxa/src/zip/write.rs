//! The writer.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::{LOCAL_LEN, Method, Record};
use crate::{SIGNATURE, limits::MAX_RATIO};

/// The data of an entry, ready to be written.
pub(crate) struct Packed<'c> {
    name: String,
    content: &'c [u8],
    /// `None`: stored as it is.
    deflated: Option<Vec<u8>>,
    crc: u32,
}

/// Sorts entries: the manifest first, the signature last.
pub(crate) fn place(name: &str) -> (u8, &str) {
    let group = match name {
        crate::MANIFEST => 0,
        SIGNATURE => 2,
        _ => 1,
    };
    (group, name)
}

/// Packs one entry: deflated where that is shorter and within the ratio, else stored.
pub(crate) fn pack<'c>(name: &str, content: &'c [u8]) -> Packed<'c> {
    let mut crc = Crc::new();
    crc.update(content);
    // The signature is not itself covered by a signature; it has no second spelling when stored.
    let deflated = if name == SIGNATURE {
        None
    } else {
        deflate(content)
    };
    Packed {
        name: name.to_owned(),
        content,
        deflated: deflated.filter(|data| {
            data.len() < content.len()
                && content.len() as u64 <= (data.len() as u64).saturating_mul(MAX_RATIO)
        }),
        crc: crc.sum(),
    }
}

fn deflate(content: &[u8]) -> Option<Vec<u8>> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(content.len() / 2 + 64);
    loop {
        let consumed = usize::try_from(compress.total_in()).ok()?;
        // Longer than the content: not worth keeping, so not worth finishing.
        if out.len() > content.len() {
            return None;
        }
        out.reserve(64 * 1024);
        let status = compress
            .compress_vec(content.get(consumed..)?, &mut out, FlushCompress::Finish)
            .ok()?;
        if status == Status::StreamEnd {
            return Some(out);
        }
    }
}

/// Writes entries, which are in order already. Returns the bytes up to the directory and the
/// records, so that more entries can follow.
pub(crate) fn write(out: &mut Vec<u8>, records: &mut Vec<Record>, packed: &Packed<'_>) {
    let data = packed.deflated.as_deref().unwrap_or(packed.content);
    let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let record = Record {
        name: packed.name.clone(),
        method: match packed.deflated {
            Some(_) => Method::Deflate,
            None => Method::Stored,
        },
        crc: packed.crc,
        packed: number(data.len()),
        size: number(packed.content.len()),
        offset: number(out.len()),
    };
    out.reserve(LOCAL_LEN + record.name.len() + data.len());
    record.local(out);
    out.extend_from_slice(data);
    records.push(record);
}

/// Writes the directory and the record at the end.
pub(crate) fn finish(out: &mut Vec<u8>, records: &[Record]) {
    let start = out.len();
    records.iter().for_each(|record| record.central(out));
    super::end(records.len(), out.len() - start, start, out);
}
