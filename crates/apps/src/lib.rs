//! Installed apps: what there is, what each may do, what each keeps.
//!
//! ```no_run
//! # fn example(parts: webx_apps::Parts) -> webx_apps::Result<()> {
//! use webx_apps::{Apps, Ask, Data, Operation};
//!
//! let apps = Apps::open(parts)?;
//! let found = apps.inspect(std::fs::File::open("notes.wxa").map_err(webx_apps::Error::Read)?)?;
//! let grant: Vec<String> = found.added.iter().map(|ask| ask.key.to_string()).collect(); // the person said yes
//! let begun = apps.install(found.upload, &grant)?;
//! apps.sagas().wait(begun.saga)?;
//!
//! apps.broker().check(begun.install, &Ask::new(Operation::Storage))?; // else: Denied
//! apps.store(begun.install)?.put_value("theme", &serde_json::json!("dark"))?;
//!
//! apps.remove(begun.install, Data::Keep)?; // for 30 days, Apps::undo brings everything back
//! # Ok(()) }
//! ```
//!
//! # Concepts, in reading order
//! - **[`Apps`]** is the door. Everything blocks, but [`Apps::call`]; what returns `Ok` is on the disk.
//! - **Changes are sagas** (`webx-sagas`): [`Apps::install`], [`Apps::remove`], [`Apps::undo`], [`Apps::rollback`] return at
//!   once, and the work ends in all of it or nothing of it, whatever happens to the process.
//! - **Packages** are taken apart into sealed blocks of the vault, each file stored once whatever packages have it.
//!   Nothing of them is readable while the vault is locked.
//! - **Grants**: one row for each piece of a permission ([`Apps::grants`]) and for each file that the person picked
//!   ([`Apps::pick`]). The **[`Broker`]** is the one place that decides; what it does not allow is denied.
//! - **[`Store`]**: values, documents and blobs of one app, with a quota, in the vault and thereby in its backup.
//! - **Backends** ([`Apps::call`]) are made by what the roof hands in ([`Parts::backends`]) and reach outside only through
//!   grants and [`Store`]. **Workflows** ([`Apps::start_workflow`]) are sagas over the services of several apps.
//! - **[`Stores`]**: where packages are found. Any number, none special; what comes from one is inspected like a file.
//! - **Parts of the system** ([`system_packages`]) come with the program and take the same way in.
//!
//! `docs/protocol/apps.md` describes tables, steps and rules.

mod apps;
mod broker;
mod change;
mod error;
mod hosts;
mod model;
mod packages;
mod registry;
mod schema;
mod sealed;
mod storage;
mod stores;
mod system;
mod workflows;

pub use apps::{Apps, Options, Parts, Watch};
pub use broker::{Ask, Broker, Operation};
pub use error::{Denied, Error, Result};
pub use model::{
    App, AppEvent, AppOp, BackendKind, BackendView, Begun, Data, FileInfo, Granted, Icon,
    Inspection, Picked, Publisher, Removed, SagaId, UpdateOf, UploadId,
};
pub use sealed::Reader;
pub use storage::{Blob, DEFAULT_QUOTA, Document, EXPORT_MANIFEST, Filter, Page, Store};
pub use stores::{Offered, OfferedApp, StoreInfo, Stores, Updating, Version};
pub use system::{SystemApp, system_packages};
pub use webx_backends::InstallId;
pub use webx_wxa::Digest;
