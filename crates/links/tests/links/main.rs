//! Tests of the whole crate, in one program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

mod homes;
mod loopback;
mod relay;
