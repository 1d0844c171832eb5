//! Whole nodes in the simulator, honest and hostile ones.

use std::cell::RefCell;
use std::rc::Rc;

use ed25519_dalek::SigningKey;

use super::{Chance, Machine, Number, Place, Sim, World};
use crate::id::NodeId;
use crate::machine::{Input, Output, Time, UnixTime};
use crate::node::{Config, Event, Node};
use crate::record::{Key, PeerRecord};
use crate::transport::Hints;

use super::hostile::{Hostility, Ring};

/// The wall clock at virtual time 0.
pub const EPOCH: u64 = 1_800_000_000;

/// A node in the simulator.
pub struct Actor {
    node: Node,
    hostility: Option<Hostility>,
}

impl core::fmt::Debug for Actor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Actor")
            .field("node", &self.node)
            .field("hostile", &self.hostility.is_some())
            .finish()
    }
}

impl Actor {
    /// The node.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// The node, for commands.
    pub const fn node_mut(&mut self) -> &mut Node {
        &mut self.node
    }

    /// Whether it works against the others.
    #[must_use]
    pub const fn is_hostile(&self) -> bool {
        self.hostility.is_some()
    }
}

impl Machine for Actor {
    type Event = Event;

    fn id(&self) -> NodeId {
        self.node.id()
    }

    fn handle(&mut self, now: Time, input: Input) {
        match &mut self.hostility {
            Some(hostility) => {
                if let Some(input) = hostility.hear(input) {
                    self.node.handle(now, input);
                }
            }
            None => self.node.handle(now, input),
        }
    }

    fn poll(&mut self) -> Option<Output<Event>> {
        if let Some(said) = self.hostility.as_mut().and_then(Hostility::say) {
            return Some(said);
        }
        self.node.poll()
    }

    fn next_wake(&self) -> Option<Time> {
        self.node.next_wake()
    }
}

/// What a hostile node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Takes questions and messages and answers none.
    Drop,
    /// Names its accomplices as the nodes closest to whatever is looked for.
    Collude,
    /// Answers with forged and replayed records.
    Forge,
    /// Stands around one key, and colludes.
    Poison(Key),
}

/// A network of whole nodes.
#[derive(Debug)]
pub struct Network {
    /// The simulator under it.
    pub sim: Sim<Actor>,
    ring: Rc<RefCell<Ring>>,
    clock_at: u64,
}

impl Network {
    /// An empty network.
    #[must_use]
    pub fn new(seed: u64, world: World) -> Self {
        Self {
            sim: Sim::new(seed, world),
            ring: Rc::default(),
            clock_at: 0,
        }
    }

    /// A new node at a random place; it is told of `contacts` nodes that run, as an invite or a cache would.
    pub fn add(&mut self, config: &Config, contacts: usize, hostile: Option<Strategy>) -> Number {
        let place = self.sim.world().place(self.sim.chance());
        self.add_at(config, contacts, hostile, place)
    }

    /// The same, at a place.
    pub fn add_at(
        &mut self,
        config: &Config,
        contacts: usize,
        hostile: Option<Strategy>,
        place: Place,
    ) -> Number {
        let known = self.some_records(contacts);
        let key = key(self.sim.chance(), hostile);
        let seed = self.sim.chance().bytes();
        let now = self.sim.now();
        let mut node = Node::new(config.clone(), key, seed);
        node.handle(now, Input::Clock(unix(now)));
        let hints = Hints {
            direct: vec![(place.ip, 7701).into()],
            relays: vec![],
        };
        node.set_hints(now, hints, false);
        let hostility = hostile.map(|strategy| {
            let ring = Rc::clone(&self.ring);
            Hostility::new(strategy, ring, node.view(now).record)
        });
        let number = self.sim.add_at(Actor { node, hostility }, place);
        self.sim
            .with(number, |actor, now| actor.node.join(now, known));
        number
    }

    /// Records of running nodes, drawn at random.
    fn some_records(&mut self, count: usize) -> Vec<PeerRecord> {
        let total = self.sim.total();
        let mut records = Vec::new();
        for _ in 0..count * 20 {
            let pick = self.sim.chance().below(total) as Number;
            if let Some(record) = self.sim.machine(pick).and_then(|actor| actor.node.record()) {
                records.push(record.clone());
            }
            if records.len() >= count {
                break;
            }
        }
        records
    }

    /// Lets time pass; the wall clocks go along.
    pub fn run(&mut self, span: core::time::Duration) {
        const EVERY: u64 = 600_000_000;
        let until = self.sim.now().0 + u64::try_from(span.as_micros()).unwrap_or(0);
        loop {
            let now = self.sim.now().0;
            if now >= self.clock_at {
                self.clock_at = now + EVERY;
                let running: Vec<_> = self.sim.running().collect();
                for number in running {
                    self.sim.with(number, |actor, now| {
                        actor.handle(now, Input::Clock(unix(now)));
                    });
                }
            }
            if now >= until {
                break;
            }
            let step = until.min(self.clock_at) - now;
            self.sim.run(core::time::Duration::from_micros(step));
        }
    }
}

fn unix(now: Time) -> UnixTime {
    UnixTime(EPOCH + now.0 / 1_000_000)
}

/// A key; for a poisoner one whose place shares at least twelve bits with its aim.
fn key(chance: &mut Chance, hostile: Option<Strategy>) -> SigningKey {
    loop {
        let key = SigningKey::from_bytes(&chance.bytes());
        let Some(Strategy::Poison(aim)) = hostile else {
            return key;
        };
        let id = NodeId(key.verifying_key().to_bytes());
        if Key::of_node(&id).shared(&aim) >= POISON_BITS {
            return key;
        }
    }
}

/// How close to its aim a poisoner stands: closer than any honest node of a network of thousands.
const POISON_BITS: u32 = 12;
