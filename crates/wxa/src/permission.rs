//! What an app asks for, piece by piece.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{AppRef, Host, Refusal};

/// A permission as it stands in the manifest; tagged by `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Permission {
    /// Talking to these hosts, over HTTPS and WSS only.
    Network {
        /// Exact names, or `*.` and a name for everything below it.
        hosts: Vec<Host>,
    },
    /// Keeping data.
    Storage(Storage),
    /// Learning something about the person.
    Identity {
        /// What.
        claims: Vec<Claim>,
    },
    /// Sending and receiving messages.
    Messages,
    /// Showing notifications.
    Notify,
    /// Running jobs on the compute fabric.
    Compute,
    /// Proposing payments.
    Wallet,
    /// Running a backend that is native code, in a jail.
    NativeCode,
    /// Reading the clipboard.
    Clipboard,
    /// Calling the services of other apps.
    Services {
        /// Which apps.
        apps: Vec<AppRef>,
    },
    /// Areas of the system itself; only for apps that are part of it.
    System {
        /// Which areas.
        areas: Vec<Area>,
    },
}

/// What kind of storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "access", rename_all = "kebab-case")]
pub enum Storage {
    /// A store of its own, which no other app sees.
    Own,
    /// Files and folders that the person picks, one by one.
    Pick {
        /// Whether it may change them.
        mode: PickMode,
    },
}

/// What an app may do with something that the person picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PickMode {
    /// Read it.
    Read,
    /// Read and change it.
    Write,
}

/// Something about the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// The display name.
    Name,
    /// A proof of the DID, for signing in.
    DidAuth,
}

/// A part of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Area {
    /// All files.
    Drive,
    /// Settings of the system.
    Settings,
    /// The identity and its devices.
    Identity,
    /// Passphrase and recovery.
    Security,
    /// The event log.
    Activity,
    /// Long-running work.
    Jobs,
    /// The WebDAV door.
    Webdav,
    /// Installed apps and their grants.
    Apps,
    /// App stores.
    Store,
    /// Running and failed workflows.
    Sagas,
    /// QNet: peers, invites, limits.
    Network,
    /// The people one knows.
    Contacts,
}

