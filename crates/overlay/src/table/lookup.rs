//! One look-up: a walk towards a place over disjoint paths, then a sweep of the region around it.

use std::collections::{BTreeMap, HashMap};

use super::buckets::{K, Prefix};
use super::message::{MOST_NODES, Token};
use super::size::Size;
use crate::id::NodeId;
use crate::machine::{Time, UnixTime};
use crate::out::{Context, Out};
use crate::record::{Key, PeerRecord, SignedRecord};
use crate::score::Offence;

/// How many questions are under way on one path, or in the sweep.
const ALPHA: usize = 3;
const SWEEP: usize = 6;
/// How many paths share no node.
const PATHS: u8 = 3;
/// After this long a question no longer holds up others.
pub(crate) const SLOW: u64 = 1_500_000;
/// After this long it has failed.
pub(crate) const LOST: u64 = 6_000_000;
const LONGEST: u64 = 60_000_000;
const MOST_CANDIDATES: usize = 256;
const MOST_COPIES: usize = 64;
const REFRESH: usize = 5;
/// A node's record this fresh (seconds) ends the search for it.
const FRESH: u64 = 26 * 3600;
const AGREE: usize = 3;

#[derive(Debug)]
pub(crate) enum Goal {
    /// The own place: who is near learns of this node.
    Place,
    /// To fill a bucket: a few questions are enough.
    Bucket,
    Node(NodeId),
    Get,
    Put(SignedRecord),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Asked(Time),
    Answered(Token),
    Failed,
}

#[derive(Debug)]
struct Candidate {
    id: NodeId,
    /// What others say of it, and who; the first that is rightly signed is used.
    records: Vec<(PeerRecord, Option<NodeId>)>,
    path: u8,
    hops: u8,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Walk,
    Sweep,
    /// Putting, or nothing more to do.
    Last,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Step {
    Ask(PeerRecord, u8),
    Store(NodeId, Token),
    Wait,
    Done,
}

#[derive(Debug)]
pub(crate) struct Lookup {
    pub goal: Goal,
    pub target: Key,
    pub found: Option<PeerRecord>,
    pub values: BTreeMap<NodeId, SignedRecord>,
    pub copies: usize,
    pub dense: bool,
    /// How deep the last answer that counted was, and how many were asked.
    pub hops: u8,
    pub asked: u16,
    pub deadline: Time,
    /// The last step.
    last: Time,
    gave: usize,
    paths: u8,
    want: u8,
    phase: Phase,
    region: u32,
    candidates: BTreeMap<[u8; 32], Candidate>,
    to_store: Vec<(NodeId, Token)>,
    storing: usize,
}

impl Lookup {
    pub(crate) fn new(now: Time, goal: Goal, target: Key, region: u32) -> Self {
        let upkeep = matches!(goal, Goal::Place | Goal::Bucket);
        let bucket = matches!(goal, Goal::Bucket);
        Self {
            goal,
            target,
            found: None,
            values: BTreeMap::new(),
            copies: 0,
            dense: false,
            hops: 0,
            asked: 0,
            deadline: Time(now.0.saturating_add(LONGEST)),
            last: now,
            gave: 0,
            paths: if upkeep { 1 } else { PATHS },
            // To fill a bucket half of them will do, at half the bytes.
            want: if bucket { K as u8 / 2 } else { K as u8 },
            phase: Phase::Walk,
            region,
            candidates: BTreeMap::new(),
            to_store: Vec::new(),
            storing: 0,
        }
    }

    /// The nodes to start from are dealt to the paths in turn.
    pub(crate) fn start(&mut self, own: &NodeId, records: Vec<PeerRecord>) {
        for (index, record) in records.into_iter().enumerate() {
            let path = (index % usize::from(self.paths)) as u8;
            self.add(own, record, None, path, 1);
        }
    }

