//! Kills at every step of the work on apps, against a real process.
//!
//! A driver process opens a vault and does one piece of work: installs, updates, removes, brings back, rolls back or
//! purges an app. It ends itself by `SIGKILL` at a given moment of the journal or inside a step. Another process then opens the vault,
//! lets the work go on, and says what it finds: every app is as before the work or as after it, and nothing else is left.
//!
//! - [`home`]: the vault with its registry. [`packages`]: the packages of the tests, good and hostile. [`state`]: what is found.

#![allow(
    missing_docs,
    reason = "the fields of states and steps say what they are"
)]

pub mod home;
pub mod packages;
pub mod state;
