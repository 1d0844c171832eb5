//! What runs the server sides of apps: components in the WASM engine, unchanged Python in the jail.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use webx_backends::{
    Backend, Backends, CompileError, JailHost, Launch, Program, Progress, Reentry, StartError,
    WasmBackends, WasmOptions,
};
use webx_vault::{Secret32, Vault};

/// The hidden argument by which this program compiles a component and does nothing else.
pub(crate) const COMPILE: &str = "__compile";
/// The hidden argument by which this program walks into a jail.
pub(crate) const JAIL: &str = "__jail";
/// What the key that authenticates compiled code is derived under.
const CONTEXT: &str = "webx-backends code 1";

/// Both worlds behind one door. The engine takes threads and address space, so it is made when the first component is.
pub(crate) struct Runners {
    program: PathBuf,
    key: Secret32,
    wasm: OnceLock<Result<WasmBackends, StartError>>,
    jail: JailHost,
}

impl Runners {
    /// For one open vault: code that another vault's node compiled is refused.
    pub(super) fn new(vault: &Vault) -> Result<Self, webx_vault::Error> {
        // Without a name of its own the program cannot start itself again; then nothing compiles, and says so.
        let program = std::env::current_exe().unwrap_or_default();
        let reentry = Reentry {
            program: program.clone(),
            arguments: vec![JAIL.to_owned()],
        };
        Ok(Self {
            program,
            key: vault.derive(CONTEXT)?,
            wasm: OnceLock::new(),
            jail: JailHost::new(reentry),
        })
    }

    fn wasm(&self) -> Result<&WasmBackends, StartError> {
        let made = self.wasm.get_or_init(|| {
            let compiler = (self.program.clone(), vec![COMPILE.to_owned()]);
            WasmBackends::new(WasmOptions::new(compiler, *self.key.as_bytes()))
        });
        made.as_ref().map_err(Clone::clone)
    }
}

impl Backends for Runners {
    fn engine(&self) -> String {
        // Without an engine there is no code that fits it.
        self.wasm()
            .map_or_else(|_| "none".to_owned(), Backends::engine)
    }

    fn compile(
        &self,
        component: &[u8],
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Vec<u8>, CompileError> {
        let wasm = self
            .wasm()
            .map_err(|error| CompileError::Failed(error.to_string()))?;
        wasm.compile(component, progress)
    }

    fn start(&self, launch: Launch) -> Result<Arc<dyn Backend>, StartError> {
        match launch.program {
            Program::Jail { .. } => self.jail.start(launch),
            _ => self.wasm()?.start(launch),
        }
    }
}
