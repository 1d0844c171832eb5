//! What the table answers, and what it makes of answers.

use super::message::{MOST_NODES, Message};
use super::store::{Refused, Source};
use super::{
    Body, Contact, Context, GUEST, K, Key, Link, MINUTE, MOST_GUESTS, NodeId, Offence, Out,
    PeerRecord, Pending, Placed, Prefix, Protocol, SignedRecord, Table, Time, Token, Why,
};

/// Questions a second that are answered for all peers together, and how many at once.
const SERVED: (f64, f64) = (200.0, 1000.0);
/// How long a token holds, twice.
const TOKENS: u64 = 10 * MINUTE;

impl Table {
    /// A message came; what cannot be read is an offence.
    pub(crate) fn on_message(
        &mut self,
        context: &Context<'_>,
        from: NodeId,
        bytes: &[u8],
        out: &mut Out,
    ) {
        let Ok(Message {
            1: number, 2: body, ..
        }) = Message::decode(bytes)
        else {
            out.blame(from, Offence::Malformed);
            return;
        };
        match body {
            Body::Me(record, serving) => self.me(context, from, record, serving, out),
            Body::Ping | Body::Find(..) | Body::Get(..) | Body::Store(..) => {
                if let Some(answer) = self.serve(context, from, body, out) {
                    let message = Message::new(number, answer);
                    out.send(from, Protocol::Table, message.encode());
                }
            }
            answer => self.answer(context, from, number, answer, out),
        }
    }

    /// A node says who it is. It enters the buckets only after it has answered a question.
    fn me(
        &mut self,
        context: &Context<'_>,
        from: NodeId,
        record: PeerRecord,
        serving: bool,
        out: &mut Out,
    ) {
        if record.id != from {
            out.blame(from, Offence::Lie);
            return;
        }
        let link = self.links.entry(from).or_default();
        let known = link.record.as_ref() == Some(&record);
        if !known && record.verify().is_err() {
            out.blame(from, Offence::Forged);
            return;
        }
        if link
            .record
            .as_ref()
            .is_some_and(|old| old.sequence > record.sequence)
        {
            out.blame(from, Offence::Expired);
            return;
        }
        link.record = Some(record.clone());
        if serving {
            self.suggest(context, &record, out);
        } else {
            self.buckets.remove(&from);
            self.invite(context, record.clone());
        }
        out.learnt(record);
    }

    /// Remembers a node that does not serve, so that it can be found.
    fn invite(&mut self, context: &Context<'_>, record: PeerRecord) {
        let now = context.now;
        if self.guests.len() >= MOST_GUESTS && !self.guests.contains_key(&record.id) {
            self.guests
                .retain(|_, (_, at)| at.0.saturating_add(GUEST) > now.0);
            let farthest = self
                .guests
                .keys()
                .max_by_key(|id| Key::of_node(id).distance(&self.place))
                .copied();
            if self.guests.len() >= MOST_GUESTS
                && let Some(farthest) = farthest
            {
                self.guests.remove(&farthest);
            }
        }
        self.guests.insert(record.id, (record, now));
    }

    /// The answer to a question; none if this node does not serve or has had enough.
    fn serve(
        &mut self,
        context: &Context<'_>,
        from: NodeId,
        body: Body,
        out: &mut Out,
    ) -> Option<Body> {
        let (rate, brim) = SERVED;
        if !context.serving || !self.served.take(context.now, 1.0, rate, brim) {
            return None;
        }
        Some(match body {
            Body::Ping => Body::Pong,
            Body::Find(target, want) => {
                let nodes = self.nearest(&target, want, &from);
                Body::Nodes(nodes, self.token(context.now, &from))
            }
            Body::Get(target, want) => {
                let values = Message::fit_values(self.store.get(&target, context.unix));
                let nodes = self.nearest(&target, want, &from);
                Body::Values(values, nodes, self.token(context.now, &from))
            }
            Body::Store(record, token) => {
                Body::Stored(self.keep(context, from, record, &token, out))
            }
            _ => return None,
        })
    }

    fn nearest(&self, target: &Key, want: u8, asker: &NodeId) -> Vec<PeerRecord> {
        let want = usize::from(want).min(MOST_NODES);
        let guest = self
            .guests
            .iter()
            .find(|(id, _)| Key::of_node(id) == *target)
            .map(|(_, (record, _))| record.clone());
        let contacts = self.buckets.closest(target, want + 1);
        let contacts = contacts
            .into_iter()
            .filter(|one| one.id != *asker)
            .map(|one| one.record.clone());
        let nodes = guest.into_iter().chain(contacts).take(want).collect();
        Message::fit_nodes(nodes)
    }

