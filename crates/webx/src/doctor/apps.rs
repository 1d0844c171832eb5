//! What the doctor says of installed apps: their packages, what they keep, and work that needs somebody.

use std::io;

use webx_apps::{App, Apps};
use webx_desktop::Home;
use webx_sagas::State;

use super::{Check, Report};

/// Sagas that are named at most.
const NAMED: usize = 100;

/// Looks at the registry; with `deep` at every byte of packages and data.
pub(super) fn examine(report: &mut Report, home: &Home, deep: bool) {
    let apps = match home.apps.list() {
        Ok(apps) => apps,
        Err(error) => {
            let todo = "run webx doctor --repair after a stop, or restore a backup";
            report.add(Check::damaged("apps", error.to_string(), todo));
            return;
        }
    };
    let mut whole = true;
    if deep {
        for app in &apps {
            whole &= read(report, &home.apps, app);
        }
    }
    if whole {
        let how = if deep { ", every byte can be read" } else { "" };
        report.add(Check::good(
            "apps",
            format!("{} installed{how}", apps.len()),
        ));
    }
    waiting(report, &home.apps);
}

/// Reads a package and everything its app keeps; whether all of it is whole.
fn read(report: &mut Report, apps: &Apps, app: &App) -> bool {
    let mut whole = true;
    let mut note = |what: &str, why: String, todo: &str| {
        whole = false;
        report
            .add(Check::damaged("apps", why, todo).file(format!("{}: {what}", app.manifest.name)));
    };
    match apps.files(app.install) {
        Err(error) => note(
            "package",
            error.to_string(),
            "install it again; its data stays",
        ),
        Ok(files) => {
            for (path, _) in files {
                let read = apps
                    .read_file(app.install, &path)
                    .map_err(|error| error.to_string())
                    .and_then(|(_, mut file)| {
                        io::copy(&mut file, &mut io::sink()).map_err(|error| error.to_string())
                    });
                if let Err(why) = read {
                    note(&path, why, "install it again; its data stays");
                }
            }
        }
    }
    if let Err(error) = apps.export(app.install, io::sink()) {
        note(
            "data",
            error.to_string(),
            "restore a backup; other apps are whole",
        );
    }
    whole
}

/// Sagas that wait for somebody to decide.
fn waiting(report: &mut Report, apps: &Apps) {
    for state in [State::Failed, State::Stuck] {
        for saga in apps
            .sagas()
            .list(Some(state))
            .unwrap_or_default()
            .into_iter()
            .take(NAMED)
        {
            let why = saga.reason.unwrap_or_default();
            report.add(Check::warning(
                "apps",
                format!("{} is not finished: {why}", saga.subject),
                "try again or undo it: webx saga ls",
            ));
        }
    }
}
