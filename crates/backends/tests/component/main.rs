//! Real components in the real runtime. The guests are built from source by `tests/guests/build.py`.
#![cfg(feature = "component")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod abuse;
mod compiling;
mod python;
mod serving;
mod support;
