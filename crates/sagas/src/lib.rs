//! A durable saga engine: work in steps that is finished or undone, whatever happens to the process.
//!
//! A saga is a list of steps over things that share no transaction. Each step can be run and undone. What is about to
//! happen is written down before it happens, and what came of it before the next step begins; so after a crash the
//! engine knows where it was, does that step again, and goes on. A step that fails for good makes the engine undo what
//! was done, the last step first.
//!
//! ```
//! use std::sync::Arc;
//! use webx_sagas::{Context, Definition, NewSaga, Options, Plan, Sagas, State, Step, StepError};
//! use serde_json::{Value, json};
//! # use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32};
//!
//! struct Trip;
//! impl Definition for Trip {
//!     fn plan(&self, _input: &Value) -> Plan {
//!         Plan { steps: vec![Step::new("train"), Step::new("hotel")], ..Plan::default() }
//!     }
//!     fn run(&self, step: &str, context: &Context<'_>) -> Result<Value, StepError> {
//!         match step {
//!             "train" => Ok(json!({ "ticket": context.key() })), // the same key at every try: the step is idempotent
//!             _ => Err(StepError::never("no room")),
//!         }
//!     }
//!     fn undo(&self, _step: &str, _context: &Context<'_>) -> Result<(), StepError> {
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (passphrase, recovery_key) = (Passphrase::new("correct horse battery")?, Secret32::random()?);
//! # let new = NewVault { passphrase: &passphrase, recovery_key: &recovery_key, kdf: KdfCost::insecure_for_tests() };
//! # let vault = DataDir::open(folder.path())?.create(new)?;
//! let sagas = Sagas::open(vault.db().clone(), Options::default())?;
//! sagas.register("trip", Arc::new(Trip));
//! sagas.resume()?;
//! let id = sagas.start(NewSaga::new("trip", "A weekend in Trieste", json!({})))?;
//! let saga = sagas.wait(id)?;
//! assert_eq!(saga.state, State::Undone);
//! assert_eq!(saga.reason.as_deref(), Some("no room"));
//! sagas.close();
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//! - A [`Definition`] is what a kind of saga does; it is registered before [`Sagas::resume`]. Steps are **idempotent**: a
//!   step may be run twice, or undone though it never ran. [`Context::key`] is the same each time.
//! - [`machine`] is the pure part: which step is next, given what is written down. It is tested with random crashes.
//! - A saga rests as [`State::Done`], [`State::Undone`], or with a reason as [`State::Failed`] (somebody decides between
//!   [`Sagas::retry`] and [`Sagas::undo`]) or [`State::Stuck`] (a step could not be undone; retry when its cause is gone).
//! - A **lane** keeps two sagas from working on the same thing. The history of ended sagas is bounded.

mod definition;
mod engine;
mod error;
mod id;
mod journal;
pub mod machine;

pub use definition::{Context, Definition, StepError};
pub use engine::{Moment, NewSaga, Options, Sagas, Watch};
pub use error::{Error, Result};
pub use id::{BadId, SagaId};
pub use journal::{Note, Saga, StepState, StepView};
pub use machine::{OnFailure, Plan, Retry, State, Step};
