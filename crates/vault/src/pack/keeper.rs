//! The thread that brings the index up to date, so that no writer waits for it.
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::core::Core;

/// How long after the first change the index is brought up to date when little is written.
const QUIET: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Keeper {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stop: bool,
    /// Something is to be done within [`QUIET`].
    pending: bool,
    /// Something is to be done now.
    due: bool,
}

impl Keeper {
    pub(super) fn start(&self, core: &Arc<Core>) {
        let (shared, core) = (self.shared.clone(), Arc::downgrade(core));
        let spawned = std::thread::Builder::new()
            .name("webx-packs".into())
            .spawn(move || run(&shared, &core));
        match spawned {
            Ok(thread) => *self.thread.lock() = Some(thread),
            // Without the thread the index is brought up to date by writers and when the store closes.
            Err(e) => tracing::warn!(error = %e, "no thread for the block index"),
        }
    }

    pub(super) fn wake(&self, core: &Core) {
        let due = core.is_checkpoint_due() || core.is_sync_due();
        let mut state = self.shared.state.lock();
        if (due && !state.due) || !state.pending {
            state.pending = true;
            state.due |= due;
            self.shared.changed.notify_one();
        }
    }

    pub(super) fn stop(&self) {
        self.shared.state.lock().stop = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.lock().take()
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the thread for the block index panicked");
        }
    }
}

fn run(shared: &Shared, core: &Weak<Core>) {
    loop {
        {
            let mut state = shared.state.lock();
            while !state.stop && !state.pending && !state.due {
                shared.changed.wait(&mut state);
            }
            while !state.stop && !state.due {
                if shared.changed.wait_for(&mut state, QUIET).timed_out() {
                    break;
                }
            }
            if state.stop {
                return;
            }
            state.pending = false;
            state.due = false;
        }
        let Some(core) = core.upgrade() else { return };
        if let Err(e) = core.sync_to_end().and_then(|()| core.checkpoint()) {
            tracing::warn!(error = %e, "the index of the block store could not be brought up to date yet");
        }
        core.segments.close_idle();
    }
}
