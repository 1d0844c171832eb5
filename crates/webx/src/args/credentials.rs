//! Arguments of `webx cred`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum CredCommand {
    /// Sign a credential in your name and print it
    Issue {
        /// The credential as JSON, `-` for standard input; issuer, id, context and validFrom are filled in where missing
        file: PathBuf,
        /// How it is signed: eddsa-rdfc-2022, eddsa-jcs-2022, or vc+jwt for a token
        #[arg(long, value_name = "SUITE")]
        suite: Option<String>,
        /// Without an entry in your status list: it can never be withdrawn
        #[arg(long)]
        forever: bool,
        /// Where you publish your status list (https://…), for verifiers who load it from the web
        #[arg(long, value_name = "URL", conflicts_with = "forever")]
        list_at: Option<String>,
    },
    /// Sign claims in your name as an SD-JWT, whose holder discloses claim by claim
    SdJwt {
        /// The claims as JSON, `-` for standard input; vct says what kind of credential it is
        file: PathBuf,
        /// The place of a claim that is disclosed on its own, as a JSON pointer: /name, /address/city, /clubs/0
        #[arg(long, value_name = "POINTER")]
        hide: Vec<String>,
        /// The did:key of the holder's device, who alone can show it then
        #[arg(long, value_name = "DID")]
        holder: Option<String>,
        /// Without an entry in your status list: it can never be withdrawn
        #[arg(long)]
        forever: bool,
        /// Where you publish your status list (https://…), for verifiers who load it from the web
        #[arg(long, value_name = "URL", conflicts_with = "forever")]
        list_at: Option<String>,
    },
    /// Show a part of an SD-JWT that was issued to this device, to one verifier
    Show {
        /// The SD-JWT, `-` for standard input
        file: PathBuf,
        /// The place of a claim to disclose, as a JSON pointer
        #[arg(long, value_name = "POINTER")]
        reveal: Vec<String>,
        /// What the verifier asked to be signed
        #[arg(long)]
        challenge: String,
        /// The name the verifier goes by
        #[arg(long)]
        domain: String,
    },
    /// Judge a credential or a presentation; exit code 1 when it does not hold
    Verify {
        /// The document as JSON, a token or an SD-JWT, `-` for standard input
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
        /// A JSON schema that the credential names
        #[arg(long, value_name = "FILE")]
        schema: Vec<PathBuf>,
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
        /// How it is signed: eddsa-rdfc-2022, eddsa-jcs-2022, or vp+jwt for a token
        #[arg(long, value_name = "SUITE")]
        suite: Option<String>,
    },
    /// Withdraw a credential that you issued
    Revoke {
        /// Its name, as `webx cred ls` shows it
        id: String,
    },
    /// Print your status list, signed now, for those who verify your credentials
    StatusList {
        /// The address where you publish it, when credentials name that
        #[arg(long, value_name = "URL")]
        at: Option<String>,
        /// As a token, for SD-JWTs
        #[arg(long)]
        token: bool,
        /// Signed as this device, for credentials that its did:key has issued
        #[arg(long)]
        device: bool,
    },
    /// The credentials that you issued
    #[command(visible_alias = "ls")]
    List,
}
