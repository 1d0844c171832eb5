//! The command line, as clap sees it: nouns, verbs and flags, nothing that acts.

mod apps;
mod contacts;
mod copies;
mod credentials;
mod devices;
mod drive;
mod guardians;
mod ipfs;
mod net;
mod node;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use apps::{AppCommand, AppGrantsArgs, AppInstallArgs, SagaCommand, StoreCommand};
pub(crate) use contacts::ContactsCommand;
pub(crate) use copies::CopiesCommand;
pub(crate) use credentials::CredCommand;
pub(crate) use devices::{DevicesCommand, PairArgs};
pub(crate) use drive::{
    Conflict, DriveCommand, GetArgs, ListArgs, PutArgs, RestoreArgs, TrashArgs,
};
pub(crate) use guardians::{GuardiansCommand, RecoverArgs, SetArgs, SplitArgs};
pub(crate) use ipfs::{
    CarCommand, GatewayCommand, IpfsAddArgs, IpfsCommand, IpfsDaemonArgs, IpfsInitArgs, RepoArgs,
    UnixfsProfile,
};
pub(crate) use net::{
    DevnetArgs, DevnetCommand, LastResortCommand, NetCommand, NetSettingsArgs, Reach,
};
pub(crate) use node::{
    DoctorArgs, ExportArgs, InitArgs, PassphraseArgs, RestoreBackupArgs, SecretArgs, UnlockArgs,
    UpArgs,
};

/// WEB X. OS: your files, keys and identity on your own machine.
///
/// `webx up` starts the node and opens the desktop. Everything else talks to the node that runs on
/// the same data folder.
#[derive(Debug, Parser)]
#[command(name = "webx", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Data folder of the node [default: the platform's data directory]
    #[arg(long, global = true, value_name = "DIR", env = "WEBX_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Answer every question with yes
    #[arg(long, short = 'y', global = true)]
    pub(crate) yes: bool,
    /// Show no progress
    #[arg(long, short = 'q', global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the node and open the desktop in the browser
    Up(UpArgs),
    /// Create your identity and your encrypted home, and show the 24 recovery words once
    Init(InitArgs),
    /// Become one of your devices: take over the identity of another one that shows a code
    Pair(PairArgs),
    /// Unlock the running node
    Unlock(UnlockArgs),
    /// Lock the running node: keys leave its memory
    Lock,
    /// Say whether the node runs, and whether it is locked
    Status,
    /// Check folder, vault, database, blocks, disk, port and clock; name what is damaged
    Doctor(DoctorArgs),
    /// Stop the running node
    Stop,
    /// Write one encrypted backup file of everything
    Export(ExportArgs),
    /// Bring a backup file back into an empty data folder
    Restore(RestoreBackupArgs),
    /// Your identity
    #[command(subcommand)]
    Id(IdCommand),
    /// Your files
    #[command(subcommand)]
    Drive(DriveCommand),
    /// Apps: install, update, permissions, remove and bring back
    #[command(subcommand)]
    App(AppCommand),
    /// Stores: where apps come from
    #[command(subcommand)]
    Store(StoreCommand),
    /// QNet: invite, join, peers and the way to them
    #[command(subcommand)]
    Net(NetCommand),
    /// The people you know: add, compare, block
    #[command(subcommand)]
    Contacts(ContactsCommand),
    /// Copies of your drive on the nodes of contacts, and what you keep for them
    #[command(subcommand)]
    Copies(CopiesCommand),
    /// Credentials: issue, verify, present, withdraw
    #[command(subcommand)]
    Cred(CredCommand),
    /// Public content, as IPFS knows it: add, get, CAR files, the gateway
    #[command(subcommand)]
    Ipfs(IpfsCommand),
    /// Several nodes on this machine, to try things out
    #[command(subcommand)]
    Devnet(DevnetCommand),
    /// Durable work: what runs, what failed; retry and undo
    #[command(subcommand)]
    Saga(SagaCommand),
    /// What the node did
    #[command(subcommand)]
    Events(EventsCommand),
    /// Read and change settings
    #[command(subcommand)]
    Settings(SettingsCommand),
    /// Change the passphrase
    Passphrase(PassphraseArgs),
    /// The WebDAV door: mount the drive in a file manager
    #[command(subcommand)]
    Webdav(WebdavCommand),
    /// Start the node with the machine
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Print the OpenAPI document of the node's HTTP API
    Openapi,
    /// Print the completion script for a shell
    Completions {
        /// Shell to complete for
        shell: Shell,
    },
    /// Write the manual pages into a folder
    Man {
        /// Folder for the pages; made when missing
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum IdCommand {
    /// Show your DID, this device and its names
    Show {
        /// Also print the identity's log, one entry a line
        #[arg(long)]
        log: bool,
    },
    /// Your devices: list them, add one, remove one
    #[command(subcommand)]
    Devices(DevicesCommand),
    /// People who can bring your identity back together
    #[command(subcommand)]
    Guardians(GuardiansCommand),
    /// Come back with the 24 words or with shares, into a fresh data folder
    Recover(RecoverArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Print the latest events, oldest first
    Tail {
        /// How many of the latest events to print first
        #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=1000))]
        lines: u32,
        /// Keep printing events as they happen
        #[arg(long, short = 'f')]
        follow: bool,
        /// Only events of this kind, such as `drive.import`
        #[arg(long)]
        kind: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    /// Print all settings, or one
    Get {
        /// Name of the setting, such as `theme`
        key: Option<String>,
    },
    /// Change one setting
    Set {
        /// Name of the setting, such as `autoLockMinutes`
        key: String,
        /// New value: JSON, or plain text
        value: String,
    },
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum WebdavCommand {
    /// Open the door; prints the address and a new token once
    On,
    /// Close the door; its token stops working
    Off,
    /// Say whether the door is open
    Status,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Start the node at every login (systemd user unit, launchd agent, Windows service)
    Install {
        /// Port of the desktop
        #[arg(long)]
        port: Option<u16>,
    },
    /// Undo `webx service install`; the data stays
    Remove,
    /// Say whether the service is installed and running
    Status,
}
