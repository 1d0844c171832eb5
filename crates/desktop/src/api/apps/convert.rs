//! From the registry's types to those of the API.

use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use webx_backends::{CallError, InstallId, State};
use webx_wxa::{Ask, Claim, manifest};

use super::model::*;
use crate::http::{origin::Hosts, problem::Problem};

/// An installation's name in an address.
pub(crate) fn install_id(text: &str) -> Result<InstallId, Problem> {
    text.parse()
        .map_err(|_| Problem::not_found("an app with this id"))
}

/// An installed app, with the origin it has on this node.
pub(crate) fn app(app: webx_apps::App, label: &str, hosts: &Hosts) -> App {
    let window = app.window();
    let manifest = app.manifest;
    App {
        install: app.install.to_string(),
        app: app.app.to_string(),
        id: manifest.id,
        name: manifest.name,
        version: manifest.version.to_string(),
        category: manifest.category.name().to_owned(),
        description: manifest.description,
        publisher: app.publisher.into(),
        system: app.system,
        entry: match manifest.entry {
            manifest::Entry::Builtin { module, style } => Entry::Builtin { module, style },
            manifest::Entry::Iframe { start } => Entry::Iframe {
                origin: hosts.app_origin(label),
                start,
            },
        },
        backend: app.backend.map(|b| Backend {
            kind: b.kind.into(),
            state: b.state.into(),
        }),
        icon: manifest.icon,
        window: WindowHint {
            width: window.width,
            height: window.height,
            single: window.single,
        },
        languages: manifest.languages,
        size: app.size,
        data_size: app.data_size,
        quota: app.quota,
        installed_at: app.installed_at,
        updated_at: app.updated_at,
        previous_version: app.previous_version,
        permissions: app
            .permissions
            .into_iter()
            .map(|p| permission(p.ask, p.granted))
            .collect(),
        picked: app.picked.into_iter().map(Into::into).collect(),
        workflows: manifest
            .workflows
            .into_iter()
            .map(|w| Workflow {
                name: w.name,
                title: w.title,
            })
            .collect(),
    }
}

/// Something that is asked for.
pub(crate) fn permission(ask: Ask, granted: bool) -> AppPermission {
    AppPermission {
        key: ask.key.as_str().to_owned(),
        permission: asked(ask.permission, ask.reason),
        required: ask.required,
        granted,
    }
}

fn asked(permission: webx_wxa::Permission, reason: String) -> Permission {
    use webx_wxa::{Permission as Asked, Storage};
    match permission {
        Asked::Network { hosts } => Permission::Network {
            hosts: hosts.iter().map(|h| h.as_str().to_owned()).collect(),
            reason,
        },
        Asked::Storage(Storage::Own) => Permission::Storage {
            access: StorageAccess::Own,
            mode: None,
            reason,
        },
        Asked::Storage(Storage::Pick { mode }) => Permission::Storage {
            access: StorageAccess::Pick,
            mode: Some(mode.into()),
            reason,
        },
        Asked::Identity { claims } => Permission::Identity {
            claims: claims
                .iter()
                .map(|c| match c {
                    Claim::Name => IdentityClaim::Name,
                    Claim::DidAuth => IdentityClaim::DidAuth,
                })
                .collect(),
            reason,
        },
        Asked::Messages => Permission::Messages { reason },
        Asked::Notify => Permission::Notify { reason },
        Asked::Compute => Permission::Compute { reason },
        Asked::Wallet => Permission::Wallet { reason },
        Asked::NativeCode => Permission::NativeCode { reason },
        Asked::Clipboard => Permission::Clipboard { reason },
        Asked::Services { apps } => Permission::Services {
            apps: apps.iter().map(ToString::to_string).collect(),
            reason,
        },
        Asked::System { areas } => Permission::System {
            areas: areas.iter().map(|a| a.name().to_owned()).collect(),
            reason,
        },
        other => Permission::Other {
            name: other.kind().to_owned(),
            reason,
        },
    }
}

impl From<webx_apps::Publisher> for Publisher {
    fn from(p: webx_apps::Publisher) -> Self {
        Self {
            did: p.did,
            hash: p.hash,
        }
    }
}

impl From<webx_apps::BackendKind> for BackendKind {
    fn from(kind: webx_apps::BackendKind) -> Self {
        match kind {
            webx_apps::BackendKind::Wasm => Self::Wasm,
            webx_apps::BackendKind::Wsgi => Self::Wsgi,
            webx_apps::BackendKind::Native => Self::Native,
        }
    }
}

impl From<State> for BackendState {
    fn from(state: State) -> Self {
        match state {
            State::Idle => Self::Idle,
            State::Starting => Self::Starting,
            State::Running => Self::Running,
            State::Resting => Self::Resting,
            State::Stopped => Self::Stopped,
        }
    }
}

impl From<webx_wxa::PickMode> for PickMode {
    fn from(mode: webx_wxa::PickMode) -> Self {
        match mode {
            webx_wxa::PickMode::Read => Self::Read,
            webx_wxa::PickMode::Write => Self::Write,
        }
    }
}

impl From<PickMode> for webx_wxa::PickMode {
    fn from(mode: PickMode) -> Self {
        match mode {
            PickMode::Read => Self::Read,
            PickMode::Write => Self::Write,
        }
    }
}

