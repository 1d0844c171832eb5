//! CAR: blocks one after the other in a file or stream. Version 1 is written; 1 and 2 are read.
//!
//! ```
//! use webx_content::{car, ipld::{Memory, Sink, RAW, cid_of}};
//!
//! let cid = cid_of(RAW, b"hello");
//! let mut file = Vec::new();
//! let mut writer = car::Writer::new(&mut file, &[cid])?;
//! writer.put(&cid, bytes::Bytes::from_static(b"hello"))?;
//!
//! let mut reader = car::Reader::new(&file[..])?;
//! assert_eq!(reader.roots(), [cid]);
//! let (found, block) = reader.next_block()?.expect("one block");
//! assert_eq!((found, &block[..]), (cid, &b"hello"[..]));
//! assert!(reader.next_block()?.is_none());
//! # Ok::<(), webx_content::ipld::Error>(())
//! ```
//!
//! Each block's hash is checked as it is read. A length is compared with its limit before memory is taken for it; nothing
//! but one block is held.

mod export;
mod read;
mod write;

pub use export::{ByteRange, Scope, Selection, export};
pub use read::Reader;
pub use write::Writer;

/// Most bytes of a header.
const MAX_HEADER: u64 = 1024 * 1024;
