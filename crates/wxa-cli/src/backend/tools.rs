//! Other programs: found, installed into a cache of their own, run with their words kept for when they fail.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::failure::{Failure, Result};

/// How much of a failed program's words is shown.
const SHOWN: usize = 20;

/// Runs a program to its end.
pub(super) fn run(command: &mut Command, install: &str) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => missing(&name, install),
        _ => Failure::refused("tool", format!("{name} cannot be run: {error}")),
    })
}

/// A program that is not there, and the one command that brings it.
pub(super) fn missing(name: &str, install: &str) -> Failure {
    Failure::refused("missing-tool", format!("{name} is not installed")).todo(install)
}

/// A program that came to no good end, with its last lines.
pub(super) fn failed(what: &str, output: &Output) -> Failure {
    let text = words(output);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    let last = lines
        .get(lines.len().saturating_sub(SHOWN)..)
        .unwrap_or_default();
    Failure::refused("backend-build", format!("{what}: {}", last.join(" | ")))
}

/// Everything that a program said, standard output first.
pub(super) fn words(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Where a program of this name stands in `PATH`.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// A folder for tools of these names and versions, shared by all projects; `make` fills it once, and a half-filled one
/// is begun again.
pub(super) fn cached(name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let cache = match std::env::var_os("WXA_CACHE") {
        Some(folder) => PathBuf::from(folder),
        None => directories::ProjectDirs::from("", "", "webx")
            .map(|dirs| dirs.cache_dir().join("wxa"))
            .ok_or_else(|| {
                Failure::refused("no-home", "this user has no home folder")
                    .todo("set WXA_CACHE to a folder")
            })?,
    };
    let folder = cache.join(name);
    let done = folder.join(".complete");
    if done.exists() {
        return Ok(folder);
    }
    std::fs::create_dir_all(&cache).map_err(|error| Failure::io("make", &cache, &error))?;
    // Another wxa may fill it now.
    let lock_path = cache.join(format!("{name}.lock"));
    let lock = std::fs::File::create(&lock_path)
        .map_err(|error| Failure::io("make", &lock_path, &error))?;
    lock.lock()
        .map_err(|error| Failure::io("lock", &lock_path, &error))?;
    if done.exists() {
        return Ok(folder);
    }
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| Failure::io("make", &folder, &error))?;
    make(&folder)?;
    std::fs::write(&done, "").map_err(|error| Failure::io("write", &done, &error))?;
    Ok(folder)
}

/// Empties a folder and makes it.
pub(super) fn fresh(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failure::io("empty", folder, &error));
        }
        _ => (),
    }
    std::fs::create_dir_all(folder).map_err(|error| Failure::io("make", folder, &error))
}

/// Writes a file that a tool reads.
pub(super) fn put(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Failure::io("make", folder, &error))?;
    }
    std::fs::write(path, text).map_err(|error| Failure::io("write", path, &error))
}

/// The interfaces of a backend, for tools that want them as WIT: the world `webx:app/backend` of this patch version.
pub(super) fn write_wit(folder: &Path, patch: &str) -> Result<()> {
    const DEPS: [(&str, &str); 6] = [
        ("cli", include_str!("../../../backends/wit/deps/cli.wit")),
        (
            "clocks",
            include_str!("../../../backends/wit/deps/clocks.wit"),
        ),
        (
            "filesystem",
            include_str!("../../../backends/wit/deps/filesystem.wit"),
        ),
        ("http", include_str!("../../../backends/wit/deps/http.wit")),
        ("io", include_str!("../../../backends/wit/deps/io.wit")),
        (
            "random",
            include_str!("../../../backends/wit/deps/random.wit"),
        ),
    ];
    let version = |text: &str| text.replace("0.2.12", &format!("0.2.{patch}"));
    put(
        &folder.join("world.wit"),
        &version("package webx:app;\n\nworld backend {\n  include wasi:http/proxy@0.2.12;\n}\n"),
    )?;
    put(
        &folder.join("deps/sockets.wit"),
        &version(include_str!("../../../backends/wit/deps/sockets.wit")),
    )?;
    for (name, text) in DEPS {
        put(&folder.join(format!("deps/{name}.wit")), &version(text))?;
    }
    Ok(())
}

/// Takes everything out of a command's environment that could change what it makes.
pub(super) fn plain(command: &mut Command, prefixes: &[&str]) {
    for (name, _) in std::env::vars_os() {
        let name = name.as_os_str();
        if prefixes.iter().any(|prefix| starts_with(name, prefix)) {
            command.env_remove(name);
        }
    }
}

fn starts_with(name: &OsStr, prefix: &str) -> bool {
    name.as_encoded_bytes().starts_with(prefix.as_bytes())
}
