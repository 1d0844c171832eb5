//! What the registry shows.
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;
use webx_backends::{InstallId, State as BackendState};
use webx_drive::NodeId;
use webx_wxa::{AppId, Ask, Digest, Manifest, PermissionKey, PickMode, manifest::Window};

pub use webx_sagas::SagaId;

/// Names a package that was read and waits to be installed: a UUIDv7.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct UploadId(pub(crate) Uuid);

impl std::fmt::Display for UploadId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl std::str::FromStr for UploadId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self)
    }
}

/// Who signed a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Publisher {
    /// The DID.
    pub did: String,
    /// The publisher's part of the app's id; `webx` for parts of the system.
    pub hash: String,
}

/// Something an app asks for, and whether it has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Granted {
    /// What, why, and whether the app needs it.
    #[serde(flatten)]
    pub ask: Ask,
    /// Whether the app has it now.
    pub granted: bool,
}

/// A file or folder that the person picked for an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked {
    /// The file or folder; a folder with all that is in it.
    pub node: NodeId,
    /// What the app may do with it.
    pub mode: PickMode,
    /// Its name now; none when it is gone.
    pub name: Option<String>,
    /// When it was picked.
    pub at: OffsetDateTime,
}

/// What runs an app's backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum BackendKind {
    /// A component.
    Wasm,
    /// A WSGI application, compiled to a component.
    Wsgi,
    /// A WSGI application in a jail.
    Native,
}

/// An app's backend, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackendView {
    /// What runs it.
    pub kind: BackendKind,
    /// What it does.
    pub state: BackendState,
}

/// An installed app.
#[derive(Clone, Debug)]
pub struct App {
    /// Names this installation for good.
    pub install: InstallId,
    /// Names the app.
    pub app: AppId,
    /// What it says about itself: id, name, version, category, description, icon, entry, window, languages, workflows.
    pub manifest: Manifest,
    /// Who signed it.
    pub publisher: Publisher,
    /// Whether it is a part of the system.
    pub system: bool,
    /// Its backend, when it has one.
    pub backend: Option<BackendView>,
    /// Digest of the package.
    pub package: Digest,
    /// Bytes of the package.
    pub size: u64,
    /// Bytes of what it keeps.
    pub data_size: u64,
    /// Bytes that it may keep.
    pub quota: u64,
    /// When it was installed.
    pub installed_at: OffsetDateTime,
    /// When its version was last changed.
    pub updated_at: OffsetDateTime,
    /// The version that a roll-back brings back.
    pub previous_version: Option<String>,
    /// What it asks for, and what it was given.
    pub permissions: Vec<Granted>,
    /// What the person picked for it.
    pub picked: Vec<Picked>,
}

impl App {
    /// The window it opens in, 960 × 640 where it does not say.
    #[must_use]
    pub fn window(&self) -> Window {
        self.manifest.window.unwrap_or(Window {
            width: 960,
            height: 640,
            single: false,
        })
    }
}

/// A removed app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The installation.
    pub install: InstallId,
    /// The app.
    pub app: AppId,
    /// Its name; that of its id when only its data is left.
    pub name: String,
    /// Its version; empty when only its data is left.
    pub version: String,
    /// When it was removed.
    pub removed_at: OffsetDateTime,
    /// Until when it can come back as it was; none when only its data is left.
    pub undo_until: Option<OffsetDateTime>,
    /// Bytes of its data.
    pub data_size: u64,
    /// Whether the data is deleted when the undo has expired.
    pub delete_data: bool,
}

/// What becomes of an app's data when it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// It stays, for an installation that comes later.
    Keep,
    /// It is deleted when the undo has expired.
    Delete,
}

/// A package that was read and can be installed.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Names it until it is installed.
    pub upload: UploadId,
    /// Digest of the package.
    pub digest: Digest,
    /// Bytes of the package.
    pub size: u64,
    /// The app.
    pub app: AppId,
    /// What it says about itself.
    pub manifest: Manifest,
    /// Its icon.
    pub icon: Option<Icon>,
    /// Who signed it.
    pub publisher: Publisher,
    /// Set when it is a newer version of an app that is installed.
    pub update: Option<UpdateOf>,
    /// What is asked for: everything of a new app, only what is new of an update.
    pub added: Vec<Ask>,
    /// What an update no longer asks for.
    pub dropped: Vec<PermissionKey>,
    /// What the person should know before, in sentences.
    pub warnings: Vec<String>,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icon {
    /// For example `image/svg+xml`.
    pub media_type: &'static str,
    /// The picture.
    pub bytes: Vec<u8>,
}

/// What an update replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateOf {
    /// The installation.
    pub install: InstallId,
    /// The version that is installed.
    pub from: String,
}

/// Work that began on an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The saga.
    pub saga: SagaId,
    /// The installation it is about.
    pub install: InstallId,
}

/// A file of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Its bytes.
    pub size: u64,
    /// Their digest.
    pub sha256: Digest,
}

/// What happened to an app.
#[derive(Clone, Debug, PartialEq)]
pub struct AppEvent {
    /// What.
    pub op: AppOp,
    /// The installation.
    pub install: InstallId,
    /// The app.
    pub app: AppId,
}

/// What happened to an app.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AppOp {
    /// It is new.
    Installed,
    /// It has another version.
    Updated,
    /// It is gone.
    Removed,
    /// It came back.
    Restored,
    /// Its permissions or picked files changed.
    Grants,
    /// Its backend started, stopped or failed.
    Backend,
    /// A document changed.
    Data {
        /// The collection.
        collection: String,
        /// The document.
        id: String,
        /// Its version now; none when it was deleted.
        version: Option<u64>,
    },
}

impl AppOp {
    /// The name in live events.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Updated => "updated",
            Self::Removed => "removed",
            Self::Restored => "restored",
            Self::Grants => "grants",
            Self::Backend => "backend",
            Self::Data { .. } => "data",
        }
    }
}

/// The line in the event log about something that was done to an app.
pub(crate) fn detail(install: InstallId, app: &AppId, version: &str) -> Value {
    serde_json::json!({ "install": install.to_string(), "app": app.as_str(), "version": version })
}
