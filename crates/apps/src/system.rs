//! The apps that are part of the system: built into the program, packed and signed here by a key that is thrown away,
//! opened strictly and stored like any other package.
use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use webx_backends::InstallId;
use webx_services::{Event, Level};
use webx_wxa::{Draft, KeySigner, Manifest};

use crate::{
    Error, Result,
    apps::Inner,
    model::detail,
    packages::{drop_package, packages_of},
    registry::{INSTALLED, KEPT, Row, bytes_of, micros, set_grants},
    sealed::random,
};

/// An app that is built into the program.
#[derive(Debug)]
pub struct SystemApp {
    /// Its id.
    pub id: &'static str,
    /// Changes with any of its files.
    pub build: &'static str,
    /// Its files by path, `manifest.json` among them.
    pub files: &'static [(&'static str, &'static [u8])],
}

include!(concat!(env!("OUT_DIR"), "/system.rs"));

/// The apps that are built into this program.
#[must_use]
pub fn system_packages() -> &'static [SystemApp] {
    SYSTEM
}

impl Inner {
    /// Brings the parts of the system to the state of this program. What has not changed since the last opening costs
    /// one question to the database.
    pub(crate) fn place_system(&self, apps: &[SystemApp]) -> Result<()> {
        let rows = self.db().read(Row::all)?;
        for app in apps {
            let name = format!("webx.{}", app.id);
            let row = rows.iter().find(|row| row.app == name);
            let current = row
                .filter(|row| row.state == INSTALLED && row.system.as_deref() == Some(app.build));
            if current.is_none() {
                // One broken part must not keep the person out of all the others.
                if let Err(error) = self.place_one(app, row) {
                    match error {
                        Error::Refused(refusal) => {
                            tracing::error!(app = app.id, %refusal, "a part of the system is refused");
                        }
                        error => return Err(error),
                    }
                }
            }
        }
        let gone = |row: &&Row| {
            row.system.is_some()
                && row.state == INSTALLED
                && apps.iter().all(|app| row.app != format!("webx.{}", app.id))
        };
        for row in rows.iter().filter(gone) {
            self.db().write(|tx| {
                let kept = Row {
                    state: KEPT.into(),
                    package: None,
                    previous: None,
                    removed_at: Some(micros(self.now())),
                    ..row.clone()
                };
                kept.put(tx)?;
                for digest in [row.package, row.previous].into_iter().flatten() {
                    drop_package(tx, &digest)?;
                }
                Ok::<_, Error>(())
            })?;
        }
        Ok(())
    }

    fn place_one(&self, app: &SystemApp, row: Option<&Row>) -> Result<()> {
        let files = || {
            app.files
                .iter()
                .map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()))
        };
        let manifest = app
            .files
            .iter()
            .find(|(path, _)| *path == webx_wxa::MANIFEST);
        let manifest = Manifest::parse(manifest.map(|(_, bytes)| *bytes).unwrap_or_default())?;
        let draft = Draft::new(
            manifest,
            files().filter(|(path, _)| path != webx_wxa::MANIFEST),
        )?;
        let mut seed = [0; 32];
        random(&mut seed)?;
        let signer = KeySigner::new(SigningKey::from_bytes(&seed));
        let now = self.now();
        let bytes = draft.sign_system(&signer, now)?;
        let package = webx_wxa::Package::open_system(bytes.as_slice(), now)?;
        self.stage(&package, &|_| true)?;
        let install = match row {
            Some(row) => row.install,
            None => InstallId::from(self.uuid()?),
        };
        let at = micros(now);
        let keys: BTreeMap<String, i64> = package
            .manifest()
            .permissions
            .asks()
            .into_iter()
            .map(|ask| (ask.key.as_str().to_owned(), at))
            .collect();
        self.db().write(|tx| {
            let next = Row {
                install,
                app: package.app_id().as_str().to_owned(),
                package: Some(package.digest()),
                previous: None,
                system: Some(app.build.to_owned()),
                state: INSTALLED.into(),
                delete_data: false,
                installed_at: row.map_or(at, |row| row.installed_at),
                updated_at: at,
                removed_at: None,
                undo_until: None,
            };
            next.put(tx)?;
            set_grants(tx, "app_grant", install, &keys)?;
            tx.execute(
                "DELETE FROM app_picked WHERE install = ?1",
                [bytes_of(install)],
            )?;
            // The former one, and those of openings that were interrupted.
            for digest in packages_of(tx, package.app_id().as_str())? {
                drop_package(tx, &digest)?;
            }
            Ok::<_, Error>(())
        })?;
        if row.is_some() {
            let version = package.manifest().version.to_string();
            self.events.append(Event {
                kind: "app.updated",
                level: Level::Info,
                subject: format!("{} {version}", package.manifest().name),
                detail: detail(install, &package.app_id(), &version),
            })?;
        }
        Ok(())
    }
}
