//! `kill -9` at random moments under a mixed load: nothing acknowledged is lost, the store opens by itself.
//!
//! `WEBX_CRASH_KILLS` sets the kills of each test, `WEBX_CRASH_SEED` the moments and the load.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::{fs, time::Duration};

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use webx_crash::{
    harness::{Bench, Kill, explain, number, run, seed},
    words::Line,
};

const DRIVER: &str = env!("CARGO_BIN_EXE_webx-crash-driver");
/// Kills after which a test goes on with a new store.
const LIFE: u64 = 13;

fn kill_again_and_again(test: &str, store: &'static str, workers: usize, kills: u64) {
    let kills = number("WEBX_CRASH_KILLS", kills);
    let seed = seed(test);
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(DRIVER, store, workers).unwrap();
    let (mut died, mut acknowledged) = (0, 0);
    for round in 0.. {
        if round % LIFE == LIFE - 1 {
            bench.model = bench
                .check(&bench.data(), &bench.model)
                .unwrap_or_else(|error| {
                    panic!("after kill {died}, seed {seed}: {error:#}");
                });
            if died >= kills {
                break;
            }
            bench = Bench::new(DRIVER, store, workers).unwrap();
            continue;
        }
        fs::create_dir_all(bench.data()).unwrap();
        let lines = if rng.random_range(0..8) == 0 {
            0
        } else {
            rng.random_range(1..120 * workers)
        };
        let later =
            Duration::from_micros(rng.random_range(0..if lines == 0 { 40_000 } else { 5_000 }));
        let command = bench
            .command("both", &bench.data(), &bench.model, rng.random(), 10_000)
            .unwrap();
        let outcome = run(command, Some(Kill { lines, later })).unwrap();
        let bad =
            |line: &Line| matches!(line, Line::Wrong(_) | Line::Closed(_) | Line::Failed { .. });
        let failed = outcome.lines.iter().find(|line| bad(line));
        assert!(
            failed.is_none() && outcome.status.code().is_none(),
            "after kill {died}, seed {seed}, in {:?}: {failed:?} {}",
            bench.data(),
            explain(&outcome)
        );
        died += 1;
        acknowledged += outcome
            .lines
            .iter()
            .filter(|line| matches!(line, Line::Done { .. }))
            .count();
        bench.model.hear(&outcome.lines);
    }
    println!("{died} kills, {acknowledged} acknowledged operations, none lost");
}

#[test]
fn a_killed_vault_keeps_every_acknowledged_block() {
    kill_again_and_again("blocks", "blocks", 3, 60);
}

#[test]
fn a_killed_drive_keeps_every_acknowledged_file() {
    kill_again_and_again("drive", "drive", 3, 130);
}

#[test]
fn a_killed_drive_of_one_worker_keeps_every_acknowledged_file() {
    kill_again_and_again("drive-alone", "drive", 1, 120);
}
