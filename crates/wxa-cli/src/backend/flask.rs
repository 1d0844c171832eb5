//! Python: an unchanged WSGI application, as a component or as a house of wheels.
//!
//! As a component, CPython itself is compiled in (componentize-py): the package runs on every system, starts in
//! milliseconds, and holds pure Python only. With native wheels the machine's Python runs it in a jail; wxa fetches the
//! wheels that the manifest pins, and nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;

use webx_wxa::manifest::{Backend, Runtime};

use super::{Builder, Built, Job, tools, wheels};
use crate::failure::{Failure, Finding, Result};
use crate::project::Project;

/// The compiler of Python components.
const COMPILER: &str = "componentize-py==0.25.1";
const INSTALL_PYTHON: &str =
    "run: apt install python3 python3-venv (or get Python from https://python.org)";
const ADAPTER: &str = include_str!("flask/adapter.py");
const PACKED: &str = include_str!("flask/packed.py");

/// See the module.
pub(super) struct Flask;

impl Builder for Flask {
    fn name(&self) -> &'static str {
        "Python"
    }

    fn matches(&self, project: &Project) -> bool {
        let Some(Backend::Wsgi {
            source, runtime, ..
        }) = &project.manifest().backend
        else {
            return false;
        };
        let there = project.tree().kind(source.trim_end_matches('/')).is_ok();
        // A component without source is packed as it is.
        there || matches!(runtime, Runtime::Native { .. })
    }

    fn build(&self, job: &Job<'_>) -> Result<Built> {
        match &job.project.manifest().backend {
            Some(Backend::Wsgi {
                app,
                source,
                runtime: Runtime::Component(path),
                ..
            }) => {
                let bytes = component(job, app, source)?;
                Ok(Built {
                    files: [(path.clone(), bytes)].into(),
                })
            }
            Some(Backend::Wsgi {
                source,
                runtime: Runtime::Native { wheels },
                ..
            }) => wheels::house(job, source, wheels),
            _ => Ok(Built::default()),
        }
    }
}

/// Compiles the application together with Python.
fn component(job: &Job<'_>, app: &str, source: &str) -> Result<Vec<u8>> {
    let (module, attribute) = app.split_once(':').ok_or_else(|| {
        Failure::refused("manifest", format!("{app} does not name an application"))
            .todo("write backend.wsgi.app as module:callable")
    })?;
    let folder = job.project.root().join(source.trim_end_matches('/'));
    let module_file = format!("{}{}.py", with_slash(source), module.replace('.', "/"));
    let package_file = format!(
        "{}{}/__init__.py",
        with_slash(source),
        module.replace('.', "/")
    );
    if job.project.tree().kind(&module_file).is_err()
        && job.project.tree().kind(&package_file).is_err()
    {
        let finding = Finding::error(format!("the application’s module {module} is not there"));
        return Err(Failure::found(
            "backend",
            vec![
                finding
                    .in_file(module_file)
                    .todo("see backend.wsgi.app in manifest.json"),
            ],
        ));
    }
    let venv = compiler(job)?;
    let site = requirements(job, &folder, source)?;
    let work = job.work.join("python");
    tools::fresh(&work)?;
    tools::write_wit(&work.join("wit"), "12")?;
    let adapter = ADAPTER
        .replace("__MODULE__", module)
        .replace("__ATTRIBUTE__", attribute);
    tools::put(&work.join("code/webx_wsgi.py"), &adapter)?;
    tools::put(&work.join("code/webx_packed.py"), PACKED)?;
    copy_python(&folder, &work.join("code"))?;
    let out = work.join("backend.wasm");
    (job.say)("compiling Python and the app to a component");
    let mut compile = Command::new(venv.join("bin/componentize-py"));
    tools::plain(&mut compile, &["PYTHON"]);
    compile
        .arg("-d")
        .arg(work.join("wit"))
        .args(["-w", "backend", "componentize", "webx_wsgi", "-p"])
        .arg(work.join("code"))
        .arg("-p")
        .arg(&site)
        .arg("-o")
        .arg(&out)
        .env("PYTHONHASHSEED", "0")
        .env("RUST_BACKTRACE", "0")
        .current_dir(&work);
    let output = tools::run(&mut compile, INSTALL_PYTHON)?;
    if !output.status.success() {
        let text = tools::words(&output);
        return Err(
            match traceback(job.project, source, &work.join("code"), &text) {
                Some(finding) => Failure::found("backend", vec![finding]),
                None => tools::failed("the app could not be compiled", &output),
            },
        );
    }
    std::fs::read(&out).map_err(|error| Failure::io("read", &out, &error))
}

