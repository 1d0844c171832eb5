//! The one place that decides whether an app may do something. What is not allowed here is denied.
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use webx_backends::InstallId;
use webx_drive::NodeId;
use webx_wxa::{Area, Permission, PickMode};

use crate::{
    Apps, Denied, Error, Picked, Result,
    apps::Inner,
    model::{AppEvent, AppOp, Granted},
    registry::{Entry, micros},
};

/// Something an app does. Whoever takes requests maps every request of an app to one of these, and refuses what he
/// cannot map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Looks at a file or folder: it lies in something that the person picked for the app.
    DriveRead,
    /// Changes a file or folder: as above, picked for writing.
    DriveWrite,
    /// Uses its own values, documents and blobs.
    Storage,
    /// Reads its own package.
    PackageRead,
    /// Looks at itself: its permissions, its picked files, the state of its backend.
    SelfRead,
    /// Calls its own backend.
    Backend,
    /// Starts a workflow that it declares.
    Workflow,
    /// Shows a notification.
    Notify,
    /// Learns the person's display name.
    IdentityName,
    /// Gets a proof of the person's DID.
    IdentityAuth,
    /// Reads the clipboard.
    ClipboardRead,
    /// Sends and receives messages.
    Messages,
    /// Runs jobs on the compute fabric.
    Compute,
    /// Proposes payments.
    Wallet,
    /// Uses a part of the system; only apps that came with the program.
    System(Area),
}

/// A question to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// What is done.
    pub operation: Operation,
    /// To what, for [`Operation::DriveRead`] and [`Operation::DriveWrite`].
    pub object: Option<NodeId>,
    /// Bytes that go in or out with it, as far as known.
    pub bytes: u64,
}

impl Ask {
    /// A question without object and bytes.
    #[must_use]
    pub fn new(operation: Operation) -> Ask {
        Ask {
            operation,
            object: None,
            bytes: 0,
        }
    }

    /// A question about a file or folder.
    #[must_use]
    pub fn about(operation: Operation, node: NodeId) -> Ask {
        Ask {
            object: Some(node),
            ..Ask::new(operation)
        }
    }
}

/// Decides. Clones share one registry.
#[derive(Clone)]
pub struct Broker(pub(crate) Arc<Inner>);

impl Broker {
    /// Whether the app may do this now. Denied is everything that its manifest does not ask for, that the person did not
    /// grant, that is not picked, or that is more than its budget; and everything of an app that is not installed.
    ///
    /// # Errors
    /// [`Denied`], with `retry_after` when it is only the budget.
    pub fn check(&self, install: InstallId, ask: &Ask) -> Result<(), Denied> {
        let registry = self.0.registry();
        let Ok(entry) = registry.get(install) else {
            return Err(Denied::new("the app is not installed"));
        };
        self.0.allowed(&entry, ask)?;
        self.0
            .budgets
            .spend(install, entry.system.is_some(), ask.bytes, Instant::now())
    }

    /// Counts bytes that could not be told before.
    pub fn spent(&self, install: InstallId, bytes: u64) {
        self.0.budgets.charge(install, bytes);
    }

    /// Hosts that the app may speak with now, as they stand in its manifest.
    #[must_use]
    pub fn network_hosts(&self, install: InstallId) -> Vec<webx_wxa::Host> {
        let registry = self.0.registry();
        registry
            .get(install)
            .map(|entry| hosts(&entry))
            .unwrap_or_default()
    }
}

fn hosts(entry: &Entry) -> Vec<webx_wxa::Host> {
    entry
        .keys()
        .filter_map(|key| match key.permission() {
            Some(Permission::Network { hosts }) => Some(hosts),
            _ => None,
        })
        .flatten()
        .collect()
}

