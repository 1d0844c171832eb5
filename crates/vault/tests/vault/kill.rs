//! Sudden death: a child process works on a vault and is killed at a random moment, again and again.
//! `WEBX_TEST_KILLS=300` makes it longer.
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use webx_vault::{BlockStore, Collect, Durability, Unlock};

use super::*;

const CHILD: &str = "WEBX_TEST_KILL_CHILD";

fn body(number: u64) -> Vec<u8> {
    let mut rng = SmallRng::seed_from_u64(number);
    let mut bytes = vec![0; rng.random_range(0..40_000)];
    rng.fill(&mut bytes[..]);
    bytes
}

/// What the killed process does: it says `put n` or `gone n` on stdout only after the vault acknowledged it.
fn work(dir: &Path, seed: u64) {
    let packs = PackOptions {
        segment_bytes: 1 << 20,
        free_floor: 0,
    };
    let data = DataDir::open_with(
        dir,
        Options {
            packs,
            ..Options::default()
        },
    )
    .unwrap();
    let vault = match data.people().unwrap().first() {
        Some(id) => data
            .locked(*id)
            .unwrap()
            .unlock(Unlock::Recovery(&recovery()))
            .unwrap(),
        None => create(&data),
    };
    let table = ["CREATE TABLE item (number INTEGER PRIMARY KEY, mh BLOB NOT NULL UNIQUE)"];
    vault.db().migrate("items", &table).unwrap();
    let say = |text: String| println!("{text}");
    say("ready".into());
    std::thread::scope(|scope| {
        for lane in 0..3u64 {
            let vault = &vault;
            scope.spawn(move || {
                for step in 0.. {
                    let number = seed * 1_000_000 + lane * 100_000 + step;
                    let (mh, bytes) = block(&body(number));
                    let hold = vault.blocks().hold().unwrap();
                    vault
                        .blocks()
                        .put_many(&[(mh, bytes)], Durability::Fsync)
                        .unwrap();
                    let row = (i64::try_from(number).unwrap(), mh.to_bytes());
                    let written = vault.db().write(|tx| {
                        tx.execute("INSERT OR IGNORE INTO item VALUES (?1, ?2)", row)?;
                        Ok::<_, Error>(())
                    });
                    written.unwrap();
                    drop(hold);
                    say(format!("put {number}"));
                    if step % 5 == 4 {
                        let gone = i64::try_from(number - 2).unwrap();
                        say(format!("going {gone}"));
                        vault
                            .db()
                            .write(|tx| {
                                tx.execute("DELETE FROM item WHERE number = ?1", [gone])?;
                                Ok::<_, Error>(())
                            })
                            .unwrap();
                    }
                }
            });
        }
        // Ends the child, and with it the test, when a writer failed.
        while !std::thread::panicking() {
            let options = Collect {
                grace: Duration::ZERO,
                ..Collect::default()
            };
            let live = |mh: &Mh| {
                let sql = "SELECT count(*) FROM item WHERE mh = ?1";
                vault.db().read(|db| {
                    Ok::<_, Error>(
                        db.query_row(sql, [mh.to_bytes()], |row| row.get::<_, i64>(0))? > 0,
                    )
                })
            };
            vault.blocks().collect(&options, live).unwrap();
        }
    });
}

/// Not a test by itself: the child of the next one.
#[test]
fn child_that_is_killed() {
    if let Ok(text) = std::env::var(CHILD) {
        let (seed, dir) = text.split_once(' ').unwrap();
        work(Path::new(dir), seed.parse().unwrap());
    }
}

#[test]
fn killed_at_any_moment_nothing_acknowledged_is_lost() {
    let kills = std::env::var("WEBX_TEST_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(40);
    let seed: u64 = std::env::var("WEBX_TEST_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20_261_122);
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let dir = tempfile::tempdir().unwrap();
    let mut facts: HashMap<u64, bool> = HashMap::new();
    for kill in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "kill::child_that_is_killed",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(CHILD, format!("{kill} {}", dir.path().display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut learn = |line: &str| match line.split_once(' ') {
            Some(("put", number)) => {
                facts.insert(number.parse().unwrap(), true);
            }
            Some(("going", number)) => {
                facts.insert(number.parse().unwrap(), false);
            }
            _ => {}
        };
        let opened = lines
            .by_ref()
            .map_while(Result::ok)
            .any(|line| line.ends_with("ready"));
        assert!(
            opened,
            "kill {kill}: the vault did not open after the last kill"
        );
        let deadline = Instant::now() + Duration::from_micros(rng.random_range(0..120_000));
        while Instant::now() < deadline {
            match lines.next() {
                Some(Ok(line)) => learn(&line),
                _ => panic!("kill {kill}: the child ended by itself"),
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died was acknowledged too; a last half line was not.
        let rest: Vec<String> = lines.map_while(Result::ok).collect();
        rest.iter().for_each(|line| learn(line));
    }
    assert!(facts.len() > kills, "{} facts", facts.len());
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let id = data.people().unwrap()[0];
    let vault = data
        .locked(id)
        .unwrap()
        .unlock(Unlock::Recovery(&recovery()))
        .unwrap();
    for (number, there) in facts {
        let expected = body(number);
        let (mh, bytes) = block(&expected);
        let row = count(
            &vault,
            &format!("SELECT count(*) FROM item WHERE number = {number}"),
        );
        if there {
            assert_eq!(row, 1, "row {number}");
            assert_eq!(
                vault.blocks().get(&mh).unwrap(),
                Some(bytes),
                "block {number}"
            );
        }
    }
    let report = vault.blocks().verify(|_| true).unwrap();
    assert!(report.damaged.is_empty(), "{:?}", report.damaged);
    assert!(vault.health().is_empty(), "{:?}", vault.health());
}
