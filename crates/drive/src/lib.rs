//! The encrypted file tree: folders, versions, trash, search, quotas and repair checks.
//!
//! ```no_run
//! use webx_drive::{Drive, FileMeta, NodeId, OnConflict};
//!
//! # fn example(vault: webx_vault::Vault, root_key: webx_vault::Secret32) -> webx_drive::Result<()> {
//! let drive = Drive::open(vault, root_key, time::OffsetDateTime::now_utc)?;
//! let photos = drive.create_folder(NodeId::ROOT, "Photos", OnConflict::Fail)?;
//! let file = drive.write_file(photos.id, "sea.jpg", FileMeta::default(), OnConflict::NewVersion, std::io::stdin())?;
//! std::io::copy(&mut drive.open_file(file.id, None)?, &mut std::io::stdout())?;
//! drive.remove(file.id)?;
//! drive.restore(file.id)?;
//! # Ok(()) }
//! ```
//!
//! Concepts, in reading order:
//!
//! - **[`Drive`]** is the door. Everything blocks; what returns `Ok` is on the disk.
//! - **[`Node`]**: a folder or file, named for good by a [`NodeId`]. Its name follows the rules of [`name`].
//! - **Time**: nothing is overwritten. A change ends one state of a node and begins the next, so versions
//!   ([`Drive::versions`]), the trash ([`Drive::trash_list`]) and a folder as it was ([`ListQuery::at`],
//!   [`Drive::restore_folder_at`]) are questions to the same tables. Only [`Drive::purge`] forgets.
//! - **Content**: bytes are cut, sealed and hashed as `webx-content` says, stored as blocks in the vault, and become part
//!   of the tree in one transaction after they are on the disk. What was stored and never became part of it is removed by
//!   [`Drive::gc`].
//! - **Keys**: each node has a key, sealed by its parent's, up to the root key. Copies share blocks, never later keys.
//! - **Elsewhere**: [`Drive::make_catalogue`] writes the tree into blocks, so that the root key and the blocks are enough;
//!   [`Drive::adopt`] makes a drive of them, and an [`Exchange`] brings what is not here.
//! - **Many at once**: [`Drive::importer`] for small files by the thousand, [`Drive::begin_upload`] for a file in steps.
//!
//! `docs/protocol/drive.md` describes tables and operations, `docs/format.md` the sealed bytes.

mod adopt;
mod catalogue;
mod content;
mod counters;
mod drive;
mod edit;
mod error;
mod event;
mod exchange;
mod export;
mod flight;
mod frame;
mod gc;
mod history;
mod id;
mod import;
mod keys;
mod list;
pub mod name;
mod node;
mod pool;
mod purge;
mod reader;
mod rescue;
mod schema;
mod search;
mod sink;
mod tree;
mod txn;
mod upload;
mod usage;
mod verify;
mod writer;

pub use adopt::Adopted;
pub use catalogue::Catalogue;
pub use drive::Drive;
pub use edit::Restored;
pub use error::{Error, Result};
pub use event::{DriveEvent, Op, Subscription};
pub use exchange::Exchange;
pub use export::{Export, ExportItem};
pub use gc::Collected;
pub use history::RestoredFolder;
pub use id::{BadId, NodeId, UploadId, VersionId};
pub use import::{ImportFailure, ImportItem, ImportProgress, ImportReport, Importer};
pub use node::{
    FileMeta, Hit, Kind, ListQuery, Node, OnConflict, Page, Retention, Sort, Trashed, Usage,
    Version,
};
pub use reader::FileReader;
pub use rescue::RescueProgress;
pub use upload::{MAX_UPLOAD_STEP, UPLOAD_STEP, UploadStatus};
pub use verify::{DamagedFile, VerifyProgress, VerifyReport};
pub use writer::FileWriter;

/// Random bytes from the operating system.
fn random(out: &mut [u8]) -> Result<()> {
    getrandom::fill(out)
        .map_err(|_| webx_vault::Error::Crypto("no randomness from the system").into())
}

/// Entry points for the fuzzer; no part of the API.
#[doc(hidden)]
pub mod fuzz {
    /// Feeds a stream of import frames.
    pub fn import_frames(bytes: &[u8]) {
        let mut frames = crate::frame::Frames::new(bytes);
        while let Ok(Some(_)) = frames.next_header() {
            if frames.skip().is_err() {
                break;
            }
        }
    }

    /// Feeds the name rules.
    pub fn names(bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(name) = crate::name::check(&text) {
            assert!(
                crate::name::check(&name).is_ok_and(|again| again == name),
                "a stored name is stable"
            );
        }
        let safe = crate::name::safe_name(&text, &mut std::collections::HashSet::new());
        assert!(
            !safe.is_empty()
                && safe.len() <= crate::name::MAX_NAME
                && !safe.contains(['/', '\\', '\0'])
        );
        let _ = crate::name::split_path(&text);
        let _ = crate::name::sort_key(&text);
    }
}
