//! The one engine of the node, and its clock.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
};

use super::guest::Guest;
use super::{filesystem, sockets};

/// How often a guest that computes is asked to let others go first.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// Core instances, tables and memories of one component. A Python component is many modules that share one memory.
pub(super) const CORE_INSTANCES: u32 = 400;
pub(super) const TABLES: u32 = 64;
pub(super) const MEMORIES: u32 = 4;

/// Instances that may exist in the node at the same time.
const INSTANCES: u32 = 64;
/// No backend gets more memory, whatever its limits say.
const LARGEST_MEMORY: usize = 1 << 30;
/// The stack of a guest. Deep recursion ends there.
const STACK: usize = 1 << 20;
/// Places of instances that went whose memory is kept for the next one, and how much of it each: what was written is put
/// back instead of being asked from the system again. At most their product stays.
const WARM: u32 = 8;
const KEPT: usize = 2 << 20;

/// What the compiler and the engine must agree on.
pub(super) fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .max_wasm_stack(STACK)
        .async_stack_size(STACK + (1 << 20))
        .memory_guard_size(32 << 20)
        .memory_reservation(4 << 30);
    config
}

/// The engine.
pub(super) fn engine() -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * CORE_INSTANCES)
        .total_memories(INSTANCES * 2)
        .total_tables(INSTANCES * 8)
        .total_stacks(INSTANCES * 2)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_core_instance_size(2 << 20)
        .max_component_instance_size(4 << 20)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memory_size(LARGEST_MEMORY)
        .table_elements(200_000)
        .max_unused_warm_slots(WARM)
        .linear_memory_keep_resident(KEPT)
        .table_keep_resident(KEPT / 16)
        .pagemap_scan(Enabled::Auto);
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// Names the compiler, its settings and this machine's features.
pub(super) fn name(engine: &Engine) -> String {
    let mut hasher = Blake(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let hash = hasher.0.finalize().to_hex();
    format!(
        "wasmtime-48 {}-{} {}",
        std::env::consts::ARCH,
        std::env::consts::OS,
        &hash.as_str()[..32]
    )
}

struct Blake(blake3::Hasher);

impl Hasher for Blake {
    fn finish(&self) -> u64 {
        0 // Only the whole hash is asked for.
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// What every component may import.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    use wasmtime_wasi::cli::{WasiCli, WasiCliView};
    use wasmtime_wasi::p2::bindings::{cli, random};
    use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    // Clocks, random numbers, standard streams, input and output.
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(l)?;
    random::insecure::add_to_linker::<Guest, WasiRandom>(l, Guest::random)?;
    random::insecure_seed::add_to_linker::<Guest, WasiRandom>(l, Guest::random)?;
    // An environment that is empty, an exit that ends the instance, terminals that are none.
    cli::environment::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::exit::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_input::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_output::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_stdin::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_stdout::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_stderr::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    // HTTP, and the folder in memory.
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(l)?;
    filesystem::add_to_linker(l)?;
    Ok(linker)
}

/// The linker for one component: sockets, if it imports them, are there and refuse.
pub(super) fn linker_for(
    base: &Linker<Guest>,
    component: &wasmtime::component::Component,
) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = base.clone();
    sockets::refuse(&mut linker, component)?;
    Ok(linker)
}

/// Ticks while a guest runs, and sleeps while none does.
pub(super) struct Clock {
    running: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

const ENDED: usize = usize::MAX / 2;

impl Clock {
    pub(super) fn start(engine: &Engine) -> std::io::Result<Self> {
        let running = Arc::new(AtomicUsize::new(0));
        let (seen, weak) = (Arc::clone(&running), engine.weak());
        let thread = std::thread::Builder::new()
            .name("guest-clock".into())
            .spawn(move || {
                loop {
                    match seen.load(Ordering::SeqCst) {
                        0 => std::thread::park(),
                        ended if ended >= ENDED => return,
                        _ => {
                            std::thread::sleep(TICK);
                            match weak.upgrade() {
                                Some(engine) => engine.increment_epoch(),
                                None => return,
                            }
                        }
                    }
                }
            })?;
        Ok(Self {
            running,
            thread: Some(thread),
        })
    }

    /// The clock ticks as long as the answer lives.
    pub(super) fn run(&self) -> Running {
        if self.running.fetch_add(1, Ordering::SeqCst) == 0
            && let Some(thread) = &self.thread
        {
            thread.thread().unpark();
        }
        Running(Arc::clone(&self.running))
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.running.fetch_add(ENDED, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there has been reported already.
            let _ = thread.join();
        }
    }
}

/// Keeps the [`Clock`] ticking.
pub(super) struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
