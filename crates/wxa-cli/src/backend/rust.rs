//! Rust: a `cdylib` with the crate `wasip2`, compiled to a component.
//!
//! With rustup's target `wasm32-wasip2` plain cargo does all of it. Without it, Debian's `rustc-web` with the source of the
//! standard library makes a core module, which becomes a component here; such a backend has no `std::fs`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use webx_wxa::manifest::Backend;

use super::tools;
use super::{Builder, Built, Job};
use crate::failure::{Failure, Finding, Result, Severity};
use crate::project::Project;

const INSTALL: &str =
    "run: rustup target add wasm32-wasip2 (or, on Debian: apt install rustc-web rust-web-src lld)";
const WASIP2: &str = "wasm32-wasip2";
const BARE: &str = "wasm32-unknown-unknown";

/// See the module.
pub(super) struct Rust;

impl Builder for Rust {
    fn name(&self) -> &'static str {
        "Rust"
    }

    fn matches(&self, project: &Project) -> bool {
        matches!(project.manifest().backend, Some(Backend::Wasm { .. }))
            && project.tree().kind("backend/Cargo.toml").is_ok()
    }

    fn build(&self, job: &Job<'_>) -> Result<Built> {
        let Some(Backend::Wasm { component, .. }) = &job.project.manifest().backend else {
            return Ok(Built::default());
        };
        let way = Way::here()
            .ok_or_else(|| tools::missing("a Rust compiler for WebAssembly", INSTALL))?;
        let folder = job.project.root().join("backend");
        // Shared by all projects: the standard library takes a minute where it must be built.
        let target = tools::cached("rust-target", |_| Ok(()))?;
        let mut cargo = Command::new("cargo");
        tools::plain(&mut cargo, &["CARGO_", "RUST"]);
        // Kept: where cargo and rustup live.
        for name in ["CARGO_HOME", "RUSTUP_HOME"] {
            if let Some(value) = std::env::var_os(name) {
                cargo.env(name, value);
            }
        }
        // No path of this machine in the component; the project's own are relative already.
        let home = std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".cargo")));
        let home = home.unwrap_or_else(|| PathBuf::from("/cargo"));
        let remap = format!(
            "--remap-path-prefix={}=/cargo --remap-path-prefix={}=/target",
            home.display(),
            target.display()
        );
        cargo
            .args(["build", "--release", "--message-format=json"])
            .current_dir(&folder)
            .env("CARGO_TARGET_DIR", &target)
            .env("RUSTFLAGS", remap);
        if folder.join("Cargo.lock").exists() {
            cargo.arg("--locked");
        }
        way.prepare(&mut cargo);
        let output = tools::run(&mut cargo, "install Rust from https://rustup.rs")?;
        let said = Said::read(&output.stdout);
        if !output.status.success() {
            return Err(match said.findings(job.project) {
                findings if findings.is_empty() => {
                    tools::failed("cargo could not build backend/", &output)
                }
                findings => Failure::found("backend", findings),
            });
        }
        let module = said.wasm.ok_or_else(|| {
            Failure::found(
                "backend",
                vec![
                    Finding::error("the crate makes no WebAssembly module")
                        .in_file("backend/Cargo.toml")
                        .todo("write under [lib]: crate-type = [\"cdylib\"]"),
                ],
            )
        })?;
        let bytes = std::fs::read(&module).map_err(|error| Failure::io("read", &module, &error))?;
        let bytes = if way.makes_components() {
            bytes
        } else {
            componentize(&bytes)?
        };
        Ok(Built {
            files: [(component.clone(), bytes)].into(),
        })
    }
}

/// A component out of a core module that carries its types with it.
fn componentize(module: &[u8]) -> Result<Vec<u8>> {
    let encode = || {
        wit_component::ComponentEncoder::default()
            .validate(true)
            .module(module)?
            .encode()
    };
    encode().map_err(|error| {
        Failure::found(
            "backend",
            vec![
                Finding::error(format!("the backend is no component: {error:#}"))
                    .in_file("backend/src/lib.rs")
                    .todo("export a handler with wasip2::http::proxy::export!(…)"),
            ],
        )
    })
}

/// How WebAssembly is compiled on this machine.
enum Way {
    Rustup,
    Debian { linker: PathBuf },
}