    fn add(
        &mut self,
        own: &NodeId,
        record: PeerRecord,
        source: Option<NodeId>,
        path: u8,
        hops: u8,
    ) {
        if record.id == *own {
            return;
        }
        let distance = Key::of_node(&record.id).distance(&self.target);
        if let Some(known) = self.candidates.get_mut(&distance) {
            let same = known
                .records
                .iter()
                .any(|(one, from)| *one == record || *from == source);
            if known.state == State::New && !same && known.records.len() < 3 {
                known.records.push((record, source));
            }
            return;
        }
        if self.candidates.len() >= MOST_CANDIDATES {
            let last = self.candidates.last_key_value();
            if last.is_none_or(|(far, one)| *far < distance || one.state != State::New) {
                return;
            }
            self.candidates.pop_last();
        }
        let id = record.id;
        let candidate = Candidate {
            id,
            records: vec![(record, source)],
            path,
            hops,
            state: State::New,
        };
        self.candidates.insert(distance, candidate);
    }

    /// A node has answered with the nodes it knows.
    pub(crate) fn nodes(
        &mut self,
        context: &Context<'_>,
        own: &NodeId,
        from: NodeId,
        nodes: Vec<PeerRecord>,
        token: Token,
        out: &mut Out,
    ) {
        let distance = Key::of_node(&from).distance(&self.target);
        let Some(candidate) = self.candidates.get_mut(&distance) else {
            return;
        };
        candidate.state = State::Answered(token);
        let (path, hops) = (candidate.path, candidate.hops);
        let mut ids: Vec<NodeId> = nodes.iter().map(|node| node.id).collect();
        ids.sort_unstable();
        ids.dedup();
        // More than asked for, the same twice, or itself.
        let most = usize::from(self.want);
        if ids.len() != nodes.len() || nodes.len() > most || ids.contains(&from) {
            out.blame(from, Offence::Lie);
            return;
        }
        for node in nodes {
            if let Goal::Node(wanted) = self.goal
                && node.id == wanted
            {
                self.claim(context.unix, &node, from, hops, out);
            }
            self.add(own, node, Some(from), path, hops.saturating_add(1));
        }
    }

    /// Somebody says where the wanted node is.
    fn claim(
        &mut self,
        unix: UnixTime,
        record: &PeerRecord,
        from: NodeId,
        hops: u8,
        out: &mut Out,
    ) {
        let newer = |old: &PeerRecord| record.sequence > old.sequence;
        if !self.found.as_ref().is_none_or(newer) {
            return;
        }
        if record.verify().is_err() {
            out.blame(from, Offence::Forged);
            return;
        }
        if record.issued.saturating_add(FRESH) > unix.0 {
            self.phase = Phase::Last;
        }
        self.hops = hops;
        self.found = Some(record.clone());
    }

    /// A node has answered with records.
    pub(crate) fn values(
        &mut self,
        unix: UnixTime,
        from: NodeId,
        values: Vec<SignedRecord>,
        out: &mut Out,
    ) {
        let mut gave = false;
        for value in values {
            if value.key != self.target {
                out.blame(from, Offence::Lie);
                return;
            }
            let old = self.values.get(&value.owner);
            if old == Some(&value) {
                gave = true;
                continue;
            }
            if !value.alive(unix) {
                continue;
            }
            if value.verify().is_err() {
                out.blame(from, Offence::Forged);
                return;
            }
            if old.is_none_or(|old| value.replaces(old)) {
                gave = true;
                if old.is_some() {
                    self.gave = 0;
                }
                self.values.insert(value.owner, value);
            }
        }
        if gave {
            self.gave += 1;
            let distance = Key::of_node(&from).distance(&self.target);
            self.hops = self.candidates.get(&distance).map_or(0, |one| one.hops);
        }
        if self.values.values().any(SignedRecord::is_owned) {
            self.values.retain(|_, one| one.is_owned());
        }
    }

    /// The verified record under which a node was asked.
    pub(crate) fn record_of(&self, peer: &NodeId) -> Option<PeerRecord> {
        let distance = Key::of_node(peer).distance(&self.target);
        let one = self.candidates.get(&distance)?;
        one.records.first().map(|(record, _)| record.clone())
    }

    /// A node did not answer, or cannot be reached.
    pub(crate) fn failed(&mut self, peer: &NodeId) {
        let distance = Key::of_node(peer).distance(&self.target);
        if let Some(one) = self.candidates.get_mut(&distance)
            && matches!(one.state, State::Asked(_) | State::New)
        {
            one.state = State::Failed;
        }
    }

