//! The keeper of an open home: gives back the space of what was purged, in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

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
    pub(super) fn start(drive: Drive) -> Option<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let events = drive.subscribe();
        std::thread::Builder::new()
            .name("keeper".into())
            .spawn(move || keep(&drive, &events, &asked))
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

fn keep(drive: &Drive, events: &Subscription, stop: &AtomicBool) {
    while !events.is_closed() && !stop.load(Ordering::Relaxed) {
        wait_for_work(events);
        if events.is_closed() || stop.load(Ordering::Relaxed) {
            return;
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
fn wait_for_work(events: &Subscription) {
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
            due = routine.min(Instant::now() + QUIET);
        }
    }
}
