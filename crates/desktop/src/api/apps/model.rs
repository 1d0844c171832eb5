//! What apps look like outside.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// An installed app.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct App {
    /// Names this installation for good, also over updates.
    pub(crate) install: String,
    /// Names the app: the publisher's hash, a dot and the app's short name; `webx.<id>` for the apps of the program itself.
    pub(crate) app: String,
    /// The app's short name.
    pub(crate) id: String,
    /// What a person calls it.
    pub(crate) name: String,
    /// Semantic version.
    pub(crate) version: String,
    /// What it is for.
    pub(crate) category: String,
    /// What it does, in a sentence.
    pub(crate) description: String,
    /// Who signed it.
    pub(crate) publisher: Publisher,
    /// Whether it came with the program.
    pub(crate) system: bool,
    /// How its windows are made.
    pub(crate) entry: Entry,
    /// Its server side, when it has one.
    #[schema(required = true)]
    pub(crate) backend: Option<Backend>,
    /// The path of its icon in the package.
    pub(crate) icon: String,
    /// The window it opens in.
    pub(crate) window: WindowHint,
    /// The languages it speaks, as BCP 47 tags.
    pub(crate) languages: Vec<String>,
    /// Bytes of the package.
    pub(crate) size: u64,
    /// Bytes of what it keeps.
    pub(crate) data_size: u64,
    /// Bytes that it may keep.
    pub(crate) quota: u64,
    /// When it was installed.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) installed_at: OffsetDateTime,
    /// When its version was last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) updated_at: OffsetDateTime,
    /// The version that a roll-back brings back.
    #[schema(required = true)]
    pub(crate) previous_version: Option<String>,
    /// What it asks for, and what it was given.
    pub(crate) permissions: Vec<AppPermission>,
    /// Files and folders the person picked for it.
    pub(crate) picked: Vec<Picked>,
    /// What it can do over several apps.
    pub(crate) workflows: Vec<Workflow>,
}

/// A saga over the services of several apps.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Workflow {
    pub(crate) name: String,
    /// What a person calls it.
    pub(crate) title: String,
}

/// Who signed a package.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Publisher {
    /// The publisher's DID.
    pub(crate) did: String,
    /// The publisher in 16 letters: the first part of the app's id.
    pub(crate) hash: String,
}

/// How an app's windows are made.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(
    tag = "mode",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Entry {
    /// A module that the OS runs in a frame of its own, with React and the OS's components.
    Builtin {
        /// The module's path in the package.
        module: String,
        /// The style sheet's path in the package.
        #[schema(required = true)]
        style: Option<String>,
    },
    /// A web app as it is, in an origin of its own.
    Iframe {
        /// Its origin, without a slash at the end.
        origin: String,
        /// The path of its first page.
        start: String,
    },
}

/// An app's server side in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Backend {
    /// What runs it.
    pub(crate) kind: BackendKind,
    /// How it stands.
    pub(crate) state: BackendState,
}

/// What runs an app's server side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum BackendKind {
    /// A WebAssembly component.
    Wasm,
    /// A Python web app, compiled to a WebAssembly component.
    Wsgi,
    /// A Python web app with native code, in a jail of the operating system.
    Native,
}

/// How an app's server side stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum BackendState {
    /// Nothing runs; the next request starts it.
    Idle,
    /// It starts.
    Starting,
    /// It answers.
    Running,
    /// It failed; it is started again a while later.
    Resting,
    /// Stopped until somebody starts it again.
    Stopped,
}

/// The window an app would like.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WindowHint {
    /// CSS pixels.
    pub(crate) width: u64,
    /// CSS pixels.
    pub(crate) height: u64,
    /// Whether opening it again shows the window that is open.
    pub(crate) single: bool,
}

/// Something an app asks for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppPermission {
    /// Names the permission in grants.
    pub(crate) key: String,
    /// What is asked for.
    pub(crate) permission: Permission,
    /// Whether the app cannot be installed without it.
    pub(crate) required: bool,
    /// Whether the app has it now.
    pub(crate) granted: bool,
}

