//! The trait page: what a backend is, who makes it, and what it is made from.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};

use crate::{
    BodyError, CallError, CompileError, InstallId, Limits, Line, Network, StartError, Status,
    Storage,
};

/// A request's or an answer's body: streamed, and bounded by [`Limits`].
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// A body of bytes that are already here.
pub fn body(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallContext {
    /// The install whose backend is called: `X-Webx-Install`.
    pub install: InstallId,
    /// The person's DID: `X-Webx-Caller`.
    pub caller_did: Arc<str>,
    /// Names this request in logs on both sides: `X-Webx-Request`. At most 128 visible ASCII characters.
    pub request_id: Arc<str>,
}

/// One backend of one install.
///
/// It starts by itself at the first call, stops when nobody has called for [`Limits::idle`], and starts again. After
/// failures it rests for a growing while ([`Supervision`](crate::Supervision)); calls are then refused at once.
pub trait Backend: Send + Sync {
    /// Hands `request` to the guest and gives its answer. The path of `request` is what the guest sees.
    ///
    /// The answer's body may still fail after this returned; it then ends with a [`BodyError`]. Whatever the guest
    /// wrote into `/data` is kept by [`Storage`] before the answer's head is given out.
    fn call(
        &self,
        context: CallContext,
        request: http::Request<Body>,
    ) -> BoxFuture<'static, Result<http::Response<Body>, CallError>>;

    /// Ends every instance. Running requests fail with [`CallError::Stopped`]; so do later ones, until
    /// [`restart`](Self::restart).
    fn stop(&self) -> BoxFuture<'static, ()>;

    /// Ends every instance and forgets the failures: the next call starts afresh, without waiting.
    fn restart(&self) -> BoxFuture<'static, ()>;

    /// What the person sees.
    fn status(&self) -> Status;

    /// The newest lines that the guest wrote, and what the supervisor says about it, oldest first.
    fn log(&self) -> Vec<Line>;
}

/// Makes backends. The node has one.
pub trait Backends: Send + Sync {
    /// Names the compiler and the machine: code from [`compile`](Self::compile) is good for the same text only. It
    /// changes with the program's version; code kept under another name is compiled again.
    fn engine(&self) -> String;

    /// Compiles a component to machine code in a child process of bounded memory and time. Blocks: some 15 seconds
    /// for a Python component. `progress` is called now and then; when it answers `false` the child is ended.
    ///
    /// The code is authenticated: bound to the bytes of the component, to [`engine`](Self::engine) and to this node's
    /// key. [`start`](Self::start) refuses anything else.
    ///
    /// # Errors
    /// [`CompileError`]: not a component, one that asks for what no backend gets, or past a limit.
    fn compile(
        &self,
        component: &[u8],
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Vec<u8>, CompileError>;

    /// Prepares a backend. Cheap: the code is read at the first call.
    ///
    /// # Errors
    /// [`StartError`] when this node cannot run such a program at all.
    fn start(&self, launch: Launch) -> Result<Arc<dyn Backend>, StartError>;
}

/// How far a compilation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Functions compiled.
    pub done: u64,
    /// Functions in the component.
    pub total: u64,
}

/// What a backend is made from.
#[derive(Clone)]
pub struct Launch {
    /// Whose backend it is.
    pub install: InstallId,
    /// What runs.
    pub program: Program,
    /// Its bounds.
    pub limits: Limits,
    /// The door to other machines.
    pub network: Arc<dyn Network>,
    /// The door to what it keeps.
    pub storage: Arc<dyn Storage>,
}

/// What runs.
#[derive(Clone)]
#[non_exhaustive]
pub enum Program {
    /// A component.
    Component {
        /// Gives the code that [`Backends::compile`] made; called on a thread that may block, once for each start.
        code: Arc<dyn Fn() -> Result<Vec<u8>, String> + Send + Sync>,
        /// SHA-256 of the component that the code must come from.
        component: [u8; 32],
        /// When an instance may serve a second request.
        reuse: Reuse,
    },
    /// A WSGI application in CPython, jailed.
    Jail {
        /// `module:attribute` of the application.
        app: String,
        /// The folder in the package that holds the source, as `backend/`.
        source: String,
        /// The wheels to put on its path. Of several for one distribution the one that fits the machine's Python is taken.
        wheels: Vec<Wheel>,
        /// The package.
        files: Arc<dyn PackageFiles>,
    },
}

/// A wheel in a package, pinned by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wheel {
    /// Its path in the package.
    pub path: String,
    /// SHA-256 of its bytes, as the manifest says.
    pub sha256: [u8; 32],
}

/// The files of a package, read on threads that may block.
pub trait PackageFiles: Send + Sync {
    /// Path and size of every file.
    ///
    /// # Errors
    /// One sentence: the vault is locked or damaged.
    fn list(&self) -> Result<Vec<(String, u64)>, String>;

    /// One file, whole and checked against its digest.
    ///
    /// # Errors
    /// One sentence: no such file, or the vault is locked or damaged.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// When an instance may serve a second request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// Every request gets a new instance. Right for Rust and JavaScript: it costs a millisecond, nothing is shared
    /// between requests, and a StarlingMonkey instance hangs at its second request.
    #[default]
    Fresh,
    /// An instance serves one request after the other. Right for CPython, whose first request costs ten others.
    Kept,
}

impl Reuse {
    /// What suits the compiler that made `component`, read from its `producers` sections.
    #[must_use]
    pub fn suits(component: &[u8]) -> Self {
        // The name stands in clear in the section; a wrong guess costs time, never safety.
        let python = b"componentize-py";
        match component
            .windows(python.len())
            .any(|window| window == python)
        {
            true => Self::Kept,
            false => Self::Fresh,
        }
    }
}