impl Inner {
    fn allowed(&self, entry: &Entry, ask: &Ask) -> Result<(), Denied> {
        let system =
            |area: Area| entry.system.is_some() && entry.has(&format!("system:{}", area.name()));
        let key = match ask.operation {
            Operation::PackageRead | Operation::SelfRead | Operation::Workflow => return Ok(()),
            Operation::Backend if entry.package.manifest.backend.is_some() => return Ok(()),
            Operation::Backend => return Err(Denied::new("the app has no backend")),
            Operation::System(area) if system(area) => return Ok(()),
            Operation::System(area) => {
                return Err(Denied::new(format!(
                    "only a part of the system may use {}",
                    area.name()
                )));
            }
            Operation::DriveRead | Operation::DriveWrite if system(Area::Drive) => return Ok(()),
            Operation::DriveRead => return self.may_touch(entry, ask.object, PickMode::Read),
            Operation::DriveWrite => return self.may_touch(entry, ask.object, PickMode::Write),
            Operation::IdentityName | Operation::IdentityAuth if system(Area::Identity) => {
                return Ok(());
            }
            Operation::Storage => "storage:own",
            Operation::Notify => "notify",
            Operation::IdentityName => "identity:name",
            Operation::IdentityAuth => "identity:did-auth",
            Operation::ClipboardRead => "clipboard",
            Operation::Messages => "messages",
            Operation::Compute => "compute",
            Operation::Wallet => "wallet",
        };
        if entry.has(key) {
            Ok(())
        } else {
            Err(Denied::new(format!(
                "the app does not have the permission {key}"
            )))
        }
    }

    /// Whether a node is, or lies in, something that the person picked for the app.
    fn may_touch(&self, entry: &Entry, node: Option<NodeId>, mode: PickMode) -> Result<(), Denied> {
        let denied = || Denied::new("the person did not pick this for the app");
        let node = node.ok_or_else(denied)?;
        // Taking the permission back takes back what was picked with it.
        let covers = |picked: &NodeId| {
            entry.picked.get(picked).is_some_and(|(picked, _)| {
                *picked >= mode
                    && match mode {
                        PickMode::Read => {
                            entry.has("storage:pick:read") || entry.has("storage:pick:write")
                        }
                        PickMode::Write => entry.has("storage:pick:write"),
                    }
            })
        };
        if entry.picked.is_empty() {
            return Err(denied());
        }
        let above = || self.drive.ancestors(node).unwrap_or_default();
        let covered = covers(&node)
            || covers(&NodeId::ROOT)
            || above().iter().any(|(folder, _)| covers(folder));
        if covered && self.is_live(node) {
            Ok(())
        } else {
            Err(denied())
        }
    }

    /// Whether a node is in the tree, and not in the trash.
    fn is_live(&self, node: NodeId) -> bool {
        let mut at = node;
        loop {
            match self.drive.node(at) {
                Ok(found) if found.trashed.is_some() => return false,
                Ok(found) => match found.parent {
                    None => return at == NodeId::ROOT,
                    Some(parent) => at = parent,
                },
                Err(_) => return false,
            }
        }
    }

    /// Whether the app may send a request there.
    pub(crate) fn may_reach(
        &self,
        install: InstallId,
        to: &webx_backends::Authority,
    ) -> Result<(), Denied> {
        let registry = self.registry();
        let Ok(entry) = registry.get(install) else {
            return Err(Denied::new("the app is not installed"));
        };
        if !to.https() {
            return Err(Denied::new(format!(
                "{to} is not encrypted; only https is allowed"
            )));
        }
        if to.port() != 443 {
            return Err(Denied::new(format!("{to} has another port than 443")));
        }
        if !hosts(&entry).iter().any(|host| host.covers(to.host())) {
            return Err(Denied::new(format!(
                "the app does not have the permission network:{}",
                to.host()
            )));
        }
        self.budgets
            .spend(install, entry.system.is_some(), 0, Instant::now())
    }
}

impl Apps {
    /// What an app asks for, and what it has.
    ///
    /// # Errors
    /// [`Error::NotInstalled`].
    pub fn grants(&self, install: InstallId) -> Result<Vec<Granted>> {
        let entry = self.0.registry().get(install)?;
        Ok(self.0.permissions(&entry))
    }

