//! Connections: dialled, carrying, silent, gone; and what each byte costs.

use bytes::Bytes;

use super::queue::Happening;
use super::{DIAL_TIMEOUT, Line, Machine, Nat, Number, Sim, TABLE_IDLE};
use crate::protocol::Protocol;

impl<M: Machine> Sim<M> {
    pub(super) fn send(&mut self, from: Number, to: Number, protocol: Protocol, bytes: Bytes) {
        let Some(line) = self.line(from, to, protocol as u8) else {
            return;
        };
        self.keep_alives(line);
        let wire = self.costs.message(bytes.len());
        let departs = self.departs(from, wire);
        self.charge(from, to, protocol as u8, bytes.len(), wire);
        let delay = self.delay(from, to, line);
        let Some(Some(open)) = self.lines.get_mut(line) else {
            return;
        };
        open.last = self.now;
        let lane = usize::from(open.ends.0 != from);
        if let Some(said) = open.said.get_mut(lane) {
            *said = self.now;
        }
        let mut arrives = departs.max(open.stands) + delay;
        if let Some(ordered) = open.ordered.get_mut(lane) {
            arrives = arrives.max(*ordered);
            *ordered = arrives;
        }
        let serial = open.serial;
        let protocol = protocol as u8;
        self.queue.push(
            arrives,
            Happening::Message {
                line,
                serial,
                from,
                to,
                protocol,
                bytes,
            },
        );
    }

    /// The line between the two, dialled if there is none.
    fn line(&mut self, from: Number, to: Number, protocol: u8) -> Option<usize> {
        let slot = self.slots.get(from as usize)?;
        if let Some(line) = slot.lines.get(&(to, protocol)) {
            return Some(*line);
        }
        if !slot.known.contains(&to) {
            self.blind_dials += 1;
            self.queue.push(
                self.now + 1,
                Happening::DialFailed {
                    at: from,
                    peer: to,
                    protocol,
                },
            );
            return None;
        }
        let alive = self
            .slots
            .get(to as usize)
            .is_some_and(|slot| slot.machine.is_some());
        if from == to || !alive || !self.reaches(from, to) {
            let wire = self.costs.failed_dial;
            if let Some(slot) = self.slots.get_mut(from as usize) {
                slot.traffic.dials_failed += 1;
                slot.traffic.sent += wire;
            }
            self.queue.push(
                self.now + DIAL_TIMEOUT,
                Happening::DialFailed {
                    at: from,
                    peer: to,
                    protocol,
                },
            );
            return None;
        }
        Some(self.dial(from, to, protocol))
    }

    fn dial(&mut self, from: Number, to: Number, protocol: u8) -> usize {
        let nats = [from, to].map(|end| {
            self.slots
                .get(end as usize)
                .map_or(Nat::Open, |slot| slot.place.nat)
        });
        let relayed = !nats[0].reaches(nats[1]);
        self.serial += 1;
        let serial = self.serial;
        let line = self.free_lines.pop().unwrap_or_else(|| {
            self.lines.push(None);
            self.lines.len() - 1
        });
        let fresh = Line {
            ends: (from, to),
            protocol,
            stands: 0,
            ordered: [0; 2],
            said: [0; 2],
            last: self.now,
            relayed,
            serial,
        };
        if let Some(place) = self.lines.get_mut(line) {
            *place = Some(fresh);
        }
        let one_way = self.delay(from, to, line);
        // Behind a NAT the first round goes through a relay that tells both to punch.
        let punched = if nats[1] == Nat::Open { 0 } else { 2 * one_way };
        let stands = self.now + punched + 2 * one_way;
        if let Some(Some(open)) = self.lines.get_mut(line) {
            open.stands = stands;
            open.ordered = [stands + one_way; 2];
        }
        for (at, peer) in [(from, to), (to, from)] {
            if let Some(slot) = self.slots.get_mut(at as usize) {
                slot.lines.insert((peer, protocol), line);
                if let Some(count) = slot.traffic.handshakes.get_mut(usize::from(protocol)) {
                    *count += 1;
                }
                slot.traffic.sent += self.costs.handshake / 2;
                slot.traffic.received += self.costs.handshake / 2;
            }
        }
        self.queue.push(
            stands,
            Happening::Connected {
                at: from,
                peer: to,
                protocol,
                dialled: true,
            },
        );
        self.queue.push(
            stands + one_way,
            Happening::Connected {
                at: to,
                peer: from,
                protocol,
                dialled: false,
            },
        );
        if protocol == Protocol::Table as u8 {
            self.queue
                .push(stands + TABLE_IDLE, Happening::Idle { line, serial });
        }
        line
    }

