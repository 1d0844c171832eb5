//! Whether one package may replace another, and what it asks for anew.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{AppId, Ask, Package, PermissionKey, PublisherRoot, Refusal};

/// What must be remembered of an installed app to judge its updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// The app.
    pub app_id: AppId,
    /// Its version.
    pub version: Version,
    /// Its publisher.
    pub root: PublisherRoot,
    /// Newest entry of the publisher's log that was seen, for a publisher with a log.
    pub head: Option<String>,
    /// What it asks for, and whether it needs it.
    pub permissions: BTreeMap<PermissionKey, bool>,
}

impl Installed {
    /// What to remember of `package`.
    #[must_use]
    pub fn of(package: &Package<'_>) -> Self {
        let asks = package.manifest().permissions.asks();
        Self {
            app_id: package.app_id(),
            version: package.manifest().version.clone(),
            root: package.publisher().root.clone(),
            head: package.publisher().head.clone(),
            permissions: asks
                .into_iter()
                .map(|ask| (ask.key, ask.required))
                .collect(),
        }
    }
}

/// What an update changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The installed version.
    pub from: Version,
    /// The version that replaces it.
    pub to: Version,
    /// What it asks for that the installed version did not ask for.
    pub added: Vec<Ask>,
    /// What was optional and now is required.
    pub now_required: Vec<Ask>,
    /// What it no longer asks for.
    pub dropped: Vec<PermissionKey>,
    /// Whether the publisher's log has grown since: keys were rotated or devices changed.
    pub log_grew: bool,
}

/// Judges `next` as an update of what is installed: the same app of the same publisher, a publisher
/// log that continues the one seen before, and a higher version.
///
/// # Errors
/// [`Refusal::PublisherChanged`], [`Refusal::OtherApp`], [`Refusal::PublisherForked`],
/// [`Refusal::NotNewer`].
pub fn check_update(installed: &Installed, next: &Package<'_>) -> Result<Change, Refusal> {
    let publisher = next.publisher();
    // Parts of the system come with the program; which key packed them says nothing.
    let system = installed.app_id.system() && next.app_id().system();
    if !system && publisher.root != installed.root {
        return Err(Refusal::PublisherChanged {
            installed: installed.root.to_string(),
            next: publisher.root.to_string(),
        });
    }
    if next.app_id() != installed.app_id {
        return Err(Refusal::OtherApp {
            installed: installed.app_id.to_string(),
            next: next.app_id().to_string(),
        });
    }
    if let Some(head) = &installed.head
        && !system
        && !publisher.continues(head)
    {
        return Err(Refusal::PublisherForked { seen: head.clone() });
    }
    let version = &next.manifest().version;
    if version <= &installed.version {
        return Err(Refusal::NotNewer {
            installed: installed.version.to_string(),
            next: version.to_string(),
        });
    }
    let asks = next.manifest().permissions.asks();
    let kept = |key: &PermissionKey| asks.iter().any(|ask| ask.key == *key);
    let dropped = installed
        .permissions
        .keys()
        .filter(|key| !kept(key))
        .cloned()
        .collect();
    let before = |ask: &Ask| installed.permissions.get(&ask.key).copied();
    Ok(Change {
        from: installed.version.clone(),
        to: version.clone(),
        added: asks
            .iter()
            .filter(|ask| before(ask).is_none())
            .cloned()
            .collect(),
        now_required: asks
            .iter()
            .filter(|ask| ask.required && before(ask) == Some(false))
            .cloned()
            .collect(),
        dropped,
        log_grew: installed.head.is_some() && installed.head != publisher.head,
    })
}