    /// Gives and takes back permissions; both at once or neither. What is taken back ends at once.
    ///
    /// # Errors
    /// [`Error::NotAsked`] for a key that the app does not ask for; [`Error::NotInstalled`]; [`Error::System`] for a part
    /// of the system, which keeps what it came with.
    pub fn set_grants(
        &self,
        install: InstallId,
        grant: &[String],
        revoke: &[String],
    ) -> Result<Vec<Granted>> {
        let inner = &self.0;
        let entry = inner.registry().get(install)?;
        if entry.system.is_some() {
            return Err(Error::System(entry.package.manifest.name.clone()));
        }
        let asks = entry.package.manifest.permissions.asks();
        if let Some(stray) = grant
            .iter()
            .chain(revoke)
            .find(|key| asks.iter().all(|ask| ask.key.as_str() != *key))
        {
            return Err(Error::NotAsked(stray.chars().take(100).collect()));
        }
        let now = micros(inner.now());
        inner.db().write(|tx| {
            for key in grant {
                tx.prepare_cached(
                    "INSERT INTO app_grant VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                )?
                .execute((install.uuid().as_bytes(), key, now))?;
            }
            for key in revoke {
                tx.prepare_cached("DELETE FROM app_grant WHERE install = ?1 AND key = ?2")?
                    .execute((install.uuid().as_bytes(), key))?;
            }
            Ok::<_, Error>(())
        })?;
        inner.regranted(&entry)?;
        if revoke.iter().any(|key| key == "native-code") {
            inner.stop_backend(install);
        }
        self.grants(install)
    }

    /// Gives an app a file or folder that the person picked; a folder with all that is in it. Picking it again replaces
    /// the mode.
    ///
    /// # Errors
    /// [`Error::Denied`] when the app does not have the permission for picked files of this mode; [`Error::NotFound`] when
    /// there is no such file; [`Error::NotInstalled`].
    pub fn pick(&self, install: InstallId, node: NodeId, mode: PickMode) -> Result<Picked> {
        let inner = &self.0;
        let entry = inner.registry().get(install)?;
        let name = inner.drive.node(node)?.name;
        let may = match mode {
            PickMode::Read => entry.has("storage:pick:read") || entry.has("storage:pick:write"),
            PickMode::Write => entry.has("storage:pick:write"),
        };
        if !may {
            return Err(Denied::new(
                "the app does not have the permission to open files that are picked for it",
            )
            .into());
        }
        let now = inner.now();
        let text = if mode == PickMode::Write {
            "write"
        } else {
            "read"
        };
        inner.db().write(|tx| {
            tx.execute(
                "INSERT INTO app_picked VALUES (?1, ?2, ?3, ?4) ON CONFLICT (install, node) DO UPDATE SET mode = excluded.mode",
                (install.uuid().as_bytes(), node.as_bytes(), text, micros(now)),
            )?;
            Ok::<_, Error>(())
        })?;
        inner.regranted(&entry)?;
        Ok(Picked {
            node,
            mode,
            name: Some(name),
            at: now,
        })
    }

    /// Takes a picked file or folder back. Returns whether the app had it.
    ///
    /// # Errors
    /// [`Error::NotInstalled`], [`Error::Vault`].
    pub fn unpick(&self, install: InstallId, node: NodeId) -> Result<bool> {
        let entry = self.0.registry().get(install)?;
        let gone = self.0.db().write(|tx| {
            Ok::<_, Error>(tx.execute(
                "DELETE FROM app_picked WHERE install = ?1 AND node = ?2",
                (install.uuid().as_bytes(), node.as_bytes()),
            )?)
        })?;
        self.0.regranted(&entry)?;
        Ok(gone > 0)
    }

    /// What the person picked for an app.
    ///
    /// # Errors
    /// [`Error::NotInstalled`].
    pub fn picked(&self, install: InstallId) -> Result<Vec<Picked>> {
        let entry = self.0.registry().get(install)?;
        Ok(self.0.picked(&entry))
    }
}

impl Inner {
    fn regranted(&self, entry: &Entry) -> Result<()> {
        self.reload()?;
        self.tell(AppEvent {
            op: AppOp::Grants,
            install: entry.install,
            app: entry.app.clone(),
        });
        Ok(())
    }
}

/// Requests an ordinary app may make in a second, and at once.
const REQUESTS: (f64, f64) = (100.0, 500.0);
/// Bytes of an ordinary app in a second, and at once.
const BYTES: (f64, f64) = (32.0 * 1024.0 * 1024.0, 256.0 * 1024.0 * 1024.0);
/// Requests of a part of the system.
const SYSTEM_REQUESTS: (f64, f64) = (2_000.0, 20_000.0);

/// How much each app used lately.
#[derive(Default)]
pub(crate) struct Budgets(Mutex<HashMap<InstallId, Budget>>);

struct Budget {
    requests: f64,
    bytes: f64,
    at: Instant,
}

impl Budgets {
    /// Takes one request and its bytes out of the app's budget.
    pub(crate) fn spend(
        &self,
        install: InstallId,
        system: bool,
        bytes: u64,
        now: Instant,
    ) -> Result<(), Denied> {
        let (rate, most) = if system { SYSTEM_REQUESTS } else { REQUESTS };
        let mut all = self.0.lock();
        let budget = all.entry(install).or_insert(Budget {
            requests: most,
            bytes: BYTES.1,
            at: now,
        });
        let passed = now.saturating_duration_since(budget.at).as_secs_f64();
        budget.at = now;
        budget.requests = (budget.requests + passed * rate).min(most);
        budget.bytes = (budget.bytes + passed * BYTES.0).min(BYTES.1);
        let short = |have: f64, rate: f64, needed: f64| ((needed - have) / rate).max(0.0);
        let mut wait = short(budget.requests, rate, 1.0);
        if !system {
            // A single large request may take all there is, and the next ones wait for it.
            wait = wait.max(short(budget.bytes, BYTES.0, 1.0));
        }
        if wait > 0.0 {
            return Err(Denied {
                code: "app-budget",
                detail: "the app asks for more than its share; it may go on in a moment".into(),
                retry_after: Some(Duration::from_secs_f64(wait)),
            });
        }
        budget.requests -= 1.0;
        budget.bytes -= bytes as f64;
        Ok(())
    }