    pub(crate) fn stored(&mut self, kept: bool) {
        self.storing = self.storing.saturating_sub(1);
        self.copies += usize::from(kept);
    }

    /// What to do now; to be asked until it says wait or done.
    pub(crate) fn step(&mut self, context: &Context<'_>, size: &Size, out: &mut Out) -> Step {
        self.last = context.now;
        if context.now >= self.deadline {
            return Step::Done;
        }
        loop {
            let enough = matches!(self.goal, Goal::Get) && self.gave >= AGREE && !self.dense;
            if enough && !self.values.is_empty() {
                return Step::Done;
            }
            let (pick, busy) = match self.phase {
                Phase::Walk => self.walk(context.now),
                Phase::Sweep => self.sweep(context.now),
                Phase::Last => {
                    return match self.to_store.pop() {
                        Some((peer, token)) => {
                            self.storing += 1;
                            Step::Store(peer, token)
                        }
                        None if self.storing > 0 => Step::Wait,
                        None => Step::Done,
                    };
                }
            };
            if let Some(distance) = pick {
                if let Some(record) = self.choose(&distance, context, out) {
                    self.asked = self.asked.saturating_add(1);
                    return Step::Ask(record, self.want);
                }
                continue;
            }
            if busy {
                return Step::Wait;
            }
            if self.phase == Phase::Walk {
                if let Goal::Place | Goal::Bucket = self.goal {
                    return Step::Done;
                }
                self.phase = Phase::Sweep;
            } else if self.widen(size) {
                continue;
            } else if let Goal::Put(_) = self.goal {
                self.phase = Phase::Last;
                self.to_store = self.holders();
            } else {
                return Step::Done;
            }
        }
    }

    fn walk(&self, now: Time) -> (Option<[u8; 32]>, bool) {
        let (need, alpha) = match self.goal {
            Goal::Bucket => (3, 1),
            Goal::Place => (REFRESH, ALPHA),
            _ => (K.div_ceil(usize::from(self.paths)), ALPHA),
        };
        let mut busy = false;
        for path in 0..self.paths {
            let on_path = self.candidates.iter().filter(|(_, one)| one.path == path);
            let window = on_path
                .filter(|(_, one)| one.state != State::Failed)
                .take(need);
            let (pick, waits) = next_in(now, window, alpha);
            if pick.is_some() {
                return (pick, true);
            }
            busy |= waits;
        }
        (None, busy)
    }

    fn sweep(&self, now: Time) -> (Option<[u8; 32]>, bool) {
        next_in(now, self.region_nodes(), SWEEP)
    }

    /// The closest K, and all that share the region's bits, up to a limit.
    fn region_nodes(&self) -> impl Iterator<Item = (&[u8; 32], &Candidate)> {
        let wide = self.dense || matches!(self.goal, Goal::Put(_));
        self.candidates
            .iter()
            .filter(|(_, one)| one.state != State::Failed)
            .enumerate()
            .take_while(move |(index, (distance, _))| {
                *index < K
                    || (wide && *index < MOST_COPIES && leading_zeros(distance) >= self.region)
            })
            .map(|(_, one)| one)
    }

    /// Marks a candidate as asked and gives its record, if it has a good one.
    fn choose(
        &mut self,
        distance: &[u8; 32],
        context: &Context<'_>,
        out: &mut Out,
    ) -> Option<PeerRecord> {
        let taken = self.prefixes(context.local_exempt);
        let one = self.candidates.get_mut(distance)?;
        one.state = State::Failed;
        if !context.scores.good(context.now, &one.id) {
            return None;
        }
        for (record, source) in &one.records {
            let prefix = Prefix::of(record, None, context.local_exempt);
            let Some(prefix) = prefix else { continue };
            if taken.get(&prefix).copied().unwrap_or_default() >= prefix.limits().1 {
                continue;
            }
            if record.verify().is_ok() {
                let record = record.clone();
                one.state = State::Asked(context.now);
                one.records.retain(|(other, _)| *other == record);
                return Some(record);
            }
            if let Some(source) = source {
                out.blame(*source, Offence::Forged);
            }
        }
        None
    }

