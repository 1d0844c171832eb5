//! Sizes that hold for every package. They are checked before anything is allocated or inflated.

/// Most entries of a package, those in `META/` included.
pub const MAX_ENTRIES: usize = 4096;
/// Largest content of one entry, in bytes.
pub const MAX_ENTRY: u64 = 64 * MIB;
/// Largest content of all entries together, in bytes. The package itself is never larger either.
pub const MAX_TOTAL: u64 = 256 * MIB;
/// Most bytes that one compressed byte may grow into.
pub const MAX_RATIO: u64 = 200;
/// Longest path of an entry, in bytes.
pub const MAX_PATH: usize = 255;
/// Largest `manifest.json`, in bytes.
pub const MAX_MANIFEST: u64 = 64 * 1024;
/// Largest `META/content.json`, in bytes: a full list of the longest paths fits.
pub const MAX_CONTENT: u64 = 2 * MIB;
/// Largest `META/sig.dsse.json`, in bytes.
pub const MAX_SIGNATURE: u64 = 16 * 1024;
/// Largest `META/publisher.jsonl`, in bytes.
pub const MAX_LOG: u64 = webx_identity::MAX_LOG as u64;

const MIB: u64 = 1024 * 1024;
