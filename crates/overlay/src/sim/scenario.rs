//! Measured runs: how a network of so many nodes fares under churn and attack.

use core::time::Duration;
use std::collections::HashMap;

use super::graph::Graph;
use super::network::{Actor, Network, Strategy};
use super::{Number, Sim, Traffic, World};
use crate::node::{Config, Event, QueryId};
use crate::protocol::Protocol;

/// What to simulate.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Everything follows from it.
    pub seed: u64,
    /// How many nodes.
    pub nodes: usize,
    /// The internet.
    pub world: World,
    /// The share of nodes that is replaced in an hour, each without a word.
    pub churn: f64,
    /// The share of nodes that is hostile.
    pub hostile: f64,
    /// What they do, in turns.
    pub strategies: Vec<Strategy>,
    /// How long all need to come.
    pub arrival: Duration,
    /// Rest before anything is measured.
    pub settle: Duration,
    /// While control traffic is counted and nobody looks for anything.
    pub quiet: Duration,
    /// While look-ups run.
    pub busy: Duration,
    /// How many look-ups.
    pub lookups: usize,
}

impl Plan {
    /// A quiet network of this size.
    #[must_use]
    pub fn of(nodes: usize) -> Self {
        Self {
            seed: 1,
            nodes,
            world: World::default(),
            churn: 0.0,
            hostile: 0.0,
            strategies: vec![Strategy::Drop, Strategy::Collude, Strategy::Forge],
            arrival: Duration::from_secs(600),
            settle: Duration::from_secs(1800),
            quiet: Duration::from_secs(900),
            busy: Duration::from_secs(300),
            lookups: 1000,
        }
    }
}

/// What came out.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Look-ups that found the node's record, of those made.
    pub found: usize,
    /// Look-ups made.
    pub made: usize,
    /// Hops of those that succeeded, sorted.
    pub hops: Vec<u32>,
    /// Questions of each look-up, sorted.
    pub asked: Vec<u32>,
    /// How long they took, milliseconds, sorted.
    pub millis: Vec<u64>,
    /// Bytes in and out of each honest node in a day, everything counted, sorted.
    pub daily: Vec<u64>,
    /// The mean by what it went for: messages sent of control, table and gossip, with nothing added; handshakes of the same;
    /// keep-alives. Bytes a node a day; what is missing is what was received, and headers.
    pub parts: [f64; 7],
    /// λ₂ of the graph of control and gossip lines between honest nodes.
    pub lambda2: f64,
    /// Its mean degree.
    pub degree: f64,
    /// The share of nodes in its largest part.
    pub whole: f64,
    /// Sends to nodes no driver could have dialled.
    pub blind: u64,
    /// Happenings simulated.
    pub steps: u64,
}

impl Report {
    /// The share of look-ups that succeeded.
    #[must_use]
    pub fn success(&self) -> f64 {
        self.found as f64 / self.made.max(1) as f64
    }

    /// Mean bytes a node a day.
    #[must_use]
    pub fn mean_daily(&self) -> f64 {
        self.daily.iter().sum::<u64>() as f64 / self.daily.len().max(1) as f64
    }
}

