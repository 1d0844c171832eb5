//! Not one byte of a package can be changed, cut off or added.

use crate::common::{NOW, full_package, least, least_files, manifest};
use webx_identity::{Identity, RecoveryWords};
use webx_wxa::{Draft, KeySigner, Package};

fn with_log() -> Vec<u8> {
    let seed = RecoveryWords::generate(&[1; 32]).unwrap().seed();
    let mut identity = Identity::create(&seed, NOW).unwrap();
    let hour = time::Duration::hours(1);
    identity
        .rotate(&seed, &[seed.device_key(1).verifying_key()], NOW - hour)
        .unwrap();
    let signer = KeySigner::with_log(seed.device_key(1), identity.did, identity.log);
    Draft::new(manifest(&least()), least_files())
        .unwrap()
        .sign(&signer, NOW)
        .unwrap()
}

#[test]
fn every_flipped_bit_is_refused() {
    for good in [full_package(), with_log()] {
        assert!(Package::open(&good, NOW).is_ok());
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert!(Package::open(&bad, NOW).is_err(), "byte {at} bit {bit}");
            }
        }
    }
}

#[test]
fn every_cut_and_every_addition_is_refused() {
    let good = full_package();
    for at in 0..good.len() {
        assert!(Package::open(&good[..at], NOW).is_err(), "cut at {at}");
        assert!(
            Package::open(&good[at + 1..], NOW).is_err(),
            "cut before {at}"
        );
        let mut longer = good.clone();
        longer.insert(at, 0);
        assert!(Package::open(&longer, NOW).is_err(), "added at {at}");
    }
}
