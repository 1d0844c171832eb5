//! Memory in small pages while a project is small.
//!
//! The allocator spreads what it gives over large areas, and the kernel backs each with pages of 2 MiB that it must fill
//! with zeros first. For a thousand modules that is a gain; for ten it takes longer than bundling them.

use std::sync::atomic::{AtomicUsize, Ordering};

/// So many files are not few any more.
const MANY: usize = 100;

/// Counts the files of a project; large pages are off until there are many, or until this is dropped.
#[derive(Debug)]
pub(crate) struct Pages(AtomicUsize);

impl Pages {
    /// Large pages are off from now on, where the system knows them.
    pub(crate) fn small() -> Self {
        large(false);
        Self(AtomicUsize::new(0))
    }

    /// One more file.
    pub(crate) fn count(&self) {
        if self.0.fetch_add(1, Ordering::Relaxed) + 1 == MANY {
            large(true);
        }
    }
}

impl Drop for Pages {
    // Also for the sake of the programs that are started later: they inherit it.
    fn drop(&mut self) {
        large(true);
    }
}

fn large(allowed: bool) {
    // It is about speed alone; a system that refuses is as right as one that does it.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(!allowed);
    #[cfg(not(target_os = "linux"))]
    let _ = allowed;
}
