//! The door of the crate: what the roof hands in and what it gets back.

use std::{sync::Arc, time::Duration};

use parking_lot::RwLock;
use webx_apps::Apps;
use webx_drive::Drive;
use webx_identity::{DidLog, RecoveryWords};
use webx_services::{EventLog, Notifications};
use webx_vault::{Passphrase, Vault};
use zeroize::Zeroizing;

use crate::{
    devices::{Devices, NewDevice},
    guardians::Guardians,
    qnet::Qnet,
};

/// The floors of one unlocked person. Cheap to clone: every field is a handle.
#[derive(Clone)]
pub struct Home {
    /// The open vault everything else stands on.
    pub vault: Vault,
    /// The file tree.
    pub drive: Drive,
    /// What the node did.
    pub events: EventLog,
    /// What the person should notice.
    pub notifications: Notifications,
    /// The installed apps.
    pub apps: Apps,
    /// Who lives here.
    pub person: Arc<dyn Person>,
    /// The network, and the people one knows.
    pub qnet: Arc<dyn Qnet>,
    /// The devices of the person.
    pub devices: Arc<dyn Devices>,
    /// Who can bring the person back, and whom he can.
    pub guardians: Arc<dyn Guardians>,
}

/// The person of a [`Home`]: what the desktop may read and change of the identity.
///
/// Implemented by whoever keeps the identity record; called from blocking threads.
pub trait Person: Send + Sync + 'static {
    /// The identity as it stands now.
    fn card(&self) -> Result<IdentityCard, OpenError>;
    /// Gives the person or this device another name; `None` leaves it as it is.
    fn rename(
        &self,
        display_name: Option<&str>,
        device_name: Option<&str>,
    ) -> Result<(), OpenError>;
    /// Remembers that the person proved to have written the 24 words down.
    fn confirm_recovery(&self) -> Result<(), OpenError>;
    /// Signs with the key of this device, which [`IdentityCard::log`] names: Ed25519. The caller sees to it that what is
    /// signed says what it is for.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], OpenError>;
}

/// What may be shown of an identity. Holds no secret.
#[derive(Clone, Debug)]
pub struct IdentityCard {
    /// The person's DID.
    pub did: String,
    /// The `did:key` of this device.
    pub device_did: String,
    /// How the person wants to be called.
    pub display_name: String,
    /// How this machine is called.
    pub device_name: String,
    /// When the identity was made.
    pub created_at: time::OffsetDateTime,
    /// Whether the 24 words were proved to be written down.
    pub recovery_confirmed: bool,
    /// The entries of the did:webvh log, oldest first.
    pub log: Vec<serde_json::Value>,
    /// The same log to the letter, as it is published: one entry a line.
    pub log_text: String,
}

/// A new person, as the welcome screen collects it.
pub struct NewPerson {
    /// Opens the vault from now on.
    pub passphrase: Passphrase,
    /// 1 to 64 characters, trimmed, without control characters.
    pub display_name: String,
    /// 1 to 64 characters, trimmed, without control characters.
    pub device_name: String,
}

/// Somebody who has lost every device and has the words again: he kept them, or guardians gave their shares.
pub struct Recovery {
    /// The 24 words.
    pub words: RecoveryWords,
    /// Whether he typed all 24 just now.
    pub typed: bool,
    /// The newest log of the identity, if it is at hand: then a new key becomes the only device. Without it the first version
    /// and the first device's key are taken up, which follow from the words.
    pub log: Option<DidLog>,
    /// Opens the vault from now on.
    pub passphrase: Passphrase,
    /// 1 to 64 characters, trimmed, without control characters.
    pub display_name: String,
    /// 1 to 64 characters, trimmed, without control characters.
    pub device_name: String,
}

/// What a person shows to get in.
pub enum Secret {
    /// The passphrase.
    Passphrase(Passphrase),
    /// The 24 words of the recovery kit.
    Words(RecoveryWords),
}

/// Makes, opens and closes homes. Implemented by the roof, because the order in which floors start is its job.
///
/// Every call may block for seconds (Argon2id) and is made from a blocking thread. The desktop makes one call at a time.
pub trait Opener: Send + Sync + 'static {
    /// Whether a person lives in the data folder. Fast; asked for `GET /api/status`.
    fn exists(&self) -> bool;
    /// Makes the first person and opens the home. The words are shown once and never stored.
    fn create(&self, new: NewPerson) -> Result<(Home, Zeroizing<Vec<String>>), OpenError>;
    /// Makes a home for a person who comes back with the words and opens it: the same DID, an empty drive.
    fn recover(&self, lost: Recovery) -> Result<Home, OpenError>;
    /// Opens the locked home and starts its floors.
    fn unlock(&self, with: Secret) -> Result<Home, OpenError>;
    /// Proves a secret against a home that is already open, with the same delays as [`Opener::unlock`]:
    /// [`OpenError::Wrong`] when it does not fit.
    fn verify(&self, home: &Home, with: Secret) -> Result<(), OpenError>;
    /// Meets another device of the person by its code, for a home here; gives six digits that both devices show. One that was
    /// met before is left.
    fn meet_device(&self, new: NewDevice) -> Result<String, OpenError>;
    /// Waits a few seconds for the person's decision on that device. True when everything for a home here has come; an error ends
    /// the meeting.
    fn await_device(&self) -> Result<bool, OpenError>;
    /// Makes the home from what has come and opens it.
    fn adopt(&self) -> Result<Home, OpenError>;
    /// Gives the meeting up.
    fn leave_device(&self);
    /// Stops the floors in reverse order and locks the vault. Every clone of `home` answers "locked" from then on.
    fn lock(&self, home: Home);
}

