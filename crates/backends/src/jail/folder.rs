//! A private folder in memory: nothing of it reaches a disk, and it is gone with its owner.

use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::{PackageFiles, StartError, Wheel};

use super::python::Python;
use super::tags::WheelName;
use super::wheel::{self, Room};

/// The gateway that speaks WSGI.
const GATEWAY: &str = include_str!("gateway.py");
/// Bytes of an app's own source.
const SOURCE: u64 = 64 << 20;
/// What `statfs` says of a file system in memory.
const TMPFS: i64 = 0x0102_1994;

/// The folder of one backend, below a file system in memory; removed when dropped.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// A new, empty folder that only this user can enter.
    pub(super) fn new() -> Result<Self, StartError> {
        let base = in_memory()?;
        sweep(&base);
        let mut name = [0; 16];
        getrandom::fill(&mut name)
            .map_err(|error| StartError::Unsupported(format!("no randomness ({error})")))?;
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = Self {
            root: base.join(format!("webx-{}-{name}", std::process::id())),
        };
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        for path in ["", "app", "site", "cache", "tmp", "data"] {
            builder
                .create(folder.root.join(path))
                .map_err(|error| broken(&error))?;
        }
        std::fs::write(folder.gateway(), GATEWAY).map_err(|error| broken(&error))?;
        Ok(folder)
    }

    pub(super) fn gateway(&self) -> PathBuf {
        self.root.join("gateway.py")
    }

    /// The app's source: read only for the app.
    pub(super) fn app(&self) -> PathBuf {
        self.root.join("app")
    }

    /// The unpacked wheels: read only for the app.
    pub(super) fn site(&self) -> PathBuf {
        self.root.join("site")
    }

    /// Compiled Python, kept from one start to the next.
    pub(super) fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Empties what one run may leave to the next.
    pub(super) fn begin(&self) -> Result<(), StartError> {
        for folder in [self.tmp(), self.data()] {
            clear(&folder).map_err(|error| broken(&error))?;
            DirBuilder::new()
                .mode(0o700)
                .create(&folder)
                .map_err(|error| broken(&error))?;
        }
        Ok(())
    }

    /// Puts the app's source and the wheels that fit `python` into the folder.
    pub(super) fn fill(
        &self,
        source: &str,
        wheels: &[&Wheel],
        files: &dyn PackageFiles,
    ) -> Result<(), StartError> {
        let prefix = format!("{}/", source.trim_matches('/'));
        let mut left = SOURCE;
        for (path, size) in files.list().map_err(StartError::Unreadable)? {
            let Some(rest) = path.strip_prefix(&prefix) else {
                continue;
            };
            left = left.checked_sub(size).ok_or_else(|| {
                StartError::Unfit(format!("its source is larger than {SOURCE} bytes"))
            })?;
            let bytes = files.read(&path).map_err(StartError::Unreadable)?;
            put(&self.app(), rest, &bytes)?;
        }
        let mut room = Room::default();
        for Wheel { path, sha256 } in wheels {
            let bytes = files.read(path).map_err(StartError::Unreadable)?;
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
            if hash.as_ref() != sha256 {
                return Err(StartError::Unfit(format!(
                    "{path} is not the file that the manifest names"
                )));
            }
            wheel::unpack(&bytes, &self.site(), &mut room)
                .map_err(|reason| StartError::Unfit(format!("{path}: {reason}")))?;
        }
        Ok(())
    }
}

impl Folder {
    /// Removes it from memory. Nothing may use it any more.
    pub(super) fn remove(&self) {
        if let Err(error) = clear(&self.root) {
            tracing::warn!(%error, "a backend's folder in memory stays");
        }
    }
}

/// Removes a folder, whatever rights the program in it has taken from its files.
fn clear(folder: &Path) -> std::io::Result<()> {
    let gone = |result: std::io::Result<()>| match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result,
    };
    if gone(std::fs::remove_dir_all(folder)).is_ok() {
        return Ok(());
    }
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        let _ = std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700));
        let list = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        // The type of the entry itself: a link to a folder is no folder.
        left.extend(
            list.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                .map(|entry| entry.path()),
        );
    }
    gone(std::fs::remove_dir_all(folder))
}

