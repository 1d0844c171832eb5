//! The nodes this one knows and has heard answer, by distance.

use core::net::IpAddr;

use crate::id::NodeId;
use crate::machine::Time;
use crate::record::{Key, PeerRecord};

/// How many nodes stand in a bucket, and how many copies a record has.
pub(crate) const K: usize = 20;
/// Who waits for a place in a full bucket.
const WAITING: usize = 4;
/// A node that has been there this long is not replaced by a faster one.
const OLD: u64 = 600 * 1_000_000;
/// One that has not answered for this long is asked before it is trusted to be alive.
const QUIET: u64 = 900 * 1_000_000;

/// The part of an address that costs something to have many of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Prefix {
    V4([u8; 3]),
    V6([u8; 6]),
    /// Only reachable by this relay.
    Relay([u8; 8]),
    /// A private address where those are exempt.
    Exempt,
}

impl Prefix {
    /// Of an address that was seen, or else of the record's first one. None: cannot be reached, so it has no place.
    pub(crate) fn of(record: &PeerRecord, seen: Option<IpAddr>, exempt: bool) -> Option<Self> {
        let ip = seen.or_else(|| record.direct.first().map(core::net::SocketAddr::ip));
        let Some(ip) = ip else {
            let relay = record.relays.first()?;
            let hash = blake3::hash(relay.as_bytes());
            return hash.as_bytes().first_chunk().map(|part| Self::Relay(*part));
        };
        Some(Self::of_ip(ip, exempt))
    }

    pub(crate) fn of_ip(ip: IpAddr, exempt: bool) -> Self {
        match ip.to_canonical() {
            ip if exempt && is_local(ip) => Self::Exempt,
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, ..] = v6.octets();
                Self::V6([a, b, c, d, e, f])
            }
        }
    }

    /// How many may stand in one bucket and in the table.
    pub(crate) const fn limits(&self) -> (usize, usize) {
        match self {
            Self::V4(_) | Self::V6(_) => (1, 2),
            Self::Relay(_) => (4, 16),
            Self::Exempt => (usize::MAX, usize::MAX),
        }
    }
}

/// Loopback, private (RFC 1918), link-local, shared (RFC 6598) and unique local addresses.
fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// A node that has answered.
#[derive(Debug, Clone)]
pub(crate) struct Contact {
    pub id: NodeId,
    pub place: Key,
    pub record: PeerRecord,
    pub prefix: Prefix,
    /// When it came into the table.
    pub since: Time,
    /// When it last answered.
    pub seen: Time,
    /// The last round trip, in microseconds.
    pub rtt: u32,
    pub fails: u8,
}

#[derive(Debug, Default)]
struct Bucket {
    contacts: Vec<Contact>,
    waiting: Vec<Contact>,
    touched: Time,
}

/// What became of a node that answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    In,
    /// The bucket is full; this old one should be asked whether it is still there.
    AskFirst(NodeId),
    Out,
}

/// All buckets; the number of a bucket is the number of leading bits shared with the own place.
#[derive(Debug)]
pub(crate) struct Buckets {
    own: Key,
    rows: Vec<Bucket>,
}

