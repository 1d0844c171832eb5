//! Arguments of `webx cred`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum CredCommand {
    /// Sign a credential in your name and print it
    Issue {
        /// The credential as JSON, `-` for standard input; issuer, id, context and validFrom are filled in where missing
        file: PathBuf,
        /// How it is signed: eddsa-rdfc-2022 or eddsa-jcs-2022
        #[arg(long, value_name = "SUITE")]
        suite: Option<String>,
        /// Without an entry in your status list: it can never be withdrawn
        #[arg(long)]
        forever: bool,
    },
    /// Judge a credential or a presentation; exit code 1 when it does not hold
    Verify {
        /// The document as JSON, `-` for standard input
        file: PathBuf,
        /// The challenge that a presentation has to answer
        #[arg(long)]
        challenge: Option<String>,
        /// The name that a presentation has to be made for
        #[arg(long)]
        domain: Option<String>,
        /// The identity log of an issuer or holder, as `webx id show --log` prints it
        #[arg(long, value_name = "FILE")]
        log: Vec<PathBuf>,
        /// A status list, as `webx cred status-list` prints it
        #[arg(long, value_name = "FILE")]
        status_list: Vec<PathBuf>,
    },
    /// Show credentials to one verifier and print the presentation
    Present {
        /// The credentials as JSON
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// What the verifier asked to be signed
        #[arg(long)]
        challenge: String,
        /// The name the verifier goes by
        #[arg(long)]
        domain: String,
        /// How it is signed: eddsa-rdfc-2022 or eddsa-jcs-2022
        #[arg(long, value_name = "SUITE")]
        suite: Option<String>,
    },
    /// Withdraw a credential that you issued
    Revoke {
        /// Its name, as `webx cred ls` shows it
        id: String,
    },
    /// Print your status list, signed now, for those who verify your credentials
    StatusList,
    /// The credentials that you issued
    #[command(visible_alias = "ls")]
    List,
}
