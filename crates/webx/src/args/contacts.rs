//! Arguments of `webx contacts`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ContactsCommand {
    /// All contacts, by name
    #[command(visible_alias = "ls")]
    List,
    /// Add somebody by card or DID
    Add {
        /// A card (`webx:contact:…`) or a DID
        #[arg(value_name = "CARD|DID")]
        text: String,
        /// What you call that person; a DID needs it
        #[arg(long)]
        name: Option<String>,
        /// You got the card from that person's own hand: that counts as a comparison
        #[arg(long)]
        in_person: bool,
    },
    /// Everything about a contact: devices, safety number, changes
    Show {
        /// Name or DID
        who: String,
    },
    /// Say that you compared the safety number, and it is the same on both sides
    Verify {
        /// Name or DID
        who: String,
        /// The number that the contact read to you; without it, the number is shown and you are asked
        number: Option<String>,
    },
    /// Go on with a changed safety number without comparing it
    Accept {
        /// Name or DID
        who: String,
        /// The number as you saw it; without it, the number is shown and you are asked
        number: Option<String>,
    },
    /// Want nothing of a contact any more
    Block {
        /// Name or DID
        who: String,
    },
    /// End that
    Unblock {
        /// Name or DID
        who: String,
    },
    /// Give a contact another name
    Rename {
        /// Name or DID
        who: String,
        /// The new name
        name: String,
    },
    /// Write a note about a contact
    Note {
        /// Name or DID
        who: String,
        /// The note; empty removes it
        text: String,
    },
    /// Remove a contact with what is known of him
    #[command(visible_alias = "rm")]
    Remove {
        /// Name or DID
        who: String,
    },
    /// Your own card, for others to add you by
    Card,
    /// Offer a file of the drive to a contact; nothing of it is sent before it is accepted
    Send {
        /// Name or DID
        who: String,
        /// The file in the drive, such as /Pictures/cat.jpg
        path: String,
    },
    /// Files that contacts offer you, and those you offered to others
    Inbox,
    /// Accept a file; it lands in the folder Received. One that failed is tried again
    Fetch {
        /// Its number in `webx contacts inbox`
        id: i64,
    },
    /// Refuse a file, stop one that comes, or withdraw one that you offered; one that has ended is forgotten
    Refuse {
        /// Its number in `webx contacts inbox`
        id: i64,
    },
}
