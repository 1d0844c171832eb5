//! What this crate asks of the floors beside it: where people and nodes are, and who they are.

use time::OffsetDateTime;
use webx_identity::Did;
use webx_overlay::{
    NodeId, Offence,
    transport::{Exposure, Hints, Pending},
};
use webx_peers::{
    Peers,
    contacts::Barred,
    proof::{Memory, Own, Proven, Refusal},
};

/// Finds devices and where they are: the contacts' logs, the overlay's table, cards.
pub trait Directory: Send + Sync + 'static {
    /// The devices of a person, the likeliest first.
    fn devices<'a>(&'a self, did: &'a Did) -> Pending<'a, Vec<NodeId>>;
    /// Where a node may be reached.
    fn hints(&self, node: NodeId) -> Pending<'_, Hints>;
    /// Whether the own address may be shown to a node.
    fn exposure(&self, _node: NodeId) -> Exposure {
        Exposure::Direct
    }
    /// A node broke the rules; its score should fall.
    fn blame(&self, node: NodeId, what: Offence);
}

/// What this node's person wants of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// Nothing is in the way.
    Open,
    /// He is heard, but nothing is opened to him: his safety number changed and is not accepted yet.
    Reserved,
    /// Nothing of him, nothing to him.
    Blocked,
}

/// Knows who this node is and remembers whom it has met. Calls may block for a moment; they come from threads that may.
pub trait People: Send + Sync + 'static {
    /// Who this node proves to be.
    fn own(&self) -> Own;
    /// The logs that are remembered.
    fn memory(&self) -> &(dyn Memory + Sync);
    /// Somebody has proved who he is.
    fn met(&self, proven: &Proven);
    /// A proof was refused.
    fn refused(&self, refusal: &Refusal);
    /// What is wanted of somebody.
    fn stance(&self, did: &Did) -> Stance;
    /// The wall clock.
    fn now(&self) -> OffsetDateTime;
}

impl People for Peers {
    fn own(&self) -> Own {
        Peers::own(self)
    }

    fn memory(&self) -> &(dyn Memory + Sync) {
        self.contacts()
    }

    fn met(&self, proven: &Proven) {
        if let Err(error) = Peers::met(self, proven) {
            tracing::warn!(%error, "a meeting could not be remembered");
        }
    }

    fn refused(&self, refusal: &Refusal) {
        if let Err(error) = Peers::refused(self, refusal) {
            tracing::warn!(%error, "a refused proof could not be remembered");
        }
    }

    fn stance(&self, did: &Did) -> Stance {
        match self.contacts().may_send(did) {
            Ok(Ok(()) | Err(Barred::Stranger)) => Stance::Open,
            Ok(Err(Barred::Changed)) => Stance::Reserved,
            Ok(Err(Barred::Blocked)) => Stance::Blocked,
            Err(error) => {
                // Whom one cannot look up is not written to.
                tracing::warn!(%error, "a contact could not be looked up");
                Stance::Reserved
            }
        }
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}
