//! The `webx` program.
fn main() {}
