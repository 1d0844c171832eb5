//! What the floors above hold of a running node.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::gossip::Refused;
use crate::id::NodeId;
use crate::node::{Config, Event, View};
use crate::record::{Key, PeerRecord, SignedRecord};
use crate::score::Offence;
use crate::topic::{MessageId, Topic, Verdict};
use crate::transport::Hints;

/// The node does not run any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node is stopped")]
pub struct Stopped;

/// A broadcast message. It is passed on once [`Handle::accept`] says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its name.
    pub id: MessageId,
    /// The neighbour it came from.
    pub from: NodeId,
    /// Not checked by the overlay.
    pub bytes: Bytes,
}

#[derive(Debug)]
pub(super) enum Command {
    Join(Vec<PeerRecord>),
    Meet(NodeId, Hints),
    Find(NodeId, oneshot::Sender<Option<PeerRecord>>),
    Put(SignedRecord, oneshot::Sender<usize>),
    Get(Key, oneshot::Sender<Vec<SignedRecord>>),
    Publish(Topic, Bytes, oneshot::Sender<Result<MessageId, Refused>>),
    Subscribe(Topic, mpsc::Sender<Message>),
    Accept(MessageId, Verdict),
    Detour(NodeId),
    Blame(NodeId, Offence),
    Configure(Config),
    View(oneshot::Sender<View>),
    Hints,
    Shutdown,
}

/// A running node. Clones are handles of the same node.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(super) id: NodeId,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) record: watch::Receiver<Option<PeerRecord>>,
    pub(super) task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// Messages of a topic, at most 64 of them waiting. Dropped, the node leaves the topic.
#[derive(Debug)]
pub struct Subscription(mpsc::Receiver<Message>);

impl Subscription {
    /// The next message; none once the node has stopped.
    pub async fn next(&mut self) -> Option<Message> {
        self.0.recv().await
    }
}

const WAITING: usize = 64;

impl Handle {
    /// The own id.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// The own record, for invites; none in the first moments.
    #[must_use]
    pub fn record(&self) -> Option<PeerRecord> {
        self.record.borrow().clone()
    }

    /// The own record as soon as it is signed.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn own(&self) -> Result<PeerRecord, Stopped> {
        let mut record = self.record.clone();
        let own = record.wait_for(Option::is_some).await;
        own.map_err(|_| Stopped)?.clone().ok_or(Stopped)
    }

    /// Meets these peers: from an invite or the local network.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn join(&self, peers: Vec<PeerRecord>) -> Result<(), Stopped> {
        self.send(Command::Join(peers)).await
    }

    /// Meets a node of which only the id and where it may be are known: the answer to [`Event::LastResort`].
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn meet(&self, node: NodeId, at: Hints) -> Result<(), Stopped> {
        self.send(Command::Meet(node, at)).await
    }

    /// Looks for a node.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn find(&self, node: NodeId) -> Result<Option<PeerRecord>, Stopped> {
        self.ask(|reply| Command::Find(node, reply)).await
    }

    /// Puts a record, now and again until it expires; says how many nodes took it.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn put(&self, record: SignedRecord) -> Result<usize, Stopped> {
        self.ask(|reply| Command::Put(record, reply)).await
    }

    /// Looks for the records of a key.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn get(&self, key: Key) -> Result<Vec<SignedRecord>, Stopped> {
        self.ask(|reply| Command::Get(key, reply)).await
    }

    /// Broadcasts 1 byte to 32 KiB to all who subscribed.
    ///
    /// # Errors
    /// When the node has stopped; inside, when the message is refused.
    pub async fn publish(
        &self,
        topic: Topic,
        bytes: Bytes,
    ) -> Result<Result<MessageId, Refused>, Stopped> {
        self.ask(|reply| Command::Publish(topic, bytes, reply))
            .await
    }

    /// Takes part in a topic until the subscription is dropped.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn subscribe(&self, topic: Topic) -> Result<Subscription, Stopped> {
        let (sender, receiver) = mpsc::channel(WAITING);
        self.send(Command::Subscribe(topic, sender)).await?;
        Ok(Subscription(receiver))
    }

    /// Says what a message was worth. What nobody judges within ten seconds is not passed on.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn accept(&self, message: MessageId, verdict: Verdict) -> Result<(), Stopped> {
        self.send(Command::Accept(message, verdict)).await
    }

    /// Asks the neighbours for a way to a node; the answers are [`Event::Detour`].
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn detour(&self, to: NodeId) -> Result<(), Stopped> {
        self.send(Command::Detour(to)).await
    }

    /// A peer broke the rules of a protocol of the floors above: its score falls. Does not wait; while the node has too much
    /// to do, nothing happens.
    pub fn blame(&self, peer: NodeId, what: Offence) {
        let _ = self.commands.try_send(Command::Blame(peer, what));
    }

    /// Changes the settings.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn configure(&self, config: Config) -> Result<(), Stopped> {
        self.send(Command::Configure(config)).await
    }

    /// The transport's addresses have changed. They are looked at every few seconds anyway.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn hints_changed(&self) -> Result<(), Stopped> {
        self.send(Command::Hints).await
    }

    /// What a screen shows.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn view(&self) -> Result<View, Stopped> {
        self.ask(Command::View).await
    }

    /// All news from now on. Who reads too slowly misses some and is told so.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Stops the node and waits until every task of it has ended and the transport is closed.
    pub async fn shutdown(&self) {
        // Whoever stops it first waits for it; a node that has stopped by itself needs no telling.
        let _ = self.send(Command::Shutdown).await;
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }

    async fn send(&self, command: Command) -> Result<(), Stopped> {
        self.commands.send(command).await.map_err(|_| Stopped)
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply)).await?;
        answer.await.map_err(|_| Stopped)
    }
}
