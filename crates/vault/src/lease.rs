//! One opening of a vault's files at a time, whoever still holds a clone of the last one.
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::datadir::DataDir;

/// Admits one [`Lease`] at a time.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    taken: Mutex<bool>,
    free: Condvar,
}

/// The right to use the files of a vault. Keeps the process lock of the data folder as well.
#[derive(Debug)]
pub(crate) struct Lease {
    gate: Arc<Gate>,
    _folder: DataDir,
}

impl Gate {
    /// Waits until the last lease has ended.
    pub(crate) fn enter(self: &Arc<Self>, folder: DataDir) -> Lease {
        let mut taken = self.taken.lock();
        while *taken {
            self.free.wait(&mut taken);
        }
        *taken = true;
        Lease {
            gate: self.clone(),
            _folder: folder,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        *self.gate.taken.lock() = false;
        self.gate.free.notify_one();
    }
}
