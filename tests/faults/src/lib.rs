//! A layer between a program and its files, for crash tests on Linux.
//!
//! Preloaded (`LD_PRELOAD`), it stands in front of the C library's file calls. Under the folder named by
//! `WEBX_FAULTS_ROOT` it writes down every change in the file named by `WEBX_FAULTS_JOURNAL` ([`record`]), together
//! with what the program prints, and lets calls fail as `WEBX_FAULTS_PLAN` says ([`plan`]).
//!
//! A power cut is not acted out: the journal says what had been written, what had been synced, and what had been
//! acknowledged at every moment of the run, so a test builds the disk of any moment from it, as often as it likes.
//!
//! Real calls are made by number (`syscall`), never through the C library's functions, which are the very ones
//! defined here. Memory that is mapped and changed in place is not seen; SQLite's `-shm` file is of that kind and is
//! rebuilt after a crash by design.
#![cfg(target_os = "linux")]

mod plan;
pub mod record;
mod state;

use libc::{c_char, c_int, c_uint, c_void, iovec, mode_t, off_t, size_t, ssize_t};

use plan::{Call, Verdict};
use record::Record;
use state::{Target, absolute, state};

fn fail(errno: c_int) -> c_int {
    // SAFETY: errno of this thread.
    unsafe { *libc::__errno_location() = errno };
    -1
}

// ---- opening --------------------------------------------------------------------------------------------------

unsafe fn real_open(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as the caller's.
    unsafe { libc::syscall(libc::SYS_openat, folder, path, flags, mode) as c_int }
}

unsafe fn open_at(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: arguments are passed on as they came; `path` is a C string by the contract of open(2).
    unsafe {
        let watched =
            state().and_then(|state| absolute(folder, path).filter(|path| state.watches(path)));
        let Some(name) = watched else {
            return real_open(folder, path, flags, mode);
        };
        let mut created = false;
        let mut fd = real_open(folder, path, flags & !(libc::O_CREAT | libc::O_EXCL), mode);
        if flags & libc::O_CREAT != 0 {
            let there = fd >= 0;
            if there && flags & libc::O_EXCL != 0 {
                libc::syscall(libc::SYS_close, fd);
                return fail(libc::EEXIST);
            }
            if !there && *libc::__errno_location() == libc::ENOENT {
                if let Some(mut state) = state()
                    && let Verdict::Fail(errno) = state.judge(Call::Write)
                {
                    return fail(errno);
                }
                fd = real_open(folder, path, flags | libc::O_EXCL, mode);
                created = fd >= 0;
                if fd < 0 && *libc::__errno_location() == libc::EEXIST && flags & libc::O_EXCL == 0
                {
                    fd = real_open(folder, path, flags & !libc::O_CREAT, mode);
                }
            }
        }
        if fd >= 0
            && let Some(mut state) = state()
        {
            state.opened(fd, name, created);
            if flags & libc::O_TRUNC != 0
                && !created
                && let Target::File(file) = state.target(fd)
            {
                state.record(&Record::Resize { file, len: 0 });
            }
        }
        fd
    }
}

/// open(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as the caller's.
    unsafe { open_at(libc::AT_FDCWD, path, flags, mode) }
}

/// open(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as the caller's.
    unsafe { open_at(libc::AT_FDCWD, path, flags, mode) }
}

/// openat(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    // SAFETY: as the caller's.
    unsafe { open_at(folder, path, flags, mode) }
}

/// openat(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat64(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    // SAFETY: as the caller's.
    unsafe { open_at(folder, path, flags, mode) }
}

// ---- reading --------------------------------------------------------------------------------------------------

fn read_fails(fd: c_int) -> Option<ssize_t> {
    let mut state = state()?;
    if !matches!(state.target(fd), Target::File(_)) {
        return None;
    }
    match state.judge(Call::Read) {
        Verdict::Fail(errno) => Some(fail(errno) as ssize_t),
        _ => None,
    }
}

/// read(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(fd: c_int, buffer: *mut c_void, len: size_t) -> ssize_t {
    // SAFETY: as the caller's.
    read_fails(fd)
        .unwrap_or_else(|| unsafe { libc::syscall(libc::SYS_read, fd, buffer, len) as ssize_t })
}

