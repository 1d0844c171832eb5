//! Arguments of `webx id guardians` and `webx id recover`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::devices::WordsArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum GuardiansCommand {
    /// Make contacts your guardians: each gets a share of your 24 words; those before need not keep theirs
    Set(SetArgs),
    /// Your guardians, and those whose guardian you are
    #[command(visible_alias = "ls")]
    List,
    /// Ask all guardians whether they still have their shares
    Check,
    /// A guardian need not keep his share any more
    #[command(visible_alias = "rm")]
    Remove {
        /// Contact by name or DID
        who: String,
    },
    /// Give somebody back what you keep: shows a code for the new device, asks whether the digits are the same
    Approve {
        /// Whose guardian you are: contact by name, or DID
        who: String,
    },
    /// Stop being somebody's guardian: throws his share away
    Resign {
        /// Whose guardian you are: contact by name, or DID
        who: String,
    },
    /// Split the 24 words into shares that you hand out yourself: on paper, or as files
    Split(SplitArgs),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct SetArgs {
    /// How many guardians are needed to come back
    #[arg(long, short = 't', value_parser = clap::value_parser!(u8).range(2..=16))]
    pub(crate) threshold: u8,
    /// Contacts by name or DID, 2 to 16
    #[arg(required = true, num_args = 2..=16)]
    pub(crate) who: Vec<String>,
    #[command(flatten)]
    pub(crate) words: WordsArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct SplitArgs {
    /// How many shares are needed to come back
    #[arg(long, short = 't', value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) threshold: u8,
    /// How many shares there are
    #[arg(long, short = 'n', value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) shares: u8,
    /// Write each share into a file of its own in this folder, instead of printing them
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) words: WordsArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RecoverArgs {
    /// A file with a share, or with several, one a line; may be given several times
    #[arg(long, value_name = "FILE", conflicts_with = "words_file")]
    pub(crate) shares_file: Vec<PathBuf>,
    /// What a guardian shows, `webx:recover?…`; may be given several times
    #[arg(long, value_name = "CODE", conflicts_with_all = ["words_file", "log_file"])]
    pub(crate) guardian: Vec<String>,
    /// Read the 24 recovery words from this file (`-` reads standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) words_file: Option<PathBuf>,
    /// The newest log of your identity, as `webx id show --log` prints it: a new key becomes your only device
    #[arg(long, value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,
    /// Read the new passphrase from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Your name, shown to those you talk to
    #[arg(long, default_value = "Me")]
    pub(crate) name: String,
    /// Name of this device [default: the machine's name]
    #[arg(long)]
    pub(crate) device: Option<String>,
}
