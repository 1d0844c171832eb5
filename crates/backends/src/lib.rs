//! Runs the server half of an app: a WASM component that speaks `wasi:http`, or CPython in a jail.
//!
//! An app is never trusted. Its backend gets a request and gives an answer; it has no sockets, no environment, no
//! file of this machine, a bounded memory, a bounded time and a bounded log. What it may reach outside is asked of
//! [`Network`], what it may keep is given to [`Storage`]; both are handed down by the floor above.
//!
//! ```
//! use webx_backends::{Authority, Denied, InstallId, Network};
//!
//! /// What the person granted: one host.
//! struct OnlyTheWeather;
//! impl Network for OnlyTheWeather {
//!     fn allow(&self, _: InstallId, to: &Authority) -> Result<(), Denied> {
//!         match (to.https(), to.host()) {
//!             (true, "api.weather.example") => Ok(()),
//!             _ => Err(Denied::new(format!("{to} was not granted"))),
//!         }
//!     }
//! }
//! let asked = "https://api.weather.example/today".parse()?;
//! assert!(OnlyTheWeather.allow(InstallId::nil(), &Authority::of(&asked)?).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Concepts, in reading order
//! - [`Backend`]: one running backend of one install: [`call`](Backend::call), [`stop`](Backend::stop),
//!   [`status`](Backend::status), [`log`](Backend::log).
//! - [`Backends`]: makes them. [`compile`](Backends::compile) turns a component into machine code once, at install, in
//!   a child process; [`start`](Backends::start) takes a [`Launch`] and gives a [`Backend`], which starts at its first
//!   request and stops when idle.
//! - [`CallContext`]: who asks. It becomes the `X-Webx-*` headers that the guest sees; whatever the client sent under
//!   those names is removed first, as are its own credentials.
//! - [`Network`], [`Storage`]: the two doors outwards. `http://webx.internal/` inside the guest is [`Storage`]; the
//!   folder `/data` is kept by it too.
//! - [`Limits`]: every bound, with its default.
//! - [`Status`], [`Log`], [`Supervision`]: what the person sees, and when a backend that failed is started again.
//!
//! - `LocalBackends`: all that this machine can run, as the node uses it.
//!
//! With the feature `component` off (it is on by default) only these types are built, without the WASM runtime.

mod backend;
#[cfg(all(feature = "jail", target_os = "linux"))]
mod data;
mod error;
mod headers;
mod install;
mod internal;
#[cfg(feature = "jail")]
mod jail;
mod limits;
#[cfg(all(feature = "component", feature = "jail"))]
mod local;
mod log;
mod network;
#[cfg(feature = "component")]
mod outgoing;
#[cfg(feature = "component")]
mod stall;
mod status;
mod storage;
mod supervision;
#[cfg(feature = "component")]
mod wasm;

pub use backend::{
    Backend, Backends, Body, CallContext, Launch, PackageFiles, Program, Progress, Reuse, Wheel,
    body,
};
pub use error::{BodyError, CallError, CompileError, StartError};
pub use install::InstallId;
#[cfg(feature = "jail")]
pub use jail::{JailHost, Python, Reentry, jail_main};
pub use limits::Limits;
#[cfg(all(feature = "component", feature = "jail"))]
pub use local::{COMPILE, JAIL, LocalBackends};
pub use log::{Line, LineWriter, Log, Stream};
pub use network::{Authority, Denied, Network, NotAnAddress};
pub use status::{State, Status};
pub use storage::{DataChange, DataFile, Document, Page, Storage, StorageError};
pub use supervision::{Decision, Supervision};
#[cfg(feature = "component")]
pub use wasm::{WasmBackends, WasmOptions, compile_main};
