//! The fair queue with a clock and those who wait in it.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use crate::fair::{Class, Fair, Ticket};

#[derive(Debug)]
pub(crate) struct Bandwidth {
    start: Instant,
    limited: AtomicBool,
    queue: Mutex<Queue>,
    /// Held by the one of those who wait that keeps the queue going for all.
    pump: tokio::sync::Mutex<()>,
    changed: Notify,
}

#[derive(Debug)]
struct Queue {
    fair: Fair,
    waiting: BTreeMap<Ticket, oneshot::Sender<()>>,
}

/// Leaves the queue when its owner gives up.
struct Place<'a>(&'a Bandwidth, Ticket);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue.lock();
        queue.fair.leave(self.1);
        queue.waiting.remove(&self.1);
    }
}

impl Bandwidth {
    pub(crate) fn new(rate: Option<u64>) -> Self {
        Self {
            start: Instant::now(),
            limited: AtomicBool::new(rate.is_some()),
            queue: Mutex::new(Queue {
                fair: Fair::new(rate),
                waiting: BTreeMap::new(),
            }),
            pump: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        }
    }

    pub(crate) fn class(&self, weight: u32) -> Class {
        self.queue.lock().fair.class(weight)
    }

    pub(crate) fn set_weight(&self, class: Class, weight: u32) {
        self.queue.lock().fair.set_weight(class, weight);
    }

    pub(crate) fn rate(&self) -> Option<u64> {
        self.queue.lock().fair.rate()
    }

    pub(crate) fn set_rate(&self, rate: Option<u64>) {
        self.queue.lock().fair.set_rate(rate);
        self.limited.store(rate.is_some(), Ordering::Relaxed);
        self.changed.notify_one();
    }

    pub(crate) fn is_limited(&self) -> bool {
        self.limited.load(Ordering::Relaxed)
    }

    /// Waits until `bytes` may be sent.
    pub(crate) async fn take(&self, class: Class, bytes: usize) {
        if !self.is_limited() {
            return;
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let (sender, mut granted) = oneshot::channel();
        let ticket = {
            let mut queue = self.queue.lock();
            let ticket = queue.fair.enter(class, bytes);
            queue.waiting.insert(ticket, sender);
            ticket
        };
        let _place = Place(self, ticket);
        tokio::select! {
            biased;
            _ = &mut granted => {}
            never = self.keep_going() => match never {},
        }
    }

    /// Grants places in turn. One of those who wait does it at a time, the others when he is gone.
    async fn keep_going(&self) -> Infallible {
        let _turn = self.pump.lock().await;
        loop {
            let wait = {
                let mut queue = self.queue.lock();
                let now = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
                if let Some(ticket) = queue.fair.grant(now)
                    && let Some(sender) = queue.waiting.remove(&ticket)
                {
                    // Who gave up meanwhile needs no answer.
                    let _ = sender.send(());
                }
                queue.fair.wait()
            };
            match wait {
                // The one that was served may want to queue again before the next one is chosen.
                Some(0) => tokio::task::yield_now().await,
                Some(micros) => tokio::select! {
                    () = tokio::time::sleep(Duration::from_micros(micros)) => {}
                    () = self.changed.notified() => {}
                },
                None => self.changed.notified().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;

    #[tokio::test(start_paused = true)]
    async fn a_limit_slows_down_and_one_who_gives_up_leaves_the_queue() {
        let bandwidth = Bandwidth::new(Some(100_000));
        let class = bandwidth.class(1);
        let start = Instant::now();
        for _ in 0..50 {
            bandwidth.take(class, 10_000).await;
        }
        let took = start.elapsed().as_secs_f64();
        assert!((4.5..5.5).contains(&took), "{took}");
        let gone =
            tokio::time::timeout(Duration::from_millis(1), bandwidth.take(class, 10_000)).await;
        assert!(gone.is_err());
        assert!(bandwidth.queue.lock().waiting.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn two_who_send_without_pause_share_by_weight() {
        let bandwidth = Arc::new(Bandwidth::new(Some(50_000_000)));
        let classes = [bandwidth.class(1), bandwidth.class(4)];
        let mut counts = Vec::new();
        for class in classes {
            let bandwidth = bandwidth.clone();
            counts.push(tokio::spawn(async move {
                let (mut sent, end) = (0, Instant::now() + Duration::from_secs(5));
                while Instant::now() < end {
                    bandwidth.take(class, 16_384).await;
                    sent += 16_384_u64;
                }
                sent
            }));
        }
        let (light, heavy) = (
            counts.remove(0).await.unwrap(),
            counts.remove(0).await.unwrap(),
        );
        let (all, ratio) = (light + heavy, heavy as f64 / light as f64);
        assert!((240_000_000..260_000_000).contains(&all), "{all}");
        assert!((3.8..4.2).contains(&ratio), "{ratio}");
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_go_on_when_the_limit_is_lifted_or_the_first_gives_up() {
        let bandwidth = Arc::new(Bandwidth::new(Some(1)));
        let class = bandwidth.class(1);
        bandwidth.take(class, 1_000_000).await;
        let wait = |bytes| {
            let bandwidth = bandwidth.clone();
            tokio::spawn(async move { bandwidth.take(class, bytes).await })
        };
        let (first, second) = (wait(10), wait(10));
        tokio::task::yield_now().await;
        first.abort();
        assert!(first.await.is_err());
        bandwidth.set_rate(None);
        second.await.unwrap();
        bandwidth.take(class, usize::MAX).await;
    }
}
