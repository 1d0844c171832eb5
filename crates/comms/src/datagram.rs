//! Datagrams that wait to be read: a queue for each peer, read in turn, so that one who floods loses only his own.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use webx_overlay::NodeId;

use crate::Peer;

/// Unread datagrams of all peers together, as a multiple of what one may have.
const PEERS: usize = 32;

#[derive(Debug)]
pub(crate) struct Mailbox {
    most: usize,
    queues: Mutex<Queues>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Queues {
    by_node: HashMap<NodeId, VecDeque<(Peer, Bytes)>>,
    /// Those with something to read, in turn.
    turns: VecDeque<NodeId>,
    all: usize,
    closed: bool,
}

/// The incoming datagrams of a protocol. Dropped, they are refused.
#[derive(Debug)]
pub struct Datagrams(pub(crate) Arc<Mailbox>);

impl Mailbox {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.clamp(1, 4096),
            queues: Mutex::default(),
            news: Notify::new(),
        }
    }

    /// Adds one. Says how many were lost by it: the oldest of this peer, or this one when all queues together are full.
    pub(crate) fn put(&self, peer: Peer, data: Bytes) -> u64 {
        let mut guard = self.queues.lock();
        let queues = &mut *guard;
        if queues.closed {
            return 1;
        }
        let node = peer.node;
        let queue = queues.by_node.entry(node).or_default();
        let mut lost = 0;
        if queue.len() >= self.most {
            queue.pop_front();
            queues.all -= 1;
            lost = 1;
        } else if queues.all >= self.most * PEERS {
            if queue.is_empty() {
                queues.by_node.remove(&node);
            }
            return 1;
        }
        if queue.is_empty() {
            queues.turns.push_back(node);
        }
        queue.push_back((peer, data));
        queues.all += 1;
        drop(guard);
        self.news.notify_one();
        lost
    }

    fn take(&self) -> Option<(Peer, Bytes)> {
        let mut queues = self.queues.lock();
        let node = queues.turns.pop_front()?;
        let queue = queues.by_node.get_mut(&node)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            queues.by_node.remove(&node);
        } else {
            queues.turns.push_back(node);
        }
        queues.all -= 1;
        next
    }

    pub(crate) fn close(&self) {
        self.queues.lock().closed = true;
        self.news.notify_one();
    }
}

impl Datagrams {
    /// The next datagram; `None` once the door is closed.
    pub async fn recv(&mut self) -> Option<(Peer, Bytes)> {
        loop {
            let news = self.0.news.notified();
            if let Some(next) = self.0.take() {
                return Some(next);
            }
            if self.0.queues.lock().closed {
                return None;
            }
            news.await;
        }
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        let mut queues = self.0.queues.lock();
        *queues = Queues {
            closed: true,
            ..Queues::default()
        };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn peer(n: u8) -> Peer {
        let key = ed25519_dalek::SigningKey::from_bytes(&[n; 32]).verifying_key();
        Peer {
            node: NodeId(key.to_bytes()),
            did: webx_identity::did_key(&key).parse().unwrap(),
        }
    }

    #[tokio::test]
    async fn one_who_floods_loses_his_oldest_and_others_are_read_in_turn() {
        let mut datagrams = Datagrams(Arc::new(Mailbox::new(2)));
        let (loud, quiet) = (peer(1), peer(2));
        let lost: u64 = (0..10_u8)
            .map(|n| datagrams.0.put(loud.clone(), vec![n].into()))
            .sum();
        assert_eq!(lost, 8);
        assert_eq!(datagrams.0.put(quiet.clone(), "hi".into()), 0);
        let mut read = Vec::new();
        for _ in 0..3 {
            read.push(datagrams.recv().await.unwrap());
        }
        let expected = [
            (loud.clone(), Bytes::from(vec![8])),
            (quiet, "hi".into()),
            (loud, vec![9].into()),
        ];
        assert_eq!(read, expected);
        assert_eq!(datagrams.0.queues.lock().all, 0);
        datagrams.0.close();
        assert_eq!(datagrams.recv().await, None);
    }

    #[test]
    fn all_queues_together_are_bounded() {
        let mailbox = Mailbox::new(1);
        let lost: u64 = (0..100_u8)
            .map(|n| mailbox.put(peer(n), Bytes::new()))
            .sum();
        assert_eq!(lost, 100 - PEERS as u64);
        assert_eq!(mailbox.queues.lock().by_node.len(), PEERS);
    }
}