impl Claim {
    pub(crate) const ALL: [(&'static str, Self); 2] =
        [("name", Self::Name), ("did-auth", Self::DidAuth)];
}

impl PickMode {
    pub(crate) const ALL: [(&'static str, Self); 2] =
        [("read", Self::Read), ("write", Self::Write)];
}

impl Area {
    pub(crate) const ALL: [(&'static str, Self); 12] = [
        ("drive", Self::Drive),
        ("settings", Self::Settings),
        ("identity", Self::Identity),
        ("security", Self::Security),
        ("activity", Self::Activity),
        ("jobs", Self::Jobs),
        ("webdav", Self::Webdav),
        ("apps", Self::Apps),
        ("store", Self::Store),
        ("sagas", Self::Sagas),
        ("network", Self::Network),
        ("contacts", Self::Contacts),
    ];

    /// The name in manifests and keys.
    #[must_use]
    pub fn name(self) -> &'static str {
        name(&Self::ALL, self)
    }
}

pub(crate) fn name<T: Copy + PartialEq>(all: &[(&'static str, T)], value: T) -> &'static str {
    all.iter()
        .find(|(_, known)| *known == value)
        .map_or("", |(name, _)| *name)
}

pub(crate) fn value<T: Copy>(all: &[(&'static str, T)], text: &str) -> Option<T> {
    all.iter()
        .find(|(name, _)| *name == text)
        .map(|(_, value)| *value)
}

impl Permission {
    /// The name of the kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Network { .. } => "network",
            Self::Storage(_) => "storage",
            Self::Identity { .. } => "identity",
            Self::Messages => "messages",
            Self::Notify => "notify",
            Self::Compute => "compute",
            Self::Wallet => "wallet",
            Self::NativeCode => "native-code",
            Self::Clipboard => "clipboard",
            Self::Services { .. } => "services",
            Self::System { .. } => "system",
        }
    }

    /// The permission cut into the pieces that are granted one by one: one host, one claim, one
    /// app, one area.
    #[must_use]
    pub fn pieces(&self) -> Vec<Self> {
        match self {
            Self::Network { hosts } => each(hosts, |host| Self::Network { hosts: vec![host] }),
            Self::Identity { claims } => each(claims, |claim| Self::Identity {
                claims: vec![claim],
            }),
            Self::Services { apps } => each(apps, |app| Self::Services { apps: vec![app] }),
            Self::System { areas } => each(areas, |area| Self::System { areas: vec![area] }),
            whole => vec![whole.clone()],
        }
    }

    /// The keys of all pieces.
    #[must_use]
    pub fn keys(&self) -> Vec<PermissionKey> {
        let key = |detail: &str| PermissionKey(format!("{}:{detail}", self.kind()));
        match self {
            Self::Network { hosts } => hosts.iter().map(|host| key(host.as_str())).collect(),
            Self::Storage(Storage::Own) => vec![key("own")],
            Self::Storage(Storage::Pick { mode }) => {
                vec![key(&format!("pick:{}", name(&PickMode::ALL, *mode)))]
            }
            Self::Identity { claims } => each(claims, |claim| key(name(&Claim::ALL, claim))),
            Self::Services { apps } => apps.iter().map(|app| key(app.as_str())).collect(),
            Self::System { areas } => each(areas, |area| key(area.name())),
            _ => vec![PermissionKey(self.kind().to_owned())],
        }
    }
}

fn each<T: Clone, U>(items: &[T], f: impl Fn(T) -> U) -> Vec<U> {
    items.iter().cloned().map(f).collect()
}

/// The stable name of one piece of a permission: `network:api.example.org`, `storage:own`,
/// `storage:pick:read`, `identity:name`, `notify`, `services:own.board`, `system:drive`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PermissionKey(String);

impl PermissionKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The piece that the key names.
    #[must_use]
    pub fn permission(&self) -> Option<Permission> {
        piece(&self.0)
    }
}

fn piece(text: &str) -> Option<Permission> {
    let (kind, detail) = match text.split_once(':') {
        Some((kind, detail)) => (kind, Some(detail)),
        None => (text, None),
    };
    Some(match (kind, detail) {
        ("network", Some(host)) => Permission::Network {
            hosts: vec![host.parse().ok()?],
        },
        ("storage", Some("own")) => Permission::Storage(Storage::Own),
        ("storage", Some(pick)) => Permission::Storage(Storage::Pick {
            mode: value(&PickMode::ALL, pick.strip_prefix("pick:")?)?,
        }),
        ("identity", Some(claim)) => Permission::Identity {
            claims: vec![value(&Claim::ALL, claim)?],
        },
        ("services", Some(app)) => Permission::Services {
            apps: vec![app.parse().ok()?],
        },
        ("system", Some(area)) => Permission::System {
            areas: vec![value(&Area::ALL, area)?],
        },
        ("messages", None) => Permission::Messages,
        ("notify", None) => Permission::Notify,
        ("compute", None) => Permission::Compute,
        ("wallet", None) => Permission::Wallet,
        ("native-code", None) => Permission::NativeCode,
        ("clipboard", None) => Permission::Clipboard,
        _ => return None,
    })
}

impl FromStr for PermissionKey {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match piece(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(Refusal::UnknownPermission {
                at: "permission key".into(),
                kind: crate::refusal::shown(text.as_bytes()),
            }),
        }
    }
}

impl TryFrom<String> for PermissionKey {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<PermissionKey> for String {
    fn from(key: PermissionKey) -> Self {
        key.0
    }
}

impl fmt::Display for PermissionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A permission with the reason that the publisher gives for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// What is asked for.
    #[serde(flatten)]
    pub permission: Permission,
    /// Why, in the publisher's words.
    pub reason: String,
}

/// Everything an app asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Permissions {
    /// Without these the app is not installed.
    pub required: Vec<Request>,
    /// These can be granted and refused one by one, at install or later.
    pub optional: Vec<Request>,
}

/// One piece of what an app asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ask {
    /// Its stable name.
    pub key: PermissionKey,
    /// The piece.
    pub permission: Permission,
    /// Why, in the publisher's words.
    pub reason: String,
    /// Whether the app is not installed without it.
    pub required: bool,
}

impl Permissions {
    /// Every piece that is asked for, required ones first, each once.
    #[must_use]
    pub fn asks(&self) -> Vec<Ask> {
        let mut asks: Vec<Ask> = Vec::new();
        let listed = [(&self.required, true), (&self.optional, false)];
        for (request, required) in listed
            .into_iter()
            .flat_map(|(requests, required)| requests.iter().map(move |one| (one, required)))
        {
            for (key, permission) in request
                .permission
                .keys()
                .into_iter()
                .zip(request.permission.pieces())
            {
                if asks.iter().all(|ask| ask.key != key) {
                    asks.push(Ask {
                        key,
                        permission,
                        reason: request.reason.clone(),
                        required,
                    });
                }
            }
        }
        asks
    }

    /// Whether any piece is one of the system itself.
    #[must_use]
    pub fn system(&self) -> bool {
        self.required
            .iter()
            .chain(&self.optional)
            .any(|request| matches!(request.permission, Permission::System { .. }))
    }
}
