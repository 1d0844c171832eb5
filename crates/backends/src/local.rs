//! Everything that this machine can run, behind one door.

use std::path::Path;
use std::sync::Arc;

use crate::{
    Backend, Backends, CompileError, JailHost, Launch, Program, Progress, Reentry, StartError,
    WasmBackends, WasmOptions,
};

/// The hidden subcommand that calls [`compile_main`](crate::compile_main).
pub const COMPILE: &str = "__compile";
/// The hidden subcommand that calls [`jail_main`](crate::jail_main).
pub const JAIL: &str = "__jail";

/// Components and jails of this machine.
#[derive(Clone)]
pub struct LocalBackends {
    wasm: WasmBackends,
    jail: JailHost,
}

impl LocalBackends {
    /// `program` is this program: called with [`COMPILE`] or [`JAIL`] it must do what these say before anything else.
    /// `key` authenticates compiled code; derive it from the vault.
    ///
    /// # Errors
    /// [`StartError::Unsupported`] when this machine cannot run WebAssembly.
    pub fn new(program: &Path, key: [u8; 32]) -> Result<Self, StartError> {
        let wasm = WasmBackends::new(WasmOptions::new(
            (program.to_owned(), vec![COMPILE.into()]),
            key,
        ))?;
        let jail = JailHost::new(Reentry {
            program: program.to_owned(),
            arguments: vec![JAIL.into()],
        });
        Ok(Self { wasm, jail })
    }
}

impl Backends for LocalBackends {
    fn engine(&self) -> String {
        self.wasm.engine()
    }

    fn compile(
        &self,
        component: &[u8],
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Vec<u8>, CompileError> {
        self.wasm.compile(component, progress)
    }

    fn start(&self, launch: Launch) -> Result<Arc<dyn Backend>, StartError> {
        match launch.program {
            Program::Jail { .. } => self.jail.start(launch),
            Program::Component { .. } => self.wasm.start(launch),
        }
    }
}
