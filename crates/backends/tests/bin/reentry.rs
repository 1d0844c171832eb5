//! Stands in for `webx` where a part runs in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("__jail") => webx_backends::jail_main(),
        _ => ExitCode::from(2),
    }
}
