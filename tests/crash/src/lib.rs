//! Crash and fault tests of the whole store: vault, drive, event log, settings.
//!
//! A driver process works on a data folder with a random load and says on its standard output what it starts and what
//! has been acknowledged. A test ends the process at a random moment, or lets its disk fail, and then asks: is every
//! acknowledged byte there, does the store open without repair, does it verify clean?
//!
//! - [`model`]: what must be there, computed from what was said. An operation that was begun and not acknowledged may
//!   have happened or not; half of it must not have happened.
//! - [`load`]: the random operations. [`home`]: the store they run on. [`check`]: compares store and model.
//! - [`image`]: the disk as a power cut at any moment of a run would have left it, built from the journal that the
//!   preloaded layer of `tests/faults` wrote.
//! - [`harness`]: starts drivers, kills them, reads what they said.

#![allow(
    missing_docs,
    reason = "the fields of operations and lines say what they are"
)]

pub mod blocks;
pub mod check;
pub mod content;
pub mod harness;
pub mod home;
pub mod image;
pub mod load;
pub mod model;
#[path = "../../faults/src/record.rs"]
pub mod record;
pub mod vault;
pub mod words;
