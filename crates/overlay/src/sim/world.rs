//! Places, delays, access links and NATs.

use core::net::{IpAddr, Ipv4Addr};

/// A fast seeded generator (SplitMix64); for the simulator alone, it protects nothing.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// 64 random bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From `0..bound`; 0 if empty.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from((u128::from(self.next()) * bound as u128) >> 64).unwrap_or(0)
    }

    /// Exponentially distributed with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// True with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// 32 random bytes.
    pub fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.next().to_le_bytes());
        }
        bytes
    }
}

/// What stands between a node and the internet (RFC 4787 terms: mapping and filtering).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nat {
    /// Nothing.
    Open,
    /// Mapping and filtering do not look at the other endpoint.
    EndpointIndependent,
    /// Lets in only addresses that were written to.
    AddressDependent,
    /// Another port for each destination.
    Symmetric,
}

impl Nat {
    /// Whether two such nodes get a direct path when both try at the same time.
    #[must_use]
    pub const fn reaches(self, other: Self) -> bool {
        !matches!(
            (self, other),
            (Self::Symmetric, Self::Symmetric | Self::AddressDependent)
                | (Self::AddressDependent, Self::Symmetric)
        )
    }
}

/// Where and behind what a node stands.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// On the map, milliseconds one way.
    pub at: (f64, f64),
    /// The access link's own delay, milliseconds.
    pub access: f64,
    /// Bytes a second out.
    pub uplink: u64,
    /// Its NAT.
    pub nat: Nat,
    /// Its address.
    pub ip: IpAddr,
    /// Nodes of different groups do not hear each other.
    pub group: u8,
}

/// The internet.
#[derive(Debug, Clone)]
pub struct World {
    /// Centres of the map with their share of nodes: (x, y, share), milliseconds one way.
    pub centres: Vec<(f64, f64, f64)>,
    /// Spread around a centre, milliseconds.
    pub spread: f64,
    /// Jitter as a share of the delay (mean of an exponential tail).
    pub jitter: f64,
    /// Lost packets; a loss costs a retransmission's time, for lines are reliable.
    pub loss: f64,
    /// Shares of open, endpoint-independent, address-dependent and symmetric NATs.
    pub nats: [f64; 4],
}

impl Default for World {
    /// Six regions in the shape of the real internet's latencies; half of the nodes behind address-dependent NATs, one in
    /// eight behind symmetric ones; 0.5 % loss.
    fn default() -> Self {
        Self {
            centres: vec![
                (0.0, 0.0, 0.32),
                (42.0, 4.0, 0.18),
                (68.0, 10.0, 0.10),
                (-85.0, 25.0, 0.20),
                (-62.0, -70.0, 0.12),
                (50.0, -95.0, 0.08),
            ],
            spread: 7.0,
            jitter: 0.05,
            loss: 0.005,
            nats: [0.2, 0.2, 0.48, 0.12],
        }
    }
}

impl World {
    /// A small quiet world for short tests: one region, no loss, no NATs.
    #[must_use]
    pub fn quiet() -> Self {
        Self {
            centres: vec![(0.0, 0.0, 1.0)],
            spread: 10.0,
            jitter: 0.0,
            loss: 0.0,
            nats: [1.0, 0.0, 0.0, 0.0],
        }
    }

    /// A random place.
    pub fn place(&self, chance: &mut Chance) -> Place {
        let mut pick = chance.unit();
        let mut centre = (0.0, 0.0, 0.0);
        for one in &self.centres {
            centre = *one;
            pick -= one.2;
            if pick < 0.0 {
                break;
            }
        }
        let (angle, radius) = (
            chance.unit() * core::f64::consts::TAU,
            chance.exponential(self.spread),
        );
        let mut nat = chance.unit();
        let kinds = [
            Nat::Open,
            Nat::EndpointIndependent,
            Nat::AddressDependent,
            Nat::Symmetric,
        ];
        let mut kind = Nat::Open;
        for (one, share) in kinds.into_iter().zip(self.nats) {
            kind = one;
            nat -= share;
            if nat < 0.0 {
                break;
            }
        }
        let network = u32::try_from(chance.next() >> 32).unwrap_or(0) % 0xc000_0000 + 0x0b00_0000;
        Place {
            at: (
                centre.0 + radius * angle.cos(),
                centre.1 + radius * angle.sin(),
            ),
            access: 1.0 + chance.exponential(5.0),
            uplink: [1_000_000, 2_500_000, 5_000_000, 12_500_000][chance.below(4)],
            nat: kind,
            ip: IpAddr::V4(Ipv4Addr::from(network)),
            group: 0,
        }
    }

    /// One way between two places without jitter, milliseconds.
    #[must_use]
    pub fn base_delay(a: &Place, b: &Place) -> f64 {
        (a.at.0 - b.at.0).hypot(a.at.1 - b.at.1) + a.access + b.access
    }

    /// One way for one packet, microseconds.
    pub(super) fn delay(&self, a: &Place, b: &Place, relayed: bool, chance: &mut Chance) -> u64 {
        let mut way = Self::base_delay(a, b);
        if relayed {
            // A relay near the one who listens on it.
            way = way * 1.2 + 8.0;
        }
        let base = way;
        if self.jitter > 0.0 {
            way += chance.exponential(base * self.jitter);
        }
        while self.loss > 0.0 && chance.happens(self.loss) {
            way += 2.5 * base;
        }
        (way * 1000.0) as u64
    }
}
