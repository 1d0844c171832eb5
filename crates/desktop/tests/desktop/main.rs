//! Tests of the whole crate, in one program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

mod abuse;
mod devices;
mod drive;
mod gate;
mod guardians;
mod litmus;
mod live;
mod network;
mod origins;
mod routes;
mod transfers;
mod webdav;