/// Why a home did not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The secret does not fit.
    #[error("the passphrase or the words are wrong")]
    Wrong {
        /// How long until the next try is looked at.
        retry_after: Duration,
    },
    /// Too many wrong tries; this one was not looked at.
    #[error("too many wrong tries; try again in {} s", retry_after.as_secs().max(1))]
    TooSoon {
        /// How long until the next try is looked at.
        retry_after: Duration,
    },
    /// The input cannot be used (for example a passphrase that is too short). The text is shown to the person.
    #[error("{0}")]
    BadInput(String),
    /// There is already a person, or there is none yet.
    #[error("{0}")]
    WrongState(String),
    /// The home is damaged. The text names the file and what can be saved.
    #[error("{0}")]
    Damaged(String),
    /// Another device of the person was not met, or did not give what is needed; `code` is a stable word. The text is shown to
    /// the person.
    #[error("{what}")]
    Pairing {
        /// A stable word for programs.
        code: &'static str,
        /// What happened, and what to do.
        what: String,
    },
    /// The home was locked meanwhile.
    #[error("the home is locked")]
    Locked,
    /// Anything else. The text is shown to the person.
    #[error("{0}")]
    Other(String),
}

/// The home that is open right now, if any: the way for the roof's own routes to reach it.
#[derive(Clone, Default)]
pub struct HomeHandle(Arc<RwLock<Option<Home>>>);

impl HomeHandle {
    /// A handle to an empty place.
    pub fn new() -> Self {
        Self::default()
    }

    /// The open home; `None` while the node is locked or welcomes its first person.
    pub fn current(&self) -> Option<Home> {
        self.0.read().clone()
    }

    pub(crate) fn put(&self, home: Home) {
        *self.0.write() = Some(home);
    }

    pub(crate) fn take(&self) -> Option<Home> {
        self.0.write().take()
    }
}

/// How a desktop is served.
pub struct Config {
    /// Makes and opens homes.
    pub opener: Arc<dyn Opener>,
    /// Where the open home is found. Put one in when the roof's routes need it too.
    pub home: HomeHandle,
    /// A home that is already open when the server starts (`--passphrase-file`).
    pub opened: Option<Home>,
    /// The token of `run/control.json`: the command line's way in. At least 32 random bytes, in text.
    pub control_token: Zeroizing<String>,
    /// The roof's own routes, served under `/api/control` to the holder of the control token alone.
    pub control: axum::Router,
    /// The version shown by `GET /api/status`.
    pub version: String,
    /// Upper bounds for what one node serves.
    pub limits: Limits,
}

/// Upper bounds. The defaults fit one household.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open TCP connections; further ones wait in the listener's queue.
    pub connections: usize,
    /// Browsers logged in at once; the one that was quiet longest is logged out for a new one.
    pub sessions: usize,
    /// Live WebSockets at once.
    pub sockets: usize,
    /// Uploads, downloads, imports and archives at once.
    pub transfers: usize,
    /// Largest JSON body in bytes.
    pub json_body: usize,
    /// Largest body of one resumable upload step in bytes.
    pub upload_step: usize,
    /// Largest request head (line and headers) in bytes.
    pub head: usize,
    /// How long a client may take for its request head.
    pub head_timeout: Duration,
    /// How long a client may take for a whole JSON body.
    pub json_timeout: Duration,
    /// How long a stream may stand still before it is dropped.
    pub stall_timeout: Duration,
    /// How long a login lasts without a refresh.
    pub session_life: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            sessions: 32,
            sockets: 32,
            transfers: 48,
            json_body: 256 * 1024,
            upload_step: 16 * 1024 * 1024,
            head: 32 * 1024,
            head_timeout: Duration::from_secs(10),
            json_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(60),
            session_life: Duration::from_secs(15 * 60),
        }
    }
}

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The listener has no address or refuses to accept.
    #[error("cannot listen: {0}")]
    Listen(#[source] std::io::Error),
    /// Listening wider than this machine needs a choice that this version does not offer.
    #[error("{0} is not a loopback address; the desktop is served to this machine only")]
    NotLoopback(std::net::SocketAddr),
    /// The control token is too short to be a secret.
    #[error("the control token must have at least 32 characters")]
    WeakControlToken,
    /// The desktop's tables in the vault could not be opened.
    #[error("cannot open the desktop's own tables: {0}")]
    Tables(String),
}
