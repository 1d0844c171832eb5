//! CPython in a jail, for apps that bring native wheels and were granted `native-code`.
//!
//! ```text
//! node ── socket for each request ──▶ gateway.py ─▶ the app's WSGI callable
//!   ▲                                     │
//!   └── tunnel to a granted host ◀────────┘   everything else: EPERM
//! ```
//!
//! The walls, each of which would do for most attacks alone:
//! - **Landlock** lets it read Python's libraries and its own source, and write `/data`, a cache and a scratch folder.
//! - **A list of system calls** (seccomp) has no way to make a socket or a process, to signal or trace another one, to
//!   mount, or to change its limits. Sockets are handed in through the door, one for each request.
//! - **Bubblewrap**, where it works, puts it into namespaces of its own: no network, no other process, another root.
//! - **No rights**: no capabilities, `no_new_privs`, an empty environment, bounds on memory, files and stack.
//! - **A watch** ends it when it uses more memory, files, threads or processor time than it may, and it dies with the
//!   node.
//!
//! Its files are in memory, in a folder that only this user can enter; what is below `/data` is kept by
//! [`Storage`](crate::Storage) before an answer goes out. Memory may be swapped out by the system, as that of any
//! program.

#[cfg(target_os = "linux")]
mod backend;
#[cfg(target_os = "linux")]
mod door;
#[cfg(target_os = "linux")]
mod enter;
#[cfg(target_os = "linux")]
mod exchange;
#[cfg(target_os = "linux")]
mod folder;
#[cfg(target_os = "linux")]
mod host;
#[cfg(target_os = "linux")]
mod keeper;
#[cfg(target_os = "linux")]
mod proxy;
#[cfg(target_os = "linux")]
mod python;
#[cfg(target_os = "linux")]
mod running;
#[cfg(target_os = "linux")]
mod syscalls;
#[cfg(target_os = "linux")]
mod tags;
#[cfg(target_os = "linux")]
mod walls;
#[cfg(target_os = "linux")]
mod wheel;

#[cfg(target_os = "linux")]
pub use {enter::jail_main, host::JailHost, python::Python, walls::Reentry};
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::{JailHost, Python, Reentry, jail_main};
