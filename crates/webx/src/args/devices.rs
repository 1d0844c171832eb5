//! Arguments of `webx id devices` and `webx pair`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum DevicesCommand {
    /// Your devices, this one first
    #[command(visible_alias = "ls")]
    List,
    /// Add a device: show it a code, compare six digits, and let it in with the 24 words
    Add(WordsArgs),
    /// Remove a device: contacts refuse it from then on; what it has stays on it
    #[command(visible_alias = "rm")]
    Remove {
        /// Its node id: 52 letters and digits
        node: String,
        #[command(flatten)]
        words: WordsArgs,
    },
}

/// The 24 words, which alone can change the identity.
#[derive(Debug, Clone, Args)]
pub(crate) struct WordsArgs {
    /// Read the 24 recovery words from this file (`-` reads standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) words_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct PairArgs {
    /// What the other device shows, `webx:pair?…` (`-` reads it from standard input)
    pub(crate) code: String,
    /// Read the new passphrase of this device from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Name of this device [default: the machine's name]
    #[arg(long, visible_alias = "device")]
    pub(crate) name: Option<String>,
}
