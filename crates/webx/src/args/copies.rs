//! Arguments of `webx copies`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum CopiesCommand {
    /// What is agreed with whom, and where the copies of your drive are
    #[command(visible_alias = "ls")]
    List,
    /// Keep so much for a contact, such as `50GB`; 0 ends it
    Give {
        /// Name or DID
        who: String,
        /// Bytes, or a number with KB, MB, GB, TB
        size: String,
    },
    /// Copy what is not copied, and check a sample of what is
    Now,
    /// Bring back the drive of the same 24 words from what contacts keep, into an empty drive
    Restore,
}
