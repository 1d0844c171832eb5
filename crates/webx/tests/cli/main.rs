//! The real binary, run as a person runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backup;
mod copies;
mod credentials;
mod devices;
mod documents;
mod drive;
mod guardians;
mod ipfs;
mod ipfs_daemon;
mod json;
mod node;
mod support;
