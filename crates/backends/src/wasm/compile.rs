//! The compiler, in a child of its own: a component that makes it run wild ends the child and nothing else.
//!
//! The child reads a component from its standard input and writes frames to its standard output: a letter, the length
//! as 32 bits little-endian, the payload. `p` = functions done and in all (2 × 32 bits), `u` = unfit, in words,
//! `c` = a piece of the code, `d` = done.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::engine;
use crate::{CompileError, Progress};

/// The largest component.
pub(super) const LARGEST: u64 = 128 << 20;
/// The largest code: a component grows when it becomes machine code.
const LARGEST_CODE: usize = 512 << 20;
/// A frame is at most this long.
const FRAME: u32 = 1 << 20;
/// Functions between two reports.
const REPORT: u32 = 200;

/// How the compiler is started, and its bounds.
#[derive(Clone, Debug)]
pub(super) struct Compiler {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) memory: u64,
    pub(super) time: Duration,
}

/// A frame from the child.
enum Said {
    Progress(Progress),
    Unfit(String),
    Piece(Vec<u8>),
    Done,
}

impl Compiler {
    /// Compiles; blocks.
    pub(super) fn run(
        &self,
        component: &[u8],
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Vec<u8>, CompileError> {
        let size = component.len() as u64;
        if size > LARGEST {
            return Err(CompileError::TooLarge {
                size,
                limit: LARGEST,
            });
        }
        let failed = |error: std::io::Error| CompileError::Failed(error.to_string());
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env(MEMORY, self.memory.to_string())
            .current_dir(if cfg!(unix) { "/" } else { "." })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(CompileError::Failed("the child has no pipes".into()));
        };
        let (send, said) = mpsc::sync_channel(4);
        let result = std::thread::scope(|threads| {
            // If the child dies, this write fails, and the reader below says why.
            threads.spawn(move || input.write_all(component));
            threads.spawn(move || listen(output, &send));
            let result = self.follow(&said, progress);
            if result.is_err() {
                // Already gone is as good.
                let _ = child.kill();
            }
            drop(said);
            result
        });
        let status = wait(&mut child).map_err(failed)?;
        match result {
            Err(None) => Err(self.why(status)),
            Err(Some(error)) => Err(error),
            Ok(code) if status.success() => Ok(code),
            Ok(_) => Err(self.why(status)),
        }
    }

    /// Follows the child to its end; `Err(None)` when it broke off.
    fn follow(
        &self,
        said: &mpsc::Receiver<Said>,
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Vec<u8>, Option<CompileError>> {
        let deadline = Instant::now() + self.time;
        let mut last = Progress { done: 0, total: 0 };
        let mut code = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Some(CompileError::TimedOut(self.time)));
            }
            match said.recv_timeout(left.min(Duration::from_millis(100))) {
                Ok(Said::Progress(now)) => last = now,
                Ok(Said::Unfit(why)) => return Err(Some(CompileError::Unfit(why))),
                Ok(Said::Piece(piece)) if code.len() + piece.len() > LARGEST_CODE => {
                    return Err(Some(CompileError::Failed("the code is too large".into())));
                }
                Ok(Said::Piece(piece)) => code.extend_from_slice(&piece),
                Ok(Said::Done) => return Ok(code),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return Err(None),
            }
            if !progress(last) {
                return Err(Some(CompileError::Cancelled));
            }
        }
    }

    fn why(&self, status: ExitStatus) -> CompileError {
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt;
            // Rust aborts when an allocation fails.
            if status.signal() == Some(libc::SIGABRT) {
                return CompileError::OutOfMemory { limit: self.memory };
            }
        }
        CompileError::Failed(format!("it ended early ({status})"))
    }
}

const MEMORY: &str = "WEBX_COMPILE_MEMORY";

fn wait(child: &mut Child) -> std::io::Result<ExitStatus> {
    child.wait()
}

