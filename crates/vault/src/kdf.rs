//! Key derivation: Argon2id for what people type, HKDF-SHA256 for what is random already.
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::hkdf;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};
use crate::secret::Secret32;

/// What one guess at the passphrase costs (Argon2id, RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl KdfCost {
    /// Least memory of a calibrated cost: 64 MiB.
    pub const MIN_MEMORY_KIB: u32 = 64 * 1024;
    /// Most memory a header may ask for: 1 GiB.
    pub const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    const MAX_PASSES: u32 = 64;
    const MAX_LANES: u32 = 16;
    /// Most work a header may ask for, in KiB × passes: some ten seconds on a slow machine.
    const MAX_WORK: u64 = 4 * 1024 * 1024;

    /// Measures this machine and returns the cost that takes about `target` (the product uses half a second) and at
    /// least [`Self::MIN_MEMORY_KIB`].
    pub fn calibrate(target: Duration) -> Self {
        let probe = Self {
            memory_kib: Self::MIN_MEMORY_KIB,
            passes: 1,
            lanes: 1,
        };
        let start = Instant::now();
        if stretch(b"calibration", &[0; 32], probe).is_err() {
            return Self { passes: 3, ..probe };
        }
        let once = start.elapsed().as_secs_f64().max(0.001);
        let units = (target.as_secs_f64() / once).clamp(3.0, 48.0);
        // Memory first, up to 256 MiB, because memory is what costs an attacker most; three passes at least.
        let memory = (units / 3.0).clamp(1.0, 4.0).floor();
        Self {
            memory_kib: (f64::from(Self::MIN_MEMORY_KIB) * memory) as u32,
            passes: ((units / memory).round() as u32).max(3),
            lanes: 1,
        }
    }

    /// Costs nearly nothing and protects nothing: for tests only.
    pub const fn insecure_for_tests() -> Self {
        Self {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        }
    }

    /// Refuses costs that would exhaust the machine: a header is outside data.
    pub(crate) fn is_bearable(self) -> bool {
        (1..=Self::MAX_LANES).contains(&self.lanes)
            && (1..=Self::MAX_PASSES).contains(&self.passes)
            && (8 * self.lanes..=Self::MAX_MEMORY_KIB).contains(&self.memory_kib)
            && u64::from(self.memory_kib) * u64::from(self.passes) <= Self::MAX_WORK
    }
}

/// Two independent keys from one derivation: one that wraps, one that proves which key was used.
pub(crate) struct SlotKeys {
    pub(crate) wrap: Secret32,
    pub(crate) commit: Secret32,
}

impl SlotKeys {
    fn split(both: &Zeroizing<[u8; 64]>) -> Self {
        let (mut wrap, mut commit) = (Secret32::new([0; 32]), Secret32::new([0; 32]));
        wrap.as_mut().copy_from_slice(&both[..32]);
        commit.as_mut().copy_from_slice(&both[32..]);
        Self { wrap, commit }
    }
}

/// Argon2id of a passphrase.
pub(crate) fn stretch(passphrase: &[u8], salt: &[u8; 32], cost: KdfCost) -> Result<SlotKeys> {
    let failed = |_| Error::Crypto("Argon2id");
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(64)).map_err(failed)?;
    let mut memory: Vec<Block> = Vec::new();
    memory
        .try_reserve_exact(params.block_count())
        .map_err(|_| Error::Crypto("not enough memory for the passphrase check"))?;
    memory.resize(params.block_count(), Block::new());
    let mut out = Zeroizing::new([0; 64]);
    let done = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase, salt, &mut *out, &mut memory);
    memory.iter_mut().for_each(Zeroize::zeroize);
    done.map_err(failed)?;
    Ok(SlotKeys::split(&out))
}

/// The keys of a slot whose secret is random: no stretching needed.
pub(crate) fn expand_slot(secret: &Secret32, salt: &[u8; 32]) -> Result<SlotKeys> {
    let mut out = Zeroizing::new([0; 64]);
    hkdf_into(secret, salt, b"webx-vault/1/slot", &mut *out)?;
    Ok(SlotKeys::split(&out))
}

/// HKDF-SHA256 to one key.
pub(crate) fn hkdf32(secret: &Secret32, salt: &[u8], info: &[u8]) -> Result<Secret32> {
    let mut key = Secret32::new([0; 32]);
    hkdf_into(secret, salt, info, key.as_mut())?;
    Ok(key)
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn hkdf_into(secret: &Secret32, salt: &[u8], info: &[u8], out: &mut [u8]) -> Result<()> {
    let failed = |_| Error::Crypto("HKDF");
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret.as_bytes());
    prk.expand(&[info], Length(out.len()))
        .map_err(failed)?
        .fill(out)
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_calibrated_cost_uses_at_least_64_mib_and_stays_bearable() {
        let cost = KdfCost::calibrate(Duration::from_millis(20));
        assert!(
            cost.memory_kib >= KdfCost::MIN_MEMORY_KIB && cost.passes >= 3,
            "{cost:?}"
        );
        assert!(cost.is_bearable());
    }

    #[test]
    fn costs_that_would_exhaust_the_machine_are_refused() {
        for (memory_kib, passes, lanes) in [
            (u32::MAX, 1, 1),
            (1024 * 1024, 64, 1),
            (65536, u32::MAX, 1),
            (65536, 3, 255),
            (0, 1, 1),
            (64, 0, 1),
            (64, 1, 0),
        ] {
            assert!(
                !KdfCost {
                    memory_kib,
                    passes,
                    lanes
                }
                .is_bearable(),
                "{memory_kib} {passes} {lanes}"
            );
        }
    }

    #[test]
    fn argon2id_gives_the_pinned_bytes() {
        let keys = stretch(
            b"correct horse battery",
            &[1; 32],
            KdfCost::insecure_for_tests(),
        )
        .unwrap();
        assert_ne!(keys.wrap.as_bytes(), keys.commit.as_bytes());
        let again = stretch(
            b"correct horse battery",
            &[1; 32],
            KdfCost::insecure_for_tests(),
        )
        .unwrap();
        assert_eq!(keys.wrap.as_bytes(), again.wrap.as_bytes());
    }
}
