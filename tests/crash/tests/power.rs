//! Power cuts: the disk as it may be found after one, at many moments of recorded runs, opens by itself and holds
//! everything that had been acknowledged.
//!
//! `WEBX_FAULT_SCHEDULES` sets the cuts of each test, `WEBX_CRASH_SEED` the moments and the load.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::{fs, path::Path};

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use webx_crash::{
    harness::{Bench, explain, number, run, seed, under_faults},
    image::{Disk, Loss, Names, output, read_journal},
    model::Model,
    words::listen,
};

const DRIVER: &str = env!("CARGO_BIN_EXE_webx-crash-driver");
/// Cuts tried at one recorded run.
const CUTS_OF_A_RUN: u64 = 4;
/// Runs after which a test begins with an empty disk again.
const LIFE: u64 = 6;

fn cut_the_power(test: &str, store: &'static str, loss: Loss, names: Names, operations: u64) {
    let cuts = number("WEBX_FAULT_SCHEDULES", 24);
    let seed = seed(test);
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut tried = 0;
    let mut run_number = 0;
    let mut bench = Bench::new(DRIVER, store, 2).unwrap();
    let mut rebuilt = 0;
    while tried < cuts {
        if run_number % LIFE == 0 {
            rebuilt += bench.rebuilt.get();
            bench = Bench::new(DRIVER, store, 2).unwrap();
            fs::create_dir_all(bench.data()).unwrap();
        }
        run_number += 1;
        let base = bench.beside("base");
        copy(&bench.data(), &base);
        let journal = bench.beside("journal");
        let mut command = bench
            .command(
                "both",
                &bench.data(),
                &bench.model,
                rng.random(),
                operations,
            )
            .unwrap();
        under_faults(&mut command, &bench.data(), Some(&journal), None).unwrap();
        let outcome = run(command, None).unwrap();
        assert!(
            outcome.status.success(),
            "seed {seed}: {}",
            explain(&outcome)
        );
        let records = read_journal(&fs::read(&journal).unwrap());
        let mut next: Option<Model> = None;
        for cut in 0..CUTS_OF_A_RUN {
            let moment = rng.random_range(1..=records.len());
            let mut model = bench.model.clone();
            model.hear(&listen(&output(&records[..moment])));
            let image_seed: u64 = rng.random();
            let mut image_rng = SmallRng::seed_from_u64(image_seed);
            let image = bench.beside("image");
            let _ = fs::remove_dir_all(&image);
            // The run went on from `base`, under the name of the data folder.
            let mut disk = Disk::before(&base, &bench.data(), names).unwrap();
            disk.play(&records[..moment], &mut image_rng);
            disk.write(loss, &mut image_rng, &image).unwrap();
            let spare = bench.beside("spare");
            copy(&image, &spare);
            let checked = bench.check(&image, &model).unwrap_or_else(|error| {
                fs::write(bench.beside("model.json"), serde_json::to_vec(&model).unwrap()).unwrap();
                let records = records.len();
                panic!(
                    "seed {seed}, run {run_number}, cut {cut} behind record {moment} of {records}; the disk is in {}, \
                     what must be there in model.json beside it: {error:#}",
                    spare.display(),
                )
            });
            tried += 1;
            next = Some(checked);
        }
        // Goes on with the disk of the last cut, as it was checked.
        bench.model = next.unwrap();
        fs::remove_dir_all(bench.data()).unwrap();
        fs::rename(bench.beside("image"), bench.data()).unwrap();
    }
    rebuilt += bench.rebuilt.get();
    println!(
        "{tried} power cuts in {run_number} runs, nothing acknowledged lost, {rebuilt} times the index was rebuilt"
    );
}

fn copy(from: &Path, to: &Path) {
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

#[test]
fn a_vault_survives_a_power_cut_that_loses_whole_writes() {
    cut_the_power("blocks-whole", "blocks", Loss::Whole, Names::Journaled, 60);
}

#[test]
fn a_vault_survives_a_power_cut_that_tears_writes() {
    cut_the_power("blocks-torn", "blocks", Loss::Torn, Names::Journaled, 60);
}

#[test]
fn a_vault_survives_a_power_cut_on_a_disk_that_saves_no_name_unasked() {
    cut_the_power("blocks-strict", "blocks", Loss::Torn, Names::Strict, 60);
}

#[test]
fn a_drive_survives_a_power_cut_that_loses_whole_writes() {
    cut_the_power("drive-whole", "drive", Loss::Whole, Names::Journaled, 40);
}

#[test]
fn a_drive_survives_a_power_cut_that_tears_writes() {
    cut_the_power("drive-torn", "drive", Loss::Torn, Names::Journaled, 40);
}

#[test]
fn a_drive_survives_a_power_cut_on_a_disk_that_saves_no_name_unasked() {
    cut_the_power("drive-strict", "drive", Loss::Torn, Names::Strict, 40);
}

/// The test of the test: when syncing does nothing, acknowledged files go missing and the check says so.
#[test]
fn the_check_notices_a_disk_that_lies_about_syncing() {
    let mut noticed = 0;
    for seed in 0..6 {
        let mut rng = SmallRng::seed_from_u64(seed);
        let bench = Bench::new(DRIVER, "drive", 2).unwrap();
        fs::create_dir_all(bench.data()).unwrap();
        let (base, journal, image) = (
            bench.beside("base"),
            bench.beside("journal"),
            bench.beside("image"),
        );
        copy(&bench.data(), &base);
        let mut command = bench
            .command("both", &bench.data(), &bench.model, seed, 20)
            .unwrap();
        under_faults(&mut command, &bench.data(), Some(&journal), None).unwrap();
        run(command, None).unwrap();
        let records = read_journal(&fs::read(&journal).unwrap());
        let mut model = bench.model.clone();
        model.hear(&listen(&output(&records)));
        let mut disk = Disk::before(&base, &bench.data(), Names::Lying).unwrap();
        disk.play(&records, &mut rng);
        disk.write(Loss::Torn, &mut rng, &image).unwrap();
        noticed += u64::from(bench.check(&image, &model).is_err());
    }
    assert!(noticed >= 4, "only {noticed} of 6 lost disks were noticed");
}