impl Way {
    fn here() -> Option<Self> {
        let there = Command::new("rustc")
            .args(["--print", "target-libdir", "--target", WASIP2])
            .output()
            .ok()
            .is_some_and(|output| {
                output.status.success()
                    && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
            });
        if there {
            return Some(Self::Rustup);
        }
        let linker = ["wasm-ld", "wasm-ld-22", "wasm-ld-19"]
            .iter()
            .find_map(|name| tools::find(name))?;
        let source = Command::new("/usr/bin/rustc")
            .args(["--print", "sysroot"])
            .output()
            .ok()?;
        let sysroot = PathBuf::from(String::from_utf8_lossy(&source.stdout).trim());
        sysroot
            .join("lib/rustlib/src/rust/library/std")
            .is_dir()
            .then_some(Self::Debian { linker })
    }

    fn prepare(&self, cargo: &mut Command) {
        match self {
            Self::Rustup => {
                cargo.args(["--target", WASIP2]);
            }
            Self::Debian { linker } => {
                cargo
                    .args(["-Zbuild-std=std,panic_abort", "--target", BARE])
                    .env("RUSTC", "/usr/bin/rustc")
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
            }
        }
    }

    fn makes_components(&self) -> bool {
        matches!(self, Self::Rustup)
    }
}

/// What cargo said, line by line.
#[derive(Default)]
struct Said {
    messages: Vec<Message>,
    wasm: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Line {
    CompilerMessage {
        message: Message,
    },
    CompilerArtifact {
        filenames: Vec<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Message {
    message: String,
    level: String,
    spans: Vec<Span>,
    children: Vec<Child>,
}

#[derive(Deserialize)]
struct Child {
    message: String,
    level: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    column_start: usize,
    is_primary: bool,
}

impl Said {
    fn read(output: &[u8]) -> Self {
        let mut said = Self::default();
        for line in output.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(Line::CompilerMessage { message }) => said.messages.push(message),
                // The last one is the project's own.
                Ok(Line::CompilerArtifact { filenames }) => {
                    let wasm = filenames
                        .into_iter()
                        .find(|file| file.extension().is_some_and(|end| end == "wasm"));
                    said.wasm = wasm.or(said.wasm.take());
                }
                _ => (),
            }
        }
        said
    }

    fn findings(&self, project: &Project) -> Vec<Finding> {
        let errors = self
            .messages
            .iter()
            .filter(|message| message.level == "error" && !message.spans.is_empty());
        errors.map(|message| message.finding(project)).collect()
    }
}

impl Message {
    fn finding(&self, project: &Project) -> Finding {
        let mut finding = Finding::error(self.message.clone());
        if let Some(help) = self.children.iter().find(|child| child.level == "help") {
            finding = finding.todo(help.message.clone());
        }
        let Some(span) = self.spans.iter().find(|span| span.is_primary) else {
            return finding;
        };
        let file = format!("backend/{}", span.file_name);
        let source = project.tree().text(&file).ok();
        debug_assert_eq!(finding.severity, Severity::Error);
        finding.at(file, span.line_start, span.column_start, source)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn an_error_of_the_compiler_is_shown_at_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("backend/src")).unwrap();
        std::fs::write(
            root.join("backend/src/lib.rs"),
            "fn a() {\n    let x: u8 = 300;\n}\n",
        )
        .unwrap();
        std::fs::write(root.join("manifest.json"), super::super::tests::MANIFEST).unwrap();
        let project = Project::open(root).unwrap();
        let line = r#"{"reason":"compiler-message","message":{"message":"literal out of range","level":"error","spans":[{"file_name":"src/lib.rs","line_start":2,"column_start":17,"is_primary":true}],"children":[{"message":"use u16","level":"help"}]}}"#;
        let said =
            Said::read(format!("{line}\n{{\"reason\":\"build-finished\"}}\nnoise").as_bytes());
        let findings = said.findings(&project);
        assert_eq!(findings[0].place(), "backend/src/lib.rs:2:17");
        assert!(
            findings[0].to_string().contains("let x: u8 = 300"),
            "{}",
            findings[0]
        );
        assert_eq!(findings[0].todo.as_deref(), Some("use u16"));
    }
}