    fn charge(&self, install: InstallId, bytes: u64) {
        if let Some(budget) = self.0.lock().get_mut(&install) {
            budget.bytes -= bytes as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_flood_is_denied_until_the_budget_has_grown_again() {
        let budgets = Budgets::default();
        let (app, other) = (InstallId::nil(), InstallId::from(uuid::Uuid::from_u128(1)));
        let start = Instant::now();
        let passed = (0..10_000)
            .filter(|_| budgets.spend(app, false, 0, start).is_ok())
            .count();
        assert_eq!(passed, 500);
        let denied = budgets.spend(app, false, 0, start).unwrap_err();
        assert_eq!(denied.code, "app-budget");
        assert!(
            budgets.spend(other, false, 0, start).is_ok(),
            "one app does not slow another"
        );
        let later = start + denied.retry_after.unwrap() + Duration::from_millis(1);
        assert!(budgets.spend(app, false, 0, later).is_ok());
        assert!(budgets.spend(app, false, 0, later).is_err());
    }

    #[test]
    fn many_bytes_are_paid_for_afterwards() {
        let budgets = Budgets::default();
        let (app, start) = (InstallId::nil(), Instant::now());
        assert!(budgets.spend(app, false, 300 << 20, start).is_ok());
        let wait = budgets
            .spend(app, false, 1, start)
            .unwrap_err()
            .retry_after
            .unwrap();
        assert!(wait > Duration::from_secs(1) && wait < Duration::from_secs(2));
        assert!(
            budgets.spend(app, true, 1 << 40, start).is_ok(),
            "a part of the system moves files of any size"
        );
    }
}