/// A value of a sorted list at this share.
#[must_use]
pub fn quantile<T: Copy + Default>(sorted: &[T], share: f64) -> T {
    let at = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// Simulates a plan. `say` hears how far it is.
pub fn run(plan: &Plan, mut say: impl FnMut(&str)) -> Report {
    let mut run = Run::new(plan);
    run.arrive(&mut say);
    run.pass(plan.settle, 0);
    run.network.sim.events();
    say("settled");
    run.measure_quiet();
    say("counted");
    run.look_up();
    run.shape();
    run.report.blind = run.network.sim.blind_dials();
    run.report.steps = run.network.sim.steps();
    for list in [&mut run.report.hops, &mut run.report.asked] {
        list.sort_unstable();
    }
    run.report.millis.sort_unstable();
    run.report.daily.sort_unstable();
    run.report
}

struct Run<'a> {
    plan: &'a Plan,
    network: Network,
    config: Config,
    report: Report,
    waiting: HashMap<(Number, QueryId), (u64, Number)>,
    born: Vec<u64>,
    replaced: f64,
    added: usize,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            network: Network::new(plan.seed, plan.world.clone()),
            config: Config::default(),
            report: Report::default(),
            waiting: HashMap::new(),
            born: Vec::new(),
            replaced: 0.0,
            added: 0,
        }
    }

    fn add(&mut self) {
        // Evenly spread, whatever the share.
        let turn = |count: usize| (count as f64 * self.plan.hostile) as usize;
        let hostile = turn(self.added + 1) > turn(self.added);
        let strategy = self
            .plan
            .strategies
            .get(turn(self.added) % self.plan.strategies.len().max(1));
        let strategy = strategy.copied().filter(|_| hostile);
        self.added += 1;
        self.network.add(&self.config, 4, strategy);
        self.born.push(self.network.sim.now().0);
    }

    fn arrive(&mut self, say: &mut impl FnMut(&str)) {
        let pause = self.plan.arrival / u32::try_from(self.plan.nodes.max(1)).unwrap_or(1);
        for count in 0..self.plan.nodes {
            self.add();
            self.network.run(pause);
            self.network.sim.events();
            if count % 1000 == 999 {
                say(&format!("{} nodes are there", count + 1));
            }
        }
    }

    /// Lets time pass under churn, with so many look-ups spread over it.
    fn pass(&mut self, span: Duration, lookups: usize) {
        const STEP: Duration = Duration::from_secs(1);
        let steps = span.as_secs().max(1);
        let mut started = 0;
        for step in 1..=steps {
            self.replaced += self.plan.churn * self.plan.nodes as f64 / 3600.0;
            while self.replaced >= 1.0 {
                self.replaced -= 1.0;
                self.replace();
            }
            while (started as u64) < lookups as u64 * step / steps {
                started += 1;
                self.start();
            }
            self.network.run(STEP);
            self.collect();
        }
    }

    fn replace(&mut self) {
        if let Some(victim) = self.pick(|_, _| true) {
            self.network.sim.crash(victim);
            self.add();
        }
    }

    /// A running node at random that suits.
    fn pick(&mut self, suits: impl Fn(Number, &Actor) -> bool) -> Option<Number> {
        let total = self.network.sim.total();
        for _ in 0..1000 {
            let pick = self.network.sim.chance().below(total) as Number;
            if self
                .network
                .sim
                .machine(pick)
                .is_some_and(|actor| suits(pick, actor))
            {
                return Some(pick);
            }
        }
        None
    }

    /// An honest node that is there for five minutes looks for another.
    fn start(&mut self) {
        let now = self.network.sim.now().0;
        let born = core::mem::take(&mut self.born);
        let old = |number: Number, actor: &Actor| {
            !actor.is_hostile()
                && born
                    .get(number as usize)
                    .is_some_and(|at| at + 300_000_000 <= now)
        };
        let pair = (self.pick(old), self.pick(old));
        self.born = born;
        let (Some(from), Some(to)) = pair else { return };
        let Some(wanted) = self.network.sim.id(to).filter(|_| from != to) else {
            return;
        };
        let query = self
            .network
            .sim
            .with(from, |actor, now| actor.node_mut().find(now, wanted));
        if let Some(query) = query {
            self.waiting.insert((from, query), (now, to));
            self.report.made += 1;
        }
    }

    fn collect(&mut self) {
        for (at, number, event) in self.network.sim.events() {
            let Event::Found {
                query,
                record,
                hops,
                asked,
            } = event
            else {
                continue;
            };
            let Some((since, to)) = self.waiting.remove(&(number, query)) else {
                continue;
            };
            let right = record.is_some_and(|record| self.network.sim.id(to) == Some(record.id));
            self.report.asked.push(u32::from(asked));
            if right {
                self.report.found += 1;
                self.report.hops.push(u32::from(hops));
                self.report.millis.push((at.0 - since) / 1000);
            }
        }
    }

    fn measure_quiet(&mut self) {
        let sim = &mut self.network.sim;
        let honest: Vec<_> = honest(sim);
        let before: Vec<_> = honest.iter().map(|number| sim.traffic(*number)).collect();
        let start = sim.now().0;
        self.pass(self.plan.quiet, 0);
        let sim = &mut self.network.sim;
        let days = (sim.now().0 - start) as f64 / 86_400e6;
        for (number, before) in honest.iter().zip(&before) {
            if sim.machine(*number).is_none() {
                continue;
            }
            let spent = sim.traffic(*number).since(before);
            self.report.daily.push((spent.total() as f64 / days) as u64);
            Self::note_parts(&mut self.report, &spent, days);
        }
        let counted = self.report.daily.len().max(1) as f64;
        for part in &mut self.report.parts {
            *part /= counted;
        }
    }

    fn note_parts(report: &mut Report, spent: &Traffic, days: f64) {
        let [control, table, gossip] = spent.payload;
        let [to_control, to_table, to_gossip] = spent.handshakes.map(|count| count * 6144);
        let bytes = [
            control,
            table,
            gossip,
            to_control,
            to_table,
            to_gossip,
            spent.keep_alives,
        ];
        for (part, bytes) in report.parts.iter_mut().zip(bytes) {
            *part += bytes as f64 / days;
        }
    }

    fn look_up(&mut self) {
        self.pass(self.plan.busy, self.plan.lookups);
        self.pass(Duration::from_secs(60), 0);
    }

    /// The graph of lines that stay open.
    fn shape(&mut self) {
        let sim = &self.network.sim;
        let nodes = honest(sim);
        let place: HashMap<_, _> = nodes
            .iter()
            .zip(0..)
            .map(|(number, at)| (*number, at))
            .collect();
        let lines = sim
            .lines()
            .filter(|(_, _, protocol)| *protocol != Protocol::Table);
        let edges = lines.filter_map(|(a, b, _)| Some((*place.get(&a)?, *place.get(&b)?)));
        let graph = Graph::new(nodes.len(), edges);
        self.report.lambda2 = graph.lambda2(300, self.plan.seed);
        self.report.degree = graph.mean_degree();
        self.report.whole = graph.largest_part();
    }
}

fn honest(sim: &Sim<Actor>) -> Vec<Number> {
    let honest = |number: &Number| {
        sim.machine(*number)
            .is_some_and(|actor| !actor.is_hostile())
    };
    sim.running().filter(honest).collect()
}
