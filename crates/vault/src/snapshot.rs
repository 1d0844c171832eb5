//! The encrypted snapshot of the database that is taken from time to time.
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::db::{self, WeakDb};
use crate::disk::{Access, Disk};
use crate::error::{Error, Result};

/// How often a database that changed is copied.
const EVERY: Duration = Duration::from_secs(3600);
/// The first copy after unlocking comes sooner.
const FIRST: Duration = Duration::from_secs(300);
/// A larger database is not copied: the copy would cost more than it saves.
const MAX_BYTES: u64 = 512 << 20;

/// The thread that takes snapshots, until it is stopped or the database is gone.
#[derive(Debug)]
pub(crate) struct Snapshots {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Snapshots {
    pub(crate) fn start(db: WeakDb, disk: Arc<dyn Disk>, dir: &Path) -> Self {
        let stop: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let (signal, dir) = (stop.clone(), dir.to_path_buf());
        let spawned = std::thread::Builder::new()
            .name("webx-snapshots".into())
            .spawn(move || run(&signal, &db, &*disk, &dir));
        let thread = spawned
            .inspect_err(|e| tracing::warn!(error = %e, "no thread for database snapshots"))
            .ok();
        Self {
            stop,
            thread: Mutex::new(thread),
        }
    }

    pub(crate) fn stop(&self) {
        *self.stop.0.lock() = true;
        self.stop.1.notify_one();
        if let Some(thread) = self.thread.lock().take()
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the thread for database snapshots panicked");
        }
    }
}

impl Drop for Snapshots {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(stop: &(Mutex<bool>, Condvar), db: &WeakDb, disk: &dyn Disk, dir: &Path) {
    let mut copied = None;
    let mut wait = FIRST;
    loop {
        {
            let mut stopped = stop.0.lock();
            if !*stopped {
                stop.1.wait_for(&mut stopped, wait);
            }
            if *stopped {
                return;
            }
        }
        wait = EVERY;
        let Some(db) = db.upgrade() else { return };
        let commits = db.commits();
        if copied == Some(commits) || commits == 0 {
            continue;
        }
        match take(&db, disk, dir) {
            Ok(()) => copied = Some(commits),
            Err(Error::Locked) => return,
            Err(e) => tracing::warn!(error = %e, "no snapshot of the database could be taken"),
        }
    }
}

/// Copies the database beside itself. The last snapshot stays until the new one is whole.
pub(crate) fn take(db: &db::Db, disk: &dyn Disk, dir: &Path) -> Result<()> {
    let size = disk
        .open(db.path(), Access::Read)
        .and_then(|file| file.len())
        .map_err(|e| Error::io("measure", db.path(), e))?;
    let free = disk.available(dir).unwrap_or(u64::MAX);
    if size > MAX_BYTES || free < size.saturating_mul(4) {
        return Ok(());
    }
    let draft: PathBuf = dir.join("tmp").join(db::SNAPSHOT);
    let path = dir.join(db::SNAPSHOT);
    db.snapshot_to(&draft)?;
    disk.rename(&draft, &path)
        .and_then(|()| disk.sync_dir(dir))
        .map_err(|e| Error::io("write", &path, e))
}
