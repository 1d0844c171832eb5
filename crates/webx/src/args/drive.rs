//! Arguments of `webx drive`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What happens when the name is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Conflict {
    /// Keep the old content as an earlier version
    #[default]
    NewVersion,
    /// Keep both, the new one under a numbered name
    KeepBoth,
    /// Refuse
    Fail,
}

impl Conflict {
    /// The word the HTTP API uses.
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::NewVersion => "newVersion",
            Self::KeepBoth => "keepBoth",
            Self::Fail => "fail",
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortBy {
    #[default]
    Name,
    Size,
    Modified,
    Kind,
}

impl SortBy {
    /// The word the HTTP API uses.
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Modified => "modified",
            Self::Kind => "kind",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum DriveCommand {
    /// Put a file or a folder into the drive
    Put(PutArgs),
    /// Get a file or a folder out of the drive
    Get(GetArgs),
    /// Write a file's content to standard output
    Cat {
        /// Path in the drive
        path: String,
        /// Number of an earlier version
        #[arg(long)]
        version: Option<u64>,
    },
    /// List a folder
    Ls(ListArgs),
    /// Create a folder
    Mkdir {
        /// Paths in the drive
        #[arg(required = true)]
        paths: Vec<String>,
        /// Create missing parents too; an existing folder is fine
        #[arg(long, short = 'p')]
        parents: bool,
    },
    /// Move or rename a file or a folder
    Mv {
        /// Path in the drive
        from: String,
        /// New path, or the folder to move into
        to: String,
        /// What happens when the name is taken
        #[arg(long, value_enum, default_value_t = Conflict::Fail)]
        on_conflict: Conflict,
    },
    /// Move files or folders to the trash
    Rm {
        /// Paths in the drive
        #[arg(required = true)]
        paths: Vec<String>,
        /// Delete for good instead (asks once)
        #[arg(long)]
        purge: bool,
    },
    /// Bring something back: from the trash, an earlier version, or a folder as it was at a time
    Restore(RestoreArgs),
    /// List the versions of a file, newest first
    Versions {
        /// Path in the drive
        path: String,
    },
    /// Read every stored byte and name what is damaged
    Verify,
    /// Write all sealed blocks into one archive (CAR) that the 24 words open, with or without this program
    Rescue {
        /// File to write; must not exist
        file: PathBuf,
        /// Overwrite the file when it exists
        #[arg(long)]
        force: bool,
    },
    /// Make this drive, which must be empty, the one in an archive of `webx drive rescue` under the same 24 words
    Adopt {
        /// The archive
        file: PathBuf,
    },
    /// Find files and folders by name
    Search {
        /// Part of a name
        query: String,
        /// At most this many hits
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// List the trash, or empty it
    Trash(TrashArgs),
    /// Say how much is stored, and the quota
    Usage,
    /// Put what is inside a folder of this machine into a folder of the drive
    Import {
        /// Folder on this machine
        folder: PathBuf,
        /// Folder in the drive; made when missing
        #[arg(default_value = "/")]
        to: String,
        /// What happens when a name is taken
        #[arg(long, value_enum, default_value_t)]
        on_conflict: Conflict,
    },
    /// Write what is inside a folder of the drive into a folder of this machine, or a .zip file
    Export {
        /// Folder in the drive
        from: String,
        /// Folder on this machine, or a file that ends with .zip
        to: PathBuf,
        /// Overwrite files that exist
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Clone, Args)]
pub(crate) struct PutArgs {
    /// File or folder on this machine; `-` reads standard input
    pub(crate) source: PathBuf,
    /// Path in the drive: a folder to put it into, or its new path (missing folders are made)
    #[arg(default_value = "/")]
    pub(crate) to: String,
    /// What happens when a name is taken
    #[arg(long, value_enum, default_value_t)]
    pub(crate) on_conflict: Conflict,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct GetArgs {
    /// Path in the drive
    pub(crate) path: String,
    /// Where to write it: a folder, or a new name; `-` writes standard output [default: here]
    pub(crate) to: Option<PathBuf>,
    /// Number of an earlier version of a file
    #[arg(long)]
    pub(crate) version: Option<u64>,
    /// Overwrite files that exist
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ListArgs {
    /// Path in the drive
    #[arg(default_value = "/")]
    pub(crate) path: String,
    /// Show sizes, times and version counts
    #[arg(long, short = 'l')]
    pub(crate) long: bool,
    /// Order
    #[arg(long, value_enum, default_value_t)]
    pub(crate) sort: SortBy,
    /// Reverse the order
    #[arg(long, short = 'r')]
    pub(crate) reverse: bool,
    /// The folder as it was at this time, such as 2026-11-22T10:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RestoreArgs {
    /// Former path or id of something in the trash; with --version or --at, a path in the drive
    pub(crate) path: String,
    /// Make this version of the file the current one
    #[arg(long, conflicts_with = "at")]
    pub(crate) version: Option<u64>,
    /// Bring the folder back as it was at this time, such as 2026-11-22T10:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct TrashArgs {
    /// Delete everything in the trash for good (asks once)
    #[arg(long)]
    pub(crate) empty: bool,
}
