//! Bytes as the network sees them.

use crate::transport::KEEP_ALIVE;

/// What QUIC, UDP and IP add to messages.
#[derive(Debug, Clone, Copy)]
pub struct WireCosts {
    /// A new connection, both directions together: certificates, post-quantum key shares, hole punching.
    pub handshake: u64,
    /// First packets sent to somebody who does not answer.
    pub failed_dial: u64,
    /// Headers and tag of each packet; also a packet that carries nothing else.
    pub packet: u64,
    /// Payload of a packet.
    pub mtu: u64,
    /// Between keep-alives of a silent connection, microseconds.
    pub keep_alive_every: u64,
}

impl Default for WireCosts {
    fn default() -> Self {
        Self {
            handshake: 6 * 1024,
            failed_dial: 4 * 1260,
            packet: 60,
            mtu: 1200,
            keep_alive_every: KEEP_ALIVE.as_micros() as u64,
        }
    }
}

impl WireCosts {
    /// The bytes of a message with its packets' headers.
    #[must_use]
    pub const fn message(&self, payload: usize) -> u64 {
        let payload = payload as u64;
        payload + payload.div_ceil(self.mtu) * self.packet
    }
}

/// What went over a node's access link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes out, everything counted.
    pub sent: u64,
    /// Bytes in, everything counted.
    pub received: u64,
    /// Messages sent for each protocol, as [`crate::Protocol::ALL`].
    pub messages: [u64; 3],
    /// Their bytes alone.
    pub payload: [u64; 3],
    /// Connections opened, by either side, for each protocol.
    pub handshakes: [u64; 3],
    /// Dials that nobody answered.
    pub dials_failed: u64,
    /// Bytes that kept silent connections open, in and out.
    pub keep_alives: u64,
}

impl Traffic {
    pub(super) fn message(&mut self, protocol: u8, payload: usize) {
        let at = usize::from(protocol);
        if let (Some(messages), Some(bytes)) = (self.messages.get_mut(at), self.payload.get_mut(at))
        {
            *messages += 1;
            *bytes += payload as u64;
        }
    }

    /// In and out together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.sent + self.received
    }

    /// What was added since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let each = |now: [u64; 3], then: [u64; 3]| core::array::from_fn(|at| now[at] - then[at]);
        Self {
            sent: self.sent - before.sent,
            received: self.received - before.received,
            messages: each(self.messages, before.messages),
            payload: each(self.payload, before.payload),
            handshakes: each(self.handshakes, before.handshakes),
            dials_failed: self.dials_failed - before.dials_failed,
            keep_alives: self.keep_alives - before.keep_alives,
        }
    }
}
