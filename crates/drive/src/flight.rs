//! Blocks that are stored but not yet part of the tree: the garbage collection leaves them alone.
use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

type Digest = [u8; 32];

/// All blocks in flight, with how many writers hold each.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<HashMap<Digest, u32>>);

impl InFlight {
    pub(crate) fn holds(&self, digest: &Digest) -> bool {
        self.0.lock().contains_key(digest)
    }
}

/// The blocks of one writer. They stay protected until it is dropped, which must be after its commit.
pub(crate) struct Hold {
    all: Arc<InFlight>,
    mine: Mutex<Vec<Digest>>,
    /// What is stored while this lives stays, and a lost sync is told to its holder.
    _store: Option<webx_vault::Hold>,
}

impl Hold {
    pub(crate) fn new(all: &Arc<InFlight>, store: Option<webx_vault::Hold>) -> Hold {
        Hold {
            all: Arc::clone(all),
            mine: Mutex::default(),
            _store: store,
        }
    }

    /// Protects a block; called before it is stored or looked for.
    pub(crate) fn add(&self, digest: Digest) {
        *self.all.0.lock().entry(digest).or_insert(0) += 1;
        self.mine.lock().push(digest);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut all = self.all.0.lock();
        for digest in self.mine.lock().drain(..) {
            if let Some(count) = all.get_mut(&digest) {
                *count -= 1;
                if *count == 0 {
                    all.remove(&digest);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_held_until_its_last_writer_is_done() {
        let all = Arc::<InFlight>::default();
        let (a, b) = (Hold::new(&all, None), Hold::new(&all, None));
        a.add([1; 32]);
        b.add([1; 32]);
        drop(a);
        assert!(all.holds(&[1; 32]));
        drop(b);
        assert!(!all.holds(&[1; 32]));
    }
}
