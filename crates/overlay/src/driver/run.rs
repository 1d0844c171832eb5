//! The task that owns the node.

use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::PeerCache;
use super::handle::{Command, Message};
use super::line::{Line, Mark, Order, QUEUE, Report};
use crate::id::NodeId;
use crate::machine::{Input, Output, Time, UnixTime};
use crate::node::{Event, Node, QueryId};
use crate::protocol::Protocol;
use crate::record::{PeerRecord, SignedRecord};
use crate::topic::{MessageId, Topic, Verdict};
use crate::transport::{Connection, Exposure, Hints, Transport};

/// Lines at once.
const LINES: usize = 1024;
const REPORTS: usize = 1024;
/// Where peers are, for dialling.
const PLACES: usize = 4096;
const MINUTE: Duration = Duration::from_secs(60);
const HINTS: Duration = Duration::from_secs(5);
const CACHE: Duration = Duration::from_secs(300);
const CACHED: usize = 64;
const FULL: u32 = 1;

/// A line as its owner sees it.
struct Held {
    number: u64,
    orders: mpsc::Sender<Order>,
    connected: bool,
}

pub(super) struct Run {
    node: Node,
    transport: Arc<dyn Transport>,
    cache: Arc<dyn PeerCache>,
    exposure: Exposure,
    others: Option<mpsc::Sender<Arc<dyn Connection>>>,
    events: broadcast::Sender<Event>,
    own: watch::Sender<Option<PeerRecord>>,
    start: Instant,
    lines: HashMap<(NodeId, Protocol), Held>,
    tasks: JoinSet<()>,
    numbers: u64,
    places: BTreeMap<NodeId, Hints>,
    reports: mpsc::Sender<(Mark, Report)>,
    inbox: Option<mpsc::Receiver<(Mark, Report)>>,
    finds: HashMap<QueryId, oneshot::Sender<Option<PeerRecord>>>,
    puts: HashMap<QueryId, oneshot::Sender<usize>>,
    gets: HashMap<QueryId, oneshot::Sender<Vec<SignedRecord>>>,
    topics: HashMap<Topic, Vec<mpsc::Sender<Message>>>,
    /// What the node should hear once its outputs are drained.
    echoes: Vec<Input>,
}

impl Run {
    pub(super) fn new(
        node: Node,
        transport: Arc<dyn Transport>,
        cache: Arc<dyn PeerCache>,
        exposure: Exposure,
        others: Option<mpsc::Sender<Arc<dyn Connection>>>,
        events: broadcast::Sender<Event>,
        own: watch::Sender<Option<PeerRecord>>,
    ) -> Self {
        let (reports, inbox) = mpsc::channel(REPORTS);
        Self {
            node,
            transport,
            cache,
            exposure,
            others,
            events,
            own,
            start: Instant::now(),
            lines: HashMap::new(),
            tasks: JoinSet::new(),
            numbers: 0,
            places: BTreeMap::new(),
            reports,
            inbox: Some(inbox),
            finds: HashMap::new(),
            puts: HashMap::new(),
            gets: HashMap::new(),
            topics: HashMap::new(),
            echoes: Vec::new(),
        }
    }

