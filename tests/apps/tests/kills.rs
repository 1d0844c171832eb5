//! `kill -9` at every moment of the work on an app: afterwards it is installed or absent, and nothing else is left.
//!
//! `WEBX_CRASH_KILLS` sets how many kills there are at least, `WEBX_CRASH_SEED` which moments are hit twice.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::{
    env, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Mutex,
};

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use serde_json::Value;
use webx_apps_crash::{
    home::WORK,
    state::{State, readable},
};

const DRIVER: &str = env!("CARGO_BIN_EXE_webx-apps-driver");
/// Kills in all.
const KILLS: u64 = 200;

fn number(name: &str, otherwise: u64) -> u64 {
    env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// The processes that this test started.
static STARTED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn drive(mode: &str, data: &Path, work: &str, kill: &str) -> Output {
    let child = Command::new(DRIVER)
        .args([
            mode.as_ref(),
            data.as_os_str(),
            work.as_ref(),
            kill.as_ref(),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    STARTED.lock().unwrap().push(child.id());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> Value {
    assert!(
        output.status.success(),
        "{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn check(data: &Path) -> State {
    let state: State = serde_json::from_value(said(&drive("check", data, "-", "never"))).unwrap();
    let plain = readable(data).unwrap();
    assert!(plain.is_empty(), "readable while locked: {plain:?}");
    state
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Folders in memory that a process of this test made: they carry its number. Other tests run beside this one.
fn in_memory() -> Vec<PathBuf> {
    let Ok(all) = fs::read_dir("/dev/shm") else {
        return Vec::new();
    };
    let started = STARTED.lock().unwrap();
    all.flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let number = name
                .strip_prefix("webx-")
                .and_then(|rest| rest.split('-').next());
            number
                .and_then(|n| n.parse().ok())
                .is_some_and(|n: u32| started.contains(&n))
        })
        .collect()
}

/// A piece of work, and how the home is before and after it.
struct Piece {
    work: &'static str,
    base: PathBuf,
    before: State,
    after: State,
    moments: u64,
}

impl Piece {
    fn new(folder: &Path, work: &'static str) -> Piece {
        let base = folder.join(format!("{work}-base"));
        fs::create_dir_all(&base).unwrap();
        said(&drive("prepare", &base, work, "never"));
        let whole = folder.join(format!("{work}-whole"));
        copy(&base, &whole);
        let before = check(&whole);
        let moments = said(&drive("work", &whole, work, "never"))["moments"]
            .as_u64()
            .unwrap();
        let after = check(&whole);
        assert_ne!(before.rows, after.rows, "{work} does something");
        Piece {
            work,
            base,
            before,
            after,
            moments,
        }
    }

    /// Kills the work at a moment and, with `again`, what goes on after it, or its calling off, at another. Returns how
    /// often the process was killed, and whether the work was done in the end.
    fn kill(&self, folder: &Path, at: u64, again: Option<(&str, u64)>) -> (u64, bool) {
        let data = folder.join("killed");
        let _ = fs::remove_dir_all(&data);
        copy(&self.base, &data);
        let what = format!("{} killed at {at}, then {again:?}", self.work);
        let killed = drive("work", &data, self.work, &at.to_string());
        assert_eq!(
            killed.status.signal(),
            Some(9),
            "{what}: {}",
            String::from_utf8_lossy(&killed.stderr)
        );
        let mut kills = 1;
        if let Some((mode, again)) = again {
            let second = drive(mode, &data, "-", &again.to_string());
            // What was left may have needed fewer moments.
            assert!(
                second.status.success() || second.status.signal() == Some(9),
                "{what}: {second:?}"
            );
            kills += u64::from(!second.status.success());
        }
        let found = check(&data);
        let done = found == self.after;
        assert!(
            done || found == self.before,
            "{what}: neither as before nor as after\nfound {found:#?}\nbefore {:#?}\nafter {:#?}",
            self.before,
            self.after
        );
        (kills, done)
    }
}

#[test]
fn an_app_is_installed_or_absent_whenever_the_process_is_killed() {
    let least = number("WEBX_CRASH_KILLS", KILLS);
    let seed = number("WEBX_CRASH_SEED", rand::random());
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let folder = tempfile::Builder::new()
        .prefix("webx-apps-")
        .tempdir()
        .unwrap();
    let folder = folder.path();
    let pieces: Vec<Piece> = WORK.iter().map(|work| Piece::new(folder, work)).collect();
    let (mut kills, mut done, mut undone) = (0, 0, 0);
    let mut count = |(some, finished): (u64, bool)| {
        kills += some;
        done += u64::from(finished);
        undone += u64::from(!finished);
        kills
    };
    for piece in &pieces {
        println!("{}: {} moments", piece.work, piece.moments);
        for at in 0..piece.moments {
            count(piece.kill(folder, at, None));
        }
    }
    loop {
        let piece = &pieces[rng.random_range(0..pieces.len())];
        let at = rng.random_range(0..piece.moments);
        let mode = if rng.random() { "resume" } else { "call-off" };
        if count(piece.kill(folder, at, Some((mode, rng.random_range(0..piece.moments))))) >= least
        {
            break;
        }
    }
    assert_eq!(
        in_memory(),
        Vec::<PathBuf>::new(),
        "files in memory are left"
    );
    println!("{kills} kills: {done} times all of the work, {undone} times nothing of it");
    assert!(done > 0 && undone > 0);
}

#[test]
fn installing_removing_and_bringing_back_leaves_every_byte_as_it_was() {
    let folder = tempfile::Builder::new()
        .prefix("webx-apps-")
        .tempdir()
        .unwrap();
    let data = folder.path();
    said(&drive("prepare", data, "remove", "never"));
    let before = check(data);
    for _ in 0..2 {
        said(&drive("work", data, "remove", "never"));
        let removed = check(data);
        assert!(removed.installed.is_empty() && removed.removed.len() == 1);
        assert_eq!(removed.blocks, before.blocks, "everything rests");
        said(&drive("work", data, "undo", "never"));
        assert_eq!(check(data), before);
    }
}