    /// Ends a line. `gone` = who vanished and how long the other needs to notice; otherwise both know.
    pub(super) fn drop_line(&mut self, line: usize, gone: Option<(Number, u64)>) {
        self.keep_alives(line);
        let Some(Some(open)) = self.lines.get(line) else {
            return;
        };
        let (a, b) = open.ends;
        let (protocol, serial) = (open.protocol, open.serial);
        // The last words go out first, unless an end is gone.
        let delivered = open
            .ordered
            .iter()
            .copied()
            .max()
            .unwrap_or(0)
            .max(open.stands);
        let over = if gone.is_some() {
            self.now
        } else {
            delivered.max(self.now)
        };
        for (at, peer) in [(a, b), (b, a)] {
            if let Some(slot) = self.slots.get_mut(at as usize) {
                slot.lines.remove(&(peer, protocol));
            }
            let notices = gone.map_or(over, |(_, wait)| self.now + wait) + 1;
            if gone.is_none_or(|(who, _)| who != at) {
                self.queue
                    .push(notices, Happening::Disconnected { at, peer, protocol });
            }
        }
        self.queue.push(over + 1, Happening::Over { line, serial });
        if gone.is_some() {
            self.forget(line, serial);
        }
    }

    /// Whether the line is still the one between its ends, not one that only brings its last words.
    pub(super) fn holds(&self, line: usize, open: &Line) -> bool {
        let slot = self.slots.get(open.ends.0 as usize);
        slot.is_some_and(|slot| slot.lines.get(&(open.ends.1, open.protocol)) == Some(&line))
    }

    pub(super) fn forget(&mut self, line: usize, serial: u64) {
        if let Some(place) = self.lines.get_mut(line)
            && place.as_ref().is_some_and(|open| open.serial == serial)
        {
            *place = None;
            self.free_lines.push(line);
        }
    }

    pub(super) fn reaches(&self, a: Number, b: Number) -> bool {
        let group = |number: Number| self.slots.get(number as usize).map(|slot| slot.place.group);
        group(a) == group(b)
    }

    fn delay(&mut self, from: Number, to: Number, line: usize) -> u64 {
        let relayed = self
            .lines
            .get(line)
            .and_then(Option::as_ref)
            .is_some_and(|line| line.relayed);
        let (Some(a), Some(b)) = (self.slots.get(from as usize), self.slots.get(to as usize))
        else {
            return 0;
        };
        self.world
            .delay(&a.place, &b.place, relayed, &mut self.chance)
    }

    /// When the last byte has left the sender's access link.
    fn departs(&mut self, from: Number, wire: u64) -> u64 {
        let now = self.now;
        self.slots.get_mut(from as usize).map_or(now, |slot| {
            slot.uplink_free =
                slot.uplink_free.max(now) + wire * 1_000_000 / slot.place.uplink.max(1);
            slot.uplink_free
        })
    }

    fn charge(&mut self, from: Number, to: Number, protocol: u8, payload: usize, wire: u64) {
        if let Some(slot) = self.slots.get_mut(from as usize) {
            slot.traffic.message(protocol, payload);
            slot.traffic.sent += wire;
        }
        if let Some(slot) = self.slots.get_mut(to as usize) {
            slot.traffic.received += wire;
        }
    }

    /// A message has come; unless its receiver answered at once, the acknowledgement is a packet of its own.
    pub(super) fn acknowledge(&mut self, line: usize, to: Number, from: Number) {
        let Some(Some(open)) = self.lines.get(line) else {
            return;
        };
        let lane = usize::from(open.ends.0 != to);
        if open.said.get(lane) == Some(&self.now) {
            return;
        }
        let ack = self.costs.packet;
        if let Some(slot) = self.slots.get_mut(to as usize) {
            slot.traffic.sent += ack;
        }
        if let Some(slot) = self.slots.get_mut(from as usize) {
            slot.traffic.received += ack;
        }
    }

    /// Charges what kept a silent line open since its last message.
    pub(super) fn keep_alives(&mut self, line: usize) {
        let Some(Some(open)) = self.lines.get_mut(line) else {
            return;
        };
        let silent = self.now.saturating_sub(open.last.max(open.stands));
        let count = silent / self.costs.keep_alive_every;
        if count == 0 {
            return;
        }
        open.last = open.last.max(open.stands) + count * self.costs.keep_alive_every;
        let bytes = count * self.costs.packet;
        for end in [open.ends.0, open.ends.1] {
            if let Some(slot) = self.slots.get_mut(end as usize) {
                slot.traffic.keep_alives += bytes * 2;
                slot.traffic.sent += bytes;
                slot.traffic.received += bytes;
            }
        }
    }
}