/// Reads frames until the child ends or breaks the rules.
fn listen(mut output: impl Read, send: &mpsc::SyncSender<Said>) -> Option<()> {
    loop {
        let mut head = [0; 5];
        output.read_exact(&mut head).ok()?;
        let [letter, a, b, c, d] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        if length > FRAME {
            return None;
        }
        let mut payload = vec![0; length as usize];
        output.read_exact(&mut payload).ok()?;
        let said = match letter {
            b'p' => {
                let (done, total) = payload.split_first_chunk::<4>()?;
                let number = |bytes: [u8; 4]| u64::from(u32::from_le_bytes(bytes));
                Said::Progress(Progress {
                    done: number(*done),
                    total: number(total.try_into().ok()?),
                })
            }
            b'u' => Said::Unfit(String::from_utf8_lossy(&payload).into_owned()),
            b'c' => Said::Piece(payload),
            b'd' => Said::Done,
            _ => return None,
        };
        let done = matches!(said, Said::Done);
        send.send(said).ok()?;
        if done {
            return Some(());
        }
    }
}

/// What the child does: the whole of `main` when the program is called to compile. Call it before anything else.
#[must_use]
pub fn compile_main() -> ExitCode {
    match confine().and_then(|()| compile(std::io::stdin().lock())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The child's own bounds: memory, no files beyond its pipes, no core dump, the last place in the queue for the
/// processor, and the parent's death is its own.
fn confine() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = |most| Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        if let Some(memory) = std::env::var(MEMORY)
            .ok()
            .and_then(|text| text.parse().ok())
        {
            setrlimit(Resource::As, limit(memory))?;
        }
        setrlimit(Resource::Core, limit(0))?;
        setrlimit(Resource::Fsize, limit(0))?;
        // Not everywhere allowed, and then not needed.
        let _ = rustix::process::nice(5);
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    }
    Ok(())
}

fn compile(input: impl Read) -> std::io::Result<()> {
    let mut component = Vec::new();
    input.take(LARGEST + 1).read_to_end(&mut component)?;
    let out = Arc::new(Mutex::new(std::io::stdout()));
    let unfit = |why: String| {
        frame(
            &mut *out.lock(),
            b'u',
            why.as_bytes().get(..2000).unwrap_or(why.as_bytes()),
        )
    };
    let total = match functions(&component) {
        Ok(total) => total,
        Err(error) => return unfit(error.to_string()),
    };
    let meter = Meter {
        done: AtomicU32::new(0),
        total,
        out: Arc::clone(&out),
    };
    let mut config = engine::config();
    config
        .enable_incremental_compilation(Arc::new(meter))
        .map_err(std::io::Error::other)?;
    let engine = wasmtime::Engine::new(&config).map_err(std::io::Error::other)?;
    let code = match engine.precompile_component(&component) {
        Ok(code) => code,
        Err(error) => return unfit(format!("{error:#}")),
    };
    let mut out = out.lock();
    for piece in code.chunks(FRAME as usize) {
        frame(&mut *out, b'c', piece)?;
    }
    frame(&mut *out, b'd', b"")
}

fn frame(out: &mut impl Write, letter: u8, payload: &[u8]) -> std::io::Result<()> {
    let [a, b, c, d] = u32::try_from(payload.len())
        .map_err(std::io::Error::other)?
        .to_le_bytes();
    out.write_all(&[letter, a, b, c, d])?;
    out.write_all(payload)?;
    out.flush()
}

/// Functions in all modules of a component.
fn functions(component: &[u8]) -> Result<u32, wasmparser::BinaryReaderError> {
    let mut total = 0_u32;
    for payload in wasmparser::Parser::new(0).parse_all(component) {
        if let wasmparser::Payload::CodeSectionStart { count, .. } = payload? {
            total = total.saturating_add(count);
        }
    }
    Ok(total)
}

/// A cache that keeps nothing and counts: Cranelift asks it once for each function.
struct Meter {
    done: AtomicU32,
    total: u32,
    out: Arc<Mutex<std::io::Stdout>>,
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter")
            .field("done", &self.done)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl wasmtime::CacheStore for Meter {
    fn get(&self, _: &[u8]) -> Option<Cow<'_, [u8]>> {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(REPORT) {
            let mut payload = [0; 8];
            payload[..4].copy_from_slice(&done.min(self.total).to_le_bytes());
            payload[4..].copy_from_slice(&self.total.to_le_bytes());
            if frame(&mut *self.out.lock(), b'p', &payload).is_err() {
                // Nobody listens any more.
                std::process::exit(1);
            }
        }
        None
    }

    fn insert(&self, _: &[u8], _: Vec<u8>) -> bool {
        true
    }
}
