//! `DATA/run/control.json`: how the command line finds the running node and proves itself to it.
//!
//! The node writes the file at each start with a fresh token and removes it when it stops. Only the
//! owner of the folder can read it. After a crash it stays behind; [`find`] recognises that.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::folder;

/// The file is a few hundred bytes; anything longer is not ours.
const LIMIT: u64 = 4096;

/// The running node as its control file describes it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Control {
    /// Loopback address of the HTTP API.
    pub(crate) addr: SocketAddr,
    /// Process id of the node.
    pub(crate) pid: u32,
    /// What the command line shows as `Authorization: Bearer`.
    pub(crate) token: Zeroizing<String>,
}

impl Control {
    /// Describes this process, with a token of 256 random bits.
    pub(crate) fn new(addr: SocketAddr) -> anyhow::Result<Self> {
        let mut random = Zeroizing::new([0u8; 32]);
        getrandom::fill(random.as_mut_slice())
            .map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
        let token = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            addr,
            pid: std::process::id(),
            token: Zeroizing::new(token),
        })
    }

    /// Writes the file; it vanishes when the guard is dropped.
    pub(crate) fn publish(&self, data: &Path) -> anyhow::Result<Published> {
        let run = data.join("run");
        make_private_folder(&run).with_context(|| format!("cannot make {}", run.display()))?;
        let path = path(data);
        let text = Zeroizing::new(serde_json::to_string(self)?);
        folder::write_atomic(&path, text.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Published { path })
    }

    /// Address of the API, as the client needs it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

/// Removes the control file when the node stops.
pub(crate) struct Published {
    path: PathBuf,
}

impl Drop for Published {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The node that runs on this folder, or `None` when the file is missing or left by a crash.
pub(crate) fn find(data: &Path) -> anyhow::Result<Option<Control>> {
    let path = path(data);
    let text = match read_limited(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let control: Control = serde_json::from_str(&text).map_err(|_| {
        Failure::refused("damaged", format!("{} is damaged", path.display()))
            .todo("delete it and start the node again with webx up")
    })?;
    if !control.addr.ip().is_loopback() {
        return Err(Failure::refused(
            "damaged",
            format!("{} names an address outside this machine", path.display()),
        )
        .todo("delete it and start the node again with webx up")
        .into());
    }
    Ok(is_alive(control.pid).then_some(control))
}

/// The node that runs on this folder, or what to do about it.
pub(crate) fn require(data: &Path) -> anyhow::Result<Control> {
    find(data)?.ok_or_else(|| not_running(data).into())
}

/// Code of [`not_running`].
pub(crate) const NOT_RUNNING: &str = "not-running";

/// What a command says that needs a running node.
pub(crate) fn not_running(data: &Path) -> Failure {
    Failure::refused(NOT_RUNNING, format!("no node runs on {}", data.display()))
        .todo("start it with webx up")
}

fn path(data: &Path) -> PathBuf {
    data.join("run").join("control.json")
}

fn read_limited(path: &Path) -> io::Result<Zeroizing<String>> {
    use std::io::Read as _;
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(path)?
        .take(LIMIT)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn is_alive(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    else {
        return false;
    };
    !matches!(
        rustix::process::test_kill_process(pid),
        Err(rustix::io::Errno::SRCH)
    )
}

/// Without a cheap question to the system the client finds out by connecting.
#[cfg(not(unix))]
fn is_alive(_pid: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn control() -> Control {
        Control::new("127.0.0.1:7700".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_published_node_is_found_and_gone_after_the_stop() {
        let data = tempfile::tempdir().unwrap();
        let published = control().publish(data.path()).unwrap();
        assert_eq!(find(data.path()).unwrap().unwrap().pid, std::process::id());
        drop(published);
        assert!(find(data.path()).unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_token() {
        use std::os::unix::fs::PermissionsExt as _;
        let data = tempfile::tempdir().unwrap();
        let _published = control().publish(data.path()).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path(data.path())), 0o600);
        assert_eq!(mode(&data.path().join("run")), 0o700);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_left_by_a_crash_is_recognised() {
        let data = tempfile::tempdir().unwrap();
        let mut gone = std::process::Command::new("true").spawn().unwrap();
        gone.wait().unwrap();
        let mut control = control();
        control.pid = gone.id();
        let _published = control.publish(data.path()).unwrap();
        assert!(find(data.path()).unwrap().is_none());
    }

    #[test]
    fn every_start_has_its_own_token() {
        assert_ne!(*control().token, *control().token);
        assert_eq!(control().token.len(), 64);
    }

    #[test]
    fn a_foreign_address_or_garbage_is_refused() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("run")).unwrap();
        for text in ["{}", "[1", r#"{"addr":"192.0.2.1:80","pid":1,"token":"t"}"#] {
            std::fs::write(path(data.path()), text).unwrap();
            assert!(find(data.path()).is_err(), "{text}");
        }
    }
}
