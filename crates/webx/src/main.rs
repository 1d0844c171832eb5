//! The program `webx`.

fn main() -> std::process::ExitCode {
    webx::main()
}
