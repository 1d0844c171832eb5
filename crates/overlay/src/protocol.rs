//! The protocols of the overlay: one ALPN for each, with limits of its own.

/// What a connection of the overlay is for. Messages are whole: one unidirectional QUIC stream (or one datagram) each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Hello, ping with coordinates, peer exchange, detours, relay offers. Kept open to neighbours.
    Control,
    /// Questions and answers of the distributed table. Dialled when needed, closed when idle.
    Table,
    /// Membership (HyParView) and broadcast (Plumtree). Kept open to neighbours.
    Gossip,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Control, Self::Table, Self::Gossip];

    /// The ALPN of its connections.
    #[must_use]
    pub const fn alpn(self) -> &'static [u8] {
        match self {
            Self::Control => b"webx/control/1",
            Self::Table => b"webx/table/1",
            Self::Gossip => b"webx/gossip/1",
        }
    }

    /// The longest message, in bytes. A longer one ends the connection.
    #[must_use]
    pub const fn max_message(self) -> usize {
        match self {
            Self::Control => 8 * 1024,
            Self::Table => 24 * 1024,
            Self::Gossip => 64 * 1024,
        }
    }
}