    /// Whether a record is kept, as a code of the protocol.
    fn keep(
        &mut self,
        context: &Context<'_>,
        from: NodeId,
        record: SignedRecord,
        token: &Token,
        out: &mut Out,
    ) -> u8 {
        let earlier = Time(context.now.0.saturating_sub(TOKENS));
        if *token != self.token(context.now, &from) && *token != self.token(earlier, &from) {
            return 1;
        }
        if self.buckets.closer_than_self(&record.key) >= 2 * K {
            return 3;
        }
        if !record.alive(context.unix) {
            out.blame(from, Offence::Expired);
            return 4;
        }
        if record.verify().is_err() {
            out.blame(from, Offence::Forged);
            return 4;
        }
        let ip = self.links.get(&from).and_then(|link| link.ip);
        let prefix = ip.map(|ip| Prefix::of_ip(ip, context.local_exempt));
        let source = match prefix {
            Some(prefix) if prefix != Prefix::Exempt => Source::Network(prefix),
            _ => Source::Node(from),
        };
        match self.store.put(record, source, context.unix) {
            Ok(()) => 0,
            Err(Refused::Older) => 4,
            Err(Refused::Full) => 2,
        }
    }

    /// Bound to the asker's key and address and to ten minutes.
    fn token(&self, now: Time, asker: &NodeId) -> Token {
        let mut hash = blake3::Hasher::new_keyed(&self.secret);
        hash.update(asker.as_bytes());
        hash.update(&(now.0 / TOKENS).to_be_bytes());
        let ip = self.links.get(asker).and_then(|link| link.ip);
        hash.update(format!("{ip:?}").as_bytes());
        let mut token = [0; 8];
        hash.finalize_xof().fill(&mut token);
        token
    }

    /// An answer came, perhaps to a question that was asked.
    fn answer(
        &mut self,
        context: &Context<'_>,
        from: NodeId,
        number: u32,
        body: Body,
        out: &mut Out,
    ) {
        if self.pending.get(&number).is_none_or(|one| one.peer != from) {
            out.blame(from, Offence::Unasked);
            return;
        }
        let Some(pending) = self.pending.remove(&number) else {
            return;
        };
        let fits = match pending.why {
            Why::Lookup(_) => matches!(body, Body::Nodes(..) | Body::Values(..)),
            Why::Put(_) => matches!(body, Body::Stored(_)),
            Why::Probe(_) => matches!(body, Body::Pong),
        };
        if !fits {
            out.blame(from, Offence::Lie);
            self.pending.insert(number, pending);
            self.give_up(context, |one| one.peer == from, out);
            return;
        }
        let Pending { at, why, .. } = pending;
        match why {
            Why::Lookup(of) => {
                let Some(lookup) = self.lookups.get_mut(&of) else {
                    return;
                };
                let record = lookup.record_of(&from);
                match body {
                    Body::Nodes(nodes, token) => {
                        lookup.nodes(context, &self.own, from, nodes, token, out);
                    }
                    Body::Values(values, nodes, token) => {
                        lookup.values(context.unix, from, values, out);
                        lookup.nodes(context, &self.own, from, nodes, token, out);
                    }
                    _ => {}
                }
                if let Some(record) = record {
                    self.heard(context, record, at, out);
                }
                self.advance(context, of, out);
            }
            Why::Put(of) => {
                if let Some(lookup) = self.lookups.get_mut(&of) {
                    lookup.stored(matches!(body, Body::Stored(0)));
                }
                self.advance(context, of, out);
            }
            Why::Probe(record) => self.heard(context, record, at, out),
        }
    }

    /// A node has answered: it may enter the buckets.
    fn heard(&mut self, context: &Context<'_>, record: PeerRecord, asked: Time, out: &mut Out) {
        let link = self.links.get(&record.id);
        let newer = link.and_then(|link: &Link| link.record.clone());
        let ip = link.and_then(|link| link.ip);
        let record = newer
            .filter(|one| one.sequence > record.sequence)
            .unwrap_or(record);
        let Some(prefix) = Prefix::of(&record, ip, context.local_exempt) else {
            return;
        };
        let rtt = context.now.0.saturating_sub(asked.0);
        let contact = Contact {
            id: record.id,
            place: Key::of_node(&record.id),
            record: record.clone(),
            prefix,
            since: context.now,
            seen: context.now,
            rtt: u32::try_from(rtt).unwrap_or(u32::MAX),
            fails: 0,
        };
        match self.buckets.answered(contact) {
            Placed::In => out.learnt(record),
            Placed::AskFirst(old) => {
                if let Some(old) = self.buckets.get(&old).map(|one| one.record.clone()) {
                    self.probe(context, old, out);
                }
            }
            Placed::Out => {}
        }
    }
}
