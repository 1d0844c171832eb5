//! A long file needs no more memory than a short one. Run alone in its process (as nextest does), so that nothing else is measured.
#![cfg(target_os = "linux")]

use std::io::Read;

use crate::common::{ROOT, World};
use webx_drive::{FileMeta, OnConflict};

/// Endless bytes of which no two stretches are equal.
struct Noise(u64);

impl Read for Noise {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        for chunk in out.chunks_mut(8) {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            chunk.copy_from_slice(&self.0.to_le_bytes()[..chunk.len()]);
        }
        Ok(out.len())
    }
}

fn resident_mib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        >> 10
}

#[test]
fn a_long_stream_takes_a_few_dozen_mib() {
    const LEN: u64 = 384 << 20;
    let world = World::new();
    let before = resident_mib("VmRSS:");
    let file = world
        .drive
        .write_file(
            ROOT,
            "long",
            FileMeta::default(),
            OnConflict::Fail,
            Noise(1).take(LEN),
        )
        .unwrap();
    assert_eq!(file.size, LEN);
    let mut reader = world.drive.open_file(file.id, None).unwrap();
    let (mut expected, mut a, mut b) = (Noise(1), vec![0; 1 << 16], vec![0; 1 << 16]);
    for _ in 0..LEN / (1 << 16) {
        reader.read_exact(&mut a).unwrap();
        expected.read_exact(&mut b).unwrap();
        assert!(a == b);
    }
    let most = resident_mib("VmHWM:");
    assert!(
        most - before < 64,
        "{before} MiB before, {most} MiB at most"
    );
}
