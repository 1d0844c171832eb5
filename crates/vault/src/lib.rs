//! The node's encrypted home: key slots, the encrypted database and the block store.
