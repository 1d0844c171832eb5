//! Arguments of `webx app`, `webx store` and `webx saga`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum AppCommand {
    /// Install an app from a .wxa file, or update the one that is installed
    Install(AppInstallArgs),
    /// List the installed apps
    Ls {
        /// List the apps that were removed and can come back
        #[arg(long)]
        removed: bool,
    },
    /// Show everything about an app: publisher, permissions, picked files, sizes
    Show {
        /// Short name, full id or installation
        app: String,
    },
    /// Open an app on the desktop
    Open {
        /// Short name, full id or installation
        app: String,
        /// Print the address and open no browser
        #[arg(long)]
        no_open: bool,
    },
    /// Remove an app; for 30 days it can come back with webx app undo
    Rm {
        /// Short name, full id or installation
        app: String,
        /// Delete its data when the 30 days are over; without this it stays for a later installation
        #[arg(long)]
        delete_data: bool,
    },
    /// Bring a removed app back as it was
    Undo {
        /// Short name, full id or installation
        app: String,
    },
    /// Go back to the version before the last update
    Rollback {
        /// Short name, full id or installation
        app: String,
    },
    /// Show, give and take back permissions
    Grants(AppGrantsArgs),
    /// Write an app's data into a zip file
    Export {
        /// Short name, full id or installation
        app: String,
        /// File to write; `-` for standard output
        #[arg(long, short = 'o', value_name = "FILE")]
        output: PathBuf,
    },
    /// Print what an app's server side said last, and how it does
    Logs {
        /// Short name, full id or installation
        app: String,
        /// Start the server side anew first
        #[arg(long)]
        restart: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AppInstallArgs {
    /// The package
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Give an optional permission, by its key; may be repeated
    #[arg(long, value_name = "KEY")]
    pub(crate) grant: Vec<String>,
    /// Give all optional permissions
    #[arg(long, conflicts_with = "grant")]
    pub(crate) grant_all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AppGrantsArgs {
    /// Short name, full id or installation
    pub(crate) app: String,
    /// Give a permission, by its key; may be repeated
    #[arg(long, value_name = "KEY")]
    pub(crate) grant: Vec<String>,
    /// Take a permission back, by its key; may be repeated
    #[arg(long, value_name = "KEY")]
    pub(crate) revoke: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Add a store: a folder on this machine with signed lists
    Add {
        /// The store's folder
        location: PathBuf,
        /// The fingerprint its keeper told you; any other is refused
        #[arg(long)]
        fingerprint: Option<String>,
    },
    /// List the stores
    Ls,
    /// Forget a store; apps that came from it stay
    Rm {
        /// The store, by id or name
        store: String,
    },
    /// Read the lists of all stores again
    Refresh,
    /// Look for apps in all stores
    Search {
        /// Words in name, description or publisher; everything when absent
        words: Vec<String>,
        /// Only this category
        #[arg(long)]
        category: Option<String>,
    },
    /// Install an app from a store, or update the one that is installed
    Install {
        /// The app, by short name or full id
        app: String,
        /// The store, by id or name, where several offer the app
        #[arg(long)]
        store: Option<String>,
        /// A version other than the newest
        #[arg(long = "app-version", value_name = "VERSION")]
        app_version: Option<String>,
        /// Give an optional permission, by its key; may be repeated
        #[arg(long, value_name = "KEY")]
        grant: Vec<String>,
        /// Give all optional permissions
        #[arg(long, conflicts_with = "grant")]
        grant_all: bool,
    },
    /// Update one app, or all that a store has a newer version of
    Update {
        /// Short name, full id or installation; all when absent
        app: Option<String>,
    },
    /// Put a package into a store folder of yours (runs wxa publish)
    Publish {
        /// The package
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The store's folder; made when missing
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SagaStateArg {
    Running,
    Done,
    Failed,
    Undoing,
    Undone,
    Stuck,
}

impl SagaStateArg {
    /// The word the HTTP API uses.
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::Stuck => "stuck",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum SagaCommand {
    /// List durable work: installations, updates, workflows of apps
    Ls {
        /// Only work in this state
        #[arg(long, value_enum)]
        state: Option<SagaStateArg>,
    },
    /// Try failed work again
    Retry {
        /// The work's id
        id: String,
    },
    /// Undo what was done, the last step first
    Undo {
        /// The work's id
        id: String,
    },
    /// Start a workflow that an app declares
    Start {
        /// Short name, full id or installation
        app: String,
        /// The workflow's name
        workflow: String,
        /// Its input, as JSON
        #[arg(long, default_value = "{}")]
        input: String,
    },
}