impl Buckets {
    pub(crate) const fn new(own: Key) -> Self {
        Self {
            own,
            rows: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.iter().map(|row| row.contacts.len()).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Contact> {
        self.rows.iter().flat_map(|row| row.contacts.iter())
    }

    pub(crate) fn get(&self, id: &NodeId) -> Option<&Contact> {
        self.row(&Key::of_node(id))?
            .contacts
            .iter()
            .find(|one| one.id == *id)
    }

    fn index(&self, place: &Key) -> usize {
        self.own.shared(place) as usize
    }

    fn row(&self, place: &Key) -> Option<&Bucket> {
        self.rows.get(self.index(place))
    }

    fn row_mut(&mut self, place: &Key) -> Option<&mut Bucket> {
        let index = self.index(place);
        if index >= 256 {
            return None;
        }
        if self.rows.len() <= index {
            self.rows.resize_with(index + 1, Bucket::default);
        }
        self.rows.get_mut(index)
    }

    /// Whether a node at this place would find room, so that it is worth a question.
    pub(crate) fn wants(&self, place: &Key) -> bool {
        self.index(place) < 256
            && self
                .row(place)
                .is_none_or(|row| row.contacts.len() < K || row.waiting.len() < WAITING)
    }

    /// A node has answered.
    pub(crate) fn answered(&mut self, new: Contact) -> Placed {
        let now = new.seen;
        let everywhere = self
            .iter()
            .filter(|one| one.prefix == new.prefix && one.id != new.id)
            .count();
        let Some(row) = self.row_mut(&new.place) else {
            return Placed::Out;
        };
        if let Some(old) = row.contacts.iter_mut().find(|one| one.id == new.id) {
            if new.record.sequence >= old.record.sequence {
                old.record = new.record;
            }
            old.seen = now;
            old.rtt = new.rtt;
            old.fails = 0;
            return Placed::In;
        }
        let (in_bucket, in_table) = new.prefix.limits();
        let here = row
            .contacts
            .iter()
            .filter(|one| one.prefix == new.prefix)
            .count();
        if here >= in_bucket || everywhere >= in_table {
            return Placed::Out;
        }
        if row.contacts.len() < K {
            row.contacts.push(new);
            return Placed::In;
        }
        if let Some(dead) = row.contacts.iter().position(|one| one.fails >= 2) {
            row.contacts.swap_remove(dead);
            row.contacts.push(new);
            return Placed::In;
        }
        let slow = row
            .contacts
            .iter()
            .enumerate()
            .filter(|(_, one)| now.0.saturating_sub(one.since.0) < OLD && one.rtt / 2 > new.rtt)
            .max_by_key(|(_, one)| one.rtt)
            .map(|(index, _)| index);
        if let Some(slow) = slow {
            row.contacts.swap_remove(slow);
            row.contacts.push(new);
            return Placed::In;
        }
        let quiet = row
            .contacts
            .iter()
            .filter(|one| now.0.saturating_sub(one.seen.0) > QUIET)
            .min_by_key(|one| one.seen)
            .map(|one| one.id);
        row.waiting.retain(|one| one.id != new.id);
        if row.waiting.len() < WAITING {
            row.waiting.push(new);
        }
        quiet.map_or(Placed::Out, Placed::AskFirst)
    }

    /// A node did not answer. After three times, or at once when its bucket has somebody waiting, it is gone.
    pub(crate) fn failed(&mut self, id: &NodeId) {
        let Some(row) = self.row_mut(&Key::of_node(id)) else {
            return;
        };
        row.waiting.retain(|one| one.id != *id);
        let Some(index) = row.contacts.iter().position(|one| one.id == *id) else {
            return;
        };
        let patience = if row.waiting.is_empty() { 3 } else { 1 };
        let Some(one) = row.contacts.get_mut(index) else {
            return;
        };
        one.fails = one.fails.saturating_add(1);
        if one.fails >= patience {
            self.remove(id);
        }
    }

    /// Takes a node out and lets the fastest of those that wait in.
    pub(crate) fn remove(&mut self, id: &NodeId) {
        let place = Key::of_node(id);
        let Some(row) = self.row_mut(&place) else {
            return;
        };
        row.waiting.retain(|one| one.id != *id);
        row.contacts.retain(|one| one.id != *id);
        if row.contacts.len() < K && !row.waiting.is_empty() {
            row.waiting.sort_by_key(|one| core::cmp::Reverse(one.rtt));
            if let Some(next) = row.waiting.pop() {
                self.answered(next);
            }
        }
    }

    /// A round trip that was measured elsewhere.
    pub(crate) fn measured(&mut self, id: &NodeId, rtt: u32) {
        let row = self.row_mut(&Key::of_node(id));
        if let Some(one) = row.and_then(|row| row.contacts.iter_mut().find(|one| one.id == *id)) {
            one.rtt = rtt;
        }
    }

    /// The closest to a place.
    pub(crate) fn closest(&self, place: &Key, most: usize) -> Vec<&Contact> {
        let mut all: Vec<([u8; 32], &Contact)> = self
            .iter()
            .filter(|one| one.fails < 2)
            .map(|one| (one.place.distance(place), one))
            .collect();
        if all.len() > most && most > 0 {
            all.select_nth_unstable_by_key(most - 1, |(distance, _)| *distance);
            all.truncate(most);
        }
        all.sort_unstable_by_key(|(distance, _)| *distance);
        all.into_iter().map(|(_, one)| one).take(most).collect()
    }

    /// How many known nodes are closer to a place than this one is.
    pub(crate) fn closer_than_self(&self, place: &Key) -> usize {
        let own = self.own.distance(place);
        self.iter()
            .filter(|one| one.place.distance(place) < own)
            .count()
    }

    /// The bucket that waits longest for a look-up, with when it was last touched. The farthest buckets count up to one
    /// beyond the deepest that holds anybody.
    pub(crate) fn stalest(&self) -> Option<(u32, Time)> {
        let deepest = self.rows.iter().rposition(|row| !row.contacts.is_empty())?;
        (0..=deepest + 1)
            .map(|index| {
                let touched = self.rows.get(index).map_or(Time(0), |row| row.touched);
                (u32::try_from(index).unwrap_or(255), touched)
            })
            .min_by_key(|(_, touched)| *touched)
    }

    /// A look-up went into the bucket of this place.
    pub(crate) fn touch(&mut self, place: &Key, now: Time) {
        if let Some(row) = self.row_mut(place) {
            row.touched = now;
        }
    }
}

#[cfg(test)]
#[path = "buckets_tests.rs"]
mod tests;
