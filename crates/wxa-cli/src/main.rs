//! The program `wxa`.

fn main() -> std::process::ExitCode {
    wxa_cli::main()
}
