//! The program `webx`.

fn main() -> std::process::ExitCode {
    if let Some(ended) = webx::reentered() {
        return ended;
    }
    keep_memory_small();
    webx::main()
}

/// Two malloc arenas instead of eight for each core: after a burst of parallel reads the idle node holds
/// 36 MiB instead of 84 MiB (measured; another allocator, mimalloc, held 77 MiB), at the same speed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn keep_memory_small() {
    // SAFETY: mallopt sets a number inside the allocator; no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn keep_memory_small() {}
