//! Watches over one jailed process: reads its log, holds it to its bounds, ends it.
//!
//! The process asks the kernel to die with the thread that made it, so that thread lives as long as the process.

use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rustix::process::{Pid, Signal, kill_process};

use crate::{Limits, Log, Stream};

/// How often the process is looked at.
const TICK: Duration = Duration::from_millis(100);
/// Threads of one process.
const THREADS: u64 = 128;
/// How long the kernel may take to stop a process.
const STOPPING: Duration = Duration::from_secs(2);

/// A running process. It is ended when the last handle is dropped.
#[derive(Debug)]
pub(super) struct Keeper {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Milliseconds of processor time at the last answer.
    paid: AtomicU64,
    /// Milliseconds of processor time now.
    used: AtomicU64,
    /// Tells whoever waits that the process is gone.
    gone: tokio::sync::watch::Sender<Option<String>>,
}

#[derive(Debug, Default)]
struct State {
    /// The reason to end it.
    end: Option<String>,
    /// The jailed process, seen from here.
    pid: Option<Pid>,
    wrapped: bool,
    over: bool,
}

/// What the watch needs to know.
pub(super) struct Watch {
    pub(super) limits: Limits,
    pub(super) log: Log,
    /// The folders that it can write; the first is `/data`.
    pub(super) written: Vec<PathBuf>,
    pub(super) wrapped: bool,
}

