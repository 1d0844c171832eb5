//! The store of public blocks and the gateway to it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod abuse;
mod common;
mod gateway;
mod rpc;
mod store;
mod trustless;
