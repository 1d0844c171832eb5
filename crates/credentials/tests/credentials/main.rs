//! Tests of the whole crate, in one program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod common;

mod model;
mod mutants;
mod status;
mod vectors;