impl From<webx_apps::Picked> for Picked {
    fn from(picked: webx_apps::Picked) -> Self {
        Self {
            node: picked.node.to_string(),
            mode: picked.mode.into(),
            name: picked.name,
        }
    }
}

impl From<webx_apps::Removed> for RemovedApp {
    fn from(removed: webx_apps::Removed) -> Self {
        Self {
            install: removed.install.to_string(),
            app: removed.app.to_string(),
            name: removed.name,
            version: removed.version,
            removed_at: removed.removed_at,
            undo_until: removed.undo_until,
            data_size: removed.data_size,
            delete_data: removed.delete_data,
        }
    }
}

impl From<webx_apps::Inspection> for Inspection {
    fn from(seen: webx_apps::Inspection) -> Self {
        let manifest = seen.manifest;
        Self {
            upload: seen.upload.to_string(),
            digest: seen.digest.to_string(),
            size: seen.size,
            app: seen.app.to_string(),
            icon: seen.icon.map(|icon| data_url(&icon)),
            publisher: seen.publisher.into(),
            update: seen.update.map(|u| UpdateOf {
                install: u.install.to_string(),
                from: u.from,
            }),
            added: seen
                .added
                .into_iter()
                .map(|ask| permission(ask, false))
                .collect(),
            dropped: seen
                .dropped
                .iter()
                .map(|key| key.as_str().to_owned())
                .collect(),
            warnings: seen.warnings,
            manifest: Manifest {
                entry: match manifest.entry {
                    manifest::Entry::Builtin { .. } => EntryMode::Builtin,
                    manifest::Entry::Iframe { .. } => EntryMode::Iframe,
                },
                backend: manifest.backend.as_ref().map(|b| match b {
                    manifest::Backend::Wasm { .. } => BackendKind::Wasm,
                    manifest::Backend::Wsgi {
                        runtime: manifest::Runtime::Component(_),
                        ..
                    } => BackendKind::Wsgi,
                    manifest::Backend::Wsgi { .. } => BackendKind::Native,
                }),
                id: manifest.id,
                name: manifest.name,
                version: manifest.version.to_string(),
                category: manifest.category.name().to_owned(),
                description: manifest.description,
                languages: manifest.languages,
                screenshots: manifest.screenshots.len(),
                source: manifest.source.is_some(),
            },
        }
    }
}

impl From<webx_apps::Begun> for AppWork {
    fn from(begun: webx_apps::Begun) -> Self {
        Self {
            saga: begun.saga.to_string(),
            install: begun.install.to_string(),
        }
    }
}

/// A picture as an address that needs no request.
pub(crate) fn data_url(icon: &webx_apps::Icon) -> String {
    format!(
        "data:{};base64,{}",
        icon.media_type,
        STANDARD.encode(&icon.bytes)
    )
}

impl From<webx_apps::Denied> for Problem {
    fn from(denied: webx_apps::Denied) -> Self {
        let status = if denied.retry_after.is_some() {
            StatusCode::TOO_MANY_REQUESTS
        } else {
            StatusCode::FORBIDDEN
        };
        let problem = Self::new(status, denied.code, denied.detail);
        match denied.retry_after {
            Some(wait) => problem.retry_after(wait.as_secs_f64().ceil() as u64),
            None => problem,
        }
    }
}

impl From<webx_apps::Error> for Problem {
    fn from(error: webx_apps::Error) -> Self {
        use webx_apps::Error;
        let (code, detail) = (error.code(), error.to_string());
        let status = match error {
            Error::Denied(denied) => return denied.into(),
            Error::Vault(error) => return error.into(),
            Error::Drive(error) => return error.into(),
            Error::Services(error) => return error.into(),
            Error::Saga(error) => return error.into(),
            Error::Backend(error) => return error.into(),
            Error::NotInstalled(_) | Error::NotFound(_) | Error::NoUpload | Error::NoBackend => {
                StatusCode::NOT_FOUND
            }
            Error::Refused(_)
            | Error::MissingPermission(_)
            | Error::NotAsked(_)
            | Error::BadName { .. }
            | Error::BadValue(_)
            | Error::Store { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Error::System(_) | Error::Conflict(_) | Error::Changed { .. } => StatusCode::CONFLICT,
            Error::Quota { .. } => StatusCode::INSUFFICIENT_STORAGE,
            Error::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Error::Read(_) => StatusCode::BAD_REQUEST,
            Error::Damaged { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            other => return Self::internal(other),
        };
        Self::new(status, code, detail)
    }
}

impl From<webx_sagas::Error> for Problem {
    fn from(error: webx_sagas::Error) -> Self {
        use webx_sagas::Error;
        let detail = error.to_string();
        match error {
            Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "not-found", detail),
            Error::NotNow { .. } => Self::new(StatusCode::CONFLICT, "not-now", detail),
            Error::Busy { .. } => Self::new(StatusCode::CONFLICT, "not-finished", detail),
            Error::TooMany(_) => Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", detail),
            Error::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail),
            Error::Closed => Self::locked(),
            Error::Vault(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        let problem = Self::new(error.status(), error.code(), error.to_string());
        match error.retry_after() {
            Some(wait) => problem.retry_after(wait.as_secs_f64().ceil() as u64),
            None => problem,
        }
    }
}