impl Keeper {
    /// Starts `command` with `door` as its standard input.
    pub(super) fn start(
        mut command: Command,
        door: OwnedFd,
        watch: Watch,
    ) -> std::io::Result<Self> {
        let (gone, _) = tokio::sync::watch::channel(None);
        let state = State {
            wrapped: watch.wrapped,
            ..State::default()
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            paid: AtomicU64::new(0),
            used: AtomicU64::new(0),
            gone,
        });
        command
            .stdin(door)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("jail".into())
            .spawn(move || match command.spawn() {
                Ok(child) => {
                    // Holds the door's far end; the process must be alone with it.
                    drop(command);
                    let _ = tell.send(Ok(()));
                    theirs.watch(child, &watch);
                }
                Err(error) => {
                    let _ = tell.send(Err(error));
                }
            })?;
        told.recv()
            .unwrap_or_else(|_| Err(std::io::Error::other("the watch ended")))?;
        Ok(Self { shared })
    }

    /// Ends the process for this reason and comes back at once.
    pub(super) fn end(&self, reason: &str) {
        let mut state = self.shared.state.lock();
        state.end.get_or_insert_with(|| reason.to_owned());
        self.shared.changed.notify_all();
    }

    /// Comes back with the reason when the process is gone.
    pub(super) async fn gone(&self) -> String {
        let mut gone = self.shared.gone.subscribe();
        let reason = gone
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|reason| reason.clone());
        reason.unwrap_or_else(|| "it ended".into())
    }

    /// The reason why the process is gone, when it is.
    pub(super) fn is_gone(&self) -> Option<String> {
        self.shared.gone.borrow().clone()
    }

    /// A request was answered: the processor time until now is paid.
    pub(super) fn answered(&self) {
        self.shared
            .paid
            .store(self.shared.used.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Runs `look` while no thread of the process runs. None when the process is gone.
    pub(super) fn while_stopped<T>(&self, look: impl FnOnce(&[PathBuf]) -> T) -> Option<T> {
        // Held throughout: the watch must not end it, and let its number go to another process, in between.
        let mut state = self.shared.state.lock();
        if state.over {
            return None;
        }
        let pid = state.find()?;
        kill_process(pid, Signal::STOP).ok()?;
        let stopped = wait_until_stopped(pid);
        let found = stopped.then(|| look(&mapped(pid)));
        let _ = kill_process(pid, Signal::CONT);
        found
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.end("it was stopped");
    }
}

impl State {
    /// The jailed process. Bubblewrap's is the child of the process that was started.
    fn find(&mut self) -> Option<Pid> {
        let pid = self.pid?;
        if self.wrapped {
            let raw = pid.as_raw_nonzero();
            let children = fs::read_to_string(format!("/proc/{raw}/task/{raw}/children")).ok()?;
            self.pid = Some(Pid::from_raw(
                children.split_whitespace().next()?.parse().ok()?,
            )?);
            self.wrapped = false;
        }
        self.pid
    }
}

impl Shared {
    fn watch(&self, mut child: Child, watch: &Watch) {
        let readers = [
            child
                .stdout
                .take()
                .map(|pipe| read_log(pipe, watch.log.clone(), Stream::Out)),
            child
                .stderr
                .take()
                .map(|pipe| read_log(pipe, watch.log.clone(), Stream::Err)),
        ];
        self.state.lock().pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let mut ticks = 0_u32;
        let reason = loop {
            let mut state = self.state.lock();
            if let Some(reason) = state.end.clone() {
                break reason;
            }
            self.changed.wait_for(&mut state, TICK);
            if state.end.is_some() {
                continue;
            }
            if let Ok(Some(status)) = child.try_wait() {
                state.over = true;
                break ended(status);
            }
            let Some(pid) = state.find() else { continue };
            drop(state);
            ticks = ticks.wrapping_add(1);
            if let Some(reason) = self.bounds(pid, watch, ticks) {
                break reason;
            }
        };
        let mut state = self.state.lock();
        if !state.over {
            if let Some(pid) = state.find() {
                let _ = kill_process(pid, Signal::KILL);
            }
            let _ = child.kill();
            state.over = true;
        }
        drop(state);
        let _ = child.wait();
        for reader in readers.into_iter().flatten() {
            let _ = reader.join();
        }
        self.gone.send_replace(Some(reason));
    }

    /// Why the process must end, if it must.
    fn bounds(&self, pid: Pid, watch: &Watch, ticks: u32) -> Option<String> {
        let about = About::of(pid)?;
        let limits = &watch.limits;
        if about.memory > limits.memory {
            return Some(format!(
                "it used more than {} of memory",
                mebibytes(limits.memory)
            ));
        }
        if about.threads > THREADS {
            return Some(format!("it started more than {THREADS} threads"));
        }
        self.used.store(about.processor, Ordering::Relaxed);
        let unpaid = about
            .processor
            .saturating_sub(self.paid.load(Ordering::Relaxed));
        if unpaid > u64::try_from(limits.cpu_time.as_millis()).unwrap_or(u64::MAX) {
            return Some(format!(
                "it computed for more than {} s without an answer",
                limits.cpu_time.as_secs()
            ));
        }
        if ticks.is_multiple_of(3) {
            let started = Instant::now();
            for folder in &watch.written {
                let (bytes, files) = size(folder, limits.data_files.saturating_mul(2), started);
                if bytes > limits.data_bytes.saturating_mul(2)
                    || files > limits.data_files.saturating_mul(2)
                {
                    return Some(format!(
                        "it wrote more than {} of files",
                        mebibytes(limits.data_bytes)
                    ));
                }
            }
        }
        None
    }
}

/// What the kernel counts of a process.
struct About {
    /// Bytes that are its own, shared memory included.
    memory: u64,
    threads: u64,
    /// Milliseconds of processor time of all threads.
    processor: u64,
}

impl About {
    fn of(pid: Pid) -> Option<Self> {
        let raw = pid.as_raw_nonzero();
        let status = fs::read_to_string(format!("/proc/{raw}/status")).ok()?;
        let number = |name: &str| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let memory =
            (number("RssAnon").unwrap_or(0) + number("RssShmem").unwrap_or(0)).saturating_mul(1024);
        let stat = fs::read_to_string(format!("/proc/{raw}/stat")).ok()?;
        // After the name, which may hold anything: state is field 3, user and system time are 14 and 15.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: u64 = fields
            .get(11..13)?
            .iter()
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        let second = rustix::param::clock_ticks_per_second().max(1);
        Some(Self {
            memory,
            threads: number("Threads").unwrap_or(0),
            processor: ticks.saturating_mul(1000) / second,
        })
    }
}

/// Whether every thread stands still.
fn wait_until_stopped(pid: Pid) -> bool {
    let started = Instant::now();
    let tasks = PathBuf::from(format!("/proc/{}/task", pid.as_raw_nonzero()));
    while started.elapsed() < STOPPING {
        let Ok(list) = fs::read_dir(&tasks) else {
            return false;
        };
        let still = list.flatten().all(|task| {
            let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            let state = stat
                .rsplit_once(')')
                .and_then(|(_, rest)| rest.trim_start().chars().next());
            // Gone between the listing and the look: still enough.
            matches!(state, Some('T' | 't' | 'Z' | 'X') | None)
        });
        if still {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

/// Files that the process can write through memory without a trace in their times.
fn mapped(pid: Pid) -> Vec<PathBuf> {
    let maps =
        fs::read_to_string(format!("/proc/{}/maps", pid.as_raw_nonzero())).unwrap_or_default();
    let writable = maps.lines().filter(|line| {
        line.split_whitespace()
            .nth(1)
            .is_some_and(|mode| mode.contains("ws") || mode.contains("wxs"))
    });
    writable
        .filter_map(|line| {
            line.find('/')
                .and_then(|at| line.get(at..))
                .map(PathBuf::from)
        })
        .collect()
}

/// Bytes and files below a folder; counting ends at `most` files or after a moment.
fn size(folder: &Path, most: usize, started: Instant) -> (u64, usize) {
    let (mut bytes, mut files, mut left) = (0_u64, 0_usize, vec![folder.to_owned()]);
    while let Some(folder) = left.pop() {
        let Ok(list) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in list.flatten() {
            files += 1;
            if files > most || started.elapsed() > TICK {
                return (bytes, files);
            }
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                left.push(entry.path());
            } else {
                bytes = bytes.saturating_add(meta.len());
            }
        }
    }
    (bytes, files)
}

fn read_log(
    mut pipe: impl Read + Send + 'static,
    log: Log,
    stream: Stream,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let (mut writer, mut buffer) = (log.writer(stream), [0; 8192]);
        while let Ok(count) = pipe.read(&mut buffer) {
            match buffer.get(..count) {
                None | Some([]) => break,
                Some(bytes) => writer.write(bytes),
            }
        }
    })
}

fn ended(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (_, Some(signal)) => format!("it crashed (signal {signal})"),
        (Some(code), _) if code > 128 => format!("it crashed (signal {})", code - 128),
        (Some(code), _) => format!("it ended by itself (code {code})"),
        _ => "it ended".into(),
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
