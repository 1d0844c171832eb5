//! What each command does. A command reads its arguments, asks the node, and prints.

mod app;
mod backup;
mod contacts;
mod copies;
mod credentials;
mod devices;
mod devnet;
mod drive;
mod drive_job;
mod events;
mod generate;
mod guardians;
mod id;
mod init;
mod ipfs;
mod landing;
mod lifecycle;
mod net;
mod pair;
mod recovery;
mod saga;
mod salvage;
mod service;
mod settings;
mod store;
mod transfers;
mod webdav;

use std::path::PathBuf;

use crate::args::{Cli, Command};
use crate::client::Client;
use crate::output::Output;

pub(crate) use salvage::salvage;

/// What every command is given.
struct Context {
    data: PathBuf,
    output: Output,
}

impl Context {
    /// The node that runs on this folder.
    fn client(&self) -> anyhow::Result<Client> {
        Client::find(&self.data)
    }
}

/// Runs one command.
pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    let context = Context {
        data: crate::folder::locate(cli.global.data.as_deref())?,
        output: Output::new(&cli.global),
    };
    match cli.command {
        Command::Up(args) => crate::node::up(&context.data, context.output, &args),
        Command::Init(args) => init::run(&context, &args),
        Command::Pair(args) => pair::run(&context, &args),
        Command::Unlock(args) => lifecycle::unlock(&context, &args),
        Command::Lock => lifecycle::lock(&context),
        Command::Status => lifecycle::status(&context),
        Command::Stop => lifecycle::stop(&context),
        Command::Doctor(args) => crate::doctor::run(&context.data, context.output, &args),
        Command::Export(args) => backup::export(&context, &args),
        Command::Restore(args) => backup::restore(&context, &args),
        Command::Id(command) => id::run(&context, &command),
        Command::Drive(command) => drive::run(&context, &command),
        Command::App(command) => app::run(&context, &command),
        Command::Store(command) => store::run(&context, &command),
        Command::Net(command) => net::run(&context, &command),
        Command::Contacts(command) => contacts::run(&context, &command),
        Command::Copies(command) => copies::run(&context, &command),
        Command::Cred(command) => credentials::run(&context, &command),
        Command::Ipfs(command) => ipfs::run(&context, &command),
        Command::Devnet(command) => devnet::run(&context, &command),
        Command::Saga(command) => saga::run(&context, &command),
        Command::Events(command) => events::run(&context, &command),
        Command::Settings(command) => settings::run(&context, &command),
        Command::Passphrase(args) => settings::passphrase(&context, &args),
        Command::Webdav(command) => webdav::run(&context, command),
        Command::Service(command) => service::run(&context, command),
        Command::Openapi => generate::openapi(),
        Command::Completions { shell } => generate::completions(shell),
        Command::Man { folder } => generate::manual(&folder),
    }
}
