//! The system calls that a jailed Python may make.
//!
//! A list of what is allowed; the kernel answers `EPERM` to the rest, so a library that tries and falls back goes on.
//! There is no way to a socket of any family, to another process, to a namespace, a mount, a key, a trace or an
//! io_uring. Threads can be made, processes cannot.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Refused = Box<dyn std::error::Error + Send + Sync>;

/// Installs the filter on this thread for good.
pub(super) fn allow_only_harmless() -> Result<(), Refused> {
    // "No such call" makes the C library fall back from clone3, whose flags a filter cannot see, to clone.
    let mut missing = Rules::new();
    missing.insert(libc::SYS_clone3, Vec::new());
    install(
        missing,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
    )?;
    install(
        harmless(std::process::id())?,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
    )
}

fn install(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<(), Refused> {
    let filter = SeccompFilter::new(
        rules,
        otherwise,
        matched,
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: BpfProgram = filter.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}

fn harmless(own: u32) -> Result<Rules, Refused> {
    let mut rules: Rules = ALWAYS.iter().map(|call| (*call, Vec::new())).collect();
    // Falls back to clone, see above; the other filter answers.
    rules.insert(libc::SYS_clone3, Vec::new());
    // A new thread, never a new process, never in a new namespace.
    let thread = libc::CLONE_THREAD as u64;
    let apart = (libc::CLONE_NEWUSER
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP) as u64;
    let new_thread = vec![
        SeccompCondition::new(0, Length::Qword, Op::MaskedEq(thread), thread)?,
        SeccompCondition::new(0, Length::Qword, Op::MaskedEq(apart), 0)?,
    ];
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(new_thread)?]);
    // Signals to itself alone.
    for call in [libc::SYS_kill, libc::SYS_tgkill] {
        rules.insert(call, vec![when(0, Length::Dword, Op::Eq, u64::from(own))?]);
    }
    // Limits can be read, not set.
    rules.insert(
        libc::SYS_prlimit64,
        vec![when(2, Length::Qword, Op::Eq, 0)?],
    );
    // A pair of sockets of its own: a stream, which cannot be sent to another address.
    let pair = vec![
        SeccompCondition::new(0, Length::Dword, Op::Eq, libc::AF_UNIX as u64)?,
        SeccompCondition::new(
            1,
            Length::Dword,
            Op::MaskedEq(0xf),
            libc::SOCK_STREAM as u64,
        )?,
    ];
    rules.insert(libc::SYS_socketpair, vec![SeccompRule::new(pair)?]);
    rules.insert(libc::SYS_sendto, vec![when(4, Length::Qword, Op::Eq, 0)?]);
    // Names for threads and for memory; nothing that would let it outlive its parent.
    const PR_SET_VMA: u64 = 0x5356_4d41;
    let named = [
        libc::PR_SET_NAME as u64,
        libc::PR_GET_NAME as u64,
        libc::PR_CAPBSET_READ as u64,
        PR_SET_VMA,
    ];
    let named: Result<Vec<_>, _> = named
        .iter()
        .map(|option| when(0, Length::Dword, Op::Eq, *option))
        .collect();
    rules.insert(libc::SYS_prctl, named?);
    // No pushing of characters into a terminal, no device control.
    let asked = [
        libc::TCGETS,
        libc::TIOCGWINSZ,
        libc::FIONREAD,
        libc::FIONBIO,
        libc::FIOCLEX,
        libc::FIONCLEX,
    ];
    let asked: Result<Vec<_>, _> = asked
        .iter()
        .map(|request| when(1, Length::Dword, Op::Eq, u64::from(*request as u32)))
        .collect();
    rules.insert(libc::SYS_ioctl, asked?);
    Ok(rules)
}

fn when(argument: u8, length: Length, op: Op, value: u64) -> Result<SeccompRule, Refused> {
    Ok(SeccompRule::new(vec![SeccompCondition::new(
        argument, length, op, value,
    )?])?)
}

