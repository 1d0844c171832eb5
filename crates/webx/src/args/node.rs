//! Arguments of the commands about the node as a whole.

use std::path::PathBuf;

use clap::Args;

use super::net::Reach;

#[derive(Debug, Clone, Args)]
pub(crate) struct UpArgs {
    /// Port of the desktop on this machine; 0 takes a free one [default: the last one used, else 7700]
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Unlock at once with the passphrase in this file (`-` reads standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Do not open the browser
    #[arg(long)]
    pub(crate) no_open: bool,
    /// How far QNet reaches
    #[arg(long, value_enum, default_value_t)]
    pub(crate) qnet: Reach,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct InitArgs {
    /// Read the passphrase from the first line of this file (`-` reads standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Your name, shown to those you talk to
    #[arg(long, default_value = "Me")]
    pub(crate) name: String,
    /// Name of this device [default: the machine's name]
    #[arg(long)]
    pub(crate) device: Option<String>,
}

/// How a command is given the secret that opens the vault.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SecretArgs {
    /// Read the passphrase from the first line of this file (`-` reads standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Use the 24 recovery words in this file instead (`-` reads standard input)
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    pub(crate) words_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct UnlockArgs {
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
    /// Read every block and every file (slow; needs the passphrase while no node runs)
    #[arg(long)]
    pub(crate) deep: bool,
    /// Copy every file that can still be read into this folder (needs the passphrase)
    #[arg(long, value_name = "DIR")]
    pub(crate) salvage: Option<PathBuf>,
    /// Put a whole database in the place of a damaged one: every row that can be read, or the last
    /// snapshot (no node may run; the damaged file is kept beside it)
    #[arg(long, conflicts_with_all = ["salvage", "deep"])]
    pub(crate) repair: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ExportArgs {
    /// File to write; must not exist
    pub(crate) file: PathBuf,
    /// Overwrite the file when it exists
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RestoreBackupArgs {
    /// Backup file written by `webx export`
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct PassphraseArgs {
    /// Read the present passphrase from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Read the new passphrase from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) new_passphrase_file: Option<PathBuf>,
}
