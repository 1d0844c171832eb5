//! Tests of the whole crate, in one program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod common;

mod envelope;
mod model;
mod mutants;
mod related;
mod schema;
mod sd_jwt;
mod status;
mod vectors;