    /// How many of each network are in use.
    fn prefixes(&self, exempt: bool) -> HashMap<Prefix, usize> {
        let mut taken = HashMap::new();
        for one in self.candidates.values() {
            if matches!(one.state, State::Asked(_) | State::Answered(_))
                && let Some((record, _)) = one.records.first()
                && let Some(prefix) = Prefix::of(record, None, exempt)
            {
                *taken.entry(prefix).or_default() += 1;
            }
        }
        taken
    }

    /// Once, when nodes crowd around the target: asks the closest again for more, so that the honest ones among them are
    /// found as well.
    fn widen(&mut self, size: &Size) -> bool {
        let distances: Vec<[u8; 32]> = self.answered().map(|(distance, _)| *distance).collect();
        if self.dense || !size.dense(&distances) {
            return false;
        }
        self.dense = true;
        self.region = self.region.saturating_sub(1);
        self.want = MOST_NODES as u8;
        let again = self
            .candidates
            .values_mut()
            .filter(|one| matches!(one.state, State::Answered(_)));
        for one in again.take(2 * SWEEP) {
            one.state = State::New;
        }
        true
    }

    fn answered(&self) -> impl Iterator<Item = (&[u8; 32], &Candidate)> {
        self.candidates
            .iter()
            .filter(|(_, one)| matches!(one.state, State::Answered(_)))
    }

    fn holders(&self) -> Vec<(NodeId, Token)> {
        self.region_nodes()
            .filter_map(|(_, one)| match one.state {
                State::Answered(token) => Some((one.id, token)),
                _ => None,
            })
            .collect()
    }

    /// The distances of those that answered, closest first; none if the walk did not get there.
    pub(crate) fn distances(&self) -> Vec<[u8; 32]> {
        self.answered().map(|(distance, _)| *distance).collect()
    }

    /// When the next question under way counts as slow, or the whole ends.
    pub(crate) fn next_wake(&self) -> Option<Time> {
        let asked = self.candidates.values().filter_map(|one| match one.state {
            State::Asked(at) if at.0 + SLOW > self.last.0 => Some(Time(at.0 + SLOW)),
            _ => None,
        });
        asked.chain([self.deadline]).min()
    }

    /// Whether it came to its end, rather than being cut short by an early answer.
    pub(crate) fn swept(&self) -> bool {
        self.phase == Phase::Sweep || matches!(self.goal, Goal::Put(_))
    }

    /// Who named only nodes that do not answer, while most others' nodes did.
    pub(crate) fn liars(&self) -> Vec<NodeId> {
        let mut leads: BTreeMap<NodeId, (usize, usize)> = BTreeMap::new();
        let (mut good, mut bad) = (0, 0);
        for one in self.candidates.values() {
            let (won, lost) = match one.state {
                State::Answered(_) => (1, 0),
                State::Failed => (0, 1),
                _ => continue,
            };
            (good, bad) = (good + won, bad + lost);
            for (_, source) in &one.records {
                if let Some(source) = source {
                    let lead = leads.entry(*source).or_default();
                    *lead = (lead.0 + won, lead.1 + lost);
                }
            }
        }
        leads.retain(|_, (won, lost)| *won == 0 && *lost >= 5);
        if good < bad / 2 {
            leads.clear();
        }
        leads.into_keys().collect()
    }
}

/// The first to ask among these, and whether answers are awaited.
fn next_in<'a>(
    now: Time,
    window: impl Iterator<Item = (&'a [u8; 32], &'a Candidate)>,
    most: usize,
) -> (Option<[u8; 32]>, bool) {
    let (mut first, mut under_way, mut busy) = (None, 0, false);
    for (distance, one) in window {
        match one.state {
            State::New if first.is_none() => first = Some(*distance),
            State::Asked(at) => {
                busy = true;
                under_way += usize::from(now.0.saturating_sub(at.0) < SLOW);
            }
            _ => {}
        }
    }
    (first.filter(|_| under_way < most), busy || first.is_some())
}

fn leading_zeros(distance: &[u8; 32]) -> u32 {
    Key(*distance).shared(&Key([0; 32]))
}