/// pread(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pread64(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as the caller's.
    read_fails(fd).unwrap_or_else(|| unsafe {
        libc::syscall(libc::SYS_pread64, fd, buffer, len, offset) as ssize_t
    })
}

/// pread(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pread(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as the caller's.
    unsafe { pread64(fd, buffer, len, offset) }
}

// ---- writing --------------------------------------------------------------------------------------------------

/// Writes `parts` at `offset` (at the position of the descriptor when there is none) and records what was written.
unsafe fn write_parts(fd: c_int, parts: &[iovec], offset: Option<off_t>) -> ssize_t {
    // SAFETY: the parts are valid by the contract of the calls that end here.
    unsafe {
        let plain = |parts: &[iovec]| match offset {
            Some(at) => {
                libc::syscall(libc::SYS_pwritev, fd, parts.as_ptr(), parts.len(), at, 0) as ssize_t
            }
            None => libc::syscall(libc::SYS_writev, fd, parts.as_ptr(), parts.len()) as ssize_t,
        };
        let Some(mut state) = state() else {
            return plain(parts);
        };
        let target = state.target(fd);
        let file = match target {
            Target::File(file) => file,
            _ if fd == libc::STDOUT_FILENO => {
                // Recorded before the pipe takes it: what a test reads as acknowledged is in the journal.
                state.record(&Record::Output {
                    data: gather(parts, usize::MAX),
                });
                return plain(parts);
            }
            _ => {
                drop(state);
                return plain(parts);
            }
        };
        let whole: usize = parts.iter().map(|part| part.iov_len).sum();
        let n = match state.judge(Call::Write) {
            Verdict::Pass => {
                // Other threads may write while this one does; the record follows the write.
                drop(state);
                plain(parts)
            }
            Verdict::Fail(errno) => return fail(errno) as ssize_t,
            Verdict::Short(_) | Verdict::Fill(_) if whole == 0 => plain(parts),
            Verdict::Short(random) => {
                drop(state);
                write_first(fd, parts, 1 + (random % whole as u64) as usize, offset)
            }
            Verdict::Fill(random) => match (random % (whole as u64 + 1)) as usize {
                0 => return fail(libc::ENOSPC) as ssize_t,
                part => {
                    drop(state);
                    write_first(fd, parts, part, offset)
                }
            },
        };
        if let Ok(written) = usize::try_from(n)
            && written > 0
        {
            let end = match offset {
                Some(at) => at + n as off_t,
                None => libc::syscall(libc::SYS_lseek, fd, 0, libc::SEEK_CUR) as off_t,
            };
            let begin = u64::try_from(end - n as off_t).unwrap_or_default();
            if let Some(state) = self::state() {
                state.record(&Record::Write {
                    file,
                    offset: begin,
                    data: gather(parts, written),
                });
            }
        }
        n
    }
}

/// Writes the first `limit` bytes of `parts`.
unsafe fn write_first(fd: c_int, parts: &[iovec], limit: usize, offset: Option<off_t>) -> ssize_t {
    // SAFETY: as the caller's; the gathered bytes live through the call.
    unsafe {
        let part = gather(parts, limit);
        match offset {
            Some(at) => {
                libc::syscall(libc::SYS_pwrite64, fd, part.as_ptr(), part.len(), at) as ssize_t
            }
            None => libc::syscall(libc::SYS_write, fd, part.as_ptr(), part.len()) as ssize_t,
        }
    }
}

/// The first `limit` bytes of `parts`.
unsafe fn gather(parts: &[iovec], limit: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        let take = part.iov_len.min(limit - bytes.len());
        if take > 0 {
            // SAFETY: valid by the contract of the call the parts came with.
            bytes.extend_from_slice(unsafe {
                std::slice::from_raw_parts(part.iov_base.cast::<u8>(), take)
            });
        }
    }
    bytes
}

unsafe fn slice<'a>(parts: *const iovec, count: c_int) -> &'a [iovec] {
    if parts.is_null() || count <= 0 {
        return &[];
    }
    // SAFETY: as the caller's.
    unsafe { std::slice::from_raw_parts(parts, count as usize) }
}

