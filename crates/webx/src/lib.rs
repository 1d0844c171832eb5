//! `webx`: the roof of WEB X. OS. It reads the command line, opens the data folder, starts the floors
//! in order and stops them in reverse. It wires everything and decides nothing.
//!
//! ```text
//! webx up                        start the node, open the desktop
//! webx init                      make your identity, get the 24 words
//! webx drive put photos          put a folder into the encrypted drive
//! webx export backup.webx        one encrypted file that holds everything
//! ```
//!
//! In reading order:
//! - [`args`](self): the command line, nothing that acts.
//! - `node`: the process that runs: boot order, identity record, the routes only the command line may call.
//! - `control` and `client`: how every other command finds that process and talks to it.
//! - `commands`: one file for each command.
//! - [`backup`]: the format of `webx export`, read strictly.
//! - `doctor`: what is damaged and what can be saved.

mod args;
pub mod backup;
mod client;
mod commands;
mod control;
mod doctor;
mod failure;
mod folder;
#[doc(hidden)]
pub mod fuzz;
mod node;
mod output;
mod secret;

use std::process::ExitCode;

use clap::Parser as _;

/// What the program does when it called itself: compiles a component, or walks into a jail. Asked before anything else is
/// done, so that such a child holds nothing.
pub fn reentered() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next()?.to_str()? {
        node::backends::COMPILE => Some(webx_backends::compile_main()),
        node::backends::JAIL => Some(webx_backends::jail_main()),
        _ => None,
    }
}

/// Runs the program on the process's own arguments.
pub fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::report_usage(&error),
    };
    let json = cli.global.json;
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error, json),
    }
}
