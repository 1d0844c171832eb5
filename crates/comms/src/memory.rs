//! How many bytes of strangers' questions are held at once: in all, and of one peer.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use webx_overlay::NodeId;

/// One peer may fill this part of the whole.
const SHARE: u64 = 4;

/// The bytes that may be held.
#[derive(Debug)]
pub(crate) struct Memory {
    most: u64,
    held: Mutex<(u64, HashMap<NodeId, u64>)>,
}

/// Bytes that are held until it is dropped.
#[derive(Debug)]
pub(crate) struct Ration {
    memory: Arc<Memory>,
    node: NodeId,
    bytes: u64,
}

impl Memory {
    pub(crate) fn new(most: u64) -> Arc<Self> {
        Arc::new(Self {
            most,
            held: Mutex::default(),
        })
    }

    /// Nothing yet, for `node`.
    pub(crate) fn ration(self: &Arc<Self>, node: NodeId) -> Ration {
        Ration {
            memory: self.clone(),
            node,
            bytes: 0,
        }
    }
}

impl Ration {
    /// Holds so many bytes more, if that is allowed.
    pub(crate) fn grow(&mut self, bytes: u64) -> bool {
        let most = self.memory.most;
        let mut held = self.memory.held.lock();
        let all = held.0.saturating_add(bytes);
        let of_peer = held.1.get(&self.node).copied().unwrap_or(0) + bytes;
        if all > most || of_peer > most / SHARE {
            return false;
        }
        held.0 = all;
        held.1.insert(self.node, of_peer);
        self.bytes += bytes;
        true
    }
}

impl Drop for Ration {
    fn drop(&mut self) {
        let mut held = self.memory.held.lock();
        held.0 = held.0.saturating_sub(self.bytes);
        if let Some(of_peer) = held.1.get_mut(&self.node) {
            *of_peer = of_peer.saturating_sub(self.bytes);
            if *of_peer == 0 {
                held.1.remove(&self.node);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_takes_its_share_and_gives_it_back() {
        let memory = Memory::new(1000);
        let (ann, ben) = (NodeId([1; 32]), NodeId([2; 32]));
        let (mut one, mut two) = (memory.ration(ann), memory.ration(ann));
        assert!(one.grow(200) && two.grow(50));
        assert!(!two.grow(1), "a quarter is the most");
        assert!(memory.ration(ben).grow(250));
        drop(one);
        assert!(two.grow(200));
        drop(two);
        assert_eq!(*memory.held.lock(), (0, HashMap::new()));
    }
}
