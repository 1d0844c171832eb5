//! The keeper of an open home: gives back the space of what was purged, in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use webx_apps::Apps;
use webx_drive::{Drive, Error, Op, Subscription};

/// Old versions and stale uploads come due without an event.
const ROUTINE: Duration = Duration::from_secs(3600);
/// After a purge others tend to follow: wait until it is quiet.
const QUIET: Duration = Duration::from_secs(5);

/// A thread that collects garbage while a home is open.
#[derive(Debug)]
pub(super) struct Keeper {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Starts to keep `drive`. A system that gives no thread costs space, not data.
    pub(super) fn start(drive: Drive, apps: Apps) -> Option<Self> {
        Self::start_with(drive, Some(apps), QUIET)
    }

    fn start_with(drive: Drive, apps: Option<Apps>, quiet: Duration) -> Option<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let events = drive.subscribe();
        std::thread::Builder::new()
            .name("keeper".into())
            .spawn(move || keep(&drive, apps.as_ref(), &events, &asked, quiet))
            .inspect_err(|error| tracing::warn!(%error, "no thread to collect garbage"))
            .ok()
            .map(|thread| Self { stop, thread })
    }

    /// Ends a collection under way at its next step. The drive must be closed before [`Keeper::join`].
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Waits for the thread, which ends when the drive is closed.
    pub(super) fn join(self) {
        if self.thread.join().is_err() {
            tracing::error!("the keeper ended in a panic");
        }
    }
}

fn keep(
    drive: &Drive,
    apps: Option<&Apps>,
    events: &Subscription,
    stop: &AtomicBool,
    quiet: Duration,
) {
    while !events.is_closed() && !stop.load(Ordering::Relaxed) {
        wait_for_work(events, quiet);
        if events.is_closed() || stop.load(Ordering::Relaxed) {
            return;
        }
        // Packages nobody installed and apps whose undo has expired leave blocks behind.
        if let Some(Err(error)) = apps.map(Apps::sweep) {
            tracing::warn!(%error, "sweeping up after apps failed");
        }
        match drive.gc(|| !stop.load(Ordering::Relaxed)) {
            Ok(done) if done.blocks > 0 => {
                tracing::info!(blocks = done.blocks, bytes = done.bytes, "gave back space");
            }
            Ok(_) | Err(Error::Stopped) => {}
            Err(error) => tracing::warn!(%error, "collecting garbage failed"),
        }
    }
}

/// Returns after a purge and the quiet that follows it, after the routine's time, or when the drive is closed.
fn wait_for_work(events: &Subscription, quiet: Duration) {
    let routine = Instant::now() + ROUTINE;
    let mut due = routine;
    while !events.is_closed() {
        let now = Instant::now();
        if now >= due {
            return;
        }
        if let Some(event) = events.recv_timeout(due - now)
            && matches!(event.op, Op::Purged | Op::Missed)
        {
            due = routine.min(Instant::now() + quiet);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use webx_drive::{FileMeta, NodeId, OnConflict};
    use webx_vault::{BlockStore as _, DataDir, KdfCost, NewVault, Passphrase, Secret32};

    #[test]
    fn what_is_purged_gives_its_space_back_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let vault = data
            .create(NewVault {
                passphrase: &Passphrase::new("correct horse battery staple").unwrap(),
                recovery_key: &Secret32::random().unwrap(),
                kdf: KdfCost::insecure_for_tests(),
            })
            .unwrap();
        let clock = || std::time::SystemTime::now().into();
        let drive = Drive::open(vault.clone(), Secret32::random().unwrap(), clock).unwrap();
        let keeper = Keeper::start_with(drive.clone(), None, Duration::ZERO).unwrap();

        let bytes = vec![7; 3 << 20];
        let file = drive
            .write_file(
                NodeId::ROOT,
                "film",
                FileMeta::default(),
                OnConflict::Fail,
                &bytes[..],
            )
            .unwrap();
        assert!(vault.blocks().stat().unwrap().blocks > 0);
        drive.remove(file.id).unwrap();
        drive.purge(file.id).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while vault.blocks().stat().unwrap().blocks > 0 {
            assert!(Instant::now() < deadline, "nothing was collected");
            std::thread::yield_now();
        }

        keeper.stop();
        drive.close();
        keeper.join();
        vault.lock();
    }
}
