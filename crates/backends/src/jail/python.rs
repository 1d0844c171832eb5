//! The machine's own CPython: found, asked for its version, believed only as far as the jail allows.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::tags::{self, Tag};

/// The oldest minor version of Python 3 that can be jailed: it passes sockets, and knows `pycache_prefix`.
const OLDEST: u32 = 9;
/// The newest that is looked for by name.
const NEWEST: u32 = 16;

/// A CPython of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// The interpreter, links resolved.
    pub program: PathBuf,
    /// Its version, as `3.11.2`.
    pub version: String,
    /// The minor version of Python 3.
    pub(super) minor: u32,
    /// Folders that hold its library.
    pub(super) libraries: Vec<PathBuf>,
    /// The loader that the kernel starts it with.
    pub(super) loader: Option<PathBuf>,
    /// Major and minor version of the C library, when it is glibc.
    pub(super) glibc: Option<(u32, u32)>,
}

#[derive(Deserialize)]
struct Answer {
    implementation: String,
    version: (u32, u32, u32),
    libraries: Vec<PathBuf>,
    libc: (String, String),
    threads: bool,
}

const QUESTION: &str = "\
import json, platform, sys, sysconfig
p = sysconfig.get_paths()
print(json.dumps({
    'implementation': sys.implementation.name,
    'version': sys.version_info[:3],
    'libraries': sorted({p['stdlib'], p['platstdlib']}),
    'libc': platform.libc_ver(),
    'threads': not sysconfig.get_config_var('Py_GIL_DISABLED'),
}))";

impl Python {
    /// Every CPython that can be jailed, the one called `python3` first, then newer before older.
    ///
    /// Looked for in the folders of programs only: the working folder and scripts that stand in for an interpreter are
    /// passed over.
    #[must_use]
    pub fn all() -> Vec<Self> {
        Self::each().collect()
    }

    /// The same, each asked when its turn comes.
    pub(super) fn each() -> impl Iterator<Item = Self> {
        let mut seen = HashSet::new();
        let names = std::iter::once("python3".to_owned()).chain(
            (OLDEST..=NEWEST)
                .rev()
                .map(|minor| format!("python3.{minor}")),
        );
        let folders = folders();
        names
            .flat_map(move |name| {
                folders
                    .iter()
                    .map(|folder| folder.join(&name))
                    .collect::<Vec<_>>()
            })
            .filter_map(|path| path.canonicalize().ok())
            .filter(move |path| seen.insert(path.clone()) && is_program(path))
            .filter_map(|path| Self::ask(&path))
    }

    /// Asks the interpreter at `program` about itself.
    fn ask(program: &Path) -> Option<Self> {
        let output = Command::new(program)
            .args(["-I", "-S", "-c", QUESTION])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let answer: Answer = serde_json::from_slice(&output.stdout).ok()?;
        let (major, minor, patch) = answer.version;
        if answer.implementation != "cpython" || major != 3 || minor < OLDEST || !answer.threads {
            return None;
        }
        let glibc = (answer.libc.0 == "glibc")
            .then(|| tags::two_numbers(&answer.libc.1, '.'))
            .flatten();
        Some(Self {
            program: program.to_owned(),
            version: format!("{major}.{minor}.{patch}"),
            minor,
            libraries: answer.libraries,
            loader: loader(program),
            glibc,
        })
    }

    /// Whether a wheel with this tag runs here; among several that do, the greatest is the best.
    pub(super) fn takes(&self, tag: &Tag) -> Option<u32> {
        tag.fits(self.minor, self.glibc, std::env::consts::ARCH)
    }
}

/// Where programs are: the system's folders, then `PATH`.
fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = ["/usr/local/bin", "/usr/bin"].map(PathBuf::from).into();
    for folder in std::env::split_paths(&path).filter(|folder| folder.is_absolute()) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// An ELF file.
fn is_program(path: &Path) -> bool {
    use std::io::Read;
    let mut magic = [0; 4];
    std::fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut magic))
        .is_ok()
        && magic == *b"\x7fELF"
}

/// The path in the program's `PT_INTERP` header.
fn loader(path: &Path) -> Option<PathBuf> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(path).ok()?;
    let mut header = [0; 64];
    file.read_exact(&mut header).ok()?;
    let word = |at: usize, bytes: &[u8]| {
        bytes
            .get(at..at + 8)?
            .try_into()
            .ok()
            .map(u64::from_le_bytes)
    };
    let half = |at: usize, bytes: &[u8]| {
        bytes
            .get(at..at + 2)?
            .try_into()
            .ok()
            .map(u16::from_le_bytes)
    };
    // 64-bit, little-endian; nothing else is supported by the filter of system calls either.
    if header.get(4..6) != Some(&[2, 1]) {
        return None;
    }
    let (table, size, count) = (word(32, &header)?, half(54, &header)?, half(56, &header)?);
    for index in 0..count.min(64) {
        let mut entry = [0; 56];
        file.seek(SeekFrom::Start(
            table.checked_add(u64::from(index) * u64::from(size))?,
        ))
        .ok()?;
        file.read_exact(&mut entry).ok()?;
        let interpreter = entry
            .first_chunk::<4>()
            .map(|kind| u32::from_le_bytes(*kind))
            == Some(3);
        if interpreter {
            let (offset, length) = (word(8, &entry)?, word(32, &entry)?.min(4096));
            let mut name = vec![0; usize::try_from(length).ok()?];
            file.seek(SeekFrom::Start(offset)).ok()?;
            file.read_exact(&mut name).ok()?;
            let name = String::from_utf8(name).ok()?;
            return Some(PathBuf::from(name.trim_end_matches('\0')));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_of_this_machine_says_what_it_is() {
        let all = Python::all();
        assert!(!all.is_empty(), "the tests need Debian's python3");
        for python in all {
            assert!(python.version.starts_with("3."), "{python:?}");
            assert!(python.loader.is_some(), "{python:?}");
            assert!(
                python.libraries.iter().all(|folder| folder.is_dir()),
                "{python:?}"
            );
        }
    }

    #[test]
    fn a_script_that_stands_in_for_an_interpreter_is_passed_over() {
        assert!(!is_program(Path::new(file!())));
        assert!(
            Python::all()
                .iter()
                .all(|python| is_program(&python.program))
        );
    }
}
