//! Type errors, by the TypeScript that the project (or the machine) has.
//!
//! The bundler drops types without looking at them; TypeScript looks. It runs beside the bundler, and what it knows from last time is
//! kept in `.webx/`, so that a second check costs little.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use crate::failure::{Failure, Finding, Result};

/// The most that is read of what a checker says, in bytes.
const LIMIT: u64 = 16 << 20;

/// A type check that runs.
pub(crate) struct Check {
    child: Child,
    said: JoinHandle<String>,
    root: PathBuf,
}

/// Begins a check of the project at `root`; `None` when it has no `tsconfig.json` and so is no TypeScript project.
/// `ended` is called once, from another thread, when the check has nothing more to say.
pub(crate) fn start(root: &Path, ended: impl FnOnce() + Send + 'static) -> Result<Option<Check>> {
    if !root.join("tsconfig.json").is_file() {
        return Ok(None);
    }
    let program = find(root).ok_or_else(|| {
        Failure::refused(
            "no-typescript",
            "TypeScript is not installed, so types cannot be checked",
        )
        .todo("run npm install (or npm install --save-dev typescript), or add --no-typecheck")
    })?;
    let mut child = Command::new(&program)
        .args([
            "--noEmit",
            "--pretty",
            "false",
            "--project",
            "tsconfig.json",
        ])
        .args([
            "--incremental",
            "--tsBuildInfoFile",
            ".webx/types.tsbuildinfo",
        ])
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Failure::io("start", &program, &error))?;
    let out = child.stdout.take();
    let said = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(out) = out {
            // What was said before the end is worth showing even when the end is not a clean one.
            let _ = out.take(LIMIT).read_to_end(&mut bytes);
        }
        ended();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    Ok(Some(Check {
        child,
        said,
        root: root.to_owned(),
    }))
}

impl Check {
    /// Waits for the end and gives what was found.
    pub(crate) fn finish(mut self) -> Result<Vec<Finding>> {
        let text = self.said.join().unwrap_or_default();
        let status = self
            .child
            .wait()
            .map_err(|error| Failure::io("run TypeScript in", &self.root, &error))?;
        let findings = parse(&text, &|file| {
            std::fs::read_to_string(self.root.join(file)).ok()
        });
        if findings.is_empty() && !status.success() {
            let said = text.lines().find(|line| !line.trim().is_empty());
            return Err(Failure::refused(
                "typescript",
                format!("TypeScript failed: {}", said.unwrap_or("it said nothing")),
            )
            .todo("try it alone: npx tsc --noEmit"));
        }
        Ok(findings)
    }

    /// Ends a check whose result nobody wants any more.
    pub(crate) fn stop(mut self) {
        let _ = self.child.kill();
        // The reader ends by itself: a program that the checker started may hold its output open.
        let _ = self.child.wait();
    }
}

/// `tsc` of the project, else the one on the path.
fn find(root: &Path) -> Option<PathBuf> {
    let name = if cfg!(windows) { "tsc.cmd" } else { "tsc" };
    let own = root.join("node_modules").join(".bin").join(name);
    if own.is_file() {
        return Some(own);
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// Reads what `tsc --pretty false` prints: `file(line,column): error TS1: …`, with indented lines that go on.
fn parse(text: &str, source: &dyn Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for line in text.lines() {
        if line.starts_with(char::is_whitespace) {
            if let Some(last) = findings.last_mut() {
                last.message.push(' ');
                last.message.push_str(line.trim());
            }
            continue;
        }
        let Some((place, rest)) = line
            .split_once(": error ")
            .or_else(|| line.strip_prefix("error ").map(|rest| ("", rest)))
        else {
            continue;
        };
        let message = match rest.split_once(": ") {
            Some((code, message)) => format!("{message} ({code})"),
            None => rest.to_owned(),
        };
        let finding = Finding::error(message);
        let at = place.rsplit_once('(').and_then(|(file, at)| {
            let (line, column) = at.strip_suffix(')')?.split_once(',')?;
            Some((file, line.parse().ok()?, column.parse().ok()?))
        });
        findings.push(match at {
            Some((file, line, column)) => {
                let file = file.replace('\\', "/");
                let text = source(&file);
                finding.at(file, line, column, text.as_deref())
            }
            None => finding,
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_typescript_says_becomes_findings_with_places() {
        let said = "src/index.tsx(2,7): error TS2322: Type 'string' is not assignable to type 'number'.\n  The rest of the reason.\nerror TS5083: Cannot read file.\n";
        let found = parse(said, &|_| Some("a\nconst n: number = 'x';\n".to_owned()));
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].place(), "src/index.tsx:2:7");
        assert_eq!(
            found[0].message,
            "Type 'string' is not assignable to type 'number'. (TS2322) The rest of the reason."
        );
        assert!(found[0].frame.as_deref().unwrap().contains("> 2 | const n"));
        assert_eq!(found[1].message, "Cannot read file. (TS5083)");
        assert_eq!(found[1].place(), "");
    }

    #[test]
    fn a_project_without_typescript_in_it_needs_no_checker() {
        let folder = tempfile::tempdir().unwrap();
        assert!(start(folder.path(), || {}).unwrap().is_none());
    }
}
