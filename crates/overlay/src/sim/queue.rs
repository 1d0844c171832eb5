//! What is going to happen, in order of time; ties in the order they were foreseen.

use core::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use bytes::Bytes;

use super::Number;

#[derive(Debug)]
pub(super) enum Happening {
    Wake(Number),
    Message {
        line: usize,
        serial: u64,
        from: Number,
        to: Number,
        protocol: u8,
        bytes: Bytes,
    },
    Connected {
        at: Number,
        peer: Number,
        protocol: u8,
        dialled: bool,
    },
    Disconnected {
        at: Number,
        peer: Number,
        protocol: u8,
    },
    DialFailed {
        at: Number,
        peer: Number,
        protocol: u8,
    },
    Over {
        line: usize,
        serial: u64,
    },
    Idle {
        line: usize,
        serial: u64,
    },
}

#[derive(Debug)]
struct Entry(u64, u64, Happening);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    foreseen: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at: u64, happening: Happening) {
        self.foreseen += 1;
        self.heap.push(Reverse(Entry(at, self.foreseen, happening)));
    }

    pub(super) fn pop_until(&mut self, until: u64) -> Option<(u64, Happening)> {
        if self.heap.peek()?.0.0 > until {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.0, entry.2))
    }
}