/// The compiler, in a virtual environment of its own.
fn compiler(job: &Job<'_>) -> Result<PathBuf> {
    let python = python()?;
    tools::cached(&COMPILER.replace("==", "-"), |folder| {
        (job.say)("installing componentize-py, once for all projects");
        let venv = tools::run(
            Command::new(&python).args(["-m", "venv"]).arg(folder),
            INSTALL_PYTHON,
        )?;
        if !venv.status.success() {
            return Err(
                tools::failed("Python cannot make a virtual environment", &venv)
                    .todo(INSTALL_PYTHON),
            );
        }
        pip(&folder.join("bin/python"), &["install", COMPILER])
    })
}

pub(super) fn python() -> Result<PathBuf> {
    let names = ["python3", "python"];
    names
        .iter()
        .find_map(|name| tools::find(name))
        .ok_or_else(|| tools::missing("Python 3", INSTALL_PYTHON))
}

pub(super) fn pip(python: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(python);
    command
        .args([
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ])
        .args(arguments);
    let output = tools::run(&mut command, INSTALL_PYTHON)?;
    match output.status.success() {
        true => Ok(()),
        false => Err(tools::failed("pip failed", &output)),
    }
}

/// What `requirements.txt` names, without anything native: kept under the text of that file.
fn requirements(job: &Job<'_>, folder: &Path, source: &str) -> Result<PathBuf> {
    let list = folder.join("requirements.txt");
    let empty = job.work.join("no-requirements");
    let Ok(text) = std::fs::read_to_string(&list) else {
        tools::fresh(&empty)?;
        return Ok(empty);
    };
    let python = python()?;
    let version = Command::new(&python)
        .arg("--version")
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    let name = format!(
        "site-{:016x}",
        stable_hash(&[text.as_bytes(), version.as_slice()])
    );
    tools::cached(&name, |site| {
        (job.say)("fetching the packages of requirements.txt");
        let target = site.to_string_lossy().into_owned();
        let list = list.to_string_lossy().into_owned();
        let fetched = pip(
            &python,
            &[
                "install",
                "--no-compile",
                "--only-binary",
                ":all:",
                "--target",
                &target,
                "--requirement",
                &list,
            ],
        );
        if let Err(failure) = fetched {
            let finding = Finding::error(failure.to_string());
            return Err(Failure::found(
                "backend",
                vec![finding.in_file(format!("{}requirements.txt", with_slash(source)))],
            ));
        }
        drop_native(site)
    })
}

/// Removes compiled code, which a component cannot load; most packages have a pure replacement for it.
fn drop_native(folder: &Path) -> Result<()> {
    let list = std::fs::read_dir(folder).map_err(|error| Failure::io("read", folder, &error))?;
    for entry in list {
        let path = entry
            .map_err(|error| Failure::io("read", folder, &error))?
            .path();
        let is = |end: &str| path.extension().is_some_and(|extension| extension == end);
        if path.is_dir() {
            drop_native(&path)?;
        } else if is("so") || is("pyd") || is("dylib") {
            std::fs::remove_file(&path).map_err(|error| Failure::io("remove", &path, &error))?;
        }
    }
    Ok(())
}

/// Where the last of the developer's own lines in a traceback is.
fn traceback(project: &Project, source: &str, code: &Path, text: &str) -> Option<Finding> {
    let code = format!("{}/", code.display());
    let mut place = None;
    let mut error = None;
    for line in text.lines() {
        let line = line.trim();
        if let Some((file, rest)) = line
            .strip_prefix("File \"")
            .and_then(|rest| rest.split_once("\", line "))
        {
            let number: Option<usize> = rest
                .split(|c: char| !c.is_ascii_digit())
                .next()
                .and_then(|digits| digits.parse().ok());
            // The compiler sees each folder of code under a number.
            let own = file
                .strip_prefix(&code)
                .or_else(|| file.strip_prefix("/0/"))
                .filter(|file| *file != "webx_wsgi.py");
            if let (Some(own), Some(number)) = (own, number) {
                place = Some((format!("{}{own}", with_slash(source)), number));
            }
        } else if line
            .split_once(": ")
            .is_some_and(|(kind, _)| kind.ends_with("Error") || kind.ends_with("Exception"))
        {
            error = Some(line.to_owned());
        }
    }
    let message = error?;
    let mut finding = Finding::error(message.clone());
    if message.contains("No module named") {
        finding = finding.todo("add it to requirements.txt; a package with native code needs backend.wsgi.native and “native-code”");
    }
    let (file, line) = place?;
    let source = project.tree().text(&file).ok();
    Some(finding.at(file, line, 1, source))
}

