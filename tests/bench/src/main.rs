//! Measures what no command can show.
//!
//! `webx-bench small-add --dir DIR --blocks N` makes two drives below DIR, one of them holding N blocks, adds small files to both in turns, and prints
//! the median time of one add in each, in microseconds, as JSON.
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use webx_drive::{Drive, FileMeta, NodeId, OnConflict};
use webx_vault::{
    BlockStore as _, DataDir, Durability, KdfCost, Mh, NewVault, Passphrase, Secret32, Vault,
};

const ADDS: usize = 400;
const WARM_UP: usize = 50;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| arguments.iter().skip_while(|a| *a != name).nth(1).cloned();
    match arguments.first().map(String::as_str) {
        Some("small-add") => {
            let dir = PathBuf::from(value("--dir").context("--dir is missing")?);
            let blocks = value("--blocks").context("--blocks is missing")?.parse()?;
            small_add(&dir, blocks)
        }
        _ => bail!("usage: webx-bench small-add --dir DIR --blocks N"),
    }
}

fn small_add(dir: &Path, blocks: u64) -> Result<()> {
    let (_empty_lock, empty) = make(&dir.join("empty"), 0)?;
    let (_full_lock, full) = make(&dir.join("full"), blocks)?;
    let (mut empty_us, mut full_us) = (Vec::new(), Vec::new());
    for i in 0..ADDS + WARM_UP {
        for (drive, times) in [(&empty, &mut empty_us), (&full, &mut full_us)] {
            let started = Instant::now();
            drive.write_file(
                NodeId::ROOT,
                &format!("file {i}"),
                FileMeta::default(),
                OnConflict::Fail,
                &[i as u8; 4096][..],
            )?;
            if i >= WARM_UP {
                times.push(started.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    println!(
        "{}",
        serde_json::json!({ "blocks": blocks, "adds": ADDS, "empty_us": median(empty_us), "full_us": median(full_us) })
    );
    Ok(())
}

fn make(dir: &Path, blocks: u64) -> Result<(DataDir, Drive)> {
    std::fs::create_dir_all(dir)?;
    let data = DataDir::open(dir)?;
    let vault = data.create(NewVault {
        passphrase: &Passphrase::new("correct horse battery staple")?,
        recovery_key: &Secret32::random()?,
        kdf: KdfCost::calibrate(std::time::Duration::from_millis(10)),
    })?;
    fill(&vault, blocks)?;
    let drive = Drive::open(vault, Secret32::random()?, time::OffsetDateTime::now_utc)?;
    Ok((data, drive))
}

/// Distinct blocks of 64 bytes: their number is what matters here, not their size.
fn fill(vault: &Vault, blocks: u64) -> Result<()> {
    let numbers: Vec<u64> = (0..blocks).collect();
    for chunk in numbers.chunks(4096) {
        let batch: Vec<(Mh, Bytes)> = chunk
            .iter()
            .map(|number| {
                let body = Bytes::from(number.to_le_bytes().repeat(8));
                Ok((Mh::wrap(0x1e, blake3::hash(&body).as_bytes())?, body))
            })
            .collect::<Result<_>>()?;
        vault.blocks().put_many(&batch, Durability::Buffered)?;
    }
    Ok(vault.blocks().sync()?)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
