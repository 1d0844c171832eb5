//! The event log and the notifications of a node.
//!
//! ```
//! use webx_services::{Event, EventLog, Level};
//! # use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (passphrase, recovery_key) = (Passphrase::new("correct horse battery")?, Secret32::random()?);
//! # let new = NewVault { passphrase: &passphrase, recovery_key: &recovery_key, kdf: KdfCost::insecure_for_tests() };
//! # let vault = DataDir::open(folder.path())?.create(new)?;
//! let log = EventLog::open(vault.db().clone())?;
//! let mut live = log.subscribe();
//! log.append(Event {
//!     kind: "drive.file-added",
//!     level: Level::Info,
//!     subject: "holiday.jpg".into(),
//!     detail: serde_json::json!({ "bytes": 1_204_224 }),
//! })?;
//! assert_eq!(live.try_recv()?.subject, "holiday.jpg");
//! assert_eq!(log.list(None, 50, None)?.items.len(), 1);
//! assert_eq!(log.verify()?.id, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//! - [`EventLog`]: what the node did, newest first. Each entry carries the hash of the one before, so an entry that was
//!   changed, removed or moved afterwards is found by [`EventLog::verify`]. Old entries are dropped by count; the hash
//!   of the last dropped one stays, and the chain goes on from there.
//! - [`Notifications`]: what waits for the person's attention until it is dismissed.
//! - Both live in the vault's database, are on the disk when a call returns, and hand new items to subscribers through
//!   a bounded channel: a subscriber that is too slow is told how many it missed and reads them from the list.

mod error;
mod events;
mod notifications;

pub use error::Error;
pub use events::{Entry, Event, EventLog, Head, Level, Options, Page};
pub use notifications::{Action, NewNotification, Notification, NotificationLevel, Notifications};
