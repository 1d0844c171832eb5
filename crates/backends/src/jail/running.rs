//! One running process and what belongs to it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use super::door::{Door, Ear, Word};
use super::folder::Folder;
use super::keeper::Keeper;
use super::proxy::Proxy;
use super::python::Python;
use crate::data::DataFolder;
use crate::{Storage, StorageError};

/// Until a process that broke off is known to have ended.
pub(super) const ENDING: Duration = Duration::from_millis(400);

/// The unpacked program and the Python that runs it.
pub(super) struct Home {
    pub(super) folder: Folder,
    pub(super) python: Python,
}

/// A process that serves.
pub(super) struct Running {
    pub(super) keeper: Keeper,
    pub(super) door: Door,
    data: Mutex<DataFolder>,
    /// It is ended on purpose.
    pub(super) intended: AtomicBool,
    /// When it was last asked, or answered.
    pub(super) last: Mutex<Instant>,
    /// Why it is gone, once that is written down.
    gone: watch::Sender<Option<String>>,
    _home: Arc<Home>,
}

impl Running {
    pub(super) fn new(keeper: Keeper, door: Door, data: DataFolder, home: Arc<Home>) -> Self {
        Self {
            keeper,
            door,
            data: Mutex::new(data),
            intended: AtomicBool::new(false),
            last: Mutex::new(Instant::now()),
            gone: watch::channel(None).0,
            _home: home,
        }
    }

    /// Says that it is gone, when everything about that is written down.
    pub(super) fn told(&self, reason: String) {
        self.gone.send_replace(Some(reason));
    }

    /// Comes back with the reason when the process is gone and the supervisor knows it.
    pub(super) async fn gone(&self) -> String {
        let mut gone = self.gone.subscribe();
        let reason = gone
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|reason| reason.clone());
        reason.unwrap_or_else(|| "it ended".into())
    }

    /// Keeps what the guest wrote; `thorough` reads every file.
    pub(super) fn keep(
        &self,
        storage: &dyn Storage,
        thorough: bool,
    ) -> Result<(usize, bool), StorageError> {
        // Locked first, so that a later state is never overwritten by an earlier one.
        let mut data = self.data.lock();
        let looked = self
            .keeper
            .while_stopped(|mapped| data.look((!thorough).then_some(mapped)));
        let Some(changes) = looked else {
            return Ok((0, false));
        };
        let changes = changes?;
        let (odd, any) = (changes.odd, !changes.is_empty());
        data.keep(changes, storage)?;
        Ok((odd, any))
    }
}

/// Listens at the door until it closes.
pub(super) async fn attend(
    running: Arc<Running>,
    mut ear: Ear,
    proxy: Arc<Proxy>,
    ready: oneshot::Sender<()>,
) {
    let mut ready = Some(ready);
    while let Some(word) = ear.hear().await {
        match word {
            Word::Ready => {
                if let Some(ready) = ready.take() {
                    let _ = ready.send(());
                }
            }
            Word::Connect => {
                let handed = match proxy.admit() {
                    None => running.door.no_connection(),
                    Some(place) => running.door.connection().map(|stream| {
                        let proxy = Arc::clone(&proxy);
                        tokio::spawn(async move {
                            proxy.serve(stream).await;
                            drop(place);
                        });
                    }),
                };
                if handed.is_err() {
                    break;
                }
            }
        }
    }
    // Mostly it closes because the process ends, and that has a better reason.
    if tokio::time::timeout(ENDING, running.keeper.gone())
        .await
        .is_err()
    {
        running.keeper.end("it closed its door");
    }
}
