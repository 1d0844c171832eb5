//! The walk into the jail: this program, started anew, gives up everything and becomes Python.
//!
//! It has one thread and no secrets: bounds, then capabilities, then Landlock, then seccomp, then `execve`. Whatever
//! does not work ends the walk, so Python never runs with a wall missing.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, Signal};
use rustix::thread::{CapabilitySet, CapabilitySets};
use serde::{Deserialize, Serialize};

use super::syscalls;

/// What the walk needs to know: given as JSON in the last argument. Nothing in it is secret.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The interpreter.
    pub(super) python: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// Its whole environment.
    pub(super) environment: Vec<(String, String)>,
    /// The folder it starts in.
    pub(super) folder: PathBuf,
    /// What it may read.
    pub(super) read: Vec<PathBuf>,
    /// What it may execute: itself and its loader.
    pub(super) execute: Vec<PathBuf>,
    /// Where it may write, make and remove files.
    pub(super) write: Vec<PathBuf>,
    /// Devices that it may read and write.
    pub(super) devices: Vec<PathBuf>,
    /// Bytes of private memory.
    pub(super) memory: u64,
    /// Bytes of one file.
    pub(super) file: u64,
    /// Whether bubblewrap stands around it; without it, Landlock must work.
    pub(super) wrapped: bool,
}

/// Address space beyond the private memory: program text, shared libraries, reserved but unused arenas.
const ADDRESS_SLACK: u64 = 1 << 30;
/// Open files.
const FILES: u64 = 256;
/// The first thread's stack in bytes.
const STACK: u64 = 8 << 20;

/// What a program started by a [`Reentry`](crate::Reentry) does first of all, before it starts a thread or opens a file:
/// walks into the jail with the plan in its last argument. Comes back only when a wall could not be built; the reason is
/// on standard error then.
#[must_use]
pub fn jail_main() -> ExitCode {
    let plan = std::env::args().next_back().unwrap_or_default();
    let reason = match serde_json::from_str::<Plan>(&plan) {
        Ok(plan) => walk(&plan),
        Err(error) => format!("the plan is wrong: {error}"),
    };
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("jail: {reason}\n").as_bytes(),
    );
    ExitCode::from(97)
}

/// Builds the walls and leaves. What it gives is why it could not.
fn walk(plan: &Plan) -> String {
    if let Err(error) = bound(plan) {
        return format!("limits cannot be set: {error}");
    }
    if let Err(error) = give_up_rights() {
        return format!("rights cannot be given up: {error}");
    }
    match fence_files(plan) {
        Ok(true) => (),
        Ok(false) if plan.wrapped => (),
        Ok(false) => {
            return "this kernel has no Landlock, and bubblewrap does not work here".into();
        }
        Err(error) => return format!("files cannot be fenced off: {error}"),
    }
    // Prepared first: the filter takes away what preparing needs.
    let mut python = Command::new(&plan.python);
    python
        .args(&plan.arguments)
        .env_clear()
        .envs(plan.environment.iter().map(|(k, v)| (k, v)))
        .current_dir(&plan.folder);
    if let Err(error) = syscalls::allow_only_harmless() {
        return format!("system calls cannot be filtered: {error}");
    }
    format!("Python cannot be started: {}", python.exec())
}

fn bound(plan: &Plan) -> std::io::Result<()> {
    let set = |resource, most: u64| {
        rustix::process::setrlimit(
            resource,
            Rlimit {
                current: Some(most),
                maximum: Some(most),
            },
        )
    };
    set(Resource::Core, 0)?;
    set(Resource::Memlock, 0)?;
    set(Resource::Nofile, FILES)?;
    set(Resource::Stack, STACK)?;
    set(Resource::Fsize, plan.file)?;
    set(Resource::Data, plan.memory)?;
    set(Resource::As, plan.memory.saturating_add(ADDRESS_SLACK))?;
    // Behind everything that the person does.
    let _ = rustix::process::nice(10);
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

fn give_up_rights() -> std::io::Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    let _ = rustix::thread::clear_ambient_capability_set();
    let none = CapabilitySet::empty();
    rustix::thread::set_capabilities(
        None,
        CapabilitySets {
            effective: none,
            permitted: none,
            inheritable: none,
        },
    )?;
    Ok(())
}

/// Whether Landlock is at work.
fn fence_files(plan: &Plan) -> Result<bool, landlock::RulesetError> {
    let newest = ABI::V6;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let device = BitFlags::from(AccessFs::ReadFile) | AccessFs::WriteFile;
    let unfit = AccessFs::Execute
        | AccessFs::MakeSock
        | AccessFs::MakeChar
        | AccessFs::MakeBlock
        | AccessFs::IoctlDev;
    let write = AccessFs::from_all(newest) & !unfit;
    // What the kernel knows of the list is enforced; status says whether that is anything.
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?
        .add_rules(path_beneath_rules(&plan.read, read))?
        .add_rules(path_beneath_rules(&plan.execute, read | AccessFs::Execute))?
        .add_rules(path_beneath_rules(&plan.devices, device))?
        .add_rules(path_beneath_rules(&plan.write, write))?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}
