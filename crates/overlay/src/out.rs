//! What the inner machines hand to the node that composes them.

use bytes::Bytes;

use crate::id::NodeId;
use crate::machine::{Time, UnixTime};
use crate::protocol::Protocol;
use crate::record::PeerRecord;
use crate::score::{Offence, Scores};

/// What a machine may know when it acts.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub now: Time,
    pub unix: UnixTime,
    pub scores: &'a Scores,
    /// The own record, once it is signed.
    pub own: Option<&'a PeerRecord>,
    /// Whether this node answers for the table.
    pub serving: bool,
    /// Whether private addresses are exempt from diversity.
    pub local_exempt: bool,
}

/// What a machine wants done.
#[derive(Debug)]
pub(crate) enum Act {
    Send(NodeId, Protocol, Bytes),
    Known(PeerRecord),
    Close(NodeId, Protocol),
    Blame(NodeId, Offence),
    /// A record that is rightly signed and new to this machine.
    Learnt(PeerRecord),
}

/// The list of it.
#[derive(Debug, Default)]
pub(crate) struct Out(pub Vec<Act>);

impl Out {
    pub(crate) fn send(&mut self, to: NodeId, protocol: Protocol, bytes: Vec<u8>) {
        self.0.push(Act::Send(to, protocol, Bytes::from(bytes)));
    }

    pub(crate) fn known(&mut self, record: &PeerRecord) {
        self.0.push(Act::Known(record.clone()));
    }

    pub(crate) fn close(&mut self, peer: NodeId, protocol: Protocol) {
        self.0.push(Act::Close(peer, protocol));
    }

    pub(crate) fn blame(&mut self, peer: NodeId, what: Offence) {
        self.0.push(Act::Blame(peer, what));
    }

    pub(crate) fn learnt(&mut self, record: PeerRecord) {
        self.0.push(Act::Learnt(record));
    }
}