/// A permission with the publisher's reason.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Permission {
    /// Speak with servers.
    Network {
        /// Exact names, or `*.` and a name.
        hosts: Vec<String>,
        reason: String,
    },
    /// Keep data of its own, or open what the person picks.
    Storage {
        access: StorageAccess,
        /// For `pick`: whether it may change what it got.
        #[serde(skip_serializing_if = "Option::is_none")]
        mode: Option<PickMode>,
        reason: String,
    },
    /// Know who the person is.
    Identity {
        claims: Vec<IdentityClaim>,
        reason: String,
    },
    /// Send and read messages.
    Messages { reason: String },
    /// Show notifications.
    Notify { reason: String },
    /// Use idle machines.
    Compute { reason: String },
    /// Ask for payments.
    Wallet { reason: String },
    /// Run native code in a jail.
    NativeCode { reason: String },
    /// Read the clipboard.
    Clipboard { reason: String },
    /// Call services of other apps.
    Services {
        /// App ids.
        apps: Vec<String>,
        reason: String,
    },
    /// Parts of the system; only for apps that came with the program.
    System { areas: Vec<String>, reason: String },
    /// Something this version has no more words for.
    Other { name: String, reason: String },
}

/// What storage an app asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StorageAccess {
    Own,
    Pick,
}

/// What an app may do with what was picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PickMode {
    Read,
    Write,
}

/// What an app may learn of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IdentityClaim {
    Name,
    DidAuth,
}

/// A file or folder the person picked for an app.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Picked {
    /// The file or folder.
    pub(crate) node: String,
    /// What the app may do with it.
    pub(crate) mode: PickMode,
    /// Its name now; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// An app that was removed and can come back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemovedApp {
    pub(crate) install: String,
    pub(crate) app: String,
    /// Its name; that of its id when only its data is left.
    pub(crate) name: String,
    /// Its version; empty when only its data is left.
    pub(crate) version: String,
    /// When it was removed.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) removed_at: OffsetDateTime,
    /// Until when it can come back as it was; absent when only its data is left.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub(crate) undo_until: Option<OffsetDateTime>,
    /// Bytes of its data.
    pub(crate) data_size: u64,
    /// Whether its data is deleted when the undo has expired.
    pub(crate) delete_data: bool,
}

/// A package that was read and can be installed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Inspection {
    /// Names the package until it is installed or forgotten.
    pub(crate) upload: String,
    /// SHA-256 of the package, in hexadecimal.
    pub(crate) digest: String,
    /// Bytes of the package.
    pub(crate) size: u64,
    /// The app's id.
    pub(crate) app: String,
    /// What the package says of itself.
    pub(crate) manifest: Manifest,
    /// The icon as a `data:` URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) icon: Option<String>,
    /// Who signed it.
    pub(crate) publisher: Publisher,
    /// Set when it is a newer version of an app that is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update: Option<UpdateOf>,
    /// What is asked for: everything of a new app, only what is new of an update.
    pub(crate) added: Vec<AppPermission>,
    /// Keys of what an update no longer asks for.
    pub(crate) dropped: Vec<String>,
    /// What the person should know before, in sentences.
    pub(crate) warnings: Vec<String>,
}

/// What an update replaces.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateOf {
    /// The installation.
    pub(crate) install: String,
    /// The version that is installed.
    pub(crate) from: String,
}

/// What a package says of itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) category: String,
    pub(crate) description: String,
    /// How its windows are made: `builtin` or `iframe`.
    pub(crate) entry: EntryMode,
    /// What would run its server side.
    #[schema(required = true)]
    pub(crate) backend: Option<BackendKind>,
    pub(crate) languages: Vec<String>,
    /// How many screenshots the package holds.
    pub(crate) screenshots: usize,
    /// Whether the package holds its source.
    pub(crate) source: bool,
}

/// How an app's windows are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum EntryMode {
    Builtin,
    Iframe,
}

/// Work that began on an app; see `/api/sagas`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppWork {
    /// The work.
    pub(crate) saga: String,
    /// The installation it is about.
    pub(crate) install: String,
}
