//! The RPC, called as Kubo's clients call it.

mod abuse;
mod common;
mod content;
mod keys;
mod tree;
