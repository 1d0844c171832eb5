//! What a person may set.

use core::ops::Range;

/// How the overlay behaves on this machine. The default suits a home connection.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// How many neighbours to keep connected, 3 to 64.
    pub max_neighbours: usize,
    /// How many connections from others to take beyond that.
    pub max_guests: usize,
    /// Whether this node answers questions of the table and stores for others.
    pub table_serving: bool,
    /// Whether peers' records are given to neighbours that ask.
    pub exchange: bool,
    /// Whether this node serves relay and address look-up; stands in its record.
    pub serves: bool,
    /// Bytes of control traffic a day: messages, handshakes, and what keeps silent connections open. Refresh and probes slow
    /// down when it runs out.
    pub control_budget: u64,
    /// On a metered link: fewer neighbours, no serving, half of the budget.
    pub metered: bool,
    /// The hours of the day (UTC, 0 to 24) in which it serves others; always, if none. A range may pass midnight.
    pub hours: Option<Range<u8>>,
    /// Whether loopback and private addresses are exempt from the rules of address diversity: for devnets and home networks.
    pub local_exempt: bool,
    /// Nodes to call when there was no neighbour for two minutes, at most eight. Where they are is asked by
    /// [`Event::LastResort`](super::Event::LastResort).
    pub last_resort: Vec<crate::id::NodeId>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_neighbours: 5,
            max_guests: 32,
            table_serving: true,
            exchange: true,
            serves: false,
            control_budget: 25_000_000,
            metered: false,
            hours: None,
            local_exempt: true,
            last_resort: Vec::new(),
        }
    }
}

impl Config {
    /// The settings in force at an hour of the day: what is metered or outside its hours serves nobody.
    pub(crate) fn at(&self, hour: u8) -> Self {
        let mut config = self.clone();
        config.max_neighbours = config.max_neighbours.clamp(3, 64);
        let open = self.hours.as_ref().is_none_or(|hours| {
            if hours.start <= hours.end {
                hours.contains(&hour)
            } else {
                hour >= hours.start || hour < hours.end
            }
        });
        if self.metered {
            config.max_neighbours = config.max_neighbours.min(4);
            config.max_guests = config.max_guests.min(4);
            config.control_budget /= 2;
        }
        if self.metered || !open {
            config.table_serving = false;
            config.serves = false;
        }
        config
    }
}
