//! The checks of the doctor. They only look; nothing is changed.

use std::path::Path;
use std::time::{Duration, SystemTime};

use webx_desktop::Home;
use webx_vault::{BlockStore as _, Damage, DataDir, Vault};

use super::{Check, Report};
use crate::output::bytes;

/// Less than this free is worth a word.
const LOW_SPACE: u64 = 1024 * 1024 * 1024;
/// No clock is right that shows an earlier day than this program: 2026-11-01.
const PROGRAM_AGE: Duration = Duration::from_secs(1_793_491_200);
/// Files may be this much younger than the clock before it counts as wrong.
const CLOCK_SLACK: Duration = Duration::from_secs(24 * 3600);

/// Looks at everything that can be looked at: `home` when it is open, every block and file when `deep`.
pub(crate) fn examine(data: &DataDir, home: Option<&Home>, deep: bool) -> Report {
    let mut report = Report::new(vec![folder(data.path()), clock(data.path())]);
    match data.people() {
        Ok(people) if people.is_empty() => {
            report.add(Check::good("header", "no identity was created here yet"));
        }
        Ok(people) => {
            for id in people {
                report.add(header(data, id));
            }
        }
        Err(error) => report.add(Check::damaged(
            "header",
            error.to_string(),
            "check the folder's permissions",
        )),
    }
    match home {
        Some(home) => open_home(&mut report, home, deep),
        None => {
            let why = "the home is locked; give --passphrase-file to look inside";
            for name in ["database", "blocks", "apps", "files"] {
                report.add(Check::skipped(name, why));
            }
        }
    }
    report.add(space(data.path(), home.map(|home| &home.vault)));
    report
}

fn folder(path: &Path) -> Check {
    let shown = path.display().to_string();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if let Ok(metadata) = std::fs::metadata(path)
            && metadata.permissions().mode() & 0o022 != 0
        {
            return Check::warning(
                "folder",
                "other accounts of this machine may write into it",
                "run chmod go-w on it",
            )
            .file(shown);
        }
    }
    Check::good("folder", "there, and held by one process").file(shown)
}

fn header(data: &DataDir, id: webx_vault::PersonId) -> Check {
    match data.locked(id) {
        Ok(locked) => Check::good("header", format!("whole, {} ways in", locked.slots().len())),
        Err(webx_vault::Error::Damaged(damage)) => damaged("header", &damage),
        Err(error) => Check::damaged("header", error.to_string(), "restore a backup"),
    }
}

fn damaged(name: &str, damage: &Damage) -> Check {
    Check::damaged(name, damage.what.clone(), &damage.remedy)
        .file(damage.file.display().to_string())
}

fn open_home(report: &mut Report, home: &Home, deep: bool) {
    let damage = home.vault.health();
    for found in &damage {
        report.add(damaged("database", found));
    }
    if damage.is_empty() {
        report.add(Check::good("database", "every page opens"));
    }
    report.add(match home.vault.blocks().stat() {
        Ok(stat) => Check::good(
            "blocks",
            format!("{} blocks, {}", stat.blocks, bytes(stat.bytes)),
        ),
        Err(error) => Check::damaged("blocks", error.to_string(), "run webx doctor --salvage DIR"),
    });
    super::apps::examine(report, home, deep);
    if !deep {
        report.add(Check::skipped(
            "files",
            "run with --deep to read every byte",
        ));
        return;
    }
    files(report, home);
}

/// Reads every stored byte. Damage is named by the file a person knows.
fn files(report: &mut Report, home: &Home) {
    match home.vault.blocks().verify(|_| true) {
        Ok(verified) => {
            for block in &verified.damaged {
                report.add(damaged("blocks", &block.damage));
            }
            if verified.damaged.is_empty() {
                report.add(Check::good(
                    "blocks",
                    format!("{} read, every hash is right", bytes(verified.bytes)),
                ));
            }
        }
        Err(error) => report.add(Check::damaged(
            "blocks",
            error.to_string(),
            "run webx doctor --salvage DIR",
        )),
    }
    match home.drive.verify(|_| true) {
        Ok(verified) => {
            for file in &verified.damaged {
                report.add(
                    Check::damaged(
                        "files",
                        file.what.clone(),
                        "an earlier version may be whole: webx drive versions; everything else can be read",
                    )
                    .file(file.path.clone()),
                );
            }
            for what in &verified.vault {
                report.add(Check::damaged(
                    "vault",
                    what,
                    "see what it says; all other files can be read",
                ));
            }
            if verified.damaged.is_empty() {
                report.add(Check::good("files", "every file can be read"));
            }
        }
        Err(error) => report.add(Check::damaged(
            "files",
            error.to_string(),
            "run webx doctor --salvage DIR",
        )),
    }
}

fn space(path: &Path, vault: Option<&Vault>) -> Check {
    let free = match vault {
        Some(vault) => vault.free_space().ok(),
        None => free_space(path),
    };
    match free {
        None => Check::skipped("disk", "the free space cannot be read here"),
        Some(free) if free < LOW_SPACE => Check::warning(
            "disk",
            format!("only {} are free", bytes(free)),
            "free some space; writing stops before the disk is full",
        ),
        Some(free) => Check::good("disk", format!("{} are free", bytes(free))),
    }
}

#[cfg(unix)]
fn free_space(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

#[cfg(not(unix))]
fn free_space(_path: &Path) -> Option<u64> {
    None
}

/// The clock against the age of this program and of the files it wrote.
fn clock(data: &Path) -> Check {
    let todo = "set the machine's clock; times of files and events depend on it";
    let now = SystemTime::now();
    if now < SystemTime::UNIX_EPOCH + PROGRAM_AGE {
        return Check::warning(
            "clock",
            "it shows a time before this program was made",
            todo,
        );
    }
    let newest = ["lock", "node.json", "run"]
        .iter()
        .filter_map(|name| data.join(name).metadata().ok()?.modified().ok())
        .max();
    match newest {
        Some(newest) if newest > now + CLOCK_SLACK => Check::warning(
            "clock",
            "it shows a time before the data folder was last used",
            todo,
        ),
        _ => Check::good("clock", "plausible"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::State;
    use super::*;

    #[test]
    fn a_new_folder_is_healthy() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let report = examine(&data, None, false);
        assert!(report.ok, "{report:?}");
    }

    #[test]
    fn a_damaged_header_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let person = data
            .path()
            .join("people/01938a00-0000-7000-8000-000000000001");
        std::fs::create_dir_all(&person).unwrap();
        std::fs::write(person.join("vault.cbor"), b"not a header").unwrap();
        let report = examine(&data, None, false);
        assert!(!report.ok);
        let check = report
            .checks
            .iter()
            .find(|check| check.state == State::Damaged)
            .unwrap();
        assert_eq!(check.name, "header");
        assert!(check.file.as_ref().unwrap().ends_with("vault.cbor"));
        assert!(check.todo.is_some());
    }
}