    pub(super) async fn go(mut self, mut commands: mpsc::Receiver<Command>) {
        let Some(mut inbox) = self.inbox.take() else {
            return;
        };
        let (doors, mut incoming) = mpsc::channel(QUEUE);
        let accepting = tokio::spawn(accept(self.transport.clone(), doors, self.others.take()));
        self.clock();
        self.hints();
        let cache = self.cache.clone();
        if let Ok(peers) = tokio::task::spawn_blocking(move || cache.load()).await {
            let now = self.now();
            self.node.join(now, peers);
        }
        let mut minutes = tokio::time::interval(MINUTE);
        let mut hints = tokio::time::interval(HINTS);
        let mut store = tokio::time::interval_at(Instant::now() + CACHE, CACHE);
        loop {
            self.drain();
            let wake = self.node.next_wake().map_or(Instant::now() + MINUTE, |at| {
                self.start + Duration::from_micros(at.0)
            });
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Shutdown) | None => break,
                    Some(command) => self.command(command),
                },
                Some((mark, report)) = inbox.recv() => self.report(mark, report),
                Some((protocol, connection)) = incoming.recv() => self.adopt(protocol, connection),
                () = sleep_until(wake) => {
                    let now = self.now();
                    self.node.handle(now, Input::Wake);
                }
                _ = minutes.tick() => self.clock(),
                _ = hints.tick() => self.hints(),
                _ = store.tick() => self.keep(),
                Some(_) = self.tasks.join_next(), if !self.tasks.is_empty() => {}
            }
        }
        self.keep();
        self.lines.clear();
        drop(inbox);
        accepting.abort();
        let _ = accepting.await;
        while self.tasks.join_next().await.is_some() {}
        self.transport.close().await;
    }

    fn now(&self) -> Time {
        let passed = self.start.elapsed().as_micros();
        Time(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    fn clock(&mut self) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let unix = UnixTime(since.map_or(0, |since| since.as_secs()));
        let now = self.now();
        self.node.handle(now, Input::Clock(unix));
        // Nobody listens any more: the node leaves the topic.
        let silent: Vec<Topic> = self
            .topics
            .iter_mut()
            .filter_map(|(topic, listeners)| {
                listeners.retain(|one| !one.is_closed());
                listeners.is_empty().then_some(*topic)
            })
            .collect();
        for topic in silent {
            self.topics.remove(&topic);
            self.node.unsubscribe(now, topic);
        }
        self.finds.retain(|_, reply| !reply.is_closed());
        self.puts.retain(|_, reply| !reply.is_closed());
        self.gets.retain(|_, reply| !reply.is_closed());
    }

    fn hints(&mut self) {
        let mut hints = self.transport.hints();
        if self.exposure == Exposure::RelayOnly {
            hints.direct.clear();
        }
        let now = self.now();
        self.node.set_hints(now, hints, true);
    }

    fn keep(&mut self) {
        let peers = self.node.cache(CACHED);
        let cache = self.cache.clone();
        self.tasks.spawn_blocking(move || cache.store(peers));
    }

    fn command(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Join(peers) => self.node.join(now, peers),
            Command::Meet(node, hints) => {
                self.place(node, hints);
                self.node.meet(now, node);
            }
            Command::Find(node, reply) => {
                let query = self.node.find(now, node);
                self.finds.insert(query, reply);
            }
            Command::Put(record, reply) => {
                let query = self.node.put(now, record);
                self.puts.insert(query, reply);
            }
            Command::Get(key, reply) => {
                let query = self.node.get(now, key);
                self.gets.insert(query, reply);
            }
            // Whoever asked may have gone; then nobody wants the answer.
            Command::Publish(topic, bytes, reply) => {
                let _ = reply.send(self.node.publish(now, topic, bytes));
            }
            Command::Subscribe(topic, listener) => {
                self.topics.entry(topic).or_default().push(listener);
                self.node.subscribe(now, topic);
            }
            Command::Accept(message, verdict) => self.node.accept(now, message, verdict),
            Command::Detour(to) => self.node.detour(now, to),
            Command::Blame(peer, what) => self.node.blame(now, peer, what),
            Command::Configure(config) => self.node.configure(now, config),
            Command::View(reply) => {
                let _ = reply.send(self.node.view(now));
            }
            Command::Hints => self.hints(),
            Command::Shutdown => {}
        }
    }

    fn report(&mut self, (peer, protocol, number): Mark, report: Report) {
        let now = self.now();
        let ours = |held: &&mut Held| held.number == number;
        let mut held = self.lines.get_mut(&(peer, protocol)).filter(ours);
        let input = match (report, &mut held) {
            // What came whole counts, even over a line that is being closed.
            (Report::Message(bytes), _) => Input::Message {
                from: peer,
                protocol,
                bytes,
            },
            (Report::Connected { dialled, ip }, Some(held)) => {
                held.connected = true;
                Input::Connected {
                    peer,
                    protocol,
                    ip,
                    dialled,
                }
            }
            (Report::Disconnected, Some(_)) => {
                self.lines.remove(&(peer, protocol));
                Input::Disconnected { peer, protocol }
            }
            (Report::DialFailed, Some(_)) => {
                self.lines.remove(&(peer, protocol));
                Input::DialFailed { peer, protocol }
            }
            (_, None) => return,
        };
        self.node.handle(now, input);
    }

    fn adopt(&mut self, protocol: Protocol, connection: Arc<dyn Connection>) {
        let peer = connection.peer();
        if self.lines.len() >= LINES && !self.lines.contains_key(&(peer, protocol)) {
            connection.close(FULL, "full");
            return;
        }
        self.order(peer, protocol, Order::Adopt(connection));
    }

    /// Gives an order to a line, which is made if there is none. A line whose queue is full is given up.
    fn order(&mut self, peer: NodeId, protocol: Protocol, order: Order) {
        let key = (peer, protocol);
        if !self.lines.contains_key(&key) {
            self.numbers += 1;
            let (orders, inbox) = mpsc::channel(QUEUE);
            let line = Line {
                mark: (peer, protocol, self.numbers),
                transport: self.transport.clone(),
                hints: self.places.get(&peer).cloned().unwrap_or_default(),
                exposure: self.exposure,
                reports: self.reports.clone(),
            };
            self.tasks.spawn(line.run(inbox));
            let held = Held {
                number: self.numbers,
                orders,
                connected: false,
            };
            self.lines.insert(key, held);
        }
        let sent = self.lines.get(&key).map(|held| held.orders.try_send(order));
        if !matches!(sent, Some(Ok(()))) {
            self.drop_line(peer, protocol);
        }
    }

    /// Ends a line: what it has to say still goes out, and the node hears that it is gone.
    fn drop_line(&mut self, peer: NodeId, protocol: Protocol) {
        if let Some(held) = self.lines.remove(&(peer, protocol)) {
            self.echoes.push(if held.connected {
                Input::Disconnected { peer, protocol }
            } else {
                Input::DialFailed { peer, protocol }
            });
        }
    }

    /// Notes where a node is.
    fn place(&mut self, node: NodeId, hints: Hints) {
        if self.places.len() >= PLACES && !self.places.contains_key(&node) {
            self.places.pop_first();
        }
        self.places.insert(node, hints);
    }

    /// Does what the node wants done.
    fn drain(&mut self) {
        loop {
            while let Some(output) = self.node.poll() {
                match output {
                    Output::Send {
                        to,
                        protocol,
                        bytes,
                    } => self.order(to, protocol, Order::Send(bytes)),
                    Output::Known(record) => {
                        self.place(record.id, record.hints());
                    }
                    Output::Close { peer, protocol } => self.drop_line(peer, protocol),
                    Output::Event(event) => self.event(event),
                }
            }
            let echoes = core::mem::take(&mut self.echoes);
            if echoes.is_empty() {
                return;
            }
            for input in echoes {
                let now = self.now();
                self.node.handle(now, input);
            }
        }
    }

    fn event(&mut self, event: Event) {
        match &event {
            Event::Own(record) => {
                self.own.send_replace(Some(record.clone()));
            }
            Event::Found { query, record, .. } => answer(&mut self.finds, *query, record),
            Event::Stored { query, copies } => answer(&mut self.puts, *query, copies),
            Event::Got { query, records, .. } => answer(&mut self.gets, *query, records),
            Event::Message {
                id,
                topic,
                from,
                bytes,
            } => {
                let message = Message {
                    id: *id,
                    from: *from,
                    bytes: bytes.clone(),
                };
                self.hand_out(*topic, *id, &message);
            }
            _ => {}
        }
        // Without listeners nobody hears it, and that is all right.
        let _ = self.events.send(event);
    }

    /// To every listener; a message that none takes is not passed on either.
    fn hand_out(&mut self, topic: Topic, id: MessageId, message: &Message) {
        let listeners = self.topics.entry(topic).or_default();
        let taken = listeners
            .iter()
            .filter(|one| one.try_send(message.clone()).is_ok())
            .count();
        if taken == 0 && topic != Topic::QNET {
            let now = self.now();
            self.node.accept(now, id, Verdict::Ignore);
        }
    }
}

fn answer<T: Clone>(waiting: &mut HashMap<QueryId, oneshot::Sender<T>>, of: QueryId, value: &T) {
    if let Some(reply) = waiting.remove(&of) {
        // Whoever asked may have gone.
        let _ = reply.send(value.clone());
    }
}

/// Takes in connections: the overlay's own, and those of the floors above.
async fn accept(
    transport: Arc<dyn Transport>,
    own: mpsc::Sender<(Protocol, Arc<dyn Connection>)>,
    others: Option<mpsc::Sender<Arc<dyn Connection>>>,
) {
    while let Some(connection) = transport.accept().await {
        let protocol = Protocol::ALL
            .into_iter()
            .find(|one| one.alpn() == connection.alpn());
        match (protocol, &others) {
            (Some(protocol), _) => {
                if own.send((protocol, connection)).await.is_err() {
                    return;
                }
            }
            (None, Some(others)) => {
                if let Err(error) = others.try_send(connection) {
                    error.into_inner().close(FULL, "busy");
                }
            }
            (None, None) => connection.close(FULL, "not served"),
        }
    }
}