/// Removes what nodes left behind that were killed.
fn sweep(base: &Path) {
    let own = rustix::process::geteuid().as_raw();
    for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| {
            name.strip_prefix("webx-")?
                .split_once('-')?
                .0
                .parse::<i32>()
                .ok()
        });
        let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) else {
            continue;
        };
        let dead = rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH);
        if dead
            && entry
                .metadata()
                .is_ok_and(|meta| meta.is_dir() && meta.uid() == own)
        {
            let _ = clear(&entry.path());
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The Python that the most of `wheels` were made for, and which of them it takes: the best of each distribution.
pub(super) fn choose(
    pythons: impl Iterator<Item = Python>,
    wheels: &[Wheel],
) -> Result<(Python, Vec<&Wheel>), StartError> {
    let mut missing = None;
    for python in pythons {
        match fitting(&python, wheels)? {
            Ok(chosen) => return Ok((python, chosen)),
            Err(distribution) => missing = missing.or(Some((python, distribution))),
        }
    }
    Err(StartError::Unsupported(match missing {
        Some((python, distribution)) => format!(
            "the app brings no {distribution} for Python {} on this machine ({})",
            python.version,
            std::env::consts::ARCH
        ),
        None => {
            "there is no CPython 3.9 or newer on it; install the system's package python3".into()
        }
    }))
}

type Chosen<'a> = Result<Vec<&'a Wheel>, String>;

/// The best wheel of each distribution, or the name of one that has none.
fn fitting<'a>(python: &Python, wheels: &'a [Wheel]) -> Result<Chosen<'a>, StartError> {
    let mut best = std::collections::BTreeMap::<String, Option<(u32, &Wheel)>>::new();
    for wheel in wheels {
        let name = WheelName::read(&wheel.path)
            .ok_or_else(|| StartError::Unfit(format!("{} is no name of a wheel", wheel.path)))?;
        let fit = name.tags.iter().filter_map(|tag| python.takes(tag)).max();
        let known = best.entry(name.distribution).or_default();
        if let Some(fit) = fit
            && known.is_none_or(|(other, _)| other < fit)
        {
            *known = Some((fit, wheel));
        }
    }
    let mut chosen = Vec::new();
    for (distribution, wheel) in best {
        match wheel {
            Some((_, wheel)) => chosen.push(wheel),
            None => return Ok(Err(distribution)),
        }
    }
    Ok(Ok(chosen))
}

fn put(root: &Path, path: &str, bytes: &[u8]) -> Result<(), StartError> {
    let odd = |part: &str| part.is_empty() || part == "." || part == ".." || part.contains('\0');
    if path.split('/').any(odd) {
        return Err(StartError::Unfit(format!(
            "its source has the path {path:?}"
        )));
    }
    let target = root.join(path);
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(|error| broken(&error))?;
    }
    std::fs::File::create_new(&target)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| broken(&error))
}

/// Where files live in memory on this machine.
fn in_memory() -> Result<PathBuf, StartError> {
    let user = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let places = std::iter::once(PathBuf::from("/dev/shm")).chain(user);
    for place in places {
        if rustix::fs::statfs(&place).is_ok_and(|about| about.f_type == TMPFS)
            && rustix::fs::access(&place, rustix::fs::Access::WRITE_OK).is_ok()
        {
            return Ok(place);
        }
    }
    Err(StartError::Unsupported(
        "it has no file system in memory (neither /dev/shm nor XDG_RUNTIME_DIR)".into(),
    ))
}

fn broken(error: &std::io::Error) -> StartError {
    StartError::Unsupported(format!("its folder in memory cannot be written ({error})"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_folder_whose_files_nobody_may_touch_is_removed_all_the_same() {
        let folder = Folder::new().unwrap();
        let deep = folder.data().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("c"), "").unwrap();
        std::fs::set_permissions(
            folder.data().join("a"),
            std::fs::Permissions::from_mode(0o000),
        )
        .unwrap();
        folder.begin().unwrap();
        assert_eq!(std::fs::read_dir(folder.data()).unwrap().count(), 0);
        let root = folder.root.clone();
        drop(folder);
        assert!(!root.exists());
    }

    #[test]
    fn what_a_killed_node_left_is_swept() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let left = in_memory()
            .unwrap()
            .join(format!("webx-{}-0123456789abcdef", child.id()));
        DirBuilder::new().create(&left).unwrap();
        child.wait().unwrap();
        let folder = Folder::new().unwrap();
        assert!(!left.exists() && folder.root.exists());
    }

    #[test]
    fn the_folder_is_for_this_user_alone() {
        let folder = Folder::new().unwrap();
        assert_eq!(folder.root.metadata().unwrap().mode() & 0o777, 0o700);
    }
}
