//! Copying the whole store elsewhere: list every block while nothing is collected.
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::protect::Protection;
use super::{Mh, PackStore};
use crate::error::Result;

/// Blocks listed between two chances for everybody else.
const SLICE: usize = 1024;

/// Keeps every block from being collected while it lives, also by a collection that runs already.
#[must_use = "collection goes on when the pause is dropped"]
#[derive(Debug)]
pub struct Pause(Weak<Mutex<Protection>>);

impl Drop for Pause {
    fn drop(&mut self) {
        if let Some(protection) = self.0.upgrade() {
            protection.lock().resume();
        }
    }
}

impl PackStore {
    /// No block is collected until the guard is dropped: for a copy of the database together with its blocks.
    ///
    /// # Errors
    /// [`crate::Error::Locked`].
    pub fn pause_collection(&self) -> Result<Pause> {
        self.with(|core| {
            // Waits for the slice that is being swept right now.
            let _one = core.collecting.lock();
            core.protection.lock().pause();
            Ok(Pause(Arc::downgrade(&core.protection)))
        })
    }

    /// Calls `each` for every block that is present at the start, beside readers and writers. Blocks that are put
    /// meanwhile may or may not be among them.
    ///
    /// # Errors
    /// Whatever `each` returns; [`crate::Error::Locked`]; [`crate::Error::Io`].
    pub fn for_each(&self, each: &mut dyn FnMut(&Mh) -> Result<()>) -> Result<()> {
        self.checkpoint()?;
        let mut after: Option<Vec<u8>> = None;
        loop {
            let slice = self.with(|core| core.slice(after.as_deref(), SLICE))?;
            let Some((last, _)) = slice.last() else {
                return Ok(());
            };
            after = Some(last.to_bytes());
            for (mh, _) in &slice {
                each(mh)?;
            }
        }
    }
}