/// Calls that are harmless whatever their arguments: open files, memory, clocks, threads. Which files can be opened is
/// Landlock's part.
#[rustfmt::skip]
const ALWAYS: &[i64] = &[
    // Files
    libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev, libc::SYS_pread64, libc::SYS_pwrite64,
    libc::SYS_preadv, libc::SYS_pwritev, libc::SYS_preadv2, libc::SYS_pwritev2, libc::SYS_openat, libc::SYS_close,
    libc::SYS_close_range, libc::SYS_fstat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_statfs,
    libc::SYS_fstatfs, libc::SYS_lseek, libc::SYS_dup, libc::SYS_dup3, libc::SYS_fcntl, libc::SYS_flock,
    libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_ftruncate, libc::SYS_truncate, libc::SYS_fallocate,
    libc::SYS_fadvise64, libc::SYS_getdents64, libc::SYS_getcwd, libc::SYS_chdir, libc::SYS_fchdir,
    libc::SYS_mkdirat, libc::SYS_unlinkat, libc::SYS_symlinkat, libc::SYS_linkat, libc::SYS_readlinkat,
    libc::SYS_renameat2, libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_fchmod, libc::SYS_fchmodat,
    libc::SYS_utimensat, libc::SYS_umask, libc::SYS_copy_file_range, libc::SYS_sendfile, libc::SYS_pipe2,
    // Memory
    libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_munmap, libc::SYS_mremap, libc::SYS_madvise, libc::SYS_msync,
    libc::SYS_mincore, libc::SYS_brk, libc::SYS_membarrier, libc::SYS_get_mempolicy,
    // Signals and waiting
    libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_rt_sigpending,
    libc::SYS_rt_sigtimedwait, libc::SYS_rt_sigsuspend, libc::SYS_sigaltstack, libc::SYS_restart_syscall,
    libc::SYS_ppoll, libc::SYS_pselect6, libc::SYS_epoll_create1, libc::SYS_epoll_ctl, libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2, libc::SYS_eventfd2, libc::SYS_timerfd_create, libc::SYS_timerfd_settime,
    libc::SYS_timerfd_gettime, libc::SYS_setitimer, libc::SYS_getitimer, libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    // Sockets that it was given
    libc::SYS_recvfrom, libc::SYS_recvmsg, libc::SYS_sendmsg, libc::SYS_shutdown, libc::SYS_getsockname,
    libc::SYS_getpeername, libc::SYS_getsockopt, libc::SYS_setsockopt,
    // Itself
    libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_gettimeofday, libc::SYS_times, libc::SYS_getrusage,
    libc::SYS_getpid, libc::SYS_gettid, libc::SYS_getppid, libc::SYS_getuid, libc::SYS_geteuid, libc::SYS_getgid,
    libc::SYS_getegid, libc::SYS_getgroups, libc::SYS_getpgid, libc::SYS_getsid, libc::SYS_getresuid,
    libc::SYS_getresgid, libc::SYS_uname, libc::SYS_sysinfo, libc::SYS_getcpu, libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity, libc::SYS_sched_setaffinity, libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler, libc::SYS_sched_get_priority_max, libc::SYS_sched_get_priority_min,
    libc::SYS_getpriority, libc::SYS_capget, libc::SYS_getrandom, libc::SYS_set_tid_address,
    libc::SYS_set_robust_list, libc::SYS_get_robust_list, libc::SYS_futex, libc::SYS_rseq,
    libc::SYS_exit, libc::SYS_exit_group,
    // Landlock lets it execute itself and nothing else; the filter stays.
    libc::SYS_execve,
    #[cfg(target_arch = "x86_64")] libc::SYS_open,
    #[cfg(target_arch = "x86_64")] libc::SYS_creat,
    #[cfg(target_arch = "x86_64")] libc::SYS_stat,
    #[cfg(target_arch = "x86_64")] libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")] libc::SYS_access,
    #[cfg(target_arch = "x86_64")] libc::SYS_poll,
    #[cfg(target_arch = "x86_64")] libc::SYS_select,
    #[cfg(target_arch = "x86_64")] libc::SYS_dup2,
    #[cfg(target_arch = "x86_64")] libc::SYS_pipe,
    #[cfg(target_arch = "x86_64")] libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")] libc::SYS_rmdir,
    #[cfg(target_arch = "x86_64")] libc::SYS_unlink,
    #[cfg(target_arch = "x86_64")] libc::SYS_link,
    #[cfg(target_arch = "x86_64")] libc::SYS_symlink,
    #[cfg(target_arch = "x86_64")] libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")] libc::SYS_rename,
    #[cfg(target_arch = "x86_64")] libc::SYS_renameat,
    #[cfg(target_arch = "x86_64")] libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")] libc::SYS_utime,
    #[cfg(target_arch = "x86_64")] libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")] libc::SYS_futimesat,
    #[cfg(target_arch = "x86_64")] libc::SYS_getdents,
    #[cfg(target_arch = "x86_64")] libc::SYS_epoll_create,
    #[cfg(target_arch = "x86_64")] libc::SYS_epoll_wait,
    #[cfg(target_arch = "x86_64")] libc::SYS_eventfd,
    #[cfg(target_arch = "x86_64")] libc::SYS_getpgrp,
    #[cfg(target_arch = "x86_64")] libc::SYS_getrlimit,
    #[cfg(target_arch = "x86_64")] libc::SYS_time,
    #[cfg(target_arch = "x86_64")] libc::SYS_alarm,
    #[cfg(target_arch = "x86_64")] libc::SYS_arch_prctl,
];
