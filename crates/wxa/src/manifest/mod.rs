//! `manifest.json`: what an app is, says about itself, and asks for.

mod fields;
mod locate;
mod permissions;
mod read;
mod rules;

use semver::Version;
use serde::Serialize;
use serde_json::Value;

use crate::{AppRef, Digest, Permissions, Refusal, json, limits::MAX_MANIFEST};

pub use locate::locate;

/// The version of the package format this crate reads and writes.
pub const FORMAT: u64 = 1;
/// The version of the app interface (`@webx/sdk`) that apps are written for.
pub const API: &str = "1";

/// A checked manifest. `docs/wxa.md` gives every rule, `docs/wxa.schema.json` the JSON Schema.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: u64,
    /// Always [`API`].
    pub api: String,
    /// Short name, unique among the publisher's apps: 2 to 40 of a–z, 0–9 and hyphen.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Semantic version, without build metadata.
    pub version: Version,
    /// Where a store lists it.
    pub category: Category,
    /// One or two sentences for people.
    pub description: String,
    /// Path of the icon (SVG, PNG or WebP).
    pub icon: String,
    /// How the app shows itself.
    pub entry: Entry,
    /// The app's own server side.
    pub backend: Option<Backend>,
    /// What it asks for.
    pub permissions: Permissions,
    /// What other apps may call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// Work over the services of several apps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workflows: Vec<Workflow>,
    /// Paths of pictures for a store.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub screenshots: Vec<String>,
    /// Languages that it speaks, as BCP 47 tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// The window that it opens with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Folder of the source, where the package ships it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Where a store lists an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Category {
    Productivity,
    Communication,
    Media,
    Developer,
    Finance,
    Network,
    System,
    Games,
    Education,
    Other,
}

impl Category {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 10] = [
        ("productivity", Self::Productivity),
        ("communication", Self::Communication),
        ("media", Self::Media),
        ("developer", Self::Developer),
        ("finance", Self::Finance),
        ("network", Self::Network),
        ("system", Self::System),
        ("games", Self::Games),
        ("education", Self::Education),
        ("other", Self::Other),
    ];

    /// The name in manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        crate::permission::name(&Self::ALL, self)
    }

    /// The category of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        crate::permission::value(&Self::ALL, name)
    }
}

/// How an app shows itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// One module that the desktop runs in an opaque frame with React and `@webx/ui`.
    Builtin {
        /// Path of the JavaScript module.
        module: String,
        /// Path of its style sheet.
        #[serde(skip_serializing_if = "Option::is_none")]
        style: Option<String>,
    },
    /// A web app with an origin of its own; its static files live under `web/`.
    Iframe {
        /// The address it opens with, beginning with `/`.
        start: String,
    },
}

/// The app's own server side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// A WebAssembly component that handles `wasi:http` requests.
    Wasm {
        /// Path of the component.
        component: String,
        /// Where requests to it begin, like `/_api/`.
        mount: String,
    },
    /// A Python WSGI application.
    Wsgi {
        /// `module:callable`.
        app: String,
        /// Folder of its Python source.
        source: String,
        /// How it runs.
        #[serde(flatten)]
        runtime: Runtime,
        /// Where requests to it begin, like `/`.
        mount: String,
    },
}

impl Backend {
    /// Where requests to it begin.
    #[must_use]
    pub fn mount(&self) -> &str {
        match self {
            Self::Wasm { mount, .. } | Self::Wsgi { mount, .. } => mount,
        }
    }
}

/// How a WSGI application runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    /// Compiled, with Python in it, to a component at this path.
    Component(String),
    /// By the machine's Python, in a jail.
    Native {
        /// The wheels it needs, all of them.
        wheels: Vec<Wheel>,
    },
}

/// A Python wheel in the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wheel {
    /// Its path.
    pub path: String,
    /// Digest of its bytes.
    pub sha256: Digest,
}

/// Something of the backend that other apps may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name, as an `id`.
    pub name: String,
    /// The request's method.
    pub method: Method,
    /// The request's path, below the mount.
    pub path: String,
    /// Whether a second call with the same idempotency key changes nothing more.
    pub idempotent: bool,
}

/// Methods of services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub(crate) const ALL: [(&'static str, Self); 5] = [
        ("GET", Self::Get),
        ("POST", Self::Post),
        ("PUT", Self::Put),
        ("PATCH", Self::Patch),
        ("DELETE", Self::Delete),
    ];

    /// The name in requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        crate::permission::name(&Self::ALL, self)
    }
}

/// Steps over the services of several apps, done in order; when one fails for good, those done
/// before it are undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Workflow {
    /// Its name, as an `id`.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step of a [`Workflow`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its name, as an `id`, unique in the workflow.
    pub name: String,
    /// The app whose service is called; left out for the app itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppRef>,
    /// The service.
    pub service: String,
    /// What is sent: member of the request's JSON object → JSON Pointer into
    /// `{"input":…,"steps":{"<name>":<answer>}}`. Left out: the workflow's input as it is.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "members")]
    pub with: Vec<(String, String)>,
    /// The service of the same app that undoes this step; it gets `{"sent":…,"answer":…}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// How long one try may take, in seconds.
    pub timeout_seconds: u64,
    /// How often it is tried before the workflow is undone.
    pub attempts: u64,
}

fn members<S: serde::Serializer>(
    members: &[(String, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
}

/// The window that an app opens with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Width in CSS pixels.
    pub width: u64,
    /// Height in CSS pixels.
    pub height: u64,
    /// Whether a second one is never opened.
    pub single: bool,
}

impl Manifest {
    /// Reads a manifest, by itself: that the files it names exist is checked with the package.
    ///
    /// # Errors
    /// A [`Refusal`] that names the member; [`locate`] finds its line.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() as u64 > MAX_MANIFEST {
            return Err(Refusal::Limit {
                what: "manifest.json".into(),
                found: bytes.len() as u64,
                limit: MAX_MANIFEST,
            });
        }
        let value = json::parse(bytes)
            .map_err(|error| Refusal::manifest("", format!("is no good JSON: {error}")))?;
        Self::from_value(&value)
    }

    /// Reads a manifest that has been parsed as JSON.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn from_value(value: &Value) -> Result<Self, Refusal> {
        let manifest = read::manifest(value)?;
        rules::check(&manifest)?;
        Ok(manifest)
    }

    /// The manifest as it is written into packages: indented JSON in the order of the
    /// specification.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Maps with text for keys and plain data: there is nothing in it that could fail.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Every path that must be in the package, with the member that names it.
    #[must_use]
    pub fn files(&self) -> Vec<(String, &str)> {
        rules::files(self)
    }

    /// Every folder that must have a file in the package, with the member that names it.
    #[must_use]
    pub fn folders(&self) -> Vec<(String, &str)> {
        rules::folders(self)
    }
}

impl Permissions {
    /// Reads permissions by themselves, in the form that they have in a manifest.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn from_value(value: &Value) -> Result<Self, Refusal> {
        permissions::read(&fields::Field {
            at: "permissions".to_owned(),
            value,
        })
    }
}

impl<'de> serde::Deserialize<'de> for Manifest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(&value).map_err(serde::de::Error::custom)
    }
}
