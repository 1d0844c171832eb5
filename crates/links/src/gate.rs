//! Who may come in: counts and rates, decided before a handshake costs anything.

use core::net::IpAddr;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::config::Admission;

/// Where a connection comes from, as far as it can be counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// An IPv4 address, or an IPv6 /64, of which anybody has plenty of addresses.
    Address([u8; 8]),
    /// A relay.
    Relay(String),
}

impl From<IpAddr> for Source {
    fn from(ip: IpAddr) -> Self {
        let mut bytes = [0; 8];
        match ip.to_canonical() {
            IpAddr::V4(v4) => {
                for (to, from) in bytes.iter_mut().skip(4).zip(v4.octets()) {
                    *to = from;
                }
            }
            IpAddr::V6(v6) => {
                for (to, from) in bytes.iter_mut().zip(v6.octets()) {
                    *to = from;
                }
            }
        }
        Self::Address(bytes)
    }
}

/// What to do with somebody at the door.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Let the handshake begin.
    Admit(Ticket),
    /// First ask for a sign that the address is his.
    Validate,
    /// Say nothing.
    Ignore,
}

#[derive(Debug)]
struct State {
    open: usize,
    handshakes: usize,
    sources: HashMap<Source, usize>,
    allowance: f64,
    filled: Instant,
}

#[derive(Debug)]
struct Inner {
    limits: Admission,
    state: Mutex<State>,
}

/// The door.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<Inner>);

impl Gate {
    pub(crate) fn new(limits: Admission, now: Instant) -> Self {
        let allowance = f64::from(limits.handshakes_per_second) * 2.0;
        let state = State {
            open: 0,
            handshakes: 0,
            sources: HashMap::new(),
            allowance,
            filled: now,
        };
        Self(Arc::new(Inner {
            limits,
            state: Mutex::new(state),
        }))
    }

    /// Decides. `validated`: the address has shown that it receives our packets.
    pub(crate) fn knock(&self, source: Source, validated: bool, now: Instant) -> Verdict {
        let limits = &self.0.limits;
        let mut state = self.0.state.lock();
        let rate = f64::from(limits.handshakes_per_second);
        let passed = now.saturating_duration_since(state.filled).as_secs_f64();
        state.filled = now;
        state.allowance = (state.allowance + passed * rate).min(rate * 2.0);

        let from_here = state.sources.get(&source).copied().unwrap_or(0);
        let most = match source {
            Source::Address(_) => limits.per_address,
            Source::Relay(_) => limits.per_relay,
        };
        if state.open >= limits.connections
            || state.handshakes >= limits.handshakes
            || from_here >= most
        {
            return Verdict::Ignore;
        }
        if !validated && state.handshakes >= limits.validate_above {
            return Verdict::Validate;
        }
        if state.allowance < 1.0 {
            return if validated {
                Verdict::Ignore
            } else {
                Verdict::Validate
            };
        }
        state.allowance -= 1.0;
        state.open += 1;
        state.handshakes += 1;
        *state.sources.entry(source.clone()).or_default() += 1;
        Verdict::Admit(Ticket {
            gate: self.0.clone(),
            source,
            shaking: true,
        })
    }

    /// Incoming connections that stand or are being made.
    pub(crate) fn open(&self) -> usize {
        self.0.state.lock().open
    }
}

/// The place of one incoming connection; given back when dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    gate: Arc<Inner>,
    source: Source,
    shaking: bool,
}

impl Ticket {
    /// The handshake is over.
    pub(crate) fn shaken(&mut self) {
        if std::mem::take(&mut self.shaking) {
            let mut state = self.gate.state.lock();
            state.handshakes = state.handshakes.saturating_sub(1);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.shaken();
        let mut state = self.gate.state.lock();
        state.open = state.open.saturating_sub(1);
        if let Some(count) = state.sources.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                state.sources.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use core::net::Ipv4Addr;
    use core::time::Duration;

    fn limits() -> Admission {
        Admission {
            connections: 20,
            per_address: 4,
            handshakes: 10,
            validate_above: 6,
            handshakes_per_second: 50,
            ..Admission::default()
        }
    }

    fn from(n: u8) -> Source {
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, n)).into()
    }

    #[test]
    fn one_address_cannot_take_every_place() {
        let now = Instant::now();
        let gate = Gate::new(limits(), now);
        let held: Vec<_> = (0..4)
            .map(|_| match gate.knock(from(1), true, now) {
                Verdict::Admit(ticket) => ticket,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(matches!(gate.knock(from(1), true, now), Verdict::Ignore));
        assert!(matches!(gate.knock(from(2), true, now), Verdict::Admit(_)));
        drop(held);
        assert_eq!(gate.open(), 0);
        assert!(matches!(gate.knock(from(1), true, now), Verdict::Admit(_)));
        assert!(gate.0.state.lock().sources.is_empty());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let a: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        let b: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
        let c: IpAddr = "2001:db8:1:3::1".parse().unwrap();
        assert_eq!(Source::from(a), Source::from(b));
        assert_ne!(Source::from(a), Source::from(c));
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(Source::from(mapped), from(1));
    }

    #[test]
    fn under_load_an_address_must_first_be_shown_to_be_real() {
        let now = Instant::now();
        let gate = Gate::new(limits(), now);
        let _held: Vec<_> = (0..6).map(|n| gate.knock(from(n), false, now)).collect();
        assert!(matches!(gate.knock(from(9), false, now), Verdict::Validate));
        assert!(matches!(gate.knock(from(9), true, now), Verdict::Admit(_)));
    }

    #[test]
    fn a_flood_of_handshakes_is_slowed_to_its_rate() {
        let start = Instant::now();
        let gate = Gate::new(limits(), start);
        let mut admitted = 0;
        for millisecond in 0..2000u64 {
            let now = start + Duration::from_millis(millisecond);
            for n in 0..10 {
                if let Verdict::Admit(_) = gate.knock(from(n), true, now) {
                    admitted += 1;
                }
            }
        }
        assert!((195..=205).contains(&admitted), "{admitted}");
    }
}
