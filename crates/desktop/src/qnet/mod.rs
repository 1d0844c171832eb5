//! What the desktop asks of QNet and of the people one knows. The roof answers, over the running node and the vault.

mod contacts;
mod copies;
mod fitness;
mod network;
mod settings;
pub(crate) mod tell;
mod transfers;

use futures_util::future::BoxFuture;
use tokio::sync::broadcast;
use webx_identity::Did;

pub use contacts::{
    ContactCard, ContactDetail, ContactDevice, ContactEvent, ContactEventKind, ContactItem,
    ContactOrigin, ContactPatch, ContactTrust, ContactsChange, NewContact,
};
pub use copies::{CopiesView, CopyRound, NewSpace, RestoredDrive, SpaceAgreement};
pub use fitness::{
    Fitness, FitnessDimension, FitnessEffect, FitnessMeasure, FitnessReason, FitnessUnit, Rating,
};
pub use network::{
    FoundNode, Joined, LanStatus, LastResortOutcome, NetworkAlarm, NetworkChange, NetworkDetour,
    NetworkHealth, NetworkInvite, NetworkLan, NetworkLastResort, NetworkNode, NetworkPath,
    NetworkPeer, NetworkPeerDetail, NetworkPoint, NetworkReach, NetworkTraffic, NetworkView,
    NewInvite, OwnRelay, PathKind, PeerConnection, Ping,
};
pub use settings::{NetworkHours, NetworkRates, NetworkRelay, NetworkSettings};
pub use transfers::{NewTransfer, TransferItem, TransferState, TransfersChange};

/// An answer that is on its way.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, QnetError>>;

/// QNet and the contacts of a [`Home`](crate::Home). The contacts live in the vault and are there without QNet, too.
///
/// Lengths and ranges are checked before a call; what a text means is for the implementor to judge.
pub trait Qnet: Send + Sync + 'static {
    /// QNet as this node sees it.
    fn view(&self) -> Answer<'_, NetworkView>;
    /// Who is connected.
    fn peers(&self) -> Answer<'_, Vec<NetworkPeer>>;
    /// Everything known of a node.
    fn peer(&self, node: String) -> Answer<'_, NetworkPeerDetail>;
    /// Looks for a node on the network.
    fn find(&self, node: String) -> Answer<'_, FoundNode>;
    /// Finds a node, connects, and lets both sides prove who they are.
    fn ping(&self, node: String) -> Answer<'_, Ping>;
    /// An invite to this node.
    fn invite(&self, new: NewInvite) -> Answer<'_, NetworkInvite>;
    /// Joins by an invite.
    fn join(&self, invite: String) -> Answer<'_, Joined>;
    /// How QNet is set.
    fn settings(&self) -> Answer<'_, NetworkSettings>;
    /// Sets QNet otherwise, at once and for later. The settings were checked.
    fn configure(&self, settings: NetworkSettings) -> Answer<'_, NetworkSettings>;

    /// Contacts by name.
    fn contacts(&self, offset: u32, limit: u32) -> Answer<'_, Vec<ContactItem>>;
    /// One contact.
    fn contact(&self, did: Did) -> Answer<'_, ContactDetail>;
    /// The own card.
    fn card(&self) -> Answer<'_, ContactCard>;
    /// Adds a contact.
    fn add_contact(&self, new: NewContact) -> Answer<'_, ContactItem>;
    /// Changes what the person keeps about a contact.
    fn change_contact(&self, did: Did, change: ContactPatch) -> Answer<'_, ContactItem>;
    /// Removes a contact.
    fn remove_contact(&self, did: Did) -> Answer<'_, ()>;
    /// Goes on with the keys behind this safety number; `compared` says whether the person compared it with the contact.
    fn trust_contact(
        &self,
        did: Did,
        safety_number: String,
        compared: bool,
    ) -> Answer<'_, ContactItem>;

    /// Files on their way, and the last that ended, the newest first: of all, or with one person.
    fn transfers(&self, did: Option<Did>) -> Answer<'_, Vec<TransferItem>>;
    /// Offers a file of the drive to a contact.
    fn send_file(&self, did: Did, node: String) -> Answer<'_, TransferItem>;
    /// Wants a file that was offered.
    fn accept_transfer(&self, id: i64) -> Answer<'_, ()>;
    /// Ends a transfer, or forgets one that has ended.
    fn end_transfer(&self, id: i64) -> Answer<'_, ()>;

    /// What is agreed with whom about copies, and where those of this drive are.
    fn copies(&self) -> Answer<'_, CopiesView>;
    /// Keeps so many bytes for a contact at most.
    fn give_space(&self, did: Did, bytes: u64) -> Answer<'_, CopiesView>;
    /// Copies what is not copied.
    fn copy_now(&self) -> Answer<'_, CopyRound>;
    /// Brings the newest drive back that contacts keep copies of, into the empty one.
    fn restore_copies(&self) -> Answer<'_, RestoredDrive>;

    /// What changes from now on.
    fn changes(&self) -> broadcast::Receiver<QnetChange>;
}

/// What can change.
#[derive(Clone, Debug)]
pub enum QnetChange {
    /// Peers, or how QNet runs.
    Network(NetworkChange),
    /// Contacts.
    Contacts(ContactsChange),
    /// Files on their way.
    Transfers(TransfersChange),
}

/// Why QNet or the contacts gave no answer. The texts are shown to the person.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QnetError {
    /// QNet does not run.
    #[error("{0}")]
    Off(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// What was sent cannot be used; `code` is a stable word.
    #[error("{what}")]
    BadInput {
        /// A stable word for programs.
        code: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// It cannot be done as things stand; `code` is a stable word.
    #[error("{what}")]
    Conflict {
        /// A stable word for programs.
        code: &'static str,
        /// What stands against it.
        what: String,
    },
    /// These are not the 24 words of this identity.
    #[error("these 24 words are not those of this identity; nothing was changed")]
    WrongWords,
    /// The other node did not answer.
    #[error("{0}")]
    Unreachable(String),
    /// Too much of this is under way.
    #[error("too much is under way; try again in a moment")]
    Busy,
    /// The home is locked.
    #[error("the home is locked")]
    Locked,
    /// Anything else; goes to the log.
    #[error("{0}")]
    Failed(String),
}
