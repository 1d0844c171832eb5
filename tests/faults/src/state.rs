//! What the layer knows: the files it watches, the journal it keeps, the plan it follows.

use std::{
    collections::BTreeMap,
    ffi::{CStr, OsStr},
    os::unix::ffi::OsStrExt,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use libc::{c_char, c_int};

use crate::{
    plan::{Call, Plan, Verdict},
    record::Record,
};

/// `(device, inode)`: survives renames and duplicated descriptors.
type Inode = (u64, u64);

pub(crate) struct State {
    root: Vec<u8>,
    journal: c_int,
    plan: Option<Plan>,
    files: BTreeMap<Inode, u64>,
    next: u64,
}

/// What a descriptor stands for.
pub(crate) enum Target {
    /// Nothing this layer watches.
    Other,
    /// A watched file, by number.
    File(u64),
    /// A watched folder, by path.
    Folder(Vec<u8>),
}

/// The state, or nothing when no folder is to be watched.
pub(crate) fn state() -> Option<MutexGuard<'static, State>> {
    static STATE: OnceLock<Option<Mutex<State>>> = OnceLock::new();
    let state = STATE.get_or_init(|| {
        let root = std::env::var_os("WEBX_FAULTS_ROOT")?;
        let journal =
            std::env::var_os("WEBX_FAULTS_JOURNAL").map_or(-1, |path| open_journal(&path));
        let plan = std::env::var("WEBX_FAULTS_PLAN")
            .ok()
            .and_then(|text| Plan::parse(&text));
        Some(Mutex::new(State {
            root: root.as_bytes().to_vec(),
            journal,
            plan,
            files: BTreeMap::new(),
            next: 1,
        }))
    });
    Some(
        state
            .as_ref()?
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    )
}

fn open_journal(path: &OsStr) -> c_int {
    let mut name = path.as_bytes().to_vec();
    name.push(0);
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
    // SAFETY: `name` ends with a NUL and lives through the call.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_openat,
            libc::AT_FDCWD,
            name.as_ptr(),
            flags,
            0o600,
        )
    };
    c_int::try_from(fd).unwrap_or(-1)
}

impl State {
    pub(crate) fn watches(&self, path: &[u8]) -> bool {
        path.strip_prefix(self.root.as_slice())
            .is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }

    pub(crate) fn judge(&mut self, call: Call) -> Verdict {
        self.plan
            .as_mut()
            .map_or(Verdict::Pass, |plan| plan.judge(call))
    }

    /// Appends to the journal. One `write` for each record: the journal is whole up to the moment of a kill.
    pub(crate) fn record(&self, record: &Record) {
        if self.journal < 0 {
            return;
        }
        let mut bytes = Vec::new();
        record.write(&mut bytes);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            // SAFETY: `rest` is valid for its length.
            let n =
                unsafe { libc::syscall(libc::SYS_write, self.journal, rest.as_ptr(), rest.len()) };
            let Ok(n) = usize::try_from(n) else { return };
            rest = &rest[n.min(rest.len())..];
        }
    }

    /// Registers an opened descriptor.
    pub(crate) fn opened(&mut self, fd: c_int, path: Vec<u8>, created: bool) {
        let Some((inode, false)) = stat(fd) else {
            return;
        };
        if !created && self.files.contains_key(&inode) {
            return;
        }
        let file = self.number();
        self.files.insert(inode, file);
        self.record(&if created {
            Record::Create { file, path }
        } else {
            Record::Open { file, path }
        });
    }

    /// A number nothing else has.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn target(&self, fd: c_int) -> Target {
        match stat(fd) {
            Some((inode, false)) => self
                .files
                .get(&inode)
                .map_or(Target::Other, |file| Target::File(*file)),
            Some((_, true)) => match path_of(fd) {
                Some(path) if self.watches(&path) => Target::Folder(path),
                _ => Target::Other,
            },
            None => Target::Other,
        }
    }
}

/// Identity of an open descriptor, and whether it is a folder. Nothing for pipes and devices.
fn stat(fd: c_int) -> Option<(Inode, bool)> {
    let mut stat = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `stat` is large enough; it is read only after the call succeeded.
    let stat = unsafe {
        if libc::fstat(fd, stat.as_mut_ptr()) != 0 {
            return None;
        }
        stat.assume_init()
    };
    match stat.st_mode & libc::S_IFMT {
        libc::S_IFREG => Some(((stat.st_dev, stat.st_ino), false)),
        libc::S_IFDIR => Some(((stat.st_dev, stat.st_ino), true)),
        _ => None,
    }
}

fn path_of(fd: c_int) -> Option<Vec<u8>> {
    let link = format!("/proc/self/fd/{fd}\0");
    let mut buffer = vec![0_u8; 4096];
    // SAFETY: `link` ends with a NUL, `buffer` is valid for its length.
    let n = unsafe {
        libc::syscall(
            libc::SYS_readlinkat,
            libc::AT_FDCWD,
            link.as_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
        )
    };
    buffer.truncate(usize::try_from(n).ok()?);
    Some(buffer)
}

/// The absolute path a call names.
///
/// # Safety
/// `path` must be a C string.
pub(crate) unsafe fn absolute(folder: c_int, path: *const c_char) -> Option<Vec<u8>> {
    if path.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    if path.starts_with(b"/") {
        return Some(path.to_vec());
    }
    let mut whole = if folder == libc::AT_FDCWD {
        std::env::current_dir()
            .ok()?
            .as_os_str()
            .as_bytes()
            .to_vec()
    } else {
        path_of(folder)?
    };
    whole.push(b'/');
    whole.extend_from_slice(path);
    Some(whole)
}