/// write(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, buffer: *const c_void, len: size_t) -> ssize_t {
    // SAFETY: as the caller's.
    unsafe {
        write_parts(
            fd,
            &[iovec {
                iov_base: buffer.cast_mut(),
                iov_len: len,
            }],
            None,
        )
    }
}

/// writev(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: as the caller's.
    unsafe { write_parts(fd, slice(parts, count), None) }
}

/// pwrite(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(
    fd: c_int,
    buffer: *const c_void,
    len: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as the caller's.
    unsafe {
        write_parts(
            fd,
            &[iovec {
                iov_base: buffer.cast_mut(),
                iov_len: len,
            }],
            Some(offset),
        )
    }
}

/// pwrite(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(
    fd: c_int,
    buffer: *const c_void,
    len: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as the caller's.
    unsafe { pwrite64(fd, buffer, len, offset) }
}

/// pwritev(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev64(
    fd: c_int,
    parts: *const iovec,
    count: c_int,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as the caller's.
    unsafe { write_parts(fd, slice(parts, count), Some(offset)) }
}

/// pwritev(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev(
    fd: c_int,
    parts: *const iovec,
    count: c_int,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as the caller's.
    unsafe { pwritev64(fd, parts, count, offset) }
}

/// Refused, so that callers fall back to reading and writing, which this layer sees.
#[unsafe(no_mangle)]
pub extern "C" fn copy_file_range(
    _: c_int,
    _: *mut off_t,
    _: c_int,
    _: *mut off_t,
    _: size_t,
    _: c_uint,
) -> ssize_t {
    fail(libc::ENOSYS) as ssize_t
}

/// Refused, so that callers fall back to reading and writing, which this layer sees.
#[unsafe(no_mangle)]
pub extern "C" fn sendfile64(_: c_int, _: c_int, _: *mut off_t, _: size_t) -> ssize_t {
    fail(libc::ENOSYS) as ssize_t
}

// ---- lengths --------------------------------------------------------------------------------------------------

unsafe fn resize(fd: c_int, len: off_t, real: impl FnOnce() -> c_int) -> c_int {
    let file = match state() {
        Some(mut state) => match state.target(fd) {
            Target::File(file) => match state.judge(Call::Write) {
                Verdict::Fail(errno) => return fail(errno),
                _ => file,
            },
            _ => 0,
        },
        None => 0,
    };
    let result = real();
    if result == 0
        && file != 0
        && let Some(state) = state()
    {
        state.record(&Record::Resize {
            file,
            len: u64::try_from(len).unwrap_or_default(),
        });
    }
    result
}

/// ftruncate(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(fd: c_int, len: off_t) -> c_int {
    // SAFETY: numbers only.
    unsafe {
        resize(fd, len, || {
            libc::syscall(libc::SYS_ftruncate, fd, len) as c_int
        })
    }
}

/// ftruncate(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate(fd: c_int, len: off_t) -> c_int {
    // SAFETY: numbers only.
    unsafe { ftruncate64(fd, len) }
}

/// Refused for every mode, so that callers extend files by writing or by ftruncate.
#[unsafe(no_mangle)]
pub extern "C" fn fallocate64(_: c_int, _: c_int, _: off_t, _: off_t) -> c_int {
    fail(libc::EOPNOTSUPP)
}

/// See [`fallocate64`].
#[unsafe(no_mangle)]
pub extern "C" fn fallocate(_: c_int, _: c_int, _: off_t, _: off_t) -> c_int {
    fail(libc::EOPNOTSUPP)
}

/// See [`fallocate64`]; gives the error instead of setting it.
#[unsafe(no_mangle)]
pub extern "C" fn posix_fallocate64(_: c_int, _: off_t, _: off_t) -> c_int {
    libc::EOPNOTSUPP
}

/// See [`posix_fallocate64`].
#[unsafe(no_mangle)]
pub extern "C" fn posix_fallocate(_: c_int, _: off_t, _: off_t) -> c_int {
    libc::EOPNOTSUPP
}

// ---- syncing --------------------------------------------------------------------------------------------------

