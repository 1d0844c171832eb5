//! Topics: what one says, all who subscribed hear. Nothing is passed on before it was judged here.
//!
//! A message comes from a neighbour, not from its author: whoever needs to know the author puts a signature into it and
//! checks it when judging. Who passes on what is judged bad answers for it with his score.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::task::AbortOnDropHandle;
use webx_overlay::{
    MessageId, NodeId, Topic, Verdict,
    driver::{self, Handle},
    transport::Pending,
};

use crate::Error;

/// Topics at the same time.
const MAX_TOPICS: usize = 64;
/// Longest name of a topic, in bytes.
const MAX_NAME: usize = 128;
/// Most messages that wait for a subscriber.
const MAX_WAITING: usize = 1024;
/// What is not judged by then is dropped, and nobody is blamed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Judges a message that came from a neighbour.
pub type Judge = Arc<dyn Fn(NodeId, Bytes) -> Pending<'static, Verdict> + Send + Sync>;

/// The topics of a running node. Clones share it.
#[derive(Clone, Debug)]
pub struct PubSub {
    overlay: Handle,
    topics: Arc<Mutex<BTreeMap<String, Arc<Counts>>>>,
}

#[derive(Debug, Default)]
struct Counts {
    published: AtomicU64,
    accepted: AtomicU64,
    rejected: AtomicU64,
    ignored: AtomicU64,
    missed: AtomicU64,
    bytes: AtomicU64,
}

/// What went over a topic since it was subscribed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicMetrics {
    /// Its name.
    pub topic: String,
    /// Messages said here.
    pub published: u64,
    /// Messages that were judged good, and passed on.
    pub accepted: u64,
    /// Messages that were judged bad.
    pub rejected: u64,
    /// Messages that were dropped without blame, or not judged in time.
    pub ignored: u64,
    /// Good ones that the subscriber was too slow for. They were passed on.
    pub missed: u64,
    /// Bytes of the messages that came.
    pub bytes: u64,
}

/// A message that was judged good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its name.
    pub id: MessageId,
    /// The neighbour it came from.
    pub from: NodeId,
    /// What was said.
    pub bytes: Bytes,
}

/// The good messages of a topic. Dropped, the node leaves the topic.
pub struct Subscription {
    heard: mpsc::Receiver<Heard>,
    _task: AbortOnDropHandle<()>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}

impl Subscription {
    /// The next message; `None` once the node has stopped.
    pub async fn next(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }
}

/// Forgets a topic when its subscription ends.
struct Listed {
    topics: Arc<Mutex<BTreeMap<String, Arc<Counts>>>>,
    name: String,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.topics.lock().remove(&self.name);
    }
}

impl PubSub {
    /// Over a running node of the overlay.
    #[must_use]
    pub fn new(overlay: Handle) -> Self {
        Self {
            overlay,
            topics: Arc::default(),
        }
    }

    /// Takes part in a topic. Every message that comes is judged, passed on if it is good, and then waits to be read;
    /// when `waiting` of them do, further ones are missed here and passed on all the same.
    ///
    /// # Errors
    /// [`Error::Name`] for a name that is empty or longer than 128 bytes, [`Error::Full`] for a topic that has a
    /// subscription, or beyond 64 topics, [`Error::Stopping`].
    pub async fn subscribe(
        &self,
        topic: &str,
        waiting: usize,
        judge: Judge,
    ) -> Result<Subscription, Error> {
        if !(1..=MAX_NAME).contains(&topic.len()) {
            return Err(Error::Name);
        }
        let counts = Arc::new(Counts::default());
        let listed = {
            let mut topics = self.topics.lock();
            if topics.len() >= MAX_TOPICS {
                return Err(Error::Full("topics"));
            }
            if topics.contains_key(topic) {
                return Err(Error::Full("subscriptions of one topic"));
            }
            topics.insert(topic.to_owned(), counts.clone());
            Listed {
                topics: self.topics.clone(),
                name: topic.to_owned(),
            }
        };
        let incoming = self.overlay.subscribe(Topic::named(topic)).await?;
        let (sender, heard) = mpsc::channel(waiting.clamp(1, MAX_WAITING));
        let overlay = self.overlay.clone();
        let task = tokio::spawn(async move {
            listen(overlay, incoming, &judge, &sender, &counts).await;
            drop(listed);
        });
        Ok(Subscription {
            heard,
            _task: AbortOnDropHandle::new(task),
        })
    }

    /// Says 1 byte to 32 KiB to all who subscribed. This node must have subscribed too.
    ///
    /// # Errors
    /// [`Error::Broadcast`], [`Error::Stopping`].
    pub async fn publish(&self, topic: &str, bytes: Bytes) -> Result<MessageId, Error> {
        let id = self.overlay.publish(Topic::named(topic), bytes).await??;
        if let Some(counts) = self.topics.lock().get(topic) {
            counts.published.fetch_add(1, Ordering::Relaxed);
        }
        Ok(id)
    }

    /// What went over each topic.
    #[must_use]
    pub fn metrics(&self) -> Vec<TopicMetrics> {
        let topics = self.topics.lock();
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        topics
            .iter()
            .map(|(topic, counts)| TopicMetrics {
                topic: topic.clone(),
                published: of(&counts.published),
                accepted: of(&counts.accepted),
                rejected: of(&counts.rejected),
                ignored: of(&counts.ignored),
                missed: of(&counts.missed),
                bytes: of(&counts.bytes),
            })
            .collect()
    }
}

async fn listen(
    overlay: Handle,
    mut incoming: driver::Subscription,
    judge: &Judge,
    sender: &mpsc::Sender<Heard>,
    counts: &Counts,
) {
    while let Some(message) = incoming.next().await {
        let size = message.bytes.len() as u64;
        counts.bytes.fetch_add(size, Ordering::Relaxed);
        let judged = timeout(PATIENCE, judge(message.from, message.bytes.clone())).await;
        let verdict = judged.unwrap_or(Verdict::Ignore);
        let counter = match verdict {
            Verdict::Accept => &counts.accepted,
            Verdict::Reject => &counts.rejected,
            Verdict::Ignore => &counts.ignored,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if overlay.accept(message.id, verdict).await.is_err() {
            return;
        }
        if verdict == Verdict::Accept {
            let heard = Heard {
                id: message.id,
                from: message.from,
                bytes: message.bytes,
            };
            if sender.try_send(heard).is_err() {
                counts.missed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