fn copy_python(from: &Path, to: &Path) -> Result<()> {
    let list = std::fs::read_dir(from).map_err(|error| Failure::io("read", from, &error))?;
    std::fs::create_dir_all(to).map_err(|error| Failure::io("make", to, &error))?;
    for entry in list.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let skipped = [
            "__pycache__",
            ".venv",
            "venv",
            ".pytest_cache",
            "data",
            "instance",
        ];
        if skipped.iter().any(|skipped| name == *skipped) {
            continue;
        }
        let target = to.join(&name);
        match path.is_dir() {
            true => copy_python(&path, &target)?,
            false => std::fs::copy(&path, &target)
                .map(|_| ())
                .map_err(|error| Failure::io("copy", &path, &error))?,
        }
    }
    Ok(())
}

fn with_slash(folder: &str) -> String {
    format!("{}/", folder.trim_end_matches('/'))
}

/// FNV-1a: names a folder, guards nothing.
fn stable_hash(parts: &[&[u8]]) -> u64 {
    let bytes = parts
        .iter()
        .flat_map(|part| part.iter().chain(std::iter::once(&0)));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_traceback_is_shown_at_the_developers_own_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("backend")).unwrap();
        std::fs::write(
            root.join("backend/app.py"),
            "from flask import Flask\nimport numpy\n",
        )
        .unwrap();
        std::fs::write(root.join("manifest.json"), super::super::tests::MANIFEST).unwrap();
        let project = Project::open(root).unwrap();
        let text = "Traceback (most recent call last):\n  File \"/0/webx_wsgi.py\", line 16, in <module>\n  File \"/0/app.py\", line 2, in <module>\n    import numpy\nModuleNotFoundError: No module named 'numpy'\n";
        let finding = traceback(&project, "backend/", Path::new("/work"), text).unwrap();
        assert_eq!(finding.place(), "backend/app.py:2:1");
        assert!(finding.to_string().contains("native-code"), "{finding}");
    }

    #[test]
    fn code_finds_its_files_after_the_folders_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (lib, top) = (folder.path().join("lib"), folder.path().join("top"));
        std::fs::create_dir_all(&lib).unwrap();
        std::fs::create_dir_all(top.join("pack/space")).unwrap();
        std::fs::write(lib.join("webx_packed.py"), PACKED).unwrap();
        std::fs::write(top.join("page.html"), "<p>grüezi</p>").unwrap();
        std::fs::write(top.join("pack/__init__.py"), "from .space import deep").unwrap();
        std::fs::write(
            top.join("pack/space/deep.py"),
            "import os\nhere = os.path.dirname(__file__)\ndef late():\n    import colorsys\n",
        )
        .unwrap();
        let script = "
import os, pathlib, sys
lib, top = sys.argv[1:]
sys.path.insert(0, lib)
import webx_packed
webx_packed.install(top, [])
assert 'colorsys' in sys.modules
sys.path.insert(0, top)
os.rename(top, top + '.gone')
page = os.path.join(top, 'page.html')
assert open(page).read() == '<p>grüezi</p>' and open(page, 'rb').read(3) == b'<p>'
assert os.path.isfile(page) and os.path.isdir(top) and not os.path.exists(page + 'x')
assert os.stat(page).st_size == 14 and os.stat(page).st_mtime == os.stat(page).st_mtime
assert pathlib.Path(page).read_text().startswith('<p>') and 'page.html' in os.listdir(top)
import pack
assert pack.deep.here == os.path.join(top, 'pack', 'space')
for wrong in (lambda: open(page, 'w'), lambda: open(page + 'x')):
    try:
        wrong()
    except OSError:
        continue
    raise AssertionError(wrong)
print('well')
";
        let output = Command::new("python3")
            .args(["-I", "-c", script])
            .arg(&lib)
            .arg(&top)
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            "well",
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