/// The disk is not asked: no test of this layer cuts real power, and the journal says what a sync covers.
fn sync(fd: c_int, number: i64) -> c_int {
    let Some(mut state) = state() else {
        // SAFETY: a descriptor only.
        return unsafe { libc::syscall(number, fd) as c_int };
    };
    let call = state.number();
    let start = match state.target(fd) {
        Target::File(file) => Record::SyncStart { file, call },
        Target::Folder(path) => Record::FolderSyncStart { path, call },
        // SAFETY: a descriptor only.
        Target::Other => return unsafe { libc::syscall(number, fd) as c_int },
    };
    let verdict = state.judge(Call::Sync);
    state.record(&start);
    // Let other threads come between, as they do while a real disk works.
    drop(state);
    std::thread::yield_now();
    let ok = !matches!(verdict, Verdict::Fail(_));
    if let Some(state) = self::state() {
        state.record(&Record::SyncEnd { call, ok });
    }
    match verdict {
        Verdict::Fail(errno) => fail(errno),
        _ => 0,
    }
}

/// fsync(2)
#[unsafe(no_mangle)]
pub extern "C" fn fsync(fd: c_int) -> c_int {
    sync(fd, libc::SYS_fsync)
}

/// fdatasync(2)
#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: c_int) -> c_int {
    sync(fd, libc::SYS_fdatasync)
}

// ---- names ----------------------------------------------------------------------------------------------------

/// Makes the call, and records it when it worked and concerns a watched path.
unsafe fn named(
    path: Option<Vec<u8>>,
    real: impl FnOnce() -> c_int,
    record: impl FnOnce(Vec<u8>) -> Record,
) -> c_int {
    // Held over the call: name changes of several threads keep their order.
    let state = state();
    let result = real();
    if result == 0
        && let (Some(state), Some(path)) = (state, path)
        && state.watches(&path)
    {
        state.record(&record(path));
    }
    result
}

unsafe fn rename_at(
    from_folder: c_int,
    from: *const c_char,
    to_folder: c_int,
    to: *const c_char,
    flags: c_uint,
) -> c_int {
    // SAFETY: both are C strings by the contract of rename(2).
    unsafe {
        let target = absolute(to_folder, to).unwrap_or_default();
        named(
            absolute(from_folder, from),
            || libc::syscall(libc::SYS_renameat2, from_folder, from, to_folder, to, flags) as c_int,
            |from| Record::Rename { from, to: target },
        )
    }
}

/// rename(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: as the caller's.
    unsafe { rename_at(libc::AT_FDCWD, from, libc::AT_FDCWD, to, 0) }
}

/// renameat(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn renameat(
    a: c_int,
    from: *const c_char,
    b: c_int,
    to: *const c_char,
) -> c_int {
    // SAFETY: as the caller's.
    unsafe { rename_at(a, from, b, to, 0) }
}

/// renameat2(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn renameat2(
    a: c_int,
    from: *const c_char,
    b: c_int,
    to: *const c_char,
    flags: c_uint,
) -> c_int {
    // SAFETY: as the caller's.
    unsafe { rename_at(a, from, b, to, flags) }
}

/// unlinkat(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    // SAFETY: `path` is a C string by the contract of unlinkat(2).
    unsafe {
        named(
            absolute(folder, path),
            || libc::syscall(libc::SYS_unlinkat, folder, path, flags) as c_int,
            |path| {
                if flags & libc::AT_REMOVEDIR == 0 {
                    Record::Unlink { path }
                } else {
                    Record::RemoveFolder { path }
                }
            },
        )
    }
}

/// unlink(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: as the caller's.
    unsafe { unlinkat(libc::AT_FDCWD, path, 0) }
}

/// rmdir(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmdir(path: *const c_char) -> c_int {
    // SAFETY: as the caller's.
    unsafe { unlinkat(libc::AT_FDCWD, path, libc::AT_REMOVEDIR) }
}

/// mkdirat(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mkdirat(folder: c_int, path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: `path` is a C string by the contract of mkdirat(2).
    unsafe {
        named(
            absolute(folder, path),
            || libc::syscall(libc::SYS_mkdirat, folder, path, mode) as c_int,
            |path| Record::MakeFolder { path },
        )
    }
}

/// mkdir(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: as the caller's.
    unsafe { mkdirat(libc::AT_FDCWD, path, mode) }
}
