//! What a person sets about QNet.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How QNet behaves on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkSettings {
    /// How many neighbours to keep connected.
    #[schema(minimum = 3, maximum = 64)]
    pub neighbours: u32,
    /// How many connections of others to take beyond that.
    #[schema(maximum = 1024)]
    pub guests: u32,
    /// Bytes a day for keeping the network.
    #[schema(minimum = 1_000_000, maximum = 10_000_000_000_u64)]
    pub control_budget: u64,
    /// Answers questions of the table and keeps records for others.
    pub look_up: bool,
    /// Tells neighbours which nodes it knows.
    pub exchange: bool,
    /// Looks for nodes in the local network and is found there. Never while the link is metered.
    #[serde(default)]
    pub lan_discovery: bool,
    /// Whether the link costs by the byte; left out, what the system says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub metered: Option<bool>,
    /// The hours in which it serves others; always, if left out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hours: Option<NetworkHours>,
    /// Bandwidth.
    pub rates: NetworkRates,
    /// The same while the link is metered.
    pub metered_rates: NetworkRates,
    /// Runs a relay for others; left out, none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub relay: Option<NetworkRelay>,
    /// Nodes to call when there was no neighbour for two minutes: `NODE@HOST:PORT`, a name or an address. Each is proved to be
    /// that node; a name is looked for by this machine's resolver, which then learns it.
    #[serde(default)]
    #[schema(max_items = 8)]
    pub last_resort: Vec<String>,
}

/// The longest entry of the last resort.
const LONGEST_RESORT: usize = 320;
/// The most of them.
const MOST_RESORTS: usize = 8;

/// Hours of the day, in UTC, 0 to 24. May pass midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkHours {
    /// The first one.
    #[schema(maximum = 24)]
    pub from: u8,
    /// The first one in which it does not.
    #[schema(maximum = 24)]
    pub to: u8,
}

/// Bytes a second, at least 1024; left out, without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NetworkRates {
    /// To all peers together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up: Option<u64>,
    /// From all peers together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub down: Option<u64>,
    /// To any one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_up: Option<u64>,
    /// From any one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_down: Option<u64>,
}

/// A relay for others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkRelay {
    /// The TCP and UDP port it listens on; 443 passes most firewalls.
    #[schema(minimum = 1)]
    pub port: u16,
    /// The address and port at which others reach this machine: `203.0.113.7:443`.
    #[schema(max_length = 64)]
    pub public: String,
    /// Nodes connected at once.
    #[schema(minimum = 1, maximum = 4096)]
    pub clients: u32,
    /// Bytes a second taken from each of them.
    #[schema(minimum = 16384)]
    pub rate: u32,
}

impl NetworkSettings {
    /// Says what is wrong with them.
    ///
    /// # Errors
    /// One sentence for the person.
    pub fn check(&self) -> Result<(), &'static str> {
        if !(3..=64).contains(&self.neighbours) {
            return Err("neighbours are 3 to 64");
        }
        if self.guests > 1024 {
            return Err("guests are at most 1024");
        }
        if !(1_000_000..=10_000_000_000).contains(&self.control_budget) {
            return Err("the control budget is 1 MB to 10 GB a day");
        }
        if let Some(hours) = self.hours
            && (hours.from > 24 || hours.to > 24 || hours.from == hours.to)
        {
            return Err("hours are 0 to 24, and not the same twice");
        }
        let rates = [self.rates, self.metered_rates];
        let mut all = rates
            .iter()
            .flat_map(|rate| [rate.up, rate.down, rate.peer_up, rate.peer_down]);
        if all.any(|rate| rate.is_some_and(|rate| !(1024..=1 << 40).contains(&rate))) {
            return Err("a rate is at least 1024 bytes a second");
        }
        let resorts = &self.last_resort;
        if resorts.len() > MOST_RESORTS {
            return Err("the last resort has at most 8 entries");
        }
        if resorts.iter().any(|entry| entry.len() > LONGEST_RESORT) {
            return Err("an entry of the last resort is at most 320 characters long");
        }
        let mut once = std::collections::BTreeSet::new();
        if !resorts.iter().all(|entry| once.insert(entry)) {
            return Err("an entry of the last resort stands there twice");
        }
        self.relay.as_ref().map_or(Ok(()), NetworkRelay::check)
    }
}

impl NetworkRelay {
    fn check(&self) -> Result<(), &'static str> {
        if self.port == 0 {
            return Err("a relay listens on a port from 1 to 65535");
        }
        if !(1..=4096).contains(&self.clients) {
            return Err("a relay takes 1 to 4096 nodes");
        }
        if self.rate < 16 * 1024 {
            return Err("a relay takes at least 16 KiB a second from each node");
        }
        let public: SocketAddr = self
            .public
            .parse()
            .map_err(|_| "a relay's public address is written like 203.0.113.7:443")?;
        if public.port() == 0 || public.ip().is_unspecified() || public.ip().is_multicast() {
            return Err("nobody can reach a relay at this public address");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> NetworkSettings {
        NetworkSettings {
            neighbours: 5,
            guests: 32,
            control_budget: 25_000_000,
            look_up: true,
            exchange: true,
            lan_discovery: false,
            metered: None,
            hours: None,
            rates: NetworkRates::default(),
            metered_rates: NetworkRates::default(),
            relay: None,
            last_resort: Vec::new(),
        }
    }

    fn relay(public: &str) -> NetworkSettings {
        NetworkSettings {
            relay: Some(NetworkRelay {
                port: 443,
                public: public.to_owned(),
                clients: 64,
                rate: 1 << 20,
            }),
            ..settings()
        }
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        assert_eq!(settings().check(), Ok(()));
        assert_eq!(relay("203.0.113.7:443").check(), Ok(()));
        assert_eq!(relay("[2001:db8::7]:443").check(), Ok(()));
        for public in [
            "",
            "example.org:443",
            "0.0.0.0:443",
            "203.0.113.7:0",
            "224.0.0.1:1",
        ] {
            assert!(relay(public).check().is_err(), "{public}");
        }
        let changes: [fn(&mut NetworkSettings); 10] = [
            |s| s.neighbours = 2,
            |s| s.neighbours = 65,
            |s| s.guests = 1025,
            |s| s.control_budget = 999_999,
            |s| s.hours = Some(NetworkHours { from: 3, to: 3 }),
            |s| s.hours = Some(NetworkHours { from: 0, to: 25 }),
            |s| s.metered_rates.peer_down = Some(0),
            |s| s.last_resort = (0..9).map(|number| format!("{number}")).collect(),
            |s| s.last_resort = vec!["a".repeat(321)],
            |s| s.last_resort = vec!["a".to_owned(); 2],
        ];
        for change in changes {
            let mut wrong = settings();
            change(&mut wrong);
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
