//! Arguments of `webx ipfs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// How bytes become blocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnixfsProfile {
    /// `CIDv0`, pieces of 256 KiB, 174 links: what IPFS did from the beginning
    #[value(name = "unixfs-v0-2015")]
    V0,
    /// `CIDv1`, plain pieces of 1 MiB, 1024 links
    #[default]
    #[value(name = "unixfs-v1-2025")]
    V1,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IpfsCommand {
    /// Make a file or folder of this machine public content; prints its CID
    Add(IpfsAddArgs),
    /// Write public content into a file or folder
    Get {
        /// A CID, or a path below one: `CID/a/b`
        path: String,
        /// Where to; an existing folder takes it under its own name
        to: Option<PathBuf>,
        /// Replace files that exist
        #[arg(long, short = 'f')]
        force: bool,
    },
    /// Write a public file to standard output
    Cat {
        /// A CID, or a path below one
        path: String,
    },
    /// List what was added, or a public folder
    Ls {
        /// A CID, or a path below one; without it, all that was added
        path: Option<String>,
    },
    /// Forget something that was added, and every block that nothing else needs
    Rm {
        /// The CID that `webx ipfs ls` shows
        cid: String,
    },
    /// CAR files: blocks in one file
    #[command(subcommand)]
    Car(CarCommand),
    /// The HTTP gateway to public content: a port of this machine, off until you turn it on
    #[command(subcommand)]
    Gateway(GatewayCommand),
    /// The RPC that Kubo's clients speak: a port of this machine, off until you turn it on
    #[command(subcommand)]
    Rpc(GatewayCommand),
    /// Make a repository that `webx ipfs daemon` serves: public content by itself, for tools that drive Kubo
    Init(IpfsInitArgs),
    /// Serve the repository: RPC and gateway, until told to stop
    Daemon(IpfsDaemonArgs),
    /// Show or change the configuration of the repository: `config KEY [VALUE]`, `config show`, `config replace FILE`
    Config {
        /// The repository
        #[command(flatten)]
        repo: RepoArgs,
        /// `KEY [VALUE]`, `show`, or `replace FILE`; with `--json`, the value is JSON
        #[arg(required = true, num_args = 1..=2)]
        args: Vec<String>,
    },
    /// Say what the repository's node is called
    Id {
        /// The repository
        #[command(flatten)]
        repo: RepoArgs,
    },
    /// Say the version, as tools that drive Kubo ask for it
    Version,
    /// Take the signed record of an IPNS name, so that the gateway can follow the name
    Name {
        /// The name: `k51…`, `12D3KooW…`
        name: String,
        /// The file with the record
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct IpfsAddArgs {
    /// File or folder
    pub(crate) path: PathBuf,
    /// What decides about the CID
    #[arg(long, value_enum, default_value_t)]
    pub(crate) profile: UnixfsProfile,
    /// Only say the CID; nothing is stored, and no node is needed
    #[arg(long)]
    pub(crate) only_hash: bool,
}

/// Where a repository is.
#[derive(Debug, Clone, Args)]
pub(crate) struct RepoArgs {
    /// Folder of the repository
    #[arg(long, value_name = "DIR", env = "IPFS_PATH")]
    pub(crate) repo: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct IpfsInitArgs {
    #[command(flatten)]
    pub(crate) repo: RepoArgs,
    /// `server`, `test`, `randomports`: how the configuration begins; several with commas
    #[arg(long, short = 'p', default_value = "")]
    pub(crate) profile: String,
    /// The kind of key; ed25519 is the only one
    #[arg(long, short = 'a', default_value = "ed25519")]
    pub(crate) algorithm: String,
    /// Repositories begin empty in any case
    #[arg(long, short = 'e')]
    pub(crate) empty_repo: bool,
}

#[derive(Debug, Args)]
pub(crate) struct IpfsDaemonArgs {
    #[command(flatten)]
    pub(crate) repo: RepoArgs,
    /// Make the repository first when there is none
    #[arg(long)]
    pub(crate) init: bool,
    /// The node joins no IPFS network in any case
    #[arg(long)]
    pub(crate) offline: bool,
    /// There is nothing to migrate in any case
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) migrate: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CarCommand {
    /// Take all blocks of a CAR file (version 1 or 2); its roots are kept
    Import {
        /// The file; `-` is standard input
        file: PathBuf,
    },
    /// Write everything below a path into a CAR file
    Export {
        /// A CID, or a path below one
        path: String,
        /// The file
        file: PathBuf,
        /// Replace a file that exists
        #[arg(long, short = 'f')]
        force: bool,
    },
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Open the gateway
    On {
        /// Port on this machine; remembered
        #[arg(long)]
        port: Option<u16>,
    },
    /// Close the gateway
    Off,
    /// Say whether the gateway is open
    Status,
}
