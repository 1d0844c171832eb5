//! A disk that is full or fails for a while: what was acknowledged stays, the store goes on afterwards and opens by
//! itself, also when the power is cut on top of it.
//!
//! `WEBX_FAULT_SCHEDULES` sets the schedules of each test, `WEBX_CRASH_SEED` the load and the moments.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::{fs, path::PathBuf};

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use webx_crash::{
    harness::{Bench, explain, number, run, seed, under_faults},
    image::{Disk, Loss, Names, output, read_journal},
    record::Record,
    words::{Line, listen},
};

const DRIVER: &str = env!("CARGO_BIN_EXE_webx-crash-driver");
/// Schedules after which a test begins with an empty disk again.
const LIFE: u64 = 8;

/// How many calls of the class of `fault` a run made.
fn calls(fault: &str, records: &[Record]) -> u64 {
    let counts = |record: &&Record| match fault {
        "eio-sync" => {
            matches!(
                record,
                Record::SyncStart { .. } | Record::FolderSyncStart { .. }
            )
        }
        // Reading changes nothing, so it is not in the journal; a run reads about as often as it writes.
        _ => matches!(
            record,
            Record::Write { .. } | Record::Resize { .. } | Record::Create { .. }
        ),
    };
    records.iter().filter(counts).count() as u64
}

fn fail_the_disk(test: &str, store: &'static str, fault: &str, operations: u64) {
    let schedules = number("WEBX_FAULT_SCHEDULES", 24);
    let seed = seed(test);
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(DRIVER, store, 2).unwrap();
    let mut rebuilt = 0;
    // Until a run has shown how many calls there are.
    let mut usual = 400;
    let (mut refused, mut acknowledged) = (0, 0);
    for schedule in 0..schedules {
        if schedule % LIFE == 0 {
            rebuilt += bench.rebuilt.get();
            bench = Bench::new(DRIVER, store, 2).unwrap();
            fs::create_dir_all(bench.data()).unwrap();
        }
        let (base, journal, image) = (
            bench.beside("base"),
            bench.beside("journal"),
            bench.beside("image"),
        );
        copy(&bench.data(), &base);
        let after = rng.random_range(0..usual);
        let long =
            [1, 2, rng.random_range(1..40), rng.random_range(1..400)][rng.random_range(0..4)];
        let (after, long) = if fault == "short" {
            (0, u64::MAX)
        } else {
            (after, long)
        };
        let plan = format!("{fault} {after} {long} {}", rng.random::<u64>());
        let mut command = bench
            .command(
                "work",
                &bench.data(),
                &bench.model,
                rng.random(),
                operations,
            )
            .unwrap();
        under_faults(&mut command, &bench.data(), Some(&journal), Some(&plan)).unwrap();
        let outcome = run(command, None).unwrap();
        // 3 is a store that did not open under the fault; without the fault it must.
        let ended = outcome.status.code();
        assert!(
            matches!(ended, Some(0 | 3)),
            "seed {seed}, schedule {schedule}, {plan}: {}",
            explain(&outcome)
        );
        refused += outcome
            .lines
            .iter()
            .filter(|line| matches!(line, Line::Failed { .. }))
            .count();
        acknowledged += outcome
            .lines
            .iter()
            .filter(|line| matches!(line, Line::Done { .. }))
            .count();

        let records = read_journal(&fs::read(&journal).unwrap());
        usual = calls(fault, &records).max(50);
        let moment = rng.random_range(1..=records.len().max(1));
        let mut cut_model = bench.model.clone();
        cut_model.hear(&listen(&output(&records[..moment.min(records.len())])));
        let _ = fs::remove_dir_all(&image);
        let mut disk = Disk::before(&base, &bench.data(), Names::Journaled).unwrap();
        disk.play(&records[..moment.min(records.len())], &mut rng);
        disk.write(Loss::Whole, &mut rng, &image).unwrap();
        let told = |what: &str, error: anyhow::Error, place: PathBuf| -> ! {
            fs::write(bench.beside("output.json"), format!("{:#?}", outcome.lines)).unwrap();
            panic!(
                "seed {seed}, schedule {schedule}, {plan}, {what}, {}: {error:#}",
                place.display()
            )
        };
        if let Err(error) = bench.check(&image, &cut_model) {
            told("power cut on top", error, image);
        }
        let mut model = bench.model.clone();
        model.hear(&outcome.lines);
        match bench.check(&bench.data(), &model) {
            Ok(checked) => bench.model = checked,
            Err(error) => told("reopened", error, bench.data()),
        }
    }
    rebuilt += bench.rebuilt.get();
    println!(
        "{schedules} schedules of {fault}: {refused} refused, {acknowledged} acknowledged, none lost, {rebuilt} times \
         the index was rebuilt"
    );
    // A write that does only a part is no failure: whoever writes goes on with the rest.
    assert_eq!(
        refused > 0,
        fault != "short",
        "{refused} operations were refused"
    );
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    let _ = fs::remove_dir_all(to);
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

macro_rules! schedules {
    ($($test:ident: $store:literal, $fault:literal, $operations:literal;)*) => {
        $(
            #[test]
            fn $test() {
                fail_the_disk(stringify!($test), $store, $fault, $operations);
            }
        )*
    };
}

schedules! {
    a_vault_on_a_full_disk_loses_nothing: "blocks", "enospc", 60;
    a_vault_whose_writes_fail_loses_nothing: "blocks", "eio-write", 60;
    a_vault_whose_syncs_fail_loses_nothing: "blocks", "eio-sync", 60;
    a_vault_whose_writes_do_only_a_part_goes_on: "blocks", "short", 60;
    a_vault_whose_reads_fail_loses_nothing: "blocks", "eio-read", 60;
    a_drive_whose_writes_do_only_a_part_goes_on: "drive", "short", 40;
    a_drive_whose_reads_fail_loses_nothing: "drive", "eio-read", 40;
    a_drive_on_a_full_disk_loses_nothing: "drive", "enospc", 40;
    a_drive_whose_writes_fail_loses_nothing: "drive", "eio-write", 40;
    a_drive_whose_syncs_fail_loses_nothing: "drive", "eio-sync", 40;
}
