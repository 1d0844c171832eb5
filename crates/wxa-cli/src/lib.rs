//! `wxa`, the app developer's tool of WEB X. OS: from an empty folder to a signed package that anybody can install.
//!
//! ```text
//! wxa new hello        a project with a manifest, a first screen and types for the editor
//! wxa dev              build at each change and reload the app in the running desktop
//! wxa pack             check types, bundle, sign: one file, hello-1.0.0.wxa
//! wxa verify FILE      who made it, what it may do; --rebuild: the program comes from the shipped source
//! wxa publish FILE --store DIR
//! ```
//!
//! Concepts, in reading order:
//! - A **project** ([`project`]) is a folder with a `manifest.json`. What is in it decides what `wxa` does: `src/index.tsx` is bundled,
//!   `web/` is packed as it stands, `backend/` is handed to a [`backend::Builder`].
//! - The **tree** ([`tree`]) is the project as the bundler sees it: a fixed root, no way out, no links. It remembers each file that was read.
//! - The **bundle** ([`bundle`]) is one ES module and one style sheet. The same files give the same bytes on every machine.
//! - The **package** ([`pack`]) holds the bundle, the files that were read to make it, and the publisher's signature ([`key`]).
//!   Because the sources are inside, [`verify`] can build it again and compare.
//! - A **node** ([`node`]) is a running `webx`; `wxa dev` installs into it and `--node` lets it sign.
//!
//! The bundler (rolldown) lives only here: the node never links it.

use std::process::ExitCode;

use clap::Parser as _;

mod args;
mod backend;
mod bundle;
mod clock;
mod commands;
mod dev;
mod failure;
mod key;
mod new;
mod node;
mod output;
mod pack;
mod pages;
mod project;
mod publish;
mod tree;
mod typecheck;
mod types;
mod verify;

/// Runs the command line of this process and gives its exit code: 0 done, 1 refused or failed, 2 wrong usage.
pub fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return failure::report_usage(&error),
    };
    let output = output::Output::new(args.json);
    match commands::run(args.command, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure::report(&failure, args.json),
    }
}
