//! What belongs to one instance: its bounds, its log, its folder, its way out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, UpdateDeadline};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::engine::TICK;
use super::filesystem::View;
use super::hooks::Hooks;
use super::tree::Tree;
use crate::{Limits, LineWriter, Log, Stream};

/// Objects of the host that a guest may hold at the same time.
const HANDLES: usize = 4096;
/// Elements of one table.
const TABLE: usize = 200_000;
/// Random bytes in one call.
const RANDOM: u64 = 1 << 20;

/// The data of one instance's store.
pub(crate) struct Guest {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    tree: Arc<Mutex<Tree>>,
    log: Log,
    memory: usize,
    cpu: Duration,
    used: Duration,
    /// What bound was hit, in one sentence: better than the trap's own words.
    pub(super) stopped: Option<String>,
}

impl Guest {
    pub(super) fn new(limits: &Limits, log: &Log, tree: Arc<Mutex<Tree>>, hooks: Hooks) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let wasi = WasiCtx::builder()
            .stdout(Output::new(log, Stream::Out))
            .stderr(Output::new(log, Stream::Err))
            .initial_cwd("/data")
            .max_random_size(RANDOM)
            .allow_tcp(false)
            .allow_udp(false)
            .build();
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits.headers * 2);
        let memory = usize::try_from(limits.memory).unwrap_or(usize::MAX);
        Self {
            table,
            wasi,
            http,
            hooks,
            tree,
            log: log.clone(),
            memory,
            cpu: limits.cpu_time,
            used: Duration::ZERO,
            stopped: None,
        }
    }

    /// A new request: its processor time begins at zero.
    pub(super) fn begin(&mut self) {
        self.used = Duration::ZERO;
        self.stopped = None;
    }

    pub(super) fn files(&mut self) -> View<'_> {
        View {
            table: &mut self.table,
            tree: &self.tree,
        }
    }

    /// Called at every tick of the clock while the guest computes.
    pub(super) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        self.used += TICK;
        if self.used > self.cpu {
            let said = format!(
                "it computed for more than {} seconds",
                self.cpu.as_secs_f32()
            );
            self.stopped = Some(said.clone());
            return Err(wasmtime::Error::msg(said));
        }
        Ok(UpdateDeadline::Yield(1))
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}

impl ResourceLimiter for Guest {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.memory {
            let said = format!("it asked for more than {} MiB of memory", self.memory >> 20);
            if self.stopped.as_ref() != Some(&said) {
                self.log.note(&said);
            }
            self.stopped = Some(said);
            return Ok(false);
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE)
    }

    fn instances(&self) -> usize {
        super::engine::CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        super::engine::TABLES as usize
    }

    fn memories(&self) -> usize {
        super::engine::MEMORIES as usize
    }
}

/// Standard output or error, into the log.
struct Output {
    /// Shared by every stream that the guest opens, so that lines stay whole.
    lines: Arc<Mutex<LineWriter>>,
}

impl Output {
    fn new(log: &Log, stream: Stream) -> Self {
        Self {
            lines: Arc::new(Mutex::new(log.writer(stream))),
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Asked for by WASI 0.3 only, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Lines(Arc::clone(&self.lines)))
    }
}

struct Lines(Arc<Mutex<LineWriter>>);

#[wasmtime_wasi::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.lock().write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}
