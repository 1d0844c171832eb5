//! Backends that are WASM components.
//!
//! One engine for the node; a component's code is mapped from sealed memory; a request runs in an instance that is new
//! or, for guests that take long to begin, kept from the last request. A guest computes on threads of its own and lets
//! others go first at every tick, so a loop slows nobody down until its time is up.

mod answer;
mod backend;
mod code;
mod compile;
mod engine;
mod filesystem;
mod guest;
mod hooks;
mod sockets;
mod tree;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use wasmtime::Engine;
use wasmtime::component::Linker;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

pub use compile::compile_main;

use self::backend::WasmBackend;
use self::guest::Guest;
use crate::{Backend, Backends, CompileError, Launch, Program, Progress, StartError};

/// What [`WasmBackends`] needs from its node.
#[derive(Clone, Debug)]
pub struct WasmOptions {
    /// The program whose `main` begins with [`compile_main`], and what to call it with.
    pub compiler: (PathBuf, Vec<String>),
    /// Authenticates compiled code; derived from the vault, so that another node's code is refused.
    pub key: [u8; 32],
    /// Address space of the compiler, in bytes.
    pub compile_memory: u64,
    /// How long a compilation may take.
    pub compile_time: Duration,
    /// Which addresses a guest may reach once its host was granted.
    pub reachable: fn(IpAddr) -> bool,
}

impl WasmOptions {
    /// The options that a node uses: 4 GiB and five minutes for a compilation, addresses of the public internet only.
    #[must_use]
    pub fn new(compiler: (PathBuf, Vec<String>), key: [u8; 32]) -> Self {
        Self {
            compiler,
            key,
            compile_memory: 4 << 30,
            compile_time: Duration::from_secs(300),
            reachable: crate::outgoing::is_public,
        }
    }
}

/// Makes WASM backends. Cheap to clone; the last clone ends the threads.
#[derive(Clone)]
pub struct WasmBackends {
    node: Arc<Node>,
}

/// What all backends of a node share.
struct Node {
    engine: Engine,
    linker: Linker<Guest>,
    name: String,
    key: code::Key,
    compiler: compile::Compiler,
    clock: engine::Clock,
    runtime: Option<tokio::runtime::Runtime>,
    handle: tokio::runtime::Handle,
    reachable: fn(IpAddr) -> bool,
}

impl WasmBackends {
    /// Starts the engine and its threads.
    ///
    /// # Errors
    /// [`StartError::Unsupported`] when this machine cannot run WebAssembly or gives no threads.
    pub fn new(options: WasmOptions) -> Result<Self, StartError> {
        let unsupported = |error: String| StartError::Unsupported(error);
        let engine = engine::engine().map_err(|error| unsupported(format!("{error:#}")))?;
        let linker = engine::linker(&engine).map_err(|error| unsupported(format!("{error:#}")))?;
        let threads =
            std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 16));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(32)
            .thread_name("guest")
            .enable_all()
            .build()
            .map_err(|error| unsupported(error.to_string()))?;
        let (program, arguments) = options.compiler;
        let compiler = compile::Compiler {
            program,
            arguments,
            memory: options.compile_memory,
            time: options.compile_time,
        };
        let node = Node {
            name: engine::name(&engine),
            linker,
            key: code::Key::new(options.key),
            compiler,
            clock: engine::Clock::start(&engine).map_err(|error| unsupported(error.to_string()))?,
            engine,
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            reachable: options.reachable,
        };
        Ok(Self {
            node: Arc::new(node),
        })
    }
}

impl Backends for WasmBackends {
    fn engine(&self) -> String {
        self.node.name.clone()
    }

    fn compile(
        &self,
        component: &[u8],
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Vec<u8>, CompileError> {
        let node = &self.node;
        let made = node.compiler.run(component, progress)?;
        let digest: [u8; 32] = digest::digest(&digest::SHA256, component)
            .as_ref()
            .try_into()
            .map_err(|_| CompileError::Failed("SHA-256 has 32 bytes".into()))?;
        let bound = code::bind(&node.key, &node.name, &digest, &made);
        drop(made);
        // That it fits is known at install, not at the first request.
        let sealed = code::unseal(&node.key, &node.name, &digest, bound.clone());
        let sealed = sealed.map_err(|error| CompileError::Failed(error.to_string()))?;
        node.load(&sealed).map_err(|error| match error {
            StartError::Unfit(why) => CompileError::Unfit(why),
            other => CompileError::Failed(other.to_string()),
        })?;
        Ok(bound)
    }

    fn start(&self, launch: Launch) -> Result<Arc<dyn Backend>, StartError> {
        match launch.program {
            Program::Component {
                ref code,
                component,
                reuse,
            } => {
                let code = Arc::clone(code);
                Ok(Arc::new(WasmBackend::new(
                    Arc::clone(&self.node),
                    &launch,
                    code,
                    component,
                    reuse,
                )))
            }
            _ => Err(StartError::Unsupported("only components run here".into())),
        }
    }
}

impl Node {
    /// Maps code and finds everything that it imports.
    fn load(&self, code: &code::Sealed) -> Result<ProxyPre<Guest>, StartError> {
        let unfit = |error: wasmtime::Error| StartError::Unfit(format!("{error:#}"));
        let component = code::load(&self.engine, code).map_err(unfit)?;
        let linker = engine::linker_for(&self.linker, &component).map_err(unfit)?;
        linker
            .instantiate_pre(&component)
            .and_then(ProxyPre::new)
            .map_err(unfit)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, which is not allowed on a thread of another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
