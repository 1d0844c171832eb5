//! The event log and the notifications of a node.
