//! Tests of the whole crate, in one program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

mod catalogue;
mod collect;
mod damage;
mod drive;
mod history;
mod import;
mod memory;
mod model;
mod search;
