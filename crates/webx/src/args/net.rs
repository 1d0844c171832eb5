//! Arguments of `webx net` and `webx devnet`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// How far QNet reaches from this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Reach {
    /// No QNet at all
    Off,
    /// Nodes on this machine alone
    #[default]
    Loopback,
    /// Any network of this machine: others learn its address
    Any,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NetCommand {
    /// Write an invite: a link by which another node finds this one
    Invite(InviteArgs),
    /// Join by an invite
    Join {
        /// The link, `webx:join?…`
        invite: String,
    },
    /// Nodes this one is connected with
    Peers,
    /// Find a node and measure the way to it
    Ping {
        /// Node id: 52 letters and digits
        node: String,
    },
    /// Find a node: where it is, and how it was found
    Trace {
        /// Node id: 52 letters and digits
        node: String,
    },
    /// The overlay as this node sees it: size, table, traffic
    Topology,
    /// What is known of a node: its rating with the reasons, and where it may be reached
    Peer {
        /// Node id: 52 letters and digits
        node: String,
    },
    /// Nodes to call when there was no neighbour for two minutes
    #[command(subcommand)]
    LastResort(LastResortCommand),
    /// Limits of QNet: print them, or change some
    Settings(NetSettingsArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum LastResortCommand {
    /// Write one down; it is not called before it is needed
    Add {
        /// `NODE@HOST:PORT`: an id, a name or an address ([…] around IPv6), the UDP port
        entry: String,
    },
    /// Those that are written down, and what came of calling them
    Ls,
    /// Strike one out
    Rm {
        /// As `ls` shows it
        entry: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NetSettingsArgs {
    /// Change a setting, such as `neighbours=8`, `rates.up=1000000`, `metered=true`, `relay=null`; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) changes: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InviteArgs {
    /// A few words for whoever gets it
    #[arg(long, default_value = "")]
    pub(crate) label: String,
    /// Hours it is good for
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=720))]
    pub(crate) hours: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DevnetCommand {
    /// Start N nodes on this machine, introduced to each other, until Ctrl-C
    Up(DevnetArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DevnetArgs {
    /// How many nodes
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) nodes: u16,
    /// Folder for the nodes' folders (01, 02, …); made when missing [default: a new temporary one]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}
