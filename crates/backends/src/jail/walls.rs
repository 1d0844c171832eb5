//! Which walls stand on this machine, and the command that walks through them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::{Limits, StartError};

use super::enter::Plan;
use super::folder::Folder;
use super::python::Python;

/// How this program starts itself again for the walk into the jail.
#[derive(Clone, Debug)]
pub struct Reentry {
    /// The program; an absolute path.
    pub program: PathBuf,
    /// What makes it call [`jail_main`](crate::jail_main), as `["__jail"]`.
    pub arguments: Vec<String>,
}

/// What of the system a Python needs to read: its libraries, the roots of trust, time zones.
const SYSTEM: &[&str] = &[
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
];
const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"];

/// Where things are for the jailed process.
struct View {
    gateway: PathBuf,
    app: PathBuf,
    site: PathBuf,
    cache: PathBuf,
    tmp: PathBuf,
    data: PathBuf,
}

/// The command that ends as a jailed Python serving `app`, and whether bubblewrap stands around it.
pub(super) fn command(
    reentry: &Reentry,
    python: &Python,
    folder: &Folder,
    app: &str,
    limits: &Limits,
    wrap: bool,
) -> Result<(Command, bool), StartError> {
    let (module, attribute) = application(app)?;
    let bubblewrap = if wrap { bubblewrap() } else { None };
    let view = match bubblewrap {
        Some(_) => View {
            gateway: "/jail/gateway.py".into(),
            app: "/jail/app".into(),
            site: "/jail/site".into(),
            cache: "/jail/cache".into(),
            tmp: "/tmp".into(),
            data: "/data".into(),
        },
        None => View {
            gateway: folder.gateway(),
            app: folder.app(),
            site: folder.site(),
            cache: folder.cache(),
            tmp: folder.tmp(),
            data: folder.data(),
        },
    };
    let plan = plan(
        python,
        &view,
        (module, attribute),
        limits,
        bubblewrap.is_some(),
    );
    let plan =
        serde_json::to_string(&plan).map_err(|error| StartError::Unfit(error.to_string()))?;
    let mut command = match bubblewrap {
        Some(bubblewrap) => {
            let mut command = Command::new(bubblewrap);
            command
                .args(wrapping(reentry, python, folder, &view))
                .arg("--")
                .arg("/jail/enter");
            command
        }
        None => Command::new(&reentry.program),
    };
    command
        .args(&reentry.arguments)
        .arg(plan)
        .env_clear()
        .current_dir("/");
    Ok((command, bubblewrap.is_some()))
}

fn plan(python: &Python, view: &View, app: (&str, &str), limits: &Limits, wrapped: bool) -> Plan {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut read: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    read.extend(python.libraries.iter().cloned());
    read.extend([view.gateway.clone(), view.app.clone(), view.site.clone()]);
    let environment = [
        ("APP_DATA", text(&view.data)),
        ("HOME", text(&view.data)),
        ("TMPDIR", text(&view.tmp)),
        ("LANG", "C.UTF-8".into()),
        ("TZ", ":/etc/localtime".into()),
        // Libraries that would make a thread for each core get one.
        ("OPENBLAS_NUM_THREADS", "1".into()),
        ("OMP_NUM_THREADS", "1".into()),
        ("MKL_NUM_THREADS", "1".into()),
    ];
    Plan {
        python: python.program.clone(),
        arguments: vec![
            "-I".into(),
            "-S".into(),
            "-X".into(),
            format!("pycache_prefix={}", text(&view.cache)),
            text(&view.gateway),
            app.0.into(),
            app.1.into(),
            limits.concurrency.clamp(1, 64).to_string(),
            text(&view.app),
            text(&view.site),
        ],
        environment: environment
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        folder: view.app.clone(),
        read,
        execute: std::iter::once(python.program.clone())
            .chain(python.loader.clone())
            .collect(),
        write: vec![view.cache.clone(), view.tmp.clone(), view.data.clone()],
        devices: DEVICES.iter().map(PathBuf::from).collect(),
        memory: limits.memory,
        file: limits.data_bytes,
        wrapped,
    }
}

/// `module:attribute`, with plain names only.
fn application(app: &str) -> Result<(&str, &str), StartError> {
    let name = |part: &str| {
        !part.is_empty()
            && part.split('.').all(|word| {
                word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                    && word.chars().next().is_some_and(|c| !c.is_ascii_digit())
            })
    };
    app.split_once(':')
        .filter(|(module, attribute)| name(module) && name(attribute))
        .ok_or_else(|| {
            StartError::Unfit(format!(
                "{app:?} does not name a WSGI application as module:attribute"
            ))
        })
}

/// A new root with nothing in it but what the plan reads; no network, no other process, no terminal.
fn wrapping(reentry: &Reentry, python: &Python, folder: &Folder, view: &View) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    let mut add = |words: &[&dyn AsRef<std::ffi::OsStr>]| {
        arguments.extend(words.iter().map(|word| word.as_ref().to_owned()));
    };
    add(&[
        &"--unshare-all",
        &"--die-with-parent",
        &"--new-session",
        &"--as-pid-1",
        &"--cap-drop",
        &"ALL",
        &"--clearenv",
    ]);
    for path in SYSTEM {
        // On most systems /lib is a link into /usr.
        match std::fs::read_link(path) {
            Ok(target) => add(&[&"--symlink", &target, path]),
            Err(_) => add(&[&"--ro-bind-try", path, path]),
        }
    }
    for library in &python.libraries {
        if !library.starts_with("/usr/lib") {
            add(&[&"--ro-bind-try", library, library]);
        }
    }
    add(&[&"--ro-bind", &python.program, &python.program]);
    add(&[&"--dev", &"/dev", &"--proc", &"/proc", &"--dir", &"/jail"]);
    add(&[&"--ro-bind", &reentry.program, &"/jail/enter"]);
    add(&[&"--ro-bind", &folder.gateway(), &view.gateway]);
    add(&[&"--ro-bind", &folder.app(), &view.app]);
    add(&[&"--ro-bind", &folder.site(), &view.site]);
    add(&[&"--bind", &folder.cache(), &view.cache]);
    add(&[&"--bind", &folder.tmp(), &view.tmp]);
    add(&[&"--bind", &folder.data(), &view.data]);
    arguments
}

/// Bubblewrap, when it is there and works: some kernels and policies forbid user namespaces.
fn bubblewrap() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let program = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"]
                .map(PathBuf::from)
                .into_iter()
                .find(|path| path.is_file())?;
            let works = Command::new(&program)
                .args([
                    "--unshare-all",
                    "--die-with-parent",
                    "--as-pid-1",
                    "--ro-bind",
                    "/",
                    "/",
                    "--proc",
                    "/proc",
                ])
                .args(["--", "/bin/sh", "-c", "exit 23"])
                .env_clear()
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            works
                .is_ok_and(|status| status.code() == Some(23))
                .then_some(program)
        })
        .as_deref()
}

/// The walls that a jail has here, for the log.
pub(super) fn described(wrap: bool) -> &'static str {
    match wrap && bubblewrap().is_some() {
        true => "Landlock, a list of system calls and bubblewrap",
        false => "Landlock and a list of system calls",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn an_application_is_named_by_plain_words() {
        assert_eq!(
            application("guestbook.app:create.app").unwrap(),
            ("guestbook.app", "create.app")
        );
        for wrong in [
            "guestbook",
            "a:b:c",
            "a:b()",
            "../a:b",
            ":b",
            "a:",
            "1a:b",
            "a:-x",
        ] {
            assert!(application(wrong).is_err(), "{wrong}");
        }
    }
}
