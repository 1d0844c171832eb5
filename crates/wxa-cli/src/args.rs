//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Make apps for WEB X. OS.
#[derive(Debug, Parser)]
#[command(
    name = "wxa",
    version,
    disable_help_subcommand = false,
    arg_required_else_help = true
)]
pub(crate) struct Args {
    /// Print results and errors as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new project in a new folder.
    New {
        /// The app's id and the folder's name: small letters, digits and hyphens.
        name: String,
        /// What kind of app.
        #[arg(long, value_enum, default_value_t = Template::Builtin)]
        template: Template,
        /// Where to make the folder.
        #[arg(long, value_name = "DIR", default_value = ".")]
        r#in: PathBuf,
    },
    /// Build at each change and reload the app in the running desktop.
    Dev {
        #[command(flatten)]
        project: ProjectArgs,
        /// The node's data folder (default: the one `webx up` uses).
        #[arg(long, value_name = "DIR", env = "WEBX_DATA")]
        data: Option<PathBuf>,
    },
    /// Check types, bundle and sign: one file that can be installed.
    Pack {
        #[command(flatten)]
        project: ProjectArgs,
        /// The file to write (default: NAME-VERSION.wxa in the project).
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        signing: SigningArgs,
        /// Do not check types.
        #[arg(long)]
        no_typecheck: bool,
    },
    /// Write the bundle alone, to look at it.
    Bundle {
        #[command(flatten)]
        project: ProjectArgs,
        /// The folder to write app.js and app.css into.
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
    /// Say who made a package and what it may do; refuse a wrong one.
    Verify {
        /// The package.
        file: PathBuf,
        /// Bundle the shipped source again and compare.
        #[arg(long)]
        rebuild: bool,
    },
    /// Put a package into a store.
    Publish {
        /// The package.
        file: PathBuf,
        /// The store's folder; made when it does not exist.
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
        /// What a store that is made now is called.
        #[arg(long)]
        name: Option<String>,
        /// What is new in this version, in words for people.
        #[arg(long)]
        notes: Option<String>,
    },
    /// Make a publisher's key.
    Keygen {
        /// The file to write (default: the one that `wxa pack` uses).
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Look at a publisher's key.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
}

/// What to do with a key.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Print the DID that packages will carry; never the secret.
    Show {
        #[command(flatten)]
        signing: SigningArgs,
    },
}

/// Which project.
#[derive(Debug, clap::Args)]
pub(crate) struct ProjectArgs {
    /// The project's folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,
}

/// Who signs.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SigningArgs {
    /// Sign with the key in this file.
    #[arg(long, value_name = "FILE", conflicts_with = "node", env = "WXA_KEY")]
    pub(crate) key: Option<PathBuf>,
    /// Let the person of the running node sign; DIR is the node's data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) node: Option<PathBuf>,
}

/// What `wxa new` can start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// A screen in React that looks native.
    Builtin,
    /// A web site that runs unchanged on an origin of its own.
    Iframe,
    /// A screen in React with a backend in Rust.
    Rust,
    /// A screen in React with a backend in JavaScript.
    Javascript,
    /// An unchanged Flask app.
    Flask,
}
